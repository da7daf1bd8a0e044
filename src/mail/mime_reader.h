/* Shared by the files of the MIME import only. */
#pragma once
#include <gmime/gmime.h>

#include "mail/message.h"
#include "mail/mime_charset.h"
#include "mail/mime_import.h"
#include "mail/mime_notice.h"

#define MIME_DEPTH_MAX 64u

struct mime_reader {
    struct mime_notices notices;
    const struct mime_import_options *options; /* NULL where headers are only read for comparison */
    GMimeParserOptions *parser_options;
    GMimeObject *root;       /* the outermost part of the current message; its header lines are those of the message */
    unsigned warned;         /* bits of the parser's warnings that were told */
    unsigned depth;          /* of multiparts and messages, from the outermost */
    unsigned message_depth;  /* of embedded messages */
    unsigned nameless_count; /* attachments whose names were made up */
};

/* Properties, recipients and transport headers out of a message's header block (mime_import_header.c). 'headers' is the block
 * as it stands in the mail, any newlines; without data GMime's own record is used. */
void mime_import_headers(struct mime_reader *reader, struct message *message, GMimeMessage *mime, struct bytes headers);
/* Everything below the headers (mime_import_structure.c). */
void mime_import_structure(struct mime_reader *reader, struct message *message, GMimeObject *part);
/* Headers and structure of one message, outermost or embedded (mime_import.c). */
void mime_import_message(struct mime_reader *reader, struct message *message, GMimeMessage *mime, struct bytes headers);

/* Bodies (mime_import_body.c). */
void mime_import_text_body(struct mime_reader *reader, struct message *message, GMimePart *part);
void mime_import_html_body(struct mime_reader *reader, struct message *message, GMimePart *part);
/* The decoded content of a part, in memory that the message owns. */
struct bytes mime_part_content(struct mime_reader *reader, struct message *message, GMimePart *part);
/* The named string property of the set MIME, on a message or attachment. */
void mime_set_named_text(struct message *message, struct message_properties *properties, const char *name, const char *utf8);
void mime_set_named_boolean(struct message *message, struct message_properties *properties, const char *name, bool value);
/* The part's header lines other than those that have their own property; NULL when there are none, and for the outermost
 * part, whose lines stand in the transport headers. g_free it. */
char *mime_part_other_headers(struct mime_reader *reader, GMimeObject *part);

/* Attachments (mime_import_attachment.c). */
struct message_attachment *mime_import_attachment(struct mime_reader *reader, struct message *message, GMimeObject *part,
    bool related, bool alternative);
/* 'data' must live as long as the message. */
struct message_attachment *mime_add_data_attachment(struct message *message, const char *name, const char *mime_type,
    struct bytes data);

/* Reports (mime_import_report.c): class, recipients and report properties of a multipart/report out of its machine-readable
 * part, which already stands among the attachments. False when it is not a report that MAPI knows. */
bool mime_import_report(struct mime_reader *reader, struct message *message);

static inline void reader_notice(struct mime_reader *reader, enum mime_notice_kind kind, const char *what, const char *why)
{
    mime_notice(&reader->notices, kind, what, why);
}
