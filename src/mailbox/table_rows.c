/* Reaching the rows of a table: see table_state.h. */
#include <stdlib.h>
#include <string.h>

#include "base/limits.h"
#include "mailbox/handles.h"
#include "mailbox/table_state.h"

#define SCAN_PAGE_ROWS 256u
#define SCAN_PAGE_SIZE_MAX (1u << 20)
#define VIEW_BUILD_ROWS 4096u
#define TABLE_LIST_ROWS_MAX (4u << 20)

enum row_kind table_row_kind(const struct table *table)
{
    switch (table->kind) {
    case TABLE_HIERARCHY: return ROW_FOLDER;
    case TABLE_CONTENTS: return ROW_MESSAGE;
    case TABLE_ATTACHMENTS: return ROW_ATTACHMENT;
    }
    return ROW_MESSAGE;
}

enum store_message_kind table_message_kind(const struct table *table)
{
    bool associated = (table->flags & TABLE_ASSOCIATED) != 0, deleted = (table->flags & TABLE_SOFT_DELETES) != 0;
    return (enum store_message_kind)((associated ? STORE_MESSAGE_ASSOCIATED : 0) | (deleted ? STORE_MESSAGE_DELETED : 0));
}

void table_position_free(struct table_position *position)
{
    free((void *)position->key.data);
    position->key = BYTES_NONE;
}

void table_set_position(struct table *table, struct table_position position)
{
    table_position_free(&table->position);
    table->position = position;
}

/* ---- Views ---- */

/* A view may be kept in the other direction: then every place is the mirror image of it. */
static struct store_position to_view(const struct table_access *access, const struct table_position *position)
{
    static const enum store_place mirrored[] = {[STORE_PLACE_FIRST] = STORE_PLACE_LAST,
        [STORE_PLACE_LAST] = STORE_PLACE_FIRST,
        [STORE_PLACE_BEFORE] = STORE_PLACE_AFTER,
        [STORE_PLACE_AFTER] = STORE_PLACE_BEFORE};
    return (struct store_position){.place = access->view.reversed ? mirrored[position->place] : position->place,
        .key = position->key,
        .message_id = position->id};
}

static uint32_t open_view(struct table_access *access)
{
    struct table *table = access->table;
    struct store_mailbox *store = access->mailbox->store;
    uint32_t error = mailbox_error(
        store_view_open(store, table->folder_id, table_message_kind(table), table->sort, table->sort_count, &access->view));
    bool built = error == EC_SUCCESS && !access->view.complete;
    for (bool complete = !built; error == EC_SUCCESS && !complete;)
        error = mailbox_error(store_view_build(store, access->view.view_id, VIEW_BUILD_ROWS, &complete));
    if (error == EC_SUCCESS && built)
        error = mailbox_error(store_view_open(
            store, table->folder_id, table_message_kind(table), table->sort, table->sort_count, &access->view));
    access->count = (uint32_t)access->view.count;
    return error;
}

static uint32_t view_page(struct table_access *access, const struct store_position *from, bool backward, uint32_t max,
    bool ids_only, const struct store_message **ret_rows, uint32_t *ret_count, bool *ret_end)
{
    struct store_page_request request = {.view_id = access->view.view_id,
        .from = *from,
        .backward = backward != access->view.reversed,
        .ids_only = ids_only,
        .rows_max = max,
        .size_max = ids_only ? 0 : SCAN_PAGE_SIZE_MAX};
    return mailbox_error(store_view_page(access->mailbox->store, access->arena, &request, ret_rows, ret_count, ret_end));
}

/* ---- Lists ---- */

static void list_clear(struct table_list *list)
{
    free(list->ids);
    *list = (struct table_list){0};
}

static uint32_t list_add(struct table_list *list, uint64_t id)
{
    if (list->count == list->capacity) {
        if (list->capacity >= TABLE_LIST_ROWS_MAX)
            return EC_TABLE_TOO_BIG;
        uint32_t capacity = list->capacity == 0 ? 64 : list->capacity * 2;
        uint64_t *ids = realloc(list->ids, capacity * sizeof *ids);
        if (ids == NULL)
            return EC_OUT_OF_MEMORY;
        list->ids = ids;
        list->capacity = capacity;
    }
    list->ids[list->count++] = id;
    return EC_SUCCESS;
}

/* Puts a position of the old list to where its row, or the row that took its place, stands in the new one. */
static void relocate(struct table_position *position, const struct table_list *list)
{
    if (position->place != STORE_PLACE_BEFORE)
        return;
    for (uint32_t i = 0; i < list->count; i++) {
        if (list->ids[i] == position->id) {
            position->index = i;
            return;
        }
    }
    if (position->index > list->count)
        position->index = list->count;
    if (position->index < list->count) /* its row is gone: it stands before the one behind from now on */
        position->id = list->ids[position->index];
}

/* For rows with keys: how many of the new list stand before the old place. */
struct relocation {
    struct table_position *position;
    bool found;
    uint64_t before;
};

static bool row_is_before(
    const struct table_access *access, const struct store_message *row, const struct table_position *position)
{
    int order = bytes_compare(row->key, position->key);
    if (order == 0)
        order = row->message_id < position->id ? -1 : row->message_id > position->id;
    return access->view.reversed ? order > 0 : order < 0;
}

static uint32_t list_matching_messages(
    struct table_access *access, struct table_list *list, struct relocation *relocations, uint32_t relocation_count)
{
    struct table *table = access->table;
    struct arena page_arena = {0}, key_arena = {0};
    struct arena *outer = access->arena;
    struct table_position from = {.place = STORE_PLACE_FIRST};
    uint32_t counted = 0;
    uint32_t error = EC_SUCCESS;
    for (bool end = false; error == EC_SUCCESS && !end;) {
        const struct store_message *rows;
        uint32_t count = 0;
        arena_reset(&page_arena);
        access->arena = &page_arena;
        struct store_position store_from = to_view(access, &from);
        error = view_page(access, &store_from, false, SCAN_PAGE_ROWS, false, &rows, &count, &end);
        for (uint32_t i = 0; error == EC_SUCCESS && i < count; i++) {
            struct row row = {.kind = ROW_MESSAGE,
                .arena = &page_arena,
                .mailbox = access->mailbox,
                .codepage = table->codepage,
                .message = &rows[i]};
            if (!restriction_matches(&row, table->restriction, &counted))
                continue;
            error = list_add(list, rows[i].message_id);
            for (uint32_t j = 0; j < relocation_count; j++) {
                struct table_position *position = relocations[j].position;
                if (rows[i].message_id == position->id)
                    relocations[j].found = true, relocations[j].before = list->count - 1;
                else if (!relocations[j].found && row_is_before(access, &rows[i], position))
                    relocations[j].before++;
            }
        }
        if (error != EC_SUCCESS || count == 0)
            break;
        arena_reset(&key_arena);
        from = (struct table_position){.place = STORE_PLACE_AFTER,
            .key = arena_bytes(&key_arena, rows[count - 1].key),
            .id = rows[count - 1].message_id};
    }
    access->arena = outer;
    arena_free(&page_arena);
    arena_free(&key_arena);
    return error;
}

static uint32_t list_folders(struct table_access *access, struct table_list *list)
{
    struct table *table = access->table;
    const struct store_folder *folders;
    struct arena arena = {0}, row_arena = {0};
    uint32_t count = 0, counted = 0;
    uint32_t flags = ((table->flags & TABLE_DEPTH) != 0 ? STORE_LIST_DEEP : 0) |
                     ((table->flags & TABLE_SOFT_DELETES) != 0 ? STORE_LIST_DELETED : 0);
    uint32_t error =
        mailbox_error(store_folder_list(access->mailbox->store, &arena, table->folder_id, flags, &folders, &count));
    for (uint32_t i = 0; error == EC_SUCCESS && i < count; i++) {
        arena_reset(&row_arena);
        struct row row = {.kind = ROW_FOLDER,
            .arena = &row_arena,
            .mailbox = access->mailbox,
            .codepage = table->codepage,
            .folder = &folders[i]};
        if (restriction_matches(&row, table->restriction, &counted))
            error = list_add(list, folders[i].folder_id);
    }
    arena_free(&arena);
    arena_free(&row_arena);
    return error;
}

/* Makes the list anew and finds the positions again. */
static uint32_t refresh_list(struct table_access *access, uint64_t generation)
{
    struct table *table = access->table;
    struct table_list list = {.valid = true, .generation = generation};
    uint32_t relocation_count = 0;
    struct relocation *relocations = arena_array(access->arena, struct relocation, (size_t)table->bookmark_count + 1);
    if (relocations == NULL)
        return EC_OUT_OF_MEMORY;
    if (table->position.place == STORE_PLACE_BEFORE)
        relocations[relocation_count++].position = &table->position;
    for (uint32_t i = 0; i < table->bookmark_count; i++)
        if (table->bookmarks[i].position.place == STORE_PLACE_BEFORE)
            relocations[relocation_count++].position = &table->bookmarks[i].position;
    uint32_t error = table->kind == TABLE_CONTENTS ? list_matching_messages(access, &list, relocations, relocation_count)
                                                   : list_folders(access, &list);
    if (error != EC_SUCCESS) {
        list_clear(&list);
        return error;
    }
    for (uint32_t i = 0; i < relocation_count; i++) {
        if (table->kind == TABLE_CONTENTS)
            relocations[i].position->index = relocations[i].before;
        else if (relocations[i].position == &table->position)
            relocate(relocations[i].position, &list);
    }
    list_clear(&table->list);
    table->list = list;
    return EC_SUCCESS;
}

/* ---- One way in ---- */

static uint32_t open_attachments(struct table_access *access)
{
    struct attachment_listed *listed;
    uint32_t count = 0;
    uint32_t error = content_attachments(access->arena, access->mailbox, access->table->message->content, &listed, &count);
    access->attachments = listed;
    access->count = count;
    return error;
}

uint32_t table_access_open_view(
    struct arena *arena, struct mailbox *mailbox, struct table *table, struct table_access *ret_access)
{
    *ret_access = (struct table_access){.arena = arena, .mailbox = mailbox, .table = table};
    return open_view(ret_access);
}

uint32_t table_access_open(struct arena *arena, struct logon *logon, struct table *table, struct table_access *ret_access)
{
    struct table_access *access = ret_access;
    *access = (struct table_access){.arena = arena, .mailbox = logon->mailbox, .table = table, .is_list = true};
    table->viewed = true;
    if (table->kind == TABLE_ATTACHMENTS)
        return open_attachments(access);
    uint32_t error = EC_SUCCESS;
    if (table->kind == TABLE_CONTENTS) {
        error = open_view(access);
        access->is_list = table->restriction != NULL;
        if (error != EC_SUCCESS || !access->is_list)
            return error;
    }
    uint64_t generation = mailbox_generation(logon->mailbox, table->kind == TABLE_CONTENTS ? table->folder_id : 0);
    if (!table->list.valid || table->list.generation != generation)
        error = refresh_list(access, generation);
    access->count = table->list.count;
    return error;
}

static uint64_t list_index(const struct table_access *access, const struct table_position *position)
{
    if (position->place == STORE_PLACE_FIRST)
        return 0;
    if (position->place == STORE_PLACE_LAST || position->index > access->count)
        return access->count;
    return position->index;
}

/* Rows of the ids, in their order. Those that vanished since the listing are left out. */
static uint32_t rows_of_ids(
    struct table_access *access, const uint64_t *ids, uint32_t count, struct table_row *rows, uint32_t *ret_count)
{
    struct table *table = access->table;
    bool messages = table->kind == TABLE_CONTENTS;
    void *stored = messages ? (void *)arena_array(access->arena, struct store_message, (size_t)count + 1)
                            : (void *)arena_array(access->arena, struct store_folder, (size_t)count + 1);
    if (stored == NULL)
        return EC_OUT_OF_MEMORY;
    uint32_t error =
        count == 0 ? EC_SUCCESS
                   : mailbox_error(messages ? store_message_get(access->mailbox->store, access->arena, ids, count, stored)
                                            : store_folder_get(access->mailbox->store, access->arena, ids, count, stored));
    if (error != EC_SUCCESS)
        return error;
    struct store_message *message_rows = stored;
    struct store_folder *folder_rows = stored;
    for (uint32_t i = 0; i < count; i++) {
        rows[i] = (struct table_row){.id = ids[i],
            .row = {.kind = table_row_kind(table),
                .arena = access->arena,
                .mailbox = access->mailbox,
                .codepage = table->codepage}};
        if (messages)
            rows[i].row.message = &message_rows[i];
        else
            rows[i].row.folder = &folder_rows[i];
    }
    *ret_count = count;
    return EC_SUCCESS;
}

/* Depths count from the table's folder; the store gives them in listings only. */
static void set_depths(struct table_access *access, struct table_row *rows, uint32_t count)
{
    for (uint32_t i = 0; i < count; i++) {
        struct store_folder *folder = (struct store_folder *)rows[i].row.folder;
        uint64_t parent_id = folder->parent_id;
        struct store_folder parent;
        folder->depth = 1;
        while (parent_id != access->table->folder_id && parent_id != 0 && folder->depth < FOLDER_DEPTH_MAX &&
               mailbox_folder(access->mailbox, access->arena, parent_id, &parent) == EC_SUCCESS) {
            folder->depth++;
            parent_id = parent.parent_id;
        }
    }
}

static void attachment_row(struct table_access *access, uint32_t index, struct table_row *ret_row)
{
    const struct attachment_listed *listed = &access->attachments[index];
    bool based = listed->stored != NULL &&
                 (listed->unsaved == NULL || listed->unsaved->attachment_id == listed->stored->attachment_id);
    *ret_row = (struct table_row){.id = listed->number,
        .row = {.kind = ROW_ATTACHMENT,
            .arena = access->arena,
            .mailbox = access->mailbox,
            .codepage = access->table->codepage,
            .attachment = {.listed = listed, .packed = based ? listed->stored->properties : BYTES_NONE}}};
}

static uint32_t fetch_from_list(struct table_access *access, const struct table_position *from, bool backward, uint32_t max,
    bool ids_only, struct table_row **ret_rows, uint32_t *ret_count)
{
    uint64_t at = list_index(access, from);
    uint64_t available = backward ? at : access->count - at;
    uint32_t count = (uint32_t)(available < max ? available : max);
    struct table_row *rows = arena_array(access->arena, struct table_row, (size_t)count + 1);
    uint64_t *ids = arena_array(access->arena, uint64_t, (size_t)count + 1);
    if (rows == NULL || ids == NULL)
        return EC_OUT_OF_MEMORY;
    uint32_t error = EC_SUCCESS;
    for (uint32_t i = 0; i < count; i++) {
        uint32_t index = (uint32_t)(backward ? at - 1 - i : at + i);
        if (access->table->kind == TABLE_ATTACHMENTS)
            attachment_row(access, index, &rows[i]);
        else
            ids[i] = rows[i].id = access->table->list.ids[index];
    }
    if (access->table->kind != TABLE_ATTACHMENTS && !ids_only)
        error = rows_of_ids(access, ids, count, rows, &count);
    if (error == EC_SUCCESS && access->table->kind == TABLE_HIERARCHY && !ids_only &&
        (access->table->flags & TABLE_DEPTH) != 0)
        set_depths(access, rows, count);
    if (error != EC_SUCCESS)
        return error;
    *ret_rows = rows;
    *ret_count = count;
    return EC_SUCCESS;
}

uint32_t table_fetch(struct table_access *access, const struct table_position *from, bool backward, uint32_t max,
    bool ids_only, struct table_row **ret_rows, uint32_t *ret_count)
{
    if (access->is_list)
        return fetch_from_list(access, from, backward, max, ids_only, ret_rows, ret_count);
    const struct store_message *stored;
    uint32_t count = 0;
    bool end = false;
    struct store_position store_from = to_view(access, from);
    uint32_t error = view_page(access, &store_from, backward, max, ids_only, &stored, &count, &end);
    if (error != EC_SUCCESS)
        return error;
    struct table_row *rows = arena_array(access->arena, struct table_row, (size_t)count + 1);
    if (rows == NULL)
        return EC_OUT_OF_MEMORY;
    for (uint32_t i = 0; i < count; i++)
        rows[i] = (struct table_row){.id = stored[i].message_id,
            .key = stored[i].key,
            .row = {.kind = ROW_MESSAGE,
                .arena = access->arena,
                .mailbox = access->mailbox,
                .codepage = access->table->codepage,
                .message = &stored[i]}};
    *ret_rows = rows;
    *ret_count = count;
    return EC_SUCCESS;
}

uint32_t table_rank(struct table_access *access, const struct table_position *position, uint64_t *ret_rank)
{
    if (access->is_list) {
        *ret_rank = list_index(access, position);
        return EC_SUCCESS;
    }
    struct store_position store_position = to_view(access, position);
    uint64_t rank = 0;
    uint32_t error = mailbox_error(store_view_rank(access->mailbox->store, access->view.view_id, &store_position, &rank));
    if (error == EC_SUCCESS)
        *ret_rank = access->view.reversed ? access->view.count - rank : rank;
    return error;
}

static bool own_key(struct bytes key, struct bytes *ret_key)
{
    uint8_t *copy = malloc(key.size > 0 ? key.size : 1);
    if (copy == NULL)
        return false;
    if (key.size > 0)
        memcpy(copy, key.data, key.size);
    *ret_key = bytes_of(copy, key.size);
    return true;
}

/* A position in a list, with what finds its row again after a new listing. */
static uint32_t list_position(const struct table_access *access, uint64_t index, struct table_position *ret_position)
{
    struct table_position position = {.place = STORE_PLACE_BEFORE, .index = index};
    if (index == 0)
        position.place = STORE_PLACE_FIRST;
    else if (index >= access->count)
        position.place = STORE_PLACE_LAST;
    else if (access->table->kind == TABLE_ATTACHMENTS)
        position.id = access->attachments[index].number;
    else
        position.id = access->table->list.ids[index];
    if (position.place == STORE_PLACE_BEFORE && access->table->kind == TABLE_CONTENTS) {
        struct bytes key;
        uint32_t error =
            mailbox_error(store_view_find(access->mailbox->store, access->arena, access->view.view_id, position.id, &key));
        if (error == EC_SUCCESS && !own_key(key, &position.key))
            error = EC_OUT_OF_MEMORY;
        if (error != EC_SUCCESS)
            return error;
    }
    *ret_position = position;
    return EC_SUCCESS;
}

uint32_t table_move(struct table_access *access, const struct table_position *from, int64_t rows,
    struct table_position *ret_position, int64_t *ret_moved)
{
    if (access->is_list) {
        int64_t at = (int64_t)list_index(access, from), to = at + rows;
        to = to < 0 ? 0 : to > (int64_t)access->count ? (int64_t)access->count : to;
        *ret_moved = to - at;
        return list_position(access, (uint64_t)to, ret_position);
    }
    struct store_position store_from = to_view(access, from), reached;
    uint64_t moved = 0;
    uint32_t error = mailbox_error(store_view_move(access->mailbox->store, access->arena, access->view.view_id, &store_from,
        access->view.reversed ? -rows : rows, &reached, &moved));
    if (error != EC_SUCCESS)
        return error;
    struct table_position physical = {.place = reached.place, .id = reached.message_id, .key = reached.key};
    struct store_position logical = to_view(access, &physical); /* the mirror image of the mirror image */
    struct table_position position = {.place = logical.place, .id = logical.message_id};
    if (!own_key(logical.key, &position.key))
        return EC_OUT_OF_MEMORY;
    *ret_position = position;
    *ret_moved = rows < 0 ? -(int64_t)moved : (int64_t)moved;
    return EC_SUCCESS;
}

uint32_t table_position_by(const struct table_access *access, const struct table_row *row, bool behind, uint64_t index,
    struct table_position *ret_position)
{
    if (access->is_list)
        return list_position(access, behind ? index + 1 : index, ret_position);
    struct table_position position = {.place = behind ? STORE_PLACE_AFTER : STORE_PLACE_BEFORE, .id = row->id};
    if (!own_key(row->key, &position.key))
        return EC_OUT_OF_MEMORY;
    *ret_position = position;
    return EC_SUCCESS;
}

uint32_t table_find_bookmark(
    struct table_access *access, const struct table_bookmark *bookmark, struct table_position *ret_position, bool *ret_gone)
{
    const struct table_position *position = &bookmark->position;
    struct table_position copy = *position;
    copy.key = BYTES_NONE;
    bool gone = false;
    struct bytes key = position->key;
    if (access->is_list) {
        uint64_t index = list_index(access, position);
        if (position->place == STORE_PLACE_BEFORE && access->table->kind != TABLE_ATTACHMENTS) {
            gone = true;
            for (uint32_t i = 0; i < access->count && gone; i++) {
                if (access->table->list.ids[i] == position->id) {
                    index = i;
                    gone = false;
                }
            }
        } else if (position->place == STORE_PLACE_BEFORE) {
            gone = index >= access->count || access->attachments[index].number != position->id;
        }
        *ret_gone = gone;
        return list_position(access, index, ret_position);
    }
    if (position->place == STORE_PLACE_BEFORE || position->place == STORE_PLACE_AFTER) {
        uint32_t error =
            mailbox_error(store_view_find(access->mailbox->store, access->arena, access->view.view_id, position->id, &key));
        gone = error == EC_NOT_FOUND;
        if (gone)
            key = position->key;
        else if (error != EC_SUCCESS)
            return error;
    }
    if (!own_key(key, &copy.key))
        return EC_OUT_OF_MEMORY;
    *ret_position = copy;
    *ret_gone = gone;
    return EC_SUCCESS;
}
