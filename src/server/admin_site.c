#include "server/admin_site.h"

#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "base/text.h"
#include "http/mapi_answer.h"
#include "server/admin.h"
#include "server/admin_site_view.h"
#include "server/embedded_file.h"
#include "server/form.h"
#include "server/observation.h"

#define PREFIX "/admin"
#define PREFIX_SIZE (sizeof PREFIX - 1)
#define STATIC_PREFIX PREFIX "/static/"
#define BODY_SIZE_MAX 65536u

/* A page that was asked for, from the log-on to the answer. */
struct site_request {
    struct services *services;
    struct http_exchange *exchange;
    struct identity *identity;
    struct worker_job job;
};

/* --- headers --- */

/* Nothing from elsewhere, nothing inline, no frames around it, forms to this server only. */
static void answer_security_headers(struct http_exchange *exchange)
{
    http_answer_header(exchange, "Content-Security-Policy",
                       "default-src 'none'; style-src 'self'; script-src 'self'; img-src 'self'; connect-src 'self'; "
                       "form-action 'self'; base-uri 'none'; frame-ancestors 'none'");
    http_answer_header(exchange, "X-Content-Type-Options", "nosniff");
    http_answer_header(exchange, "X-Frame-Options", "DENY");
    http_answer_header(exchange, "Referrer-Policy", "same-origin"); /* 'no-referrer' would take the Origin from forms as well */
    http_answer_header(exchange, "Cross-Origin-Opener-Policy", "same-origin");
    http_answer_header(exchange, "Cross-Origin-Resource-Policy", "same-origin");
    http_answer_header(exchange, "Permissions-Policy", "camera=(), geolocation=(), microphone=()");
    http_answer_header(exchange, "X-ServerApplication", MAPI_SERVER_APPLICATION);
}

/* --- files --- */

static void answer_file(struct http_exchange *exchange, const struct embedded_file *file)
{
    const char *known = http_request_header(http_exchange_request(exchange), "If-None-Match");
    bool unchanged = known && strcmp(known, file->entity_tag) == 0;
    http_answer_status(exchange, unchanged ? 304 : 200);
    answer_security_headers(exchange);
    http_answer_header(exchange, "Content-Type", file->media_type);
    http_answer_header(exchange, "ETag", file->entity_tag);
    http_answer_header(exchange, "Cache-Control", "public, max-age=31536000, immutable"); /* its address has its version */
    http_answer_whole(exchange, unchanged ? BYTES_NONE : bytes_of(file->data, file->size));
}

/* --- the frame around a page --- */

static void append_file_address(struct buffer *page, const char *name)
{
    const struct embedded_file *file = embedded_file_find(admin_site_files, name);
    html(page, STATIC_PREFIX "%s?v=%s", name, file ? file->version : "");
}

static void append_head(struct buffer *page, const struct site_view *view)
{
    html(page, "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n<meta name=\"viewport\" content=\"width=device-width, "
               "initial-scale=1\">\n<meta name=\"color-scheme\" content=\"light dark\">\n<title>%s \xC2\xB7 mapihttp on %s</title>\n",
         view->page->title, view->services->host_name);
    buffer_append_string(page, "<link rel=\"icon\" href=\"");
    append_file_address(page, "icon.svg");
    buffer_append_string(page, "\">\n<link rel=\"stylesheet\" href=\"");
    append_file_address(page, "site.css");
    buffer_append_string(page, "\">\n<script defer src=\"");
    append_file_address(page, "chart.min.js");
    buffer_append_string(page, "\"></script>\n<script defer src=\"");
    append_file_address(page, "site.js");
    buffer_append_string(page, "\"></script>\n</head>\n");
}

static void append_navigation(struct buffer *page, const struct site_view *view)
{
    buffer_append_string(page, "<nav id=\"menu\" class=\"menu\" aria-label=\"Administration\" popover>\n");
    for (const struct site_page *row = site_pages; row->path; row++) {
        if (row->group)
            html(page, row == site_pages ? "<p id=\"group-%s\">%s</p>\n<ul aria-labelledby=\"group-%s\">\n"
                                         : "</ul>\n<p id=\"group-%s\">%s</p>\n<ul aria-labelledby=\"group-%s\">\n", row->group, row->group, row->group);
        html(page, row == view->page ? "<li><a aria-current=\"page\" href=\"" PREFIX "/%s\">%s</a></li>\n"
                                     : "<li><a href=\"" PREFIX "/%s\">%s</a></li>\n", row->path, row->title);
    }
    buffer_append_string(page, "</ul>\n</nav>\n");
}

static void append_page(struct buffer *page, const struct site_view *view)
{
    append_head(page, view);
    html(page, "<body>\n<a class=\"skip\" href=\"#main\">Skip to the content</a>\n<header>\n<a class=\"name\" href=\"" PREFIX "/\">mapihttp</a>\n"
               "<span class=\"server\">%s</span>\n<button type=\"button\" class=\"open-menu\" popovertarget=\"menu\">Menu</button>\n</header>\n",
         view->services->host_name);
    append_navigation(page, view);
    html(page, "<main id=\"main\" tabindex=\"-1\">\n<h1>%s</h1>\n", view->page->title);
    if (site_query(view, "done"))
        buffer_append_string(page, "<div class=\"notice good\" role=\"status\"><p><strong>Done.</strong> What you changed is in force.</p></div>\n");
    buffer_append(page, view->main.data, view->main.size);
    html(page, "</main>\n<footer><p>mapihttp \xC2\xB7 to Outlook it is " MAPI_SERVER_APPLICATION " \xC2\xB7 you are logged on as %s</p></footer>\n</body>\n</html>\n", view->actor.name);
    if (view->main.failed)
        page->failed = true;
}

/* --- answers --- */

static void answer_page(struct http_exchange *exchange, struct site_view *view)
{
    struct buffer page = {0};
    append_page(&page, view);
    if (page.failed) {
        buffer_free(&page);
        http_answer_error(exchange, 503, "out of memory");
        return;
    }
    http_answer_status(exchange, view->status);
    answer_security_headers(exchange);
    http_answer_header(exchange, "Content-Type", "text/html; charset=utf-8");
    http_answer_header(exchange, "Cache-Control", "no-store");
    http_answer_take(exchange, &page);
    buffer_free(&page);
}

static void answer_csv(struct http_exchange *exchange, struct site_view *view)
{
    if (!view->csv_found || view->csv.failed) {
        http_answer_error(exchange, view->csv_found ? 503 : 404, view->csv_found ? "out of memory" : "this page has no such table");
        return;
    }
    http_answer_status(exchange, view->status);
    answer_security_headers(exchange);
    http_answer_header(exchange, "Content-Type", "text/csv; charset=utf-8; header=present");
    http_answer_header_format(exchange, "Content-Disposition", "attachment; filename=\"%s.csv\"", view->csv_table);
    http_answer_header(exchange, "Cache-Control", "no-store");
    http_answer_take(exchange, &view->csv);
}

static void answer_view(struct http_exchange *exchange, struct site_view *view)
{
    if (view->redirect) {
        http_answer_status(exchange, 303);
        answer_security_headers(exchange);
        http_answer_header(exchange, "Location", view->redirect);
        http_answer_header(exchange, "Cache-Control", "no-store");
        http_answer_whole(exchange, BYTES_NONE);
    } else if (view->csv_table) {
        answer_csv(exchange, view);
    } else {
        answer_page(exchange, view);
    }
}

/* --- a page being made --- */

/* The page of a path without '/admin/'; 'connections.csv' is a table of 'connections'. NULL where there is none. */
static const struct site_page *find_page(const char *path, bool *ret_csv)
{
    size_t size = strlen(path);
    *ret_csv = size > 4 && text_equal_ignoring_case(path + size - 4, ".csv");
    size -= *ret_csv ? 4 : 0;
    if (*ret_csv && size == 8 && strncasecmp(path, "overview", size) == 0)
        size = 0;
    while (size && path[size - 1] == '/')
        size--;
    for (const struct site_page *row = site_pages; row->path; row++)
        if (strlen(row->path) == size && strncasecmp(row->path, path, size) == 0)
            return row;
    return NULL;
}

static void fill_view(struct site_view *view, struct site_request *asked)
{
    const struct http_request *request = http_exchange_request(asked->exchange);
    const struct directory_user *user = identity_user(asked->identity);
    char *token = arena_allocate(view->arena, ADMIN_TOKEN_SIZE);
    if (token)
        admin_token_make(asked->services->admin, user, token);
    view->services = asked->services;
    view->host = &asked->services->operations;
    view->actor = admin_actor(view->arena, asked->identity, 0, "page", http_exchange_peer(asked->exchange));
    view->token = token ? token : "";
    view->query = form_read(bytes_of_string(request->query));
    view->status = 200;
    if (request->method == HTTP_METHOD_POST)
        view->form = form_read(request->body);
}

static void clear_view(struct site_view *view)
{
    for (unsigned i = 0; i < view->result_count; i++)
        json_decref(view->results[i]);
    json_decref(view->query);
    json_decref(view->form);
    buffer_free(&view->main);
    buffer_free(&view->csv);
}

static void make(struct site_view *view, bool post)
{
    if (post)
        site_submit(view);
    if (!view->redirect)
        view->page->show(view);
}

static void finish(struct site_request *asked, unsigned status, uint64_t size)
{
    observe_answer(asked->services, asked->exchange, OBSERVATION_ADMIN, asked->identity, status, size, "");
    identity_release(asked->identity);
}

static void refuse(struct site_request *asked, unsigned status, const char *text)
{
    struct http_exchange *exchange = asked->exchange;
    finish(asked, status, 0);
    answer_security_headers(exchange);
    http_answer_error(exchange, status, text);
}

/* What stands in the way of a POST; NULL for nothing. */
static const char *post_refusal(const struct site_request *asked, const json_t *form)
{
    const struct http_request *request = http_exchange_request(asked->exchange);
    const char *type = http_request_header(request, "Content-Type");
    const char *token = form_value(form, "token");
    if (!type || !text_has_prefix_ignoring_case(type, "application/x-www-form-urlencoded"))
        return "a form is wanted: application/x-www-form-urlencoded";
    if (!token || !admin_token_valid(asked->services->admin, identity_user(asked->identity), token))
        return "the form is too old (the server was started again), or not one of ours: open the page again";
    return NULL;
}

/* On a thread of the pool for what blocks. */
static void make_page(struct worker_job *job)
{
    struct site_request *asked = container_of(job, struct site_request, job);
    const struct http_request *request = http_exchange_request(asked->exchange);
    bool csv, post = request->method == HTTP_METHOD_POST;
    struct site_view view = {.arena = http_exchange_arena(asked->exchange)};
    const char *path = request->path + PREFIX_SIZE;
    view.page = find_page(*path == '/' ? path + 1 : path, &csv);
    fill_view(&view, asked);
    const char *refusal = post && view.form ? post_refusal(asked, view.form) : NULL;
    const char *table = form_value(view.query, "table");
    if (!view.page) {
        refuse(asked, 404, "there is no such page; the first one is at " PREFIX "/");
    } else if (!view.query || (post && !view.form)) {
        refuse(asked, 400, "the address or the form is malformed");
    } else if (refusal) {
        log_warning("form from %s of %s refused: %s", view.actor.address, view.actor.name, refusal);
        refuse(asked, 403, refusal);
    } else {
        struct http_exchange *exchange = asked->exchange;
        view.csv_table = csv && !post ? table ? table : "" : NULL;
        make(&view, post);
        finish(asked, view.redirect ? 303 : view.status, view.main.size + view.csv.size);
        answer_view(exchange, &view);
    }
    clear_view(&view);
}

/* --- arriving --- */

static void accepted(struct http_exchange *exchange, struct identity *identity, uint32_t local_user, void *argument)
{
    struct services *services = argument;
    struct site_request *asked = arena_new(http_exchange_arena(exchange), struct site_request);
    if (!asked || !identity) {
        identity_release(identity);
        http_answer_error(exchange, asked ? 403 : 503, asked ? "the pages are for people who log on; the socket has the API" : "out of memory");
        return;
    }
    *asked = (struct site_request){.services = services, .exchange = exchange, .identity = identity, .job = {.run = make_page}};
    if (!worker_post(services->server->administration, &asked->job)) {
        http_answer_header(exchange, "Retry-After", "5");
        refuse(asked, 503, "too many operations at once");
    }
}

static void handle(struct http_exchange *exchange, void *argument)
{
    struct services *services = argument;
    const struct http_request *request = http_exchange_request(exchange);
    bool reads = request->method == HTTP_METHOD_GET || request->method == HTTP_METHOD_HEAD;
    if (!reads && request->method != HTTP_METHOD_POST) {
        http_answer_status(exchange, 405);
        http_answer_header(exchange, "Allow", "GET, HEAD, POST");
        http_answer_error(exchange, 405, "the administration's pages are read with GET, forms are sent with POST");
    } else if (reads && text_has_prefix_ignoring_case(request->path, STATIC_PREFIX)) {
        bool there = atomic_load(&services->config)->admin_https;
        const struct embedded_file *file = there ? embedded_file_find(admin_site_files, request->path + sizeof STATIC_PREFIX - 1) : NULL;
        if (file)
            answer_file(exchange, file);
        else
            http_answer_error(exchange, 404, "there is no such file");
    } else if (atomic_load(&services->draining)) {
        http_answer_error(exchange, 503, "shutting down");
    } else {
        admin_authenticate(services, exchange, false, accepted, services);
    }
}

bool admin_site_add_routes(struct services *services)
{
    const struct http_route route = {.path = PREFIX, .below = true, .body_size_max = BODY_SIZE_MAX, .handler = handle, .argument = services};
    if (http_router_add(services->server->router, &route))
        return true;
    log_error("no memory for the route %s", route.path);
    return false;
}
