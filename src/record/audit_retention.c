/* Taking old records out, so that the chain still tells what was there: a run of numbers gives way to its last hash, and a note
 * in the chain counts what went. */
#include <stdlib.h>
#include <string.h>

#include "base/filetime.h"
#include "record/audit_writer.h"

#define REMOVALS_PER_STEP 4096u

struct removal {
    uint64_t number;
    uint8_t hash[AUDIT_HASH_SIZE];
};

/* The records that one transaction takes out. */
struct retention {
    struct audit_writer *writer;
    struct removal *removals;
    uint32_t count;
};

/* Collects what of one mailbox is older than 'before', as far as there is room. */
static enum audit_status collect(struct retention *retention, int64_t mailbox, uint64_t before, bool *ret_all)
{
    struct audit_writer *writer = retention->writer;
    sqlite3_stmt *statement = audit_file_query(writer->database,
        "SELECT number, hash FROM record WHERE mailbox = ?1 AND time < ?2 ORDER BY time LIMIT ?3");
    if (!statement)
        return audit_writer_failed(writer, sqlite3_errcode(writer->database));
    uint32_t room = REMOVALS_PER_STEP - retention->count, found = 0;
    sqlite3_bind_int64(statement, 1, mailbox);
    sqlite3_bind_int64(statement, 2, (sqlite3_int64)before);
    sqlite3_bind_int64(statement, 3, room);
    int result;
    while ((result = sqlite3_step(statement)) == SQLITE_ROW && sqlite3_column_bytes(statement, 1) == AUDIT_HASH_SIZE) {
        struct removal *removal = &retention->removals[retention->count++];
        removal->number = (uint64_t)sqlite3_column_int64(statement, 0);
        memcpy(removal->hash, sqlite3_column_blob(statement, 1), AUDIT_HASH_SIZE);
        found++;
    }
    enum audit_status status = result == SQLITE_DONE ? AUDIT_OK
        : result == SQLITE_ROW ? AUDIT_CORRUPT : audit_writer_failed(writer, result);
    sqlite3_finalize(statement);
    *ret_all = found < room;
    return status;
}

static int by_number(const void *a, const void *b)
{
    uint64_t left = ((const struct removal *)a)->number, right = ((const struct removal *)b)->number;
    return left < right ? -1 : left > right;
}

static bool execute(sqlite3_stmt *statement)
{
    bool good = statement && sqlite3_step(statement) == SQLITE_DONE;
    sqlite3_finalize(statement);
    return good;
}

/* A run joins the ones before and behind it, so that their number does not grow without end. */
static bool add_gap(sqlite3 *database, uint64_t first, const struct removal *last)
{
    uint64_t end = last->number;
    uint8_t hash[AUDIT_HASH_SIZE];
    memcpy(hash, last->hash, sizeof hash);
    sqlite3_stmt *before = audit_file_query(database, "SELECT first, last FROM gap WHERE first <= ?1 ORDER BY first DESC LIMIT 1");
    if (!before)
        return false;
    sqlite3_bind_int64(before, 1, (sqlite3_int64)first - 1);
    if (sqlite3_step(before) == SQLITE_ROW && (uint64_t)sqlite3_column_int64(before, 1) == first - 1)
        first = (uint64_t)sqlite3_column_int64(before, 0);
    sqlite3_finalize(before);
    sqlite3_stmt *behind = audit_file_query(database, "SELECT last, hash FROM gap WHERE first = ?1");
    if (!behind)
        return false;
    sqlite3_bind_int64(behind, 1, (sqlite3_int64)end + 1);
    if (sqlite3_step(behind) == SQLITE_ROW && sqlite3_column_bytes(behind, 1) == AUDIT_HASH_SIZE) {
        end = (uint64_t)sqlite3_column_int64(behind, 0);
        memcpy(hash, sqlite3_column_blob(behind, 1), sizeof hash);
    }
    sqlite3_finalize(behind);
    sqlite3_stmt *clear = audit_file_query(database, "DELETE FROM gap WHERE first BETWEEN ?1 AND ?2");
    if (clear) {
        sqlite3_bind_int64(clear, 1, (sqlite3_int64)first);
        sqlite3_bind_int64(clear, 2, (sqlite3_int64)end);
    }
    if (!execute(clear))
        return false;
    sqlite3_stmt *add = audit_file_query(database, "INSERT INTO gap(first, last, hash) VALUES(?1, ?2, ?3)");
    if (add) {
        sqlite3_bind_int64(add, 1, (sqlite3_int64)first);
        sqlite3_bind_int64(add, 2, (sqlite3_int64)end);
        sqlite3_bind_blob(add, 3, hash, sizeof hash, SQLITE_TRANSIENT);
    }
    return execute(add);
}

static bool remove_run(sqlite3 *database, const struct removal *first, const struct removal *last)
{
    sqlite3_stmt *statement = audit_file_query(database, "DELETE FROM record WHERE number BETWEEN ?1 AND ?2");
    if (statement) {
        sqlite3_bind_int64(statement, 1, (sqlite3_int64)first->number);
        sqlite3_bind_int64(statement, 2, (sqlite3_int64)last->number);
    }
    return execute(statement) && add_gap(database, first->number, last);
}

static enum audit_status remove_runs(struct retention *retention)
{
    sqlite3 *database = retention->writer->database;
    for (uint32_t i = 0; i < retention->count;) {
        uint32_t end = i;
        while (end + 1 < retention->count && retention->removals[end + 1].number == retention->removals[end].number + 1)
            end++;
        if (!remove_run(database, &retention->removals[i], &retention->removals[end]))
            return audit_writer_failed(retention->writer, sqlite3_errcode(database));
        i = end + 1;
    }
    return AUDIT_OK;
}

/* What was collected, and the note that says so, in one transaction. */
static enum audit_status step(struct retention *retention, uint64_t now, uint64_t *removed)
{
    struct audit_writer *writer = retention->writer;
    uint32_t count = retention->count;
    if (count == 0)
        return AUDIT_OK;
    qsort(retention->removals, count, sizeof *retention->removals, by_number);
    struct audit_entry *note = audit_entry_note(AUDIT_NOTE_REMOVED, now, count);
    enum audit_status status = note ? audit_writer_begin(writer) : AUDIT_UNAVAILABLE;
    if (status == AUDIT_OK) {
        status = remove_runs(retention);
        if (status == AUDIT_OK)
            status = audit_writer_append(writer, note);
        enum audit_status ended = audit_writer_end(writer, status == AUDIT_OK);
        status = status == AUDIT_OK ? ended : status;
    }
    free(note);
    retention->count = 0;
    if (status == AUDIT_OK)
        *removed += count;
    return status;
}

struct mailbox_row {
    int64_t id;
    struct guid user_id;
};

static enum audit_status list_mailboxes(struct audit_writer *writer, struct mailbox_row **ret_rows, uint32_t *ret_count)
{
    sqlite3_stmt *statement = audit_file_query(writer->database, "SELECT id, user_id FROM mailbox");
    struct buffer rows = {0};
    int result = statement ? SQLITE_OK : SQLITE_ERROR;
    while (statement && (result = sqlite3_step(statement)) == SQLITE_ROW && sqlite3_column_bytes(statement, 1) == sizeof(struct guid)) {
        struct mailbox_row row = {.id = sqlite3_column_int64(statement, 0)};
        memcpy(row.user_id.data, sqlite3_column_blob(statement, 1), sizeof row.user_id.data);
        buffer_append(&rows, &row, sizeof row);
    }
    sqlite3_finalize(statement);
    if (result != SQLITE_DONE || rows.failed) {
        buffer_free(&rows);
        return result == SQLITE_ROW ? AUDIT_CORRUPT : audit_writer_failed(writer, result);
    }
    *ret_rows = (struct mailbox_row *)rows.data;
    *ret_count = (uint32_t)(rows.size / sizeof(struct mailbox_row));
    return AUDIT_OK;
}

enum audit_status audit_writer_retain(struct audit_writer *writer, uint64_t now,
                                      uint32_t (*age_limit)(void *user, struct guid mailbox_user_id), void *user,
                                      uint64_t *ret_removed)
{
    struct mailbox_row *rows = NULL;
    uint32_t row_count = 0;
    enum audit_status status = audit_writer_open(writer, false);
    if (status == AUDIT_OK)
        status = list_mailboxes(writer, &rows, &row_count);
    if (status != AUDIT_OK)
        return status;
    struct retention retention = {.writer = writer, .removals = calloc(REMOVALS_PER_STEP, sizeof(struct removal))};
    if (!retention.removals)
        status = AUDIT_UNAVAILABLE;
    uint64_t removed = 0;
    for (uint32_t i = 0; status == AUDIT_OK && i < row_count;) {
        uint64_t age = (uint64_t)(age_limit ? age_limit(user, rows[i].user_id) : AUDIT_AGE_DEFAULT_S) * FILETIME_PER_SECOND;
        bool all = true;
        if (age < now)
            status = collect(&retention, rows[i].id, now - age, &all);
        if (status == AUDIT_OK && !all)
            status = step(&retention, now, &removed);
        else
            i++;
    }
    if (status == AUDIT_OK)
        status = step(&retention, now, &removed);
    if (status == AUDIT_OK && removed &&
        !audit_file_run(writer->database, "DELETE FROM origin WHERE id NOT IN (SELECT origin FROM record)"))
        status = audit_writer_failed(writer, sqlite3_errcode(writer->database));
    memset(writer->origins, 0, sizeof writer->origins);
    free(retention.removals);
    free(rows);
    *ret_removed += removed;
    return status;
}
