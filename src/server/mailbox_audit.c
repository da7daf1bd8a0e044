#include "server/mailbox_audit.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/filetime.h"
#include "base/log.h"
#include "record/audit_policy.h"
#include "record/audit_store.h"
#include "server/mapi_exchange.h"

/* Delegates open the same folders again and again; Exchange writes that down once in 24 hours, and so is it done here. Remembered
 * are as many as these; one that is forgotten is written down once more. */
#define FOLDER_BINDS_MAX 4096u
#define FOLDER_BIND_PERIOD (86400ull * FILETIME_PER_SECOND)

struct remembered_bind {
    struct folder_bind bind;
    uint64_t time;
};

struct mailbox_audit {
    struct audit_hook hook;
    struct settings *settings;
    struct audit_store *store;
    pthread_mutex_t lock;
    struct remembered_bind *binds; /* FOLDER_BINDS_MAX; NULL before the first */
};

/* --- the hook --- */

static uint64_t version(void *user)
{
    struct mailbox_audit *audit = user;
    return settings_version(audit->settings);
}

static uint32_t wanted(void *user, struct guid mailbox_user_id, enum audit_logon_type type)
{
    struct mailbox_audit *audit = user;
    struct audit_policy policy;
    if (!audit_policy_read(audit->settings, mailbox_user_id, &policy))
        log_error("what of a mailbox is audited cannot be read: everything is written down");
    return policy.enabled ? policy.operations[type] : 0;
}

static size_t place_of(const struct folder_bind *bind)
{
    uint64_t hash = 14695981039346656037ull; /* FNV-1a; whoever makes folders collide gets more records, not fewer */
    const uint8_t *data = (const uint8_t *)bind;
    for (size_t i = 0; i < sizeof *bind; i++)
        hash = (hash ^ data[i]) * 1099511628211ull;
    return (hash >> 32) % FOLDER_BINDS_MAX;
}
_Static_assert(sizeof(struct folder_bind) == 2 * sizeof(struct guid) + sizeof(uint64_t), "no padding: it is hashed and compared as bytes");

bool mailbox_audit_bound_lately(struct mailbox_audit *audit, const struct folder_bind *bind, uint64_t now)
{
    bool lately = false;
    pthread_mutex_lock(&audit->lock);
    if (!audit->binds)
        audit->binds = calloc(FOLDER_BINDS_MAX, sizeof *audit->binds);
    if (audit->binds) {
        struct remembered_bind *place = &audit->binds[place_of(bind)];
        lately = place->time != 0 && now - place->time < FOLDER_BIND_PERIOD && memcmp(&place->bind, bind, sizeof *bind) == 0;
        if (!lately)
            *place = (struct remembered_bind){*bind, now};
    }
    pthread_mutex_unlock(&audit->lock);
    return lately;
}

static void record(void *user, const struct audit_deed *deed, const struct audit_client *client)
{
    struct mailbox_audit *audit = user;
    if (deed->operation == AUDIT_FOLDER_BIND && deed->logon_type == AUDIT_DELEGATE && deed->result == AUDIT_SUCCEEDED) {
        const struct folder_bind bind = {deed->mailbox.mailbox_guid, deed->user_id, deed->folder_id};
        if (mailbox_audit_bound_lately(audit, &bind, deed->time))
            return;
    }
    if (!audit_store_append(audit->store, deed, client))
        log_error("a record of the mailbox audit is lost: %s by %s in the mailbox of %s", audit_operation_names[deed->operation],
                  deed->user_principal, deed->mailbox.principal);
}

/* --- the store's callbacks --- */

static void tell(void *user, bool failing, const char *text)
{
    if (failing)
        log_error("%s", text);
    else
        log_warning("%s", text);
}

static void note_end(void *user, uint64_t number, const uint8_t *hash)
{
    char text[2 * AUDIT_HASH_SIZE + 1];
    for (size_t i = 0; i < AUDIT_HASH_SIZE; i++)
        snprintf(text + 2 * i, 3, "%02x", hash[i]);
    log_info("the mailbox audit ends with record %llu, hash %s", (unsigned long long)number, text);
}

static uint32_t age_limit(void *user, struct guid mailbox_user_id)
{
    struct mailbox_audit *audit = user;
    struct audit_policy policy;
    (void)audit_policy_read(audit->settings, mailbox_user_id, &policy); /* the default where it cannot be read */
    return policy.age_limit_s;
}

/* --- life --- */

struct mailbox_audit *mailbox_audit_new(struct settings *settings, const char *data_path)
{
    struct arena arena = {0};
    struct mailbox_audit *audit = calloc(1, sizeof *audit);
    const char *path = arena_format(&arena, "%s/" AUDIT_FILE_NAME, data_path);
    if (audit) {
        audit->hook = (struct audit_hook){.user = audit, .version = version, .wanted = wanted, .record = record};
        audit->settings = settings;
        pthread_mutex_init(&audit->lock, NULL);
        audit->store = path ? audit_store_new(&(struct audit_settings){.path = path, .tell = tell, .end = note_end, .age_limit = age_limit,
                                                                       .user = audit}) : NULL;
    }
    arena_free(&arena);
    if (!audit || !audit->store) {
        log_error("the mailbox audit cannot be begun: out of memory or threads");
        free(audit);
        return NULL;
    }
    return audit;
}

void mailbox_audit_free(struct mailbox_audit *audit)
{
    if (!audit)
        return;
    audit_store_free(audit->store);
    pthread_mutex_destroy(&audit->lock);
    free(audit->binds);
    free(audit);
}

const struct audit_hook *mailbox_audit_hook(const struct mailbox_audit *audit)
{
    return &audit->hook;
}

struct audit_store *mailbox_audit_store(struct mailbox_audit *audit)
{
    return audit->store;
}

/* --- who --- */

const struct audit_client *mailbox_audit_client(void *exchange)
{
    struct mapi_exchange *mapi = exchange;
    const struct mapi_context *context = mapi_context_of(&mapi->ticket);
    const char *user_agent = http_request_header(http_exchange_request(mapi->exchange), "User-Agent");
    struct audit_client *client = arena_new(&mapi->arena, struct audit_client);
    if (!client)
        return NULL;
    *client = (struct audit_client){
        .information = arena_format(&mapi->arena, "Client=MapiHttp%s%s%s%s", *mapi->request.client_application ? ";" : "",
                                    mapi->request.client_application, user_agent && *user_agent ? ";" : "", user_agent ? user_agent : ""),
        .address = http_exchange_peer(mapi->exchange),
        .machine = context->client.machine, .process = context->client.process,
        .version = session_status_names(context->status).version, .authentication = identity_method(mapi->identity),
        .session = arena_format(&mapi->arena, "%llu", (unsigned long long)session_status_cid(context->status))};
    return client->information && client->session ? client : NULL;
}

void mailbox_audit_refused(struct mapi_exchange *mapi, const struct directory_user *owner, uint32_t error)
{
    const struct directory_user *user = identity_user(mapi->identity);
    struct mailbox_audit *audit = mapi->services->audit;
    const struct audit_client *client = NULL;
    if (wanted(audit, owner->id, AUDIT_DELEGATE) & AUDIT_BIT(AUDIT_MAILBOX_LOGIN))
        client = mailbox_audit_client(mapi);
    if (!client)
        return;
    struct audit_mailbox mailbox = audit_mailbox_of(owner);
    struct audit_deed deed = audit_deed_of(AUDIT_MAILBOX_LOGIN, AUDIT_DELEGATE, &mailbox, user);
    deed.result = AUDIT_FAILED;
    deed.error = error;
    deed.time = filetime_now();
    record(audit, &deed, client);
}
