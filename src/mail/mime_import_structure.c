/* The tree of parts -> bodies and attachments (MS-OXCMAIL 2.2.3.3.2, 2.2.3.4; MS-OXOSMIME 2.1). */
#include <string.h>

#include "base/text.h"
#include "mail/mime_mend.h"
#include "mail/mime_properties.h"
#include "mail/mime_reader.h"
#include "protocol/property_tags.h"

/* The state of the walk through one message. */
struct walk {
    struct mime_reader *reader;
    struct message *message;
    bool has_text;
    bool has_html;
    bool closed; /* the body is complete: further texts are attachments */
};

enum part_place { PLACE_ORDINARY, PLACE_ALTERNATIVE, PLACE_RELATED };

static bool is_attachment(GMimeObject *part, bool is_root)
{
    const char *disposition = g_mime_object_get_disposition(part);
    if (disposition && text_equal_ignoring_case(disposition, "attachment"))
        return true;
    return !is_root && GMIME_IS_PART(part) && g_mime_part_get_filename(GMIME_PART(part)) != NULL;
}

static void walk_leaf(struct walk *walk, GMimeObject *part, enum part_place place)
{
    GMimeContentType *type = g_mime_object_get_content_type(part);
    bool may_be_body = GMIME_IS_PART(part) && !walk->closed && place != PLACE_RELATED
        && !is_attachment(part, part == walk->reader->root);
    if (may_be_body && !walk->has_text && !walk->has_html && g_mime_content_type_is_type(type, "text", "plain")) {
        mime_import_text_body(walk->reader, walk->message, GMIME_PART(part));
        walk->has_text = true;
    } else if (may_be_body && !walk->has_html && g_mime_content_type_is_type(type, "text", "html")) {
        mime_import_html_body(walk->reader, walk->message, GMIME_PART(part));
        walk->has_html = true;
    } else {
        struct message_attachment *attachment = mime_import_attachment(walk->reader, walk->message, part,
            place == PLACE_RELATED, place == PLACE_ALTERNATIVE);
        if (attachment && g_mime_content_type_is_type(type, "text", "calendar"))
            reader_notice(walk->reader, MIME_NOTICE_NOT_REPRESENTED, "part text/calendar",
                "not made into a meeting yet: kept as an attachment");
        return;
    }
    if (place != PLACE_ALTERNATIVE)
        walk->closed = true;
}

static void walk_part(struct walk *walk, GMimeObject *part, enum part_place place);

static void walk_alternative(struct walk *walk, GMimeMultipart *multipart)
{
    bool was_closed = walk->closed;
    bool any = false;
    for (int i = 0; i < g_mime_multipart_get_count(multipart); i++) {
        walk->closed = was_closed;
        walk_part(walk, g_mime_multipart_get_part(multipart, i), PLACE_ALTERNATIVE);
        any = true;
    }
    walk->closed = was_closed || (any && (walk->has_text || walk->has_html));
}

/* The root of a multipart/related is its first part, or the one that 'start' names (RFC 2387). */
static int related_root(GMimeMultipart *multipart)
{
    const char *start = g_mime_object_get_content_type_parameter(GMIME_OBJECT(multipart), "start");
    char *id = start ? g_mime_utils_decode_message_id(start) : NULL;
    int root = 0;
    for (int i = 0; id && i < g_mime_multipart_get_count(multipart); i++) {
        const char *part_id = g_mime_object_get_content_id(g_mime_multipart_get_part(multipart, i));
        if (part_id && strcmp(part_id, id) == 0)
            root = i;
    }
    g_free(id);
    return root;
}

static void walk_related(struct walk *walk, GMimeMultipart *multipart, enum part_place place)
{
    int root = related_root(multipart), count = g_mime_multipart_get_count(multipart);
    if (root < count)
        walk_part(walk, g_mime_multipart_get_part(multipart, root), place);
    for (int i = 0; i < count; i++)
        if (i != root)
            walk_part(walk, g_mime_multipart_get_part(multipart, i), PLACE_RELATED);
}

static bool is_blank(const char *text)
{
    return !text || text[strspn(text, " \t\r\n")] == 0;
}

/* Text before the first and behind the last boundary is no part of the mail (RFC 2046 5.1.1) and usually says just that
 * the mail has parts. Anything else is named. */
static void notice_outside_text(struct walk *walk, GMimeMultipart *multipart)
{
    const char *prologue = g_mime_multipart_get_prologue(multipart);
    if (!is_blank(prologue) && !strcasestr(prologue, "MIME"))
        reader_notice(walk->reader, MIME_NOTICE_NOT_REPRESENTED, "text before the first part",
            "belongs to no part and is not shown by mail programs: left out");
    if (!is_blank(g_mime_multipart_get_epilogue(multipart)))
        reader_notice(walk->reader, MIME_NOTICE_NOT_REPRESENTED, "text behind the last part",
            "belongs to no part and is not shown by mail programs: left out");
}

/* A multipart in which no boundary was found: what stands in it is the text. */
static void import_unsplit(struct walk *walk, GMimeMultipart *multipart)
{
    const char *prologue = g_mime_multipart_get_prologue(multipart);
    if (is_blank(prologue))
        return;
    reader_notice(walk->reader, MIME_NOTICE_DAMAGED, "multipart", "its boundary never appears: the content became the text");
    GMimePart *part = g_mime_part_new_with_type("text", "plain");
    GMimeStream *stream = g_mime_stream_mem_new_with_buffer(prologue, strlen(prologue));
    GMimeDataWrapper *wrapper = g_mime_data_wrapper_new_with_stream(stream, GMIME_CONTENT_ENCODING_8BIT);
    g_mime_part_set_content(part, wrapper);
    walk_leaf(walk, GMIME_OBJECT(part), PLACE_ORDINARY);
    g_object_unref(wrapper);
    g_object_unref(stream);
    g_object_unref(part);
}

static void walk_multipart(struct walk *walk, GMimeMultipart *multipart, enum part_place place)
{
    GMimeContentType *type = g_mime_object_get_content_type(GMIME_OBJECT(multipart));
    if (g_mime_multipart_get_count(multipart) == 0) {
        import_unsplit(walk, multipart);
        return;
    }
    notice_outside_text(walk, multipart);
    if (g_mime_content_type_is_type(type, "multipart", "alternative")) {
        walk_alternative(walk, multipart);
        return;
    }
    if (g_mime_content_type_is_type(type, "multipart", "related")) {
        walk_related(walk, multipart, place);
        return;
    }
    if (GMIME_IS_MULTIPART_SIGNED(multipart))
        reader_notice(walk->reader, MIME_NOTICE_NOT_REPRESENTED, "part multipart/signed",
            "within another part: its content is kept, but the signature can no longer be verified");
    for (int i = 0; i < g_mime_multipart_get_count(multipart); i++)
        walk_part(walk, g_mime_multipart_get_part(multipart, i), place == PLACE_RELATED ? place : PLACE_ORDINARY);
}

static void walk_part(struct walk *walk, GMimeObject *part, enum part_place place)
{
    if (!part || message_failed(walk->message))
        return;
    (void)mime_mend_headers(part);
    if (!GMIME_IS_MULTIPART(part)) {
        walk_leaf(walk, part, place);
        return;
    }
    if (walk->reader->depth >= MIME_DEPTH_MAX) {
        reader_notice(walk->reader, MIME_NOTICE_KEPT_WHOLE, "structure", "too many parts within parts: kept unopened");
        mime_import_attachment(walk->reader, walk->message, part, false, false);
        return;
    }
    walk->reader->depth++;
    walk_multipart(walk, GMIME_MULTIPART(part), place);
    walk->reader->depth--;
}

/* The whole entity with its content headers, lines ending in CRLF: what a signature was made over. */
static struct bytes entity_bytes(struct message *message, GMimeObject *part)
{
    GMimeFormatOptions *format = g_mime_format_options_new();
    g_mime_format_options_set_newline_format(format, GMIME_NEWLINE_FORMAT_DOS);
    GMimeStream *stream = g_mime_stream_mem_new();
    GMimeStream *filtered = g_mime_stream_filter_new(stream);
    GMimeFilter *crlf = g_mime_filter_unix2dos_new(FALSE);
    g_mime_stream_filter_add(GMIME_STREAM_FILTER(filtered), crlf);
    (void)g_mime_object_write_to_stream(part, format, filtered);
    (void)g_mime_stream_flush(filtered);
    g_object_unref(crlf);
    g_object_unref(filtered);
    g_mime_format_options_free(format);
    g_mime_stream_mem_set_owner(GMIME_STREAM_MEM(stream), FALSE);
    GByteArray *array = g_mime_stream_mem_get_byte_array(GMIME_STREAM_MEM(stream));
    size_t size = array->len;
    g_object_unref(stream);
    guint8 *data = g_byte_array_free(array, FALSE);
    return message_adopt(message, data, size, g_free) ? bytes_of(data, size) : BYTES_NONE;
}

/* MS-OXOSMIME 2.1.1: the body for reading, and the whole entity in one attachment. */
static void import_clear_signed(struct walk *walk, GMimeObject *root)
{
    struct message *message = walk->message;
    struct bytes entity = entity_bytes(message, root); /* before anything in it is mended */
    struct message body_only = *message; /* shares memory; the attachments found on the way are not kept */
    walk->message = &body_only;
    for (int i = 0; i < g_mime_multipart_get_count(GMIME_MULTIPART(root)) && i < 1; i++)
        walk_part(walk, g_mime_multipart_get_part(GMIME_MULTIPART(root), i), PLACE_ORDINARY);
    walk->message = message;
    message->properties = body_only.properties;
    message_set_text(message, &message->properties, PID_TAG_MESSAGE_CLASS, "IPM.Note.SMIME.MultipartSigned");
    if (entity.data)
        mime_add_data_attachment(message, "smime.p7m", "multipart/signed", entity);
}

static bool is_opaque_smime(GMimeObject *root)
{
    GMimeContentType *type = g_mime_object_get_content_type(root);
    if (!GMIME_IS_PART(root))
        return false;
    if (g_mime_content_type_is_type(type, "application", "pkcs7-mime")
        || g_mime_content_type_is_type(type, "application", "x-pkcs7-mime"))
        return true;
    const char *name = g_mime_part_get_filename(GMIME_PART(root));
    size_t length = name ? strlen(name) : 0;
    return length > 4 && text_equal_ignoring_case(name + length - 4, ".p7m")
        && g_mime_content_type_is_type(type, "application", "octet-stream");
}

static void import_structure(struct mime_reader *reader, struct message *message, GMimeObject *root)
{
    struct walk walk = {.reader = reader, .message = message};
    GMimeContentType *type = g_mime_object_get_content_type(root);
    const char *value = g_mime_object_get_header(root, "Content-Type");
    if (GMIME_IS_MULTIPART_SIGNED(root) && g_mime_multipart_get_count(GMIME_MULTIPART(root)) >= 1) {
        import_clear_signed(&walk, root);
        return;
    }
    if (is_opaque_smime(root))
        message_set_text(message, &message->properties, PID_TAG_MESSAGE_CLASS, "IPM.Note.SMIME");
    else if (value && (g_mime_content_type_is_type(type, "multipart", "encrypted")
                 || g_mime_content_type_is_type(type, "multipart", "report")))
        mime_set_named_text(message, &message->properties, MIME_NAME_STRUCTURE, value);
    walk_part(&walk, root, PLACE_ORDINARY);
    if (GMIME_IS_MULTIPART(root) && g_mime_content_type_is_type(type, "multipart", "report"))
        (void)mime_import_report(reader, message);
}

void mime_import_structure(struct mime_reader *reader, struct message *message, GMimeObject *root)
{
    GMimeObject *outer = reader->root;
    reader->root = root;
    import_structure(reader, message, root);
    reader->root = outer;
}
