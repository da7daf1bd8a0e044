#include "server/mailbox_strands.h"

#include <pthread.h>
#include <stdlib.h>

#include "base/bytes.h"

#define BUCKET_COUNT 256u

struct mailbox_strand {
    struct mailbox_strand *bucket_next;
    struct mailbox_strands *strands;
    struct guid mailbox_guid;
    struct strand *strand;
    uint32_t references;
};

struct mailbox_strands {
    pthread_mutex_t lock;
    struct worker_pool *workers;
    struct mailbox_strand *buckets[BUCKET_COUNT];
};

struct mailbox_strands *mailbox_strands_new(struct worker_pool *workers)
{
    struct mailbox_strands *strands = calloc(1, sizeof *strands);
    if (!strands)
        return NULL;
    pthread_mutex_init(&strands->lock, NULL);
    strands->workers = workers;
    return strands;
}

void mailbox_strands_free(struct mailbox_strands *strands)
{
    if (!strands)
        return;
    pthread_mutex_destroy(&strands->lock);
    free(strands);
}

static struct mailbox_strand **bucket_of(struct mailbox_strands *strands, struct guid mailbox_guid)
{
    return &strands->buckets[load_u32(mailbox_guid.data) % BUCKET_COUNT];
}

static struct mailbox_strand *add(struct mailbox_strands *strands, struct guid mailbox_guid)
{
    struct mailbox_strand *added = calloc(1, sizeof *added);
    struct strand *strand = added ? strand_new(strands->workers) : NULL;
    if (!strand) {
        free(added);
        return NULL;
    }
    struct mailbox_strand **bucket = bucket_of(strands, mailbox_guid);
    *added = (struct mailbox_strand){.bucket_next = *bucket, .strands = strands, .mailbox_guid = mailbox_guid,
                                     .strand = strand};
    *bucket = added;
    return added;
}

struct mailbox_strand *mailbox_strand_acquire(struct mailbox_strands *strands, struct guid mailbox_guid)
{
    pthread_mutex_lock(&strands->lock);
    struct mailbox_strand *found = *bucket_of(strands, mailbox_guid);
    while (found && !guid_equal(found->mailbox_guid, mailbox_guid))
        found = found->bucket_next;
    if (!found)
        found = add(strands, mailbox_guid);
    if (found)
        found->references++;
    pthread_mutex_unlock(&strands->lock);
    return found;
}

void mailbox_strand_release(struct mailbox_strand *mailbox_strand)
{
    struct mailbox_strands *strands = mailbox_strand->strands;
    pthread_mutex_lock(&strands->lock);
    bool last = --mailbox_strand->references == 0;
    if (last) {
        struct mailbox_strand **place = bucket_of(strands, mailbox_strand->mailbox_guid);
        while (*place != mailbox_strand)
            place = &(*place)->bucket_next;
        *place = mailbox_strand->bucket_next;
    }
    pthread_mutex_unlock(&strands->lock);
    if (last) {
        strand_release(mailbox_strand->strand);
        free(mailbox_strand);
    }
}

struct strand *mailbox_strand_strand(struct mailbox_strand *mailbox_strand)
{
    return mailbox_strand->strand;
}

struct guid mailbox_strand_guid(const struct mailbox_strand *mailbox_strand)
{
    return mailbox_strand->mailbox_guid;
}
