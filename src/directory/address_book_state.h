/* What an address book consists of, for the files that make it (address_book*.c); everybody else reads address_book.h.
 *
 * Entries are counted one by one, so that a book and the one made after it share those that did not change. Everything else
 * belongs to its book. Parts that not every book needs (sorted orders, lists of dynamic groups, members of address lists) are
 * made when first asked for, under a lock, and published by an atomic pointer; after that they never change. */
#pragma once
#include <pthread.h>
#include <stdatomic.h>

#include "directory/address_book.h"
#include "directory/text_collation.h"

/* One entry with all it points to, in one piece of memory. */
struct kept_entry {
    atomic_uint references;
    struct directory_entry entry;
};
/* A copy with one reference; NULL without memory. */
struct kept_entry *kept_entry_new(const struct directory_entry *entry);
bool kept_entry_equal(const struct directory_entry *a, const struct directory_entry *b);
void kept_entry_release(struct kept_entry *kept);

/* An open hash table from something that entries have to their indexes. Whether the entry really has it is the finder's
 * question. */
struct entry_index {
    uint32_t mask;
    uint32_t *slots; /* ADDRESS_BOOK_NONE: free */
};
bool entry_index_open(struct entry_index *index, uint32_t count);
void entry_index_close(struct entry_index *index);
void entry_index_add(struct entry_index *index, uint32_t hash, uint32_t entry);
uint32_t hash_number(uint32_t number);
uint32_t hash_text(const char *text); /* ASCII case ignored */

/* Lists of indexes, one for each entry, in one array. */
struct index_lists {
    uint32_t *starts; /* count + 1 */
    uint32_t *indexes;
};

/* All entries, hidden ones too, in the order of a collation. */
struct container_order {
    uint32_t count;
    uint32_t indexes[];
};
struct sorted_order {
    struct sorted_order *next;
    enum address_book_sort sort;
    char name[TEXT_COLLATION_NAME_SIZE];
    struct text_collation *collation;
    uint32_t *order;       /* indexes by rank */
    uint32_t *ranks;       /* ranks by index */
    uint32_t *key_starts;  /* count + 1, by rank */
    uint8_t *keys;
    atomic_bool used;      /* since the book was made: the next book gets it too */
    struct container_order *_Atomic *containers; /* by position; NULL: not made */
};
#define SORTED_ORDERS_MAX 24u /* some 45 bytes an entry each */
#define LOCALES_REMEMBERED 64u

/* A word that a name may begin with, by its key for matching. */
struct resolution_word {
    uint64_t prefix; /* the first eight bytes of the key, big-endian */
    uint32_t start;  /* in keys: a byte that is the size, then the key */
    uint32_t entry;
};
struct resolution_index {
    struct text_collation *collation;
    uint32_t count;
    struct resolution_word *words; /* sorted by key, then entry */
    uint8_t *keys;
    struct index_lists positions;  /* of an entry's words in 'words' */
};

struct lazy_list {
    uint32_t count;
    uint32_t indexes[];
};

struct book_container {
    struct address_book_container shown;
    const char *rule;
    uint8_t *_Atomic members; /* a bit for each entry; NULL: not made */
};

struct address_book {
    atomic_uint references;
    uint64_t version;
    struct arena arena; /* organisation and containers */
    struct directory_organization organization;
    uint32_t count;
    struct kept_entry **entries;
    struct entry_index numbers, dns, addresses, accounts;
    struct index_lists members, groups, reports;
    uint32_t container_count;
    struct book_container *containers;
    struct resolution_index resolution;

    pthread_mutex_t making; /* of what follows */
    struct lazy_list *_Atomic *dynamic_members; /* by index */
    struct sorted_order *_Atomic orders;
    atomic_uint order_count;
    atomic_uint locale_count;
    struct remembered_locale {
        uint32_t lcid;
        enum address_book_sort sort;
        struct sorted_order *_Atomic order;
    } locales[LOCALES_REMEMBERED];
};

/* Which entries of a book stand unchanged in the one before it, and the other way round; ADDRESS_BOOK_NONE for none. */
struct book_change {
    const struct address_book *previous;
    uint32_t *old_of_new;
    uint32_t *new_of_old;
};

static inline const struct directory_entry *book_entry(const struct address_book *book, uint32_t index)
{
    return &book->entries[index]->entry;
}

/* Reads the directory. NULL where it cannot be read or there is no memory. 'previous' may be NULL. */
struct address_book *address_book_make(struct directory *directory, uint64_t version, struct address_book *previous);

/* address_book_order.c */
struct sorted_order *sorted_order_find(struct address_book *book, enum address_book_sort sort, uint32_t lcid);
bool sorted_orders_make_again(struct address_book *book, const struct book_change *change);
void sorted_order_free(struct sorted_order *order, uint32_t container_count);
const struct container_order *container_order_of(struct address_book *book, struct sorted_order *order, uint32_t container);

/* address_book_group.c */
bool group_lists_make(struct address_book *book, const struct sorted_order *order);
bool container_has(struct address_book *book, uint32_t container, uint32_t index);

/* address_book_resolve.c */
bool resolution_index_make(struct address_book *book, const struct book_change *change);
void resolution_index_close(struct resolution_index *resolution);
