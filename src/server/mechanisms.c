#include "server/mechanisms.h"

#include <stdlib.h>
#include <string.h>

#include "auth/negotiate.h"
#include "auth/ntlm.h"
#include "auth/ntlm_auth.h"
#include "base/log.h"
#include "http/tls.h"

#define BALANCERS_MAX (CHANNEL_BINDINGS_MAX - 1)

/* The certificates of one reading; earlier ones stay, since requests under way may still point at them. */
struct balancers {
    struct balancers *before;
    unsigned count;
    struct http_tls_binding bindings[BALANCERS_MAX];
};

struct mechanisms {
    struct mechanisms_context context;
    struct balancers *balancers;
};

struct mechanisms *mechanisms_new(const struct mechanisms_context *context)
{
    struct mechanisms *mechanisms = calloc(1, sizeof *mechanisms);
    if (mechanisms)
        mechanisms->context = *context;
    return mechanisms;
}

/* --- balancers --- */

static bool read_balancer(struct balancers *balancers, const char *path)
{
    struct http_tls_error error;
    unsigned count;
    if (!http_tls_read_bindings(path, BALANCERS_MAX - balancers->count, balancers->bindings + balancers->count, &count, &error)) {
        log_error("[authentication] balancer_certificates: %s", error.text);
        return false;
    }
    balancers->count += count;
    return true;
}

static bool read_balancers(struct mechanisms *mechanisms, const char *paths)
{
    struct balancers *balancers = calloc(1, sizeof *balancers);
    char *list = strdup(paths), *rest = list;
    bool done = balancers && list;
    for (char *path; done && (path = strsep(&rest, " "));)
        done = !*path || read_balancer(balancers, path);
    free(list);
    if (!done) {
        free(balancers);
        return false;
    }
    balancers->before = mechanisms->balancers;
    mechanisms->balancers = balancers;
    return true;
}

void mechanisms_balancers(const struct mechanisms *mechanisms, struct authenticator_settings *settings)
{
    const struct balancers *balancers = mechanisms->balancers;
    for (unsigned i = 0; balancers && i < balancers->count; i++)
        settings->balancer_hashes[settings->balancer_count++] = bytes_of(balancers->bindings[i].hash, balancers->bindings[i].size);
}

/* --- NTLM and Negotiate --- */

static struct mechanism *make_helper(const struct config *config, const char *command, enum ntlm_auth_protocol protocol)
{
    struct ntlm_auth_settings settings = {.command = command, .protocol = protocol, .processes_max = config->helpers_max,
                                            .timeout_ms = config->helper_timeout_ms};
    return ntlm_auth_mechanism_new(&settings);
}

/* Our names as the challenge has them. A directory without an organization yet knows nobody either. */
static struct mechanism *make_own_ntlm(const struct mechanisms *mechanisms, const struct config *config)
{
    struct arena arena = {0};
    struct directory_organization organization = {.netbios_name = "MAPIHTTP", .domain = ""};
    (void)directory_organization(mechanisms->context.directory, &arena, &organization);
    char computer[16] = ""; /* a NetBIOS name: the first label, at most 15 characters, upper case */
    for (size_t i = 0; i < sizeof computer - 1 && mechanisms->context.host_name[i] && mechanisms->context.host_name[i] != '.'; i++) {
        char c = mechanisms->context.host_name[i];
        computer[i] = c >= 'a' && c <= 'z' ? (char)(c - 'a' + 'A') : c;
    }
    struct ntlm_settings settings = {
        .names = {.netbios_domain = organization.netbios_name, .netbios_computer = computer,
                  .dns_domain = organization.domain, .dns_computer = mechanisms->context.host_name},
        .mic_required = config->ntlm_mic_required};
    struct mechanism *mechanism = ntlm_mechanism_new(mechanisms->context.directory, &settings);
    arena_free(&arena);
    return mechanism;
}

static struct mechanism *make_ntlm(const struct mechanisms *mechanisms, const struct config *config)
{
    if (!(config->methods & DIRECTORY_METHOD_NTLM))
        return NULL;
    if (*config->ntlm_helper)
        return make_helper(config, config->ntlm_helper, NTLM_AUTH_SQUID);
    return make_own_ntlm(mechanisms, config);
}

/* 'ntlm' is shared by the bare scheme and by Negotiate. */
static struct mechanism *make_negotiate(const struct config *config, struct mechanism *kerberos, struct mechanism *ntlm)
{
    struct mechanism *inner[NEGOTIATE_MECHANISMS_MAX];
    uint32_t count = 0;
    if (!(config->methods & DIRECTORY_METHOD_KERBEROS))
        return NULL;
    if (*config->negotiate_helper)
        return make_helper(config, config->negotiate_helper, NTLM_AUTH_SPNEGO);
    if (kerberos)
        inner[count++] = mechanism_keep(kerberos);
    if (ntlm)
        inner[count++] = mechanism_keep(ntlm);
    return count ? negotiate_mechanism_new(inner, count) : NULL;
}

bool mechanisms_configure(struct mechanisms *mechanisms, const struct config *config, struct mechanism *kerberos)
{
    struct authenticator *authenticator = mechanisms->context.authenticator;
    bool done = read_balancers(mechanisms, config->balancer_certificates);
    struct mechanism *ntlm = make_ntlm(mechanisms, config);
    struct mechanism *negotiate = make_negotiate(config, kerberos, ntlm);
    authenticator_set_mechanism(authenticator, SCHEME_NTLM, ntlm);
    authenticator_set_mechanism(authenticator, SCHEME_NEGOTIATE, negotiate);
    return done;
}

void mechanisms_free(struct mechanisms *mechanisms)
{
    if (!mechanisms)
        return;
    while (mechanisms->balancers) {
        struct balancers *balancers = mechanisms->balancers;
        mechanisms->balancers = balancers->before;
        free(balancers);
    }
    free(mechanisms);
}
