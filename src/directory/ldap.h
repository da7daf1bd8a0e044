/* The directory on an LDAP server: Active Directory, OpenLDAP with inetOrgPerson, FreeIPA. Who exists, their names and
 * groups come from there and passwords are checked there; what LDAP does not hold (the organisation, switches, rights,
 * address lists) stands in the embedded directory beside. Contract and threads as in directory.h; no call takes much longer
 * than settings.timeout_ms, except that reading the whole address book may take so long for each of its pages.
 * docs/ldap.md. */
#pragma once
#include "directory/directory.h"

enum ldap_schema { LDAP_SCHEMA_ACTIVE_DIRECTORY, LDAP_SCHEMA_INET_ORG_PERSON, LDAP_SCHEMA_FREE_IPA };
#define LDAP_SCHEMA_COUNT 3u
extern const char *const ldap_schema_names[LDAP_SCHEMA_COUNT]; /* 'active-directory', 'inetorgperson', 'freeipa' */

/* Filters (RFC 4515) that say which entries are of a kind; "" for the schema's own. */
struct ldap_filters {
    const char *user, *shared, *room, *equipment, *group, *contact;
};

struct ldap_directory_settings {
    const char *urls;              /* ldap://, ldaps:// or ldapi://, separated by blanks; tried in this order */
    bool start_tls;                /* on ldap:// */
    bool verify_certificate;       /* false trusts whoever answers: for tests only */
    const char *ca_file;           /* PEM; "" for the system's */
    const char *bind_dn;           /* as whom to search; "" for anonymous (ldapi: the process's own user, SASL EXTERNAL) */
    const char *bind_password;
    const char *base_dn;
    enum ldap_schema schema;
    struct ldap_filters filters;
    const char *administrators_dn; /* a group whose members (nested too) are administrators; "" for none */
    bool writable;                 /* changes go to the server as LDAP modifications */
    uint32_t page_size;            /* entries a page (RFC 2696) */
    uint32_t connections_max;
    uint32_t connect_timeout_ms;
    uint32_t timeout_ms;           /* of one call */
    uint32_t cache_ms;             /* how long a lookup's answer holds, found or not; 0: not at all */
    uint32_t refresh_ms;           /* how often the address book is read again */
    const char *organization_name; /* where the embedded directory has no organisation */
    const char *domain;            /* the same; "" for that of the base DN's dc= parts */
    /* Told what an administrator should know: servers that do not answer, entries left out. Any thread; may be NULL. */
    void (*notice)(void *user, const char *text);
    void *notice_user;
};

struct ldap_directory_error {
    char text[256];
};

/* Checks the settings and makes the directory; the server is asked at the first call, so it may be down now. 'local' is the
 * embedded directory, closed with this one (on failure it stays the caller's); it may be NULL. Settings are copied.
 * INVALID with *ret_error, UNAVAILABLE without memory. */
enum directory_status ldap_directory_open(const struct ldap_directory_settings *settings, struct directory *local,
                                          struct directory **ret_directory, struct ldap_directory_error *ret_error);
/* Asks a server as the settings say: OK, or UNAVAILABLE with what it said in *ret_error. */
enum directory_status ldap_directory_check(struct directory *directory, struct ldap_directory_error *ret_error);
/* Account of the entry of the embedded directory that stands beside the LDAP entry 'id': its switches, rights, archive and
 * hash count for that one. It is the id's text. */
void ldap_directory_beside(struct guid id, char ret_account[GUID_TEXT_SIZE]);
