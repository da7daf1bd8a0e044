#include "base/arena.h"
#include "base/text.h"
#include "client/autodiscover_response.h"
#include "client/error.h"
#include "client/service_record.h"
#include "client/transport.h"
#include <mapihttp/autodiscover.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define REDIRECT_COUNT_MAX 10u /* MS-OXDISCO, practice */
#define STEPS_MAX 64u
#define PATH "/autodiscover/autodiscover.xml"

struct mapihttp_autodiscover {
    struct arena arena;
    struct mapihttp_endpoints endpoints;
    const char *steps[STEPS_MAX];
};

struct search {
    struct mapihttp_autodiscover *found;
    struct transport_settings settings;
    struct transport *transport;
    const char *address;
    uint32_t redirect_count;
    struct mapihttp_error error; /* the most telling failure so far */
};

enum verdict { FOUND, GO_ON, ANOTHER_ADDRESS, GIVE_UP };

/* Which failure to tell when every step failed: the one that is nearest to the goal. */
static unsigned telling(enum mapihttp_status status)
{
    switch (status) {
    case MAPIHTTP_OK: return 0;
    case MAPIHTTP_NETWORK: return 1;
    case MAPIHTTP_HTTP: return 2;
    case MAPIHTTP_TLS: return 3;
    case MAPIHTTP_PROTOCOL: return 4;
    case MAPIHTTP_AUTHENTICATION: return 5;
    default: return 6;
    }
}

static void note(struct search *search, enum mapihttp_status status, uint32_t code, const char *what, const char *url,
                 const char *text)
{
    struct mapihttp_endpoints *endpoints = &search->found->endpoints;
    const char *step = arena_format(&search->found->arena, "%s %s: %s", what, url, text);
    if (step && endpoints->step_count < STEPS_MAX)
        search->found->steps[endpoints->step_count++] = step;
    transport_trace(&search->settings, "Autodiscover %s %s: %s", what, url, text);
    if (telling(status) > telling(search->error.status)) {
        error_set(&search->error, status, code, "Autodiscover for %s: %s: %s", search->address, url, text);
    }
}

static enum transport_outcome ask(struct search *search, const char *method, const char *url, const char *body,
                                  struct transport_response *ret_response)
{
    const char *anchor = arena_format(&search->found->arena, "X-AnchorMailbox: %s", search->address);
    /* X-MapiHttpCapability asks for the mapiHttp block (MS-OXDSCLI 2.2.2.1). */
    const char *const post_headers[] = {"Content-Type: text/xml; charset=utf-8", "Accept: text/xml", "X-MapiHttpCapability: 1",
                                        "User-Agent: mapihttp", "Expect:", anchor, NULL};
    const char *const get_headers[] = {"User-Agent: mapihttp", NULL};
    bool post = *method == 'P';
    struct transport_request request = {.method = method, .url = url, .headers = post ? post_headers : get_headers,
                                        .body = post ? bytes_of_string(body) : BYTES_NONE, .without_credentials = !post};
    enum transport_outcome outcome = TRANSPORT_NOT_SENT;
    for (int attempt = 0; attempt < 3; attempt++) { /* asking is harmless, so a cut connection is simply tried again */
        transport_response_clear(ret_response);
        outcome = client_transport_send(search->transport, &request, ret_response);
        bool cut = outcome == TRANSPORT_ANSWER_LOST || (outcome == TRANSPORT_NOT_SENT && transport_figures(search->transport)->connection_count);
        if (!cut)
            break;
    }
    return outcome;
}

static enum verdict take_settings(struct search *search, const char *url, const struct autodiscover_answer *answer)
{
    struct mapihttp_endpoints *endpoints = &search->found->endpoints;
    if (!answer->mapi_http || !*answer->mailbox_url) {
        note(search, MAPIHTTP_AUTODISCOVER, 0, "POST", url, "the server offers no MAPI over HTTP for this mailbox");
        return GIVE_UP;
    }
    endpoints->display_name = answer->display_name;
    endpoints->user_dn = answer->legacy_dn;
    endpoints->smtp_address = *answer->smtp_address ? answer->smtp_address : arena_string(&search->found->arena, search->address);
    endpoints->mailbox_url = answer->mailbox_url;
    endpoints->address_book_url = answer->address_book_url;
    endpoints->source_url = arena_string(&search->found->arena, url);
    note(search, MAPIHTTP_OK, 0, "POST", url, "settings");
    return endpoints->smtp_address && endpoints->source_url ? FOUND : GIVE_UP;
}

static enum verdict post(struct search *search, const char *url);

static enum verdict follow(struct search *search, const char *from, const char *url)
{
    char text[2200];
    snprintf(text, sizeof text, "redirects to %s", url);
    note(search, MAPIHTTP_OK, 0, "POST", from, text);
    if (++search->redirect_count > REDIRECT_COUNT_MAX) {
        note(search, MAPIHTTP_AUTODISCOVER, 0, "POST", url, "too many redirects");
        return GIVE_UP;
    }
    char host[256];
    transport_url_host(url, host);
    if (strncasecmp(url, "https://", 8) && !transport_host_is_local(host)) {
        note(search, MAPIHTTP_TLS, 0, "POST", url, "not followed, as it is not https");
        return GO_ON;
    }
    return post(search, arena_string(&search->found->arena, url));
}

static enum verdict take_answer(struct search *search, const char *url, struct bytes xml)
{
    struct autodiscover_answer answer;
    const char *failure;
    if (!autodiscover_answer_read(&search->found->arena, xml, &answer, &failure)) {
        note(search, MAPIHTTP_PROTOCOL, 0, "POST", url, failure);
        return GO_ON;
    }
    switch (answer.kind) {
    case AUTODISCOVER_SETTINGS: return take_settings(search, url, &answer);
    case AUTODISCOVER_REDIRECT_URL: return follow(search, url, answer.redirect);
    case AUTODISCOVER_REDIRECT_ADDRESS:
        note(search, MAPIHTTP_OK, 0, "POST", url, "redirects to another address");
        if (++search->redirect_count > REDIRECT_COUNT_MAX) {
            note(search, MAPIHTTP_AUTODISCOVER, 0, "POST", url, "too many redirects");
            return GIVE_UP;
        }
        search->address = answer.redirect;
        return ANOTHER_ADDRESS;
    case AUTODISCOVER_ERROR: break;
    }
    const char *text = arena_format(&search->found->arena, "error %u %s", answer.error_code, answer.error_message);
    note(search, MAPIHTTP_AUTODISCOVER, answer.error_code, "POST", url, text ? text : "error");
    return GO_ON;
}

static enum verdict post(struct search *search, const char *url)
{
    const char *body = url ? autodiscover_request_write(&search->found->arena, search->address) : NULL;
    if (!body)
        return GIVE_UP;
    struct transport_response response = {0};
    enum transport_outcome outcome = ask(search, "POST", url, body, &response);
    enum verdict verdict = GO_ON;
    char text[64];
    snprintf(text, sizeof text, "HTTP status %ld", response.http_status);
    if (outcome == TRANSPORT_CANCELLED) {
        note(search, MAPIHTTP_CANCELLED, 0, "POST", url, "cancelled");
        verdict = GIVE_UP;
    } else if (outcome != TRANSPORT_ANSWERED) {
        note(search, response.failure_status, (uint32_t)response.failure_code, "POST", url, response.failure);
    } else if (response.http_status == 200) {
        verdict = take_answer(search, url, buffer_bytes(&response.content));
    } else if (response.http_status >= 300 && response.http_status < 400 && *response.location) {
        verdict = follow(search, url, response.location);
    } else if (response.http_status == 401 || response.http_status == 403) { /* does not condemn the credentials: go on */
        note(search, MAPIHTTP_AUTHENTICATION, (uint32_t)response.http_status, "POST", url, text);
    } else {
        note(search, MAPIHTTP_HTTP, (uint32_t)response.http_status, "POST", url, text);
    }
    transport_response_clear(&response);
    return verdict;
}

/* MS-OXDISCO 3.1.5.4: an unauthenticated GET over http that may name an https URL. */
static enum verdict ask_redirect(struct search *search, const char *domain)
{
    const char *url = arena_format(&search->found->arena, "http://autodiscover.%s%s", domain, PATH);
    struct transport_response response = {0};
    if (!url)
        return GIVE_UP;
    enum transport_outcome outcome = ask(search, "GET", url, "", &response);
    enum verdict verdict = GO_ON;
    if (outcome != TRANSPORT_ANSWERED)
        note(search, MAPIHTTP_NETWORK, (uint32_t)response.failure_code, "GET", url, response.failure);
    else if (response.http_status >= 300 && response.http_status < 400 && !strncasecmp(response.location, "https://", 8))
        verdict = follow(search, url, response.location);
    else
        note(search, MAPIHTTP_HTTP, (uint32_t)response.http_status, "GET", url, "no redirect to an https URL");
    transport_response_clear(&response);
    return verdict;
}

static enum verdict ask_service_record(struct search *search, const char *domain)
{
    char host[256];
    uint16_t port;
    char name[300];
    snprintf(name, sizeof name, "_autodiscover._tcp.%s", domain);
    if (!service_record_find(name, host, &port)) {
        note(search, MAPIHTTP_NETWORK, 0, "SRV", name, "no such record");
        return GO_ON;
    }
    return post(search, arena_format(&search->found->arena, "https://%s:%u%s", host, port, PATH));
}

static enum verdict search_address(struct search *search, const char *server)
{
    struct arena *arena = &search->found->arena;
    if (server && *server) {
        bool url = !strncasecmp(server, "https://", 8) || !strncasecmp(server, "http://", 7);
        return post(search, arena_format(arena, "%s%s%s", url ? "" : "https://", server, PATH));
    }
    const char *at = strrchr(search->address, '@');
    const char *domain = at ? at + 1 : "";
    if (!*domain || strlen(domain) > 253 || strpbrk(domain, "/:?#@ \\")) {
        error_set(&search->error, MAPIHTTP_INVALID_ARGUMENT, 0, "%s is not an e-mail address", search->address);
        return GIVE_UP;
    }
    enum verdict verdict = post(search, arena_format(arena, "https://%s%s", domain, PATH));
    if (verdict == GO_ON)
        verdict = post(search, arena_format(arena, "https://autodiscover.%s%s", domain, PATH));
    if (verdict == GO_ON)
        verdict = ask_redirect(search, domain);
    if (verdict == GO_ON)
        verdict = ask_service_record(search, domain);
    return verdict;
}

enum mapihttp_status mapihttp_autodiscover(const struct mapihttp_options *options, struct mapihttp_autodiscover **ret_found,
                                           struct mapihttp_error *ret_error)
{
    if (!options->address || !strchr(options->address, '@'))
        return error_set(ret_error, MAPIHTTP_INVALID_ARGUMENT, 0, "'%s' is not an e-mail address",
                         options->address ? options->address : "");
    struct search search = {.found = calloc(1, sizeof *search.found)};
    if (!search.found || !transport_settings_copy(options, &search.settings)) {
        free(search.found);
        return error_set(ret_error, MAPIHTTP_NO_MEMORY, 0, "no memory");
    }
    search.found->endpoints.steps = search.found->steps;
    search.address = arena_string(&search.found->arena, options->address);
    search.transport = transport_new(&search.settings, NULL);
    enum verdict verdict = GIVE_UP;
    if (search.address && search.transport)
        do
            verdict = search_address(&search, options->server);
        while (verdict == ANOTHER_ADDRESS);
    transport_free(search.transport);
    transport_settings_clear(&search.settings);
    if (verdict == FOUND) {
        *ret_found = search.found;
        return MAPIHTTP_OK;
    }
    if (!search.error.status)
        error_set(&search.error, MAPIHTTP_NO_MEMORY, 0, "no memory");
    mapihttp_autodiscover_free(search.found);
    if (ret_error)
        *ret_error = search.error;
    return search.error.status;
}

const struct mapihttp_endpoints *mapihttp_autodiscover_endpoints(const struct mapihttp_autodiscover *found)
{
    return &found->endpoints;
}

void mapihttp_autodiscover_free(struct mapihttp_autodiscover *found)
{
    if (!found)
        return;
    arena_free(&found->arena);
    free(found);
}
