#include "store/packed_properties.h"

#include <stdlib.h>
#include <string.h>

#define PACKED_VERSION 1u
#define HEADER_SIZE 4u
#define ENTRY_SIZE 8u

/* How a type's value is laid out. */
enum form {
    FORM_NONE = 0, /* cannot be stored */
    FORM_WORD,     /* up to 4 bytes, in the entry */
    FORM_FIXED,    /* 8 or 16 bytes, bare */
    FORM_VARIABLE, /* size and bytes */
};
struct layout {
    enum form form;
    uint8_t element_size; /* WORD, FIXED: of the value; VARIABLE: of an element, 0 where elements have a size of their own */
    bool multiple;
};

/* By the type without its flags; multiple ones are counted lists of the same elements. */
static const struct layout single_layouts[] = {
    [PTYP_NULL] = {FORM_WORD, 0, false},
    [PTYP_BOOLEAN] = {FORM_WORD, 1, false},
    [PTYP_INTEGER16] = {FORM_WORD, 2, false},
    [PTYP_INTEGER32] = {FORM_WORD, 4, false},
    [PTYP_FLOATING32] = {FORM_WORD, 4, false},
    [PTYP_FLOATING64] = {FORM_FIXED, 8, false},
    [PTYP_FLOATING_TIME] = {FORM_FIXED, 8, false},
    [PTYP_CURRENCY] = {FORM_FIXED, 8, false},
    [PTYP_INTEGER64] = {FORM_FIXED, 8, false},
    [PTYP_TIME] = {FORM_FIXED, 8, false},
    [PTYP_GUID] = {FORM_FIXED, 16, false},
    [PTYP_STRING] = {FORM_VARIABLE, 1, false},
    [PTYP_STRING8] = {FORM_VARIABLE, 1, false},
    [PTYP_BINARY] = {FORM_VARIABLE, 1, false},
    [PTYP_SERVER_ID] = {FORM_VARIABLE, 1, false},
    [PTYP_OBJECT] = {FORM_VARIABLE, 1, false},
};

static inline struct layout layout_of(uint16_t type)
{
    uint16_t single = type & (uint16_t)~PTYP_MULTIPLE_FLAG;
    if (single >= sizeof(single_layouts) / sizeof(single_layouts[0]))
        return (struct layout){FORM_NONE, 0, false};
    struct layout layout = single_layouts[single];
    if (!(type & PTYP_MULTIPLE_FLAG) || layout.form == FORM_NONE)
        return layout;
    switch (single) {
    case PTYP_NULL:
    case PTYP_BOOLEAN:
    case PTYP_SERVER_ID:
    case PTYP_OBJECT: return (struct layout){FORM_NONE, 0, false};
    case PTYP_STRING:
    case PTYP_STRING8:
    case PTYP_BINARY: return (struct layout){FORM_VARIABLE, 0, true};
    default: return (struct layout){FORM_VARIABLE, layout.element_size, true};
    }
}

/* The bytes of a WORD or FIXED value; the union's members all begin at its first byte. */
static const void *scalar_of(const struct property_value *value) { return &value->integer64; }

uint64_t property_value_size(const struct property_value *value)
{
    struct layout layout = layout_of(PROPERTY_TYPE(value->tag));
    if (layout.form != FORM_VARIABLE)
        return layout.element_size;
    if (!layout.multiple)
        return value->bytes.size;
    if (layout.element_size)
        return (uint64_t)value->multiple.count * layout.element_size;
    uint64_t size = 0;
    for (uint32_t i = 0; i < value->multiple.count; i++)
        size += value->multiple.bytes[i].size;
    return size;
}

bool packed_value_write(struct buffer *packed, const struct property_value *value)
{
    struct layout layout = layout_of(PROPERTY_TYPE(value->tag));
    switch (layout.form) {
    case FORM_NONE:
        return false;
    case FORM_WORD:
    case FORM_FIXED:
        return buffer_append(packed, scalar_of(value), layout.element_size);
    case FORM_VARIABLE:
        break;
    }
    if (!layout.multiple)
        return buffer_append(packed, value->bytes.data, value->bytes.size);
    uint32_t count = value->multiple.count;
    buffer_append_u32(packed, count);
    if (layout.element_size)
        return buffer_append(packed, value->multiple.integer64, (size_t)count * layout.element_size);
    for (uint32_t i = 0; i < count && !packed->failed; i++) {
        struct bytes element = value->multiple.bytes[i];
        if (element.size > UINT32_MAX)
            return false;
        buffer_append_u32(packed, (uint32_t)element.size);
        buffer_append(packed, element.data, element.size);
    }
    return !packed->failed;
}

static bool read_multiple(struct arena *arena, struct layout layout, struct bytes data, struct property_value *value)
{
    if (data.size < 4)
        return false;
    uint32_t count = load_u32(data.data);
    const uint8_t *at = data.data + 4, *end = data.data + data.size;
    if (layout.element_size) {
        if ((uint64_t)count * layout.element_size != (size_t)(end - at))
            return false;
        void *elements = arena_copy(arena, at, (size_t)(end - at));
        if (!elements && count)
            return false;
        value->multiple.integer64 = elements;
    } else {
        if ((uint64_t)count * 4 > (size_t)(end - at))
            return false;
        struct bytes *elements = arena_array(arena, struct bytes, count);
        if (!elements && count)
            return false;
        for (uint32_t i = 0; i < count; i++) {
            if (end - at < 4 || load_u32(at) > (size_t)(end - at) - 4)
                return false;
            elements[i] = (struct bytes){at + 4, load_u32(at)};
            at += 4 + elements[i].size;
        }
        if (at != end)
            return false;
        value->multiple.bytes = elements;
    }
    value->multiple.count = count;
    return true;
}

bool packed_value_read(struct arena *arena, uint32_t tag, struct bytes data, struct property_value *ret_value)
{
    struct layout layout = layout_of(PROPERTY_TYPE(tag));
    struct property_value value = {.tag = tag};
    switch (layout.form) {
    case FORM_NONE:
        return false;
    case FORM_WORD:
    case FORM_FIXED:
        if (data.size != layout.element_size)
            return false;
        memcpy(&value.integer64, data.data, layout.element_size);
        break;
    case FORM_VARIABLE:
        if (!layout.multiple)
            value.bytes = data;
        else if (!read_multiple(arena, layout, data, &value))
            return false;
        break;
    }
    *ret_value = value;
    return true;
}

/* What is to be written, in the order of ids. */
struct draft {
    uint16_t id;
    uint32_t order; /* where it stood in the input: of two with one id the later wins */
    const struct property_value *value;
    const struct store_value *apart;
};

static int compare_drafts(const void *a, const void *b)
{
    const struct draft *x = a, *y = b;
    if (x->id != y->id)
        return x->id < y->id ? -1 : 1;
    return x->order < y->order ? -1 : x->order > y->order;
}

/* Fills drafts in ascending order of ids without doubles; the number left. */
static uint32_t draft_all(struct draft *drafts, const struct property_list *properties, const struct store_value *apart,
    uint32_t apart_count)
{
    uint32_t count = 0;
    bool sorted = true;
    for (uint32_t i = 0; i < properties->count; i++) {
        drafts[count] = (struct draft){PROPERTY_ID(properties->values[i].tag), count, &properties->values[i], NULL};
        sorted = sorted && (count == 0 || drafts[count - 1].id < drafts[count].id);
        count++;
    }
    for (uint32_t i = 0; i < apart_count; i++) {
        drafts[count] = (struct draft){PROPERTY_ID(apart[i].tag), count, NULL, &apart[i]};
        sorted = sorted && (count == 0 || drafts[count - 1].id < drafts[count].id);
        count++;
    }
    if (sorted)
        return count;
    qsort(drafts, count, sizeof(*drafts), compare_drafts);
    uint32_t kept = 0;
    for (uint32_t i = 0; i < count; i++)
        if (i + 1 == count || drafts[i].id != drafts[i + 1].id)
            drafts[kept++] = drafts[i];
    return kept;
}

static bool write_draft(struct buffer *packed, size_t start, size_t entry, const struct draft *draft)
{
    uint32_t tag = draft->value ? draft->value->tag : draft->apart->tag;
    struct layout layout = layout_of(PROPERTY_TYPE(tag));
    uint32_t word = (uint32_t)(packed->size - start);
    if (layout.form == FORM_NONE)
        return false;
    if (draft->apart) {
        tag |= PACKED_APART;
        buffer_append_u64(packed, draft->apart->value_id);
        buffer_append_u64(packed, draft->apart->size);
    } else if (layout.form == FORM_WORD) {
        word = 0;
        memcpy(&word, scalar_of(draft->value), layout.element_size);
    } else if (layout.form == FORM_FIXED) {
        buffer_append(packed, scalar_of(draft->value), layout.element_size);
    } else {
        size_t size_at = packed->size;
        buffer_append_u32(packed, 0);
        if (!packed_value_write(packed, draft->value))
            return false;
        store_u32(packed->data + size_at, (uint32_t)(packed->size - size_at - 4));
    }
    if (packed->failed || packed->size - start > PACKED_SIZE_MAX)
        return false;
    store_u32(packed->data + entry, tag);
    store_u32(packed->data + entry + 4, word);
    return true;
}

bool packed_properties_write(struct buffer *packed, const struct property_list *properties, const struct store_value *apart,
    uint32_t apart_count)
{
    uint64_t total = (uint64_t)properties->count + apart_count;
    if (total > 2 * (uint64_t)UINT16_MAX)
        return false;
    struct draft few[64], *drafts = total <= 64 ? few : malloc(total * sizeof(*drafts));
    if (!drafts)
        return false;
    uint32_t count = draft_all(drafts, properties, apart, apart_count);
    size_t start = packed->size;
    bool good = count <= UINT16_MAX && buffer_append_u16(packed, PACKED_VERSION) &&
                buffer_append_u16(packed, (uint16_t)count) && buffer_extend(packed, (size_t)count * ENTRY_SIZE);
    for (uint32_t i = 0; good && i < count; i++)
        good = write_draft(packed, start, start + HEADER_SIZE + (size_t)i * ENTRY_SIZE, &drafts[i]);
    if (drafts != few)
        free(drafts);
    if (!good && packed->size > start)
        packed->size = start;
    return good;
}

bool packed_properties_count(struct bytes packed, uint32_t *ret_count)
{
    if (packed.size < HEADER_SIZE || load_u16(packed.data) != PACKED_VERSION)
        return false;
    uint32_t count = load_u16(packed.data + 2);
    if ((packed.size - HEADER_SIZE) / ENTRY_SIZE < count)
        return false;
    *ret_count = count;
    return true;
}

/* Entry 'index' of a header that has been checked. */
static bool read_entry(struct arena *arena, struct bytes packed, uint32_t index, struct packed_entry *ret_entry)
{
    const uint8_t *entry = packed.data + HEADER_SIZE + (size_t)index * ENTRY_SIZE;
    uint32_t tag = load_u32(entry), word = load_u32(entry + 4);
    struct packed_entry result = {.value.tag = tag & ~PACKED_APART};
    struct layout layout = layout_of(PROPERTY_TYPE(result.value.tag));
    if (layout.form == FORM_NONE)
        return false;
    if (!(tag & PACKED_APART) && layout.form == FORM_WORD) {
        memcpy(&result.value.integer64, &word, layout.element_size);
        *ret_entry = result;
        return true;
    }
    if (word > packed.size)
        return false;
    size_t room = packed.size - word;
    const uint8_t *data = packed.data + word;
    if (tag & PACKED_APART) {
        if (room < 16)
            return false;
        result.apart = true;
        result.value_id = load_u64(data);
        result.size = load_u64(data + 8);
    } else if (layout.form == FORM_FIXED) {
        if (room < layout.element_size)
            return false;
        memcpy(&result.value.integer64, data, layout.element_size);
    } else {
        if (room < 4 || load_u32(data) > room - 4)
            return false;
        if (!packed_value_read(arena, result.value.tag, (struct bytes){data + 4, load_u32(data)}, &result.value))
            return false;
    }
    *ret_entry = result;
    return true;
}

bool packed_properties_at(struct arena *arena, struct bytes packed, uint32_t index, struct packed_entry *ret_entry)
{
    uint32_t count;
    return packed_properties_count(packed, &count) && index < count && read_entry(arena, packed, index, ret_entry);
}

/* The first entry from 'low' on whose id is not below 'id'; 'count' when there is none. */
static uint32_t search(struct bytes packed, uint32_t low, uint32_t count, uint16_t id)
{
    const uint8_t *ids = packed.data + HEADER_SIZE + 2; /* the upper half of each tag */
    while (low < count) {
        uint32_t middle = low + (count - low) / 2;
        if (load_u16(ids + (size_t)middle * ENTRY_SIZE) < id)
            low = middle + 1;
        else
            count = middle;
    }
    return low;
}

static bool is_at(struct bytes packed, uint32_t count, uint32_t index, uint16_t id)
{
    return index < count && load_u16(packed.data + HEADER_SIZE + 2 + (size_t)index * ENTRY_SIZE) == id;
}

bool packed_properties_find(struct arena *arena, struct bytes packed, uint16_t property_id, struct packed_entry *ret_entry)
{
    uint32_t count;
    if (!packed_properties_count(packed, &count))
        return false;
    uint32_t index = search(packed, 0, count, property_id);
    return is_at(packed, count, index, property_id) && read_entry(arena, packed, index, ret_entry);
}

void packed_properties_pick(struct arena *arena, struct bytes packed, const uint32_t *tags, uint32_t count,
    struct packed_entry *ret_entries)
{
    uint32_t entry_count = 0;
    if (!packed_properties_count(packed, &entry_count))
        entry_count = 0;
    uint32_t from = 0;
    for (uint32_t i = 0; i < count; i++) {
        uint16_t id = PROPERTY_ID(tags[i]);
        if (i > 0 && id < PROPERTY_ID(tags[i - 1]))
            from = 0;
        from = search(packed, from, entry_count, id);
        ret_entries[i].value.tag = 0;
        if (!is_at(packed, entry_count, from, id) || !read_entry(arena, packed, from, &ret_entries[i]))
            ret_entries[i] = (struct packed_entry){0};
    }
}

bool packed_properties_list(struct arena *arena, struct bytes packed, struct property_list *ret_properties,
    const struct store_value **ret_apart, uint32_t *ret_apart_count)
{
    uint32_t count, value_count = 0, apart_count = 0;
    if (!packed_properties_count(packed, &count))
        return false;
    struct property_value *values = arena_array(arena, struct property_value, count + 1);
    struct store_value *apart = NULL;
    if (!values)
        return false;
    for (uint32_t i = 0; i < count; i++) {
        struct packed_entry entry;
        if (!read_entry(arena, packed, i, &entry))
            return false;
        if (!entry.apart) {
            values[value_count++] = entry.value;
            continue;
        }
        if (!apart && !(apart = arena_array(arena, struct store_value, count - i)))
            return false;
        apart[apart_count++] = (struct store_value){entry.value.tag, entry.value_id, entry.size};
    }
    if (ret_properties)
        *ret_properties = (struct property_list){value_count, values};
    if (ret_apart) {
        *ret_apart = apart;
        *ret_apart_count = apart_count;
    }
    return true;
}

bool packed_properties_set_value_id(uint8_t *packed, size_t size, uint16_t property_id, uint64_t value_id)
{
    struct bytes bytes = {packed, size};
    uint32_t count;
    if (!packed_properties_count(bytes, &count))
        return false;
    uint32_t index = search(bytes, 0, count, property_id);
    const uint8_t *entry = packed + HEADER_SIZE + (size_t)index * ENTRY_SIZE;
    if (!is_at(bytes, count, index, property_id) || !(load_u32(entry) & PACKED_APART))
        return false;
    uint32_t word = load_u32(entry + 4);
    if (word > size || size - word < 16)
        return false;
    store_u64(packed + word, value_id);
    return true;
}
