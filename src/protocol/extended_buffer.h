/* The frame around ROP payloads and auxiliary blocks: RPC_HEADER_EXT units (MS-OXCRPC 2.2.2.1), each perhaps compressed and
 * perhaps hidden under 0xA5. Any thread. */
#pragma once
#include "base/arena.h"

#define EXTENDED_HEADER_SIZE 8
#define EXTENDED_UNITS_MAX 96 /* MS-OXCRPC R968 */

enum extended_flags { EXTENDED_FLAGS_COMPRESSED = 0x0001, EXTENDED_FLAGS_XOR_MAGIC = 0x0002, EXTENDED_FLAGS_LAST = 0x0004 };

struct extended_unit {
    uint16_t flags;        /* as received */
    struct bytes payload;  /* plain: uncovered and decompressed; borrowed from the input where it was plain already */
    size_t offset;         /* of the header in the input */
};

struct extended_units {
    uint32_t count;
    struct extended_unit *units;
};

/* Reads all units. False for anything but whole, well-formed units of which exactly the last has the Last flag; then
 * *ret_error_offset (may be NULL) says where. */
bool extended_buffer_read(struct arena *arena, struct bytes input, struct extended_units *ret_units, size_t *ret_error_offset)
    __attribute__((warn_unused_result));

/* Appends one unit. 'flags' says what to do: COMPRESSED compresses where that makes it smaller (otherwise the flag is left
 * out), XOR_MAGIC hides, LAST marks. False where the payload exceeds 65,535 bytes or without memory. */
bool extended_buffer_append(struct buffer *output, struct bytes payload, uint16_t flags) __attribute__((warn_unused_result));
