/* Folders: rows, the tree, and the counts that every change of messages brings along. */
#include <string.h>

#include "base/limits.h"
#include "store/packed_properties.h"
#include "store/sqlite/internal.h"

#define ID_DISPLAY_NAME 0x3001u

static enum store_status folder_of_row(struct arena *arena, sqlite3_stmt *prepared, struct store_folder *ret_folder)
{
    uint64_t number[FOLDER_COLUMN_COUNT];
    for (int i = 0; i < FOLDER_COLUMN_COUNT - 2; i++)
        number[i] = (uint64_t)sqlite3_column_int64(prepared, i);
    struct store_folder folder = {
        .folder_id = number[0],
        .parent_id = number[1],
        .type = (enum store_folder_type)number[2],
        .change_number = number[3],
        .creation_time = number[4],
        .last_modification_time = number[5],
        .deleted_time = number[6],
        .counts =
            {
                .content = (uint32_t)number[7],
                .unread = (uint32_t)number[8],
                .associated = (uint32_t)number[9],
                .deleted_content = (uint32_t)number[10],
                .deleted_associated = (uint32_t)number[11],
                .deleted_total = (uint32_t)number[12],
                .size = number[13],
                .associated_size = number[14],
                .deleted_size = number[15],
                .local_commit_time_max = number[16],
                .hierarchy_change_number = number[17],
                .child_folders = (uint32_t)number[18],
            },
    };
    struct bytes origin;
    if (!column_bytes(arena, prepared, 19, &origin) || !column_bytes(arena, prepared, 20, &folder.properties))
        return STORE_NO_MEMORY;
    if (!origin_unpack(origin, &folder.origin))
        return STORE_CORRUPT;
    if (sqlite3_column_count(prepared) > FOLDER_COLUMN_COUNT)
        folder.depth = (uint32_t)sqlite3_column_int(prepared, FOLDER_COLUMN_COUNT);
    *ret_folder = folder;
    return STORE_OK;
}

enum store_status folder_load(struct sqlite_mailbox *mailbox, struct arena *arena, uint64_t folder_id,
    struct store_folder *ret_folder)
{
    enum store_status status;
    bool row = false;
    sqlite3_stmt *prepared = statement_bound(mailbox, STATEMENT_FOLDER_GET, &status, "i", folder_id);
    if (prepared)
        status = statement_row(mailbox, prepared, &row);
    if (status != STORE_OK || !row)
        return status != STORE_OK ? status : STORE_NOT_FOUND;
    status = folder_of_row(arena, prepared, ret_folder);
    sqlite3_reset(prepared);
    return status;
}

enum store_status folder_count(struct sqlite_mailbox *mailbox, uint64_t folder_id, const struct count_change *change)
{
    enum store_status status = statement_execute(mailbox, STATEMENT_FOLDER_COUNT, "iiiiiiiiiii", folder_id,
        change->content, change->unread, change->associated, change->deleted_content, change->deleted_associated,
        change->deleted_total, change->size, change->associated_size, change->deleted_size, change->commit_time);
    return status == STORE_OK && sqlite3_changes64(mailbox->database) == 0 ? STORE_NOT_FOUND : status;
}

void count_message(struct count_change *change, const struct store_message *message, int64_t sign)
{
    int64_t size = sign * (int64_t)message->size;
    switch (message->kind) {
    case STORE_MESSAGE_NORMAL:
        change->content += sign;
        change->unread += message->read ? 0 : sign;
        change->size += size;
        break;
    case STORE_MESSAGE_ASSOCIATED:
        change->associated += sign;
        change->associated_size += size;
        break;
    case STORE_MESSAGE_DELETED:
        change->deleted_content += sign;
        change->deleted_size += size;
        break;
    case STORE_MESSAGE_DELETED_ASSOCIATED:
        change->deleted_associated += sign;
        change->deleted_size += size;
        break;
    }
}

/* The key of the folder's name into mailbox->key. */
static enum store_status make_name_key(struct sqlite_mailbox *mailbox, struct bytes name)
{
    buffer_clear(&mailbox->key);
    mailbox->key.failed = false;
    return sort_key_append_text(&mailbox->key, mailbox->collator, name) ? STORE_OK : STORE_NO_MEMORY;
}

static enum store_status make_key_of_content(struct sqlite_mailbox *mailbox, const struct store_content *content)
{
    struct bytes name = BYTES_NONE;
    for (uint32_t i = 0; i < content->properties.count; i++)
        if (content->properties.values[i].tag == PROPERTY_TAG(ID_DISPLAY_NAME, PTYP_STRING))
            name = content->properties.values[i].bytes;
    return make_name_key(mailbox, name);
}

static enum store_status change_children(struct sqlite_mailbox *mailbox, uint64_t parent_id, int64_t difference,
    uint64_t change_number)
{
    if (!parent_id)
        return STORE_OK;
    enum store_status status = statement_execute(mailbox, STATEMENT_FOLDER_CHILDREN_CHANGE, "iii", parent_id, difference,
        change_number);
    return status == STORE_OK && sqlite3_changes64(mailbox->database) == 0 ? STORE_NOT_FOUND : status;
}

static enum store_status create(struct sqlite_mailbox *mailbox, const struct store_folder_write *folder)
{
    uint64_t size;
    buffer_clear(&mailbox->packed);
    enum store_status status = content_pack(mailbox, &folder->content, BYTES_NONE, PROPERTY_INLINE_SIZE_MAX,
        &mailbox->packed, &size);
    if (status == STORE_OK)
        status = make_key_of_content(mailbox, &folder->content);
    if (status == STORE_OK)
        status = change_children(mailbox, folder->parent_id, 1, folder->change_number);
    struct bytes origin;
    if (status == STORE_OK && !origin_pack(&mailbox->scratch, &folder->origin, &origin))
        status = STORE_NO_MEMORY;
    if (status != STORE_OK)
        return status;
    return statement_execute(mailbox, STATEMENT_FOLDER_INSERT, "iiibiizb", folder->folder_id, folder->parent_id,
        (int64_t)folder->type, buffer_bytes(&mailbox->key), folder->change_number, folder->time,
        origin, buffer_bytes(&mailbox->packed));
}

enum store_status sqlite_folder_create(struct store_mailbox *base, const struct store_folder_write *folder)
{
    struct sqlite_mailbox *mailbox = sqlite_of(base);
    bool own;
    if (!folder->folder_id || folder->folder_id == folder->parent_id)
        return STORE_INVALID;
    enum store_status status = write_enter(mailbox, &own);
    return status != STORE_OK ? status : write_leave(mailbox, own, create(mailbox, folder));
}

/* Whether 'folder_id' is 'ancestor_id' or below it. */
static enum store_status is_below(struct sqlite_mailbox *mailbox, uint64_t folder_id, uint64_t ancestor_id, bool *ret_below)
{
    for (uint32_t depth = 0; folder_id && folder_id != ancestor_id; depth++) {
        enum store_status status;
        bool row = false;
        sqlite3_stmt *prepared = statement_bound(mailbox, STATEMENT_FOLDER_PARENT, &status, "i", folder_id);
        if (prepared)
            status = statement_row(mailbox, prepared, &row);
        if (status != STORE_OK || !row)
            return status != STORE_OK ? status : STORE_NOT_FOUND;
        folder_id = (uint64_t)sqlite3_column_int64(prepared, 0);
        sqlite3_reset(prepared);
        if (depth > 2 * FOLDER_DEPTH_MAX)
            return STORE_CORRUPT;
    }
    *ret_below = folder_id == ancestor_id;
    return STORE_OK;
}

static enum store_status log_deletion(struct sqlite_mailbox *mailbox, uint64_t parent_id, uint64_t folder_id,
    uint64_t change_number, uint64_t time)
{
    return statement_execute(mailbox, STATEMENT_DELETION_ADD, "iiiii", parent_id, change_number, folder_id, time, (int64_t)1);
}

/* The parent's side of an update: counts of both parents when it moves, the hierarchy change number in any case. */
static enum store_status update_parents(struct sqlite_mailbox *mailbox, const struct store_folder *old,
    const struct store_folder_write *folder)
{
    bool below;
    int64_t alive = old->deleted_time == 0;
    if (old->parent_id == folder->parent_id)
        return change_children(mailbox, folder->parent_id, 0, folder->change_number);
    enum store_status status = is_below(mailbox, folder->parent_id, folder->folder_id, &below);
    if (status == STORE_OK && below)
        status = STORE_INVALID;
    if (status == STORE_OK)
        status = change_children(mailbox, old->parent_id, -alive, folder->change_number);
    if (status == STORE_OK)
        status = change_children(mailbox, folder->parent_id, alive, folder->change_number);
    if (status == STORE_OK)
        status = log_deletion(mailbox, old->parent_id, folder->folder_id, folder->change_number, folder->time);
    return status;
}

static enum store_status update(struct sqlite_mailbox *mailbox, const struct store_folder_write *folder)
{
    struct store_folder old;
    uint64_t size;
    enum store_status status = folder_load(mailbox, &mailbox->scratch, folder->folder_id, &old);
    if (status == STORE_OK && (old.type != folder->type || !old.parent_id != !folder->parent_id))
        status = STORE_INVALID;
    buffer_clear(&mailbox->packed);
    if (status == STORE_OK)
        status = content_pack(mailbox, &folder->content, old.properties, PROPERTY_INLINE_SIZE_MAX, &mailbox->packed, &size);
    if (status == STORE_OK)
        status = make_key_of_content(mailbox, &folder->content);
    if (status == STORE_OK)
        status = update_parents(mailbox, &old, folder);
    struct bytes origin;
    if (status == STORE_OK && !origin_pack(&mailbox->scratch, &folder->origin, &origin))
        status = STORE_NO_MEMORY;
    if (status != STORE_OK)
        return status;
    return statement_execute(mailbox, STATEMENT_FOLDER_UPDATE, "iibiizb", folder->folder_id, folder->parent_id,
        buffer_bytes(&mailbox->key), folder->change_number, folder->time, origin,
        buffer_bytes(&mailbox->packed));
}

enum store_status sqlite_folder_update(struct store_mailbox *base, const struct store_folder_write *folder)
{
    struct sqlite_mailbox *mailbox = sqlite_of(base);
    bool own;
    enum store_status status = write_enter(mailbox, &own);
    return status != STORE_OK ? status : write_leave(mailbox, own, update(mailbox, folder));
}

enum store_status sqlite_folder_get(struct store_mailbox *base, struct arena *arena, const uint64_t *folder_ids,
    uint32_t count, struct store_folder *ret_folders)
{
    struct sqlite_mailbox *mailbox = sqlite_of(base);
    struct store_folder *folders = arena_array(arena, struct store_folder, count);
    enum store_status status = folders ? STORE_OK : STORE_NO_MEMORY;
    for (uint32_t i = 0; status == STORE_OK && i < count; i++) {
        status = folder_load(mailbox, arena, folder_ids[i], &folders[i]);
        if (status == STORE_NOT_FOUND)
            status = STORE_OK;
    }
    if (status == STORE_OK)
        memcpy(ret_folders, folders, count * sizeof(*folders));
    return status;
}

enum store_status sqlite_folder_list(struct store_mailbox *base, struct arena *arena, uint64_t parent_id, uint32_t flags,
    const struct store_folder **ret_folders, uint32_t *ret_count)
{
    struct sqlite_mailbox *mailbox = sqlite_of(base);
    struct buffer rows = {0};
    enum store_status status;
    sqlite3_stmt *prepared;
    bool deleted = flags & STORE_LIST_DELETED, row = true;
    if (!(flags & STORE_LIST_DEEP))
        prepared = statement_bound(mailbox, STATEMENT_FOLDER_LIST, &status, "ii", parent_id, (int64_t)deleted);
    else
        prepared = statement_bound(mailbox,
            deleted ? STATEMENT_FOLDER_LIST_DEEP_DELETED : STATEMENT_FOLDER_LIST_DEEP, &status, "i", parent_id);
    while (status == STORE_OK && row) {
        struct store_folder folder;
        status = statement_row(mailbox, prepared, &row);
        if (status != STORE_OK || !row)
            break;
        status = folder_of_row(arena, prepared, &folder);
        if (status == STORE_OK && !buffer_append(&rows, &folder, sizeof(folder)))
            status = STORE_NO_MEMORY;
        if (status != STORE_OK)
            sqlite3_reset(prepared);
    }
    const struct store_folder *copy = status == STORE_OK ? arena_copy(arena, rows.data, rows.size) : NULL;
    if (status == STORE_OK && !copy)
        status = STORE_NO_MEMORY;
    if (status == STORE_OK) {
        *ret_folders = copy;
        *ret_count = (uint32_t)(rows.size / sizeof(*copy));
    }
    buffer_free(&rows);
    return status;
}

enum store_status sqlite_folder_find(struct store_mailbox *base, uint64_t parent_id, struct bytes name,
    uint64_t *ret_folder_id)
{
    struct sqlite_mailbox *mailbox = sqlite_of(base);
    bool row = false;
    enum store_status status = make_name_key(mailbox, name);
    if (status != STORE_OK)
        return status;
    sqlite3_stmt *prepared = statement_bound(mailbox, STATEMENT_FOLDER_FIND, &status, "ib", parent_id,
        buffer_bytes(&mailbox->key));
    if (prepared)
        status = statement_row(mailbox, prepared, &row);
    if (status != STORE_OK || !row)
        return status != STORE_OK ? status : STORE_NOT_FOUND;
    *ret_folder_id = (uint64_t)sqlite3_column_int64(prepared, 0);
    sqlite3_reset(prepared);
    return STORE_OK;
}

/* The folder and all below it, parents first. */
static enum store_status list_subtree(struct sqlite_mailbox *mailbox, uint64_t folder_id, struct buffer *ids)
{
    enum store_status status;
    bool row = true;
    sqlite3_stmt *prepared = statement_bound(mailbox, STATEMENT_FOLDER_SUBTREE, &status, "i", folder_id);
    while (prepared && status == STORE_OK && row) {
        status = statement_row(mailbox, prepared, &row);
        if (status == STORE_OK && row && !buffer_append_u64(ids, (uint64_t)sqlite3_column_int64(prepared, 0))) {
            status = STORE_NO_MEMORY;
            sqlite3_reset(prepared);
        }
    }
    return status;
}

/* Everything of one folder, and the folder. */
static enum store_status remove_folder(struct sqlite_mailbox *mailbox, uint64_t folder_id)
{
    struct store_folder folder;
    enum store_status status = messages_remove_all(mailbox, folder_id);
    views_forget(mailbox);
    if (status == STORE_OK)
        status = folder_load(mailbox, &mailbox->scratch, folder_id, &folder);
    if (status == STORE_OK)
        status = content_drop(mailbox, folder.properties);
    if (status == STORE_OK)
        status = statement_execute(mailbox, STATEMENT_FOLDER_VIEW_ROWS_DELETE, "i", folder_id);
    if (status == STORE_OK)
        status = statement_execute(mailbox, STATEMENT_FOLDER_VIEW_PARTS_DELETE, "i", folder_id);
    if (status == STORE_OK)
        status = statement_execute(mailbox, STATEMENT_FOLDER_VIEWS_DELETE, "i", folder_id);
    if (status == STORE_OK)
        status = statement_execute(mailbox, STATEMENT_FOLDER_DELETIONS_DELETE, "i", folder_id);
    if (status == STORE_OK)
        status = statement_execute(mailbox, STATEMENT_FOLDER_DELETE, "i", folder_id);
    return status;
}

static enum store_status delete_subtree(struct sqlite_mailbox *mailbox, const struct store_folder *top, struct buffer *ids,
    enum store_deletion deletion, uint64_t change_number, uint64_t time)
{
    enum store_status status = list_subtree(mailbox, top->folder_id, ids);
    for (size_t at = ids->size; status == STORE_OK && at > 0; at -= 8) {
        uint64_t folder_id = load_u64(ids->data + at - 8);
        if (deletion == STORE_DELETE_HARD)
            status = remove_folder(mailbox, folder_id);
        else
            status = statement_execute(mailbox, STATEMENT_FOLDER_SOFT_DELETE, "iii", folder_id, time, change_number);
    }
    if (status == STORE_OK)
        status = change_children(mailbox, top->parent_id, top->deleted_time ? 0 : -1, change_number);
    if (status == STORE_OK && top->parent_id)
        status = log_deletion(mailbox, top->parent_id, top->folder_id, change_number, time);
    return status;
}

enum store_status sqlite_folder_delete(struct store_mailbox *base, uint64_t folder_id, enum store_deletion deletion,
    uint64_t change_number, uint64_t time)
{
    struct sqlite_mailbox *mailbox = sqlite_of(base);
    struct store_folder top;
    struct buffer ids = {0};
    bool own;
    enum store_status status = write_enter(mailbox, &own);
    if (status != STORE_OK)
        return status;
    status = folder_load(mailbox, &mailbox->scratch, folder_id, &top);
    if (status == STORE_OK && deletion == STORE_DELETE_SOFT && top.deleted_time)
        status = STORE_NOT_FOUND;
    if (status == STORE_OK)
        status = delete_subtree(mailbox, &top, &ids, deletion, change_number, time);
    buffer_free(&ids);
    return write_leave(mailbox, own, status);
}
