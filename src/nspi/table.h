/* The tables that clients page through, and positions in them (MS-OXNSPI 3.1.4.4, 3.1.4.5): what the table requests share.
 * Threads and memory as in request.h. */
#pragma once
#include "nspi/property.h"

/* Sort orders (MS-OXNSPI 2.2.1.10). The last two are for tables over the values of a property; they sort by display name. */
#define NSPI_SORT_DISPLAY_NAME 0x00000000u
#define NSPI_SORT_PHONETIC_DISPLAY_NAME 0x00000003u
#define NSPI_SORT_DISPLAY_NAME_READ_ONLY 0x000003E8u
#define NSPI_SORT_DISPLAY_NAME_WRITABLE 0x000003E9u

/* An answer has no more values in its rows than this (but always one row), and no more rows. */
#define NSPI_VALUES_MAX 100000u
#define NSPI_ROWS_MAX 5000u

struct nspi_table {
    uint32_t container; /* position */
    enum address_book_sort sort;
    uint32_t lcid;
    struct address_book_list list;
};
/* The table that a STAT names: InvalidBookmark for an unknown container, GeneralFailure for an unknown sort order. */
uint32_t nspi_table_open(struct nspi_call *call, const struct stat *stat, struct nspi_table *ret_table);
/* By what tables of a sort type are sorted; false for an unknown one. */
bool nspi_sort_of(uint32_t sort_type, enum address_book_sort *ret_sort);

/* The rows before and after the movement by Delta (MS-OXNSPI 3.1.4.5.1); rows go to list.count, the end of the table.
 * NotFound where CurrentRec is in the table no more, or MID_CURRENT where 'fractional' does not allow it (2.2.1.8). */
uint32_t nspi_table_locate(struct nspi_call *call, const struct nspi_table *table, const struct stat *stat, bool fractional,
                           uint32_t *ret_initial, uint32_t *ret_final);
/* What a STAT says about a position: CurrentRec, NumPos, TotalRecs; Delta becomes 0. */
void nspi_table_report(const struct nspi_call *call, const struct nspi_table *table, uint32_t row, struct stat *stat);

/* Whether 8-bit text can be given in the STAT's code page, else InvalidCodepage. CP_WINUNICODE passes: it is no 8-bit code
 * page, and 8-bit strings then have no values. */
uint32_t nspi_check_code_page(const struct stat *stat);

/* Rows as GetProps would give them, in the order of the indexes; ADDRESS_BOOK_NONE among them gives a row of errors. */
struct nspi_rows {
    uint32_t column_count;
    const uint32_t *columns;
    uint32_t row_count;
    struct property_row *rows;
};
/* Columns as the client asked for them, the default ones where it did not; TableTooBig for too many. */
uint32_t nspi_rows_columns(bool has_columns, uint32_t column_count, const uint32_t *columns, struct nspi_rows *ret_rows);
/* Makes at most as many rows as an answer may have: rows->row_count says how many. */
uint32_t nspi_rows_make(struct nspi_call *call, const struct stat *stat, uint32_t flags, uint32_t count,
                        const uint32_t *indexes, struct nspi_rows *rows);
/* Indexes of Minimal Entry IDs, ADDRESS_BOOK_NONE for those of nobody; and back. NULL without memory. */
uint32_t *nspi_indexes_of(struct nspi_call *call, uint32_t count, const uint32_t *minimal_ids);
uint32_t *nspi_minimal_ids_of(struct nspi_call *call, uint32_t count, const uint32_t *indexes);

/* The rows of the table for which a restriction is true, in its order, in the arena: at most count_max + 1, so that too many
 * can be told. TooComplex for restrictions that the address book does not evaluate. */
uint32_t nspi_table_match(struct nspi_call *call, const struct nspi_view *view, const struct nspi_table *table,
                          const struct restriction *restriction, uint32_t count_max, uint32_t *ret_count,
                          uint32_t **ret_indexes);
