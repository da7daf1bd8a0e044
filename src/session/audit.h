/* What the mailbox audit speaks about: who did what in whose mailbox, as the layer that runs ROPs sees it and as it is written
 * down (record/audit_store.h). The names are Exchange's. Plain data, any thread; docs/audit.md. */
#pragma once
#include <stdbool.h>
#include <stdint.h>

#include "base/guid.h"

struct directory_user;

enum audit_operation {
    AUDIT_MAILBOX_LOGIN,
    AUDIT_FOLDER_BIND,
    AUDIT_MESSAGE_BIND,
    AUDIT_CREATE,
    AUDIT_UPDATE,
    AUDIT_MOVE,
    AUDIT_COPY,
    AUDIT_MOVE_TO_DELETED_ITEMS,
    AUDIT_SOFT_DELETE,
    AUDIT_HARD_DELETE,
    AUDIT_SEND_AS,
    AUDIT_SEND_ON_BEHALF,
};
#define AUDIT_OPERATION_COUNT 12u
extern const char *const audit_operation_names[AUDIT_OPERATION_COUNT]; /* 'MailboxLogin', ... */
#define AUDIT_BIT(operation) (1u << (operation))
#define AUDIT_ALL ((1u << AUDIT_OPERATION_COUNT) - 1)

/* As whom somebody has logged on to a mailbox: his own; one that he has a right to; any, by the privilege of administrators. */
enum audit_logon_type { AUDIT_OWNER, AUDIT_DELEGATE, AUDIT_ADMIN };
#define AUDIT_LOGON_TYPE_COUNT 3u
extern const char *const audit_logon_type_names[AUDIT_LOGON_TYPE_COUNT]; /* 'Owner', 'Delegate', 'Admin' */

enum audit_result { AUDIT_SUCCEEDED, AUDIT_PARTIALLY_SUCCEEDED, AUDIT_FAILED };
#define AUDIT_RESULT_COUNT 3u
extern const char *const audit_result_names[AUDIT_RESULT_COUNT]; /* 'Succeeded', 'PartiallySucceeded', 'Failed' */

/* Without regard to case; false (and *ret_... untouched) for a name that is none. */
bool audit_operation_parse(const char *name, enum audit_operation *ret_operation);
bool audit_logon_type_parse(const char *name, enum audit_logon_type *ret_type);

/* Masks of AUDIT_BIT for a type of logon: what may be asked for (Set-Mailbox -AuditOwner ...), and what is written down where
 * auditing is on and nothing was asked for. */
uint32_t audit_operations_allowed(enum audit_logon_type type);
uint32_t audit_operations_default(enum audit_logon_type type);

#define AUDIT_AGE_DEFAULT_S (90u * 86400u) /* AuditLogAgeLimit */
#define AUDIT_ITEMS_MAX 1000u              /* named one by one in a record; more are counted */

/* One message that something was done to. Texts are UTF-8, never NULL. */
struct audit_item {
    uint64_t folder_id;  /* where it was */
    uint64_t message_id;
    const char *subject;
    const char *folder_path; /* "" where it is the record's own */
    const char *internet_message_id;
    bool has_attachments;
};

/* A folder that something was done to as a whole. */
struct audit_folder {
    uint64_t folder_id;
    const char *path;
};

/* Whose mailbox it is. */
struct audit_mailbox {
    struct guid user_id;      /* its id in the directory: settings are kept under it */
    struct guid mailbox_guid;
    struct guid replica_guid; /* with which ids become entry ids; all zero where the mailbox was not opened */
    const char *name;         /* display name */
    const char *principal;    /* user principal name; the address where there is none */
};

/* With what it was done. Texts are never NULL. */
struct audit_client {
    const char *information;    /* ClientInfoString: 'Client=MapiHttp;Outlook/16.0...;...' */
    const char *address;        /* ClientIPAddress */
    const char *machine;        /* ClientMachineName */
    const char *process;        /* ClientProcessName */
    const char *version;        /* ClientVersion */
    const char *authentication; /* 'Basic', 'NTLM', 'Kerberos', 'Bearer' ... */
    const char *session;        /* SessionId: the context's */
};

/* One thing done. */
struct audit_deed {
    enum audit_operation operation;
    enum audit_logon_type logon_type;
    enum audit_result result;
    uint32_t error;            /* the MAPI error code of a failure; 0 */
    uint64_t time;             /* FILETIME */
    struct audit_mailbox mailbox;
    struct guid user_id;       /* who did it */
    const char *user_name;     /* display name */
    const char *user_principal;
    const char *user_dn;       /* legacy DN */
    uint64_t folder_id;        /* 0 where it is about no folder */
    const char *folder_path;   /* '\Inbox\Invoices', "" */
    uint64_t destination_id;   /* Move, Copy */
    const char *destination_path;
    uint32_t item_count;       /* messages it was done to; 'items' names the first of them, AUDIT_ITEMS_MAX at most */
    const struct audit_item *items;
    uint32_t items_named;
    uint32_t folder_count;     /* folders it was done to as a whole */
    const struct audit_folder *folders;
};

/* Texts are the owner's. */
struct audit_mailbox audit_mailbox_of(const struct directory_user *owner);
/* A deed of somebody in a mailbox, with nothing more yet; texts are theirs. */
struct audit_deed audit_deed_of(enum audit_operation operation, enum audit_logon_type type, const struct audit_mailbox *mailbox,
                                const struct directory_user *user);

/* How what runs ROPs tells of them. NULL in rop_session_parameters: nothing is written down. */
struct audit_hook {
    void *user;
    /* Moves whenever 'wanted' may answer otherwise. Any thread, no lock. */
    uint64_t (*version)(void *user);
    /* A mask of AUDIT_BIT: what is written down of logons of this type to this mailbox. On a worker; may read a file. */
    uint32_t (*wanted)(void *user, struct guid mailbox_user_id, enum audit_logon_type type);
    /* Copies what it needs. On a worker, after the commit; waits where the queue is full. */
    void (*record)(void *user, const struct audit_deed *deed, const struct audit_client *client);
};
