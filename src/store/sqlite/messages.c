/* Message rows: written, read in batches, marked, deleted, moved and copied; with each, the folder's counts, the views and
 * the log of deletions follow in the same transaction. */
#include <string.h>

#include "store/sqlite/internal.h"

enum store_status message_of_row(struct arena *arena, sqlite3_stmt *prepared, struct store_message *ret_message)
{
    struct store_message message = {
        .message_id = (uint64_t)sqlite3_column_int64(prepared, 0),
        .folder_id = (uint64_t)sqlite3_column_int64(prepared, 1),
        .kind = (enum store_message_kind)sqlite3_column_int(prepared, 2),
        .read = sqlite3_column_int(prepared, 3) != 0,
        .flags = (uint32_t)sqlite3_column_int64(prepared, 4),
        .status = (uint32_t)sqlite3_column_int64(prepared, 5),
        .size = (uint64_t)sqlite3_column_int64(prepared, 6),
        .change_number = (uint64_t)sqlite3_column_int64(prepared, 7),
        .read_change_number = (uint64_t)sqlite3_column_int64(prepared, 8),
        .commit_time = (uint64_t)sqlite3_column_int64(prepared, 9),
        .deleted_time = (uint64_t)sqlite3_column_int64(prepared, 10),
        .attachment_count = (uint32_t)sqlite3_column_int64(prepared, 11),
    };
    struct bytes origin;
    if (!column_bytes(arena, prepared, 12, &origin) || !column_bytes(arena, prepared, 13, &message.properties))
        return STORE_NO_MEMORY;
    if (!origin_unpack(origin, &message.origin))
        return STORE_CORRUPT;
    *ret_message = message;
    return STORE_OK;
}

enum store_status message_load(struct sqlite_mailbox *mailbox, struct arena *arena, uint64_t message_id,
    struct store_message *ret_message)
{
    enum store_status status;
    bool row = false;
    sqlite3_stmt *prepared = statement_bound(mailbox, STATEMENT_MESSAGE_GET, &status, "i", message_id);
    if (prepared)
        status = statement_row(mailbox, prepared, &row);
    if (status != STORE_OK || !row)
        return status != STORE_OK ? status : STORE_NOT_FOUND;
    status = message_of_row(arena, prepared, ret_message);
    sqlite3_reset(prepared);
    return status;
}

enum store_status message_rows(struct arena *arena, struct sqlite_mailbox *mailbox, sqlite3_stmt *prepared,
    struct message_row_limits limits, const struct store_message **ret_rows, uint32_t *ret_count, bool *ret_end)
{
    uint32_t count = 0, capacity = 0;
    struct store_message *rows = NULL;
    size_t size = 0;
    bool row = true, full = false;
    enum store_status status = STORE_OK;
    while (!full) {
        status = statement_row(mailbox, prepared, &row);
        if (status != STORE_OK || !row)
            break;
        if (count == capacity) {
            capacity = capacity ? capacity * 4 : 64;
            struct store_message *more = arena_array(arena, struct store_message, capacity);
            if (more && count)
                memcpy(more, rows, count * sizeof(*rows));
            rows = more;
        }
        status = rows ? message_of_row(arena, prepared, &rows[count]) : STORE_NO_MEMORY;
        if (status == STORE_OK && limits.has_key && !column_bytes(arena, prepared, MESSAGE_COLUMN_COUNT, &rows[count].key))
            status = STORE_NO_MEMORY;
        if (status != STORE_OK)
            break;
        size += rows[count++].properties.size;
        full = (limits.size_max && size >= limits.size_max) || count == limits.rows_max;
    }
    if (row)
        sqlite3_reset(prepared);
    if (status != STORE_OK)
        return status;
    *ret_rows = rows;
    *ret_count = count;
    *ret_end = !row;
    return STORE_OK;
}

/* How an update of the row changes the counts: the old row out, the new one in. */
static enum store_status count_update(struct sqlite_mailbox *mailbox, const struct store_message *old,
    const struct store_message *new)
{
    struct count_change change = {.commit_time = (int64_t)new->commit_time};
    count_message(&change, old, -1);
    count_message(&change, new, 1);
    return folder_count(mailbox, new->folder_id, &change);
}

static enum store_status create(struct sqlite_mailbox *mailbox, const struct store_message_write *write)
{
    struct attachment_change attachments = {0};
    uint64_t size;
    enum store_status status = attachments_write(mailbox, write->message_id, write->attachments, write->attachment_count,
        &attachments);
    buffer_clear(&mailbox->packed);
    if (status == STORE_OK)
        status = content_pack(mailbox, &write->content, BYTES_NONE, MESSAGE_INLINE_SIZE_MAX, &mailbox->packed, &size);
    struct bytes origin;
    if (status == STORE_OK && !origin_pack(&mailbox->scratch, &write->origin, &origin))
        status = STORE_NO_MEMORY;
    if (status != STORE_OK)
        return status;
    struct store_message row = {.message_id = write->message_id, .folder_id = write->folder_id, .kind = write->kind,
        .read = write->read, .flags = write->flags, .size = size + (uint64_t)attachments.size,
        .change_number = write->change_number, .commit_time = write->commit_time,
        .attachment_count = (uint32_t)attachments.count, .origin = write->origin,
        .properties = buffer_bytes(&mailbox->packed)};
    status = statement_execute(mailbox, STATEMENT_MESSAGE_INSERT, "iiiiiiiiiizb", row.message_id, row.folder_id,
        (int64_t)row.kind, (int64_t)row.read, (int64_t)row.flags, (int64_t)row.status, row.size, row.change_number,
        row.commit_time, (int64_t)row.attachment_count, origin, row.properties);
    struct count_change change = {.commit_time = (int64_t)row.commit_time};
    count_message(&change, &row, 1);
    if (status == STORE_OK)
        status = folder_count(mailbox, row.folder_id, &change);
    return status == STORE_OK ? views_add(mailbox, &row) : status;
}

enum store_status sqlite_message_create(struct store_mailbox *base, const struct store_message_write *message)
{
    struct sqlite_mailbox *mailbox = sqlite_of(base);
    bool own;
    if (!message->message_id || message->kind > STORE_MESSAGE_ASSOCIATED)
        return STORE_INVALID;
    enum store_status status = write_enter(mailbox, &own);
    return status != STORE_OK ? status : write_leave(mailbox, own, create(mailbox, message));
}

static enum store_status update(struct sqlite_mailbox *mailbox, const struct store_message_write *write)
{
    struct store_message old;
    struct attachment_change attachments = {0};
    uint64_t size, old_size = 0;
    enum store_status status = message_load(mailbox, &mailbox->scratch, write->message_id, &old);
    if (status == STORE_OK && (old.folder_id != write->folder_id || old.kind != write->kind))
        status = STORE_INVALID;
    if (status == STORE_OK)
        status = attachments_write(mailbox, write->message_id, write->attachments, write->attachment_count, &attachments);
    if (status == STORE_OK)
        status = content_size(mailbox, old.properties, &old_size);
    buffer_clear(&mailbox->packed);
    if (status == STORE_OK)
        status = content_pack(mailbox, &write->content, old.properties, MESSAGE_INLINE_SIZE_MAX, &mailbox->packed, &size);
    struct bytes origin;
    if (status == STORE_OK && !origin_pack(&mailbox->scratch, &write->origin, &origin))
        status = STORE_NO_MEMORY;
    if (status != STORE_OK)
        return status;
    struct store_message row = old;
    row.flags = write->flags;
    row.size = old.size - old_size + size + (uint64_t)attachments.size;
    row.change_number = write->change_number;
    row.commit_time = write->commit_time;
    row.attachment_count = old.attachment_count + (uint32_t)attachments.count;
    row.origin = write->origin;
    row.properties = buffer_bytes(&mailbox->packed);
    status = statement_execute(mailbox, STATEMENT_MESSAGE_UPDATE, "iiiiiizb", row.message_id, (int64_t)row.flags, row.size,
        row.change_number, row.commit_time, (int64_t)row.attachment_count, origin,
        row.properties);
    if (status == STORE_OK)
        status = count_update(mailbox, &old, &row);
    return status == STORE_OK ? views_change(mailbox, &old, &row, false) : status;
}

enum store_status sqlite_message_update(struct store_mailbox *base, const struct store_message_write *message)
{
    struct sqlite_mailbox *mailbox = sqlite_of(base);
    bool own;
    enum store_status status = write_enter(mailbox, &own);
    return status != STORE_OK ? status : write_leave(mailbox, own, update(mailbox, message));
}

enum store_status sqlite_message_get(struct store_mailbox *base, struct arena *arena, const uint64_t *message_ids,
    uint32_t count, struct store_message *ret_messages)
{
    struct sqlite_mailbox *mailbox = sqlite_of(base);
    struct store_message *messages = arena_array(arena, struct store_message, count);
    enum store_status status = messages ? STORE_OK : STORE_NO_MEMORY;
    for (uint32_t i = 0; status == STORE_OK && i < count; i++) {
        status = message_load(mailbox, arena, message_ids[i], &messages[i]);
        if (status == STORE_NOT_FOUND)
            status = STORE_OK;
    }
    if (status == STORE_OK)
        memcpy(ret_messages, messages, count * sizeof(*messages));
    return status;
}

/* One message's read state and flags; *ret_changed. */
static enum store_status set_read(struct sqlite_mailbox *mailbox, uint64_t message_id, bool read, uint64_t change_number,
    uint32_t flags_set, uint32_t flags_clear, bool *ret_changed)
{
    struct store_message old;
    arena_reset(&mailbox->scratch);
    enum store_status status = message_load(mailbox, &mailbox->scratch, message_id, &old);
    if (status != STORE_OK)
        return status == STORE_NOT_FOUND ? STORE_OK : status;
    struct store_message new = old;
    new.read = read;
    new.flags = (old.flags & ~flags_clear) | flags_set;
    new.read_change_number = change_number;
    if (new.read == old.read && new.flags == old.flags)
        return STORE_OK;
    status = statement_execute(mailbox, STATEMENT_MESSAGE_SET_READ, "iiii", message_id, (int64_t)read, (int64_t)new.flags,
        change_number);
    if (status == STORE_OK && new.read != old.read && old.kind == STORE_MESSAGE_NORMAL)
        status = folder_count(mailbox, old.folder_id, &(struct count_change){.unread = read ? -1 : 1});
    if (status == STORE_OK)
        status = views_change(mailbox, &old, &new, true);
    if (status == STORE_OK)
        *ret_changed = true;
    return status;
}

enum store_status sqlite_message_set_read(struct store_mailbox *base, const uint64_t *message_ids, uint32_t count,
    bool read, uint64_t first_change_number, uint32_t flags_set, uint32_t flags_clear, bool *ret_changed)
{
    struct sqlite_mailbox *mailbox = sqlite_of(base);
    struct arena arena = {0};
    bool own, *changed = arena_array(&arena, bool, count);
    uint64_t change_number = first_change_number;
    enum store_status status = changed ? write_enter(mailbox, &own) : STORE_NO_MEMORY;
    if (status == STORE_OK) {
        for (uint32_t i = 0; status == STORE_OK && i < count; i++) {
            status = set_read(mailbox, message_ids[i], read, change_number, flags_set, flags_clear, &changed[i]);
            change_number += changed[i];
        }
        status = write_leave(mailbox, own, status);
    }
    if (status == STORE_OK)
        memcpy(ret_changed, changed, count * sizeof(bool));
    arena_free(&arena);
    return status;
}

enum store_status sqlite_message_set_status(struct store_mailbox *base, uint64_t message_id, uint32_t message_status)
{
    struct sqlite_mailbox *mailbox = sqlite_of(base);
    struct store_message old, new;
    bool own;
    enum store_status status = write_enter(mailbox, &own);
    if (status != STORE_OK)
        return status;
    status = message_load(mailbox, &mailbox->scratch, message_id, &old);
    if (status == STORE_OK)
        status = statement_execute(mailbox, STATEMENT_MESSAGE_SET_STATUS, "ii", message_id, (int64_t)message_status);
    if (status == STORE_OK) {
        new = old;
        new.status = message_status;
        status = views_change(mailbox, &old, &new, true);
    }
    return write_leave(mailbox, own, status);
}

/* The message's row with everything that belongs to it, views excepted. */
static enum store_status remove_content(struct sqlite_mailbox *mailbox, const struct store_message *message)
{
    enum store_status status = content_drop(mailbox, message->properties);
    if (status == STORE_OK && message->attachment_count)
        status = attachments_remove_all(mailbox, message->message_id);
    if (status == STORE_OK)
        status = statement_execute(mailbox, STATEMENT_MESSAGE_DELETE, "i", message->message_id);
    return status;
}

enum store_status messages_remove_all(struct sqlite_mailbox *mailbox, uint64_t folder_id)
{
    uint32_t count = 1;
    bool end;
    enum store_status status = STORE_OK;
    while (status == STORE_OK && count) {
        const struct store_message *rows;
        arena_reset(&mailbox->scratch);
        sqlite3_stmt *prepared = statement_bound(mailbox, STATEMENT_MESSAGE_FIRST_OF_FOLDER, &status, "i", folder_id);
        if (prepared)
            status = message_rows(&mailbox->scratch, mailbox, prepared, (struct message_row_limits){0}, &rows, &count, &end);
        for (uint32_t i = 0; status == STORE_OK && i < count; i++)
            status = remove_content(mailbox, &rows[i]);
    }
    return status;
}

static enum store_status soft_delete(struct sqlite_mailbox *mailbox, const struct store_message *old, uint64_t time,
    struct count_change *change)
{
    struct store_message new = *old;
    new.kind = old->kind == STORE_MESSAGE_NORMAL ? STORE_MESSAGE_DELETED : STORE_MESSAGE_DELETED_ASSOCIATED;
    new.deleted_time = time;
    enum store_status status = statement_execute(mailbox, STATEMENT_MESSAGE_SET_KIND, "iii", old->message_id,
        (int64_t)new.kind, time);
    if (status == STORE_OK)
        status = views_add(mailbox, &new);
    count_message(change, &new, 1);
    return status;
}

static enum store_status delete(struct sqlite_mailbox *mailbox, uint64_t folder_id, uint64_t message_id,
    enum store_deletion deletion, uint64_t change_number, uint64_t time, struct count_change *change, bool *ret_deleted)
{
    struct store_message old;
    arena_reset(&mailbox->scratch);
    enum store_status status = message_load(mailbox, &mailbox->scratch, message_id, &old);
    if (status == STORE_NOT_FOUND || (status == STORE_OK && old.folder_id != folder_id))
        return STORE_OK;
    bool was_deleted = old.kind >= STORE_MESSAGE_DELETED;
    if (status != STORE_OK || (deletion == STORE_DELETE_SOFT && was_deleted))
        return status;
    status = views_remove(mailbox, &old);
    count_message(change, &old, -1);
    if (status == STORE_OK && deletion == STORE_DELETE_SOFT)
        status = soft_delete(mailbox, &old, time, change);
    else if (status == STORE_OK)
        status = remove_content(mailbox, &old);
    if (status == STORE_OK && !was_deleted) {
        change->deleted_total++;
        status = statement_execute(mailbox, STATEMENT_DELETION_ADD, "iiiii", folder_id, change_number, message_id, time,
            (int64_t)0);
    }
    if (status == STORE_OK)
        *ret_deleted = true;
    return status;
}

enum store_status sqlite_message_delete(struct store_mailbox *base, uint64_t folder_id, const uint64_t *message_ids,
    uint32_t count, enum store_deletion deletion, uint64_t change_number, uint64_t time, bool *ret_deleted)
{
    struct sqlite_mailbox *mailbox = sqlite_of(base);
    struct count_change change = {.commit_time = (int64_t)time};
    struct arena arena = {0};
    bool own, *deleted = arena_array(&arena, bool, count);
    enum store_status status = deleted ? write_enter(mailbox, &own) : STORE_NO_MEMORY;
    if (status == STORE_OK) {
        for (uint32_t i = 0; status == STORE_OK && i < count; i++)
            status = delete(mailbox, folder_id, message_ids[i], deletion, change_number, time, &change, &deleted[i]);
        if (status == STORE_OK)
            status = folder_count(mailbox, folder_id, &change);
        status = write_leave(mailbox, own, status);
    }
    if (status == STORE_OK)
        memcpy(ret_deleted, deleted, count * sizeof(bool));
    arena_free(&arena);
    return status;
}

/* What moving and copying have in common. */
struct transfer {
    uint64_t source_folder_id, target_folder_id, time;
    bool copy;
    struct count_change source_change, target_change;
};

static enum store_status place_copy(struct sqlite_mailbox *mailbox, const struct store_message *old,
    struct store_message *new)
{
    enum store_status status = content_copy(mailbox, old->properties, &new->properties);
    if (status == STORE_OK)
        status = statement_execute(mailbox, STATEMENT_MESSAGE_INSERT, "iiiiiiiiiizb", new->message_id, new->folder_id,
            (int64_t)new->kind, (int64_t)new->read, (int64_t)new->flags, (int64_t)new->status, new->size,
            new->change_number, new->commit_time, (int64_t)new->attachment_count, BYTES_NONE, new->properties);
    if (status == STORE_OK && old->attachment_count)
        status = attachments_copy(mailbox, old->message_id, new->message_id);
    return status;
}

static enum store_status place_moved(struct sqlite_mailbox *mailbox, const struct store_message *old,
    const struct store_message *new, struct transfer *transfer)
{
    enum store_status status = views_remove(mailbox, old);
    if (status == STORE_OK)
        status = statement_execute(mailbox, STATEMENT_MESSAGE_MOVE, "iiiiii", old->message_id, new->message_id,
            new->folder_id, (int64_t)new->kind, new->change_number, new->commit_time);
    if (status == STORE_OK && old->attachment_count)
        status = attachments_move(mailbox, old->message_id, new->message_id);
    if (status == STORE_OK && old->kind < STORE_MESSAGE_DELETED)
        status = statement_execute(mailbox, STATEMENT_DELETION_ADD, "iiiii", old->folder_id, new->change_number,
            old->message_id, transfer->time, (int64_t)0);
    count_message(&transfer->source_change, old, -1);
    transfer->source_change.deleted_total += old->kind < STORE_MESSAGE_DELETED;
    return status;
}

static enum store_status transfer_one(struct sqlite_mailbox *mailbox, struct transfer *transfer,
    const struct store_transfer *item, bool *ret_done)
{
    struct store_message old;
    arena_reset(&mailbox->scratch);
    enum store_status status = message_load(mailbox, &mailbox->scratch, item->message_id, &old);
    if (status == STORE_NOT_FOUND || (status == STORE_OK && old.folder_id != transfer->source_folder_id))
        return STORE_OK;
    if (status != STORE_OK || !item->new_message_id)
        return status != STORE_OK ? status : STORE_INVALID;
    struct store_message new = old;
    new.message_id = item->new_message_id;
    new.folder_id = transfer->target_folder_id;
    new.kind = old.kind & 1 ? STORE_MESSAGE_ASSOCIATED : STORE_MESSAGE_NORMAL;
    new.change_number = item->change_number;
    new.read_change_number = 0;
    new.commit_time = transfer->time;
    new.deleted_time = 0;
    new.origin = (struct store_origin){0};
    status = transfer->copy ? place_copy(mailbox, &old, &new) : place_moved(mailbox, &old, &new, transfer);
    if (status == STORE_OK)
        status = views_add(mailbox, &new);
    count_message(&transfer->target_change, &new, 1);
    if (status == STORE_OK)
        *ret_done = true;
    return status;
}

static enum store_status transfer_all(struct store_mailbox *base, struct transfer *transfer, struct store_transfer *items,
    uint32_t count)
{
    struct sqlite_mailbox *mailbox = sqlite_of(base);
    struct arena arena = {0};
    bool own, *done = arena_array(&arena, bool, count);
    enum store_status status = done ? write_enter(mailbox, &own) : STORE_NO_MEMORY;
    if (status == STORE_OK) {
        for (uint32_t i = 0; status == STORE_OK && i < count; i++)
            status = transfer_one(mailbox, transfer, &items[i], &done[i]);
        if (status == STORE_OK)
            status = folder_count(mailbox, transfer->source_folder_id, &transfer->source_change);
        if (status == STORE_OK)
            status = folder_count(mailbox, transfer->target_folder_id, &transfer->target_change);
        status = write_leave(mailbox, own, status);
    }
    for (uint32_t i = 0; status == STORE_OK && i < count; i++)
        items[i].done = done[i];
    arena_free(&arena);
    return status;
}

enum store_status sqlite_message_move(struct store_mailbox *mailbox, uint64_t source_folder_id, uint64_t target_folder_id,
    uint64_t time, struct store_transfer *transfers, uint32_t count)
{
    struct transfer transfer = {source_folder_id, target_folder_id, time, .copy = false,
        .source_change.commit_time = (int64_t)time, .target_change.commit_time = (int64_t)time};
    return transfer_all(mailbox, &transfer, transfers, count);
}

enum store_status sqlite_message_copy(struct store_mailbox *mailbox, uint64_t source_folder_id, uint64_t target_folder_id,
    uint64_t time, struct store_transfer *transfers, uint32_t count)
{
    struct transfer transfer = {source_folder_id, target_folder_id, time, .copy = true,
        .target_change.commit_time = (int64_t)time};
    return transfer_all(mailbox, &transfer, transfers, count);
}

enum store_status sqlite_deletion_list(struct store_mailbox *base, struct arena *arena, uint64_t folder_id,
    uint64_t after_change_number, uint32_t rows_max, const struct store_deleted_object **ret_rows, uint32_t *ret_count)
{
    struct sqlite_mailbox *mailbox = sqlite_of(base);
    struct buffer rows = {0};
    enum store_status status;
    bool row = true;
    sqlite3_stmt *prepared = statement_bound(mailbox, STATEMENT_DELETION_LIST, &status, "iii", folder_id,
        after_change_number, (int64_t)rows_max);
    while (prepared && status == STORE_OK && row) {
        status = statement_row(mailbox, prepared, &row);
        if (status != STORE_OK || !row)
            break;
        struct store_deleted_object object = {(uint64_t)sqlite3_column_int64(prepared, 0),
            (uint64_t)sqlite3_column_int64(prepared, 1), (uint64_t)sqlite3_column_int64(prepared, 2),
            sqlite3_column_int(prepared, 3) != 0};
        if (!buffer_append(&rows, &object, sizeof(object))) {
            status = STORE_NO_MEMORY;
            sqlite3_reset(prepared);
        }
    }
    const struct store_deleted_object *copy = status == STORE_OK ? arena_copy(arena, rows.data, rows.size) : NULL;
    if (status == STORE_OK && !copy)
        status = STORE_NO_MEMORY;
    if (status == STORE_OK) {
        *ret_rows = copy;
        *ret_count = (uint32_t)(rows.size / sizeof(*copy));
    }
    buffer_free(&rows);
    return status;
}

enum store_status sqlite_change_list(struct store_mailbox *base, struct arena *arena, uint64_t folder_id,
    enum store_message_kind kind, bool read_state, uint64_t after_change_number, uint32_t rows_max,
    const struct store_message **ret_rows, uint32_t *ret_count)
{
    struct sqlite_mailbox *mailbox = sqlite_of(base);
    enum store_status status;
    bool end;
    sqlite3_stmt *prepared = statement_bound(mailbox,
        read_state ? STATEMENT_MESSAGE_READ_CHANGES : STATEMENT_MESSAGE_CHANGES, &status, "iiii", folder_id, (int64_t)kind,
        after_change_number, (int64_t)rows_max);
    if (!prepared)
        return status;
    return message_rows(arena, mailbox, prepared, (struct message_row_limits){0}, ret_rows, ret_count, &end);
}
