/* The address book in memory: all entries of a directory at one moment, found by number, name and DN, and in the orders that
 * clients page through. The address book endpoint, the offline address book and Autodiscover read it; nobody asks the
 * directory entry by entry.
 *
 * A book never changes once it is made; a cache makes the next one when directory_version has moved. Books are counted:
 * what you acquire you release, and everything a book gives lives as long as it. Any thread; making one may block (blocking
 * pool or worker, never a loop). docs/address-book.md. */
#pragma once
#include "directory/directory.h"

struct address_book;
struct address_book_cache;

#define ADDRESS_BOOK_NONE UINT32_MAX
#define ADDRESS_BOOK_ENTRIES_MAX 1000000u

/* The directory must outlive the cache. NULL without memory. */
struct address_book_cache *address_book_cache_new(struct directory *directory);
void address_book_cache_free(struct address_book_cache *cache);
/* The current book: made at once where it is missing or small; a large one that is out of date is served as it is while the
 * next is made by the caller that found it so, and for some seconds after that. NULL where the directory cannot be read and
 * never could. */
struct address_book *address_book_acquire(struct address_book_cache *cache);
void address_book_release(struct address_book *book);
/* The directory_version it shows. */
uint64_t address_book_version(const struct address_book *book);
const struct directory_organization *address_book_organization(const struct address_book *book);

/* Entries by index, 0 to count-1, in order of their ids. */
uint32_t address_book_count(const struct address_book *book);
const struct directory_entry *address_book_entry(const struct address_book *book, uint32_t index);
/* Indexes; ADDRESS_BOOK_NONE for nobody. DNs (also old ones) and addresses without regard to case. */
uint32_t address_book_find_number(const struct address_book *book, uint32_t number);
uint32_t address_book_find_id(const struct address_book *book, struct guid id);
uint32_t address_book_find_dn(const struct address_book *book, const char *legacy_dn);
uint32_t address_book_find_address(const struct address_book *book, const char *address);
uint32_t address_book_find_account(const struct address_book *book, const char *account);

struct address_book_list {
    uint32_t count;
    const uint32_t *indexes;
};
/* Members of a group, direct ones, of a dynamic one those its rule matches; and the groups (static ones) an entry is a direct
 * member of. In display-name order of the root collation. */
struct address_book_list address_book_members(const struct address_book *book, uint32_t index);
struct address_book_list address_book_groups_of(const struct address_book *book, uint32_t index);
/* Those whose 'manager' this entry is. */
struct address_book_list address_book_reports(const struct address_book *book, uint32_t index);

/* Containers: 0 is the global address list, then the address lists of the directory in its order. */
struct address_book_container {
    uint32_t number;  /* 0 for the global list; else from DIRECTORY_NUMBER_MIN, never an entry's */
    struct guid id;
    const char *name;
};
uint32_t address_book_container_count(const struct address_book *book);
const struct address_book_container *address_book_container(const struct address_book *book, uint32_t position);
/* The position of the container with this number; ADDRESS_BOOK_NONE for none. */
uint32_t address_book_find_container(const struct address_book *book, uint32_t number);
/* Whether an entry stands in a container; hidden ones stand in none. */
bool address_book_container_has(struct address_book *book, uint32_t container, uint32_t index);

enum address_book_sort { ADDRESS_BOOK_DISPLAY_NAME, ADDRESS_BOOK_PHONETIC_DISPLAY_NAME };
/* The entries of a container that are not hidden, sorted for a locale (Windows LCID; unknown ones sort as 0x409). Made at the
 * first request for it and kept with the book. Empty without memory. 'container' is a position. Without a phonetic name an
 * entry is sorted by its display name. */
struct address_book_list address_book_order(struct address_book *book, uint32_t container, enum address_book_sort sort,
                                            uint32_t lcid);
/* Where in that order an entry stands; ADDRESS_BOOK_NONE where it does not. */
uint32_t address_book_position(struct address_book *book, uint32_t container, enum address_book_sort sort, uint32_t lcid,
                               uint32_t index);
/* The position in that order of the first entry whose name is at or after 'text' (UTF-8); count at the end. */
uint32_t address_book_seek(struct address_book *book, uint32_t container, enum address_book_sort sort, uint32_t lcid,
                           const char *text);
/* The same in any list that is sorted so. */
uint32_t address_book_seek_in(struct address_book *book, struct address_book_list list, enum address_book_sort sort,
                              uint32_t lcid, const char *text);
/* Sorts any indexes, of hidden entries too, as that order would. False without memory, the indexes untouched. */
bool address_book_sort_indexes(struct address_book *book, enum address_book_sort sort, uint32_t lcid, uint32_t count,
                               uint32_t *indexes);
/* How the names in that order are compared; lives as long as the book. NULL without memory. */
struct text_collation;
const struct text_collation *address_book_collation(struct address_book *book, enum address_book_sort sort, uint32_t lcid);
/* Ambiguous name resolution in a container: indexes that match 'name' (UTF-8), best match only, in the locale's order. An
 * address, a DN or '=alias' finds the one that has it (in the global list a hidden one too); else those whose whole display
 * name it is; else those where every word of the name is the beginning of a word of display name, first or last name (also
 * phonetic), alias, office or of an address. Case, accents, width, kana and punctuation do not count, in any locale. Writes
 * at most count_max; returns how many there are, at most count_max: of more, which ones is left open. */
uint32_t address_book_resolve(struct address_book *book, uint32_t container, uint32_t lcid, const char *name,
                              uint32_t count_max, uint32_t *ret_indexes);
