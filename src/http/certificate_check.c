#include "http/certificate_check.h"

#include <arpa/inet.h>
#include <errno.h>
#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/text.h"

#define DAY_S 86400
#define CHAIN_MAX 16u      /* certificates read of a file */
#define NAMES_MAX 1024u
#define FINDINGS_MAX 128u
#define BITS_MIN_RSA 2048 /* below, OpenSSL at level 2, and so this server and its clients, refuse */
#define BITS_MIN_EC 224

const char *const certificate_severity_names[] = {"Notice", "Warning", "Error"};
const char *const certificate_problem_names[CERTIFICATE_PROBLEM_COUNT] = {
    [CERTIFICATE_UNREADABLE] = "Unreadable",
    [CERTIFICATE_KEY_UNREADABLE] = "KeyUnreadable",
    [CERTIFICATE_KEY_MISMATCH] = "KeyMismatch",
    [CERTIFICATE_KEY_EXPOSED] = "KeyExposed",
    [CERTIFICATE_NOT_YET_VALID] = "NotYetValid",
    [CERTIFICATE_EXPIRED] = "Expired",
    [CERTIFICATE_EXPIRES_SOON] = "ExpiresSoon",
    [CERTIFICATE_NAME_MISSING] = "NameMissing",
    [CERTIFICATE_WEAK_KEY] = "WeakKey",
    [CERTIFICATE_WEAK_SIGNATURE] = "WeakSignature",
    [CERTIFICATE_WRONG_PURPOSE] = "WrongPurpose",
    [CERTIFICATE_SELF_SIGNED] = "SelfSigned",
    [CERTIFICATE_CHAIN_INCOMPLETE] = "ChainIncomplete",
    [CERTIFICATE_CHAIN_UNTRUSTED] = "ChainUntrusted",
};

struct checking {
    const struct certificate_check *check;
    struct arena *arena;
    struct certificate_report *report;
    time_t now;
    struct certificate_finding *findings;
    X509 *certificate;        /* the first of the file */
    STACK_OF(X509) *others;   /* the rest */
    bool out_of_memory;
};

/* A finding whose texts are made with the arena; NULL ones mean that there was no memory. */
static void find(struct checking *checking, enum certificate_problem problem, enum certificate_severity severity,
                 const char *name, const char *text, const char *advice)
{
    struct certificate_report *report = checking->report;
    if (!text || !advice) {
        checking->out_of_memory = true;
    } else if (report->finding_count < FINDINGS_MAX) {
        checking->findings[report->finding_count++] =
            (struct certificate_finding){.problem = problem, .severity = severity, .name = name, .text = text, .advice = advice};
    }
}

static const char *last_reason(void)
{
    unsigned long code = ERR_peek_last_error();
    const char *reason = ERR_reason_error_string(code);
    if (ERR_GET_LIB(code) == ERR_LIB_PEM && ERR_GET_REASON(code) == PEM_R_NO_START_LINE)
        return "it has no PEM block of that kind";
    return reason ? reason : "it is not PEM";
}

/* Why the file cannot be read, NULL where it can. */
static const char *open_file(const char *path, BIO **ret_file)
{
    struct stat status;
    errno = 0;
    if (stat(path, &status) < 0)
        return strerror(errno);
    if (!S_ISREG(status.st_mode)) /* a pipe would be waited for */
        return "it is not a file";
    errno = 0;
    BIO *file = BIO_new_file(path, "r");
    if (!file)
        return errno ? strerror(errno) : "it cannot be opened";
    *ret_file = file;
    return NULL;
}

/* --- reading --- */

/* Nobody is there to be asked for the password of an encrypted key. */
static int no_password(char *buffer, int size, int writing, void *argument)
{
    return -1;
}

static bool read_certificates(struct checking *checking)
{
    const char *path = checking->check->certificate_path;
    BIO *file = NULL;
    ERR_clear_error();
    const char *why = open_file(path, &file);
    checking->others = sk_X509_new_null();
    if (!checking->others)
        checking->out_of_memory = true;
    while (!why && !checking->out_of_memory && checking->report->chain_length < CHAIN_MAX) {
        X509 *one = PEM_read_bio_X509(file, NULL, no_password, NULL);
        if (!one)
            break;
        checking->report->chain_length++;
        if (!checking->certificate)
            checking->certificate = one;
        else if (sk_X509_push(checking->others, one) <= 0) {
            X509_free(one);
            checking->out_of_memory = true;
        }
    }
    BIO_free(file);
    if (!checking->certificate && !checking->out_of_memory)
        find(checking, CERTIFICATE_UNREADABLE, CERTIFICATE_ERROR, NULL,
             arena_format(checking->arena, "the certificate %s cannot be read: %s", path, why ? why : last_reason()),
             "Name a PEM file that has the certificate and, behind it, its chain");
    ERR_clear_error();
    return checking->certificate != NULL && !checking->out_of_memory;
}

static const char *name_text(struct arena *arena, X509_NAME *name)
{
    BIO *memory = BIO_new(BIO_s_mem());
    char *data = NULL;
    const char *text = NULL;
    if (memory && X509_NAME_print_ex(memory, name, 0, XN_FLAG_RFC2253 & ~ASN1_STRFLGS_ESC_MSB) >= 0) {
        long size = BIO_get_mem_data(memory, &data);
        text = size > 0 ? arena_string_of(arena, bytes_of(data, (size_t)size)) : "";
    }
    BIO_free(memory);
    return text;
}

static const char *hexadecimal(struct arena *arena, const unsigned char *data, size_t size)
{
    char *text = arena_allocate(arena, 2 * size + 1);
    for (size_t i = 0; text && i < size; i++)
        snprintf(text + 2 * i, 3, "%02X", data[i]);
    return text;
}

static const char *digest_text(struct checking *checking, const EVP_MD *kind)
{
    unsigned char digest[EVP_MAX_MD_SIZE];
    unsigned size = 0;
    return X509_digest(checking->certificate, kind, digest, &size) == 1 ? hexadecimal(checking->arena, digest, size) : NULL;
}

static time_t time_of(const ASN1_TIME *value)
{
    struct tm parts = {0};
    return ASN1_TIME_to_tm(value, &parts) == 1 ? timegm(&parts) : 0;
}

static const char *date_text(struct checking *checking, time_t when)
{
    struct tm parts;
    char text[32] = "?";
    if (gmtime_r(&when, &parts))
        strftime(text, sizeof text, "%Y-%m-%d %H:%M UTC", &parts);
    return arena_string(checking->arena, text);
}

static const char *key_text(struct arena *arena, EVP_PKEY *key)
{
    char curve[64] = "";
    if (!key)
        return "unknown";
    if (EVP_PKEY_is_a(key, "EC") && EVP_PKEY_get_group_name(key, curve, sizeof curve, NULL) == 1)
        return arena_format(arena, "EC %s", curve);
    const char *name = EVP_PKEY_get0_type_name(key);
    return arena_format(arena, "%s %d", name ? name : "unknown", EVP_PKEY_get_bits(key));
}

/* One entry of the alternative names as text; NULL for kinds that name no host. */
static const char *alternative_name(struct arena *arena, const GENERAL_NAME *entry)
{
    char address[INET6_ADDRSTRLEN];
    if (entry->type == GEN_DNS) {
        const ASN1_STRING *value = entry->d.dNSName;
        struct bytes text = bytes_of(ASN1_STRING_get0_data(value), (size_t)ASN1_STRING_length(value));
        return text.size && !memchr(text.data, '\0', text.size) ? arena_string_of(arena, text) : NULL;
    }
    if (entry->type != GEN_IPADD)
        return NULL;
    int size = ASN1_STRING_length(entry->d.iPAddress);
    if (size != 4 && size != 16)
        return NULL;
    return inet_ntop(size == 4 ? AF_INET : AF_INET6, ASN1_STRING_get0_data(entry->d.iPAddress), address, sizeof address)
        ? arena_string(arena, address) : NULL;
}

/* Without alternative names nothing is covered: clients have not looked at the common name for years. */
static bool read_names(struct checking *checking)
{
    GENERAL_NAMES *entries = X509_get_ext_d2i(checking->certificate, NID_subject_alt_name, NULL, NULL);
    int count = entries ? sk_GENERAL_NAME_num(entries) : 0;
    if (count > (int)NAMES_MAX)
        count = NAMES_MAX;
    const char **names = arena_array(checking->arena, const char *, (size_t)count + 1);
    for (int i = 0; names && i < count; i++) {
        const char *name = alternative_name(checking->arena, sk_GENERAL_NAME_value(entries, i));
        if (name)
            names[checking->report->name_count++] = name;
    }
    GENERAL_NAMES_free(entries);
    checking->report->names = names;
    return names != NULL;
}

static bool describe(struct checking *checking)
{
    struct certificate_report *report = checking->report;
    X509 *certificate = checking->certificate;
    struct arena *arena = checking->arena;
    const ASN1_INTEGER *serial = X509_get0_serialNumber(certificate);
    report->subject = name_text(arena, X509_get_subject_name(certificate));
    report->issuer = name_text(arena, X509_get_issuer_name(certificate));
    report->serial = hexadecimal(arena, ASN1_STRING_get0_data(serial), (size_t)ASN1_STRING_length(serial));
    report->thumbprint = digest_text(checking, EVP_sha1());
    report->fingerprint = digest_text(checking, EVP_sha256());
    report->not_before = time_of(X509_get0_notBefore(certificate));
    report->not_after = time_of(X509_get0_notAfter(certificate));
    double days = difftime(report->not_after, checking->now) / DAY_S;
    report->days_left = (long)days - (days < 0 ? 1 : 0);
    report->key_kind = key_text(arena, X509_get0_pubkey(certificate));
    report->signature = OBJ_nid2ln(X509_get_signature_nid(certificate));
    /* its own issuer by name and key identifiers; whether the signature holds is for the chain */
    report->self_signed = X509_check_issued(certificate, certificate) == X509_V_OK;
    return report->subject && report->issuer && report->serial && report->thumbprint && report->fingerprint && report->key_kind &&
           read_names(checking);
}

/* --- judging --- */

static void check_time(struct checking *checking)
{
    struct certificate_report *report = checking->report;
    struct arena *arena = checking->arena;
    unsigned warning_days = checking->check->warning_days ? checking->check->warning_days : CERTIFICATE_WARNING_DAYS;
    if (checking->now < report->not_before)
        find(checking, CERTIFICATE_NOT_YET_VALID, CERTIFICATE_ERROR, NULL,
             arena_format(arena, "the certificate is not valid before %s", date_text(checking, report->not_before)),
             "Compare the clock of this machine with the time; else wait, or keep the old certificate until then");
    else if (checking->now > report->not_after)
        find(checking, CERTIFICATE_EXPIRED, CERTIFICATE_ERROR, NULL,
             arena_format(arena, "the certificate expired at %s", date_text(checking, report->not_after)),
             "Renew it, then 'systemctl reload mapihttpd'");
    else if (report->days_left < (long)warning_days)
        find(checking, CERTIFICATE_EXPIRES_SOON, CERTIFICATE_WARNING, NULL,
             arena_format(arena, "the certificate expires in %ld %s, at %s", report->days_left, report->days_left == 1 ? "day" : "days",
                          date_text(checking, report->not_after)),
             "Renew it, then 'systemctl reload mapihttpd'; where that should happen by itself, look at the ACME client's log");
}

bool certificate_name_covers(const char *name, const char *host)
{
    struct in6_addr address, other;
    if (inet_pton(AF_INET, host, &address) == 1)
        return inet_pton(AF_INET, name, &other) == 1 && memcmp(&address, &other, sizeof(struct in_addr)) == 0;
    if (inet_pton(AF_INET6, host, &address) == 1)
        return inet_pton(AF_INET6, name, &other) == 1 && memcmp(&address, &other, sizeof address) == 0;
    size_t size = strlen(host);
    if (size && host[size - 1] == '.') /* the root's dot does not count */
        size--;
    if (strncmp(name, "*.", 2) == 0) {
        const char *dot = memchr(host, '.', size);
        if (!dot || dot == host || !strchr(name + 2, '.')) /* '*.org' is too wide for any client */
            return false;
        size -= (size_t)(dot - host);
        host = dot;
        name++;
    }
    return strlen(name) == size && size > 0 && strncasecmp(name, host, size) == 0;
}

static void check_names(struct checking *checking)
{
    const struct certificate_report *report = checking->report;
    for (size_t i = 0; i < checking->check->use_count; i++) {
        const struct certificate_use *use = &checking->check->uses[i];
        bool covered = false;
        for (size_t j = 0; j < report->name_count && !covered; j++)
            covered = certificate_name_covers(report->names[j], use->host);
        if (!covered)
            find(checking, CERTIFICATE_NAME_MISSING, use->optional ? CERTIFICATE_WARNING : CERTIFICATE_ERROR, use->host,
                 arena_format(checking->arena, "the certificate does not cover %s (%s)", use->host, use->origin),
                 use->optional ? "Have the name added, or publish a service record (mapihttp dns) that leads to a name it covers"
                               : "Have a certificate made with this name among its alternative names, or change the URL");
    }
}

static void check_key(struct checking *checking)
{
    EVP_PKEY *key = X509_get0_pubkey(checking->certificate);
    struct certificate_report *report = checking->report;
    if (!key) {
        find(checking, CERTIFICATE_WEAK_KEY, CERTIFICATE_ERROR, NULL, "the certificate's key is of a kind that is not known",
             "Have a certificate made for an RSA key of 2048 bits or a P-256 key");
        return;
    }
    int bits = EVP_PKEY_get_bits(key);
    bool rsa = EVP_PKEY_is_a(key, "RSA") || EVP_PKEY_is_a(key, "RSA-PSS") || EVP_PKEY_is_a(key, "DSA");
    if (bits < (rsa ? BITS_MIN_RSA : BITS_MIN_EC))
        find(checking, CERTIFICATE_WEAK_KEY, CERTIFICATE_ERROR, NULL,
             arena_format(checking->arena, "the key (%s) is too weak: clients and this server refuse it", report->key_kind),
             "Have a certificate made for an RSA key of 2048 bits or a P-256 key");
    else if (EVP_PKEY_is_a(key, "DSA") || EVP_PKEY_is_a(key, "ED25519") || EVP_PKEY_is_a(key, "ED448"))
        find(checking, CERTIFICATE_WEAK_KEY, CERTIFICATE_WARNING, NULL,
             arena_format(checking->arena, "Windows, and so Outlook, does not take keys of this kind (%s)", report->key_kind),
             "Have a certificate made for an RSA key of 2048 bits or a P-256 key");
    int digest = NID_undef;
    if (X509_get_signature_info(checking->certificate, &digest, NULL, NULL, NULL) == 1 && !report->self_signed &&
        (digest == NID_md5 || digest == NID_sha1 || digest == NID_md5_sha1))
        find(checking, CERTIFICATE_WEAK_SIGNATURE, CERTIFICATE_ERROR, NULL,
             arena_format(checking->arena, "the certificate is signed with %s, which clients refuse", report->signature),
             "Have it made anew, signed with SHA-256");
}

static void check_purpose(struct checking *checking)
{
    if (X509_get_extension_flags(checking->certificate) & EXFLAG_XKUSAGE &&
        !(X509_get_extended_key_usage(checking->certificate) & (XKU_SSL_SERVER | XKU_ANYEKU)))
        find(checking, CERTIFICATE_WRONG_PURPOSE, CERTIFICATE_ERROR, NULL,
             "the certificate is not for servers: its extended key usage lacks serverAuth",
             "Have a certificate made for TLS servers");
}

static void check_chain(struct checking *checking)
{
    X509_STORE *store = X509_STORE_new();
    X509_STORE_CTX *context = X509_STORE_CTX_new();
    if (!store || !context || X509_STORE_CTX_init(context, store, checking->certificate, checking->others) != 1) {
        checking->out_of_memory = true;
        goto done;
    }
    X509_STORE_set_default_paths(store);
    if (checking->check->authorities_path && X509_STORE_load_file(store, checking->check->authorities_path) != 1)
        find(checking, CERTIFICATE_CHAIN_UNTRUSTED, CERTIFICATE_WARNING, NULL,
             arena_format(checking->arena, "the authorities in %s cannot be read: %s", checking->check->authorities_path, last_reason()),
             "Name a PEM file of certificates");
    X509_VERIFY_PARAM *parameters = X509_STORE_CTX_get0_param(context);
    X509_VERIFY_PARAM_set_time(parameters, checking->now);
    checking->report->trusted = X509_verify_cert(context) == 1;
    int error = X509_STORE_CTX_get_error(context);
    const char *reason = X509_verify_cert_error_string(error);
    if (checking->report->trusted)
        goto done;
    switch (error) {
    case X509_V_ERR_CERT_NOT_YET_VALID:
    case X509_V_ERR_CERT_HAS_EXPIRED:
        if (X509_STORE_CTX_get_error_depth(context) == 0)
            break; /* said already */
        find(checking, CERTIFICATE_CHAIN_UNTRUSTED, CERTIFICATE_ERROR, NULL,
             arena_format(checking->arena, "a certificate of the chain is out of its time: %s", reason),
             "Take the chain that the authority gives today; ACME clients write it as fullchain.pem");
        break;
    case X509_V_ERR_DEPTH_ZERO_SELF_SIGNED_CERT:
        find(checking, CERTIFICATE_SELF_SIGNED, CERTIFICATE_WARNING, NULL,
             "the certificate is signed by itself: only clients on which it was installed as trusted will connect",
             "Have one made by an authority that the clients trust; docs/certificates.md shows how by ACME");
        break;
    case X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT_LOCALLY:
    case X509_V_ERR_UNABLE_TO_VERIFY_LEAF_SIGNATURE:
        find(checking, CERTIFICATE_CHAIN_INCOMPLETE, CERTIFICATE_WARNING, NULL,
             arena_format(checking->arena, "the chain of %zu in the file does not lead to an authority trusted on this machine: "
                          "an intermediate certificate is missing, or the authority is your own", checking->report->chain_length),
             "Put the intermediate certificates behind the certificate (fullchain.pem); install your own authority with "
             "update-ca-certificates, and on the clients");
        break;
    case X509_V_ERR_SELF_SIGNED_CERT_IN_CHAIN:
        find(checking, CERTIFICATE_CHAIN_UNTRUSTED, CERTIFICATE_WARNING, NULL,
             "the chain ends at an authority that is not trusted on this machine",
             "Where it is your own, install it with update-ca-certificates, and on the clients");
        break;
    default:
        find(checking, CERTIFICATE_CHAIN_UNTRUSTED, CERTIFICATE_ERROR, NULL,
             arena_format(checking->arena, "the chain is not good: %s", reason),
             "Compare the file with what the authority gave");
    }
done:
    X509_STORE_CTX_free(context);
    X509_STORE_free(store);
    ERR_clear_error();
}

static void check_key_file(struct checking *checking)
{
    const char *path = checking->check->key_path;
    struct stat status;
    BIO *file = NULL;
    ERR_clear_error();
    const char *why = open_file(path, &file);
    EVP_PKEY *key = why ? NULL : PEM_read_bio_PrivateKey(file, NULL, no_password, NULL);
    BIO_free(file);
    if (!key) {
        unsigned long code = ERR_peek_error();
        bool encrypted = ERR_GET_REASON(code) == PEM_R_BAD_PASSWORD_READ || ERR_GET_REASON(ERR_peek_last_error()) == PEM_R_BAD_PASSWORD_READ;
        find(checking, CERTIFICATE_KEY_UNREADABLE, CERTIFICATE_ERROR, NULL,
             arena_format(checking->arena, "the key %s cannot be read: %s", path,
                          why ? why : encrypted ? "it is encrypted" : last_reason()),
             encrypted ? "Write it without a password: openssl pkey -in FILE -out NEW"
                       : "Name a PEM file with the private key that the server's user may read");
    } else if (X509_check_private_key(checking->certificate, key) != 1) {
        find(checking, CERTIFICATE_KEY_MISMATCH, CERTIFICATE_ERROR, NULL,
             arena_format(checking->arena, "the key %s does not belong to the certificate", path),
             "Use the key with which this certificate was asked for; ACME clients write both side by side");
    } else if (stat(path, &status) == 0 && status.st_mode & S_IROTH) {
        find(checking, CERTIFICATE_KEY_EXPOSED, CERTIFICATE_WARNING, NULL,
             arena_format(checking->arena, "everybody on this machine may read the key %s", path),
             "chmod o= it; who has read it can pass for this server");
    }
    EVP_PKEY_free(key);
    ERR_clear_error();
}

static int compare_findings(const void *left, const void *right)
{
    const struct certificate_finding *a = left, *b = right;
    return a->severity != b->severity ? (int)b->severity - (int)a->severity : (int)a->problem - (int)b->problem;
}

bool certificate_check_run(const struct certificate_check *check, struct arena *arena, struct certificate_report *ret_report)
{
    struct certificate_report report = {.subject = "", .issuer = "", .serial = "", .thumbprint = "", .fingerprint = "",
                                        .key_kind = "", .signature = ""};
    struct checking checking = {.check = check, .arena = arena, .report = &report, .now = check->now ? check->now : time(NULL),
                                .findings = arena_array(arena, struct certificate_finding, FINDINGS_MAX)};
    if (!checking.findings)
        return false;
    if (read_certificates(&checking)) {
        if (describe(&checking)) {
            check_time(&checking);
            check_names(&checking);
            check_key(&checking);
            check_purpose(&checking);
            check_chain(&checking);
            if (check->key_path)
                check_key_file(&checking);
        } else {
            checking.out_of_memory = true;
        }
    }
    X509_free(checking.certificate);
    sk_X509_pop_free(checking.others, X509_free);
    if (checking.out_of_memory)
        return false;
    qsort(checking.findings, report.finding_count, sizeof *checking.findings, compare_findings);
    report.findings = checking.findings;
    *ret_report = report;
    return true;
}

bool certificate_report_worst(const struct certificate_report *report, enum certificate_severity *ret_severity)
{
    if (report->finding_count == 0)
        return false;
    *ret_severity = report->findings[0].severity;
    return true;
}
