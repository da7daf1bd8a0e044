#include <stdlib.h>
#include <string.h>
#include <unicode/uchar.h>
#include <unicode/utf8.h>

#include "base/text.h"
#include "directory/address_book_state.h"

#define WORD_KEY_SIZE_MAX 64u   /* longer words are known by their beginning */
#define NAME_WORDS_MAX 16u      /* of what somebody typed */
#define NAME_SIZE_MAX 512u      /* bytes */

/* Attributes whose words a name may begin with, beside display name, alias and addresses. */
static const enum directory_attribute searched_attributes[] = {
    DIRECTORY_ATTRIBUTE_GIVEN_NAME,          DIRECTORY_ATTRIBUTE_SURNAME,
    DIRECTORY_ATTRIBUTE_OFFICE,              DIRECTORY_ATTRIBUTE_SIMPLE_DISPLAY_NAME,
    DIRECTORY_ATTRIBUTE_PHONETIC_GIVEN_NAME, DIRECTORY_ATTRIBUTE_PHONETIC_SURNAME,
    DIRECTORY_ATTRIBUTE_PHONETIC_DISPLAY_NAME,
};

/* Blanks, brackets, dashes and what separates names in a list. Dots and apostrophes stay inside a word: its key ignores them. */
static bool separates(UChar32 c)
{
    if (c < 0x80)
        return c <= ' ' || strchr(",;:()[]{}<>\"/|&-", (int)c) != NULL;
    return u_isUWhiteSpace(c) || u_charType(c) == U_DASH_PUNCTUATION || u_charType(c) == U_START_PUNCTUATION ||
           u_charType(c) == U_END_PUNCTUATION;
}

/* The next word of *text, which moves behind it; size 0 at the end. */
static struct bytes next_word(struct bytes *text)
{
    int32_t i = 0, size = text->size > INT32_MAX ? INT32_MAX : (int32_t)text->size, start = 0, end;
    UChar32 c;
    do {
        start = i;
        if (i == size)
            break;
        U8_NEXT_OR_FFFD(text->data, i, size, c);
    } while (separates(c));
    do {
        end = i;
        if (i == size)
            break;
        U8_NEXT_OR_FFFD(text->data, i, size, c);
    } while (!separates(c));
    struct bytes word = {text->data + start, (size_t)(end - start)};
    text->data += end;
    text->size -= (size_t)end;
    return word;
}

/* The words of entries on their way into the index. */
struct word_list {
    const struct text_collation *collation;
    struct buffer words; /* of struct resolution_word */
    struct buffer keys;
    uint32_t entry;
    uint32_t entry_start; /* number of the entry's first word */
};

static struct bytes word_key(const uint8_t *keys, const struct resolution_word *word)
{
    return bytes_of(keys + word->start + 1, keys[word->start]);
}

static uint64_t prefix_of(struct bytes key)
{
    uint8_t bytes[8] = {0};
    memcpy(bytes, key.data, key.size < 8 ? key.size : 8);
    return __builtin_bswap64(load_u64(bytes));
}

/* A word that the entry has already is not added again. */
static bool add_word(struct word_list *list, struct bytes text)
{
    size_t start = list->keys.size;
    if (!buffer_append_u8(&list->keys, 0) || !text_collation_match_key(list->collation, text, &list->keys))
        return false;
    size_t size = list->keys.size - start - 1;
    if (size > WORD_KEY_SIZE_MAX)
        size = WORD_KEY_SIZE_MAX;
    list->keys.size = start + 1 + size;
    list->keys.data[start] = (uint8_t)size;
    struct resolution_word word = {.start = (uint32_t)start, .entry = list->entry};
    word.prefix = prefix_of(word_key(list->keys.data, &word));
    const struct resolution_word *words = (const struct resolution_word *)list->words.data;
    bool known = size == 0;
    for (uint32_t i = list->entry_start; !known && i < list->words.size / sizeof word; i++)
        known = words[i].prefix == word.prefix &&
                bytes_equal(word_key(list->keys.data, &words[i]), word_key(list->keys.data, &word));
    if (!known)
        return start < UINT32_MAX && buffer_append(&list->words, &word, sizeof word);
    list->keys.size = start;
    return true;
}

static bool add_words(struct word_list *list, struct bytes text)
{
    for (struct bytes word = next_word(&text); word.size; word = next_word(&text))
        if (!add_word(list, word))
            return false;
    return true;
}

static bool add_entry(struct word_list *list, const struct directory_entry *entry, uint32_t index)
{
    list->entry = index;
    list->entry_start = (uint32_t)(list->words.size / sizeof(struct resolution_word));
    bool good = add_words(list, bytes_of_string(entry->display_name)) && add_words(list, bytes_of_string(entry->account)) &&
                add_word(list, bytes_of_string(entry->account));
    for (uint32_t i = 0; good && i < entry->address_count; i++)
        good = add_word(list, bytes_of_string(entry->addresses[i]));
    for (size_t i = 0; good && i < sizeof searched_attributes / sizeof *searched_attributes; i++) {
        const struct directory_value *value = directory_entry_value(entry, searched_attributes[i]);
        if (value)
            good = add_words(list, value->items[0]);
    }
    return good;
}

static int compare_words(const void *a, const void *b, void *keys)
{
    const struct resolution_word *one = a, *other = b;
    if (one->prefix != other->prefix)
        return one->prefix < other->prefix ? -1 : 1;
    int order = bytes_compare(word_key(keys, one), word_key(keys, other));
    return order ? order : one->entry < other->entry ? -1 : one->entry > other->entry;
}

/* Takes over the words of entries that have not changed, already sorted, merged with the sorted new ones. */
static bool merge_words(struct resolution_index *resolution, const struct book_change *change, const struct word_list *list)
{
    const struct resolution_index *old = change ? &change->previous->resolution : NULL;
    const struct resolution_word *words = (const struct resolution_word *)list->words.data;
    uint32_t new_count = (uint32_t)(list->words.size / sizeof *words), old_count = old ? old->count : 0, next = 0;
    size_t old_size = 0;
    for (uint32_t i = 0; i < old_count; i++)
        old_size += 1u + old->keys[old->words[i].start];
    if (old_size + list->keys.size > UINT32_MAX)
        return false;
    resolution->words = malloc(((size_t)new_count + old_count + 1) * sizeof *resolution->words);
    resolution->keys = malloc(old_size + list->keys.size + 1);
    if (!resolution->words || !resolution->keys)
        return false;
    size_t size = 0;
    for (uint32_t i = 0; i < old_count || next < new_count;) {
        struct resolution_word word = {0};
        bool from_old = false;
        if (i < old_count) {
            word = old->words[i];
            word.entry = change->new_of_old[word.entry];
            if (word.entry == ADDRESS_BOOK_NONE) {
                i++;
                continue;
            }
            from_old = true;
        }
        if (from_old && next < new_count && (word.prefix > words[next].prefix ||
            (word.prefix == words[next].prefix &&
             bytes_compare(word_key(old->keys, &word), word_key(list->keys.data, &words[next])) > 0)))
            from_old = false;
        if (!from_old && next == new_count)
            break;
        if (!from_old)
            word = words[next];
        struct bytes key = word_key(from_old ? old->keys : list->keys.data, &word);
        word.start = (uint32_t)size;
        resolution->keys[size] = (uint8_t)key.size;
        memcpy(resolution->keys + size + 1, key.data, key.size);
        size += 1 + key.size;
        resolution->words[resolution->count++] = word;
        i += from_old;
        next += !from_old;
    }
    return true;
}

static bool positions_make(struct resolution_index *resolution, uint32_t count)
{
    struct index_lists *lists = &resolution->positions;
    lists->starts = calloc((size_t)count + 2, sizeof *lists->starts);
    lists->indexes = malloc(((size_t)resolution->count + 1) * sizeof *lists->indexes);
    if (!lists->starts || !lists->indexes)
        return false;
    for (uint32_t i = 0; i < resolution->count; i++)
        lists->starts[resolution->words[i].entry + 2]++;
    for (uint32_t i = 0; i < count; i++)
        lists->starts[i + 2] += lists->starts[i + 1];
    for (uint32_t i = 0; i < resolution->count; i++)
        lists->indexes[lists->starts[resolution->words[i].entry + 1]++] = i;
    return true;
}

bool resolution_index_make(struct address_book *book, const struct book_change *change)
{
    struct resolution_index *resolution = &book->resolution;
    resolution->collation = text_collation_open_for_matching();
    struct word_list list = {.collation = resolution->collation};
    bool good = resolution->collation != NULL;
    for (uint32_t i = 0; good && i < book->count; i++)
        if (!change || change->old_of_new[i] == ADDRESS_BOOK_NONE)
            good = add_entry(&list, book_entry(book, i), i);
    if (good && list.words.size)
        qsort_r(list.words.data, list.words.size / sizeof(struct resolution_word), sizeof(struct resolution_word), compare_words,
                list.keys.data);
    good = good && merge_words(resolution, change, &list) && positions_make(resolution, book->count);
    buffer_free(&list.words);
    buffer_free(&list.keys);
    return good;
}

void resolution_index_close(struct resolution_index *resolution)
{
    text_collation_close(resolution->collation);
    free(resolution->words);
    free(resolution->keys);
    free(resolution->positions.starts);
    free(resolution->positions.indexes);
}

/* The words in the index that begin with a key. */
struct word_range {
    uint32_t first, end;
};

static uint32_t bound(const struct resolution_index *resolution, struct bytes key, bool behind)
{
    uint32_t low = 0, high = resolution->count;
    while (low < high) {
        uint32_t middle = low + (high - low) / 2;
        struct bytes other = word_key(resolution->keys, &resolution->words[middle]);
        if (behind && other.size > key.size)
            other.size = key.size;
        int order = bytes_compare(other, key);
        if (order < 0 || (behind && order == 0))
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

/* Words whose keys are empty (punctuation alone) say nothing and are left out. False without memory. */
static bool find_ranges(const struct resolution_index *resolution, struct bytes name, uint32_t *ret_count,
                        struct word_range ranges[NAME_WORDS_MAX])
{
    bool whole = memchr(name.data, '@', name.size) != NULL && memchr(name.data, ' ', name.size) == NULL;
    *ret_count = 0;
    for (struct bytes word = whole ? name : next_word(&name); word.size && *ret_count < NAME_WORDS_MAX;
         word = whole ? BYTES_NONE : next_word(&name)) {
        struct buffer key = {0};
        if (!text_collation_match_key(resolution->collation, word, &key)) {
            buffer_free(&key);
            return false;
        }
        struct bytes searched = {key.data, key.size < WORD_KEY_SIZE_MAX ? key.size : WORD_KEY_SIZE_MAX};
        if (searched.size)
            ranges[(*ret_count)++] = (struct word_range){bound(resolution, searched, false), bound(resolution, searched, true)};
        buffer_free(&key);
    }
    return true;
}

static bool entry_in_range(const struct resolution_index *resolution, uint32_t entry, struct word_range range)
{
    const struct index_lists *lists = &resolution->positions;
    for (uint32_t i = lists->starts[entry]; i < lists->starts[entry + 1]; i++)
        if (lists->indexes[i] >= range.first && lists->indexes[i] < range.end)
            return true;
    return false;
}

/* Its first word in the range, so that an entry with several is found once. */
static bool first_in_range(const struct resolution_index *resolution, uint32_t position, struct word_range range)
{
    const struct index_lists *lists = &resolution->positions;
    uint32_t entry = resolution->words[position].entry;
    for (uint32_t i = lists->starts[entry]; i < lists->starts[entry + 1]; i++)
        if (lists->indexes[i] >= range.first)
            return lists->indexes[i] == position;
    return false;
}

static uint32_t match_words(struct address_book *book, uint32_t container, uint32_t range_count,
                            const struct word_range ranges[NAME_WORDS_MAX], uint32_t count_max, uint32_t *ret_indexes)
{
    uint32_t smallest = 0, count = 0;
    for (uint32_t i = 1; i < range_count; i++)
        if (ranges[i].end - ranges[i].first < ranges[smallest].end - ranges[smallest].first)
            smallest = i;
    for (uint32_t i = ranges[smallest].first; i < ranges[smallest].end && count < count_max; i++) {
        uint32_t entry = book->resolution.words[i].entry;
        bool matches = container_has(book, container, entry) && first_in_range(&book->resolution, i, ranges[smallest]);
        for (uint32_t j = 0; matches && j < range_count; j++)
            matches = j == smallest || entry_in_range(&book->resolution, entry, ranges[j]);
        if (matches)
            ret_indexes[count++] = entry;
    }
    return count;
}

/* Those whose whole display name it is. */
static uint32_t match_display_name(struct address_book *book, uint32_t container, const char *name, uint32_t count_max,
                                   uint32_t *ret_indexes)
{
    struct address_book_list list = address_book_order(book, container, ADDRESS_BOOK_DISPLAY_NAME, TEXT_COLLATION_DEFAULT_LCID);
    struct sorted_order *order = sorted_order_find(book, ADDRESS_BOOK_DISPLAY_NAME, TEXT_COLLATION_DEFAULT_LCID);
    struct buffer key = {0};
    uint32_t count = 0;
    if (!order || !text_collation_match_key(order->collation, bytes_of_string(name), &key) || !key.size) {
        buffer_free(&key);
        return 0;
    }
    uint32_t position = address_book_seek_in(book, list, ADDRESS_BOOK_DISPLAY_NAME, TEXT_COLLATION_DEFAULT_LCID, name);
    for (; position < list.count && count < count_max; position++) {
        const uint8_t *other = order->keys + order->key_starts[order->ranks[list.indexes[position]]];
        uint32_t rank = order->ranks[list.indexes[position]], size = order->key_starts[rank + 1] - order->key_starts[rank];
        if (size <= key.size || memcmp(other, key.data, key.size) != 0 || other[key.size] != 1)
            break;
        ret_indexes[count++] = list.indexes[position];
    }
    buffer_free(&key);
    return count;
}

/* What names one entry and no other. ADDRESS_BOOK_NONE where it is no such name; then *ret_exact_only says whether it cannot be
 * any other name either. */
static uint32_t match_exactly(const struct address_book *book, const char *name, bool *ret_exact_only)
{
    *ret_exact_only = true;
    if (*name == '=')
        return address_book_find_account(book, name + 1);
    if (*name == '/')
        return address_book_find_dn(book, name);
    if (text_has_prefix_ignoring_case(name, "EX:"))
        return address_book_find_dn(book, name + 3);
    if (text_has_prefix_ignoring_case(name, "SMTP:"))
        return address_book_find_address(book, name + 5);
    *ret_exact_only = false;
    return strchr(name, '@') ? address_book_find_address(book, name) : ADDRESS_BOOK_NONE;
}

/* Without the blanks around it, in 'text'; false for nothing, and for what is too long to be a name. */
static bool trim(const char *name, char text[NAME_SIZE_MAX])
{
    while (*name == ' ' || *name == '\t')
        name++;
    size_t size = strlen(name);
    while (size && (name[size - 1] == ' ' || name[size - 1] == '\t' || name[size - 1] == ';'))
        size--;
    if (!size || size >= NAME_SIZE_MAX)
        return false;
    memcpy(text, name, size);
    text[size] = '\0';
    return true;
}

uint32_t address_book_resolve(struct address_book *book, uint32_t container, uint32_t lcid, const char *name,
                              uint32_t count_max, uint32_t *ret_indexes)
{
    char text[NAME_SIZE_MAX];
    bool exact_only;
    struct word_range ranges[NAME_WORDS_MAX];
    uint32_t range_count, count = 0;
    if (!count_max || !trim(name, text))
        return 0;
    uint32_t exact = match_exactly(book, text, &exact_only);
    if (exact != ADDRESS_BOOK_NONE && (container_has(book, container, exact) || container == 0)) {
        *ret_indexes = exact;
        return 1;
    }
    if (*text == '=')
        count = match_display_name(book, container, text + 1, count_max, ret_indexes);
    else if (!exact_only)
        count = match_display_name(book, container, text, count_max, ret_indexes);
    if (!count && !exact_only && find_ranges(&book->resolution, bytes_of_string(text), &range_count, ranges) && range_count)
        count = match_words(book, container, range_count, ranges, count_max, ret_indexes);
    address_book_sort_indexes(book, ADDRESS_BOOK_DISPLAY_NAME, lcid, count, ret_indexes);
    return count;
}
