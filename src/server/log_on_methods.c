#include "server/log_on_methods.h"

#include <stdio.h>
#include <string.h>

#include "auth/kerberos_mechanism.h"
#include "base/filetime.h"
#include "base/log.h"

/* --- Kerberos --- */

/* The mechanism for the keytab as it is now; NULL (logged) where it cannot be used. */
static struct mechanism *open_kerberos(const struct config *config)
{
    char error[KERBEROS_ERROR_SIZE], replay_path[4096];
    if ((size_t)snprintf(replay_path, sizeof replay_path, "%s/kerberos.replay", config->data_path) >= sizeof replay_path) {
        log_error("Kerberos: the path of the data folder is too long");
        return NULL;
    }
    struct kerberos *kerberos = kerberos_open(config->keytab_path, replay_path, error);
    if (!kerberos) {
        log_error("Kerberos: %s", error);
        return NULL;
    }
    log_info("Kerberos: tickets for %s are accepted", kerberos_services(kerberos));
    struct mechanism *mechanism = kerberos_mechanism_new(kerberos, config->realms);
    if (!mechanism)
        log_error("Kerberos: out of memory");
    return mechanism;
}

static bool configure_kerberos(struct log_on_methods *methods, const struct config *config)
{
    bool wanted = *config->keytab_path && config->methods & DIRECTORY_METHOD_KERBEROS;
    struct mechanism *mechanism = wanted ? open_kerberos(config) : NULL;
    if (wanted && !mechanism) {
        if (methods->kerberos)
            log_warning("Kerberos: the keys read before stay");
        return methods->kerberos != NULL;
    }
    mechanism_release(methods->kerberos);
    methods->kerberos = mechanism;
    return true;
}

/* --- bearer tokens --- */

static void report_keys(bool good, const char *text)
{
    if (good)
        log_info("%s", text);
    else
        log_warning("no keys for bearer tokens: %s", text);
}

static struct bearer_settings bearer_settings_of(const struct config *config)
{
    return (struct bearer_settings){
        .keys = {.location = config->jwks, .ca_path = config->jwks_ca_path, .refresh_ms = config->jwks_refresh_ms,
                 .retry_ms = config->jwks_retry_ms, .keep_ms = config->jwks_keep_ms, .timeout_ms = config->jwks_timeout_ms},
        .rules = {.issuers = config->issuers, .audiences = config->audiences, .scopes = config->scopes, .roles = config->roles,
                  .claims = config->claims, .unverified_email = config->unverified_email,
                  .clock_skew_s = config->clock_skew_ms / 1000},
        .algorithms = config->algorithms, .token_size_max = config->token_size_max, .realm = config->realm,
        .authorization_uri = config->authorization_uri, .client_id = config->client_id,
        .trusted_issuers = config->trusted_issuers,
        .issuer_kind = strcmp(config->issuer_kind, "none") == 0 ? "" : config->issuer_kind, .report = report_keys};
}

static void fetch_keys(struct worker_job *job)
{
    struct log_on_methods *methods = container_of(job, struct log_on_methods, fetch);
    (void)bearer_fetch(methods->fetching, monotonic_ms());
    atomic_store(&methods->fetch_done, true);
}

/* Log-ons that come before it is done fetch for themselves. */
static void fetch_early(struct log_on_methods *methods, struct server *server)
{
    if (methods->fetching && !atomic_load(&methods->fetch_done))
        return; /* two reloads within seconds */
    mechanism_release(methods->fetching);
    methods->fetching = mechanism_keep(methods->bearer);
    atomic_store(&methods->fetch_done, false);
    methods->fetch.run = fetch_keys;
    if (methods->fetching && !worker_post(server->blocking, &methods->fetch))
        atomic_store(&methods->fetch_done, true);
}

static bool configure_bearer(struct log_on_methods *methods, struct server *server)
{
    const struct config *config = server->config;
    bool wanted = *config->jwks && config->methods & DIRECTORY_METHOD_BEARER;
    struct bearer_settings settings = bearer_settings_of(config);
    if (wanted && methods->bearer && bearer_has_settings(methods->bearer, &settings)) {
        bearer_refresh(methods->bearer); /* the keys stay, should they not be had again */
        fetch_early(methods, server);
        return true;
    }
    struct mechanism *mechanism = wanted ? bearer_new(&settings) : NULL;
    if (wanted && !mechanism) {
        log_error("bearer tokens: out of memory");
        return methods->bearer != NULL;
    }
    mechanism_release(methods->bearer);
    methods->bearer = mechanism;
    if (mechanism)
        fetch_early(methods, server);
    return true;
}

/* --- all --- */

bool log_on_methods_configure(struct log_on_methods *methods, struct server *server, struct authenticator *authenticator)
{
    if (!configure_kerberos(methods, server->config) || !configure_bearer(methods, server))
        return false;
    authenticator_set_mechanism(authenticator, SCHEME_BEARER, mechanism_keep(methods->bearer));
    return true;
}

bool log_on_methods_check(const struct config *config)
{
    bool good = true;
    if (*config->keytab_path) {
        struct mechanism *mechanism = open_kerberos(config);
        good = mechanism != NULL;
        mechanism_release(mechanism);
    }
    if (*config->jwks) {
        struct bearer_settings settings = bearer_settings_of(config);
        struct mechanism *mechanism = bearer_new(&settings);
        good = mechanism && bearer_fetch(mechanism, monotonic_ms()) && good;
        mechanism_release(mechanism);
    }
    return good;
}

void log_on_methods_free(struct log_on_methods *methods)
{
    mechanism_release(methods->kerberos);
    mechanism_release(methods->bearer);
    mechanism_release(methods->fetching);
}
