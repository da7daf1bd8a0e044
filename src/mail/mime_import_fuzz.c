/* Import of any bytes, and export of what came of it: no crash, no leak, no hang; what was exported can be imported again. */
#include <stdlib.h>

#include "mail/mail_comparison.h"
#include "mail/mime_export.h"
#include "mail/mime_import.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void take_notice(void *data, const struct mime_notice *notice)
{
    size_t *length = data;
    for (const char *at = notice->what; *at; at++)
        ++*length;
    for (const char *at = notice->why; *at; at++)
        ++*length;
}

static bool append(void *data, const void *bytes, size_t size)
{
    return buffer_append(data, bytes, size);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static bool ready;
    if (!ready)
        mime_initialize();
    ready = true;
    size_t length = 0;
    struct mime_import_options import = {.notices = {take_notice, &length}};
    struct message *message;
    if (mime_import(bytes_of(data, size), &import, &message) != MIME_OK)
        return 0;
    struct buffer out = {0};
    struct mime_export_options export = {.notices = import.notices, .write = append, .data = &out,
        .newline = size & 1 ? MIME_NEWLINE_LF : MIME_NEWLINE_CRLF};
    bool exported = mime_export(message, &export);
    message_free(message);
    if (!exported)
        abort();
    (void)mail_compare(bytes_of(data, size), buffer_bytes(&out), NULL, NULL);
    if (mime_import(buffer_bytes(&out), &import, &message) == MIME_OK)
        message_free(message);
    buffer_free(&out);
    return 0;
}
