#include "server/services.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/filetime.h"
#include "base/limits.h"
#include "base/log.h"
#include "record/overlay_directory.h"
#include "server/autodiscover.h"
#include "server/autodiscover_json.h"
#include "server/mailbox_audit.h"
#include "server/health.h"
#include "server/certificate_watch.h"
#include "server/live.h"
#include "server/mapi_exchange.h"
#include "server/mechanisms.h"
#include "server/metrics.h"
#include "server/notification_wait.h"
#include "server/observation.h"
#include "server/page.h"
#include "server/session_status.h"

#define SWEEP_PERIOD_MS 1000u
#define MAPI_BODY_SIZE_MAX (ROP_REQUEST_SIZE_MAX + AUXILIARY_SIZE_MAX + 64u) /* Execute: the largest body there is */
#define AUTODISCOVER_BODY_SIZE_MAX 65536u
#define RATE_LIMIT_ENTRIES_MAX 8192u

/* --- hooks and settings --- */

static bool delivered(void *user, void *delivery)
{
    return http_delivery_state(delivery) == HTTP_DELIVERY_CONFIRMED;
}

static void release_delivery(void *user, void *delivery)
{
    http_delivery_release(delivery);
}

static struct session_settings session_settings_of(const struct config *config)
{
    return (struct session_settings){.idle_timeout_ms = config->context_idle_ms,
                                     .contexts_per_user_max = config->contexts_per_user_max, .resend = config->resend,
                                     .kept_answers_size_max = config->kept_answers_size_max};
}

static struct authenticator_settings authenticator_settings_of(const struct config *config)
{
    return (struct authenticator_settings){
        .methods = config->methods, .basic_over_plain = config->basic_over_plain,
        .others_over_plain = config->others_over_plain, .persist = config->persist, .realm = config->realm,
        .handshake_ms = config->handshake_ms, .handshakes_max = config->handshakes_max,
        .remember_ms = config->remember_ms, .remembered_max = config->remembered_max,
        .failure_delay_ms = config->failure_delay_ms, .failures_per_account = config->failures_per_account,
        .failures_per_address = config->failures_per_address, .failure_window_ms = config->failure_window_ms,
        .lock_ms = config->lock_ms};
}

struct mapi_answer_settings services_answer_settings(const struct services *services)
{
    const struct config *config = atomic_load(&services->config);
    return (struct mapi_answer_settings){.pending_period_ms = config->pending_period_ms,
                                         .expiration_ms = config->context_idle_ms, .resend = config->resend};
}

/* --- the sweep --- */

static void sweep(struct loop_timer *timer)
{
    struct services *services = container_of(timer, struct services, sweep);
    struct loop *loop = services->server->loops[0];
    session_expire(services->sessions, loop_clock_ms());
    mapi_context_destroy_orphans(services);
    metrics_tick(services, loop_clock_ms());
    virtual_directories_watch(services);
    certificate_watch_tick(services);
    loop_timer_start(loop, timer, SWEEP_PERIOD_MS, sweep);
}

static void start_sweep(struct loop_task *task)
{
    struct services *services = container_of(task, struct services, sweep_start);
    loop_timer_start(services->server->loops[0], &services->sweep, SWEEP_PERIOD_MS, sweep);
}

/* --- life --- */

/* The address book's GUID must not change between starts (clients keep it in entry ids): the organisation's. */
static void read_organization(struct services *services)
{
    struct arena arena = {0};
    struct directory_organization organization;
    if (directory_organization(services->directory, &arena, &organization) == DIRECTORY_OK)
        services->server_guid = organization.id;
    else
        log_warning("the directory has no organization yet: run 'mapihttp organization init'");
    arena_free(&arena);
}

static bool configure_authentication(struct services *services, const struct config *config)
{
    bool done = log_on_methods_configure(&services->log_on_methods, services->server, services->authenticator);
    done = mechanisms_configure(services->mechanisms, config, services->log_on_methods.kerberos) && done;
    struct authenticator_settings settings = authenticator_settings_of(config);
    mechanisms_balancers(services->mechanisms, &settings);
    authenticator_configure(services->authenticator, &settings);
    return done;
}

struct services *services_new(struct server *server, struct directory *directory, struct settings *settings,
                              const struct rop_executor *executor)
{
    struct services *services = calloc(1, sizeof *services);
    struct session_settings sessions = session_settings_of(server->config);
    struct authenticator_settings authentication = authenticator_settings_of(server->config);
    if (!services) {
        log_error("out of memory");
        return NULL;
    }
    services->server = server;
    atomic_store(&services->config, server->config);
    services->directory = directory;
    services->settings = settings;
    services->operations = (struct operation_host){.directory = directory, .settings = settings, .data_path = server->config->data_path,
                                                   .live = &server_live, .live_state = services};
    services->executor = *executor;
    services->started_ms = monotonic_ms();
    services->sweep_start.run = start_sweep;
    pthread_mutex_init(&services->orphans_lock, NULL);
    bool directories_read = virtual_directories_start(services);
    if (gethostname(services->host_name, sizeof services->host_name - 1) != 0)
        strcpy(services->host_name, "localhost");
    services->authenticator = authenticator_new(&authentication, directory);
    services->address_books = address_book_cache_new(overlay_directory_beneath(directory));
    services->strands = mailbox_strands_new(server->workers);
    services->switches = mailbox_switches_new(directory);
    services->session_registry = session_registry_new();
    services->audit = mailbox_audit_new(settings, server->config->data_path);
    if (services->audit)
        services->operations.audit = mailbox_audit_store(services->audit);
    services->health = health_new(services);
    services->autodiscover_rates = rate_limit_new(RATE_LIMIT_ENTRIES_MAX);
    services->sessions = session_table_new(&sessions, &(struct session_hooks){
        .user = services, .ended = mapi_context_ended, .released = mapi_context_released, .delivered = delivered,
        .delivery_release = release_delivery});
    if (services->authenticator)
        services->mechanisms = mechanisms_new(&(struct mechanisms_context){
            .authenticator = services->authenticator, .directory = directory, .host_name = services->host_name});
    if (!services->address_books || !services->mechanisms || !services->strands || !services->sessions || !services->session_registry || !services->audit ||
        !services->switches || !services->autodiscover_rates || !services->health) {
        log_error("out of memory");
        services_free(services);
        return NULL;
    }
    if (!directories_read || !configure_authentication(services, server->config)) {
        services_free(services);
        return NULL;
    }
    if (!observers_start(services)) {
        services_free(services);
        return NULL;
    }
    read_organization(services);
    certificate_watch_look(services);
    loop_post(server->loops[0], &services->sweep_start);
    return services;
}

void services_reload(struct services *services)
{
    atomic_store(&services->config, services->server->config);
    struct session_settings sessions = session_settings_of(services->server->config);
    session_table_configure(services->sessions, &sessions);
    observers_reload(services);
    (void)configure_authentication(services, services->server->config); /* what could not be read is logged and stays */
    certificate_watch_look(services);
}

/* Contexts stay until their running requests are answered; only the waits, which would never end, are told. */
void services_drain(struct services *services)
{
    atomic_store(&services->draining, true);
    session_for_each(services->sessions, notification_wait_shut_down, NULL);
}

void services_free(struct services *services)
{
    if (!services)
        return;
    atomic_store(&services->stopping, true);
    loop_timer_stop(&services->sweep);
    mapi_context_destroy_orphans(services);
    if (services->sessions)
        session_table_free(services->sessions);
    observers_stop(services);
    session_registry_free(services->session_registry);
    mailbox_audit_free(services->audit);
    mailbox_strands_free(services->strands);
    mailbox_switches_free(services->switches);
    rate_limit_free(services->autodiscover_rates);
    health_free(services->health);
    authenticator_free(services->authenticator);
    address_book_cache_free(services->address_books);
    log_on_methods_free(&services->log_on_methods);
    mechanisms_free(services->mechanisms);
    virtual_directories_free(services);
    pthread_mutex_destroy(&services->orphans_lock);
    free(services);
}

/* --- routes --- */

bool services_add_routes(struct services *services)
{
    services->mailbox_endpoint = (struct mapi_endpoint){services, SESSION_ENDPOINT_MAILBOX, true};
    services->address_book_endpoint = (struct mapi_endpoint){services, SESSION_ENDPOINT_ADDRESS_BOOK, true};
    services->no_endpoint = (struct mapi_endpoint){services, SESSION_ENDPOINT_MAILBOX, false};
    const struct http_route routes[] = {
        {.path = "/mapi/emsmdb", .takes_oversized = true, .body_size_max = MAPI_BODY_SIZE_MAX,
         .handler = mapi_exchange_handle, .argument = &services->mailbox_endpoint},
        {.path = "/mapi/nspi", .takes_oversized = true, .body_size_max = MAPI_BODY_SIZE_MAX,
         .handler = mapi_exchange_handle, .argument = &services->address_book_endpoint},
        {.path = "/mapi", .below = true, .takes_oversized = true, .body_size_max = MAPI_BODY_SIZE_MAX,
         .handler = mapi_exchange_handle, .argument = &services->no_endpoint},
        {.path = "/mapi/healthcheck.htm", .handler = page_health_check, .argument = services},
        {.path = METRICS_PATH, .handler = metrics_handle, .argument = services},
        {.path = "/autodiscover/healthcheck.htm", .handler = page_health_check, .argument = services},
        {.path = "/oab/healthcheck.htm", .handler = page_health_check, .argument = services},
        {.path = AUTODISCOVER_JSON_PATH, .below = true, .body_size_max = AUTODISCOVER_BODY_SIZE_MAX,
         .handler = autodiscover_json_handle, .argument = services},
        {.path = AUTODISCOVER_PATH, .body_size_max = AUTODISCOVER_BODY_SIZE_MAX,
         .handler = autodiscover_handle, .argument = services},
    };
    for (size_t i = 0; i < sizeof routes / sizeof *routes; i++) {
        if (!http_router_add(services->server->router, &routes[i])) {
            log_error("no memory for the route %s", routes[i].path);
            return false;
        }
    }
    return true;
}
