/* The tables, and how files of version 1 become files of version 2. Identifiers: an entry is named by its id everywhere but in
 * its own row, so that reading a page of entries merges all tables in one order. docs/directory.md describes the tables. */
#include <string.h>

#include "base/filetime.h"
#include "directory/embedded_file.h"

static const char schema[] =
    "CREATE TABLE domain(domain TEXT PRIMARY KEY COLLATE NOCASE) WITHOUT ROWID;"
    /* 'attributes' has lines 'name: value' (attribute_lines.h); references, members and large values stand apart. */
    "CREATE TABLE entry(number INTEGER PRIMARY KEY AUTOINCREMENT, id BLOB NOT NULL UNIQUE, kind INTEGER NOT NULL,"
    " account TEXT NOT NULL UNIQUE COLLATE NOCASE, display_name TEXT NOT NULL, legacy_dn TEXT NOT NULL UNIQUE COLLATE NOCASE,"
    " attributes TEXT NOT NULL DEFAULT '', rule TEXT, hidden INTEGER NOT NULL DEFAULT 0, created INTEGER NOT NULL,"
    " changed INTEGER NOT NULL, mailbox_guid BLOB UNIQUE, archive_guid BLOB UNIQUE, enabled INTEGER NOT NULL DEFAULT 1,"
    " administrator INTEGER NOT NULL DEFAULT 0, principal TEXT UNIQUE COLLATE NOCASE, password_hash TEXT, nt_hash BLOB,"
    " nt_hash_wanted INTEGER NOT NULL DEFAULT 0, mapi_enabled INTEGER NOT NULL DEFAULT 1, mapi_http INTEGER NOT NULL DEFAULT 0,"
    " block_rpc_http INTEGER NOT NULL DEFAULT 0, block_non_cached_mode INTEGER NOT NULL DEFAULT 0,"
    " block_external_connectivity INTEGER NOT NULL DEFAULT 0, block_versions TEXT, methods INTEGER NOT NULL DEFAULT 15,"
    " redirect_address TEXT, redirect_url TEXT);"
    "CREATE INDEX dynamic_group ON entry(id) WHERE kind=7;"
    "CREATE TABLE organization(one INTEGER PRIMARY KEY CHECK(one=1), id BLOB NOT NULL, name TEXT NOT NULL,"
    " domain TEXT NOT NULL REFERENCES domain(domain), netbios_name TEXT NOT NULL, mapi_http_enabled INTEGER NOT NULL DEFAULT 1,"
    " public_folder_mailbox BLOB REFERENCES entry(id) ON DELETE SET NULL, address_book_id BLOB NOT NULL);"
    "CREATE TABLE address(address TEXT PRIMARY KEY COLLATE NOCASE, entry BLOB NOT NULL REFERENCES entry(id)"
    " ON DELETE CASCADE, position INTEGER NOT NULL) WITHOUT ROWID;"
    "CREATE INDEX address_of_entry ON address(entry, position);"
    "CREATE TABLE old_legacy_dn(legacy_dn TEXT PRIMARY KEY COLLATE NOCASE, entry BLOB NOT NULL REFERENCES entry(id)"
    " ON DELETE CASCADE, position INTEGER NOT NULL) WITHOUT ROWID;"
    "CREATE INDEX old_legacy_dn_of_entry ON old_legacy_dn(entry, position);"
    "CREATE TABLE reference(entry BLOB NOT NULL REFERENCES entry(id) ON DELETE CASCADE, attribute TEXT NOT NULL,"
    " position INTEGER NOT NULL, target BLOB NOT NULL REFERENCES entry(id) ON DELETE CASCADE,"
    " PRIMARY KEY(entry, attribute, position)) WITHOUT ROWID;"
    "CREATE INDEX reference_to ON reference(target, attribute);"
    "CREATE TABLE large_value(entry BLOB NOT NULL REFERENCES entry(id) ON DELETE CASCADE, attribute TEXT NOT NULL,"
    " position INTEGER NOT NULL, value BLOB NOT NULL, PRIMARY KEY(entry, attribute, position));"
    "CREATE TABLE member(entry BLOB NOT NULL REFERENCES entry(id) ON DELETE CASCADE, member BLOB NOT NULL"
    " REFERENCES entry(id) ON DELETE CASCADE, PRIMARY KEY(entry, member)) WITHOUT ROWID;"
    "CREATE INDEX member_of ON member(member, entry);"
    "CREATE TABLE permission(entry BLOB NOT NULL REFERENCES entry(id) ON DELETE CASCADE, right_number INTEGER NOT NULL,"
    " actor BLOB NOT NULL REFERENCES entry(id) ON DELETE CASCADE, automap INTEGER NOT NULL DEFAULT 0,"
    " PRIMARY KEY(entry, right_number, actor)) WITHOUT ROWID;"
    "CREATE INDEX permission_of_actor ON permission(actor, right_number);"
    "CREATE TABLE address_list(position INTEGER PRIMARY KEY AUTOINCREMENT, id BLOB NOT NULL UNIQUE, name TEXT NOT NULL UNIQUE"
    " COLLATE NOCASE, rule TEXT NOT NULL);"
    "CREATE TABLE absent_user(one INTEGER PRIMARY KEY CHECK(one=1), password_hash TEXT NOT NULL);"
    "INSERT INTO sqlite_sequence VALUES('entry', 255);" /* numbers begin at DIRECTORY_NUMBER_MIN */
    "PRAGMA user_version=2;";

/* Numbers go to the users of version 1 in the order in which they were made. */
static const char migration_from_1[] =
    "ALTER TABLE organization RENAME TO organization_1;"
    "ALTER TABLE user RENAME TO user_1;"
    "ALTER TABLE address RENAME TO address_1;"
    "ALTER TABLE absent_user RENAME TO absent_user_1;"
    "DROP INDEX IF EXISTS address_of_user;";
static const char migration_to_2[] =
    "INSERT INTO domain SELECT lower(domain) FROM organization_1;"
    "INSERT OR IGNORE INTO domain SELECT DISTINCT lower(substr(address, instr(address, '@') + 1)) FROM address_1;"
    "INSERT INTO entry(id, kind, account, display_name, legacy_dn, created, changed, mailbox_guid, enabled, administrator,"
    " password_hash, mapi_enabled) SELECT id, 0, account, display_name, legacy_dn, created, created, mailbox_guid, enabled,"
    " administrator, password_hash, mapi_enabled FROM user_1 ORDER BY created, account;"
    "INSERT INTO organization(one, id, name, domain, netbios_name, address_book_id)"
    " SELECT 1, id, name, lower(domain), netbios_name, randomblob(16) FROM organization_1;"
    "INSERT INTO address SELECT address, user_id, position FROM address_1;"
    "INSERT INTO absent_user SELECT one, password_hash FROM absent_user_1;"
    "DROP TABLE address_1; DROP TABLE user_1; DROP TABLE organization_1; DROP TABLE absent_user_1;";

static enum directory_status execute(struct embedded_directory *embedded, const char *sql)
{
    int result = sqlite3_exec(embedded->database, sql, NULL, NULL, NULL);
    return result == SQLITE_OK ? DIRECTORY_OK : DIRECTORY_UNAVAILABLE;
}

/* Exchange makes these for a new organisation; the names are its own. */
static const char *const default_lists[][2] = {
    {"All Users", "(|(kind=user)(kind=shared)(kind=room)(kind=equipment))"},
    {"All Groups", "(|(kind=group)(kind=dynamic-group))"},
    {"All Contacts", "(kind=contact)"},
    {"All Rooms", "(kind=room)"},
    {"Public Folders", "(kind=public-folder)"},
};

enum directory_status embedded_schema_default_lists(struct embedded_directory *embedded)
{
    int64_t count = 0;
    enum directory_status status = embedded_number(embedded_query(embedded, "SELECT count(*) FROM address_list"), &count);
    for (size_t i = 0; status == DIRECTORY_OK && count == 0 && i < sizeof default_lists / sizeof *default_lists; i++) {
        sqlite3_stmt *insert = embedded_query(embedded, "INSERT INTO address_list(id, name, rule) VALUES(?1, ?2, ?3)");
        embedded_bind_guid(insert, 1, guid_random());
        embedded_bind_text(insert, 2, default_lists[i][0]);
        embedded_bind_text(insert, 3, default_lists[i][1]);
        status = embedded_run(insert);
    }
    return status;
}

static enum directory_status schema_version(struct embedded_directory *embedded, int64_t *ret_version)
{
    return embedded_number(embedded_query(embedded, "PRAGMA user_version"), ret_version);
}

static enum directory_status migrate(struct embedded_directory *embedded)
{
    int64_t organizations = 0;
    enum directory_status status = execute(embedded, migration_from_1);
    if (status == DIRECTORY_OK)
        status = execute(embedded, schema);
    if (status == DIRECTORY_OK)
        status = execute(embedded, migration_to_2);
    if (status == DIRECTORY_OK)
        status = embedded_number(embedded_query(embedded, "SELECT count(*) FROM organization"), &organizations);
    return status == DIRECTORY_OK && organizations == 1 ? embedded_schema_default_lists(embedded) : status;
}

enum directory_status embedded_schema_prepare(struct embedded_directory *embedded, bool create)
{
    int64_t version = 0;
    enum directory_status status = schema_version(embedded, &version);
    if (status != DIRECTORY_OK || version == EMBEDDED_SCHEMA_VERSION)
        return status;
    if (version > EMBEDDED_SCHEMA_VERSION)
        return DIRECTORY_NEWER_FORMAT;
    if (version == 0 && !create)
        return DIRECTORY_NOT_FOUND;
    /* Renaming a table must not rewrite the references of others to it while old and new stand side by side. */
    status = execute(embedded, "PRAGMA foreign_keys=OFF; PRAGMA legacy_alter_table=ON");
    if (status != DIRECTORY_OK)
        return status;
    status = embedded_write_begin(embedded, NULL);
    if (status == DIRECTORY_OK) {
        status = schema_version(embedded, &version); /* another process may have been faster */
        if (status == DIRECTORY_OK && version == 0)
            status = execute(embedded, schema);
        else if (status == DIRECTORY_OK && version == 1)
            status = migrate(embedded);
        if (status == DIRECTORY_OK)
            status = embedded_make_absent_user(embedded);
        status = embedded_write_end(embedded, status, NULL);
    }
    enum directory_status restored = execute(embedded, "PRAGMA legacy_alter_table=OFF; PRAGMA foreign_keys=ON");
    return status == DIRECTORY_OK ? restored : status;
}
