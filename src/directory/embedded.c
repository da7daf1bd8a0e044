/* What changes and reads the rows; names.h says which names are good, password.h how passwords are kept. */
#include "directory/embedded.h"

#include <fcntl.h>
#include <pthread.h>
#include <sqlite3.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/filetime.h"
#include "directory/names.h"
#include "directory/password.h"

#define BUSY_TIMEOUT_MS 5000
#define CHANGE_COUNTER_OFFSET 24 /* of SQLite's file header: moves with every commit outside WAL mode */

struct embedded_directory {
    struct directory directory;
    pthread_mutex_t lock; /* guards the connection */
    sqlite3 *database;
    int file; /* for the change counter only; closed last, since closing it drops this process's locks */
};

static const char schema[] =
    "CREATE TABLE IF NOT EXISTS organization(one INTEGER PRIMARY KEY CHECK(one=1), id BLOB NOT NULL, name TEXT NOT NULL,"
    " domain TEXT NOT NULL, netbios_name TEXT NOT NULL);"
    "CREATE TABLE IF NOT EXISTS user(id BLOB PRIMARY KEY, mailbox_guid BLOB NOT NULL UNIQUE, account TEXT NOT NULL UNIQUE"
    " COLLATE NOCASE, display_name TEXT NOT NULL, legacy_dn TEXT NOT NULL UNIQUE COLLATE NOCASE, password_hash TEXT NOT"
    " NULL, enabled INTEGER NOT NULL DEFAULT 1, administrator INTEGER NOT NULL DEFAULT 0, created INTEGER NOT NULL,"
    " mapi_enabled INTEGER NOT NULL DEFAULT 1)"
    " WITHOUT ROWID;"
    "CREATE TABLE IF NOT EXISTS address(address TEXT PRIMARY KEY COLLATE NOCASE, user_id BLOB NOT NULL REFERENCES user(id)"
    " ON DELETE CASCADE, position INTEGER NOT NULL) WITHOUT ROWID;"
    "CREATE INDEX IF NOT EXISTS address_of_user ON address(user_id, position);"
    "CREATE TABLE IF NOT EXISTS absent_user(one INTEGER PRIMARY KEY CHECK(one=1), password_hash TEXT NOT NULL);"
    "PRAGMA user_version=1;";

#define USER_COLUMNS "id, mailbox_guid, account, display_name, legacy_dn, enabled, administrator, password_hash, mapi_enabled"

static struct embedded_directory *embedded_of(struct directory *directory)
{
    return (struct embedded_directory *)directory;
}

static enum directory_status status_of(int result)
{
    switch (result) {
    case SQLITE_OK:
    case SQLITE_DONE:
    case SQLITE_ROW:
        return DIRECTORY_OK;
    case SQLITE_CONSTRAINT:
        return DIRECTORY_EXISTS;
    default:
        return DIRECTORY_UNAVAILABLE;
    }
}

/* Prepares and binds texts; NULL where that fails. */
static sqlite3_stmt *statement(struct embedded_directory *embedded, const char *sql, int count, const char *const *texts)
{
    sqlite3_stmt *prepared;
    if (sqlite3_prepare_v2(embedded->database, sql, -1, &prepared, NULL) != SQLITE_OK)
        return NULL;
    for (int i = 0; i < count; i++)
        sqlite3_bind_text(prepared, i + 1, texts[i], -1, SQLITE_TRANSIENT);
    return prepared;
}

static void bind_guid(sqlite3_stmt *prepared, int index, struct guid guid)
{
    sqlite3_bind_blob(prepared, index, guid.data, sizeof guid.data, SQLITE_TRANSIENT);
}

static struct guid column_guid(sqlite3_stmt *prepared, int column)
{
    struct guid guid = {{0}};
    if (sqlite3_column_bytes(prepared, column) == sizeof guid.data)
        memcpy(guid.data, sqlite3_column_blob(prepared, column), sizeof guid.data);
    return guid;
}

static const char *column_text(struct arena *arena, sqlite3_stmt *prepared, int column)
{
    const char *text = (const char *)sqlite3_column_text(prepared, column);
    return arena_string(arena, text ? text : "");
}

static enum directory_status finish(sqlite3_stmt *prepared)
{
    if (!prepared)
        return DIRECTORY_UNAVAILABLE;
    enum directory_status status = status_of(sqlite3_step(prepared) & 0xFF);
    sqlite3_finalize(prepared);
    return status;
}

static enum directory_status read_organization(struct embedded_directory *embedded, struct arena *arena,
                                               struct directory_organization *ret_organization)
{
    sqlite3_stmt *prepared = statement(embedded, "SELECT id, name, domain, netbios_name FROM organization", 0, NULL);
    if (!prepared)
        return DIRECTORY_UNAVAILABLE;
    int result = sqlite3_step(prepared);
    enum directory_status status = result == SQLITE_DONE ? DIRECTORY_NOT_FOUND : status_of(result & 0xFF);
    if (result == SQLITE_ROW) {
        struct directory_organization organization = {
            .id = column_guid(prepared, 0), .name = column_text(arena, prepared, 1),
            .domain = column_text(arena, prepared, 2), .netbios_name = column_text(arena, prepared, 3),
            .domain_count = 1, .mapi_http_enabled = true};
        const char **domains = arena_array(arena, const char *, 1);
        organization.domains = domains;
        if (organization.name && organization.domain && organization.netbios_name && domains) {
            domains[0] = organization.domain;
            *ret_organization = organization;
        } else
            status = DIRECTORY_UNAVAILABLE;
    }
    sqlite3_finalize(prepared);
    return status;
}

static enum directory_status embedded_organization(struct directory *directory, struct arena *arena,
                                                   struct directory_organization *ret_organization)
{
    struct embedded_directory *embedded = embedded_of(directory);
    pthread_mutex_lock(&embedded->lock);
    enum directory_status status = read_organization(embedded, arena, ret_organization);
    pthread_mutex_unlock(&embedded->lock);
    return status;
}

static enum directory_status read_addresses(struct embedded_directory *embedded, struct arena *arena,
                                            struct directory_user *user)
{
    sqlite3_stmt *prepared = statement(embedded, "SELECT address, (SELECT count(*) FROM address WHERE user_id=?1) FROM address"
                                                 " WHERE user_id=?1 ORDER BY position", 0, NULL);
    if (!prepared)
        return DIRECTORY_UNAVAILABLE;
    bind_guid(prepared, 1, user->id);
    const char **addresses = NULL;
    uint32_t count = 0, capacity = 0;
    while (sqlite3_step(prepared) == SQLITE_ROW) {
        if (!addresses)
            addresses = arena_array(arena, const char *, capacity = (uint32_t)sqlite3_column_int(prepared, 1));
        if (!addresses || count == capacity || !(addresses[count] = column_text(arena, prepared, 0)))
            break;
        count++;
    }
    sqlite3_finalize(prepared);
    if (count == 0 || count < capacity)
        return DIRECTORY_UNAVAILABLE;
    user->addresses = addresses;
    user->address_count = count;
    user->address = addresses[0];
    return DIRECTORY_OK;
}

/* The row that 'prepared' stands on (USER_COLUMNS). */
static enum directory_status read_user(struct embedded_directory *embedded, struct arena *arena, sqlite3_stmt *prepared,
                                       struct directory_user *ret_user)
{
    struct directory_user user = {
        .id = column_guid(prepared, 0), .mailbox_guid = column_guid(prepared, 1),
        .account = column_text(arena, prepared, 2), .display_name = column_text(arena, prepared, 3),
        .legacy_dn = column_text(arena, prepared, 4), .enabled = sqlite3_column_int(prepared, 5) != 0,
        .administrator = sqlite3_column_int(prepared, 6) != 0, .mapi_enabled = sqlite3_column_int(prepared, 8) != 0,
        .principal = "", .redirect_address = "", .redirect_url = ""};
    user.switches = (struct directory_switches){.mapi_enabled = user.mapi_enabled, .block_versions = "",
                                                .methods = DIRECTORY_METHOD_ALL};
    if (!user.account || !user.display_name || !user.legacy_dn)
        return DIRECTORY_UNAVAILABLE;
    enum directory_status status = read_addresses(embedded, arena, &user);
    if (status == DIRECTORY_OK)
        *ret_user = user;
    return status;
}

static const char *const find_sql[] = {
    [DIRECTORY_KEY_ADDRESS] =
        "SELECT " USER_COLUMNS " FROM user WHERE id=(SELECT user_id FROM address WHERE address=?1)",
    [DIRECTORY_KEY_LEGACY_DN] = "SELECT " USER_COLUMNS " FROM user WHERE legacy_dn=?1",
    [DIRECTORY_KEY_ID] = "SELECT " USER_COLUMNS " FROM user WHERE id=?1",
    [DIRECTORY_KEY_MAILBOX] = "SELECT " USER_COLUMNS " FROM user WHERE mailbox_guid=?1",
};
static const char find_account_sql[] = "SELECT " USER_COLUMNS " FROM user WHERE account=?1";

/* What people type, as a lookup: by account where the domain is the organisation's own. */
static sqlite3_stmt *find_logon(struct embedded_directory *embedded, struct arena *arena, const char *logon)
{
    struct directory_organization organization = {.domain = "", .netbios_name = ""};
    if (read_organization(embedded, arena, &organization) == DIRECTORY_UNAVAILABLE)
        return NULL;
    struct logon_name name;
    if (!logon_name_read(arena, logon, &name))
        return statement(embedded, "SELECT 1 WHERE 0", 0, NULL);
    if (name.kind == LOGON_NAME_ADDRESS)
        return statement(embedded, find_sql[DIRECTORY_KEY_ADDRESS], 1, &logon);
    if (name.kind == LOGON_NAME_DOWN_LEVEL && !logon_domain_matches(name.domain, &organization))
        return statement(embedded, "SELECT 1 WHERE 0", 0, NULL);
    return statement(embedded, find_account_sql, 1, &name.account);
}

static sqlite3_stmt *find_statement(struct embedded_directory *embedded, struct arena *arena, enum directory_key key,
                                    const char *value)
{
    if (key == DIRECTORY_KEY_LOGON)
        return find_logon(embedded, arena, value);
    if (key != DIRECTORY_KEY_ID && key != DIRECTORY_KEY_MAILBOX)
        return statement(embedded, find_sql[key], 1, &value);
    struct guid guid = {{0}};
    sqlite3_stmt *prepared = statement(embedded, find_sql[key], 0, NULL);
    if (prepared && guid_parse(value, &guid))
        bind_guid(prepared, 1, guid);
    return prepared;
}

static enum directory_status find_with_hash(struct embedded_directory *embedded, struct arena *arena, enum directory_key key,
                                            const char *value, struct directory_user *ret_user, const char **ret_hash)
{
    pthread_mutex_lock(&embedded->lock);
    sqlite3_stmt *prepared = find_statement(embedded, arena, key, value);
    int result = prepared ? sqlite3_step(prepared) : SQLITE_ERROR;
    enum directory_status status = result == SQLITE_DONE ? DIRECTORY_NOT_FOUND : status_of(result & 0xFF);
    if (result == SQLITE_ROW) {
        const char *hash = column_text(arena, prepared, 7);
        status = hash ? read_user(embedded, arena, prepared, ret_user) : DIRECTORY_UNAVAILABLE;
        if (status == DIRECTORY_OK)
            *ret_hash = hash;
    }
    sqlite3_finalize(prepared);
    pthread_mutex_unlock(&embedded->lock);
    return status;
}

static enum directory_status embedded_find(struct directory *directory, struct arena *arena, enum directory_key key,
                                           const char *value, struct directory_user *ret_user)
{
    const char *hash;
    return find_with_hash(embedded_of(directory), arena, key, value, ret_user, &hash);
}

/* A hash that no password matches, so that an unknown name takes as long as a known one. */
static const char *absent_user_hash(struct embedded_directory *embedded, struct arena *arena)
{
    pthread_mutex_lock(&embedded->lock);
    sqlite3_stmt *prepared = statement(embedded, "SELECT password_hash FROM absent_user", 0, NULL);
    const char *hash = prepared && sqlite3_step(prepared) == SQLITE_ROW ? column_text(arena, prepared, 0) : NULL;
    sqlite3_finalize(prepared);
    pthread_mutex_unlock(&embedded->lock);
    return hash;
}

static enum directory_status embedded_verify_password(struct directory *directory, struct arena *arena, const char *logon,
                                                      const char *password, struct directory_user *ret_user)
{
    struct embedded_directory *embedded = embedded_of(directory);
    struct directory_user user;
    const char *hash = NULL;
    enum directory_status status = find_with_hash(embedded, arena, DIRECTORY_KEY_LOGON, logon, &user, &hash);
    if (status == DIRECTORY_NOT_FOUND) {
        hash = absent_user_hash(embedded, arena);
        return hash && password_matches(password, hash) ? DIRECTORY_UNAVAILABLE : DIRECTORY_NOT_FOUND;
    }
    if (status != DIRECTORY_OK)
        return status;
    *ret_user = user;
    if (!password_matches(password, hash))
        return DIRECTORY_WRONG_PASSWORD;
    return user.enabled ? DIRECTORY_OK : DIRECTORY_DISABLED;
}

static enum directory_status embedded_list(struct directory *directory, struct arena *arena, const char *after,
                                           uint32_t count_max, uint32_t *ret_count, struct directory_user **ret_users)
{
    struct embedded_directory *embedded = embedded_of(directory);
    struct directory_user *users = arena_array(arena, struct directory_user, count_max);
    uint32_t count = 0;
    const char *start = after ? after : "";
    pthread_mutex_lock(&embedded->lock);
    sqlite3_stmt *prepared = statement(embedded, "SELECT " USER_COLUMNS " FROM user WHERE account>?1 ORDER BY account", 1,
                                       &start);
    enum directory_status status = prepared && users ? DIRECTORY_OK : DIRECTORY_UNAVAILABLE;
    int result = SQLITE_DONE;
    while (status == DIRECTORY_OK && count < count_max && (result = sqlite3_step(prepared)) == SQLITE_ROW) {
        status = read_user(embedded, arena, prepared, &users[count]);
        count++;
    }
    sqlite3_finalize(prepared);
    pthread_mutex_unlock(&embedded->lock);
    if (status == DIRECTORY_OK && result != SQLITE_DONE && result != SQLITE_ROW)
        status = DIRECTORY_UNAVAILABLE;
    if (status == DIRECTORY_OK) {
        *ret_count = count;
        *ret_users = users;
    }
    return status;
}

static uint64_t embedded_version(struct directory *directory)
{
    uint32_t counter = 0;
    ssize_t size = pread(embedded_of(directory)->file, &counter, sizeof counter, CHANGE_COUNTER_OFFSET);
    return size == sizeof counter ? counter : 0;
}

static void embedded_close(struct directory *directory)
{
    struct embedded_directory *embedded = embedded_of(directory);
    sqlite3_close(embedded->database);
    if (embedded->file >= 0)
        close(embedded->file);
    pthread_mutex_destroy(&embedded->lock);
    free(embedded);
}

static const struct directory_type embedded_type = {
    .organization = embedded_organization, .find = embedded_find, .verify_password = embedded_verify_password,
    .list = embedded_list, .version = embedded_version, .close = embedded_close,
};

static bool set_absent_user(struct embedded_directory *embedded)
{
    struct arena arena = {0};
    bool there = absent_user_hash(embedded, &arena) != NULL;
    arena_free(&arena);
    if (there)
        return true;
    char secret[GUID_TEXT_SIZE], hash[PASSWORD_HASH_SIZE];
    guid_format(guid_random(), secret);
    if (!password_hash(secret, hash))
        return false;
    const char *const texts[] = {hash};
    return finish(statement(embedded, "INSERT OR IGNORE INTO absent_user VALUES(1, ?1)", 1, texts)) == DIRECTORY_OK;
}

enum directory_status embedded_directory_open(const char *path, bool create, struct directory **ret_directory)
{
    int file = open(path, O_RDONLY | O_CLOEXEC | (create ? O_CREAT : 0), 0600);
    if (file < 0)
        return access(path, F_OK) != 0 ? DIRECTORY_NOT_FOUND : DIRECTORY_UNAVAILABLE;
    struct embedded_directory *embedded = calloc(1, sizeof *embedded);
    if (!embedded) {
        close(file);
        return DIRECTORY_UNAVAILABLE;
    }
    embedded->directory.type = &embedded_type;
    embedded->file = file;
    pthread_mutex_init(&embedded->lock, NULL);
    bool done = sqlite3_open_v2(path, &embedded->database, SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX, NULL) == SQLITE_OK &&
                sqlite3_busy_timeout(embedded->database, BUSY_TIMEOUT_MS) == SQLITE_OK &&
                sqlite3_exec(embedded->database, "PRAGMA journal_mode=DELETE; PRAGMA foreign_keys=ON; PRAGMA cache_size=-256",
                             NULL, NULL, NULL) == SQLITE_OK;
    if (done && create)
        done = sqlite3_exec(embedded->database, schema, NULL, NULL, NULL) == SQLITE_OK && set_absent_user(embedded);
    if (!done) {
        embedded_close(&embedded->directory);
        return DIRECTORY_UNAVAILABLE;
    }
    *ret_directory = &embedded->directory;
    return DIRECTORY_OK;
}

/* --- changes --- */

enum directory_status embedded_directory_set_organization(struct directory *directory, const char *name, const char *domain,
                                                          const char *netbios_name)
{
    struct embedded_directory *embedded = embedded_of(directory);
    if (!organization_name_allowed(name) || !domain_allowed(domain) || (netbios_name && !account_allowed(netbios_name)))
        return DIRECTORY_INVALID;
    struct arena arena = {0};
    struct directory_organization old;
    pthread_mutex_lock(&embedded->lock);
    enum directory_status status = read_organization(embedded, &arena, &old);
    if (status == DIRECTORY_OK)
        status = strcmp(old.name, name) == 0 && strcasecmp(old.domain, domain) == 0 ? DIRECTORY_OK : DIRECTORY_EXISTS;
    else if (status == DIRECTORY_NOT_FOUND) {
        char *first_label = arena_string(&arena, domain);
        if (first_label)
            first_label[strcspn(first_label, ".")] = '\0';
        const char *const texts[] = {name, domain, netbios_name ? netbios_name : first_label};
        sqlite3_stmt *prepared = statement(embedded, "INSERT INTO organization VALUES(1, ?4, ?1, lower(?2), upper(?3))", 3,
                                           texts);
        if (prepared)
            bind_guid(prepared, 4, guid_random());
        status = finish(prepared);
    }
    pthread_mutex_unlock(&embedded->lock);
    arena_free(&arena);
    return status;
}

static enum directory_status insert_address(struct embedded_directory *embedded, struct guid user_id, const char *address)
{
    sqlite3_stmt *prepared = statement(embedded, "INSERT INTO address SELECT lower(?1), ?2, count(*) FROM address WHERE"
                                                 " user_id=?2", 1, &address);
    if (prepared)
        bind_guid(prepared, 2, user_id);
    return finish(prepared);
}

static enum directory_status insert_user(struct embedded_directory *embedded, const struct embedded_user *user,
                                         const char *legacy_dn, const char *address, const char *hash, struct guid id)
{
    const char *const texts[] = {user->account, user->display_name ? user->display_name : user->account, legacy_dn, hash};
    sqlite3_stmt *prepared = statement(embedded, "INSERT INTO user VALUES(?5, ?6, lower(?1), ?2, ?3, ?4, 1, ?7, ?8, 1)", 4, texts);
    if (!prepared)
        return DIRECTORY_UNAVAILABLE;
    bind_guid(prepared, 5, id);
    bind_guid(prepared, 6, guid_random());
    sqlite3_bind_int(prepared, 7, user->administrator);
    sqlite3_bind_int64(prepared, 8, (sqlite3_int64)filetime_now());
    enum directory_status status = finish(prepared);
    return status == DIRECTORY_OK ? insert_address(embedded, id, address) : status;
}

enum directory_status embedded_directory_add_user(struct directory *directory, struct arena *arena,
                                                  const struct embedded_user *user, struct directory_user *ret_user)
{
    struct embedded_directory *embedded = embedded_of(directory);
    struct directory_organization organization;
    enum directory_status status = directory_organization(directory, arena, &organization);
    if (status != DIRECTORY_OK)
        return status;
    struct guid id = guid_random();
    const char *address = user->address ? user->address : arena_format(arena, "%s@%s", user->account, organization.domain);
    const char *legacy_dn = legacy_dn_make(arena, &organization, id, user->account);
    char hash[PASSWORD_HASH_SIZE];
    if (!address || !legacy_dn)
        return DIRECTORY_UNAVAILABLE;
    if (!account_allowed(user->account) || !address_allowed(address) || !password_allowed(user->password) ||
        (user->display_name && !display_name_allowed(user->display_name)))
        return DIRECTORY_INVALID;
    if (!password_hash(user->password, hash))
        return DIRECTORY_UNAVAILABLE;
    pthread_mutex_lock(&embedded->lock);
    status = status_of(sqlite3_exec(embedded->database, "BEGIN IMMEDIATE", NULL, NULL, NULL));
    if (status == DIRECTORY_OK) {
        status = insert_user(embedded, user, legacy_dn, address, hash, id);
        if (status == DIRECTORY_OK)
            status = status_of(sqlite3_exec(embedded->database, "COMMIT", NULL, NULL, NULL));
        if (status != DIRECTORY_OK)
            sqlite3_exec(embedded->database, "ROLLBACK", NULL, NULL, NULL);
    }
    pthread_mutex_unlock(&embedded->lock);
    return status == DIRECTORY_OK ? directory_find(directory, arena, DIRECTORY_KEY_ADDRESS, address, ret_user) : status;
}

/* Runs 'sql' with ?1 the id of the user that 'logon' names and, where not NULL, ?2 a text. */
static enum directory_status change_user(struct directory *directory, const char *logon, const char *sql, const char *text)
{
    struct embedded_directory *embedded = embedded_of(directory);
    struct arena arena = {0};
    struct directory_user user;
    enum directory_status status = directory_find(directory, &arena, DIRECTORY_KEY_LOGON, logon, &user);
    if (status == DIRECTORY_OK) {
        pthread_mutex_lock(&embedded->lock);
        sqlite3_stmt *prepared = statement(embedded, sql, 0, NULL);
        if (prepared)
            bind_guid(prepared, 1, user.id);
        if (prepared && text)
            sqlite3_bind_text(prepared, 2, text, -1, SQLITE_TRANSIENT);
        status = finish(prepared);
        pthread_mutex_unlock(&embedded->lock);
    }
    arena_free(&arena);
    return status;
}

enum directory_status embedded_directory_add_address(struct directory *directory, const char *logon, const char *address)
{
    if (!address_allowed(address))
        return DIRECTORY_INVALID;
    return change_user(directory, logon, "INSERT INTO address SELECT lower(?2), ?1, count(*) FROM address WHERE user_id=?1",
                       address);
}

enum directory_status embedded_directory_set_password(struct directory *directory, const char *logon, const char *password)
{
    char hash[PASSWORD_HASH_SIZE];
    if (!password_allowed(password))
        return DIRECTORY_INVALID;
    if (!password_hash(password, hash))
        return DIRECTORY_UNAVAILABLE;
    return change_user(directory, logon, "UPDATE user SET password_hash=?2 WHERE id=?1", hash);
}

enum directory_status embedded_directory_set_enabled(struct directory *directory, const char *logon, bool enabled)
{
    return change_user(directory, logon, enabled ? "UPDATE user SET enabled=1 WHERE id=?1"
                                                 : "UPDATE user SET enabled=0 WHERE id=?1", NULL);
}

enum directory_status embedded_directory_set_mapi_enabled(struct directory *directory, const char *logon, bool enabled)
{
    return change_user(directory, logon, enabled ? "UPDATE user SET mapi_enabled=1 WHERE id=?1"
                                                 : "UPDATE user SET mapi_enabled=0 WHERE id=?1", NULL);
}

enum directory_status embedded_directory_remove_user(struct directory *directory, const char *logon)
{
    return change_user(directory, logon, "DELETE FROM user WHERE id=?1", NULL);
}
