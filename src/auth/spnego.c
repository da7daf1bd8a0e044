#include "auth/spnego.h"

#include <string.h>

#define TAG_OCTETS 0x04u
#define TAG_BITS 0x03u
#define TAG_OBJECT_ID 0x06u
#define TAG_ENUMERATED 0x0Au
#define TAG_SEQUENCE 0x30u
#define TAG_INITIAL 0x60u /* [APPLICATION 0] */
#define TAG_CONTEXT(number) (0xA0u | (number))

static const struct bytes spnego_id = {(const uint8_t *)"\x2b\x06\x01\x05\x05\x02", 6};

/* Takes an element with this tag off the front; false (nothing taken) where there is another, or it does not fit. */
static bool take(struct bytes *from, unsigned tag, struct bytes *ret_content)
{
    if (from->size < 2 || from->data[0] != tag)
        return false;
    size_t head = 2, size = from->data[1];
    if (size >= 0x80) {
        size_t digits = size & 0x7F;
        if (digits == 0 || digits > 3 || from->size < 2 + digits || from->data[2] == 0)
            return false;
        size = 0;
        for (size_t i = 0; i < digits; i++)
            size = size << 8 | from->data[2 + i];
        if (size < 0x80)
            return false;
        head += digits;
    }
    if (size > from->size - head)
        return false;
    *ret_content = bytes_of(from->data + head, size);
    *from = bytes_of(from->data + head + size, from->size - head - size);
    return true;
}

/* An element that holds exactly one other. */
static bool take_only(struct bytes *from, unsigned outer_tag, unsigned inner_tag, struct bytes *ret_content)
{
    struct bytes outer, rest = *from;
    if (!take(&rest, outer_tag, &outer) || !take(&outer, inner_tag, ret_content) || outer.size)
        return false;
    *from = rest;
    return true;
}

/* The same where it may be left out: false only if it is there and wrong. */
static bool take_optional(struct bytes *from, unsigned outer_tag, unsigned inner_tag, bool *ret_there, struct bytes *ret_content)
{
    *ret_there = from->size && from->data[0] == outer_tag;
    return !*ret_there || take_only(from, outer_tag, inner_tag, ret_content);
}

bool spnego_is_initial_token_of(struct bytes token, struct bytes object_id)
{
    struct bytes content, id;
    return take(&token, TAG_INITIAL, &content) && token.size == 0 && take(&content, TAG_OBJECT_ID, &id) &&
           bytes_equal(id, object_id);
}

static bool read_mechanisms(struct bytes *from, struct spnego_init *init)
{
    struct bytes outer, list;
    if (!take(from, TAG_CONTEXT(0), &outer))
        return false;
    init->mechanism_list = outer;
    if (!take(&outer, TAG_SEQUENCE, &list) || outer.size)
        return false;
    while (list.size) {
        if (init->mechanism_count == SPNEGO_MECHANISMS_MAX ||
            !take(&list, TAG_OBJECT_ID, &init->mechanisms[init->mechanism_count]) ||
            init->mechanisms[init->mechanism_count].size == 0)
            return false;
        init->mechanism_count++;
    }
    return init->mechanism_count > 0;
}

bool spnego_init_read(struct bytes message, struct spnego_init *ret_init)
{
    struct spnego_init init = {0};
    struct bytes content, id, sequence, flags;
    bool has_flags;
    if (!take(&message, TAG_INITIAL, &content) || message.size || !take(&content, TAG_OBJECT_ID, &id) ||
        !bytes_equal(id, spnego_id) || !take_only(&content, TAG_CONTEXT(0), TAG_SEQUENCE, &sequence) || content.size)
        return false;
    if (!read_mechanisms(&sequence, &init) || !take_optional(&sequence, TAG_CONTEXT(1), TAG_BITS, &has_flags, &flags) ||
        !take_optional(&sequence, TAG_CONTEXT(2), TAG_OCTETS, &init.has_token, &init.token) ||
        !take_optional(&sequence, TAG_CONTEXT(3), TAG_OCTETS, &init.has_mic, &init.mic) || sequence.size)
        return false;
    *ret_init = init;
    return true;
}

bool spnego_response_read(struct bytes message, struct spnego_response *ret_response)
{
    struct spnego_response response = {.state = SPNEGO_NO_STATE};
    struct bytes sequence, state;
    bool has_state, has_mechanism;
    if (!take_only(&message, TAG_CONTEXT(1), TAG_SEQUENCE, &sequence) || message.size ||
        !take_optional(&sequence, TAG_CONTEXT(0), TAG_ENUMERATED, &has_state, &state) ||
        !take_optional(&sequence, TAG_CONTEXT(1), TAG_OBJECT_ID, &has_mechanism, &response.mechanism) ||
        !take_optional(&sequence, TAG_CONTEXT(2), TAG_OCTETS, &response.has_token, &response.token) ||
        !take_optional(&sequence, TAG_CONTEXT(3), TAG_OCTETS, &response.has_mic, &response.mic) || sequence.size)
        return false;
    if (has_state) {
        if (state.size != 1 || state.data[0] >= SPNEGO_NO_STATE)
            return false;
        response.state = state.data[0];
    }
    *ret_response = response;
    return true;
}

/* --- writing --- */

static size_t length_size(size_t size)
{
    return size < 0x80 ? 1 : size < 0x100 ? 2 : size < 0x10000 ? 3 : 4;
}

static size_t element_size(size_t content_size)
{
    return 1 + length_size(content_size) + content_size;
}

static void put_head(struct buffer *output, unsigned tag, size_t size)
{
    buffer_append_u8(output, (uint8_t)tag);
    size_t digits = length_size(size) - 1;
    if (digits)
        buffer_append_u8(output, (uint8_t)(0x80 | digits));
    else
        digits = 1;
    while (digits--)
        buffer_append_u8(output, (uint8_t)(size >> 8 * digits));
}

static void put_nested(struct buffer *output, unsigned number, unsigned tag, struct bytes content)
{
    if (content.size == 0)
        return;
    put_head(output, TAG_CONTEXT(number), element_size(content.size));
    put_head(output, tag, content.size);
    buffer_append(output, content.data, content.size);
}

struct bytes spnego_response_make(struct arena *arena, const struct spnego_response *response)
{
    struct buffer inner = {0}, message = {0};
    uint8_t state = (uint8_t)response->state;
    if (response->state != SPNEGO_NO_STATE)
        put_nested(&inner, 0, TAG_ENUMERATED, bytes_of(&state, 1));
    put_nested(&inner, 1, TAG_OBJECT_ID, response->mechanism);
    put_nested(&inner, 2, TAG_OCTETS, response->token);
    put_nested(&inner, 3, TAG_OCTETS, response->mic);
    put_head(&message, TAG_CONTEXT(1), element_size(inner.size));
    put_head(&message, TAG_SEQUENCE, inner.size);
    buffer_append(&message, inner.data, inner.size);
    struct bytes made = inner.failed || message.failed ? BYTES_NONE : arena_bytes(arena, buffer_bytes(&message));
    buffer_free(&inner);
    buffer_free(&message);
    return made.data ? made : BYTES_NONE;
}
