#include "directory/address_book.h"

#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "directory/address_book_state.h"

#define PAGE_COUNT 1000u
#define PAGE_SIZE_MAX (256u << 20) /* what one page of a backend may take */
/* Where the numbers of address lists come from; entries are numbered from DIRECTORY_NUMBER_MIN upwards. */
#define CONTAINER_NUMBER_BASE 0x40000000u
#define CONTAINER_NUMBER_MASK 0x3FFFFFFFu

/* The entry of the previous book with this id, where it has not changed. */
static uint32_t find_unchanged(const struct address_book *previous, const struct directory_entry *entry)
{
    uint32_t index = previous ? address_book_find_id(previous, entry->id) : ADDRESS_BOOK_NONE;
    return index != ADDRESS_BOOK_NONE && kept_entry_equal(entry, book_entry(previous, index)) ? index : ADDRESS_BOOK_NONE;
}

static bool keep_page(struct address_book *book, struct address_book *previous, uint32_t count,
                      const struct directory_entry *entries, uint32_t *capacity)
{
    for (uint32_t i = 0; i < count && book->count < ADDRESS_BOOK_ENTRIES_MAX; i++) {
        if (book->count == *capacity) {
            uint32_t more = *capacity ? *capacity * 2 : 256;
            struct kept_entry **grown = realloc(book->entries, more * sizeof(struct kept_entry *));
            if (!grown)
                return false;
            book->entries = grown;
            *capacity = more;
        }
        uint32_t old = find_unchanged(previous, &entries[i]);
        struct kept_entry *kept = NULL;
        if (old != ADDRESS_BOOK_NONE) {
            kept = previous->entries[old];
            atomic_fetch_add(&kept->references, 1);
        } else if (!(kept = kept_entry_new(&entries[i]))) {
            return false;
        }
        book->entries[book->count++] = kept;
    }
    return true;
}

static int compare_ids(const void *a, const void *b)
{
    return memcmp((*(struct kept_entry *const *)a)->entry.id.data, (*(struct kept_entry *const *)b)->entry.id.data,
                  sizeof(struct guid));
}

/* A backend gives its entries in order and once; one that does not is put right. */
static void put_in_order(struct address_book *book)
{
    bool ascending = true;
    for (uint32_t i = 1; i < book->count && ascending; i++)
        ascending = compare_ids(&book->entries[i - 1], &book->entries[i]) < 0;
    if (ascending)
        return;
    qsort(book->entries, book->count, sizeof(struct kept_entry *), compare_ids);
    uint32_t kept = 0;
    for (uint32_t i = 0; i < book->count; i++) {
        if (kept && compare_ids(&book->entries[kept - 1], &book->entries[i]) == 0)
            kept_entry_release(book->entries[i]);
        else
            book->entries[kept++] = book->entries[i];
    }
    book->count = kept;
}

static bool read_entries(struct address_book *book, struct directory *directory, struct address_book *previous)
{
    struct arena page = {.size_max = PAGE_SIZE_MAX};
    struct guid after;
    uint32_t capacity = 0, count = 0;
    bool first = true, good = true;
    do {
        struct directory_entry *entries = NULL;
        arena_reset(&page);
        good = directory_entries(directory, &page, first ? NULL : &after, PAGE_COUNT, &count, &entries) == DIRECTORY_OK &&
               keep_page(book, previous, count, entries, &capacity);
        if (good && count)
            after = entries[count - 1].id;
        first = false;
    } while (good && count && book->count < ADDRESS_BOOK_ENTRIES_MAX);
    arena_free(&page);
    if (good)
        put_in_order(book);
    return good;
}

static bool read_organization(struct address_book *book, struct directory *directory)
{
    struct directory_address_list *lists = NULL;
    uint32_t count = 0;
    if (directory_organization(directory, &book->arena, &book->organization) != DIRECTORY_OK)
        return false;
    enum directory_status status = directory_address_lists(directory, &book->arena, &count, &lists);
    if (status != DIRECTORY_OK && status != DIRECTORY_NOT_FOUND)
        return false;
    count = status == DIRECTORY_OK ? count : 0;
    book->containers = arena_array(&book->arena, struct book_container, count + 1);
    if (!book->containers)
        return false;
    book->containers[0].shown.name = "Global Address List";
    book->container_count = count + 1;
    for (uint32_t i = 0; i < count; i++) {
        book->containers[i + 1].shown.id = lists[i].id;
        book->containers[i + 1].shown.name = lists[i].name;
        book->containers[i + 1].rule = lists[i].rule;
    }
    return true;
}

static bool number_taken(const struct address_book *book, uint32_t number, uint32_t before)
{
    for (uint32_t i = 0; i < before; i++)
        if (book->containers[i].shown.number == number)
            return true;
    return address_book_find_number(book, number) != ADDRESS_BOOK_NONE;
}

/* Made of the list's id, so that it is the same in every book and after a restart. */
static void number_containers(struct address_book *book)
{
    for (uint32_t i = 1; i < book->container_count; i++) {
        uint32_t number = load_u32(book->containers[i].shown.id.data) ^ load_u32(book->containers[i].shown.id.data + 12);
        do
            number = CONTAINER_NUMBER_BASE | (number & CONTAINER_NUMBER_MASK);
        while (number_taken(book, number, i) && ++number);
        book->containers[i].shown.number = number;
    }
}

static bool make_indexes(struct address_book *book)
{
    uint32_t dns = 0, addresses = 0;
    for (uint32_t i = 0; i < book->count; i++) {
        dns += 1 + book_entry(book, i)->old_legacy_dn_count;
        addresses += 1 + book_entry(book, i)->address_count;
    }
    if (!entry_index_open(&book->numbers, book->count) || !entry_index_open(&book->accounts, book->count) ||
        !entry_index_open(&book->dns, dns) || !entry_index_open(&book->addresses, addresses))
        return false;
    for (uint32_t i = 0; i < book->count; i++) {
        const struct directory_entry *entry = book_entry(book, i);
        entry_index_add(&book->numbers, hash_number(entry->number), i);
        entry_index_add(&book->accounts, hash_text(entry->account), i);
        entry_index_add(&book->dns, hash_text(entry->legacy_dn), i);
        for (uint32_t j = 0; j < entry->old_legacy_dn_count; j++)
            entry_index_add(&book->dns, hash_text(entry->old_legacy_dns[j]), i);
        if (*entry->address)
            entry_index_add(&book->addresses, hash_text(entry->address), i);
        for (uint32_t j = 0; j < entry->address_count; j++)
            if (strcmp(entry->addresses[j], entry->address) != 0)
                entry_index_add(&book->addresses, hash_text(entry->addresses[j]), i);
    }
    return true;
}

/* What of the previous book need not be made again. */
static bool compare_books(const struct address_book *book, const struct address_book *previous, struct book_change *change)
{
    *change = (struct book_change){.previous = previous, .old_of_new = malloc((book->count + 1) * sizeof(uint32_t)),
                                   .new_of_old = malloc((previous->count + 1) * sizeof(uint32_t))};
    if (!change->old_of_new || !change->new_of_old)
        return false;
    for (uint32_t i = 0; i < previous->count; i++)
        change->new_of_old[i] = ADDRESS_BOOK_NONE;
    for (uint32_t i = 0, j = 0; i < book->count; i++) {
        while (j < previous->count && compare_ids(&previous->entries[j], &book->entries[i]) < 0)
            j++;
        bool same = j < previous->count && previous->entries[j] == book->entries[i];
        change->old_of_new[i] = same ? j : ADDRESS_BOOK_NONE;
        if (same)
            change->new_of_old[j] = i;
    }
    return true;
}

static bool make_parts(struct address_book *book, struct address_book *previous)
{
    struct book_change change = {0};
    bool good = !previous || compare_books(book, previous, &change);
    const struct book_change *known = previous ? &change : NULL;
    good = good && make_indexes(book) && sorted_orders_make_again(book, known) && resolution_index_make(book, known);
    free(change.old_of_new);
    free(change.new_of_old);
    if (!good)
        return false;
    number_containers(book);
    struct sorted_order *order = sorted_order_find(book, ADDRESS_BOOK_DISPLAY_NAME, TEXT_COLLATION_DEFAULT_LCID);
    return order && group_lists_make(book, order) && container_order_of(book, order, 0);
}

struct address_book *address_book_make(struct directory *directory, uint64_t version, struct address_book *previous)
{
    struct address_book *book = calloc(1, sizeof *book);
    if (!book)
        return NULL;
    atomic_init(&book->references, 1);
    pthread_mutex_init(&book->making, NULL);
    book->version = version;
    bool good = read_organization(book, directory) && read_entries(book, directory, previous);
    if (good)
        book->dynamic_members = calloc(book->count + 1, sizeof *book->dynamic_members);
    if (good && book->dynamic_members && make_parts(book, previous))
        return book;
    address_book_release(book);
    return NULL;
}

static void free_lists(struct index_lists *lists)
{
    free(lists->starts);
    free(lists->indexes);
}

void address_book_release(struct address_book *book)
{
    if (!book || atomic_fetch_sub(&book->references, 1) != 1)
        return;
    for (struct sorted_order *order = book->orders, *next; order; order = next) {
        next = order->next;
        sorted_order_free(order, book->container_count);
    }
    for (uint32_t i = 0; i < book->container_count; i++)
        free(book->containers[i].members);
    for (uint32_t i = 0; i < book->count; i++) {
        if (book->dynamic_members)
            free(book->dynamic_members[i]);
        kept_entry_release(book->entries[i]);
    }
    free(book->dynamic_members);
    free(book->entries);
    resolution_index_close(&book->resolution);
    free_lists(&book->members);
    free_lists(&book->groups);
    free_lists(&book->reports);
    entry_index_close(&book->numbers);
    entry_index_close(&book->dns);
    entry_index_close(&book->addresses);
    entry_index_close(&book->accounts);
    arena_free(&book->arena);
    pthread_mutex_destroy(&book->making);
    free(book);
}

uint64_t address_book_version(const struct address_book *book)
{
    return book->version;
}

const struct directory_organization *address_book_organization(const struct address_book *book)
{
    return &book->organization;
}

uint32_t address_book_count(const struct address_book *book)
{
    return book->count;
}

const struct directory_entry *address_book_entry(const struct address_book *book, uint32_t index)
{
    return book_entry(book, index);
}

uint32_t address_book_find_id(const struct address_book *book, struct guid id)
{
    uint32_t low = 0, high = book->count;
    while (low < high) {
        uint32_t middle = low + (high - low) / 2;
        int order = memcmp(book_entry(book, middle)->id.data, id.data, sizeof id.data);
        if (order == 0)
            return middle;
        if (order < 0)
            low = middle + 1;
        else
            high = middle;
    }
    return ADDRESS_BOOK_NONE;
}

uint32_t address_book_find_number(const struct address_book *book, uint32_t number)
{
    const struct entry_index *index = &book->numbers;
    for (uint32_t i = hash_number(number) & index->mask; index->slots[i] != ADDRESS_BOOK_NONE; i = (i + 1) & index->mask)
        if (book_entry(book, index->slots[i])->number == number)
            return index->slots[i];
    return ADDRESS_BOOK_NONE;
}

typedef bool has_text(const struct directory_entry *entry, const char *text);

static uint32_t find_text(const struct address_book *book, const struct entry_index *index, const char *text, has_text *has)
{
    for (uint32_t i = hash_text(text) & index->mask; index->slots[i] != ADDRESS_BOOK_NONE; i = (i + 1) & index->mask)
        if (has(book_entry(book, index->slots[i]), text))
            return index->slots[i];
    return ADDRESS_BOOK_NONE;
}

static bool any_equal(uint32_t count, const char *const *texts, const char *text)
{
    for (uint32_t i = 0; i < count; i++)
        if (text_equal_ignoring_case(texts[i], text))
            return true;
    return false;
}

static bool has_dn(const struct directory_entry *entry, const char *dn)
{
    return text_equal_ignoring_case(entry->legacy_dn, dn) || any_equal(entry->old_legacy_dn_count, entry->old_legacy_dns, dn);
}

static bool has_address(const struct directory_entry *entry, const char *address)
{
    return text_equal_ignoring_case(entry->address, address) || any_equal(entry->address_count, entry->addresses, address);
}

static bool has_account(const struct directory_entry *entry, const char *account)
{
    return text_equal_ignoring_case(entry->account, account);
}

uint32_t address_book_find_dn(const struct address_book *book, const char *legacy_dn)
{
    return find_text(book, &book->dns, legacy_dn, has_dn);
}

uint32_t address_book_find_address(const struct address_book *book, const char *address)
{
    return *address ? find_text(book, &book->addresses, address, has_address) : ADDRESS_BOOK_NONE;
}

uint32_t address_book_find_account(const struct address_book *book, const char *account)
{
    return find_text(book, &book->accounts, account, has_account);
}

uint32_t address_book_container_count(const struct address_book *book)
{
    return book->container_count;
}

const struct address_book_container *address_book_container(const struct address_book *book, uint32_t position)
{
    return &book->containers[position].shown;
}

uint32_t address_book_find_container(const struct address_book *book, uint32_t number)
{
    for (uint32_t i = 0; i < book->container_count; i++)
        if (book->containers[i].shown.number == number)
            return i;
    return ADDRESS_BOOK_NONE;
}
