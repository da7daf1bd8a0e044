/* Attachments of a message: one row each, those inside embedded messages at any depth too, all with the message's id. */
#include <string.h>

#include "base/limits.h"
#include "store/sqlite/internal.h"

struct attachment_row {
    uint64_t attachment_id, message_id, parent_id, number, size;
    struct bytes properties, embedded;
    bool has_embedded;
};

static enum store_status load(struct sqlite_mailbox *mailbox, uint64_t attachment_id, struct attachment_row *ret_row)
{
    enum store_status status;
    bool found = false;
    sqlite3_stmt *prepared = statement_bound(mailbox, STATEMENT_ATTACHMENT_GET, &status, "i", attachment_id);
    if (prepared)
        status = statement_row(mailbox, prepared, &found);
    if (status != STORE_OK || !found)
        return status != STORE_OK ? status : STORE_NOT_FOUND;
    struct attachment_row row = {.attachment_id = attachment_id,
        .message_id = (uint64_t)sqlite3_column_int64(prepared, 0),
        .parent_id = (uint64_t)sqlite3_column_int64(prepared, 1),
        .number = (uint64_t)sqlite3_column_int64(prepared, 2),
        .size = (uint64_t)sqlite3_column_int64(prepared, 3),
        .has_embedded = sqlite3_column_type(prepared, 5) != SQLITE_NULL};
    if (!column_bytes(&mailbox->scratch, prepared, 4, &row.properties) ||
        !column_bytes(&mailbox->scratch, prepared, 5, &row.embedded))
        status = STORE_NO_MEMORY;
    sqlite3_reset(prepared);
    if (status == STORE_OK)
        *ret_row = row;
    return status;
}

/* All attachments of a message, parents not necessarily first, in the mailbox's scratch arena. */
static enum store_status load_all(struct sqlite_mailbox *mailbox, uint64_t message_id, struct attachment_row **ret_rows,
    uint32_t *ret_count)
{
    struct buffer rows = {0};
    enum store_status status;
    bool found = true;
    sqlite3_stmt *prepared = statement_bound(mailbox, STATEMENT_ATTACHMENT_ALL, &status, "i", message_id);
    while (prepared && status == STORE_OK && found) {
        status = statement_row(mailbox, prepared, &found);
        if (status != STORE_OK || !found)
            break;
        struct attachment_row row = {.message_id = message_id,
            .attachment_id = (uint64_t)sqlite3_column_int64(prepared, 0),
            .parent_id = (uint64_t)sqlite3_column_int64(prepared, 1),
            .number = (uint64_t)sqlite3_column_int64(prepared, 2),
            .size = (uint64_t)sqlite3_column_int64(prepared, 3),
            .has_embedded = sqlite3_column_type(prepared, 5) != SQLITE_NULL};
        if (!column_bytes(&mailbox->scratch, prepared, 4, &row.properties) ||
            !column_bytes(&mailbox->scratch, prepared, 5, &row.embedded) || !buffer_append(&rows, &row, sizeof(row))) {
            status = STORE_NO_MEMORY;
            sqlite3_reset(prepared);
        }
    }
    struct attachment_row *copy = status == STORE_OK ? arena_copy(&mailbox->scratch, rows.data, rows.size) : NULL;
    if (status == STORE_OK && !copy)
        status = STORE_NO_MEMORY;
    if (status == STORE_OK) {
        *ret_rows = copy;
        *ret_count = (uint32_t)(rows.size / sizeof(*copy));
    }
    buffer_free(&rows);
    return status;
}

/* An attachment's size counts in every attachment around it. */
static enum store_status grow_parents(struct sqlite_mailbox *mailbox, uint64_t parent_id, int64_t difference)
{
    enum store_status status = STORE_OK;
    for (uint32_t depth = 0; status == STORE_OK && parent_id; depth++) {
        bool row = false;
        if (depth > EMBEDDED_DEPTH_MAX)
            return STORE_INVALID;
        sqlite3_stmt *prepared = statement_bound(mailbox, STATEMENT_ATTACHMENT_GROW, &status, "ii", parent_id, difference);
        if (prepared)
            status = statement_row(mailbox, prepared, &row);
        if (status != STORE_OK || !row)
            return status != STORE_OK ? status : STORE_INVALID;
        parent_id = (uint64_t)sqlite3_column_int64(prepared, 0);
        sqlite3_reset(prepared);
    }
    return status;
}

/* Packs the attachment's own properties and the embedded message's, one behind the other, into mailbox->packed. */
static enum store_status pack(struct sqlite_mailbox *mailbox, const struct store_attachment_write *write,
    const struct attachment_row *old, struct bytes *ret_properties, struct bytes *ret_embedded, uint64_t *ret_size)
{
    struct buffer *packed = &mailbox->packed;
    uint64_t size, embedded_size = 0;
    buffer_clear(packed);
    enum store_status status = content_pack(mailbox, &write->content, old->properties, PROPERTY_INLINE_SIZE_MAX, packed,
        &size);
    size_t split = packed->size;
    if (status == STORE_OK && write->embedded)
        status = content_pack(mailbox, write->embedded, old->embedded, PROPERTY_INLINE_SIZE_MAX, packed, &embedded_size);
    if (status != STORE_OK)
        return status;
    *ret_properties = (struct bytes){packed->data, split};
    *ret_embedded = write->embedded ? (struct bytes){packed->data + split, packed->size - split} : old->embedded;
    *ret_size = size + embedded_size;
    return STORE_OK;
}

static enum store_status create(struct sqlite_mailbox *mailbox, uint64_t message_id,
    const struct store_attachment_write *write, struct attachment_change *change)
{
    struct attachment_row none = {0}, parent;
    struct bytes properties, embedded;
    uint64_t size;
    enum store_status status = STORE_OK;
    if (!write->attachment_id)
        return STORE_INVALID;
    if (write->parent_id) {
        status = load(mailbox, write->parent_id, &parent);
        if (status != STORE_OK || parent.message_id != message_id || !parent.has_embedded)
            return status == STORE_OK || status == STORE_NOT_FOUND ? STORE_INVALID : status;
    }
    status = pack(mailbox, write, &none, &properties, &embedded, &size);
    if (status == STORE_OK)
        status = statement_execute(mailbox, STATEMENT_ATTACHMENT_INSERT, "iiiiibz", write->attachment_id, message_id,
            write->parent_id, (int64_t)write->number, size, properties, embedded);
    if (status == STORE_OK)
        status = grow_parents(mailbox, write->parent_id, (int64_t)size);
    change->size += (int64_t)size;
    change->count += write->parent_id == 0;
    return status;
}

static enum store_status update(struct sqlite_mailbox *mailbox, uint64_t message_id,
    const struct store_attachment_write *write, struct attachment_change *change)
{
    struct attachment_row old;
    struct bytes properties, embedded;
    uint64_t size, old_own = 0, size_before;
    enum store_status status = load(mailbox, write->attachment_id, &old);
    if (status == STORE_OK && (old.message_id != message_id || old.parent_id != write->parent_id))
        status = STORE_INVALID;
    if (status != STORE_OK)
        return status;
    /* What the row itself held before: its size is that and its children's, which stays. */
    status = content_size(mailbox, old.properties, &old_own);
    if (status == STORE_OK && write->embedded && old.has_embedded) {
        status = content_size(mailbox, old.embedded, &size_before);
        if (status == STORE_OK)
            old_own += size_before;
    }
    if (status == STORE_OK)
        status = pack(mailbox, write, &old, &properties, &embedded, &size);
    if (status != STORE_OK)
        return status;
    int64_t difference = (int64_t)size - (int64_t)old_own;
    status = statement_execute(mailbox, STATEMENT_ATTACHMENT_UPDATE, "iiibz", write->attachment_id, (int64_t)write->number,
        (int64_t)old.size + difference, properties, embedded);
    if (status == STORE_OK)
        status = grow_parents(mailbox, old.parent_id, difference);
    change->size += difference;
    return status;
}

static enum store_status drop(struct sqlite_mailbox *mailbox, const struct attachment_row *row)
{
    enum store_status status = content_drop(mailbox, row->properties);
    return status == STORE_OK && row->has_embedded ? content_drop(mailbox, row->embedded) : status;
}

/* The attachment and all inside it. */
static enum store_status remove_tree(struct sqlite_mailbox *mailbox, const struct attachment_row *rows, uint32_t count,
    uint64_t attachment_id, uint32_t depth)
{
    enum store_status status = depth > EMBEDDED_DEPTH_MAX ? STORE_CORRUPT : STORE_OK;
    for (uint32_t i = 0; status == STORE_OK && i < count; i++) {
        if (rows[i].parent_id == attachment_id)
            status = remove_tree(mailbox, rows, count, rows[i].attachment_id, depth + 1);
        if (status == STORE_OK && rows[i].attachment_id == attachment_id)
            status = drop(mailbox, &rows[i]);
    }
    if (status == STORE_OK)
        status = statement_execute(mailbox, STATEMENT_ATTACHMENT_DELETE, "i", attachment_id);
    return status;
}

static enum store_status delete(struct sqlite_mailbox *mailbox, uint64_t message_id,
    const struct store_attachment_write *write, struct attachment_change *change)
{
    struct attachment_row old, *rows;
    uint32_t count;
    enum store_status status = load(mailbox, write->attachment_id, &old);
    if (status == STORE_OK && old.message_id != message_id)
        status = STORE_INVALID;
    if (status == STORE_OK)
        status = load_all(mailbox, message_id, &rows, &count);
    if (status == STORE_OK)
        status = remove_tree(mailbox, rows, count, write->attachment_id, 0);
    if (status == STORE_OK)
        status = grow_parents(mailbox, old.parent_id, -(int64_t)old.size);
    if (status != STORE_OK)
        return status;
    change->size -= (int64_t)old.size;
    change->count -= old.parent_id == 0;
    return STORE_OK;
}

enum store_status attachments_write(struct sqlite_mailbox *mailbox, uint64_t message_id,
    const struct store_attachment_write *writes, uint32_t count, struct attachment_change *ret_change)
{
    struct attachment_change change = {0};
    enum store_status status = STORE_OK;
    for (uint32_t i = 0; status == STORE_OK && i < count; i++) {
        switch (writes[i].action) {
        case STORE_ATTACHMENT_CREATE: status = create(mailbox, message_id, &writes[i], &change); break;
        case STORE_ATTACHMENT_UPDATE: status = update(mailbox, message_id, &writes[i], &change); break;
        case STORE_ATTACHMENT_DELETE: status = delete(mailbox, message_id, &writes[i], &change); break;
        }
    }
    if (status == STORE_OK)
        *ret_change = change;
    return status;
}

enum store_status attachments_remove_all(struct sqlite_mailbox *mailbox, uint64_t message_id)
{
    struct attachment_row *rows;
    uint32_t count;
    enum store_status status = load_all(mailbox, message_id, &rows, &count);
    for (uint32_t i = 0; status == STORE_OK && i < count; i++)
        status = drop(mailbox, &rows[i]);
    if (status == STORE_OK)
        status = statement_execute(mailbox, STATEMENT_ATTACHMENT_DELETE_ALL, "i", message_id);
    return status;
}

enum store_status attachments_move(struct sqlite_mailbox *mailbox, uint64_t message_id, uint64_t new_message_id)
{
    return statement_execute(mailbox, STATEMENT_ATTACHMENT_MOVE, "ii", message_id, new_message_id);
}

/* The copy's id of the attachment that held 'parent_id': copies have consecutive ids in the order of the rows. */
static uint64_t copied_parent(const struct attachment_row *rows, uint32_t count, uint64_t parent_id, uint64_t first_copy_id)
{
    for (uint32_t i = 0; i < count; i++)
        if (rows[i].attachment_id == parent_id)
            return first_copy_id + i;
    return 0;
}

enum store_status attachments_copy(struct sqlite_mailbox *mailbox, uint64_t message_id, uint64_t new_message_id)
{
    struct attachment_row *rows;
    uint32_t count;
    uint64_t first = 0;
    enum store_status status = load_all(mailbox, message_id, &rows, &count);
    if (status == STORE_OK)
        status = sqlite_allocate_counters(&mailbox->base, count, &first);
    for (uint32_t i = 0; status == STORE_OK && i < count; i++) {
        struct bytes properties, embedded = BYTES_NONE;
        status = content_copy(mailbox, rows[i].properties, &properties);
        if (status == STORE_OK && rows[i].has_embedded)
            status = content_copy(mailbox, rows[i].embedded, &embedded);
        if (status == STORE_OK)
            status = statement_execute(mailbox, STATEMENT_ATTACHMENT_INSERT, "iiiiibz", first + i, new_message_id,
                copied_parent(rows, count, rows[i].parent_id, first), rows[i].number, rows[i].size, properties, embedded);
    }
    return status;
}

enum store_status sqlite_attachment_list(struct store_mailbox *base, struct arena *arena, uint64_t message_id,
    uint64_t parent_id, const struct store_attachment **ret_attachments, uint32_t *ret_count)
{
    struct sqlite_mailbox *mailbox = sqlite_of(base);
    struct buffer rows = {0};
    enum store_status status;
    bool found = true;
    sqlite3_stmt *prepared = statement_bound(mailbox, STATEMENT_ATTACHMENT_LIST, &status, "ii", message_id, parent_id);
    while (prepared && status == STORE_OK && found) {
        status = statement_row(mailbox, prepared, &found);
        if (status != STORE_OK || !found)
            break;
        struct store_attachment row = {.parent_id = parent_id,
            .attachment_id = (uint64_t)sqlite3_column_int64(prepared, 0),
            .number = (uint32_t)sqlite3_column_int64(prepared, 1),
            .size = (uint64_t)sqlite3_column_int64(prepared, 2),
            .has_embedded = sqlite3_column_int(prepared, 3)};
        if (!column_bytes(arena, prepared, 4, &row.properties) || !buffer_append(&rows, &row, sizeof(row))) {
            status = STORE_NO_MEMORY;
            sqlite3_reset(prepared);
        }
    }
    const struct store_attachment *copy = status == STORE_OK ? arena_copy(arena, rows.data, rows.size) : NULL;
    if (status == STORE_OK && !copy)
        status = STORE_NO_MEMORY;
    if (status == STORE_OK) {
        *ret_attachments = copy;
        *ret_count = (uint32_t)(rows.size / sizeof(*copy));
    }
    buffer_free(&rows);
    return status;
}

enum store_status sqlite_attachment_get_embedded(struct store_mailbox *base, struct arena *arena, uint64_t attachment_id,
    struct bytes *ret_properties)
{
    struct sqlite_mailbox *mailbox = sqlite_of(base);
    struct attachment_row row;
    struct bytes copy;
    arena_reset(&mailbox->scratch);
    enum store_status status = load(mailbox, attachment_id, &row);
    if (status == STORE_OK && !row.has_embedded)
        status = STORE_NOT_FOUND;
    if (status != STORE_OK)
        return status;
    copy = arena_bytes(arena, row.embedded);
    if (!copy.data)
        return STORE_NO_MEMORY;
    *ret_properties = copy;
    return STORE_OK;
}
