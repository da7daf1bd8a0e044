/* The tables of a mailbox file and the way from older ones. docs/store.md explains them. */
#include <string.h>

#include "store/sqlite/internal.h"

/* Names the kind of file: 'mapi' in the header's application id (file(1) shows it). */
#define APPLICATION_ID "1835102313"

static const char schema[] =
    "CREATE TABLE mailbox (guid BLOB NOT NULL, owner TEXT, creation_time INTEGER NOT NULL,"
    " next_counter INTEGER NOT NULL, next_value_id INTEGER NOT NULL);"
    "CREATE TABLE meta (name TEXT PRIMARY KEY, value BLOB NOT NULL) WITHOUT ROWID;"
    "CREATE TABLE replica (replica_id INTEGER PRIMARY KEY, guid BLOB NOT NULL UNIQUE);"
    "CREATE TABLE folder (folder_id INTEGER PRIMARY KEY, parent_id INTEGER NOT NULL, type INTEGER NOT NULL,"
    " change_number INTEGER NOT NULL, creation_time INTEGER NOT NULL, modification_time INTEGER NOT NULL,"
    " deleted_time INTEGER NOT NULL DEFAULT 0, content INTEGER NOT NULL DEFAULT 0, unread INTEGER NOT NULL DEFAULT 0,"
    " associated INTEGER NOT NULL DEFAULT 0, deleted_content INTEGER NOT NULL DEFAULT 0,"
    " deleted_associated INTEGER NOT NULL DEFAULT 0, deleted_total INTEGER NOT NULL DEFAULT 0,"
    " size INTEGER NOT NULL DEFAULT 0, associated_size INTEGER NOT NULL DEFAULT 0,"
    " deleted_size INTEGER NOT NULL DEFAULT 0, local_commit_time_max INTEGER NOT NULL DEFAULT 0,"
    " hierarchy_change_number INTEGER NOT NULL DEFAULT 0, child_folders INTEGER NOT NULL DEFAULT 0,"
    " name_key BLOB NOT NULL, origin BLOB, properties BLOB NOT NULL);"
    "CREATE UNIQUE INDEX folder_name ON folder (parent_id, name_key) WHERE deleted_time = 0;"
    "CREATE INDEX folder_parent ON folder (parent_id);"
    "CREATE TABLE message (message_id INTEGER PRIMARY KEY, folder_id INTEGER NOT NULL, kind INTEGER NOT NULL,"
    " read INTEGER NOT NULL, flags INTEGER NOT NULL, status INTEGER NOT NULL, size INTEGER NOT NULL,"
    " change_number INTEGER NOT NULL, read_change_number INTEGER NOT NULL DEFAULT 0, commit_time INTEGER NOT NULL,"
    " deleted_time INTEGER NOT NULL DEFAULT 0, attachment_count INTEGER NOT NULL,"
    " origin BLOB, properties BLOB NOT NULL);"
    "CREATE INDEX message_change ON message (folder_id, kind, change_number);"
    "CREATE INDEX message_read_change ON message (folder_id, kind, read_change_number) WHERE read_change_number > 0;"
    "CREATE TABLE attachment (attachment_id INTEGER PRIMARY KEY, message_id INTEGER NOT NULL,"
    " parent_id INTEGER NOT NULL, number INTEGER NOT NULL, size INTEGER NOT NULL, properties BLOB NOT NULL,"
    " embedded BLOB);"
    "CREATE UNIQUE INDEX attachment_message ON attachment (message_id, parent_id, number);"
    "CREATE TABLE chunk (chunk_id INTEGER PRIMARY KEY, data BLOB NOT NULL);"
    "CREATE TABLE staged (value_id INTEGER PRIMARY KEY, creation_time INTEGER NOT NULL);"
    "CREATE TABLE view (view_id INTEGER PRIMARY KEY AUTOINCREMENT, folder_id INTEGER NOT NULL, kind INTEGER NOT NULL,"
    " columns BLOB NOT NULL, complete INTEGER NOT NULL, built_change_number INTEGER NOT NULL DEFAULT 0,"
    " built_message_id INTEGER NOT NULL DEFAULT 0, last_used INTEGER NOT NULL, counted INTEGER NOT NULL DEFAULT 0,"
    " UNIQUE (folder_id, kind, columns));"
    "CREATE TABLE view_row (view_id INTEGER NOT NULL, key BLOB NOT NULL, message_id INTEGER NOT NULL,"
    " PRIMARY KEY (view_id, key, message_id)) WITHOUT ROWID;"
    "CREATE TABLE view_part (view_id INTEGER NOT NULL, key BLOB NOT NULL, message_id INTEGER NOT NULL,"
    " row_count INTEGER NOT NULL, PRIMARY KEY (view_id, key, message_id)) WITHOUT ROWID;"
    "CREATE TABLE deletion (folder_id INTEGER NOT NULL, change_number INTEGER NOT NULL, object_id INTEGER NOT NULL,"
    " time INTEGER NOT NULL, is_folder INTEGER NOT NULL, PRIMARY KEY (folder_id, change_number, object_id))"
    " WITHOUT ROWID;"
    "CREATE TABLE named_property (property_id INTEGER PRIMARY KEY, guid BLOB NOT NULL, kind INTEGER NOT NULL,"
    " lid INTEGER NOT NULL, name BLOB NOT NULL, UNIQUE (guid, kind, lid, name));"
    "CREATE TABLE receive_folder (message_class TEXT PRIMARY KEY COLLATE NOCASE, folder_id INTEGER NOT NULL,"
    " modification_time INTEGER NOT NULL) WITHOUT ROWID;"
    "PRAGMA application_id = " APPLICATION_ID ";";

const char *const schema_migrations[SCHEMA_VERSION] = {
    "ALTER TABLE view ADD COLUMN counted INTEGER NOT NULL DEFAULT 0;"
    "CREATE TABLE view_part (view_id INTEGER NOT NULL, key BLOB NOT NULL, message_id INTEGER NOT NULL,"
    " row_count INTEGER NOT NULL, PRIMARY KEY (view_id, key, message_id)) WITHOUT ROWID;",
    NULL,
};

static enum store_status execute(struct sqlite_mailbox *mailbox, const char *sql)
{
    return status_of_sqlite(sqlite3_exec(mailbox->database, sql, NULL, NULL, NULL));
}

static enum store_status read_version(struct sqlite_mailbox *mailbox, int *ret_version)
{
    sqlite3_stmt *prepared;
    int code = sqlite3_prepare_v2(mailbox->database, "PRAGMA user_version", -1, &prepared, NULL);
    if (code != SQLITE_OK)
        return status_of_sqlite(code);
    code = sqlite3_step(prepared);
    if (code == SQLITE_ROW)
        *ret_version = sqlite3_column_int(prepared, 0);
    sqlite3_finalize(prepared);
    return status_of_sqlite(code);
}

static enum store_status write_version(struct sqlite_mailbox *mailbox, int version)
{
    char sql[64];
    sqlite3_snprintf(sizeof(sql), sql, "PRAGMA user_version = %d", version);
    return execute(mailbox, sql);
}

static enum store_status insert_mailbox(struct sqlite_mailbox *mailbox, const struct store_mailbox_info *info)
{
    sqlite3_stmt *prepared;
    int code = sqlite3_prepare_v2(mailbox->database,
        "INSERT INTO mailbox (guid, owner, creation_time, next_counter, next_value_id) VALUES (?1, ?2, ?3, ?4, 1)", -1,
        &prepared, NULL);
    if (code != SQLITE_OK)
        return status_of_sqlite(code);
    sqlite3_bind_blob(prepared, 1, info->mailbox_guid.data, 16, SQLITE_STATIC);
    sqlite3_bind_text(prepared, 2, info->owner.data ? (const char *)info->owner.data : "", (int)info->owner.size,
        SQLITE_STATIC);
    sqlite3_bind_int64(prepared, 3, (int64_t)info->creation_time);
    sqlite3_bind_int64(prepared, 4, STORE_COUNTER_FIRST);
    code = sqlite3_step(prepared);
    sqlite3_finalize(prepared);
    return status_of_sqlite(code);
}

static enum store_status insert_replica(struct sqlite_mailbox *mailbox, int replica_id, const struct guid *guid)
{
    sqlite3_stmt *prepared;
    int code = sqlite3_prepare_v2(mailbox->database, "INSERT INTO replica (replica_id, guid) VALUES (?1, ?2)", -1,
        &prepared, NULL);
    if (code != SQLITE_OK)
        return status_of_sqlite(code);
    sqlite3_bind_int(prepared, 1, replica_id);
    sqlite3_bind_blob(prepared, 2, guid->data, 16, SQLITE_STATIC);
    code = sqlite3_step(prepared);
    sqlite3_finalize(prepared);
    return status_of_sqlite(code);
}

enum store_status schema_create(struct sqlite_mailbox *mailbox, const struct store_mailbox_info *info)
{
    int version = 0;
    enum store_status status = execute(mailbox, "BEGIN IMMEDIATE");
    if (status != STORE_OK)
        return status;
    status = read_version(mailbox, &version);
    if (status == STORE_OK && version != 0)
        status = STORE_EXISTS;
    if (status == STORE_OK)
        status = execute(mailbox, schema);
    if (status == STORE_OK)
        status = insert_mailbox(mailbox, info);
    if (status == STORE_OK)
        status = insert_replica(mailbox, STORE_REPLICA_ID_OWN, &info->replica_guid);
    if (status == STORE_OK)
        status = insert_replica(mailbox, STORE_REPLICA_ID_LOGON, &info->logon_replica_guid);
    if (status == STORE_OK)
        status = write_version(mailbox, SCHEMA_VERSION);
    enum store_status ended = execute(mailbox, status == STORE_OK ? "COMMIT" : "ROLLBACK");
    return status != STORE_OK ? status : ended;
}

enum store_status schema_migrate(struct sqlite_mailbox *mailbox, const char *const *migrations, int version_wanted)
{
    int version = 0;
    enum store_status status = read_version(mailbox, &version);
    if (status != STORE_OK || version == version_wanted)
        return status;
    if (version > version_wanted)
        return STORE_VERSION;
    if (version <= 0)
        return STORE_NOT_FOUND; /* its creation never came to an end */
    status = execute(mailbox, "BEGIN IMMEDIATE");
    if (status != STORE_OK)
        return status;
    status = read_version(mailbox, &version); /* another process may have been quicker */
    for (; status == STORE_OK && version < version_wanted; version++)
        status = execute(mailbox, migrations[version - 1]);
    if (status == STORE_OK)
        status = write_version(mailbox, version_wanted);
    enum store_status ended = execute(mailbox, status == STORE_OK ? "COMMIT" : "ROLLBACK");
    return status != STORE_OK ? status : ended;
}
