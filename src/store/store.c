/* The calls of store.h: each goes to the backend. What needs no backend stands in store_content.c. */
#include "store/backend.h"

void store_close(struct store *store)
{
    store->operations->close(store);
}

enum store_status store_mailbox_create(struct store *store, const struct store_mailbox_info *info,
    struct store_mailbox **ret_mailbox)
{
    return store->operations->mailbox_create(store, info, ret_mailbox);
}

enum store_status store_mailbox_open(struct store *store, struct guid mailbox_guid, struct store_mailbox **ret_mailbox)
{
    return store->operations->mailbox_open(store, mailbox_guid, ret_mailbox);
}

void store_mailbox_release(struct store_mailbox *mailbox)
{
    mailbox->operations->mailbox_release(mailbox);
}

enum store_status store_mailbox_delete(struct store *store, struct guid mailbox_guid)
{
    return store->operations->mailbox_delete(store, mailbox_guid);
}

enum store_status store_mailbox_get_info(struct store_mailbox *mailbox, struct arena *arena,
    struct store_mailbox_info *ret_info)
{
    return mailbox->operations->mailbox_get_info(mailbox, arena, ret_info);
}

enum store_status store_mailbox_check(struct store_mailbox *mailbox, struct arena *arena, const char **ret_report)
{
    return mailbox->operations->mailbox_check(mailbox, arena, ret_report);
}

enum store_status store_begin(struct store_mailbox *mailbox)
{
    return mailbox->operations->begin(mailbox);
}

enum store_status store_commit(struct store_mailbox *mailbox)
{
    return mailbox->operations->commit(mailbox);
}

void store_rollback(struct store_mailbox *mailbox)
{
    mailbox->operations->rollback(mailbox);
}

bool store_in_transaction(struct store_mailbox *mailbox)
{
    return mailbox->operations->in_transaction(mailbox);
}

enum store_status store_savepoint(struct store_mailbox *mailbox, const char *name)
{
    return mailbox->operations->savepoint(mailbox, name);
}

enum store_status store_savepoint_release(struct store_mailbox *mailbox, const char *name)
{
    return mailbox->operations->savepoint_release(mailbox, name);
}

enum store_status store_savepoint_rollback(struct store_mailbox *mailbox, const char *name)
{
    return mailbox->operations->savepoint_rollback(mailbox, name);
}

enum store_status store_meta_get(struct store_mailbox *mailbox, struct arena *arena, const char *name,
    struct bytes *ret_value)
{
    return mailbox->operations->meta_get(mailbox, arena, name, ret_value);
}

enum store_status store_meta_set(struct store_mailbox *mailbox, const char *name, struct bytes value)
{
    return mailbox->operations->meta_set(mailbox, name, value);
}

enum store_status store_allocate_counters(struct store_mailbox *mailbox, uint64_t count, uint64_t *ret_first)
{
    return mailbox->operations->allocate_counters(mailbox, count, ret_first);
}

enum store_status store_replica_list(struct store_mailbox *mailbox, struct arena *arena,
    const struct store_replica **ret_replicas, uint32_t *ret_count)
{
    return mailbox->operations->replica_list(mailbox, arena, ret_replicas, ret_count);
}

enum store_status store_replica_add(struct store_mailbox *mailbox, struct guid guid, uint16_t *ret_replica_id)
{
    return mailbox->operations->replica_add(mailbox, guid, ret_replica_id);
}

enum store_status store_value_create(struct store_mailbox *mailbox, uint64_t *ret_value_id)
{
    return mailbox->operations->value_create(mailbox, ret_value_id);
}

enum store_status store_value_copy(struct store_mailbox *mailbox, uint64_t value_id, uint64_t *ret_value_id)
{
    return mailbox->operations->value_copy(mailbox, value_id, ret_value_id);
}

enum store_status store_value_size(struct store_mailbox *mailbox, uint64_t value_id, uint64_t *ret_size)
{
    return mailbox->operations->value_size(mailbox, value_id, ret_size);
}

enum store_status store_value_read(struct store_mailbox *mailbox, uint64_t value_id, uint64_t offset, size_t size,
    uint8_t *data, size_t *ret_size)
{
    return mailbox->operations->value_read(mailbox, value_id, offset, size, data, ret_size);
}

enum store_status store_value_write(struct store_mailbox *mailbox, uint64_t value_id, uint64_t offset, struct bytes data)
{
    return mailbox->operations->value_write(mailbox, value_id, offset, data);
}

enum store_status store_value_resize(struct store_mailbox *mailbox, uint64_t value_id, uint64_t size)
{
    return mailbox->operations->value_resize(mailbox, value_id, size);
}

enum store_status store_value_discard(struct store_mailbox *mailbox, const uint64_t *value_ids, uint32_t count)
{
    return mailbox->operations->value_discard(mailbox, value_ids, count);
}

enum store_status store_value_sweep(struct store_mailbox *mailbox, uint64_t created_before, uint64_t *ret_swept)
{
    return mailbox->operations->value_sweep(mailbox, created_before, ret_swept);
}

enum store_status store_folder_create(struct store_mailbox *mailbox, const struct store_folder_write *folder)
{
    return mailbox->operations->folder_create(mailbox, folder);
}

enum store_status store_folder_update(struct store_mailbox *mailbox, const struct store_folder_write *folder)
{
    return mailbox->operations->folder_update(mailbox, folder);
}

enum store_status store_folder_get(struct store_mailbox *mailbox, struct arena *arena, const uint64_t *folder_ids,
    uint32_t count, struct store_folder *ret_folders)
{
    return mailbox->operations->folder_get(mailbox, arena, folder_ids, count, ret_folders);
}

enum store_status store_folder_list(struct store_mailbox *mailbox, struct arena *arena, uint64_t parent_id,
    uint32_t flags, const struct store_folder **ret_folders, uint32_t *ret_count)
{
    return mailbox->operations->folder_list(mailbox, arena, parent_id, flags, ret_folders, ret_count);
}

enum store_status store_folder_find(struct store_mailbox *mailbox, uint64_t parent_id, struct bytes name,
    uint64_t *ret_folder_id)
{
    return mailbox->operations->folder_find(mailbox, parent_id, name, ret_folder_id);
}

enum store_status store_folder_delete(struct store_mailbox *mailbox, uint64_t folder_id, enum store_deletion deletion,
    uint64_t change_number, uint64_t time)
{
    return mailbox->operations->folder_delete(mailbox, folder_id, deletion, change_number, time);
}

enum store_status store_message_create(struct store_mailbox *mailbox, const struct store_message_write *message)
{
    return mailbox->operations->message_create(mailbox, message);
}

enum store_status store_message_update(struct store_mailbox *mailbox, const struct store_message_write *message)
{
    return mailbox->operations->message_update(mailbox, message);
}

enum store_status store_message_get(struct store_mailbox *mailbox, struct arena *arena, const uint64_t *message_ids,
    uint32_t count, struct store_message *ret_messages)
{
    return mailbox->operations->message_get(mailbox, arena, message_ids, count, ret_messages);
}

enum store_status store_attachment_list(struct store_mailbox *mailbox, struct arena *arena, uint64_t message_id,
    uint64_t parent_id, const struct store_attachment **ret_attachments, uint32_t *ret_count)
{
    return mailbox->operations->attachment_list(mailbox, arena, message_id, parent_id, ret_attachments, ret_count);
}

enum store_status store_attachment_get_embedded(struct store_mailbox *mailbox, struct arena *arena,
    uint64_t attachment_id, struct bytes *ret_properties)
{
    return mailbox->operations->attachment_get_embedded(mailbox, arena, attachment_id, ret_properties);
}

enum store_status store_message_set_read(struct store_mailbox *mailbox, const uint64_t *message_ids, uint32_t count,
    bool read, uint64_t first_change_number, uint32_t flags_set, uint32_t flags_clear, bool *ret_changed)
{
    return mailbox->operations->message_set_read(mailbox, message_ids, count, read, first_change_number, flags_set,
        flags_clear, ret_changed);
}

enum store_status store_message_set_status(struct store_mailbox *mailbox, uint64_t message_id, uint32_t message_status)
{
    return mailbox->operations->message_set_status(mailbox, message_id, message_status);
}

enum store_status store_message_delete(struct store_mailbox *mailbox, uint64_t folder_id, const uint64_t *message_ids,
    uint32_t count, enum store_deletion deletion, uint64_t change_number, uint64_t time, bool *ret_deleted)
{
    return mailbox->operations->message_delete(mailbox, folder_id, message_ids, count, deletion, change_number, time,
        ret_deleted);
}

enum store_status store_message_move(struct store_mailbox *mailbox, uint64_t source_folder_id, uint64_t target_folder_id,
    uint64_t time, struct store_transfer *transfers, uint32_t count)
{
    return mailbox->operations->message_move(mailbox, source_folder_id, target_folder_id, time, transfers, count);
}

enum store_status store_message_copy(struct store_mailbox *mailbox, uint64_t source_folder_id, uint64_t target_folder_id,
    uint64_t time, struct store_transfer *transfers, uint32_t count)
{
    return mailbox->operations->message_copy(mailbox, source_folder_id, target_folder_id, time, transfers, count);
}

enum store_status store_view_open(struct store_mailbox *mailbox, uint64_t folder_id, enum store_message_kind kind,
    const struct store_sort_column *columns, uint32_t column_count, struct store_view *ret_view)
{
    return mailbox->operations->view_open(mailbox, folder_id, kind, columns, column_count, ret_view);
}

enum store_status store_view_build(struct store_mailbox *mailbox, uint64_t view_id, uint64_t rows_max, bool *ret_complete)
{
    return mailbox->operations->view_build(mailbox, view_id, rows_max, ret_complete);
}

enum store_status store_view_page(struct store_mailbox *mailbox, struct arena *arena,
    const struct store_page_request *request, const struct store_message **ret_rows, uint32_t *ret_count, bool *ret_end)
{
    return mailbox->operations->view_page(mailbox, arena, request, ret_rows, ret_count, ret_end);
}

enum store_status store_view_rank(struct store_mailbox *mailbox, uint64_t view_id, const struct store_position *position,
    uint64_t *ret_rows_before)
{
    return mailbox->operations->view_rank(mailbox, view_id, position, ret_rows_before);
}

enum store_status store_view_move(struct store_mailbox *mailbox, struct arena *arena, uint64_t view_id,
    const struct store_position *from, int64_t rows, struct store_position *ret_position, uint64_t *ret_moved)
{
    return mailbox->operations->view_move(mailbox, arena, view_id, from, rows, ret_position, ret_moved);
}

enum store_status store_view_find(struct store_mailbox *mailbox, struct arena *arena, uint64_t view_id,
    uint64_t message_id, struct bytes *ret_key)
{
    return mailbox->operations->view_find(mailbox, arena, view_id, message_id, ret_key);
}

enum store_status store_named_property_ids(struct store_mailbox *mailbox, const struct property_name *names,
    uint32_t count, bool create, uint16_t *ret_ids)
{
    return mailbox->operations->named_property_ids(mailbox, names, count, create, ret_ids);
}

enum store_status store_named_property_names(struct store_mailbox *mailbox, struct arena *arena, const uint16_t *ids,
    uint32_t count, struct property_name *ret_names)
{
    return mailbox->operations->named_property_names(mailbox, arena, ids, count, ret_names);
}

enum store_status store_named_property_list(struct store_mailbox *mailbox, struct arena *arena, const struct guid *guid,
    const uint16_t **ret_ids, const struct property_name **ret_names, uint32_t *ret_count)
{
    return mailbox->operations->named_property_list(mailbox, arena, guid, ret_ids, ret_names, ret_count);
}

enum store_status store_receive_folder_list(struct store_mailbox *mailbox, struct arena *arena,
    const struct store_receive_folder **ret_rows, uint32_t *ret_count)
{
    return mailbox->operations->receive_folder_list(mailbox, arena, ret_rows, ret_count);
}

enum store_status store_receive_folder_set(struct store_mailbox *mailbox, const char *message_class, uint64_t folder_id,
    uint64_t time)
{
    return mailbox->operations->receive_folder_set(mailbox, message_class, folder_id, time);
}

enum store_status store_deletion_list(struct store_mailbox *mailbox, struct arena *arena, uint64_t folder_id,
    uint64_t after_change_number, uint32_t rows_max, const struct store_deleted_object **ret_rows, uint32_t *ret_count)
{
    return mailbox->operations->deletion_list(mailbox, arena, folder_id, after_change_number, rows_max, ret_rows,
        ret_count);
}

enum store_status store_change_list(struct store_mailbox *mailbox, struct arena *arena, uint64_t folder_id,
    enum store_message_kind kind, bool read_state, uint64_t after_change_number, uint32_t rows_max,
    const struct store_message **ret_rows, uint32_t *ret_count)
{
    return mailbox->operations->change_list(mailbox, arena, folder_id, kind, read_state, after_change_number, rows_max,
        ret_rows, ret_count);
}
