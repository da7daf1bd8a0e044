#include "rop/open_mailboxes.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "base/filetime.h"
#include "mailbox/mailbox.h"
#include "mailbox/notification.h"
#include "protocol/error_code.h"
#include "store/store.h"

#define BUCKET_COUNT 1024u

struct open_mailbox {
    struct open_mailboxes *table;
    struct open_mailbox *next_in_bucket;
    struct directory_user *owner;
    struct subscriptions *subscriptions;
    struct mailbox *mailbox; /* NULL while closed */
    uint32_t hold_count;
    bool busy;               /* acquired, or being closed */
    struct open_mailbox *newer, *older; /* among the open ones, by last use */
};

struct open_mailboxes {
    pthread_mutex_t lock;
    pthread_cond_t released;
    struct store *store;
    uint64_t started; /* when this table was made: no session is older */
    uint32_t open_max;
    uint32_t open_count;
    struct open_mailbox *newest, *oldest; /* of the open ones */
    struct open_mailbox *buckets[BUCKET_COUNT];
};

struct open_mailboxes *open_mailboxes_new(struct store *store, uint32_t open_max)
{
    struct open_mailboxes *mailboxes = calloc(1, sizeof *mailboxes);
    if (!mailboxes)
        return NULL;
    pthread_mutex_init(&mailboxes->lock, NULL);
    pthread_cond_init(&mailboxes->released, NULL);
    mailboxes->store = store;
    mailboxes->started = filetime_now();
    mailboxes->open_max = open_max;
    return mailboxes;
}

static struct open_mailbox **bucket_of(struct open_mailboxes *mailboxes, struct guid guid)
{
    return &mailboxes->buckets[load_u32(guid.data) % BUCKET_COUNT];
}

static void entry_free(struct open_mailbox *entry)
{
    if (entry->mailbox)
        mailbox_close(entry->mailbox);
    subscriptions_free(entry->subscriptions);
    free(entry->owner);
    free(entry);
}

void open_mailboxes_free(struct open_mailboxes *mailboxes)
{
    if (!mailboxes)
        return;
    for (uint32_t i = 0; i < BUCKET_COUNT; i++) {
        for (struct open_mailbox *entry = mailboxes->buckets[i], *next; entry; entry = next) {
            next = entry->next_in_bucket;
            entry_free(entry);
        }
    }
    pthread_cond_destroy(&mailboxes->released);
    pthread_mutex_destroy(&mailboxes->lock);
    free(mailboxes);
}

static struct open_mailbox *entry_new(struct open_mailboxes *mailboxes, const struct directory_user *owner)
{
    struct open_mailbox *entry = calloc(1, sizeof *entry);
    if (!entry)
        return NULL;
    entry->table = mailboxes;
    entry->owner = directory_user_copy(owner);
    entry->subscriptions = subscriptions_new();
    if (!entry->owner || !entry->subscriptions) {
        entry_free(entry);
        return NULL;
    }
    struct open_mailbox **bucket = bucket_of(mailboxes, owner->mailbox_guid);
    entry->next_in_bucket = *bucket;
    *bucket = entry;
    return entry;
}

struct open_mailbox *open_mailbox_hold(struct open_mailboxes *mailboxes, const struct directory_user *owner)
{
    pthread_mutex_lock(&mailboxes->lock);
    struct open_mailbox *entry = *bucket_of(mailboxes, owner->mailbox_guid);
    while (entry && !guid_equal(entry->owner->mailbox_guid, owner->mailbox_guid))
        entry = entry->next_in_bucket;
    if (!entry)
        entry = entry_new(mailboxes, owner);
    if (entry)
        entry->hold_count++;
    pthread_mutex_unlock(&mailboxes->lock);
    return entry;
}

/* Under the lock: forgets a place that nobody needs. */
static void entry_drop_if_idle(struct open_mailboxes *mailboxes, struct open_mailbox *entry)
{
    if (entry->hold_count || entry->busy || entry->mailbox)
        return;
    struct open_mailbox **link = bucket_of(mailboxes, entry->owner->mailbox_guid);
    while (*link != entry)
        link = &(*link)->next_in_bucket;
    *link = entry->next_in_bucket;
    entry_free(entry);
}

struct open_mailbox *open_mailbox_hold_again(struct open_mailbox *mailbox)
{
    pthread_mutex_lock(&mailbox->table->lock);
    mailbox->hold_count++;
    pthread_mutex_unlock(&mailbox->table->lock);
    return mailbox;
}

void open_mailbox_let_go(struct open_mailbox *mailbox)
{
    struct open_mailboxes *mailboxes = mailbox->table;
    pthread_mutex_lock(&mailboxes->lock);
    mailbox->hold_count--;
    entry_drop_if_idle(mailboxes, mailbox);
    pthread_mutex_unlock(&mailboxes->lock);
}

/* Under the lock: the list of open mailboxes by last use. */
static void list_remove(struct open_mailboxes *mailboxes, struct open_mailbox *entry)
{
    *(entry->newer ? &entry->newer->older : &mailboxes->newest) = entry->older;
    *(entry->older ? &entry->older->newer : &mailboxes->oldest) = entry->newer;
    entry->newer = entry->older = NULL;
}

static void list_add_newest(struct open_mailboxes *mailboxes, struct open_mailbox *entry)
{
    entry->older = mailboxes->newest;
    entry->newer = NULL;
    *(entry->older ? &entry->older->newer : &mailboxes->oldest) = entry;
    mailboxes->newest = entry;
}

/* Under the lock, which is given up meanwhile: closes the idle mailbox that was not used for longest. Those in use are few
 * (one for each worker) and new. */
static void close_longest_unused(struct open_mailboxes *mailboxes)
{
    struct open_mailbox *oldest = mailboxes->oldest;
    while (oldest && oldest->busy)
        oldest = oldest->newer;
    if (!oldest)
        return; /* all are in use this moment: go over the number rather than wait */
    oldest->busy = true;
    list_remove(mailboxes, oldest);
    mailboxes->open_count--;
    struct mailbox *mailbox = oldest->mailbox;
    pthread_mutex_unlock(&mailboxes->lock);
    mailbox_close(mailbox);
    pthread_mutex_lock(&mailboxes->lock);
    oldest->mailbox = NULL;
    oldest->busy = false;
    pthread_cond_broadcast(&mailboxes->released);
    entry_drop_if_idle(mailboxes, oldest);
}

static uint32_t open_in_store(struct open_mailbox *entry, bool create, struct mailbox **ret_mailbox)
{
    const struct directory_user *owner = entry->owner;
    struct store_mailbox *stored;
    enum store_status status = store_mailbox_open(entry->table->store, owner->mailbox_guid, &stored);
    if (status == STORE_NOT_FOUND && create) {
        const struct store_mailbox_info info = {
            .mailbox_guid = owner->mailbox_guid,
            .replica_guid = guid_random(),
            .logon_replica_guid = guid_random(),
            .owner = bytes_of_string(owner->account),
            .creation_time = filetime_now(),
        };
        status = store_mailbox_create(entry->table->store, &info, &stored);
    }
    if (status != STORE_OK)
        return status == STORE_NOT_FOUND ? EC_NOT_FOUND : EC_LOGON_FAILED;
    /* What sessions of an earlier run had written to streams and never saved. A failure leaves it for the next time. */
    uint64_t swept;
    (void)store_value_sweep(stored, entry->table->started, &swept);
    const struct mailbox_owner mailbox_owner = {
        .display_name = owner->display_name,
        .address_book_dn = owner->legacy_dn,
        .smtp_address = owner->address,
    };
    return mailbox_open(stored, &mailbox_owner, entry->subscriptions, ret_mailbox);
}

uint32_t open_mailbox_acquire(struct open_mailbox *mailbox, bool create, struct mailbox **ret_mailbox)
{
    struct open_mailboxes *mailboxes = mailbox->table;
    uint32_t error = 0;
    pthread_mutex_lock(&mailboxes->lock);
    while (mailbox->busy)
        pthread_cond_wait(&mailboxes->released, &mailboxes->lock);
    mailbox->busy = true;
    if (!mailbox->mailbox) {
        if (mailboxes->open_count >= mailboxes->open_max)
            close_longest_unused(mailboxes);
        pthread_mutex_unlock(&mailboxes->lock);
        struct mailbox *opened = NULL;
        error = open_in_store(mailbox, create, &opened);
        pthread_mutex_lock(&mailboxes->lock);
        if (!error) {
            mailbox->mailbox = opened;
            mailboxes->open_count++;
            list_add_newest(mailboxes, mailbox);
        } else {
            mailbox->busy = false;
            pthread_cond_broadcast(&mailboxes->released);
        }
    }
    pthread_mutex_unlock(&mailboxes->lock);
    if (!error)
        *ret_mailbox = mailbox->mailbox;
    return error;
}

void open_mailbox_acquire_as_is(struct open_mailbox *mailbox, struct mailbox **ret_mailbox)
{
    struct open_mailboxes *mailboxes = mailbox->table;
    pthread_mutex_lock(&mailboxes->lock);
    while (mailbox->busy)
        pthread_cond_wait(&mailboxes->released, &mailboxes->lock);
    mailbox->busy = true;
    *ret_mailbox = mailbox->mailbox;
    pthread_mutex_unlock(&mailboxes->lock);
}

void open_mailbox_release(struct open_mailbox *mailbox)
{
    struct open_mailboxes *mailboxes = mailbox->table;
    pthread_mutex_lock(&mailboxes->lock);
    mailbox->busy = false;
    if (mailbox->mailbox && mailboxes->newest != mailbox) {
        list_remove(mailboxes, mailbox);
        list_add_newest(mailboxes, mailbox);
    }
    pthread_cond_broadcast(&mailboxes->released);
    pthread_mutex_unlock(&mailboxes->lock);
}

struct guid open_mailbox_guid(const struct open_mailbox *mailbox)
{
    return mailbox->owner->mailbox_guid;
}

struct subscriptions *open_mailbox_subscriptions(struct open_mailbox *mailbox)
{
    return mailbox->subscriptions;
}
