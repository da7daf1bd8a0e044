/* What a backend of the store supplies: one function for each of store.h's calls, with the same contract. A backend's store
 * and mailbox structures begin with the two below. */
#pragma once
#include "store/store.h"

struct store_operations {
    void (*close)(struct store *store);
    enum store_status (*mailbox_create)(struct store *store, const struct store_mailbox_info *info,
        struct store_mailbox **ret_mailbox);
    enum store_status (*mailbox_open)(struct store *store, struct guid mailbox_guid, struct store_mailbox **ret_mailbox);
    void (*mailbox_release)(struct store_mailbox *mailbox);
    enum store_status (*mailbox_delete)(struct store *store, struct guid mailbox_guid);
    enum store_status (*mailbox_get_info)(struct store_mailbox *mailbox, struct arena *arena,
        struct store_mailbox_info *ret_info);
    enum store_status (*mailbox_check)(struct store_mailbox *mailbox, struct arena *arena, const char **ret_report);
    enum store_status (*begin)(struct store_mailbox *mailbox);
    enum store_status (*commit)(struct store_mailbox *mailbox);
    void (*rollback)(struct store_mailbox *mailbox);
    bool (*in_transaction)(struct store_mailbox *mailbox);
    enum store_status (*savepoint)(struct store_mailbox *mailbox, const char *name);
    enum store_status (*savepoint_release)(struct store_mailbox *mailbox, const char *name);
    enum store_status (*savepoint_rollback)(struct store_mailbox *mailbox, const char *name);
    enum store_status (*meta_get)(struct store_mailbox *mailbox, struct arena *arena, const char *name,
        struct bytes *ret_value);
    enum store_status (*meta_set)(struct store_mailbox *mailbox, const char *name, struct bytes value);
    enum store_status (*allocate_counters)(struct store_mailbox *mailbox, uint64_t count, uint64_t *ret_first);
    enum store_status (*replica_list)(struct store_mailbox *mailbox, struct arena *arena,
        const struct store_replica **ret_replicas, uint32_t *ret_count);
    enum store_status (*replica_add)(struct store_mailbox *mailbox, struct guid guid, uint16_t *ret_replica_id);
    enum store_status (*value_create)(struct store_mailbox *mailbox, uint64_t *ret_value_id);
    enum store_status (*value_copy)(struct store_mailbox *mailbox, uint64_t value_id, uint64_t *ret_value_id);
    enum store_status (*value_size)(struct store_mailbox *mailbox, uint64_t value_id, uint64_t *ret_size);
    enum store_status (*value_read)(struct store_mailbox *mailbox, uint64_t value_id, uint64_t offset, size_t size,
        uint8_t *data, size_t *ret_size);
    enum store_status (*value_write)(struct store_mailbox *mailbox, uint64_t value_id, uint64_t offset, struct bytes data);
    enum store_status (*value_resize)(struct store_mailbox *mailbox, uint64_t value_id, uint64_t size);
    enum store_status (*value_discard)(struct store_mailbox *mailbox, const uint64_t *value_ids, uint32_t count);
    enum store_status (*value_sweep)(struct store_mailbox *mailbox, uint64_t created_before, uint64_t *ret_swept);
    enum store_status (*folder_create)(struct store_mailbox *mailbox, const struct store_folder_write *folder);
    enum store_status (*folder_update)(struct store_mailbox *mailbox, const struct store_folder_write *folder);
    enum store_status (*folder_get)(struct store_mailbox *mailbox, struct arena *arena, const uint64_t *folder_ids,
        uint32_t count, struct store_folder *ret_folders);
    enum store_status (*folder_list)(struct store_mailbox *mailbox, struct arena *arena, uint64_t parent_id,
        uint32_t flags, const struct store_folder **ret_folders, uint32_t *ret_count);
    enum store_status (*folder_find)(struct store_mailbox *mailbox, uint64_t parent_id, struct bytes name,
        uint64_t *ret_folder_id);
    enum store_status (*folder_delete)(struct store_mailbox *mailbox, uint64_t folder_id, enum store_deletion deletion,
        uint64_t change_number, uint64_t time);
    enum store_status (*message_create)(struct store_mailbox *mailbox, const struct store_message_write *message);
    enum store_status (*message_update)(struct store_mailbox *mailbox, const struct store_message_write *message);
    enum store_status (*message_get)(struct store_mailbox *mailbox, struct arena *arena, const uint64_t *message_ids,
        uint32_t count, struct store_message *ret_messages);
    enum store_status (*attachment_list)(struct store_mailbox *mailbox, struct arena *arena, uint64_t message_id,
        uint64_t parent_id, const struct store_attachment **ret_attachments, uint32_t *ret_count);
    enum store_status (*attachment_get_embedded)(struct store_mailbox *mailbox, struct arena *arena,
        uint64_t attachment_id, struct bytes *ret_properties);
    enum store_status (*message_set_read)(struct store_mailbox *mailbox, const uint64_t *message_ids, uint32_t count,
        bool read, uint64_t first_change_number, uint32_t flags_set, uint32_t flags_clear, bool *ret_changed);
    enum store_status (*message_set_status)(struct store_mailbox *mailbox, uint64_t message_id, uint32_t message_status);
    enum store_status (*message_delete)(struct store_mailbox *mailbox, uint64_t folder_id, const uint64_t *message_ids,
        uint32_t count, enum store_deletion deletion, uint64_t change_number, uint64_t time, bool *ret_deleted);
    enum store_status (*message_move)(struct store_mailbox *mailbox, uint64_t source_folder_id,
        uint64_t target_folder_id, uint64_t time, struct store_transfer *transfers, uint32_t count);
    enum store_status (*message_copy)(struct store_mailbox *mailbox, uint64_t source_folder_id,
        uint64_t target_folder_id, uint64_t time, struct store_transfer *transfers, uint32_t count);
    enum store_status (*view_open)(struct store_mailbox *mailbox, uint64_t folder_id, enum store_message_kind kind,
        const struct store_sort_column *columns, uint32_t column_count, struct store_view *ret_view);
    enum store_status (*view_build)(struct store_mailbox *mailbox, uint64_t view_id, uint64_t rows_max, bool *ret_complete);
    enum store_status (*view_page)(struct store_mailbox *mailbox, struct arena *arena,
        const struct store_page_request *request, const struct store_message **ret_rows, uint32_t *ret_count,
        bool *ret_end);
    enum store_status (*view_rank)(struct store_mailbox *mailbox, uint64_t view_id,
        const struct store_position *position, uint64_t *ret_rows_before);
    enum store_status (*view_move)(struct store_mailbox *mailbox, struct arena *arena, uint64_t view_id,
        const struct store_position *from, int64_t rows, struct store_position *ret_position, uint64_t *ret_moved);
    enum store_status (*view_find)(struct store_mailbox *mailbox, struct arena *arena, uint64_t view_id,
        uint64_t message_id, struct bytes *ret_key);
    enum store_status (*named_property_ids)(struct store_mailbox *mailbox, const struct property_name *names,
        uint32_t count, bool create, uint16_t *ret_ids);
    enum store_status (*named_property_names)(struct store_mailbox *mailbox, struct arena *arena, const uint16_t *ids,
        uint32_t count, struct property_name *ret_names);
    enum store_status (*named_property_list)(struct store_mailbox *mailbox, struct arena *arena, const struct guid *guid,
        const uint16_t **ret_ids, const struct property_name **ret_names, uint32_t *ret_count);
    enum store_status (*receive_folder_list)(struct store_mailbox *mailbox, struct arena *arena,
        const struct store_receive_folder **ret_rows, uint32_t *ret_count);
    enum store_status (*receive_folder_set)(struct store_mailbox *mailbox, const char *message_class, uint64_t folder_id,
        uint64_t time);
    enum store_status (*deletion_list)(struct store_mailbox *mailbox, struct arena *arena, uint64_t folder_id,
        uint64_t after_change_number, uint32_t rows_max, const struct store_deleted_object **ret_rows, uint32_t *ret_count);
    enum store_status (*change_list)(struct store_mailbox *mailbox, struct arena *arena, uint64_t folder_id,
        enum store_message_kind kind, bool read_state, uint64_t after_change_number, uint32_t rows_max,
        const struct store_message **ret_rows, uint32_t *ret_count);
};

struct store {
    const struct store_operations *operations;
};
struct store_mailbox {
    const struct store_operations *operations;
};
