#include "cli/address_book_option.h"
#include "cli/property_json.h"

struct mapihttp_address_book *address_book_open(struct connection *connection)
{
    struct mapihttp_address_book *book;
    struct mapihttp_error error;
    if (connection_prepare(connection))
        return NULL;
    if (!mapihttp_address_book_open(&connection->options, &book, &error))
        return book;
    connection_failed(connection, NULL, &error);
    return NULL;
}

json_t *address_book_row(const struct mapihttp_entry *entry, size_t column_count, const struct address_book_column *columns)
{
    json_t *row = json_object();
    for (size_t i = 0; i < column_count && i < entry->property_count; i++)
        if (MAPIHTTP_TAG_TYPE(entry->properties[i].tag) != MAPIHTTP_TYPE_ERROR)
            json_object_set_new(row, columns[i].key, property_json(&entry->properties[i]));
    return row;
}

int address_book_container_named(const struct connection *connection, struct mapihttp_address_book *book, const char *name,
                                 uint32_t *ret_container)
{
    struct mapihttp_error error;
    *ret_container = 0;
    if (name && mapihttp_address_book_container(book, name, ret_container, &error))
        return connection_failed(connection, NULL, &error);
    return COMMAND_DONE;
}
