/* Bodies and attachments -> the tree of parts (MS-OXCMAIL 2.1.3.2.1, 2.1.3.3, 2.1.3.4). */
#include <string.h>

#include "base/limits.h"
#include "base/text.h"
#include "mail/mime_charset.h"
#include "mail/mime_properties.h"
#include "mail/mime_writer.h"
#include "mail/rtf.h"
#include "protocol/property_tags.h"

#define ATTACH_FLAG_RENDERED_IN_BODY 4u

enum attachment_place { PLACE_MIXED, PLACE_RELATED, PLACE_ALTERNATIVE };

/* One message's parts, sorted by where they go. */
struct plan {
    struct message *message;
    bool has_text, has_html;
    uint8_t *places; /* enum attachment_place of each attachment */
    uint32_t counts[3];
};

static const char *last_part_of_class(const char *message_class)
{
    const char *point = message_class ? strrchr(message_class, '.') : NULL;
    return point ? point + 1 : "";
}

/* MS-OXCMAIL 2.1.3.3: without HTML, rich text becomes the HTML it carries, or else its plain text. */
static void read_rich_body(struct mime_writer *writer, struct message *message)
{
    struct arena *arena = message_arena(message);
    struct bytes rtf;
    struct rtf_content content;
    bool damaged = false;
    if (!rtf_decompress(arena, message_get_binary(&message->properties, PID_TAG_RTF_COMPRESSED), &rtf, &damaged)
        || !rtf_read(arena, rtf, &content)) {
        writer_notice(writer, MIME_NOTICE_DAMAGED, "body", "a rich-text (RTF) body, which is unreadable");
        return;
    }
    if (damaged)
        writer_notice(writer, MIME_NOTICE_DAMAGED, "body", "a rich-text (RTF) body that is cut or changed");
    if (!content.is_html) {
        writer_notice(writer, MIME_NOTICE_NOT_REPRESENTED, "body", "a rich-text (RTF) body: its text is written, its formatting is lost");
        if (!message_find(&message->properties, PID_TAG_BODY))
            message_set(message, (struct property_value){.tag = PID_TAG_BODY, .bytes = content.utf16});
        return;
    }
    struct bytes html = text_codepage_of_utf16(arena, CODEPAGE_UTF8, content.utf16);
    message_set(message, (struct property_value){.tag = PID_TAG_HTML, .bytes = html});
    message_set_u32(message, &message->properties, PID_TAG_INTERNET_CODEPAGE, CODEPAGE_UTF8);
}

static struct plan make_plan(struct mime_writer *writer, struct message *message)
{
    struct plan plan = {.message = message};
    if (!message_find(&message->properties, PID_TAG_HTML) && message_find(&message->properties, PID_TAG_RTF_COMPRESSED))
        read_rich_body(writer, message);
    plan.has_text = message_find(&message->properties, PID_TAG_BODY) != NULL;
    plan.has_html = message_find(&message->properties, PID_TAG_HTML) != NULL;
    plan.places = arena_allocate(message_arena(message), message->attachment_count + 1);
    for (uint32_t i = 0; plan.places && i < message->attachment_count; i++) {
        const struct message_properties *properties = &message->attachments[i].properties;
        bool marked = message_get_u32(properties, PID_TAG_ATTACH_FLAGS, 0) & ATTACH_FLAG_RENDERED_IN_BODY;
        bool addressed = message_find(properties, PID_TAG_ATTACH_CONTENT_ID)
            || message_find(properties, PID_TAG_ATTACH_CONTENT_LOCATION);
        if (plan.has_html && marked && addressed) /* MS-OXCMAIL 2.1.3.4.1.2 */
            plan.places[i] = PLACE_RELATED;
        else if (mime_named_boolean(message, properties, MIME_NAME_PART_ALTERNATIVE))
            plan.places[i] = PLACE_ALTERNATIVE;
        plan.counts[plan.places[i]]++;
    }
    return plan;
}

struct multipart {
    struct mime_writer *writer;
    char boundary[48];
};

/* 'type' is a whole Content-Type value; its boundary, if any, is replaced. */
static struct multipart multipart_open(struct mime_writer *writer, const char *type)
{
    struct multipart multipart = {.writer = writer};
    uint64_t random[2];
    random_bytes(random, sizeof random);
    /* '=_' stands neither in base64 nor in quoted-printable */
    snprintf(multipart.boundary, sizeof multipart.boundary, "=_%016llx%08llx", (unsigned long long)random[0],
        (unsigned long long)(random[1] & 0xFFFFFFFF));
    GMimeContentType *parsed = g_mime_content_type_parse(writer->parser_options, type);
    g_mime_content_type_set_parameter(parsed, "boundary", multipart.boundary);
    char *encoded = g_mime_content_type_encode(parsed, writer->format_options);
    writer_format(writer, "Content-Type: %s", g_strstrip(encoded));
    writer_text(writer, "\n\n");
    g_free(encoded);
    g_object_unref(parsed);
    return multipart;
}

static void multipart_next(struct multipart *multipart)
{
    writer_format(multipart->writer, "\n--%s\n", multipart->boundary);
}

static void multipart_close(struct multipart *multipart)
{
    writer_format(multipart->writer, "\n--%s--\n", multipart->boundary);
}

static void export_attachments(struct mime_writer *writer, const struct plan *plan, enum attachment_place place,
    struct multipart *multipart)
{
    for (uint32_t i = 0; plan->places && i < plan->message->attachment_count && !writer->failed; i++)
        if (plan->places[i] == place) {
            multipart_next(multipart);
            mime_export_attachment_part(writer, plan->message, &plan->message->attachments[i]);
        }
}

static void export_html(struct mime_writer *writer, const struct plan *plan)
{
    if (!plan->counts[PLACE_RELATED]) {
        mime_export_html_part(writer, plan->message);
        return;
    }
    struct multipart related = multipart_open(writer, "multipart/related; type=\"text/html\"");
    multipart_next(&related);
    mime_export_html_part(writer, plan->message);
    export_attachments(writer, plan, PLACE_RELATED, &related);
    multipart_close(&related);
}

static void export_body(struct mime_writer *writer, const struct plan *plan)
{
    if (!plan->counts[PLACE_ALTERNATIVE] && !(plan->has_text && plan->has_html)) {
        if (plan->has_html)
            export_html(writer, plan);
        else
            mime_export_text_part(writer, plan->message);
        return;
    }
    struct multipart alternative = multipart_open(writer, "multipart/alternative");
    if (plan->has_text) {
        multipart_next(&alternative);
        mime_export_text_part(writer, plan->message);
    }
    if (plan->has_html) {
        multipart_next(&alternative);
        export_html(writer, plan);
    }
    export_attachments(writer, plan, PLACE_ALTERNATIVE, &alternative);
    multipart_close(&alternative);
}

/* MS-OXOSMIME 2.1.1: the one attachment is the mail's content, byte for byte. */
static bool export_clear_signed(struct mime_writer *writer, struct message *message)
{
    const char *message_class = message_get_text(message, &message->properties, PID_TAG_MESSAGE_CLASS);
    if (!text_equal_ignoring_case(last_part_of_class(message_class), "MultipartSigned") || message->attachment_count != 1)
        return false;
    const struct message_properties *properties = &message->attachments[0].properties;
    const char *type = message_get_text(message, properties, PID_TAG_ATTACH_MIME_TAG);
    struct bytes entity = message_get_binary(properties, PID_TAG_ATTACH_DATA_BINARY);
    if (!type || !text_equal_ignoring_case(type, "multipart/signed") || entity.size == 0)
        return false;
    writer_bytes(writer, entity.data, entity.size);
    return true;
}

/* A body property that the mailbox made of the other one is not a part of the mail: the transport headers say that the mail
 * had only one text. */
static void drop_derived_body(struct plan *plan)
{
    const char *headers = message_get_text(plan->message, &plan->message->properties, PID_TAG_TRANSPORT_MESSAGE_HEADERS);
    if (!headers || !plan->has_text || !plan->has_html)
        return;
    const char *found = text_has_prefix_ignoring_case(headers, "Content-Type:") ? headers : strcasestr(headers, "\nContent-Type:");
    if (!found)
        return;
    found = strchr(found, ':') + 1;
    found += strspn(found, " \t\r\n");
    if (text_has_prefix_ignoring_case(found, "text/html"))
        plan->has_text = false;
    else if (text_has_prefix_ignoring_case(found, "text/plain"))
        plan->has_html = false;
}

void mime_export_structure(struct mime_writer *writer, struct message *message)
{
    if (export_clear_signed(writer, message))
        return;
    struct plan plan = make_plan(writer, message);
    if (!plan.places) {
        writer->failed = true;
        return;
    }
    drop_derived_body(&plan);
    const char *structure = mime_named_text(message, &message->properties, MIME_NAME_STRUCTURE);
    bool has_body = plan.has_text || plan.has_html || plan.counts[PLACE_ALTERNATIVE] || plan.counts[PLACE_RELATED];
    if (!structure && plan.counts[PLACE_MIXED] == 0) {
        export_body(writer, &plan);
        return;
    }
    if (!structure && !has_body && message->attachment_count == 1) {
        mime_export_attachment_part(writer, message, &message->attachments[0]);
        return;
    }
    struct multipart mixed = multipart_open(writer, structure ? structure : "multipart/mixed");
    if (has_body) {
        multipart_next(&mixed);
        export_body(writer, &plan);
    }
    export_attachments(writer, &plan, PLACE_MIXED, &mixed);
    multipart_close(&mixed);
}
