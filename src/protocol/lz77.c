#include "protocol/lz77.h"
#include <string.h>

#define MATCH_LENGTH_MIN 3u
#define WINDOW_SIZE 8192u
#define LENGTH_IN_TOKEN 7u    /* the token's three bits: lengths 3..9, 7 says more follows */
#define LENGTH_IN_NIBBLE 15u
#define LENGTH_IN_BYTE 255u
#define HASH_BITS 12
#define CHAIN_LENGTH_MAX 16u

/* Decompress */

struct input {
    const uint8_t *at;
    const uint8_t *end;
    const uint8_t *nibble; /* the byte whose high half serves the next long match, or NULL */
};

static bool length_read(struct input *input, uint32_t *length)
{
    uint32_t value = *length;
    if (value < LENGTH_IN_TOKEN) {
        *length = value + MATCH_LENGTH_MIN;
        return true;
    }
    if (input->nibble) {
        value = *input->nibble >> 4;
        input->nibble = NULL;
    } else {
        if (input->at == input->end)
            return false;
        input->nibble = input->at;
        value = *input->at++ & 15;
    }
    if (value < LENGTH_IN_NIBBLE) {
        *length = value + LENGTH_IN_TOKEN + MATCH_LENGTH_MIN;
        return true;
    }
    if (input->at == input->end)
        return false;
    value = *input->at++;
    if (value < LENGTH_IN_BYTE) {
        *length = value + LENGTH_IN_NIBBLE + LENGTH_IN_TOKEN + MATCH_LENGTH_MIN;
        return true;
    }
    if (input->end - input->at < 2)
        return false;
    value = load_u16(input->at);
    input->at += 2;
    if (value < LENGTH_IN_NIBBLE + LENGTH_IN_TOKEN) /* also 0, which would announce 32 bits: longer than any unit */
        return false;
    *length = value + MATCH_LENGTH_MIN;
    return true;
}

bool lz77_decompress(struct bytes compressed, uint8_t *plain, size_t size)
{
    struct input input = { compressed.data, compressed.data + compressed.size, NULL };
    uint32_t flags = 0, flag_count = 0;
    size_t done = 0;
    while (done < size) {
        if (flag_count == 0) {
            if (input.end - input.at < 4)
                return false;
            flags = load_u32(input.at);
            input.at += 4;
            flag_count = 32;
        }
        flag_count--;
        if (!(flags >> flag_count & 1)) {
            if (input.at == input.end)
                return false;
            plain[done++] = *input.at++;
            continue;
        }
        if (input.end - input.at < 2)
            return false;
        uint32_t token = load_u16(input.at), distance = (token >> 3) + 1, length = token & 7;
        input.at += 2;
        if (!length_read(&input, &length) || distance > done || length > size - done)
            return false;
        for (; length; length--, done++)
            plain[done] = plain[done - distance]; /* byte by byte: the ranges may overlap */
    }
    /* What may follow the last item is the encoder's end mark in the flag word, or one flag word of its own. */
    return input.at == input.end || (flag_count == 0 && input.end - input.at == 4);
}

/* Compress */

struct output {
    struct buffer *buffer;
    size_t flags_at;    /* place of the flag word being filled */
    uint32_t flags;
    uint32_t flag_count;
    size_t nibble_at;   /* place of a byte whose high half is free, or SIZE_MAX */
};

static bool flag_write(struct output *output, uint32_t flag)
{
    output->flags = output->flags << 1 | flag;
    if (++output->flag_count < 32)
        return true;
    store_u32(output->buffer->data + output->flags_at, output->flags);
    output->flags_at = output->buffer->size;
    output->flag_count = 0;
    return buffer_append_u32(output->buffer, 0);
}

/* The flag of an item precedes the item, but a full word opens the next one at once: so the item comes first when it must. */
static bool item_begin(struct output *output, uint32_t flag, const uint8_t *bytes, size_t size)
{
    return buffer_append(output->buffer, bytes, size) && flag_write(output, flag);
}

static bool match_write(struct output *output, uint32_t distance, uint32_t length)
{
    uint8_t item[8];
    size_t size = 2;
    uint32_t rest = length - MATCH_LENGTH_MIN;
    store_u16(item, (uint16_t)((distance - 1) << 3 | (rest < LENGTH_IN_TOKEN ? rest : LENGTH_IN_TOKEN)));
    if (rest >= LENGTH_IN_TOKEN) {
        uint32_t over = rest - LENGTH_IN_TOKEN;
        uint8_t nibble = (uint8_t)(over < LENGTH_IN_NIBBLE ? over : LENGTH_IN_NIBBLE);
        if (output->nibble_at != SIZE_MAX) {
            output->buffer->data[output->nibble_at] |= (uint8_t)(nibble << 4);
            output->nibble_at = SIZE_MAX;
        } else {
            output->nibble_at = output->buffer->size + size;
            item[size++] = nibble;
        }
        if (over >= LENGTH_IN_NIBBLE) {
            over -= LENGTH_IN_NIBBLE;
            item[size++] = (uint8_t)(over < LENGTH_IN_BYTE ? over : LENGTH_IN_BYTE);
            if (over >= LENGTH_IN_BYTE) {
                store_u16(item + size, (uint16_t)rest);
                size += 2;
            }
        }
    }
    return item_begin(output, 1, item, size);
}

struct finder {
    struct bytes plain;
    int32_t heads[1 << HASH_BITS];
    int32_t previous[WINDOW_SIZE]; /* by position modulo the window */
};

static uint32_t hash_at(const uint8_t *at)
{
    uint32_t value = (uint32_t)at[0] | (uint32_t)at[1] << 8 | (uint32_t)at[2] << 16;
    return value * 2654435761u >> (32 - HASH_BITS);
}

static void finder_add(struct finder *finder, size_t position)
{
    if (finder->plain.size - position < MATCH_LENGTH_MIN)
        return;
    uint32_t hash = hash_at(finder->plain.data + position);
    finder->previous[position % WINDOW_SIZE] = finder->heads[hash];
    finder->heads[hash] = (int32_t)position;
}

static uint32_t finder_best(const struct finder *finder, size_t position, uint32_t *ret_distance)
{
    size_t left = finder->plain.size - position, limit = left < UINT16_MAX ? left : UINT16_MAX;
    uint32_t best = 0;
    if (left < MATCH_LENGTH_MIN)
        return 0;
    const uint8_t *here = finder->plain.data + position;
    int32_t candidate = finder->heads[hash_at(here)];
    for (uint32_t i = 0; i < CHAIN_LENGTH_MAX && candidate >= 0 && position - (size_t)candidate <= WINDOW_SIZE; i++) {
        const uint8_t *there = finder->plain.data + candidate;
        uint32_t length = 0;
        while (length < limit && there[length] == here[length])
            length++;
        if (length > best && length >= MATCH_LENGTH_MIN) {
            best = length;
            *ret_distance = (uint32_t)(position - (size_t)candidate);
        }
        int32_t older = finder->previous[(size_t)candidate % WINDOW_SIZE];
        if (older >= candidate)
            break; /* the place was taken by a newer position: the chain ends here */
        candidate = older;
    }
    return best;
}

bool lz77_compress(struct bytes plain, struct buffer *output_buffer)
{
    struct finder finder = { .plain = plain };
    memset(finder.heads, 0xFF, sizeof finder.heads);
    struct output output = { .buffer = output_buffer, .flags_at = output_buffer->size, .nibble_at = SIZE_MAX };
    bool done = buffer_append_u32(output_buffer, 0);
    for (size_t position = 0; position < plain.size && done;) {
        uint32_t distance = 0, length = finder_best(&finder, position, &distance);
        if (length) {
            done = match_write(&output, distance, length);
        } else {
            length = 1;
            done = item_begin(&output, 0, plain.data + position, 1);
        }
        for (; length; length--)
            finder_add(&finder, position++);
    }
    if (!done)
        return false;
    uint32_t free_bits = 32 - output.flag_count; /* never 0; the end mark is a run of ones */
    uint32_t flags = free_bits == 32 ? UINT32_MAX : output.flags << free_bits | ((1u << free_bits) - 1);
    store_u32(output_buffer->data + output.flags_at, flags);
    return true;
}
