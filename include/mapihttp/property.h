/* Properties (MS-OXCDATA 2.9, 2.11). A value is borrowed: from the object that returned it, or from the caller for as long
 * as the call takes. */
#pragma once
#include <mapihttp/error.h>

#ifdef __cplusplus
extern "C" {
#endif

/* A tag is the property's id (upper 16 bits) and its type (lower 16 bits): 0x0037001F is the subject. The ids 0x8000 and
 * above stand for named properties; which name has which id is the mailbox's own matter (mapihttp_property_id()). */
#define MAPIHTTP_TAG(id, type) ((uint32_t)(id) << 16 | (uint16_t)(type))
#define MAPIHTTP_TAG_ID(tag) ((uint16_t)((uint32_t)(tag) >> 16))
#define MAPIHTTP_TAG_TYPE(tag) ((uint16_t)(tag))

enum mapihttp_type {
    MAPIHTTP_TYPE_INTEGER16 = 0x0002,
    MAPIHTTP_TYPE_INTEGER32 = 0x0003,
    MAPIHTTP_TYPE_FLOATING32 = 0x0004,
    MAPIHTTP_TYPE_FLOATING64 = 0x0005,
    MAPIHTTP_TYPE_CURRENCY = 0x0006,
    MAPIHTTP_TYPE_FLOATING_TIME = 0x0007,
    MAPIHTTP_TYPE_ERROR = 0x000A, /* in answers: this property could not be given; integer32 holds the code */
    MAPIHTTP_TYPE_BOOLEAN = 0x000B,
    MAPIHTTP_TYPE_OBJECT = 0x000D,
    MAPIHTTP_TYPE_INTEGER64 = 0x0014,
    MAPIHTTP_TYPE_STRING = 0x001F,
    MAPIHTTP_TYPE_TIME = 0x0040, /* 100-nanosecond ticks since 1601-01-01 UTC */
    MAPIHTTP_TYPE_GUID = 0x0048,
    MAPIHTTP_TYPE_SERVER_ID = 0x00FB,
    MAPIHTTP_TYPE_BINARY = 0x0102,
    MAPIHTTP_TYPE_MULTIPLE = 0x1000, /* this bit and one of the above: several values */
};

struct mapihttp_blob {
    const void *data;
    size_t size; /* bytes; of a string without its NUL, which is there all the same */
};

struct mapihttp_property {
    uint32_t tag;
    union {
        int16_t integer16;
        int32_t integer32;
        float floating32;
        double floating64;
        int64_t integer64; /* INTEGER64, CURRENCY */
        uint64_t time;
        bool boolean;
        uint8_t guid[16];
        struct mapihttp_blob blob; /* STRING as UTF-8, BINARY, SERVER_ID, OBJECT */
        struct {
            size_t count;
            const void *values; /* an array of the member above that the type without MULTIPLE names */
        } multiple;
    };
};

/* The name of a named property (MS-OXCDATA 2.6.1). */
struct mapihttp_property_name {
    uint8_t guid[16];
    const char *name; /* UTF-8, or NULL: lid counts */
    uint32_t lid;
};

/* The specification's name of a tag ('PidTagSubject' for 0x0037001F), or NULL. */
MAPIHTTP_PUBLIC const char *mapihttp_property_tag_name(uint32_t tag);
/* The tag of 'PidTagSubject', 'Subject', '0x0037001F' (any case); 0 when unknown. */
MAPIHTTP_PUBLIC uint32_t mapihttp_property_tag_parse(const char *text);

#ifdef __cplusplus
}
#endif
