#include "protocol/extended_buffer.h"
#include "protocol/lz77.h"
#include <string.h>

#define XOR_MAGIC 0xA5

static void hide(uint8_t *data, size_t size)
{
    for (size_t i = 0; i < size; i++)
        data[i] ^= XOR_MAGIC;
}

/* The unit's payload, plain. */
static bool unit_read(struct arena *arena, struct bytes raw, uint16_t flags, uint16_t size_actual, struct bytes *ret_payload)
{
    struct bytes payload = raw;
    if (flags & EXTENDED_FLAGS_XOR_MAGIC) {
        uint8_t *plain = arena_copy(arena, raw.data, raw.size);
        if (!plain)
            return false;
        hide(plain, raw.size);
        payload = bytes_of(plain, raw.size);
    }
    if (flags & EXTENDED_FLAGS_COMPRESSED) {
        uint8_t *plain = arena_allocate(arena, size_actual);
        if (!plain || !lz77_decompress(payload, plain, size_actual))
            return false;
        payload = bytes_of(plain, size_actual);
    } else if (raw.size != size_actual) {
        return false;
    }
    *ret_payload = payload;
    return true;
}

bool extended_buffer_read(struct arena *arena, struct bytes input, struct extended_units *ret_units, size_t *ret_error_offset)
{
    struct extended_unit *units = arena_array(arena, struct extended_unit, EXTENDED_UNITS_MAX);
    uint32_t count = 0;
    size_t at = 0;
    bool last = false, done = units != NULL;
    while (done && at < input.size) {
        const uint8_t *header = input.data + at;
        done = !last && count < EXTENDED_UNITS_MAX && input.size - at >= EXTENDED_HEADER_SIZE && load_u16(header) == 0;
        if (!done)
            break;
        uint16_t flags = load_u16(header + 2), size = load_u16(header + 4);
        done = size <= input.size - at - EXTENDED_HEADER_SIZE
            && unit_read(arena, bytes_of(header + EXTENDED_HEADER_SIZE, size), flags, load_u16(header + 6), &units[count].payload);
        if (!done)
            break;
        units[count].flags = flags;
        units[count++].offset = at;
        last = flags & EXTENDED_FLAGS_LAST;
        at += EXTENDED_HEADER_SIZE + size;
    }
    if (!done || (count && !last)) {
        if (ret_error_offset)
            *ret_error_offset = at;
        return false;
    }
    *ret_units = (struct extended_units){ count, units };
    return true;
}

bool extended_buffer_append(struct buffer *output, struct bytes payload, uint16_t flags)
{
    size_t begin = output->size;
    if (payload.size > UINT16_MAX)
        return false;
    uint8_t *header = buffer_extend(output, EXTENDED_HEADER_SIZE);
    if (!header)
        return false;
    bool done = true;
    if (flags & EXTENDED_FLAGS_COMPRESSED) {
        done = lz77_compress(payload, output);
        if (done && output->size - begin - EXTENDED_HEADER_SIZE >= payload.size) { /* not worth it */
            output->size = begin + EXTENDED_HEADER_SIZE;
            flags &= (uint16_t)~EXTENDED_FLAGS_COMPRESSED;
        }
    }
    if (done && !(flags & EXTENDED_FLAGS_COMPRESSED))
        done = buffer_append(output, payload.data, payload.size);
    if (!done) {
        output->size = begin;
        return false;
    }
    size_t size = output->size - begin - EXTENDED_HEADER_SIZE;
    if (flags & EXTENDED_FLAGS_XOR_MAGIC)
        hide(output->data + begin + EXTENDED_HEADER_SIZE, size);
    header = output->data + begin;
    store_u16(header, 0);
    store_u16(header + 2, flags);
    store_u16(header + 4, (uint16_t)size);
    store_u16(header + 6, (uint16_t)payload.size);
    return true;
}
