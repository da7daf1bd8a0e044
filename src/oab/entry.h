/* What the offline address book says about an entry: which properties Exchange 2016 puts into it (MS-OXOAB 2.9.2.2 and the
 * attributes configured there by default), and an entry's values for them. Any thread, but it may ask the directory, which may
 * block. */
#pragma once
#include "directory/address_book.h"
#include "oab/details.h"

/* Values larger than these are left out, and their tags listed in PidTagOfflineAddressBookTruncatedProperties, so that the
 * client asks the server for them (Exchange's defaults; bytes). */
#define OAB_TEXT_SIZE_MAX 3400u
#define OAB_TEXTS_SIZE_MAX 65536u
#define OAB_BINARY_SIZE_MAX 32768u
#define OAB_BINARIES_SIZE_MAX 65536u

struct oab_source {
    struct address_book *book;
    struct directory *directory; /* for what is not in the book: photos and certificates */
    bool photos;                 /* in the file; else only said to be there */
    bool certificates;
    bool members;                /* of static groups, and the groups an entry is a member of; as DNs */
};

extern const struct oab_property oab_entry_properties[];
extern const uint32_t oab_entry_property_count;

/* Whether the entry stands in the offline address book: it is not hidden and has an address. */
bool oab_entry_included(const struct directory_entry *entry);
/* Its finished record; 'index' is that in the book. Memory of 'arena' is used besides. Empty without memory, or where the
 * directory cannot be asked. */
struct bytes oab_entry_record(struct arena *arena, const struct oab_source *source, uint32_t index, struct oab_record *record);
