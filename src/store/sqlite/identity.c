/* Who the mailbox is and what it hands out: info, meta values, counters, replicas, named properties, receive folders. */
#include <string.h>

#include "base/limits.h"
#include "store/sqlite/internal.h"

static bool column_guid(sqlite3_stmt *prepared, int column, struct guid *ret_guid)
{
    const void *data = sqlite3_column_blob(prepared, column);
    if (!data || sqlite3_column_bytes(prepared, column) != 16)
        return false;
    memcpy(ret_guid->data, data, 16);
    return true;
}

static enum store_status replica_guid(struct sqlite_mailbox *mailbox, uint16_t replica_id, struct guid *ret_guid)
{
    const struct store_replica *replicas;
    uint32_t count;
    struct arena arena = {0};
    enum store_status status = sqlite_replica_list(&mailbox->base, &arena, &replicas, &count);
    if (status == STORE_OK) {
        status = STORE_CORRUPT;
        for (uint32_t i = 0; i < count; i++)
            if (replicas[i].replica_id == replica_id) {
                *ret_guid = replicas[i].guid;
                status = STORE_OK;
            }
    }
    arena_free(&arena);
    return status;
}

enum store_status sqlite_mailbox_get_info(struct store_mailbox *base, struct arena *arena,
    struct store_mailbox_info *ret_info)
{
    struct sqlite_mailbox *mailbox = sqlite_of(base);
    struct store_mailbox_info info = {0};
    enum store_status status = replica_guid(mailbox, STORE_REPLICA_ID_OWN, &info.replica_guid);
    if (status == STORE_OK)
        status = replica_guid(mailbox, STORE_REPLICA_ID_LOGON, &info.logon_replica_guid);
    if (status != STORE_OK)
        return status;
    sqlite3_stmt *prepared = statement(mailbox, STATEMENT_MAILBOX_GET, &status);
    if (!prepared)
        return status;
    bool row = false;
    status = statement_row(mailbox, prepared, &row);
    if (status != STORE_OK || !row)
        return status != STORE_OK ? status : STORE_CORRUPT;
    if (!column_guid(prepared, 0, &info.mailbox_guid))
        status = STORE_CORRUPT;
    else if (!column_bytes(arena, prepared, 1, &info.owner))
        status = STORE_NO_MEMORY;
    info.creation_time = (uint64_t)sqlite3_column_int64(prepared, 2);
    sqlite3_reset(prepared);
    if (status == STORE_OK)
        *ret_info = info;
    return status;
}

enum store_status sqlite_meta_get(struct store_mailbox *base, struct arena *arena, const char *name,
    struct bytes *ret_value)
{
    struct sqlite_mailbox *mailbox = sqlite_of(base);
    enum store_status status;
    sqlite3_stmt *prepared = statement_bound(mailbox, STATEMENT_META_GET, &status, "s", name);
    bool row = false;
    if (!prepared)
        return status;
    status = statement_row(mailbox, prepared, &row);
    if (status != STORE_OK || !row)
        return status != STORE_OK ? status : STORE_NOT_FOUND;
    if (!column_bytes(arena, prepared, 0, ret_value))
        status = STORE_NO_MEMORY;
    sqlite3_reset(prepared);
    return status;
}

enum store_status sqlite_meta_set(struct store_mailbox *base, const char *name, struct bytes value)
{
    struct sqlite_mailbox *mailbox = sqlite_of(base);
    bool own;
    enum store_status status = write_enter(mailbox, &own);
    if (status != STORE_OK)
        return status;
    if (value.data)
        status = statement_execute(mailbox, STATEMENT_META_SET, "sb", name, value);
    else
        status = statement_execute(mailbox, STATEMENT_META_DELETE, "s", name);
    return write_leave(mailbox, own, status);
}

enum store_status sqlite_allocate_counters(struct store_mailbox *base, uint64_t count, uint64_t *ret_first)
{
    struct sqlite_mailbox *mailbox = sqlite_of(base);
    if (count > STORE_COUNTER_MAX || mailbox->next_counter + count > STORE_COUNTER_MAX + 1)
        return STORE_TOO_LARGE;
    *ret_first = mailbox->next_counter;
    mailbox->next_counter += count;
    return STORE_OK;
}

enum store_status sqlite_replica_list(struct store_mailbox *base, struct arena *arena,
    const struct store_replica **ret_replicas, uint32_t *ret_count)
{
    struct sqlite_mailbox *mailbox = sqlite_of(base);
    enum store_status status;
    sqlite3_stmt *prepared = statement(mailbox, STATEMENT_REPLICA_LIST, &status);
    struct buffer rows = {0};
    bool row = prepared != NULL;
    while (status == STORE_OK && row) {
        status = statement_row(mailbox, prepared, &row);
        if (status != STORE_OK || !row)
            break;
        struct store_replica replica = {.replica_id = (uint16_t)sqlite3_column_int(prepared, 0)};
        if (!column_guid(prepared, 1, &replica.guid))
            status = STORE_CORRUPT;
        else if (!buffer_append(&rows, &replica, sizeof(replica)))
            status = STORE_NO_MEMORY;
        if (status != STORE_OK)
            sqlite3_reset(prepared);
    }
    const struct store_replica *copy = status == STORE_OK ? arena_copy(arena, rows.data, rows.size) : NULL;
    if (status == STORE_OK && !copy)
        status = STORE_NO_MEMORY;
    if (status == STORE_OK) {
        *ret_replicas = copy;
        *ret_count = (uint32_t)(rows.size / sizeof(*copy));
    }
    buffer_free(&rows);
    return status;
}

/* The number in the first column of a statement that gives one row, 0 for none. */
static enum store_status one_number(struct sqlite_mailbox *mailbox, sqlite3_stmt *prepared, uint64_t *ret_number)
{
    bool row;
    enum store_status status = statement_row(mailbox, prepared, &row);
    if (status != STORE_OK)
        return status;
    *ret_number = row ? (uint64_t)sqlite3_column_int64(prepared, 0) : 0;
    if (row)
        sqlite3_reset(prepared);
    return STORE_OK;
}

enum store_status sqlite_replica_add(struct store_mailbox *base, struct guid guid, uint16_t *ret_replica_id)
{
    struct sqlite_mailbox *mailbox = sqlite_of(base);
    struct bytes key = {guid.data, sizeof(guid.data)};
    uint64_t replica_id = 0;
    enum store_status status;
    sqlite3_stmt *prepared = statement_bound(mailbox, STATEMENT_REPLICA_FIND, &status, "b", key);
    if (prepared)
        status = one_number(mailbox, prepared, &replica_id);
    if (status != STORE_OK)
        return status;
    if (!replica_id) {
        bool own;
        status = write_enter(mailbox, &own);
        if (status != STORE_OK)
            return status;
        prepared = statement_bound(mailbox, STATEMENT_REPLICA_ADD, &status, "b", key);
        if (prepared)
            status = one_number(mailbox, prepared, &replica_id);
        if (status == STORE_OK && replica_id > STORE_REPLICA_ID_MAX)
            status = STORE_TOO_LARGE;
        status = write_leave(mailbox, own, status);
        if (status != STORE_OK)
            return status;
    }
    *ret_replica_id = (uint16_t)replica_id;
    return STORE_OK;
}

static enum store_status add_name(struct sqlite_mailbox *mailbox, const struct property_name *name, struct bytes guid,
    uint32_t lid, struct bytes text, uint64_t *ret_id)
{
    enum store_status status;
    uint64_t id = 0;
    sqlite3_stmt *prepared = statement(mailbox, STATEMENT_NAMED_NEXT, &status);
    if (prepared)
        status = one_number(mailbox, prepared, &id);
    if (status == STORE_OK && id >= PROPERTY_ID_NAMED_MIN + NAMED_PROPERTIES_MAX)
        status = STORE_TOO_LARGE;
    if (status == STORE_OK)
        status = statement_execute(mailbox, STATEMENT_NAMED_ADD, "ibiib", id, guid, (int64_t)name->kind, (int64_t)lid, text);
    if (status == STORE_OK)
        *ret_id = id;
    return status;
}

static enum store_status name_id(struct sqlite_mailbox *mailbox, const struct property_name *name, bool create,
    uint16_t *ret_id)
{
    struct bytes guid = {name->guid.data, sizeof(name->guid.data)};
    uint32_t lid = name->kind == 0 ? name->lid : 0;
    struct bytes text = name->kind == 0 ? BYTES_NONE : name->name;
    uint64_t id = 0;
    enum store_status status;
    if (name->kind > 1)
        return STORE_INVALID;
    sqlite3_stmt *prepared = statement_bound(mailbox, STATEMENT_NAMED_FIND, &status, "biib", guid, (int64_t)name->kind,
        (int64_t)lid, text);
    if (prepared)
        status = one_number(mailbox, prepared, &id);
    if (status == STORE_OK && !id && create)
        status = add_name(mailbox, name, guid, lid, text, &id);
    if (status == STORE_OK)
        *ret_id = (uint16_t)id;
    return status;
}

enum store_status sqlite_named_property_ids(struct store_mailbox *base, const struct property_name *names, uint32_t count,
    bool create, uint16_t *ret_ids)
{
    struct sqlite_mailbox *mailbox = sqlite_of(base);
    bool own = false;
    enum store_status status = create ? write_enter(mailbox, &own) : STORE_OK;
    if (status != STORE_OK)
        return status;
    struct arena arena = {0};
    uint16_t *ids = arena_array(&arena, uint16_t, count);
    if (!ids)
        status = STORE_NO_MEMORY;
    for (uint32_t i = 0; status == STORE_OK && i < count; i++)
        status = name_id(mailbox, &names[i], create, &ids[i]);
    if (create)
        status = write_leave(mailbox, own, status);
    if (status == STORE_OK)
        memcpy(ret_ids, ids, count * sizeof(*ids));
    arena_free(&arena);
    return status;
}

static enum store_status name_of_row(struct arena *arena, sqlite3_stmt *prepared, struct property_name *ret_name)
{
    struct property_name name = {.kind = (uint8_t)sqlite3_column_int(prepared, 1),
        .lid = (uint32_t)sqlite3_column_int64(prepared, 2)};
    if (!column_guid(prepared, 0, &name.guid))
        return STORE_CORRUPT;
    if (!column_bytes(arena, prepared, 3, &name.name))
        return STORE_NO_MEMORY;
    *ret_name = name;
    return STORE_OK;
}

enum store_status sqlite_named_property_names(struct store_mailbox *base, struct arena *arena, const uint16_t *ids,
    uint32_t count, struct property_name *ret_names)
{
    struct sqlite_mailbox *mailbox = sqlite_of(base);
    enum store_status status = STORE_OK;
    struct property_name *names = arena_array(arena, struct property_name, count);
    if (!names)
        return STORE_NO_MEMORY;
    for (uint32_t i = 0; status == STORE_OK && i < count; i++) {
        bool row = false;
        sqlite3_stmt *prepared = statement_bound(mailbox, STATEMENT_NAMED_GET, &status, "i", (int64_t)ids[i]);
        if (prepared)
            status = statement_row(mailbox, prepared, &row);
        names[i].kind = 0xFF;
        if (row) {
            status = name_of_row(arena, prepared, &names[i]);
            sqlite3_reset(prepared);
        }
    }
    if (status == STORE_OK)
        memcpy(ret_names, names, count * sizeof(*names));
    return status;
}

enum store_status sqlite_named_property_list(struct store_mailbox *base, struct arena *arena, const struct guid *guid,
    const uint16_t **ret_ids, const struct property_name **ret_names, uint32_t *ret_count)
{
    struct sqlite_mailbox *mailbox = sqlite_of(base);
    struct bytes key = guid ? (struct bytes){guid->data, 16} : BYTES_NONE;
    struct buffer ids = {0}, names = {0};
    enum store_status status;
    sqlite3_stmt *prepared = statement_bound(mailbox, STATEMENT_NAMED_LIST, &status, "z", key);
    bool row = prepared != NULL;
    while (status == STORE_OK && row) {
        struct property_name name;
        status = statement_row(mailbox, prepared, &row);
        if (status != STORE_OK || !row)
            break;
        status = name_of_row(arena, prepared, &name);
        if (status == STORE_OK && (!buffer_append_u16(&ids, (uint16_t)sqlite3_column_int(prepared, 4)) ||
                                      !buffer_append(&names, &name, sizeof(name))))
            status = STORE_NO_MEMORY;
        if (status != STORE_OK)
            sqlite3_reset(prepared);
    }
    const uint16_t *id_copy = arena_copy(arena, ids.data, ids.size);
    const struct property_name *name_copy = arena_copy(arena, names.data, names.size);
    if (status == STORE_OK && (!id_copy || !name_copy))
        status = STORE_NO_MEMORY;
    if (status == STORE_OK) {
        *ret_ids = id_copy;
        *ret_names = name_copy;
        *ret_count = (uint32_t)(ids.size / sizeof(*id_copy));
    }
    buffer_free(&ids);
    buffer_free(&names);
    return status;
}

enum store_status sqlite_receive_folder_list(struct store_mailbox *base, struct arena *arena,
    const struct store_receive_folder **ret_rows, uint32_t *ret_count)
{
    struct sqlite_mailbox *mailbox = sqlite_of(base);
    struct buffer rows = {0};
    enum store_status status;
    sqlite3_stmt *prepared = statement(mailbox, STATEMENT_RECEIVE_LIST, &status);
    bool row = prepared != NULL;
    while (status == STORE_OK && row) {
        status = statement_row(mailbox, prepared, &row);
        if (status != STORE_OK || !row)
            break;
        const char *text = (const char *)sqlite3_column_text(prepared, 0);
        struct store_receive_folder folder = {text ? arena_string(arena, text) : NULL,
            (uint64_t)sqlite3_column_int64(prepared, 1), (uint64_t)sqlite3_column_int64(prepared, 2)};
        if (!folder.message_class || !buffer_append(&rows, &folder, sizeof(folder))) {
            status = STORE_NO_MEMORY;
            sqlite3_reset(prepared);
        }
    }
    const struct store_receive_folder *copy = arena_copy(arena, rows.data, rows.size);
    if (status == STORE_OK && !copy)
        status = STORE_NO_MEMORY;
    if (status == STORE_OK) {
        *ret_rows = copy;
        *ret_count = (uint32_t)(rows.size / sizeof(*copy));
    }
    buffer_free(&rows);
    return status;
}

enum store_status sqlite_receive_folder_set(struct store_mailbox *base, const char *message_class, uint64_t folder_id,
    uint64_t time)
{
    struct sqlite_mailbox *mailbox = sqlite_of(base);
    bool own;
    enum store_status status = write_enter(mailbox, &own);
    if (status != STORE_OK)
        return status;
    /* Replacing keeps the old spelling of the key in SQLite only if nothing is deleted first. */
    status = statement_execute(mailbox, STATEMENT_RECEIVE_DELETE, "s", message_class);
    if (status == STORE_OK && folder_id)
        status = statement_execute(mailbox, STATEMENT_RECEIVE_SET, "sii", message_class, folder_id, time);
    return write_leave(mailbox, own, status);
}
