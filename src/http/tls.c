#include "http/tls.h"

#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/core_names.h>
#include <openssl/pem.h>
#include <openssl/rand.h>
#include <openssl/x509.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define TICKET_KEY_LIFETIME_S (12 * 3600) /* then a new key; the one before still opens tickets as long again */
#define TICKET_KEY_NAME_SIZE 16u

struct http_tls {
    atomic_uint references;
    SSL_CTX *context;
    struct http_ticket_keys *keys;
    struct http_tls_binding binding;
    char description[256];
    char fingerprint[65];
};

struct ticket_key {
    unsigned char name[TICKET_KEY_NAME_SIZE];
    unsigned char cipher_key[32];
    unsigned char mac_key[32];
    time_t since;
};

struct http_ticket_keys {
    pthread_mutex_t lock;
    struct ticket_key current, previous;
};

/* --- session tickets --- */

static bool ticket_key_make(struct ticket_key *key)
{
    key->since = time(NULL);
    return RAND_bytes(key->name, sizeof key->name) == 1 && RAND_bytes(key->cipher_key, sizeof key->cipher_key) == 1
        && RAND_bytes(key->mac_key, sizeof key->mac_key) == 1;
}

struct http_ticket_keys *http_ticket_keys_new(void)
{
    struct http_ticket_keys *keys = calloc(1, sizeof *keys);
    if (!keys)
        return NULL;
    if (!ticket_key_make(&keys->current) || !ticket_key_make(&keys->previous)) {
        free(keys);
        return NULL;
    }
    pthread_mutex_init(&keys->lock, NULL);
    return keys;
}

void http_ticket_keys_free(struct http_ticket_keys *keys)
{
    if (!keys)
        return;
    pthread_mutex_destroy(&keys->lock);
    OPENSSL_cleanse(keys, sizeof *keys);
    free(keys);
}

/* The key to encrypt with (name NULL), or the one of that name. 0 none, 1 the current one, 2 the previous one. */
static int ticket_key_find(struct http_ticket_keys *keys, const unsigned char *name, struct ticket_key *ret_key)
{
    int found = 0;
    time_t now = time(NULL);
    pthread_mutex_lock(&keys->lock);
    if (now - keys->current.since > TICKET_KEY_LIFETIME_S) {
        struct ticket_key fresh;
        if (ticket_key_make(&fresh)) {
            keys->previous = keys->current;
            keys->current = fresh;
        }
    }
    if (!name || memcmp(name, keys->current.name, TICKET_KEY_NAME_SIZE) == 0) {
        *ret_key = keys->current;
        found = 1;
    } else if (memcmp(name, keys->previous.name, TICKET_KEY_NAME_SIZE) == 0
        && now - keys->previous.since <= 2 * TICKET_KEY_LIFETIME_S) {
        *ret_key = keys->previous;
        found = 2;
    }
    pthread_mutex_unlock(&keys->lock);
    return found;
}

/* OpenSSL's callback: 1 go on, 2 go on and give a new ticket, 0 no such key (full handshake), -1 failure. */
static int ticket_crypt(SSL *session, unsigned char *name, unsigned char *iv, EVP_CIPHER_CTX *cipher, EVP_MAC_CTX *mac,
    int encrypt)
{
    struct http_ticket_keys *keys = SSL_CTX_get_app_data(SSL_get_SSL_CTX(session));
    struct ticket_key key;
    int found = ticket_key_find(keys, encrypt ? NULL : name, &key);
    if (found == 0)
        return 0;
    char digest[] = "SHA256";
    OSSL_PARAM parameters[] = {
        OSSL_PARAM_construct_octet_string(OSSL_MAC_PARAM_KEY, key.mac_key, sizeof key.mac_key),
        OSSL_PARAM_construct_utf8_string(OSSL_MAC_PARAM_DIGEST, digest, 0),
        OSSL_PARAM_construct_end(),
    };
    bool done = EVP_MAC_CTX_set_params(mac, parameters) == 1;
    if (encrypt) {
        memcpy(name, key.name, sizeof key.name);
        done = done && RAND_bytes(iv, EVP_CIPHER_get_iv_length(EVP_aes_256_cbc())) == 1
            && EVP_EncryptInit_ex(cipher, EVP_aes_256_cbc(), NULL, key.cipher_key, iv) == 1;
    } else {
        done = done && EVP_DecryptInit_ex(cipher, EVP_aes_256_cbc(), NULL, key.cipher_key, iv) == 1;
        if (SSL_version(session) == TLS1_3_VERSION)
            found = 2; /* a client uses each of its tickets once (RFC 8446 C.4) */
    }
    OPENSSL_cleanse(&key, sizeof key);
    return done ? found : -1;
}

/* --- the context --- */

/* RFC 7301 3.2: without a protocol in common the handshake ends. */
static int choose_protocol(SSL *session, const unsigned char **out, unsigned char *out_size, const unsigned char *in,
    unsigned in_size, void *argument)
{
    static const unsigned char ours[] = "\x08http/1.1";
    unsigned char *chosen;
    if (SSL_select_next_proto(&chosen, out_size, ours, sizeof ours - 1, in, in_size) != OPENSSL_NPN_NEGOTIATED)
        return SSL_TLSEXT_ERR_ALERT_FATAL;
    *out = chosen;
    return SSL_TLSEXT_ERR_OK;
}

static bool fail(struct http_tls_error *error, const char *what, const char *path)
{
    unsigned long code = ERR_peek_last_error();
    const char *reason = ERR_reason_error_string(code);
    snprintf(error->text, sizeof error->text, "%s %s: %s", what, path, reason ? reason : "unusable");
    ERR_clear_error();
    return false;
}

static bool compute_binding(X509 *certificate, struct http_tls_binding *ret_binding)
{
    int digest_id = NID_undef;
    const EVP_MD *digest = NULL;
    if (X509_get_signature_info(certificate, &digest_id, NULL, NULL, NULL) == 1)
        digest = EVP_get_digestbynid(digest_id);
    if (!digest || digest_id == NID_md5 || digest_id == NID_sha1)
        digest = EVP_sha256();
    return X509_digest(certificate, digest, ret_binding->hash, &ret_binding->size) == 1;
}

static void compute_description(struct http_tls *tls, X509 *certificate)
{
    char subject[160] = "";
    X509_NAME_get_text_by_NID(X509_get_subject_name(certificate), NID_commonName, subject, sizeof subject);
    struct tm end = {0};
    char date[32] = "?";
    if (ASN1_TIME_to_tm(X509_get0_notAfter(certificate), &end) == 1)
        strftime(date, sizeof date, "%Y-%m-%d", &end);
    snprintf(tls->description, sizeof tls->description, "%s, %s %s", subject,
        X509_cmp_current_time(X509_get0_notAfter(certificate)) < 0 ? "EXPIRED" : "expires", date);
}

static void compute_fingerprint(struct http_tls *tls, X509 *certificate)
{
    unsigned char digest[EVP_MAX_MD_SIZE];
    unsigned size = 0;
    if (X509_digest(certificate, EVP_sha256(), digest, &size) != 1)
        size = 0;
    for (unsigned i = 0; i < size && 2 * i + 2 <= sizeof tls->fingerprint - 1; i++)
        snprintf(tls->fingerprint + 2 * i, 3, "%02X", digest[i]);
}

static void configure(SSL_CTX *context, struct http_ticket_keys *keys)
{
    SSL_CTX_set_min_proto_version(context, TLS1_2_VERSION);
    SSL_CTX_set_options(context, SSL_OP_NO_RENEGOTIATION | SSL_OP_CIPHER_SERVER_PREFERENCE | SSL_OP_PRIORITIZE_CHACHA
        | SSL_OP_NO_COMPRESSION);
    /* A parked connection holds no record buffers; partial writes let us keep the order of our own queue. */
    SSL_CTX_set_mode(context, SSL_MODE_RELEASE_BUFFERS | SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
    SSL_CTX_set_read_ahead(context, 1); /* a record in one read instead of two */
    SSL_CTX_set_session_cache_mode(context, SSL_SESS_CACHE_OFF); /* tickets only */
    SSL_CTX_set_session_id_context(context, (const unsigned char *)"mapihttp", 8);
    SSL_CTX_set_num_tickets(context, 1);
    SSL_CTX_set_app_data(context, keys);
    SSL_CTX_set_tlsext_ticket_key_evp_cb(context, ticket_crypt);
    SSL_CTX_set_alpn_select_cb(context, choose_protocol, NULL);
}

bool http_tls_load(const char *certificate_path, const char *key_path, struct http_ticket_keys *keys,
    struct http_tls **ret_tls, struct http_tls_error *ret_error)
{
    ERR_clear_error();
    struct http_tls *tls = calloc(1, sizeof *tls);
    SSL_CTX *context = SSL_CTX_new(TLS_server_method());
    bool done = false;
    if (!tls || !context) {
        fail(ret_error, "TLS", "context");
    } else if (SSL_CTX_use_certificate_chain_file(context, certificate_path) != 1) {
        fail(ret_error, "certificate", certificate_path);
    } else if (SSL_CTX_use_PrivateKey_file(context, key_path, SSL_FILETYPE_PEM) != 1) {
        fail(ret_error, "key", key_path);
    } else if (SSL_CTX_check_private_key(context) != 1) {
        fail(ret_error, "key does not belong to the certificate:", key_path);
    } else if (!compute_binding(SSL_CTX_get0_certificate(context), &tls->binding)) {
        fail(ret_error, "certificate", certificate_path);
    } else {
        done = true;
    }
    if (!done) {
        SSL_CTX_free(context);
        free(tls);
        return false;
    }
    configure(context, keys);
    compute_description(tls, SSL_CTX_get0_certificate(context));
    compute_fingerprint(tls, SSL_CTX_get0_certificate(context));
    atomic_init(&tls->references, 1);
    tls->context = context;
    tls->keys = keys;
    *ret_tls = tls;
    return true;
}

const char *http_tls_fingerprint(const struct http_tls *tls)
{
    return tls->fingerprint;
}

struct http_tls *http_tls_keep(struct http_tls *tls)
{
    if (tls)
        atomic_fetch_add(&tls->references, 1);
    return tls;
}

void http_tls_release(struct http_tls *tls)
{
    if (!tls || atomic_fetch_sub(&tls->references, 1) != 1)
        return;
    SSL_CTX_free(tls->context);
    free(tls);
}

SSL *http_tls_session(struct http_tls *tls, int fd)
{
    SSL *session = SSL_new(tls->context);
    if (session && SSL_set_fd(session, fd) != 1) {
        SSL_free(session);
        return NULL;
    }
    if (session)
        SSL_set_accept_state(session);
    return session;
}

struct bytes http_tls_channel_binding(const struct http_tls *tls)
{
    return bytes_of(tls->binding.hash, tls->binding.size);
}

bool http_tls_read_bindings(const char *path, unsigned count_max, struct http_tls_binding *ret_bindings, unsigned *ret_count,
    struct http_tls_error *ret_error)
{
    ERR_clear_error();
    unsigned count = 0;
    bool done = true;
    X509 *certificate;
    BIO *file = BIO_new_file(path, "r");
    if (!file)
        return fail(ret_error, "certificate", path);
    while (done && (certificate = PEM_read_bio_X509(file, NULL, NULL, NULL))) {
        done = count < count_max && compute_binding(certificate, &ret_bindings[count]);
        count++;
        X509_free(certificate);
    }
    BIO_free(file);
    unsigned long code = ERR_peek_last_error(); /* the end of the file is an error too */
    bool ended = ERR_GET_LIB(code) == ERR_LIB_PEM && ERR_GET_REASON(code) == PEM_R_NO_START_LINE;
    if (!done || !ended || count == 0) {
        fail(ret_error, done ? "certificate" : "too many certificates in", path);
        return false;
    }
    ERR_clear_error();
    *ret_count = count;
    return true;
}

void http_tls_describe(const struct http_tls *tls, char *ret_text, size_t size)
{
    snprintf(ret_text, size, "%s", tls->description);
}
