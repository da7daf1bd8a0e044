/* The small notations that LDAP servers put into values, and what we put into filters. Pure functions over outside bytes;
 * any thread. */
#pragma once
#include "base/arena.h"
#include "base/guid.h"

/* Appends an assertion value to a filter so that nothing in it is syntax: RFC 4515 section 3. */
void ldap_text_filter_value(struct buffer *filter, struct bytes value);
/* Appends '(attribute=value)'. */
void ldap_text_filter_equal(struct buffer *filter, const char *attribute, struct bytes value);

/* An item of proxyAddresses: 'SMTP:' is the primary SMTP address, 'smtp:' a further one, 'X500:' a legacy DN, whatever the
 * case of the latter two. */
enum ldap_proxy_kind { LDAP_PROXY_OTHER, LDAP_PROXY_PRIMARY, LDAP_PROXY_SMTP, LDAP_PROXY_X500 };
enum ldap_proxy_kind ldap_text_proxy_address(struct bytes value, struct bytes *ret_address);

/* The Windows error in the diagnostic message of a refused bind ('... AcceptSecurityContext error, data 533, v4563'); 0
 * where there is none. */
uint32_t ldap_text_windows_error(const char *diagnostic);
/* GeneralizedTime (RFC 4517 3.3.13) as FILETIME; 0 where it is malformed. */
uint64_t ldap_text_time(struct bytes value);
/* 16 binary bytes (objectGUID), GUID text (entryUUID, ipaUniqueID) or four groups of eight (nsUniqueId). */
bool ldap_text_guid(struct bytes value, struct guid *ret_guid);
/* 16 bytes, or 32 hex digits of them. */
bool ldap_text_hash(struct bytes value, uint8_t ret_hash[16]);
/* Decimal, with a sign; false for anything else or beyond 64 bits. */
bool ldap_text_number(struct bytes value, int64_t *ret_number);
bool ldap_text_boolean(struct bytes value); /* TRUE in any case; everything else is false */

/* 'member;range=0-1499' of a large group in Active Directory (MS-ADTS 3.1.1.3.1.3.3). False without a range. 'next' is where
 * to go on, 0 where this was the last part. 'name_size' is that of the attribute's name in any case. */
bool ldap_text_range(struct bytes description, size_t *ret_name_size, uint32_t *ret_next);
