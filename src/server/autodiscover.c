#include "server/autodiscover.h"

#include <stdio.h>
#include <string.h>

#include "base/log.h"
#include "base/text.h"
#include "directory/mailbox_dn.h"
#include "server/authentication.h"
#include "server/autodiscover_answer.h"
#include "server/autodiscover_request.h"
#include "server/observation.h"

#define BUSY_WAIT_S 5u
#define MAILBOXES_MAX 200u /* of one answer; Outlook opens far fewer */

/* One request, in the arena of its exchange. The directory may have to wait for its disk: not on the loop. */
struct autodiscovery {
    struct services *services;
    struct http_exchange *exchange;
    struct identity *identity; /* NULL: nobody logged on */
    struct worker_job job;
    struct loop_task answered;
    struct arena arena;
    struct buffer answer;
    const char *message;       /* of an error, instead of the usual one */
    unsigned error;            /* ErrorCode; 0 */
    const char *remark;        /* for the logs: what was decided, a literal */
};

/* --- how much is asked --- */

static void answer_too_many(struct services *services, struct http_exchange *exchange, const struct identity *identity,
                            uint32_t wait_s)
{
    observe_answer(services, exchange, OBSERVATION_AUTODISCOVER, identity, 429, 0, "asked too often");
    http_answer_status(exchange, 429);
    http_answer_header_format(exchange, "Retry-After", "%u", (unsigned)wait_s);
    http_answer_header(exchange, "Content-Type", "text/plain; charset=utf-8");
    http_answer_whole(exchange, BYTES_LITERAL("429 Too Many Requests: ask again later.\n"));
}

static void answer_busy(struct services *services, struct http_exchange *exchange, const char *why)
{
    observe_answer(services, exchange, OBSERVATION_AUTODISCOVER, NULL, 503, 0, why);
    http_answer_status(exchange, 503);
    http_answer_header_format(exchange, "Retry-After", "%u", BUSY_WAIT_S);
    http_answer_header(exchange, "Content-Type", "text/plain; charset=utf-8");
    http_answer_whole(exchange, bytes_of_string(why));
}

bool autodiscover_admit_address(struct services *services, struct http_exchange *exchange)
{
    char key[RATE_LIMIT_KEY_SIZE_MAX];
    uint32_t wait_s;
    rate_limit_address_key(http_exchange_peer(exchange), key);
    if (rate_limit_take(services->autodiscover_rates, key, atomic_load(&services->config)->autodiscover_requests_per_address,
                        loop_now_ms(http_exchange_loop(exchange)), &wait_s))
        return true;
    answer_too_many(services, exchange, NULL, wait_s);
    return false;
}

static bool admit_identity(struct services *services, struct http_exchange *exchange, const struct identity *identity)
{
    char key[GUID_TEXT_SIZE];
    uint32_t wait_s;
    if (!identity)
        return true;
    guid_format(identity_user(identity)->id, key);
    if (rate_limit_take(services->autodiscover_rates, key, atomic_load(&services->config)->autodiscover_requests_per_user,
                        loop_now_ms(http_exchange_loop(exchange)), &wait_s))
        return true;
    log_info("Autodiscover: too many requests of %s; request %s", identity_user(identity)->account,
             observation_request_id(http_exchange_request(exchange)));
    answer_too_many(services, exchange, identity, wait_s);
    return false;
}

/* --- what this server has to name --- */

/* A path that no route takes answers nothing, so it is not named. */
static const char *path_if_served(const struct services *services, const char *path)
{
    const struct http_route *route = path ? http_router_find(services->server->router, path) : NULL;
    return route && strlen(route->path) > 1 ? path : NULL;
}

static struct autodiscover_paths find_paths(struct autodiscovery *autodiscovery, const struct directory_organization *organization)
{
    const struct services *services = autodiscovery->services;
    char id[GUID_TEXT_SIZE];
    guid_format(organization->address_book_id, id);
    const char *files = guid_is_zero(organization->address_book_id) ? NULL : arena_format(&autodiscovery->arena, "/oab/%s/", id);
    return (struct autodiscover_paths){
        .address_book_files = path_if_served(services, files),
        .web_services = path_if_served(services, "/ews/exchange.asmx"),
        .control_panel = path_if_served(services, "/ecp/"),
        .web_mail = path_if_served(services, "/owa/"),
        .rpc_over_http = path_if_served(services, "/rpc/rpcproxy.dll") != NULL,
    };
}

/* AuthPackage: the strongest that server, mailbox and client have. */
static const char *find_auth_package(const struct services *services, const struct directory_user *user, bool takes_negotiate)
{
    bool negotiate = false, ntlm = false, basic = false;
    char challenge[AUTHENTICATION_CHALLENGE_SIZE];
    struct authentication_request asked = {.tls = true, .policy = services_policy(services, ENDPOINT_MAPI)};
    for (unsigned i = 0; authenticator_challenge(services->authenticator, &asked, false, i, challenge); i++) {
        negotiate |= text_has_prefix_ignoring_case(challenge, "Negotiate");
        ntlm |= text_has_prefix_ignoring_case(challenge, "NTLM");
        basic |= text_has_prefix_ignoring_case(challenge, "Basic");
    }
    uint32_t methods = user->switches.methods;
    if (negotiate && takes_negotiate && (methods & (DIRECTORY_METHOD_KERBEROS | DIRECTORY_METHOD_NTLM)))
        return "Negotiate";
    if (ntlm && (methods & DIRECTORY_METHOD_NTLM))
        return "Ntlm";
    return basic && (methods & DIRECTORY_METHOD_BASIC) ? "Basic" : "";
}

/* False without memory; an address that nobody is told is NULL. */
static bool find_side(struct autodiscovery *autodiscovery, const char *base, const char *files_base, const struct directory_user *user,
                      struct autodiscover_side *ret_side)
{
    struct services *services = autodiscovery->services;
    struct arena *arena = &autodiscovery->arena;
    if (!base || !files_base)
        return false;
    struct autodiscover_side side = {.files_base = *files_base ? files_base : NULL};
    if (*base) {
        side.base = base;
        side.mailbox_url = services_endpoint_url(services, arena, base, SESSION_ENDPOINT_MAILBOX, user);
        side.address_book_url = services_endpoint_url(services, arena, base, SESSION_ENDPOINT_ADDRESS_BOOK, user);
    }
    *ret_side = side;
    return !*base || (side.mailbox_url && side.address_book_url);
}

static bool find_sides(struct autodiscovery *autodiscovery, const struct directory_user *user, struct autodiscover_settings *settings)
{
    struct services *services = autodiscovery->services;
    struct arena *arena = &autodiscovery->arena;
    const struct http_request *request = http_exchange_request(autodiscovery->exchange);
    return find_side(autodiscovery, services_internal_url(services, arena, request, ENDPOINT_MAPI),
                     services_internal_url(services, arena, request, ENDPOINT_OAB), user, &settings->internal) &&
           find_side(autodiscovery, services_external_url(services, arena, request, ENDPOINT_MAPI),
                     services_external_url(services, arena, request, ENDPOINT_OAB), user, &settings->external);
}

/* --- further mailboxes: told to those only who may open the mailbox asked about --- */

static bool may_open(const struct autodiscovery *autodiscovery, const struct directory_user *user)
{
    return autodiscovery->identity &&
           directory_may_open(autodiscovery->services->directory, identity_user(autodiscovery->identity), user);
}

/* MS-OXDSCLI 2.2.4.1.1.2.4: the archive by a DN of the owner's with its GUID, and a server name made of the same. */
static struct autodiscover_mailbox archive_of(struct arena *arena, const struct directory_user *user)
{
    char guid[GUID_TEXT_SIZE];
    const char *at = strchr(user->address, '@');
    guid_format(user->archive_guid, guid);
    return (struct autodiscover_mailbox){
        .type = "Archive", .display_name = directory_archive_name(arena, user), .legacy_dn = directory_archive_dn(arena, user),
        .server = arena_format(arena, "%s%s", guid, at ? at : "")};
}

static bool find_mailboxes(struct autodiscovery *autodiscovery, const struct directory_user *user,
                           struct autodiscover_settings *settings)
{
    struct arena *arena = &autodiscovery->arena;
    struct directory_user *others = NULL;
    uint32_t other_count = 0, count = 0;
    if (!may_open(autodiscovery, user))
        return true;
    /* Without this list Outlook still has the user's own mailbox. */
    if (directory_additional_mailboxes(autodiscovery->services->directory, arena, user->id, &other_count, &others) != DIRECTORY_OK)
        other_count = 0;
    struct autodiscover_mailbox *mailboxes = arena_array(arena, struct autodiscover_mailbox, MAILBOXES_MAX);
    if (!mailboxes)
        return false;
    if (!guid_is_zero(user->archive_guid)) {
        mailboxes[count] = archive_of(arena, user);
        if (!mailboxes[count].display_name || !mailboxes[count].legacy_dn || !mailboxes[count].server)
            return false;
        count++;
    }
    for (uint32_t i = 0; i < other_count && count < MAILBOXES_MAX; i++)
        mailboxes[count++] = (struct autodiscover_mailbox){.type = "Delegate", .display_name = others[i].display_name,
                                                           .address = others[i].address};
    settings->mailboxes = mailboxes;
    settings->mailbox_count = count;
    return true;
}

static const char *public_folder_address(struct autodiscovery *autodiscovery, const struct directory_organization *organization)
{
    char id[GUID_TEXT_SIZE];
    struct directory_user mailbox;
    if (guid_is_zero(organization->public_folder_mailbox))
        return "";
    guid_format(organization->public_folder_mailbox, id);
    return directory_find(autodiscovery->services->directory, &autodiscovery->arena, DIRECTORY_KEY_ID, id, &mailbox) == DIRECTORY_OK
        ? mailbox.address : "";
}

/* --- answering --- */

static unsigned append_settings(struct autodiscovery *autodiscovery, const struct directory_user *user,
                                const struct directory_organization *organization)
{
    struct services *services = autodiscovery->services;
    const struct http_request *request = http_exchange_request(autodiscovery->exchange);
    struct autodiscover_client client = autodiscover_client_read(
        http_request_header(request, "X-MapiHttpCapability"), http_request_header(request, "X-ClientCanHandle"),
        http_request_header(request, "User-Agent"), http_request_header(request, "X-ClientApplication"));
    struct autodiscover_settings settings = {
        .user = user, .deployment_id = organization->id, .mapi_version = client.mapi_version,
        .organization = organization->name, .paths = find_paths(autodiscovery, organization),
        .auth_package = find_auth_package(services, user, client.takes_negotiate),
        .public_folder_address = public_folder_address(autodiscovery, organization)};
    settings.decision = autodiscover_decide(&(struct autodiscover_facts){
        .client = client, .mapi_enabled = user->switches.mapi_enabled,
        .mapi_http_allowed = directory_mapi_http_allowed(organization, user),
        .block_rpc_http = user->switches.block_rpc_http,
        .block_external_connectivity = user->switches.block_external_connectivity,
        .block_versions = user->switches.block_versions, .rpc_over_http_available = settings.paths.rpc_over_http,
        .services_available = settings.paths.address_book_files || settings.paths.web_services || settings.paths.control_panel,
        .web_available = settings.paths.web_mail || settings.paths.web_services});
    if (settings.decision.refusal) {
        autodiscovery->message = settings.decision.refusal;
        log_info("Autodiscover: no settings for the mailbox of %s: %s; request %s", user->account,
                 settings.decision.remark ? settings.decision.remark : settings.decision.refusal, observation_request_id(request));
        return 501;
    }
    autodiscovery->remark = settings.decision.mapi_http ? "mapiHttp" : settings.decision.exch || settings.decision.expr ? "EXCH" : "";
    if (!find_sides(autodiscovery, user, &settings))
        return 603;
    if (!settings.internal.base && !(settings.decision.external && settings.external.base)) {
        autodiscovery->message = "There are no settings: no address of the server is told to this client.";
        log_warning("Autodiscover: no settings for %s: the virtual directory 'mapi' has no URL that may be told", user->account);
        return 501;
    }
    bool good = find_mailboxes(autodiscovery, user, &settings) && autodiscover_append_settings(&autodiscovery->answer, &settings);
    return good ? 0 : 603;
}

/* A redirect to the mailbox itself would send the client round in circles. */
static bool leads_to_itself(const struct directory_user *user)
{
    for (uint32_t i = 0; i < user->address_count; i++)
        if (text_equal_ignoring_case(user->addresses[i], user->redirect_address))
            return true;
    return false;
}

static unsigned answer_user(struct autodiscovery *autodiscovery, const struct directory_user *user)
{
    struct directory_organization organization;
    const char *redirect_address = user->redirect_address ? user->redirect_address : "";
    const char *redirect_url = user->redirect_url ? user->redirect_url : "";
    if (directory_user_is_off(user))
        return 500;
    if (*redirect_address && leads_to_itself(user)) {
        log_warning("Autodiscover: the redirect address of %s is the mailbox's own", user->account);
        return 602;
    }
    if (*redirect_address)
        return autodiscover_append_redirect(&autodiscovery->answer, redirect_address, NULL) ? 0 : 603;
    if (*redirect_url && strncasecmp(redirect_url, "https://", 8) != 0) {
        log_warning("Autodiscover: the redirect URL of %s is not https", user->account);
        return 602; /* clients would send their passwords there */
    }
    if (*redirect_url)
        return autodiscover_append_redirect(&autodiscovery->answer, NULL, redirect_url) ? 0 : 603;
    if (directory_organization(autodiscovery->services->directory, &autodiscovery->arena, &organization) != DIRECTORY_OK)
        return 603;
    return append_settings(autodiscovery, user, &organization);
}

/* Addresses and DNs that are not a mailbox's: groups and contacts are known, but without settings: 501. */
static unsigned answer_entry(struct autodiscovery *autodiscovery, enum directory_key key, const char *value)
{
    struct directory *directory = autodiscovery->services->directory;
    struct directory_entry entry;
    switch (directory_find_entry(directory, &autodiscovery->arena, key, value, &entry)) {
    case DIRECTORY_OK:
        return directory_kind_has_mailbox(entry.kind) ? 500 : 501;
    case DIRECTORY_NOT_FOUND:
    case DIRECTORY_INVALID:
        return 500;
    default:
        return 603;
    }
}

/* The ErrorCode, or 0 and the answer. */
static unsigned discover(struct autodiscovery *autodiscovery)
{
    struct arena *arena = &autodiscovery->arena;
    const struct http_request *request = http_exchange_request(autodiscovery->exchange);
    struct autodiscover_request asked;
    struct directory_user user;
    if (request->method != HTTP_METHOD_POST)
        return 600;
    unsigned error = autodiscover_request_read(arena, request->body, &asked);
    if (error)
        return error;
    enum directory_key key = *asked.address ? DIRECTORY_KEY_ADDRESS : DIRECTORY_KEY_LEGACY_DN;
    const char *value = *asked.address ? asked.address : asked.legacy_dn;
    enum directory_status status = *asked.address
        ? directory_find(autodiscovery->services->directory, arena, key, value, &user)
        : directory_find_mailbox_dn(autodiscovery->services->directory, arena, value, &user);
    switch (status) {
    case DIRECTORY_OK:
        return answer_user(autodiscovery, &user);
    case DIRECTORY_NOT_FOUND:
    case DIRECTORY_INVALID:
        return answer_entry(autodiscovery, key, value);
    default:
        return 603;
    }
}

static void tell(const struct autodiscovery *autodiscovery)
{
    struct observation observation = observation_of(autodiscovery->exchange, OBSERVATION_AUTODISCOVER, autodiscovery->identity);
    observation.error_code = autodiscovery->error;
    observation.error_text = autodiscovery->message ? autodiscovery->message : "";
    observation.remark = autodiscovery->remark ? autodiscovery->remark : "";
    observation.response_size = autodiscovery->answer.size;
    observe(autodiscovery->services, &observation);
}

static void answered(struct loop_task *task)
{
    struct autodiscovery *autodiscovery = container_of(task, struct autodiscovery, answered);
    struct http_exchange *exchange = autodiscovery->exchange;
    struct buffer answer = autodiscovery->answer;
    tell(autodiscovery);
    if (autodiscovery->identity)
        identity_release(autodiscovery->identity);
    arena_free(&autodiscovery->arena);
    http_answer_header(exchange, "Content-Type", "text/xml; charset=utf-8");
    http_answer_header(exchange, "Cache-Control", "private, no-store");
    http_answer_header(exchange, "X-ServerApplication", MAPI_SERVER_APPLICATION);
    http_answer_take(exchange, &answer);
    buffer_free(&answer);
}

static void run_autodiscovery(struct worker_job *job)
{
    struct autodiscovery *autodiscovery = container_of(job, struct autodiscovery, job);
    unsigned error = autodiscovery->error = discover(autodiscovery);
    if (error) {
        buffer_free(&autodiscovery->answer);
        autodiscover_append_error(&autodiscovery->answer, error, autodiscovery->message, autodiscovery->services->host_name);
    }
    loop_post(http_exchange_loop(autodiscovery->exchange), &autodiscovery->answered);
}

/* Takes the identity. Any authenticated user may ask about any address, as in the address book that all of them see. */
static void begin(struct http_exchange *exchange, struct identity *identity, struct services *services)
{
    struct autodiscovery *autodiscovery = arena_new(http_exchange_arena(exchange), struct autodiscovery);
    const char *refusal = NULL;
    if (atomic_load(&services->draining)) {
        refusal = "503 Service Unavailable: the server is stopping.\n";
    } else if (!admit_identity(services, exchange, identity)) {
        identity_release(identity);
        return;
    }
    if (autodiscovery)
        *autodiscovery = (struct autodiscovery){.services = services, .exchange = exchange, .identity = identity,
                                                .job = {.run = run_autodiscovery}, .answered = {.run = answered}};
    if (!refusal && autodiscovery && worker_post(services->server->blocking, &autodiscovery->job))
        return;
    if (identity)
        identity_release(identity);
    answer_busy(services, exchange, refusal ? refusal : "503 Service Unavailable: too many requests at once.\n");
}

static void authenticated(struct http_exchange *exchange, struct identity *identity, void *argument)
{
    begin(exchange, identity, argument);
}

void autodiscover_handle(struct http_exchange *exchange, void *argument)
{
    struct services *services = argument;
    if (!autodiscover_admit_address(services, exchange))
        return;
    if (atomic_load(&services->config)->autodiscover_authentication ||
        http_request_header(http_exchange_request(exchange), "Authorization"))
        authenticate(services, exchange, ENDPOINT_AUTODISCOVER, authenticated, services);
    else
        begin(exchange, NULL, services);
}
