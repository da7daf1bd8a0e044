/* Large values, in chunks of their own: chunk_id is value_id << 16 | number of the chunk. Every chunk but the last is
 * full; an empty value has one empty chunk, so that it can be told from one that is not there. */
#include <string.h>

#include "base/filetime.h"
#include "store/sqlite/internal.h"

#define CHUNK_SIZE 32768u
#define CHUNK_ID(value_id, number) ((int64_t)((value_id) << 16 | (number)))
#define CHUNK_NUMBER(chunk_id) ((uint64_t)(chunk_id) & 0xFFFF)
_Static_assert(STORE_VALUE_SIZE_MAX <= 65536ull * CHUNK_SIZE, "the number of a chunk has 16 bits");

enum store_status value_size(struct sqlite_mailbox *mailbox, uint64_t value_id, uint64_t *ret_size)
{
    enum store_status status;
    bool row = false;
    sqlite3_stmt *prepared = statement_bound(mailbox, STATEMENT_CHUNK_LAST, &status, "ii", CHUNK_ID(value_id, 0),
        CHUNK_ID(value_id, 0xFFFF));
    if (prepared)
        status = statement_row(mailbox, prepared, &row);
    if (status != STORE_OK || !row)
        return status != STORE_OK ? status : STORE_NOT_FOUND;
    *ret_size = CHUNK_NUMBER(sqlite3_column_int64(prepared, 0)) * CHUNK_SIZE + (uint64_t)sqlite3_column_int64(prepared, 1);
    sqlite3_reset(prepared);
    return STORE_OK;
}

static enum store_status write_chunk(struct sqlite_mailbox *mailbox, uint64_t value_id, uint64_t number, struct bytes data)
{
    return statement_execute(mailbox, STATEMENT_CHUNK_WRITE, "ib", CHUNK_ID(value_id, number), data);
}

enum store_status value_insert(struct sqlite_mailbox *mailbox, struct bytes data, uint64_t *ret_value_id)
{
    if (data.size > STORE_VALUE_SIZE_MAX)
        return STORE_TOO_LARGE;
    uint64_t value_id = mailbox->next_value_id++;
    enum store_status status = STORE_OK;
    for (size_t at = 0; status == STORE_OK && (at < data.size || at == 0); at += CHUNK_SIZE) {
        size_t size = data.size - at < CHUNK_SIZE ? data.size - at : CHUNK_SIZE;
        status = write_chunk(mailbox, value_id, at / CHUNK_SIZE, (struct bytes){data.data + at, size});
    }
    if (status == STORE_OK)
        *ret_value_id = value_id;
    return status;
}

enum store_status value_duplicate(struct sqlite_mailbox *mailbox, uint64_t value_id, uint64_t *ret_value_id)
{
    uint64_t copy = mailbox->next_value_id++;
    enum store_status status = statement_execute(mailbox, STATEMENT_CHUNK_COPY, "iii", CHUNK_ID(value_id, 0),
        CHUNK_ID(value_id, 0xFFFF), CHUNK_ID(copy, 0) - CHUNK_ID(value_id, 0));
    if (status == STORE_OK && sqlite3_changes64(mailbox->database) == 0)
        status = STORE_NOT_FOUND;
    if (status == STORE_OK)
        *ret_value_id = copy;
    return status;
}

enum store_status value_remove(struct sqlite_mailbox *mailbox, uint64_t value_id)
{
    return statement_execute(mailbox, STATEMENT_CHUNK_DELETE, "ii", CHUNK_ID(value_id, 0), CHUNK_ID(value_id, 0xFFFF));
}

enum store_status value_is_staged(struct sqlite_mailbox *mailbox, uint64_t value_id, bool *ret_staged)
{
    enum store_status status;
    bool row = false;
    sqlite3_stmt *prepared = statement_bound(mailbox, STATEMENT_STAGED_FIND, &status, "i", value_id);
    if (prepared)
        status = statement_row(mailbox, prepared, &row);
    if (row)
        sqlite3_reset(prepared);
    if (status == STORE_OK)
        *ret_staged = row;
    return status;
}

enum store_status value_take_staged(struct sqlite_mailbox *mailbox, uint64_t value_id)
{
    enum store_status status = statement_execute(mailbox, STATEMENT_STAGED_DELETE, "i", value_id);
    if (status == STORE_OK && sqlite3_changes64(mailbox->database) == 0)
        status = STORE_INVALID;
    return status;
}

static enum store_status stage(struct sqlite_mailbox *mailbox, uint64_t value_id)
{
    return statement_execute(mailbox, STATEMENT_STAGED_ADD, "ii", value_id, filetime_now());
}

enum store_status sqlite_value_create(struct store_mailbox *base, uint64_t *ret_value_id)
{
    struct sqlite_mailbox *mailbox = sqlite_of(base);
    bool own;
    uint64_t value_id = 0;
    enum store_status status = write_enter(mailbox, &own);
    if (status != STORE_OK)
        return status;
    status = value_insert(mailbox, BYTES_NONE, &value_id);
    if (status == STORE_OK)
        status = stage(mailbox, value_id);
    status = write_leave(mailbox, own, status);
    if (status == STORE_OK)
        *ret_value_id = value_id;
    return status;
}

enum store_status sqlite_value_copy(struct store_mailbox *base, uint64_t value_id, uint64_t *ret_value_id)
{
    struct sqlite_mailbox *mailbox = sqlite_of(base);
    bool own;
    uint64_t copy = 0;
    enum store_status status = write_enter(mailbox, &own);
    if (status != STORE_OK)
        return status;
    status = value_duplicate(mailbox, value_id, &copy);
    if (status == STORE_OK)
        status = stage(mailbox, copy);
    status = write_leave(mailbox, own, status);
    if (status == STORE_OK)
        *ret_value_id = copy;
    return status;
}

enum store_status sqlite_value_size(struct store_mailbox *base, uint64_t value_id, uint64_t *ret_size)
{
    return value_size(sqlite_of(base), value_id, ret_size);
}

enum store_status sqlite_value_read(struct store_mailbox *base, uint64_t value_id, uint64_t offset, size_t size,
    uint8_t *data, size_t *ret_size)
{
    struct sqlite_mailbox *mailbox = sqlite_of(base);
    size_t done = 0;
    bool row = true, found = false;
    enum store_status status;
    if (offset >= STORE_VALUE_SIZE_MAX || size == 0) { /* nothing to read: but is it there? */
        uint64_t unused;
        status = value_size(mailbox, value_id, &unused);
        if (status == STORE_OK)
            *ret_size = 0;
        return status;
    }
    uint64_t end = size < STORE_VALUE_SIZE_MAX - offset ? offset + size : STORE_VALUE_SIZE_MAX;
    sqlite3_stmt *prepared = statement_bound(mailbox, STATEMENT_CHUNK_READ, &status, "ii",
        CHUNK_ID(value_id, offset / CHUNK_SIZE), CHUNK_ID(value_id, (end - 1) / CHUNK_SIZE));
    while (prepared && status == STORE_OK && row) {
        status = statement_row(mailbox, prepared, &row);
        if (status != STORE_OK || !row)
            break;
        found = true;
        uint64_t begin = CHUNK_NUMBER(sqlite3_column_int64(prepared, 0)) * CHUNK_SIZE;
        const uint8_t *chunk = sqlite3_column_blob(prepared, 1);
        size_t chunk_size = (size_t)sqlite3_column_bytes(prepared, 1);
        size_t skipped = begin < offset ? (size_t)(offset - begin) : 0;
        if (skipped >= chunk_size)
            continue;
        size_t part = chunk_size - skipped < size - done ? chunk_size - skipped : size - done;
        memcpy(data + done, chunk + skipped, part);
        done += part;
    }
    if (status == STORE_OK && !found) { /* behind the end, or no such value */
        uint64_t unused;
        status = value_size(mailbox, value_id, &unused);
    }
    if (status == STORE_OK)
        *ret_size = done;
    return status;
}

/* The bytes of one chunk into 'content' (CHUNK_SIZE long); *ret_size 0 when there is none. */
static enum store_status load_chunk(struct sqlite_mailbox *mailbox, uint64_t value_id, uint64_t number, uint8_t *content,
    size_t *ret_size)
{
    enum store_status status;
    bool row = false;
    sqlite3_stmt *prepared = statement_bound(mailbox, STATEMENT_CHUNK_READ, &status, "ii", CHUNK_ID(value_id, number),
        CHUNK_ID(value_id, number));
    if (prepared)
        status = statement_row(mailbox, prepared, &row);
    if (status != STORE_OK)
        return status;
    size_t size = row ? (size_t)sqlite3_column_bytes(prepared, 1) : 0;
    if (size > CHUNK_SIZE)
        return STORE_CORRUPT;
    if (size)
        memcpy(content, sqlite3_column_blob(prepared, 1), size);
    if (row)
        sqlite3_reset(prepared);
    *ret_size = size;
    return STORE_OK;
}

/* Puts 'data' (or zeros, where it has no bytes) at 'offset', which is not behind the end of the value. */
static enum store_status write_range(struct sqlite_mailbox *mailbox, uint64_t value_id, uint64_t offset, uint64_t size,
    const uint8_t *data)
{
    uint8_t *content = arena_allocate(&mailbox->scratch, CHUNK_SIZE);
    enum store_status status = content ? STORE_OK : STORE_NO_MEMORY;
    for (uint64_t done = 0; status == STORE_OK && done < size;) {
        uint64_t number = (offset + done) / CHUNK_SIZE;
        size_t inside = (size_t)((offset + done) % CHUNK_SIZE), old_size = 0;
        size_t part = size - done < CHUNK_SIZE - inside ? (size_t)(size - done) : CHUNK_SIZE - inside;
        if (part == CHUNK_SIZE && data) { /* a whole one: nothing to keep */
            status = write_chunk(mailbox, value_id, number, (struct bytes){data + done, part});
            done += part;
            continue;
        }
        status = load_chunk(mailbox, value_id, number, content, &old_size);
        if (status != STORE_OK)
            break;
        if (data)
            memcpy(content + inside, data + done, part);
        else
            memset(content + inside, 0, part);
        size_t new_size = inside + part > old_size ? inside + part : old_size;
        status = write_chunk(mailbox, value_id, number, (struct bytes){content, new_size});
        done += part;
    }
    return status;
}

static enum store_status shorten(struct sqlite_mailbox *mailbox, uint64_t value_id, uint64_t size)
{
    uint8_t *content = arena_allocate(&mailbox->scratch, CHUNK_SIZE);
    uint64_t last = size ? (size - 1) / CHUNK_SIZE : 0;
    size_t old_size, kept = size ? (size_t)(size - last * CHUNK_SIZE) : 0;
    if (!content)
        return STORE_NO_MEMORY;
    enum store_status status = load_chunk(mailbox, value_id, last, content, &old_size);
    if (status == STORE_OK)
        status = write_chunk(mailbox, value_id, last, (struct bytes){content, kept});
    if (status == STORE_OK && last < 0xFFFF)
        status = statement_execute(mailbox, STATEMENT_CHUNK_DELETE, "ii", CHUNK_ID(value_id, last + 1),
            CHUNK_ID(value_id, 0xFFFF));
    return status;
}

static enum store_status change_value(struct sqlite_mailbox *mailbox, uint64_t value_id, uint64_t offset, struct bytes data,
    bool resize)
{
    uint64_t size;
    bool staged;
    enum store_status status = value_size(mailbox, value_id, &size);
    if (status == STORE_OK)
        status = value_is_staged(mailbox, value_id, &staged);
    if (status == STORE_OK && !staged)
        status = STORE_INVALID;
    if (status == STORE_OK && resize && offset < size)
        return shorten(mailbox, value_id, offset);
    if (status == STORE_OK && offset > size)
        status = write_range(mailbox, value_id, size, offset - size, NULL);
    if (status == STORE_OK)
        status = write_range(mailbox, value_id, offset, data.size, data.data);
    return status;
}

static enum store_status change_value_in_transaction(struct store_mailbox *base, uint64_t value_id, uint64_t offset,
    struct bytes data, bool resize)
{
    struct sqlite_mailbox *mailbox = sqlite_of(base);
    bool own;
    if (offset > STORE_VALUE_SIZE_MAX || data.size > STORE_VALUE_SIZE_MAX - offset)
        return STORE_TOO_LARGE;
    enum store_status status = write_enter(mailbox, &own);
    if (status == STORE_OK)
        status = write_leave(mailbox, own, change_value(mailbox, value_id, offset, data, resize));
    return status;
}

enum store_status sqlite_value_write(struct store_mailbox *base, uint64_t value_id, uint64_t offset, struct bytes data)
{
    return change_value_in_transaction(base, value_id, offset, data, false);
}

enum store_status sqlite_value_resize(struct store_mailbox *base, uint64_t value_id, uint64_t size)
{
    return change_value_in_transaction(base, value_id, size, BYTES_NONE, true);
}

static enum store_status discard(struct sqlite_mailbox *mailbox, uint64_t value_id)
{
    enum store_status status = value_take_staged(mailbox, value_id);
    return status == STORE_INVALID ? STORE_OK : status != STORE_OK ? status : value_remove(mailbox, value_id);
}

enum store_status sqlite_value_discard(struct store_mailbox *base, const uint64_t *value_ids, uint32_t count)
{
    struct sqlite_mailbox *mailbox = sqlite_of(base);
    bool own;
    enum store_status status = write_enter(mailbox, &own);
    if (status != STORE_OK)
        return status;
    for (uint32_t i = 0; status == STORE_OK && i < count; i++)
        status = discard(mailbox, value_ids[i]);
    return write_leave(mailbox, own, status);
}

enum store_status sqlite_value_sweep(struct store_mailbox *base, uint64_t created_before, uint64_t *ret_swept)
{
    struct sqlite_mailbox *mailbox = sqlite_of(base);
    bool own;
    uint64_t swept = 0;
    enum store_status status = write_enter(mailbox, &own);
    if (status != STORE_OK)
        return status;
    for (bool row = true; status == STORE_OK && row;) { /* one at a time: the list changes under the statement */
        sqlite3_stmt *prepared = statement_bound(mailbox, STATEMENT_STAGED_BEFORE, &status, "i", created_before);
        if (prepared)
            status = statement_row(mailbox, prepared, &row);
        if (status != STORE_OK || !row)
            break;
        uint64_t value_id = (uint64_t)sqlite3_column_int64(prepared, 0);
        sqlite3_reset(prepared);
        status = discard(mailbox, value_id);
        swept++;
    }
    status = write_leave(mailbox, own, status);
    if (status == STORE_OK)
        *ret_swept = swept;
    return status;
}
