/* Addresses of mail as MAPI holds them: one-off entry ids, search keys, lists of entry ids. Memory is the arena's. */
#pragma once
#include "base/arena.h"

#define ENTRY_IDS_MAX 4096u

struct mail_address {
    const char *name;    /* UTF-8, "" where there is none */
    const char *type;    /* "SMTP" */
    const char *address; /* UTF-8 */
};

/* MS-OXCDATA 2.2.5.1, Unicode form, MIME preferred. data NULL without memory. */
struct bytes one_off_entry_id(struct arena *arena, const struct mail_address *address);
/* Reads one; false if it is not a one-off entry id or is cut short, or without memory. Both the Unicode and the 8-bit form
 * (read as Windows-1252). */
bool one_off_entry_id_parse(struct arena *arena, struct bytes entry_id, struct mail_address *ret_address);
/* MS-OXCPERM 2.2.1.9 and MS-OXOMSG: 'SMTP:USER@HOST' in upper case with a NUL. */
struct bytes address_search_key(struct arena *arena, const struct mail_address *address);
/* MS-OXCDATA 2.3.3: FlatEntryList of PidTagReplyRecipientEntries. */
struct bytes flat_entry_list(struct arena *arena, const struct bytes *entry_ids, uint32_t count);
/* Gives at most ENTRY_IDS_MAX entries, borrowed from 'list'; false when its sizes do not fit. */
bool flat_entry_list_parse(struct arena *arena, struct bytes list, const struct bytes **ret_entry_ids, uint32_t *ret_count);
