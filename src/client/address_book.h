/* The inside of the client's address book: one context at the address book endpoint, and requests that may be sent again
 * (none of them changes anything). One thread at a time: the book's lock sees to it. */
#pragma once
#include "base/arena.h"
#include "client/context.h"
#include "protocol/address_book_body.h"
#include <mapihttp/address_book.h>

struct mapihttp_address_book {
    pthread_mutex_t lock;
    atomic_bool cancelled;
    struct transport_settings settings;
    struct context context;
    struct arena arena;             /* what lives as long as the book */
    char *user_dn;
    struct guid server_guid;
    bool bound_before;              /* server_guid is known: a later Bind must give the same for numbers to mean the same */
    uint64_t bindings;
    size_t container_count;
    struct mapihttp_container *containers;
    struct mapihttp_address_book_state state;
    char host[256], version[TRANSPORT_HEADER_TEXT_SIZE];
};

struct mapihttp_entries {
    struct arena arena;
    size_t count;
    struct mapihttp_entry *entries;
};

#define ADDRESS_BOOK_CODE_PAGE 1252u
#define ADDRESS_BOOK_LOCALE 0x409u
/* The position before the first row of a container. */
struct stat address_book_stat(uint32_t container_id);

/* Sends a request (struct nspi_..._request) and decodes its success body into *ret_answer; both as 'type' is defined. What the
 * answer points to is in the arena. Binds first where there is no context. Any ErrorCode but Success and ErrorsReturned is a
 * failure. Takes the lock. */
enum mapihttp_status address_book_call(struct mapihttp_address_book *book, struct arena *arena, const char *type,
                                       const void *request, void *ret_answer, struct mapihttp_error *ret_error);
/* A failure in words: 'host: what'. */
enum mapihttp_status address_book_fail(struct mapihttp_address_book *book, enum mapihttp_status status, uint32_t code,
                                       const char *what, struct mapihttp_error *ret_error);
enum mapihttp_status address_book_no_memory(struct mapihttp_error *ret_error);

/* Rows in the public form; errors stay in their places. False without memory. */
bool address_book_entry_of_row(struct arena *arena, uint32_t column_count, const uint32_t *columns,
                               const struct property_row *row, struct mapihttp_entry *ret_entry);
/* Takes what 'rows' hold into a new object that owns the arena, which is empty afterwards. */
struct mapihttp_entries *address_book_entries_of_rows(struct arena *arena, uint32_t column_count, const uint32_t *columns,
                                                      uint32_t row_count, const struct property_row *rows);
