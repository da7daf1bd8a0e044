/* Which names the directory takes, and how the names that people type are read. No state, any thread. */
#pragma once
#include "directory/directory.h"

/* The rules in words, for messages. */
#define ACCOUNT_RULE "1 to 64 letters, digits, '.', '-' and '_', no '.' at either end"
#define ADDRESS_RULE "an address is local@domain, without blanks and quotes, of at most 254 bytes"
#define DISPLAY_NAME_RULE "a name has 1 to 256 bytes of UTF-8 without control characters"
#define ORGANIZATION_NAME_RULE "an organization's name, being part of DNs, has 1 to 64 ASCII characters without '/', '=', '#', ';'"
#define DOMAIN_RULE "a domain has letters, digits, '.' and '-', no '.' at either end"
#define PASSWORD_RULE "a password has 8 to 511 bytes"

bool utf8_allowed(struct bytes text);                /* well-formed UTF-8 without NUL */
bool account_allowed(const char *account);           /* letters, digits, '.', '-', '_'; 1 to 64; no '.' at an end */
bool address_allowed(const char *address);           /* local@domain without blanks, quotes or controls; up to 254 bytes */
bool domain_allowed(const char *domain);
bool display_name_allowed(const char *display_name); /* 1 to 256 bytes of UTF-8 without controls */
/* What may stand in a part of a DN (MS-OXOABK 2.2.1.1): 1 to 64 of ASCII's letters, digits and most other characters, neither
 * '/' nor '=', no blank at either end. DNs are made of it. */
bool organization_name_allowed(const char *name);
bool password_allowed(const char *password);         /* 8 to 511 bytes */

enum logon_name_kind { LOGON_NAME_ACCOUNT, LOGON_NAME_DOWN_LEVEL, LOGON_NAME_ADDRESS };
struct logon_name {
    enum logon_name_kind kind;
    const char *account; /* local part of an address */
    const char *domain;  /* NULL of a bare account */
};
/* 'user', 'DOMAIN\user' or 'user@domain'; false for what can be none of them. */
bool logon_name_read(struct arena *arena, const char *logon, struct logon_name *ret_name);
/* Whether the DOMAIN of DOMAIN\user means this organisation: NetBIOS name, an accepted domain, or '.'. */
bool logon_domain_matches(const char *domain, const struct directory_organization *organization);

/* The last part has at most 64 characters (MS-OXOABK 2.2.1.1): of a long account the beginning. */
const char *legacy_dn_make(struct arena *arena, const struct directory_organization *organization, struct guid id,
                           const char *account);
/* The DN by which clients know the 'server' of a mailbox, one for each: '/o=.../cn=Configuration/cn=Servers/cn=<guid>@<domain>';
 * with '/cn=Microsoft Private MDB' behind it, its database. Autodiscover, address book and offline address book give it. */
const char *server_dn_make(struct arena *arena, const struct directory_organization *organization, struct guid mailbox_guid,
                           const char *address);
