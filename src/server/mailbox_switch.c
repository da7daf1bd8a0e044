#include "server/mailbox_switch.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "base/network_range.h"
#include "record/client_version.h"

/* 16,384 users; the memory is touched as it is used. */
#define SET_COUNT 4096u
#define SET_SIZE 4u
#define LOCK_COUNT 16u

/* What is looked at at each request, of one user. */
struct rules {
    enum mailbox_switch state; /* UNKNOWN: empty */
    bool outside_blocked, cached_mode_required;
    const char *block_versions; /* NULL for none; of the table its own */
};

struct remembered {
    struct guid user_id;
    uint64_t version; /* of the directory */
    struct rules rules;
};

struct mailbox_switches {
    struct directory *directory;
    pthread_mutex_t locks[LOCK_COUNT];
    struct remembered sets[SET_COUNT][SET_SIZE];
};

const char *mailbox_switch_text(enum mailbox_switch state)
{
    static const char *const texts[] = {
        [MAILBOX_SWITCH_UNKNOWN] = "the directory cannot be read",
        [MAILBOX_SWITCH_ON] = "on",
        [MAILBOX_SWITCH_MAPI_OFF] = "MAPI is switched off for the mailbox",
        [MAILBOX_SWITCH_MAILBOX_OFF] = "MAPI over HTTP is switched off for the mailbox",
        [MAILBOX_SWITCH_ORGANIZATION_OFF] = "MAPI over HTTP is switched off for the organization",
        [MAILBOX_SWITCH_VERSION_BLOCKED] = "this version of Outlook is blocked for the mailbox",
        [MAILBOX_SWITCH_OUTSIDE_BLOCKED] = "the mailbox may not be reached from outside of the organization's network",
        [MAILBOX_SWITCH_NOT_CACHED] = "the mailbox may be used by Outlook in cached mode only",
        [MAILBOX_SWITCH_USER_OFF] = "the user is switched off",
        [MAILBOX_SWITCH_GONE] = "the mailbox is not there any more",
    };
    return texts[state];
}

/* --- judging --- */

static enum mailbox_switch switch_of(const struct directory_organization *organization, const struct directory_user *user)
{
    if (directory_mapi_http_allowed(organization, user))
        return MAILBOX_SWITCH_ON;
    if (!user->switches.mapi_enabled)
        return MAILBOX_SWITCH_MAPI_OFF;
    return user->switches.mapi_http == DIRECTORY_OFF ? MAILBOX_SWITCH_MAILBOX_OFF : MAILBOX_SWITCH_ORGANIZATION_OFF;
}

static struct rules rules_of(const struct directory_organization *organization, const struct directory_user *user)
{
    const char *versions = user->switches.block_versions;
    return (struct rules){.state = switch_of(organization, user), .outside_blocked = user->switches.block_external_connectivity,
                          .cached_mode_required = user->switches.block_non_cached_mode,
                          .block_versions = versions && *versions ? versions : NULL};
}

/* A client that does not say its version is not Outlook, or hides it: neither can be told by a version. */
static bool version_blocked(const char *block_versions, const struct mailbox_circumstances *circumstances)
{
    struct client_version version;
    const char *application = circumstances->client_application, *agent = circumstances->user_agent;
    return ((application && client_version_find_outlook(application, &version)) || (agent && client_version_find_outlook(agent, &version))) &&
           client_version_blocked(block_versions, &version);
}

static struct mailbox_verdict judge(const struct rules *rules, const struct mailbox_circumstances *circumstances)
{
    struct mailbox_verdict verdict = {.state = rules->state, .cached_mode_required = rules->cached_mode_required};
    if (rules->state != MAILBOX_SWITCH_ON)
        return verdict;
    if (rules->outside_blocked && circumstances->inside && circumstances->address &&
        !network_ranges_contain(circumstances->inside, circumstances->address))
        verdict.state = MAILBOX_SWITCH_OUTSIDE_BLOCKED;
    else if (rules->block_versions && version_blocked(rules->block_versions, circumstances))
        verdict.state = MAILBOX_SWITCH_VERSION_BLOCKED;
    return verdict;
}

struct mailbox_verdict mailbox_verdict_of(const struct directory_organization *organization, const struct directory_user *user,
                                          const struct mailbox_circumstances *circumstances)
{
    struct rules rules = rules_of(organization, user);
    return judge(&rules, circumstances);
}

enum mailbox_switch mailbox_verdict_in_mode(const struct mailbox_verdict *verdict, enum client_mode mode)
{
    return verdict->state == MAILBOX_SWITCH_ON && verdict->cached_mode_required && mode == CLIENT_MODE_CLASSIC
        ? MAILBOX_SWITCH_NOT_CACHED : verdict->state;
}

/* --- remembering --- */

struct mailbox_switches *mailbox_switches_new(struct directory *directory)
{
    struct mailbox_switches *switches = calloc(1, sizeof *switches);
    if (!switches)
        return NULL;
    switches->directory = directory;
    for (unsigned i = 0; i < LOCK_COUNT; i++)
        pthread_mutex_init(&switches->locks[i], NULL);
    return switches;
}

void mailbox_switches_free(struct mailbox_switches *switches)
{
    if (!switches)
        return;
    for (unsigned i = 0; i < LOCK_COUNT; i++)
        pthread_mutex_destroy(&switches->locks[i]);
    for (unsigned i = 0; i < SET_COUNT * SET_SIZE; i++)
        free((char *)switches->sets[i / SET_SIZE][i % SET_SIZE].rules.block_versions);
    free(switches);
}

/* Ids are random already. */
static uint32_t set_of(struct guid user_id)
{
    uint32_t hash;
    memcpy(&hash, user_id.data, sizeof hash);
    return (hash ^ hash >> 16) % SET_COUNT;
}

struct mailbox_verdict mailbox_switches_look(struct mailbox_switches *switches, struct guid user_id,
                                             const struct mailbox_circumstances *circumstances)
{
    struct mailbox_verdict verdict = {.state = MAILBOX_SWITCH_UNKNOWN};
    uint64_t version = directory_version(switches->directory);
    uint32_t set = set_of(user_id);
    pthread_mutex_lock(&switches->locks[set % LOCK_COUNT]);
    for (uint32_t i = 0; i < SET_SIZE; i++) {
        const struct remembered *one = &switches->sets[set][i];
        if (one->rules.state != MAILBOX_SWITCH_UNKNOWN && one->version == version && guid_equal(one->user_id, user_id))
            verdict = judge(&one->rules, circumstances);
    }
    pthread_mutex_unlock(&switches->locks[set % LOCK_COUNT]);
    return verdict;
}

/* In the place of the same user, else an empty or outdated one, else the one that its id chooses. */
static void remember(struct mailbox_switches *switches, const struct remembered *fresh)
{
    char *versions = fresh->rules.block_versions ? strdup(fresh->rules.block_versions) : NULL;
    if (fresh->rules.block_versions && !versions)
        return; /* looked up again */
    uint32_t set = set_of(fresh->user_id), place = fresh->user_id.data[4] % SET_SIZE;
    pthread_mutex_lock(&switches->locks[set % LOCK_COUNT]);
    for (uint32_t i = 0; i < SET_SIZE; i++)
        if (switches->sets[set][i].version != fresh->version || switches->sets[set][i].rules.state == MAILBOX_SWITCH_UNKNOWN)
            place = i;
    for (uint32_t i = 0; i < SET_SIZE; i++)
        if (guid_equal(switches->sets[set][i].user_id, fresh->user_id))
            place = i;
    free((char *)switches->sets[set][place].rules.block_versions);
    switches->sets[set][place] = *fresh;
    switches->sets[set][place].rules.block_versions = versions;
    pthread_mutex_unlock(&switches->locks[set % LOCK_COUNT]);
}

struct mailbox_verdict mailbox_switches_read(struct mailbox_switches *switches, struct guid user_id,
                                             const struct mailbox_circumstances *circumstances)
{
    struct directory *directory = switches->directory;
    struct arena arena = {0};
    struct directory_organization organization;
    struct directory_user user;
    char id[GUID_TEXT_SIZE];
    guid_format(user_id, id);
    /* The version before the content: a change in between makes what is remembered outdated, not wrong. */
    struct remembered fresh = {.user_id = user_id, .version = directory_version(directory)};
    enum directory_status status = directory_find(directory, &arena, DIRECTORY_KEY_ID, id, &user);
    if (status == DIRECTORY_NOT_FOUND) {
        fresh.rules.state = MAILBOX_SWITCH_GONE;
    } else if (status == DIRECTORY_OK && directory_organization(directory, &arena, &organization) == DIRECTORY_OK) {
        fresh.rules = rules_of(&organization, &user);
        if (directory_user_is_off(&user))
            fresh.rules.state = MAILBOX_SWITCH_USER_OFF;
    }
    if (fresh.rules.state != MAILBOX_SWITCH_UNKNOWN)
        remember(switches, &fresh);
    struct mailbox_verdict verdict = judge(&fresh.rules, circumstances);
    arena_free(&arena);
    return verdict;
}
