/* Who exists: the organisation and its users. One contract; the embedded SQLite file stands behind it today, LDAP can
 * later. A directory handle is safe on any thread, but its calls may block on disk or network: call them on a worker or
 * in the blocking pool, never on a loop (directory_version is the exception). Results are allocated in the caller's arena. */
#pragma once
#include "base/arena.h"
#include "base/guid.h"

struct directory;

enum directory_status {
    DIRECTORY_OK,
    DIRECTORY_NOT_FOUND,
    DIRECTORY_EXISTS,          /* account, address or DN is taken */
    DIRECTORY_INVALID,         /* a name, address or password that may not be stored */
    DIRECTORY_WRONG_PASSWORD,
    DIRECTORY_DISABLED,        /* the password is right, the user is switched off */
    DIRECTORY_UNAVAILABLE,     /* disk, memory, network */
};
const char *directory_status_text(enum directory_status status);

/* One user. All texts are UTF-8; account and addresses are lower case. */
struct directory_user {
    struct guid id;
    struct guid mailbox_guid;
    const char *account;       /* 'ada' */
    const char *display_name;  /* 'Ada Lovelace' */
    const char *address;       /* the primary SMTP address */
    uint32_t address_count;    /* all of them, the primary first */
    const char *const *addresses;
    /* '/o=Organization/ou=Exchange Administrative Group (FYDIBOHF23SPDLT)/cn=Recipients/cn=<32 hex digits>-<account>' */
    const char *legacy_dn;
    bool enabled;
    bool administrator;
    bool mapi_enabled;         /* may use MAPI over HTTP at all (Exchange: MAPIEnabled) */
};

struct directory_organization {
    struct guid id;
    const char *name;          /* the o= of every DN */
    const char *domain;        /* the default SMTP domain */
    const char *netbios_name;  /* the DOMAIN of DOMAIN\user */
};

/* What a lookup compares, without regard to case. LOGON takes what people type: account, DOMAIN\account or any address. */
enum directory_key {
    DIRECTORY_KEY_LOGON,
    DIRECTORY_KEY_ADDRESS,
    DIRECTORY_KEY_LEGACY_DN,
    DIRECTORY_KEY_ID,      /* GUID text */
    DIRECTORY_KEY_MAILBOX, /* GUID text */
};

enum directory_status directory_organization(struct directory *directory, struct arena *arena,
                                             struct directory_organization *ret_organization);
enum directory_status directory_find(struct directory *directory, struct arena *arena, enum directory_key key,
                                     const char *value, struct directory_user *ret_user);
/* Checks a password in constant time whether or not the user exists (about 30 ms of CPU: blocking pool only). On OK,
 * DISABLED and WRONG_PASSWORD the user is given. */
enum directory_status directory_verify_password(struct directory *directory, struct arena *arena, const char *logon,
                                                const char *password, struct directory_user *ret_user);
/* Users in the order of their accounts, after 'after' (NULL: from the start), at most 'count_max'. */
enum directory_status directory_list(struct directory *directory, struct arena *arena, const char *after,
                                     uint32_t count_max, uint32_t *ret_count, struct directory_user **ret_users);
/* Whether 'actor' may open the mailbox of 'owner': itself, or one it was given. */
bool directory_may_open(struct directory *directory, const struct directory_user *actor, const struct directory_user *owner);
/* Changes whenever anything in the directory has changed; remembered passwords of another version are dropped. Cheap
 * enough for every request, any thread. */
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
    uint64_t (*version)(struct directory *);
    void (*close)(struct directory *);
};
struct directory {
    const struct directory_type *type;
};
