/* Messages of a folder, many at once (MS-OXCFOLD 3.2.5.6, .11, .12; MS-OXCMSG 3.2.5.8..11). */
#include "base/filetime.h"
#include "mailbox/computed.h"
#include "mailbox/folder.h"
#include "mailbox/model.h"

static bool is_associated(enum store_message_kind kind)
{
    return (kind & 1) != 0;
}

/* Rows of the ids; those not in the folder (0: any) get message_id 0. */
static uint32_t rows_of(struct arena *arena, struct mailbox *mailbox, uint64_t folder_id, const uint64_t *ids,
    uint32_t count, struct store_message **ret_rows)
{
    struct store_message *rows = arena_array(arena, struct store_message, (size_t)count + 1);
    if (rows == NULL)
        return EC_OUT_OF_MEMORY;
    uint32_t error = count == 0 ? EC_SUCCESS : mailbox_error(store_message_get(mailbox->store, arena, ids, count, rows));
    if (error != EC_SUCCESS)
        return error;
    for (uint32_t i = 0; i < count; i++)
        if (folder_id != 0 && rows[i].folder_id != folder_id)
            rows[i].message_id = 0;
    *ret_rows = rows;
    return EC_SUCCESS;
}

uint32_t folder_delete_messages(
    struct logon *logon, uint64_t folder_id, const uint64_t *message_ids, uint32_t count, bool hard, bool *ret_partial)
{
    struct mailbox *mailbox = logon->mailbox;
    struct arena arena = {0};
    struct write_scope scope;
    struct store_message *rows = NULL;
    bool *deleted = arena_array(&arena, bool, (size_t)count + 1);
    uint64_t change_number = 0;
    bool partial = false;
    uint32_t error = write_scope_begin(mailbox, &scope);
    if (error != EC_SUCCESS) {
        arena_free(&arena);
        return error;
    }
    if (deleted == NULL)
        error = EC_OUT_OF_MEMORY;
    if (error == EC_SUCCESS)
        error = rows_of(&arena, mailbox, folder_id, message_ids, count, &rows);
    if (error == EC_SUCCESS && count > 0)
        error = mailbox_new_ids(mailbox, 1, &change_number);
    if (error == EC_SUCCESS && count > 0)
        error = mailbox_error(store_message_delete(mailbox->store, folder_id, message_ids, count,
            hard ? STORE_DELETE_HARD : STORE_DELETE_SOFT, change_number, filetime_now(), deleted));
    for (uint32_t i = 0; error == EC_SUCCESS && i < count; i++) {
        partial = partial || !deleted[i];
        if (deleted[i] && rows[i].kind < STORE_MESSAGE_DELETED)
            mailbox_changed(mailbox, &(struct change){.kind = CHANGE_MESSAGE_DELETED,
                                         .associated = is_associated(rows[i].kind),
                                         .folder_id = folder_id,
                                         .message_id = message_ids[i]});
    }
    error = write_scope_end(mailbox, scope, error);
    arena_free(&arena);
    if (error == EC_SUCCESS)
        *ret_partial = partial;
    return error;
}

static uint32_t check_destination(struct arena *arena, struct mailbox *mailbox, uint64_t folder_id)
{
    struct store_folder folder;
    uint32_t error = mailbox_folder(mailbox, arena, folder_id, &folder);
    if (error == EC_SUCCESS && folder.deleted_time != 0)
        error = EC_NOT_FOUND;
    if (error == EC_SUCCESS && folder.type == STORE_FOLDER_SEARCH)
        error = EC_SEARCH_FOLDER; /* R1246 */
    return error;
}

static uint32_t transfer(struct arena *arena, struct mailbox *mailbox, uint64_t source_id, uint64_t destination_id,
    const uint64_t *ids, uint32_t count, bool copy, struct store_transfer **ret_transfers)
{
    uint64_t first = 0;
    struct store_transfer *transfers = arena_array(arena, struct store_transfer, (size_t)count + 1);
    uint32_t error = transfers == NULL ? EC_OUT_OF_MEMORY : check_destination(arena, mailbox, destination_id);
    if (error == EC_SUCCESS)
        error = mailbox_new_ids(mailbox, 2 * (uint64_t)count, &first);
    for (uint32_t i = 0; error == EC_SUCCESS && i < count; i++)
        transfers[i] =
            (struct store_transfer){.message_id = ids[i], .new_message_id = first + i, .change_number = first + count + i};
    uint64_t now = filetime_now();
    if (error == EC_SUCCESS)
        error = mailbox_error(copy ? store_message_copy(mailbox->store, source_id, destination_id, now, transfers, count)
                                   : store_message_move(mailbox->store, source_id, destination_id, now, transfers, count));
    if (error == EC_SUCCESS)
        *ret_transfers = transfers;
    return error;
}

uint32_t folder_move_copy_messages(struct logon *logon, uint64_t source_id, uint64_t destination_id,
    const uint64_t *message_ids, uint32_t count, bool copy, uint64_t *ret_message_ids, bool *ret_partial)
{
    struct mailbox *mailbox = logon->mailbox;
    struct arena arena = {0};
    struct write_scope scope;
    struct store_message *rows = NULL;
    struct store_transfer *transfers = NULL;
    uint32_t error = write_scope_begin(mailbox, &scope);
    if (error != EC_SUCCESS)
        return error;
    bool partial = false;
    error = count == 0 ? check_destination(&arena, mailbox, destination_id)
                       : rows_of(&arena, mailbox, source_id, message_ids, count, &rows);
    if (error == EC_SUCCESS && count > 0)
        error = transfer(&arena, mailbox, source_id, destination_id, message_ids, count, copy, &transfers);
    for (uint32_t i = 0; error == EC_SUCCESS && i < count; i++) {
        partial = partial || !transfers[i].done;
        if (transfers[i].done)
            mailbox_changed(mailbox, &(struct change){.kind = copy ? CHANGE_MESSAGE_COPIED : CHANGE_MESSAGE_MOVED,
                                         .associated = is_associated(rows[i].kind),
                                         .folder_id = destination_id,
                                         .message_id = transfers[i].new_message_id,
                                         .old_folder_id = source_id,
                                         .old_message_id = message_ids[i]});
    }
    error = write_scope_end(mailbox, scope, error);
    for (uint32_t i = 0; error == EC_SUCCESS && ret_message_ids != NULL && i < count; i++)
        ret_message_ids[i] = transfers[i].done ? transfers[i].new_message_id : 0;
    arena_free(&arena);
    if (error == EC_SUCCESS)
        *ret_partial = partial;
    return error;
}

/* ---- Read state ---- */

struct read_change {
    bool sets_read;
    bool read;
    uint32_t clear; /* flags */
};

/* MS-OXCMSG 2.2.3.10.1. The reserved bits 0x0A are ignored (R820). */
static uint32_t read_change_of(uint8_t flags, struct read_change *ret_change)
{
    flags &= (uint8_t)~0x0Au;
    uint8_t clears = flags & (READ_FLAG_CLEAR_NOTIFY_READ | READ_FLAG_CLEAR_NOTIFY_UNREAD);
    bool clear_read = (flags & READ_FLAG_CLEAR_READ) != 0, receipt_only = (flags & READ_FLAG_GENERATE_RECEIPT_ONLY) != 0;
    if ((flags & 0x80) != 0 || (clear_read && receipt_only)) /* R812 */
        return EC_INVALID_PARAMETER;
    struct read_change change = {0};
    change.sets_read = clear_read || (!receipt_only && clears == 0) || (flags & READ_FLAG_SUPPRESS_RECEIPT) != 0;
    change.read = !clear_read;
    if ((flags & (READ_FLAG_CLEAR_NOTIFY_READ | READ_FLAG_SUPPRESS_RECEIPT)) != 0)
        change.clear |= FLAG_NOTIFY_READ;
    if ((clears & READ_FLAG_CLEAR_NOTIFY_UNREAD) != 0)
        change.clear |= FLAG_NOTIFY_UNREAD;
    *ret_change = change;
    return EC_SUCCESS;
}

/* Sets the read state of rows that are there; *partial where one was not. ret_changed (may be NULL): whether any changed. */
static uint32_t set_read(struct arena *arena, struct mailbox *mailbox, uint64_t folder_id, const uint64_t *ids,
    uint32_t count, const struct read_change *wanted, bool *partial, bool *ret_changed)
{
    struct store_message *rows = NULL;
    bool *changed = arena_array(arena, bool, (size_t)count + 1);
    uint64_t *groups[2] = {arena_array(arena, uint64_t, (size_t)count + 1), arena_array(arena, uint64_t, (size_t)count + 1)};
    uint32_t group_count[2] = {0};
    uint32_t error = changed == NULL || groups[0] == NULL || groups[1] == NULL
                         ? EC_OUT_OF_MEMORY
                         : rows_of(arena, mailbox, folder_id, ids, count, &rows);
    /* A call of the store sets one state: those to be unread and those to be read are two calls. */
    for (uint32_t i = 0; error == EC_SUCCESS && i < count; i++) {
        if (rows[i].message_id == 0 || rows[i].kind >= STORE_MESSAGE_DELETED) {
            *partial = true;
            continue;
        }
        bool read = wanted->sets_read ? wanted->read : rows[i].read;
        groups[read][group_count[read]++] = ids[i];
    }
    bool any = false;
    for (int read = 0; error == EC_SUCCESS && read < 2; read++) {
        uint64_t change_number = 0;
        if (group_count[read] == 0)
            continue;
        uint32_t flags_set = wanted->sets_read && read ? FLAG_EVER_READ : 0;
        uint32_t flags_clear = wanted->clear | (wanted->sets_read && !read ? FLAG_EVER_READ : 0); /* R1141, R1142 */
        error = mailbox_new_ids(mailbox, group_count[read], &change_number);
        if (error == EC_SUCCESS)
            error = mailbox_error(store_message_set_read(
                mailbox->store, groups[read], group_count[read], read != 0, change_number, flags_set, flags_clear, changed));
        for (uint32_t i = 0; error == EC_SUCCESS && i < group_count[read]; i++) {
            any = any || changed[i];
            if (changed[i])
                mailbox_changed(mailbox, &(struct change){.kind = CHANGE_MESSAGE_MODIFIED,
                                             .folder_id = folder_id != 0 ? folder_id : rows[0].folder_id,
                                             .message_id = groups[read][i]});
        }
    }
    if (error == EC_SUCCESS && ret_changed != NULL)
        *ret_changed = any;
    return error;
}

#define MESSAGES_PER_STEP 512u

/* Every message of the folder, a page at a time in the default order, which read states do not change. */
static uint32_t set_read_all(struct mailbox *mailbox, uint64_t folder_id, const struct read_change *wanted, bool *partial)
{
    struct arena arena = {0};
    struct arena key_arena = {0};
    struct store_position from = {.place = STORE_PLACE_FIRST};
    uint32_t error = EC_SUCCESS;
    for (bool end = false; error == EC_SUCCESS && !end;) {
        struct store_view view;
        const struct store_message *rows;
        uint32_t count = 0;
        arena_reset(&arena);
        error = mailbox_error(store_view_open(mailbox->store, folder_id, STORE_MESSAGE_NORMAL, NULL, 0, &view));
        struct store_page_request request = {
            .view_id = view.view_id, .from = from, .ids_only = true, .rows_max = MESSAGES_PER_STEP};
        if (error == EC_SUCCESS)
            error = mailbox_error(store_view_page(mailbox->store, &arena, &request, &rows, &count, &end));
        uint64_t *ids = error == EC_SUCCESS ? arena_array(&arena, uint64_t, (size_t)count + 1) : NULL;
        if (error == EC_SUCCESS && ids == NULL)
            error = EC_OUT_OF_MEMORY;
        if (error != EC_SUCCESS || count == 0)
            break;
        for (uint32_t i = 0; i < count; i++)
            ids[i] = rows[i].message_id;
        arena_reset(&key_arena);
        from = (struct store_position){.place = STORE_PLACE_AFTER,
            .key = arena_bytes(&key_arena, rows[count - 1].key),
            .message_id = rows[count - 1].message_id};
        error = set_read(&arena, mailbox, folder_id, ids, count, wanted, partial, NULL);
    }
    arena_free(&arena);
    arena_free(&key_arena);
    return error;
}

uint32_t folder_set_read_flags(
    struct logon *logon, uint64_t folder_id, uint8_t flags, const uint64_t *message_ids, uint32_t count, bool *ret_partial)
{
    struct mailbox *mailbox = logon->mailbox;
    struct read_change change;
    struct arena arena = {0};
    struct write_scope scope;
    bool partial = false;
    uint32_t error = read_change_of(flags, &change);
    if (error == EC_SUCCESS)
        error = write_scope_begin(mailbox, &scope);
    if (error != EC_SUCCESS)
        return error;
    error = count == 0 ? set_read_all(mailbox, folder_id, &change, &partial)
                       : set_read(&arena, mailbox, folder_id, message_ids, count, &change, &partial, NULL);
    error = write_scope_end(mailbox, scope, error);
    arena_free(&arena);
    if (error == EC_SUCCESS)
        *ret_partial = partial;
    return error;
}

uint32_t folder_set_message_read_flag(struct logon *logon, uint64_t message_id, uint8_t flags, bool *ret_changed)
{
    struct mailbox *mailbox = logon->mailbox;
    struct read_change change;
    struct arena arena = {0};
    struct write_scope scope;
    bool missing = false, changed = false;
    uint32_t error = read_change_of(flags, &change);
    if (error == EC_SUCCESS)
        error = write_scope_begin(mailbox, &scope);
    if (error != EC_SUCCESS)
        return error;
    error = set_read(&arena, mailbox, 0, &message_id, 1, &change, &missing, &changed);
    if (error == EC_SUCCESS && missing)
        error = EC_NOT_FOUND;
    error = write_scope_end(mailbox, scope, error);
    arena_free(&arena);
    if (error == EC_SUCCESS)
        *ret_changed = changed;
    return error;
}

/* ---- Message status ---- */

static uint32_t status_row(struct arena *arena, struct mailbox *mailbox, uint64_t folder_id, uint64_t message_id,
    struct store_message *ret_row, uint32_t *ret_status)
{
    uint32_t error = mailbox_message(mailbox, arena, message_id, ret_row);
    if (error == EC_SUCCESS && (ret_row->folder_id != folder_id || ret_row->kind >= STORE_MESSAGE_DELETED))
        error = EC_NOT_FOUND;
    if (error != EC_SUCCESS)
        return error;
    *ret_status = ret_row->status;
    return EC_SUCCESS;
}

uint32_t folder_message_status(struct logon *logon, uint64_t folder_id, uint64_t message_id, uint32_t *ret_status)
{
    struct arena arena = {0};
    struct store_message row;
    uint32_t error = status_row(&arena, logon->mailbox, folder_id, message_id, &row, ret_status);
    arena_free(&arena);
    return error;
}

uint32_t folder_set_message_status(
    struct logon *logon, uint64_t folder_id, uint64_t message_id, uint32_t status, uint32_t mask, uint32_t *ret_status)
{
    struct mailbox *mailbox = logon->mailbox;
    struct arena arena = {0};
    struct store_message row;
    struct write_scope scope;
    uint32_t old = 0;
    uint32_t error = write_scope_begin(mailbox, &scope);
    if (error != EC_SUCCESS)
        return error;
    error = status_row(&arena, mailbox, folder_id, message_id, &row, &old);
    uint32_t wanted = (old & ~mask) | (status & mask);
    if (error == EC_SUCCESS && wanted != old)
        error = mailbox_error(store_message_set_status(mailbox->store, message_id, wanted));
    if (error == EC_SUCCESS && wanted != old)
        mailbox_changed(mailbox, &(struct change){.kind = CHANGE_MESSAGE_MODIFIED,
                                     .associated = is_associated(row.kind),
                                     .folder_id = folder_id,
                                     .message_id = message_id});
    error = write_scope_end(mailbox, scope, error);
    arena_free(&arena);
    if (error == EC_SUCCESS)
        *ret_status = old;
    return error;
}
