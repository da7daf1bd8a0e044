#include "record/overlay_directory.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>

#include "record/client_version.h"

#define LEGACY_METHODS (DIRECTORY_METHOD_BASIC | DIRECTORY_METHOD_NTLM | DIRECTORY_METHOD_KERBEROS)

struct overlay {
    struct directory directory;
    struct directory *beneath;
    struct settings *settings;
    pthread_mutex_t lock; /* one change at a time: each reads, changes and writes an object */
};

#define NAME(protocol) #protocol,
static const char *const protocols[AUTHENTICATION_POLICY_PROTOCOL_COUNT] = {AUTHENTICATION_POLICY_PROTOCOLS(NAME)};
#undef NAME

static struct overlay *overlay_of(struct directory *directory)
{
    return (struct overlay *)directory;
}

static enum directory_status status_of(enum settings_status status)
{
    return status == SETTINGS_OK ? DIRECTORY_OK : status == SETTINGS_NOT_FOUND ? DIRECTORY_NOT_FOUND : DIRECTORY_UNAVAILABLE;
}

/* The object, or a new empty one where there is none. */
static enum directory_status object_of(struct settings *settings, const char *scope, const char *name, json_t **ret_object)
{
    enum settings_status status = settings_get(settings, scope, name, ret_object);
    if (status == SETTINGS_NOT_FOUND)
        *ret_object = json_object();
    else if (status != SETTINGS_OK)
        return DIRECTORY_UNAVAILABLE;
    return *ret_object ? DIRECTORY_OK : DIRECTORY_UNAVAILABLE;
}

/* --- policies --- */

static bool policy_says(const json_t *policy, const char *prefix, enum directory_protocol protocol)
{
    char name[64];
    snprintf(name, sizeof name, "%s%s", prefix, protocols[protocol]);
    return json_is_true(json_object_get(policy, name));
}

static uint32_t policy_blocked(const json_t *policy, enum directory_protocol protocol)
{
    return (policy_says(policy, "BlockLegacyAuth", protocol) ? LEGACY_METHODS : 0) |
           (policy_says(policy, "BlockModernAuth", protocol) ? DIRECTORY_METHOD_BEARER : 0);
}

/* The user's own policy, else the organisation's. One that is named but gone blocks nothing: it cannot be removed while it is named. */
static enum directory_status add_policy(struct overlay *overlay, const json_t *switches, struct directory_switches *ret_switches)
{
    json_t *organization = NULL, *policy = NULL;
    const char *name = json_string_value(json_object_get(switches, "AuthenticationPolicy"));
    enum directory_status status = DIRECTORY_OK;
    if (!name) {
        status = object_of(overlay->settings, SETTINGS_ORGANIZATION, "", &organization);
        name = status == DIRECTORY_OK ? json_string_value(json_object_get(organization, "DefaultAuthenticationPolicy")) : NULL;
    }
    if (status == DIRECTORY_OK && name)
        status = object_of(overlay->settings, SETTINGS_AUTHENTICATION_POLICY, name, &policy);
    for (unsigned i = 0; status == DIRECTORY_OK && policy && i < AUTHENTICATION_POLICY_PROTOCOL_COUNT; i++)
        ret_switches->blocked_methods[i] = policy_blocked(policy, i);
    json_decref(policy);
    json_decref(organization);
    return status;
}

/* --- switches --- */

static void take_boolean(const json_t *switches, const char *name, bool *ret_value)
{
    const json_t *value = json_object_get(switches, name);
    if (json_is_boolean(value))
        *ret_value = json_is_true(value);
}

static enum directory_status take_switches(struct arena *arena, const json_t *switches, struct directory_switches *ret_switches)
{
    const json_t *mapi_http = json_object_get(switches, "MapiHttpEnabled");
    const char *versions = json_string_value(json_object_get(switches, "MAPIBlockOutlookVersions"));
    const json_t *methods = json_object_get(switches, "Methods");
    take_boolean(switches, "MAPIEnabled", &ret_switches->mapi_enabled);
    take_boolean(switches, "MAPIBlockOutlookRpcHttp", &ret_switches->block_rpc_http);
    take_boolean(switches, "MAPIBlockOutlookNonCachedMode", &ret_switches->block_non_cached_mode);
    take_boolean(switches, "MAPIBlockOutlookExternalConnectivity", &ret_switches->block_external_connectivity);
    if (mapi_http)
        ret_switches->mapi_http = json_is_null(mapi_http) ? DIRECTORY_INHERIT : json_is_true(mapi_http) ? DIRECTORY_ON : DIRECTORY_OFF;
    if (json_is_integer(methods))
        ret_switches->methods = (uint32_t)json_integer_value(methods) & DIRECTORY_METHOD_ALL;
    if (versions)
        ret_switches->block_versions = arena_string(arena, versions);
    return ret_switches->block_versions ? DIRECTORY_OK : DIRECTORY_UNAVAILABLE;
}

static enum directory_status complete(struct overlay *overlay, struct arena *arena, struct directory_user *user)
{
    char id[GUID_TEXT_SIZE];
    json_t *switches = NULL;
    guid_format(user->id, id);
    enum directory_status status = object_of(overlay->settings, SETTINGS_MAILBOX_SWITCHES, id, &switches);
    if (status == DIRECTORY_OK)
        status = take_switches(arena, switches, &user->switches);
    if (status == DIRECTORY_OK)
        status = add_policy(overlay, switches, &user->switches);
    user->mapi_enabled = user->switches.mapi_enabled;
    json_decref(switches);
    return status;
}

/* What was found, completed; the failure to do so is the answer then. */
static enum directory_status completed(struct directory *directory, struct arena *arena, enum directory_status status,
                                       struct directory_user *user)
{
    enum directory_status completion = complete(overlay_of(directory), arena, user);
    return completion == DIRECTORY_OK ? status : completion;
}

static enum directory_status completed_all(struct directory *directory, struct arena *arena, enum directory_status status,
                                           uint32_t count, struct directory_user *users)
{
    for (uint32_t i = 0; status == DIRECTORY_OK && i < count; i++)
        status = complete(overlay_of(directory), arena, &users[i]);
    return status;
}

/* --- the contract, where settings have a word --- */

static enum directory_status overlay_organization(struct directory *directory, struct arena *arena,
                                                  struct directory_organization *ret_organization)
{
    struct overlay *overlay = overlay_of(directory);
    struct directory_organization organization;
    json_t *settings = NULL;
    enum directory_status status = directory_organization(overlay->beneath, arena, &organization);
    if (status == DIRECTORY_OK)
        status = object_of(overlay->settings, SETTINGS_ORGANIZATION, "", &settings);
    if (status == DIRECTORY_OK) {
        take_boolean(settings, "MapiHttpEnabled", &organization.mapi_http_enabled);
        *ret_organization = organization;
    }
    json_decref(settings);
    return status;
}

static enum directory_status overlay_find(struct directory *directory, struct arena *arena, enum directory_key key, const char *value,
                                          struct directory_user *ret_user)
{
    enum directory_status status = directory_find(overlay_of(directory)->beneath, arena, key, value, ret_user);
    return status == DIRECTORY_OK ? completed(directory, arena, status, ret_user) : status;
}

static enum directory_status overlay_verify_password(struct directory *directory, struct arena *arena, const char *logon,
                                                     const char *password, struct directory_user *ret_user)
{
    enum directory_status status = directory_verify_password(overlay_of(directory)->beneath, arena, logon, password, ret_user);
    bool given = status == DIRECTORY_OK || status == DIRECTORY_DISABLED || status == DIRECTORY_WRONG_PASSWORD;
    return given ? completed(directory, arena, status, ret_user) : status;
}

static enum directory_status overlay_list(struct directory *directory, struct arena *arena, const char *after, uint32_t count_max,
                                          uint32_t *ret_count, struct directory_user **ret_users)
{
    enum directory_status status = directory_list(overlay_of(directory)->beneath, arena, after, count_max, ret_count, ret_users);
    return status == DIRECTORY_OK ? completed_all(directory, arena, status, *ret_count, *ret_users) : status;
}

static enum directory_status overlay_additional_mailboxes(struct directory *directory, struct arena *arena, struct guid actor_id,
                                                          uint32_t *ret_count, struct directory_user **ret_users)
{
    enum directory_status status = directory_additional_mailboxes(overlay_of(directory)->beneath, arena, actor_id, ret_count, ret_users);
    return status == DIRECTORY_OK ? completed_all(directory, arena, status, *ret_count, *ret_users) : status;
}

static enum directory_status overlay_nt_hash(struct directory *directory, struct arena *arena, const char *domain,
                                             const char *account, uint8_t *ret_hash, struct directory_user *ret_user)
{
    enum directory_status status = directory_nt_hash(overlay_of(directory)->beneath, arena, domain, account, ret_hash, ret_user);
    return status == DIRECTORY_OK || status == DIRECTORY_DISABLED ? completed(directory, arena, status, ret_user) : status;
}

/* Both change by themselves; their sum must not stand still when both do. */
static uint64_t overlay_version(struct directory *directory)
{
    struct overlay *overlay = overlay_of(directory);
    return directory_version(overlay->beneath) + settings_version(overlay->settings) * 0x9E3779B97F4A7C15ull;
}

/* --- changes --- */

static void put_switch(json_t *switches, const char *name, enum directory_switch value)
{
    if (value != DIRECTORY_INHERIT)
        json_object_set_new(switches, name, json_boolean(value == DIRECTORY_ON));
}

static void put_switches(json_t *switches, const struct directory_switches_change *change)
{
    put_switch(switches, "MAPIEnabled", change->mapi_enabled);
    put_switch(switches, "MAPIBlockOutlookRpcHttp", change->block_rpc_http);
    put_switch(switches, "MAPIBlockOutlookNonCachedMode", change->block_non_cached_mode);
    put_switch(switches, "MAPIBlockOutlookExternalConnectivity", change->block_external_connectivity);
    if (change->mapi_http)
        json_object_set_new(switches, "MapiHttpEnabled", *change->mapi_http == DIRECTORY_INHERIT ? json_null()
                                                         : json_boolean(*change->mapi_http == DIRECTORY_ON));
    if (change->block_versions)
        json_object_set_new(switches, "MAPIBlockOutlookVersions", json_string(change->block_versions));
    if (change->methods)
        json_object_set_new(switches, "Methods", json_integer(*change->methods));
}

/* Reads an object, lets 'change' change a copy, and keeps that; an empty one is removed. */
static enum directory_status change_object(struct overlay *overlay, const char *scope, const char *name,
                                           bool (*change)(json_t *object, const void *how), const void *how)
{
    json_t *kept = NULL, *object = NULL;
    pthread_mutex_lock(&overlay->lock);
    enum directory_status status = object_of(overlay->settings, scope, name, &kept);
    if (status == DIRECTORY_OK) {
        object = json_deep_copy(kept);
        status = !object ? DIRECTORY_UNAVAILABLE : change(object, how) ? DIRECTORY_OK : DIRECTORY_INVALID;
    }
    if (status == DIRECTORY_OK && !json_equal(kept, object))
        status = status_of(settings_set(overlay->settings, scope, name, json_object_size(object) ? object : NULL));
    pthread_mutex_unlock(&overlay->lock);
    json_decref(object);
    json_decref(kept);
    return status;
}

static bool change_switches(json_t *object, const void *how)
{
    const struct directory_switches_change *change = how;
    if (change->methods && (*change->methods == 0 || *change->methods & ~DIRECTORY_METHOD_ALL))
        return false;
    if (change->block_versions && !client_version_rules_valid(change->block_versions, NULL))
        return false;
    put_switches(object, change);
    return true;
}

/* What the directory itself keeps from now on must not be hidden by what was kept here when it could not. */
static bool forget_switches(json_t *object, const void *how)
{
    json_t *changed = json_object();
    const char *name;
    json_t *value;
    if (!changed)
        return false;
    put_switches(changed, how);
    json_object_foreach(changed, name, value)
        json_object_del(object, name);
    json_decref(changed);
    return true;
}

static enum directory_status must_exist(struct overlay *overlay, struct guid id)
{
    struct arena arena = {0};
    struct directory_user user;
    char text[GUID_TEXT_SIZE];
    guid_format(id, text);
    enum directory_status status = directory_find(overlay->beneath, &arena, DIRECTORY_KEY_ID, text, &user);
    arena_free(&arena);
    return status;
}

static enum directory_status overlay_change_switches(struct directory *directory, struct guid id,
                                                     const struct directory_switches_change *change)
{
    struct overlay *overlay = overlay_of(directory);
    char text[GUID_TEXT_SIZE];
    enum directory_status status = directory_change_switches(overlay->beneath, id, change);
    guid_format(id, text);
    if (status == DIRECTORY_OK)
        return change_object(overlay, SETTINGS_MAILBOX_SWITCHES, text, forget_switches, change);
    if (status != DIRECTORY_READ_ONLY)
        return status;
    status = must_exist(overlay, id);
    return status == DIRECTORY_OK ? change_object(overlay, SETTINGS_MAILBOX_SWITCHES, text, change_switches, change) : status;
}

static bool change_organization(json_t *object, const void *how)
{
    put_switch(object, "MapiHttpEnabled", *(const enum directory_switch *)how);
    return true;
}

static bool forget_organization(json_t *object, const void *how)
{
    json_object_del(object, "MapiHttpEnabled");
    return true;
}

static enum directory_status overlay_change_organization_switch(struct directory *directory, enum directory_switch mapi_http_enabled)
{
    struct overlay *overlay = overlay_of(directory);
    enum directory_status status = directory_change_organization_switch(overlay->beneath, mapi_http_enabled);
    if (status == DIRECTORY_OK)
        return change_object(overlay, SETTINGS_ORGANIZATION, "", forget_organization, NULL);
    return status == DIRECTORY_READ_ONLY
        ? change_object(overlay, SETTINGS_ORGANIZATION, "", change_organization, &mapi_http_enabled) : status;
}

static bool change_text(json_t *object, const char *name, const char *text)
{
    if (text)
        return json_object_set_new(object, name, json_string(text)) == 0;
    json_object_del(object, name);
    return true;
}

static bool change_policy(json_t *object, const void *how)
{
    return change_text(object, "AuthenticationPolicy", how);
}

static bool change_default_policy(json_t *object, const void *how)
{
    return change_text(object, "DefaultAuthenticationPolicy", how);
}

/* --- the contract, passed on --- */

static enum directory_status overlay_find_entry(struct directory *directory, struct arena *arena, enum directory_key key,
                                                const char *value, struct directory_entry *ret_entry)
{
    return directory_find_entry(overlay_of(directory)->beneath, arena, key, value, ret_entry);
}

static enum directory_status overlay_entries(struct directory *directory, struct arena *arena, const struct guid *after,
                                             uint32_t count_max, uint32_t *ret_count, struct directory_entry **ret_entries)
{
    return directory_entries(overlay_of(directory)->beneath, arena, after, count_max, ret_count, ret_entries);
}

static enum directory_status overlay_set_values(struct directory *directory, struct guid id, uint32_t count,
                                                const struct directory_value *values)
{
    return directory_set_values(overlay_of(directory)->beneath, id, count, values);
}

static enum directory_status overlay_change_members(struct directory *directory, struct guid group_id, bool add, uint32_t count,
                                                    const struct guid *members)
{
    return directory_change_members(overlay_of(directory)->beneath, group_id, add, count, members);
}

static bool overlay_has_right(struct directory *directory, struct guid actor_id, enum directory_right right, struct guid owner_id)
{
    return directory_has_right(overlay_of(directory)->beneath, actor_id, right, owner_id);
}

static enum directory_status overlay_change_right(struct directory *directory, struct guid owner_id, enum directory_right right,
                                                  bool give, uint32_t count, const struct guid *actors)
{
    return directory_change_right(overlay_of(directory)->beneath, owner_id, right, give, count, actors);
}

static enum directory_status overlay_actors(struct directory *directory, struct arena *arena, struct guid owner_id,
                                            enum directory_right right, uint32_t *ret_count, struct guid **ret_actors)
{
    return directory_actors(overlay_of(directory)->beneath, arena, owner_id, right, ret_count, ret_actors);
}

static enum directory_status overlay_address_lists(struct directory *directory, struct arena *arena, uint32_t *ret_count,
                                                   struct directory_address_list **ret_lists)
{
    return directory_address_lists(overlay_of(directory)->beneath, arena, ret_count, ret_lists);
}

static void overlay_close(struct directory *directory)
{
    struct overlay *overlay = overlay_of(directory);
    directory_close(overlay->beneath);
    pthread_mutex_destroy(&overlay->lock);
    free(overlay);
}

static const struct directory_type overlay_type = {
    .organization = overlay_organization, .find = overlay_find, .verify_password = overlay_verify_password, .list = overlay_list,
    .find_entry = overlay_find_entry, .entries = overlay_entries, .set_values = overlay_set_values,
    .change_members = overlay_change_members, .has_right = overlay_has_right, .change_right = overlay_change_right,
    .actors = overlay_actors, .additional_mailboxes = overlay_additional_mailboxes, .nt_hash = overlay_nt_hash,
    .address_lists = overlay_address_lists, .change_switches = overlay_change_switches,
    .change_organization_switch = overlay_change_organization_switch, .version = overlay_version, .close = overlay_close,
};

struct directory *overlay_directory_new(struct directory *beneath, struct settings *settings)
{
    struct overlay *overlay = malloc(sizeof *overlay);
    if (!overlay)
        return NULL;
    *overlay = (struct overlay){.directory = {.type = &overlay_type}, .beneath = beneath, .settings = settings};
    pthread_mutex_init(&overlay->lock, NULL);
    return &overlay->directory;
}

struct directory *overlay_directory_beneath(struct directory *directory)
{
    return directory->type == &overlay_type ? overlay_of(directory)->beneath : directory;
}

/* --- policies of users and of the organisation --- */

static enum directory_status must_know_policy(struct directory *directory, const char *policy)
{
    json_t *known = NULL;
    if (directory->type != &overlay_type)
        return DIRECTORY_INVALID;
    enum settings_status found = policy ? settings_get(overlay_of(directory)->settings, SETTINGS_AUTHENTICATION_POLICY, policy, &known) : SETTINGS_OK;
    json_decref(known);
    return found == SETTINGS_NOT_FOUND ? DIRECTORY_INVALID : found == SETTINGS_OK ? DIRECTORY_OK : DIRECTORY_UNAVAILABLE;
}

/* A text of an object kept, "" for none. */
static enum directory_status kept_text(struct directory *directory, struct arena *arena, const char *scope, const char *object, const char *name,
                                       const char **ret_text)
{
    json_t *kept = NULL;
    if (directory->type != &overlay_type) {
        *ret_text = "";
        return DIRECTORY_OK;
    }
    enum directory_status status = object_of(overlay_of(directory)->settings, scope, object, &kept);
    const char *text = status == DIRECTORY_OK ? json_string_value(json_object_get(kept, name)) : NULL;
    const char *copy = arena_string(arena, text ? text : "");
    json_decref(kept);
    if (status == DIRECTORY_OK && copy)
        *ret_text = copy;
    return status == DIRECTORY_OK && !copy ? DIRECTORY_UNAVAILABLE : status;
}

enum directory_status overlay_directory_set_policy(struct directory *directory, struct guid id, const char *policy)
{
    char text[GUID_TEXT_SIZE];
    enum directory_status status = must_know_policy(directory, policy);
    guid_format(id, text);
    if (status == DIRECTORY_OK)
        status = must_exist(overlay_of(directory), id);
    return status == DIRECTORY_OK ? change_object(overlay_of(directory), SETTINGS_MAILBOX_SWITCHES, text, change_policy, policy) : status;
}

enum directory_status overlay_directory_policy(struct directory *directory, struct arena *arena, struct guid id, const char **ret_policy)
{
    char text[GUID_TEXT_SIZE];
    guid_format(id, text);
    return kept_text(directory, arena, SETTINGS_MAILBOX_SWITCHES, text, "AuthenticationPolicy", ret_policy);
}

enum directory_status overlay_directory_set_default_policy(struct directory *directory, const char *policy)
{
    enum directory_status status = must_know_policy(directory, policy);
    return status == DIRECTORY_OK ? change_object(overlay_of(directory), SETTINGS_ORGANIZATION, "", change_default_policy, policy) : status;
}

enum directory_status overlay_directory_default_policy(struct directory *directory, struct arena *arena, const char **ret_policy)
{
    return kept_text(directory, arena, SETTINGS_ORGANIZATION, "", "DefaultAuthenticationPolicy", ret_policy);
}
