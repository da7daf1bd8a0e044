#include "server/connect.h"

#include <string.h>

#include "base/limits.h"
#include "base/log.h"
#include "base/text.h"
#include "directory/mailbox_dn.h"
#include "protocol/error_code.h"
#include "protocol/mailbox_body.h"
#include "server/connect_auxiliary.h"
#include "server/mailbox_audit.h"
#include "server/mapi_switch.h"
#include "server/notification_wait.h"

#define CONNECT_FLAG_ADMIN_PRIVILEGE 0x00000001u
#define STATUS_BAD_STUB_DATA 0x000006F7u /* RPC_X_BAD_STUB_DATA */
/* What Exchange suggests to clients (MS-OXCRPC R520, R525, R528). */
#define POLLS_MAX_MS 60000u
#define RETRY_COUNT 6u
#define RETRY_DELAY_MS 10000u

/* The error code of Connect, or EC_SUCCESS with mapi->code where it is refused with a response code. */
static uint32_t refuse_by_switch(struct mapi_exchange *mapi, const struct directory_user *owner, enum mailbox_switch state)
{
    uint32_t error = mapi_switch_connect_error(mapi, state);
    log_info("Connect of %s to the mailbox of %s refused: %s; request %s", identity_user(mapi->identity)->account, owner->account,
             mailbox_switch_text(state), mapi->request.request_id);
    if (error == EC_SUCCESS)
        mapi->code = MAPI_RESPONSE_ENDPOINT_DISABLED;
    return error == EC_SUCCESS ? EC_ACCESS_DENIED : error;
}

/* The user's own mailbox was looked at when the request came; somebody else's has switches of its own. */
static uint32_t check_owner_switches(struct mapi_exchange *mapi, const struct directory_user *owner)
{
    struct directory_organization organization;
    struct mailbox_circumstances circumstances = mapi_switch_circumstances(mapi);
    if (directory_organization(mapi->services->directory, &mapi->arena, &organization) != DIRECTORY_OK)
        return EC_SUCCESS;
    struct mailbox_verdict verdict = mailbox_verdict_of(&organization, owner, &circumstances);
    enum mailbox_switch state = mailbox_verdict_in_mode(&verdict, mapi_context_of(&mapi->ticket)->client.mode);
    return state == MAILBOX_SWITCH_ON ? EC_SUCCESS : refuse_by_switch(mapi, owner, state);
}

/* Whose mailbox the DN names: the error code of MS-OXCRPC 3.1.4.1 where that is nobody, or somebody else's. */
static uint32_t find_owner(struct mapi_exchange *mapi, const struct connect_request *body, bool as_administrator,
                           struct directory_user *ret_owner)
{
    struct directory *directory = mapi->services->directory;
    const struct directory_user *user = identity_user(mapi->identity);
    char *dn = arena_string_of(&mapi->arena, body->user_dn);
    if (!dn)
        return EC_SERVER_MEMORY;
    if (*dn == '\0')
        return EC_ACCESS_DENIED; /* R1369 */
    if (text_equal_ignoring_case(dn, user->legacy_dn)) {
        *ret_owner = *user;
        return EC_SUCCESS;
    }
    switch (directory_find_mailbox_dn(directory, &mapi->arena, dn, ret_owner)) {
    case DIRECTORY_OK:
        if (directory_may_open(directory, user, ret_owner))
            return as_administrator ? EC_SUCCESS : check_owner_switches(mapi, ret_owner);
        if (directory_user_is_off(ret_owner))
            return EC_UNKNOWN_USER; /* R600: a valid enabled mailbox */
        return as_administrator ? EC_SUCCESS : EC_ACCESS_DENIED; /* R4888 */
    case DIRECTORY_NOT_FOUND:
        return EC_UNKNOWN_USER;
    default:
        return EC_LOGON_FAILED; /* R596 */
    }
}

/* Everything that Connect may refuse, and the ROP session if it does not. */
static uint32_t open_session(struct mapi_exchange *mapi, const struct connect_request *body, struct directory_user *owner)
{
    struct mapi_context *context = mapi_context_of(&mapi->ticket);
    struct rop_executor *executor = &mapi->services->executor;
    const struct directory_user *user = session_context_user(context->session);
    bool administrator = body->flags & CONNECT_FLAG_ADMIN_PRIVILEGE;
    connect_client_read(&mapi->arena, body->auxiliary_buffer, &context->client);
    enum mailbox_switch state = mailbox_verdict_in_mode(&mapi->verdict, context->client.mode);
    if (state != MAILBOX_SWITCH_ON)
        return refuse_by_switch(mapi, user, state);
    if (administrator && !user->administrator)
        return EC_LOGIN_PERMISSION; /* R603 */
    uint32_t error = find_owner(mapi, body, administrator, owner);
    if (error != EC_SUCCESS)
        return error;
    if (!text_codepage_known(body->default_code_page))
        return EC_UNKNOWN_CODE_PAGE;
    struct rop_session_parameters parameters = {
        .user = user, .codepage = body->default_code_page, .locale_sort = body->lcid_sort,
        .locale_string = body->lcid_string, .administrator = administrator,
        .session_index = session_context_index(context->session), .wake = notification_wait_wake, .wake_context = context,
        .audit = mailbox_audit_hook(mapi->services->audit)};
    void *rop_session;
    error = executor->session_create(executor->user, &parameters, &rop_session);
    if (error == EC_SUCCESS)
        atomic_store(&context->rop_session, rop_session);
    return error;
}

static void encode_answer(struct mapi_exchange *mapi, uint32_t error, const struct directory_user *owner)
{
    struct connect_success answer = {.error_code = error, .polls_max_ms = POLLS_MAX_MS, .retry_count = RETRY_COUNT,
                                     .retry_delay_ms = RETRY_DELAY_MS};
    struct buffer auxiliary = {0};
    if (error == EC_SUCCESS) {
        answer.display_name = text_utf16_of_utf8(&mapi->arena, bytes_of_string(owner->display_name));
        if (!connect_auxiliary_append(&auxiliary, mapi->services->host_name, atomic_fetch_add(&mapi->services->connections, 1)))
            mapi->code = MAPI_RESPONSE_INVALID_RESPONSE;
        answer.auxiliary_buffer = buffer_bytes(&auxiliary);
        if (!guid_equal(owner->id, identity_user(mapi->identity)->id))
            session_status_set_mailbox(mapi_context_of(&mapi->ticket)->status, owner->address);
    }
    mapi_exchange_encode(mapi, &connect_success_structure, &answer);
    mapi->end_context = error != EC_SUCCESS || mapi->code != MAPI_RESPONSE_SUCCESS;
    buffer_free(&auxiliary);
}

static void tell_program(const struct mapi_context *context)
{
    const struct connect_client *client = &context->client;
    session_status_set_program(context->status, client->mode == CLIENT_MODE_CACHED ? "Cached"
                               : client->mode == CLIENT_MODE_CLASSIC ? "Classic" : "", client->machine, client->process);
}

static void run_connect(struct mapi_exchange *mapi)
{
    struct directory_user owner = {0};
    uint32_t error = open_session(mapi, mapi->body, &owner);
    tell_program(mapi_context_of(&mapi->ticket));
    if (error != EC_SUCCESS)
        log_info("Connect of %s refused with error 0x%08x; request %s", identity_user(mapi->identity)->account, (unsigned)error,
                 mapi->request.request_id);
    if (error == EC_ACCESS_DENIED && mapi->code == MAPI_RESPONSE_SUCCESS && owner.address) /* somebody else's, without a right to it */
        mailbox_audit_refused(mapi, &owner, error);
    encode_answer(mapi, error, &owner);
}

static enum strand_result run_on_strand(struct strand_task *task)
{
    struct mapi_exchange *mapi = mapi_exchange_of_work(task);
    run_connect(mapi);
    mapi_exchange_done(mapi);
    return STRAND_DONE;
}

/* Nothing has to be looked up in the directory: the way of nearly all clients, without a change of thread. */
static bool is_own_dn(const struct mapi_exchange *mapi, const struct connect_request *body)
{
    const char *own = identity_user(mapi->identity)->legacy_dn;
    return body->user_dn.size == strlen(own) && strncasecmp((const char *)body->user_dn.data, own, body->user_dn.size) == 0;
}

void connect_begin(struct mapi_exchange *mapi)
{
    const struct connect_request *body = mapi->body;
    if (body->auxiliary_buffer.size > AUXILIARY_SIZE_MAX) { /* MS-OXCRPC R571 */
        mapi_exchange_encode_failure(mapi, STATUS_BAD_STUB_DATA);
        mapi->end_context = true;
        mapi_exchange_finish(mapi);
    } else if (body->auxiliary_buffer.size > 0 && body->auxiliary_buffer.size < 8) { /* R1367 */
        encode_answer(mapi, EC_RPC_FAILED, NULL);
        mapi_exchange_finish(mapi);
    } else if (is_own_dn(mapi, body)) {
        run_connect(mapi);
        mapi_exchange_finish(mapi);
    } else {
        mapi_exchange_work(mapi, mailbox_strand_strand(mapi_context_of(&mapi->ticket)->mailbox_strand), run_on_strand);
    }
}
