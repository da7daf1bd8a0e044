/* Kerberos: accepts tickets for our HTTP service by MIT's GSSAPI (RFC 4121; SPNEGO around it is negotiate.h's). The keys come from
 * a keytab, of which every HTTP/... principal counts, so that a name shared by several servers behind a balancer is one more
 * entry. Nothing here asks a KDC or the directory: the outcome is a principal's name.
 *
 * Thread: any, but kerberos_accept reads and writes the replay cache's file and computes: blocking pool only. Nothing of
 * GSSAPI is touched before kerberos_open. docs/authentication.md. */
#pragma once
#include "base/arena.h"

/* Immutable once opened: another keytab is another one of these. */
struct kerberos;

#define KERBEROS_ERROR_SIZE 512u
/* Reads the keytab into memory. 'replay_path' is the file in which accepted authenticators are remembered (made when it is
 * absent, kept over restarts, may be shared by processes of one machine). NULL with *ret_error in words: no such file, not a
 * keytab, no HTTP/... principal in it. */
struct kerberos *kerberos_open(const char *keytab_path, const char *replay_path, char ret_error[KERBEROS_ERROR_SIZE]);
void kerberos_close(struct kerberos *kerberos);
/* The service principals whose tickets are accepted: "HTTP/mail.example.org@EXAMPLE.ORG, ..."; and the realms they are in, with
 * blanks between them. Live as long as 'kerberos'. */
const char *kerberos_services(const struct kerberos *kerberos);
const char *kerberos_realms(const struct kerberos *kerberos);

enum kerberos_binding_policy {
    KERBEROS_BINDING_NONE,    /* bindings are not looked at */
    KERBEROS_BINDING_ALLOW,   /* wrong ones are refused, none are accepted (but from a client that said it would bind) */
    KERBEROS_BINDING_REQUIRE, /* right ones only */
};

struct kerberos_request {
    struct bytes token;           /* the mechanism's initial token (RFC 4121 4.1) */
    enum kerberos_binding_policy policy;
    const struct bytes *bindings; /* tls-server-end-point hashes, any of which is right: ours, a balancer's; the first most likely */
    uint32_t binding_count;       /* 0 on a connection without TLS */
};

/* An established context, for the integrity codes that SPNEGO may want. One thread at a time. */
struct kerberos_context;

struct kerberos_outcome {
    bool accepted;
    struct kerberos_context *context; /* accepted: the caller's, kerberos_context_free */
    struct bytes answer;   /* for the client: mutual authentication, or an error token; may be empty. In the arena. */
    const char *principal; /* 'ada@EXAMPLE.ORG', in the arena; no service's. NULL where it is not known */
    bool bound;            /* accepted: to the TLS connection */
    uint32_t lifetime_s;   /* accepted: until the ticket expires */
    bool unavailable;      /* refused, but not because of the ticket: it may be tried again */
    const char *cause;     /* refused: a literal for the log, never for the client */
};

/* One message, one answer. Delegated credentials are thrown away. */
void kerberos_accept(struct kerberos *kerberos, struct arena *arena, const struct kerberos_request *request,
                     struct kerberos_outcome *ret_outcome);
bool kerberos_sign(struct kerberos_context *context, struct arena *arena, struct bytes message, struct bytes *ret_code);
bool kerberos_verify(struct kerberos_context *context, struct bytes message, struct bytes code);
void kerberos_context_free(struct kerberos_context *context);

/* Under which name the directory knows a principal (DIRECTORY_KEY_PRINCIPAL), in the arena. 'realms' lists those whose users may
 * come, separated by blanks, each 'REALM' or 'REALM=domain' where the directory calls it otherwise (realm names compare exactly,
 * RFC 4120 6.1). NULL for a principal of another realm. */
const char *kerberos_directory_name(struct arena *arena, const char *realms, const char *principal);
/* Whether 'realms' can be read so; *ret_error is a literal saying why not. */
bool kerberos_realms_valid(const char *realms, const char **ret_error);
