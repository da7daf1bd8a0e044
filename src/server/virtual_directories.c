#include "server/virtual_directories.h"

#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "server/services.h"

/* --- the snapshot --- */

static struct virtual_directories *read_all(struct services *services)
{
    struct virtual_directories *read = calloc(1, sizeof *read);
    enum settings_status status = read ? SETTINGS_OK : SETTINGS_UNAVAILABLE;
    if (read)
        read->version = settings_version(services->settings); /* before the content: a change in between is read once more */
    for (unsigned i = 0; i < VIRTUAL_DIRECTORY_COUNT && status == SETTINGS_OK; i++)
        status = virtual_directory_read(services->settings, i, &read->of[i]);
    if (status == SETTINGS_OK)
        return read;
    log_error("virtual directories: %s", settings_status_text(status));
    free(read);
    return NULL;
}

bool virtual_directories_start(struct services *services)
{
    pthread_mutex_init(&services->virtual_directories_lock, NULL);
    struct virtual_directories *read = read_all(services);
    atomic_store(&services->virtual_directories, read);
    return read != NULL;
}

void virtual_directories_refresh(struct services *services)
{
    pthread_mutex_lock(&services->virtual_directories_lock);
    struct virtual_directories *current = atomic_load(&services->virtual_directories);
    struct virtual_directories *read = settings_version(services->settings) != current->version ? read_all(services) : NULL;
    if (read && memcmp(read->of, current->of, sizeof read->of) == 0) {
        current->version = read->version; /* something else was set */
        free(read);
    } else if (read) {
        read->previous = current;
        atomic_store(&services->virtual_directories, read);
        log_info("virtual directories were changed");
    }
    pthread_mutex_unlock(&services->virtual_directories_lock);
}

static void refresh(struct worker_job *job)
{
    struct services *services = container_of(job, struct services, virtual_directories_job);
    virtual_directories_refresh(services);
    atomic_store(&services->virtual_directories_posted, false);
}

void virtual_directories_watch(struct services *services)
{
    uint64_t version = settings_version(services->settings);
    if (version == services->settings_version_seen || atomic_exchange(&services->virtual_directories_posted, true))
        return;
    services->virtual_directories_job.run = refresh;
    if (worker_post(services->server->blocking, &services->virtual_directories_job))
        services->settings_version_seen = version;
    else
        atomic_store(&services->virtual_directories_posted, false);
}

void virtual_directories_free(struct services *services)
{
    struct virtual_directories *current = atomic_load(&services->virtual_directories), *previous;
    for (; current; current = previous) {
        previous = current->previous;
        free(current);
    }
    pthread_mutex_destroy(&services->virtual_directories_lock);
}

/* --- log-on --- */

static enum extended_protection protection_of(const char *endpoint, const char *general)
{
    const char *value = strcmp(endpoint, "default") == 0 ? general : endpoint;
    return strcmp(value, "require") == 0 ? EXTENDED_PROTECTION_REQUIRE
        : strcmp(value, "allow") == 0 ? EXTENDED_PROTECTION_ALLOW : EXTENDED_PROTECTION_NONE;
}

struct authentication_policy services_policy(const struct services *services, enum endpoint endpoint)
{
    const struct config *config = atomic_load(&services->config);
    const struct {
        uint32_t methods;
        const char *protection;
    } rows[] = {
        [ENDPOINT_MAPI] = {config->mapi_methods, config->mapi_extended_protection},
        [ENDPOINT_AUTODISCOVER] = {config->autodiscover_methods, config->autodiscover_extended_protection},
        [ENDPOINT_OAB] = {config->oab_methods, config->oab_extended_protection},
        [ENDPOINT_ADMIN] = {config->admin_methods, config->extended_protection},
    };
    struct authentication_policy policy = {.protocol = (enum directory_protocol)endpoint, .methods = rows[endpoint].methods,
                                           .protection = protection_of(rows[endpoint].protection, config->extended_protection)};
    if (endpoint < (enum endpoint)VIRTUAL_DIRECTORY_COUNT) {
        const struct virtual_directory_settings *set = &atomic_load(&services->virtual_directories)->of[endpoint];
        policy.methods = set->has_methods ? set->methods : policy.methods;
        policy.ntlm_inside = set->has_methods;
        policy.protection = set->has_protection ? set->protection : policy.protection;
    }
    return policy;
}

/* --- addresses --- */

static const char *without_slashes(struct arena *arena, const char *url)
{
    size_t size = strlen(url);
    while (size && url[size - 1] == '/')
        size--;
    return arena_string_of(arena, bytes_of(url, size));
}

const char *services_public_url(const struct services *services, struct arena *arena, const struct http_request *request)
{
    const char *configured = atomic_load(&services->config)->public_url;
    if (configured && *configured)
        return without_slashes(arena, configured);
    return arena_format(arena, "%s://%s", request->tls ? "https" : "http", *request->host ? request->host : services->host_name);
}

static const char *side_url(const struct services *services, struct arena *arena, const struct http_request *request,
                            const struct virtual_directory_side *side, const char *configured)
{
    if (side->state == VIRTUAL_DIRECTORY_URL_SET)
        return arena_string(arena, side->base);
    if (side->state == VIRTUAL_DIRECTORY_URL_NONE)
        return "";
    return configured && *configured ? without_slashes(arena, configured) : services_public_url(services, arena, request);
}

const char *services_internal_url(const struct services *services, struct arena *arena, const struct http_request *request,
                                  enum endpoint endpoint)
{
    return side_url(services, arena, request, &atomic_load(&services->virtual_directories)->of[endpoint].internal,
                    atomic_load(&services->config)->internal_url);
}

const char *services_external_url(const struct services *services, struct arena *arena, const struct http_request *request,
                                  enum endpoint endpoint)
{
    return side_url(services, arena, request, &atomic_load(&services->virtual_directories)->of[endpoint].external,
                    atomic_load(&services->config)->external_url);
}

static bool is_at(const char *base, const char *host)
{
    const char *at = strstr(base, "://");
    return at && *host && strcasecmp(at + 3, host) == 0;
}

const char *services_reached_url(const struct services *services, struct arena *arena, const struct http_request *request)
{
    const struct virtual_directory_settings *set = &atomic_load(&services->virtual_directories)->of[VIRTUAL_DIRECTORY_MAPI];
    const struct virtual_directory_side *sides[] = {&set->internal, &set->external};
    const struct virtual_directory_side *only = NULL;
    for (unsigned i = 0; i < 2; i++) {
        if (sides[i]->state == VIRTUAL_DIRECTORY_URL_SET && is_at(sides[i]->base, request->host))
            return arena_string(arena, sides[i]->base);
        if (sides[i]->state == VIRTUAL_DIRECTORY_URL_SET)
            only = only ? only : sides[i];
    }
    return only ? arena_string(arena, only->base) : services_public_url(services, arena, request);
}

const char *services_endpoint_url(const struct services *services, struct arena *arena, const char *public_url,
                                  enum session_endpoint endpoint, const struct directory_user *user)
{
    char guid_text[GUID_TEXT_SIZE];
    const char *domain = strchr(user->address, '@');
    guid_format(user->mailbox_guid, guid_text);
    return arena_format(arena, "%s/mapi/%s/?MailboxId=%s@%s", public_url,
                        endpoint == SESSION_ENDPOINT_MAILBOX ? "emsmdb" : "nspi", guid_text, domain ? domain + 1 : "");
}
