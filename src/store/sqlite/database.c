/* Opening a mailbox file, prepared statements, and what SQLite's codes mean. */
#include <stdarg.h>
#include <string.h>

#include "store/sqlite/internal.h"

enum store_status status_of_sqlite(int code)
{
    switch (code) {
    case SQLITE_CONSTRAINT_PRIMARYKEY:
    case SQLITE_CONSTRAINT_UNIQUE:
    case SQLITE_CONSTRAINT_ROWID: return STORE_EXISTS;
    case SQLITE_IOERR_NOMEM: return STORE_NO_MEMORY;
    default: break;
    }
    switch (code & 0xFF) {
    case SQLITE_OK:
    case SQLITE_ROW:
    case SQLITE_DONE: return STORE_OK;
    case SQLITE_FULL: return STORE_DISK_FULL;
    case SQLITE_CORRUPT:
    case SQLITE_NOTADB: return STORE_CORRUPT;
    case SQLITE_BUSY:
    case SQLITE_LOCKED: return STORE_BUSY;
    case SQLITE_NOMEM: return STORE_NO_MEMORY;
    case SQLITE_READONLY:
    case SQLITE_PERM: return STORE_READ_ONLY;
    case SQLITE_TOOBIG: return STORE_TOO_LARGE;
    case SQLITE_CONSTRAINT:
    case SQLITE_MISUSE:
    case SQLITE_RANGE:
    case SQLITE_MISMATCH:
    case SQLITE_ERROR: return STORE_INVALID;
    default: return STORE_IO_ERROR;
    }
}

static int configure(struct sqlite_store *store, sqlite3 *database)
{
    const struct store_sqlite_configuration *configuration = sqlite_configuration(store);
    char sql[256];
    sqlite3_extended_result_codes(database, 1);
    sqlite3_db_config(database, SQLITE_DBCONFIG_LOOKASIDE, NULL, 256, 64); /* 16 KB; the default is 48 */
    sqlite3_busy_timeout(database, (int)configuration->busy_timeout_ms);
    sqlite3_db_config(database, SQLITE_DBCONFIG_DEFENSIVE, 1, NULL);
    sqlite3_db_config(database, SQLITE_DBCONFIG_TRUSTED_SCHEMA, 0, NULL);
    sqlite3_snprintf(sizeof(sql), sql,
        "PRAGMA journal_mode = WAL; PRAGMA synchronous = %s; PRAGMA cache_size = -%u; PRAGMA temp_store = MEMORY;"
        "PRAGMA wal_autocheckpoint = %u; PRAGMA journal_size_limit = %u",
        configuration->unsafe_without_sync ? "OFF" : "FULL", configuration->cache_size / 1024, WAL_PAGES_MAX,
        WAL_PAGES_MAX * 4096u);
    return sqlite3_exec(database, sql, NULL, NULL, NULL);
}

static enum store_status read_counters(struct sqlite_mailbox *mailbox)
{
    enum store_status status;
    bool row = false;
    sqlite3_stmt *prepared = statement(mailbox, STATEMENT_MAILBOX_GET, &status);
    if (!prepared)
        return status;
    status = statement_row(mailbox, prepared, &row);
    if (status != STORE_OK || !row)
        return status != STORE_OK ? status : STORE_CORRUPT;
    mailbox->next_counter = mailbox->counter_bound = (uint64_t)sqlite3_column_int64(prepared, 3);
    mailbox->next_value_id = mailbox->value_id_bound = (uint64_t)sqlite3_column_int64(prepared, 4);
    sqlite3_reset(prepared);
    return STORE_OK;
}

enum store_status database_open(struct sqlite_mailbox *mailbox, const char *path, const struct store_mailbox_info *create)
{
    int flags = SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX | (create ? SQLITE_OPEN_CREATE : 0);
    int code = sqlite3_open_v2(path, &mailbox->database, flags, NULL);
    enum store_status status = code == SQLITE_CANTOPEN && !create ? STORE_NOT_FOUND : status_of_sqlite(code);
    if (status == STORE_OK)
        status = status_of_sqlite(configure(mailbox->store, mailbox->database));
    if (status == STORE_OK)
        status = create ? schema_create(mailbox, create) : schema_migrate(mailbox, schema_migrations, SCHEMA_VERSION);
    if (status == STORE_OK)
        status = read_counters(mailbox);
    if (status == STORE_OK && !(mailbox->collator = collator_open()))
        status = STORE_NO_MEMORY;
    if (status != STORE_OK)
        database_close(mailbox);
    return status;
}

void database_close(struct sqlite_mailbox *mailbox)
{
    for (int i = 0; i < STATEMENT_COUNT; i++)
        sqlite3_finalize(mailbox->statements[i]);
    memset(mailbox->statements, 0, sizeof(mailbox->statements));
    sqlite3_close(mailbox->database);
    mailbox->database = NULL;
    collator_close(mailbox->collator);
    mailbox->collator = NULL;
    arena_free(&mailbox->scratch);
    buffer_free(&mailbox->packed);
    buffer_free(&mailbox->key);
    views_forget(mailbox);
}

sqlite3_stmt *statement(struct sqlite_mailbox *mailbox, enum statement_id id, enum store_status *ret_status)
{
    sqlite3_stmt *prepared = mailbox->statements[id];
    if (!prepared) {
        int code = sqlite3_prepare_v3(mailbox->database, statement_text(id), -1, SQLITE_PREPARE_PERSISTENT, &prepared, NULL);
        if (code != SQLITE_OK) {
            *ret_status = status_of_sqlite(code);
            return NULL;
        }
        mailbox->statements[id] = prepared;
    }
    *ret_status = STORE_OK;
    return prepared;
}

enum store_status statement_run(struct sqlite_mailbox *mailbox, sqlite3_stmt *prepared)
{
    bool row;
    enum store_status status = statement_row(mailbox, prepared, &row);
    if (status == STORE_OK && row)
        sqlite3_reset(prepared);
    return status;
}

enum store_status statement_row(struct sqlite_mailbox *mailbox, sqlite3_stmt *prepared, bool *ret_row)
{
    int code = sqlite3_step(prepared);
    if (code == SQLITE_ROW) {
        *ret_row = true;
        return STORE_OK;
    }
    sqlite3_reset(prepared);
    if (code != SQLITE_DONE)
        return status_of_sqlite(code);
    *ret_row = false;
    return STORE_OK;
}

static int bind_bytes(sqlite3_stmt *prepared, int index, struct bytes bytes, bool null_when_empty)
{
    if (!bytes.size)
        return null_when_empty ? sqlite3_bind_null(prepared, index) : sqlite3_bind_zeroblob(prepared, index, 0);
    return sqlite3_bind_blob64(prepared, index, bytes.data, bytes.size, SQLITE_STATIC);
}

static sqlite3_stmt *bind_all(struct sqlite_mailbox *mailbox, enum statement_id id, enum store_status *ret_status,
    const char *types, va_list values)
{
    sqlite3_stmt *prepared = statement(mailbox, id, ret_status);
    int code = SQLITE_OK;
    for (int index = 1; prepared && code == SQLITE_OK && types[index - 1]; index++) {
        switch (types[index - 1]) {
        case 'i': code = sqlite3_bind_int64(prepared, index, va_arg(values, int64_t)); break;
        case 'b': code = bind_bytes(prepared, index, va_arg(values, struct bytes), false); break;
        case 'z': code = bind_bytes(prepared, index, va_arg(values, struct bytes), true); break;
        default: code = sqlite3_bind_text(prepared, index, va_arg(values, const char *), -1, SQLITE_STATIC); break;
        }
    }
    if (code == SQLITE_OK)
        return prepared;
    *ret_status = status_of_sqlite(code);
    return NULL;
}

sqlite3_stmt *statement_bound(struct sqlite_mailbox *mailbox, enum statement_id id, enum store_status *ret_status,
    const char *types, ...)
{
    va_list values;
    va_start(values, types);
    sqlite3_stmt *prepared = bind_all(mailbox, id, ret_status, types, values);
    va_end(values);
    return prepared;
}

enum store_status statement_execute(struct sqlite_mailbox *mailbox, enum statement_id id, const char *types, ...)
{
    enum store_status status;
    va_list values;
    va_start(values, types);
    sqlite3_stmt *prepared = bind_all(mailbox, id, &status, types, values);
    va_end(values);
    return prepared ? statement_run(mailbox, prepared) : status;
}

enum store_status statement_number(struct sqlite_mailbox *mailbox, enum statement_id id, uint64_t *ret_number,
    const char *types, ...)
{
    enum store_status status;
    bool row = false;
    va_list values;
    va_start(values, types);
    sqlite3_stmt *prepared = bind_all(mailbox, id, &status, types, values);
    va_end(values);
    if (prepared)
        status = statement_row(mailbox, prepared, &row);
    if (status != STORE_OK)
        return status;
    *ret_number = row ? (uint64_t)sqlite3_column_int64(prepared, 0) : 0;
    if (row)
        sqlite3_reset(prepared);
    return STORE_OK;
}

bool column_bytes(struct arena *arena, sqlite3_stmt *prepared, int column, struct bytes *ret_bytes)
{
    if (sqlite3_column_type(prepared, column) == SQLITE_NULL) {
        *ret_bytes = BYTES_NONE;
        return true;
    }
    const void *data = sqlite3_column_blob(prepared, column);
    struct bytes bytes = {data, (size_t)sqlite3_column_bytes(prepared, column)};
    if (bytes.size && !data)
        return false;
    *ret_bytes = arena_bytes(arena, bytes);
    return ret_bytes->data != NULL;
}
