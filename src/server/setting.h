/* One setting's value: from text to a field of struct config and back, with its range. No state, any thread. */
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum setting_kind {
    SETTING_TEXT,     /* char *, may be empty */
    SETTING_PATH,     /* char *, absolute or relative to the working folder; not empty unless the default is */
    SETTING_NUMBER,   /* uint32_t */
    SETTING_OCTAL,    /* uint32_t */
    SETTING_DURATION, /* uint32_t milliseconds: 500ms, 15s, 5min, 1h */
    SETTING_SIZE,     /* uint32_t bytes: 4096, 64K, 8M */
    SETTING_BOOLEAN,  /* bool: yes, no (on, off, true, false) */
    SETTING_CHOICE,   /* char *: one of 'choices' */
    SETTING_WORDS,    /* uint32_t mask: some of 'choices', spaces between; the first choice is bit 0 */
    SETTING_LISTENER, /* repeated; config.c */
};

struct setting {
    const char *section, *name;
    enum setting_kind kind;
    size_t offset;              /* in struct config */
    uint32_t minimum, maximum;  /* of numbers, durations (ms), sizes (bytes) */
    const char *choices;        /* "a|b|c" */
    const char *standard;       /* the default, as text */
    const char *explanation;
};

/* Sets the field; on failure ret_error says what is expected, and the field is untouched. */
bool setting_assign(const struct setting *setting, void *config, const char *value, char *ret_error, size_t error_size);
void setting_clear(const struct setting *setting, void *config); /* frees a string */
/* A quantity or words as the file has them ('15s', 'basic ntlm'); "" of other kinds. */
void setting_format(const struct setting *setting, const void *config, char *ret_text, size_t size);
/* The range as a person writes it: "from 1s to 1h"; empty when there is none. */
void setting_range(const struct setting *setting, char *ret_text, size_t size);
