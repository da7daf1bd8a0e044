#include "rop/logon_target.h"

#include "base/text.h"
#include "directory/mailbox_dn.h"

#define LOGON_FLAGS_KNOWN \
    (LOGON_FLAGS_PRIVATE | LOGON_FLAGS_UNDERCOVER | LOGON_FLAGS_GHOSTED | LOGON_FLAGS_SPOOLER_PROCESS)
#define OPEN_FLAGS_KNOWN                                                                                      \
    (LOGON_OPEN_FLAGS_USE_ADMIN_PRIVILEGE | LOGON_OPEN_FLAGS_PUBLIC | LOGON_OPEN_FLAGS_HOME_LOGON |           \
        LOGON_OPEN_FLAGS_TAKE_OWNERSHIP | LOGON_OPEN_FLAGS_ALTERNATE_SERVER |                                 \
        LOGON_OPEN_FLAGS_IGNORE_HOME_MDB | LOGON_OPEN_FLAGS_NO_MAIL |                                         \
        LOGON_OPEN_FLAGS_USE_PER_MDB_REPLID_MAPPING | LOGON_OPEN_FLAGS_SUPPORT_PROGRESS)

static uint32_t check_request(const struct rop_session *session, const struct rop_logon_request *request)
{
    if ((request->logon_flags & ~LOGON_FLAGS_KNOWN) || (request->open_flags & ~(uint32_t)OPEN_FLAGS_KNOWN))
        return EC_GENERAL_FAILURE; /* R1202, R3109 */
    if (!(request->logon_flags & LOGON_FLAGS_PRIVATE))
        return EC_LOGON_FAILED; /* no public folders here (R59753) */
    if (session->parameters.codepage && !text_codepage_known(session->parameters.codepage))
        return EC_UNKNOWN_CODE_PAGE; /* R3102 */
    return 0;
}

static uint32_t find_owner(struct rop_session *session, struct arena *arena, struct bytes essdn,
    struct directory_user *ret_owner)
{
    char *dn = arena_string_of(arena, essdn);
    if (!dn)
        return EC_OUT_OF_MEMORY;
    switch (directory_find_mailbox_dn(session->server->directory, arena, dn, ret_owner)) {
    case DIRECTORY_OK:
        return 0;
    case DIRECTORY_NOT_FOUND:
    case DIRECTORY_INVALID:
        return EC_UNKNOWN_USER; /* R788 */
    default:
        return EC_LOGON_FAILED; /* R3100 */
    }
}

uint32_t rop_logon_target(struct rop_session *session, struct arena *arena, const struct rop_logon_request *request,
    struct directory_user *ret_owner, struct logon_rights *ret_rights)
{
    const struct directory_user *user = session->parameters.user;
    struct directory_user owner;
    uint32_t error = check_request(session, request);
    if (!error)
        error = find_owner(session, arena, request->essdn, &owner);
    if (error)
        return error;
    struct directory *directory = session->server->directory;
    bool own = guid_equal(owner.mailbox_guid, user->mailbox_guid);
    struct logon_rights rights = {.owner = own || directory_may_open(directory, user, &owner)};
    rights.send_as = own || directory_has_right(directory, user->id, DIRECTORY_SEND_AS, owner.id);
    bool as_administrator =
        session->parameters.administrator && (request->open_flags & LOGON_OPEN_FLAGS_USE_ADMIN_PRIVILEGE);
    if (!rights.owner) {
        if (directory_user_is_off(&owner))
            return EC_UNKNOWN_USER; /* R193 */
        if (!as_administrator)
            return EC_ACCESS_DENIED; /* R188 */
    }
    if (session->has_logged_on && !guid_equal(owner.mailbox_guid, session->first_mailbox_guid) &&
        !(request->open_flags & LOGON_OPEN_FLAGS_USE_PER_MDB_REPLID_MAPPING))
        return EC_INVALID_PARAMETER; /* R803, R1204 */
    *ret_owner = owner;
    *ret_rights = rights;
    return 0;
}
