#include "base/bytes.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct bytes bytes_of(const void *data, size_t size)
{
    return (struct bytes){data, size};
}

struct bytes bytes_of_string(const char *string)
{
    return (struct bytes){(const uint8_t *)string, string ? strlen(string) : 0};
}

bool bytes_equal(struct bytes a, struct bytes b)
{
    return a.size == b.size && (a.size == 0 || memcmp(a.data, b.data, a.size) == 0);
}

int bytes_compare(struct bytes a, struct bytes b)
{
    size_t common = a.size < b.size ? a.size : b.size;
    int order = common ? memcmp(a.data, b.data, common) : 0;
    return order ? order : (a.size > b.size) - (a.size < b.size);
}

void buffer_free(struct buffer *buffer)
{
    free(buffer->data);
    *buffer = (struct buffer){.size_max = buffer->size_max};
}

void buffer_clear(struct buffer *buffer)
{
    buffer->size = 0;
    buffer->failed = false;
}

static bool buffer_reserve(struct buffer *buffer, size_t size)
{
    if (buffer->failed)
        return false;
    if (size > SIZE_MAX / 4 - buffer->size || (buffer->size_max && buffer->size + size > buffer->size_max)) {
        buffer->failed = true;
        return false;
    }
    if (buffer->size + size <= buffer->capacity)
        return true;
    size_t capacity = buffer->capacity ? buffer->capacity * 2 : 256;
    while (capacity < buffer->size + size)
        capacity *= 2;
    uint8_t *data = realloc(buffer->data, capacity);
    if (!data) {
        buffer->failed = true;
        return false;
    }
    buffer->data = data;
    buffer->capacity = capacity;
    return true;
}

uint8_t *buffer_extend(struct buffer *buffer, size_t size)
{
    if (!buffer_reserve(buffer, size))
        return NULL;
    uint8_t *place = buffer->data + buffer->size;
    buffer->size += size;
    return place;
}

bool buffer_append(struct buffer *buffer, const void *data, size_t size)
{
    if (size == 0)
        return !buffer->failed;
    uint8_t *place = buffer_extend(buffer, size);
    if (!place)
        return false;
    memcpy(place, data, size);
    return true;
}

bool buffer_append_string(struct buffer *buffer, const char *string)
{
    return buffer_append(buffer, string, strlen(string));
}

bool buffer_append_format(struct buffer *buffer, const char *format, ...)
{
    va_list arguments, again;
    va_start(arguments, format);
    va_copy(again, arguments);
    int length = vsnprintf(NULL, 0, format, arguments);
    va_end(arguments);
    bool done = length >= 0 && buffer_reserve(buffer, (size_t)length + 1);
    if (done) {
        vsnprintf((char *)buffer->data + buffer->size, (size_t)length + 1, format, again);
        buffer->size += (size_t)length;
    }
    va_end(again);
    return done;
}

bool buffer_append_u8(struct buffer *buffer, uint8_t value)
{
    return buffer_append(buffer, &value, 1);
}

bool buffer_append_u16(struct buffer *buffer, uint16_t value)
{
    return buffer_append(buffer, &value, 2);
}

bool buffer_append_u32(struct buffer *buffer, uint32_t value)
{
    return buffer_append(buffer, &value, 4);
}

bool buffer_append_u64(struct buffer *buffer, uint64_t value)
{
    return buffer_append(buffer, &value, 8);
}

const char *buffer_string(struct buffer *buffer)
{
    if (!buffer_append_u8(buffer, 0))
        return NULL;
    buffer->size--;
    return (const char *)buffer->data;
}

struct bytes buffer_bytes(const struct buffer *buffer)
{
    return (struct bytes){buffer->data, buffer->size};
}
