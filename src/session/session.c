#include "session/session.h"

#include <stdlib.h>
#include <string.h>

#include "session/session_table.h"

const char *session_end_reason_text(enum session_end_reason reason)
{
    static const char *const texts[] = {
        [SESSION_END_DISCONNECT] = "disconnected",     [SESSION_END_RECONNECT] = "replaced by a reconnection",
        [SESSION_END_EXPIRED] = "idle for too long",   [SESSION_END_CAP] = "too many contexts of this user",
        [SESSION_END_REFUSED] = "connection refused",  [SESSION_END_SHUTDOWN] = "server shutting down",
        [SESSION_END_ADMINISTRATOR] = "ended by an administrator",
    };
    return texts[reason];
}

void session_fingerprint(struct session_table *table, struct bytes request_id, struct bytes request_type,
                         struct bytes body, uint8_t ret_fingerprint[SESSION_FINGERPRINT_SIZE])
{
    uint8_t sizes[16];
    store_u64(sizes, request_id.size);
    store_u64(sizes + 8, request_type.size);
    EVP_MD_CTX *digest = EVP_MD_CTX_new();
    if (!digest || !EVP_DigestInit_ex2(digest, table->sha256, NULL) || !EVP_DigestUpdate(digest, sizes, sizeof sizes) ||
        !EVP_DigestUpdate(digest, request_id.data, request_id.size) ||
        !EVP_DigestUpdate(digest, request_type.data, request_type.size) ||
        !EVP_DigestUpdate(digest, body.data, body.size) || !EVP_DigestFinal_ex(digest, ret_fingerprint, NULL))
        random_bytes(ret_fingerprint, SESSION_FINGERPRINT_SIZE); /* without memory: equal to no other request */
    EVP_MD_CTX_free(digest);
}

/* --- kept answers --- */

struct bytes session_answer_content(const struct session_answer *answer)
{
    return bytes_of(answer->content, answer->size);
}

static void unreference_answer(struct session_answer *answer)
{
    struct session_table *table = answer->table;
    if (--answer->references > 0)
        return;
    table->kept_answers_size -= answer->size;
    if (answer->delivery)
        table->hooks.delivery_release(table->hooks.user, answer->delivery);
    free(answer);
}

void session_answer_release(struct session_answer *answer)
{
    struct session_table *table = answer->table;
    pthread_mutex_lock(&table->lock);
    unreference_answer(answer);
    pthread_mutex_unlock(&table->lock);
}

void session_drop_answer(struct session_context *context)
{
    struct session_table *table = context->table;
    struct session_answer *answer = context->last_answer;
    if (!answer)
        return;
    *(answer->older ? &answer->older->newer : &table->oldest_answer) = answer->newer;
    *(answer->newer ? &answer->newer->older : &table->newest_answer) = answer->older;
    answer->context = NULL;
    context->last_answer = NULL;
    unreference_answer(answer);
}

/* Makes room under the cap by forgetting the oldest answers; false if that is not enough. */
static bool make_room(struct session_table *table, size_t size)
{
    size_t size_max = table->settings.kept_answers_size_max;
    if (size > size_max)
        return false;
    while (table->kept_answers_size > size_max - size && table->oldest_answer)
        session_drop_answer(table->oldest_answer->context);
    return table->kept_answers_size <= size_max - size;
}

bool session_keeps_answers(struct session_table *table, const struct session_ticket *ticket)
{
    pthread_mutex_lock(&table->lock);
    bool keeps = table->settings.resend && ticket->accepted && ticket->kind == SESSION_REQUEST_SEQUENCED &&
                 ticket->number == ticket->context->number && ticket->number > 0;
    pthread_mutex_unlock(&table->lock);
    return keeps;
}

void session_keep_answer(struct session_table *table, const struct session_ticket *ticket, struct bytes content,
                         void *delivery)
{
    struct session_context *context = ticket->context;
    struct session_answer *answer = malloc(sizeof *answer + content.size);
    pthread_mutex_lock(&table->lock);
    if (answer && !context->ended && ticket->number == context->number && make_room(table, content.size)) {
        *answer = (struct session_answer){.references = 1, .table = table, .context = context, .size = content.size,
                                          .delivery = delivery, .older = table->newest_answer};
        if (content.size)
            memcpy(answer->content, content.data, content.size);
        *(answer->older ? &answer->older->newer : &table->oldest_answer) = answer;
        table->newest_answer = answer;
        table->kept_answers_size += content.size;
        context->last_answer = answer;
        answer = NULL;
        delivery = NULL;
    }
    pthread_mutex_unlock(&table->lock);
    free(answer);
    if (delivery)
        table->hooks.delivery_release(table->hooks.user, delivery);
}

/* --- requests --- */

void session_next_sequence(struct session_context *context)
{
    context->last_sequence = context->sequence;
    context->last_sequence_lent = context->sequence_lent;
    context->sequence.number++;
    random_bytes(context->sequence.data, sizeof context->sequence.data);
    context->sequence_lent = false;
}

static bool sequence_equal(const struct session_sequence *a, const struct session_sequence *b)
{
    return a->number == b->number && memcmp(a->data, b->data, sizeof a->data) == 0;
}

static void fill_ticket(struct session_context *context, enum session_request_kind kind, bool accepted,
                        struct session_ticket *ticket)
{
    context->tickets++;
    if (accepted) {
        context->pending++;
        session_table_set_idle(context->table, context, false);
    }
    *ticket = (struct session_ticket){.context = context, .kind = kind, .accepted = accepted, .number = context->number,
                                      .cookie_context = context->id, .cookie_sequence = context->sequence};
}

static bool is_expired(const struct session_table *table, const struct session_context *context, uint64_t now_ms)
{
    return context->pending == 0 && now_ms >= context->idle_since_ms + table->settings.idle_timeout_ms;
}

/* The context that the cookies name, if it lives and is this user's; else the code. Ends it if it has expired. */
static enum mapi_response_code find_context(struct session_table *table, const struct session_cookies *cookies,
                                            enum session_endpoint endpoint, struct guid user_id, uint64_t now_ms,
                                            struct session_context **ended, struct session_context **ret_context)
{
    if (cookies->context_state == SESSION_COOKIE_ABSENT)
        return MAPI_RESPONSE_MISSING_COOKIE;
    if (cookies->context_state == SESSION_COOKIE_MALFORMED)
        return MAPI_RESPONSE_INVALID_CONTEXT_COOKIE;
    struct session_context *context = session_table_find(table, &cookies->context);
    if (!context || context->endpoint != endpoint || !guid_equal(context->user->id, user_id))
        return MAPI_RESPONSE_CONTEXT_NOT_FOUND;
    if (is_expired(table, context, now_ms)) {
        session_table_remove(table, context, SESSION_END_EXPIRED, ended);
        return MAPI_RESPONSE_CONTEXT_NOT_FOUND;
    }
    *ret_context = context;
    return MAPI_RESPONSE_SUCCESS;
}

/* Whether the request is the last one come again and its answer may be given again (docs/resend.md). */
static bool may_replay(const struct session_table *table, const struct session_context *context,
                       const struct session_request *request)
{
    const struct session_answer *answer = context->last_answer;
    return table->settings.resend && answer &&
           memcmp(context->last_fingerprint, request->fingerprint, SESSION_FINGERPRINT_SIZE) == 0 &&
           (request->resend_marked || !answer->delivery ||
            !table->hooks.delivered(table->hooks.user, answer->delivery));
}

static enum mapi_response_code begin_sequenced(struct session_table *table, struct session_context *context,
                                               const struct session_request *request, uint64_t now_ms,
                                               struct session_ticket *ticket)
{
    const struct session_cookies *cookies = request->cookies;
    fill_ticket(context, request->kind, false, ticket);
    if (cookies->sequence_state == SESSION_COOKIE_ABSENT)
        return MAPI_RESPONSE_MISSING_COOKIE;
    if (cookies->sequence_state == SESSION_COOKIE_MALFORMED || context->running)
        return MAPI_RESPONSE_INVALID_SEQUENCE;
    if (!sequence_equal(&cookies->sequence, &context->sequence)) {
        if (context->number == 0 || !sequence_equal(&cookies->sequence, &context->last_sequence))
            return MAPI_RESPONSE_INVALID_SEQUENCE;
        if (may_replay(table, context, request)) {
            ticket->answer = context->last_answer;
            ticket->answer->references++;
            return MAPI_RESPONSE_SUCCESS;
        }
        if (!context->last_sequence_lent ||
            memcmp(context->last_fingerprint, request->fingerprint, SESSION_FINGERPRINT_SIZE) == 0)
            return MAPI_RESPONSE_INVALID_SEQUENCE;
    }
    if (request->body_invalid)
        return MAPI_RESPONSE_INVALID_REQUEST_BODY;
    context->tickets--; /* the ticket from above is made anew */
    session_drop_answer(context);
    session_next_sequence(context);
    context->running = true;
    context->number++;
    context->active_ms = now_ms;
    memcpy(context->last_fingerprint, request->fingerprint, SESSION_FINGERPRINT_SIZE);
    fill_ticket(context, request->kind, true, ticket);
    return MAPI_RESPONSE_SUCCESS;
}

static enum mapi_response_code begin_unsequenced(struct session_table *table, struct session_context *context,
                                                 const struct session_request *request, struct session_ticket *ticket)
{
    bool wait = request->kind == SESSION_REQUEST_WAIT;
    bool accepted = !request->body_invalid && !(wait && context->waiting);
    context->sequence_lent = true;
    fill_ticket(context, request->kind, accepted, ticket);
    if (request->body_invalid)
        return MAPI_RESPONSE_INVALID_REQUEST_BODY;
    if (!accepted)
        return MAPI_RESPONSE_INVALID_SEQUENCE;
    if (wait) {
        context->waiting = true;
        table->wait_count++;
    }
    return MAPI_RESPONSE_SUCCESS;
}

enum mapi_response_code session_begin(struct session_table *table, const struct session_request *request, uint64_t now_ms,
                                      struct session_ticket *ret_ticket)
{
    struct session_ticket ticket = {.kind = request->kind};
    struct session_context *context = NULL, *ended = NULL;
    pthread_mutex_lock(&table->lock);
    enum mapi_response_code code = find_context(table, request->cookies, request->endpoint, request->user_id, now_ms,
                                                &ended, &context);
    if (code == MAPI_RESPONSE_MISSING_COOKIE && request->kind == SESSION_REQUEST_PING)
        code = MAPI_RESPONSE_SUCCESS;
    else if (code == MAPI_RESPONSE_SUCCESS && (request->kind == SESSION_REQUEST_PING || request->kind == SESSION_REQUEST_WAIT))
        code = begin_unsequenced(table, context, request, &ticket);
    else if (code == MAPI_RESPONSE_SUCCESS)
        code = begin_sequenced(table, context, request, now_ms, &ticket);
    pthread_mutex_unlock(&table->lock);
    session_table_announce(table, ended);
    *ret_ticket = ticket;
    return code;
}

/* The one to go at the cap: the longest idle; where none is idle, the one whose last sequenced request is oldest. The list
 * begins with the newest, so of equals the oldest is found. */
static struct session_context *longest_idle(const struct session_user *user)
{
    struct session_context *found = user->first;
    for (struct session_context *context = user->first; context; context = context->user_next) {
        if (context->idle != found->idle)
            found = context->idle ? context : found;
        else if (context->idle ? context->idle_since_ms <= found->idle_since_ms : context->active_ms <= found->active_ms)
            found = context;
    }
    return found;
}

bool session_create(struct session_table *table, enum session_endpoint endpoint, const struct session_cookies *cookies,
                    const struct directory_user *user, uint64_t now_ms, struct session_ticket *ret_ticket)
{
    struct session_context *ended = NULL, *old = NULL;
    struct session_ticket ticket = {0};
    pthread_mutex_lock(&table->lock);
    if (find_context(table, cookies, endpoint, user->id, now_ms, &ended, &old) == MAPI_RESPONSE_SUCCESS)
        session_table_remove(table, old, SESSION_END_RECONNECT, &ended);
    struct session_user *others = session_table_find_user(table, user->id);
    if (others && others->count >= table->settings.contexts_per_user_max)
        session_table_remove(table, longest_idle(others), SESSION_END_CAP, &ended);
    struct session_context *context = session_table_insert(table, endpoint, user);
    if (context) {
        context->active_ms = now_ms;
        context->running = true; /* Connect itself is the context's first request */
        fill_ticket(context, SESSION_REQUEST_SEQUENCED, true, &ticket);
    }
    pthread_mutex_unlock(&table->lock);
    session_table_announce(table, ended);
    if (context)
        *ret_ticket = ticket;
    return context;
}

void session_return(struct session_table *table, struct session_ticket *ticket, uint64_t now_ms)
{
    struct session_context *context = ticket->context;
    if (!context)
        return;
    pthread_mutex_lock(&table->lock);
    if (ticket->accepted) {
        if (ticket->kind == SESSION_REQUEST_WAIT) {
            context->waiting = false;
            table->wait_count--;
        } else if (ticket->kind != SESSION_REQUEST_PING) {
            context->running = false;
        }
        context->pending--;
    }
    if (context->pending == 0 && !context->ended && (ticket->accepted || context->idle)) {
        session_table_set_idle(table, context, false);
        context->idle_since_ms = now_ms;
        session_table_set_idle(table, context, true);
    }
    bool last = --context->tickets == 0 && context->ended;
    pthread_mutex_unlock(&table->lock);
    *ticket = (struct session_ticket){0};
    if (last)
        table->hooks.released(table->hooks.user, context);
}

/* --- ends --- */

void session_end(struct session_table *table, struct session_context *context, enum session_end_reason reason)
{
    struct session_context *ended = NULL;
    pthread_mutex_lock(&table->lock);
    if (!context->ended)
        session_table_remove(table, context, reason, &ended);
    pthread_mutex_unlock(&table->lock);
    session_table_announce(table, ended);
}

bool session_end_by_id(struct session_table *table, const struct session_context_id *id, enum session_end_reason reason)
{
    struct session_context *ended = NULL;
    pthread_mutex_lock(&table->lock);
    struct session_context *context = session_table_find(table, id);
    if (context)
        session_table_remove(table, context, reason, &ended);
    pthread_mutex_unlock(&table->lock);
    session_table_announce(table, ended);
    return context;
}

uint64_t session_expire(struct session_table *table, uint64_t now_ms)
{
    struct session_context *ended = NULL;
    pthread_mutex_lock(&table->lock);
    while (table->idle_first && is_expired(table, table->idle_first, now_ms))
        session_table_remove(table, table->idle_first, SESSION_END_EXPIRED, &ended);
    uint64_t next = (table->idle_first ? table->idle_first->idle_since_ms : now_ms) + table->settings.idle_timeout_ms;
    pthread_mutex_unlock(&table->lock);
    session_table_announce(table, ended);
    return next;
}

void session_end_all(struct session_table *table, enum session_end_reason reason)
{
    struct session_context *ended = NULL;
    pthread_mutex_lock(&table->lock);
    for (uint32_t i = 0; i < table->context_bucket_count; i++)
        while (table->contexts[i])
            session_table_remove(table, table->contexts[i], reason, &ended);
    pthread_mutex_unlock(&table->lock);
    session_table_announce(table, ended);
}

/* --- what a context carries --- */

void session_context_set_attachment(struct session_context *context, void *attachment)
{
    context->attachment = attachment;
}

void *session_context_attachment(const struct session_context *context)
{
    return context->attachment;
}

const struct directory_user *session_context_user(const struct session_context *context)
{
    return context->user;
}

enum session_endpoint session_context_endpoint(const struct session_context *context)
{
    return context->endpoint;
}

const struct session_context_id *session_context_id(const struct session_context *context)
{
    return &context->id;
}

uint16_t session_context_index(const struct session_context *context)
{
    return context->index;
}

bool session_context_ended(struct session_table *table, const struct session_context *context)
{
    pthread_mutex_lock(&table->lock);
    bool ended = context->ended;
    pthread_mutex_unlock(&table->lock);
    return ended;
}
