/* Log-on: password hashes, and NT hashes of those who opted in to NTLM. */
#include <openssl/crypto.h>
#include <string.h>

#include "directory/embedded_file.h"
#include "directory/names.h"
#include "directory/nt_hash.h"
#include "directory/password.h"

/* --- checking --- */

/* A hash that no password matches, so that an unknown name takes as long as a known one. */
static const char *absent_user_hash(struct embedded_directory *embedded, struct arena *arena)
{
    sqlite3_stmt *statement = embedded_query(embedded, "SELECT password_hash FROM absent_user");
    const char *hash = embedded_step(statement) == DIRECTORY_OK ? embedded_column_text(arena, statement, 0) : NULL;
    embedded_done(statement);
    return hash;
}

enum directory_status embedded_make_absent_user(struct embedded_directory *embedded)
{
    struct arena arena = {0};
    bool there = absent_user_hash(embedded, &arena) != NULL;
    arena_free(&arena);
    if (there)
        return DIRECTORY_OK;
    char secret[GUID_TEXT_SIZE], hash[PASSWORD_HASH_SIZE];
    guid_format(guid_random(), secret);
    if (!password_hash(secret, hash))
        return DIRECTORY_UNAVAILABLE;
    sqlite3_stmt *insert = embedded_query(embedded, "INSERT INTO absent_user VALUES(1, ?1)");
    embedded_bind_text(insert, 1, hash);
    return embedded_run(insert);
}

static enum directory_status find_with_hash(struct embedded_directory *embedded, struct arena *arena, const char *logon,
                                            struct directory_user *ret_user, const char **ret_hash)
{
    int64_t row;
    enum directory_status status = embedded_locate(embedded, arena, DIRECTORY_KEY_LOGON, logon, &row);
    if (status == DIRECTORY_OK)
        status = embedded_read_user(embedded, arena, row, ret_user);
    if (status != DIRECTORY_OK)
        return status;
    sqlite3_stmt *statement = embedded_query(embedded, "SELECT password_hash FROM entry WHERE number=?1 AND kind=0");
    sqlite3_bind_int64(statement, 1, row);
    status = embedded_step(statement);
    *ret_hash = status == DIRECTORY_OK ? embedded_column_text(arena, statement, 0) : "";
    embedded_done(statement);
    return *ret_hash ? DIRECTORY_OK : DIRECTORY_UNAVAILABLE;
}

enum directory_status embedded_verify_password(struct directory *directory, struct arena *arena, const char *logon,
                                               const char *password, struct directory_user *ret_user)
{
    struct embedded_directory *embedded = embedded_of(directory);
    struct directory_user user;
    const char *hash = "";
    enum directory_status status = embedded_read_begin(embedded);
    if (status != DIRECTORY_OK)
        return status;
    status = find_with_hash(embedded, arena, logon, &user, &hash);
    bool known = status == DIRECTORY_OK && *hash;
    if (!known && (status == DIRECTORY_OK || status == DIRECTORY_NOT_FOUND))
        hash = absent_user_hash(embedded, arena);
    embedded_read_end(embedded);
    if (status != DIRECTORY_OK && status != DIRECTORY_NOT_FOUND)
        return status;
    if (!hash)
        return DIRECTORY_UNAVAILABLE;
    bool matches = password_matches(password, hash); /* outside the lock: 30 ms */
    if (status == DIRECTORY_NOT_FOUND)
        return status;
    *ret_user = user;
    if (!known || !matches)
        return DIRECTORY_WRONG_PASSWORD;
    return user.enabled ? DIRECTORY_OK : DIRECTORY_DISABLED;
}

static enum directory_status find_nt_hash(struct embedded_directory *embedded, struct arena *arena, const char *domain,
                                          const char *account, uint8_t ret_hash[NT_HASH_SIZE], struct directory_user *ret_user)
{
    int64_t row;
    if (*domain && !embedded_domain_is_own(embedded, domain))
        return DIRECTORY_NOT_FOUND;
    if (strchr(account, '\\'))
        return DIRECTORY_NOT_FOUND;
    enum directory_status status = embedded_locate(embedded, arena, DIRECTORY_KEY_LOGON, account, &row);
    if (status != DIRECTORY_OK)
        return status;
    uint8_t hash[NT_HASH_SIZE];
    sqlite3_stmt *statement = embedded_query(embedded, "SELECT nt_hash FROM entry WHERE number=?1 AND kind=0 AND"
                                                       " nt_hash_wanted AND length(nt_hash)=16");
    sqlite3_bind_int64(statement, 1, row);
    status = embedded_step(statement);
    if (status == DIRECTORY_OK)
        memcpy(hash, sqlite3_column_blob(statement, 0), sizeof hash);
    embedded_done(statement);
    struct directory_user user;
    if (status == DIRECTORY_OK)
        status = embedded_read_user(embedded, arena, row, &user);
    if (status != DIRECTORY_OK)
        return status;
    memcpy(ret_hash, hash, sizeof hash);
    *ret_user = user;
    return user.enabled ? DIRECTORY_OK : DIRECTORY_DISABLED;
}

enum directory_status embedded_nt_hash(struct directory *directory, struct arena *arena, const char *domain,
                                       const char *account, uint8_t *ret_hash, struct directory_user *ret_user)
{
    struct embedded_directory *embedded = embedded_of(directory);
    enum directory_status status = embedded_read_begin(embedded);
    if (status != DIRECTORY_OK)
        return status;
    status = find_nt_hash(embedded, arena, domain, account, ret_hash, ret_user);
    embedded_read_end(embedded);
    return status;
}

/* --- setting --- */

static enum directory_status only_users(struct embedded_directory *embedded, struct guid id, struct embedded_error *ret_error)
{
    struct arena arena = {0};
    struct embedded_subject subject;
    enum directory_status status = embedded_subject(embedded, &arena, id, &subject, ret_error);
    if (status == DIRECTORY_OK && subject.kind != DIRECTORY_USER)
        status = embedded_fail(ret_error, DIRECTORY_INVALID, "'%s' is of kind '%s': only users have passwords", subject.account,
                               directory_kind_names[subject.kind]);
    arena_free(&arena);
    return status;
}

#define PASSWORD_UPDATE "UPDATE entry SET password_hash=?2, nt_hash=CASE WHEN nt_hash_wanted THEN ?3 END WHERE id=?1"

/* By 'sql', with the entry's id ?1, 'hash' ?2 and 'nt_hash' ?3, each NULL for none from now on. */
static enum directory_status write_hashes(struct directory *directory, const char *sql, struct guid id, const char *hash,
                                          const uint8_t *nt_hash, struct embedded_error *ret_error)
{
    struct embedded_directory *embedded = embedded_of(directory);
    enum directory_status status = embedded_write_begin(embedded, ret_error);
    if (status != DIRECTORY_OK)
        return status;
    status = only_users(embedded, id, ret_error);
    if (status == DIRECTORY_OK) {
        sqlite3_stmt *update = embedded_query(embedded, sql);
        embedded_bind_guid(update, 1, id);
        embedded_bind_text(update, 2, hash);
        if (nt_hash)
            sqlite3_bind_blob(update, 3, nt_hash, NT_HASH_SIZE, SQLITE_TRANSIENT);
        status = embedded_run(update);
    }
    if (status == DIRECTORY_OK)
        status = embedded_touch(embedded, id);
    return embedded_write_end(embedded, status, ret_error);
}

enum directory_status embedded_directory_put_password(struct directory *directory, struct guid id, const char *password,
                                                      struct embedded_error *ret_error)
{
    char hash[PASSWORD_HASH_SIZE];
    uint8_t nt_hash[NT_HASH_SIZE];
    if (!password)
        return write_hashes(directory, PASSWORD_UPDATE, id, NULL, NULL, ret_error);
    if (!password_allowed(password))
        return embedded_fail(ret_error, DIRECTORY_INVALID, "password: " PASSWORD_RULE);
    if (!password_hash(password, hash) || !nt_hash_of_password(password, nt_hash))
        return embedded_fail(ret_error, DIRECTORY_UNAVAILABLE, "the password cannot be hashed: out of memory");
    enum directory_status status = write_hashes(directory, PASSWORD_UPDATE, id, hash, nt_hash, ret_error);
    OPENSSL_cleanse(nt_hash, sizeof nt_hash);
    return status;
}

enum directory_status embedded_directory_put_password_hash(struct directory *directory, struct guid id, const char *hash,
                                                           struct embedded_error *ret_error)
{
    if (!password_hash_allowed(hash))
        return embedded_fail(ret_error, DIRECTORY_INVALID, "password hash: not one of a method that crypt(3) knows");
    return write_hashes(directory, PASSWORD_UPDATE, id, hash, NULL, ret_error);
}

enum directory_status embedded_directory_put_nt_hash(struct directory *directory, struct guid id, const uint8_t hash[16],
                                                     struct embedded_error *ret_error)
{
    return write_hashes(directory, "UPDATE entry SET nt_hash=?3, nt_hash_wanted=?3 IS NOT NULL WHERE id=?1", id, NULL, hash,
                        ret_error);
}

enum directory_status embedded_directory_credentials(struct directory *directory, struct guid id,
                                                     struct embedded_credentials *ret_credentials)
{
    struct embedded_directory *embedded = embedded_of(directory);
    enum directory_status status = embedded_read_begin(embedded);
    if (status != DIRECTORY_OK)
        return status;
    sqlite3_stmt *row = embedded_query(embedded, "SELECT password_hash IS NOT NULL, nt_hash_wanted, nt_hash IS NOT NULL FROM"
                                                 " entry WHERE id=?1");
    embedded_bind_guid(row, 1, id);
    status = embedded_step(row);
    if (status == DIRECTORY_OK)
        *ret_credentials = (struct embedded_credentials){.has_password = sqlite3_column_int(row, 0) != 0,
                                                         .nt_hash_wanted = sqlite3_column_int(row, 1) != 0,
                                                         .has_nt_hash = sqlite3_column_int(row, 2) != 0};
    embedded_done(row);
    embedded_read_end(embedded);
    return status;
}
