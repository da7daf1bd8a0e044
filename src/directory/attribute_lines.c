#include "directory/attribute_lines.h"

#include <string.h>

/* One line of the text; *text moves behind it. The name is empty for a line without one. */
struct line {
    struct bytes whole, name;
    struct bytes value; /* still escaped */
};

static bool next_line(struct bytes *text, struct line *ret_line)
{
    if (text->size == 0)
        return false;
    const uint8_t *end = memchr(text->data, '\n', text->size);
    size_t size = end ? (size_t)(end - text->data) : text->size;
    struct line line = {.whole = {text->data, size}};
    const uint8_t *colon = memchr(text->data, ':', size);
    if (colon && colon + 1 < text->data + size && colon[1] == ' ') {
        line.name = bytes_of(text->data, (size_t)(colon - text->data));
        line.value = bytes_of(colon + 2, size - line.name.size - 2);
    }
    size_t taken = end ? size + 1 : size;
    *text = bytes_of(text->data + taken, text->size - taken);
    *ret_line = line;
    return true;
}

/* Lines stand in order of attribute, so the search begins at the last one found. */
static enum directory_attribute attribute_of(struct bytes name, unsigned hint)
{
    if (name.size == 0)
        return DIRECTORY_ATTRIBUTE_COUNT;
    for (unsigned i = 0; i < DIRECTORY_ATTRIBUTE_COUNT; i++) {
        unsigned attribute = (hint + i) % DIRECTORY_ATTRIBUTE_COUNT;
        const char *known = directory_attributes[attribute].name;
        if (known[0] == (char)name.data[0] && strlen(known) == name.size && memcmp(known, name.data, name.size) == 0)
            return attribute;
    }
    return DIRECTORY_ATTRIBUTE_COUNT;
}

/* In place: what is unescaped is never longer. */
static struct bytes unescape(struct bytes value)
{
    uint8_t *data = (uint8_t *)value.data;
    size_t size = 0;
    if (!memchr(data, '\\', value.size))
        return value;
    for (size_t i = 0; i < value.size; i++) {
        uint8_t byte = data[i];
        if (byte == '\\' && i + 1 < value.size) {
            byte = data[++i];
            byte = byte == 'n' ? '\n' : byte == 'r' ? '\r' : byte;
        }
        data[size++] = byte;
    }
    return bytes_of(data, size);
}

static void sort_values(struct directory_value *values, uint32_t count)
{
    for (uint32_t i = 1; i < count; i++) {
        struct directory_value value = values[i];
        uint32_t place = i;
        for (; place > 0 && values[place - 1].attribute > value.attribute; place--)
            values[place] = values[place - 1];
        values[place] = value;
    }
}

bool attribute_lines_read(struct arena *arena, struct bytes text, uint32_t spare, uint32_t *ret_count,
                          struct directory_value **ret_values)
{
    uint32_t lines = text.size > 0;
    for (const uint8_t *p = text.data, *end = p + text.size; p < end && (p = memchr(p, '\n', (size_t)(end - p))); p++)
        lines++;
    struct directory_value *values = arena_reserve(arena, (lines + spare + 1) * sizeof *values);
    struct bytes *items = arena_reserve(arena, (lines + 1) * sizeof *items);
    struct bytes copy = arena_bytes(arena, text);
    if (!values || !items || (text.size > 0 && !copy.data))
        return false;
    struct line line;
    uint32_t count = 0, item_count = 0;
    unsigned attribute = 0;
    while (next_line(&copy, &line)) {
        unsigned found = attribute_of(line.name, attribute);
        if (found == DIRECTORY_ATTRIBUTE_COUNT)
            continue;
        items[item_count] = unescape(line.value);
        if (count > 0 && values[count - 1].attribute == found) {
            values[count - 1].count++;
        } else {
            values[count++] = (struct directory_value){.attribute = found, .count = 1, .items = &items[item_count]};
            attribute = found;
        }
        item_count++;
    }
    sort_values(values, count);
    *ret_count = count;
    *ret_values = values;
    return true;
}

static void write_item(struct buffer *buffer, const char *name, struct bytes item)
{
    buffer_append_string(buffer, name);
    buffer_append_string(buffer, ": ");
    for (size_t i = 0; i < item.size; i++) {
        uint8_t byte = item.data[i];
        if (byte == '\\' || byte == '\n' || byte == '\r') {
            buffer_append_u8(buffer, '\\');
            byte = byte == '\n' ? 'n' : byte == '\r' ? 'r' : byte;
        }
        buffer_append_u8(buffer, byte);
    }
    buffer_append_u8(buffer, '\n');
}

bool attribute_lines_write(struct buffer *buffer, uint32_t count, const struct directory_value *values, struct bytes old_text)
{
    for (uint32_t i = 0; i < count; i++) {
        for (uint32_t j = 0; j < values[i].count; j++)
            write_item(buffer, directory_attributes[values[i].attribute].name, values[i].items[j]);
    }
    struct line line;
    while (next_line(&old_text, &line)) {
        if (attribute_of(line.name, 0) != DIRECTORY_ATTRIBUTE_COUNT)
            continue;
        buffer_append(buffer, line.whole.data, line.whole.size);
        buffer_append_u8(buffer, '\n');
    }
    return !buffer->failed;
}
