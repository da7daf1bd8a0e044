/* The organisation, its domains and its address lists. */
#include <string.h>
#include <strings.h>

#include "directory/embedded_file.h"
#include "directory/names.h"
#include "directory/rule.h"

#define DOMAINS_MAX 4096u
#define ADDRESS_LISTS_MAX 1024u

static enum directory_status read_domains(struct embedded_directory *embedded, struct arena *arena,
                                          struct directory_organization *organization)
{
    int64_t rows = 0;
    enum directory_status status = embedded_number(embedded_query(embedded, "SELECT count(*) FROM domain"), &rows);
    const char **domains = status == DIRECTORY_OK ? arena_array(arena, const char *, (size_t)rows) : NULL;
    uint32_t count = 0;
    sqlite3_stmt *statement = embedded_query(embedded, "SELECT domain FROM domain ORDER BY domain<>?1, domain");
    embedded_bind_text(statement, 1, organization->domain);
    while (domains && count < rows && (status = embedded_step(statement)) == DIRECTORY_OK) {
        if (!(domains[count++] = embedded_column_text(arena, statement, 0)))
            domains = NULL;
    }
    embedded_done(statement);
    organization->domains = domains;
    organization->domain_count = count;
    return domains ? status : DIRECTORY_UNAVAILABLE;
}

static enum directory_status read_organization(struct embedded_directory *embedded, struct arena *arena,
                                               struct directory_organization *ret_organization)
{
    struct directory_organization organization = {0};
    sqlite3_stmt *row = embedded_query(embedded, "SELECT id, name, domain, netbios_name, mapi_http_enabled,"
                                                 " public_folder_mailbox, address_book_id FROM organization");
    enum directory_status status = embedded_step(row);
    if (status == DIRECTORY_OK)
        organization = (struct directory_organization){
            .id = embedded_column_guid(row, 0), .name = embedded_column_text(arena, row, 1),
            .domain = embedded_column_text(arena, row, 2), .netbios_name = embedded_column_text(arena, row, 3),
            .mapi_http_enabled = sqlite3_column_int(row, 4) != 0, .public_folder_mailbox = embedded_column_guid(row, 5),
            .address_book_id = embedded_column_guid(row, 6)};
    embedded_done(row);
    if (status != DIRECTORY_OK)
        return status;
    if (!organization.name || !organization.domain || !organization.netbios_name)
        return DIRECTORY_UNAVAILABLE;
    status = read_domains(embedded, arena, &organization);
    if (status == DIRECTORY_OK)
        *ret_organization = organization;
    return status;
}

enum directory_status embedded_organization(struct directory *directory, struct arena *arena,
                                            struct directory_organization *ret_organization)
{
    struct embedded_directory *embedded = embedded_of(directory);
    enum directory_status status = embedded_read_begin(embedded);
    if (status != DIRECTORY_OK)
        return status;
    status = read_organization(embedded, arena, ret_organization);
    embedded_read_end(embedded);
    return status;
}

/* --- the organisation's own settings --- */

static enum directory_status insert_domain(struct embedded_directory *embedded, const char *domain)
{
    sqlite3_stmt *insert = embedded_query(embedded, "INSERT OR IGNORE INTO domain VALUES(lower(?1))");
    embedded_bind_text(insert, 1, domain);
    return embedded_run(insert);
}

static enum directory_status insert_organization(struct embedded_directory *embedded, struct arena *arena, const char *name,
                                                 const char *domain, const char *netbios_name)
{
    const char *first_label = arena_string_of(arena, bytes_of(domain, strcspn(domain, ".")));
    enum directory_status status = first_label ? insert_domain(embedded, domain) : DIRECTORY_UNAVAILABLE;
    if (status != DIRECTORY_OK)
        return status;
    sqlite3_stmt *insert = embedded_query(embedded, "INSERT INTO organization(one, id, name, domain, netbios_name,"
                                                    " address_book_id) VALUES(1, ?1, ?2, lower(?3), upper(?4), ?5)");
    embedded_bind_guid(insert, 1, guid_random());
    embedded_bind_text(insert, 2, name);
    embedded_bind_text(insert, 3, domain);
    embedded_bind_text(insert, 4, netbios_name ? netbios_name : first_label);
    embedded_bind_guid(insert, 5, guid_random());
    status = embedded_run(insert);
    return status == DIRECTORY_OK ? embedded_schema_default_lists(embedded) : status;
}

enum directory_status embedded_directory_set_organization(struct directory *directory, const char *name, const char *domain,
                                                          const char *netbios_name)
{
    struct embedded_directory *embedded = embedded_of(directory);
    if (!organization_name_allowed(name) || !domain_allowed(domain) || (netbios_name && !account_allowed(netbios_name)))
        return DIRECTORY_INVALID;
    struct arena arena = {0};
    struct directory_organization old;
    enum directory_status status = embedded_write_begin(embedded, NULL);
    if (status != DIRECTORY_OK)
        return status;
    status = read_organization(embedded, &arena, &old);
    if (status == DIRECTORY_OK)
        status = strcmp(old.name, name) == 0 && strcasecmp(old.domain, domain) == 0 ? DIRECTORY_OK : DIRECTORY_EXISTS;
    else if (status == DIRECTORY_NOT_FOUND)
        status = insert_organization(embedded, &arena, name, domain, netbios_name);
    status = embedded_write_end(embedded, status, NULL);
    arena_free(&arena);
    return status;
}

static enum directory_status set_public_folder_mailbox(struct embedded_directory *embedded, struct guid id,
                                                       struct embedded_error *ret_error)
{
    int64_t kind = 0;
    if (!guid_is_zero(id)) {
        sqlite3_stmt *statement = embedded_query(embedded, "SELECT kind FROM entry WHERE id=?1");
        embedded_bind_guid(statement, 1, id);
        enum directory_status status = embedded_number(statement, &kind);
        if (status != DIRECTORY_OK || kind != DIRECTORY_PUBLIC_FOLDER_MAILBOX)
            return embedded_fail(ret_error, DIRECTORY_INVALID, "there is no public folder mailbox of that id");
    }
    sqlite3_stmt *update = embedded_query(embedded, "UPDATE organization SET public_folder_mailbox=?1");
    embedded_bind_guid(update, 1, id);
    return embedded_run(update);
}

static enum directory_status change_organization(struct embedded_directory *embedded,
                                                 const struct embedded_organization_change *change,
                                                 struct embedded_error *ret_error)
{
    enum directory_status status = DIRECTORY_OK;
    if (change->mapi_http_enabled != DIRECTORY_INHERIT) {
        sqlite3_stmt *update = embedded_query(embedded, "UPDATE organization SET mapi_http_enabled=?1");
        sqlite3_bind_int(update, 1, change->mapi_http_enabled == DIRECTORY_ON);
        status = embedded_run(update);
    }
    if (status == DIRECTORY_OK && change->netbios_name) {
        if (!account_allowed(change->netbios_name))
            return embedded_fail(ret_error, DIRECTORY_INVALID, "NetBIOS name '%.64s': " ACCOUNT_RULE, change->netbios_name);
        sqlite3_stmt *update = embedded_query(embedded, "UPDATE organization SET netbios_name=upper(?1)");
        embedded_bind_text(update, 1, change->netbios_name);
        status = embedded_run(update);
    }
    if (status == DIRECTORY_OK && change->public_folder_mailbox)
        status = set_public_folder_mailbox(embedded, *change->public_folder_mailbox, ret_error);
    return status;
}

enum directory_status embedded_directory_change_organization(struct directory *directory,
                                                             const struct embedded_organization_change *change,
                                                             struct embedded_error *ret_error)
{
    struct embedded_directory *embedded = embedded_of(directory);
    struct arena arena = {0};
    struct directory_organization organization;
    enum directory_status status = embedded_write_begin(embedded, ret_error);
    if (status != DIRECTORY_OK)
        return status;
    status = read_organization(embedded, &arena, &organization);
    if (status == DIRECTORY_NOT_FOUND)
        embedded_fail(ret_error, status, "there is no organization yet");
    if (status == DIRECTORY_OK)
        status = change_organization(embedded, change, ret_error);
    arena_free(&arena);
    return embedded_write_end(embedded, status, ret_error);
}

enum directory_status embedded_change_organization_switch(struct directory *directory, enum directory_switch mapi_http_enabled)
{
    return embedded_directory_change_organization(directory, &(struct embedded_organization_change){.mapi_http_enabled = mapi_http_enabled}, NULL);
}

/* --- domains --- */

enum directory_status embedded_directory_add_domain(struct directory *directory, const char *domain,
                                                    struct embedded_error *ret_error)
{
    struct embedded_directory *embedded = embedded_of(directory);
    enum directory_status status = embedded_write_begin(embedded, ret_error);
    if (status != DIRECTORY_OK)
        return status;
    int64_t count = 0;
    if (!domain_allowed(domain))
        status = embedded_fail(ret_error, DIRECTORY_INVALID, "domain '%.100s' is not well formed", domain);
    else
        status = embedded_number(embedded_query(embedded, "SELECT count(*) FROM domain"), &count);
    if (status == DIRECTORY_OK)
        status = count >= DOMAINS_MAX ? embedded_fail(ret_error, DIRECTORY_INVALID, "there are %u domains already", DOMAINS_MAX)
                                      : insert_domain(embedded, domain);
    return embedded_write_end(embedded, status, ret_error);
}

static enum directory_status remove_domain(struct embedded_directory *embedded, struct arena *arena, const char *domain,
                                           struct embedded_error *ret_error)
{
    struct directory_organization organization;
    enum directory_status status = read_organization(embedded, arena, &organization);
    if (status == DIRECTORY_OK && strcasecmp(organization.domain, domain) == 0)
        return embedded_fail(ret_error, DIRECTORY_INVALID, "domain '%.100s' is the default one", domain);
    sqlite3_stmt *used = embedded_query(embedded, "SELECT address FROM address JOIN entry ON id=entry WHERE kind<=4 AND"
                                                  " substr(address, instr(address, '@') + 1)=?1 COLLATE NOCASE LIMIT 1");
    embedded_bind_text(used, 1, domain);
    status = embedded_step(used);
    if (status == DIRECTORY_OK)
        status = embedded_fail(ret_error, DIRECTORY_INVALID, "domain '%.100s' is in use: '%s'", domain,
                               (const char *)sqlite3_column_text(used, 0));
    embedded_done(used);
    if (status != DIRECTORY_NOT_FOUND)
        return status;
    sqlite3_stmt *delete = embedded_query(embedded, "DELETE FROM domain WHERE domain=?1");
    embedded_bind_text(delete, 1, domain);
    status = embedded_run(delete);
    if (status == DIRECTORY_OK && sqlite3_changes(embedded->database) == 0)
        status = embedded_fail(ret_error, DIRECTORY_NOT_FOUND, "domain '%.100s' is not an accepted one", domain);
    return status;
}

enum directory_status embedded_directory_remove_domain(struct directory *directory, const char *domain,
                                                       struct embedded_error *ret_error)
{
    struct embedded_directory *embedded = embedded_of(directory);
    struct arena arena = {0};
    enum directory_status status = embedded_write_begin(embedded, ret_error);
    if (status != DIRECTORY_OK)
        return status;
    status = remove_domain(embedded, &arena, domain, ret_error);
    arena_free(&arena);
    return embedded_write_end(embedded, status, ret_error);
}

enum directory_status embedded_directory_set_default_domain(struct directory *directory, const char *domain,
                                                            struct embedded_error *ret_error)
{
    struct embedded_directory *embedded = embedded_of(directory);
    enum directory_status status = embedded_write_begin(embedded, ret_error);
    if (status != DIRECTORY_OK)
        return status;
    sqlite3_stmt *update = embedded_query(embedded, "UPDATE organization SET domain=lower(?1) WHERE EXISTS"
                                                    "(SELECT 1 FROM domain WHERE domain=?1)");
    embedded_bind_text(update, 1, domain);
    status = embedded_run(update);
    if (status == DIRECTORY_OK && sqlite3_changes(embedded->database) == 0)
        status = embedded_fail(ret_error, DIRECTORY_NOT_FOUND, "domain '%.100s' is not an accepted one: add it first", domain);
    return embedded_write_end(embedded, status, ret_error);
}

/* --- address lists --- */

enum directory_status embedded_directory_add_address_list(struct directory *directory, const char *name, const char *rule,
                                                          struct guid *ret_id, struct embedded_error *ret_error)
{
    struct embedded_directory *embedded = embedded_of(directory);
    struct arena arena = {0};
    const struct directory_rule *read;
    const char *error = "";
    struct guid id = guid_random();
    int64_t count = 0;
    enum directory_status status = embedded_write_begin(embedded, ret_error);
    if (status != DIRECTORY_OK)
        return status;
    status = embedded_number(embedded_query(embedded, "SELECT count(*) FROM address_list"), &count);
    if (status == DIRECTORY_OK && !display_name_allowed(name))
        status = embedded_fail(ret_error, DIRECTORY_INVALID, "address list: " DISPLAY_NAME_RULE);
    else if (status == DIRECTORY_OK && !directory_rule_read(&arena, rule, &read, &error))
        status = embedded_fail(ret_error, DIRECTORY_INVALID, "rule: %s", error);
    else if (status == DIRECTORY_OK && count >= ADDRESS_LISTS_MAX)
        status = embedded_fail(ret_error, DIRECTORY_INVALID, "there are %u address lists already", ADDRESS_LISTS_MAX);
    if (status == DIRECTORY_OK) {
        sqlite3_stmt *insert = embedded_query(embedded, "INSERT INTO address_list(id, name, rule) VALUES(?1, ?2, ?3)");
        embedded_bind_guid(insert, 1, id);
        embedded_bind_text(insert, 2, name);
        embedded_bind_text(insert, 3, rule);
        status = embedded_run(insert);
        if (status == DIRECTORY_EXISTS)
            embedded_fail(ret_error, status, "there is an address list '%.100s' already", name);
    }
    status = embedded_write_end(embedded, status, ret_error);
    arena_free(&arena);
    if (status == DIRECTORY_OK && ret_id)
        *ret_id = id;
    return status;
}

enum directory_status embedded_directory_remove_address_list(struct directory *directory, struct guid id,
                                                             struct embedded_error *ret_error)
{
    return embedded_remove_row(directory, "DELETE FROM address_list WHERE id=?1", id, "there is no such address list", ret_error);
}

enum directory_status embedded_address_lists(struct directory *directory, struct arena *arena, uint32_t *ret_count,
                                             struct directory_address_list **ret_lists)
{
    struct embedded_directory *embedded = embedded_of(directory);
    int64_t rows = 0;
    uint32_t count = 0;
    enum directory_status status = embedded_read_begin(embedded);
    if (status != DIRECTORY_OK)
        return status;
    status = embedded_number(embedded_query(embedded, "SELECT count(*) FROM address_list"), &rows);
    struct directory_address_list *lists = arena_array(arena, struct directory_address_list, (size_t)rows);
    sqlite3_stmt *row = embedded_query(embedded, "SELECT id, name, rule FROM address_list ORDER BY position");
    while (lists && status == DIRECTORY_OK && count < rows && (status = embedded_step(row)) == DIRECTORY_OK) {
        lists[count] = (struct directory_address_list){.id = embedded_column_guid(row, 0),
                                                       .name = embedded_column_text(arena, row, 1),
                                                       .rule = embedded_column_text(arena, row, 2)};
        if (!lists[count].name || !lists[count].rule)
            status = DIRECTORY_UNAVAILABLE;
        count++;
    }
    embedded_done(row);
    embedded_read_end(embedded);
    if (status == DIRECTORY_OK && (lists || rows == 0)) {
        *ret_count = count;
        *ret_lists = lists;
        return status;
    }
    return status == DIRECTORY_OK ? DIRECTORY_UNAVAILABLE : status;
}
