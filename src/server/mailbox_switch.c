#include "server/mailbox_switch.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

/* 16,384 users; the memory is touched as it is used. */
#define SET_COUNT 4096u
#define SET_SIZE 4u
#define LOCK_COUNT 16u

struct remembered {
    struct guid user_id;
    enum mailbox_switch state; /* UNKNOWN: empty */
    uint64_t version;          /* of the directory */
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
        [MAILBOX_SWITCH_USER_OFF] = "the user is switched off",
        [MAILBOX_SWITCH_GONE] = "the mailbox is not there any more",
    };
    return texts[state];
}

enum mailbox_switch mailbox_switch_of(const struct directory_organization *organization, const struct directory_user *user)
{
    if (directory_mapi_http_allowed(organization, user))
        return MAILBOX_SWITCH_ON;
    if (!user->switches.mapi_enabled)
        return MAILBOX_SWITCH_MAPI_OFF;
    return user->switches.mapi_http == DIRECTORY_OFF ? MAILBOX_SWITCH_MAILBOX_OFF : MAILBOX_SWITCH_ORGANIZATION_OFF;
}

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
    free(switches);
}

/* Ids are random already. */
static uint32_t set_of(struct guid user_id)
{
    uint32_t hash;
    memcpy(&hash, user_id.data, sizeof hash);
    return (hash ^ hash >> 16) % SET_COUNT;
}

enum mailbox_switch mailbox_switches_look(struct mailbox_switches *switches, struct guid user_id)
{
    enum mailbox_switch state = MAILBOX_SWITCH_UNKNOWN;
    uint64_t version = directory_version(switches->directory);
    uint32_t set = set_of(user_id);
    pthread_mutex_lock(&switches->locks[set % LOCK_COUNT]);
    for (uint32_t i = 0; i < SET_SIZE; i++) {
        const struct remembered *one = &switches->sets[set][i];
        if (one->state != MAILBOX_SWITCH_UNKNOWN && one->version == version && guid_equal(one->user_id, user_id))
            state = one->state;
    }
    pthread_mutex_unlock(&switches->locks[set % LOCK_COUNT]);
    return state;
}

/* In the place of the same user, else an empty or outdated one, else the one that its id chooses. */
static void remember(struct mailbox_switches *switches, const struct remembered *fresh)
{
    uint32_t set = set_of(fresh->user_id), place = fresh->user_id.data[4] % SET_SIZE;
    pthread_mutex_lock(&switches->locks[set % LOCK_COUNT]);
    for (uint32_t i = 0; i < SET_SIZE; i++)
        if (switches->sets[set][i].version != fresh->version || switches->sets[set][i].state == MAILBOX_SWITCH_UNKNOWN)
            place = i;
    for (uint32_t i = 0; i < SET_SIZE; i++)
        if (guid_equal(switches->sets[set][i].user_id, fresh->user_id))
            place = i;
    switches->sets[set][place] = *fresh;
    pthread_mutex_unlock(&switches->locks[set % LOCK_COUNT]);
}

enum mailbox_switch mailbox_switches_read(struct mailbox_switches *switches, struct guid user_id)
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
    if (status == DIRECTORY_NOT_FOUND)
        fresh.state = MAILBOX_SWITCH_GONE;
    else if (status == DIRECTORY_OK && directory_organization(directory, &arena, &organization) == DIRECTORY_OK)
        fresh.state = directory_user_is_off(&user) ? MAILBOX_SWITCH_USER_OFF : mailbox_switch_of(&organization, &user);
    if (fresh.state != MAILBOX_SWITCH_UNKNOWN)
        remember(switches, &fresh);
    arena_free(&arena);
    return fresh.state;
}
