#include "record/audit_file.h"

#include <errno.h>
#include <fcntl.h>
#include <openssl/evp.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define APPLICATION_ID 0x4D484155 /* 'MHAU' */
#define BUSY_TIMEOUT_MS 10000

const char *audit_status_text(enum audit_status status)
{
    switch (status) {
    case AUDIT_OK: return "ok";
    case AUDIT_NO_FILE: return "nothing was written down yet";
    case AUDIT_CORRUPT: return "the file of the audit is damaged, or none";
    case AUDIT_NEWER_FORMAT: return "the file of the audit was written by a later version of this program";
    case AUDIT_UNAVAILABLE: return "the file of the audit cannot be read or written";
    }
    return "?";
}

enum audit_status audit_file_status(int sqlite_result)
{
    switch (sqlite_result & 0xFF) {
    case SQLITE_OK:
    case SQLITE_ROW:
    case SQLITE_DONE:
        return AUDIT_OK;
    case SQLITE_CORRUPT:
    case SQLITE_NOTADB:
        return AUDIT_CORRUPT;
    default:
        return AUDIT_UNAVAILABLE;
    }
}

/* 'gap': runs of numbers that retention took out, with the hash that the chain goes on from. The indexes hold all that a search
 * filters by, so that only records that fit are read. */
static const char schema[] =
    "BEGIN IMMEDIATE;"
    "CREATE TABLE IF NOT EXISTS mailbox(id INTEGER PRIMARY KEY, guid BLOB NOT NULL UNIQUE, user_id BLOB NOT NULL);"
    "CREATE TABLE IF NOT EXISTS origin(id INTEGER PRIMARY KEY, digest BLOB NOT NULL UNIQUE, mailbox INTEGER NOT NULL,"
    " content TEXT NOT NULL);"
    "CREATE TABLE IF NOT EXISTS record(number INTEGER PRIMARY KEY, time INTEGER NOT NULL, kind INTEGER NOT NULL,"
    " mailbox INTEGER NOT NULL, origin INTEGER NOT NULL, detail TEXT NOT NULL, hash BLOB NOT NULL);"
    "CREATE INDEX IF NOT EXISTS record_mailbox ON record(mailbox, time, kind, origin);"
    "CREATE INDEX IF NOT EXISTS record_time ON record(time, kind, mailbox);"
    "CREATE TABLE IF NOT EXISTS gap(first INTEGER PRIMARY KEY, last INTEGER NOT NULL, hash BLOB NOT NULL);"
    "CREATE TABLE IF NOT EXISTS state(name TEXT PRIMARY KEY, number INTEGER NOT NULL, hash BLOB);"
    "INSERT OR IGNORE INTO state(name, number, hash) VALUES('end', 0, NULL);"
    "PRAGMA user_version=1;"
    "COMMIT";

sqlite3_stmt *audit_file_query(sqlite3 *database, const char *sql)
{
    sqlite3_stmt *statement = NULL;
    return sqlite3_prepare_v2(database, sql, -1, &statement, NULL) == SQLITE_OK ? statement : NULL;
}

bool audit_file_run(sqlite3 *database, const char *sql)
{
    return sqlite3_exec(database, sql, NULL, NULL, NULL) == SQLITE_OK;
}

static enum audit_status read_number(sqlite3 *database, const char *sql, int64_t *ret_number)
{
    sqlite3_stmt *statement = NULL;
    int result = sqlite3_prepare_v2(database, sql, -1, &statement, NULL);
    if (result == SQLITE_OK)
        result = sqlite3_step(statement);
    if (result == SQLITE_ROW)
        *ret_number = sqlite3_column_int64(statement, 0);
    sqlite3_finalize(statement);
    return result == SQLITE_ROW ? AUDIT_OK : audit_file_status(result == SQLITE_DONE ? SQLITE_CORRUPT : result);
}

static enum audit_status check_format(sqlite3 *database, bool write)
{
    int64_t version = 0, application = 0, tables = 0;
    enum audit_status status = read_number(database, "PRAGMA user_version", &version);
    if (status == AUDIT_OK)
        status = read_number(database, "PRAGMA application_id", &application);
    if (status == AUDIT_OK)
        status = read_number(database, "SELECT count(*) FROM sqlite_master", &tables);
    if (status != AUDIT_OK)
        return status;
    if (application == APPLICATION_ID && version > AUDIT_SCHEMA_VERSION)
        return AUDIT_NEWER_FORMAT;
    if (application == APPLICATION_ID && version == AUDIT_SCHEMA_VERSION)
        return AUDIT_OK;
    if (tables != 0 && application != APPLICATION_ID)
        return AUDIT_CORRUPT; /* somebody else's */
    if (!write)
        return AUDIT_NO_FILE;
    if (!audit_file_run(database, "PRAGMA application_id=1296580949") || !audit_file_run(database, schema))
        return audit_file_status(sqlite3_errcode(database));
    return AUDIT_OK;
}
_Static_assert(APPLICATION_ID == 1296580949, "as in the pragma");

/* Its own mode, whatever the process's mask is; SQLite gives the files beside it the same. */
static enum audit_status make_file(const char *path)
{
    int file = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
    if (file < 0)
        return AUDIT_UNAVAILABLE;
    close(file);
    return AUDIT_OK;
}

enum audit_status audit_file_open(const char *path, bool write, bool create, sqlite3 **ret_database)
{
    sqlite3 *database = NULL;
    *ret_database = NULL;
    if (access(path, F_OK) != 0) {
        if (!create)
            return errno == ENOENT ? AUDIT_NO_FILE : AUDIT_UNAVAILABLE;
        enum audit_status made = make_file(path);
        if (made != AUDIT_OK)
            return made;
    }
    /* A reader too opens it for writing where it may: whoever closes last then clears the files of the log away. */
    int result = sqlite3_open_v2(path, &database, SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX, NULL);
    if (result == SQLITE_OK && !write && sqlite3_db_readonly(database, "main") == 0)
        result = audit_file_run(database, "PRAGMA query_only=1") ? SQLITE_OK : SQLITE_ERROR;
    if (result == SQLITE_OK) {
        sqlite3_busy_timeout(database, BUSY_TIMEOUT_MS);
        const char *settings = write
            ? "PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL; PRAGMA cache_size=-1024; PRAGMA journal_size_limit=1048576"
            : "PRAGMA cache_size=-4096; PRAGMA temp_store=MEMORY";
        result = sqlite3_exec(database, settings, NULL, NULL, NULL);
    }
    enum audit_status status = result == SQLITE_OK ? check_format(database, write) : audit_file_status(result);
    if (status != AUDIT_OK) {
        sqlite3_close(database);
        return status;
    }
    *ret_database = database;
    return AUDIT_OK;
}

/* --- the chain --- */

const uint8_t audit_hash_first[AUDIT_HASH_SIZE] = {0};

struct audit_hasher {
    EVP_MD *algorithm;
    EVP_MD_CTX *context;
};

struct audit_hasher *audit_hasher_new(void)
{
    struct audit_hasher *hasher = calloc(1, sizeof *hasher);
    if (!hasher)
        return NULL;
    hasher->algorithm = EVP_MD_fetch(NULL, "SHA256", NULL);
    hasher->context = EVP_MD_CTX_new();
    if (!hasher->algorithm || !hasher->context) {
        audit_hasher_free(hasher);
        return NULL;
    }
    return hasher;
}

void audit_hasher_free(struct audit_hasher *hasher)
{
    if (!hasher)
        return;
    EVP_MD_CTX_free(hasher->context);
    EVP_MD_free(hasher->algorithm);
    free(hasher);
}

/* SHA-256 of memory does not fail once the algorithm is there; should it, nothing may look as if it had fitted. */
static void conclude(struct audit_hasher *hasher, bool fed, uint8_t ret_hash[AUDIT_HASH_SIZE])
{
    if (!fed || EVP_DigestFinal_ex(hasher->context, ret_hash, NULL) != 1)
        abort();
}

void audit_hash_origin(struct audit_hasher *hasher, const char *origin, uint8_t ret_digest[AUDIT_HASH_SIZE])
{
    conclude(hasher, EVP_DigestInit_ex(hasher->context, hasher->algorithm, NULL) == 1 &&
                         EVP_DigestUpdate(hasher->context, origin, strlen(origin)) == 1, ret_digest);
}

void audit_hash_record(struct audit_hasher *hasher, const uint8_t previous[AUDIT_HASH_SIZE], uint64_t number, uint64_t time,
                       uint32_t kind, const uint8_t origin[AUDIT_HASH_SIZE], struct bytes detail, uint8_t ret_hash[AUDIT_HASH_SIZE])
{
    uint8_t head[2 * AUDIT_HASH_SIZE + 8 + 8 + 4];
    memcpy(head, previous, AUDIT_HASH_SIZE);
    store_u64(head + AUDIT_HASH_SIZE, number);
    store_u64(head + AUDIT_HASH_SIZE + 8, time);
    store_u32(head + AUDIT_HASH_SIZE + 16, kind);
    memcpy(head + AUDIT_HASH_SIZE + 20, origin, AUDIT_HASH_SIZE);
    conclude(hasher, EVP_DigestInit_ex(hasher->context, hasher->algorithm, NULL) == 1 &&
                         EVP_DigestUpdate(hasher->context, head, sizeof head) == 1 &&
                         EVP_DigestUpdate(hasher->context, detail.data, detail.size) == 1, ret_hash);
}
