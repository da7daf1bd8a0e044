/* Shared by the files of the MIME export only. */
#pragma once
#include <gmime/gmime.h>

#include "mail/message.h"
#include "mail/mime_export.h"

struct mime_writer {
    const struct mime_export_options *options;
    GMimeParserOptions *parser_options;
    GMimeFormatOptions *format_options;
    char pending[8192]; /* not yet given to 'write' */
    size_t pending_size;
    char last;          /* the last byte written, for newlines across pieces */
    unsigned depth;
    bool failed;
};

/* Lines may end in LF or CRLF; what is written ends as the options say. */
void writer_bytes(struct mime_writer *writer, const void *data, size_t size);
void writer_text(struct mime_writer *writer, const char *text);
void writer_format(struct mime_writer *writer, const char *format, ...) __attribute__((format(printf, 2, 3)));
void writer_flush(struct mime_writer *writer);
static inline void writer_notice(struct mime_writer *writer, enum mime_notice_kind kind, const char *what, const char *why)
{
    mime_notice(&writer->options->notices, kind, what, why);
}

/* The header block but for MIME-Version and Content-* (mime_export_header.c). */
void mime_export_headers(struct mime_writer *writer, struct message *message);
/* Content headers, an empty line and the content (mime_export_structure.c). */
void mime_export_structure(struct mime_writer *writer, struct message *message);
/* All of one message (mime_export.c). */
void mime_export_message(struct mime_writer *writer, struct message *message);

/* Leaves (mime_export_part.c): content headers, empty line, content. */
void mime_export_text_part(struct mime_writer *writer, struct message *message);
void mime_export_html_part(struct mime_writer *writer, struct message *message);
void mime_export_attachment_part(struct mime_writer *writer, struct message *message, struct message_attachment *attachment);

/* Named properties of the set MIME. */
const char *mime_named_text(struct message *message, const struct message_properties *properties, const char *name);
bool mime_named_boolean(struct message *message, const struct message_properties *properties, const char *name);
