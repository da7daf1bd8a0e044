#include <stdlib.h>
#include <string.h>

#include "directory/address_book_state.h"
#include "directory/rule.h"

#define GROUPS_SEEN_MAX 256u /* by a rule's memberOf, of one entry */

static bool lists_open(struct index_lists *lists, uint32_t count, uint64_t total)
{
    if (total > UINT32_MAX / 2)
        return false;
    lists->starts = calloc((size_t)count + 2, sizeof *lists->starts);
    lists->indexes = malloc((total + 1) * sizeof *lists->indexes);
    return lists->starts && lists->indexes;
}

/* Counts stand at starts[i + 2]; afterwards starts[i + 1] is where the next one of list i goes, and in the end its end. */
static void lists_begin(struct index_lists *lists, uint32_t count)
{
    for (uint32_t i = 0; i < count; i++)
        lists->starts[i + 2] += lists->starts[i + 1];
}

static void lists_add(struct index_lists *lists, uint32_t list, uint32_t index)
{
    lists->indexes[lists->starts[list + 1]++] = index;
}

static struct address_book_list list_of(const struct index_lists *lists, uint32_t index)
{
    return (struct address_book_list){lists->starts[index + 1] - lists->starts[index], lists->indexes + lists->starts[index]};
}

static uint32_t manager_of(const struct address_book *book, uint32_t index)
{
    const struct directory_value *value = directory_entry_value(book_entry(book, index), DIRECTORY_ATTRIBUTE_MANAGER);
    struct guid id;
    if (!value || value->items[0].size != sizeof id)
        return ADDRESS_BOOK_NONE;
    memcpy(&id, value->items[0].data, sizeof id);
    return address_book_find_id(book, id);
}

/* Walking through an order makes each list come out in that order. */
static bool reports_make(struct address_book *book, const struct sorted_order *order)
{
    uint32_t *managers = malloc((book->count + 1) * sizeof *managers), total = 0;
    if (!managers)
        return false;
    for (uint32_t i = 0; i < book->count; i++)
        total += (managers[i] = manager_of(book, i)) != ADDRESS_BOOK_NONE;
    bool good = lists_open(&book->reports, book->count, total);
    for (uint32_t i = 0; good && i < book->count; i++)
        if (managers[i] != ADDRESS_BOOK_NONE)
            book->reports.starts[managers[i] + 2]++;
    if (good)
        lists_begin(&book->reports, book->count);
    for (uint32_t rank = 0; good && rank < book->count; rank++)
        if (managers[order->order[rank]] != ADDRESS_BOOK_NONE)
            lists_add(&book->reports, managers[order->order[rank]], order->order[rank]);
    free(managers);
    return good;
}

/* Who the members of all groups are, group after group in order; ADDRESS_BOOK_NONE for ids of nobody and for members that the
 * group has named before. Counts the groups of each. */
static bool find_members(struct address_book *book, const struct sorted_order *order, uint32_t *found)
{
    uint32_t *last_group = malloc((book->count + 1) * sizeof *last_group);
    size_t next = 0;
    if (!last_group)
        return false;
    for (uint32_t i = 0; i < book->count; i++)
        last_group[i] = ADDRESS_BOOK_NONE;
    for (uint32_t rank = 0; rank < book->count; rank++) {
        const struct directory_entry *group = book_entry(book, order->order[rank]);
        for (uint32_t j = 0; j < group->member_count; j++) {
            uint32_t member = address_book_find_id(book, group->members[j]);
            if (member != ADDRESS_BOOK_NONE && last_group[member] == rank)
                member = ADDRESS_BOOK_NONE;
            found[next++] = member;
            if (member == ADDRESS_BOOK_NONE)
                continue;
            last_group[member] = rank;
            book->groups.starts[member + 2]++;
        }
    }
    free(last_group);
    return true;
}

static bool groups_make(struct address_book *book, const struct sorted_order *order)
{
    uint64_t total = 0;
    for (uint32_t i = 0; i < book->count; i++)
        total += book_entry(book, i)->member_count;
    uint32_t *found = malloc((total + 1) * sizeof *found);
    bool good = found && lists_open(&book->groups, book->count, total) && find_members(book, order, found);
    if (good)
        lists_begin(&book->groups, book->count);
    size_t next = 0;
    for (uint32_t rank = 0; good && rank < book->count; rank++) {
        uint32_t group = order->order[rank];
        for (uint32_t j = 0; j < book_entry(book, group)->member_count; j++, next++)
            if (found[next] != ADDRESS_BOOK_NONE)
                lists_add(&book->groups, found[next], group);
    }
    free(found);
    return good;
}

/* The members of each group: the same the other way round, entries in order. */
static bool members_make(struct address_book *book, const struct sorted_order *order)
{
    uint32_t total = book->groups.starts[book->count];
    if (!lists_open(&book->members, book->count, total))
        return false;
    for (uint32_t i = 0; i < total; i++)
        book->members.starts[book->groups.indexes[i] + 2]++;
    lists_begin(&book->members, book->count);
    for (uint32_t rank = 0; rank < book->count; rank++) {
        struct address_book_list groups = list_of(&book->groups, order->order[rank]);
        for (uint32_t j = 0; j < groups.count; j++)
            lists_add(&book->members, groups.indexes[j], order->order[rank]);
    }
    return true;
}

bool group_lists_make(struct address_book *book, const struct sorted_order *order)
{
    return reports_make(book, order) && groups_make(book, order) && members_make(book, order);
}

static bool rule_has(const struct address_book *book, const struct directory_rule *rule, uint32_t index)
{
    const char *names[GROUPS_SEEN_MAX];
    struct address_book_list groups = list_of(&book->groups, index);
    uint32_t count = groups.count < GROUPS_SEEN_MAX ? groups.count : GROUPS_SEEN_MAX;
    for (uint32_t i = 0; i < count; i++)
        names[i] = book_entry(book, groups.indexes[i])->account;
    return directory_rule_matches(rule, book_entry(book, index), count, names);
}

/* In the order of the default collation. A group never matches itself. */
static struct lazy_list *dynamic_list_make(struct address_book *book, uint32_t group)
{
    struct sorted_order *order = sorted_order_find(book, ADDRESS_BOOK_DISPLAY_NAME, TEXT_COLLATION_DEFAULT_LCID);
    const struct directory_rule *rule;
    struct arena arena = {0};
    uint32_t count = 0;
    uint32_t *indexes = malloc((book->count + 1) * sizeof *indexes);
    if (indexes && order && directory_rule_read(&arena, book_entry(book, group)->rule, &rule, NULL))
        for (uint32_t rank = 0; rank < book->count; rank++)
            if (order->order[rank] != group && rule_has(book, rule, order->order[rank]))
                indexes[count++] = order->order[rank];
    struct lazy_list *list = indexes && order ? malloc(sizeof *list + count * sizeof *list->indexes) : NULL;
    if (list) {
        list->count = count;
        memcpy(list->indexes, indexes, count * sizeof *indexes);
    }
    free(indexes);
    arena_free(&arena);
    return list;
}

struct address_book_list address_book_members(const struct address_book *shown, uint32_t index)
{
    struct address_book *book = (struct address_book *)(uintptr_t)shown; /* making a list changes nothing that is seen */
    if (book_entry(book, index)->kind != DIRECTORY_DYNAMIC_GROUP)
        return list_of(&book->members, index);
    struct lazy_list *known = atomic_load(&book->dynamic_members[index]);
    if (!known) {
        struct lazy_list *made = dynamic_list_make(book, index);
        if (made && !atomic_compare_exchange_strong(&book->dynamic_members[index], &known, made))
            free(made); /* another thread was faster */
        else
            known = made;
    }
    return known ? (struct address_book_list){known->count, known->indexes} : (struct address_book_list){0};
}

struct address_book_list address_book_groups_of(const struct address_book *book, uint32_t index)
{
    return list_of(&book->groups, index);
}

struct address_book_list address_book_reports(const struct address_book *book, uint32_t index)
{
    return list_of(&book->reports, index);
}

/* A bit for each entry that the list's rule matches. */
static uint8_t *container_members_make(struct address_book *book, const struct book_container *container)
{
    uint8_t *bits = calloc(book->count / 8 + 1, 1);
    const struct directory_rule *rule;
    struct arena arena = {0};
    if (bits && directory_rule_read(&arena, container->rule, &rule, NULL))
        for (uint32_t i = 0; i < book->count; i++)
            if (!book_entry(book, i)->hidden && rule_has(book, rule, i))
                bits[i / 8] |= (uint8_t)(1u << i % 8);
    arena_free(&arena);
    return bits;
}

bool container_has(struct address_book *book, uint32_t container, uint32_t index)
{
    if (container == 0)
        return !book_entry(book, index)->hidden;
    struct book_container *list = &book->containers[container];
    uint8_t *known = atomic_load(&list->members);
    if (!known) {
        uint8_t *made = container_members_make(book, list);
        if (made && !atomic_compare_exchange_strong(&list->members, &known, made))
            free(made);
        else
            known = made;
    }
    return known && (known[index / 8] >> index % 8 & 1);
}

bool address_book_container_has(struct address_book *book, uint32_t container, uint32_t index)
{
    return container_has(book, container, index);
}
