/* Log-on and lookup paths: which row a name means, and the owner of a mailbox. */
#include <string.h>

#include "directory/embedded_file.h"
#include "directory/names.h"

#define LIST_COUNT_MAX 10000u

bool embedded_domain_is_own(struct embedded_directory *embedded, const char *domain)
{
    if (strcmp(domain, ".") == 0)
        return true;
    sqlite3_stmt *statement = embedded_query(embedded, "SELECT 1 FROM domain WHERE domain=?1 UNION ALL"
                                                       " SELECT 1 FROM organization WHERE netbios_name=?1 COLLATE NOCASE");
    embedded_bind_text(statement, 1, domain);
    int64_t found;
    return embedded_number(statement, &found) == DIRECTORY_OK;
}

static enum directory_status locate_text(struct embedded_directory *embedded, const char *sql, const char *text, int64_t *ret_row)
{
    sqlite3_stmt *statement = embedded_query(embedded, sql);
    embedded_bind_text(statement, 1, text);
    return embedded_number(statement, ret_row);
}

static enum directory_status locate_guid(struct embedded_directory *embedded, const char *sql, struct guid guid, int64_t *ret_row)
{
    if (guid_is_zero(guid))
        return DIRECTORY_NOT_FOUND;
    sqlite3_stmt *statement = embedded_query(embedded, sql);
    embedded_bind_guid(statement, 1, guid);
    return embedded_number(statement, ret_row);
}

enum directory_status embedded_locate_id(struct embedded_directory *embedded, struct guid id, int64_t *ret_row)
{
    return locate_guid(embedded, "SELECT number FROM entry WHERE id=?1", id, ret_row);
}

static enum directory_status locate_account(struct embedded_directory *embedded, const char *account, int64_t *ret_row)
{
    return locate_text(embedded, "SELECT number FROM entry WHERE account=?1", account, ret_row);
}

static enum directory_status locate_address(struct embedded_directory *embedded, const char *address, int64_t *ret_row)
{
    return locate_text(embedded, "SELECT number FROM entry WHERE id=(SELECT entry FROM address WHERE address=?1)", address,
                       ret_row);
}

static enum directory_status locate_dn(struct embedded_directory *embedded, const char *legacy_dn, int64_t *ret_row)
{
    enum directory_status status = locate_text(embedded, "SELECT number FROM entry WHERE legacy_dn=?1", legacy_dn, ret_row);
    return status != DIRECTORY_NOT_FOUND ? status : locate_text(
        embedded, "SELECT number FROM entry WHERE id=(SELECT entry FROM old_legacy_dn WHERE legacy_dn=?1)", legacy_dn, ret_row);
}

/* The principal as it is kept, else the account of a user who has none of its own, in a domain of the organisation. */
static enum directory_status locate_principal(struct embedded_directory *embedded, struct arena *arena, const char *principal,
                                              int64_t *ret_row)
{
    enum directory_status status = locate_text(embedded, "SELECT number FROM entry WHERE principal=?1", principal, ret_row);
    struct logon_name name;
    if (status != DIRECTORY_NOT_FOUND || !logon_name_read(arena, principal, &name) || name.kind != LOGON_NAME_ADDRESS ||
        !embedded_domain_is_own(embedded, name.domain))
        return status;
    return locate_text(embedded, "SELECT number FROM entry WHERE account=?1 AND kind=0", name.account, ret_row);
}

static enum directory_status locate_logon(struct embedded_directory *embedded, struct arena *arena, const char *logon,
                                          int64_t *ret_row)
{
    struct logon_name name;
    if (!logon_name_read(arena, logon, &name))
        return DIRECTORY_NOT_FOUND;
    if (name.kind == LOGON_NAME_ADDRESS) {
        enum directory_status status = locate_address(embedded, logon, ret_row);
        return status != DIRECTORY_NOT_FOUND ? status
                                             : locate_text(embedded, "SELECT number FROM entry WHERE principal=?1", logon, ret_row);
    }
    if (name.kind == LOGON_NAME_DOWN_LEVEL && !embedded_domain_is_own(embedded, name.domain))
        return DIRECTORY_NOT_FOUND;
    return locate_account(embedded, name.account, ret_row);
}

enum directory_status embedded_locate(struct embedded_directory *embedded, struct arena *arena, enum directory_key key,
                                      const char *value, int64_t *ret_row)
{
    struct guid guid;
    switch (key) {
    case DIRECTORY_KEY_LOGON: return locate_logon(embedded, arena, value, ret_row);
    case DIRECTORY_KEY_ADDRESS: return locate_address(embedded, value, ret_row);
    case DIRECTORY_KEY_LEGACY_DN: return locate_dn(embedded, value, ret_row);
    case DIRECTORY_KEY_PRINCIPAL: return locate_principal(embedded, arena, value, ret_row);
    case DIRECTORY_KEY_ID:
        return guid_parse(value, &guid) ? embedded_locate_id(embedded, guid, ret_row) : DIRECTORY_NOT_FOUND;
    case DIRECTORY_KEY_MAILBOX:
        return guid_parse(value, &guid)
                   ? locate_guid(embedded, "SELECT number FROM entry WHERE mailbox_guid=?1", guid, ret_row)
                   : DIRECTORY_NOT_FOUND;
    }
    return DIRECTORY_NOT_FOUND;
}

const char *embedded_owner_of(struct embedded_directory *embedded, struct arena *arena, enum directory_key key, const char *value)
{
    int64_t row;
    if (embedded_locate(embedded, arena, key, value, &row) != DIRECTORY_OK)
        return "";
    sqlite3_stmt *statement = embedded_query(embedded, "SELECT account FROM entry WHERE number=?1");
    sqlite3_bind_int64(statement, 1, row);
    const char *account = embedded_step(statement) == DIRECTORY_OK ? embedded_column_text(arena, statement, 0) : NULL;
    embedded_done(statement);
    return account ? account : "";
}

/* --- owners of mailboxes --- */

static enum directory_status read_addresses(struct embedded_directory *embedded, struct arena *arena,
                                            struct directory_user *user)
{
    const char *addresses[1024];
    uint32_t count = 0;
    sqlite3_stmt *statement = embedded_query(embedded, "SELECT address FROM address WHERE entry=?1 ORDER BY position");
    embedded_bind_guid(statement, 1, user->id);
    enum directory_status status;
    while ((status = embedded_step(statement)) == DIRECTORY_OK && count < sizeof addresses / sizeof *addresses) {
        if (!(addresses[count++] = embedded_column_text(arena, statement, 0)))
            break;
    }
    embedded_done(statement);
    if (status != DIRECTORY_NOT_FOUND || count == 0)
        return DIRECTORY_UNAVAILABLE;
    user->addresses = arena_copy(arena, addresses, count * sizeof *addresses);
    user->address_count = count;
    user->address = addresses[0];
    return user->addresses ? DIRECTORY_OK : DIRECTORY_UNAVAILABLE;
}

static struct directory_user columns_of_user(struct arena *arena, sqlite3_stmt *row)
{
    struct directory_user user = {
        .id = embedded_column_guid(row, 0), .mailbox_guid = embedded_column_guid(row, 1),
        .kind = (unsigned)sqlite3_column_int(row, 2), .account = embedded_column_text(arena, row, 3),
        .display_name = embedded_column_text(arena, row, 4), .legacy_dn = embedded_column_text(arena, row, 5),
        .principal = embedded_column_text(arena, row, 6), .administrator = sqlite3_column_int(row, 8) != 0,
        .archive_guid = embedded_column_guid(row, 9), .redirect_address = embedded_column_text(arena, row, 10),
        .redirect_url = embedded_column_text(arena, row, 11),
        .switches = {.mapi_enabled = sqlite3_column_int(row, 12) != 0, .mapi_http = (unsigned)sqlite3_column_int(row, 13),
                     .block_rpc_http = sqlite3_column_int(row, 14) != 0,
                     .block_non_cached_mode = sqlite3_column_int(row, 15) != 0,
                     .block_external_connectivity = sqlite3_column_int(row, 16) != 0,
                     .block_versions = embedded_column_text(arena, row, 17),
                     .methods = (uint32_t)sqlite3_column_int(row, 18)}};
    user.enabled = user.kind == DIRECTORY_USER && sqlite3_column_int(row, 7) != 0;
    user.mapi_enabled = user.switches.mapi_enabled;
    return user;
}

#define USER_COLUMNS \
    "entry.id, mailbox_guid, kind, account, display_name, legacy_dn, coalesce(principal, CASE WHEN kind=0 THEN account || '@' ||" \
    " (SELECT domain FROM organization) END), enabled, administrator, archive_guid, redirect_address, redirect_url," \
    " mapi_enabled, mapi_http, block_rpc_http, block_non_cached_mode, block_external_connectivity, block_versions, methods"

enum directory_status embedded_read_user(struct embedded_directory *embedded, struct arena *arena, int64_t row,
                                         struct directory_user *ret_user)
{
    sqlite3_stmt *statement = embedded_query(embedded, "SELECT " USER_COLUMNS " FROM entry WHERE number=?1 AND kind<=4");
    sqlite3_bind_int64(statement, 1, row);
    struct directory_user user = {0};
    enum directory_status status = embedded_step(statement);
    if (status == DIRECTORY_OK)
        user = columns_of_user(arena, statement);
    embedded_done(statement);
    if (status == DIRECTORY_OK)
        status = read_addresses(embedded, arena, &user);
    if (status != DIRECTORY_OK)
        return status;
    if (!user.account || !user.display_name || !user.legacy_dn || !user.principal || !user.redirect_address ||
        !user.redirect_url || !user.switches.block_versions)
        return DIRECTORY_UNAVAILABLE;
    *ret_user = user;
    return DIRECTORY_OK;
}

enum directory_status embedded_find(struct directory *directory, struct arena *arena, enum directory_key key,
                                    const char *value, struct directory_user *ret_user)
{
    struct embedded_directory *embedded = embedded_of(directory);
    int64_t row;
    enum directory_status status = embedded_read_begin(embedded);
    if (status != DIRECTORY_OK)
        return status;
    status = embedded_locate(embedded, arena, key, value, &row);
    if (status == DIRECTORY_OK)
        status = embedded_read_user(embedded, arena, row, ret_user);
    embedded_read_end(embedded);
    return status;
}

/* The rows of users after 'after', in order of account. */
static enum directory_status list_rows(struct embedded_directory *embedded, const char *after, uint32_t count_max, int64_t *rows,
                                       uint32_t *ret_count)
{
    uint32_t count = 0;
    sqlite3_stmt *statement = embedded_query(embedded, "SELECT number FROM entry WHERE"
                                                       " account>?1 AND kind=0 ORDER BY account");
    embedded_bind_text(statement, 1, after ? after : "");
    enum directory_status status = DIRECTORY_OK;
    while (count < count_max && (status = embedded_step(statement)) == DIRECTORY_OK)
        rows[count++] = sqlite3_column_int64(statement, 0);
    embedded_done(statement);
    *ret_count = count;
    return status == DIRECTORY_NOT_FOUND ? DIRECTORY_OK : status;
}

enum directory_status embedded_list(struct directory *directory, struct arena *arena, const char *after, uint32_t count_max,
                                    uint32_t *ret_count, struct directory_user **ret_users)
{
    struct embedded_directory *embedded = embedded_of(directory);
    if (count_max > LIST_COUNT_MAX)
        count_max = LIST_COUNT_MAX;
    struct directory_user *users = arena_array(arena, struct directory_user, count_max);
    int64_t *rows = arena_array(arena, int64_t, count_max);
    uint32_t count = 0;
    enum directory_status status = users && rows ? embedded_read_begin(embedded) : DIRECTORY_UNAVAILABLE;
    if (status != DIRECTORY_OK)
        return status;
    status = list_rows(embedded, after, count_max, rows, &count);
    for (uint32_t i = 0; status == DIRECTORY_OK && i < count; i++)
        status = embedded_read_user(embedded, arena, rows[i], &users[i]);
    embedded_read_end(embedded);
    if (status == DIRECTORY_OK) {
        *ret_count = count;
        *ret_users = users;
    }
    return status;
}
