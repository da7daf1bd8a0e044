/* An open mailbox: the model over one store. Everything of this layer runs on the mailbox's strand (one task at a time),
 * takes no locks, and speaks in folders, messages and tables, never in ROP bytes. Functions that can fail towards the
 * client return a MAPI error code (EC_..., 0 is success); outputs stand last and are untouched on failure.
 *
 * What a session keeps between requests (struct message, table, stream ...) is its own plain data: nothing in it points
 * into the mailbox or the store, so the mailbox may be closed and opened again between two requests. */
#pragma once
#include <stdbool.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/guid.h"
#include "protocol/identifier.h"
#include "wire/property_value.h"

struct store_mailbox;
struct subscriptions;
struct mailbox;

/* Identifiers of folders, messages and changes are 'replid << 48 | global counter' (MS-OXCDATA 2.2.1). Own objects
 * carry replid 1; RopLogon answers MAILBOX_LOGON_REPLID, a second name of the same replica, as Exchange does. */
#define MAILBOX_REPLID 1u
#define MAILBOX_LOGON_REPLID 5u
#define MAILBOX_ID(counter) ((uint64_t)MAILBOX_REPLID << 48 | (uint64_t)(counter))

/* The folders every private mailbox has under fixed counters: RopLogon's FolderIds[13] in their order, then others. */
enum special_folder {
    SPECIAL_FOLDER_ROOT,
    SPECIAL_FOLDER_DEFERRED_ACTION,
    SPECIAL_FOLDER_SPOOLER_QUEUE,
    SPECIAL_FOLDER_IPM_SUBTREE,
    SPECIAL_FOLDER_INBOX,
    SPECIAL_FOLDER_OUTBOX,
    SPECIAL_FOLDER_SENT_ITEMS,
    SPECIAL_FOLDER_DELETED_ITEMS,
    SPECIAL_FOLDER_COMMON_VIEWS,
    SPECIAL_FOLDER_SCHEDULE,
    SPECIAL_FOLDER_SEARCH,
    SPECIAL_FOLDER_VIEWS,
    SPECIAL_FOLDER_SHORTCUTS,
    SPECIAL_FOLDER_LOGON_COUNT, /* 13: the ones above are what RopLogon returns */
    SPECIAL_FOLDER_CALENDAR = SPECIAL_FOLDER_LOGON_COUNT,
    SPECIAL_FOLDER_CONTACTS,
    SPECIAL_FOLDER_JOURNAL,
    SPECIAL_FOLDER_NOTES,
    SPECIAL_FOLDER_TASKS,
    SPECIAL_FOLDER_DRAFTS,
    SPECIAL_FOLDER_JUNK_EMAIL,
    SPECIAL_FOLDER_SYNC_ISSUES,
    SPECIAL_FOLDER_CONFLICTS,
    SPECIAL_FOLDER_LOCAL_FAILURES,
    SPECIAL_FOLDER_SERVER_FAILURES,
    SPECIAL_FOLDER_CONVERSATION_ACTIONS,
    SPECIAL_FOLDER_FREEBUSY_DATA,
    SPECIAL_FOLDER_COUNT
};
/* The id of a special folder; the same in every mailbox. */
uint64_t special_folder_id(enum special_folder folder);

/* Whose mailbox it is, in UTF-8; borrowed for the call. */
struct mailbox_owner {
    const char *display_name;
    const char *address_book_dn; /* legacyExchangeDN, '/o=.../cn=...' */
    const char *smtp_address;
    uint32_t locale_id; /* 0: 0x0409 */
};

/* Who acts, and how it wants its strings. Plain data of the session's logon; 'mailbox' alone is set anew by the caller
 * at the beginning of each request. All functions that take a logon act on logon->mailbox. */
struct logon {
    struct mailbox *mailbox;
    const char *display_name;    /* UTF-8, for PidTagCreatorName and PidTagLastModifierName */
    const char *address_book_dn; /* for PidTagCreatorEntryId ... */
    const char *smtp_address;
    uint32_t codepage; /* Windows number, for PtypString8 of everything that is not a message; 0: 1252 */
    uint32_t locale_id;
    uint32_t sort_locale_id;
};

/* Takes over a hold on an opened store mailbox (released with the mailbox, also on failure) and makes the default folders,
 * their special properties and the receive folders where it has none yet. Opening is cheap once they are there.
 * 'subscriptions' (notification.h, may be NULL) outlives the mailbox: the caller keeps it as long as any session
 * subscribes, also while the mailbox is closed. */
uint32_t mailbox_open(struct store_mailbox *store, const struct mailbox_owner *owner, struct subscriptions *subscriptions,
    struct mailbox **ret_mailbox);
void mailbox_close(struct mailbox *mailbox);
/* The store below, for what is not the model's (the session's replay record, integrity checks). */
struct store_mailbox *mailbox_store(struct mailbox *mailbox);
struct guid mailbox_guid(const struct mailbox *mailbox);         /* MailboxGuid of RopLogon, ProviderUID of entry ids */
struct guid mailbox_replica_guid(const struct mailbox *mailbox); /* ReplGuid of RopLogon */
/* Gives memory of caches back; returns whether anything was held. Used when the process is to be at rest. */
bool mailbox_rest(struct mailbox *mailbox);

/* One transaction for what one Execute writes, one savepoint inside it for each ROP; the answer leaves after the commit.
 * Outside of a transaction every writing function is its own. Change events are held back until the commit and forgotten
 * by a roll back. mailbox_commit fails with EC_DISK_ERROR (or the like) and has then rolled everything back; messages saved
 * in between have their unsaved state again, so that the client may save once more. */
uint32_t mailbox_begin(struct mailbox *mailbox);
uint32_t mailbox_commit(struct mailbox *mailbox);
void mailbox_rollback(struct mailbox *mailbox);
uint32_t mailbox_savepoint(struct mailbox *mailbox);      /* opens it; they do not nest */
uint32_t mailbox_savepoint_keep(struct mailbox *mailbox); /* ends it, effects stay */
void mailbox_savepoint_rollback(struct mailbox *mailbox); /* ends it, effects are gone */

/* RopLogon, private (MS-OXCSTOR 2.2.1.1.3). */
struct logon_data {
    uint64_t folder_ids[SPECIAL_FOLDER_LOGON_COUNT];
    struct guid mailbox_guid;
    uint16_t replid;
    struct guid replica_guid;
    uint64_t gwart_time;    /* changes only when address types change */
    uint8_t response_flags; /* 0x01 reserved, 0x02 owner, 0x04 send as, 0x10 out of office */
    uint32_t store_state;   /* 0x01000000 while search folders are active */
};
uint32_t mailbox_logon_data(struct mailbox *mailbox, bool owner, bool send_as, struct logon_data *ret_data);
uint32_t mailbox_store_state(struct mailbox *mailbox, uint32_t *ret_state); /* RopGetStoreState */

/* Receive folders (MS-OXCSTOR 2.2.1.2, .3, .4). Message classes are ASCII; EC_INVALID_PARAMETER for one that breaks the
 * rules of 2.2.1.2.1. */
struct receive_folder {
    uint64_t folder_id;
    const char *message_class;
    uint64_t last_modification_time;
};
/* The longest explicit class that begins the given one; never fails to find one (R859: Inbox and "" by default). */
uint32_t receive_folder_get(
    struct arena *arena, struct logon *logon, struct bytes message_class, struct receive_folder *ret_folder);
/* folder_id 0 removes the row. EC_ACCESS_DENIED for "IPM" and "REPORT.IPM", EC_GENERAL_FAILURE for "" with no folder. */
uint32_t receive_folder_set(struct logon *logon, struct bytes message_class, uint64_t folder_id);
uint32_t receive_folder_list(
    struct arena *arena, struct logon *logon, struct receive_folder **ret_folders, uint32_t *ret_count);

/* Id conversions (MS-OXCSTOR 2.2.1.8, .9; MS-OXCDATA 2.2.1.3.1) with the protocol's struct long_term_id, whose padding is
 * ignored (R953). EC_NOT_FOUND for an unknown replica id. */
uint32_t mailbox_long_term_id_of(struct logon *logon, uint64_t id, struct long_term_id *ret_long_term_id);
uint32_t mailbox_id_of_long_term(struct logon *logon, const struct long_term_id *long_term_id, uint64_t *ret_id);
/* Reserves 'count' counters for the client's own use (RopGetLocalReplicaIds, MS-OXCFXICS 3.2.5.9.4.7). */
uint32_t mailbox_reserve_ids(
    struct logon *logon, uint32_t count, struct guid *ret_replica_guid, uint64_t *ret_first_counter);
/* The mailbox GUID of per-user read state and REPLID mappings; any foreign GUID is accepted and given a replid. */
uint32_t mailbox_replid_of_guid(struct logon *logon, struct guid replica_guid, uint16_t *ret_replid);
uint32_t mailbox_guid_of_replid(struct logon *logon, uint16_t replid, struct guid *ret_replica_guid);
