#include "directory/embedded_file.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

static enum directory_status status_of(int result)
{
    switch (result & 0xFF) {
    case SQLITE_OK:
    case SQLITE_DONE:
    case SQLITE_ROW:
        return DIRECTORY_OK;
    case SQLITE_CONSTRAINT:
        return DIRECTORY_EXISTS;
    case SQLITE_READONLY:
        return DIRECTORY_READ_ONLY;
    default:
        return DIRECTORY_UNAVAILABLE;
    }
}

enum directory_status embedded_fail(struct embedded_error *ret_error, enum directory_status status, const char *format, ...)
{
    if (!ret_error)
        return status;
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(ret_error->text, sizeof ret_error->text, format, arguments);
    va_end(arguments);
    return status;
}

/* --- statements --- */

sqlite3_stmt *embedded_query(struct embedded_directory *embedded, const char *sql)
{
    for (uint32_t i = 0; i < embedded->statement_count; i++) {
        if (embedded->statements[i].sql == sql)
            return embedded->statements[i].prepared;
    }
    sqlite3_stmt *prepared;
    if (embedded->statement_count == EMBEDDED_STATEMENTS_MAX ||
        sqlite3_prepare_v3(embedded->database, sql, -1, SQLITE_PREPARE_PERSISTENT, &prepared, NULL) != SQLITE_OK)
        return NULL;
    embedded->statements[embedded->statement_count++] = (struct embedded_statement){sql, prepared};
    return prepared;
}

void embedded_bind_guid(sqlite3_stmt *statement, int index, struct guid guid)
{
    if (!statement)
        return;
    if (guid_is_zero(guid))
        sqlite3_bind_null(statement, index);
    else
        sqlite3_bind_blob(statement, index, guid.data, sizeof guid.data, SQLITE_TRANSIENT);
}

void embedded_bind_text(sqlite3_stmt *statement, int index, const char *text)
{
    if (statement)
        sqlite3_bind_text(statement, index, text, -1, SQLITE_STATIC);
}

enum directory_status embedded_step(sqlite3_stmt *statement)
{
    int result = statement ? sqlite3_step(statement) : SQLITE_ERROR;
    return result == SQLITE_DONE ? DIRECTORY_NOT_FOUND : status_of(result);
}

void embedded_done(sqlite3_stmt *statement)
{
    if (!statement)
        return;
    sqlite3_reset(statement);
    sqlite3_clear_bindings(statement);
}

enum directory_status embedded_run(sqlite3_stmt *statement)
{
    enum directory_status status = embedded_step(statement);
    embedded_done(statement);
    return status == DIRECTORY_NOT_FOUND ? DIRECTORY_OK : status;
}

enum directory_status embedded_number(sqlite3_stmt *statement, int64_t *ret_number)
{
    enum directory_status status = embedded_step(statement);
    if (status == DIRECTORY_OK)
        *ret_number = sqlite3_column_int64(statement, 0);
    embedded_done(statement);
    return status;
}

struct guid embedded_column_guid(sqlite3_stmt *statement, int column)
{
    struct guid guid = {{0}};
    const void *data = sqlite3_column_blob(statement, column);
    if (data && sqlite3_column_bytes(statement, column) == sizeof guid.data)
        memcpy(guid.data, data, sizeof guid.data);
    return guid;
}

const char *embedded_column_text(struct arena *arena, sqlite3_stmt *statement, int column)
{
    const char *text = (const char *)sqlite3_column_text(statement, column);
    return text && *text ? arena_string_of(arena, bytes_of(text, (size_t)sqlite3_column_bytes(statement, column))) : "";
}

/* --- transactions --- */

enum directory_status embedded_read_begin(struct embedded_directory *embedded)
{
    pthread_mutex_lock(&embedded->lock);
    enum directory_status status = DIRECTORY_OK;
    if (embedded->depth == 0 && !embedded->batch)
        status = embedded_run(embedded_query(embedded, "BEGIN"));
    if (status == DIRECTORY_OK)
        embedded->depth++;
    else
        pthread_mutex_unlock(&embedded->lock);
    return status;
}

void embedded_read_end(struct embedded_directory *embedded)
{
    /* A read has nothing to lose, so it does not matter how its transaction ends. */
    if (--embedded->depth == 0 && !embedded->batch && !sqlite3_get_autocommit(embedded->database))
        (void)embedded_run(embedded_query(embedded, "COMMIT"));
    pthread_mutex_unlock(&embedded->lock);
}

static enum directory_status begin_immediate(struct embedded_directory *embedded, struct embedded_error *ret_error)
{
    enum directory_status status = embedded_run(embedded_query(embedded, "BEGIN IMMEDIATE"));
    if (status != DIRECTORY_OK)
        embedded_fail(ret_error, status, "the directory cannot be changed now: %s", sqlite3_errmsg(embedded->database));
    return status;
}

static void undo(struct embedded_directory *embedded)
{
    /* A failed statement of SQLite may have ended the transaction already. */
    if (!sqlite3_get_autocommit(embedded->database))
        (void)embedded_run(embedded_query(embedded, "ROLLBACK"));
}

static enum directory_status commit(struct embedded_directory *embedded, struct embedded_error *ret_error)
{
    enum directory_status status = sqlite3_get_autocommit(embedded->database) ? DIRECTORY_UNAVAILABLE
                                                                              : embedded_run(embedded_query(embedded, "COMMIT"));
    change_counter_forget(&embedded->changes);
    if (status == DIRECTORY_OK)
        return status;
    embedded_fail(ret_error, status, "the change could not be written: %s", sqlite3_errmsg(embedded->database));
    undo(embedded);
    return status == DIRECTORY_EXISTS ? DIRECTORY_UNAVAILABLE : status;
}

enum directory_status embedded_write_begin(struct embedded_directory *embedded, struct embedded_error *ret_error)
{
    if (ret_error)
        ret_error->text[0] = '\0';
    pthread_mutex_lock(&embedded->lock);
    enum directory_status status = DIRECTORY_OK;
    if (embedded->depth == 0)
        status = embedded->batch ? embedded_run(embedded_query(embedded, "SAVEPOINT step"))
                                 : begin_immediate(embedded, ret_error);
    if (status == DIRECTORY_OK)
        embedded->depth++;
    else {
        if (ret_error && !ret_error->text[0])
            embedded_fail(ret_error, status, "the batch has ended: %s", sqlite3_errmsg(embedded->database));
        pthread_mutex_unlock(&embedded->lock);
    }
    return status;
}

static void complete_error(struct embedded_directory *embedded, enum directory_status status, struct embedded_error *ret_error)
{
    if (!ret_error || ret_error->text[0])
        return;
    if (status == DIRECTORY_UNAVAILABLE || status == DIRECTORY_READ_ONLY)
        embedded_fail(ret_error, status, "the directory's file: %s", sqlite3_errmsg(embedded->database));
    else
        embedded_fail(ret_error, status, "%s", directory_status_text(status));
}

enum directory_status embedded_write_end(struct embedded_directory *embedded, enum directory_status status,
                                         struct embedded_error *ret_error)
{
    if (status != DIRECTORY_OK)
        complete_error(embedded, status, ret_error);
    if (--embedded->depth == 0) {
        if (embedded->batch) {
            if (status != DIRECTORY_OK)
                (void)embedded_run(embedded_query(embedded, "ROLLBACK TO step"));
            enum directory_status released = embedded_run(embedded_query(embedded, "RELEASE step"));
            if (status == DIRECTORY_OK && released != DIRECTORY_OK)
                status = embedded_fail(ret_error, released, "the batch has ended: %s", sqlite3_errmsg(embedded->database));
        } else if (status == DIRECTORY_OK)
            status = commit(embedded, ret_error);
        else
            undo(embedded);
    }
    pthread_mutex_unlock(&embedded->lock);
    return status;
}

enum directory_status embedded_directory_begin(struct directory *directory, struct embedded_error *ret_error)
{
    struct embedded_directory *embedded = embedded_of(directory);
    if (ret_error)
        ret_error->text[0] = '\0';
    pthread_mutex_lock(&embedded->lock); /* kept until commit or rollback */
    enum directory_status status = DIRECTORY_UNAVAILABLE;
    if (embedded->batch || embedded->depth > 0)
        embedded_fail(ret_error, status, "a batch is open already");
    else
        status = begin_immediate(embedded, ret_error);
    if (status == DIRECTORY_OK) {
        embedded->batch = true;
        /* Changed pages stay in memory anyhow; so that those only read are not read again and again. */
        sqlite3_exec(embedded->database, "PRAGMA cache_size=-16384", NULL, NULL, NULL);
    } else
        pthread_mutex_unlock(&embedded->lock);
    return status;
}

static void end_batch(struct embedded_directory *embedded)
{
    embedded->batch = false;
    sqlite3_exec(embedded->database, EMBEDDED_CACHE_SIZE, NULL, NULL, NULL);
    sqlite3_db_release_memory(embedded->database);
    pthread_mutex_unlock(&embedded->lock);
}

enum directory_status embedded_directory_commit(struct directory *directory, struct embedded_error *ret_error)
{
    struct embedded_directory *embedded = embedded_of(directory);
    enum directory_status status = commit(embedded, ret_error);
    end_batch(embedded);
    return status;
}

void embedded_directory_rollback(struct directory *directory)
{
    struct embedded_directory *embedded = embedded_of(directory);
    undo(embedded);
    end_batch(embedded);
}
