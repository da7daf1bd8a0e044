#include "session/session_table.h"

#include <stdlib.h>
#include <string.h>

#define CONTEXT_BUCKETS_MIN 256u
#define USER_BUCKETS_MIN 64u

static uint32_t hash_of(const uint8_t data[16])
{
    return load_u32(data + 4); /* context ids and user ids are random */
}

struct session_table *session_table_new(const struct session_settings *settings, const struct session_hooks *hooks)
{
    struct session_table *table = calloc(1, sizeof *table);
    if (!table)
        return NULL;
    table->settings = *settings;
    table->hooks = *hooks;
    table->sha256 = EVP_MD_fetch(NULL, "SHA256", NULL);
    table->contexts = calloc(CONTEXT_BUCKETS_MIN, sizeof(struct session_context *));
    table->users = calloc(USER_BUCKETS_MIN, sizeof(struct session_user *));
    table->context_bucket_count = CONTEXT_BUCKETS_MIN;
    table->user_bucket_count = USER_BUCKETS_MIN;
    if (!table->sha256 || !table->contexts || !table->users) {
        EVP_MD_free(table->sha256);
        free(table->contexts);
        free(table->users);
        free(table);
        return NULL;
    }
    pthread_mutex_init(&table->lock, NULL);
    return table;
}

static void table_free_memory(struct session_table *table)
{
    pthread_mutex_destroy(&table->lock);
    EVP_MD_free(table->sha256);
    free(table->contexts);
    free(table->users);
    free(table);
}

void session_table_free(struct session_table *table)
{
    if (!table)
        return;
    session_end_all(table, SESSION_END_SHUTDOWN);
    pthread_mutex_lock(&table->lock);
    table->freed = true;
    bool last = table->context_alive == 0;
    pthread_mutex_unlock(&table->lock);
    if (last)
        table_free_memory(table);
}

void session_table_configure(struct session_table *table, const struct session_settings *settings)
{
    pthread_mutex_lock(&table->lock);
    table->settings = *settings;
    pthread_mutex_unlock(&table->lock);
}

struct session_context *session_table_find(struct session_table *table, const struct session_context_id *id)
{
    struct session_context *context = table->contexts[hash_of(id->data) & (table->context_bucket_count - 1)];
    while (context && memcmp(&context->id, id, sizeof *id) != 0)
        context = context->bucket_next;
    return context;
}

struct session_user *session_table_find_user(struct session_table *table, struct guid id)
{
    struct session_user *user = table->users[hash_of(id.data) & (table->user_bucket_count - 1)];
    while (user && !guid_equal(user->id, id))
        user = user->bucket_next;
    return user;
}

/* Without memory the buckets stay as they are and get longer. */
static void grow_contexts(struct session_table *table)
{
    uint32_t count = table->context_bucket_count * 2;
    struct session_context **buckets = calloc(count, sizeof *buckets);
    if (!buckets)
        return;
    for (uint32_t i = 0; i < table->context_bucket_count; i++) {
        for (struct session_context *context = table->contexts[i], *next; context; context = next) {
            next = context->bucket_next;
            struct session_context **place = &buckets[hash_of(context->id.data) & (count - 1)];
            context->bucket_next = *place;
            *place = context;
        }
    }
    free(table->contexts);
    table->contexts = buckets;
    table->context_bucket_count = count;
}

static void grow_users(struct session_table *table)
{
    uint32_t count = table->user_bucket_count * 2;
    struct session_user **buckets = calloc(count, sizeof *buckets);
    if (!buckets)
        return;
    for (uint32_t i = 0; i < table->user_bucket_count; i++) {
        for (struct session_user *user = table->users[i], *next; user; user = next) {
            next = user->bucket_next;
            struct session_user **place = &buckets[hash_of(user->id.data) & (count - 1)];
            user->bucket_next = *place;
            *place = user;
        }
    }
    free(table->users);
    table->users = buckets;
    table->user_bucket_count = count;
}

static struct session_user *user_of(struct session_table *table, struct guid id)
{
    struct session_user *user = session_table_find_user(table, id);
    if (user)
        return user;
    user = calloc(1, sizeof *user);
    if (!user)
        return NULL;
    user->id = id;
    if (table->user_count >= table->user_bucket_count)
        grow_users(table);
    struct session_user **place = &table->users[hash_of(id.data) & (table->user_bucket_count - 1)];
    user->bucket_next = *place;
    *place = user;
    table->user_count++;
    return user;
}

static void remove_user(struct session_table *table, struct session_user *user)
{
    struct session_user **place = &table->users[hash_of(user->id.data) & (table->user_bucket_count - 1)];
    while (*place != user)
        place = &(*place)->bucket_next;
    *place = user->bucket_next;
    table->user_count--;
    free(user);
}

static uint16_t take_index(struct session_table *table)
{
    for (uint32_t tries = 0; tries < 65536; tries++) {
        uint16_t index = table->index_next++;
        if (!(table->indexes[index / 8] & 1u << index % 8)) {
            table->indexes[index / 8] |= (uint8_t)(1u << index % 8);
            return index;
        }
    }
    return 0; /* more live contexts than 16 bits can tell apart: RopPending of linked contexts is lost, nothing else */
}

struct session_context *session_table_insert(struct session_table *table, enum session_endpoint endpoint,
                                             const struct directory_user *directory_user)
{
    struct session_context *context = calloc(1, sizeof *context);
    struct directory_user *copy = context ? directory_user_copy(directory_user) : NULL;
    struct session_user *user = copy ? user_of(table, directory_user->id) : NULL;
    if (!user) {
        free(copy);
        free(context);
        return NULL;
    }
    context->table = table;
    context->endpoint = endpoint;
    context->user = copy;
    context->index = take_index(table);
    random_bytes(context->id.data, sizeof context->id.data);
    context->sequence.number = 1;
    random_bytes(context->sequence.data, sizeof context->sequence.data);

    if (table->context_count >= table->context_bucket_count)
        grow_contexts(table);
    struct session_context **place = &table->contexts[hash_of(context->id.data) & (table->context_bucket_count - 1)];
    context->bucket_next = *place;
    *place = context;
    context->user_next = user->first;
    if (user->first)
        user->first->user_previous = context;
    user->first = context;
    user->count++;
    table->context_count++;
    table->context_alive++;
    return context;
}

void session_table_set_idle(struct session_table *table, struct session_context *context, bool idle)
{
    if (context->idle == idle)
        return;
    context->idle = idle;
    if (idle) { /* times come in order but for races between threads: look back from the end */
        struct session_context *before = table->idle_last;
        while (before && before->idle_since_ms > context->idle_since_ms)
            before = before->idle_previous;
        context->idle_previous = before;
        context->idle_next = before ? before->idle_next : table->idle_first;
        *(before ? &before->idle_next : &table->idle_first) = context;
        *(context->idle_next ? &context->idle_next->idle_previous : &table->idle_last) = context;
    } else {
        *(context->idle_previous ? &context->idle_previous->idle_next : &table->idle_first) = context->idle_next;
        *(context->idle_next ? &context->idle_next->idle_previous : &table->idle_last) = context->idle_previous;
        context->idle_previous = context->idle_next = NULL;
    }
}

void session_table_remove(struct session_table *table, struct session_context *context, enum session_end_reason reason,
                          struct session_context **ended)
{
    struct session_context **place = &table->contexts[hash_of(context->id.data) & (table->context_bucket_count - 1)];
    while (*place != context)
        place = &(*place)->bucket_next;
    *place = context->bucket_next;
    table->context_count--;

    struct session_user *user = session_table_find_user(table, context->user->id);
    *(context->user_previous ? &context->user_previous->user_next : &user->first) = context->user_next;
    if (context->user_next)
        context->user_next->user_previous = context->user_previous;
    if (--user->count == 0)
        remove_user(table, user);

    session_table_set_idle(table, context, false);
    session_drop_answer(context);
    table->indexes[context->index / 8] &= (uint8_t)~(1u << context->index % 8);
    context->ended = true;
    context->end_reason = reason;
    context->tickets++; /* given back by session_table_announce */
    context->ended_next = *ended;
    *ended = context;
}

void session_table_announce(struct session_table *table, struct session_context *ended)
{
    for (struct session_context *context = ended, *next; context; context = next) {
        next = context->ended_next;
        table->hooks.ended(table->hooks.user, context, context->end_reason);
        pthread_mutex_lock(&table->lock);
        bool last = --context->tickets == 0;
        pthread_mutex_unlock(&table->lock);
        if (last)
            table->hooks.released(table->hooks.user, context);
    }
}

void session_context_free(struct session_context *context)
{
    struct session_table *table = context->table;
    pthread_mutex_lock(&table->lock);
    bool last = --table->context_alive == 0 && table->freed;
    pthread_mutex_unlock(&table->lock);
    free(context->user);
    free(context);
    if (last)
        table_free_memory(table);
}

void session_for_each(struct session_table *table, void (*visit)(struct session_context *context, void *argument),
                      void *argument)
{
    pthread_mutex_lock(&table->lock);
    for (uint32_t i = 0; i < table->context_bucket_count; i++)
        for (struct session_context *context = table->contexts[i]; context; context = context->bucket_next)
            visit(context, argument);
    pthread_mutex_unlock(&table->lock);
}

struct session_counts session_table_counts(struct session_table *table)
{
    pthread_mutex_lock(&table->lock);
    struct session_counts counts = {.contexts = table->context_count, .users = table->user_count,
                                    .waits = table->wait_count, .kept_answers_size = table->kept_answers_size};
    pthread_mutex_unlock(&table->lock);
    return counts;
}
