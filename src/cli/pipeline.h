/* A line as Exchange's administrators type it, taken apart: statements, the stages of their pipelines, the words of a stage. The rules
 * are PowerShell's as far as its command pages use them: single quotes are literal, '' is one quote inside; double quotes take ` as
 * escape; { ... } is one word with all that is in it; a comma joins what stands around it to a list; | parts stages, ; and line
 * feeds part statements unless the line ends with | or `; # begins a comment; $true, $false, $null and $_ stay as they are, other
 * variables, @(...) and (...) are refused. No state, any thread. */
#pragma once
#include "base/arena.h"

#define PIPELINE_SIZE_MAX 65536u
#define PIPELINE_STAGES_MAX 32u
#define PIPELINE_WORDS_MAX 512u

struct pipeline_stage {
    unsigned word_count;
    char **words; /* ended by NULL */
};

struct pipeline {
    unsigned stage_count;
    struct pipeline_stage *stages;
};

enum pipeline_status {
    PIPELINE_OK,
    PIPELINE_EMPTY,      /* nothing but blanks and comments */
    PIPELINE_INCOMPLETE, /* a quote, a brace or the stage after a '|' is missing: more lines may follow */
    PIPELINE_INVALID,    /* *ret_error says what */
};

/* Takes the first statement of 'text' apart; *ret_rest is what follows it. Words are in the arena. 'ret_error' is a text for people,
 * in the arena, for INCOMPLETE and INVALID. */
enum pipeline_status pipeline_parse(struct arena *arena, const char *text, struct pipeline *ret_pipeline, const char **ret_rest,
                                    const char **ret_error);
