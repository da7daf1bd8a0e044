/* What the commands that look into an organisation's address book share: opening it, and entries as JSON rows. */
#pragma once
#include "cli/connection.h"
#include <jansson.h>

/* connection_prepare() and mapihttp_address_book_open(). NULL: said why. */
struct mapihttp_address_book *address_book_open(struct connection *connection);
/* One column: a property, and under which name its value stands in a row. */
struct address_book_column {
    const char *key;   /* 'display_name', or as the user wrote it */
    const char *title;
    uint32_t tag;
};
/* 'display_name', 'smtp_address', ... */
#define ADDRESS_BOOK_COLUMNS_MAX 64u
/* Values that are missing are left out. */
json_t *address_book_row(const struct mapihttp_entry *entry, size_t column_count, const struct address_book_column *columns);
/* The container of that name, NULL for the global list. COMMAND_DONE, or the exit status after a complaint. */
int address_book_container_named(const struct connection *connection, struct mapihttp_address_book *book, const char *name,
                                 uint32_t *ret_container);
