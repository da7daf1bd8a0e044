/* The certificate check: each finding by a certificate that has the fault, and none by one that has not. */
#include "http/certificate_check.h"

#include <openssl/pem.h>
#include <openssl/rsa.h>
#include <openssl/x509v3.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#define DAY_S 86400L

struct fixture {
    char folder[64];
    char path[96], key_path[96], root_path[96];
    time_t now;
    struct arena arena;
    EVP_PKEY *root_key, *middle_key, *key;
    X509 *root, *middle;
};

struct wanted {
    X509 *issuer;         /* NULL: itself */
    EVP_PKEY *issuer_key;
    const char *common_name, *names; /* names: 'DNS:..,IP:..'; NULL for none */
    const char *purpose;  /* extended key usage; NULL for none */
    const EVP_MD *digest;
    bool authority;
    long from_days, to_days;
};

static void extend(X509 *certificate, X509 *issuer, int id, const char *value)
{
    X509V3_CTX context;
    X509V3_set_ctx_nodb(&context);
    X509V3_set_ctx(&context, issuer, certificate, NULL, NULL, 0);
    X509_EXTENSION *extension = X509V3_EXT_conf_nid(NULL, &context, id, value);
    assert_non_null(extension);
    assert_int_equal(X509_add_ext(certificate, extension, -1), 1);
    X509_EXTENSION_free(extension);
}

static X509 *make(const struct fixture *fixture, EVP_PKEY *key, const struct wanted *wanted)
{
    static long serial = 4096;
    X509 *certificate = X509_new(), *issuer = wanted->issuer ? wanted->issuer : certificate;
    X509_NAME *subject = X509_get_subject_name(certificate);
    time_t from = fixture->now + wanted->from_days * DAY_S - 60, to = fixture->now + wanted->to_days * DAY_S + 60;
    ASN1_INTEGER_set(X509_get_serialNumber(certificate), ++serial);
    X509_set_version(certificate, X509_VERSION_3);
    X509_time_adj(X509_getm_notBefore(certificate), 0, &from);
    X509_time_adj(X509_getm_notAfter(certificate), 0, &to);
    X509_NAME_add_entry_by_txt(subject, "CN", MBSTRING_ASC, (const unsigned char *)wanted->common_name, -1, -1, 0);
    X509_set_issuer_name(certificate, X509_get_subject_name(issuer));
    X509_set_pubkey(certificate, key);
    extend(certificate, issuer, NID_basic_constraints, wanted->authority ? "critical,CA:TRUE" : "CA:FALSE");
    extend(certificate, issuer, NID_subject_key_identifier, "hash");
    extend(certificate, issuer, NID_authority_key_identifier, "keyid");
    if (wanted->names)
        extend(certificate, issuer, NID_subject_alt_name, wanted->names);
    if (wanted->purpose)
        extend(certificate, issuer, NID_ext_key_usage, wanted->purpose);
    assert_true(X509_sign(certificate, wanted->issuer ? wanted->issuer_key : key, wanted->digest ? wanted->digest : EVP_sha256()) > 0);
    return certificate;
}

static void write_file(const char *path, X509 *first, X509 *second, EVP_PKEY *key)
{
    FILE *file = fopen(path, "w");
    assert_non_null(file);
    if (first)
        PEM_write_X509(file, first);
    if (second)
        PEM_write_X509(file, second);
    if (key)
        PEM_write_PrivateKey(file, key, NULL, NULL, 0, NULL, NULL);
    fclose(file);
    chmod(path, 0600);
}

static int begin(void **state)
{
    struct fixture *fixture = calloc(1, sizeof *fixture);
    strcpy(fixture->folder, "/tmp/mapihttp-certificate-XXXXXX");
    if (!mkdtemp(fixture->folder))
        return -1;
    snprintf(fixture->path, sizeof fixture->path, "%s/certificate.pem", fixture->folder);
    snprintf(fixture->key_path, sizeof fixture->key_path, "%s/key.pem", fixture->folder);
    snprintf(fixture->root_path, sizeof fixture->root_path, "%s/root.pem", fixture->folder);
    fixture->now = time(NULL);
    fixture->root_key = EVP_EC_gen("P-256");
    fixture->middle_key = EVP_EC_gen("P-256");
    fixture->key = EVP_EC_gen("P-256");
    fixture->root = make(fixture, fixture->root_key, &(struct wanted){.common_name = "Root", .authority = true, .from_days = -900, .to_days = 900});
    fixture->middle = make(fixture, fixture->middle_key, &(struct wanted){.issuer = fixture->root, .issuer_key = fixture->root_key,
        .common_name = "Middle", .authority = true, .from_days = -900, .to_days = 900});
    write_file(fixture->root_path, fixture->root, NULL, NULL);
    *state = fixture;
    return 0;
}

static int end(void **state)
{
    struct fixture *fixture = *state;
    unlink(fixture->path);
    unlink(fixture->key_path);
    unlink(fixture->root_path);
    rmdir(fixture->folder);
    X509_free(fixture->root);
    X509_free(fixture->middle);
    EVP_PKEY_free(fixture->root_key);
    EVP_PKEY_free(fixture->middle_key);
    EVP_PKEY_free(fixture->key);
    arena_free(&fixture->arena);
    free(fixture);
    return 0;
}

/* A good certificate of mail.example.org, to be spoilt. */
static struct wanted good(const struct fixture *fixture)
{
    return (struct wanted){.issuer = fixture->middle, .issuer_key = fixture->middle_key, .common_name = "mail.example.org",
                           .names = "DNS:mail.example.org,DNS:*.example.net,IP:192.0.2.7", .purpose = "serverAuth", .from_days = -1, .to_days = 90};
}

static void put(struct fixture *fixture, const struct wanted *wanted)
{
    X509 *certificate = make(fixture, fixture->key, wanted);
    write_file(fixture->path, certificate, fixture->middle, NULL);
    write_file(fixture->key_path, NULL, NULL, fixture->key);
    X509_free(certificate);
}

static struct certificate_report check(struct fixture *fixture, const char *host)
{
    const struct certificate_use use = {.host = host, .origin = "test"};
    struct certificate_report report;
    assert_true(certificate_check_run(&(struct certificate_check){
        .certificate_path = fixture->path, .key_path = fixture->key_path, .authorities_path = fixture->root_path,
        .use_count = host ? 1 : 0, .uses = &use, .now = fixture->now}, &fixture->arena, &report));
    return report;
}

/* Exactly these, in this order; ended by COUNT. */
static void expect(struct certificate_report found, const enum certificate_problem *problems)
{
    const struct certificate_report *report = &found;
    size_t count = 0;
    for (; problems[count] != CERTIFICATE_PROBLEM_COUNT; count++) {
        if (count >= report->finding_count || report->findings[count].problem != problems[count])
            fail_msg("finding %zu is not %s but %s: %s", count, certificate_problem_names[problems[count]],
                     count < report->finding_count ? certificate_problem_names[report->findings[count].problem] : "(none)",
                     count < report->finding_count ? report->findings[count].text : "");
        assert_true(*report->findings[count].advice);
    }
    if (report->finding_count != count)
        fail_msg("also found: %s: %s", certificate_problem_names[report->findings[count].problem], report->findings[count].text);
}
#define EXPECT(report, ...) expect((report), (const enum certificate_problem[]){__VA_ARGS__ __VA_OPT__(,) CERTIFICATE_PROBLEM_COUNT})

static void test_good(void **state)
{
    struct fixture *fixture = *state;
    struct wanted wanted = good(fixture);
    enum certificate_severity worst;
    put(fixture, &wanted);
    struct certificate_report report = check(fixture, "mail.example.org");
    EXPECT(report);
    assert_false(certificate_report_worst(&report, &worst));
    assert_true(report.trusted);
    assert_false(report.self_signed);
    assert_string_equal(report.subject, "CN=mail.example.org");
    assert_string_equal(report.issuer, "CN=Middle");
    assert_string_equal(report.key_kind, "EC prime256v1");
    assert_int_equal(report.chain_length, 2);
    assert_int_equal(report.days_left, 90);
    assert_int_equal(report.name_count, 3);
    assert_string_equal(report.names[2], "192.0.2.7");
    assert_int_equal(strlen(report.thumbprint), 40);
    assert_int_equal(strlen(report.fingerprint), 64);
}

static void test_names(void **state)
{
    struct fixture *fixture = *state;
    struct wanted wanted = good(fixture);
    put(fixture, &wanted);
    struct certificate_report report = check(fixture, "owa.example.org");
    EXPECT(report, CERTIFICATE_NAME_MISSING);
    assert_int_equal(report.findings[0].severity, CERTIFICATE_ERROR);
    assert_string_equal(report.findings[0].name, "owa.example.org");
    EXPECT(check(fixture, "MAIL.EXAMPLE.NET"));
    EXPECT(check(fixture, "192.0.2.7"));
    EXPECT(check(fixture, "192.0.2.8"), CERTIFICATE_NAME_MISSING);
    /* The common name alone covers nothing. */
    wanted.names = NULL;
    put(fixture, &wanted);
    EXPECT(check(fixture, "mail.example.org"), CERTIFICATE_NAME_MISSING);
    /* One that may be found otherwise is a warning. */
    const struct certificate_use use = {.host = "autodiscover.example.org", .origin = "test", .optional = true};
    assert_true(certificate_check_run(&(struct certificate_check){.certificate_path = fixture->path, .authorities_path = fixture->root_path,
        .use_count = 1, .uses = &use, .now = fixture->now}, &fixture->arena, &report));
    EXPECT(report, CERTIFICATE_NAME_MISSING);
    assert_int_equal(report.findings[0].severity, CERTIFICATE_WARNING);
}

static void test_wildcards(void **state)
{
    static const struct { const char *name, *host; bool covers; } rows[] = {
        {"*.example.org", "mail.example.org", true}, {"*.example.org", "Mail.Example.ORG.", true},
        {"*.example.org", "example.org", false}, {"*.example.org", "a.b.example.org", false}, {"*.example.org", ".example.org", false},
        {"*.org", "example.org", false}, {"m*.example.org", "mail.example.org", false}, {"*.2.0.192", "1.2.0.192", false},
        {"mail.example.org", "mail.example.org", true}, {"mail.example.org", "mail.example.or", false}, {"", "", false},
        {"2001:db8::1", "2001:DB8:0::1", true}, {"::1", "::2", false}, {"192.0.2.7", "192.0.2.7", true},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        if (certificate_name_covers(rows[i].name, rows[i].host) != rows[i].covers)
            fail_msg("'%s' and '%s'", rows[i].name, rows[i].host);
}

static void test_time(void **state)
{
    struct fixture *fixture = *state;
    struct wanted wanted = good(fixture);
    wanted.to_days = 29;
    put(fixture, &wanted);
    struct certificate_report report = check(fixture, "mail.example.org");
    EXPECT(report, CERTIFICATE_EXPIRES_SOON);
    assert_int_equal(report.findings[0].severity, CERTIFICATE_WARNING);
    assert_int_equal(report.days_left, 29);
    wanted.to_days = 30;
    put(fixture, &wanted);
    EXPECT(check(fixture, "mail.example.org"));
    wanted.to_days = -1;
    wanted.from_days = -90;
    put(fixture, &wanted);
    report = check(fixture, "mail.example.org");
    EXPECT(report, CERTIFICATE_EXPIRED);
    assert_int_equal(report.findings[0].severity, CERTIFICATE_ERROR);
    assert_int_equal(report.days_left, -1);
    assert_false(report.trusted);
    wanted.from_days = 2;
    wanted.to_days = 90;
    put(fixture, &wanted);
    EXPECT(check(fixture, "mail.example.org"), CERTIFICATE_NOT_YET_VALID);
}

static void test_chain(void **state)
{
    struct fixture *fixture = *state;
    struct wanted wanted = good(fixture);
    X509 *certificate = make(fixture, fixture->key, &wanted);
    write_file(fixture->path, certificate, NULL, NULL); /* without the intermediate one */
    write_file(fixture->key_path, NULL, NULL, fixture->key);
    EXPECT(check(fixture, "mail.example.org"), CERTIFICATE_CHAIN_INCOMPLETE);
    X509_free(certificate);
    wanted.issuer = NULL;
    put(fixture, &wanted);
    struct certificate_report report = check(fixture, "mail.example.org");
    EXPECT(report, CERTIFICATE_SELF_SIGNED);
    assert_true(report.self_signed);
    /* Signed by a key that is not the issuer's. */
    wanted = good(fixture);
    wanted.issuer_key = fixture->root_key;
    put(fixture, &wanted);
    report = check(fixture, "mail.example.org");
    EXPECT(report, CERTIFICATE_CHAIN_UNTRUSTED);
    assert_int_equal(report.findings[0].severity, CERTIFICATE_ERROR);
    /* An authority that nobody here knows. */
    wanted = good(fixture);
    put(fixture, &wanted);
    certificate = make(fixture, fixture->key, &wanted);
    FILE *file = fopen(fixture->path, "w");
    PEM_write_X509(file, certificate);
    PEM_write_X509(file, fixture->middle);
    PEM_write_X509(file, fixture->root);
    fclose(file);
    X509_free(certificate);
    assert_true(certificate_check_run(&(struct certificate_check){.certificate_path = fixture->path, .now = fixture->now}, &fixture->arena, &report));
    EXPECT(report, CERTIFICATE_CHAIN_UNTRUSTED);
    assert_int_equal(report.findings[0].severity, CERTIFICATE_WARNING);
}

static void test_key(void **state)
{
    struct fixture *fixture = *state;
    struct wanted wanted = good(fixture);
    put(fixture, &wanted);
    write_file(fixture->key_path, NULL, NULL, fixture->root_key);
    struct certificate_report report = check(fixture, "mail.example.org");
    EXPECT(report, CERTIFICATE_KEY_MISMATCH);
    assert_int_equal(report.findings[0].severity, CERTIFICATE_ERROR);
    unlink(fixture->key_path);
    EXPECT(check(fixture, "mail.example.org"), CERTIFICATE_KEY_UNREADABLE);
    write_file(fixture->key_path, fixture->root, NULL, NULL); /* a certificate, no key */
    EXPECT(check(fixture, "mail.example.org"), CERTIFICATE_KEY_UNREADABLE);
    FILE *file = fopen(fixture->key_path, "w");
    PEM_write_PrivateKey(file, fixture->key, EVP_aes_256_cbc(), (const unsigned char *)"secret", 6, NULL, NULL);
    fclose(file);
    report = check(fixture, "mail.example.org");
    EXPECT(report, CERTIFICATE_KEY_UNREADABLE);
    assert_non_null(strstr(report.findings[0].text, "encrypted"));
    write_file(fixture->key_path, NULL, NULL, fixture->key);
    chmod(fixture->key_path, 0644);
    report = check(fixture, "mail.example.org");
    EXPECT(report, CERTIFICATE_KEY_EXPOSED);
    assert_int_equal(report.findings[0].severity, CERTIFICATE_WARNING);
}

static void test_strength_and_purpose(void **state)
{
    struct fixture *fixture = *state;
    struct wanted wanted = good(fixture);
    EVP_PKEY *strong = fixture->key;
    fixture->key = EVP_RSA_gen(1024);
    put(fixture, &wanted);
    EXPECT(check(fixture, "mail.example.org"), CERTIFICATE_WEAK_KEY);
    EVP_PKEY_free(fixture->key);
    fixture->key = strong;
    wanted.digest = EVP_sha1();
    put(fixture, &wanted);
    EXPECT(check(fixture, "mail.example.org"), CERTIFICATE_WEAK_SIGNATURE);
    wanted.digest = NULL;
    wanted.purpose = "clientAuth";
    put(fixture, &wanted);
    EXPECT(check(fixture, "mail.example.org"), CERTIFICATE_WRONG_PURPOSE);
}

static void test_files(void **state)
{
    struct fixture *fixture = *state;
    struct certificate_report report = check(fixture, "mail.example.org");
    EXPECT(report, CERTIFICATE_UNREADABLE);
    assert_non_null(strstr(report.findings[0].text, "No such file"));
    assert_string_equal(report.subject, "");
    write_file(fixture->path, NULL, NULL, fixture->key);
    EXPECT(check(fixture, "mail.example.org"), CERTIFICATE_UNREADABLE);
    FILE *file = fopen(fixture->path, "w");
    fputs("-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n", file);
    fclose(file);
    EXPECT(check(fixture, "mail.example.org"), CERTIFICATE_UNREADABLE);
    unlink(fixture->path);
    assert_int_equal(mkfifo(fixture->path, 0600), 0); /* is not waited for */
    EXPECT(check(fixture, "mail.example.org"), CERTIFICATE_UNREADABLE);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, begin, end)
    const struct CMUnitTest tests[] = {
        TEST(test_good), TEST(test_names), cmocka_unit_test(test_wildcards), TEST(test_time), TEST(test_chain), TEST(test_key),
        TEST(test_strength_and_purpose), TEST(test_files),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
