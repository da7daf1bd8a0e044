/* MAPI -> MIME (MS-OXCMAIL 2.1, MS-OXOSMIME). The mail is written piece by piece; nothing of its size is held in memory
 * beside the message itself. Needs mime_initialize() (mime_import.h); any thread. */
#pragma once
#include "mail/message.h"
#include "mail/mime_notice.h"

enum mime_newline {
    MIME_NEWLINE_CRLF, /* as on the wire and in .eml files */
    MIME_NEWLINE_LF,   /* as in mbox files and Maildirs */
};

struct mime_export_options {
    struct mime_notices notices;
    enum mime_newline newline;
    /* Takes the next bytes; false stops the export. */
    bool (*write)(void *data, const void *bytes, size_t size);
    void *data;
};

/* A body that is only rich text is read into the message on the way. False when 'write' refused, or without memory. */
bool mime_export(struct message *message, const struct mime_export_options *options);
