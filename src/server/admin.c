#include "server/admin.h"

#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <time.h>

#include "base/log.h"
#include "base/text.h"
#include "server/admin_api.h"
#include "server/admin_site.h"
#include "server/admin_socket.h"
#include "server/authentication.h"
#include "server/observation.h"

#define RATE_ENTRIES_MAX 1024u
#define TOKEN_KEY_SIZE 32u
#define TOKEN_LIFE_S 43200
#define USER_NAME_SIZE_MAX 16384u

struct admin {
    struct services *services;
    uint32_t group_id; /* of those who may use the socket; ADMIN_NO_GROUP */
    bool listening;
    struct rate_limit *rates; /* keys: user ids */
    uint8_t token_key[TOKEN_KEY_SIZE];
};

/* --- life --- */

bool admin_start(struct services *services, struct admin **ret_admin)
{
    struct admin *admin = calloc(1, sizeof *admin);
    if (!admin || !(admin->rates = rate_limit_new(RATE_ENTRIES_MAX))) {
        log_error("out of memory");
        free(admin);
        return false;
    }
    admin->services = services;
    random_bytes(admin->token_key, sizeof admin->token_key);
    const struct http_route route = {.path = ADMIN_API_PATH, .below = true, .takes_oversized = true, .body_size_max = ADMIN_API_BODY_SIZE_MAX,
                                     .handler = admin_api_handle, .argument = services};
    admin->listening = admin_socket_listen(services->server, &admin->group_id);
    if (!admin->listening || !http_router_add(services->server->router, &route) || !admin_site_add_routes(services)) {
        admin_free(admin);
        return false;
    }
    services->admin = admin;
    *ret_admin = admin;
    return true;
}

void admin_free(struct admin *admin)
{
    if (!admin)
        return;
    if (admin->listening)
        admin_socket_remove(admin->services->server);
    rate_limit_free(admin->rates);
    explicit_bzero(admin->token_key, sizeof admin->token_key);
    free(admin);
}

/* --- refusing --- */

static void refuse(struct services *services, struct http_exchange *exchange, const struct identity *identity, bool json, unsigned status,
                   const char *text)
{
    observe_answer(services, exchange, OBSERVATION_ADMIN, identity, status, 0, text);
    if (!json) {
        http_answer_error(exchange, status, text);
        return;
    }
    json_t *line = json_pack("{s:{s:s, s:n, s:s}}", "error", "category", status == 404 ? "NotFound" : status == 429 ? "Unavailable" : "Denied",
                             "parameter", "message", text);
    char *dumped = line ? json_dumps(line, JSON_COMPACT) : NULL;
    struct buffer body = {0};
    buffer_append_format(&body, "%s\n", dumped ? dumped : "{}");
    free(dumped);
    json_decref(line);
    http_answer_status(exchange, status);
    http_answer_header(exchange, "Content-Type", "application/x-ndjson");
    http_answer_header(exchange, "Cache-Control", "no-store");
    http_answer_take(exchange, &body);
    buffer_free(&body);
}

/* --- from which site --- */

/* Whether 'origin' (scheme://host[:port]) is that of the URL that begins with it. */
static bool origin_is(const char *origin, const char *url)
{
    size_t size = strlen(origin);
    return size && strncasecmp(origin, url, size) == 0 && (url[size] == 0 || url[size] == '/');
}

/* Whether a request that changes something comes from our own pages, or from no browser at all: Origin and Sec-Fetch-Site. */
static bool same_origin(const struct services *services, const struct http_exchange *exchange)
{
    const struct http_request *request = http_exchange_request(exchange);
    const char *origin = http_request_header(request, "Origin"), *site = http_request_header(request, "Sec-Fetch-Site");
    const char *public_url = atomic_load(&services->config)->public_url;
    if (site && strcasecmp(site, "same-origin") != 0 && strcasecmp(site, "none") != 0)
        return false;
    if (!origin)
        return true; /* no browser: those send it with every POST */
    /* On a plain connection a proxy may have ended the TLS of our own https. */
    bool ours = text_has_prefix_ignoring_case(origin, "https://") || (!request->tls && text_has_prefix_ignoring_case(origin, "http://"));
    const char *host = ours ? strchr(origin, '/') + 2 : "";
    return (*request->host && strcasecmp(host, request->host) == 0) || (public_url && origin_is(origin, public_url));
}

/* --- who --- */

struct admission {
    struct services *services;
    bool json;
    admin_accepted *accepted;
    void *argument;
};

static bool too_many(struct admission *admission, struct http_exchange *exchange, const struct identity *identity)
{
    struct services *services = admission->services;
    char key[RATE_LIMIT_KEY_SIZE_MAX];
    uint32_t wait_s = 0;
    guid_format(identity_user(identity)->id, key);
    if (rate_limit_take(services->admin->rates, key, atomic_load(&services->config)->admin_requests_per_user,
                        loop_now_ms(http_exchange_loop(exchange)), &wait_s))
        return false;
    http_answer_status(exchange, 429);
    http_answer_header_format(exchange, "Retry-After", "%u", wait_s);
    refuse(services, exchange, identity, admission->json, 429, "too many requests: come again later");
    return true;
}

static void authenticated(struct http_exchange *exchange, struct identity *identity, void *argument)
{
    struct admission *admission = argument;
    const struct directory_user *user = identity_user(identity);
    if (!user->administrator) {
        log_warning("administration refused: '%s', from %s, is no administrator", user->account, http_exchange_peer(exchange));
        refuse(admission->services, exchange, identity, admission->json, 403, "you are no administrator");
    } else if (!too_many(admission, exchange, identity)) {
        admission->accepted(exchange, identity, 0, admission->argument);
        return;
    }
    identity_release(identity);
}

void admin_authenticate(struct services *services, struct http_exchange *exchange, bool json, admin_accepted *accepted, void *argument)
{
    struct admin_peer peer;
    struct admission *admission = arena_new(http_exchange_arena(exchange), struct admission);
    if (!admission) {
        http_answer_error(exchange, 503, "out of memory");
        return;
    }
    *admission = (struct admission){services, json, accepted, argument};
    if (http_exchange_request(exchange)->method == HTTP_METHOD_POST && !same_origin(services, exchange)) {
        log_warning("administration refused: a request from another site, from %s", http_exchange_peer(exchange));
        refuse(services, exchange, NULL, json, 403, "the request comes from another site");
    } else if (admin_socket_peer(exchange, services->admin->group_id, &peer)) {
        if (peer.allowed)
            accepted(exchange, NULL, peer.user_id, argument);
        else
            refuse(services, exchange, NULL, json, 403, "this user may not administer the server by its socket");
    } else if (!atomic_load(&services->config)->admin_https) {
        refuse(services, exchange, NULL, json, 404, "there is no administration over HTTPS here");
    } else {
        authenticate(services, exchange, ENDPOINT_ADMIN, authenticated, admission);
    }
}

struct operation_actor admin_actor(struct arena *arena, const struct identity *identity, uint32_t local_user, const char *way, const char *address)
{
    struct passwd entry, *found = NULL;
    if (identity)
        return (struct operation_actor){.name = arena_string(arena, identity_user(identity)->address), .way = way, .address = address};
    char *text = arena_reserve(arena, USER_NAME_SIZE_MAX);
    bool known = text && getpwuid_r(local_user, &entry, text, USER_NAME_SIZE_MAX, &found) == 0 && found;
    return (struct operation_actor){.name = known ? entry.pw_name : arena_format(arena, "uid %u", local_user), .way = "local", .address = ""};
}

void admin_log_change(const struct operation_call *call)
{
    if (!(call->operation->flags & OPERATION_CHANGES) || call->what_if)
        return;
    if (call->error == OPERATION_DONE)
        log_info("%s by %s (%s%s%s)", call->operation->name, call->actor->name, call->actor->way, *call->actor->address ? ", " : "",
                 call->actor->address);
    else
        log_info("%s by %s (%s%s%s) failed: %s", call->operation->name, call->actor->name, call->actor->way, *call->actor->address ? ", " : "",
                 call->actor->address, call->error_text);
}

/* --- tokens of forms: '<until, seconds, hex>-<HMAC of until and user>' --- */

static bool token_code(const struct admin *admin, const struct directory_user *user, uint64_t until, char text[65])
{
    uint8_t message[sizeof until + sizeof user->id], code[EVP_MAX_MD_SIZE];
    unsigned size = 0;
    memcpy(message, &until, sizeof until);
    memcpy(message + sizeof until, &user->id, sizeof user->id);
    if (!HMAC(EVP_sha256(), admin->token_key, TOKEN_KEY_SIZE, message, sizeof message, code, &size) || size != 32)
        return false;
    for (unsigned i = 0; i < size; i++)
        snprintf(text + 2 * i, 3, "%02x", code[i]);
    return true;
}

void admin_token_make(const struct admin *admin, const struct directory_user *user, char ret_token[ADMIN_TOKEN_SIZE])
{
    uint64_t until = (uint64_t)time(NULL) + TOKEN_LIFE_S;
    char code[65] = "";
    if (!token_code(admin, user, until, code))
        code[0] = 0; /* a token that is never good */
    snprintf(ret_token, ADMIN_TOKEN_SIZE, "%llx-%s", (unsigned long long)until, code);
}

bool admin_token_valid(const struct admin *admin, const struct directory_user *user, const char *token)
{
    char code[65], *end;
    uint64_t until = strtoull(token, &end, 16), now = (uint64_t)time(NULL);
    return *end == '-' && strlen(end + 1) == 64 && until >= now && until <= now + TOKEN_LIFE_S && token_code(admin, user, until, code) &&
           CRYPTO_memcmp(code, end + 1, 64) == 0;
}
