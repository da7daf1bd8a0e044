#include "server/page.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "base/filetime.h"
#include "base/text.h"

void page_append_escaped(struct buffer *page, const char *text)
{
    for (; *text; text++) {
        switch (*text) {
        case '&': buffer_append_string(page, "&amp;"); break;
        case '<': buffer_append_string(page, "&lt;"); break;
        case '>': buffer_append_string(page, "&gt;"); break;
        case '"': buffer_append_string(page, "&quot;"); break;
        case '\'': buffer_append_string(page, "&#39;"); break;
        default: buffer_append_u8(page, (uint8_t)*text);
        }
    }
}

static void begin_page(struct buffer *page, const char *title)
{
    buffer_append_format(page,
                         "<!DOCTYPE html>\n<html lang=\"en\"><head><meta charset=\"utf-8\"><title>%s</title>\n"
                         "<style>body{font:16px/1.5 system-ui,sans-serif;margin:2rem auto;max-width:50rem;padding:0 1rem}"
                         "th{text-align:left;vertical-align:top;padding-right:1.5rem;white-space:nowrap}"
                         "td{overflow-wrap:anywhere}</style></head>\n<body><h1>%s</h1>\n", title, title);
}

static void append_row(struct buffer *page, const char *name, const char *value)
{
    buffer_append_string(page, "<tr><th>");
    page_append_escaped(page, name);
    buffer_append_string(page, "</th><td>");
    page_append_escaped(page, value);
    buffer_append_string(page, "</td></tr>\n");
}

static void append_number(struct buffer *page, const char *name, uint64_t value)
{
    char text[24];
    snprintf(text, sizeof text, "%" PRIu64, value);
    append_row(page, name, text);
}

void page_append_refusal(struct buffer *page, const struct services *services, enum mapi_response_code code,
                         const char *detail, const char *request_id)
{
    char date[HTTP_DATE_TEXT_SIZE];
    http_date_format(time(NULL), date);
    begin_page(page, "MAPI over HTTP: request refused");
    buffer_append_format(page, "<p>X-ResponseCode %u, <b>%s</b>. %s</p>\n<table>\n", (unsigned)code,
                         mapi_response_code_name(code), mapi_response_code_meaning(code));
    if (detail)
        append_row(page, "Detail", detail);
    append_row(page, "Server", services->host_name);
    append_row(page, "Time", date);
    if (*request_id)
        append_row(page, "X-RequestId", request_id);
    buffer_append_string(page, "</table></body></html>\n");
}

/* Values that would let a reader of the page act as the person it was made for. */
static bool is_secret(const char *name)
{
    return text_equal_ignoring_case(name, "Authorization") || text_equal_ignoring_case(name, "Proxy-Authorization") ||
           text_equal_ignoring_case(name, "Cookie");
}

static void append_headers(struct buffer *page, const struct http_request *request)
{
    buffer_append_string(page, "</table>\n<h2>Headers of this request</h2><table>\n");
    for (unsigned i = 0; i < request->header_count; i++) {
        struct http_header header = http_request_header_at(request, i);
        append_row(page, header.name, is_secret(header.name) ? "(not shown)" : header.value);
    }
}

static void append_cookies(struct buffer *page, const struct http_request *request)
{
    struct session_cookies cookies = {0};
    unsigned index = 0;
    char text[SESSION_COOKIE_TEXT_SIZE];
    for (const char *value; (value = http_request_header_next(request, "Cookie", &index));)
        session_cookies_read(&cookies, bytes_of_string(value));
    switch (cookies.context_state) {
    case SESSION_COOKIE_ABSENT:
        append_row(page, "Context cookie", "none was sent");
        break;
    case SESSION_COOKIE_MALFORMED:
        append_row(page, "Context cookie", "malformed");
        break;
    case SESSION_COOKIE_PRESENT:
        session_context_id_format(&cookies.context, text);
        strcpy(text + 8, "..."); /* enough to find it in a log, not enough to use it */
        append_row(page, "Context cookie", text);
    }
}

static void append_debug(struct buffer *page, const struct services *services)
{
    const struct config *config = atomic_load(&services->config);
    struct session_counts counts = session_table_counts(services->sessions);
    buffer_append_string(page, "</table>\n<h2>Detail</h2><table>\n");
    append_number(page, "Seconds since the start", (monotonic_ms() - services->started_ms) / 1000);
    append_number(page, "Session contexts", counts.contexts);
    append_number(page, "Users with contexts", counts.users);
    append_number(page, "Parked waits", counts.waits);
    append_number(page, "Bytes of kept answers", counts.kept_answers_size);
    append_number(page, "Loop threads", services->server->loop_count);
    append_number(page, "Idle time-out in ms", config->context_idle_ms);
    append_number(page, "Period of PENDING in ms", config->pending_period_ms);
    append_number(page, "NotificationWait in ms", config->notification_wait_ms);
    append_number(page, "Contexts a user may have", config->contexts_per_user_max);
    append_row(page, "Lost answers given again", config->resend ? "yes" : "no");
}

void page_answer(struct services *services, struct http_exchange *exchange, const struct identity *identity,
                 enum session_endpoint endpoint)
{
    const struct http_request *request = http_exchange_request(exchange);
    const struct directory_user *user = identity_user(identity);
    struct buffer page = {0};
    char guid_text[GUID_TEXT_SIZE], debug[8];
    begin_page(&page, "MAPI over HTTP");
    buffer_append_format(&page, "<p>This address is for Outlook and other clients; the %s endpoint answers.</p>\n<table>\n",
                         endpoint == SESSION_ENDPOINT_MAILBOX ? "mailbox" : "address book");
    append_row(&page, "Server", services->host_name);
    append_row(&page, "Version", "mapihttp, " MAPI_SERVER_APPLICATION);
    append_row(&page, "User", user->account);
    append_row(&page, "Name", user->display_name);
    append_row(&page, "Address", user->address);
    guid_format(user->mailbox_guid, guid_text);
    append_row(&page, "Mailbox", guid_text);
    append_row(&page, "Legacy DN", user->legacy_dn);
    append_row(&page, "Authentication", identity_method(identity));
    append_row(&page, "Encrypted", request->tls ? "TLS" : "no");
    append_row(&page, "Your address", http_exchange_peer(exchange));
    append_cookies(&page, request);
    if (http_query_value(request->query, "showdebug", debug, sizeof debug) && text_equal_ignoring_case(debug, "yes"))
        append_debug(&page, services);
    append_headers(&page, request);
    buffer_append_string(&page, "</table></body></html>\n");
    http_answer_header(exchange, "Content-Type", "text/html; charset=utf-8");
    http_answer_header(exchange, "Cache-Control", "private, no-store");
    http_answer_header(exchange, "X-ServerApplication", MAPI_SERVER_APPLICATION);
    http_answer_header(exchange, "Content-Security-Policy", "default-src 'none'; style-src 'unsafe-inline'");
    http_answer_take(exchange, &page);
    buffer_free(&page);
}

void page_health_check(struct http_exchange *exchange, void *argument)
{
    const struct services *services = argument;
    const struct http_request *request = http_exchange_request(exchange);
    if (request->method != HTTP_METHOD_GET && request->method != HTTP_METHOD_HEAD) {
        http_answer_header(exchange, "Allow", "GET, HEAD");
        http_answer_error(exchange, 405, "the health check is read with GET");
    } else if (atomic_load(&services->draining)) {
        http_answer_error(exchange, 503, "shutting down");
    } else {
        char page[sizeof services->host_name + 16];
        int size = snprintf(page, sizeof page, "200 OK<br/>%s", services->host_name);
        http_answer_header(exchange, "Content-Type", "text/html");
        http_answer_header(exchange, "Cache-Control", "no-store");
        http_answer_whole(exchange, bytes_of(page, (size_t)size));
    }
}
