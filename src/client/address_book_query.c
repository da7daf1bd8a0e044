#include "base/text.h"
#include "client/address_book.h"
#include "client/error.h"
#include "client/property.h"
#include "protocol/entry_id.h"
#include "protocol/error_code.h"
#include "protocol/property_tags.h"
#include "wire/wire.h"
#include <stdlib.h>
#include <string.h>

#define SPECIAL_TABLE_UNICODE 0x00000004u
#define CONTAINER_RECIPIENTS 1u
#define PAGE_ROWS 100u
#define END_OF_TABLE 2u
#define MINIMAL_ID_RESOLVED 2u

/* --- entries --- */

bool address_book_entry_of_row(struct arena *arena, uint32_t column_count, const uint32_t *columns,
                               const struct property_row *row, struct mapihttp_entry *ret_entry)
{
    struct mapihttp_property *properties = arena_array(arena, struct mapihttp_property, column_count ? column_count : 1);
    if (!properties)
        return false;
    for (uint32_t i = 0; i < column_count; i++) {
        struct property_value missing = {.tag = PROPERTY_TAG(PROPERTY_ID(columns[i]), PTYP_ERROR_CODE), .error_code = EC_NOT_FOUND};
        const struct property_value *value = i < row->count ? &row->values[i] : &missing;
        uint16_t type = PROPERTY_TYPE(value->tag);
        /* A server may say 'absent' by a text without bytes; a multiple one always has its list. */
        bool absent = type == PTYP_UNSPECIFIED || ((type == PTYP_STRING || type == PTYP_STRING8 || type == PTYP_BINARY) && !value->bytes.data);
        if (!property_to_public(arena, absent ? &missing : value, &properties[i]))
            return false;
    }
    *ret_entry = (struct mapihttp_entry){column_count, properties};
    return true;
}

struct mapihttp_entries *address_book_entries_of_rows(struct arena *arena, uint32_t column_count, const uint32_t *columns,
                                                      uint32_t row_count, const struct property_row *rows)
{
    struct mapihttp_entry *list = arena_array(arena, struct mapihttp_entry, row_count ? row_count : 1);
    struct mapihttp_entries *entries = list ? calloc(1, sizeof *entries) : NULL;
    for (uint32_t i = 0; entries && i < row_count; i++)
        if (!address_book_entry_of_row(arena, column_count, columns, &rows[i], &list[i])) {
            free(entries);
            entries = NULL;
        }
    if (entries)
        *entries = (struct mapihttp_entries){.arena = *arena, .count = row_count, .entries = list};
    else
        arena_free(arena);
    *arena = (struct arena){0};
    return entries;
}

size_t mapihttp_entries_count(const struct mapihttp_entries *entries)
{
    return entries->count;
}

const struct mapihttp_entry *mapihttp_entries_get(const struct mapihttp_entries *entries, size_t index)
{
    return index < entries->count ? &entries->entries[index] : NULL;
}

void mapihttp_entries_free(struct mapihttp_entries *entries)
{
    if (!entries)
        return;
    arena_free(&entries->arena);
    free(entries);
}

/* --- containers --- */

static const struct property_value *value_of(const struct address_book_property_values *row, uint32_t tag)
{
    for (uint32_t i = 0; i < row->property_value_count; i++)
        if (row->property_values[i].tag == tag)
            return &row->property_values[i];
    return NULL;
}

static bool read_container(struct arena *arena, const struct address_book_property_values *row, struct mapihttp_container *ret_container)
{
    const struct property_value *id = value_of(row, PID_TAG_ADDRESS_BOOK_CONTAINER_ID), *depth = value_of(row, PID_TAG_DEPTH),
                                *name = value_of(row, PID_TAG_DISPLAY_NAME), *entry_id = value_of(row, PID_TAG_ENTRY_ID),
                                *flags = value_of(row, PID_TAG_CONTAINER_FLAGS);
    struct address_book_entry_id permanent = {0};
    struct mapihttp_container container = {.id = id ? (uint32_t)id->integer32 : 0, .depth = depth ? (uint32_t)depth->integer32 : 0,
                                           .has_entries = flags && (flags->integer32 & CONTAINER_RECIPIENTS)};
    container.name = name && name->bytes.data ? text_utf8_of_utf16(arena, name->bytes) : "";
    bool known = entry_id && entry_id_kind_of(entry_id->bytes) == ENTRY_ID_ADDRESS_BOOK &&
                 wire_decode(arena, &address_book_entry_id_structure, entry_id->bytes, NULL, &permanent, NULL);
    container.dn = known ? arena_string_of(arena, permanent.x500_dn) : "";
    *ret_container = container;
    return container.name && container.dn;
}

enum mapihttp_status mapihttp_address_book_containers(struct mapihttp_address_book *book, size_t *ret_count,
                                                      const struct mapihttp_container **ret_containers,
                                                      struct mapihttp_error *ret_error)
{
    struct nspi_get_special_table_request request = {.flags = SPECIAL_TABLE_UNICODE, .has_state = 1, .state = address_book_stat(0),
                                                     .has_version = 1};
    struct nspi_get_special_table_success answer;
    if (!book->containers) {
        enum mapihttp_status status = address_book_call(book, &book->arena, "GetSpecialTable", &request, &answer, ret_error);
        if (status)
            return status;
        uint32_t count = answer.has_rows ? answer.row_count : 0;
        struct mapihttp_container *containers = arena_array(&book->arena, struct mapihttp_container, count ? count : 1);
        for (uint32_t i = 0; containers && i < count; i++)
            if (!read_container(&book->arena, &answer.rows[i], &containers[i]))
                return address_book_no_memory(ret_error);
        if (!containers)
            return address_book_no_memory(ret_error);
        book->container_count = count;
        book->containers = containers;
    }
    *ret_count = book->container_count;
    *ret_containers = book->containers;
    return MAPIHTTP_OK;
}

enum mapihttp_status mapihttp_address_book_container(struct mapihttp_address_book *book, const char *name,
                                                     uint32_t *ret_container_id, struct mapihttp_error *ret_error)
{
    const struct mapihttp_container *containers;
    size_t count;
    enum mapihttp_status status = mapihttp_address_book_containers(book, &count, &containers, ret_error);
    for (size_t i = 0; !status && i < count; i++)
        if (strcasecmp(containers[i].name, name) == 0) {
            *ret_container_id = containers[i].id;
            return MAPIHTTP_OK;
        }
    return status ? status : error_set(ret_error, MAPIHTTP_NOT_FOUND, 0, "there is no address list '%s'", name);
}

/* --- listing --- */

struct mapihttp_address_list {
    struct mapihttp_address_book *book;
    struct stat stat;
    uint32_t column_count;
    uint32_t *columns;
    struct arena arena;       /* of the page */
    uint32_t row_count, row;
    const struct property_row *rows;
    struct mapihttp_entry entry;
    bool ended;
};

/* MS-OXCMAPIHTTP 2.2.5.16: to the first name at or after 'from'. */
static enum mapihttp_status seek(struct mapihttp_address_list *list, const char *from, struct mapihttp_error *ret_error)
{
    struct arena arena = {0};
    struct nspi_seek_entries_request request = {
        .has_state = 1, .state = list->stat, .has_target = 1,
        .target = {.tag = PID_TAG_DISPLAY_NAME, .bytes = text_utf16_of_utf8(&arena, bytes_of_string(from))}};
    struct nspi_seek_entries_success answer;
    enum mapihttp_status status = request.target.bytes.data
                                      ? address_book_call(list->book, &arena, "SeekEntries", &request, &answer, ret_error)
                                      : address_book_no_memory(ret_error);
    if (!status && answer.has_state)
        list->stat = answer.state;
    else if (status == MAPIHTTP_NOT_FOUND) /* nobody at or after it */
        list->ended = true;
    arena_free(&arena);
    return status == MAPIHTTP_NOT_FOUND ? MAPIHTTP_OK : status;
}

static enum mapihttp_status next_page(struct mapihttp_address_list *list, struct mapihttp_error *ret_error)
{
    struct nspi_query_rows_request request = {.has_state = 1, .state = list->stat, .row_count = PAGE_ROWS, .has_columns = 1,
                                              .column_count = list->column_count, .columns = list->columns};
    struct nspi_query_rows_success answer;
    list->row = list->row_count = 0;
    arena_reset(&list->arena);
    enum mapihttp_status status = address_book_call(list->book, &list->arena, "QueryRows", &request, &answer, ret_error);
    if (status)
        return status;
    uint32_t before = list->stat.num_pos;
    list->row_count = answer.has_columns_and_rows ? answer.row_count : 0;
    list->rows = answer.rows;
    if (answer.has_state)
        list->stat = answer.state;
    list->stat.delta = 0;
    /* A position that does not move would be asked for for ever. */
    list->ended = !list->row_count || !answer.has_state || list->stat.current_rec == END_OF_TABLE ||
                  list->stat.num_pos >= list->stat.total_recs || list->stat.num_pos <= before;
    return MAPIHTTP_OK;
}

enum mapihttp_status mapihttp_address_list_open(struct mapihttp_address_book *book, uint32_t container_id, const char *from,
                                                size_t column_count, const uint32_t *columns,
                                                struct mapihttp_address_list **ret_list, struct mapihttp_error *ret_error)
{
    struct mapihttp_address_list *list = calloc(1, sizeof *list);
    uint32_t *copy = malloc((column_count ? column_count : 1) * sizeof *copy);
    if (!list || !copy) {
        free(list);
        free(copy);
        return address_book_no_memory(ret_error);
    }
    if (column_count)
        memcpy(copy, columns, column_count * sizeof *copy);
    *list = (struct mapihttp_address_list){.book = book, .stat = address_book_stat(container_id), .columns = copy,
                                           .column_count = (uint32_t)column_count};
    enum mapihttp_status status = from && *from ? seek(list, from, ret_error) : MAPIHTTP_OK;
    if (!status && !list->ended)
        status = next_page(list, ret_error);
    if (status) {
        mapihttp_address_list_close(list);
        return status;
    }
    *ret_list = list;
    return MAPIHTTP_OK;
}

uint32_t mapihttp_address_list_count(const struct mapihttp_address_list *list)
{
    return list->stat.total_recs;
}

enum mapihttp_status mapihttp_address_list_next(struct mapihttp_address_list *list, const struct mapihttp_entry **ret_entry,
                                                struct mapihttp_error *ret_error)
{
    if (list->row == list->row_count && !list->ended) {
        enum mapihttp_status status = next_page(list, ret_error);
        if (status)
            return status;
    }
    *ret_entry = NULL;
    if (list->row == list->row_count)
        return MAPIHTTP_OK;
    if (!address_book_entry_of_row(&list->arena, list->column_count, list->columns, &list->rows[list->row], &list->entry))
        return address_book_no_memory(ret_error);
    list->row++;
    *ret_entry = &list->entry;
    return MAPIHTTP_OK;
}

void mapihttp_address_list_close(struct mapihttp_address_list *list)
{
    if (!list)
        return;
    arena_free(&list->arena);
    free(list->columns);
    free(list);
}

/* --- names --- */

enum mapihttp_status mapihttp_address_book_resolve(struct mapihttp_address_book *book, uint32_t container_id, size_t name_count,
                                                   const char *const *names, size_t column_count, const uint32_t *columns,
                                                   enum mapihttp_resolution *ret_resolutions,
                                                   struct mapihttp_entries **ret_entries, struct mapihttp_error *ret_error)
{
    struct arena arena = {0};
    struct bytes *texts = arena_array(&arena, struct bytes, name_count ? name_count : 1);
    bool good = texts != NULL;
    for (size_t i = 0; good && i < name_count; i++)
        good = (texts[i] = text_utf16_of_utf8(&arena, bytes_of_string(names[i]))).data != NULL;
    struct nspi_resolve_names_request request = {
        .has_state = 1, .state = address_book_stat(container_id), .has_property_tags = 1, .property_tag_count = (uint32_t)column_count,
        .property_tags = columns, .has_names = 1, .name_count = (uint32_t)name_count, .names = texts};
    struct nspi_resolve_names_success answer;
    enum mapihttp_status status = good ? address_book_call(book, &arena, "ResolveNames", &request, &answer, ret_error)
                                       : address_book_no_memory(ret_error);
    uint32_t resolved = 0;
    if (!status && (!answer.has_minimal_ids || answer.minimal_id_count != name_count))
        status = address_book_fail(book, MAPIHTTP_PROTOCOL, 0, "ResolveNames: not one answer for each name", ret_error);
    for (size_t i = 0; !status && i < name_count; i++)
        resolved += answer.minimal_ids[i] == MINIMAL_ID_RESOLVED;
    if (!status && resolved != (answer.has_rows_and_columns ? answer.row_count : 0))
        status = address_book_fail(book, MAPIHTTP_PROTOCOL, 0, "ResolveNames: not one row for each resolved name", ret_error);
    if (status) {
        arena_free(&arena);
        return status;
    }
    for (size_t i = 0; i < name_count; i++)
        ret_resolutions[i] = answer.minimal_ids[i] > MINIMAL_ID_RESOLVED ? MAPIHTTP_UNRESOLVED
                                                                         : (enum mapihttp_resolution)answer.minimal_ids[i];
    struct mapihttp_entries *entries = address_book_entries_of_rows(&arena, (uint32_t)column_count, columns, resolved, answer.rows);
    if (!entries)
        return address_book_no_memory(ret_error);
    *ret_entries = entries;
    return MAPIHTTP_OK;
}

enum mapihttp_status mapihttp_address_book_search(struct mapihttp_address_book *book, uint32_t container_id, const char *text,
                                                  uint32_t count_max, size_t column_count, const uint32_t *columns,
                                                  struct mapihttp_entries **ret_entries, struct mapihttp_error *ret_error)
{
    struct arena arena = {0};
    struct restriction filter = {.type = RESTRICTION_TYPE_PROPERTY};
    filter.property.relational_operator = RELATIONAL_OPERATOR_EQUAL;
    filter.property.property_tag = PID_TAG_ANR;
    filter.property.value = (struct property_value){.tag = PID_TAG_ANR, .bytes = text_utf16_of_utf8(&arena, bytes_of_string(text))};
    struct nspi_get_matches_request request = {.has_state = 1, .state = address_book_stat(container_id), .has_filter = 1,
                                               .filter = &filter, .row_count = count_max, .has_columns = 1,
                                               .column_count = (uint32_t)column_count, .columns = columns};
    struct nspi_get_matches_success answer;
    enum mapihttp_status status = filter.property.value.bytes.data
                                      ? address_book_call(book, &arena, "GetMatches", &request, &answer, ret_error)
                                      : address_book_no_memory(ret_error);
    if (status) {
        arena_free(&arena);
        return status;
    }
    struct mapihttp_entries *entries = address_book_entries_of_rows(
        &arena, (uint32_t)column_count, columns, answer.has_columns_and_rows ? answer.row_count : 0, answer.rows);
    if (!entries)
        return address_book_no_memory(ret_error);
    *ret_entries = entries;
    return MAPIHTTP_OK;
}

/* --- single ones --- */

static enum mapihttp_status find_number(struct mapihttp_address_book *book, const char *dn, uint32_t *ret_number,
                                        struct mapihttp_error *ret_error)
{
    struct arena arena = {0};
    struct bytes name = bytes_of_string(dn);
    struct nspi_dn_to_mid_request request = {.has_names = 1, .name_count = 1, .names = &name};
    struct nspi_dn_to_mid_success answer;
    enum mapihttp_status status = address_book_call(book, &arena, "DNToMId", &request, &answer, ret_error);
    uint32_t number = !status && answer.has_minimal_ids && answer.minimal_id_count == 1 ? answer.minimal_ids[0] : 0;
    arena_free(&arena);
    if (!status && !number)
        return error_set(ret_error, MAPIHTTP_NOT_FOUND, 0, "nobody has the distinguished name '%s'", dn);
    *ret_number = number;
    return status;
}

enum mapihttp_status mapihttp_address_book_entry(struct mapihttp_address_book *book, const char *dn, size_t column_count,
                                                 const uint32_t *columns, struct mapihttp_entries **ret_entries,
                                                 struct mapihttp_error *ret_error)
{
    struct arena arena = {0};
    struct nspi_get_props_request request = {.has_state = 1, .state = address_book_stat(0), .has_property_tags = 1,
                                             .property_tag_count = (uint32_t)column_count, .property_tags = columns};
    struct nspi_get_props_success answer;
    enum mapihttp_status status = find_number(book, dn, &request.state.current_rec, ret_error);
    if (!status)
        status = address_book_call(book, &arena, "GetProps", &request, &answer, ret_error);
    if (status) {
        arena_free(&arena);
        return status;
    }
    struct property_row row = {.count = answer.has_property_values ? answer.property_values.property_value_count : 0,
                               .values = answer.property_values.property_values};
    struct mapihttp_entries *entries = address_book_entries_of_rows(&arena, (uint32_t)column_count, columns, 1, &row);
    if (!entries)
        return address_book_no_memory(ret_error);
    *ret_entries = entries;
    return MAPIHTTP_OK;
}

enum mapihttp_status mapihttp_address_book_mailbox_url(struct mapihttp_address_book *book, const char **ret_url,
                                                       struct mapihttp_error *ret_error)
{
    struct nspi_get_mailbox_url_request request = {0};
    struct nspi_get_mailbox_url_success answer;
    enum mapihttp_status status = address_book_call(book, &book->arena, "GetMailboxUrl", &request, &answer, ret_error);
    const char *url = status ? NULL : text_utf8_of_utf16(&book->arena, answer.server_url);
    if (!status && !url)
        return address_book_no_memory(ret_error);
    if (!status)
        *ret_url = url;
    return status;
}
