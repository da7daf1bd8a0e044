#include "raw_client.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/tcp.h>
#include <openssl/ssl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/socket.h>
#include <unistd.h>

#define INPUT_SIZE (4u << 20)

struct raw_client {
    int port;
    bool tls;
    int socket; /* -1: none */
    SSL_CTX *tls_context;
    SSL *ssl;
    char authorization[512];
    char cookies[1024];
    const char *endpoint; /* NULL: emsmdb */
    unsigned long counter;
};

/* Shared by the clients of a thread, so that ten thousand of them can be parked. */
static _Thread_local char *thread_input, *thread_output;

static void base64(const char *text, char *out)
{
    static const char alphabet[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    size_t size = strlen(text);
    for (size_t i = 0; i < size; i += 3) {
        uint32_t three = (uint32_t)(uint8_t)text[i] << 16 | (i + 1 < size ? (uint32_t)(uint8_t)text[i + 1] << 8 : 0) |
                         (i + 2 < size ? (uint8_t)text[i + 2] : 0);
        *out++ = alphabet[three >> 18];
        *out++ = alphabet[three >> 12 & 63];
        *out++ = i + 1 < size ? alphabet[three >> 6 & 63] : '=';
        *out++ = i + 2 < size ? alphabet[three & 63] : '=';
    }
    *out = 0;
}

struct raw_client *raw_client_new(int port, bool tls, const char *user, const char *password)
{
    struct raw_client *client = calloc(1, sizeof *client);
    char pair[256];
    if (!client)
        exit(2);
    client->port = port;
    client->tls = tls;
    client->socket = -1;
    snprintf(pair, sizeof pair, "%s:%s", user, password);
    strcpy(client->authorization, "Basic ");
    base64(pair, client->authorization + strlen("Basic "));
    if (tls)
        client->tls_context = SSL_CTX_new(TLS_client_method());
    return client;
}

void raw_thread_end(void)
{
    free(thread_input);
    free(thread_output);
    thread_input = thread_output = NULL;
}

void raw_client_hang_up(struct raw_client *client)
{
    if (client->ssl)
        SSL_free(client->ssl);
    client->ssl = NULL;
    if (client->socket >= 0)
        close(client->socket);
    client->socket = -1;
}

void raw_client_free(struct raw_client *client)
{
    raw_client_hang_up(client);
    SSL_CTX_free(client->tls_context);
    free(client);
}

const char *raw_client_authorization(const struct raw_client *client)
{
    return client->authorization;
}

const char *raw_client_cookies(const struct raw_client *client)
{
    return client->cookies;
}

void raw_client_forget_cookies(struct raw_client *client)
{
    client->cookies[0] = 0;
}

static void open_connection(struct raw_client *client)
{
    for (int attempt = 0; client->socket < 0; attempt++) {
        struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons((uint16_t)client->port),
                                      .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
        int one = 1;
        struct timeval patience = {.tv_sec = 60};
        struct linger at_once = {.l_onoff = 1}; /* no TIME_WAIT: a million connections must not run out of ports */
        client->socket = socket(AF_INET, SOCK_STREAM, 0);
        setsockopt(client->socket, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
        setsockopt(client->socket, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
        setsockopt(client->socket, SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once);
        if (connect(client->socket, (struct sockaddr *)&address, sizeof address) == 0)
            break;
        close(client->socket);
        client->socket = -1;
        if (attempt == 1000) { /* ten seconds: a server that is just being restarted is waited for */
            perror("connect");
            exit(2);
        }
        usleep(10000);
    }
    if (!client->tls || client->ssl)
        return;
    client->ssl = SSL_new(client->tls_context);
    SSL_set_fd(client->ssl, client->socket);
    if (SSL_connect(client->ssl) != 1) {
        fprintf(stderr, "no TLS session with port %d\n", client->port);
        exit(2);
    }
}

void raw_send(struct raw_client *client, const void *request, size_t size)
{
    open_connection(client);
    for (size_t sent = 0; sent < size;) {
        ssize_t now = client->tls ? SSL_write(client->ssl, (const char *)request + sent, (int)(size - sent))
                                  : send(client->socket, (const char *)request + sent, size - sent, MSG_NOSIGNAL);
        if (now <= 0)
            return; /* refused early; the answer may be there all the same */
        sent += (size_t)now;
    }
}

static char *room(char **place)
{
    if (!*place && !(*place = malloc(INPUT_SIZE))) /* until the thread ends */
        exit(2);
    return *place;
}

static long number_after(const char *text, const char *name)
{
    const char *found = strcasestr(text, name);
    return found ? strtol(found + strlen(name), NULL, 10) : -1;
}

static void keep_cookies(struct raw_client *client, const char *headers)
{
    char cookies[sizeof client->cookies] = "";
    for (const char *at = headers; (at = strcasestr(at, "\r\nSet-Cookie:"));) {
        at += strlen("\r\nSet-Cookie:");
        at += strspn(at, " ");
        size_t size = strcspn(at, ";\r"), used = strlen(cookies);
        if (used + size + 3 < sizeof cookies)
            snprintf(cookies + used, sizeof cookies - used, "%s%.*s", used ? "; " : "", (int)size, at);
    }
    if (cookies[0])
        memcpy(client->cookies, cookies, sizeof cookies);
}

/* Undoes chunks in place; returns the content's size, or -1 while the last chunk has not come. */
static long dechunk(char *data, size_t size)
{
    size_t in = 0, out = 0;
    for (int pass = 0; pass < 2; pass++) { /* first look whether all is there */
        in = out = 0;
        for (;;) {
            char *end = memmem(data + in, size - in, "\r\n", 2);
            if (!end)
                return -1;
            size_t chunk = strtoul(data + in, NULL, 16);
            in = (size_t)(end - data) + 2;
            if (in + chunk + 2 > size)
                return -1;
            if (pass)
                memmove(data + out, data + in, chunk);
            out += chunk;
            in += chunk + 2;
            if (chunk == 0)
                break;
        }
    }
    return (long)out;
}

/* The body of the MAPI/HTTP stream: behind PROCESSING, PENDING, DONE and the additional headers. */
static void strip_stream(struct raw_answer *answer)
{
    if (answer->body_size < 10 || strncasecmp((const char *)answer->body, "PROCESSING", 10) != 0)
        return;
    const uint8_t *done = memmem(answer->body, answer->body_size, "DONE\r\n", 6);
    const uint8_t *end = done ? memmem(done, answer->body_size - (size_t)(done - answer->body), "\r\n\r\n", 4) : NULL;
    if (!end)
        return;
    const char *late = memmem(done, (size_t)(end - done), "\r\nX-ResponseCode:", 17);
    if (late)
        answer->response_code = atoi(late + 17);
    answer->body_size -= (size_t)(end + 4 - answer->body);
    answer->body = end + 4;
}

void raw_receive(struct raw_client *client, struct raw_answer *ret_answer)
{
    struct raw_answer answer = {.response_code = -1};
    char *input = room(&thread_input);
    size_t have = 0, body_at = 0;
    long length = 0;
    bool chunked = false;
    for (;;) {
        ssize_t got = client->tls ? SSL_read(client->ssl, input + have, (int)(INPUT_SIZE - 1 - have))
                                  : recv(client->socket, input + have, INPUT_SIZE - 1 - have, 0);
        if (got <= 0) {
            if (got < 0 && errno == EAGAIN)
                fprintf(stderr, "no answer within a minute\n");
            *ret_answer = (struct raw_answer){.response_code = -1, .closed = true};
            raw_client_hang_up(client);
            return;
        }
        have += (size_t)got;
        input[have] = 0;
        if (!body_at) {
            char *end = memmem(input, have, "\r\n\r\n", 4);
            if (!end)
                continue;
            body_at = (size_t)(end - input) + 4;
            char kept = end[2];
            end[2] = 0;
            length = number_after(input, "\r\nContent-Length:");
            chunked = strcasestr(input, "\r\nTransfer-Encoding: chunked") != NULL;
            answer.status = atoi(input + strlen("HTTP/1.1 "));
            answer.response_code = (int)number_after(input, "\r\nX-ResponseCode:");
            answer.closed = strcasestr(input, "\r\nConnection: close") != NULL;
            keep_cookies(client, input);
            end[2] = kept;
            if (answer.status == 100) {
                memmove(input, input + body_at, have - body_at);
                have -= body_at;
                body_at = 0;
                continue;
            }
        }
        answer.body = (const uint8_t *)input + body_at;
        if (chunked) {
            long size = have - body_at >= 5 && memcmp(input + have - 5, "0\r\n\r\n", 5) == 0
                            ? dechunk(input + body_at, have - body_at) : -1;
            if (size < 0)
                continue;
            answer.body_size = (size_t)size;
        } else {
            if (have - body_at < (size_t)(length < 0 ? 0 : length))
                continue;
            answer.body_size = have - body_at;
        }
        break;
    }
    strip_stream(&answer);
    if (answer.closed)
        raw_client_hang_up(client);
    *ret_answer = answer;
}

void raw_exchange(struct raw_client *client, const void *request, size_t size, struct raw_answer *ret_answer)
{
    raw_send(client, request, size);
    if (client->socket < 0)
        *ret_answer = (struct raw_answer){.response_code = -1, .closed = true};
    else
        raw_receive(client, ret_answer);
}

void raw_client_use_address_book(struct raw_client *client)
{
    client->endpoint = "nspi";
}

size_t raw_request_bytes(struct raw_client *client, const char *request_type, const void *body, size_t size, char *out,
                         size_t capacity)
{
    int head = snprintf(out, capacity,
                        "POST /mapi/%s/?MailboxId=x@example.org HTTP/1.1\r\nHost: localhost\r\nAuthorization: %s\r\n"
                        "Content-Type: application/mapi-http\r\nContent-Length: %zu\r\nX-RequestType: %s\r\n"
                        "X-RequestId: {11111111-2222-3333-4444-555555555555}:%lu\r\n"
                        "X-ClientInfo: {33333333-2222-3333-4444-555555555555}:1\r\n"
                        "X-ClientApplication: Outlook/15.0.4815.1002\r\n%s%s%s\r\n",
                        client->endpoint ? client->endpoint : "emsmdb", client->authorization, size, request_type, ++client->counter, client->cookies[0] ? "Cookie: " : "",
                        client->cookies, client->cookies[0] ? "\r\n" : "");
    if (size)
        memcpy(out + head, body, size);
    return (size_t)head + size;
}

void raw_request(struct raw_client *client, const char *request_type, const void *body, size_t size, struct raw_answer *ret_answer)
{
    char *output = room(&thread_output);
    raw_send(client, output, raw_request_bytes(client, request_type, body, size, output, INPUT_SIZE));
    if (client->socket < 0)
        *ret_answer = (struct raw_answer){.response_code = -1, .closed = true};
    else
        raw_receive(client, ret_answer);
}

/* ---- bodies ---- */

void raw_put(struct raw_body *body, const void *data, size_t size)
{
    if (body->size + size > body->capacity) {
        body->capacity = (body->size + size) * 2 + 256;
        body->data = realloc(body->data, body->capacity);
        if (!body->data)
            exit(2);
    }
    if (size)
        memcpy(body->data + body->size, data, size);
    body->size += size;
}

void raw_u8(struct raw_body *body, uint8_t value)
{
    raw_put(body, &value, 1);
}

void raw_u16(struct raw_body *body, uint16_t value)
{
    raw_put(body, &value, 2);
}

void raw_u32(struct raw_body *body, uint32_t value)
{
    raw_put(body, &value, 4);
}

void raw_u64(struct raw_body *body, uint64_t value)
{
    raw_put(body, &value, 8);
}

void raw_utf16(struct raw_body *body, const char *ascii)
{
    do
        raw_u16(body, (uint8_t)*ascii);
    while (*ascii++);
}

void raw_clear(struct raw_body *body)
{
    body->size = 0;
}

void raw_free(struct raw_body *body)
{
    free(body->data);
    *body = (struct raw_body){0};
}

void raw_connect_body(struct raw_body *body, const char *user_dn)
{
    raw_clear(body);
    raw_put(body, user_dn, strlen(user_dn) + 1);
    raw_u32(body, 0);
    raw_u32(body, 1252);
    raw_u32(body, 1033);
    raw_u32(body, 1033);
    raw_u32(body, 0);
}

void raw_execute_body(struct raw_body *body, const struct raw_body *rops, const uint32_t *handles, uint32_t handle_count)
{
    uint16_t payload = (uint16_t)(2 + rops->size + 4 * handle_count);
    raw_clear(body);
    raw_u32(body, 3); /* NoCompression, NoXorMagic */
    raw_u32(body, 8u + payload);
    raw_u16(body, 0);
    raw_u16(body, 4); /* Last */
    raw_u16(body, payload);
    raw_u16(body, payload);
    raw_u16(body, (uint16_t)(2 + rops->size));
    raw_put(body, rops->data, rops->size);
    raw_put(body, handles, 4 * handle_count);
    raw_u32(body, 0x10000);
    raw_u32(body, 0);
}

void raw_rop_logon(struct raw_body *rops, const char *user_dn)
{
    raw_put(rops, "\xFE\x00\x00\x01", 4);
    raw_u32(rops, 0x0100040C);
    raw_u32(rops, 0);
    raw_u16(rops, (uint16_t)(strlen(user_dn) + 1));
    raw_put(rops, user_dn, strlen(user_dn) + 1);
}

uint32_t raw_load_u32(const void *at)
{
    uint32_t value;
    memcpy(&value, at, 4);
    return value;
}

struct raw_rops raw_execute_answer(const struct raw_answer *answer)
{
    const uint8_t *body = answer->body;
    if (answer->status != 200 || answer->response_code != 0 || answer->body_size < 26 || raw_load_u32(body) || raw_load_u32(body + 4)) {
        fprintf(stderr, "Execute failed: HTTP %d, X-ResponseCode %d, StatusCode 0x%x, ErrorCode 0x%x\n", answer->status,
                answer->response_code, answer->body_size >= 4 ? raw_load_u32(body) : 0,
                answer->body_size >= 8 ? raw_load_u32(body + 4) : 0);
        exit(1);
    }
    uint16_t size = (uint16_t)raw_load_u32(body + 20), rop_size = (uint16_t)raw_load_u32(body + 24);
    return (struct raw_rops){.rops = body + 26, .size = rop_size - 2u, .handles = body + 24 + rop_size,
                             .handle_count = (size - rop_size) / 4u};
}
