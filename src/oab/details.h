/* The details file of an offline address book, version 4 (MS-OXOAB 2.9): OAB_HDR, the tables of the properties that the header
 * record and the entries have, the header record, and a record for each entry. Numbers are little-endian, text is UTF-8.
 *
 * Writing: records are encoded one after the other and go to a file descriptor. Reading: the whole file stands in (mapped)
 * memory, what is read points into it or stands in the arena. No state, any thread. */
#pragma once
#include "base/arena.h"
#include "base/guid.h"
#include "oab/container.h"

#define OAB_DETAILS_VERSION 0x20u
#define OAB_PROPERTY_COUNT_MAX 1024u
#define OAB_RECORD_SIZE_MAX (4u << 20)

/* OAB_PROP_REC: flags of a property (2.9.4). */
#define OAB_PROPERTY_ANR 1u   /* ambiguous names are looked for in it */
#define OAB_PROPERTY_INDEX 2u /* every entry has it */
struct oab_property {
    uint32_t tag;
    uint32_t flags;
};

/* Of the header record, in this order (2.9.2.1). */
#define OAB_TAG_NAME 0x6800001Fu
#define OAB_TAG_DN 0x6804001Eu
#define OAB_TAG_SEQUENCE 0x68010003u
#define OAB_TAG_CONTAINER_GUID 0x6802001Eu
#define OAB_TAG_TRUNCATED_PROPERTIES 0x68051003u

/* --- writing --- */

/* A record in the making: values are put in the order of the table; what is not put is not there. Free with
 * buffer_free(&record.data). */
struct oab_record {
    struct buffer data; /* the record, its size not yet said until it is finished */
};
void oab_record_begin(struct oab_record *record, uint32_t property_count);
/* 'index': of the property in the table. Empty text and no values at all are not put (2.9.6). */
void oab_record_put_number(struct oab_record *record, uint32_t index, uint32_t number); /* PtypInteger32 */
void oab_record_put_boolean(struct oab_record *record, uint32_t index, bool value);
void oab_record_put_text(struct oab_record *record, uint32_t index, struct bytes text); /* PtypString8, PtypString */
void oab_record_put_binary(struct oab_record *record, uint32_t index, struct bytes value);
void oab_record_put_numbers(struct oab_record *record, uint32_t index, uint32_t count, const uint32_t *numbers);
void oab_record_put_texts(struct oab_record *record, uint32_t index, uint32_t count, const struct bytes *texts);
void oab_record_put_binaries(struct oab_record *record, uint32_t index, uint32_t count, const struct bytes *values);
/* Empty without memory. */
struct bytes oab_record_finish(struct oab_record *record);

struct oab_details_header {
    const char *name;       /* '\Global Address List' */
    const char *dn;         /* of the address list; '/' for the global one */
    uint32_t sequence;
    struct guid container;
};
struct oab_details_writer {
    struct oab_output output;
    const struct oab_property *properties;
    uint32_t property_count;
    uint32_t record_count;
    uint32_t serial; /* CRC of all behind OAB_HDR */
};
/* The file begins at the descriptor's beginning; it must be one that can be written at any place. 'properties' must stay. */
void oab_details_begin(struct oab_details_writer *writer, int fd, const struct oab_details_header *header,
                       const struct oab_property *properties, uint32_t property_count);
/* A finished record of that many properties. */
void oab_details_add(struct oab_details_writer *writer, struct bytes record);
/* False where anything failed since the beginning. */
bool oab_details_end(struct oab_details_writer *writer);

/* --- reading --- */

struct oab_value {
    bool present;
    uint32_t count;            /* of items or numbers; 1 unless the type is a multiple one */
    uint32_t number;           /* PtypInteger32, PtypBoolean */
    const uint32_t *numbers;   /* PtypMultipleInteger32 */
    const struct bytes *items; /* text (without its NUL) and binary */
};
struct oab_details {
    struct bytes file;
    uint32_t version, serial, record_count;
    uint32_t header_property_count, property_count;
    const struct oab_property *header_properties, *properties;
    const struct oab_value *header; /* one for each of its properties */
    size_t header_start, header_end; /* of the header record; behind it stand the entries */
    /* What the header says; "" and 0 where it does not. */
    const char *name, *dn, *container;
    uint32_t sequence;
};
/* OAB_HDR, the tables and the header record. OAB_MALFORMED for anything that is not well formed. */
enum oab_status oab_details_open(struct arena *arena, struct bytes file, struct oab_details *ret_details);
/* The record at *offset (details->header_end at first), which advances. 'ret_values': one for each property, in the arena.
 * OAB_MALFORMED also at the end of the file: ask oab_details.record_count times. */
enum oab_status oab_details_read(struct arena *arena, const struct oab_details *details, size_t *offset,
                                 const struct oab_value **ret_values);
/* The bytes of the record at *offset without a look inside. */
enum oab_status oab_details_skip(const struct oab_details *details, size_t *offset, struct bytes *ret_record);
/* Reads everything, and checks the serial, the count and that entries have what every entry must have. */
enum oab_status oab_details_verify(struct bytes file, const char **ret_problem);
/* Of a property in the table, its type ignored; property_count for none. */
uint32_t oab_details_find(const struct oab_details *details, uint32_t tag);
