#include <string.h>

#include "base/limits.h"
#include "base/text.h"
#include "directory/text_collation.h"
#include "nspi/table.h"
#include "protocol/property_tags.h"

/* Restrictions of GetMatches (MS-OXNSPI 2.2.5): and, or, not, content, property and exist are evaluated, with PidTagAnr as the
 * name that somebody typed. Strings are compared as they are sorted: without regard to case, accents and width. */

/* Conditions times rows that one request may cost: some seconds of a processor. */
#define EVALUATIONS_MAX 4000000u

enum node_kind { NODE_AND, NODE_OR, NODE_NOT, NODE_TEXT, NODE_TEXT8, NODE_VALUE, NODE_EXIST, NODE_RESOLVED };
enum comparison { FULL, PREFIX, SUBSTRING, LESS, LESS_OR_EQUAL, GREATER, GREATER_OR_EQUAL, NOT_EQUAL };

struct node {
    enum node_kind kind;
    uint32_t count;             /* of children */
    struct node *children;
    uint32_t tag;               /* of the property, with the type that it is asked for with */
    enum comparison comparison;
    struct bytes key;           /* TEXT: by which it is compared */
    struct text_search *search; /* TEXT, SUBSTRING */
    struct property_value value;
    uint32_t resolved_count;    /* RESOLVED: in the order of the table */
    uint32_t *resolved;
    uint8_t *resolved_bits;     /* by index */
};

struct filter {
    struct nspi_call *call;
    struct nspi_view view;
    struct nspi_table table;
    const struct text_collation *collation;
    uint32_t count_max; /* matches that are wanted, and one more */
    uint32_t node_count;
    struct node root;
    struct arena scratch; /* values of the row being looked at */
};

static bool is_text(uint16_t type)
{
    return type == PTYP_STRING || type == PTYP_STRING8;
}

/* Large attributes would be read from the directory entry by entry. */
static bool too_dear(uint32_t tag)
{
    enum directory_attribute attribute = directory_attribute_of_tag(tag);
    return attribute != DIRECTORY_ATTRIBUTE_COUNT && directory_attributes[attribute].large;
}

static uint32_t make_resolved(struct filter *filter, const struct property_value *value, struct node *node)
{
    struct nspi_call *call = filter->call;
    const char *name = nspi_value_text(call, &filter->view, value);
    uint32_t count_max = filter->table.list.count + 1; /* one more: the hidden one that an address may find */
    if (node == &filter->root && count_max > filter->count_max)
        count_max = filter->count_max;
    node->kind = NODE_RESOLVED;
    node->resolved = arena_array(call->arena, uint32_t, count_max);
    node->resolved_bits = arena_array(call->arena, uint8_t, address_book_count(call->book) / 8 + 1);
    if (!is_text(PROPERTY_TYPE(value->tag)))
        return EC_TOO_COMPLEX;
    if (!node->resolved || !node->resolved_bits)
        return EC_NOT_ENOUGH_MEMORY;
    uint32_t count = name ? address_book_resolve(call->book, filter->table.container, filter->table.lcid, name, count_max,
                                                 node->resolved)
                          : 0;
    if (filter->table.sort != ADDRESS_BOOK_DISPLAY_NAME)
        address_book_sort_indexes(call->book, filter->table.sort, filter->table.lcid, count, node->resolved);
    for (uint32_t i = 0; i < count; i++)
        node->resolved_bits[node->resolved[i] / 8] |= (uint8_t)(1u << node->resolved[i] % 8);
    node->resolved_count = count;
    return EC_SUCCESS;
}

static uint32_t make_text(struct filter *filter, const struct property_value *value, struct node *node)
{
    struct nspi_call *call = filter->call;
    struct buffer key = {0};
    const char *text = nspi_value_text(call, &filter->view, value);
    node->kind = NODE_TEXT;
    node->tag = PROPERTY_TAG(PROPERTY_ID(node->tag), PTYP_UNSPECIFIED);
    if (!text)
        text = "";
    bool good = text_collation_match_key(filter->collation, bytes_of_string(text), &key);
    node->key = arena_bytes(call->arena, buffer_bytes(&key));
    buffer_free(&key);
    if (!good || (node->key.size && !node->key.data))
        return EC_NOT_ENOUGH_MEMORY;
    if (node->comparison == SUBSTRING && node->key.size) {
        node->search = text_search_open(filter->collation, bytes_of_string(text));
        if (!node->search)
            return EC_NOT_ENOUGH_MEMORY;
    }
    return EC_SUCCESS;
}

/* Properties whose native type is PtypString8 are compared byte by byte (MS-OXNSPI 3.1.4.3.5.2), in the client's code page. */
static uint32_t make_text8(struct filter *filter, const struct property_value *value, struct node *node)
{
    struct arena *arena = filter->call->arena;
    node->kind = NODE_TEXT8;
    node->tag = PROPERTY_TAG(PROPERTY_ID(node->tag), PTYP_STRING8);
    if (PROPERTY_TYPE(value->tag) == PTYP_STRING)
        node->value.bytes = text_codepage_of_utf16(arena, filter->view.code_page, value->bytes);
    return EC_SUCCESS;
}

static uint32_t make_value(struct filter *filter, uint32_t tag, const struct property_value *value, struct node *node)
{
    node->tag = tag;
    node->value = *value;
    if (PROPERTY_ID(tag) == PROPERTY_ID(PID_TAG_ANR))
        return make_resolved(filter, value, node);
    if (too_dear(tag) || PROPERTY_ID(tag) != PROPERTY_ID(value->tag))
        return EC_TOO_COMPLEX;
    if (is_text(PROPERTY_TYPE(value->tag)))
        return PROPERTY_ID(tag) == PROPERTY_ID(PID_TAG_ADDRESS_BOOK_DISPLAY_NAME_PRINTABLE) ? make_text8(filter, value, node)
                                                                                           : make_text(filter, value, node);
    node->kind = NODE_VALUE;
    node->tag = PROPERTY_TAG(PROPERTY_ID(tag), PTYP_UNSPECIFIED);
    switch (PROPERTY_TYPE(value->tag)) {
    case PTYP_INTEGER32:
    case PTYP_BOOLEAN:
    case PTYP_TIME: return node->comparison == PREFIX || node->comparison == SUBSTRING ? EC_TOO_COMPLEX : EC_SUCCESS;
    case PTYP_BINARY: return EC_SUCCESS;
    default: return EC_TOO_COMPLEX;
    }
}

static uint32_t make_content(struct filter *filter, const struct restriction *restriction, struct node *node)
{
    static const enum comparison comparisons[] = {FULL, SUBSTRING, PREFIX};
    if (restriction->content.fuzzy_level_low >= sizeof comparisons / sizeof *comparisons)
        return EC_TOO_COMPLEX;
    node->comparison = comparisons[restriction->content.fuzzy_level_low];
    return make_value(filter, restriction->content.property_tag, &restriction->content.value, node);
}

static uint32_t make_property(struct filter *filter, const struct restriction *restriction, struct node *node)
{
    static const enum comparison comparisons[] = {LESS, LESS_OR_EQUAL, GREATER, GREATER_OR_EQUAL, FULL, NOT_EQUAL};
    if (restriction->property.relational_operator >= sizeof comparisons / sizeof *comparisons)
        return EC_TOO_COMPLEX;
    node->comparison = comparisons[restriction->property.relational_operator];
    return make_value(filter, restriction->property.property_tag, &restriction->property.value, node);
}

/* Depth is bounded by the decoder (RESTRICTION_DEPTH_MAX). */
static uint32_t make_node(struct filter *filter, const struct restriction *restriction, struct node *node)
{
    filter->node_count++;
    if ((uint64_t)filter->node_count * filter->table.list.count > EVALUATIONS_MAX || filter->node_count > RESTRICTIONS_MAX)
        return EC_TOO_COMPLEX;
    switch (restriction->type) {
    case RESTRICTION_TYPE_AND:
    case RESTRICTION_TYPE_OR: node->kind = restriction->type == RESTRICTION_TYPE_AND ? NODE_AND : NODE_OR; break;
    case RESTRICTION_TYPE_NOT: node->kind = NODE_NOT; break;
    case RESTRICTION_TYPE_CONTENT: return make_content(filter, restriction, node);
    case RESTRICTION_TYPE_PROPERTY: return make_property(filter, restriction, node);
    case RESTRICTION_TYPE_EXIST:
        node->kind = NODE_EXIST;
        node->tag = PROPERTY_TAG(PROPERTY_ID(restriction->exist.property_tag), PTYP_UNSPECIFIED);
        return too_dear(restriction->exist.property_tag) ? EC_TOO_COMPLEX : EC_SUCCESS;
    default: return EC_TOO_COMPLEX;
    }
    node->count = node->kind == NODE_NOT ? 1 : restriction->count;
    const struct restriction *parts = node->kind == NODE_NOT ? restriction->negated : restriction->restrictions;
    if (node->count > RESTRICTIONS_MAX)
        return EC_TOO_COMPLEX;
    node->children = arena_array(filter->call->arena, struct node, node->count + 1);
    if (!node->children)
        return EC_NOT_ENOUGH_MEMORY;
    for (uint32_t i = 0; i < node->count; i++) {
        uint32_t error = make_node(filter, &parts[i], &node->children[i]);
        if (error != EC_SUCCESS)
            return error;
    }
    return EC_SUCCESS;
}

static void close_searches(struct node *node)
{
    text_search_close(node->search);
    for (uint32_t i = 0; node->children && i < node->count; i++)
        close_searches(&node->children[i]);
}

/* --- evaluation --- */

static bool orders(enum comparison comparison, int order)
{
    switch (comparison) {
    case FULL: return order == 0;
    case LESS: return order < 0;
    case LESS_OR_EQUAL: return order <= 0;
    case GREATER: return order > 0;
    case GREATER_OR_EQUAL: return order >= 0;
    case NOT_EQUAL: return order != 0;
    default: return false;
    }
}

static bool contains(struct bytes text, struct bytes part)
{
    return !part.size || (text.size >= part.size && memmem(text.data, text.size, part.data, part.size));
}

static bool text_matches(const struct filter *filter, const struct node *node, struct bytes utf16)
{
    struct buffer key = {0};
    if (node->comparison == SUBSTRING)
        return !node->search || text_search_found(node->search, utf16);
    if (!text_collation_match_key_utf16(filter->collation, utf16, &key)) {
        buffer_free(&key);
        return false;
    }
    struct bytes compared = buffer_bytes(&key);
    if (node->comparison == PREFIX && compared.size > node->key.size)
        compared.size = node->key.size;
    int order = bytes_compare(compared, node->key);
    buffer_free(&key);
    return orders(node->comparison == PREFIX ? FULL : node->comparison, order);
}

static bool texts_match(struct filter *filter, struct nspi_call *call, const struct node *node, uint32_t index)
{
    struct property_value value;
    if (!nspi_property_value(call, &filter->view, index, node->tag, &value))
        return false;
    if (PROPERTY_TYPE(value.tag) == PTYP_OBJECT && /* by the names of the objects */
        !nspi_property_value(call, &filter->view, index, PROPERTY_TAG(PROPERTY_ID(node->tag), PTYP_MULTIPLE_STRING), &value))
        return false;
    if (PROPERTY_TYPE(value.tag) == PTYP_STRING)
        return text_matches(filter, node, value.bytes);
    bool matches = false;
    for (uint32_t i = 0; PROPERTY_TYPE(value.tag) == PTYP_MULTIPLE_STRING && !matches && i < value.multiple.count; i++)
        matches = text_matches(filter, node, value.multiple.bytes[i]);
    return matches;
}

static bool bytes_match(const struct node *node, struct bytes bytes)
{
    struct bytes sought = node->value.bytes;
    switch (node->comparison) {
    case SUBSTRING: return contains(bytes, sought);
    case PREFIX: return bytes.size >= sought.size && bytes_equal(bytes_of(bytes.data, sought.size), sought);
    default: return orders(node->comparison, bytes_compare(bytes, sought));
    }
}

/* Of texts of different lengths the shorter one is less. */
static bool text8_matches(struct filter *filter, struct nspi_call *call, const struct node *node, uint32_t index)
{
    struct property_value value;
    if (!nspi_property_value(call, &filter->view, index, node->tag, &value))
        return false;
    struct bytes bytes = value.bytes, sought = node->value.bytes;
    if (node->comparison == PREFIX || node->comparison == SUBSTRING || bytes.size == sought.size)
        return bytes_match(node, bytes);
    return orders(node->comparison, bytes.size < sought.size ? -1 : 1);
}

static bool value_matches(struct filter *filter, struct nspi_call *call, const struct node *node, uint32_t index)
{
    struct property_value value;
    if (!nspi_property_value(call, &filter->view, index, node->tag, &value))
        return false;
    const struct property_value *sought = &node->value;
    bool matches = false;
    if (PROPERTY_TYPE(value.tag) == PTYP_MULTIPLE_BINARY && PROPERTY_TYPE(sought->tag) == PTYP_BINARY) {
        for (uint32_t i = 0; !matches && i < value.multiple.count; i++)
            matches = bytes_match(node, value.multiple.bytes[i]);
        return matches;
    }
    if (PROPERTY_TYPE(value.tag) != PROPERTY_TYPE(sought->tag))
        return false;
    switch (PROPERTY_TYPE(value.tag)) {
    case PTYP_INTEGER32:
        return orders(node->comparison, value.integer32 < sought->integer32 ? -1 : value.integer32 > sought->integer32);
    case PTYP_BOOLEAN: return orders(node->comparison, (value.boolean != 0) - (sought->boolean != 0));
    case PTYP_TIME: return orders(node->comparison, value.time < sought->time ? -1 : value.time > sought->time);
    case PTYP_BINARY: return bytes_match(node, value.bytes);
    default: return false;
    }
}

static bool node_matches(struct filter *filter, struct nspi_call *call, const struct node *node, uint32_t index)
{
    struct property_value value;
    bool matches;
    switch (node->kind) {
    case NODE_AND:
        matches = true;
        for (uint32_t i = 0; matches && i < node->count; i++)
            matches = node_matches(filter, call, &node->children[i], index);
        return matches;
    case NODE_OR:
        matches = false;
        for (uint32_t i = 0; !matches && i < node->count; i++)
            matches = node_matches(filter, call, &node->children[i], index);
        return matches;
    case NODE_NOT: return !node_matches(filter, call, &node->children[0], index);
    case NODE_TEXT: return texts_match(filter, call, node, index);
    case NODE_TEXT8: return text8_matches(filter, call, node, index);
    case NODE_VALUE: return value_matches(filter, call, node, index);
    case NODE_EXIST: return nspi_property_value(call, &filter->view, index, node->tag, &value);
    case NODE_RESOLVED: return node->resolved_bits[index / 8] >> index % 8 & 1;
    }
    return false;
}

/* Rows that alone can match: those of a name that must match, else the whole table. */
static struct address_book_list candidates(const struct filter *filter, const struct node *node)
{
    if (node->kind == NODE_RESOLVED)
        return (struct address_book_list){node->resolved_count, node->resolved};
    struct address_book_list least = filter->table.list;
    for (uint32_t i = 0; node->kind == NODE_AND && i < node->count; i++) {
        struct address_book_list list = candidates(filter, &node->children[i]);
        if (list.count < least.count)
            least = list;
    }
    return least;
}

static uint32_t run(struct filter *filter, uint32_t *ret_count, uint32_t **ret_indexes)
{
    struct address_book_list list = candidates(filter, &filter->root);
    struct nspi_call call = *filter->call;
    uint32_t kept_max = filter->count_max < list.count ? filter->count_max : list.count;
    uint32_t *indexes = arena_array(filter->call->arena, uint32_t, kept_max + 1), count = 0;
    call.arena = &filter->scratch;
    for (uint32_t i = 0; indexes && i < list.count && count < kept_max; i++) {
        if (node_matches(filter, &call, &filter->root, list.indexes[i]))
            indexes[count++] = list.indexes[i];
        arena_reset(&filter->scratch);
    }
    if (!indexes)
        return EC_NOT_ENOUGH_MEMORY;
    *ret_count = count;
    *ret_indexes = indexes;
    return EC_SUCCESS;
}

uint32_t nspi_table_match(struct nspi_call *call, const struct nspi_view *view, const struct nspi_table *table,
                          const struct restriction *restriction, uint32_t count_max, uint32_t *ret_count,
                          uint32_t **ret_indexes)
{
    struct filter filter = {.call = call, .view = *view, .table = *table, .count_max = count_max + (count_max < UINT32_MAX)};
    filter.collation = address_book_collation(call->book, table->sort, table->lcid);
    uint32_t error = filter.collation ? make_node(&filter, restriction, &filter.root) : EC_NOT_ENOUGH_MEMORY;
    if (error == EC_SUCCESS)
        error = run(&filter, ret_count, ret_indexes);
    close_searches(&filter.root);
    arena_free(&filter.scratch);
    return error;
}
