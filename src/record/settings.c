#include "record/settings.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "record/settings_file.h"

#define BUSY_TIMEOUT_MS 5000
#define FORMAT_VERSION 1
#define VALUES_KEPT_MAX 2048u    /* in memory; then all are forgotten */
#define KEY_SIZE 600u

const char *settings_status_text(enum settings_status status)
{
    static const char *const texts[] = {
        [SETTINGS_OK] = "done",
        [SETTINGS_NOT_FOUND] = "there is no such setting",
        [SETTINGS_CORRUPT] = "administration.sqlite is damaged, or was written by a later version of this program",
        [SETTINGS_UNAVAILABLE] = "administration.sqlite cannot be read or written",
    };
    return texts[status];
}

/* --- statements --- */

sqlite3_stmt *settings_query(struct settings *settings, const char *sql)
{
    sqlite3_stmt *statement = NULL;
    return sqlite3_prepare_v2(settings->database, sql, -1, &statement, NULL) == SQLITE_OK ? statement : NULL;
}

enum settings_status settings_failure(int code)
{
    return code == SQLITE_CORRUPT || code == SQLITE_NOTADB ? SETTINGS_CORRUPT : SETTINGS_UNAVAILABLE;
}

enum settings_status settings_run(sqlite3_stmt *statement)
{
    int code = statement ? sqlite3_step(statement) : SQLITE_ERROR;
    sqlite3_finalize(statement);
    return code == SQLITE_DONE ? SETTINGS_OK : settings_failure(code);
}

enum settings_status settings_begin(struct settings *settings)
{
    return settings_run(settings_query(settings, "BEGIN IMMEDIATE"));
}

enum settings_status settings_end(struct settings *settings, enum settings_status status)
{
    enum settings_status end = settings_run(settings_query(settings, status == SETTINGS_OK ? "COMMIT" : "ROLLBACK"));
    change_counter_forget(&settings->changes);
    if (status != SETTINGS_OK || end == SETTINGS_OK)
        return status;
    sqlite3_exec(settings->database, "ROLLBACK", NULL, NULL, NULL); /* a commit that failed may leave it open */
    return end;
}

/* --- opening --- */

static const char schema[] =
    "CREATE TABLE setting(scope TEXT NOT NULL, name TEXT NOT NULL COLLATE NOCASE, value TEXT NOT NULL, PRIMARY KEY(scope, name)) WITHOUT ROWID;"
    "CREATE TABLE change(number INTEGER PRIMARY KEY, content TEXT NOT NULL, hash BLOB NOT NULL);"
    /* The last row of the chain: rows missing at its end show. */
    "CREATE TABLE change_end(only INTEGER PRIMARY KEY CHECK(only=1), number INTEGER NOT NULL, hash BLOB NOT NULL);"
    "INSERT INTO change_end VALUES(1, 0, x'');"
    "PRAGMA user_version=1;";

static enum settings_status prepare_schema(struct settings *settings)
{
    int code = sqlite3_exec(settings->database, "BEGIN IMMEDIATE", NULL, NULL, NULL);
    if (code != SQLITE_OK)
        return settings_failure(code);
    sqlite3_stmt *statement = settings_query(settings, "PRAGMA user_version");
    int version = statement && sqlite3_step(statement) == SQLITE_ROW ? sqlite3_column_int(statement, 0) : -1;
    sqlite3_finalize(statement);
    if (version == 0)
        code = sqlite3_exec(settings->database, schema, NULL, NULL, NULL);
    if (code == SQLITE_OK)
        code = sqlite3_exec(settings->database, "COMMIT", NULL, NULL, NULL);
    if (code != SQLITE_OK || version < 0)
        return settings_failure(code);
    return version > FORMAT_VERSION ? SETTINGS_CORRUPT : SETTINGS_OK;
}

enum settings_status settings_open(const char *path, struct settings **ret_settings)
{
    bool in_memory = strcmp(path, ":memory:") == 0;
    int file = in_memory ? -1 : open(path, O_RDONLY | O_CREAT | O_CLOEXEC, 0600);
    struct settings *settings = in_memory || file >= 0 ? calloc(1, sizeof *settings) : NULL;
    if (!settings) {
        if (file >= 0)
            close(file);
        return SETTINGS_UNAVAILABLE;
    }
    pthread_mutex_init(&settings->lock, NULL);
    settings->changes.file = file;
    settings->values = json_object();
    int code = sqlite3_open_v2(path, &settings->database, SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX, NULL);
    if (code == SQLITE_OK) {
        sqlite3_busy_timeout(settings->database, BUSY_TIMEOUT_MS);
        code = sqlite3_exec(settings->database, "PRAGMA journal_mode=DELETE; PRAGMA temp_store=MEMORY; PRAGMA cache_size=-256", NULL, NULL, NULL);
    }
    enum settings_status status = code == SQLITE_OK ? prepare_schema(settings) : settings_failure(code);
    if (status != SETTINGS_OK || !settings->values) {
        settings_close(settings);
        return status != SETTINGS_OK ? status : SETTINGS_UNAVAILABLE;
    }
    *ret_settings = settings;
    return SETTINGS_OK;
}

void settings_close(struct settings *settings)
{
    if (!settings)
        return;
    json_decref(settings->values);
    sqlite3_close(settings->database);
    if (settings->changes.file >= 0)
        close(settings->changes.file); /* after the database: closing it drops this process's locks on the file */
    pthread_mutex_destroy(&settings->lock);
    free(settings);
}

uint64_t settings_version(struct settings *settings)
{
    if (settings->changes.file < 0)
        return __atomic_load_n(&settings->writes, __ATOMIC_ACQUIRE);
    return change_counter_read(&settings->changes);
}

/* --- values kept in memory --- */

/* False: too long to be kept. */
static bool key_of(const char *scope, const char *name, char key[KEY_SIZE])
{
    size_t size = 0;
    for (const char *c = scope; *c && size < KEY_SIZE - 2; c++)
        key[size++] = *c;
    key[size++] = '\n';
    for (; *name && size < KEY_SIZE - 1; name++)
        key[size++] = *name >= 'A' && *name <= 'Z' ? (char)(*name + 32) : *name;
    key[size] = 0;
    return *name == 0;
}

static void forget_old(struct settings *settings)
{
    uint64_t version = settings_version(settings);
    if (version != settings->values_version || json_object_size(settings->values) >= VALUES_KEPT_MAX) {
        json_object_clear(settings->values);
        settings->values_version = version;
    }
}

/* --- reading --- */

static enum settings_status value_of(sqlite3_stmt *statement, int column, json_t **ret_value)
{
    json_t *value = json_loadb((const char *)sqlite3_column_text(statement, column), (size_t)sqlite3_column_bytes(statement, column), 0, NULL);
    if (json_is_object(value)) {
        *ret_value = value;
        return SETTINGS_OK;
    }
    json_decref(value);
    return SETTINGS_CORRUPT;
}

static enum settings_status read_value(struct settings *settings, const char *scope, const char *name, json_t **ret_value)
{
    sqlite3_stmt *statement = settings_query(settings, "SELECT value FROM setting WHERE scope=?1 AND name=?2");
    if (!statement)
        return SETTINGS_UNAVAILABLE;
    sqlite3_bind_text(statement, 1, scope, -1, SQLITE_STATIC);
    sqlite3_bind_text(statement, 2, name, -1, SQLITE_STATIC);
    int code = sqlite3_step(statement);
    enum settings_status status = code == SQLITE_ROW    ? value_of(statement, 0, ret_value)
                                  : code == SQLITE_DONE ? SETTINGS_NOT_FOUND
                                                        : settings_failure(code);
    sqlite3_finalize(statement);
    return status;
}

enum settings_status settings_get(struct settings *settings, const char *scope, const char *name, json_t **ret_value)
{
    char key[KEY_SIZE];
    bool kept = key_of(scope, name, key);
    json_t *value = NULL;
    enum settings_status status = SETTINGS_OK;
    pthread_mutex_lock(&settings->lock);
    forget_old(settings);
    if (kept && (value = json_incref(json_object_get(settings->values, key)))) {
        status = json_is_null(value) ? SETTINGS_NOT_FOUND : SETTINGS_OK;
    } else {
        status = read_value(settings, scope, name, &value);
        if (kept && (status == SETTINGS_OK || status == SETTINGS_NOT_FOUND))
            json_object_set_new(settings->values, key, value ? json_incref(value) : json_null());
    }
    pthread_mutex_unlock(&settings->lock);
    if (status == SETTINGS_OK)
        *ret_value = value;
    return status;
}

enum settings_status settings_list(struct settings *settings, const char *scope, json_t **ret_values)
{
    json_t *values = json_object(), *value;
    enum settings_status status = values ? SETTINGS_OK : SETTINGS_UNAVAILABLE;
    pthread_mutex_lock(&settings->lock);
    sqlite3_stmt *statement = settings_query(settings, "SELECT name, value FROM setting WHERE scope=?1 ORDER BY name");
    int code = statement ? SQLITE_ROW : SQLITE_ERROR;
    if (statement)
        sqlite3_bind_text(statement, 1, scope, -1, SQLITE_STATIC);
    while (status == SETTINGS_OK && (code = statement ? sqlite3_step(statement) : code) == SQLITE_ROW)
        if ((status = value_of(statement, 1, &value)) == SETTINGS_OK &&
            json_object_set_new(values, (const char *)sqlite3_column_text(statement, 0), value) != 0)
            status = SETTINGS_UNAVAILABLE;
    sqlite3_finalize(statement);
    pthread_mutex_unlock(&settings->lock);
    if (status == SETTINGS_OK && code != SQLITE_DONE)
        status = settings_failure(code);
    if (status == SETTINGS_OK)
        *ret_values = values;
    else
        json_decref(values);
    return status;
}

/* --- writing --- */

static enum settings_status write_value(struct settings *settings, const char *scope, const char *name, const char *text)
{
    sqlite3_stmt *statement = settings_query(settings, text ? "INSERT INTO setting VALUES(?1, ?2, ?3) ON CONFLICT DO UPDATE SET value=?3"
                                                            : "DELETE FROM setting WHERE scope=?1 AND name=?2");
    if (statement) {
        sqlite3_bind_text(statement, 1, scope, -1, SQLITE_STATIC);
        sqlite3_bind_text(statement, 2, name, -1, SQLITE_STATIC);
        if (text)
            sqlite3_bind_text(statement, 3, text, -1, SQLITE_STATIC);
    }
    return settings_run(statement);
}

/* Written while the lock is held; the transaction, if there is one, is the caller's. */
static enum settings_status write_object(struct settings *settings, const char *scope, const char *name, const json_t *value)
{
    char *text = value ? json_dumps(value, JSON_COMPACT | JSON_SORT_KEYS) : NULL;
    enum settings_status status = value && !text ? SETTINGS_UNAVAILABLE : write_value(settings, scope, name, text);
    __atomic_add_fetch(&settings->writes, 1, __ATOMIC_RELEASE);
    change_counter_forget(&settings->changes);
    json_object_clear(settings->values);
    free(text);
    return status;
}

enum settings_status settings_set(struct settings *settings, const char *scope, const char *name, json_t *value)
{
    pthread_mutex_lock(&settings->lock);
    enum settings_status status = write_object(settings, scope, name, value);
    pthread_mutex_unlock(&settings->lock);
    return status;
}

static enum settings_status change_object(struct settings *settings, const char *scope, const char *name,
                                          bool (*change)(json_t *object, void *argument), void *argument)
{
    json_t *object = NULL;
    enum settings_status status = read_value(settings, scope, name, &object);
    if (status == SETTINGS_NOT_FOUND && (object = json_object()))
        status = SETTINGS_OK;
    if (status == SETTINGS_OK && change(object, argument))
        status = write_object(settings, scope, name, json_object_size(object) ? object : NULL);
    json_decref(object);
    return status;
}

enum settings_status settings_change(struct settings *settings, const char *scope, const char *name,
                                     bool (*change)(json_t *object, void *argument), void *argument)
{
    pthread_mutex_lock(&settings->lock);
    enum settings_status status = settings_begin(settings);
    if (status == SETTINGS_OK)
        status = settings_end(settings, change_object(settings, scope, name, change, argument));
    pthread_mutex_unlock(&settings->lock);
    return status;
}
