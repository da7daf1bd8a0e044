#include "base/limits.h"
#include "base/text.h"
#include "client/error.h"
#include "client/message.h"
#include "client/property.h"
#include "client/recipient.h"
#include "client/session.h"
#include "client/stream.h"
#include "protocol/error_code.h"
#include "protocol/property_tags.h"
#include <stdlib.h>
#include <string.h>

#define PROPERTY_SIZE_LIMIT 4096u /* larger ones come by streams */
#define TAGS_PER_REQUEST 64u
#define CODE_PAGE_UNICODE 1200u
#define ATTACHMENTS_PER_REQUEST 2000u

/* One object (message, attachment, embedded message) whose properties go into a list of the message in memory. */
struct reading {
    struct mapihttp_session *session;
    struct message *message;
    struct message_properties *properties;
    uint32_t object;
    struct mapihttp_error *error;
};

/* What mailboxes keep for themselves: not part of a message that could be put somewhere else, but of use to a reader;
 * objects are read by their own ROPs. */
static bool is_table(uint32_t tag)
{
    return tag == PID_TAG_MESSAGE_RECIPIENTS || tag == PID_TAG_MESSAGE_ATTACHMENTS;
}

/* The mailbox's id of a named property becomes the message's own. 0: it has no name there. */
static enum mapihttp_status own_id(struct reading *reading, uint16_t id, uint16_t *ret_id)
{
    struct property_name name;
    *ret_id = id;
    if (id < PROPERTY_ID_NAMED_MIN)
        return MAPIHTTP_OK;
    enum mapihttp_status status = session_property_names(reading->session, &id, 1, &name, reading->error);
    if (status)
        return status;
    *ret_id = name.kind > 1 ? 0 : message_name_id(reading->message, &name);
    return MAPIHTTP_OK;
}

static enum mapihttp_status add_stream(struct reading *reading, uint32_t tag, uint16_t id)
{
    void *data;
    size_t size;
    enum mapihttp_status status = client_stream_read(reading->session, reading->object, tag, &data, &size, reading->error);
    if (status)
        return status;
    struct property_value value = {.tag = PROPERTY_TAG(id, PROPERTY_TYPE(tag)), .bytes = {.data = data, .size = size}};
    if (data && !message_adopt(reading->message, data, size, free))
        return session_no_memory(reading->error);
    return message_set_in(reading->message, reading->properties, value) ? MAPIHTTP_OK : session_no_memory(reading->error);
}

/* Takes one value over; 'tag' is the property's own tag, as RopGetPropertiesList has it. */
static enum mapihttp_status take_value(struct reading *reading, uint32_t tag, const struct property_value *from)
{
    struct property_value value = *from;
    uint16_t id = 0, type = PROPERTY_TYPE(value.tag);
    if (type == PTYP_UNSPECIFIED || type == PTYP_NULL || is_table(tag))
        return MAPIHTTP_OK;
    enum mapihttp_status status = own_id(reading, PROPERTY_ID(tag), &id);
    if (status || !id)
        return status;
    if (type == PTYP_ERROR_CODE) {
        bool large = value.error_code == EC_OUT_OF_MEMORY || value.error_code == EC_TOO_BIG || value.error_code == EC_BUFFER_TOO_SMALL;
        return large && property_is_streamable(tag) && PROPERTY_TYPE(tag) != PTYP_OBJECT ? add_stream(reading, tag, id) : MAPIHTTP_OK;
    }
    struct mapihttp_property copy;
    struct arena *arena = message_arena(reading->message);
    if (property_is_streamable(value.tag) || type == PTYP_SERVER_ID)
        value.bytes = arena_bytes(arena, value.bytes);
    else if (!property_to_public(arena, from, &copy) || !property_from_public(arena, &copy, &value))
        return MAPIHTTP_OK; /* a type that cannot be kept */
    value.tag = PROPERTY_TAG(id, type);
    return message_set_in(reading->message, reading->properties, value) ? MAPIHTTP_OK : session_no_memory(reading->error);
}

/* Some properties by their tags; halves the list when the answer has no room for all. */
static enum mapihttp_status read_some(struct reading *reading, const uint32_t *tags, uint32_t count)
{
    struct rop_batch batch = {0};
    struct rop_get_properties_specific_request get = {.property_size_limit = PROPERTY_SIZE_LIMIT, .want_unicode = 1,
                                                      .property_tag_count = (uint16_t)count, .property_tags = tags};
    uint32_t asked = rop_batch_add(&batch, ROP_ID_GET_PROPERTIES_SPECIFIC, rop_batch_use(&batch, reading->object), 0, &get);
    enum mapihttp_status status = session_execute_expect(reading->session, &batch, asked, "read properties", reading->error);
    const struct rop_get_properties_specific_success *success = status ? NULL : rop_batch_success(&batch, asked);
    if (status == MAPIHTTP_SERVER && reading->error->code == EC_BUFFER_TOO_SMALL && count > 1) {
        rop_batch_clear(&batch);
        status = read_some(reading, tags, count / 2);
        return status ? status : read_some(reading, tags + count / 2, count - count / 2);
    }
    for (uint32_t i = 0; !status && success && i < success->row_data.count && i < count; i++)
        status = take_value(reading, tags[i], &success->row_data.values[i]);
    rop_batch_clear(&batch);
    return status;
}

static void keep_tags(struct arena *arena, const struct rop_get_properties_list_success *list, uint32_t **ret_tags, uint32_t *ret_count)
{
    *ret_tags = arena_copy(arena, list->property_tags, list->property_tag_count * sizeof(uint32_t));
    *ret_count = *ret_tags ? list->property_tag_count : 0;
}

/* The answers to RopGetPropertiesList and RopGetPropertiesAll that stand in a batch; what they could not bring is fetched. */
static enum mapihttp_status take_all(struct reading *reading, const struct rop_batch *batch, uint32_t listed, uint32_t got)
{
    struct arena arena = {0};
    uint32_t *tags = NULL, count = 0;
    const struct rop_get_properties_list_success *list = rop_batch_success(batch, listed);
    const struct rop_get_properties_all_success *all = rop_batch_success(batch, got);
    if (!list)
        return rop_batch_expect(reading->session, batch, listed, "list properties", reading->error);
    keep_tags(&arena, list, &tags, &count);
    enum mapihttp_status status = MAPIHTTP_OK;
    for (uint32_t i = 0; !status && i < count; i++) {
        const struct property_value *value = NULL;
        for (uint32_t j = 0; all && !value && j < all->property_value_count; j++)
            if (PROPERTY_ID(all->property_values[j].tag) == PROPERTY_ID(tags[i]))
                value = &all->property_values[j];
        if (value)
            status = take_value(reading, tags[i], value);
        else if (all)
            continue;
        uint32_t part = count - i < TAGS_PER_REQUEST ? count - i : TAGS_PER_REQUEST;
        if (!all && !status) { /* there was no room for all: bit by bit */
            status = read_some(reading, tags + i, part);
            i += part - 1;
        }
    }
    arena_free(&arena);
    return status;
}

static void add_property_requests(struct rop_batch *batch, uint8_t object, uint32_t *ret_listed, uint32_t *ret_got)
{
    static const struct rop_get_properties_list_request list;
    static const struct rop_get_properties_all_request all = {.property_size_limit = PROPERTY_SIZE_LIMIT, .want_unicode = 1};
    *ret_listed = rop_batch_add(batch, ROP_ID_GET_PROPERTIES_LIST, object, 0, &list);
    *ret_got = rop_batch_add(batch, ROP_ID_GET_PROPERTIES_ALL, object, 0, &all);
}

static enum mapihttp_status read_recipients(struct reading *reading, uint32_t count)
{
    enum mapihttp_status status = MAPIHTTP_OK;
    for (uint32_t next = 0, done = 0; !status && done < count;) {
        struct rop_batch batch = {0};
        struct rop_read_recipients_request read = {.row_id = next};
        uint32_t asked = rop_batch_add(&batch, ROP_ID_READ_RECIPIENTS, rop_batch_use(&batch, reading->object), 0, &read), before = done;
        status = session_execute_expect(reading->session, &batch, asked, "read recipients", reading->error);
        const struct rop_read_recipients_success *success = status ? NULL : rop_batch_success(&batch, asked);
        for (uint32_t i = 0; success && !status && i < success->row_count; i++, done++) {
            next = success->recipient_rows[i].row_id + 1;
            if (!recipient_of_row(reading->message, success->recipient_rows[i].recipient_type, &success->recipient_rows[i].recipient_row))
                status = session_no_memory(reading->error);
        }
        if (status == MAPIHTTP_NOT_FOUND && done) /* the count was too high */
            status = MAPIHTTP_OK, before = done;
        rop_batch_clear(&batch);
        if (done == before)
            break;
    }
    return status;
}

static enum mapihttp_status take_recipients(struct reading *reading, uint32_t count, uint32_t row_count, const struct open_recipient_row *rows)
{
    if (row_count < count)
        return read_recipients(reading, count);
    for (uint32_t i = 0; i < row_count; i++)
        if (!recipient_of_row(reading->message, rows[i].recipient_type, &rows[i].recipient_row))
            return session_no_memory(reading->error);
    return MAPIHTTP_OK;
}

static enum mapihttp_status read_attachments(struct reading *reading, unsigned depth);

static enum mapihttp_status read_embedded(struct reading *outer, struct message *into, unsigned depth)
{
    struct rop_batch batch = {0};
    struct reading reading = {.session = outer->session, .message = into, .properties = &into->properties, .error = outer->error};
    struct rop_open_embedded_message_request open = {.code_page_id = CODE_PAGE_UNICODE, .open_mode_flags = OPEN_MODE_READ_ONLY};
    uint8_t attachment = rop_batch_use(&batch, outer->object), handle = rop_batch_output(&batch);
    uint32_t opened = rop_batch_add(&batch, ROP_ID_OPEN_EMBEDDED_MESSAGE, attachment, handle, &open), listed, got;
    add_property_requests(&batch, handle, &listed, &got);
    enum mapihttp_status status = session_execute_expect(outer->session, &batch, opened, "open an embedded message", outer->error);
    const struct rop_open_embedded_message_success *success = status ? NULL : rop_batch_success(&batch, opened);
    reading.object = rop_batch_handle(&batch, handle);
    if (!status)
        status = take_all(&reading, &batch, listed, got);
    if (!status && success)
        status = take_recipients(&reading, success->recipient_count, success->row_count, success->recipient_rows);
    rop_batch_clear(&batch);
    if (!status)
        status = read_attachments(&reading, depth + 1);
    if (outer->session->context.connected)
        session_release(outer->session, &reading.object, 1);
    return status;
}

static enum mapihttp_status read_attachment(struct reading *outer, uint32_t number, unsigned depth)
{
    struct rop_batch batch = {0};
    struct message_attachment *attachment = message_add_attachment(outer->message);
    uint32_t index = outer->message->attachment_count - 1;
    if (!attachment)
        return session_no_memory(outer->error);
    struct reading reading = {.session = outer->session, .message = outer->message, .properties = &attachment->properties, .error = outer->error};
    struct rop_open_attachment_request open = {.open_attachment_flags = OPEN_MODE_READ_ONLY, .attachment_id = number};
    uint8_t message = rop_batch_use(&batch, outer->object), handle = rop_batch_output(&batch);
    uint32_t opened = rop_batch_add(&batch, ROP_ID_OPEN_ATTACHMENT, message, handle, &open), listed, got;
    add_property_requests(&batch, handle, &listed, &got);
    enum mapihttp_status status = session_execute_expect(outer->session, &batch, opened, "open an attachment", outer->error);
    reading.object = rop_batch_handle(&batch, handle);
    if (!status)
        status = take_all(&reading, &batch, listed, got);
    rop_batch_clear(&batch);
    attachment = &outer->message->attachments[index];
    uint32_t method = message_get_u32(&attachment->properties, PID_TAG_ATTACH_METHOD, 0);
    if (!status && method == 5) {
        struct message *embedded = message_embed(outer->message, attachment);
        status = embedded ? read_embedded(&reading, embedded, depth) : session_no_memory(outer->error);
    }
    if (outer->session->context.connected)
        session_release(outer->session, &reading.object, 1);
    return status;
}

/* The numbers of all attachments (MS-OXCMSG 2.2.3.17): a request for each page, the table opened anew. */
static enum mapihttp_status list_attachments(struct reading *reading, struct arena *arena, uint32_t **ret_numbers, uint32_t *ret_count)
{
    static const uint32_t columns[] = {PID_TAG_ATTACH_NUMBER};
    enum mapihttp_status status = MAPIHTTP_OK;
    uint32_t count = 0, rows = ATTACHMENTS_PER_REQUEST, *numbers = NULL;
    while (!status && rows == ATTACHMENTS_PER_REQUEST) {
        struct rop_batch batch = {0};
        struct rop_get_attachment_table_request table = {.table_flags = 0};
        struct rop_set_columns_request set = {.property_tag_count = 1, .property_tags = columns};
        struct rop_seek_row_request seek = {.origin = BOOKMARK_BEGINNING, .row_count = (int32_t)count};
        struct rop_query_rows_request query = {.forward_read = 1, .row_count = ATTACHMENTS_PER_REQUEST};
        uint8_t message = rop_batch_use(&batch, reading->object), handle = rop_batch_output(&batch);
        uint32_t opened = rop_batch_add(&batch, ROP_ID_GET_ATTACHMENT_TABLE, message, handle, &table);
        rop_batch_add(&batch, ROP_ID_SET_COLUMNS, handle, 0, &set);
        if (count)
            rop_batch_add(&batch, ROP_ID_SEEK_ROW, handle, 0, &seek);
        uint32_t asked = rop_batch_add(&batch, ROP_ID_QUERY_ROWS, handle, 0, &query);
        rop_batch_release(&batch, handle);
        status = session_execute_expect(reading->session, &batch, opened, "attachment table", reading->error);
        if (!status)
            status = rop_batch_expect(reading->session, &batch, asked, "rows of the attachment table", reading->error);
        const struct rop_query_rows_success *success = status ? NULL : rop_batch_success(&batch, asked);
        rows = success ? success->row_count : 0;
        uint32_t *longer = rows ? arena_array(arena, uint32_t, count + rows) : NULL;
        if (rows && !longer)
            status = session_no_memory(reading->error);
        if (longer && count)
            memcpy(longer, numbers, count * sizeof *numbers);
        numbers = longer ? longer : numbers;
        for (uint32_t i = 0; longer && i < rows; i++)
            if (success->row_data[i].count)
                numbers[count++] = (uint32_t)success->row_data[i].values[0].integer32;
        rop_batch_clear(&batch);
    }
    *ret_numbers = numbers;
    *ret_count = count;
    return status;
}

static enum mapihttp_status read_attachments(struct reading *reading, unsigned depth)
{
    struct arena arena = {0};
    uint32_t *numbers, count;
    const struct property_value *has = message_find(reading->properties, PID_TAG_HAS_ATTACHMENTS);
    if (has && !has->boolean)
        return MAPIHTTP_OK;
    if (depth > EMBEDDED_DEPTH_MAX)
        return error_set(reading->error, MAPIHTTP_PROTOCOL, 0, "messages inside each other deeper than %u", EMBEDDED_DEPTH_MAX);
    enum mapihttp_status status = list_attachments(reading, &arena, &numbers, &count);
    for (uint32_t i = 0; !status && i < count; i++)
        status = read_attachment(reading, numbers[i], depth);
    arena_free(&arena);
    return status;
}

struct fetch {
    uint64_t folder_id, message_id;
    struct message *message;
};

static enum mapihttp_status fetch_message(struct mapihttp_session *session, void *data, bool again, struct mapihttp_error *error)
{
    struct fetch *fetch = data;
    message_free(fetch->message); /* of a try that lost its context */
    fetch->message = message_new();
    if (!fetch->message)
        return session_no_memory(error);
    struct rop_batch batch = {0};
    struct reading reading = {.session = session, .message = fetch->message, .properties = &fetch->message->properties, .error = error};
    struct rop_open_message_request open = {.code_page_id = CODE_PAGE_UNICODE, .folder_id = fetch->folder_id,
                                            .open_mode_flags = OPEN_MODE_READ_ONLY, .message_id = fetch->message_id};
    uint8_t logon = rop_batch_use(&batch, session->logon_handle), handle = rop_batch_output(&batch);
    uint32_t opened = rop_batch_add(&batch, ROP_ID_OPEN_MESSAGE, logon, handle, &open), listed, got;
    add_property_requests(&batch, handle, &listed, &got);
    enum mapihttp_status status = session_execute_expect(session, &batch, opened, "open message", error);
    const struct rop_open_message_success *success = status ? NULL : rop_batch_success(&batch, opened);
    reading.object = rop_batch_handle(&batch, handle);
    if (!status)
        status = take_all(&reading, &batch, listed, got);
    if (!status && success)
        status = take_recipients(&reading, success->recipient_count, success->row_count, success->recipient_rows);
    rop_batch_clear(&batch);
    if (!status)
        status = read_attachments(&reading, 0);
    if (session->context.connected)
        session_release(session, &reading.object, 1);
    if (!status && message_failed(fetch->message))
        status = session_no_memory(error);
    return status;
}

enum mapihttp_status mapihttp_message_get(struct mapihttp_session *session, uint64_t folder_id, uint64_t message_id,
                                          struct mapihttp_message **ret_message, struct mapihttp_error *ret_error)
{
    struct fetch fetch = {.folder_id = folder_id, .message_id = message_id};
    enum mapihttp_status status = session_run(session, fetch_message, &fetch, ret_error);
    struct mapihttp_message *message = status ? NULL : client_message_of(fetch.message);
    if (!message) {
        message_free(fetch.message);
        return status ? status : session_no_memory(ret_error);
    }
    *ret_message = message;
    return MAPIHTTP_OK;
}
