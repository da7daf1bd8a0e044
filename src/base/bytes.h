/* Byte ranges: borrowed (struct bytes) and owned, growing (struct buffer). Neither may be shared between threads without
 * the owner's care. */
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* A range of bytes that somebody else owns. */
struct bytes {
    const uint8_t *data;
    size_t size;
};

#define BYTES_NONE ((struct bytes){0})
#define BYTES_LITERAL(s) ((struct bytes){(const uint8_t *)(s), sizeof(s) - 1})

struct bytes bytes_of(const void *data, size_t size);
struct bytes bytes_of_string(const char *string);
bool bytes_equal(struct bytes a, struct bytes b);
/* Memory order, the shorter first where one is the beginning of the other: <0, 0, >0. */
int bytes_compare(struct bytes a, struct bytes b);

/* Bytes that grow at the end. A zeroed one is empty and ready; size_max 0 means no cap of its own. After a failed append
 * (cap or memory) 'failed' stays set and further appends do nothing, so that a writer may check once at the end. */
struct buffer {
    uint8_t *data;
    size_t size;
    size_t capacity;
    size_t size_max;
    bool failed;
};

void buffer_free(struct buffer *buffer);
void buffer_clear(struct buffer *buffer); /* keeps the memory */
/* Makes room for 'size' more bytes and returns where they go (the size has grown), or NULL. */
uint8_t *buffer_extend(struct buffer *buffer, size_t size);
bool buffer_append(struct buffer *buffer, const void *data, size_t size);
bool buffer_append_string(struct buffer *buffer, const char *string); /* without the NUL */
bool buffer_append_format(struct buffer *buffer, const char *format, ...) __attribute__((format(printf, 2, 3)));
bool buffer_append_u8(struct buffer *buffer, uint8_t value);
bool buffer_append_u16(struct buffer *buffer, uint16_t value); /* little-endian, like the two below */
bool buffer_append_u32(struct buffer *buffer, uint32_t value);
bool buffer_append_u64(struct buffer *buffer, uint64_t value);
/* Makes sure a NUL follows the content (not counted in size) and returns it as a string; NULL without memory. */
const char *buffer_string(struct buffer *buffer);
struct bytes buffer_bytes(const struct buffer *buffer);

/* Little-endian loads and stores at any alignment. */
static inline uint16_t load_u16(const void *p) { uint16_t v; __builtin_memcpy(&v, p, 2); return v; }
static inline uint32_t load_u32(const void *p) { uint32_t v; __builtin_memcpy(&v, p, 4); return v; }
static inline uint64_t load_u64(const void *p) { uint64_t v; __builtin_memcpy(&v, p, 8); return v; }
static inline void store_u16(void *p, uint16_t v) { __builtin_memcpy(p, &v, 2); }
static inline void store_u32(void *p, uint32_t v) { __builtin_memcpy(p, &v, 4); }
static inline void store_u64(void *p, uint64_t v) { __builtin_memcpy(p, &v, 8); }
_Static_assert(__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__, "the loads and stores above assume a little-endian machine");
