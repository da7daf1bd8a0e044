/* What the tests of this layer share: a mail in, a message or another mail out. */
#pragma once
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "mail/mime_export.h"
#include "mail/mime_import.h"

/* The notices of one conversion, as 'what: why' lines. */
static inline void testing_collect_notice(void *data, const struct mime_notice *notice)
{
    buffer_append_format(data, "%s: %s\n", notice->what, notice->why);
}

static inline struct message *testing_import(const char *mail, struct buffer *notices)
{
    struct mime_import_options options = {0};
    if (notices)
        options.notices = (struct mime_notices){testing_collect_notice, notices};
    struct message *message = NULL;
    assert_int_equal(mime_import(bytes_of_string(mail), &options, &message), MIME_OK);
    assert_non_null(message);
    return message;
}

static inline bool testing_append(void *data, const void *bytes, size_t size)
{
    return buffer_append(data, bytes, size);
}

/* With LF, which is easier to compare; buffer_free the result. */
static inline struct buffer testing_export(struct message *message, struct buffer *notices)
{
    struct buffer out = {0};
    struct mime_export_options options = {.newline = MIME_NEWLINE_LF, .write = testing_append, .data = &out};
    if (notices)
        options.notices = (struct mime_notices){testing_collect_notice, notices};
    assert_true(mime_export(message, &options));
    assert_non_null(buffer_string(&out));
    return out;
}

static inline bool testing_contains(struct buffer *buffer, const char *text)
{
    const char *content = buffer_string(buffer);
    if (content && strstr(content, text))
        return true;
    print_message("not found: %s\nin: %s\n", text, content ? content : "");
    return false;
}
