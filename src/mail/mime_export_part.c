/* Leaves of the tree: texts, attachments, embedded messages (MS-OXCMAIL 2.1.3.3, 2.1.3.4). */
#include <string.h>

#include "base/limits.h"
#include "base/text.h"
#include "mail/mime_charset.h"
#include "mail/mime_properties.h"
#include "mail/mime_writer.h"
#include "protocol/property_tags.h"

#define LINE_SIZE_MAX 200u /* of text that is written as it is; RFC 5322 allows 998 */
#define ENCODE_PIECE_SIZE (54u * 1024u) /* whole lines of base64 */
#define ATTACH_BY_VALUE 1u
#define ATTACH_EMBEDDED 5u
#define ATTACH_OLE 6u

/* Runs the content through one of GMime's encoders, piece by piece. */
static void write_encoded(struct mime_writer *writer, struct bytes content, GMimeContentEncoding encoding)
{
    GMimeEncoding encoder;
    g_mime_encoding_init_encode(&encoder, encoding);
    size_t room = g_mime_encoding_outlen(&encoder, ENCODE_PIECE_SIZE) + 64;
    char *out = g_malloc(room);
    size_t done = 0;
    do {
        size_t piece = content.size - done < ENCODE_PIECE_SIZE ? content.size - done : ENCODE_PIECE_SIZE;
        bool last = done + piece == content.size;
        const char *in = (const char *)content.data + done;
        size_t size = last ? g_mime_encoding_flush(&encoder, in, piece, out) : g_mime_encoding_step(&encoder, in, piece, out);
        writer_bytes(writer, out, size);
        done += piece;
    } while (done < content.size && !writer->failed);
    g_free(out);
}

enum text_form { TEXT_AS_IS, TEXT_QUOTED_PRINTABLE, TEXT_BASE64 };

/* How a text whose lines end in LF can be written without being changed by it. */
static enum text_form text_form(struct bytes text)
{
    size_t line = 0, unusual = 0;
    bool as_is = true;
    for (size_t i = 0; i < text.size; i++) {
        uint8_t c = text.data[i];
        line = c == '\n' ? 0 : line + 1;
        bool plain = c == '\n' || c == '\t' || (c >= 0x20 && c < 0x7F);
        unusual += !plain;
        as_is &= plain && line <= LINE_SIZE_MAX;
    }
    if (as_is)
        return TEXT_AS_IS;
    return unusual > text.size / 3 ? TEXT_BASE64 : TEXT_QUOTED_PRINTABLE;
}

/* CRLF -> LF; any other CR stays. */
static struct bytes with_lf(struct arena *arena, struct bytes text)
{
    uint8_t *out = arena_allocate(arena, text.size + 1);
    size_t size = 0;
    for (size_t i = 0; out && i < text.size; i++)
        if (text.data[i] != '\r' || i + 1 == text.size || text.data[i + 1] != '\n')
            out[size++] = text.data[i];
    return bytes_of(out, out ? size : 0);
}

static struct bytes with_crlf(struct arena *arena, struct bytes text)
{
    struct buffer out = {0};
    for (size_t i = 0; i < text.size; i++) {
        if (text.data[i] == '\n')
            buffer_append_u8(&out, '\r');
        buffer_append_u8(&out, text.data[i]);
    }
    struct bytes copy = arena_bytes(arena, buffer_bytes(&out));
    buffer_free(&out);
    return copy;
}

/* An empty line and the text; before that its transfer encoding. 'wide': UTF-16, which only base64 carries. */
static void write_text(struct mime_writer *writer, struct message *message, struct bytes text, bool wide)
{
    struct bytes lines = wide ? text : with_lf(message_arena(message), text);
    if (!lines.data && text.size) {
        writer->failed = true;
        return;
    }
    switch (wide ? TEXT_BASE64 : text_form(lines)) {
    case TEXT_AS_IS:
        writer_text(writer, "Content-Transfer-Encoding: 7bit\n\n");
        writer_bytes(writer, lines.data, lines.size);
        return;
    case TEXT_QUOTED_PRINTABLE:
        writer_text(writer, "Content-Transfer-Encoding: quoted-printable\n\n");
        write_encoded(writer, lines, GMIME_CONTENT_ENCODING_QUOTEDPRINTABLE);
        return;
    case TEXT_BASE64:
        writer_text(writer, "Content-Transfer-Encoding: base64\n\n");
        write_encoded(writer, wide ? text : with_crlf(message_arena(message), lines), GMIME_CONTENT_ENCODING_BASE64);
        return;
    }
}

/* The Content-Type of a body part: as import kept it, with the charset that the text is written in. */
static void write_body_type(struct mime_writer *writer, struct message *message, const char *subtype, const char *kept_name,
    const char *headers_name, uint32_t codepage)
{
    const char *kept = mime_named_text(message, &message->properties, kept_name);
    GMimeContentType *type = kept ? g_mime_content_type_parse(writer->parser_options, kept)
                                  : g_mime_content_type_new("text", subtype);
    const char *charset = charset_name(codepage);
    g_mime_content_type_set_parameter(type, "charset", charset ? charset : "utf-8");
    char *encoded = g_mime_content_type_encode(type, writer->format_options);
    writer_format(writer, "Content-Type: %s\n", g_strstrip(encoded));
    g_free(encoded);
    g_object_unref(type);
    const char *headers = mime_named_text(message, &message->properties, headers_name);
    if (headers)
        writer_text(writer, headers);
}

void mime_export_text_part(struct mime_writer *writer, struct message *message)
{
    const struct message_properties *properties = &message->properties;
    const struct property_value *body = message_find(properties, PID_TAG_BODY);
    uint32_t codepage = message_get_u32(properties, PID_TAG_INTERNET_CODEPAGE, CODEPAGE_UTF8);
    struct bytes text = body ? charset_encode(message_arena(message), codepage, body->bytes, &codepage) : bytes_of("", 0);
    if (!body)
        codepage = CODEPAGE_ASCII;
    if (!text.data) {
        writer->failed = true;
        return;
    }
    write_body_type(writer, message, "plain", MIME_NAME_TEXT_TYPE, MIME_NAME_TEXT_HEADERS, codepage);
    write_text(writer, message, text, false);
}

void mime_export_html_part(struct mime_writer *writer, struct message *message)
{
    const struct message_properties *properties = &message->properties;
    const struct property_value *html = message_find(properties, PID_TAG_HTML);
    uint32_t codepage = message_get_u32(properties, PID_TAG_INTERNET_CODEPAGE, CODEPAGE_UTF8);
    if (!charset_name(codepage)) {
        writer_notice(writer, MIME_NOTICE_DAMAGED, "HTML body", "its code page has no name in mail: written as it is, as UTF-8");
        codepage = CODEPAGE_UTF8;
    }
    write_body_type(writer, message, "html", MIME_NAME_HTML_TYPE, MIME_NAME_HTML_HEADERS, codepage);
    write_text(writer, message, html->bytes, codepage == 1200 || codepage == 1201);
}

static const char *attachment_name(struct message *message, const struct message_properties *properties)
{
    if (mime_named_boolean(message, properties, MIME_NAME_PART_NAMELESS))
        return NULL;
    const char *name = message_get_text(message, properties, PID_TAG_ATTACH_LONG_FILENAME);
    if (!name || !*name)
        name = message_get_text(message, properties, PID_TAG_ATTACH_FILENAME);
    return name && *name ? name : NULL;
}

static void write_attachment_type(struct mime_writer *writer, struct message *message,
    const struct message_properties *properties, bool embedded, const char *name)
{
    const char *mime_type = message_get_text(message, properties, PID_TAG_ATTACH_MIME_TAG);
    if (!mime_type || !strchr(mime_type, '/') || (!embedded && text_has_prefix_ignoring_case(mime_type, "multipart/")))
        mime_type = "application/octet-stream";
    if (embedded && (!mime_type || !text_has_prefix_ignoring_case(mime_type, "message/")))
        mime_type = "message/rfc822";
    const char *kept = mime_named_text(message, properties, MIME_NAME_PART_TYPE);
    const char *value = kept && text_has_prefix_ignoring_case(kept, mime_type) ? kept : mime_type;
    GMimeContentType *type = g_mime_content_type_parse(writer->parser_options, value);
    if (name)
        g_mime_content_type_set_parameter(type, "name", name);
    char *encoded = g_mime_content_type_encode(type, writer->format_options);
    writer_format(writer, "Content-Type: %s\n", g_strstrip(encoded));
    g_free(encoded);
    g_object_unref(type);
}

static void write_disposition(struct mime_writer *writer, struct message *message, const struct message_properties *properties,
    bool embedded, const char *name)
{
    const char *kept = mime_named_text(message, properties, MIME_NAME_PART_DISPOSITION);
    bool rendered = message_get_u32(properties, PID_TAG_ATTACH_FLAGS, 0) & 4u;
    if (kept && strcmp(kept, "none") == 0)
        return;
    GMimeContentDisposition *disposition = g_mime_content_disposition_new();
    g_mime_content_disposition_set_disposition(disposition, kept ? kept : rendered ? "inline" : "attachment");
    if (name && !(embedded && !kept))
        g_mime_content_disposition_set_parameter(disposition, "filename", name);
    char *encoded = g_mime_content_disposition_encode(disposition, writer->format_options);
    writer_format(writer, "Content-Disposition: %s\n", g_strstrip(encoded));
    g_free(encoded);
    g_object_unref(disposition);
}

/* A value on one line: what comes from a mailbox must not make header lines of its own. */
static void write_value(struct mime_writer *writer, const char *header, const char *before, const char *value, const char *after)
{
    char *line = g_strdup(value);
    for (char *at = line; *at; at++)
        if (*at == '\r' || *at == '\n')
            *at = ' ';
    writer_format(writer, "%s: %s%s%s\n", header, before, line, after);
    g_free(line);
}

static void write_attachment_headers(struct mime_writer *writer, struct message *message,
    const struct message_attachment *attachment)
{
    const struct message_properties *properties = &attachment->properties;
    const char *name = attachment_name(message, properties);
    write_attachment_type(writer, message, properties, attachment->embedded != NULL, name);
    write_disposition(writer, message, properties, attachment->embedded != NULL, name);
    const char *id = message_get_text(message, properties, PID_TAG_ATTACH_CONTENT_ID);
    if (id && *id)
        write_value(writer, "Content-ID", *id == '<' ? "" : "<", id, *id == '<' ? "" : ">");
    const char *location = message_get_text(message, properties, PID_TAG_ATTACH_CONTENT_LOCATION);
    if (location && *location)
        write_value(writer, "Content-Location", "", location, "");
    const char *base = message_get_text(message, properties, PID_TAG_ATTACH_CONTENT_BASE);
    if (base && *base)
        write_value(writer, "Content-Base", "", base, "");
    const char *display = message_get_text(message, properties, PID_TAG_DISPLAY_NAME);
    bool made_up = mime_named_boolean(message, properties, MIME_NAME_PART_NAMELESS);
    const char *long_name = message_get_text(message, properties, PID_TAG_ATTACH_LONG_FILENAME);
    if (display && *display && !attachment->embedded && !(name && strcmp(display, name) == 0)
        && !(made_up && long_name && strcmp(display, long_name) == 0)) {
        char *encoded = g_mime_utils_header_encode_text(writer->format_options, display, NULL);
        write_value(writer, "Content-Description", "", encoded, "");
        g_free(encoded);
    }
    const char *headers = mime_named_text(message, properties, MIME_NAME_PART_HEADERS);
    if (headers)
        writer_text(writer, headers);
}

/* Parts of type message may not be encoded (RFC 2046 5.2.1, RFC 3464 2.1), as long as their lines allow that. */
static bool must_stay_readable(struct message *message, const struct message_properties *properties)
{
    const char *type = message_get_text(message, properties, PID_TAG_ATTACH_MIME_TAG);
    return type && (text_has_prefix_ignoring_case(type, "message/") || text_equal_ignoring_case(type, "text/rfc822-headers"));
}

static void write_data(struct mime_writer *writer, struct message *message, const struct message_attachment *attachment)
{
    const struct message_properties *properties = &attachment->properties;
    uint32_t method = message_get_u32(properties, PID_TAG_ATTACH_METHOD, ATTACH_BY_VALUE);
    const struct property_value *value = message_find(properties, PROPERTY_TAG(0x3701, PTYP_UNSPECIFIED));
    struct bytes data = value && (PROPERTY_TYPE(value->tag) == PTYP_BINARY || PROPERTY_TYPE(value->tag) == PTYP_OBJECT)
        ? value->bytes : bytes_of("", 0);
    if (method == ATTACH_OLE)
        writer_notice(writer, MIME_NOTICE_NOT_REPRESENTED, "attachment", "an OLE object: written as its raw storage");
    else if (method != ATTACH_BY_VALUE)
        writer_notice(writer, MIME_NOTICE_NOT_REPRESENTED, "attachment", "only a reference to a file: its content is not here");
    else if (!value)
        writer_notice(writer, MIME_NOTICE_DAMAGED, "attachment", "has no content");
    if (must_stay_readable(message, properties)) {
        struct bytes lines = with_lf(message_arena(message), data);
        if (text_form(lines) == TEXT_AS_IS) {
            writer_text(writer, "Content-Transfer-Encoding: 7bit\n\n");
            writer_bytes(writer, lines.data, lines.size);
            return;
        }
    }
    writer_text(writer, "Content-Transfer-Encoding: base64\n\n");
    write_encoded(writer, data, GMIME_CONTENT_ENCODING_BASE64);
}

void mime_export_attachment_part(struct mime_writer *writer, struct message *message, struct message_attachment *attachment)
{
    write_attachment_headers(writer, message, attachment);
    if (!attachment->embedded) {
        write_data(writer, message, attachment);
        return;
    }
    writer_text(writer, "\n");
    if (writer->depth >= EMBEDDED_DEPTH_MAX) {
        writer_notice(writer, MIME_NOTICE_NOT_REPRESENTED, "attachment", "messages within messages too deep: left out");
        return;
    }
    writer->depth++;
    mime_export_message(writer, attachment->embedded);
    writer->depth--;
}
