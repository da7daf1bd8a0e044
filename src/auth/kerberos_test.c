/* Tickets are forged here with the service's key, as a KDC makes them (RFC 4120 5.3), so that every kind of wrong one can be
 * had at once; tests/e2e/kerberos_test.py goes the whole way with a real KDC and curl. */
#include "auth/kerberos.h"

#include <gssapi/gssapi_ext.h>
#include <gssapi/gssapi_krb5.h>
#include <krb5.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

/* Exported by libkrb5 for the KDC, in none of its public headers. */
krb5_error_code krb5_encrypt_tkt_part(krb5_context context, const krb5_keyblock *key, krb5_ticket *ticket);
krb5_error_code encode_krb5_ticket(const krb5_ticket *ticket, krb5_data **ret_code);

#define SERVICE "HTTP/mail.example.org@EXAMPLE.ORG"
#define SHARED "http/outlook.example.org@EXAMPLE.ORG"
#define HOUR 3600

struct fixture {
    char folder[64], keytab_path[96], replay_path[96];
    krb5_context context;
    krb5_keyblock service_key, other_key;
    struct kerberos *kerberos;
    struct arena arena;
};

static void make_key(struct fixture *fixture, krb5_keyblock *ret_key)
{
    assert_int_equal(krb5_c_make_random_key(fixture->context, ENCTYPE_AES256_CTS_HMAC_SHA1_96, ret_key), 0);
}

static void add_to_keytab(struct fixture *fixture, const char *path, const char *principal, const krb5_keyblock *key, krb5_kvno number)
{
    char name[128];
    krb5_keytab keytab;
    krb5_keytab_entry entry = {.vno = number, .key = *key};
    snprintf(name, sizeof name, "WRFILE:%s", path);
    assert_int_equal(krb5_kt_resolve(fixture->context, name, &keytab), 0);
    assert_int_equal(krb5_parse_name(fixture->context, principal, &entry.principal), 0);
    assert_int_equal(krb5_kt_add_entry(fixture->context, keytab, &entry), 0);
    krb5_free_principal(fixture->context, entry.principal);
    assert_int_equal(krb5_kt_close(fixture->context, keytab), 0);
}

static void open_keytab(struct fixture *fixture)
{
    char error[KERBEROS_ERROR_SIZE] = "";
    fixture->kerberos = kerberos_open(fixture->keytab_path, fixture->replay_path, error);
    if (!fixture->kerberos)
        fail_msg("%s", error);
}

static int set_up(void **state)
{
    struct fixture *fixture = calloc(1, sizeof *fixture);
    char configuration[96];
    assert_non_null(fixture);
    snprintf(fixture->folder, sizeof fixture->folder, "/tmp/kerberos_test_XXXXXX");
    assert_non_null(mkdtemp(fixture->folder));
    snprintf(fixture->keytab_path, sizeof fixture->keytab_path, "%s/keytab", fixture->folder);
    snprintf(fixture->replay_path, sizeof fixture->replay_path, "%s/replay", fixture->folder);
    snprintf(configuration, sizeof configuration, "%s/krb5.conf", fixture->folder);
    FILE *file = fopen(configuration, "w");
    assert_non_null(file);
    fputs("[libdefaults]\n default_realm = EXAMPLE.ORG\n dns_lookup_kdc = false\n dns_canonicalize_hostname = false\n", file);
    assert_int_equal(fclose(file), 0);
    setenv("KRB5_CONFIG", configuration, 1);
    assert_int_equal(krb5_init_context(&fixture->context), 0);
    make_key(fixture, &fixture->service_key);
    make_key(fixture, &fixture->other_key);
    add_to_keytab(fixture, fixture->keytab_path, SERVICE, &fixture->service_key, 3);
    add_to_keytab(fixture, fixture->keytab_path, SHARED, &fixture->service_key, 7);
    add_to_keytab(fixture, fixture->keytab_path, "host/mail.example.org@EXAMPLE.ORG", &fixture->other_key, 1);
    open_keytab(fixture);
    *state = fixture;
    return 0;
}

static int tear_down(void **state)
{
    struct fixture *fixture = *state;
    char command[128];
    kerberos_close(fixture->kerberos);
    arena_free(&fixture->arena);
    krb5_free_keyblock_contents(fixture->context, &fixture->service_key);
    krb5_free_keyblock_contents(fixture->context, &fixture->other_key);
    krb5_free_context(fixture->context);
    snprintf(command, sizeof command, "rm -r %s", fixture->folder);
    assert_int_equal(system(command), 0);
    free(fixture);
    return 0;
}

/* --- forging --- */

struct forgery {
    const char *client, *server;  /* NULL: ada's, SERVICE */
    const krb5_keyblock *key;     /* NULL: the service's */
    krb5_kvno number;             /* 0: 3 */
    int starts_s, ends_s;         /* from now; 0 and 0: valid for an hour */
    const char *binding;          /* of the client; NULL: none */
    uint32_t flags;               /* GSS_C_..., besides MUTUAL */
};

static void make_ticket(struct fixture *fixture, const struct forgery *forgery, krb5_creds *ret_credentials)
{
    krb5_creds credentials = {0};
    krb5_timestamp now = (krb5_timestamp)time(NULL);
    krb5_data *code;
    make_key(fixture, &credentials.keyblock);
    assert_int_equal(krb5_parse_name(fixture->context, forgery->client ? forgery->client : "ada@EXAMPLE.ORG",
                                     &credentials.client), 0);
    assert_int_equal(krb5_parse_name(fixture->context, forgery->server ? forgery->server : SERVICE, &credentials.server), 0);
    krb5_transited transited = {.tr_type = KRB5_DOMAIN_X500_COMPRESS};
    krb5_enc_tkt_part part = {.flags = TKT_FLG_INITIAL | TKT_FLG_TRANSIT_POLICY_CHECKED, .session = &credentials.keyblock,
                              .client = credentials.client, .transited = transited,
                              .times = {now - 10, now + forgery->starts_s, now + (forgery->ends_s ? forgery->ends_s : HOUR), 0}};
    krb5_ticket ticket = {.server = credentials.server, .enc_part2 = &part};
    assert_int_equal(krb5_encrypt_tkt_part(fixture->context, forgery->key ? forgery->key : &fixture->service_key, &ticket), 0);
    ticket.enc_part.kvno = forgery->number ? forgery->number : 3;
    assert_int_equal(encode_krb5_ticket(&ticket, &code), 0);
    free(ticket.enc_part.ciphertext.data);
    credentials.ticket = *code;
    free(code);
    credentials.times = (krb5_ticket_times){now - 10, now - 10, now + HOUR, 0}; /* what the client believes */
    *ret_credentials = credentials;
}

/* What a client with that ticket sends; in the arena. */
static struct bytes forge(struct fixture *fixture, const struct forgery *forgery)
{
    krb5_creds credentials;
    krb5_ccache cache;
    char name[128];
    OM_uint32 minor;
    gss_cred_id_t credential;
    gss_name_t target;
    gss_ctx_id_t context = GSS_C_NO_CONTEXT;
    gss_buffer_desc token = GSS_C_EMPTY_BUFFER;
    struct gss_channel_bindings_struct bindings = {0};
    make_ticket(fixture, forgery, &credentials);
    assert_int_equal(krb5_cc_new_unique(fixture->context, "MEMORY", NULL, &cache), 0);
    assert_int_equal(krb5_cc_initialize(fixture->context, cache, credentials.client), 0);
    assert_int_equal(krb5_cc_store_cred(fixture->context, cache, &credentials), 0);
    snprintf(name, sizeof name, "MEMORY:%s", krb5_cc_get_name(fixture->context, cache));
    gss_key_value_element_desc element = {"ccache", name};
    gss_key_value_set_desc store = {1, &element};
    gss_OID_set_desc mechanisms = {1, gss_mech_krb5};
    assert_int_equal(gss_acquire_cred_from(&minor, GSS_C_NO_NAME, GSS_C_INDEFINITE, &mechanisms, GSS_C_INITIATE, &store,
                                           &credential, NULL, NULL), GSS_S_COMPLETE);
    const char *server = forgery->server ? forgery->server : SERVICE;
    gss_buffer_desc target_name = {strlen(server), (void *)server};
    assert_int_equal(gss_import_name(&minor, &target_name, GSS_KRB5_NT_PRINCIPAL_NAME, &target), GSS_S_COMPLETE);
    if (forgery->binding)
        bindings.application_data = (gss_buffer_desc){strlen(forgery->binding), (void *)forgery->binding};
    OM_uint32 major = gss_init_sec_context(&minor, credential, &context, target, gss_mech_krb5, GSS_C_MUTUAL_FLAG | forgery->flags,
        0, forgery->binding ? &bindings : GSS_C_NO_CHANNEL_BINDINGS, GSS_C_NO_BUFFER, NULL, &token, NULL, NULL);
    assert_int_equal(GSS_ERROR(major), 0);
    struct bytes copy = arena_bytes(&fixture->arena, bytes_of(token.value, token.length));
    gss_release_buffer(&minor, &token);
    gss_delete_sec_context(&minor, &context, GSS_C_NO_BUFFER);
    gss_release_name(&minor, &target);
    gss_release_cred(&minor, &credential);
    krb5_cc_destroy(fixture->context, cache);
    krb5_free_cred_contents(fixture->context, &credentials);
    return copy;
}

static struct kerberos_outcome accept_token(struct fixture *fixture, struct bytes token, enum kerberos_binding_policy policy,
                                            uint32_t binding_count, const char *const *hashes)
{
    struct bytes bindings[4];
    struct kerberos_outcome outcome;
    for (uint32_t i = 0; i < binding_count; i++)
        bindings[i] = bytes_of_string(hashes[i]);
    struct kerberos_request request = {.token = token, .policy = policy, .bindings = bindings, .binding_count = binding_count};
    kerberos_accept(fixture->kerberos, &fixture->arena, &request, &outcome);
    kerberos_context_free(outcome.context);
    return outcome;
}

static struct kerberos_outcome accept_forgery(struct fixture *fixture, struct forgery forgery)
{
    return accept_token(fixture, forge(fixture, &forgery), KERBEROS_BINDING_NONE, 0, NULL);
}

static void assert_refused(struct kerberos_outcome outcome, const char *cause)
{
    assert_false(outcome.accepted);
    assert_null(outcome.context);
    assert_string_equal(outcome.cause, cause);
}

/* --- the cases --- */

static void a_good_ticket_tells_who_it_is(void **state)
{
    struct kerberos_outcome outcome = accept_forgery(*state, (struct forgery){0});
    assert_true(outcome.accepted);
    assert_string_equal(outcome.principal, "ada@EXAMPLE.ORG");
    assert_in_range(outcome.lifetime_s, HOUR - 5, HOUR + 301); /* with the permitted difference of clocks */
    assert_false(outcome.bound);
    assert_true(outcome.answer.size > 0); /* mutual authentication */
}

static void the_shared_service_name_is_as_good(void **state)
{
    struct kerberos_outcome outcome = accept_forgery(*state, (struct forgery){.server = SHARED, .number = 7});
    assert_true(outcome.accepted);
}

static void tickets_out_of_time_are_refused(void **state)
{
    assert_refused(accept_forgery(*state, (struct forgery){.starts_s = -2 * HOUR, .ends_s = -HOUR}), "Kerberos ticket expired");
    assert_refused(accept_forgery(*state, (struct forgery){.starts_s = HOUR, .ends_s = 2 * HOUR}),
                   "Kerberos ticket not yet valid");
}

static void tickets_for_others_are_refused(void **state)
{
    struct fixture *fixture = *state;
    struct kerberos_outcome outcome = accept_forgery(fixture, (struct forgery){.key = &fixture->other_key});
    assert_false(outcome.accepted);
    assert_non_null(strstr(outcome.cause, "key"));
    /* The host key stands in the same file, but not for us. */
    outcome = accept_forgery(fixture, (struct forgery){.server = "host/mail.example.org@EXAMPLE.ORG",
                                                       .key = &fixture->other_key, .number = 1});
    assert_false(outcome.accepted);
}

static void services_are_no_users(void **state)
{
    assert_refused(accept_forgery(*state, (struct forgery){.client = "host/laptop.example.org@EXAMPLE.ORG"}),
                   "Kerberos principal is not a user's");
    assert_refused(accept_forgery(*state, (struct forgery){.client = "ada\\@example.org@EXAMPLE.ORG"}),
                   "Kerberos principal is not a user's");
}

static void a_token_counts_once(void **state)
{
    struct fixture *fixture = *state;
    struct bytes token = forge(fixture, &(struct forgery){0});
    assert_true(accept_token(fixture, token, KERBEROS_BINDING_NONE, 0, NULL).accepted);
    assert_refused(accept_token(fixture, token, KERBEROS_BINDING_NONE, 0, NULL), "Kerberos: replayed");
    kerberos_close(fixture->kerberos); /* neither after a restart */
    open_keytab(fixture);
    assert_refused(accept_token(fixture, token, KERBEROS_BINDING_NONE, 0, NULL), "Kerberos: replayed");
}

static void without_a_replay_cache_nobody_comes_in(void **state)
{
    struct fixture *fixture = *state;
    kerberos_close(fixture->kerberos);
    snprintf(fixture->replay_path, sizeof fixture->replay_path, "%s/absent/replay", fixture->folder);
    open_keytab(fixture);
    struct kerberos_outcome outcome = accept_forgery(fixture, (struct forgery){0});
    assert_false(outcome.accepted);
    assert_true(outcome.unavailable);
    assert_non_null(strstr(outcome.cause, "replay cache"));
}

static void bindings_decide_as_the_policy_says(void **state)
{
    static const char *const ours[] = {"balancer-hash", "our-own-hash"};
    static const struct {
        const char *binding;
        enum kerberos_binding_policy policy;
        uint32_t count;
        bool accepted, bound;
    } cases[] = {
        {"tls-server-end-point:our-own-hash", KERBEROS_BINDING_REQUIRE, 2, true, true},
        {"tls-server-end-point:balancer-hash", KERBEROS_BINDING_REQUIRE, 2, true, true},
        {"tls-server-end-point:our-own-hash", KERBEROS_BINDING_ALLOW, 2, true, true},
        {"tls-server-end-point:balancer-hash", KERBEROS_BINDING_ALLOW, 1, true, true},
        {"tls-server-end-point:our-own-hash", KERBEROS_BINDING_ALLOW, 1, false, false},
        {"tls-server-end-point:another-hash", KERBEROS_BINDING_ALLOW, 2, false, false},
        {"tls-server-end-point:another-hash", KERBEROS_BINDING_REQUIRE, 2, false, false},
        {"tls-unique:our-own-hash", KERBEROS_BINDING_REQUIRE, 2, false, false},
        {"tls-server-end-point:another-hash", KERBEROS_BINDING_NONE, 2, true, false},
        {NULL, KERBEROS_BINDING_NONE, 2, true, false},
        {NULL, KERBEROS_BINDING_ALLOW, 2, true, false},
        {NULL, KERBEROS_BINDING_REQUIRE, 2, false, false},
        {NULL, KERBEROS_BINDING_REQUIRE, 0, false, false},
        {"tls-server-end-point:our-own-hash", KERBEROS_BINDING_REQUIRE, 0, false, false},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct bytes token = forge(*state, &(struct forgery){.binding = cases[i].binding});
        struct kerberos_outcome outcome = accept_token(*state, token, cases[i].policy, cases[i].count, ours);
        if (outcome.accepted != cases[i].accepted || outcome.bound != cases[i].bound)
            fail_msg("case %zu: accepted %d, bound %d, %s", i, outcome.accepted, outcome.bound, outcome.cause);
        if (!cases[i].accepted && cases[i].binding && cases[i].count)
            assert_string_equal(outcome.cause, "Kerberos: bound to another TLS connection");
    }
}

static void codes_are_signed_and_verified(void **state)
{
    struct fixture *fixture = *state;
    struct kerberos_outcome outcome;
    struct kerberos_request request = {.token = forge(fixture, &(struct forgery){.flags = GSS_C_INTEG_FLAG})};
    struct bytes code, list = BYTES_LITERAL("list of mechanisms");
    kerberos_accept(fixture->kerberos, &fixture->arena, &request, &outcome);
    assert_true(outcome.accepted);
    assert_true(kerberos_sign(outcome.context, &fixture->arena, list, &code));
    assert_true(code.size >= 16);
    assert_false(kerberos_verify(outcome.context, list, code)); /* ours reflected is not theirs */
    assert_false(kerberos_verify(outcome.context, list, BYTES_NONE));
    kerberos_context_free(outcome.context);
}

static void garbage_is_refused(void **state)
{
    struct fixture *fixture = *state;
    struct bytes token = forge(fixture, &(struct forgery){0});
    assert_false(accept_token(fixture, BYTES_NONE, KERBEROS_BINDING_NONE, 0, NULL).accepted);
    assert_false(accept_token(fixture, BYTES_LITERAL("NTLMSSP\0\1"), KERBEROS_BINDING_NONE, 0, NULL).accepted);
    for (size_t size = 1; size < token.size; size += size < 64 ? 1 : 31)
        assert_false(accept_token(fixture, bytes_of(token.data, size), KERBEROS_BINDING_NONE, 0, NULL).accepted);
    for (size_t i = 0; i < token.size; i += 17) { /* no octet may be another: most are encrypted, the rest is framing */
        uint8_t *changed = arena_copy(&fixture->arena, token.data, token.size);
        assert_non_null(changed);
        changed[i] ^= 0x40;
        struct kerberos_outcome outcome = accept_token(fixture, bytes_of(changed, token.size), KERBEROS_BINDING_NONE, 0, NULL);
        assert_true(!outcome.accepted || i < 256); /* the ticket's clear head (its realm, its name) is not protected */
        if (outcome.accepted)
            assert_string_equal(outcome.principal, "ada@EXAMPLE.ORG");
    }
}

static void keytabs_are_looked_at_before_they_are_used(void **state)
{
    struct fixture *fixture = *state;
    char path[128], error[KERBEROS_ERROR_SIZE];
    assert_string_equal(kerberos_services(fixture->kerberos), SERVICE ", " SHARED);
    assert_string_equal(kerberos_realms(fixture->kerberos), "EXAMPLE.ORG");
    snprintf(path, sizeof path, "%s/absent", fixture->folder);
    assert_null(kerberos_open(path, fixture->replay_path, error));
    assert_non_null(strstr(error, "No such file"));
    add_to_keytab(fixture, path, "host/mail.example.org@EXAMPLE.ORG", &fixture->other_key, 1);
    assert_null(kerberos_open(path, fixture->replay_path, error));
    assert_non_null(strstr(error, "no HTTP/... principal"));
    FILE *file = fopen(path, "w");
    assert_non_null(file);
    fputs("-----BEGIN CERTIFICATE-----\n", file);
    assert_int_equal(fclose(file), 0);
    assert_null(kerberos_open(path, fixture->replay_path, error));
    assert_non_null(strstr(error, path));
}

static void realms_map_to_what_the_directory_calls_them(void **state)
{
    struct arena *arena = &((struct fixture *)*state)->arena;
    const char *realms = "EXAMPLE.ORG  AD.EXAMPLE.ORG=example.com", *error;
    assert_string_equal(kerberos_directory_name(arena, realms, "ada@EXAMPLE.ORG"), "ada@EXAMPLE.ORG");
    assert_string_equal(kerberos_directory_name(arena, realms, "ada@AD.EXAMPLE.ORG"), "ada@example.com");
    assert_null(kerberos_directory_name(arena, realms, "ada@example.org")); /* realms are exact */
    assert_null(kerberos_directory_name(arena, realms, "ada@EXAMPLE"));
    assert_null(kerberos_directory_name(arena, realms, "ada@AD.EXAMPLE.ORG=example.com"));
    assert_null(kerberos_directory_name(arena, "", "ada@EXAMPLE.ORG"));
    assert_null(kerberos_directory_name(arena, realms, "ada"));
    assert_true(kerberos_realms_valid(realms, &error));
    assert_true(kerberos_realms_valid("", &error));
    assert_false(kerberos_realms_valid("=example.org", &error));
    assert_false(kerberos_realms_valid("EXAMPLE.ORG=", &error));
    assert_false(kerberos_realms_valid("A=b=c", &error));
    assert_false(kerberos_realms_valid("ada@EXAMPLE.ORG", &error));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(a_good_ticket_tells_who_it_is, set_up, tear_down),
        cmocka_unit_test_setup_teardown(the_shared_service_name_is_as_good, set_up, tear_down),
        cmocka_unit_test_setup_teardown(tickets_out_of_time_are_refused, set_up, tear_down),
        cmocka_unit_test_setup_teardown(tickets_for_others_are_refused, set_up, tear_down),
        cmocka_unit_test_setup_teardown(services_are_no_users, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_token_counts_once, set_up, tear_down),
        cmocka_unit_test_setup_teardown(without_a_replay_cache_nobody_comes_in, set_up, tear_down),
        cmocka_unit_test_setup_teardown(bindings_decide_as_the_policy_says, set_up, tear_down),
        cmocka_unit_test_setup_teardown(codes_are_signed_and_verified, set_up, tear_down),
        cmocka_unit_test_setup_teardown(garbage_is_refused, set_up, tear_down),
        cmocka_unit_test_setup_teardown(keytabs_are_looked_at_before_they_are_used, set_up, tear_down),
        cmocka_unit_test_setup_teardown(realms_map_to_what_the_directory_calls_them, set_up, tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
