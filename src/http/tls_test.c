/* TLS: versions, protocol choice, resumption, certificate change, and that everything else works as on plain sockets. */
#include "http/test_server.h"

#include <openssl/err.h>
#include <openssl/evp.h>
#include <sys/stat.h>

#include "http/certificate.h"

#define HOST "Host: a.example\r\n"

static struct test_server server;
static struct http_ticket_keys *keys;
static struct http_tls *certificate;
static char folder[] = "/tmp/mapihttp-tls-XXXXXX";
static char certificate_path[64], key_path[64], other_certificate_path[64], other_key_path[64];

static int make_files(void **state)
{
    char error[256];
    const char *names[] = {"mail.example.org", "localhost", "127.0.0.1", "::1"};
    if (!mkdtemp(folder))
        return -1;
    snprintf(certificate_path, sizeof certificate_path, "%s/a.pem", folder);
    snprintf(key_path, sizeof key_path, "%s/a.key", folder);
    snprintf(other_certificate_path, sizeof other_certificate_path, "%s/b.pem", folder);
    snprintf(other_key_path, sizeof other_key_path, "%s/b.key", folder);
    if (!certificate_make(names, 4, 30, certificate_path, key_path, error, sizeof error)
        || !certificate_make(names + 1, 1, 30, other_certificate_path, other_key_path, error, sizeof error))
        return -1;
    return (keys = http_ticket_keys_new()) ? 0 : -1;
}

static int remove_files(void **state)
{
    unlink(certificate_path);
    unlink(key_path);
    unlink(other_certificate_path);
    unlink(other_key_path);
    rmdir(folder);
    http_ticket_keys_free(keys);
    return 0;
}

static int setup(void **state)
{
    struct http_server_limits limits = HTTP_SERVER_LIMITS_DEFAULT;
    struct http_tls_error error;
    limits.header_timeout_ms = 500;
    if (!http_tls_load(certificate_path, key_path, keys, &certificate, &error))
        return -1;
    return test_server_start(&server, &limits, certificate) ? 0 : -1;
}

static int teardown(void **state)
{
    test_server_stop(&server);
    http_tls_release(certificate);
    return 0;
}

/* --- a client --- */

struct client {
    SSL_CTX *context;
    SSL *tls;
    int fd;
};

static SSL_CTX *client_context(int version, const char *trusted_path)
{
    SSL_CTX *context = SSL_CTX_new(TLS_client_method());
    assert_non_null(context);
    SSL_CTX_set_min_proto_version(context, version);
    SSL_CTX_set_max_proto_version(context, version);
    assert_int_equal(SSL_CTX_load_verify_locations(context, trusted_path, NULL), 1);
    SSL_CTX_set_verify(context, SSL_VERIFY_PEER, NULL);
    return context;
}

/* Handshakes, and returns whether that went well. */
static bool client_open(struct client *client, SSL_CTX *context, const char *protocols, SSL_SESSION *session)
{
    client->context = context;
    client->fd = client_connect(server.tls_port);
    client->tls = SSL_new(context);
    SSL_set_fd(client->tls, client->fd);
    SSL_set_tlsext_host_name(client->tls, "mail.example.org");
    if (protocols)
        SSL_set_alpn_protos(client->tls, (const unsigned char *)protocols, (unsigned)strlen(protocols));
    if (session)
        SSL_set_session(client->tls, session);
    return SSL_connect(client->tls) == 1;
}

static void client_close(struct client *client)
{
    ERR_clear_error();
    SSL_set_quiet_shutdown(client->tls, 1); /* or the session would count as broken */
    SSL_shutdown(client->tls);
    SSL_free(client->tls);
    close(client->fd);
}

static char *client_talk(struct client *client, const char *request, const char *until)
{
    struct buffer received = {0};
    char part[16384];
    assert_int_equal(SSL_write(client->tls, request, (int)strlen(request)), (int)strlen(request));
    for (;;) {
        if (until && received.size && strstr(buffer_string(&received), until))
            break;
        int size = SSL_read(client->tls, part, sizeof part);
        if (size <= 0)
            break;
        buffer_append(&received, part, (size_t)size);
    }
    if (!received.size)
        buffer_append_u8(&received, 0);
    (void)buffer_string(&received);
    ERR_clear_error();
    return (char *)received.data;
}

/* --- the tests --- */

static void serves_over(int version)
{
    SSL_CTX *context = client_context(version, certificate_path);
    struct client client;
    assert_true(client_open(&client, context, "\x02h2\x08http/1.1", NULL));
    assert_int_equal(SSL_version(client.tls), version);
    const unsigned char *protocol;
    unsigned protocol_size;
    SSL_get0_alpn_selected(client.tls, &protocol, &protocol_size);
    assert_true(bytes_equal(bytes_of(protocol, protocol_size), BYTES_LITERAL("http/1.1")));
    char *answer = client_talk(&client, "GET /quick?one HTTP/1.1\r\n" HOST "\r\n", "\r\n\r\none");
    assert_contains(answer, "HTTP/1.1 200 OK");
    free(answer);
    answer = client_talk(&client, "GET /chunks HTTP/1.1\r\n" HOST "\r\n", "DONE\r\n\r\n0\r\n\r\n");
    assert_contains(answer, "PENDING");
    free(answer);
    answer = client_talk(&client, "GET /quick?2; HTTP/1.1\r\n" HOST "\r\nPOST /slow?3 HTTP/1.1\r\n" HOST "Content-Length: 3\r\n\r\nabc"
                                  "GET /quick?last HTTP/1.1\r\n" HOST "Connection: close\r\n\r\n", NULL);
    assert_contains(answer, "\r\n\r\n2;");
    assert_contains(answer, "slow 3");
    assert_contains(answer, "\r\n\r\nlast");
    assert_int_equal(SSL_get_shutdown(client.tls) & SSL_RECEIVED_SHUTDOWN, SSL_RECEIVED_SHUTDOWN); /* close_notify came */
    free(answer);
    client_close(&client);
    SSL_CTX_free(context);
}

static void serves_tls_1_2_and_1_3(void **state)
{
    serves_over(TLS1_2_VERSION);
    serves_over(TLS1_3_VERSION);
}

static void refuses_older_versions_and_other_protocols(void **state)
{
    struct client client;
    SSL_CTX *context = client_context(TLS1_1_VERSION, certificate_path);
    SSL_CTX_set_security_level(context, 0);
    assert_false(client_open(&client, context, NULL, NULL));
    client_close(&client);
    SSL_CTX_free(context);
    context = client_context(TLS1_3_VERSION, certificate_path);
    assert_false(client_open(&client, context, "\x02h2", NULL)); /* RFC 7301 3.2 */
    client_close(&client);
    SSL_CTX_free(context);
}

static int keep_session(SSL *tls, SSL_SESSION *session)
{
    SSL_SESSION **place = SSL_get_app_data(tls);
    SSL_SESSION_free(*place);
    *place = session;
    return 1;
}

/* Resumption goes on across a change of the certificate, since the ticket keys stay. */
static void resumes_sessions(void **state)
{
    for (int version = TLS1_2_VERSION; version <= TLS1_3_VERSION; version++) {
        SSL_CTX *context = client_context(version, certificate_path);
        SSL_SESSION *session = NULL;
        SSL_CTX_set_session_cache_mode(context, SSL_SESS_CACHE_CLIENT | SSL_SESS_CACHE_NO_INTERNAL);
        SSL_CTX_sess_set_new_cb(context, keep_session);
        for (int round = 0; round < 3; round++) {
            struct client client;
            client.tls = NULL;
            client.context = context;
            client.fd = client_connect(server.tls_port);
            client.tls = SSL_new(context);
            SSL_set_app_data(client.tls, &session);
            SSL_set_fd(client.tls, client.fd);
            if (session)
                SSL_set_session(client.tls, session);
            assert_int_equal(SSL_connect(client.tls), 1);
            free(client_talk(&client, "GET /quick?x HTTP/1.1\r\n" HOST "\r\n", "\r\n\r\nx"));
            assert_int_equal(SSL_session_reused(client.tls), round > 0);
            client_close(&client);
            if (round == 1) {
                struct http_tls *again;
                struct http_tls_error error;
                assert_true(http_tls_load(certificate_path, key_path, keys, &again, &error));
                http_server_set_tls(server.http, again);
                http_tls_release(again);
            }
        }
        SSL_SESSION_free(session);
        SSL_CTX_free(context);
    }
}

static void changes_the_certificate_for_new_connections(void **state)
{
    SSL_CTX *old = client_context(TLS1_3_VERSION, certificate_path);
    SSL_CTX *new = client_context(TLS1_3_VERSION, other_certificate_path);
    struct client before, after;
    assert_true(client_open(&before, old, NULL, NULL));
    struct http_tls *other;
    struct http_tls_error error;
    assert_true(http_tls_load(other_certificate_path, other_key_path, keys, &other, &error));
    http_server_set_tls(server.http, other);
    http_tls_release(other);
    assert_true(client_open(&after, new, NULL, NULL));
    /* the connection from before lives on */
    char *answer = client_talk(&before, "GET /quick?old HTTP/1.1\r\n" HOST "\r\n", "\r\n\r\nold");
    assert_contains(answer, "HTTP/1.1 200 OK");
    free(answer);
    client_close(&before);
    client_close(&after);
    assert_false(client_open(&before, old, NULL, NULL)); /* not trusted by that one */
    client_close(&before);
    SSL_CTX_free(old);
    SSL_CTX_free(new);
}

static void explains_bad_certificates(void **state)
{
    struct http_tls *tls = NULL;
    struct http_tls_error error;
    assert_false(http_tls_load("/nowhere.pem", key_path, keys, &tls, &error));
    assert_contains(error.text, "/nowhere.pem");
    assert_false(http_tls_load(certificate_path, other_key_path, keys, &tls, &error));
    assert_contains(error.text, other_key_path);
    assert_false(http_tls_load(key_path, key_path, keys, &tls, &error));
    assert_null(tls);
}

/* RFC 5929 4.1: SHA-256 of the certificate, for one signed with ECDSA and SHA-256. */
static void computes_the_channel_binding(void **state)
{
    SSL_CTX *context = client_context(TLS1_3_VERSION, certificate_path);
    struct client client;
    assert_true(client_open(&client, context, NULL, NULL));
    free(client_talk(&client, "GET /echo HTTP/1.1\r\n" HOST "\r\n", "GET /echo?"));
    X509 *peer = SSL_get1_peer_certificate(client.tls);
    unsigned char digest[32];
    unsigned size;
    assert_int_equal(X509_digest(peer, EVP_sha256(), digest, &size), 1);
    char text[65];
    for (unsigned i = 0; i < size; i++)
        snprintf(text + 2 * i, 3, "%02x", digest[i]);
    assert_string_equal(server.binding, text);
    X509_free(peer);
    client_close(&client);
    SSL_CTX_free(context);
}

static void confirms_and_loses_deliveries(void **state)
{
    SSL_CTX *context = client_context(TLS1_3_VERSION, certificate_path);
    struct client client;
    assert_true(client_open(&client, context, NULL, NULL));
    free(client_talk(&client, "GET /echo HTTP/1.1\r\n" HOST "\r\n", "GET /echo?"));
    WAIT_UNTIL(http_delivery_state(server.last_delivery) == HTTP_DELIVERY_CONFIRMED);
    client_reset(client.fd);
    SSL_free(client.tls);
    WAIT_UNTIL(http_server_connection_count(server.http) == 0);
    assert_int_equal(http_delivery_state(server.last_delivery), HTTP_DELIVERY_LOST);
    assert_true(client_open(&client, context, NULL, NULL));
    free(client_talk(&client, "GET /echo HTTP/1.1\r\n" HOST "\r\n", "GET /echo?"));
    SSL_shutdown(client.tls);
    client_close(&client);
    WAIT_UNTIL(http_server_connection_count(server.http) == 0);
    assert_int_equal(http_delivery_state(server.last_delivery), HTTP_DELIVERY_CONFIRMED);
    SSL_CTX_free(context);
}

/* Large answers and bodies, in both directions, over many records. */
static void carries_much(void **state)
{
    SSL_CTX *context = client_context(TLS1_2_VERSION, certificate_path);
    struct client client;
    assert_true(client_open(&client, context, NULL, NULL));
    struct buffer request = {0};
    size_t size = 3000000;
    buffer_append_format(&request, "POST /echo HTTP/1.1\r\n" HOST "Content-Length: %zu\r\nConnection: close\r\n\r\n", size);
    memset(buffer_extend(&request, size), 'y', size);
    buffer_append_u8(&request, 0);
    char *answer = client_talk(&client, (char *)request.data, NULL);
    assert_int_equal(strspn(strstr(answer, "? y") + 2, "y"), size);
    free(answer);
    buffer_free(&request);
    client_close(&client);
    SSL_CTX_free(context);
}

static void ends_handshakes_that_do_not_come(void **state)
{
    int silent = client_connect(server.tls_port), plain = client_connect(server.tls_port);
    client_send(plain, "GET / HTTP/1.1\r\n" HOST "\r\n");
    free(client_read_until(plain, NULL));
    char *nothing = client_read_until(silent, NULL); /* header_timeout */
    assert_string_equal(nothing, "");
    free(nothing);
    close(silent);
    close(plain);
    WAIT_UNTIL(http_server_connection_count(server.http) == 0);
}

/* A TLS conversation whose bytes are cut off or changed anywhere harms nobody. */
static void survives_damaged_handshakes(void **state)
{
    SSL_CTX *context = client_context(TLS1_3_VERSION, certificate_path);
    SSL *tls = SSL_new(context);
    BIO *in = BIO_new(BIO_s_mem()), *out = BIO_new(BIO_s_mem());
    SSL_set_bio(tls, in, out);
    SSL_connect(tls);
    uint8_t hello[2048];
    int size = BIO_read(out, hello, sizeof hello);
    assert_true(size > 100);
    for (int i = 0; i < size; i += 3) {
        int fd = client_connect(server.tls_port);
        uint8_t copy[2048];
        memcpy(copy, hello, sizeof copy);
        copy[i] ^= 0x55;
        assert_true(send(fd, copy, (size_t)(i % 2 ? size : i), MSG_NOSIGNAL) >= 0);
        close(fd);
    }
    SSL_free(tls);
    ERR_clear_error();
    struct client client;
    assert_true(client_open(&client, context, NULL, NULL));
    client_close(&client);
    SSL_CTX_free(context);
}

static void makes_certificates_with_care(void **state)
{
    char error[256], path[80];
    struct stat status;
    const char *bad[] = {"a,DNS:b"}, *good[] = {"*.example.org"};
    assert_int_equal(stat(key_path, &status), 0);
    assert_int_equal(status.st_mode & 0777, 0600);
    snprintf(path, sizeof path, "%s/new.pem", folder);
    assert_false(certificate_make(bad, 1, 10, path, path, error, sizeof error));
    assert_contains(error, "neither a host name nor an address");
    assert_false(certificate_make(good, 0, 10, path, path, error, sizeof error));
    /* existing files stay, and nothing half-made is left */
    assert_false(certificate_make(good, 1, 10, certificate_path, path, error, sizeof error));
    assert_contains(error, "File exists");
    assert_int_not_equal(stat(path, &status), 0);
    assert_int_equal(stat(certificate_path, &status), 0);
}

int main(void)
{
#define WITH_SERVER(test) cmocka_unit_test_setup_teardown(test, setup, teardown)
    const struct CMUnitTest tests[] = {
        WITH_SERVER(serves_tls_1_2_and_1_3),
        WITH_SERVER(refuses_older_versions_and_other_protocols),
        WITH_SERVER(resumes_sessions),
        WITH_SERVER(changes_the_certificate_for_new_connections),
        cmocka_unit_test(explains_bad_certificates),
        WITH_SERVER(computes_the_channel_binding),
        WITH_SERVER(confirms_and_loses_deliveries),
        WITH_SERVER(carries_much),
        WITH_SERVER(ends_handshakes_that_do_not_come),
        WITH_SERVER(survives_damaged_handshakes),
        cmocka_unit_test(makes_certificates_with_care),
    };
    return cmocka_run_group_tests(tests, make_files, remove_files);
}
