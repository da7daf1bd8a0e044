/* How a wire structure is described to the engine: constant rows that tools/wiregen.py makes from the schemas
 * (src/protocol/ *.wire, notation in docs/wire.md). Nobody writes these by hand. Constant, any thread. */
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum wire_kind {
    WIRE_INTEGER,      /* little-endian, 'width' bytes */
    WIRE_COUNT,        /* 16 or, in a wide context, 32 bits; a uint32_t in memory */
    WIRE_GUID,
    WIRE_STRING8,      /* NUL-terminated; struct bytes without the NUL */
    WIRE_STRING,       /* UTF-16LE, NUL-terminated; struct bytes without the NUL */
    WIRE_TEXT,         /* one of the two above, as the condition says */
    WIRE_BYTES,        /* 'width' bytes of size, then the bytes; width 0: all that remains */
    WIRE_FIXED_BYTES,  /* 'maximum' bytes, an array in the structure */
    WIRE_TAGGED,       /* property tag and value */
    WIRE_TYPED,        /* property type and value; the tag's id is 0 */
    WIRE_FILTER_VALUE, /* the tagged value inside a restriction */
    WIRE_ROW,          /* property row over 'columns' */
    WIRE_RECORD,
    WIRE_IF,           /* the next 'block' rows hold where 'condition' does */
    WIRE_SIZED,        /* 'width' bytes of size (0: a count), then the next 'block' rows, which use it up exactly */
};

/* How an integer is shown. */
enum wire_form { WIRE_FORM_NUMBER, WIRE_FORM_SIGNED, WIRE_FORM_BOOLEAN, WIRE_FORM_ID, WIRE_FORM_TAG, WIRE_FORM_TIME };

enum wire_list { WIRE_LIST_NONE, WIRE_LIST_FIXED, WIRE_LIST_COUNTED, WIRE_LIST_REST };

enum wire_source { WIRE_SOURCE_MEMBER, WIRE_SOURCE_WIDE, WIRE_SOURCE_ADDRESS_BOOK, WIRE_SOURCE_PUBLIC_LOGON, WIRE_SOURCE_RETURN_VALUE };

enum wire_operator { WIRE_EQUAL, WIRE_NOT_EQUAL, WIRE_LESS, WIRE_LESS_OR_EQUAL, WIRE_GREATER, WIRE_GREATER_OR_EQUAL };

struct wire_term {
    uint8_t source;   /* enum wire_source */
    uint8_t width;    /* of the member */
    uint16_t offset;
    uint8_t operator; /* enum wire_operator */
    uint32_t mask;    /* 0: none */
    uint32_t value;
};

struct wire_condition {
    bool any_of; /* otherwise all of */
    uint8_t count;
    const struct wire_term *terms;
};

/* A column set: property tags. */
struct wire_columns {
    uint32_t count;
    const uint32_t *tags;
};

/* Where a row's columns come from. */
struct wire_columns_source {
    bool from_member;
    uint16_t offset;         /* of the member that points to the tags */
    uint16_t count_offset;
    uint8_t count_width;
    uint8_t first_width;     /* non-zero: only the first so many, as the member at first_offset says */
    uint16_t first_offset;
    struct wire_columns constant; /* unless empty */
};

struct wire_value {
    uint32_t value;
    const char *name;
};

/* Names for the values or bits of an integer. */
struct wire_values {
    bool flags;
    uint32_t count;
    const struct wire_value *rows;
};

struct wire_structure;

struct wire_field {
    const char *name;
    uint8_t kind;         /* enum wire_kind */
    uint8_t form;         /* enum wire_form */
    uint8_t width;
    uint8_t list;         /* enum wire_list */
    bool pointer;         /* the record is reached by a pointer */
    bool optional;        /* of WIRE_SIZED: size 0 means absent (NULL) */
    bool inclusive;       /* of WIRE_SIZED: the size counts its own bytes */
    uint8_t count_width;
    uint16_t offset;
    uint16_t count_offset;
    uint16_t block;
    uint32_t maximum;     /* of a list; the count of a fixed one */
    uint32_t low, high;   /* accepted range of an integer, where high is not 0 */
    const struct wire_structure *record;
    const struct wire_condition *condition;
    const struct wire_columns_source *columns;
    const struct wire_values *values;
};

/* What the engine must know of the protocol above it. */
struct wire_vocabulary {
    const struct wire_structure *restriction;  /* PtypRestriction */
    const struct wire_structure *rule_actions; /* PtypRuleAction */
    const char *(*property_tag_name)(uint32_t tag); /* NULL where unknown */
};

struct wire_structure {
    const char *name;
    const char *section; /* of the specification */
    uint32_t size;       /* of the C struct */
    uint32_t least;      /* the fewest bytes it takes on the wire */
    uint16_t field_count;
    bool wide;           /* these hold for everything inside: see struct wire_context */
    bool wide_values;
    bool blob;
    bool address_book;
    const struct wire_field *fields;
    const struct wire_vocabulary *vocabulary;
};
