#include <string.h>

#include "base/arena.h"
#include "record/audit_file.h"

#define ORIGINS_CACHED 64u /* parsed, by their row: newest records share few */

/* Whom of the mailboxes asked for the file knows, as a JSON array of their rows for json_each. NULL: all. */
static bool rows_of_mailboxes(sqlite3 *database, const struct audit_query *query, struct buffer *ret_rows, uint32_t *ret_count)
{
    sqlite3_stmt *statement = audit_file_query(database, "SELECT id FROM mailbox WHERE guid = ?1");
    uint32_t count = 0;
    buffer_append_string(ret_rows, "[");
    for (uint32_t i = 0; statement && i < query->mailbox_count; i++) {
        sqlite3_bind_blob(statement, 1, query->mailbox_guids[i].data, sizeof(struct guid), SQLITE_STATIC);
        if (sqlite3_step(statement) == SQLITE_ROW)
            buffer_append_format(ret_rows, "%s%lld", count++ ? "," : "", (long long)sqlite3_column_int64(statement, 0));
        sqlite3_reset(statement);
    }
    buffer_append_string(ret_rows, "]");
    sqlite3_finalize(statement);
    *ret_count = count;
    return statement && buffer_string(ret_rows) != NULL;
}

/* The conditions that both searches share; ?1 to ?5, ?6 the mailboxes, ?7 how many. */
#define FITS                                                                                                          \
    " kind & 128 = 0 AND time BETWEEN ?1 AND ?2 AND (1 << (kind & 127)) & ?3 AND (1 << (kind >> 8 & 15)) & ?4"        \
    " AND kind & ?5 = ?5"

static void bind_query(sqlite3_stmt *statement, const struct audit_query *query, const struct buffer *rows)
{
    sqlite3_bind_int64(statement, 1, (sqlite3_int64)query->time_from);
    sqlite3_bind_int64(statement, 2, query->time_until && query->time_until < INT64_MAX ? (sqlite3_int64)query->time_until : INT64_MAX);
    sqlite3_bind_int64(statement, 3, query->operations ? query->operations : AUDIT_ALL);
    sqlite3_bind_int64(statement, 4, query->logon_types ? query->logon_types : (1u << AUDIT_LOGON_TYPE_COUNT) - 1);
    sqlite3_bind_int64(statement, 5, query->has_attachments ? AUDIT_KIND_ATTACHMENTS : 0);
    sqlite3_bind_text(statement, 6, (const char *)rows->data, (int)rows->size, SQLITE_STATIC);
    sqlite3_bind_int64(statement, 7, query->result_max ? (sqlite3_int64)query->result_max : -1);
}

/* A search under way. */
struct search {
    sqlite3 *database;
    struct buffer rows; /* of the mailboxes */
    sqlite3_stmt *statement;
    int result;         /* SQLITE_ROW while there may be more */
};

/* A statement over the mailboxes asked for: one of them, several, or all. Not OK: nothing is to be ended. */
static enum audit_status begin(struct search *search, const char *path, const struct audit_query *query, const char *one,
                               const char *several, const char *all)
{
    uint32_t count = 0;
    *search = (struct search){.result = SQLITE_ROW};
    enum audit_status status = audit_file_open(path, false, false, &search->database);
    if (status != AUDIT_OK)
        return status;
    if (!query->mailbox_count || rows_of_mailboxes(search->database, query, &search->rows, &count))
        search->statement = audit_file_query(search->database, query->mailbox_count == 0 ? all : count == 1 ? one : several);
    if (!search->statement) {
        search->result = sqlite3_errcode(search->database);
    } else {
        bind_query(search->statement, query, &search->rows);
        if (query->mailbox_count && count == 0) /* the file knows none of them */
            search->result = SQLITE_DONE;
    }
    return AUDIT_OK;
}

static bool next(struct search *search)
{
    if (search->result == SQLITE_ROW)
        search->result = sqlite3_step(search->statement);
    return search->result == SQLITE_ROW;
}

static enum audit_status end(struct search *search)
{
    sqlite3_finalize(search->statement);
    buffer_free(&search->rows);
    sqlite3_close(search->database);
    return audit_file_status(search->result);
}

/* --- records --- */

struct origin_cache {
    int64_t rows[ORIGINS_CACHED];
    json_t *origins[ORIGINS_CACHED];
};

static json_t *origin_of(struct origin_cache *cache, int64_t row, const char *content)
{
    unsigned place = (unsigned)row % ORIGINS_CACHED;
    if (!cache->origins[place] || cache->rows[place] != row) {
        json_decref(cache->origins[place]);
        cache->origins[place] = content ? json_loads(content, 0, NULL) : NULL;
        cache->rows[place] = row;
    }
    return cache->origins[place];
}

static void free_origins(struct origin_cache *cache)
{
    for (unsigned i = 0; i < ORIGINS_CACHED; i++)
        json_decref(cache->origins[i]);
}

#define RECORDS(source, mailbox)                                                                                      \
    "SELECT record.number, time, kind, record.origin, content, detail FROM record INDEXED BY " source                 \
    " LEFT JOIN origin ON origin.id = record.origin WHERE" FITS mailbox " ORDER BY time DESC LIMIT ?7"
#define ONE_MAILBOX " AND record.mailbox = json_extract(?6, '$[0]')"
#define SEVERAL_MAILBOXES " AND record.mailbox IN (SELECT value FROM json_each(?6))"

enum audit_status audit_search(const char *path, const struct audit_query *query,
                               bool (*found)(void *context, const struct audit_record *record), void *context)
{
    struct search search;
    struct arena arena = {0};
    struct origin_cache cache = {0};
    enum audit_status status = begin(&search, path, query, RECORDS("record_mailbox", ONE_MAILBOX),
                                     RECORDS("record_time", SEVERAL_MAILBOXES), RECORDS("record_time", ""));
    if (status != AUDIT_OK)
        return status;
    while (next(&search)) {
        struct audit_record record;
        const char *content = (const char *)sqlite3_column_text(search.statement, 4);
        const char *detail = (const char *)sqlite3_column_text(search.statement, 5);
        json_t *origin = origin_of(&cache, sqlite3_column_int64(search.statement, 3), content);
        arena_reset(&arena);
        if (!detail || !audit_entry_read(&arena, (uint64_t)sqlite3_column_int64(search.statement, 0),
                                         (uint64_t)sqlite3_column_int64(search.statement, 1),
                                         (uint32_t)sqlite3_column_int64(search.statement, 2), origin, detail, &record))
            search.result = SQLITE_CORRUPT;
        else if (!found(context, &record))
            break;
    }
    free_origins(&cache);
    arena_free(&arena);
    return end(&search);
}

/* --- mailboxes --- */

#define MAILBOXES(mailbox)                                                                                            \
    "SELECT found.mailbox, count, last, content FROM (SELECT record.mailbox AS mailbox, COUNT(*) AS count, MAX(time) AS last,"    \
    " origin FROM record INDEXED BY record_mailbox WHERE" FITS mailbox " GROUP BY record.mailbox) AS found"            \
    " LEFT JOIN origin ON origin.id = found.origin ORDER BY last DESC LIMIT ?7"

enum audit_status audit_search_mailboxes(const char *path, const struct audit_query *query,
                                         bool (*found)(void *context, const struct audit_mailbox_access *access), void *context)
{
    struct search search;
    enum audit_status status = begin(&search, path, query, MAILBOXES(ONE_MAILBOX), MAILBOXES(SEVERAL_MAILBOXES), MAILBOXES(""));
    if (status != AUDIT_OK)
        return status;
    for (bool more = true; more && next(&search);) {
        struct audit_mailbox_access access = {.record_count = (uint64_t)sqlite3_column_int64(search.statement, 1),
                                              .last_accessed = (uint64_t)sqlite3_column_int64(search.statement, 2)};
        json_t *origin = json_loads((const char *)sqlite3_column_text(search.statement, 3) ?: "", 0, NULL);
        if (json_is_object(origin)) {
            access.mailbox = audit_entry_read_mailbox(origin);
            more = found(context, &access);
        } else {
            search.result = SQLITE_CORRUPT;
        }
        json_decref(origin);
    }
    return end(&search);
}
