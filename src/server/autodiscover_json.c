#include "server/autodiscover_json.h"

#include <string.h>

#include "base/text.h"
#include "server/autodiscover.h"
#include "server/observation.h"

#define PROTOCOL_HERE "AutodiscoverV1"
/* What clients of Exchange are seen to ask for. */
static const char *const protocols_elsewhere[] = {
    "ActiveSync", "Ews", "Rest", "Substrate", "SubstrateSearchService", "SubstrateNotificationService",
    "OutlookMeetingScheduler", "OutlookPay", "Owa", "OwaPoweredExperience", "Actions", "MapiHttp",
};

/* --- what is asked --- */

static bool is_address(const char *text)
{
    const char *at = strrchr(text, '@');
    if (!at || at == text || at[1] == '\0' || at[1] == '.')
        return false;
    for (const char *p = text; *p; p++)
        if ((unsigned char)*p <= 0x20 || *p == 0x7F || strchr("<>\"\\/", *p))
            return false;
    return true;
}

/* The address of the second form: what follows '/v1.0/'. NULL for the first form, "" for neither. */
static const char *address_in_path(const char *path)
{
    const char *rest = path + strlen(AUTODISCOVER_JSON_PATH);
    rest += *rest == '/';
    if (*rest == '\0')
        return NULL;
    return text_has_prefix_ignoring_case(rest, "v1.0/") ? rest + strlen("v1.0/") : "";
}

static enum autodiscover_json_result judge_protocol(const char *query)
{
    char protocol[AUTODISCOVER_PROTOCOL_SIZE_MAX];
    if (!http_query_value(query, "Protocol", protocol, sizeof protocol) || !*protocol)
        return AUTODISCOVER_JSON_NO_PROTOCOL;
    if (text_equal_ignoring_case(protocol, PROTOCOL_HERE))
        return AUTODISCOVER_JSON_ANSWER;
    for (size_t i = 0; i < sizeof protocols_elsewhere / sizeof *protocols_elsewhere; i++)
        if (text_equal_ignoring_case(protocol, protocols_elsewhere[i]))
            return AUTODISCOVER_JSON_NOT_SUPPORTED;
    return AUTODISCOVER_JSON_BAD_PROTOCOL;
}

enum autodiscover_json_result autodiscover_json_read(const char *path, const char *query,
                                                     char ret_address[AUTODISCOVER_ADDRESS_SIZE_MAX])
{
    char address[AUTODISCOVER_ADDRESS_SIZE_MAX];
    if (!text_has_prefix_ignoring_case(path, AUTODISCOVER_JSON_PATH))
        return AUTODISCOVER_JSON_NO_PATH;
    const char *in_path = address_in_path(path);
    if (in_path && !*in_path)
        return AUTODISCOVER_JSON_NO_PATH;
    enum autodiscover_json_result result = judge_protocol(query);
    if (result == AUTODISCOVER_JSON_NO_PROTOCOL)
        return result;
    if (in_path) {
        if (strlen(in_path) >= sizeof address)
            return AUTODISCOVER_JSON_BAD_ADDRESS;
        strcpy(address, in_path);
    } else if (!http_query_value(query, "Email", address, sizeof address) || !*address) {
        return AUTODISCOVER_JSON_NO_ADDRESS;
    }
    if (!is_address(address))
        return AUTODISCOVER_JSON_BAD_ADDRESS;
    if (result == AUTODISCOVER_JSON_ANSWER)
        strcpy(ret_address, address);
    return result;
}

/* --- what is answered --- */

/* Our own URLs, which may hold a Host that a client made up. */
static void append_json_text(struct buffer *body, const char *text)
{
    for (; *text; text++) {
        if (*text == '"' || *text == '\\')
            buffer_append_u8(body, '\\');
        if ((unsigned char)*text < 0x20)
            buffer_append_format(body, "\\u%04x", (unsigned)(unsigned char)*text);
        else
            buffer_append_u8(body, (uint8_t)*text);
    }
}

unsigned autodiscover_json_write(struct buffer *body, enum autodiscover_json_result result, const char *url)
{
    static const struct {
        unsigned status;
        const char *code, *message;
    } errors[] = {
        [AUTODISCOVER_JSON_NO_PROTOCOL] = {400, "MandatoryParameterMissing",
                                           "A valid value must be provided for the query parameter 'Protocol'"},
        [AUTODISCOVER_JSON_NO_ADDRESS] = {400, "MandatoryParameterMissing", "A valid smtp address must be provided"},
        [AUTODISCOVER_JSON_BAD_ADDRESS] = {400, "InvalidUserId", "The address asked for is not an e-mail address"},
        [AUTODISCOVER_JSON_BAD_PROTOCOL] = {400, "InvalidProtocol",
                                            "The protocol asked for is unknown. Supported values are '" PROTOCOL_HERE "'"},
        [AUTODISCOVER_JSON_NOT_SUPPORTED] = {404, "ProtocolNotSupported",
                                             "The protocol asked for is not served here. Supported values are '" PROTOCOL_HERE "'"},
        [AUTODISCOVER_JSON_NO_USER] = {404, "UserNotFound", "The user could not be found"},
        [AUTODISCOVER_JSON_NO_PATH] = {404, "InvalidRequest", "The address has to follow /v1.0/ or to be the parameter 'Email'"},
        [AUTODISCOVER_JSON_UNAVAILABLE] = {503, "ServiceUnavailable", "The server can't answer now"},
    };
    if (result == AUTODISCOVER_JSON_ANSWER) {
        buffer_append_string(body, "{\"Protocol\":\"" PROTOCOL_HERE "\",\"Url\":\"");
        append_json_text(body, url);
        buffer_append_string(body, "\"}");
        return 200;
    }
    buffer_append_format(body, "{\"ErrorCode\":\"%s\",\"ErrorMessage\":\"%s\"}", errors[result].code, errors[result].message);
    return errors[result].status;
}

struct json_lookup {
    struct services *services;
    struct http_exchange *exchange;
    struct worker_job job;
    struct loop_task looked_up;
    enum autodiscover_json_result result;
    char address[AUTODISCOVER_ADDRESS_SIZE_MAX];
};

static void answer(struct http_exchange *exchange, struct services *services, enum autodiscover_json_result result)
{
    struct buffer body = {0};
    struct arena *arena = http_exchange_arena(exchange);
    const struct http_request *request = http_exchange_request(exchange);
    const char *base = services_external_url(services, arena, request, ENDPOINT_AUTODISCOVER);
    if (base && !*base) /* clients outside are told nothing; this one has found us */
        base = services_public_url(services, arena, request);
    const char *url = base ? arena_format(arena, "%s" AUTODISCOVER_PATH, base) : NULL;
    unsigned status = autodiscover_json_write(&body, url ? result : AUTODISCOVER_JSON_UNAVAILABLE, url);
    observe_answer(services, exchange, OBSERVATION_AUTODISCOVER, NULL, status, body.size, "");
    http_answer_status(exchange, status);
    if (status == 503)
        http_answer_header(exchange, "Retry-After", "5");
    http_answer_header(exchange, "Content-Type", "application/json; charset=utf-8");
    http_answer_header(exchange, "Cache-Control", "private, no-store");
    http_answer_header(exchange, "X-ServerApplication", MAPI_SERVER_APPLICATION);
    http_answer_take(exchange, &body);
    buffer_free(&body);
}

static void looked_up(struct loop_task *task)
{
    struct json_lookup *lookup = container_of(task, struct json_lookup, looked_up);
    answer(lookup->exchange, lookup->services, lookup->result);
}

static void look_up(struct worker_job *job)
{
    struct json_lookup *lookup = container_of(job, struct json_lookup, job);
    struct arena arena = {0};
    struct directory_user user;
    enum directory_status status = directory_find(lookup->services->directory, &arena, DIRECTORY_KEY_ADDRESS, lookup->address, &user);
    if (status == DIRECTORY_OK && !directory_user_is_off(&user))
        lookup->result = AUTODISCOVER_JSON_ANSWER;
    else
        lookup->result = status == DIRECTORY_OK || status == DIRECTORY_NOT_FOUND || status == DIRECTORY_INVALID
            ? AUTODISCOVER_JSON_NO_USER : AUTODISCOVER_JSON_UNAVAILABLE;
    arena_free(&arena);
    loop_post(http_exchange_loop(lookup->exchange), &lookup->looked_up);
}

static void begin_lookup(struct http_exchange *exchange, struct services *services, const char *address)
{
    struct json_lookup *lookup = arena_new(http_exchange_arena(exchange), struct json_lookup);
    if (lookup) {
        lookup->services = services;
        lookup->exchange = exchange;
        lookup->job.run = look_up;
        lookup->looked_up.run = looked_up;
        strcpy(lookup->address, address);
    }
    if (!lookup || !worker_post(services->server->blocking, &lookup->job))
        answer(exchange, services, AUTODISCOVER_JSON_UNAVAILABLE);
}

void autodiscover_json_handle(struct http_exchange *exchange, void *argument)
{
    struct services *services = argument;
    const struct http_request *request = http_exchange_request(exchange);
    char address[AUTODISCOVER_ADDRESS_SIZE_MAX] = "";
    if (!autodiscover_admit_address(services, exchange))
        return;
    if (request->method != HTTP_METHOD_GET && request->method != HTTP_METHOD_HEAD) {
        observe_answer(services, exchange, OBSERVATION_AUTODISCOVER, NULL, 405, 0, "");
        http_answer_error(exchange, 405, "use GET");
        return;
    }
    enum autodiscover_json_result result = autodiscover_json_read(request->path, request->query, address);
    if (atomic_load(&services->draining))
        result = AUTODISCOVER_JSON_UNAVAILABLE;
    if (result == AUTODISCOVER_JSON_ANSWER && atomic_load(&services->config)->autodiscover_json_reveals_users)
        begin_lookup(exchange, services, address);
    else
        answer(exchange, services, result);
}
