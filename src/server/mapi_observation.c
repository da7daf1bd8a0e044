/* What a MAPI/HTTP request tells of itself when it is answered. */
#include <stdlib.h>
#include <string.h>

#include "base/filetime.h"
#include "server/mapi_exchange.h"
#include "server/observation.h"

/* StatusCode, or ErrorCode behind it: every body begins so (MS-OXCMAPIHTTP 2.2.4, 2.2.5). */
static uint32_t body_error(const struct mapi_exchange *mapi, enum mapi_response_code code)
{
    if (code != MAPI_RESPONSE_SUCCESS || mapi->request.type == MAPI_REQUEST_PING || mapi->answer.size < 8)
        return 0;
    uint32_t status_code = load_u32(mapi->answer.data);
    return status_code ? status_code : load_u32(mapi->answer.data + 4);
}

static void tell_rops(const struct rop_execution *rops, struct observation *observation)
{
    unsigned noted = rops->rop_count < ROP_EXECUTION_NOTED_MAX ? rops->rop_count : ROP_EXECUTION_NOTED_MAX;
    observation->rop_count = rops->rop_count;
    memcpy(observation->rops, rops->rops, noted);
    observation->rop_error = rops->rop_error;
    observation->rop_failed = rops->rop_failed;
}

void mapi_exchange_observe(struct mapi_exchange *mapi, enum mapi_response_code code, const char *detail)
{
    const struct mapi_request *request = &mapi->request;
    const struct http_request *http = mapi->parked ? NULL : http_exchange_request(mapi->exchange);
    uint64_t now_us = monotonic_us(), duration_us = now_us - http_exchange_started_us(mapi->exchange);
    uint64_t processing_us = mapi->first_step || mapi->wait ? mapi->processing_us : now_us - mapi->began_us;
    struct observation observation = {
        .endpoint = mapi->endpoint == SESSION_ENDPOINT_MAILBOX ? OBSERVATION_MAILBOX : OBSERVATION_ADDRESS_BOOK,
        .time = filetime_now() - duration_us * 10, .now_ms = now_us / 1000,
        .duration_us = duration_us < UINT32_MAX ? (uint32_t)duration_us : UINT32_MAX, .processing_us = (uint32_t)processing_us,
        .http_status = http_exchange_status(mapi->exchange), .response_code = code, .error_code = body_error(mapi, code),
        .error_text = detail ? detail : "", .method = http ? http->method_name : "POST", .request_type = request->type_name,
        .request_id = request->request_id, .client_info = request->client_info,
        .client_application = request->client_application, .user_agent = request->user_agent, .peer = mapi->peer,
        .path = http ? http->path : mapi->endpoint == SESSION_ENDPOINT_MAILBOX ? "/mapi/emsmdb/" : "/mapi/nspi/",
        .tls = http ? http->tls : mapi->tls, .log_on = OBSERVATION_LOG_ON_ACCEPTED,
        .authentication = identity_method(mapi->identity), .user = identity_user(mapi->identity), .account = "",
        .remark = mapi->ticket.answer ? "resent" : "", .context = mapi->ticket.context,
        .link = mapi->ticket.context ? http_exchange_link(mapi->exchange) : NULL, .resent = mapi->ticket.answer,
        .request_size = http ? http->body.size : mapi->body_size, .response_size = mapi->answer.size, .request = http};
    if (mapi->rops)
        tell_rops(mapi->rops, &observation);
    observe(mapi->services, &observation);
}

void mapi_exchange_keep_strings(struct mapi_exchange *mapi)
{
    struct mapi_request *request = &mapi->request;
    const struct http_request *http = http_exchange_request(mapi->exchange);
    const char **strings[] = {&request->type_name, &request->request_id, &request->client_info, &request->client_application,
                              &request->user_agent, &mapi->peer};
    enum { STRING_COUNT = sizeof strings / sizeof *strings };
    size_t size = 0, sizes[STRING_COUNT];
    mapi->parked = true;
    mapi->tls = http->tls;
    mapi->body_size = (uint32_t)http->body.size;
    for (unsigned i = 0; i < STRING_COUNT; i++) {
        sizes[i] = strnlen(*strings[i], MAPI_HEADER_VALUE_SIZE_MAX);
        size += sizes[i] + 1;
    }
    char *at = mapi->kept = malloc(size);
    for (unsigned i = 0; i < STRING_COUNT; i++) {
        const char *string = *strings[i];
        *strings[i] = at ? at : "";
        if (!at)
            continue;
        memcpy(at, string, sizes[i]);
        at[sizes[i]] = '\0';
        at += sizes[i] + 1;
    }
}
