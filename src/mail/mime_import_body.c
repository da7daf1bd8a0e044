/* Body parts -> PidTagBody, PidTagHtml, PidTagInternetCodepage (MS-OXCMAIL 2.2.3.3). */
#include <string.h>

#include "base/text.h"
#include "mail/mime_mend.h"
#include "mail/mime_properties.h"
#include "mail/mime_reader.h"
#include "protocol/property_tags.h"

#define NATIVE_BODY_PLAIN 1u
#define NATIVE_BODY_HTML 3u
#define HTML_DECLARATION_SIZE_MAX 2048u

void mime_set_named_text(struct message *message, struct message_properties *properties, const char *name, const char *utf8)
{
    uint16_t id = message_name_id_of_string(message, PROPERTY_SET_MIME, name);
    if (id)
        message_set_text(message, properties, PROPERTY_TAG(id, PTYP_STRING), utf8);
}

void mime_set_named_boolean(struct message *message, struct message_properties *properties, const char *name, bool value)
{
    uint16_t id = message_name_id_of_string(message, PROPERTY_SET_MIME, name);
    if (id)
        message_set_boolean(message, properties, PROPERTY_TAG(id, PTYP_BOOLEAN), value);
}

char *mime_part_other_headers(struct mime_reader *reader, GMimeObject *part)
{
    if (part == reader->root)
        return NULL;
    static const char *const known[] = {"Content-Type", "Content-Disposition", "Content-Transfer-Encoding", "Content-Id",
        "Content-Location", "Content-Base", "Content-Description", "MIME-Version"};
    GString *lines = g_string_new(NULL);
    GMimeHeaderList *list = g_mime_object_get_header_list(part);
    for (int i = 0; i < g_mime_header_list_get_count(list); i++) {
        GMimeHeader *header = g_mime_header_list_get_header_at(list, i);
        const char *name = g_mime_header_get_name(header);
        bool other = true;
        for (size_t k = 0; k < sizeof known / sizeof *known; k++)
            other &= !text_equal_ignoring_case(name, known[k]);
        const char *raw = g_mime_header_get_raw_value(header);
        if (!other || !raw || !*name)
            continue;
        g_string_append_printf(lines, "%s:%s", name, raw);
        if (lines->str[lines->len - 1] != '\n')
            g_string_append_c(lines, '\n');
    }
    return g_string_free(lines, lines->len == 0);
}

/* The source bytes of a part's encoded content where they stand in memory, so that large ones are decoded without a copy. */
static bool content_in_memory(GMimeDataWrapper *wrapper, struct bytes *ret_encoded)
{
    GMimeStream *stream = g_mime_data_wrapper_get_stream(wrapper);
    if (!stream || !GMIME_IS_STREAM_MEM(stream))
        return false;
    GByteArray *array = g_mime_stream_mem_get_byte_array(GMIME_STREAM_MEM(stream));
    gint64 end = stream->bound_end < 0 ? (gint64)array->len : stream->bound_end;
    if (!array || stream->bound_start < 0 || stream->bound_start > end || end > (gint64)array->len)
        return false;
    *ret_encoded = bytes_of(array->data + stream->bound_start, (size_t)(end - stream->bound_start));
    return true;
}

static struct bytes decode_base64(struct mime_reader *reader, struct message *message, struct bytes encoded)
{
    size_t room = encoded.size / 4 * 3 + 8;
    uint8_t *decoded = g_try_malloc(room);
    bool damaged = false;
    if (!decoded)
        return BYTES_NONE;
    size_t size = mime_decode_base64(encoded, decoded, &damaged);
    if (damaged)
        reader_notice(reader, MIME_NOTICE_DAMAGED, "part in base64", "characters that are not base64 were left out");
    return message_adopt(message, decoded, room, g_free) ? bytes_of(decoded, size) : BYTES_NONE;
}

static struct bytes decode_quoted_printable(struct message *message, struct bytes encoded)
{
    GMimeEncoding decoder;
    g_mime_encoding_init_decode(&decoder, GMIME_CONTENT_ENCODING_QUOTEDPRINTABLE);
    size_t room = g_mime_encoding_outlen(&decoder, encoded.size) + 16;
    char *decoded = g_try_malloc(room);
    if (!decoded)
        return BYTES_NONE;
    size_t size = g_mime_encoding_flush(&decoder, (const char *)encoded.data, encoded.size, decoded);
    return message_adopt(message, decoded, room, g_free) ? bytes_of(decoded, size) : BYTES_NONE;
}

static struct bytes decode_by_stream(struct message *message, GMimeDataWrapper *wrapper)
{
    GMimeStream *stream = g_mime_stream_mem_new();
    g_mime_stream_mem_set_owner(GMIME_STREAM_MEM(stream), FALSE);
    (void)g_mime_data_wrapper_write_to_stream(wrapper, stream);
    GByteArray *array = g_mime_stream_mem_get_byte_array(GMIME_STREAM_MEM(stream));
    size_t size = array->len;
    g_object_unref(stream);
    guint8 *data = g_byte_array_free(array, FALSE);
    if (!data)
        return bytes_of("", 0);
    return message_adopt(message, data, size, g_free) ? bytes_of(data, size) : BYTES_NONE;
}

struct bytes mime_part_content(struct mime_reader *reader, struct message *message, GMimePart *part)
{
    GMimeDataWrapper *wrapper = g_mime_part_get_content(part);
    if (!wrapper)
        return bytes_of("", 0);
    GMimeContentEncoding encoding = g_mime_data_wrapper_get_encoding(wrapper);
    struct bytes encoded;
    if (!content_in_memory(wrapper, &encoded))
        return decode_by_stream(message, wrapper);
    if (encoding == GMIME_CONTENT_ENCODING_BASE64)
        return decode_base64(reader, message, encoded);
    if (encoding == GMIME_CONTENT_ENCODING_QUOTEDPRINTABLE)
        return decode_quoted_printable(message, encoded);
    if (encoding == GMIME_CONTENT_ENCODING_UUENCODE)
        return decode_by_stream(message, wrapper);
    struct bytes copy = arena_bytes(message_arena(message), encoded);
    return copy.data ? copy : BYTES_NONE;
}

static void notice_repair(struct mime_reader *reader, enum charset_repair repair, const char *what)
{
    static const char *const why[] = {
        [CHARSET_UNDECLARED] = "8-bit text without a declared charset: read as UTF-8 or else Windows-1252",
        [CHARSET_UNKNOWN] = "an unknown charset: read as UTF-8 or else Windows-1252",
        [CHARSET_MISDECLARED] = "not in the declared charset: read as UTF-8 or else Windows-1252",
        [CHARSET_BROKEN] = "some bytes are not of the declared charset: they became U+FFFD",
    };
    if (repair != CHARSET_AS_DECLARED)
        reader_notice(reader, MIME_NOTICE_DAMAGED, what, why[repair]);
}

/* PidTagBody has CRLF (MS-OXCMSG 2.2.1.58.1); a single CR stays. */
static struct bytes utf16_with_crlf(struct arena *arena, struct bytes text)
{
    size_t bare = 0;
    for (size_t i = 0; i + 2 <= text.size; i += 2)
        bare += load_u16(text.data + i) == '\n' && (i == 0 || load_u16(text.data + i - 2) != '\r');
    if (!bare)
        return text;
    uint8_t *out = arena_allocate(arena, text.size + bare * 2);
    if (!out)
        return BYTES_NONE;
    size_t size = 0;
    for (size_t i = 0; i + 2 <= text.size; i += 2) {
        if (load_u16(text.data + i) == '\n' && (i == 0 || load_u16(text.data + i - 2) != '\r')) {
            store_u16(out + size, '\r');
            size += 2;
        }
        memcpy(out + size, text.data + i, 2);
        size += 2;
    }
    return bytes_of(out, size);
}

static bool type_has_more_than_charset(GMimeContentType *type)
{
    GMimeParamList *parameters = g_mime_content_type_get_parameters(type);
    for (int i = 0; i < g_mime_param_list_length(parameters); i++)
        if (!text_equal_ignoring_case(g_mime_param_get_name(g_mime_param_list_get_parameter_at(parameters, i)), "charset"))
            return true;
    return false;
}

/* What the part says beyond its text. */
static void keep_part_headers(struct mime_reader *reader, struct message *message, GMimePart *part, const char *type_name, const char *headers_name)
{
    GMimeContentType *type = g_mime_object_get_content_type(GMIME_OBJECT(part));
    const char *value = g_mime_object_get_header(GMIME_OBJECT(part), "Content-Type");
    if (type && value && type_has_more_than_charset(type))
        mime_set_named_text(message, &message->properties, type_name, value);
    char *other = mime_part_other_headers(reader, GMIME_OBJECT(part));
    if (other)
        mime_set_named_text(message, &message->properties, headers_name, other);
    g_free(other);
}

void mime_import_text_body(struct mime_reader *reader, struct message *message, GMimePart *part)
{
    struct bytes content = mime_part_content(reader, message, part);
    const char *charset = g_mime_object_get_content_type_parameter(GMIME_OBJECT(part), "charset");
    struct charset_text text = charset_decode(message_arena(message), charset, content);
    notice_repair(reader, text.repair, "part text/plain");
    struct bytes body = utf16_with_crlf(message_arena(message), text.utf16);
    if (!body.data)
        return;
    struct message_properties *properties = &message->properties;
    message_set(message, (struct property_value){.tag = PID_TAG_BODY, .bytes = body});
    if (!message_find(properties, PID_TAG_HTML)) {
        message_set_u32(message, properties, PID_TAG_NATIVE_BODY, NATIVE_BODY_PLAIN);
        message_set_u32(message, properties, PID_TAG_INTERNET_CODEPAGE, text.codepage);
    }
    keep_part_headers(reader, message, part, MIME_NAME_TEXT_TYPE, MIME_NAME_TEXT_HEADERS);
}

/* The charset that an HTML text declares for itself near its beginning; false when it declares none. */
static bool html_declared_charset(struct bytes html, char name[64])
{
    size_t size = html.size < HTML_DECLARATION_SIZE_MAX ? html.size : HTML_DECLARATION_SIZE_MAX;
    char *head = g_ascii_strdown((const char *)html.data, (gssize)size);
    const char *found = head ? strstr(head, "charset=") : NULL;
    size_t length = 0;
    if (found) {
        found += strlen("charset=");
        found += strspn(found, "\"' ");
        length = strcspn(found, "\"' ;>/\r\n\t");
        if (length > 0 && length < 64)
            memcpy(name, found, length);
    }
    g_free(head);
    if (length == 0 || length >= 64)
        return false;
    name[length] = 0;
    return true;
}

/* PidTagHtml keeps the bytes of the mail; PidTagInternetCodepage says how to read them. Only text that cannot be read by any
 * code page is stored anew, as UTF-8. */
void mime_import_html_body(struct mime_reader *reader, struct message *message, GMimePart *part)
{
    struct bytes content = mime_part_content(reader, message, part);
    const char *charset = g_mime_object_get_content_type_parameter(GMIME_OBJECT(part), "charset");
    char declared[64];
    if (!charset && content.data && html_declared_charset(content, declared) && charset_codepage(declared))
        charset = declared;
    struct charset_text text = charset_decode(message_arena(message), charset, content);
    notice_repair(reader, text.repair, "part text/html");
    if (!content.data || !text.utf16.data)
        return;
    if (text.repair == CHARSET_BROKEN) {
        content = text_codepage_of_utf16(message_arena(message), CODEPAGE_UTF8, text.utf16);
        text.codepage = CODEPAGE_UTF8;
    }
    struct message_properties *properties = &message->properties;
    message_set(message, (struct property_value){.tag = PID_TAG_HTML, .bytes = content});
    message_set_u32(message, properties, PID_TAG_NATIVE_BODY, NATIVE_BODY_HTML);
    message_set_u32(message, properties, PID_TAG_INTERNET_CODEPAGE, text.codepage);
    keep_part_headers(reader, message, part, MIME_NAME_HTML_TYPE, MIME_NAME_HTML_HEADERS);
}
