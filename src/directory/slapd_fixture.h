/* For tests of the LDAP directory: a real slapd on loopback, in a folder of its own under /tmp, ended with the test. Schemas
 * and people are in tests/ldap/. */
#pragma once
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <arpa/inet.h>
#include <cmocka.h>
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "directory/embedded.h"
#include "directory/ldap.h"

#define SLAPD_PATH "/usr/sbin/slapd"
#define SLAPD_SCHEMA_PATH "/etc/ldap/schema"
#define SLAPD_MODULE_PATH "/usr/lib/ldap"
#define SLAPD_READER "cn=reader,dc=example,dc=org"
#define SLAPD_READER_PASSWORD "reader secret"

struct slapd {
    char folder[64];
    uint16_t port, tls_port;
    pid_t process;
    char url[64], tls_url[64], ca_file[96];
    struct arena arena;
    char notices[8192]; /* what the directory told */
};

static inline bool slapd_is_there(void)
{
    signal(SIGPIPE, SIG_IGN); /* as every program does that uses ldap.h */
    bool there = access(SLAPD_PATH, X_OK) == 0 && access(SLAPD_SCHEMA_PATH "/core.schema", R_OK) == 0;
    if (!there)
        print_message("SKIP: " SLAPD_PATH " is not installed\n");
    return there;
}

static inline uint16_t free_port(void)
{
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t size = sizeof address;
    int probe = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    assert_int_equal(bind(probe, (struct sockaddr *)&address, sizeof address), 0);
    assert_int_equal(getsockname(probe, (struct sockaddr *)&address, &size), 0);
    close(probe);
    return ntohs(address.sin_port);
}

static inline int run_program(const char *const *words)
{
    pid_t process = fork();
    if (process == 0) {
        if (!freopen("/dev/null", "w", stdout) || !freopen("/dev/null", "w", stderr))
            _exit(126);
        execvp(words[0], (char *const *)words);
        _exit(127);
    }
    int status = -1;
    while (waitpid(process, &status, 0) < 0 && errno == EINTR)
        ;
    return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

static inline void slapd_write_file(struct slapd *slapd, const char *name, const char *text)
{
    char path[128];
    snprintf(path, sizeof path, "%s/%s", slapd->folder, name);
    FILE *file = fopen(path, "w");
    assert_non_null(file);
    assert_true(fputs(text, file) >= 0);
    assert_int_equal(fclose(file), 0);
}

/* A certificate for one name ('IP:127.0.0.1') that signs itself. */
static inline void slapd_make_certificate(struct slapd *slapd, const char *name, const char *subject)
{
    char certificate[128], key[128], extension[128];
    snprintf(extension, sizeof extension, "subjectAltName=%s", subject);
    snprintf(certificate, sizeof certificate, "%s/%s.pem", slapd->folder, name);
    snprintf(key, sizeof key, "%s/%s.key", slapd->folder, name);
    const char *const words[] = {"openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days",
                                 "2", "-subj", "/CN=directory", "-addext", extension, "-keyout", key,
                                 "-out", certificate, NULL};
    assert_int_equal(run_program(words), 0);
}

static inline void slapd_configure(struct slapd *slapd, const char *more)
{
    const char *root = getenv("MAPIHTTP_SOURCE_ROOT");
    static char text[8192];
    snprintf(text, sizeof text,
             "include " SLAPD_SCHEMA_PATH "/core.schema\ninclude " SLAPD_SCHEMA_PATH "/cosine.schema\n"
             "include " SLAPD_SCHEMA_PATH "/nis.schema\ninclude " SLAPD_SCHEMA_PATH "/inetorgperson.schema\n"
             "include " SLAPD_SCHEMA_PATH "/dyngroup.schema\ninclude %s/tests/ldap/names.schema\n"
             "modulepath " SLAPD_MODULE_PATH "\nmoduleload back_mdb\nmoduleload ppolicy\npidfile %s/slapd.pid\n"
             "TLSCertificateFile %s/server.pem\nTLSCertificateKeyFile %s/server.key\n"
             "sizelimit 500\nthreads 4\nallow bind_anon_cred bind_anon_dn\nreferral ldap://127.0.0.1:1/\n"
             "database mdb\nsuffix dc=example,dc=org\ndirectory %s/db\nmaxsize 268435456\ndbnosync\n"
             "index objectClass,entryUUID,uid,mail,cn eq\n"
             "limits dn.exact=\"cn=reader,dc=example,dc=org\" size.prtotal=unlimited\n"
             "limits dn.exact=\"cn=limited,dc=example,dc=org\" size.soft=20 size.hard=20 size.prtotal=20\n"
             "overlay ppolicy\nppolicy_default cn=policy,dc=example,dc=org\nppolicy_use_lockout\n"
             "access to attrs=userPassword by anonymous auth by * none\n"
             "access to * by dn.exact=\"cn=reader,dc=example,dc=org\" write by dn.exact=\"cn=limited,dc=example,dc=org\" read"
             " by anonymous auth by * none\n%s",
             root ? root : ".", slapd->folder, slapd->folder, slapd->folder, slapd->folder, more);
    slapd_write_file(slapd, "slapd.conf", text);
}

/* Loads a file of people: a name in tests/ldap/, or a path. */
static inline void slapd_load(struct slapd *slapd, const char *ldif)
{
    char path[512], configuration[128];
    const char *root = getenv("MAPIHTTP_SOURCE_ROOT");
    snprintf(path, sizeof path, ldif[0] == '/' ? "%s" : "%s/tests/ldap/%s", ldif[0] == '/' ? ldif : root ? root : ".", ldif);
    snprintf(configuration, sizeof configuration, "%s/slapd.conf", slapd->folder);
    const char *const words[] = {"/usr/sbin/slapadd", "-q", "-f", configuration, "-l", path, NULL};
    assert_int_equal(run_program(words), 0);
}

static inline void sleep_ms(unsigned ms)
{
    nanosleep(&(struct timespec){ms / 1000, (long)(ms % 1000) * 1000000}, NULL);
}

static inline bool port_answers(uint16_t port)
{
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK), .sin_port = htons(port)};
    int probe = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    bool answers = connect(probe, (struct sockaddr *)&address, sizeof address) == 0;
    close(probe);
    return answers;
}

static inline void slapd_start(struct slapd *slapd)
{
    char configuration[128], urls[160];
    snprintf(configuration, sizeof configuration, "%s/slapd.conf", slapd->folder);
    snprintf(urls, sizeof urls, "%s/ %s/", slapd->url, slapd->tls_url);
    slapd->process = fork();
    if (slapd->process == 0) {
        prctl(PR_SET_PDEATHSIG, SIGKILL);
        if (!freopen("/dev/null", "w", stderr))
            _exit(126);
        execl(SLAPD_PATH, SLAPD_PATH, "-d", "0", "-f", configuration, "-h", urls, (char *)NULL);
        _exit(127);
    }
    for (unsigned i = 0; i < 1000 && !port_answers(slapd->port); i++) {
        assert_int_equal(waitpid(slapd->process, NULL, WNOHANG), 0);
        sleep_ms(10);
    }
    assert_true(port_answers(slapd->port));
}

static inline void slapd_stop(struct slapd *slapd)
{
    if (slapd->process <= 0)
        return;
    kill(slapd->process, SIGTERM);
    waitpid(slapd->process, NULL, 0);
    slapd->process = 0;
}

/* With the people of 'ldif' in it; 'more' are lines for slapd.conf. */
static inline struct slapd *slapd_new(const char *ldif, const char *more)
{
    struct slapd *slapd = calloc(1, sizeof *slapd);
    char path[128];
    assert_non_null(slapd);
    strcpy(slapd->folder, "/tmp/mapihttp-slapd-XXXXXX");
    assert_non_null(mkdtemp(slapd->folder));
    snprintf(path, sizeof path, "%s/db", slapd->folder);
    assert_int_equal(mkdir(path, 0700), 0);
    slapd->port = free_port();
    slapd->tls_port = free_port();
    snprintf(slapd->url, sizeof slapd->url, "ldap://127.0.0.1:%u", slapd->port);
    snprintf(slapd->tls_url, sizeof slapd->tls_url, "ldaps://127.0.0.1:%u", slapd->tls_port);
    snprintf(slapd->ca_file, sizeof slapd->ca_file, "%s/server.pem", slapd->folder);
    slapd_make_certificate(slapd, "server", "IP:127.0.0.1");
    slapd_configure(slapd, more);
    slapd_load(slapd, ldif);
    slapd_start(slapd);
    return slapd;
}

static inline void slapd_free(struct slapd *slapd)
{
    slapd_stop(slapd);
    const char *const words[] = {"rm", "-rf", slapd->folder, NULL};
    assert_int_equal(run_program(words), 0);
    arena_free(&slapd->arena);
    free(slapd);
}

static inline void slapd_notice(void *user, const char *text)
{
    struct slapd *slapd = user;
    size_t used = strlen(slapd->notices);
    snprintf(slapd->notices + used, sizeof slapd->notices - used, "%s\n", text);
}

/* Over StartTLS, with the certificate checked. */
static inline struct ldap_directory_settings slapd_settings(struct slapd *slapd, enum ldap_schema schema)
{
    return (struct ldap_directory_settings){
        .urls = slapd->url, .start_tls = true, .verify_certificate = true, .ca_file = slapd->ca_file, .bind_dn = SLAPD_READER,
        .bind_password = SLAPD_READER_PASSWORD, .base_dn = "dc=example,dc=org", .schema = schema, .administrators_dn = "",
        .page_size = 500, .connections_max = 4, .connect_timeout_ms = 3000, .timeout_ms = 5000, .cache_ms = 0,
        .refresh_ms = 3600000, .organization_name = "Example", .domain = "", .notice = slapd_notice, .notice_user = slapd};
}

static inline struct directory *slapd_directory(const struct ldap_directory_settings *settings, struct directory *local)
{
    struct directory *directory;
    struct ldap_directory_error error;
    enum directory_status status = ldap_directory_open(settings, local, &directory, &error);
    if (status != DIRECTORY_OK)
        fail_msg("%s: %s", directory_status_text(status), error.text);
    return directory;
}
