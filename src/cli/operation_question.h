/* Asking before a change, on the terminal, as the Exchange Management Shell does: yes, yes to all, no, no to all. One thread. */
#pragma once
#include <stdbool.h>
#include <stdio.h>

#include "cli/operation_words.h"

struct operation_question {
    FILE *terminal;
    bool all_yes, all_no;
};

enum operation_answer {
    OPERATION_ANSWER_YES,
    OPERATION_ANSWER_NO,
    OPERATION_ANSWER_NOBODY, /* there is no terminal, and asking was asked for */
};

/* 'grave': asked although nobody said so, where there is a terminal. */
enum operation_answer operation_question_ask(struct operation_question *question, enum operation_confirm confirm, bool grave,
                                             const char *operation, const char *subject);
void operation_question_end(struct operation_question *question);
