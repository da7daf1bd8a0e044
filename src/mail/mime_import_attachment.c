/* Parts -> attachments (MS-OXCMAIL 2.2.3.4). */
#include <stdio.h>
#include <string.h>

#include "base/limits.h"
#include "base/text.h"
#include "mail/mime_properties.h"
#include "mail/mime_reader.h"
#include "protocol/property_tags.h"

#define ATTACH_BY_VALUE 1u
#define ATTACH_FLAG_RENDERED_IN_BODY 4u /* attMhtmlRef */
#define RENDERING_POSITION_NONE 0xFFFFFFFFu

/* The name's end from its last point, with the point; "" without. */
static const char *extension_of(const char *name)
{
    const char *point = strrchr(name, '.');
    return point && point != name && strlen(point) <= 32 && !strpbrk(point, "/\\ ") ? point : "";
}

/* A file name of eight and three characters (MS-OXCMSG 2.2.2.11). */
static void short_name(const char *name, char result[13])
{
    const char *extension = extension_of(name);
    size_t length = 0, stem = (size_t)(*extension ? extension - name : (long)strlen(name));
    bool cut = false;
    for (size_t i = 0; i < stem; i++) {
        unsigned char c = (unsigned char)name[i];
        if (c <= ' ' || c >= 0x7F || strchr(".\"*/:<>?\\|+,;=[]", c)) {
            cut = true;
            continue;
        }
        if (length == 8) {
            cut = true;
            break;
        }
        result[length++] = (char)g_ascii_toupper((gchar)c);
    }
    if (cut) { /* as file systems shorten: ABCDEF~1 */
        length = length > 6 ? 6 : length;
        result[length++] = '~';
        result[length++] = '1';
    }
    size_t taken = 0;
    for (size_t i = 1; *extension && extension[i] && taken < 3; i++)
        if (g_ascii_isalnum(extension[i])) {
            if (taken++ == 0)
                result[length++] = '.';
            result[length++] = (char)g_ascii_toupper(extension[i]);
        }
    result[length] = 0;
}

static void set_names(struct message *message, struct message_properties *properties, const char *name)
{
    char shortened[13];
    char *valid = g_utf8_make_valid(name, -1);
    for (char *at = valid; *at; at++) /* control characters would break headers and file systems */
        if ((unsigned char)*at < 0x20)
            *at = '_';
    short_name(valid, shortened);
    message_set_text(message, properties, PID_TAG_ATTACH_LONG_FILENAME, valid);
    message_set_text(message, properties, PID_TAG_ATTACH_FILENAME, shortened);
    message_set_text(message, properties, PID_TAG_ATTACH_EXTENSION, extension_of(valid));
    message_set_text(message, properties, PID_TAG_DISPLAY_NAME, valid);
    g_free(valid);
}

static const char *extension_of_type(GMimeContentType *type)
{
    static const struct {
        const char *type, *extension;
    } known[] = {{"text/plain", ".txt"}, {"text/html", ".htm"}, {"text/calendar", ".ics"}, {"text/enriched", ".txt"},
        {"text/csv", ".csv"}, {"text/x-vcard", ".vcf"}, {"text/vcard", ".vcf"}, {"image/jpeg", ".jpg"}, {"image/jpg", ".jpg"},
        {"image/png", ".png"}, {"image/gif", ".gif"}, {"image/bmp", ".bmp"}, {"image/tiff", ".tif"}, {"image/svg+xml", ".svg"},
        {"application/pdf", ".pdf"}, {"application/zip", ".zip"}, {"application/ms-tnef", ".dat"},
        {"application/pkcs7-signature", ".p7s"}, {"application/x-pkcs7-signature", ".p7s"},
        {"application/pgp-signature", ".asc"}, {"application/pkcs7-mime", ".p7m"}, {"application/x-pkcs7-mime", ".p7m"},
        {"message/rfc822", ".eml"}, {"message/delivery-status", ".txt"}, {"message/disposition-notification", ".txt"},
        {"text/rfc822-headers", ".txt"}};
    char *full = g_mime_content_type_get_mime_type(type);
    const char *extension = ".dat";
    for (size_t i = 0; full && i < sizeof known / sizeof *known; i++)
        if (text_equal_ignoring_case(full, known[i].type))
            extension = known[i].extension;
    g_free(full);
    return extension;
}

static bool type_says_more(GMimeContentType *type)
{
    GMimeParamList *parameters = g_mime_content_type_get_parameters(type);
    for (int i = 0; i < g_mime_param_list_length(parameters); i++)
        if (!text_equal_ignoring_case(g_mime_param_get_name(g_mime_param_list_get_parameter_at(parameters, i)), "name"))
            return true;
    return false;
}

static void import_part_headers(struct mime_reader *reader, struct message *message, struct message_properties *properties, GMimeObject *part)
{
    GMimeContentType *type = g_mime_object_get_content_type(part);
    char *mime_type = g_mime_content_type_get_mime_type(type);
    message_set_text(message, properties, PID_TAG_ATTACH_MIME_TAG, mime_type ? mime_type : "application/octet-stream");
    g_free(mime_type);
    const char *value = g_mime_object_get_header(part, "Content-Type");
    if (value && type_says_more(type))
        mime_set_named_text(message, properties, MIME_NAME_PART_TYPE, value);
    const char *charset = g_mime_object_get_content_type_parameter(part, "charset");
    if (charset)
        message_set_text(message, properties, PID_TAG_TEXT_ATTACHMENT_CHARSET, charset);
    const char *disposition = g_mime_object_get_disposition(part);
    mime_set_named_text(message, properties, MIME_NAME_PART_DISPOSITION, disposition ? disposition : "none");
    const char *id = g_mime_object_get_content_id(part);
    if (id)
        message_set_text(message, properties, PID_TAG_ATTACH_CONTENT_ID, id);
    const char *location = g_mime_object_get_header(part, "Content-Location");
    if (location)
        message_set_text(message, properties, PID_TAG_ATTACH_CONTENT_LOCATION, location);
    const char *base = g_mime_object_get_header(part, "Content-Base");
    if (base)
        message_set_text(message, properties, PID_TAG_ATTACH_CONTENT_BASE, base);
    const char *description = g_mime_object_get_header(part, "Content-Description");
    if (description && *description) /* MS-OXCMAIL 2.2.3.4.1.2 */
        message_set_text(message, properties, PID_TAG_DISPLAY_NAME, description);
    char *other = mime_part_other_headers(reader, part);
    if (other && !GMIME_IS_MULTIPART(part))
        mime_set_named_text(message, properties, MIME_NAME_PART_HEADERS, other);
    g_free(other);
}

static void import_part_name(struct mime_reader *reader, struct message *message, struct message_properties *properties,
    GMimeObject *part)
{
    const char *name = GMIME_IS_PART(part) ? g_mime_part_get_filename(GMIME_PART(part)) : NULL;
    if (!name)
        name = g_mime_object_get_content_disposition_parameter(part, "filename");
    if (!name)
        name = g_mime_object_get_content_type_parameter(part, "name");
    if (name && *name) {
        set_names(message, properties, name);
        return;
    }
    char made_up[32]; /* MS-OXCMAIL 2.2.3.4.1.1 */
    snprintf(made_up, sizeof made_up, "ATT%05u%s", ++reader->nameless_count,
        extension_of_type(g_mime_object_get_content_type(part)));
    set_names(message, properties, made_up);
    mime_set_named_boolean(message, properties, MIME_NAME_PART_NAMELESS, true);
}

struct message_attachment *mime_add_data_attachment(struct message *message, const char *name, const char *mime_type,
    struct bytes data)
{
    struct message_attachment *attachment = message_add_attachment(message);
    if (!attachment)
        return NULL;
    struct message_properties *properties = &attachment->properties;
    message_set_u32(message, properties, PID_TAG_ATTACH_METHOD, ATTACH_BY_VALUE);
    message_set_u32(message, properties, PID_TAG_RENDERING_POSITION, RENDERING_POSITION_NONE);
    if (name)
        set_names(message, properties, name);
    message_set_text(message, properties, PID_TAG_ATTACH_MIME_TAG, mime_type);
    message_set_in(message, properties, (struct property_value){.tag = PID_TAG_ATTACH_DATA_BINARY, .bytes = data});
    return attachment;
}

/* A forwarded message whose (forbidden) encoding keeps GMime from looking into it; NULL for any other part. */
static GMimeMessage *parse_encoded_message(struct mime_reader *reader, struct message *message, GMimePart *part)
{
    if (!g_mime_content_type_is_type(g_mime_object_get_content_type(GMIME_OBJECT(part)), "message", "rfc822"))
        return NULL;
    struct bytes content = mime_part_content(reader, message, part);
    GMimeStream *stream = g_mime_stream_mem_new_with_buffer((const char *)content.data, content.size);
    GMimeParser *parser = g_mime_parser_new_with_stream(stream);
    GMimeMessage *mime = content.size ? g_mime_parser_construct_message(parser, reader->parser_options) : NULL;
    g_object_unref(parser);
    g_object_unref(stream);
    return mime;
}

/* MS-OXCMAIL 2.2.3.4.3: the name of an embedded message is its subject. */
static struct message_attachment *import_embedded(struct mime_reader *reader, struct message *message, GMimeMessage *mime)
{
    struct message_attachment *attachment = message_add_attachment(message);
    struct message *embedded = attachment ? message_embed(message, attachment) : NULL;
    if (!embedded)
        return NULL;
    message_set_u32(message, &attachment->properties, PID_TAG_RENDERING_POSITION, RENDERING_POSITION_NONE);
    reader->message_depth++;
    reader->depth++;
    if (mime)
        mime_import_message(reader, embedded, mime, BYTES_NONE);
    reader->depth--;
    reader->message_depth--;
    message_set_u32(message, &embedded->properties, PID_TAG_MESSAGE_FLAGS, 1); /* read, not unsent */
    const char *subject = message_get_text(embedded, &embedded->properties, PID_TAG_SUBJECT);
    if (subject && *subject)
        message_set_text(message, &attachment->properties, PID_TAG_DISPLAY_NAME, subject);
    return attachment;
}

static struct bytes unopened_bytes(struct message *message, GMimeObject *part)
{
    GMimeStream *stream = g_mime_stream_mem_new();
    g_mime_stream_mem_set_owner(GMIME_STREAM_MEM(stream), FALSE);
    if (GMIME_IS_MESSAGE_PART(part)) {
        GMimeMessage *mime = g_mime_message_part_get_message(GMIME_MESSAGE_PART(part));
        if (mime)
            (void)g_mime_object_write_to_stream(GMIME_OBJECT(mime), NULL, stream);
    } else {
        (void)g_mime_object_write_content_to_stream(part, NULL, stream);
    }
    GByteArray *array = g_mime_stream_mem_get_byte_array(GMIME_STREAM_MEM(stream));
    size_t size = array->len;
    g_object_unref(stream);
    guint8 *data = g_byte_array_free(array, FALSE);
    if (!data)
        return bytes_of("", 0);
    return message_adopt(message, data, size, g_free) ? bytes_of(data, size) : BYTES_NONE;
}

struct message_attachment *mime_import_attachment(struct mime_reader *reader, struct message *message, GMimeObject *part,
    bool related, bool alternative)
{
    struct message_attachment *attachment;
    bool may_open = reader->message_depth < EMBEDDED_DEPTH_MAX - 1 && reader->depth < MIME_DEPTH_MAX;
    GMimeMessage *encoded = may_open && GMIME_IS_PART(part) ? parse_encoded_message(reader, message, GMIME_PART(part)) : NULL;
    if (encoded) {
        attachment = import_embedded(reader, message, encoded);
        g_object_unref(encoded);
    } else if (may_open && GMIME_IS_MESSAGE_PART(part)) {
        attachment = import_embedded(reader, message, g_mime_message_part_get_message(GMIME_MESSAGE_PART(part)));
    } else if (GMIME_IS_PART(part)) {
        struct bytes data = mime_part_content(reader, message, GMIME_PART(part));
        attachment = data.data ? mime_add_data_attachment(message, NULL, "", data) : NULL;
    } else {
        struct bytes data = unopened_bytes(message, part);
        reader_notice(reader, MIME_NOTICE_KEPT_WHOLE, "structure", "messages within messages too deep: kept unopened");
        attachment = data.data ? mime_add_data_attachment(message, NULL, "", data) : NULL;
    }
    if (!attachment)
        return NULL;
    struct message_properties *properties = &attachment->properties;
    bool named_by_subject = attachment->embedded && message_find(properties, PID_TAG_DISPLAY_NAME);
    struct property_value subject_name = named_by_subject ? *message_find(properties, PID_TAG_DISPLAY_NAME)
                                                          : (struct property_value){0};
    import_part_name(reader, message, properties, part);
    if (named_by_subject)
        message_set_in(message, properties, subject_name);
    import_part_headers(reader, message, properties, part);
    bool inline_image = related && (message_find(properties, PID_TAG_ATTACH_CONTENT_ID)
                                       || message_find(properties, PID_TAG_ATTACH_CONTENT_LOCATION));
    if (inline_image) { /* MS-OXCMAIL 2.2.3.4.1.4.1 */
        message_set_u32(message, properties, PID_TAG_ATTACH_FLAGS, ATTACH_FLAG_RENDERED_IN_BODY);
        message_set_boolean(message, properties, PID_TAG_ATTACHMENT_HIDDEN, true);
    }
    if (alternative)
        mime_set_named_boolean(message, properties, MIME_NAME_PART_ALTERNATIVE, true);
    if (g_mime_content_type_is_type(g_mime_object_get_content_type(part), "application", "ms-tnef"))
        reader_notice(reader, MIME_NOTICE_KEPT_WHOLE, "part application/ms-tnef",
            "winmail.dat: kept whole as an attachment, not unpacked");
    return attachment;
}
