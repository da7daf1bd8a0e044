/* The values of an entry's properties (MS-OXOABK 2.2, MS-OXNSPI 3.1.4.1.7): attributes of the directory and those computed
 * from it. Results are in call->arena or point into the book. Threads as in request.h. */
#pragma once
#include "nspi/request.h"

/* How a request wants its values. */
struct nspi_view {
    uint32_t code_page;  /* of PtypString8, from the STAT */
    bool ephemeral_ids;  /* PidTagEntryId as an ephemeral one, else permanent (fEphID) */
    bool skip_objects;   /* no PtypObject values (fSkipObjects) */
};
struct nspi_view nspi_view_of(const struct stat *stat, uint32_t flags);

/* The columns where a client names none (MS-OXNSPI R1627). */
#define NSPI_DEFAULT_COLUMN_COUNT 7u
extern const uint32_t nspi_default_columns[NSPI_DEFAULT_COLUMN_COUNT];

/* The value of one property of the entry with this index (address_book_entry), of the type that the tag asks for; the tag's
 * type PTYP_UNSPECIFIED stands for the native one. Where there is none, *ret_value is a PTYP_ERROR_CODE (NotFound, or
 * NotEnoughMemory) and the result false. Index ADDRESS_BOOK_NONE: an entry without properties. Large attributes (photos,
 * certificates) cost a look into the directory: not for sorting or restrictions. */
bool nspi_property_value(struct nspi_call *call, const struct nspi_view *view, uint32_t index, uint32_t tag,
                         struct property_value *ret_value);
/* A row: one value for each column, errors in their places. False without memory. *ret_all (may be NULL) tells whether every
 * column had a value. */
bool nspi_property_row(struct nspi_call *call, const struct nspi_view *view, uint32_t index, uint32_t column_count,
                       const uint32_t *columns, struct property_row *ret_row, bool *ret_all);

/* Every property the address book knows, with its native type (strings as PtypString); NULL without memory. */
const uint32_t *nspi_known_tags(struct arena *arena, uint32_t *ret_count);
/* The tag with the type that a client may ask for instead: strings as PtypString8. */
uint32_t nspi_tag_as_string8(uint32_t tag);
uint32_t nspi_tag_as_string(uint32_t tag); /* and the other way */

/* PidTagDisplayType of an entry (MS-OXNSPI 2.2.1.3): ADDRESS_BOOK_TYPE_... */
uint32_t nspi_display_type(const struct directory_entry *entry);
/* Text in the type that 'tag' asks for (PtypString, PtypString8), in *ret_value. False without memory or for another type. */
bool nspi_text_value(struct nspi_call *call, const struct nspi_view *view, uint32_t tag, const char *text,
                     struct property_value *ret_value);
/* Text of a value of type PtypString or PtypString8 (in the view's code page) as UTF-8; NULL for other types, absent values and
 * without memory. */
const char *nspi_value_text(struct nspi_call *call, const struct nspi_view *view, const struct property_value *value);
/* Entry ids of an entry: permanent by its DN, or ephemeral by its number. Data NULL without memory. */
struct bytes nspi_entry_id(struct nspi_call *call, const struct directory_entry *entry, bool ephemeral);
/* The entry that a permanent or ephemeral entry id means (display types in it are ignored, R410, R379); ADDRESS_BOOK_NONE for
 * nobody and for what is no such id, or an ephemeral one of another server. */
uint32_t nspi_entry_id_find(struct nspi_call *call, struct bytes entry_id);
/* Those who may send on behalf of an entry (PidTagAddressBookPublicDelegates), as indexes; asked of the directory, since the book
 * holds no rights. NULL without memory. */
uint32_t *nspi_delegates(struct nspi_call *call, uint32_t index, uint32_t *ret_count);
