/* Contents of a folder, row by row (MS-OXCTABL). The table keeps its place when the session context is lost. */
#pragma once
#include <mapihttp/property.h>

#ifdef __cplusplus
extern "C" {
#endif

struct mapihttp_session;
struct mapihttp_table;

struct mapihttp_sort {
    uint32_t tag;
    bool descending;
};

/* One condition; a list of them must hold together. */
struct mapihttp_condition {
    enum {
        MAPIHTTP_LESS, MAPIHTTP_LESS_OR_EQUAL, MAPIHTTP_GREATER, MAPIHTTP_GREATER_OR_EQUAL, MAPIHTTP_EQUAL,
        MAPIHTTP_NOT_EQUAL,
        MAPIHTTP_CONTAINS,    /* a string, in any case */
        MAPIHTTP_STARTS_WITH, /* the same */
        MAPIHTTP_EXISTS,      /* only value.tag counts */
        MAPIHTTP_BITS_SET,    /* any bit of integer32 */
        MAPIHTTP_BITS_CLEAR,
    } relation;
    struct mapihttp_property value; /* its tag names the property */
};

struct mapihttp_query {
    const uint32_t *columns; /* the tags that each row gives; the row's message id is always there */
    size_t column_count;
    const struct mapihttp_sort *sorts;
    size_t sort_count;
    const struct mapihttp_condition *conditions;
    size_t condition_count;
    bool associated; /* the folder's hidden messages instead of its mail */
};

struct mapihttp_row {
    uint64_t message_id;
    size_t property_count; /* one for each column; those missing are MAPIHTTP_TYPE_ERROR */
    const struct mapihttp_property *properties;
};

MAPIHTTP_PUBLIC MAPIHTTP_MUST_USE enum mapihttp_status mapihttp_table_open(struct mapihttp_session *session,
    uint64_t folder_id, const struct mapihttp_query *query, struct mapihttp_table **ret_table,
    struct mapihttp_error *ret_error);
/* Rows that the table has in all, when it was opened. */
MAPIHTTP_PUBLIC uint32_t mapihttp_table_row_count(const struct mapihttp_table *table);
/* The next row, or NULL in *ret_row after the last. It is valid until the next call. */
MAPIHTTP_PUBLIC MAPIHTTP_MUST_USE enum mapihttp_status mapihttp_table_next(struct mapihttp_table *table,
    const struct mapihttp_row **ret_row, struct mapihttp_error *ret_error);
MAPIHTTP_PUBLIC void mapihttp_table_close(struct mapihttp_table *table);

#ifdef __cplusplus
}
#endif
