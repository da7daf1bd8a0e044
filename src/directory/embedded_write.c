/* Entries made and removed, their names, addresses and further DNs. */
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "base/filetime.h"
#include "directory/embedded_file.h"
#include "directory/names.h"
#include "directory/nt_hash.h"
#include "directory/password.h"
#include "directory/rule.h"

#define ADDRESSES_MAX 1000u
#define OLD_LEGACY_DNS_MAX 1000u
#define LEGACY_DN_SIZE_MAX 1024u

enum directory_status embedded_subject(struct embedded_directory *embedded, struct arena *arena, struct guid id,
                                       struct embedded_subject *ret_subject, struct embedded_error *ret_error)
{
    sqlite3_stmt *row = embedded_query(embedded, "SELECT number, kind, account FROM entry WHERE id=?1");
    embedded_bind_guid(row, 1, id);
    enum directory_status status = embedded_step(row);
    if (status == DIRECTORY_OK) {
        *ret_subject = (struct embedded_subject){.row = sqlite3_column_int64(row, 0), .id = id,
                                                 .kind = (unsigned)sqlite3_column_int(row, 1),
                                                 .account = embedded_column_text(arena, row, 2)};
        if (!ret_subject->account)
            status = DIRECTORY_UNAVAILABLE;
    } else if (status == DIRECTORY_NOT_FOUND)
        embedded_fail(ret_error, status, "there is no entry of that id");
    embedded_done(row);
    return status;
}

enum directory_status embedded_writing_begin(struct embedded_writing *writing, struct directory *directory, struct guid id,
                                             struct embedded_error *ret_error)
{
    *writing = (struct embedded_writing){.embedded = embedded_of(directory)};
    enum directory_status status = embedded_write_begin(writing->embedded, ret_error);
    writing->open = status == DIRECTORY_OK;
    return writing->open ? embedded_subject(writing->embedded, &writing->arena, id, &writing->subject, ret_error) : status;
}

enum directory_status embedded_writing_end(struct embedded_writing *writing, enum directory_status status,
                                           struct embedded_error *ret_error)
{
    if (status == DIRECTORY_OK)
        status = embedded_touch(writing->embedded, writing->subject.id);
    if (writing->open)
        status = embedded_write_end(writing->embedded, status, ret_error);
    arena_free(&writing->arena);
    return status;
}

enum directory_status embedded_touch(struct embedded_directory *embedded, struct guid id)
{
    sqlite3_stmt *update = embedded_query(embedded, "UPDATE entry SET changed=?2 WHERE id=?1");
    embedded_bind_guid(update, 1, id);
    if (update)
        sqlite3_bind_int64(update, 2, (int64_t)filetime_now());
    return embedded_run(update);
}

/* --- addresses --- */

static enum directory_status insert_address(struct embedded_directory *embedded, struct arena *arena,
                                            const struct embedded_subject *subject, const char *address, uint32_t position,
                                            struct embedded_error *ret_error)
{
    if (!address_allowed(address))
        return embedded_fail(ret_error, DIRECTORY_INVALID, "address '%.100s': " ADDRESS_RULE, address);
    sqlite3_stmt *principal = embedded_query(embedded, "SELECT 1 FROM entry WHERE principal=?1 AND id<>?2");
    embedded_bind_text(principal, 1, address);
    embedded_bind_guid(principal, 2, subject->id);
    int64_t taken;
    enum directory_status status = embedded_number(principal, &taken);
    if (status == DIRECTORY_OK)
        return embedded_fail(ret_error, DIRECTORY_EXISTS, "address '%s' is already the principal name of '%s'", address,
                             embedded_owner_of(embedded, arena, DIRECTORY_KEY_PRINCIPAL, address));
    sqlite3_stmt *insert = embedded_query(embedded, "INSERT INTO address(address, entry, position) VALUES(lower(?1), ?2, ?3)");
    embedded_bind_text(insert, 1, address);
    embedded_bind_guid(insert, 2, subject->id);
    if (insert)
        sqlite3_bind_int64(insert, 3, position);
    status = embedded_run(insert);
    if (status == DIRECTORY_EXISTS)
        embedded_fail(ret_error, status, "address '%s' is already that of '%s'", address,
                      embedded_owner_of(embedded, arena, DIRECTORY_KEY_ADDRESS, address));
    return status;
}

enum directory_status embedded_write_addresses(struct embedded_directory *embedded, struct arena *arena,
                                               const struct embedded_subject *subject, uint32_t count,
                                               const char *const *addresses, struct embedded_error *ret_error)
{
    if (count > ADDRESSES_MAX)
        return embedded_fail(ret_error, DIRECTORY_INVALID, "an entry has at most %u addresses", ADDRESSES_MAX);
    if (count == 0 && (directory_kind_has_mailbox(subject->kind) || subject->kind == DIRECTORY_CONTACT))
        return embedded_fail(ret_error, DIRECTORY_INVALID, "'%s' needs an address", subject->account);
    sqlite3_stmt *clear = embedded_query(embedded, "DELETE FROM address WHERE entry=?1");
    embedded_bind_guid(clear, 1, subject->id);
    enum directory_status status = embedded_run(clear);
    for (uint32_t i = 0; status == DIRECTORY_OK && i < count; i++)
        status = insert_address(embedded, arena, subject, addresses[i], i, ret_error);
    return status;
}

/* --- legacy DNs --- */

static bool legacy_dn_allowed(const char *legacy_dn)
{
    size_t size = strlen(legacy_dn);
    for (size_t i = 0; i < size; i++) {
        if ((unsigned char)legacy_dn[i] < 0x20 || legacy_dn[i] == 0x7F)
            return false;
    }
    return size > 3 && size <= LEGACY_DN_SIZE_MAX && strncasecmp(legacy_dn, "/o=", 3) == 0 &&
           utf8_allowed(bytes_of(legacy_dn, size));
}

static enum directory_status check_legacy_dn(struct embedded_directory *embedded, struct arena *arena, const char *legacy_dn,
                                             struct guid own, struct embedded_error *ret_error)
{
    int64_t row, own_row = -1;
    if (!legacy_dn_allowed(legacy_dn))
        return embedded_fail(ret_error, DIRECTORY_INVALID, "legacy DN '%.100s': it begins with /o= and has at most %u bytes",
                             legacy_dn, LEGACY_DN_SIZE_MAX);
    enum directory_status status = embedded_locate(embedded, arena, DIRECTORY_KEY_LEGACY_DN, legacy_dn, &row);
    if (status != DIRECTORY_OK)
        return status; /* NOT_FOUND: free */
    if (embedded_locate_id(embedded, own, &own_row) == DIRECTORY_OK && own_row == row)
        return DIRECTORY_OK;
    return embedded_fail(ret_error, DIRECTORY_EXISTS, "legacy DN '%.150s' is already that of '%s'", legacy_dn,
                         embedded_owner_of(embedded, arena, DIRECTORY_KEY_LEGACY_DN, legacy_dn));
}

enum directory_status embedded_write_legacy_dn(struct embedded_directory *embedded, struct arena *arena,
                                               const struct embedded_subject *subject, const char *legacy_dn,
                                               struct embedded_error *ret_error)
{
    enum directory_status status = check_legacy_dn(embedded, arena, legacy_dn, subject->id, ret_error);
    if (status != DIRECTORY_NOT_FOUND)
        return status;
    int64_t count = 0;
    sqlite3_stmt *counted = embedded_query(embedded, "SELECT coalesce(max(position) + 1, 0) FROM old_legacy_dn WHERE entry=?1");
    embedded_bind_guid(counted, 1, subject->id);
    status = embedded_number(counted, &count);
    if (status == DIRECTORY_OK && count >= OLD_LEGACY_DNS_MAX)
        return embedded_fail(ret_error, DIRECTORY_INVALID, "an entry has at most %u further legacy DNs", OLD_LEGACY_DNS_MAX);
    sqlite3_stmt *insert = embedded_query(embedded, "INSERT INTO old_legacy_dn(legacy_dn, entry, position) VALUES(?1, ?2, ?3)");
    embedded_bind_text(insert, 1, legacy_dn);
    embedded_bind_guid(insert, 2, subject->id);
    if (insert)
        sqlite3_bind_int64(insert, 3, count);
    return status == DIRECTORY_OK ? embedded_run(insert) : status;
}

/* --- new entries --- */

/* What a new entry gets beside what was asked for. */
struct new_entry {
    const struct embedded_entry *asked;
    const char *domain, *legacy_dn, *display_name;
    const char *password_hash; /* NULL for none */
    const uint8_t *nt_hash;    /* NULL for none */
    bool nt_hash_wanted;
    struct embedded_subject subject;
};

static enum directory_status check_kind_fields(const struct embedded_entry *entry, struct embedded_error *ret_error)
{
    bool user = entry->kind == DIRECTORY_USER;
    const char *field = (unsigned)entry->kind >= DIRECTORY_KIND_COUNT                                  ? "kind"
                        : !user && entry->principal && *entry->principal                               ? "principal"
                        : !user && (entry->password || entry->password_hash)                           ? "password"
                        : !user && (entry->nt_hash || entry->nt_hash_wanted)                           ? "NT hash"
                        : !user && entry->administrator                                                ? "administrator"
                        : entry->kind != DIRECTORY_DYNAMIC_GROUP && entry->rule && *entry->rule        ? "rule"
                        : entry->kind != DIRECTORY_GROUP && entry->member_count > 0                    ? "members"
                        : entry->mailbox_guid && !directory_kind_has_mailbox(entry->kind)              ? "mailbox GUID"
                                                                                                       : NULL;
    if (field)
        return embedded_fail(ret_error, DIRECTORY_INVALID, "%s: not for an entry of this kind", field);
    if (entry->kind == DIRECTORY_DYNAMIC_GROUP && (!entry->rule || !*entry->rule))
        return embedded_fail(ret_error, DIRECTORY_INVALID, "rule: a dynamic group needs one");
    return DIRECTORY_OK;
}

static enum directory_status check_fields(struct arena *arena, const struct embedded_entry *entry,
                                          struct embedded_error *ret_error)
{
    const struct directory_rule *rule;
    const char *error = "";
    if (!entry->account || !account_allowed(entry->account))
        return embedded_fail(ret_error, DIRECTORY_INVALID, "account '%.100s': " ACCOUNT_RULE, entry->account ? entry->account : "");
    if (entry->display_name && !display_name_allowed(entry->display_name))
        return embedded_fail(ret_error, DIRECTORY_INVALID, "display name of '%s': " DISPLAY_NAME_RULE, entry->account);
    if (entry->kind == DIRECTORY_CONTACT && entry->address_count == 0)
        return embedded_fail(ret_error, DIRECTORY_INVALID, "contact '%s' needs an address", entry->account);
    if (entry->password && !password_allowed(entry->password))
        return embedded_fail(ret_error, DIRECTORY_INVALID, "password of '%s': " PASSWORD_RULE, entry->account);
    if (entry->password_hash && !password_hash_allowed(entry->password_hash))
        return embedded_fail(ret_error, DIRECTORY_INVALID, "password hash of '%s': not one of a method that crypt(3) knows",
                             entry->account);
    enum directory_status status = check_kind_fields(entry, ret_error);
    if (status == DIRECTORY_OK && entry->rule && *entry->rule && !directory_rule_read(arena, entry->rule, &rule, &error))
        status = embedded_fail(ret_error, DIRECTORY_INVALID, "rule of '%s': %s", entry->account, error);
    return status;
}

/* A fresh number, and an id that begins with it: ids in order are then numbers in order, and reading all entries in order of
 * their ids reads the file from front to back. The rest is random (RFC 9562, version 8). */
static enum directory_status next_number(struct embedded_directory *embedded, int64_t *ret_number, struct guid *ret_id)
{
    enum directory_status status = embedded_number(embedded_query(embedded, "SELECT seq + 1 FROM sqlite_sequence WHERE name='entry'"),
                                                   ret_number);
    struct guid id = guid_random();
    for (unsigned i = 0; status == DIRECTORY_OK && i < 4; i++)
        id.data[i] = (uint8_t)(*ret_number >> (24 - 8 * i));
    id.data[7] = (uint8_t)(0x80 | (id.data[7] & 0x0F));
    *ret_id = id;
    return status == DIRECTORY_OK && *ret_number > 0xFFFFFF00 ? DIRECTORY_UNAVAILABLE : status;
}

static enum directory_status read_names(struct embedded_directory *embedded, struct arena *arena, const char **ret_domain,
                                        const char **ret_name, struct embedded_error *ret_error)
{
    sqlite3_stmt *row = embedded_query(embedded, "SELECT domain, name FROM organization");
    enum directory_status status = embedded_step(row);
    if (status == DIRECTORY_OK) {
        *ret_domain = embedded_column_text(arena, row, 0);
        *ret_name = embedded_column_text(arena, row, 1);
        status = *ret_domain && *ret_name ? DIRECTORY_OK : DIRECTORY_UNAVAILABLE;
    } else if (status == DIRECTORY_NOT_FOUND)
        embedded_fail(ret_error, status, "there is no organization yet");
    embedded_done(row);
    return status;
}

/* A principal is one user's only; without one of its own a user has account@domain for every domain of the organisation. */
enum directory_status embedded_check_principal(struct embedded_directory *embedded, struct arena *arena, const char *principal,
                                               struct guid own, struct embedded_error *ret_error)
{
    static const enum directory_key keys[] = {DIRECTORY_KEY_PRINCIPAL, DIRECTORY_KEY_ADDRESS};
    int64_t row, own_row = -1;
    if (!address_allowed(principal))
        return embedded_fail(ret_error, DIRECTORY_INVALID, "principal name '%.100s': it looks like an address, name@domain",
                             principal);
    enum directory_status status = embedded_locate_id(embedded, own, &own_row);
    for (size_t i = 0; i < sizeof keys / sizeof *keys && (status == DIRECTORY_OK || status == DIRECTORY_NOT_FOUND); i++) {
        status = embedded_locate(embedded, arena, keys[i], principal, &row);
        if (status == DIRECTORY_OK && row != own_row)
            return embedded_fail(ret_error, DIRECTORY_EXISTS, "principal name '%s' already means '%s'", principal,
                                 embedded_owner_of(embedded, arena, keys[i], principal));
    }
    return status == DIRECTORY_NOT_FOUND ? DIRECTORY_OK : status;
}

/* The account of a user must not be another's principal in one of the organisation's domains. */
enum directory_status embedded_check_account(struct embedded_directory *embedded, const char *account, enum directory_kind kind,
                                             struct guid own, struct embedded_error *ret_error)
{
    sqlite3_stmt *row = embedded_query(embedded, "SELECT account FROM entry WHERE account=?1 AND id IS NOT ?2");
    embedded_bind_text(row, 1, account);
    embedded_bind_guid(row, 2, own);
    enum directory_status status = embedded_step(row);
    embedded_done(row);
    if (status == DIRECTORY_OK)
        return embedded_fail(ret_error, DIRECTORY_EXISTS, "account '%s' is taken", account);
    if (status != DIRECTORY_NOT_FOUND || kind != DIRECTORY_USER)
        return status == DIRECTORY_NOT_FOUND ? DIRECTORY_OK : status;
    row = embedded_query(embedded, "SELECT account, principal FROM domain CROSS JOIN entry ON principal=?1 || '@' || domain"
                                   " WHERE id IS NOT ?2");
    embedded_bind_text(row, 1, account);
    embedded_bind_guid(row, 2, own);
    status = embedded_step(row);
    if (status == DIRECTORY_OK)
        embedded_fail(ret_error, DIRECTORY_EXISTS, "account '%s' would have the principal name of '%s'", account,
                      (const char *)sqlite3_column_text(row, 0));
    embedded_done(row);
    return status == DIRECTORY_OK ? DIRECTORY_EXISTS : status == DIRECTORY_NOT_FOUND ? DIRECTORY_OK : status;
}

static enum directory_status prepare_entry(struct embedded_directory *embedded, struct arena *arena, struct new_entry *entry,
                                           struct embedded_error *ret_error)
{
    const struct embedded_entry *asked = entry->asked;
    const char *name;
    enum directory_status status = read_names(embedded, arena, &entry->domain, &name, ret_error);
    if (status == DIRECTORY_OK)
        status = embedded_check_account(embedded, asked->account, asked->kind, (struct guid){{0}}, ret_error);
    if (status == DIRECTORY_OK && asked->principal && *asked->principal)
        status = embedded_check_principal(embedded, arena, asked->principal, (struct guid){{0}}, ret_error);
    if (status == DIRECTORY_OK)
        status = next_number(embedded, &entry->subject.row, &entry->subject.id);
    if (status != DIRECTORY_OK)
        return status;
    struct directory_organization organization = {.name = name};
    entry->legacy_dn = asked->legacy_dn ? asked->legacy_dn
                                        : legacy_dn_make(arena, &organization, entry->subject.id, asked->account);
    if (!entry->legacy_dn)
        return DIRECTORY_UNAVAILABLE;
    if (asked->legacy_dn)
        status = check_legacy_dn(embedded, arena, asked->legacy_dn, (struct guid){{0}}, ret_error);
    return status == DIRECTORY_NOT_FOUND ? DIRECTORY_OK : status;
}

static enum directory_status insert_row(struct embedded_directory *embedded, const struct new_entry *entry,
                                        struct embedded_error *ret_error)
{
    const struct embedded_entry *asked = entry->asked;
    sqlite3_stmt *insert = embedded_query(
        embedded, "INSERT INTO entry(number, id, kind, account, display_name, legacy_dn, rule, hidden, created, changed,"
                  " mailbox_guid, enabled, administrator, principal, password_hash, nt_hash, nt_hash_wanted)"
                  " VALUES(?1, ?2, ?3, lower(?4), ?5, ?6, ?7, ?8, ?9, ?9, ?10, ?11, ?12, lower(?13), ?14, ?15, ?16)");
    if (!insert)
        return DIRECTORY_UNAVAILABLE;
    sqlite3_bind_int64(insert, 1, entry->subject.row);
    embedded_bind_guid(insert, 2, entry->subject.id);
    sqlite3_bind_int(insert, 3, asked->kind);
    embedded_bind_text(insert, 4, asked->account);
    embedded_bind_text(insert, 5, entry->display_name);
    embedded_bind_text(insert, 6, entry->legacy_dn);
    embedded_bind_text(insert, 7, asked->rule && *asked->rule ? asked->rule : NULL);
    sqlite3_bind_int(insert, 8, asked->hidden || asked->kind == DIRECTORY_PUBLIC_FOLDER_MAILBOX);
    sqlite3_bind_int64(insert, 9, (int64_t)filetime_now());
    if (directory_kind_has_mailbox(asked->kind))
        embedded_bind_guid(insert, 10, asked->mailbox_guid ? *asked->mailbox_guid : guid_random());
    sqlite3_bind_int(insert, 11, !asked->disabled);
    sqlite3_bind_int(insert, 12, asked->administrator);
    embedded_bind_text(insert, 13, asked->principal && *asked->principal ? asked->principal : NULL);
    embedded_bind_text(insert, 14, entry->password_hash);
    if (entry->nt_hash)
        sqlite3_bind_blob(insert, 15, entry->nt_hash, NT_HASH_SIZE, SQLITE_TRANSIENT);
    sqlite3_bind_int(insert, 16, entry->nt_hash_wanted);
    enum directory_status status = embedded_run(insert);
    if (status == DIRECTORY_EXISTS) /* account, principal and DN were looked up before */
        embedded_fail(ret_error, status, "mailbox GUID of '%s' is already another's", asked->account);
    return status;
}

static enum directory_status add_entry(struct embedded_directory *embedded, struct arena *arena, struct new_entry *entry,
                                       struct embedded_error *ret_error)
{
    const struct embedded_entry *asked = entry->asked;
    enum directory_status status = prepare_entry(embedded, arena, entry, ret_error);
    if (status == DIRECTORY_OK)
        status = insert_row(embedded, entry, ret_error);
    if (status != DIRECTORY_OK)
        return status;
    const char *own_address = asked->address_count > 0 ? NULL : arena_format(arena, "%s@%s", asked->account, entry->domain);
    status = embedded_write_addresses(embedded, arena, &entry->subject, own_address ? 1 : asked->address_count,
                                      own_address ? &own_address : asked->addresses, ret_error);
    for (uint32_t i = 0; status == DIRECTORY_OK && i < asked->old_legacy_dn_count; i++)
        status = embedded_write_legacy_dn(embedded, arena, &entry->subject, asked->old_legacy_dns[i], ret_error);
    if (status == DIRECTORY_OK && asked->value_count > 0)
        status = embedded_write_values(embedded, arena, &entry->subject, asked->value_count, asked->values, ret_error);
    if (status == DIRECTORY_OK && asked->member_count > 0)
        status = embedded_write_members(embedded, arena, &entry->subject, true, asked->member_count, asked->members, ret_error);
    if (status == DIRECTORY_OK && asked->kind == DIRECTORY_PUBLIC_FOLDER_MAILBOX) {
        /* The first one is where the hierarchy lives. */
        sqlite3_stmt *update = embedded_query(embedded, "UPDATE organization SET public_folder_mailbox=?1 WHERE"
                                                        " public_folder_mailbox IS NULL");
        embedded_bind_guid(update, 1, entry->subject.id);
        status = embedded_run(update);
    }
    return status;
}

enum directory_status embedded_directory_add_entry(struct directory *directory, struct arena *arena,
                                                   const struct embedded_entry *entry, struct directory_entry *ret_entry,
                                                   struct embedded_error *ret_error)
{
    struct embedded_directory *embedded = embedded_of(directory);
    struct arena once = {.first_size = 2048};
    char hash[PASSWORD_HASH_SIZE];
    uint8_t nt_hash[NT_HASH_SIZE];
    enum directory_status status = check_fields(&once, entry, ret_error);
    struct new_entry made = {.asked = entry, .password_hash = entry->password_hash, .nt_hash = entry->nt_hash,
                             .nt_hash_wanted = entry->nt_hash_wanted || entry->nt_hash,
                             .display_name = entry->display_name ? entry->display_name : entry->account,
                             .subject = {.kind = entry->kind, .account = entry->account}};
    if (status == DIRECTORY_OK && entry->password) { /* before the lock: 30 ms */
        made.password_hash = hash;
        if (!password_hash(entry->password, hash))
            status = embedded_fail(ret_error, DIRECTORY_UNAVAILABLE, "the password cannot be hashed: out of memory");
        else if (entry->nt_hash_wanted && !entry->nt_hash && nt_hash_of_password(entry->password, nt_hash))
            made.nt_hash = nt_hash;
    }
    if (status == DIRECTORY_OK && (status = embedded_write_begin(embedded, ret_error)) == DIRECTORY_OK) {
        status = add_entry(embedded, &once, &made, ret_error);
        if (status == DIRECTORY_OK && arena && ret_entry)
            status = embedded_read_entry(embedded, arena, made.subject.row, EMBEDDED_WHOLE, ret_entry);
        status = embedded_write_end(embedded, status, ret_error);
    }
    explicit_bzero(nt_hash, sizeof nt_hash);
    arena_free(&once);
    return status;
}

enum directory_status embedded_remove_row(struct directory *directory, const char *sql, struct guid id, const char *absent,
                                          struct embedded_error *ret_error)
{
    struct embedded_directory *embedded = embedded_of(directory);
    enum directory_status status = embedded_write_begin(embedded, ret_error);
    if (status != DIRECTORY_OK)
        return status;
    sqlite3_stmt *delete = embedded_query(embedded, sql);
    embedded_bind_guid(delete, 1, id);
    status = embedded_run(delete);
    if (status == DIRECTORY_OK && sqlite3_changes(embedded->database) == 0)
        status = embedded_fail(ret_error, DIRECTORY_NOT_FOUND, "%s", absent);
    return embedded_write_end(embedded, status, ret_error);
}

enum directory_status embedded_directory_remove_entry(struct directory *directory, struct guid id,
                                                      struct embedded_error *ret_error)
{
    return embedded_remove_row(directory, "DELETE FROM entry WHERE id=?1", id, "there is no entry of that id", ret_error);
}
