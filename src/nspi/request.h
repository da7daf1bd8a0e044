/* The requests of the address book endpoint (MS-OXCMAPIHTTP 2.2.5, MS-OXNSPI 3.1.4.1), one function each: it is given the
 * decoded request, fills the success body and returns what goes into its ErrorCode. Nothing is kept between requests: the
 * position in a table travels in the STAT.
 *
 * Memory: results are in call->arena or point into the book; both live until the answer is encoded. Thread: any worker, not a
 * loop (a handler may ask the directory, which may block); one call is used by one thread. docs/address-book-requests.md. */
#pragma once
#include "directory/address_book.h"
#include "protocol/address_book_body.h"
#include "protocol/body_definition.h"
#include "protocol/error_code.h"

struct nspi_call {
    struct arena *arena;
    struct address_book *book;         /* acquired for this request by the caller, who releases it */
    struct directory *directory;       /* for large attributes, rights and changes only */
    const struct directory_user *user; /* who asks */
    struct guid server_guid;           /* in ephemeral entry ids and as the answer of Bind */
    const char *mailbox_url;           /* what GetMailboxUrl and GetAddressBookUrl give for this user */
    const char *address_book_url;
    struct directory_entry *whole;     /* property.c's: the entry whose large attributes were asked for last, or NULL */
};

/* Property tags a client may ask for at once; more are TableTooBig. */
#define NSPI_COLUMNS_MAX 1024u

/* Minimal Entry IDs that name no object (MS-OXNSPI 2.2.1.8), and where entries begin. */
#define NSPI_BEGINNING_OF_TABLE 0x00000000u
#define NSPI_CURRENT 0x00000001u
#define NSPI_END_OF_TABLE 0x00000002u

/* Code pages that stand for something else (MS-OXNSPI 2.2.1.4). */
#define NSPI_CP_TELETEX 0x00004F25u
#define NSPI_CP_WINUNICODE 0x000004B0u
#define NSPI_DEFAULT_LOCALE 0x00000409u

/* Flags of GetProps, QueryRows (2.2.1.10) and of GetSpecialTable (2.2.1.12). */
#define NSPI_SKIP_OBJECTS 0x00000001u
#define NSPI_EPHEMERAL_IDS 0x00000002u
#define NSPI_ADDRESS_CREATION_TEMPLATES 0x00000002u
#define NSPI_UNICODE_STRINGS 0x00000004u

/* Whether the server speaks this code page: any that text can be converted to, and not CP_WINUNICODE where 8-bit text is
 * meant. */
bool nspi_code_page_allowed(uint32_t code_page);
/* Whether templates and sort orders exist for this LCID: well formed ones all have, by falling back to English. */
bool nspi_locale_allowed(uint32_t lcid);

/* On a loop: looks at nothing but the request. */
uint32_t nspi_bind(struct nspi_call *call, const struct nspi_bind_request *request, struct nspi_bind_success *ret_answer);

#define NSPI_HANDLER(name)                                                                                                     \
    uint32_t nspi_##name(struct nspi_call *call, const struct nspi_##name##_request *request,                                  \
                         struct nspi_##name##_success *ret_answer)
/* One object, and what there is to know about the book. */
NSPI_HANDLER(dn_to_mid);
NSPI_HANDLER(get_mailbox_url);
NSPI_HANDLER(get_address_book_url);
NSPI_HANDLER(get_prop_list);
NSPI_HANDLER(get_props);
NSPI_HANDLER(get_special_table);
NSPI_HANDLER(get_template_info);
NSPI_HANDLER(mod_link_att);
NSPI_HANDLER(mod_props);
NSPI_HANDLER(query_columns);
/* Tables. */
NSPI_HANDLER(compare_mids);
NSPI_HANDLER(get_matches);
NSPI_HANDLER(query_rows);
NSPI_HANDLER(resolve_names);
NSPI_HANDLER(resort_restriction);
NSPI_HANDLER(seek_entries);
NSPI_HANDLER(update_stat);

/* Calls the handler of a request type: 'definition' as found by body_definition_find, request and answer as its structures
 * say. NotSupported where there is none. The answer's error_code is set. */
void nspi_execute(struct nspi_call *call, const struct body_definition *definition, const void *request, void *ret_answer);
