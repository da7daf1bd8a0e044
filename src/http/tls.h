/* Server side of TLS: a certificate with its key, shared by all connections that began with it. Immutable after loading,
 * counted; functions may be called on any thread. TLS 1.2 and later, session tickets, ALPN http/1.1. */
#pragma once
#include "base/bytes.h"

#include <openssl/ssl.h>

struct http_tls;
/* Keys that encrypt session tickets; shared by successive certificates, so that a reload does not end sessions. */
struct http_ticket_keys;

struct http_tls_error {
    char text[384];
};

struct http_ticket_keys *http_ticket_keys_new(void); /* NULL without memory or randomness */
void http_ticket_keys_free(struct http_ticket_keys *keys); /* after the last http_tls that uses them */

/* PEM files: the certificate with its chain, and its private key (may be the same file). On failure *ret_error says for a
 * person what is wrong with which file. Owned by the caller: http_tls_release. */
bool http_tls_load(const char *certificate_path, const char *key_path, struct http_ticket_keys *keys,
    struct http_tls **ret_tls, struct http_tls_error *ret_error);
struct http_tls *http_tls_keep(struct http_tls *tls);
void http_tls_release(struct http_tls *tls);
/* A server session on a connected socket, waiting for the handshake; NULL without memory. */
SSL *http_tls_session(struct http_tls *tls, int fd);
/* tls-server-end-point (RFC 5929 4.1): the hash of the certificate by its signature's algorithm, SHA-256 for MD5 and SHA-1. */
struct bytes http_tls_channel_binding(const struct http_tls *tls);
/* SHA-256 of the certificate in hexadecimal, capital letters. */
const char *http_tls_fingerprint(const struct http_tls *tls);
/* The same of each certificate in a PEM file, whoever has its key: for a balancer that ends TLS in front of us. At most
 * 'count_max'; false with *ret_error where the file cannot be read, has none or more. */
#define HTTP_TLS_BINDING_SIZE_MAX 64u
struct http_tls_binding {
    uint8_t hash[HTTP_TLS_BINDING_SIZE_MAX];
    unsigned size;
};
bool http_tls_read_bindings(const char *path, unsigned count_max, struct http_tls_binding *ret_bindings, unsigned *ret_count,
    struct http_tls_error *ret_error);
/* "subject, expires 2027-01-31": for a log line. */
void http_tls_describe(const struct http_tls *tls, char *ret_text, size_t size);
