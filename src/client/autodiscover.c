#include "base/arena.h"
#include "base/text.h"
#include "client/autodiscover_response.h"
#include "client/autodiscover_trust.h"
#include "client/dns_lookup.h"
#include "client/error.h"
#include "client/transport.h"
#include <mapihttp/autodiscover.h>
#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define REDIRECT_COUNT_MAX 10u /* MS-OXDISCO, practice */
#define STEPS_MAX 64u
#define VISITS_MAX 64u
#define PATH "/autodiscover/autodiscover.xml"
#define JSON_PATH "/autodiscover/autodiscover.json"

struct mapihttp_autodiscover {
    struct arena arena;
    struct mapihttp_endpoints endpoints;
    const char *steps[STEPS_MAX];
};

struct search {
    const struct mapihttp_options *options;
    struct mapihttp_autodiscover *found;
    struct transport_settings settings;
    struct transport *transport;
    struct autodiscover_trust trust;
    const char *address;
    bool server_given;     /* that one is asked alone */
    bool has_settings;
    uint32_t redirect_count;
    uint32_t step_count;
    const char *visits[VISITS_MAX]; /* 'address URL' of each POST, to notice circles */
    uint32_t visit_count;
    struct mapihttp_error error; /* the most telling failure so far */
};

enum verdict { FOUND, GO_ON, ANOTHER_ADDRESS, GIVE_UP };

/* Something to try: how one came to it, and what it is. */
struct visit {
    const char *way;
    const char *method;
    const char *url;
    const char *found_at;
};

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

/* --- telling what happened --- */

static void tell(struct search *search, const struct visit *visit, const struct transport_response *response, bool tried,
                 enum mapihttp_status status, const char *text)
{
    const struct mapihttp_options *options = search->options;
    search->step_count++;
    if (!options->discovery_step)
        return;
    bool asked = response && *visit->method == 'P' && response->http_status;
    struct mapihttp_autodiscover_step step = {
        .number = search->step_count, .way = visit->way, .method = visit->method, .url = visit->url,
        .found_at = visit->found_at ? visit->found_at : "", .tried = tried, .status = status,
        .settings = tried && status == MAPIHTTP_OK && !strncmp(text, "settings", 8),
        .http_status = response ? (uint32_t)response->http_status : 0,
        .authentication = asked && !options->discover_without_credentials ? transport_figures(search->transport)->authentication : "Anonymous",
        .offered = response ? response->offered : "", .verdict = text, .elapsed_ms = response ? response->elapsed_ms : 0};
    options->discovery_step(options->discovery_data, &step);
}

static void note(struct search *search, const struct visit *visit, const struct transport_response *response,
                 enum mapihttp_status status, uint32_t code, const char *text)
{
    struct mapihttp_endpoints *endpoints = &search->found->endpoints;
    const char *step = arena_format(&search->found->arena, "%s %s: %s", visit->method, visit->url, text);
    if (step && endpoints->step_count < STEPS_MAX)
        search->found->steps[endpoints->step_count++] = step;
    transport_trace(&search->settings, "Autodiscover %s %s: %s", visit->method, visit->url, text);
    if (telling(status) > telling(search->error.status))
        error_set(&search->error, status, code, "Autodiscover for %s: %s: %s", search->address, visit->url, text);
    tell(search, visit, response, true, status, text);
}

static void leave_out(struct search *search, const char *way, const char *why)
{
    struct visit visit = {.way = way, .method = "", .url = ""};
    tell(search, &visit, NULL, false, MAPIHTTP_OK, why);
}

/* --- asking --- */

static enum transport_outcome ask(struct search *search, const struct visit *visit, const char *body,
                                  struct transport_response *ret_response)
{
    const char *anchor = arena_format(&search->found->arena, "X-AnchorMailbox: %s", search->address);
    /* X-MapiHttpCapability asks for the mapiHttp block (MS-OXDSCLI 2.2.2.1). */
    const char *capability = search->options->mapi_http_disabled ? NULL : "X-MapiHttpCapability: 1";
    const char *const post_headers[] = {"Content-Type: text/xml; charset=utf-8", "Accept: text/xml", "X-ClientCanHandle: Negotiate, ExHttpInfo",
                                        "User-Agent: mapihttp", "Expect:", anchor, capability, NULL};
    const char *const get_headers[] = {"User-Agent: mapihttp", NULL};
    bool post = *visit->method == 'P';
    struct transport_request request = {.method = visit->method, .url = visit->url, .headers = post ? post_headers : get_headers,
                                        .body = post ? bytes_of_string(body) : BYTES_NONE,
                                        .without_credentials = !post || search->options->discover_without_credentials};
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

/* What a host says that was asked by https, and whose certificate was right. */
static enum autodiscover_origin origin_of(const struct search *search, const char *url)
{
    return !strncasecmp(url, "https://", 8) && !search->settings.insecure ? ORIGIN_VERIFIED : ORIGIN_UNVERIFIED;
}

static bool is_redirect(const struct transport_response *response)
{
    long status = response->http_status;
    return (status == 301 || status == 302 || status == 303 || status == 307 || status == 308) && *response->location;
}

static bool too_many_redirects(struct search *search, const struct visit *visit)
{
    if (++search->redirect_count <= REDIRECT_COUNT_MAX)
        return false;
    note(search, visit, NULL, MAPIHTTP_AUTODISCOVER, 0, "too many redirects");
    return true;
}

/* Whether this address was asked for there already: then the way goes in circles. */
static bool visited(struct search *search, const struct visit *visit)
{
    const char *key = arena_format(&search->found->arena, "%s %s", search->address, visit->url);
    for (uint32_t i = 0; key && i < search->visit_count; i++)
        if (text_equal_ignoring_case(search->visits[i], key))
            return true;
    if (!key || search->visit_count == VISITS_MAX)
        return true;
    search->visits[search->visit_count++] = key;
    return false;
}

/* --- answers --- */

static enum verdict take_settings(struct search *search, const struct visit *visit, const struct transport_response *response,
                                  const struct autodiscover_answer *answer)
{
    struct mapihttp_endpoints *endpoints = &search->found->endpoints;
    struct arena *arena = &search->found->arena;
    char host[256];
    if (!answer->mapi_http || !*answer->mailbox_url) {
        const char *text = arena_format(arena, "the server offers no MAPI over HTTP for this mailbox%s%s",
                                        *answer->blocks ? ", but " : "", answer->blocks);
        note(search, visit, response, MAPIHTTP_AUTODISCOVER, 0, text ? text : "no MAPI over HTTP");
        return search->options->discover_all ? GO_ON : GIVE_UP;
    }
    transport_url_host(answer->mailbox_url, host);
    if (strncasecmp(answer->mailbox_url, "https://", 8) && !(search->server_given && transport_host_is_local(host))) {
        note(search, visit, response, MAPIHTTP_TLS, 0, "the mailbox's address is not https");
        return GO_ON;
    }
    if (!search->has_settings) {
        endpoints->display_name = answer->display_name;
        endpoints->user_dn = answer->legacy_dn;
        endpoints->smtp_address = *answer->smtp_address ? answer->smtp_address : arena_string(arena, search->address);
        endpoints->mailbox_url = answer->mailbox_url;
        endpoints->address_book_url = answer->address_book_url;
        endpoints->offline_address_book_url = answer->offline_address_book_url;
        endpoints->source_url = arena_string(arena, visit->url);
        search->has_settings = endpoints->smtp_address && endpoints->source_url;
    }
    const char *told = arena_format(arena, "settings: %s; %s", answer->blocks, answer->mailbox_url);
    note(search, visit, response, MAPIHTTP_OK, 0, search->options->discovery_step && told ? told : "settings");
    return search->has_settings ? FOUND : GIVE_UP;
}

static enum verdict post(struct search *search, const struct visit *visit);

static enum verdict follow(struct search *search, const struct visit *from, const struct transport_response *response,
                           const char *url, enum autodiscover_origin origin)
{
    struct arena *arena = &search->found->arena;
    struct visit visit = {.way = "redirect", .method = "POST", .url = arena_string(arena, url), .found_at = from->url};
    const char *text = arena_format(arena, "redirects to %s", url), *reason;
    if (!visit.url || !text)
        return GIVE_UP;
    note(search, from, response, MAPIHTTP_OK, 0, text);
    if (too_many_redirects(search, &visit))
        return GIVE_UP;
    if (!autodiscover_trust_admits(&search->trust, visit.url, from->url, origin, &reason)) {
        note(search, &visit, NULL, MAPIHTTP_TLS, 0, reason);
        return GO_ON;
    }
    return post(search, &visit);
}

static const char *domain_of(const char *address)
{
    const char *at = strrchr(address, '@');
    const char *domain = at ? at + 1 : "";
    return *domain && strlen(domain) <= 253 && !strpbrk(domain, "/:?#@ \\") ? domain : NULL;
}

/* The search begins again with the other address: with another domain, whose hosts the user's credentials would go to, only
 * with consent. */
static enum verdict follow_address(struct search *search, const struct visit *from, const struct transport_response *response,
                                   const char *address)
{
    struct arena *arena = &search->found->arena;
    const char *domain = domain_of(address), *reason;
    const char *text = arena_format(arena, "redirects to the address %s", address);
    const char *url = domain ? arena_format(arena, "https://%s%s", domain, PATH) : NULL;
    struct visit visit = {.way = "redirect", .method = "POST", .url = url ? url : address, .found_at = from->url};
    note(search, from, response, MAPIHTTP_OK, 0, text ? text : "redirects to another address");
    if (too_many_redirects(search, &visit))
        return GIVE_UP;
    if (!url) {
        note(search, &visit, NULL, MAPIHTTP_PROTOCOL, 0, "a redirect to what is no address");
        return GO_ON;
    }
    if (!search->server_given && !autodiscover_trust_admits(&search->trust, url, from->url, origin_of(search, from->url), &reason)) {
        note(search, &visit, NULL, MAPIHTTP_TLS, 0, reason);
        return GO_ON;
    }
    search->address = address;
    return ANOTHER_ADDRESS;
}

static enum verdict take_answer(struct search *search, const struct visit *visit, const struct transport_response *response)
{
    struct autodiscover_answer answer;
    const char *failure;
    if (!autodiscover_answer_read(&search->found->arena, buffer_bytes(&response->content), &answer, &failure)) {
        note(search, visit, response, MAPIHTTP_PROTOCOL, 0, failure);
        return GO_ON;
    }
    switch (answer.kind) {
    case AUTODISCOVER_SETTINGS: return take_settings(search, visit, response, &answer);
    case AUTODISCOVER_REDIRECT_URL: return follow(search, visit, response, answer.redirect, origin_of(search, visit->url));
    case AUTODISCOVER_REDIRECT_ADDRESS: return follow_address(search, visit, response, answer.redirect);
    case AUTODISCOVER_ERROR: break;
    }
    const char *text = arena_format(&search->found->arena, "error %u %s", answer.error_code, answer.error_message);
    note(search, visit, response, MAPIHTTP_AUTODISCOVER, answer.error_code, text ? text : "error");
    return GO_ON;
}

static enum verdict judge(struct search *search, const struct visit *visit, enum transport_outcome outcome,
                          const struct transport_response *response)
{
    char text[160];
    long status = response->http_status;
    snprintf(text, sizeof text, "HTTP status %ld%s%s", status, *response->offered ? ", asks for a log-on by " : "", response->offered);
    if (outcome == TRANSPORT_CANCELLED) {
        note(search, visit, response, MAPIHTTP_NETWORK, TRANSPORT_OUT_OF_TIME, "no answer within the time limit");
        return GIVE_UP;
    }
    if (outcome != TRANSPORT_ANSWERED)
        note(search, visit, response, response->failure_status, (uint32_t)response->failure_code, response->failure);
    else if (status == 200)
        return take_answer(search, visit, response);
    else if (is_redirect(response))
        return follow(search, visit, response, response->location, origin_of(search, visit->url));
    else if (status == 401 || status == 403) /* does not condemn the credentials: go on */
        note(search, visit, response, MAPIHTTP_AUTHENTICATION, (uint32_t)status, text);
    else
        note(search, visit, response, MAPIHTTP_HTTP, (uint32_t)status, text);
    return GO_ON;
}

/* To a host that may have the credentials. */
static enum verdict post(struct search *search, const struct visit *visit)
{
    const char *body = visit->url ? autodiscover_request_write(&search->found->arena, search->address) : NULL;
    if (!body)
        return GIVE_UP;
    if (visited(search, visit)) {
        note(search, visit, NULL, MAPIHTTP_AUTODISCOVER, 0, "goes in circles: this was asked before");
        return GO_ON;
    }
    struct transport_response response = {0};
    enum transport_outcome outcome = ask(search, visit, body, &response);
    enum verdict verdict = judge(search, visit, outcome, &response);
    transport_response_clear(&response);
    return verdict;
}

/* --- the ways --- */

static enum verdict post_to(struct search *search, const char *way, const char *url)
{
    struct visit visit = {.way = way, .method = "POST", .url = url};
    return post(search, &visit);
}

/* MS-OXDISCO 3.1.5.4: an unauthenticated GET over http that may name an https URL. */
static enum verdict ask_redirect(struct search *search, const char *domain)
{
    struct visit visit = {.way = "http redirect", .method = "GET",
                          .url = arena_format(&search->found->arena, "http://autodiscover.%s%s", domain, PATH)};
    struct transport_response response = {0};
    if (!visit.url)
        return GIVE_UP;
    enum transport_outcome outcome = ask(search, &visit, "", &response);
    enum verdict verdict = GO_ON;
    if (outcome != TRANSPORT_ANSWERED)
        note(search, &visit, &response, MAPIHTTP_NETWORK, (uint32_t)response.failure_code, response.failure);
    else if (is_redirect(&response) && !strncasecmp(response.location, "https://", 8))
        verdict = follow(search, &visit, &response, response.location, ORIGIN_UNVERIFIED);
    else
        note(search, &visit, &response, MAPIHTTP_HTTP, (uint32_t)response.http_status, "no redirect to an https URL");
    transport_response_clear(&response);
    return verdict;
}

/* As DNS answers (the lowest priority wins, RFC 2782; '.' says that there is none), or as the options say that it would. */
static bool find_service_record(const struct search *search, const char *name, char host[DNS_NAME_SIZE], uint16_t *port)
{
    const char *given = transport_resolve(&search->settings, name);
    struct dns_resolver resolver;
    struct dns_answer answer = {0};
    unsigned number = 443;
    if (given) {
        if (sscanf(given, "%255[^:]:%u", host, &number) < 1)
            return false;
        *port = (uint16_t)number;
        return true;
    }
    if (!dns_resolver_open(&resolver, NULL))
        return false;
    bool found = dns_ask(&resolver, name, DNS_SRV, &answer) == DNS_FOUND && *answer.records[0].text;
    dns_resolver_close(&resolver);
    if (found) {
        snprintf(host, DNS_NAME_SIZE, "%s", answer.records[0].text);
        *port = answer.records[0].port;
    }
    return found;
}

static enum verdict ask_service_record(struct search *search, const char *domain)
{
    struct arena *arena = &search->found->arena;
    char host[DNS_NAME_SIZE];
    uint16_t port;
    struct visit visit = {.way = "service record", .method = "SRV", .url = arena_format(arena, "_autodiscover._tcp.%s", domain)};
    if (!visit.url)
        return GIVE_UP;
    if (!find_service_record(search, visit.url, host, &port)) {
        note(search, &visit, NULL, MAPIHTTP_NETWORK, 0, "no such record");
        return GO_ON;
    }
    const char *url = port == 443 ? arena_format(arena, "https://%s%s", host, PATH) : arena_format(arena, "https://%s:%u%s", host, port, PATH);
    return url ? follow(search, &visit, NULL, url, ORIGIN_UNVERIFIED) : GIVE_UP;
}

static const char *percent_encoded(struct arena *arena, const char *text)
{
    struct buffer encoded = {0};
    for (; *text; text++) {
        if (isalnum((unsigned char)*text) || strchr("-._~@", *text))
            buffer_append_u8(&encoded, (uint8_t)*text);
        else
            buffer_append_format(&encoded, "%%%02X", (unsigned)(unsigned char)*text);
    }
    const char *copy = encoded.failed ? NULL : arena_string_of(arena, buffer_bytes(&encoded));
    buffer_free(&encoded);
    return copy;
}

/* Version 2, without log-on: it names the URL of the POX service. */
static enum verdict ask_json(struct search *search, const char *base)
{
    struct arena *arena = &search->found->arena;
    const char *address = percent_encoded(arena, search->address);
    struct visit visit = {.way = "json", .method = "GET"};
    struct transport_response response = {0};
    visit.url = address ? arena_format(arena, "%s" JSON_PATH "?Email=%s&Protocol=AutodiscoverV1", base, address) : NULL;
    if (!visit.url)
        return GIVE_UP;
    enum transport_outcome outcome = ask(search, &visit, "", &response);
    const char *url = response.http_status == 200 ? autodiscover_json_url(arena, buffer_bytes(&response.content)) : NULL;
    enum verdict verdict = GO_ON;
    if (outcome != TRANSPORT_ANSWERED)
        note(search, &visit, &response, response.failure_status, (uint32_t)response.failure_code, response.failure);
    else if (url)
        verdict = follow(search, &visit, &response, url, origin_of(search, visit.url));
    else
        note(search, &visit, &response, MAPIHTTP_HTTP, (uint32_t)response.http_status, "no answer of Autodiscover version 2");
    transport_response_clear(&response);
    return verdict;
}

static bool over(const struct search *search, enum verdict verdict)
{
    return verdict == GIVE_UP || verdict == ANOTHER_ADDRESS || (verdict == FOUND && !search->options->discover_all);
}

static enum verdict search_server(struct search *search, const char *server)
{
    bool url = !strncasecmp(server, "https://", 8) || !strncasecmp(server, "http://", 7);
    const char *base = arena_format(&search->found->arena, "%s%s", url ? "" : "https://", server);
    char host[256];
    if (!base)
        return GIVE_UP;
    transport_url_host(base, host);
    if (strncasecmp(base, "https://", 8) && !transport_host_is_local(host)) {
        struct visit visit = {.way = "server", .method = "POST", .url = base};
        note(search, &visit, NULL, MAPIHTTP_TLS, 0, "not asked, as it is not https");
        return GIVE_UP;
    }
    autodiscover_trust_host(&search->trust, host);
    return post_to(search, "server", arena_format(&search->found->arena, "%s%s", base, PATH));
}

static enum verdict search_domain(struct search *search, const char *domain)
{
    struct arena *arena = &search->found->arena;
    const char *domain_base = arena_format(arena, "https://%s", domain), *host_base = arena_format(arena, "https://autodiscover.%s", domain);
    if (!domain_base || !host_base)
        return GIVE_UP;
    leave_out(search, "active directory", "only members of a Windows domain can look there (serviceConnectionPoint)");
    enum verdict verdict = post_to(search, "domain", arena_format(arena, "%s" PATH, domain_base));
    if (!over(search, verdict))
        verdict = post_to(search, "autodiscover host", arena_format(arena, "%s" PATH, host_base));
    if (!over(search, verdict))
        verdict = ask_redirect(search, domain);
    if (!over(search, verdict))
        verdict = ask_service_record(search, domain);
    if (!over(search, verdict))
        verdict = ask_json(search, domain_base);
    if (!over(search, verdict))
        verdict = ask_json(search, host_base);
    if (!over(search, verdict)) {
        leave_out(search, "local file", "only where an administrator has put one beside Outlook");
        leave_out(search, "cache", "this program keeps none");
    }
    return verdict;
}

static enum verdict search_address(struct search *search)
{
    const char *domain = domain_of(search->address);
    if (!domain) {
        error_set(&search->error, MAPIHTTP_INVALID_ARGUMENT, 0, "%s is not an e-mail address", search->address);
        return GIVE_UP;
    }
    autodiscover_trust_domain(&search->trust, domain);
    return search->server_given ? search_server(search, search->options->server) : search_domain(search, domain);
}

enum mapihttp_status mapihttp_autodiscover(const struct mapihttp_options *options, struct mapihttp_autodiscover **ret_found,
                                           struct mapihttp_error *ret_error)
{
    if (!options->address || !strchr(options->address, '@'))
        return error_set(ret_error, MAPIHTTP_INVALID_ARGUMENT, 0, "'%s' is not an e-mail address",
                         options->address ? options->address : "");
    struct search search = {.options = options, .found = calloc(1, sizeof *search.found),
                            .server_given = options->server && *options->server};
    if (!search.found || !transport_settings_copy(options, &search.settings)) {
        free(search.found);
        return error_set(ret_error, MAPIHTTP_NO_MEMORY, 0, "no memory");
    }
    search.found->endpoints.steps = search.found->steps;
    search.trust = (struct autodiscover_trust){.options = options, .arena = &search.found->arena};
    search.address = arena_string(&search.found->arena, options->address);
    search.transport = transport_new(&search.settings, NULL);
    if (search.address && search.transport)
        while (search_address(&search) == ANOTHER_ADDRESS && !search.has_settings)
            ;
    transport_free(search.transport);
    transport_settings_clear(&search.settings);
    if (search.has_settings) {
        *ret_found = search.found;
        return MAPIHTTP_OK;
    }
    if (!search.error.status)
        error_set(&search.error, MAPIHTTP_NO_MEMORY, 0, "no memory");
    mapihttp_autodiscover_free(search.found);
    if (options->mapi_http_disabled)
        error_set(&search.error, search.error.status, search.error.code, "%.400s (MapiHttpDisabled is set in this client)", search.error.text);
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
