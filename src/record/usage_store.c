#include "record/usage_store.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/filetime.h"
#include "record/usage_file.h"

#define SCHEMA_VERSION 1
#define BUSY_TIMEOUT_MS 5000
#define DAY_S 86400u

const char *const usage_protocol_names[USAGE_PROTOCOL_COUNT] = {"MAPI/HTTP", "RPC/HTTP", "Autodiscover", "Autodiscover (legacy)"};

/* Texts stand once and rows have their numbers: a year of rows is read by every report. In the order of the key a period is one
 * piece of the file, and so is what is removed when its time is over. */
static const char schema[] =
    "CREATE TABLE users (id INTEGER PRIMARY KEY, guid BLOB NOT NULL UNIQUE, address TEXT NOT NULL) STRICT;"
    "CREATE TABLE clients (id INTEGER PRIMARY KEY, software TEXT NOT NULL, version TEXT NOT NULL, class INTEGER NOT NULL,"
    " UNIQUE (software, version, class)) STRICT;"
    "CREATE TABLE texts (id INTEGER PRIMARY KEY, text TEXT NOT NULL UNIQUE) STRICT;"
    "CREATE TABLE usage (day INTEGER NOT NULL, user INTEGER NOT NULL, client INTEGER NOT NULL, protocol INTEGER NOT NULL,"
    " authentication INTEGER NOT NULL, address INTEGER NOT NULL, requests INTEGER NOT NULL, failures INTEGER NOT NULL,"
    " sessions INTEGER NOT NULL, first_seen INTEGER NOT NULL, last_seen INTEGER NOT NULL,"
    " PRIMARY KEY (day, user, client, protocol, authentication, address)) STRICT, WITHOUT ROWID;";

static const char *const statement_texts[USAGE_STATEMENT_COUNT] = {
    [USAGE_BEGIN] = "BEGIN IMMEDIATE",
    [USAGE_BEGIN_READ] = "BEGIN",
    [USAGE_COMMIT] = "COMMIT",
    [USAGE_FIND_USER] = "SELECT id FROM users WHERE guid = ? AND address = ?",
    [USAGE_PUT_USER] = "INSERT INTO users (guid, address) VALUES (?, ?) "
                       "ON CONFLICT (guid) DO UPDATE SET address = excluded.address RETURNING id",
    [USAGE_FIND_CLIENT] = "SELECT id FROM clients WHERE software = ? AND version = ? AND class = ?",
    [USAGE_PUT_CLIENT] = "INSERT INTO clients (software, version, class) VALUES (?, ?, ?) RETURNING id",
    [USAGE_FIND_TEXT] = "SELECT id FROM texts WHERE text = ?",
    [USAGE_PUT_TEXT] = "INSERT INTO texts (text) VALUES (?) RETURNING id",
    [USAGE_UPDATE] = "UPDATE usage SET requests = requests + ?7, failures = failures + ?8, sessions = sessions + ?9,"
                     " first_seen = min(first_seen, ?10), last_seen = max(last_seen, ?11) "
                     "WHERE day = ?1 AND user = ?2 AND client = ?3 AND protocol = ?4 AND authentication = ?5 AND address = ?6",
    [USAGE_COUNT_ROWS] = "SELECT count(*) FROM usage WHERE day = ? AND user = ?",
    [USAGE_INSERT] = "INSERT INTO usage VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
    [USAGE_ALL_CLIENTS] = "SELECT id, class, min(id) OVER (PARTITION BY software) FROM clients ORDER BY id DESC",
    [USAGE_USER_BY_ID] = "SELECT guid, address FROM users WHERE id = ?",
    [USAGE_CLIENT_BY_ID] = "SELECT software, version, class FROM clients WHERE id = ?",
    [USAGE_TEXT_BY_ID] = "SELECT text FROM texts WHERE id = ?",
};

const char *usage_status_text(enum usage_status status)
{
    switch (status) {
    case USAGE_OK: return "done";
    case USAGE_NOT_FOUND: return "nothing was recorded yet";
    case USAGE_CORRUPT: return "the record of usage is damaged or of a newer version";
    case USAGE_TOO_LARGE: return "there are too many rows for one report: ask for a shorter period";
    default: return "the record of usage cannot be read or written";
    }
}

int32_t usage_day_of(uint64_t filetime)
{
    return filetime < FILETIME_UNIX_EPOCH ? 0 : (int32_t)((filetime - FILETIME_UNIX_EPOCH) / FILETIME_PER_SECOND / DAY_S);
}

void usage_day_format(int32_t day, char text[USAGE_DAY_TEXT_SIZE])
{
    time_t seconds = (time_t)day * DAY_S;
    struct tm parts;
    if (!gmtime_r(&seconds, &parts) || strftime(text, USAGE_DAY_TEXT_SIZE, "%Y-%m-%d", &parts) == 0)
        text[0] = '\0';
}

/* --- the file --- */

enum usage_status usage_status_of(int result)
{
    switch (result & 0xFF) {
    case SQLITE_OK:
    case SQLITE_DONE:
    case SQLITE_ROW:
        return USAGE_OK;
    case SQLITE_CORRUPT:
    case SQLITE_NOTADB:
        return USAGE_CORRUPT;
    default:
        return USAGE_UNAVAILABLE;
    }
}

sqlite3_stmt *usage_statement(struct usage_store *store, enum usage_statement statement)
{
    sqlite3_stmt **prepared = &store->statements[statement];
    if (!*prepared)
        (void)sqlite3_prepare_v3(store->database, statement_texts[statement], -1, SQLITE_PREPARE_PERSISTENT, prepared, NULL);
    if (*prepared) {
        sqlite3_reset(*prepared);
        sqlite3_clear_bindings(*prepared);
    }
    return *prepared;
}

enum usage_status usage_run(struct usage_store *store, enum usage_statement statement)
{
    sqlite3_stmt *prepared = usage_statement(store, statement);
    if (!prepared)
        return usage_status_of(sqlite3_errcode(store->database));
    int result = sqlite3_step(prepared);
    sqlite3_reset(prepared);
    return usage_status_of(result);
}

static enum usage_status read_number(sqlite3 *database, const char *sql, int64_t *ret_number)
{
    sqlite3_stmt *statement = NULL;
    int result = sqlite3_prepare_v2(database, sql, -1, &statement, NULL);
    if (result == SQLITE_OK) {
        result = sqlite3_step(statement);
        if (result == SQLITE_ROW)
            *ret_number = sqlite3_column_int64(statement, 0);
    }
    sqlite3_finalize(statement);
    return usage_status_of(result);
}

/* Two programs that open a new file at once: one makes the tables, the other finds them. */
static enum usage_status prepare_schema(sqlite3 *database, bool write)
{
    int64_t version = 0;
    enum usage_status status = USAGE_OK;
    if (write)
        status = usage_status_of(sqlite3_exec(database, "PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL; BEGIN IMMEDIATE",
                                              NULL, NULL, NULL));
    if (status == USAGE_OK)
        status = read_number(database, "PRAGMA user_version", &version);
    if (status == USAGE_OK && version == 0)
        status = write ? usage_status_of(sqlite3_exec(database, schema, NULL, NULL, NULL)) : USAGE_NOT_FOUND;
    if (status == USAGE_OK && version > SCHEMA_VERSION)
        status = USAGE_CORRUPT;
    if (status == USAGE_OK && version == 0)
        status = usage_status_of(sqlite3_exec(database, "PRAGMA user_version = 1", NULL, NULL, NULL));
    if (status == USAGE_OK && write)
        status = usage_status_of(sqlite3_exec(database, "COMMIT", NULL, NULL, NULL));
    return status;
}

/* The file by ourselves, so that it has its mode from its first moment. */
static enum usage_status touch(const char *path)
{
    int file = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    if (file < 0)
        return USAGE_UNAVAILABLE;
    close(file);
    return USAGE_OK;
}

enum usage_status usage_store_open(const char *path, bool write, struct usage_store **ret_store)
{
    bool in_memory = strcmp(path, ":memory:") == 0;
    struct usage_store *store;
    if (!write && access(path, F_OK) != 0)
        return USAGE_NOT_FOUND;
    if (write && !in_memory && touch(path) != USAGE_OK)
        return USAGE_UNAVAILABLE;
    store = calloc(1, sizeof *store);
    if (!store)
        return USAGE_UNAVAILABLE;
    /* Without a mutex: a store is one thread's at a time. Readers may have to make the files beside it that are for reading too. */
    int flags = SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX;
    int result = sqlite3_open_v2(path, &store->database, flags, NULL);
    enum usage_status status = usage_status_of(result);
    if (status == USAGE_OK) {
        sqlite3_busy_timeout(store->database, BUSY_TIMEOUT_MS);
        status = prepare_schema(store->database, write);
    }
    if (status != USAGE_OK) {
        usage_store_close(store);
        return status;
    }
    *ret_store = store;
    return USAGE_OK;
}

void usage_store_close(struct usage_store *store)
{
    if (!store)
        return;
    for (unsigned i = 0; i < USAGE_STATEMENT_COUNT; i++)
        sqlite3_finalize(store->statements[i]);
    sqlite3_close(store->database);
    free(store);
}

/* --- adding --- */

/* Bytes of a text up to a cap, not ending within a UTF-8 character. */
static int text_size(const char *text, size_t size_max)
{
    size_t size = strnlen(text, size_max + 1);
    if (size > size_max)
        for (size = size_max; size > 0 && ((unsigned char)text[size] & 0xC0) == 0x80;)
            size--;
    return (int)size;
}

static void bind_text(sqlite3_stmt *statement, int index, const char *text, size_t size_max)
{
    if (statement)
        sqlite3_bind_text(statement, index, text, text_size(text, size_max), SQLITE_STATIC);
}

/* The number in the first column of the first row; NOT_FOUND without one. */
static enum usage_status take_number(struct usage_store *store, sqlite3_stmt *statement, int64_t *ret_number)
{
    if (!statement)
        return usage_status_of(sqlite3_errcode(store->database));
    int result = sqlite3_step(statement);
    if (result == SQLITE_ROW)
        *ret_number = sqlite3_column_int64(statement, 0);
    sqlite3_reset(statement);
    return result == SQLITE_DONE ? USAGE_NOT_FOUND : usage_status_of(result);
}

static enum usage_status user_number(struct usage_store *store, const struct usage_entry *entry, int64_t *ret_number)
{
    static const enum usage_statement tries[] = {USAGE_FIND_USER, USAGE_PUT_USER};
    enum usage_status status = USAGE_NOT_FOUND;
    for (unsigned i = 0; i < 2 && status == USAGE_NOT_FOUND; i++) {
        sqlite3_stmt *statement = usage_statement(store, tries[i]);
        if (statement)
            sqlite3_bind_blob(statement, 1, entry->user.data, sizeof entry->user.data, SQLITE_STATIC);
        bind_text(statement, 2, entry->user_address, USAGE_USER_SIZE_MAX);
        status = take_number(store, statement, ret_number);
    }
    return status;
}

static enum usage_status client_number(struct usage_store *store, const char *software, const char *version,
                                       enum client_class class, int64_t *ret_number)
{
    static const enum usage_statement tries[] = {USAGE_FIND_CLIENT, USAGE_PUT_CLIENT};
    enum usage_status status = USAGE_NOT_FOUND;
    for (unsigned i = 0; i < 2 && status == USAGE_NOT_FOUND; i++) {
        sqlite3_stmt *statement = usage_statement(store, tries[i]);
        bind_text(statement, 1, software, USAGE_TEXT_SIZE_MAX);
        bind_text(statement, 2, version, USAGE_TEXT_SIZE_MAX);
        if (statement)
            sqlite3_bind_int(statement, 3, (int)class);
        status = take_number(store, statement, ret_number);
    }
    return status;
}

static enum usage_status text_number(struct usage_store *store, const char *text, int64_t *ret_number)
{
    static const enum usage_statement tries[] = {USAGE_FIND_TEXT, USAGE_PUT_TEXT};
    enum usage_status status = USAGE_NOT_FOUND;
    for (unsigned i = 0; i < 2 && status == USAGE_NOT_FOUND; i++) {
        sqlite3_stmt *statement = usage_statement(store, tries[i]);
        bind_text(statement, 1, text, USAGE_TEXT_SIZE_MAX);
        status = take_number(store, statement, ret_number);
    }
    return status;
}

struct row_key {
    int64_t user, client, authentication, address;
};

static enum usage_status put_row(struct usage_store *store, enum usage_statement which, const struct usage_entry *entry,
                                 const struct row_key *key, bool *ret_put)
{
    const int64_t values[] = {entry->day, key->user, key->client, entry->protocol, key->authentication, key->address,
                              (int64_t)entry->requests, (int64_t)entry->failures, (int64_t)entry->sessions,
                              (int64_t)entry->first_seen, (int64_t)entry->last_seen};
    sqlite3_stmt *statement = usage_statement(store, which);
    if (!statement)
        return usage_status_of(sqlite3_errcode(store->database));
    for (unsigned i = 0; i < sizeof values / sizeof *values; i++)
        sqlite3_bind_int64(statement, (int)i + 1, values[i]);
    int result = sqlite3_step(statement);
    sqlite3_reset(statement);
    if (result == SQLITE_DONE)
        *ret_put = sqlite3_changes(store->database) > 0;
    return usage_status_of(result);
}

/* Whoever sends ever new names or comes from ever new addresses gets no more than so many rows a day. */
static enum usage_status fold_where_many(struct usage_store *store, const struct usage_entry *entry, struct row_key *key)
{
    int64_t count = 0;
    sqlite3_stmt *statement = usage_statement(store, USAGE_COUNT_ROWS);
    if (statement) {
        sqlite3_bind_int(statement, 1, entry->day);
        sqlite3_bind_int64(statement, 2, key->user);
    }
    enum usage_status status = take_number(store, statement, &count);
    if (status != USAGE_OK || count < (int64_t)USAGE_ROWS_PER_USER_DAY)
        return status;
    status = text_number(store, "", &key->address);
    const char *software = entry->class == CLIENT_OTHER ? "" : "Outlook";
    return status == USAGE_OK ? client_number(store, software, "", entry->class, &key->client) : status;
}

static enum usage_status add_entry(struct usage_store *store, const struct usage_entry *entry)
{
    struct row_key key = {0};
    bool put = false;
    enum usage_status status = user_number(store, entry, &key.user);
    if (status == USAGE_OK)
        status = client_number(store, entry->software, entry->version, entry->class, &key.client);
    if (status == USAGE_OK)
        status = text_number(store, entry->authentication, &key.authentication);
    if (status == USAGE_OK)
        status = text_number(store, entry->address, &key.address);
    if (status == USAGE_OK)
        status = put_row(store, USAGE_UPDATE, entry, &key, &put);
    if (status == USAGE_OK && !put) {
        status = fold_where_many(store, entry, &key);
        if (status == USAGE_OK)
            status = put_row(store, USAGE_UPDATE, entry, &key, &put);
    }
    return status == USAGE_OK && !put ? put_row(store, USAGE_INSERT, entry, &key, &put) : status;
}

/* A failed statement may have ended the transaction already. */
static void undo(struct usage_store *store)
{
    if (!sqlite3_get_autocommit(store->database))
        (void)sqlite3_exec(store->database, "ROLLBACK", NULL, NULL, NULL);
}

enum usage_status usage_store_add(struct usage_store *store, const struct usage_entry *entries, uint32_t count)
{
    enum usage_status status = usage_run(store, USAGE_BEGIN);
    for (uint32_t i = 0; status == USAGE_OK && i < count; i++)
        status = add_entry(store, &entries[i]);
    if (status == USAGE_OK)
        status = usage_run(store, USAGE_COMMIT);
    if (status != USAGE_OK)
        undo(store);
    return status;
}

enum usage_status usage_store_prune(struct usage_store *store, int32_t day)
{
    static const char unused[] =
        "DELETE FROM users WHERE id NOT IN (SELECT user FROM usage);"
        "DELETE FROM clients WHERE id NOT IN (SELECT client FROM usage);"
        "DELETE FROM texts WHERE id NOT IN (SELECT address FROM usage UNION SELECT authentication FROM usage)";
    sqlite3_stmt *statement = NULL;
    enum usage_status status = usage_run(store, USAGE_BEGIN);
    if (status != USAGE_OK)
        return status;
    int result = sqlite3_prepare_v2(store->database, "DELETE FROM usage WHERE day < ?", -1, &statement, NULL);
    if (result == SQLITE_OK) {
        sqlite3_bind_int(statement, 1, day);
        result = sqlite3_step(statement);
    }
    sqlite3_finalize(statement);
    status = usage_status_of(result);
    /* To look for what is named no more means reading everything: only where something went. */
    if (status == USAGE_OK && sqlite3_changes(store->database) > 0)
        status = usage_status_of(sqlite3_exec(store->database, unused, NULL, NULL, NULL));
    if (status == USAGE_OK)
        status = usage_run(store, USAGE_COMMIT);
    if (status != USAGE_OK)
        undo(store);
    return status;
}
