/* Long because it has a wrapper for each of the contract's calls, one like the other. */
#include "store/failing/failing_store.h"

#include <stdlib.h>

#include "store/backend.h"

struct failing_store {
    struct store base;
    struct store *inner;
    uint32_t calls[STORE_CALL_COUNT];
    enum store_call call;
    uint32_t nth, times;
    enum store_status status;
    bool has_failed;
};
struct failing_mailbox {
    struct store_mailbox base;
    struct failing_store *store;
    struct store_mailbox *inner;
};

static struct failing_store *failing(struct store *store) { return (struct failing_store *)store; }
static struct failing_mailbox *failing_mailbox(struct store_mailbox *mailbox) { return (struct failing_mailbox *)mailbox; }

/* Counts the call; what it is to answer with, STORE_OK for the inner store's own answer. */
static enum store_status planned(struct failing_store *store, enum store_call call)
{
    store->calls[STORE_CALL_ANY]++;
    store->calls[call]++;
    if (store->status == STORE_OK || (store->call != STORE_CALL_ANY && store->call != call))
        return STORE_OK;
    uint32_t number = store->calls[store->call];
    if (number < store->nth || number - store->nth >= store->times)
        return STORE_OK;
    store->has_failed = true;
    return store->status;
}

static const struct store_operations failing_operations;

static enum store_status wrap_mailbox(struct failing_store *store, struct store_mailbox *inner,
    struct store_mailbox **ret_mailbox)
{
    struct failing_mailbox *outer = malloc(sizeof(*outer));
    if (!outer) {
        store_mailbox_release(inner);
        return STORE_NO_MEMORY;
    }
    *outer = (struct failing_mailbox){{&failing_operations}, store, inner};
    *ret_mailbox = &outer->base;
    return STORE_OK;
}

static void failing_close(struct store *store)
{
    store_close(failing(store)->inner);
    free(store);
}

static enum store_status failing_mailbox_create(struct store *store, const struct store_mailbox_info *info,
    struct store_mailbox **ret_mailbox)
{
    enum store_status status = planned(failing(store), STORE_CALL_MAILBOX_CREATE);
    struct store_mailbox *inner;
    if (status == STORE_OK)
        status = store_mailbox_create(failing(store)->inner, info, &inner);
    return status != STORE_OK ? status : wrap_mailbox(failing(store), inner, ret_mailbox);
}

static enum store_status failing_mailbox_open(struct store *store, struct guid mailbox_guid,
    struct store_mailbox **ret_mailbox)
{
    enum store_status status = planned(failing(store), STORE_CALL_MAILBOX_OPEN);
    struct store_mailbox *inner;
    if (status == STORE_OK)
        status = store_mailbox_open(failing(store)->inner, mailbox_guid, &inner);
    return status != STORE_OK ? status : wrap_mailbox(failing(store), inner, ret_mailbox);
}

static void failing_mailbox_release(struct store_mailbox *mailbox)
{
    store_mailbox_release(failing_mailbox(mailbox)->inner);
    free(failing_mailbox(mailbox));
}

static enum store_status failing_mailbox_delete(struct store *store, struct guid mailbox_guid)
{
    enum store_status status = planned(failing(store), STORE_CALL_MAILBOX_DELETE);
    if (status != STORE_OK)
        return status;
    return store_mailbox_delete(failing(store)->inner, mailbox_guid);
}

static enum store_status failing_mailbox_get_info(struct store_mailbox *mailbox, struct arena *arena,
    struct store_mailbox_info *ret_info)
{
    enum store_status status = planned(failing_mailbox(mailbox)->store, STORE_CALL_MAILBOX_GET_INFO);
    if (status != STORE_OK)
        return status;
    return store_mailbox_get_info(failing_mailbox(mailbox)->inner, arena, ret_info);
}

static enum store_status failing_mailbox_check(struct store_mailbox *mailbox, struct arena *arena, const char **ret_report)
{
    enum store_status status = planned(failing_mailbox(mailbox)->store, STORE_CALL_MAILBOX_CHECK);
    if (status != STORE_OK)
        return status;
    return store_mailbox_check(failing_mailbox(mailbox)->inner, arena, ret_report);
}

static enum store_status failing_begin(struct store_mailbox *mailbox)
{
    enum store_status status = planned(failing_mailbox(mailbox)->store, STORE_CALL_BEGIN);
    if (status != STORE_OK)
        return status;
    return store_begin(failing_mailbox(mailbox)->inner);
}

static enum store_status failing_commit(struct store_mailbox *mailbox)
{
    enum store_status status = planned(failing_mailbox(mailbox)->store, STORE_CALL_COMMIT);
    if (status != STORE_OK) {
        store_rollback(failing_mailbox(mailbox)->inner);
        return status;
    }
    return store_commit(failing_mailbox(mailbox)->inner);
}

static void failing_rollback(struct store_mailbox *mailbox)
{
    store_rollback(failing_mailbox(mailbox)->inner);
}

static bool failing_in_transaction(struct store_mailbox *mailbox)
{
    return store_in_transaction(failing_mailbox(mailbox)->inner);
}

static enum store_status failing_savepoint(struct store_mailbox *mailbox, const char *name)
{
    enum store_status status = planned(failing_mailbox(mailbox)->store, STORE_CALL_SAVEPOINT);
    if (status != STORE_OK)
        return status;
    return store_savepoint(failing_mailbox(mailbox)->inner, name);
}

static enum store_status failing_savepoint_release(struct store_mailbox *mailbox, const char *name)
{
    enum store_status status = planned(failing_mailbox(mailbox)->store, STORE_CALL_SAVEPOINT_RELEASE);
    if (status != STORE_OK)
        return status;
    return store_savepoint_release(failing_mailbox(mailbox)->inner, name);
}

static enum store_status failing_savepoint_rollback(struct store_mailbox *mailbox, const char *name)
{
    enum store_status status = planned(failing_mailbox(mailbox)->store, STORE_CALL_SAVEPOINT_ROLLBACK);
    if (status != STORE_OK)
        return status;
    return store_savepoint_rollback(failing_mailbox(mailbox)->inner, name);
}

static enum store_status failing_meta_get(struct store_mailbox *mailbox, struct arena *arena, const char *name,
    struct bytes *ret_value)
{
    enum store_status status = planned(failing_mailbox(mailbox)->store, STORE_CALL_META_GET);
    if (status != STORE_OK)
        return status;
    return store_meta_get(failing_mailbox(mailbox)->inner, arena, name, ret_value);
}

static enum store_status failing_meta_set(struct store_mailbox *mailbox, const char *name, struct bytes value)
{
    enum store_status status = planned(failing_mailbox(mailbox)->store, STORE_CALL_META_SET);
    if (status != STORE_OK)
        return status;
    return store_meta_set(failing_mailbox(mailbox)->inner, name, value);
}

static enum store_status failing_allocate_counters(struct store_mailbox *mailbox, uint64_t count, uint64_t *ret_first)
{
    enum store_status status = planned(failing_mailbox(mailbox)->store, STORE_CALL_ALLOCATE_COUNTERS);
    if (status != STORE_OK)
        return status;
    return store_allocate_counters(failing_mailbox(mailbox)->inner, count, ret_first);
}

static enum store_status failing_replica_list(struct store_mailbox *mailbox, struct arena *arena,
    const struct store_replica **ret_replicas, uint32_t *ret_count)
{
    enum store_status status = planned(failing_mailbox(mailbox)->store, STORE_CALL_REPLICA_LIST);
    if (status != STORE_OK)
        return status;
    return store_replica_list(failing_mailbox(mailbox)->inner, arena, ret_replicas, ret_count);
}

static enum store_status failing_replica_add(struct store_mailbox *mailbox, struct guid guid, uint16_t *ret_replica_id)
{
    enum store_status status = planned(failing_mailbox(mailbox)->store, STORE_CALL_REPLICA_ADD);
    if (status != STORE_OK)
        return status;
    return store_replica_add(failing_mailbox(mailbox)->inner, guid, ret_replica_id);
}

static enum store_status failing_value_create(struct store_mailbox *mailbox, uint64_t *ret_value_id)
{
    enum store_status status = planned(failing_mailbox(mailbox)->store, STORE_CALL_VALUE_CREATE);
    if (status != STORE_OK)
        return status;
    return store_value_create(failing_mailbox(mailbox)->inner, ret_value_id);
}

static enum store_status failing_value_copy(struct store_mailbox *mailbox, uint64_t value_id, uint64_t *ret_value_id)
{
    enum store_status status = planned(failing_mailbox(mailbox)->store, STORE_CALL_VALUE_COPY);
    if (status != STORE_OK)
        return status;
    return store_value_copy(failing_mailbox(mailbox)->inner, value_id, ret_value_id);
}

static enum store_status failing_value_size(struct store_mailbox *mailbox, uint64_t value_id, uint64_t *ret_size)
{
    enum store_status status = planned(failing_mailbox(mailbox)->store, STORE_CALL_VALUE_SIZE);
    if (status != STORE_OK)
        return status;
    return store_value_size(failing_mailbox(mailbox)->inner, value_id, ret_size);
}

static enum store_status failing_value_read(struct store_mailbox *mailbox, uint64_t value_id, uint64_t offset,
    size_t size, uint8_t *data, size_t *ret_size)
{
    enum store_status status = planned(failing_mailbox(mailbox)->store, STORE_CALL_VALUE_READ);
    if (status != STORE_OK)
        return status;
    return store_value_read(failing_mailbox(mailbox)->inner, value_id, offset, size, data, ret_size);
}

static enum store_status failing_value_write(struct store_mailbox *mailbox, uint64_t value_id, uint64_t offset,
    struct bytes data)
{
    enum store_status status = planned(failing_mailbox(mailbox)->store, STORE_CALL_VALUE_WRITE);
    if (status != STORE_OK)
        return status;
    return store_value_write(failing_mailbox(mailbox)->inner, value_id, offset, data);
}

static enum store_status failing_value_resize(struct store_mailbox *mailbox, uint64_t value_id, uint64_t size)
{
    enum store_status status = planned(failing_mailbox(mailbox)->store, STORE_CALL_VALUE_RESIZE);
    if (status != STORE_OK)
        return status;
    return store_value_resize(failing_mailbox(mailbox)->inner, value_id, size);
}

static enum store_status failing_value_discard(struct store_mailbox *mailbox, const uint64_t *value_ids, uint32_t count)
{
    enum store_status status = planned(failing_mailbox(mailbox)->store, STORE_CALL_VALUE_DISCARD);
    if (status != STORE_OK)
        return status;
    return store_value_discard(failing_mailbox(mailbox)->inner, value_ids, count);
}

static enum store_status failing_value_sweep(struct store_mailbox *mailbox, uint64_t created_before, uint64_t *ret_swept)
{
    enum store_status status = planned(failing_mailbox(mailbox)->store, STORE_CALL_VALUE_SWEEP);
    if (status != STORE_OK)
        return status;
    return store_value_sweep(failing_mailbox(mailbox)->inner, created_before, ret_swept);
}

static enum store_status failing_folder_create(struct store_mailbox *mailbox, const struct store_folder_write *folder)
{
    enum store_status status = planned(failing_mailbox(mailbox)->store, STORE_CALL_FOLDER_CREATE);
    if (status != STORE_OK)
        return status;
    return store_folder_create(failing_mailbox(mailbox)->inner, folder);
}

static enum store_status failing_folder_update(struct store_mailbox *mailbox, const struct store_folder_write *folder)
{
    enum store_status status = planned(failing_mailbox(mailbox)->store, STORE_CALL_FOLDER_UPDATE);
    if (status != STORE_OK)
        return status;
    return store_folder_update(failing_mailbox(mailbox)->inner, folder);
}

static enum store_status failing_folder_get(struct store_mailbox *mailbox, struct arena *arena,
    const uint64_t *folder_ids, uint32_t count, struct store_folder *ret_folders)
{
    enum store_status status = planned(failing_mailbox(mailbox)->store, STORE_CALL_FOLDER_GET);
    if (status != STORE_OK)
        return status;
    return store_folder_get(failing_mailbox(mailbox)->inner, arena, folder_ids, count, ret_folders);
}

static enum store_status failing_folder_list(struct store_mailbox *mailbox, struct arena *arena, uint64_t parent_id,
    uint32_t flags, const struct store_folder **ret_folders, uint32_t *ret_count)
{
    enum store_status status = planned(failing_mailbox(mailbox)->store, STORE_CALL_FOLDER_LIST);
    if (status != STORE_OK)
        return status;
    return store_folder_list(failing_mailbox(mailbox)->inner, arena, parent_id, flags, ret_folders, ret_count);
}

static enum store_status failing_folder_find(struct store_mailbox *mailbox, uint64_t parent_id, struct bytes name,
    uint64_t *ret_folder_id)
{
    enum store_status status = planned(failing_mailbox(mailbox)->store, STORE_CALL_FOLDER_FIND);
    if (status != STORE_OK)
        return status;
    return store_folder_find(failing_mailbox(mailbox)->inner, parent_id, name, ret_folder_id);
}

static enum store_status failing_folder_delete(struct store_mailbox *mailbox, uint64_t folder_id,
    enum store_deletion deletion, uint64_t change_number, uint64_t time)
{
    enum store_status status = planned(failing_mailbox(mailbox)->store, STORE_CALL_FOLDER_DELETE);
    if (status != STORE_OK)
        return status;
    return store_folder_delete(failing_mailbox(mailbox)->inner, folder_id, deletion, change_number, time);
}

static enum store_status failing_message_create(struct store_mailbox *mailbox, const struct store_message_write *message)
{
    enum store_status status = planned(failing_mailbox(mailbox)->store, STORE_CALL_MESSAGE_CREATE);
    if (status != STORE_OK)
        return status;
    return store_message_create(failing_mailbox(mailbox)->inner, message);
}

static enum store_status failing_message_update(struct store_mailbox *mailbox, const struct store_message_write *message)
{
    enum store_status status = planned(failing_mailbox(mailbox)->store, STORE_CALL_MESSAGE_UPDATE);
    if (status != STORE_OK)
        return status;
    return store_message_update(failing_mailbox(mailbox)->inner, message);
}

static enum store_status failing_message_get(struct store_mailbox *mailbox, struct arena *arena,
    const uint64_t *message_ids, uint32_t count, struct store_message *ret_messages)
{
    enum store_status status = planned(failing_mailbox(mailbox)->store, STORE_CALL_MESSAGE_GET);
    if (status != STORE_OK)
        return status;
    return store_message_get(failing_mailbox(mailbox)->inner, arena, message_ids, count, ret_messages);
}

static enum store_status failing_attachment_list(struct store_mailbox *mailbox, struct arena *arena, uint64_t message_id,
    uint64_t parent_id, const struct store_attachment **ret_attachments, uint32_t *ret_count)
{
    enum store_status status = planned(failing_mailbox(mailbox)->store, STORE_CALL_ATTACHMENT_LIST);
    if (status != STORE_OK)
        return status;
    return store_attachment_list(failing_mailbox(mailbox)->inner, arena, message_id, parent_id, ret_attachments, ret_count);
}

static enum store_status failing_attachment_get_embedded(struct store_mailbox *mailbox, struct arena *arena,
    uint64_t attachment_id, struct bytes *ret_properties)
{
    enum store_status status = planned(failing_mailbox(mailbox)->store, STORE_CALL_ATTACHMENT_GET_EMBEDDED);
    if (status != STORE_OK)
        return status;
    return store_attachment_get_embedded(failing_mailbox(mailbox)->inner, arena, attachment_id, ret_properties);
}

static enum store_status failing_message_set_read(struct store_mailbox *mailbox, const uint64_t *message_ids,
    uint32_t count, bool read, uint64_t first_change_number, uint32_t flags_set, uint32_t flags_clear, bool *ret_changed)
{
    enum store_status status = planned(failing_mailbox(mailbox)->store, STORE_CALL_MESSAGE_SET_READ);
    if (status != STORE_OK)
        return status;
    return store_message_set_read(failing_mailbox(mailbox)->inner, message_ids, count, read, first_change_number,
        flags_set, flags_clear, ret_changed);
}

static enum store_status failing_message_set_status(struct store_mailbox *mailbox, uint64_t message_id,
    uint32_t message_status)
{
    enum store_status status = planned(failing_mailbox(mailbox)->store, STORE_CALL_MESSAGE_SET_STATUS);
    if (status != STORE_OK)
        return status;
    return store_message_set_status(failing_mailbox(mailbox)->inner, message_id, message_status);
}

static enum store_status failing_message_delete(struct store_mailbox *mailbox, uint64_t folder_id,
    const uint64_t *message_ids, uint32_t count, enum store_deletion deletion, uint64_t change_number, uint64_t time,
    bool *ret_deleted)
{
    enum store_status status = planned(failing_mailbox(mailbox)->store, STORE_CALL_MESSAGE_DELETE);
    if (status != STORE_OK)
        return status;
    return store_message_delete(failing_mailbox(mailbox)->inner, folder_id, message_ids, count, deletion, change_number,
        time, ret_deleted);
}

static enum store_status failing_message_move(struct store_mailbox *mailbox, uint64_t source_folder_id,
    uint64_t target_folder_id, uint64_t time, struct store_transfer *transfers, uint32_t count)
{
    enum store_status status = planned(failing_mailbox(mailbox)->store, STORE_CALL_MESSAGE_MOVE);
    if (status != STORE_OK)
        return status;
    return store_message_move(failing_mailbox(mailbox)->inner, source_folder_id, target_folder_id, time, transfers, count);
}

static enum store_status failing_message_copy(struct store_mailbox *mailbox, uint64_t source_folder_id,
    uint64_t target_folder_id, uint64_t time, struct store_transfer *transfers, uint32_t count)
{
    enum store_status status = planned(failing_mailbox(mailbox)->store, STORE_CALL_MESSAGE_COPY);
    if (status != STORE_OK)
        return status;
    return store_message_copy(failing_mailbox(mailbox)->inner, source_folder_id, target_folder_id, time, transfers, count);
}

static enum store_status failing_view_open(struct store_mailbox *mailbox, uint64_t folder_id,
    enum store_message_kind kind, const struct store_sort_column *columns, uint32_t column_count,
    struct store_view *ret_view)
{
    enum store_status status = planned(failing_mailbox(mailbox)->store, STORE_CALL_VIEW_OPEN);
    if (status != STORE_OK)
        return status;
    return store_view_open(failing_mailbox(mailbox)->inner, folder_id, kind, columns, column_count, ret_view);
}

static enum store_status failing_view_build(struct store_mailbox *mailbox, uint64_t view_id, uint64_t rows_max,
    bool *ret_complete)
{
    enum store_status status = planned(failing_mailbox(mailbox)->store, STORE_CALL_VIEW_BUILD);
    if (status != STORE_OK)
        return status;
    return store_view_build(failing_mailbox(mailbox)->inner, view_id, rows_max, ret_complete);
}

static enum store_status failing_view_page(struct store_mailbox *mailbox, struct arena *arena,
    const struct store_page_request *request, const struct store_message **ret_rows, uint32_t *ret_count, bool *ret_end)
{
    enum store_status status = planned(failing_mailbox(mailbox)->store, STORE_CALL_VIEW_PAGE);
    if (status != STORE_OK)
        return status;
    return store_view_page(failing_mailbox(mailbox)->inner, arena, request, ret_rows, ret_count, ret_end);
}

static enum store_status failing_view_rank(struct store_mailbox *mailbox, uint64_t view_id,
    const struct store_position *position, uint64_t *ret_rows_before)
{
    enum store_status status = planned(failing_mailbox(mailbox)->store, STORE_CALL_VIEW_RANK);
    if (status != STORE_OK)
        return status;
    return store_view_rank(failing_mailbox(mailbox)->inner, view_id, position, ret_rows_before);
}

static enum store_status failing_view_move(struct store_mailbox *mailbox, struct arena *arena, uint64_t view_id,
    const struct store_position *from, int64_t rows, struct store_position *ret_position, uint64_t *ret_moved)
{
    enum store_status status = planned(failing_mailbox(mailbox)->store, STORE_CALL_VIEW_MOVE);
    if (status != STORE_OK)
        return status;
    return store_view_move(failing_mailbox(mailbox)->inner, arena, view_id, from, rows, ret_position, ret_moved);
}

static enum store_status failing_view_find(struct store_mailbox *mailbox, struct arena *arena, uint64_t view_id,
    uint64_t message_id, struct bytes *ret_key)
{
    enum store_status status = planned(failing_mailbox(mailbox)->store, STORE_CALL_VIEW_FIND);
    if (status != STORE_OK)
        return status;
    return store_view_find(failing_mailbox(mailbox)->inner, arena, view_id, message_id, ret_key);
}

static enum store_status failing_named_property_ids(struct store_mailbox *mailbox, const struct property_name *names,
    uint32_t count, bool create, uint16_t *ret_ids)
{
    enum store_status status = planned(failing_mailbox(mailbox)->store, STORE_CALL_NAMED_PROPERTY_IDS);
    if (status != STORE_OK)
        return status;
    return store_named_property_ids(failing_mailbox(mailbox)->inner, names, count, create, ret_ids);
}

static enum store_status failing_named_property_names(struct store_mailbox *mailbox, struct arena *arena,
    const uint16_t *ids, uint32_t count, struct property_name *ret_names)
{
    enum store_status status = planned(failing_mailbox(mailbox)->store, STORE_CALL_NAMED_PROPERTY_NAMES);
    if (status != STORE_OK)
        return status;
    return store_named_property_names(failing_mailbox(mailbox)->inner, arena, ids, count, ret_names);
}

static enum store_status failing_named_property_list(struct store_mailbox *mailbox, struct arena *arena,
    const struct guid *guid, const uint16_t **ret_ids, const struct property_name **ret_names, uint32_t *ret_count)
{
    enum store_status status = planned(failing_mailbox(mailbox)->store, STORE_CALL_NAMED_PROPERTY_LIST);
    if (status != STORE_OK)
        return status;
    return store_named_property_list(failing_mailbox(mailbox)->inner, arena, guid, ret_ids, ret_names, ret_count);
}

static enum store_status failing_receive_folder_list(struct store_mailbox *mailbox, struct arena *arena,
    const struct store_receive_folder **ret_rows, uint32_t *ret_count)
{
    enum store_status status = planned(failing_mailbox(mailbox)->store, STORE_CALL_RECEIVE_FOLDER_LIST);
    if (status != STORE_OK)
        return status;
    return store_receive_folder_list(failing_mailbox(mailbox)->inner, arena, ret_rows, ret_count);
}

static enum store_status failing_receive_folder_set(struct store_mailbox *mailbox, const char *message_class,
    uint64_t folder_id, uint64_t time)
{
    enum store_status status = planned(failing_mailbox(mailbox)->store, STORE_CALL_RECEIVE_FOLDER_SET);
    if (status != STORE_OK)
        return status;
    return store_receive_folder_set(failing_mailbox(mailbox)->inner, message_class, folder_id, time);
}

static enum store_status failing_deletion_list(struct store_mailbox *mailbox, struct arena *arena, uint64_t folder_id,
    uint64_t after_change_number, uint32_t rows_max, const struct store_deleted_object **ret_rows, uint32_t *ret_count)
{
    enum store_status status = planned(failing_mailbox(mailbox)->store, STORE_CALL_DELETION_LIST);
    if (status != STORE_OK)
        return status;
    return store_deletion_list(failing_mailbox(mailbox)->inner, arena, folder_id, after_change_number, rows_max,
        ret_rows, ret_count);
}

static enum store_status failing_change_list(struct store_mailbox *mailbox, struct arena *arena, uint64_t folder_id,
    enum store_message_kind kind, bool read_state, uint64_t after_change_number, uint32_t rows_max,
    const struct store_message **ret_rows, uint32_t *ret_count)
{
    enum store_status status = planned(failing_mailbox(mailbox)->store, STORE_CALL_CHANGE_LIST);
    if (status != STORE_OK)
        return status;
    return store_change_list(failing_mailbox(mailbox)->inner, arena, folder_id, kind, read_state, after_change_number,
        rows_max, ret_rows, ret_count);
}

static const struct store_operations failing_operations = {
    .close = failing_close,
    .mailbox_create = failing_mailbox_create,
    .mailbox_open = failing_mailbox_open,
    .mailbox_release = failing_mailbox_release,
    .mailbox_delete = failing_mailbox_delete,
    .mailbox_get_info = failing_mailbox_get_info,
    .mailbox_check = failing_mailbox_check,
    .begin = failing_begin,
    .commit = failing_commit,
    .rollback = failing_rollback,
    .in_transaction = failing_in_transaction,
    .savepoint = failing_savepoint,
    .savepoint_release = failing_savepoint_release,
    .savepoint_rollback = failing_savepoint_rollback,
    .meta_get = failing_meta_get,
    .meta_set = failing_meta_set,
    .allocate_counters = failing_allocate_counters,
    .replica_list = failing_replica_list,
    .replica_add = failing_replica_add,
    .value_create = failing_value_create,
    .value_copy = failing_value_copy,
    .value_size = failing_value_size,
    .value_read = failing_value_read,
    .value_write = failing_value_write,
    .value_resize = failing_value_resize,
    .value_discard = failing_value_discard,
    .value_sweep = failing_value_sweep,
    .folder_create = failing_folder_create,
    .folder_update = failing_folder_update,
    .folder_get = failing_folder_get,
    .folder_list = failing_folder_list,
    .folder_find = failing_folder_find,
    .folder_delete = failing_folder_delete,
    .message_create = failing_message_create,
    .message_update = failing_message_update,
    .message_get = failing_message_get,
    .attachment_list = failing_attachment_list,
    .attachment_get_embedded = failing_attachment_get_embedded,
    .message_set_read = failing_message_set_read,
    .message_set_status = failing_message_set_status,
    .message_delete = failing_message_delete,
    .message_move = failing_message_move,
    .message_copy = failing_message_copy,
    .view_open = failing_view_open,
    .view_build = failing_view_build,
    .view_page = failing_view_page,
    .view_rank = failing_view_rank,
    .view_move = failing_view_move,
    .view_find = failing_view_find,
    .named_property_ids = failing_named_property_ids,
    .named_property_names = failing_named_property_names,
    .named_property_list = failing_named_property_list,
    .receive_folder_list = failing_receive_folder_list,
    .receive_folder_set = failing_receive_folder_set,
    .deletion_list = failing_deletion_list,
    .change_list = failing_change_list,
};

struct store *store_failing_wrap(struct store *inner)
{
    struct failing_store *store = calloc(1, sizeof(*store));
    if (!store)
        return NULL;
    store->base.operations = &failing_operations;
    store->inner = inner;
    return &store->base;
}

void store_failing_plan(struct store *store, enum store_call call, uint32_t nth, uint32_t times, enum store_status status)
{
    struct failing_store *plan = failing(store);
    for (int i = 0; i < STORE_CALL_COUNT; i++)
        plan->calls[i] = 0;
    plan->call = call;
    plan->nth = nth;
    plan->times = times;
    plan->status = status;
    plan->has_failed = false;
}

uint32_t store_failing_calls(const struct store *store, enum store_call call)
{
    return ((const struct failing_store *)store)->calls[call];
}

bool store_failing_has_failed(const struct store *store) { return ((const struct failing_store *)store)->has_failed; }
