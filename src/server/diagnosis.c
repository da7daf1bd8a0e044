#include "server/diagnosis.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/filetime.h"
#include "base/text.h"
#include "operation/operation_live.h"
#include "server/embedded_file.h"
#include "server/html.h"

#define SESSIONS_SHOWN_MAX 20u

struct diagnosis {
    struct services *services;
    struct http_exchange *exchange;
    struct identity *identity;
    enum session_endpoint endpoint;
    bool detailed;
    struct buffer page;
    struct worker_job job;
};

/* --- pieces --- */

static void begin_section(struct diagnosis *diagnosis, const char *title)
{
    html(&diagnosis->page, "<section>\n<h2>%s</h2>\n<div class=\"box\"><table>\n", title);
}

static void end_section(struct diagnosis *diagnosis)
{
    buffer_append_string(&diagnosis->page, "</table></div>\n</section>\n");
}

static void row(struct diagnosis *diagnosis, const char *name, const char *value)
{
    html(&diagnosis->page, "<tr><th scope=\"row\">%s</th><td>%s</td></tr>\n", name, value);
}

static void number(struct diagnosis *diagnosis, const char *name, uint64_t value)
{
    html(&diagnosis->page, "<tr><th scope=\"row\">%s</th><td>%llu</td></tr>\n", name, (unsigned long long)value);
}

static const char *text_of(const json_t *object, const char *name)
{
    const char *text = json_string_value(json_object_get(object, name));
    return text ? text : "";
}

/* --- sections --- */

static void show_server(struct diagnosis *diagnosis)
{
    const struct services *services = diagnosis->services;
    char date[HTTP_DATE_TEXT_SIZE];
    http_date_format(time(NULL), date);
    begin_section(diagnosis, "Server");
    row(diagnosis, "Server", services->host_name);
    row(diagnosis, "Version", "mapihttp, " MAPI_SERVER_APPLICATION);
    row(diagnosis, "Time", date);
    row(diagnosis, "Endpoint", diagnosis->endpoint == SESSION_ENDPOINT_MAILBOX ? "/mapi/emsmdb: mailboxes" : "/mapi/nspi: the address book");
    end_section(diagnosis);
}

static void show_person(struct diagnosis *diagnosis)
{
    const struct directory_user *user = identity_user(diagnosis->identity);
    struct mailbox_verdict verdict = mailbox_switches_read(diagnosis->services->switches, user->id, &(struct mailbox_circumstances){0});
    char guid_text[GUID_TEXT_SIZE];
    begin_section(diagnosis, "You");
    row(diagnosis, "User", user->account);
    row(diagnosis, "Name", user->display_name);
    for (uint32_t i = 0; i < user->address_count; i++)
        row(diagnosis, i ? "Further address" : "Address", user->addresses[i]);
    if (*user->principal)
        row(diagnosis, "User principal name", user->principal);
    guid_format(user->mailbox_guid, guid_text);
    row(diagnosis, "Mailbox", guid_text);
    row(diagnosis, "Legacy DN", user->legacy_dn);
    row(diagnosis, "MAPI over HTTP", verdict.state == MAILBOX_SWITCH_ON ? "on" : mailbox_switch_text(verdict.state));
    row(diagnosis, "Authentication", identity_method(diagnosis->identity));
    row(diagnosis, "Encrypted", http_exchange_request(diagnosis->exchange)->tls ? "TLS" : "no");
    row(diagnosis, "Your address", http_exchange_peer(diagnosis->exchange));
    end_section(diagnosis);
}

static void show_session(struct diagnosis *diagnosis, const json_t *session)
{
    html(&diagnosis->page, "<tr><th scope=\"row\">%s</th><td>%s</td><td>%s</td><td>%s %s</td><td>%s</td><td>%s</td><td class=\"number\">%s</td>"
                           "<td class=\"number\">%.1f</td><td class=\"number\">%.1f</td><td class=\"number\">%lld</td></tr>\n",
         text_of(session, "Identity"), text_of(session, "Type"), text_of(session, "Status"), text_of(session, "ClientSoftware"),
         text_of(session, "Version"), text_of(session, "ClientAddress"), text_of(session, "StartTime"), text_of(session, "ReqFail"),
         json_number_value(json_object_get(session, "AvgResp")), json_number_value(json_object_get(session, "AvgProc")),
         (long long)json_integer_value(json_object_get(session, "Resumes")));
}

static void show_latest(struct diagnosis *diagnosis, const json_t *sessions)
{
    const json_t *session, *request;
    size_t i, k, count = 0;
    buffer_append_string(&diagnosis->page, "<section>\n<h2>Your last requests</h2>\n<div class=\"box\"><table><caption>Times in milliseconds</caption>\n"
                         "<thead><tr><th scope=\"col\">Request</th><th scope=\"col\">Session</th><th scope=\"col\">When</th>"
                         "<th scope=\"col\" class=\"number\">Response</th><th scope=\"col\" class=\"number\">Of that, work</th>"
                         "<th scope=\"col\" class=\"number\">Code</th></tr></thead>\n<tbody>\n");
    json_array_foreach(sessions, i, session)
        json_array_foreach(json_object_get(session, "LastRequests"), k, request) {
            count++;
            html(&diagnosis->page, "<tr><th scope=\"row\">%s</th><td>%s</td><td>%s</td><td class=\"number\">%.2f</td><td class=\"number\">%.2f</td>"
                                   "<td class=\"number\">%lld</td></tr>\n", text_of(request, "RequestType"), text_of(session, "Identity"),
                 text_of(request, "Time"), json_number_value(json_object_get(request, "Resp")),
                 json_number_value(json_object_get(request, "Proc")), (long long)json_integer_value(json_object_get(request, "ResponseCode")));
        }
    if (!count)
        buffer_append_string(&diagnosis->page, "<tr><td colspan=\"6\">none</td></tr>\n");
    buffer_append_string(&diagnosis->page, "</tbody></table></div>\n</section>\n");
}

/* The person's own sessions, live and ended; a new reference. */
static json_t *own_sessions(const struct diagnosis *diagnosis)
{
    const struct operation_host *host = &diagnosis->services->operations;
    const char *address = identity_user(diagnosis->identity)->address;
    json_t *all = host->live && host->live->connection_status ? host->live->connection_status(host->live_state) : NULL;
    json_t *own = json_array(), *session;
    size_t i;
    json_array_foreach(all, i, session)
        if (text_equal_ignoring_case(text_of(session, "SmtpAddress"), address) && json_array_size(own) < SESSIONS_SHOWN_MAX)
            json_array_append(own, session);
    json_decref(all);
    return own;
}

static void show_sessions(struct diagnosis *diagnosis, const json_t *sessions)
{
    const json_t *session;
    size_t i;
    buffer_append_string(&diagnosis->page, "<section>\n<h2>Your sessions</h2>\n<div class=\"box\"><table><caption>Times in milliseconds</caption>\n"
                         "<thead><tr><th scope=\"col\">CID</th><th scope=\"col\">Type</th><th scope=\"col\">Status</th><th scope=\"col\">Client</th>"
                         "<th scope=\"col\">Address</th><th scope=\"col\">Since</th><th scope=\"col\" class=\"number\">Req/Fail</th>"
                         "<th scope=\"col\" class=\"number\">Avg Resp</th><th scope=\"col\" class=\"number\">Avg Proc</th>"
                         "<th scope=\"col\" class=\"number\">Resumed</th></tr></thead>\n<tbody>\n");
    json_array_foreach(sessions, i, session)
        show_session(diagnosis, session);
    if (!json_array_size(sessions))
        buffer_append_string(&diagnosis->page, "<tr><td colspan=\"10\">none</td></tr>\n");
    buffer_append_string(&diagnosis->page, "</tbody></table></div>\n</section>\n");
}

static void show_cookies(struct diagnosis *diagnosis)
{
    const struct http_request *request = http_exchange_request(diagnosis->exchange);
    struct session_cookies cookies = {0};
    unsigned index = 0;
    char text[SESSION_COOKIE_TEXT_SIZE];
    for (const char *value; (value = http_request_header_next(request, "Cookie", &index));)
        session_cookies_read(&cookies, bytes_of_string(value));
    begin_section(diagnosis, "Cookies");
    switch (cookies.context_state) {
    case SESSION_COOKIE_ABSENT:
        row(diagnosis, "Context cookie", "none was sent");
        break;
    case SESSION_COOKIE_MALFORMED:
        row(diagnosis, "Context cookie", "malformed");
        break;
    case SESSION_COOKIE_PRESENT:
        session_context_id_format(&cookies.context, text);
        strcpy(text + 8, "..."); /* enough to find it in a log, not enough to use it */
        row(diagnosis, "Context cookie", text);
    }
    end_section(diagnosis);
}

/* Values that would let a reader of the page act as the person it was made for. */
static bool is_secret(const char *name)
{
    return text_equal_ignoring_case(name, "Authorization") || text_equal_ignoring_case(name, "Proxy-Authorization") ||
           text_equal_ignoring_case(name, "Cookie");
}

static void show_headers(struct diagnosis *diagnosis)
{
    const struct http_request *request = http_exchange_request(diagnosis->exchange);
    begin_section(diagnosis, "Headers of this request");
    for (unsigned i = 0; i < request->header_count; i++) {
        struct http_header header = http_request_header_at(request, i);
        row(diagnosis, header.name, is_secret(header.name) ? "(not shown)" : header.value);
    }
    end_section(diagnosis);
}

static void show_detail(struct diagnosis *diagnosis)
{
    const struct services *services = diagnosis->services;
    const struct config *config = atomic_load(&services->config);
    struct session_counts counts = session_table_counts(services->sessions);
    begin_section(diagnosis, "Detail");
    number(diagnosis, "Seconds since the start", (monotonic_ms() - services->started_ms) / 1000);
    number(diagnosis, "Session contexts", counts.contexts);
    number(diagnosis, "Users with contexts", counts.users);
    number(diagnosis, "Parked waits", counts.waits);
    number(diagnosis, "Bytes of kept answers", counts.kept_answers_size);
    number(diagnosis, "Loop threads", services->server->loop_count);
    number(diagnosis, "Idle time-out in ms", config->context_idle_ms);
    number(diagnosis, "Period of PENDING in ms", config->pending_period_ms);
    number(diagnosis, "NotificationWait in ms", config->notification_wait_ms);
    number(diagnosis, "Contexts a user may have", config->contexts_per_user_max);
    row(diagnosis, "Lost answers given again", config->resend ? "yes" : "no");
    end_section(diagnosis);
}

/* Everything that is known of a session. */
static void show_session_detail(struct diagnosis *diagnosis, const json_t *session)
{
    const char *name;
    json_t *value;
    char title[64];
    snprintf(title, sizeof title, "Session %.20s", text_of(session, "Identity"));
    begin_section(diagnosis, title);
    json_object_foreach((json_t *)session, name, value) {
        char *dump = json_is_string(value) ? NULL : json_dumps(value, JSON_ENCODE_ANY);
        row(diagnosis, name, dump ? dump : text_of(session, name));
        free(dump);
    }
    end_section(diagnosis);
}

/* --- the page --- */

static void write_page(struct diagnosis *diagnosis)
{
    const struct embedded_file *style = embedded_file_find(admin_site_files, "diagnosis.css");
    struct buffer *page = &diagnosis->page;
    const json_t *session;
    size_t i;
    buffer_append_string(page, "<!DOCTYPE html>\n<html lang=\"en\"><head><meta charset=\"utf-8\"><title>MAPI over HTTP</title>\n"
                         "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n<style>");
    buffer_append(page, style->data, style->size);
    html(page, "</style></head>\n<body><main><h1>MAPI over HTTP</h1>\n<p>This address is for Outlook and other clients; the %s endpoint answers.</p>\n",
         diagnosis->endpoint == SESSION_ENDPOINT_MAILBOX ? "mailbox" : "address book");
    if (!diagnosis->detailed)
        buffer_append_string(page, "<p><a href=\"?showdebug=yes\">Show more detail</a></p>\n");
    if (identity_user(diagnosis->identity)->administrator)
        buffer_append_string(page, "<p><a href=\"/admin/\">Administration</a></p>\n");
    json_t *sessions = own_sessions(diagnosis);
    show_person(diagnosis);
    show_server(diagnosis);
    show_sessions(diagnosis, sessions);
    show_latest(diagnosis, sessions);
    show_cookies(diagnosis);
    if (diagnosis->detailed) {
        show_detail(diagnosis);
        json_array_foreach(sessions, i, session)
            show_session_detail(diagnosis, session);
    }
    show_headers(diagnosis);
    buffer_append_string(page, "</main></body></html>\n");
    json_decref(sessions);
}

static void make_page(struct worker_job *job)
{
    struct diagnosis *diagnosis = container_of(job, struct diagnosis, job);
    struct http_exchange *exchange = diagnosis->exchange;
    const struct embedded_file *style = embedded_file_find(admin_site_files, "diagnosis.css");
    write_page(diagnosis);
    struct buffer page = diagnosis->page;
    identity_release(diagnosis->identity);
    if (page.failed) {
        buffer_free(&page);
        http_answer_error(exchange, 503, "out of memory");
        return;
    }
    http_answer_header(exchange, "Content-Type", "text/html; charset=utf-8");
    http_answer_header(exchange, "Cache-Control", "private, no-store");
    http_answer_header(exchange, "X-ServerApplication", MAPI_SERVER_APPLICATION);
    http_answer_header(exchange, "X-Content-Type-Options", "nosniff");
    http_answer_header(exchange, "Referrer-Policy", "no-referrer");
    http_answer_header_format(exchange, "Content-Security-Policy",
                              "default-src 'none'; style-src '%s'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'", style->digest);
    http_answer_take(exchange, &page);
    buffer_free(&page);
}

void diagnosis_answer(struct services *services, struct http_exchange *exchange, struct identity *identity, enum session_endpoint endpoint)
{
    struct diagnosis *diagnosis = arena_new(http_exchange_arena(exchange), struct diagnosis);
    char debug[8];
    if (diagnosis) {
        *diagnosis = (struct diagnosis){.services = services, .exchange = exchange, .identity = identity, .endpoint = endpoint,
                                        .job = {.run = make_page}};
        diagnosis->detailed = http_query_value(http_exchange_request(exchange)->query, "showdebug", debug, sizeof debug) &&
                              text_equal_ignoring_case(debug, "yes");
        if (worker_post(services->server->administration, &diagnosis->job))
            return;
    }
    identity_release(identity);
    http_answer_error(exchange, 503, "the server is busy");
}
