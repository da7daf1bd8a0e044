#include "server/mapi_switch.h"

#include "base/log.h"
#include "protocol/error_code.h"
#include "record/client_version.h"

#define CACHED_MODE_REQUIRED_SINCE 12u /* older clients do not know the code (MS-OXCRPC R1122) */

struct mailbox_circumstances mapi_switch_circumstances(const struct mapi_exchange *mapi)
{
    return (struct mailbox_circumstances){
        .client_application = mapi->request.client_application, .user_agent = mapi->request.user_agent, .address = mapi->peer,
        .inside = atomic_load(&mapi->services->config)->inside};
}

uint32_t mapi_switch_connect_error(const struct mapi_exchange *mapi, enum mailbox_switch state)
{
    struct client_version version;
    if (state == MAILBOX_SWITCH_VERSION_BLOCKED)
        return EC_CLIENT_VERSION_BLOCKED; /* R595 */
    if (state != MAILBOX_SWITCH_NOT_CACHED)
        return EC_SUCCESS;
    bool old = client_version_find_outlook(mapi->request.client_application, &version) && version.parts[0] < CACHED_MODE_REQUIRED_SINCE;
    return old ? EC_CLIENT_VERSION_BLOCKED : EC_CACHED_MODE_REQUIRED; /* R609, R1122 */
}

static void refuse(struct mapi_exchange *mapi, enum mailbox_switch state, bool news)
{
    if (news) /* not once for each request of a client that goes on trying */
        log_info("%s of %s refused: %s; request %s", mapi->request.type_name, identity_user(mapi->identity)->account,
                 mailbox_switch_text(state), mapi->request.request_id);
    mapi_exchange_refuse(mapi, MAPI_RESPONSE_ENDPOINT_DISABLED, mailbox_switch_text(state));
}

static void obey(struct mapi_exchange *mapi, bool news)
{
    enum mailbox_switch state = mapi->verdict.state;
    if (state == MAILBOX_SWITCH_ON || (state == MAILBOX_SWITCH_VERSION_BLOCKED && mapi->request.type == MAPI_REQUEST_CONNECT))
        mapi->enter(mapi);
    else
        refuse(mapi, state, news || mapi_exchange_creates_context(mapi));
}

static void looked_up(struct loop_task *task)
{
    obey(container_of(task, struct mapi_exchange, switch_looked_up), true);
}

static void look_up(struct worker_job *job)
{
    struct mapi_exchange *mapi = container_of(job, struct mapi_exchange, switch_lookup);
    const struct directory_user *user = identity_user(mapi->identity);
    struct mailbox_circumstances circumstances = mapi_switch_circumstances(mapi);
    mapi->verdict = mailbox_switches_read(mapi->services->switches, user->id, &circumstances);
    if (mapi->verdict.state == MAILBOX_SWITCH_UNKNOWN) /* the directory is away: by what log-on knew of the user */
        mapi->verdict = mailbox_verdict_of(&(struct directory_organization){.mapi_http_enabled = true}, user, &circumstances);
    loop_post(http_exchange_loop(mapi->exchange), &mapi->switch_looked_up);
}

void mapi_switch_check(struct mapi_exchange *mapi, void (*enter)(struct mapi_exchange *mapi))
{
    struct mailbox_circumstances circumstances = mapi_switch_circumstances(mapi);
    mapi->enter = enter;
    mapi->verdict = mailbox_switches_look(mapi->services->switches, identity_user(mapi->identity)->id, &circumstances);
    if (mapi->verdict.state != MAILBOX_SWITCH_UNKNOWN) {
        obey(mapi, false);
        return;
    }
    mapi->switch_lookup.run = look_up;
    mapi->switch_looked_up.run = looked_up;
    if (!worker_post(mapi->services->server->blocking, &mapi->switch_lookup))
        mapi_exchange_refuse(mapi, MAPI_RESPONSE_UNKNOWN_FAILURE, "too many requests at once");
}

bool mapi_switch_check_mode(struct mapi_exchange *mapi)
{
    struct mapi_context *context = mapi->verdict.cached_mode_required && mapi->ticket.context ? mapi_context_of(&mapi->ticket) : NULL;
    if (!context || mailbox_verdict_in_mode(&mapi->verdict, context->client.mode) != MAILBOX_SWITCH_NOT_CACHED)
        return true;
    bool news = !atomic_exchange(&context->mode_refused, true);
    refuse(mapi, MAILBOX_SWITCH_NOT_CACHED, news);
    return false;
}
