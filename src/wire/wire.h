/* The wire engine: bytes to C structs and back, as the constant rows of a structure say (wire/structure.h). One interpreter
 * for decode, encode, print, compare and random generation; no structure has code of its own.
 *
 * Decoded strings and byte ranges point into the input, lists and pointed-to records live in the arena: an object lives as
 * long as both. Everything may be called on any thread; nothing is kept between calls. */
#pragma once
#include "base/arena.h"
#include "wire/property_row.h"
#include "wire/structure.h"

/* What a structure's encoding depends on besides its own fields. A zeroed one is what most ROPs want. */
struct wire_context {
    bool wide;         /* counts are 32 bits: extended rules, address book */
    bool wide_values;  /* only those inside values are: stored rule conditions */
    bool blob;         /* values as Outlook stores them: 16-bit booleans, strings of a counted size (its terminator may be missing) */
    bool address_book; /* values as MS-OXCMAPIHTTP 2.2.1 has them: a string, binary or list whose pointer is NULL is absent */
    bool public_logon;
    uint32_t return_value;              /* of the response that the structure belongs to */
    const struct wire_columns *columns; /* of rows 'over context'; NULL: unknown, rows that are sized stay raw */
};

enum wire_status {
    WIRE_OK,
    WIRE_TRUNCATED,   /* the input ends too early, or announces more than it has */
    WIRE_BAD_VALUE,   /* a value that the structure does not allow; encoding: an object that cannot be said */
    WIRE_TOO_MANY,    /* more elements than the named cap */
    WIRE_TOO_DEEP,    /* nested beyond RESTRICTION_DEPTH_MAX */
    WIRE_NOT_USED_UP, /* a sized part, or the input, is longer than its content */
    WIRE_NO_COLUMNS,  /* a row whose columns nobody gave */
    WIRE_NO_MEMORY,   /* memory, or more of it than an input of this size may ask for */
    WIRE_TOO_LARGE,   /* encoding: a size that its field cannot hold */
};

#define WIRE_PATH_SIZE 160

struct wire_error {
    enum wire_status status;
    size_t offset;             /* in the input; encoding: in what was written */
    char path[WIRE_PATH_SIZE]; /* restriction.restrictions[1].property.value */
};

const char *wire_status_name(enum wire_status status); /* "BAD_VALUE" */
/* 'BAD_VALUE at 17 in restriction.restrictions[1].type'. */
#define WIRE_ERROR_TEXT_SIZE (WIRE_PATH_SIZE + 64)
void wire_error_format(const struct wire_error *error, char text[WIRE_ERROR_TEXT_SIZE]);

/* Decodes all of 'bytes' into *ret_object, which is of the structure's C type. context and ret_error may be NULL. On failure
 * the object is untouched and *ret_error says where. */
bool wire_decode(struct arena *arena, const struct wire_structure *structure, struct bytes bytes,
    const struct wire_context *context, void *ret_object, struct wire_error *ret_error) __attribute__((warn_unused_result));

/* The same for a structure that stands at the beginning of 'bytes'. *ret_size is what it took. *ret_canonical, which may be
 * NULL like ret_error, is false where an encoder would have written other bytes for the same object. */
bool wire_decode_prefix(struct arena *arena, const struct wire_structure *structure, struct bytes bytes,
    const struct wire_context *context, void *ret_object, size_t *ret_size, bool *ret_canonical, struct wire_error *ret_error)
    __attribute__((warn_unused_result));

/* Appends the object to the buffer. A failure (an object that cannot be said, sizes too large, memory) leaves the buffer as
 * it was; ret_error may be NULL. A string ends at its first NUL. */
bool wire_encode(const struct wire_structure *structure, const void *object, const struct wire_context *context,
    struct buffer *buffer, struct wire_error *ret_error) __attribute__((warn_unused_result));

/* The same value, whatever addresses it has. Bytes that both would write decide about raw rows. */
bool wire_equal(const struct wire_structure *structure, const void *a, const void *b, const struct wire_context *context);

/* Random objects for tests: the same seed gives the same object. Every object encodes. NULL without memory. */
struct wire_random {
    uint64_t state;
};
void *wire_random_object(struct arena *arena, const struct wire_structure *structure, const struct wire_context *context,
    struct wire_random *random);

/* Decodes and explains: a line 'offset  name  value' for each field, the section of the specification beside each record,
 * appended to 'text'. base_offset is what the first byte is called. On failure the lines up to it are there. */
bool wire_print(struct arena *arena, const struct wire_structure *structure, struct bytes bytes,
    const struct wire_context *context, size_t base_offset, unsigned indent, struct buffer *text, struct wire_error *ret_error)
    __attribute__((warn_unused_result));
