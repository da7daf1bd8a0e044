#include "server/autodiscover.h"

#include <sys/time.h>
#include <time.h>

#include "base/log.h"
#include "server/authentication.h"
#include "server/autodiscover_request.h"
#include "server/page.h"

#define OUTER_SCHEMA "http://schemas.microsoft.com/exchange/autodiscover/responseschema/2006"

/* One request, in the arena of its exchange. The directory may have to wait for its disk: not on the loop. */
struct autodiscovery {
    struct services *services;
    struct http_exchange *exchange;
    struct worker_job job;
    struct loop_task answered;
    struct arena arena;
    struct buffer answer;
};

static void append_element(struct buffer *answer, const char *name, const char *value)
{
    buffer_append_format(answer, "<%s>", name);
    page_append_escaped(answer, value);
    buffer_append_format(answer, "</%s>\n", name);
}

static void append_store(struct buffer *answer, const char *name, const char *url)
{
    buffer_append_format(answer, "<%s>\n", name);
    append_element(answer, "InternalUrl", url);
    append_element(answer, "ExternalUrl", url);
    buffer_append_format(answer, "</%s>\n", name);
}

bool autodiscover_append_settings(struct buffer *answer, const struct autodiscover_settings *settings)
{
    char deployment_id[GUID_TEXT_SIZE];
    guid_format(settings->deployment_id, deployment_id);
    buffer_append_string(answer, "<?xml version=\"1.0\" encoding=\"utf-8\"?>\n<Autodiscover xmlns=\"" OUTER_SCHEMA "\">\n"
                                 "<Response xmlns=\"" AUTODISCOVER_RESPONSE_SCHEMA "\">\n<User>\n");
    append_element(answer, "DisplayName", settings->user->display_name);
    append_element(answer, "LegacyDN", settings->user->legacy_dn);
    append_element(answer, "AutoDiscoverSMTPAddress", settings->user->address);
    append_element(answer, "DeploymentId", deployment_id);
    buffer_append_string(answer, "</User>\n<Account>\n<AccountType>email</AccountType>\n<Action>settings</Action>\n"
                                 "<MicrosoftOnline>False</MicrosoftOnline>\n<ConsumerMailbox>False</ConsumerMailbox>\n");
    buffer_append_format(answer, "<Protocol Type=\"mapiHttp\" Version=\"%u\">\n", settings->mapi_version);
    append_store(answer, "MailStore", settings->mailbox_url);
    append_store(answer, "AddressBook", settings->address_book_url);
    return buffer_append_string(answer, "</Protocol>\n</Account>\n</Response>\n</Autodiscover>\n");
}

static const char *error_message(unsigned error)
{
    switch (error) {
    case 500: return "The email address can't be found.";
    case 501: return "There are no settings for this client: it has to support MAPI over HTTP.";
    case 600: return "Invalid Request";
    case 601: return "Provider is not available";
    default: return "The server can't answer now.";
    }
}

bool autodiscover_append_error(struct buffer *answer, unsigned error, const char *host_name)
{
    struct timeval now;
    struct tm parts;
    uint32_t hash = 2166136261u;
    for (const char *at = host_name; *at; at++)
        hash = (hash ^ (uint8_t)*at) * 16777619u;
    gettimeofday(&now, NULL);
    gmtime_r(&now.tv_sec, &parts);
    buffer_append_string(answer, "<?xml version=\"1.0\" encoding=\"utf-8\"?>\n<Autodiscover xmlns=\"" OUTER_SCHEMA "\">\n"
                                 "<Response>\n");
    buffer_append_format(answer, "<Error Time=\"%02d:%02d:%02d.%06ld0\" Id=\"%u\">\n<ErrorCode>%u</ErrorCode>\n", parts.tm_hour,
                         parts.tm_min, parts.tm_sec, (long)now.tv_usec, hash, error);
    append_element(answer, "Message", error_message(error));
    return buffer_append_string(answer, "<DebugData/>\n</Error>\n</Response>\n</Autodiscover>\n");
}

/* The ErrorCode, or 0 and the settings in the answer. */
static unsigned discover(struct autodiscovery *autodiscovery)
{
    struct services *services = autodiscovery->services;
    struct arena *arena = &autodiscovery->arena;
    const struct http_request *request = http_exchange_request(autodiscovery->exchange);
    struct autodiscover_request asked;
    if (request->method != HTTP_METHOD_POST)
        return 600;
    unsigned error = autodiscover_request_read(arena, request->body, &asked);
    if (error)
        return error;
    struct directory_user user;
    struct directory_organization organization;
    enum directory_status status = *asked.address
        ? directory_find(services->directory, arena, DIRECTORY_KEY_ADDRESS, asked.address, &user)
        : directory_find(services->directory, arena, DIRECTORY_KEY_LEGACY_DN, asked.legacy_dn, &user);
    if (status == DIRECTORY_NOT_FOUND || (status == DIRECTORY_OK && !user.enabled))
        return 500;
    if (status != DIRECTORY_OK || directory_organization(services->directory, arena, &organization) != DIRECTORY_OK)
        return 603;
    unsigned version = autodiscover_mapi_version(http_request_header(request, "X-MapiHttpCapability"));
    if (version == 0 || !user.mapi_enabled)
        return 501;
    const char *base = services_public_url(services, arena, request);
    struct autodiscover_settings settings = {.user = &user, .deployment_id = organization.id, .mapi_version = version};
    settings.mailbox_url = base ? services_endpoint_url(services, arena, base, SESSION_ENDPOINT_MAILBOX, &user) : NULL;
    settings.address_book_url = base ? services_endpoint_url(services, arena, base, SESSION_ENDPOINT_ADDRESS_BOOK, &user) : NULL;
    if (!settings.mailbox_url || !settings.address_book_url || !autodiscover_append_settings(&autodiscovery->answer, &settings))
        return 603;
    return 0;
}

static void answered(struct loop_task *task)
{
    struct autodiscovery *autodiscovery = container_of(task, struct autodiscovery, answered);
    struct http_exchange *exchange = autodiscovery->exchange;
    struct buffer answer = autodiscovery->answer;
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
    unsigned error = discover(autodiscovery);
    if (error) {
        buffer_clear(&autodiscovery->answer);
        autodiscover_append_error(&autodiscovery->answer, error, autodiscovery->services->host_name);
    }
    loop_post(http_exchange_loop(autodiscovery->exchange), &autodiscovery->answered);
}

/* Any authenticated user may ask about any address, as in the address book that all of them see. */
static void authenticated(struct http_exchange *exchange, struct identity *identity, void *argument)
{
    struct services *services = argument;
    identity_release(identity);
    struct autodiscovery *autodiscovery = arena_new(http_exchange_arena(exchange), struct autodiscovery);
    if (atomic_load(&services->draining)) {
        http_answer_error(exchange, 503, "shutting down");
        return;
    }
    if (autodiscovery)
        *autodiscovery = (struct autodiscovery){.services = services, .exchange = exchange,
                                                .job = {.run = run_autodiscovery}, .answered = {.run = answered}};
    if (!autodiscovery || !worker_post(services->server->blocking, &autodiscovery->job))
        http_answer_error(exchange, 503, "too many requests at once");
}

void autodiscover_handle(struct http_exchange *exchange, void *argument)
{
    authenticate(argument, exchange, ENDPOINT_AUTODISCOVER, authenticated, argument);
}
