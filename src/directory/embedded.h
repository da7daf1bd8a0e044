/* The directory in one SQLite file, <data>/directory.sqlite, for a server that stands alone: what the directory commands of
 * `mapihttp` change. Several processes may have it open. Passwords are kept as yescrypt hashes. docs/directory.md.
 *
 * Every write is one transaction, or one step of the batch it stands in. A write that fails has changed nothing, and says in
 * 'ret_error' (may be NULL) what was wrong and where: "address 'x@example.org' is already that of 'bob'". Texts given are
 * copied. Safe on any thread; may block on disk. */
#pragma once
#include "directory/directory.h"

struct embedded_error {
    char text[320]; /* UTF-8, one line, without a full stop at the end */
};

/* Opens, and with 'create' makes, the file; a file of an older version is brought to this one. NEWER_FORMAT for one of a later
 * version, NOT_FOUND where there is none. directory_close() ends it. */
enum directory_status embedded_directory_open(const char *path, bool create, struct directory **ret_directory);

/* --- many writes at once --- */

/* From begin to commit or rollback the handle belongs to the thread that began (others wait); its writes then fail one by one,
 * each undone alone, and nothing is on disk before the commit. UNAVAILABLE where a batch is open already. */
enum directory_status embedded_directory_begin(struct directory *directory, struct embedded_error *ret_error);
enum directory_status embedded_directory_commit(struct directory *directory, struct embedded_error *ret_error);
void embedded_directory_rollback(struct directory *directory);

/* --- organisation --- */

/* Sets the organisation's name, default domain and NetBIOS name (NULL: from the domain's first label), and makes the default
 * address lists; EXISTS if there is an organisation already under another name. */
enum directory_status embedded_directory_set_organization(struct directory *directory, const char *name, const char *domain,
                                                          const char *netbios_name);
/* Accepted domains. The default one and one that is still in use by an entry with a mailbox are not removed (INVALID). */
enum directory_status embedded_directory_add_domain(struct directory *directory, const char *domain,
                                                    struct embedded_error *ret_error);
enum directory_status embedded_directory_remove_domain(struct directory *directory, const char *domain,
                                                       struct embedded_error *ret_error);
/* One of the accepted domains becomes the default; addresses stay as they are. */
enum directory_status embedded_directory_set_default_domain(struct directory *directory, const char *domain,
                                                            struct embedded_error *ret_error);
struct embedded_organization_change {
    enum directory_switch mapi_http_enabled;      /* INHERIT: as it is */
    const char *netbios_name;                     /* NULL: as it is */
    const struct guid *public_folder_mailbox;     /* the id of an entry of that kind, all zero for none; NULL: as it is */
};
enum directory_status embedded_directory_change_organization(struct directory *directory,
                                                             const struct embedded_organization_change *change,
                                                             struct embedded_error *ret_error);
/* Address lists: a name and a rule (rule.h). 'ret_id' may be NULL. */
enum directory_status embedded_directory_add_address_list(struct directory *directory, const char *name, const char *rule,
                                                          struct guid *ret_id, struct embedded_error *ret_error);
enum directory_status embedded_directory_remove_address_list(struct directory *directory, struct guid id,
                                                             struct embedded_error *ret_error);

/* --- entries --- */

/* A new entry of any kind; what is zero or NULL takes its default. */
struct embedded_entry {
    enum directory_kind kind;
    const char *account;                 /* the alias: required, unique among all entries */
    const char *display_name;            /* NULL: the account */
    uint32_t address_count;              /* 0: account@default domain; a contact needs one */
    const char *const *addresses;        /* the first is the primary one; unique among all entries */
    const char *principal;               /* users only; NULL: account@default domain */
    const char *password;                /* users only; NULL: none, cannot log on with a password */
    const char *password_hash;           /* instead: a crypt(3) hash, as from an import ('$6$...') */
    bool nt_hash_wanted;                 /* opts in to NTLM: an NT hash is kept whenever a password is set */
    const uint8_t *nt_hash;              /* 16 bytes, from an import; implies nt_hash_wanted */
    bool administrator;                  /* users only */
    bool disabled;                       /* may not log on */
    bool hidden;                         /* from the address lists; public folder mailboxes always start so */
    const char *rule;                    /* dynamic groups only, and required there */
    const char *legacy_dn;               /* NULL: made; else taken over, for instance from Exchange */
    uint32_t old_legacy_dn_count;        /* further DNs that mean this entry (X500 addresses) */
    const char *const *old_legacy_dns;
    const struct guid *mailbox_guid;     /* NULL: made; else taken over (kinds with a mailbox) */
    uint32_t value_count;
    const struct directory_value *values;
    uint32_t member_count;               /* static groups only: ids of entries that are there */
    const struct guid *members;
};
/* 'ret_entry' is filled in 'arena'; both may be NULL. */
enum directory_status embedded_directory_add_entry(struct directory *directory, struct arena *arena,
                                                   const struct embedded_entry *entry, struct directory_entry *ret_entry,
                                                   struct embedded_error *ret_error);
/* Removes the entry, its memberships, its rights and those of others on it, references to it. A mailbox file stays. */
enum directory_status embedded_directory_remove_entry(struct directory *directory, struct guid id,
                                                      struct embedded_error *ret_error);

/* What changes of an entry's own settings; NULL or INHERIT leaves a field as it is. For values and members see
 * directory_set_values and directory_change_members. The legacy DN never changes. */
struct embedded_change {
    const char *account;                 /* addresses and principal stay */
    const char *display_name;
    const char *principal;               /* "" for the default, account@default domain */
    const char *rule;
    enum directory_switch hidden;
    enum directory_switch enabled;       /* may log on */
    enum directory_switch administrator;
    enum directory_switch nt_hash_wanted; /* OFF forgets the NT hash; ON keeps one from the next password on */
    struct directory_switches_change switches;
    const char *redirect_address;        /* "" for none */
    const char *redirect_url;            /* "" for none */
    const struct guid *archive_guid;     /* mailbox GUID; all zero for none */
};
enum directory_status embedded_directory_change(struct directory *directory, struct guid id,
                                                const struct embedded_change *change, struct embedded_error *ret_error);

/* Addresses: all of them anew (the first is the primary one); one more (already its own: moved to the front where 'primary',
 * else no change); one less (not the only one of an entry with a mailbox, nor a contact's). */
enum directory_status embedded_directory_set_addresses(struct directory *directory, struct guid id, uint32_t count,
                                                       const char *const *addresses, struct embedded_error *ret_error);
enum directory_status embedded_directory_put_address(struct directory *directory, struct guid id, const char *address,
                                                     bool primary, struct embedded_error *ret_error);
enum directory_status embedded_directory_drop_address(struct directory *directory, struct guid id, const char *address,
                                                      struct embedded_error *ret_error);
/* Further legacy DNs (X500 addresses) that mean the entry; one that is already there (or is not) is no error. */
enum directory_status embedded_directory_add_legacy_dn(struct directory *directory, struct guid id, const char *legacy_dn,
                                                       struct embedded_error *ret_error);
enum directory_status embedded_directory_remove_legacy_dn(struct directory *directory, struct guid id, const char *legacy_dn,
                                                          struct embedded_error *ret_error);
/* A new password of a user (about 30 ms of CPU); NULL: none from now on. Where the user opted in, the NT hash goes with it. */
enum directory_status embedded_directory_put_password(struct directory *directory, struct guid id, const char *password,
                                                      struct embedded_error *ret_error);
/* As an import has it: a crypt(3) hash. The NT hash that there was is forgotten. */
enum directory_status embedded_directory_put_password_hash(struct directory *directory, struct guid id, const char *hash,
                                                           struct embedded_error *ret_error);
/* An NT hash from an import (opts in); NULL forgets it and opts out. */
enum directory_status embedded_directory_put_nt_hash(struct directory *directory, struct guid id, const uint8_t hash[16],
                                                     struct embedded_error *ret_error);
/* Whether this is an embedded directory: what only those can do may not be asked of others. */
bool embedded_directory_is(const struct directory *directory);

/* What directory_user does not say about log-on. */
struct embedded_credentials {
    bool has_password;
    bool nt_hash_wanted;
    bool has_nt_hash;
};
enum directory_status embedded_directory_credentials(struct directory *directory, struct guid id,
                                                     struct embedded_credentials *ret_credentials);

/* As directory_set_values and directory_change_members, with the error told. */
enum directory_status embedded_directory_put_values(struct directory *directory, struct guid id, uint32_t count,
                                                    const struct directory_value *values, struct embedded_error *ret_error);
enum directory_status embedded_directory_change_group(struct directory *directory, struct guid group_id, bool add,
                                                      uint32_t count, const struct guid *members,
                                                      struct embedded_error *ret_error);

/* --- rights --- */

struct embedded_grant {
    struct guid owner;             /* the entry whose mailbox, or which group, it is about */
    struct guid actor;             /* a user or a group of any sort */
    enum directory_right right;
    bool automap;                  /* full access: the actor's Outlook opens the mailbox by itself */
};
/* Granting again changes 'automap'. MANAGE_MEMBERS is about groups, the others are about entries with a mailbox (SEND_AS and
 * SEND_ON_BEHALF also about groups). Revoking what was not given is no error. */
enum directory_status embedded_directory_grant(struct directory *directory, const struct embedded_grant *grant,
                                               struct embedded_error *ret_error);
enum directory_status embedded_directory_revoke(struct directory *directory, struct guid owner, enum directory_right right,
                                                struct guid actor, struct embedded_error *ret_error);
/* What was given on 'owner' and to 'actor' by name; a NULL one means any. In order of owner, right, actor. */
enum directory_status embedded_directory_grants(struct directory *directory, struct arena *arena, const struct guid *owner,
                                                const struct guid *actor, uint32_t *ret_count,
                                                struct embedded_grant **ret_grants);

/* --- short forms for users, by account or address --- */

struct embedded_user {
    const char *account;
    const char *display_name;   /* NULL: the account */
    const char *address;        /* NULL: account@domain */
    const char *password;
    bool administrator;
};
enum directory_status embedded_directory_add_user(struct directory *directory, struct arena *arena,
                                                  const struct embedded_user *user, struct directory_user *ret_user);
enum directory_status embedded_directory_add_address(struct directory *directory, const char *logon, const char *address);
enum directory_status embedded_directory_set_password(struct directory *directory, const char *logon, const char *password);
enum directory_status embedded_directory_set_enabled(struct directory *directory, const char *logon, bool enabled);
enum directory_status embedded_directory_set_mapi_enabled(struct directory *directory, const char *logon, bool enabled);
/* The mailbox file stays; only the user goes. */
enum directory_status embedded_directory_remove_user(struct directory *directory, const char *logon);
