/* Views: the contents of a folder in one order, as rows (view_id, key, message_id) of one clustered table. A page is a
 * range of it joined with the messages; keeping it is one insert or delete for each view of the folder. */
#include "store/message_row.h"

#include <stdlib.h>
#include <string.h>

#include "base/filetime.h"
#include "store/sqlite/views.h"

#define ID_MESSAGE_DELIVERY_TIME 0x0E06u
#define VIEWS_KEPT_MAX 16u              /* of one folder and kind, beside the default one */
#define BUILD_AT_ONCE_MAX 1000u         /* messages that store_view_open itself puts into a new view */
#define LAST_USED_STEP (3600 * FILETIME_PER_SECOND)

struct view_cache {
    uint64_t folder_id;
    enum store_message_kind kind;
    uint32_t count;
    struct view views[VIEWS_KEPT_MAX + 1];
};

/* The stored form of an order: 5 bytes a column. Only a tag's id decides, since values carry their own type. */
static uint32_t encode_columns(const struct store_sort_column *columns, uint32_t count, bool flip, uint8_t *ret_encoded)
{
    for (uint32_t i = 0; i < count; i++) {
        store_u32(ret_encoded + 5 * i, columns[i].tag);
        ret_encoded[5 * i + 4] = columns[i].descending != flip;
    }
    return 5 * count;
}

static bool decode_columns(struct bytes encoded, struct view *view)
{
    if (encoded.size % 5 || encoded.size / 5 > STORE_SORT_COLUMNS_MAX)
        return false;
    view->column_count = (uint32_t)(encoded.size / 5);
    for (uint32_t i = 0; i < view->column_count; i++)
        view->columns[i] = (struct store_sort_column){load_u32(encoded.data + 5 * i), encoded.data[5 * i + 4] != 0};
    return true;
}

/* The order that every folder has from its first message on. */
static struct bytes default_columns(enum store_message_kind kind, uint8_t encoded[5])
{
    struct store_sort_column delivery_time = {PROPERTY_TAG(ID_MESSAGE_DELIVERY_TIME, PTYP_TIME), false};
    if (kind != STORE_MESSAGE_NORMAL)
        return BYTES_NONE;
    return (struct bytes){encoded, encode_columns(&delivery_time, 1, false, encoded)};
}

enum store_status view_make_key(struct sqlite_mailbox *mailbox, const struct view *view,
    const struct store_message *message, struct buffer *key)
{
    key->failed = false;
    for (uint32_t i = 0; i < view->column_count; i++) {
        struct property_value value;
        bool has = message_row_property(&mailbox->scratch, message, PROPERTY_ID(view->columns[i].tag), &value);
        if (!sort_key_append(key, mailbox->collator, has ? &value : NULL, view->columns[i].descending))
            return STORE_NO_MEMORY;
    }
    return STORE_OK;
}

static enum store_status add_view(struct sqlite_mailbox *mailbox, uint64_t folder_id, enum store_message_kind kind,
    struct bytes columns, bool complete, uint64_t *ret_view_id)
{
    enum store_status status;
    bool row = false;
    sqlite3_stmt *prepared = statement_bound(mailbox, STATEMENT_VIEW_ADD, &status, "iibii", folder_id, (int64_t)kind,
        columns, (int64_t)complete, filetime_now());
    if (prepared)
        status = statement_row(mailbox, prepared, &row);
    if (status != STORE_OK || !row)
        return status != STORE_OK ? status : STORE_CORRUPT;
    uint64_t view_id = (uint64_t)sqlite3_column_int64(prepared, 0);
    status = statement_run(mailbox, prepared); /* to its end, so that the insertion counts */
    if (status == STORE_OK)
        *ret_view_id = view_id;
    return status;
}

/* At most VIEWS_KEPT_MAX + 1. */
static enum store_status load_views(struct sqlite_mailbox *mailbox, uint64_t folder_id, enum store_message_kind kind,
    struct view *ret_views, uint32_t *ret_count)
{
    enum store_status status;
    bool row = true;
    uint32_t count = 0;
    sqlite3_stmt *prepared = statement_bound(mailbox, STATEMENT_VIEW_LIST, &status, "ii", folder_id, (int64_t)kind);
    while (prepared && status == STORE_OK && row) {
        status = statement_row(mailbox, prepared, &row);
        if (status != STORE_OK || !row)
            break;
        struct bytes columns = {sqlite3_column_blob(prepared, 1), (size_t)sqlite3_column_bytes(prepared, 1)};
        if (count > VIEWS_KEPT_MAX || !decode_columns(columns, &ret_views[count])) {
            status = STORE_CORRUPT;
            sqlite3_reset(prepared);
            break;
        }
        ret_views[count].counted = sqlite3_column_int(prepared, 2) != 0;
        ret_views[count++].view_id = (uint64_t)sqlite3_column_int64(prepared, 0);
    }
    if (status == STORE_OK && count == 0) {
        uint8_t encoded[5];
        struct bytes columns = default_columns(kind, encoded);
        if (!decode_columns(columns, &ret_views[0]))
            return STORE_CORRUPT;
        ret_views[0].counted = false;
        status = add_view(mailbox, folder_id, kind, columns, true, &ret_views[count++].view_id);
    }
    if (status == STORE_OK)
        *ret_count = count;
    return status;
}

void views_forget(struct sqlite_mailbox *mailbox)
{
    free(mailbox->views);
    mailbox->views = NULL;
}

/* The views of one folder and kind, the default one made when there is none yet: borrowed until the next call. */
static enum store_status list_views(struct sqlite_mailbox *mailbox, uint64_t folder_id, enum store_message_kind kind,
    const struct view **ret_views, uint32_t *ret_count)
{
    struct view_cache *cache = mailbox->views;
    if (!cache || cache->folder_id != folder_id || cache->kind != kind) {
        views_forget(mailbox);
        if (!(cache = malloc(sizeof(*cache))))
            return STORE_NO_MEMORY;
        cache->folder_id = folder_id;
        cache->kind = kind;
        enum store_status status = load_views(mailbox, folder_id, kind, cache->views, &cache->count);
        if (status != STORE_OK) {
            free(cache);
            return status;
        }
        mailbox->views = cache;
    }
    *ret_views = cache->views;
    *ret_count = cache->count;
    return STORE_OK;
}

/* Adds the row or takes it away, if it is not there already or still is. */
static enum store_status put_row(struct sqlite_mailbox *mailbox, bool add, const struct view *view, struct bytes key,
    uint64_t message_id)
{
    enum store_status status = statement_execute(mailbox, add ? STATEMENT_VIEW_ROW_ADD : STATEMENT_VIEW_ROW_DELETE, "ibi",
        view->view_id, key, message_id);
    if (status == STORE_OK && view->counted && sqlite3_changes64(mailbox->database) > 0)
        status = view_parts_change(mailbox, view->view_id, key, message_id, add ? 1 : -1);
    return status;
}

static enum store_status change_row(struct sqlite_mailbox *mailbox, bool add, const struct view *view,
    const struct store_message *message)
{
    buffer_clear(&mailbox->key);
    enum store_status status = view_make_key(mailbox, view, message, &mailbox->key);
    if (status != STORE_OK)
        return status;
    return put_row(mailbox, add, view, buffer_bytes(&mailbox->key), message->message_id);
}

static enum store_status change_rows(struct sqlite_mailbox *mailbox, bool add, const struct store_message *message)
{
    const struct view *views;
    uint32_t count;
    enum store_status status = list_views(mailbox, message->folder_id, message->kind, &views, &count);
    for (uint32_t i = 0; status == STORE_OK && i < count; i++)
        status = change_row(mailbox, add, &views[i], message);
    return status;
}

enum store_status views_add(struct sqlite_mailbox *mailbox, const struct store_message *message)
{
    return change_rows(mailbox, true, message);
}

enum store_status views_remove(struct sqlite_mailbox *mailbox, const struct store_message *message)
{
    return change_rows(mailbox, false, message);
}

/* Whether the order depends on anything but the packed properties. */
static bool has_computed_column(const struct view *view)
{
    struct property_value value;
    for (uint32_t i = 0; i < view->column_count; i++)
        if (message_row_computed(&(struct store_message){.commit_time = 1, .deleted_time = 1},
                PROPERTY_ID(view->columns[i].tag), &value))
            return true;
    return false;
}

enum store_status views_change(struct sqlite_mailbox *mailbox, const struct store_message *old,
    const struct store_message *new, bool same_properties)
{
    const struct view *views;
    uint32_t count;
    enum store_status status = list_views(mailbox, old->folder_id, old->kind, &views, &count);
    for (uint32_t i = 0; status == STORE_OK && i < count; i++) {
        if (same_properties && !has_computed_column(&views[i]))
            continue;
        struct buffer *key = &mailbox->key;
        buffer_clear(key);
        status = view_make_key(mailbox, &views[i], old, key);
        size_t split = key->size;
        if (status == STORE_OK)
            status = view_make_key(mailbox, &views[i], new, key);
        struct bytes old_key = {key->data, split}, new_key = {key->data + split, key->size - split};
        if (status != STORE_OK || bytes_equal(old_key, new_key))
            continue;
        status = put_row(mailbox, false, &views[i], old_key, old->message_id);
        if (status == STORE_OK)
            status = put_row(mailbox, true, &views[i], new_key, new->message_id);
    }
    return status;
}

enum store_status view_load(struct sqlite_mailbox *mailbox, uint64_t view_id, struct view_state *ret_state)
{
    enum store_status status;
    bool row = false;
    sqlite3_stmt *prepared = statement_bound(mailbox, STATEMENT_VIEW_GET, &status, "i", view_id);
    if (prepared)
        status = statement_row(mailbox, prepared, &row);
    if (status != STORE_OK || !row)
        return status != STORE_OK ? status : STORE_NOT_FOUND;
    struct view_state state = {.view.view_id = view_id,
        .view.counted = sqlite3_column_int(prepared, 6) != 0,
        .folder_id = (uint64_t)sqlite3_column_int64(prepared, 0),
        .kind = (enum store_message_kind)sqlite3_column_int(prepared, 1),
        .complete = sqlite3_column_int(prepared, 3) != 0,
        .built_change_number = (uint64_t)sqlite3_column_int64(prepared, 4),
        .built_message_id = (uint64_t)sqlite3_column_int64(prepared, 5)};
    struct bytes columns = {sqlite3_column_blob(prepared, 2), (size_t)sqlite3_column_bytes(prepared, 2)};
    if (!decode_columns(columns, &state.view))
        status = STORE_CORRUPT;
    sqlite3_reset(prepared);
    if (status == STORE_OK)
        *ret_state = state;
    return status;
}

/* Puts the next messages, in the order of their change numbers, into the view. A message that changes meanwhile goes
 * behind the point reached or is in the view already, so that adding it twice is the only thing to pass over. */
static enum store_status build(struct sqlite_mailbox *mailbox, struct view_state *state, uint64_t rows_max)
{
    const struct store_message *rows;
    uint32_t count;
    bool end = false;
    enum store_status status = STORE_OK;
    for (uint64_t done = 0; status == STORE_OK && !end && done < rows_max; done += count) {
        uint64_t batch = rows_max - done < 256 ? rows_max - done : 256;
        arena_reset(&mailbox->scratch);
        sqlite3_stmt *prepared = statement_bound(mailbox, STATEMENT_VIEW_SOURCE, &status, "iiiii", state->folder_id,
            (int64_t)state->kind, state->built_change_number, state->built_message_id, batch);
        if (prepared)
            status = message_rows(&mailbox->scratch, mailbox, prepared, (struct message_row_limits){0}, &rows, &count, &end);
        if (status != STORE_OK)
            break;
        for (uint32_t i = 0; status == STORE_OK && i < count; i++) {
            status = change_row(mailbox, true, &state->view, &rows[i]);
            state->built_change_number = rows[i].change_number;
            state->built_message_id = rows[i].message_id;
        }
        end = count < batch;
    }
    state->complete = end;
    if (status == STORE_OK)
        status = statement_execute(mailbox, STATEMENT_VIEW_PROGRESS, "iiii", state->view.view_id,
            state->built_change_number, state->built_message_id, (int64_t)end);
    return status;
}

enum store_status sqlite_view_build(struct store_mailbox *base, uint64_t view_id, uint64_t rows_max, bool *ret_complete)
{
    struct sqlite_mailbox *mailbox = sqlite_of(base);
    struct view_state state;
    bool own;
    enum store_status status = write_enter(mailbox, &own);
    if (status != STORE_OK)
        return status;
    status = view_load(mailbox, view_id, &state);
    if (status == STORE_OK && !state.complete)
        status = build(mailbox, &state, rows_max);
    status = write_leave(mailbox, own, status);
    if (status == STORE_OK)
        *ret_complete = state.complete;
    return status;
}

/* Gives up the view that was not used for the longest time when there are too many. */
static enum store_status make_room(struct sqlite_mailbox *mailbox, uint64_t folder_id, enum store_message_kind kind)
{
    uint8_t encoded[5];
    enum store_status status;
    bool row = false;
    sqlite3_stmt *prepared = statement_bound(mailbox, STATEMENT_VIEW_LEAST_USED, &status, "iib", folder_id, (int64_t)kind,
        default_columns(kind, encoded));
    if (prepared)
        status = statement_row(mailbox, prepared, &row);
    if (status != STORE_OK || !row)
        return status;
    uint64_t view_id = (uint64_t)sqlite3_column_int64(prepared, 0);
    bool full = sqlite3_column_int64(prepared, 1) >= VIEWS_KEPT_MAX;
    sqlite3_reset(prepared);
    if (!full)
        return STORE_OK;
    status = statement_execute(mailbox, STATEMENT_VIEW_ROWS_DELETE, "i", view_id);
    if (status == STORE_OK)
        status = statement_execute(mailbox, STATEMENT_VIEW_PARTS_DELETE, "i", view_id);
    return status == STORE_OK ? statement_execute(mailbox, STATEMENT_VIEW_DELETE, "i", view_id) : status;
}

static enum store_status make_view(struct sqlite_mailbox *mailbox, uint64_t folder_id, enum store_message_kind kind,
    struct bytes columns, struct store_view *view)
{
    struct view_state state = {.folder_id = folder_id, .kind = kind};
    const struct view *views;
    uint32_t count;
    bool own;
    enum store_status status = write_enter(mailbox, &own);
    if (status != STORE_OK)
        return status;
    status = list_views(mailbox, folder_id, kind, &views, &count); /* the default one first */
    for (uint32_t i = 0; status == STORE_OK && i < count; i++) {
        uint8_t encoded[5 * STORE_SORT_COLUMNS_MAX];
        struct bytes other = {encoded, encode_columns(views[i].columns, views[i].column_count, false, encoded)};
        if (bytes_equal(other, columns)) {
            view->view_id = views[i].view_id;
            view->complete = true;
            return write_leave(mailbox, own, STORE_OK);
        }
    }
    views_forget(mailbox); /* the list changes below */
    if (status == STORE_OK)
        status = make_room(mailbox, folder_id, kind);
    if (status == STORE_OK && !decode_columns(columns, &state.view))
        status = STORE_INVALID;
    if (status == STORE_OK)
        status = add_view(mailbox, folder_id, kind, columns, false, &state.view.view_id);
    if (status == STORE_OK)
        status = build(mailbox, &state, BUILD_AT_ONCE_MAX);
    status = write_leave(mailbox, own, status);
    view->view_id = state.view.view_id;
    view->complete = state.complete;
    return status;
}

static enum store_status find_view(struct sqlite_mailbox *mailbox, uint64_t folder_id, enum store_message_kind kind,
    struct bytes columns, struct store_view *view)
{
    enum store_status status;
    bool row = false;
    sqlite3_stmt *prepared = statement_bound(mailbox, STATEMENT_VIEW_FIND, &status, "iib", folder_id, (int64_t)kind,
        columns);
    if (prepared)
        status = statement_row(mailbox, prepared, &row);
    if (status != STORE_OK)
        return status;
    if (!row)
        return make_view(mailbox, folder_id, kind, columns, view);
    view->view_id = (uint64_t)sqlite3_column_int64(prepared, 0);
    view->complete = sqlite3_column_int(prepared, 1) != 0;
    uint64_t last_used = (uint64_t)sqlite3_column_int64(prepared, 2), now = filetime_now();
    sqlite3_reset(prepared);
    if (now > last_used + LAST_USED_STEP)
        status = statement_execute(mailbox, STATEMENT_VIEW_USED, "ii", view->view_id, now);
    return status;
}

enum store_status view_count_messages(struct sqlite_mailbox *mailbox, uint64_t folder_id,
    enum store_message_kind kind, uint64_t *ret_count)
{
    struct store_folder folder;
    arena_reset(&mailbox->scratch);
    enum store_status status = folder_load(mailbox, &mailbox->scratch, folder_id, &folder);
    if (status != STORE_OK)
        return status;
    switch (kind) {
    case STORE_MESSAGE_NORMAL: *ret_count = folder.counts.content; break;
    case STORE_MESSAGE_ASSOCIATED: *ret_count = folder.counts.associated; break;
    case STORE_MESSAGE_DELETED: *ret_count = folder.counts.deleted_content; break;
    case STORE_MESSAGE_DELETED_ASSOCIATED: *ret_count = folder.counts.deleted_associated; break;
    }
    return STORE_OK;
}

enum store_status sqlite_view_open(struct store_mailbox *base, uint64_t folder_id, enum store_message_kind kind,
    const struct store_sort_column *columns, uint32_t column_count, struct store_view *ret_view)
{
    struct sqlite_mailbox *mailbox = sqlite_of(base);
    uint8_t encoded[5 * STORE_SORT_COLUMNS_MAX];
    struct store_view view = {0};
    if (column_count > STORE_SORT_COLUMNS_MAX || kind > STORE_MESSAGE_DELETED_ASSOCIATED)
        return STORE_INVALID;
    enum store_status status = view_count_messages(mailbox, folder_id, kind, &view.count);
    if (status != STORE_OK)
        return status;
    view.reversed = column_count && columns[0].descending;
    struct bytes order = {encoded, encode_columns(columns, column_count, view.reversed, encoded)};
    status = find_view(mailbox, folder_id, kind, column_count ? order : default_columns(kind, encoded), &view);
    if (status == STORE_OK)
        *ret_view = view;
    return status;
}
