/* Auxiliary buffers (MS-OXCRPC 3.1.4.1.2): one extended-buffer unit of blocks. Servers read what clients tell about themselves
 * and answer Connect with theirs. A block of unknown version or type is kept as bytes. Any thread. */
#pragma once
#include "base/arena.h"
#include "protocol/auxiliary_blocks.h"
#include "wire/wire.h"

struct auxiliary_item {
    uint8_t version;
    uint8_t type; /* AUXILIARY_TYPE_... */
    struct bytes payload;
    size_t offset; /* of the block's header in the plain payload of the unit */
    const struct wire_structure *structure; /* NULL: unknown, or not well-formed */
    const void *body;
};

struct auxiliary_items {
    uint32_t count;
    struct auxiliary_item *items;
};

/* The structure of a block's payload, or NULL. */
const struct wire_structure *auxiliary_structure(uint8_t version, uint8_t type);

/* Reads the AuxiliaryBuffer of a body (with the unit's header; no bytes are no blocks). False for a malformed one. */
bool auxiliary_read(struct arena *arena, struct bytes auxiliary_buffer, struct auxiliary_items *ret_items) __attribute__((warn_unused_result));
/* Reads the blocks of a plain payload. */
bool auxiliary_read_blocks(struct arena *arena, struct bytes payload, struct auxiliary_items *ret_items) __attribute__((warn_unused_result));

/* The text at an offset that a block's field gives (counted from the block's header): UTF-16LE without terminator, NONE for
 * offset 0 and for one that leads outside. */
struct bytes auxiliary_text(const struct auxiliary_item *item, uint16_t offset);

/* Appends one block to a plain payload; frame the whole with extended_buffer_append(..., EXTENDED_FLAGS_LAST). */
bool auxiliary_append(struct buffer *payload, uint8_t version, uint8_t type, const void *body) __attribute__((warn_unused_result));
/* A block that is one text: AUXILIARY_TYPE_SERVER_SESSION_INFO. */
bool auxiliary_append_session_info(struct buffer *payload, struct bytes utf16) __attribute__((warn_unused_result));
