#include "http/mapi_answer.h"

#include <inttypes.h>
#include <stdio.h>

#include "base/filetime.h"

static void echo(struct http_exchange *exchange, const char *name, const char *value)
{
    if (mapi_header_value_allowed(value))
        http_answer_header(exchange, name, value);
}

static void set_cookies(struct http_exchange *exchange, const struct mapi_request *request, const struct session_ticket *ticket)
{
    const char *path = request->endpoint == SESSION_ENDPOINT_MAILBOX ? "/mapi/emsmdb" : "/mapi/nspi";
    char text[SESSION_COOKIE_TEXT_SIZE], cookie[2 * SESSION_COOKIE_TEXT_SIZE + 64];
    session_context_id_format(&ticket->cookie_context, text);
    snprintf(cookie, sizeof cookie, SESSION_CONTEXT_COOKIE_NAME "=%s; Path=%s; Secure; HttpOnly", text, path);
    http_answer_header(exchange, "Set-Cookie", cookie);
    session_sequence_format(&ticket->cookie_sequence, text);
    snprintf(cookie, sizeof cookie, SESSION_SEQUENCE_COOKIE_NAME "=%s; Path=%s; Secure; HttpOnly", text, path);
    http_answer_header(exchange, "Set-Cookie", cookie);
}

void mapi_answer_headers(struct http_exchange *exchange, const struct mapi_request *request, enum mapi_response_code code,
                         const struct mapi_answer_settings *settings, const struct session_ticket *ticket)
{
    char number[16];
    http_answer_header(exchange, "Content-Type", code == MAPI_RESPONSE_SUCCESS ? MAPI_CONTENT_TYPE : "text/html; charset=utf-8");
    if (request && ticket && ticket->context)
        set_cookies(exchange, request, ticket);
    if (request) {
        echo(exchange, "X-RequestType", request->type_name);
        echo(exchange, "X-RequestId", request->request_id);
        echo(exchange, "X-ClientInfo", request->client_info);
    }
    snprintf(number, sizeof number, "%u", (unsigned)code);
    http_answer_header(exchange, "X-ResponseCode", number);
    snprintf(number, sizeof number, "%" PRIu32, settings->pending_period_ms);
    http_answer_header(exchange, "X-PendingPeriod", number);
    snprintf(number, sizeof number, "%" PRIu32, settings->expiration_ms);
    http_answer_header(exchange, "X-ExpirationInfo", number);
    http_answer_header(exchange, "X-ServerApplication", MAPI_SERVER_APPLICATION);
    if (settings->resend && request && request->type == MAPI_REQUEST_CONNECT && code == MAPI_RESPONSE_SUCCESS)
        http_answer_header(exchange, "X-MapiHttp-Resend", "supported");
    http_answer_header(exchange, "Cache-Control", "private, no-store");
}

bool mapi_answer_append_done(struct buffer *stream, time_t started, uint64_t elapsed_ms, enum mapi_response_code late_code)
{
    char date[HTTP_DATE_TEXT_SIZE];
    http_date_format(started, date);
    buffer_append_format(stream, MAPI_META_DONE "X-StartTime: %s\r\nX-ElapsedTime: %" PRIu64 "\r\n", date, elapsed_ms);
    if (late_code != MAPI_RESPONSE_SUCCESS)
        buffer_append_format(stream, "X-ResponseCode: %u\r\nContent-Type: text/html; charset=utf-8\r\n", (unsigned)late_code);
    return buffer_append_string(stream, "\r\n");
}
