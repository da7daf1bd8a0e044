#include "http/certificate.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/rand.h>
#include <openssl/x509v3.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define DAY_S 86400L

static bool add_extension(X509 *certificate, int id, const char *value)
{
    X509V3_CTX context;
    X509V3_set_ctx_nodb(&context);
    X509V3_set_ctx(&context, certificate, certificate, NULL, NULL, 0);
    X509_EXTENSION *extension = X509V3_EXT_conf_nid(NULL, &context, id, value);
    bool done = extension && X509_add_ext(certificate, extension, -1) == 1;
    X509_EXTENSION_free(extension);
    return done;
}

/* Only what host names and addresses are made of: the value below has a syntax of its own. */
static bool name_is_valid(const char *name)
{
    return *name && strlen(name) < 254
        && strspn(name, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-.:*_") == strlen(name);
}

static bool add_names(X509 *certificate, const char *const *names, size_t name_count)
{
    char value[CERTIFICATE_NAMES_MAX * 260] = "";
    size_t used = 0;
    for (size_t i = 0; i < name_count; i++) {
        unsigned char address[16];
        bool is_address = inet_pton(AF_INET, names[i], address) == 1 || inet_pton(AF_INET6, names[i], address) == 1;
        used += (size_t)snprintf(value + used, sizeof value - used, "%s%s:%s", i ? "," : "", is_address ? "IP" : "DNS", names[i]);
    }
    return add_extension(certificate, NID_subject_alt_name, value);
}

static X509 *build(EVP_PKEY *key, const char *const *names, size_t name_count, unsigned days)
{
    X509 *certificate = X509_new();
    unsigned char serial_bytes[16];
    BIGNUM *serial = NULL;
    if (!certificate || RAND_bytes(serial_bytes, sizeof serial_bytes) != 1)
        goto failed;
    serial_bytes[0] &= 0x7F; /* positive */
    serial = BN_bin2bn(serial_bytes, sizeof serial_bytes, NULL);
    X509_NAME *subject = X509_get_subject_name(certificate);
    bool done = serial && BN_to_ASN1_INTEGER(serial, X509_get_serialNumber(certificate))
        && X509_set_version(certificate, X509_VERSION_3) == 1
        && X509_gmtime_adj(X509_getm_notBefore(certificate), -3600)
        && X509_gmtime_adj(X509_getm_notAfter(certificate), (long)days * DAY_S)
        && X509_set_pubkey(certificate, key) == 1
        /* the common name holds 64 octets at most; clients look at the names below */
        && X509_NAME_add_entry_by_txt(subject, "CN", MBSTRING_ASC, (const unsigned char *)names[0],
            (int)(strlen(names[0]) > 64 ? 64 : strlen(names[0])), -1, 0) == 1
        && X509_set_issuer_name(certificate, subject) == 1
        /* a certificate that is its own authority can be installed as trusted */
        && add_extension(certificate, NID_basic_constraints, "critical,CA:TRUE")
        && add_extension(certificate, NID_key_usage, "critical,digitalSignature,keyCertSign")
        && add_extension(certificate, NID_ext_key_usage, "serverAuth")
        && add_extension(certificate, NID_subject_key_identifier, "hash")
        && add_names(certificate, names, name_count)
        && X509_sign(certificate, key, EVP_sha256()) > 0;
    BN_free(serial);
    if (done)
        return certificate;
failed:
    X509_free(certificate);
    return NULL;
}

static bool folder_of(const char *path, char folder[PATH_MAX])
{
    const char *slash = strrchr(path, '/');
    return slash && slash != path && snprintf(folder, PATH_MAX, "%.*s", (int)(slash - path), path) < PATH_MAX;
}

/* What root makes belongs to the owner of the folder: the server's own user has to read it. */
static void give_to_owner_of_folder(int fd, const char *path)
{
    char folder[PATH_MAX];
    struct stat status;
    if (geteuid() == 0 && folder_of(path, folder) && stat(folder, &status) == 0
        && fchown(fd, status.st_uid, status.st_gid) != 0)
        return; /* the server will say that it cannot read the file */
}

/* A new file with the permissions; NULL with errno. */
static FILE *create(const char *path, mode_t mode)
{
    char folder[PATH_MAX];
    if (folder_of(path, folder))
        mkdir(folder, 0755); /* if it cannot be made, creating the file says why */
    int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, mode);
    FILE *file = fd >= 0 ? fdopen(fd, "w") : NULL;
    if (fd >= 0) {
        fchmod(fd, mode); /* whatever the umask */
        give_to_owner_of_folder(fd, path);
    }
    return file;
}

static bool write_both(X509 *certificate, EVP_PKEY *key, const char *certificate_path, const char *key_path,
    char *ret_error, size_t error_size)
{
    const char *path = key_path;
    FILE *key_file = create(key_path, 0600);
    FILE *certificate_file = NULL;
    if (key_file) {
        path = certificate_path;
        certificate_file = create(certificate_path, 0644);
    }
    bool done = key_file && certificate_file && PEM_write_PrivateKey(key_file, key, NULL, NULL, 0, NULL, NULL) == 1
        && PEM_write_X509(certificate_file, certificate) == 1;
    int error = errno;
    if (key_file)
        done &= fclose(key_file) == 0;
    if (certificate_file)
        done &= fclose(certificate_file) == 0;
    if (!done) {
        snprintf(ret_error, error_size, "%s: %s", path, strerror(error));
        if (key_file)
            unlink(key_path); /* ours: it did not exist before */
        if (certificate_file)
            unlink(certificate_path);
    }
    return done;
}

bool certificate_make(const char *const *names, size_t name_count, unsigned days, const char *certificate_path,
    const char *key_path, char *ret_error, size_t error_size)
{
    if (name_count == 0 || name_count > CERTIFICATE_NAMES_MAX) {
        snprintf(ret_error, error_size, "between 1 and %u names are needed", CERTIFICATE_NAMES_MAX);
        return false;
    }
    for (size_t i = 0; i < name_count; i++)
        if (!name_is_valid(names[i])) {
            snprintf(ret_error, error_size, "'%.100s' is neither a host name nor an address", names[i]);
            return false;
        }
    EVP_PKEY *key = EVP_EC_gen("P-256");
    X509 *certificate = key ? build(key, names, name_count, days) : NULL;
    bool done = false;
    if (certificate)
        done = write_both(certificate, key, certificate_path, key_path, ret_error, error_size);
    else
        snprintf(ret_error, error_size, "OpenSSL could not make the certificate");
    X509_free(certificate);
    EVP_PKEY_free(key);
    ERR_clear_error();
    return done;
}
