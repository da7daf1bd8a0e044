#include "client/address_book.h"
#include "base/text.h"
#include "client/error.h"
#include "protocol/body_definition.h"
#include "protocol/error_code.h"
#include "wire/wire.h"
#include <mapihttp/autodiscover.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define CLOSING_TIMEOUT_MS 5000u
#define MAILBOX_PATH "/emsmdb"
#define ADDRESS_BOOK_PATH "/nspi"

enum mapihttp_status address_book_fail(struct mapihttp_address_book *book, enum mapihttp_status status, uint32_t code,
                                       const char *what, struct mapihttp_error *ret_error)
{
    char host[256];
    const char *name = code ? error_code_name(code) : NULL;
    transport_url_host(book->context.url, host);
    if (!code)
        return error_set(ret_error, status, 0, "%s: %s", host, what);
    return error_set(ret_error, status, code, "%s: %s: error 0x%08X %s", host, what, code, name ? name : "unknown");
}

enum mapihttp_status address_book_no_memory(struct mapihttp_error *ret_error)
{
    return error_set(ret_error, MAPIHTTP_NO_MEMORY, 0, "no memory");
}

struct stat address_book_stat(uint32_t container_id)
{
    return (struct stat){.container_id = container_id, .code_page = ADDRESS_BOOK_CODE_PAGE,
                         .template_locale = ADDRESS_BOOK_LOCALE, .sort_locale = ADDRESS_BOOK_LOCALE};
}

/* All success bodies begin with StatusCode and ErrorCode; a failure body has nothing more that counts. */
static enum mapihttp_status read_answer(struct mapihttp_address_book *book, struct arena *arena,
                                        const struct body_definition *definition, struct bytes body, void *ret_answer,
                                        struct mapihttp_error *ret_error)
{
    struct wire_error wire;
    char text[WIRE_ERROR_TEXT_SIZE], what[WIRE_ERROR_TEXT_SIZE + 64];
    uint32_t code = body.size >= 8 ? load_u32(body.data + 4) : 0;
    if (body.size >= 4 && load_u32(body.data))
        return address_book_fail(book, MAPIHTTP_SERVER, load_u32(body.data), definition->request_type, ret_error);
    if (code && code != EC_ERRORS_RETURNED)
        return address_book_fail(book, code == EC_NOT_FOUND ? MAPIHTTP_NOT_FOUND : MAPIHTTP_SERVER, code,
                                 definition->request_type, ret_error);
    if (wire_decode(arena, definition->success, body, NULL, ret_answer, &wire))
        return MAPIHTTP_OK;
    wire_error_format(&wire, text);
    snprintf(what, sizeof what, "%s: a malformed answer: %s", definition->request_type, text);
    return address_book_fail(book, MAPIHTTP_PROTOCOL, 0, what, ret_error);
}

/* MS-OXCMAPIHTTP 2.2.5.1. Numbers of entries hold only for the same server GUID (MS-OXNSPI R353). */
static enum mapihttp_status bind_context(struct mapihttp_address_book *book, struct mapihttp_error *ret_error)
{
    const struct body_definition *definition = body_definition_find("Bind", true);
    struct nspi_bind_request bind = {.has_state = 1, .state = address_book_stat(0)};
    struct nspi_bind_success success;
    struct buffer request = {0}, answer = {0};
    struct arena arena = {0};
    enum mapihttp_status status = MAPIHTTP_OK;
    if (!wire_encode(definition->request, &bind, NULL, &request, NULL)) {
        status = address_book_no_memory(ret_error);
    } else {
        struct mapihttp_error failure = {0};
        if (context_connect(&book->context, "Bind", buffer_bytes(&request), &answer, &failure) == CONTEXT_DONE) {
            status = read_answer(book, &arena, definition, buffer_bytes(&answer), &success, ret_error);
            if (!status && book->bound_before && !guid_equal(success.server_guid, book->server_guid))
                status = address_book_fail(book, MAPIHTTP_PROTOCOL, 0, "the address book is another one than before", ret_error);
            context_accept(&book->context, !status);
        } else {
            status = failure.status ? failure.status : MAPIHTTP_NETWORK;
            if (ret_error)
                *ret_error = failure;
        }
    }
    if (!status) {
        book->server_guid = success.server_guid;
        book->bound_before = true;
        book->bindings++;
    }
    arena_free(&arena);
    buffer_free(&request);
    buffer_free(&answer);
    return status;
}

static enum mapihttp_status call_once(struct mapihttp_address_book *book, struct arena *arena,
                                      const struct body_definition *definition, struct bytes request, void *ret_answer,
                                      bool *ret_lost, struct mapihttp_error *ret_error)
{
    struct buffer answer = {0};
    struct mapihttp_error failure = {0};
    enum mapihttp_status status = book->context.connected ? MAPIHTTP_OK : bind_context(book, ret_error);
    *ret_lost = false;
    if (status)
        return status;
    enum context_verdict verdict = context_call(&book->context, definition->request_type, request, &answer, &failure);
    if (verdict == CONTEXT_DONE) {
        struct bytes body = arena_bytes(arena, buffer_bytes(&answer)); /* what the answer points into */
        status = body.data ? read_answer(book, arena, definition, body, ret_answer, ret_error) : address_book_no_memory(ret_error);
    } else {
        status = failure.status ? failure.status : MAPIHTTP_NETWORK;
        *ret_lost = verdict == CONTEXT_LOST;
        if (ret_error)
            *ret_error = failure;
    }
    buffer_free(&answer);
    return status;
}

enum mapihttp_status address_book_call(struct mapihttp_address_book *book, struct arena *arena, const char *type,
                                       const void *request, void *ret_answer, struct mapihttp_error *ret_error)
{
    const struct body_definition *definition = body_definition_find(type, true);
    struct buffer encoded = {0};
    enum mapihttp_status status;
    bool lost = true;
    if (!wire_encode(definition->request, request, NULL, &encoded, NULL)) {
        buffer_free(&encoded);
        return error_set(ret_error, MAPIHTTP_INVALID_ARGUMENT, 0, "%s: more than fits into one request", type);
    }
    pthread_mutex_lock(&book->lock);
    uint32_t attempt = 0;
    do
        status = call_once(book, arena, definition, buffer_bytes(&encoded), ret_answer, &lost, ret_error);
    while (status && lost && ++attempt < book->context.limits.attempts_max && context_pause(&book->context, attempt));
    pthread_mutex_unlock(&book->lock);
    buffer_free(&encoded);
    return status;
}

/* --- opening and closing --- */

/* The endpoint beside a mailbox endpoint: '/mapi/nspi/' for '/mapi/emsmdb/', with the same query. */
static char *url_beside(const char *mailbox_url)
{
    const char *at = strcasestr(mailbox_url, MAILBOX_PATH);
    size_t before = at ? (size_t)(at - mailbox_url) : 0;
    if (!at)
        return strdup(mailbox_url);
    char *url = malloc(strlen(mailbox_url) + 1);
    if (url) {
        memcpy(url, mailbox_url, before);
        strcpy(stpcpy(url + before, ADDRESS_BOOK_PATH), at + strlen(MAILBOX_PATH));
    }
    return url;
}

static enum mapihttp_status find_endpoint(const struct mapihttp_options *options, char **ret_url, char **ret_dn,
                                          struct mapihttp_error *ret_error)
{
    struct mapihttp_autodiscover *found = NULL;
    const char *dn = options->user_dn ? options->user_dn : "";
    if (options->url) {
        *ret_url = url_beside(options->url);
        *ret_dn = strdup(dn);
        return *ret_url && *ret_dn ? MAPIHTTP_OK : address_book_no_memory(ret_error);
    }
    enum mapihttp_status status = mapihttp_autodiscover(options, &found, ret_error);
    if (status)
        return status;
    const struct mapihttp_endpoints *endpoints = mapihttp_autodiscover_endpoints(found);
    if (!*endpoints->address_book_url && !*endpoints->mailbox_url)
        status = error_set(ret_error, MAPIHTTP_AUTODISCOVER, 0, "%s names no address book", endpoints->source_url);
    *ret_url = *endpoints->address_book_url ? strdup(endpoints->address_book_url) : url_beside(endpoints->mailbox_url);
    *ret_dn = strdup(*dn ? dn : endpoints->user_dn);
    mapihttp_autodiscover_free(found);
    return status ? status : *ret_url && *ret_dn ? MAPIHTTP_OK : address_book_no_memory(ret_error);
}

enum mapihttp_status mapihttp_address_book_open(const struct mapihttp_options *options,
                                                struct mapihttp_address_book **ret_book, struct mapihttp_error *ret_error)
{
    char *url = NULL, *dn = NULL;
    struct context_limits limits = {.attempts_max = options->attempts_max ? options->attempts_max : 1,
                                    .retry_pause_ms = options->retry_pause_ms, .resend = false};
    if (!options->address || !*options->address)
        return error_set(ret_error, MAPIHTTP_INVALID_ARGUMENT, 0, "an address is needed");
    if (options->mapi_http_disabled)
        return transport_disabled(ret_error);
    enum mapihttp_status status = find_endpoint(options, &url, &dn, ret_error);
    struct mapihttp_address_book *book = status ? NULL : calloc(1, sizeof *book);
    if (!book) {
        free(url);
        free(dn);
        return status ? status : address_book_no_memory(ret_error);
    }
    pthread_mutex_init(&book->lock, NULL);
    book->user_dn = dn;
    if (!transport_settings_copy(options, &book->settings) ||
        !context_initialize(&book->context, &book->settings, &limits, &book->cancelled, url))
        status = address_book_no_memory(ret_error);
    free(url);
    if (!status)
        status = bind_context(book, ret_error);
    if (status) {
        mapihttp_address_book_close(book);
        return status;
    }
    *ret_book = book;
    return MAPIHTTP_OK;
}

static void unbind(struct mapihttp_address_book *book)
{
    static const struct nspi_unbind_request nothing;
    struct buffer request = {0}, answer = {0};
    book->settings.connect_timeout_ms = book->settings.response_timeout_ms = CLOSING_TIMEOUT_MS;
    book->context.limits.attempts_max = 2;
    if (!wire_encode(&nspi_unbind_request_structure, &nothing, NULL, &request, NULL) ||
        context_call(&book->context, "Unbind", buffer_bytes(&request), &answer, NULL) != CONTEXT_DONE)
        transport_trace(&book->settings, "Unbind failed: the server will let the context expire");
    buffer_free(&request);
    buffer_free(&answer);
}

void mapihttp_address_book_close(struct mapihttp_address_book *book)
{
    if (!book)
        return;
    if (book->context.url) {
        if (book->context.connected)
            unbind(book);
        context_clear(&book->context);
    }
    transport_settings_clear(&book->settings);
    free(book->user_dn);
    arena_free(&book->arena);
    pthread_mutex_destroy(&book->lock);
    free(book);
}

const struct mapihttp_address_book_state *mapihttp_address_book_state(struct mapihttp_address_book *book)
{
    pthread_mutex_lock(&book->lock);
    pthread_mutex_lock(&book->context.lock);
    memcpy(book->version, book->context.server_application, sizeof book->version);
    transport_url_host(book->context.url, book->host);
    book->state = (struct mapihttp_address_book_state){
        .url = book->context.url, .user_dn = book->user_dn, .server_name = book->host, .version = book->version,
        .authentication = transport_figures(book->context.requests)->authentication};
    memcpy(book->state.server_guid, &book->server_guid, sizeof book->server_guid);
    pthread_mutex_unlock(&book->context.lock);
    pthread_mutex_unlock(&book->lock);
    return &book->state;
}
