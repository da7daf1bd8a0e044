/* Property tags and values in memory (MS-OXCDATA 2.9, 2.11). The one form that the wire, the store, the mailbox, mail and
 * the client share. What a value points to belongs to whoever made it: the input it was decoded from, or an arena. */
#pragma once
#include "base/bytes.h"
#include "base/guid.h"

/* A tag is id << 16 | type, which is how the wire's four bytes read as a little-endian u32. */
#define PROPERTY_TAG(id, type) ((uint32_t)(id) << 16 | (uint16_t)(type))
#define PROPERTY_ID(tag) ((uint16_t)((tag) >> 16))
#define PROPERTY_TYPE(tag) ((uint16_t)(tag))
#define PROPERTY_ID_NAMED_MIN 0x8000u

enum property_type {
    PTYP_UNSPECIFIED = 0x0000, /* in requests only */
    PTYP_NULL = 0x0001,
    PTYP_INTEGER16 = 0x0002,
    PTYP_INTEGER32 = 0x0003,
    PTYP_FLOATING32 = 0x0004,
    PTYP_FLOATING64 = 0x0005,
    PTYP_CURRENCY = 0x0006,
    PTYP_FLOATING_TIME = 0x0007,
    PTYP_ERROR_CODE = 0x000A,
    PTYP_BOOLEAN = 0x000B,
    PTYP_OBJECT = 0x000D,
    PTYP_INTEGER64 = 0x0014,
    PTYP_STRING8 = 0x001E,
    PTYP_STRING = 0x001F,
    PTYP_TIME = 0x0040,
    PTYP_GUID = 0x0048,
    PTYP_SERVER_ID = 0x00FB,
    PTYP_RESTRICTION = 0x00FD,
    PTYP_RULE_ACTION = 0x00FE,
    PTYP_BINARY = 0x0102,
    PTYP_MULTIPLE_INTEGER16 = 0x1002,
    PTYP_MULTIPLE_INTEGER32 = 0x1003,
    PTYP_MULTIPLE_FLOATING32 = 0x1004,
    PTYP_MULTIPLE_FLOATING64 = 0x1005,
    PTYP_MULTIPLE_CURRENCY = 0x1006,
    PTYP_MULTIPLE_FLOATING_TIME = 0x1007,
    PTYP_MULTIPLE_INTEGER64 = 0x1014,
    PTYP_MULTIPLE_STRING8 = 0x101E,
    PTYP_MULTIPLE_STRING = 0x101F,
    PTYP_MULTIPLE_TIME = 0x1040,
    PTYP_MULTIPLE_GUID = 0x1048,
    PTYP_MULTIPLE_BINARY = 0x1102,
};
#define PTYP_MULTIPLE_FLAG 0x1000u
#define PTYP_INSTANCE_FLAG 0x2000u /* a table column with one row per value */

struct restriction;  /* protocol/, generated */
struct rule_actions; /* protocol/, generated */

/* One property. The tag's type says which member holds: a type in request rows may be PTYP_ERROR_CODE to say that the
 * property of that id could not be given (error_code). */
struct property_value {
    uint32_t tag;
    union {
        int16_t integer16;
        int32_t integer32;
        uint32_t error_code;
        float floating32;
        double floating64;    /* FLOATING64, FLOATING_TIME */
        int64_t integer64;    /* INTEGER64, CURRENCY */
        uint64_t time;        /* FILETIME */
        uint8_t boolean;      /* the raw byte; non-zero is true */
        struct guid guid;
        struct bytes bytes;   /* BINARY, SERVER_ID, OBJECT; STRING8 without NUL; STRING as UTF-16LE without terminator */
        const struct restriction *restriction;
        const struct rule_actions *rule_actions;
        struct {
            uint32_t count;
            union {
                const int16_t *integer16;
                const int32_t *integer32;
                const float *floating32;
                const double *floating64;
                const int64_t *integer64;
                const uint64_t *time;
                const struct guid *guid;
                const struct bytes *bytes; /* MULTIPLE_BINARY, _STRING8, _STRING */
            };
        } multiple;
    };
};

/* Bytes that a value of a type of fixed size takes on the wire (MS-OXCDATA 2.11.1), of one element for a multiple type; 0
 * for types of other sizes and for those that are none. Any thread. */
size_t property_type_fixed_size(uint16_t type);

/* Properties in the order in which they were given; no tag's id twice unless the maker says so. */
struct property_list {
    uint32_t count;
    const struct property_value *values;
};

/* A named property (MS-OXCDATA 2.6.1). */
struct property_name {
    uint8_t kind; /* 0 LID, 1 name, 0xFF none */
    struct guid guid;
    uint32_t lid;
    struct bytes name; /* UTF-16LE without terminator */
};
