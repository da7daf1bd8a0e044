#include "mailbox/mailbox.h"

#include <stdlib.h>
#include <string.h>

#include "base/filetime.h"
#include "mailbox/model.h"
#include "mailbox/notification.h"

uint32_t mailbox_error(enum store_status status)
{
    switch (status) {
    case STORE_OK: return EC_SUCCESS;
    case STORE_NOT_FOUND: return EC_NOT_FOUND;
    case STORE_EXISTS: return EC_COLLIDING_NAMES;
    case STORE_INVALID: return EC_INVALID_PARAMETER;
    case STORE_TOO_LARGE: return EC_TOO_BIG;
    case STORE_BUSY: return EC_SERVER_BUSY;
    case STORE_DISK_FULL: return EC_OUT_OF_DISK;
    case STORE_IO_ERROR: return EC_DISK_ERROR;
    case STORE_CORRUPT: return EC_CORRUPT_DATA;
    case STORE_NO_MEMORY: return EC_OUT_OF_MEMORY;
    case STORE_VERSION:
    case STORE_READ_ONLY: return EC_ACCESS_DENIED;
    }
    return EC_GENERAL_FAILURE;
}

uint32_t mailbox_open(struct store_mailbox *store, const struct mailbox_owner *owner, struct subscriptions *subscriptions,
    struct mailbox **ret_mailbox)
{
    struct arena arena = {0};
    struct store_mailbox_info info;
    struct mailbox *mailbox = calloc(1, sizeof *mailbox);
    uint32_t error = mailbox == NULL ? EC_OUT_OF_MEMORY : mailbox_error(store_mailbox_get_info(store, &arena, &info));
    if (error == EC_SUCCESS) {
        mailbox->store = store;
        mailbox->guid = info.mailbox_guid;
        mailbox->replica_guid = info.replica_guid;
        mailbox->logon_replica_guid = info.logon_replica_guid;
        mailbox->subscriptions = subscriptions;
        random_bytes(&mailbox->epoch, sizeof mailbox->epoch);
        mailbox->locale_id = owner != NULL && owner->locale_id != 0 ? owner->locale_id : 0x0409;
        if (owner != NULL && owner->display_name != NULL)
            mailbox->owner_name = strdup(owner->display_name);
        if (owner != NULL && owner->address_book_dn != NULL)
            mailbox->owner_dn = strdup(owner->address_book_dn);
        error = mailbox_provision(mailbox, owner);
    }
    arena_free(&arena);
    if (error != EC_SUCCESS) {
        if (mailbox != NULL && mailbox->store != NULL)
            mailbox_close(mailbox);
        else {
            free(mailbox);
            store_mailbox_release(store);
        }
        return error;
    }
    *ret_mailbox = mailbox;
    return EC_SUCCESS;
}

void mailbox_close(struct mailbox *mailbox)
{
    if (mailbox == NULL)
        return;
    mailbox_rollback(mailbox);
    store_mailbox_release(mailbox->store);
    free(mailbox->changes);
    free(mailbox->owner_name);
    free(mailbox->owner_dn);
    free(mailbox);
}

struct store_mailbox *mailbox_store(struct mailbox *mailbox)
{
    return mailbox->store;
}

struct guid mailbox_guid(const struct mailbox *mailbox)
{
    return mailbox->guid;
}

struct guid mailbox_replica_guid(const struct mailbox *mailbox)
{
    return mailbox->logon_replica_guid;
}

bool mailbox_rest(struct mailbox *mailbox)
{
    bool held = mailbox->changes != NULL && mailbox->change_count == 0;
    if (held) {
        free(mailbox->changes);
        mailbox->changes = NULL;
        mailbox->change_capacity = 0;
    }
    return held;
}

/* ---- Transactions ---- */

#define ROP_SAVEPOINT "rop"

static void forget_changes(struct mailbox *mailbox)
{
    mailbox->change_count = 0;
    mailbox->savepoint_change_count = 0;
    mailbox->changes_lost = false;
}

void mailbox_add_undo(struct mailbox *mailbox, struct mailbox_undo *undo)
{
    undo->next = mailbox->undo;
    undo->in_savepoint = true;
    mailbox->undo = undo;
}

/* The newest first; only those of the open savepoint where that alone is undone. */
static void restore_session_state(struct mailbox *mailbox, bool savepoint_only)
{
    while (mailbox->undo != NULL && (!savepoint_only || mailbox->undo->in_savepoint)) {
        struct mailbox_undo *undo = mailbox->undo;
        mailbox->undo = undo->next;
        undo->restore(undo);
    }
}

static void forget_session_state(struct mailbox *mailbox)
{
    while (mailbox->undo != NULL) {
        struct mailbox_undo *undo = mailbox->undo;
        mailbox->undo = undo->next;
        undo->forget(undo);
    }
}

uint32_t mailbox_begin(struct mailbox *mailbox)
{
    return mailbox_error(store_begin(mailbox->store));
}

uint32_t mailbox_commit(struct mailbox *mailbox)
{
    uint32_t error = mailbox_error(store_commit(mailbox->store));
    if (error == EC_SUCCESS) {
        forget_session_state(mailbox);
        mailbox_deliver_changes(mailbox);
    } else {
        restore_session_state(mailbox, false);
        mailbox->epoch++;
    }
    forget_changes(mailbox);
    return error;
}

void mailbox_rollback(struct mailbox *mailbox)
{
    store_rollback(mailbox->store);
    restore_session_state(mailbox, false);
    mailbox->epoch++;
    forget_changes(mailbox);
}

uint32_t mailbox_savepoint(struct mailbox *mailbox)
{
    uint32_t error = mailbox_error(store_savepoint(mailbox->store, ROP_SAVEPOINT));
    if (error == EC_SUCCESS)
        mailbox->savepoint_change_count = mailbox->change_count;
    for (struct mailbox_undo *undo = mailbox->undo; error == EC_SUCCESS && undo != NULL; undo = undo->next)
        undo->in_savepoint = false;
    return error;
}

uint32_t mailbox_savepoint_keep(struct mailbox *mailbox)
{
    return mailbox_error(store_savepoint_release(mailbox->store, ROP_SAVEPOINT));
}

void mailbox_savepoint_rollback(struct mailbox *mailbox)
{
    (void)store_savepoint_rollback(mailbox->store, ROP_SAVEPOINT);
    restore_session_state(mailbox, true);
    mailbox->change_count = mailbox->savepoint_change_count;
    mailbox->epoch++;
}

uint32_t write_scope_begin(struct mailbox *mailbox, struct write_scope *ret_scope)
{
    struct write_scope scope = {.own = !store_in_transaction(mailbox->store)};
    uint32_t error = scope.own ? mailbox_begin(mailbox) : EC_SUCCESS;
    if (error == EC_SUCCESS)
        *ret_scope = scope;
    return error;
}

uint32_t write_scope_end(struct mailbox *mailbox, struct write_scope scope, uint32_t error)
{
    if (!scope.own)
        return error;
    if (error == EC_SUCCESS)
        return mailbox_commit(mailbox);
    mailbox_rollback(mailbox);
    return error;
}

static uint32_t generation_index(uint64_t folder_id)
{
    return folder_id == 0 ? 0 : 1 + (uint32_t)(folder_id % (MAILBOX_GENERATIONS - 1));
}

uint64_t mailbox_generation(const struct mailbox *mailbox, uint64_t folder_id)
{
    return (uint64_t)mailbox->epoch << 32 | mailbox->generations[generation_index(folder_id)];
}

void mailbox_changed(struct mailbox *mailbox, const struct change *change)
{
    mailbox->generations[0]++;
    mailbox->generations[generation_index(change->folder_id)]++;
    mailbox->generations[generation_index(change->old_folder_id)]++;
    if (mailbox->subscriptions == NULL || subscriptions_is_empty(mailbox->subscriptions))
        return;
    if (mailbox->change_count == mailbox->change_capacity) {
        uint32_t capacity = mailbox->change_capacity == 0 ? 32 : mailbox->change_capacity * 2;
        struct change *changes = realloc(mailbox->changes, capacity * sizeof *changes);
        if (changes == NULL) {
            mailbox->changes_lost = true;
            return;
        }
        mailbox->changes = changes;
        mailbox->change_capacity = capacity;
    }
    mailbox->changes[mailbox->change_count++] = *change;
}

/* ---- Rows and ids ---- */

uint32_t mailbox_new_ids(struct mailbox *mailbox, uint64_t count, uint64_t *ret_first_id)
{
    uint64_t counter = 0;
    uint32_t error = mailbox_error(store_allocate_counters(mailbox->store, count, &counter));
    if (error == EC_SUCCESS)
        *ret_first_id = MAILBOX_ID(counter);
    return error;
}

uint32_t mailbox_folder(struct mailbox *mailbox, struct arena *arena, uint64_t folder_id, struct store_folder *ret_folder)
{
    struct store_folder folder = {0};
    uint32_t error = mailbox_error(store_folder_get(mailbox->store, arena, &folder_id, 1, &folder));
    if (error == EC_SUCCESS && folder.folder_id == 0)
        error = EC_NOT_FOUND;
    if (error == EC_SUCCESS)
        *ret_folder = folder;
    return error;
}

uint32_t mailbox_message(
    struct mailbox *mailbox, struct arena *arena, uint64_t message_id, struct store_message *ret_message)
{
    struct store_message message = {0};
    uint32_t error = mailbox_error(store_message_get(mailbox->store, arena, &message_id, 1, &message));
    if (error == EC_SUCCESS && message.message_id == 0)
        error = EC_NOT_FOUND;
    if (error == EC_SUCCESS)
        *ret_message = message;
    return error;
}

/* ---- Logon ---- */

#define GWART_TIME 0x01CD0000A8C0A8C0ull /* address types do not change in this version: any fixed time does */

uint32_t mailbox_logon_data(struct mailbox *mailbox, bool owner, bool send_as, struct logon_data *ret_data)
{
    struct logon_data data = {
        .mailbox_guid = mailbox->guid,
        .replid = MAILBOX_LOGON_REPLID,
        .replica_guid = mailbox->logon_replica_guid,
        .gwart_time = GWART_TIME,
        .response_flags = (uint8_t)(0x01 | (owner ? 0x02 : 0) | (send_as ? 0x04 : 0)),
    };
    for (int i = 0; i < SPECIAL_FOLDER_LOGON_COUNT; i++)
        data.folder_ids[i] = special_folder_id((enum special_folder)i);
    *ret_data = data;
    return EC_SUCCESS;
}

uint32_t mailbox_store_state(struct mailbox *mailbox, uint32_t *ret_state)
{
    (void)mailbox;
    *ret_state = 0; /* no search folder is active: they are not filled yet */
    return EC_SUCCESS;
}

/* ---- Ids on the wire ---- */

uint32_t mailbox_guid_of_replid(struct logon *logon, uint16_t replid, struct guid *ret_replica_guid)
{
    struct mailbox *mailbox = logon->mailbox;
    if (replid == MAILBOX_REPLID) {
        *ret_replica_guid = mailbox->replica_guid;
        return EC_SUCCESS;
    }
    if (replid == MAILBOX_LOGON_REPLID) {
        *ret_replica_guid = mailbox->logon_replica_guid;
        return EC_SUCCESS;
    }
    struct arena arena = {0};
    const struct store_replica *replicas;
    uint32_t count = 0;
    uint32_t error = mailbox_error(store_replica_list(mailbox->store, &arena, &replicas, &count));
    bool found = false;
    for (uint32_t i = 0; error == EC_SUCCESS && i < count; i++) {
        if (replicas[i].replica_id == replid) {
            *ret_replica_guid = replicas[i].guid;
            found = true;
        }
    }
    arena_free(&arena);
    return error == EC_SUCCESS && !found ? EC_NOT_FOUND : error;
}

uint32_t mailbox_replid_of_guid(struct logon *logon, struct guid replica_guid, uint16_t *ret_replid)
{
    struct mailbox *mailbox = logon->mailbox;
    if (guid_is_zero(replica_guid))
        return EC_INVALID_PARAMETER;
    if (guid_equal(replica_guid, mailbox->replica_guid)) {
        *ret_replid = MAILBOX_REPLID;
        return EC_SUCCESS;
    }
    if (guid_equal(replica_guid, mailbox->logon_replica_guid)) {
        *ret_replid = MAILBOX_LOGON_REPLID;
        return EC_SUCCESS;
    }
    uint16_t replid = 0;
    enum store_status status = store_replica_add(mailbox->store, replica_guid, &replid);
    if (status == STORE_TOO_LARGE)
        return EC_PARAMETER_OVERFLOW; /* MS-OXCSTOR R1249 */
    if (status == STORE_OK)
        *ret_replid = replid;
    return mailbox_error(status);
}

uint32_t mailbox_long_term_id_of(struct logon *logon, uint64_t id, struct long_term_id *ret_long_term_id)
{
    struct long_term_id result = {0};
    uint32_t error = mailbox_guid_of_replid(logon, id_replid(id), &result.database_guid);
    if (error != EC_SUCCESS)
        return error;
    id_counter_store(id_counter(id), result.global_counter);
    *ret_long_term_id = result;
    return EC_SUCCESS;
}

uint32_t mailbox_id_of_long_term(struct logon *logon, const struct long_term_id *long_term_id, uint64_t *ret_id)
{
    uint16_t replid = 0;
    uint32_t error = mailbox_replid_of_guid(logon, long_term_id->database_guid, &replid);
    if (error != EC_SUCCESS)
        return error == EC_INVALID_PARAMETER ? EC_NOT_FOUND : error;
    *ret_id = id_make(replid, id_counter_load(long_term_id->global_counter));
    return EC_SUCCESS;
}

uint32_t mailbox_reserve_ids(struct logon *logon, uint32_t count, struct guid *ret_replica_guid, uint64_t *ret_first_counter)
{
    if (count == 0)
        return EC_INVALID_PARAMETER;
    uint64_t first = 0;
    uint32_t error = mailbox_error(store_allocate_counters(logon->mailbox->store, count, &first));
    if (error != EC_SUCCESS)
        return error;
    *ret_replica_guid = logon->mailbox->replica_guid;
    *ret_first_counter = first;
    return EC_SUCCESS;
}
