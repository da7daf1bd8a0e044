/* Passwords: the server is asked to accept a bind as the user. And NT hashes, where the server shows them. */
#include <string.h>

#include "directory/ldap_directory.h"
#include "directory/ldap_text.h"

/* Active Directory's words in a refused bind (Windows error codes): the password was right, the account may not. */
#define WINDOWS_ERROR_LOGON_HOURS 0x530
#define WINDOWS_ERROR_WORKSTATION 0x531
#define WINDOWS_ERROR_PASSWORD_EXPIRED 0x532
#define WINDOWS_ERROR_ACCOUNT_DISABLED 0x533
#define WINDOWS_ERROR_ACCOUNT_EXPIRED 0x701
#define WINDOWS_ERROR_PASSWORD_MUST_CHANGE 0x773
#define WINDOWS_ERROR_ACCOUNT_LOCKED 0x775

static bool is_switched_off(uint32_t windows_error)
{
    switch (windows_error) {
    case WINDOWS_ERROR_LOGON_HOURS:
    case WINDOWS_ERROR_WORKSTATION:
    case WINDOWS_ERROR_PASSWORD_EXPIRED:
    case WINDOWS_ERROR_ACCOUNT_DISABLED:
    case WINDOWS_ERROR_ACCOUNT_EXPIRED:
    case WINDOWS_ERROR_PASSWORD_MUST_CHANGE:
    case WINDOWS_ERROR_ACCOUNT_LOCKED:
        return true;
    default:
        return false;
    }
}

static enum directory_status status_of(const struct ldap_bind_answer *answer)
{
    bool must_not = answer->policy_error == PP_accountLocked || answer->policy_error == PP_passwordExpired ||
                    answer->policy_error == PP_changeAfterReset;
    switch (answer->code) {
    case LDAP_SUCCESS:
        return must_not ? DIRECTORY_DISABLED : DIRECTORY_OK;
    case LDAP_INVALID_CREDENTIALS:
        return must_not || is_switched_off(answer->windows_error) ? DIRECTORY_DISABLED : DIRECTORY_WRONG_PASSWORD;
    case LDAP_NO_SUCH_OBJECT:
    case LDAP_INAPPROPRIATE_AUTH: /* an entry without a password */
    case LDAP_INSUFFICIENT_ACCESS:
        return DIRECTORY_WRONG_PASSWORD;
    case LDAP_UNWILLING_TO_PERFORM:  /* 389 Directory Server: the account is inactivated */
    case LDAP_CONSTRAINT_VIOLATION:  /* and: too many wrong passwords */
        return DIRECTORY_DISABLED;
    default:
        return DIRECTORY_UNAVAILABLE;
    }
}

/* Somebody who is not there takes as many questions as somebody who is. */
static enum directory_status bind_nobody(struct ldap_directory *directory, struct arena *arena, const char *password)
{
    const char *dn = arena_format(arena, "cn=no such account,%s", directory->settings.base_dn);
    if (!dn || !*password)
        return dn ? DIRECTORY_NOT_FOUND : DIRECTORY_UNAVAILABLE;
    struct ldap_bind_answer answer = ldap_pool_bind(directory->pool, dn, password);
    return status_of(&answer) == DIRECTORY_UNAVAILABLE ? DIRECTORY_UNAVAILABLE : DIRECTORY_NOT_FOUND;
}

static enum directory_status verify_local(struct ldap_directory *directory, struct arena *arena, const char *logon,
                                          const char *password, struct directory_user *ret_user)
{
    struct directory_user user;
    struct guid id;
    enum directory_status status = directory->local ? directory_find(directory->local, arena, DIRECTORY_KEY_LOGON, logon, &user)
                                                    : DIRECTORY_NOT_FOUND;
    if (status != DIRECTORY_OK)
        return status;
    if (ldap_account_beside(user.account, &id))
        return DIRECTORY_NOT_FOUND;
    return directory_verify_password(directory->local, arena, logon, password, ret_user);
}

enum directory_status ldap_verify_password(struct directory *directory, struct arena *arena, const char *logon,
                                           const char *password, struct directory_user *ret_user)
{
    struct ldap_directory *ldap = ldap_directory_of(directory);
    struct ldap_record record;
    struct directory_user user;
    /* Not the cached answer: who was switched off a moment ago stays out. */
    enum directory_status status = ldap_find_record(ldap, arena, DIRECTORY_KEY_LOGON, logon, true, LDAP_SELECTION_SECRET, &record);
    if (status == DIRECTORY_NOT_FOUND)
        status = verify_local(ldap, arena, logon, password, ret_user);
    else if (status == DIRECTORY_OK && (status = ldap_user_of(ldap, arena, &record, &user)) == DIRECTORY_OK) {
        *ret_user = user;
        if (!*password)
            return DIRECTORY_WRONG_PASSWORD;
        struct ldap_bind_answer answer = ldap_pool_bind(ldap->pool, record.dn, password);
        status = status_of(&answer);
        if (status == DIRECTORY_UNAVAILABLE && !ldap_connection_is_lost(answer.code))
            ldap_directory_notice(ldap, "a password could not be checked: %s", ldap_err2string(answer.code));
        return status == DIRECTORY_OK && !user.enabled ? DIRECTORY_DISABLED : status;
    }
    return status == DIRECTORY_NOT_FOUND ? bind_nobody(ldap, arena, password) : status;
}

/* --- NT hashes --- */

enum directory_status ldap_nt_hash(struct directory *directory, struct arena *arena, const char *domain, const char *account,
                                   uint8_t *ret_hash, struct directory_user *ret_user)
{
    struct ldap_directory *ldap = ldap_directory_of(directory);
    struct ldap_record record;
    struct directory_user user, beside;
    char beside_account[GUID_TEXT_SIZE];
    uint8_t hash[16];
    const char *logon = *domain && !strchr(account, '@') ? arena_format(arena, "%s\\%s", domain, account) : account;
    if (!logon)
        return DIRECTORY_UNAVAILABLE;
    enum directory_status status = ldap_find_record(ldap, arena, DIRECTORY_KEY_LOGON, logon, true, LDAP_SELECTION_SECRET, &record);
    if (status == DIRECTORY_NOT_FOUND && ldap->local && strlen(account) != GUID_TEXT_SIZE - 1)
        return directory_nt_hash(ldap->local, arena, domain, account, ret_hash, ret_user);
    if (status != DIRECTORY_OK || (status = ldap_user_of(ldap, arena, &record, &user)) != DIRECTORY_OK)
        return status;
    if (record.has_nt_hash)
        memcpy(hash, record.nt_hash, sizeof hash);
    else {
        ldap_directory_beside(user.id, beside_account);
        status = ldap->local ? directory_nt_hash(ldap->local, arena, "", beside_account, hash, &beside) : DIRECTORY_NOT_FOUND;
        if (status != DIRECTORY_OK && status != DIRECTORY_DISABLED)
            return status;
    }
    memcpy(ret_hash, hash, sizeof hash);
    *ret_user = user;
    return user.enabled ? DIRECTORY_OK : DIRECTORY_DISABLED;
}
