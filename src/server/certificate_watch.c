#include "server/certificate_watch.h"

#include <stdio.h>
#include <string.h>

#include "base/filetime.h"
#include "base/log.h"
#include "http/http_server.h"
#include "operation/certificate_report.h"
#include "server/services.h"

#define PERIOD_MS 86400000u
#define USES_MAX 256u

/* --- names --- */

struct uses {
    struct arena *arena;
    struct certificate_use *items;
    size_t count;
    bool out_of_memory;
};

/* The first mention counts, and a needed name before an optional one. */
static void add_host(struct uses *uses, const char *host, bool optional, const char *format, const char *of)
{
    for (size_t i = 0; i < uses->count; i++)
        if (strcasecmp(uses->items[i].host, host) == 0)
            return;
    if (uses->count == USES_MAX)
        return;
    struct certificate_use use = {.host = arena_string(uses->arena, host), .optional = optional};
    char origin[160];
    snprintf(origin, sizeof origin, "%s %.100s", format, of);
    use.origin = arena_string(uses->arena, origin);
    uses->out_of_memory |= !use.host || !use.origin;
    uses->items[uses->count++] = use;
}

static void add_url(struct uses *uses, const char *url, const char *what, const char *of)
{
    char host[VIRTUAL_DIRECTORY_HOST_SIZE];
    /* What is reached without TLS needs no certificate. */
    if (url && strncasecmp(url, "https://", 8) == 0 && virtual_directory_host_of(url, host))
        add_host(uses, host, false, what, of);
}

static void add_side(struct uses *uses, const struct virtual_directory_side *side, const char *configured, const char *what, const char *of)
{
    if (side->state == VIRTUAL_DIRECTORY_URL_SET)
        add_url(uses, side->base, what, of);
    else if (side->state == VIRTUAL_DIRECTORY_URL_UNSET)
        add_url(uses, configured, what, of);
}

static const char *first_of(const char *one, const char *other)
{
    return one && *one ? one : other;
}

/* The names that clients come by: hosts of the virtual directories' URLs and of the configured ones, each once, and autodiscover.<domain> of
 * each accepted domain. In the arena. Reads the directory. False without memory. */
static bool names_of_clients(struct services *services, struct arena *arena, size_t *ret_count, const struct certificate_use **ret_uses)
{
    const struct config *config = atomic_load(&services->config);
    const struct virtual_directories *directories = atomic_load(&services->virtual_directories);
    struct directory_organization organization = {0};
    struct uses uses = {.arena = arena, .items = arena_array(arena, struct certificate_use, USES_MAX)};
    if (!uses.items)
        return false;
    for (unsigned i = 0; i < VIRTUAL_DIRECTORY_COUNT; i++) {
        add_side(&uses, &directories->of[i].internal, first_of(config->internal_url, config->public_url), "InternalUrl of", virtual_directory_names[i]);
        add_side(&uses, &directories->of[i].external, first_of(config->external_url, config->public_url), "ExternalUrl of", virtual_directory_names[i]);
    }
    if (directory_organization(services->directory, arena, &organization) == DIRECTORY_OK)
        for (uint32_t i = 0; i < organization.domain_count; i++) {
            char host[VIRTUAL_DIRECTORY_HOST_SIZE];
            if ((size_t)snprintf(host, sizeof host, "autodiscover.%s", organization.domains[i]) < sizeof host)
                add_host(&uses, host, true, "Autodiscover of the domain", organization.domains[i]);
        }
    *ret_count = uses.count;
    *ret_uses = uses.items;
    return !uses.out_of_memory;
}

/* --- looking --- */

static bool run_check(struct services *services, struct arena *arena, struct certificate_check *ret_check, struct certificate_report *ret_report)
{
    const struct config *config = atomic_load(&services->config);
    *ret_check = (struct certificate_check){.certificate_path = config->certificate_path, .key_path = config->key_path};
    return names_of_clients(services, arena, &ret_check->use_count, &ret_check->uses) &&
           certificate_check_run(ret_check, arena, ret_report);
}

json_t *certificate_watch_report(struct services *services)
{
    struct arena arena = {0};
    struct certificate_check check;
    struct certificate_report report;
    struct http_tls *tls = http_server_tls(services->server->http);
    json_t *object = run_check(services, &arena, &check, &report) ? certificate_report_json(&check, &report) : NULL;
    if (object && tls) {
        json_object_set_new(object, "Listening", json_true());
        json_object_set_new(object, "InUse", json_boolean(strcmp(report.fingerprint, http_tls_fingerprint(tls)) == 0));
    } else if (object) { /* TLS ends elsewhere, or nowhere */
        json_t *names = json_incref(json_object_get(object, "ClientNames"));
        json_decref(object);
        object = json_pack("{s:s, s:b, s:b, s:[], s:o}", "Status", "NotUsed", "Listening", 0, "InUse", 0, "Findings", "ClientNames", names);
    }
    http_tls_release(tls);
    arena_free(&arena);
    return object;
}

static void log_findings(const struct certificate_report *report)
{
    for (size_t i = 0; i < report->finding_count; i++) {
        const struct certificate_finding *finding = &report->findings[i];
        if (finding->severity == CERTIFICATE_ERROR)
            log_error("certificate: %s. %s", finding->text, finding->advice);
        else
            log_warning("certificate: %s. %s", finding->text, finding->advice);
    }
}

static void look_once(struct services *services)
{
    struct arena arena = {0};
    struct certificate_check check;
    struct certificate_report report;
    struct http_tls *tls = http_server_tls(services->server->http);
    if (tls && run_check(services, &arena, &check, &report)) {
        log_findings(&report);
        if (*report.fingerprint && strcmp(report.fingerprint, http_tls_fingerprint(tls)) != 0)
            log_warning("certificate: the file %s has another certificate than the one in use: reload to take it", check.certificate_path);
    }
    http_tls_release(tls);
    arena_free(&arena);
}

/* Once more where it was asked for while it looked: there may be another certificate by now. */
static void look(struct worker_job *job)
{
    struct services *services = container_of(job, struct services, certificate_job);
    unsigned wanted;
    do {
        wanted = atomic_load(&services->certificate_wanted);
        look_once(services);
    } while (!atomic_compare_exchange_strong(&services->certificate_wanted, &wanted, 0));
}

void certificate_watch_look(struct services *services)
{
    if (atomic_fetch_add(&services->certificate_wanted, 1) != 0)
        return;
    services->certificate_job.run = look;
    if (!worker_post(services->server->blocking, &services->certificate_job))
        atomic_store(&services->certificate_wanted, 0); /* tomorrow */
}

void certificate_watch_tick(struct services *services)
{
    uint64_t now_ms = monotonic_ms();
    if (services->certificate_next_ms == 0) {
        services->certificate_next_ms = now_ms + PERIOD_MS; /* the first look is the start's */
    } else if (now_ms >= services->certificate_next_ms) {
        services->certificate_next_ms = now_ms + PERIOD_MS;
        certificate_watch_look(services);
    }
}
