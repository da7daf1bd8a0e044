/* Who exists: the organisation, its users and everybody else in its address book. One contract with two backends: a SQLite
 * file beside the mailboxes (embedded.h) and an LDAP server (ldap.h). A directory handle is safe on any thread, but its calls
 * may block on disk or network: call them on a worker or in the blocking pool, never on a loop (directory_version is the
 * exception). Results are allocated in the caller's arena. docs/directory.md. */
#pragma once
#include "base/arena.h"
#include "base/guid.h"
#include "directory/attribute.h"

struct directory;

enum directory_status {
    DIRECTORY_OK,
    DIRECTORY_NOT_FOUND,
    DIRECTORY_EXISTS,          /* account, address or DN is taken */
    DIRECTORY_INVALID,         /* a name, address or password that may not be stored */
    DIRECTORY_WRONG_PASSWORD,
    DIRECTORY_DISABLED,        /* the password is right, the user is switched off */
    DIRECTORY_UNAVAILABLE,     /* disk, memory, network */
    DIRECTORY_READ_ONLY,       /* this backend does not change that: do it where the data comes from */
    DIRECTORY_NEWER_FORMAT,    /* the file was written by a later version of this program */
};
const char *directory_status_text(enum directory_status status);

enum directory_kind {
    DIRECTORY_USER,
    DIRECTORY_SHARED_MAILBOX,        /* nobody's own: opened by those with a right to it */
    DIRECTORY_ROOM,
    DIRECTORY_EQUIPMENT,
    DIRECTORY_PUBLIC_FOLDER_MAILBOX,
    DIRECTORY_CONTACT,               /* somebody outside; no mailbox here */
    DIRECTORY_GROUP,                 /* members are named; they may be groups */
    DIRECTORY_DYNAMIC_GROUP,         /* members are those that its rule matches */
};
#define DIRECTORY_KIND_COUNT 8u
/* 'user', 'shared', 'room', 'equipment', 'public-folder', 'contact', 'group', 'dynamic-group'. */
extern const char *const directory_kind_names[DIRECTORY_KIND_COUNT];
/* Whether entries of this kind have a mailbox here, that is, whether directory_find finds them. */
bool directory_kind_has_mailbox(enum directory_kind kind);

enum directory_switch { DIRECTORY_INHERIT, DIRECTORY_ON, DIRECTORY_OFF };

/* Ways to log on, as a mask: in directory_switches and in the authentication module. */
#define DIRECTORY_METHOD_BASIC 1u
#define DIRECTORY_METHOD_NTLM 2u
#define DIRECTORY_METHOD_KERBEROS 4u
#define DIRECTORY_METHOD_BEARER 8u
#define DIRECTORY_METHOD_ALL 15u

/* What one logs on to: an authentication policy tells them apart; the last is the administration's, which no policy touches. */
enum directory_protocol {
    DIRECTORY_PROTOCOL_MAPI,
    DIRECTORY_PROTOCOL_AUTODISCOVER,
    DIRECTORY_PROTOCOL_OFFLINE_ADDRESS_BOOK,
    DIRECTORY_PROTOCOL_ADMINISTRATION,
};
#define DIRECTORY_PROTOCOL_COUNT 4u

/* What an administrator may switch for one mailbox (Exchange: Set-CasMailbox). */
struct directory_switches {
    bool mapi_enabled;                 /* MAPIEnabled: may use MAPI at all; off, the rest is ignored */
    enum directory_switch mapi_http;   /* MapiHttpEnabled: INHERIT follows the organisation */
    bool block_rpc_http;               /* MAPIBlockOutlookRpcHttp */
    bool block_non_cached_mode;        /* MAPIBlockOutlookNonCachedMode */
    bool block_external_connectivity;  /* MAPIBlockOutlookExternalConnectivity */
    const char *block_versions;        /* MAPIBlockOutlookVersions, "" for none */
    uint32_t methods;                  /* DIRECTORY_METHOD_...: those it may log on with */
    uint32_t blocked_methods[DIRECTORY_PROTOCOL_COUNT]; /* by its authentication policy (overlay_directory.h) */
};
/* DIRECTORY_METHOD_... that are left for a protocol. */
uint32_t directory_methods(const struct directory_switches *switches, enum directory_protocol protocol);

/* The owner of a mailbox, person or not. All texts are UTF-8; account and addresses are lower case. */
struct directory_user {
    struct guid id;
    struct guid mailbox_guid;
    enum directory_kind kind;
    const char *account;       /* 'ada' */
    const char *display_name;  /* 'Ada Lovelace' */
    const char *address;       /* the primary SMTP address */
    uint32_t address_count;    /* all of them, the primary first */
    const char *const *addresses;
    const char *principal;     /* user principal name, 'ada@example.org'; "" where there is none */
    /* '/o=Organization/ou=Exchange Administrative Group (FYDIBOHF23SPDLT)/cn=Recipients/cn=<32 hex digits>-<account>' */
    const char *legacy_dn;
    bool enabled;              /* may log on (only users can; the others are opened by those with a right) */
    bool administrator;
    bool mapi_enabled;         /* the same as switches.mapi_enabled */
    struct directory_switches switches;
    struct guid archive_guid;  /* mailbox GUID of the archive; all zero for none */
    const char *redirect_address; /* Autodiscover sends the client to this address; "" for none */
    const char *redirect_url;     /* ... or to this Autodiscover URL; "" for none */
};

struct directory_organization {
    struct guid id;
    const char *name;          /* the o= of every DN */
    const char *domain;        /* the default SMTP domain */
    const char *netbios_name;  /* the DOMAIN of DOMAIN\user */
    uint32_t domain_count;     /* accepted domains, the default first */
    const char *const *domains;
    bool mapi_http_enabled;    /* Set-OrganizationConfig -MapiHttpEnabled; on unless switched off */
    struct guid public_folder_mailbox; /* id of the entry; all zero for none */
    struct guid address_book_id;       /* of the offline address book; stable */
};
/* What an administrator changes at the switches of one mailbox; what is NULL or INHERIT stays as it is. */
struct directory_switches_change {
    enum directory_switch mapi_enabled;
    const enum directory_switch *mapi_http; /* INHERIT here means to follow the organisation */
    enum directory_switch block_rpc_http;
    enum directory_switch block_non_cached_mode;
    enum directory_switch block_external_connectivity;
    const char *block_versions;             /* "" for none */
    const uint32_t *methods;                /* DIRECTORY_METHOD_...; 0 is refused */
};
/* Whether the mailbox may use MAPI over HTTP: its own switch, else the organisation's, and MAPIEnabled. */
bool directory_mapi_http_allowed(const struct directory_organization *organization, const struct directory_user *user);

/* One entry of the address book, of any kind. */
struct directory_entry {
    struct guid id;
    uint32_t number;           /* small, unique, never used again while the process runs, from DIRECTORY_NUMBER_MIN */
    enum directory_kind kind;
    const char *account;       /* the alias; unique among all entries */
    const char *display_name;
    const char *address;       /* the primary SMTP address; of a contact the one outside; "" for none */
    uint32_t address_count;    /* SMTP addresses, the primary first */
    const char *const *addresses;
    const char *legacy_dn;
    uint32_t old_legacy_dn_count; /* further DNs that mean this entry (X500 proxy addresses, after a migration) */
    const char *const *old_legacy_dns;
    bool hidden;               /* from the address lists; it still resolves by DN and address */
    struct guid mailbox_guid;  /* all zero without a mailbox */
    const char *rule;          /* of a dynamic group: rule.h; else "" */
    uint32_t value_count;      /* in order of attribute, large ones left out */
    const struct directory_value *values;
    uint32_t member_count;     /* of a static group: ids of its direct members */
    const struct guid *members;
    uint64_t created, changed; /* FILETIME */
};
#define DIRECTORY_NUMBER_MIN 0x100u
/* NULL where the entry has no such attribute. */
const struct directory_value *directory_entry_value(const struct directory_entry *entry, enum directory_attribute attribute);
/* Its first value as text, "" where it has none; for TEXT, NUMBER and BOOLEAN. In the arena. */
const char *directory_entry_text(struct arena *arena, const struct directory_entry *entry, enum directory_attribute attribute);

enum directory_right {
    DIRECTORY_FULL_ACCESS,    /* opens the mailbox as its owner would */
    DIRECTORY_SEND_AS,
    DIRECTORY_SEND_ON_BEHALF,
    DIRECTORY_MANAGE_MEMBERS, /* of a group; its owner (managedBy) has it too */
};
#define DIRECTORY_RIGHT_COUNT 4u
extern const char *const directory_right_names[DIRECTORY_RIGHT_COUNT]; /* 'full-access', 'send-as', ... */

/* What a lookup compares, without regard to case. LOGON takes what people type: account, DOMAIN\account or any address. */
enum directory_key {
    DIRECTORY_KEY_LOGON,
    DIRECTORY_KEY_ADDRESS,
    DIRECTORY_KEY_LEGACY_DN,
    DIRECTORY_KEY_ID,      /* GUID text */
    DIRECTORY_KEY_MAILBOX, /* GUID text */
    /* 'name@REALM' of a Kerberos ticket or a claim: the user principal name, else the account where the realm is the
     * organisation's domain or an accepted one. Never an address as such. */
    DIRECTORY_KEY_PRINCIPAL,
};

enum directory_status directory_organization(struct directory *directory, struct arena *arena,
                                             struct directory_organization *ret_organization);
enum directory_status directory_find(struct directory *directory, struct arena *arena, enum directory_key key,
                                     const char *value, struct directory_user *ret_user);
/* Entries of every kind, with or without a mailbox, large attributes included. By ADDRESS (any address), LEGACY_DN (also old
 * ones), ID, or LOGON, which here takes an account (alias) or an address. */
enum directory_status directory_find_entry(struct directory *directory, struct arena *arena, enum directory_key key,
                                           const char *value, struct directory_entry *ret_entry);
/* All entries in order of their ids, after 'after' (NULL: from the start), at most 'count_max'; large attributes left out.
 * What the address book is made of: 1,000 a call is a good page. */
enum directory_status directory_entries(struct directory *directory, struct arena *arena, const struct guid *after,
                                        uint32_t count_max, uint32_t *ret_count, struct directory_entry **ret_entries);
/* Sets (an empty 'value' with count 0: removes) attributes of an entry. Who may is the caller's matter. READ_ONLY: a backend
 * that does not write. INVALID: not UTF-8, too long, a reference to nobody. */
enum directory_status directory_set_values(struct directory *directory, struct guid id, uint32_t count,
                                           const struct directory_value *values);
/* Adds or removes direct members of a static group; one that is already there (or is not) is no error. */
enum directory_status directory_change_members(struct directory *directory, struct guid group_id, bool add, uint32_t count,
                                               const struct guid *members);
/* Whether 'actor' was given the right on 'owner' by name or through a group (nested ones too, dynamic ones too). Only what was
 * given: an administrator's and the owner's own are not counted here. */
bool directory_has_right(struct directory *directory, struct guid actor_id, enum directory_right right, struct guid owner_id);
/* Gives a right on 'owner' to the actors, or takes it from them; one that is there already (or is not) is no error. Who may is
 * the caller's matter. INVALID: the right means nothing there, or an actor who can have none. */
enum directory_status directory_change_right(struct directory *directory, struct guid owner_id, enum directory_right right,
                                             bool give, uint32_t count, const struct guid *actors);
/* The ids of those to whom the right was given by name. */
enum directory_status directory_actors(struct directory *directory, struct arena *arena, struct guid owner_id,
                                       enum directory_right right, uint32_t *ret_count, struct guid **ret_actors);
/* Mailboxes to which 'actor' has full access and that its Outlook shall open by itself (Exchange: AutoMapping), given by name
 * or group; its own is not among them. */
enum directory_status directory_additional_mailboxes(struct directory *directory, struct arena *arena, struct guid actor_id,
                                                     uint32_t *ret_count, struct directory_user **ret_users);
/* The NT hash (MD4 of the UTF-16LE password) of a user who opted in, for NTLM; NOT_FOUND where there is none. 'domain' may
 * be "". DISABLED with the hash given for a user switched off. */
enum directory_status directory_nt_hash(struct directory *directory, struct arena *arena, const char *domain,
                                        const char *account, uint8_t ret_hash[16], struct directory_user *ret_user);
/* A rule by name: the address lists of the organisation ('All Users', ...) in order, for the address book's hierarchy. */
struct directory_address_list {
    struct guid id;
    const char *name;
    const char *rule;
};
enum directory_status directory_address_lists(struct directory *directory, struct arena *arena, uint32_t *ret_count,
                                              struct directory_address_list **ret_lists);
/* Switches of a mailbox, and the organisation's (ON or OFF). Who may is the caller's matter. READ_ONLY: the backend has no place for them. */
enum directory_status directory_change_switches(struct directory *directory, struct guid id, const struct directory_switches_change *change);
enum directory_status directory_change_organization_switch(struct directory *directory, enum directory_switch mapi_http_enabled);
/* Checks a password in constant time whether or not the user exists (about 30 ms of CPU: blocking pool only). On OK,
 * DISABLED and WRONG_PASSWORD the user is given. */
enum directory_status directory_verify_password(struct directory *directory, struct arena *arena, const char *logon,
                                                const char *password, struct directory_user *ret_user);
/* Users in the order of their accounts, after 'after' (NULL: from the start), at most 'count_max'. */
enum directory_status directory_list(struct directory *directory, struct arena *arena, const char *after,
                                     uint32_t count_max, uint32_t *ret_count, struct directory_user **ret_users);
/* Whether 'actor' may open the mailbox of 'owner' as its owner: itself, or one to which it has full access. Administrators
 * have no such right by being administrators: they say so (Connect flag 0x1, the logon flag), and may then open any. */
bool directory_may_open(struct directory *directory, const struct directory_user *actor, const struct directory_user *owner);
/* What logs and the audit call somebody: the user principal name, where there is none the primary address. */
const char *directory_user_principal(const struct directory_user *user);
/* A person who may not log on any more. Others with full access may still open the mailbox; an administrator gives it to
 * himself first. Mailboxes that are nobody's own are never off in this sense. */
bool directory_user_is_off(const struct directory_user *user);
/* Changes whenever anything in the directory has changed, within a millisecond where another process did; remembered passwords
 * of another version are dropped. Cheap enough for every request, any thread. */
uint64_t directory_version(struct directory *directory);
void directory_close(struct directory *directory);

/* A copy that outlives the lookup: one allocation, free() it. */
struct directory_user *directory_user_copy(const struct directory_user *user);

/* The contract that a backend fills. Each function as its namesake above. */
struct directory_type {
    enum directory_status (*organization)(struct directory *, struct arena *, struct directory_organization *);
    enum directory_status (*find)(struct directory *, struct arena *, enum directory_key, const char *,
                                  struct directory_user *);
    enum directory_status (*verify_password)(struct directory *, struct arena *, const char *, const char *,
                                             struct directory_user *);
    enum directory_status (*list)(struct directory *, struct arena *, const char *, uint32_t, uint32_t *,
                                  struct directory_user **);
    enum directory_status (*find_entry)(struct directory *, struct arena *, enum directory_key, const char *,
                                        struct directory_entry *);
    enum directory_status (*entries)(struct directory *, struct arena *, const struct guid *, uint32_t, uint32_t *,
                                     struct directory_entry **);
    enum directory_status (*set_values)(struct directory *, struct guid, uint32_t, const struct directory_value *);
    enum directory_status (*change_members)(struct directory *, struct guid, bool, uint32_t, const struct guid *);
    bool (*has_right)(struct directory *, struct guid, enum directory_right, struct guid);
    enum directory_status (*change_right)(struct directory *, struct guid, enum directory_right, bool, uint32_t,
                                          const struct guid *);
    enum directory_status (*actors)(struct directory *, struct arena *, struct guid, enum directory_right, uint32_t *,
                                    struct guid **);
    enum directory_status (*additional_mailboxes)(struct directory *, struct arena *, struct guid, uint32_t *,
                                                  struct directory_user **);
    enum directory_status (*nt_hash)(struct directory *, struct arena *, const char *, const char *, uint8_t *,
                                     struct directory_user *);
    enum directory_status (*address_lists)(struct directory *, struct arena *, uint32_t *, struct directory_address_list **);
    enum directory_status (*change_switches)(struct directory *, struct guid, const struct directory_switches_change *);
    enum directory_status (*change_organization_switch)(struct directory *, enum directory_switch);
    uint64_t (*version)(struct directory *);
    void (*close)(struct directory *);
};
struct directory {
    const struct directory_type *type;
};
