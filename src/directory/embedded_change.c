/* Settings of an entry that is there: names, switches, addresses, further DNs. */
#include <string.h>
#include <strings.h>

#include "directory/embedded_file.h"
#include "directory/names.h"
#include "directory/rule.h"

#define URL_SIZE_MAX 2048u
#define VERSIONS_SIZE_MAX 256u

/* --- one column at a time --- */

static enum directory_status set_text(struct embedded_directory *embedded, const char *sql, struct guid id, const char *text)
{
    sqlite3_stmt *update = embedded_query(embedded, sql);
    embedded_bind_guid(update, 1, id);
    embedded_bind_text(update, 2, text && *text ? text : NULL);
    return embedded_run(update);
}

static enum directory_status set_number(struct embedded_directory *embedded, const char *sql, struct guid id, uint32_t number)
{
    sqlite3_stmt *update = embedded_query(embedded, sql);
    embedded_bind_guid(update, 1, id);
    if (update)
        sqlite3_bind_int64(update, 2, number);
    return embedded_run(update);
}

static enum directory_status set_switch(struct embedded_directory *embedded, const char *sql, struct guid id,
                                        enum directory_switch value)
{
    return value == DIRECTORY_INHERIT ? DIRECTORY_OK : set_number(embedded, sql, id, value == DIRECTORY_ON);
}

/* --- checks --- */

static bool url_allowed(const char *url)
{
    size_t size = strlen(url);
    for (size_t i = 0; i < size; i++) {
        if ((unsigned char)url[i] <= 0x20 || (unsigned char)url[i] >= 0x7F || strchr("\"<>\\", url[i]))
            return false;
    }
    return size <= URL_SIZE_MAX && strncasecmp(url, "https://", 8) == 0 && url[8] != '\0' && url[8] != '/';
}

static bool versions_allowed(const char *versions)
{
    return strlen(versions) <= VERSIONS_SIZE_MAX && strspn(versions, "0123456789.-; ,") == strlen(versions);
}

static enum directory_status check_kind_fields(const struct embedded_subject *subject, const struct embedded_change *change,
                                               struct embedded_error *ret_error)
{
    bool mailbox = directory_kind_has_mailbox(subject->kind), user = subject->kind == DIRECTORY_USER;
    const char *field = !user && change->principal                                              ? "principal name"
                        : !user && change->enabled != DIRECTORY_INHERIT                         ? "enabled"
                        : !user && change->administrator != DIRECTORY_INHERIT                   ? "administrator"
                        : !user && change->nt_hash_wanted != DIRECTORY_INHERIT                  ? "NT hash"
                        : subject->kind != DIRECTORY_DYNAMIC_GROUP && change->rule              ? "rule"
                        : !mailbox && (change->switches.mapi_enabled != DIRECTORY_INHERIT || change->switches.mapi_http) ? "MAPI switches"
                        : !mailbox && (change->switches.block_rpc_http != DIRECTORY_INHERIT || change->switches.block_non_cached_mode != DIRECTORY_INHERIT ||
                                       change->switches.block_external_connectivity != DIRECTORY_INHERIT || change->switches.block_versions)
                            ? "MAPI switches"
                        : !mailbox && change->switches.methods                                           ? "methods"
                        : !mailbox && (change->redirect_address || change->redirect_url)        ? "redirection"
                        : !mailbox && change->archive_guid                                      ? "archive"
                                                                                                : NULL;
    return field ? embedded_fail(ret_error, DIRECTORY_INVALID, "%s: not for '%s', which is of kind '%s'", field, subject->account,
                                 directory_kind_names[subject->kind])
                 : DIRECTORY_OK;
}

static enum directory_status check_values(struct arena *arena, const struct embedded_subject *subject,
                                          const struct embedded_change *change, struct embedded_error *ret_error)
{
    const struct directory_rule *rule;
    const char *error = "";
    if (change->account && !account_allowed(change->account))
        return embedded_fail(ret_error, DIRECTORY_INVALID, "account '%.100s': " ACCOUNT_RULE, change->account);
    if (change->display_name && !display_name_allowed(change->display_name))
        return embedded_fail(ret_error, DIRECTORY_INVALID, "display name of '%s': " DISPLAY_NAME_RULE, subject->account);
    if (change->rule && !directory_rule_read(arena, change->rule, &rule, &error))
        return embedded_fail(ret_error, DIRECTORY_INVALID, "rule of '%s': %s", subject->account, error);
    if (change->rule && !*change->rule)
        return embedded_fail(ret_error, DIRECTORY_INVALID, "rule of '%s': a dynamic group needs one", subject->account);
    if (change->redirect_address && *change->redirect_address && !address_allowed(change->redirect_address))
        return embedded_fail(ret_error, DIRECTORY_INVALID, "redirection to '%.100s': " ADDRESS_RULE, change->redirect_address);
    if (change->redirect_url && *change->redirect_url && !url_allowed(change->redirect_url))
        return embedded_fail(ret_error, DIRECTORY_INVALID, "redirection to '%.100s': it begins with https:// and has no blanks",
                             change->redirect_url);
    if (change->switches.block_versions && !versions_allowed(change->switches.block_versions))
        return embedded_fail(ret_error, DIRECTORY_INVALID, "versions '%.100s': numbers like 15.0.4569, ranges with '-', ';' between",
                             change->switches.block_versions);
    if (change->switches.methods && (*change->switches.methods == 0 || (*change->switches.methods & ~DIRECTORY_METHOD_ALL)))
        return embedded_fail(ret_error, DIRECTORY_INVALID, "methods of '%s': at least one of those there are", subject->account);
    return DIRECTORY_OK;
}

/* --- changing --- */

static enum directory_status change_account(struct embedded_directory *embedded, const struct embedded_subject *subject,
                                            const char *account, struct embedded_error *ret_error)
{
    enum directory_status status = embedded_check_account(embedded, account, subject->kind, subject->id, ret_error);
    return status == DIRECTORY_OK ? set_text(embedded, "UPDATE entry SET account=lower(?2) WHERE id=?1", subject->id, account) : status;
}

static enum directory_status change_principal(struct embedded_directory *embedded, struct arena *arena,
                                              const struct embedded_subject *subject, const char *principal,
                                              struct embedded_error *ret_error)
{
    enum directory_status status = DIRECTORY_OK;
    if (*principal)
        status = embedded_check_principal(embedded, arena, principal, subject->id, ret_error);
    else /* back to account@domain: which must be free by now */
        status = embedded_check_account(embedded, subject->account, subject->kind, subject->id, ret_error);
    return status == DIRECTORY_OK ? set_text(embedded, "UPDATE entry SET principal=lower(?2) WHERE id=?1", subject->id, principal)
                                  : status;
}

static enum directory_status change_archive(struct embedded_directory *embedded, const struct embedded_subject *subject,
                                            struct guid archive, struct embedded_error *ret_error)
{
    sqlite3_stmt *taken = embedded_query(embedded, "SELECT 1 FROM entry WHERE mailbox_guid=?1 OR (archive_guid=?1 AND id<>?2)");
    embedded_bind_guid(taken, 1, archive);
    embedded_bind_guid(taken, 2, subject->id);
    enum directory_status status = embedded_step(taken);
    embedded_done(taken);
    if (status == DIRECTORY_OK)
        return embedded_fail(ret_error, DIRECTORY_EXISTS, "archive of '%s': that mailbox GUID is in use", subject->account);
    if (status != DIRECTORY_NOT_FOUND)
        return status;
    sqlite3_stmt *update = embedded_query(embedded, "UPDATE entry SET archive_guid=?2 WHERE id=?1");
    embedded_bind_guid(update, 1, subject->id);
    embedded_bind_guid(update, 2, archive);
    return embedded_run(update);
}

static enum directory_status change_names(struct embedded_directory *embedded, struct arena *arena,
                                          const struct embedded_subject *subject, const struct embedded_change *change,
                                          struct embedded_error *ret_error)
{
    enum directory_status status = DIRECTORY_OK;
    if (change->account)
        status = change_account(embedded, subject, change->account, ret_error);
    if (status == DIRECTORY_OK && change->display_name)
        status = set_text(embedded, "UPDATE entry SET display_name=?2 WHERE id=?1", subject->id, change->display_name);
    if (status == DIRECTORY_OK && change->principal)
        status = change_principal(embedded, arena, subject, change->principal, ret_error);
    if (status == DIRECTORY_OK && change->rule)
        status = set_text(embedded, "UPDATE entry SET rule=?2 WHERE id=?1", subject->id, change->rule);
    if (status == DIRECTORY_OK && change->redirect_address)
        status = set_text(embedded, "UPDATE entry SET redirect_address=lower(?2) WHERE id=?1", subject->id, change->redirect_address);
    if (status == DIRECTORY_OK && change->redirect_url)
        status = set_text(embedded, "UPDATE entry SET redirect_url=?2 WHERE id=?1", subject->id, change->redirect_url);
    if (status == DIRECTORY_OK && change->switches.block_versions)
        status = set_text(embedded, "UPDATE entry SET block_versions=?2 WHERE id=?1", subject->id, change->switches.block_versions);
    return status;
}

static enum directory_status change_switches(struct embedded_directory *embedded, const struct embedded_subject *subject,
                                             const struct embedded_change *change)
{
    const struct {
        enum directory_switch value;
        const char *sql;
    } switches[] = {
        {change->hidden, "UPDATE entry SET hidden=?2 WHERE id=?1"},
        {change->enabled, "UPDATE entry SET enabled=?2 WHERE id=?1"},
        {change->administrator, "UPDATE entry SET administrator=?2 WHERE id=?1"},
        {change->nt_hash_wanted, "UPDATE entry SET nt_hash_wanted=?2, nt_hash=CASE WHEN ?2 THEN nt_hash END WHERE id=?1"},
        {change->switches.mapi_enabled, "UPDATE entry SET mapi_enabled=?2 WHERE id=?1"},
        {change->switches.block_rpc_http, "UPDATE entry SET block_rpc_http=?2 WHERE id=?1"},
        {change->switches.block_non_cached_mode, "UPDATE entry SET block_non_cached_mode=?2 WHERE id=?1"},
        {change->switches.block_external_connectivity, "UPDATE entry SET block_external_connectivity=?2 WHERE id=?1"},
    };
    enum directory_status status = DIRECTORY_OK;
    for (size_t i = 0; status == DIRECTORY_OK && i < sizeof switches / sizeof *switches; i++)
        status = set_switch(embedded, switches[i].sql, subject->id, switches[i].value);
    if (status == DIRECTORY_OK && change->switches.mapi_http)
        status = set_number(embedded, "UPDATE entry SET mapi_http=?2 WHERE id=?1", subject->id, *change->switches.mapi_http);
    if (status == DIRECTORY_OK && change->switches.methods)
        status = set_number(embedded, "UPDATE entry SET methods=?2 WHERE id=?1", subject->id, *change->switches.methods);
    return status;
}

enum directory_status embedded_directory_change(struct directory *directory, struct guid id,
                                                const struct embedded_change *change, struct embedded_error *ret_error)
{
    struct embedded_writing writing;
    enum directory_status status = embedded_writing_begin(&writing, directory, id, ret_error);
    if (status == DIRECTORY_OK)
        status = check_kind_fields(&writing.subject, change, ret_error);
    if (status == DIRECTORY_OK)
        status = check_values(&writing.arena, &writing.subject, change, ret_error);
    if (status == DIRECTORY_OK)
        status = change_names(writing.embedded, &writing.arena, &writing.subject, change, ret_error);
    if (status == DIRECTORY_OK)
        status = change_switches(writing.embedded, &writing.subject, change);
    if (status == DIRECTORY_OK && change->archive_guid)
        status = change_archive(writing.embedded, &writing.subject, *change->archive_guid, ret_error);
    return embedded_writing_end(&writing, status, ret_error);
}

/* --- addresses --- */

/* How the list of addresses is changed before it is written anew. */
enum address_change { ADDRESS_LAST, ADDRESS_FIRST, ADDRESS_GONE };

static enum directory_status change_address(struct embedded_directory *embedded, struct arena *arena,
                                            const struct embedded_subject *subject, const char *address,
                                            enum address_change change, struct embedded_error *ret_error)
{
    struct directory_entry entry;
    enum directory_status status = embedded_read_entry(embedded, arena, subject->row, EMBEDDED_CARD, &entry);
    const char **list = status == DIRECTORY_OK ? arena_array(arena, const char *, entry.address_count + 2) : NULL;
    if (!list)
        return status == DIRECTORY_OK ? DIRECTORY_UNAVAILABLE : status;
    bool there = false;
    uint32_t count = 0;
    if (change == ADDRESS_FIRST)
        list[count++] = address;
    for (uint32_t i = 0; i < entry.address_count; i++) {
        bool same = strcasecmp(entry.addresses[i], address) == 0;
        there = there || same;
        if (!same)
            list[count++] = entry.addresses[i];
    }
    if (change == ADDRESS_LAST && !there)
        list[count++] = address;
    if (change == ADDRESS_GONE && !there)
        return embedded_fail(ret_error, DIRECTORY_NOT_FOUND, "'%s' has no address '%.100s'", subject->account, address);
    return change == ADDRESS_LAST && there ? DIRECTORY_OK
                                           : embedded_write_addresses(embedded, arena, subject, count, list, ret_error);
}

static enum directory_status write_address(struct directory *directory, struct guid id, const char *address,
                                           enum address_change change, struct embedded_error *ret_error)
{
    struct embedded_writing writing;
    enum directory_status status = embedded_writing_begin(&writing, directory, id, ret_error);
    if (status == DIRECTORY_OK)
        status = change_address(writing.embedded, &writing.arena, &writing.subject, address, change, ret_error);
    return embedded_writing_end(&writing, status, ret_error);
}

enum directory_status embedded_directory_put_address(struct directory *directory, struct guid id, const char *address,
                                                     bool primary, struct embedded_error *ret_error)
{
    return write_address(directory, id, address, primary ? ADDRESS_FIRST : ADDRESS_LAST, ret_error);
}

enum directory_status embedded_directory_drop_address(struct directory *directory, struct guid id, const char *address,
                                                      struct embedded_error *ret_error)
{
    return write_address(directory, id, address, ADDRESS_GONE, ret_error);
}

enum directory_status embedded_directory_set_addresses(struct directory *directory, struct guid id, uint32_t count,
                                                       const char *const *addresses, struct embedded_error *ret_error)
{
    struct embedded_writing writing;
    enum directory_status status = embedded_writing_begin(&writing, directory, id, ret_error);
    if (status == DIRECTORY_OK)
        status = embedded_write_addresses(writing.embedded, &writing.arena, &writing.subject, count, addresses, ret_error);
    return embedded_writing_end(&writing, status, ret_error);
}

/* --- further DNs --- */

enum directory_status embedded_directory_add_legacy_dn(struct directory *directory, struct guid id, const char *legacy_dn,
                                                       struct embedded_error *ret_error)
{
    struct embedded_writing writing;
    enum directory_status status = embedded_writing_begin(&writing, directory, id, ret_error);
    if (status == DIRECTORY_OK)
        status = embedded_write_legacy_dn(writing.embedded, &writing.arena, &writing.subject, legacy_dn, ret_error);
    return embedded_writing_end(&writing, status, ret_error);
}

enum directory_status embedded_directory_remove_legacy_dn(struct directory *directory, struct guid id, const char *legacy_dn,
                                                          struct embedded_error *ret_error)
{
    struct embedded_writing writing;
    enum directory_status status = embedded_writing_begin(&writing, directory, id, ret_error);
    if (status == DIRECTORY_OK)
        status = set_text(writing.embedded, "DELETE FROM old_legacy_dn WHERE entry=?1 AND legacy_dn=?2", id, legacy_dn);
    return embedded_writing_end(&writing, status, ret_error);
}

enum directory_status embedded_change_switches(struct directory *directory, struct guid id, const struct directory_switches_change *change)
{
    const struct embedded_change all = {.switches = *change};
    return embedded_directory_change(directory, id, &all, NULL);
}
