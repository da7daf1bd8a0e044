#include <stdlib.h>
#include <string.h>

#include "directory/address_book_state.h"

/* One entry on its way into an order. */
struct sortable {
    uint64_t prefix; /* the first eight bytes of the key, big-endian */
    const uint8_t *key;
    uint32_t size;
    uint32_t index;
};

static uint64_t prefix_of(const uint8_t *key, size_t size)
{
    uint8_t bytes[8] = {0};
    memcpy(bytes, key, size < 8 ? size : 8);
    return __builtin_bswap64(load_u64(bytes));
}

static int compare_sortables(const void *a, const void *b)
{
    const struct sortable *one = a, *other = b;
    if (one->prefix != other->prefix)
        return one->prefix < other->prefix ? -1 : 1;
    int order = bytes_compare(bytes_of(one->key, one->size), bytes_of(other->key, other->size));
    return order ? order : one->index < other->index ? -1 : one->index > other->index;
}

/* What an entry is sorted by. Without a phonetic name it stands where its display name belongs. */
static struct bytes sorted_text(const struct directory_entry *entry, enum address_book_sort sort)
{
    if (sort == ADDRESS_BOOK_PHONETIC_DISPLAY_NAME) {
        const struct directory_value *value = directory_entry_value(entry, DIRECTORY_ATTRIBUTE_PHONETIC_DISPLAY_NAME);
        if (value && value->items[0].size)
            return value->items[0];
    }
    return bytes_of_string(entry->display_name);
}

/* Entries that the previous order does not have, or whose sort key may have changed; sorted. */
struct arrivals {
    uint32_t count;
    struct sortable *items;
    struct buffer keys;
};

static bool make_arrivals(const struct address_book *book, const struct sorted_order *order, const struct book_change *change,
                          struct arrivals *arrivals)
{
    arrivals->items = malloc((book->count + 1) * sizeof *arrivals->items);
    if (!arrivals->items)
        return false;
    for (uint32_t i = 0; i < book->count; i++) {
        if (change && change->old_of_new[i] != ADDRESS_BOOK_NONE)
            continue;
        size_t start = arrivals->keys.size;
        if (!text_collation_sort_key(order->collation, sorted_text(book_entry(book, i), order->sort), &arrivals->keys))
            return false;
        arrivals->items[arrivals->count++] = (struct sortable){.size = (uint32_t)(arrivals->keys.size - start), .index = i};
    }
    size_t start = 0;
    for (uint32_t i = 0; i < arrivals->count; i++) {
        struct sortable *item = &arrivals->items[i];
        item->key = arrivals->keys.data + start;
        item->prefix = prefix_of(item->key, item->size);
        start += item->size;
    }
    qsort(arrivals->items, arrivals->count, sizeof *arrivals->items, compare_sortables);
    return true;
}

/* The next entry of the previous order that is still there unchanged; false at its end. */
static bool next_kept(const struct sorted_order *old, const struct book_change *change, uint32_t *rank, struct sortable *ret_item)
{
    for (; old && *rank < change->previous->count; ++*rank) {
        uint32_t index = change->new_of_old[old->order[*rank]];
        if (index == ADDRESS_BOOK_NONE)
            continue;
        const uint8_t *key = old->keys + old->key_starts[*rank];
        uint32_t size = old->key_starts[*rank + 1] - old->key_starts[*rank];
        *ret_item = (struct sortable){prefix_of(key, size), key, size, index};
        return true;
    }
    return false;
}

static bool merge(const struct address_book *book, struct sorted_order *order, const struct sorted_order *old,
                  const struct book_change *change, const struct arrivals *arrivals)
{
    size_t old_size = old ? old->key_starts[change->previous->count] : 0;
    order->order = malloc((book->count + 1) * sizeof *order->order);
    order->ranks = malloc((book->count + 1) * sizeof *order->ranks);
    order->key_starts = malloc((book->count + 1) * sizeof *order->key_starts);
    order->keys = malloc(old_size + arrivals->keys.size + 1);
    if (!order->order || !order->ranks || !order->key_starts || !order->keys || old_size + arrivals->keys.size > UINT32_MAX)
        return false;
    uint32_t old_rank = 0, arrival = 0, size = 0;
    struct sortable kept;
    bool have_kept = next_kept(old, change, &old_rank, &kept);
    for (uint32_t rank = 0; rank < book->count; rank++) {
        bool take_kept = have_kept && (arrival == arrivals->count || compare_sortables(&kept, &arrivals->items[arrival]) < 0);
        const struct sortable item = take_kept ? kept : arrivals->items[arrival++];
        order->order[rank] = item.index;
        order->ranks[item.index] = rank;
        order->key_starts[rank] = size;
        memcpy(order->keys + size, item.key, item.size);
        size += item.size;
        if (take_kept) {
            old_rank++;
            have_kept = next_kept(old, change, &old_rank, &kept);
        }
    }
    order->key_starts[book->count] = size;
    return true;
}

void sorted_order_free(struct sorted_order *order, uint32_t container_count)
{
    if (!order)
        return;
    for (uint32_t i = 0; order->containers && i < container_count; i++)
        free(order->containers[i]);
    free(order->containers);
    text_collation_close(order->collation);
    free(order->order);
    free(order->ranks);
    free(order->key_starts);
    free(order->keys);
    free(order);
}

/* 'old': the same order of the previous book; NULL for none. */
static struct sorted_order *order_make(const struct address_book *book, enum address_book_sort sort, const char *name,
                                       const struct sorted_order *old, const struct book_change *change)
{
    struct sorted_order *order = calloc(1, sizeof *order);
    struct arrivals arrivals = {0};
    if (!order)
        return NULL;
    order->sort = sort;
    memcpy(order->name, name, sizeof order->name);
    order->collation = text_collation_open(name);
    order->containers = calloc(book->container_count, sizeof *order->containers);
    bool good = order->collation && order->containers && make_arrivals(book, order, old ? change : NULL, &arrivals) &&
                merge(book, order, old, change, &arrivals);
    free(arrivals.items);
    buffer_free(&arrivals.keys);
    if (good)
        return order;
    sorted_order_free(order, book->container_count);
    return NULL;
}

/* The making lock is held, or nobody else knows the book yet. */
static void publish(struct address_book *book, struct sorted_order *order)
{
    order->next = atomic_load(&book->orders);
    atomic_store(&book->orders, order);
    atomic_fetch_add(&book->order_count, 1);
}

bool sorted_orders_make_again(struct address_book *book, const struct book_change *change)
{
    if (!change)
        return true;
    for (const struct sorted_order *old = atomic_load(&change->previous->orders); old; old = old->next) {
        if (!atomic_load(&old->used))
            continue;
        struct sorted_order *order = order_make(book, old->sort, old->name, old, change);
        if (!order)
            return false;
        publish(book, order);
    }
    return true;
}

static struct sorted_order *find_named(const struct address_book *book, enum address_book_sort sort, const char *name)
{
    for (struct sorted_order *order = atomic_load(&book->orders); order; order = order->next)
        if (order->sort == sort && strcmp(order->name, name) == 0)
            return order;
    return NULL;
}

static struct sorted_order *find_remembered(struct address_book *book, enum address_book_sort sort, uint32_t lcid)
{
    uint32_t count = atomic_load(&book->locale_count);
    for (uint32_t i = 0; i < count; i++)
        if (book->locales[i].lcid == lcid && book->locales[i].sort == sort)
            return atomic_load(&book->locales[i].order);
    return NULL;
}

static struct sorted_order *find_or_make(struct address_book *book, enum address_book_sort sort, uint32_t lcid)
{
    char name[TEXT_COLLATION_NAME_SIZE];
    text_collation_name(lcid, name);
    struct sorted_order *order = find_named(book, sort, name);
    if (order)
        return order;
    if (atomic_load(&book->order_count) >= SORTED_ORDERS_MAX) { /* so many languages: the default one must do */
        text_collation_name(TEXT_COLLATION_DEFAULT_LCID, name);
        if ((order = find_named(book, sort, name)))
            return order;
    }
    order = order_make(book, sort, name, NULL, NULL);
    if (order)
        publish(book, order);
    return order;
}

struct sorted_order *sorted_order_find(struct address_book *book, enum address_book_sort sort, uint32_t lcid)
{
    struct sorted_order *order = find_remembered(book, sort, lcid);
    if (!order) {
        pthread_mutex_lock(&book->making);
        order = find_or_make(book, sort, lcid);
        uint32_t count = atomic_load(&book->locale_count);
        if (order && count < LOCALES_REMEMBERED && !find_remembered(book, sort, lcid)) {
            book->locales[count].lcid = lcid;
            book->locales[count].sort = sort;
            atomic_store(&book->locales[count].order, order);
            atomic_store(&book->locale_count, count + 1);
        }
        pthread_mutex_unlock(&book->making);
    }
    if (order && !atomic_load_explicit(&order->used, memory_order_relaxed))
        atomic_store(&order->used, true);
    return order;
}

static struct container_order *container_order_make(struct address_book *book, const struct sorted_order *order,
                                                    uint32_t container)
{
    uint32_t count = 0;
    for (uint32_t i = 0; i < book->count; i++)
        count += container_has(book, container, i);
    struct container_order *made = malloc(sizeof *made + count * sizeof *made->indexes);
    if (!made)
        return NULL;
    made->count = 0;
    for (uint32_t rank = 0; rank < book->count && made->count < count; rank++)
        if (container_has(book, container, order->order[rank]))
            made->indexes[made->count++] = order->order[rank];
    return made;
}

const struct container_order *container_order_of(struct address_book *book, struct sorted_order *order, uint32_t container)
{
    struct container_order *known = atomic_load(&order->containers[container]);
    if (known)
        return known;
    struct container_order *made = container_order_make(book, order, container);
    if (made && !atomic_compare_exchange_strong(&order->containers[container], &known, made)) {
        free(made); /* another thread was faster */
        return known;
    }
    return made;
}

struct address_book_list address_book_order(struct address_book *book, uint32_t container, enum address_book_sort sort,
                                            uint32_t lcid)
{
    struct sorted_order *order = sorted_order_find(book, sort, lcid);
    const struct container_order *list = order ? container_order_of(book, order, container) : NULL;
    return list ? (struct address_book_list){list->count, list->indexes} : (struct address_book_list){0};
}

/* The first position in the list whose key is at or after 'key'. */
static uint32_t lower_bound(const struct sorted_order *order, uint32_t count, const uint32_t *indexes, struct bytes key)
{
    uint32_t low = 0, high = count;
    while (low < high) {
        uint32_t middle = low + (high - low) / 2, rank = order->ranks[indexes[middle]];
        struct bytes other = bytes_of(order->keys + order->key_starts[rank], order->key_starts[rank + 1] - order->key_starts[rank]);
        if (bytes_compare(other, key) < 0)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

uint32_t address_book_seek_in(struct address_book *book, struct address_book_list list, enum address_book_sort sort,
                              uint32_t lcid, const char *text)
{
    struct sorted_order *order = sorted_order_find(book, sort, lcid);
    struct buffer key = {0};
    uint32_t position = list.count;
    if (order && text_collation_match_key(order->collation, bytes_of_string(text), &key))
        position = lower_bound(order, list.count, list.indexes, buffer_bytes(&key));
    buffer_free(&key);
    return position;
}

uint32_t address_book_seek(struct address_book *book, uint32_t container, enum address_book_sort sort, uint32_t lcid,
                           const char *text)
{
    return address_book_seek_in(book, address_book_order(book, container, sort, lcid), sort, lcid, text);
}

uint32_t address_book_position(struct address_book *book, uint32_t container, enum address_book_sort sort, uint32_t lcid,
                               uint32_t index)
{
    struct sorted_order *order = sorted_order_find(book, sort, lcid);
    const struct container_order *list = order ? container_order_of(book, order, container) : NULL;
    if (!list)
        return ADDRESS_BOOK_NONE;
    uint32_t low = 0, high = list->count, rank = order->ranks[index];
    while (low < high) {
        uint32_t middle = low + (high - low) / 2;
        if (order->ranks[list->indexes[middle]] < rank)
            low = middle + 1;
        else
            high = middle;
    }
    return low < list->count && list->indexes[low] == index ? low : ADDRESS_BOOK_NONE;
}

static int compare_ranks(const void *a, const void *b, void *ranks)
{
    uint32_t one = ((const uint32_t *)ranks)[*(const uint32_t *)a], other = ((const uint32_t *)ranks)[*(const uint32_t *)b];
    return one < other ? -1 : one > other;
}

bool address_book_sort_indexes(struct address_book *book, enum address_book_sort sort, uint32_t lcid, uint32_t count,
                               uint32_t *indexes)
{
    struct sorted_order *order = sorted_order_find(book, sort, lcid);
    if (order && count)
        qsort_r(indexes, count, sizeof *indexes, compare_ranks, order->ranks);
    return order != NULL;
}

const struct text_collation *address_book_collation(struct address_book *book, enum address_book_sort sort, uint32_t lcid)
{
    struct sorted_order *order = sorted_order_find(book, sort, lcid);
    return order ? order->collation : NULL;
}
