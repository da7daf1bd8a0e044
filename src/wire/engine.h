/* Inside the wire engine: the state of its verbs and the parts they share. Only for src/wire. */
#pragma once
#include "base/limits.h"
#include "wire/wire.h"

/* A decoder may ask for this much memory plus so much for each byte of input: the widest growth that honest input needs is
 * far below, and a byte that buys a megabyte is an attack. */
#define DECODE_MEMORY_BASE 65536u
#define DECODE_MEMORY_PER_BYTE 128u

/* Where lines go (print.c); the decoder calls it where it has one. */
struct printer {
    struct buffer *text;
    size_t base;       /* what the first byte of the input is called */
    unsigned indent;
    const char *label; /* of the value that follows, instead of nothing */
    long label_index;
};

struct decoder {
    const uint8_t *start;
    const uint8_t *at;
    const uint8_t *end;     /* of the innermost sized part */
    struct arena *arena;
    size_t memory;          /* what may still be asked for */
    struct wire_context context;
    const struct wire_vocabulary *vocabulary;
    unsigned depth;
    unsigned sized;         /* sized parts around 'at' */
    bool canonical;
    struct wire_error *error; /* never NULL */
    struct printer *printer;  /* NULL unless lines are wanted */
};

struct encoder {
    struct buffer *buffer;
    size_t start;           /* size of the buffer before */
    struct wire_context context;
    const struct wire_vocabulary *vocabulary;
    unsigned depth;
    struct wire_error *error; /* never NULL */
};

/* Always false, for 'return decode_fail(...)'. The path grows while the calls return. */
bool wire_fail(struct wire_error *error, enum wire_status status, size_t offset);
bool decode_fail(struct decoder *decoder, enum wire_status status);
bool encode_fail(struct encoder *encoder, enum wire_status status);
void wire_path_name(struct wire_error *error, const char *name);
void wire_path_index(struct wire_error *error, size_t index);

/* Members of objects, as the rows name them. */
uint64_t member_load(const void *object, uint16_t offset, uint8_t width);
void member_store(void *object, uint16_t offset, uint8_t width, uint64_t value);
bool condition_holds(const struct wire_condition *condition, const void *object, const struct wire_context *context);
/* Adds what holds for everything inside a structure. */
void context_enter(struct wire_context *context, const struct wire_structure *structure);
/* The columns for a field: from the object, the row, or the context. False where 'first' asks for more than there are. */
bool columns_resolve(const struct wire_field *field, const void *object, const struct wire_context *context,
    struct wire_columns *storage, const struct wire_columns **ret_columns);
/* In memory, and the least on the wire. */
size_t element_size(const struct wire_field *field);
size_t element_least(const struct wire_field *field);

/* Memory for decoded things, within the budget; NULL after decode_fail. */
void *decode_allocate(struct decoder *decoder, size_t count, size_t size);
static inline size_t decode_left(const struct decoder *decoder) { return (size_t)(decoder->end - decoder->at); }
static inline bool decode_need(struct decoder *decoder, size_t size)
{
    return decode_left(decoder) >= size ? true : decode_fail(decoder, WIRE_TRUNCATED);
}
bool decode_string8(struct decoder *decoder, struct bytes *ret_string);
bool decode_string(struct decoder *decoder, struct bytes *ret_string); /* UTF-16 */
bool decode_count(struct decoder *decoder, uint32_t *ret_count);
bool decode_record(struct decoder *decoder, const struct wire_structure *structure, void *object);
/* As a pointed-to record: allocated, one level deeper. */
bool decode_pointed(struct decoder *decoder, const struct wire_structure *structure, const void **ret_object);

/* Room for 'size' bytes; NULL after encode_fail. */
uint8_t *encode_place(struct encoder *encoder, size_t size);
bool encode_string8(struct encoder *encoder, struct bytes string);
bool encode_string(struct encoder *encoder, struct bytes string);
bool encode_count(struct encoder *encoder, uint32_t count);
bool encode_record(struct encoder *encoder, const struct wire_structure *structure, const void *object);

struct equality {
    struct wire_context context;
    const struct wire_vocabulary *vocabulary;
};
bool equal_record(const struct equality *equality, const struct wire_structure *structure, const void *a, const void *b);

struct generator {
    struct arena *arena;
    struct wire_random *random;
    struct wire_context context;
    const struct wire_vocabulary *vocabulary;
    unsigned depth;
    bool failed;
};
uint64_t random_next(struct generator *generator);
static inline uint32_t random_below(struct generator *generator, uint32_t limit) { return (uint32_t)(random_next(generator) % limit); }
void *random_allocate(struct generator *generator, size_t count, size_t size); /* at least one byte; NULL sets failed */
struct bytes random_text(struct generator *generator, bool utf16);
struct bytes random_bytes_of(struct generator *generator, uint32_t size_max);
void random_record(struct generator *generator, const struct wire_structure *structure, void *object);

/* Property values (property_value.c) and rows (property_row.c): the two kinds with code of their own, every verb in one
 * file. 'type' is the value's type on the wire; the instance flag of table columns is ignored. */
uint16_t value_base_type(uint16_t type);
bool value_decode(struct decoder *decoder, uint16_t type, struct property_value *ret_value); /* leaves the tag alone */
bool value_encode(struct encoder *encoder, uint16_t type, const struct property_value *value);
/* With the tag set; writes the line where one is wanted. PTYP_UNSPECIFIED is no value. */
bool value_decode_printed(struct decoder *decoder, const uint8_t *begin, struct property_value *value);
bool tagged_decode(struct decoder *decoder, struct property_value *ret_value);
bool tagged_encode(struct encoder *encoder, const struct property_value *value);
bool typed_decode(struct decoder *decoder, struct property_value *ret_value);
bool typed_encode(struct encoder *encoder, const struct property_value *value);
bool filter_value_decode(struct decoder *decoder, struct property_value *ret_value);
bool filter_value_encode(struct encoder *encoder, const struct property_value *value);
bool value_equal(const struct equality *equality, const struct property_value *a, const struct property_value *b);
void value_random(struct generator *generator, uint16_t type, struct property_value *value);
uint16_t random_type(struct generator *generator);

bool row_decode(struct decoder *decoder, struct property_row *ret_row);
bool row_encode(struct encoder *encoder, const struct property_row *row);
bool row_equal(const struct equality *equality, const struct property_row *a, const struct property_row *b);
void row_random(struct generator *generator, struct property_row *row);

/* Lines (print.c), called by the decoder where it has a printer. 'begin' is where the field's bytes begin. */
void print_open(struct decoder *decoder, const uint8_t *begin, const struct wire_field *field, long index);
void print_close(struct decoder *decoder);
void print_field(struct decoder *decoder, const uint8_t *begin, const struct wire_field *field, long index, const void *target);
void print_size(struct decoder *decoder, const uint8_t *begin, const char *name, size_t size);
void print_value(struct decoder *decoder, const uint8_t *begin, const struct property_value *value, const char *state);
