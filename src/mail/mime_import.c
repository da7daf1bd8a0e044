#include "mail/mime_import.h"

#include <string.h>

#include "base/filetime.h"
#include "base/limits.h"
#include "mail/mime_properties.h"
#include "mail/mime_reader.h"
#include "protocol/property_tags.h"

#define MESSAGE_FLAG_READ 0x1u
#define MESSAGE_FLAG_UNSENT 0x8u
#define LAST_VERB_REPLY 102u
#define LAST_VERB_FORWARD 104u
#define ICON_REPLIED 0x105u
#define ICON_FORWARDED 0x106u
#define FLAG_STATUS_FLAGGED 2u
#define FOLLOWUP_ICON_RED 6u

void mime_initialize(void)
{
    g_mime_init();
}

void mime_import_message(struct mime_reader *reader, struct message *message, GMimeMessage *mime, struct bytes headers)
{
    message_set_text(message, &message->properties, PID_TAG_MESSAGE_CLASS, "IPM.Note");
    mime_import_headers(reader, message, mime, headers);
    GMimeObject *part = g_mime_message_get_mime_part(mime);
    if (part)
        mime_import_structure(reader, message, part);
}

/* MS-OXCMSG 2.2.1.6 and MS-OXOMSG 2.2.1.10: what mail programs keep beside a message. */
static void import_state(struct mime_reader *reader, struct message *message, const struct mail_state *state)
{
    struct message_properties *properties = &message->properties;
    message_set_u32(message, properties, PID_TAG_MESSAGE_FLAGS,
        (state->read ? MESSAGE_FLAG_READ : 0) | (state->draft ? MESSAGE_FLAG_UNSENT : 0));
    if (state->replied || state->forwarded) {
        message_set_u32(message, properties, PID_TAG_LAST_VERB_EXECUTED, state->replied ? LAST_VERB_REPLY : LAST_VERB_FORWARD);
        message_set_u32(message, properties, PID_TAG_ICON_INDEX, state->replied ? ICON_REPLIED : ICON_FORWARDED);
    }
    if (state->flagged) {
        message_set_u32(message, properties, PID_TAG_FLAG_STATUS, FLAG_STATUS_FLAGGED);
        message_set_u32(message, properties, PID_TAG_FOLLOWUP_ICON, FOLLOWUP_ICON_RED);
    }
    if (state->replied && state->forwarded)
        reader_notice(reader, MIME_NOTICE_NOT_REPRESENTED, "state", "replied to and forwarded: kept as replied to");
    if (state->deleted)
        reader_notice(reader, MIME_NOTICE_NOT_REPRESENTED, "state", "marked as deleted in the mail file: imported without the mark");
}

static void import_delivery_time(struct message *message, const struct mime_import_options *options)
{
    struct message_properties *properties = &message->properties;
    uint64_t sent = message_get_time(properties, PID_TAG_CLIENT_SUBMIT_TIME);
    uint64_t received = message_get_time(properties, PID_TAG_MESSAGE_DELIVERY_TIME);
    if (!received)
        received = options->received_time ? options->received_time : sent;
    if (received)
        message_set_time(message, properties, PID_TAG_MESSAGE_DELIVERY_TIME, received);
}

/* Skips blank lines and an mbox separator before the headers; some files have them. */
static struct bytes skip_preamble(struct mime_reader *reader, struct bytes mail)
{
    size_t start = 0;
    while (start < mail.size && (mail.data[start] == '\r' || mail.data[start] == '\n'))
        start++;
    size_t name = start; /* a blank line before what is no header is an empty header block */
    while (name < mail.size && mail.data[name] > ' ' && mail.data[name] < 0x7F && mail.data[name] != ':')
        name++;
    if (start < mail.size && (name == mail.size || mail.data[name] != ':') && mail.data[start] < 0x80)
        return mail;
    if (mail.size - start >= 3 && memcmp(mail.data + start, "\xEF\xBB\xBF", 3) == 0) {
        start += 3;
        reader_notice(reader, MIME_NOTICE_DAMAGED, "beginning", "a byte order mark stood before the headers");
    }
    size_t quote = start < mail.size && mail.data[start] == '>' ? 1 : 0;
    size_t behind = start + quote + 5; /* 'From :' would be a header */
    while (behind < mail.size && mail.data[behind] == ' ')
        behind++;
    if (behind < mail.size && memcmp(mail.data + start + quote, "From ", 5) == 0 && mail.data[behind] != ':') {
        const uint8_t *end = memchr(mail.data + start, '\n', mail.size - start);
        start = end ? (size_t)(end + 1 - mail.data) : mail.size;
    }
    return bytes_of(mail.data + start, mail.size - start);
}

/* The header block: up to and without the first empty line. */
static struct bytes header_block(struct bytes mail)
{
    for (size_t line = 0; line < mail.size;) {
        if (mail.data[line] == '\n' || (mail.data[line] == '\r' && line + 1 < mail.size && mail.data[line + 1] == '\n'))
            return bytes_of(mail.data, line);
        const uint8_t *end = memchr(mail.data + line, '\n', mail.size - line);
        line = end ? (size_t)(end + 1 - mail.data) : mail.size;
    }
    return mail;
}

/* What GMime warns of while it parses, in words; the most of it is harmless and not told, and nothing is told twice. */
static void parser_warning(gint64 offset, GMimeParserWarning warning, const gchar *item, gpointer data)
{
    static const struct {
        GMimeParserWarning warning;
        const char *what, *why;
    } rows[] = {
        {GMIME_WARN_INVALID_CONTENT_TYPE, "Content-Type header", "unreadable"},
        {GMIME_WARN_MALFORMED_MULTIPART, "multipart", "does not keep to its boundary"},
        {GMIME_WARN_TRUNCATED_MESSAGE, "multipart", "ends without its closing boundary"},
        {GMIME_WARN_MALFORMED_MESSAGE, "forwarded message", "has no headers"},
        {GMIME_CRIT_INVALID_HEADER_NAME, "header line", "has no valid name: it stands only in the transport headers"},
        {GMIME_CRIT_MULTIPART_WITHOUT_BOUNDARY, "multipart", "names no boundary"},
        {GMIME_CRIT_NESTING_OVERFLOW, "structure", "too many parts within parts"},
        {GMIME_CRIT_PART_WITHOUT_HEADERS_OR_CONTENT, "part", "has neither headers nor content"},
        {GMIME_WARN_INVALID_ADDRESS_LIST, "address list", "does not follow the grammar: read as far as it can be"},
    };
    struct mime_reader *reader = data;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        if (rows[i].warning == warning && !(reader->warned & 1u << i)) {
            reader->warned |= 1u << i;
            reader_notice(reader, MIME_NOTICE_DAMAGED, rows[i].what, rows[i].why);
        }
}

static GMimeMessage *parse(struct mime_reader *reader, GByteArray *view)
{
    GMimeStream *stream = g_mime_stream_mem_new();
    g_mime_stream_mem_set_byte_array(GMIME_STREAM_MEM(stream), view);
    g_mime_stream_mem_set_owner(GMIME_STREAM_MEM(stream), FALSE);
    GMimeParser *parser = g_mime_parser_new_with_stream(stream);
    g_mime_parser_set_persist_stream(parser, TRUE);
    GMimeMessage *mime = g_mime_parser_construct_message(parser, reader->parser_options);
    g_object_unref(parser);
    g_object_unref(stream);
    return mime;
}

/* Where GMime sees no mail at all: the bytes, as an attachment, so that nothing is lost. */
static void import_unparsed(struct mime_reader *reader, struct message *message, struct bytes mail)
{
    reader_notice(reader, MIME_NOTICE_KEPT_WHOLE, "mail", "not readable as a mail: kept whole as an attachment");
    message_set_text(message, &message->properties, PID_TAG_MESSAGE_CLASS, "IPM.Note");
    struct bytes copy = arena_bytes(message_arena(message), mail);
    if (copy.data)
        mime_add_data_attachment(message, "original.eml", "application/octet-stream", copy);
}

enum mime_status mime_import(struct bytes mail, const struct mime_import_options *options, struct message **ret_message)
{
    if (mail.size > MIME_MAIL_SIZE_MAX)
        return MIME_TOO_LARGE;
    struct mime_reader reader = {.notices = options->notices, .options = options};
    struct bytes content = skip_preamble(&reader, mail);
    if (content.size == 0)
        return MIME_EMPTY;
    struct message *message = message_new();
    if (!message)
        return MIME_NO_MEMORY;
    reader.parser_options = g_mime_parser_options_new();
    g_mime_parser_options_set_warning_callback(reader.parser_options, parser_warning, &reader);
    g_mime_parser_options_set_allow_addresses_without_domain(reader.parser_options, TRUE);
    static const char *const fallback[] = {"utf-8", "windows-1252", NULL};
    g_mime_parser_options_set_fallback_charsets(reader.parser_options, (const char **)fallback);
    GByteArray view = {(guint8 *)(uintptr_t)content.data, (guint)content.size};
    GMimeMessage *mime = parse(&reader, &view);
    if (mime) {
        mime_import_message(&reader, message, mime, header_block(content));
        g_object_unref(mime);
    } else {
        import_unparsed(&reader, message, content);
    }
    import_delivery_time(message, options);
    import_state(&reader, message, &options->state);
    g_mime_parser_options_free(reader.parser_options);
    if (message_failed(message)) {
        message_free(message);
        return MIME_TOO_LARGE;
    }
    *ret_message = message;
    return MIME_OK;
}
