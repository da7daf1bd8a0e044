/* Saving a message, exactly once. All that makes it up is sent first; the server's PidTagSearchKey of the unsaved message is
 * read; RopSaveChangesMessage goes alone in the last request. If its answer is lost with the context, the folder is searched
 * for that key before anything is saved again (docs/client.md). */
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

#define STREAM_FROM_SIZE 8192u   /* values of this size and more go by streams */
#define BATCH_SIZE_MAX 24000u    /* of the bodies in one request: what one payload holds, with room for the rest */
#define CODE_PAGE_UNICODE 1200u

struct writing {
    struct mapihttp_session *session;
    const uint16_t *named_ids;   /* of the message's own names, at the server */
    struct mapihttp_error *error;
};

/* Read-only for clients, or said by other means (MS-OXCMSG R1724, MS-OXCPRPT 2.2.1): not sent. */
static bool is_servers_own(uint32_t tag)
{
    static const uint32_t tags[] = {
        PID_TAG_ACCESS, PID_TAG_ACCESS_LEVEL, PID_TAG_CHANGE_KEY, PID_TAG_OBJECT_TYPE, PID_TAG_RECORD_KEY, PID_TAG_SEARCH_KEY,
        PID_TAG_ENTRY_ID, PID_TAG_PARENT_ENTRY_ID, PID_TAG_MID, PID_TAG_FOLDER_ID, PID_TAG_CHANGE_NUMBER, PID_TAG_SOURCE_KEY,
        PID_TAG_PARENT_SOURCE_KEY, PID_TAG_PREDECESSOR_CHANGE_LIST, PID_TAG_HAS_ATTACHMENTS, PID_TAG_MESSAGE_SIZE,
        PID_TAG_MESSAGE_SIZE_EXTENDED, PID_TAG_DISPLAY_TO, PID_TAG_DISPLAY_CC, PID_TAG_DISPLAY_BCC, PID_TAG_INST_ID,
        PID_TAG_INSTANCE_NUM, PID_TAG_LOCAL_COMMIT_TIME, PID_TAG_HAS_NAMED_PROPERTIES, PID_TAG_MESSAGE_RECIPIENTS,
        PID_TAG_MESSAGE_ATTACHMENTS, PID_TAG_ATTACH_NUMBER, PID_TAG_ATTACH_SIZE, PID_TAG_STORE_ENTRY_ID,
        PID_TAG_STORE_RECORD_KEY, PID_TAG_MAPPING_SIGNATURE, PID_TAG_INSTANCE_KEY, PID_TAG_ROW_TYPE, PID_TAG_DEPTH,
    };
    for (size_t i = 0; i < sizeof tags / sizeof *tags; i++)
        if (PROPERTY_ID(tags[i]) == PROPERTY_ID(tag))
            return true;
    return false;
}

static bool by_stream(const struct property_value *value)
{
    return property_is_streamable(value->tag) && value->bytes.size >= STREAM_FROM_SIZE;
}

/* The value with the server's id in place of the message's own; false where the server has none for the name. */
static bool at_server(const struct writing *writing, const struct property_value *value, struct property_value *ret_value)
{
    uint16_t id = PROPERTY_ID(value->tag);
    if (id >= PROPERTY_ID_NAMED_MIN)
        id = writing->named_ids[id - PROPERTY_ID_NAMED_MIN];
    *ret_value = *value;
    ret_value->tag = PROPERTY_TAG(id, PROPERTY_TYPE(value->tag));
    return id != 0;
}

static void report_problems(struct writing *writing, const struct rop_set_properties_success *success)
{
    for (uint32_t i = 0; success && i < success->property_problem_count; i++) {
        const struct property_problem *problem = &success->property_problems[i];
        const char *name = property_tag_name(problem->property_tag), *code = mapihttp_error_code_name(problem->error_code);
        transport_trace(&writing->session->settings, "the server does not take property 0x%08X %s: 0x%08X %s",
                        problem->property_tag, name ? name : "", problem->error_code, code ? code : "");
    }
}

static enum mapihttp_status set_some(struct writing *writing, uint32_t object, const struct property_value *values, uint32_t count)
{
    struct rop_batch batch = {0};
    struct rop_set_properties_request set = {.property_value_count = (uint16_t)count, .property_values = values};
    uint32_t asked = rop_batch_add(&batch, ROP_ID_SET_PROPERTIES, rop_batch_use(&batch, object), 0, &set);
    enum mapihttp_status status = session_execute_expect(writing->session, &batch, asked, "set properties", writing->error);
    if (!status)
        report_problems(writing, rop_batch_success(&batch, asked));
    rop_batch_clear(&batch);
    return status;
}

/* How many values from 'first' on go into one request; *ret_values are those, ready to be sent. */
static uint32_t gather(const struct writing *writing, const struct message_properties *properties, uint32_t first, size_t room,
                       struct property_value *values, uint32_t *ret_count)
{
    uint32_t i = first, count = 0;
    size_t size = 0;
    for (; i < properties->count && count < UINT16_MAX; i++) {
        const struct property_value *value = &properties->values[i];
        uint16_t type = PROPERTY_TYPE(value->tag);
        if (is_servers_own(value->tag) || by_stream(value) || type == PTYP_ERROR_CODE || type == PTYP_UNSPECIFIED || type == PTYP_NULL)
            continue;
        size_t own = property_wire_size(value);
        if (count && size + own > room)
            break;
        if (at_server(writing, value, &values[count])) {
            size += own;
            count++;
        }
    }
    *ret_count = count;
    return i;
}

/* What did not fit into the opening request, from value number 'first' on, and the large ones by streams. */
static enum mapihttp_status write_rest(struct writing *writing, uint32_t object, const struct message_properties *properties,
                                       uint32_t first, struct property_value *values)
{
    enum mapihttp_status status = MAPIHTTP_OK;
    while (!status && first < properties->count) {
        uint32_t count;
        first = gather(writing, properties, first, BATCH_SIZE_MAX, values, &count);
        if (count)
            status = set_some(writing, object, values, count);
    }
    for (uint32_t i = 0; !status && i < properties->count; i++) {
        struct property_value value;
        if (!is_servers_own(properties->values[i].tag) && by_stream(&properties->values[i]) &&
            at_server(writing, &properties->values[i], &value))
            status = client_stream_write(writing->session, object, value.tag, value.bytes, writing->error);
    }
    return status;
}

/* What shall follow in the same request where nothing is left to be written in others. */
typedef void (*closing_function)(struct rop_batch *batch, uint8_t handle);

static bool has_streams(const struct message_properties *properties)
{
    for (uint32_t i = 0; i < properties->count; i++)
        if (!is_servers_own(properties->values[i].tag) && by_stream(&properties->values[i]))
            return true;
    return false;
}

/* Opens an object by the ROP that stands in the batch and gives it its properties, the first of them in the same request, and
 * where that is all the closing as well; *ret_object is then ROP_HANDLE_NONE. 'closing' may be NULL. */
static enum mapihttp_status create_object(struct writing *writing, struct rop_batch *batch, uint32_t creating, uint8_t handle,
                                          const struct message_properties *properties, closing_function closing, const char *what,
                                          uint32_t *ret_object)
{
    struct property_value *values = arena_array(&batch->arena, struct property_value, properties->count + 1);
    struct arena scratch = {0}; /* the batch's arena goes with the batch */
    struct property_value *later = arena_array(&scratch, struct property_value, properties->count + 1);
    uint32_t count = 0;
    if (!values || !later) {
        arena_free(&scratch);
        return session_no_memory(writing->error);
    }
    uint32_t next = gather(writing, properties, 0, BATCH_SIZE_MAX, values, &count), set = 0;
    struct rop_set_properties_request request = {.property_value_count = (uint16_t)count, .property_values = values};
    if (count)
        set = rop_batch_add(batch, ROP_ID_SET_PROPERTIES, handle, 0, &request);
    bool whole = closing && next == properties->count && !has_streams(properties);
    uint32_t closed = batch->request_count;
    if (whole)
        closing(batch, handle);
    enum mapihttp_status status = session_execute_expect(writing->session, batch, creating, what, writing->error);
    if (!status && count)
        status = rop_batch_expect(writing->session, batch, set, "set properties", writing->error);
    if (!status && count)
        report_problems(writing, rop_batch_success(batch, set));
    if (!status && whole)
        status = rop_batch_expect(writing->session, batch, closed, what, writing->error);
    uint32_t object = rop_batch_handle(batch, handle);
    if (!status && !whole)
        status = write_rest(writing, object, properties, next, later);
    arena_free(&scratch);
    *ret_object = whole ? ROP_HANDLE_NONE : object;
    return status;
}

static enum mapihttp_status write_recipients(struct writing *writing, uint32_t object, const struct message *message)
{
    struct arena arena = {0};
    struct recipient_columns columns;
    enum mapihttp_status status = MAPIHTTP_OK;
    struct modify_recipient_row *rows = arena_array(&arena, struct modify_recipient_row, message->recipient_count + 1);
    if (!rows || !recipient_columns_of(&arena, message, &columns))
        status = session_no_memory(writing->error);
    uint32_t *tags = status ? NULL : arena_array(&arena, uint32_t, columns.count + 1);
    for (uint32_t i = 0; tags && i < columns.count; i++) {
        uint16_t id = PROPERTY_ID(columns.tags[i]);
        tags[i] = PROPERTY_TAG(id >= PROPERTY_ID_NAMED_MIN ? writing->named_ids[id - PROPERTY_ID_NAMED_MIN] : id, PROPERTY_TYPE(columns.tags[i]));
    }
    for (uint32_t first = 0; !status && first < message->recipient_count;) {
        uint32_t count = 0;
        for (size_t size = 0; first + count < message->recipient_count; count++) {
            struct recipient_row *row = arena_new(&arena, struct recipient_row);
            const struct message_recipient *recipient = &message->recipients[first + count];
            if (!row || !tags || !recipient_row_of(&arena, recipient, &columns, writing->named_ids, row)) {
                status = session_no_memory(writing->error);
                break;
            }
            size += recipient_row_size(row);
            if (count && size > BATCH_SIZE_MAX)
                break;
            rows[count] = (struct modify_recipient_row){.row_id = first + count, .recipient_type = recipient->type, .recipient_row = row};
        }
        if (status)
            break;
        struct rop_batch batch = {0};
        struct rop_modify_recipients_request modify = {.column_count = (uint16_t)columns.count, .recipient_columns = tags,
                                                       .row_count = (uint16_t)count, .recipient_rows = rows};
        uint32_t asked = rop_batch_add(&batch, ROP_ID_MODIFY_RECIPIENTS, rop_batch_use(&batch, object), 0, &modify);
        status = session_execute_expect(writing->session, &batch, asked, "set recipients", writing->error);
        rop_batch_clear(&batch);
        first += count;
    }
    arena_free(&arena);
    return status;
}

static enum mapihttp_status write_attachments(struct writing *writing, uint32_t object, const struct message *message, unsigned depth);

/* The message inside an attachment: opened for creation, filled, saved into the attachment. */
static enum mapihttp_status write_embedded(struct writing *writing, uint32_t attachment, const struct message *message, unsigned depth)
{
    struct rop_batch batch = {0}, saving = {0};
    struct rop_open_embedded_message_request open = {.code_page_id = CODE_PAGE_UNICODE, .open_mode_flags = OPEN_MODE_CREATE};
    struct rop_save_changes_message_request save = {.save_flags = SAVE_FLAGS_KEEP_OPEN_READ_WRITE};
    uint32_t object = ROP_HANDLE_NONE;
    if (depth > EMBEDDED_DEPTH_MAX)
        return error_set(writing->error, MAPIHTTP_INVALID_ARGUMENT, 0, "messages inside each other deeper than %u", EMBEDDED_DEPTH_MAX);
    uint8_t input = rop_batch_use(&batch, attachment), output = rop_batch_output(&batch);
    uint32_t asked = rop_batch_add(&batch, ROP_ID_OPEN_EMBEDDED_MESSAGE, input, output, &open);
    enum mapihttp_status status = create_object(writing, &batch, asked, output, &message->properties, NULL, "create an embedded message",
                                                &object);
    rop_batch_clear(&batch);
    if (!status && message->recipient_count)
        status = write_recipients(writing, object, message);
    if (!status)
        status = write_attachments(writing, object, message, depth + 1);
    if (!status) {
        uint8_t handle = rop_batch_use(&saving, object);
        asked = rop_batch_add(&saving, ROP_ID_SAVE_CHANGES_MESSAGE, handle, handle, &save);
        rop_batch_release(&saving, handle);
        status = session_execute_expect(writing->session, &saving, asked, "save an embedded message", writing->error);
    }
    rop_batch_clear(&saving);
    return status;
}

static void save_attachment(struct rop_batch *batch, uint8_t handle)
{
    static const struct rop_save_changes_attachment_request save = {.save_flags = SAVE_FLAGS_KEEP_OPEN_READ_WRITE};
    rop_batch_add(batch, ROP_ID_SAVE_CHANGES_ATTACHMENT, handle, handle, &save);
    rop_batch_release(batch, handle);
}

static enum mapihttp_status write_attachment(struct writing *writing, uint32_t message, const struct message_attachment *attachment, unsigned depth)
{
    static const struct rop_create_attachment_request create;
    struct rop_batch batch = {0}, saving = {0};
    uint32_t object = ROP_HANDLE_NONE;
    uint8_t input = rop_batch_use(&batch, message), output = rop_batch_output(&batch);
    uint32_t asked = rop_batch_add(&batch, ROP_ID_CREATE_ATTACHMENT, input, output, &create);
    enum mapihttp_status status = create_object(writing, &batch, asked, output, &attachment->properties,
                                                attachment->embedded ? NULL : save_attachment, "create an attachment", &object);
    rop_batch_clear(&batch);
    if (!status && attachment->embedded)
        status = write_embedded(writing, object, attachment->embedded, depth);
    if (!status && object != ROP_HANDLE_NONE) {
        asked = saving.request_count;
        save_attachment(&saving, rop_batch_use(&saving, object));
        status = session_execute_expect(writing->session, &saving, asked, "save an attachment", writing->error);
    }
    rop_batch_clear(&saving);
    return status;
}

static enum mapihttp_status write_attachments(struct writing *writing, uint32_t object, const struct message *message, unsigned depth)
{
    enum mapihttp_status status = MAPIHTTP_OK;
    for (uint32_t i = 0; !status && i < message->attachment_count; i++)
        status = write_attachment(writing, object, &message->attachments[i], depth);
    return status;
}

struct put {
    uint64_t folder_id;
    const struct message *message;
    bool save_sent;          /* the message may be there */
    struct property_value key; /* by which it would be found: its search key, or its Internet message id */
    struct arena arena;      /* the key's */
    uint64_t message_id;
};

/* Whether a save whose answer was lost happened. */
static enum mapihttp_status look_up(struct mapihttp_session *session, struct put *put, bool *ret_found, struct mapihttp_error *error)
{
    static const uint32_t columns[] = {PID_TAG_MID};
    struct rop_batch batch = {0};
    struct rop_open_folder_request open = {.folder_id = put->folder_id};
    struct rop_get_contents_table_request table = {.table_flags = TABLE_FLAGS_NO_NOTIFICATIONS};
    struct rop_set_columns_request set = {.property_tag_count = 1, .property_tags = columns};
    struct restriction restriction = {.type = RESTRICTION_TYPE_PROPERTY,
                                      .property = {.relational_operator = RELATIONAL_OPERATOR_EQUAL, .property_tag = put->key.tag, .value = put->key}};
    struct rop_restrict_request restrict_to = {.restriction_data = &restriction};
    struct rop_query_rows_request query = {.forward_read = 1, .row_count = 2};
    uint8_t logon = rop_batch_use(&batch, session->logon_handle), folder = rop_batch_output(&batch), handle = rop_batch_output(&batch);
    uint32_t opened = rop_batch_add(&batch, ROP_ID_OPEN_FOLDER, logon, folder, &open);
    rop_batch_add(&batch, ROP_ID_GET_CONTENTS_TABLE, folder, handle, &table);
    rop_batch_add(&batch, ROP_ID_SET_COLUMNS, handle, 0, &set);
    uint32_t restricted = rop_batch_add(&batch, ROP_ID_RESTRICT, handle, 0, &restrict_to);
    uint32_t asked = rop_batch_add(&batch, ROP_ID_QUERY_ROWS, handle, 0, &query);
    rop_batch_release(&batch, handle);
    rop_batch_release(&batch, folder);
    enum mapihttp_status status = session_execute_expect(session, &batch, opened, "open folder", error);
    if (!status)
        status = rop_batch_expect(session, &batch, restricted, "look for the message", error);
    if (!status)
        status = rop_batch_expect(session, &batch, asked, "look for the message", error);
    const struct rop_query_rows_success *rows = status ? NULL : rop_batch_success(&batch, asked);
    *ret_found = rows && rows->row_count && rows->row_data[0].count;
    if (*ret_found)
        put->message_id = (uint64_t)rows->row_data[0].values[0].integer64;
    rop_batch_clear(&batch);
    transport_trace(&session->settings, "the save whose answer was lost %s", *ret_found ? "had happened" : "had not happened");
    return status;
}

/* Keeps the key of the message that is not saved yet, out of the answer to RopGetPropertiesSpecific. */
static void take_key(struct put *put, const struct rop_batch *batch, uint32_t asked)
{
    const struct rop_get_properties_specific_success *success = rop_batch_success(batch, asked);
    const struct property_value *key = success && success->row_data.count ? &success->row_data.values[0] : NULL;
    arena_free(&put->arena);
    put->arena = (struct arena){0};
    put->key = (struct property_value){0};
    if (key && key->tag == PID_TAG_SEARCH_KEY && key->bytes.size) {
        put->key = (struct property_value){.tag = key->tag, .bytes = arena_bytes(&put->arena, key->bytes)};
    } else {
        const struct property_value *id = message_find(&put->message->properties, PID_TAG_INTERNET_MESSAGE_ID);
        if (id && id->bytes.size)
            put->key = *id;
    }
}

static enum mapihttp_status save(struct mapihttp_session *session, uint32_t object, struct put *put, struct mapihttp_error *error)
{
    struct rop_batch batch = {0};
    struct rop_save_changes_message_request request = {.save_flags = SAVE_FLAGS_KEEP_OPEN_READ_ONLY};
    uint8_t handle = rop_batch_use(&batch, object);
    uint32_t asked = rop_batch_add(&batch, ROP_ID_SAVE_CHANGES_MESSAGE, handle, handle, &request);
    rop_batch_release(&batch, handle);
    put->save_sent = true;
    enum mapihttp_status status = session_execute_expect(session, &batch, asked, "save the message", error);
    const struct rop_save_changes_message_success *success = status ? NULL : rop_batch_success(&batch, asked);
    if (success)
        put->message_id = success->message_id;
    rop_batch_clear(&batch);
    return status;
}

static enum mapihttp_status name_ids(struct mapihttp_session *session, const struct message *message, uint16_t **ret_ids,
                                     struct mapihttp_error *error)
{
    uint32_t count = 0;
    const struct property_name *names = message_names(message, &count);
    uint16_t *ids = calloc(count + 1, sizeof *ids);
    if (!ids)
        return session_no_memory(error);
    enum mapihttp_status status = count ? session_property_ids(session, names, count, true, ids, error) : MAPIHTTP_OK;
    if (status)
        free(ids);
    else
        *ret_ids = ids;
    return status;
}

static enum mapihttp_status put_message(struct mapihttp_session *session, void *data, bool again, struct mapihttp_error *error)
{
    struct put *put = data;
    uint16_t *ids = NULL;
    enum mapihttp_status status = MAPIHTTP_OK;
    if (again && put->save_sent) {
        bool found = false;
        if (!put->key.tag)
            return error_set(error, MAPIHTTP_UNCERTAIN, 0, "the answer to saving the message was lost, and it has no key to look for");
        status = look_up(session, put, &found, error);
        if (status || found)
            return status;
    }
    put->save_sent = false;
    status = name_ids(session, put->message, &ids, error);
    if (status)
        return status;
    struct writing writing = {.session = session, .named_ids = ids, .error = error};
    struct rop_batch batch = {0};
    struct rop_create_message_request create = {.code_page_id = CODE_PAGE_UNICODE, .folder_id = put->folder_id};
    uint8_t logon = rop_batch_use(&batch, session->logon_handle), handle = rop_batch_output(&batch);
    static const uint32_t key_tags[] = {PID_TAG_SEARCH_KEY};
    struct rop_get_properties_specific_request get = {.want_unicode = 1, .property_tag_count = 1, .property_tags = key_tags};
    uint32_t created = rop_batch_add(&batch, ROP_ID_CREATE_MESSAGE, logon, handle, &create), object = ROP_HANDLE_NONE;
    uint32_t asked = rop_batch_add(&batch, ROP_ID_GET_PROPERTIES_SPECIFIC, handle, 0, &get);
    status = create_object(&writing, &batch, created, handle, &put->message->properties, NULL, "create message", &object);
    if (!status)
        take_key(put, &batch, asked);
    rop_batch_clear(&batch);
    if (!status && put->message->recipient_count)
        status = write_recipients(&writing, object, put->message);
    if (!status)
        status = write_attachments(&writing, object, put->message, 0);
    if (!status)
        status = save(session, object, put, error);
    if (status && session->context.connected)
        session_release(session, &object, 1);
    free(ids);
    return status;
}

static bool is_network(enum mapihttp_status status)
{
    return status == MAPIHTTP_NETWORK || status == MAPIHTTP_HTTP || status == MAPIHTTP_TRANSPORT || status == MAPIHTTP_TLS ||
           status == MAPIHTTP_CANCELLED;
}

enum mapihttp_status mapihttp_message_put(struct mapihttp_session *session, uint64_t folder_id, const struct mapihttp_message *message,
                                          uint64_t *ret_message_id, struct mapihttp_error *ret_error)
{
    struct put put = {.folder_id = folder_id, .message = client_message_content((struct mapihttp_message *)message)};
    struct mapihttp_error error = {0};
    if (message_failed(put.message))
        return error_set(ret_error, MAPIHTTP_INVALID_ARGUMENT, 0, "the message is incomplete, for want of memory when it was made");
    enum mapihttp_status status = session_run(session, put_message, &put, &error);
    if (put.save_sent && is_network(status))
        status = error_set(&error, MAPIHTTP_UNCERTAIN, error.code, "the message may or may not have been saved: %s", error.text);
    arena_free(&put.arena);
    if (status) {
        if (ret_error)
            *ret_error = error;
        return status;
    }
    *ret_message_id = put.message_id;
    return MAPIHTTP_OK;
}

struct update {
    uint64_t folder_id, message_id;
    struct message *message; /* a copy of the properties */
};

/* Setting the same values twice is harmless, so a try that lost its context is simply made again. */
static enum mapihttp_status update_message(struct mapihttp_session *session, void *data, bool again, struct mapihttp_error *error)
{
    const struct update *update = data;
    uint16_t *ids = NULL;
    enum mapihttp_status status = name_ids(session, update->message, &ids, error);
    if (status)
        return status;
    struct writing writing = {.session = session, .named_ids = ids, .error = error};
    struct rop_batch batch = {0}, saving = {0};
    struct rop_open_message_request open = {.code_page_id = CODE_PAGE_UNICODE, .folder_id = update->folder_id,
                                            .open_mode_flags = OPEN_MODE_READ_WRITE, .message_id = update->message_id};
    struct rop_save_changes_message_request save_request = {.save_flags = SAVE_FLAGS_FORCE_SAVE};
    uint8_t logon = rop_batch_use(&batch, session->logon_handle), handle = rop_batch_output(&batch);
    uint32_t opened = rop_batch_add(&batch, ROP_ID_OPEN_MESSAGE, logon, handle, &open), object = ROP_HANDLE_NONE;
    status = create_object(&writing, &batch, opened, handle, &update->message->properties, NULL, "open message", &object);
    rop_batch_clear(&batch);
    if (!status) {
        uint8_t saved = rop_batch_use(&saving, object);
        uint32_t asked = rop_batch_add(&saving, ROP_ID_SAVE_CHANGES_MESSAGE, saved, saved, &save_request);
        rop_batch_release(&saving, saved);
        status = session_execute_expect(session, &saving, asked, "save the message", error);
    }
    rop_batch_clear(&saving);
    free(ids);
    return status;
}

enum mapihttp_status mapihttp_message_update(struct mapihttp_session *session, uint64_t folder_id, uint64_t message_id,
                                             const struct mapihttp_properties *properties, struct mapihttp_error *ret_error)
{
    struct mapihttp_message *copy = mapihttp_message_new();
    if (!copy)
        return session_no_memory(ret_error);
    struct mapihttp_properties *target = mapihttp_message_properties(copy);
    enum mapihttp_status status = target ? MAPIHTTP_OK : session_no_memory(ret_error);
    for (size_t i = 0; !status && i < mapihttp_properties_count(properties); i++) {
        const struct mapihttp_property *property = mapihttp_properties_at(properties, i);
        const struct mapihttp_property_name *name = mapihttp_properties_name_at(properties, i);
        if (!property)
            status = session_no_memory(ret_error);
        else if ((status = name ? mapihttp_properties_set_named(target, name, property) : mapihttp_properties_set(target, property)))
            error_set(ret_error, status, 0, "property 0x%08X cannot be sent", property->tag);
    }
    struct update update = {.folder_id = folder_id, .message_id = message_id, .message = client_message_content(copy)};
    if (!status)
        status = session_run(session, update_message, &update, ret_error);
    mapihttp_message_free(copy);
    return status;
}
