/* The values of scenario files: read from text, put into the protocol's structures by the names of their fields, and compared
 * with structures that were decoded. docs/rop.md has the notation. Everything lives in the arena. */
#pragma once
#include "base/arena.h"
#include "wire/property_value.h"
#include "wire/structure.h"

#define VARIABLES_MAX 256

struct variable {
    char name[48];
    uint64_t number;
    struct bytes bytes;
};

/* Names that a scenario has given to values of answers. */
struct variables {
    struct variable rows[VARIABLES_MAX];
    uint32_t count;
};
struct variable *variable_set(struct variables *variables, const char *name, uint64_t number, struct bytes bytes);
const struct variable *variable_find(const struct variables *variables, const char *name);

enum value_kind { VALUE_NUMBER, VALUE_TEXT, VALUE_BYTES, VALUE_ERROR, VALUE_ANY, VALUE_CAPTURE, VALUE_LIST, VALUE_FIELDS, VALUE_RESTRICTION };

struct value {
    enum value_kind kind;
    uint64_t number;     /* NUMBER, ERROR */
    struct bytes bytes;  /* TEXT in UTF-8, BYTES */
    bool utf16;          /* TEXT written u"..." */
    bool contains;       /* FIELDS, LIST: others may stand there too */
    const char *name;    /* CAPTURE */
    uint32_t count;      /* LIST, FIELDS */
    struct value *items;
    struct value_field *fields;
    const struct restriction *restriction;
};
struct value_field {
    const char *name;
    uint32_t tag; /* where the name is a property's */
    struct value value;
};

struct reader {
    struct arena *arena;
    const struct variables *variables;
    const char *at;
    char error[256]; /* "" while all is well */
};
/* The next word up to a blank or one of the signs; "" at the end. */
const char *read_word(struct reader *reader);
bool read_value(struct reader *reader, struct value *ret_value);
/* name=value ... up to the end of the text. */
bool read_fields(struct reader *reader, struct value *ret_value);

/* Puts fields into an object of the structure; false with an explanation. */
bool fill(struct arena *arena, const struct wire_structure *structure, const struct value *fields, void *object, char *error,
    size_t error_size);
/* Compares the fields named with those of the object, and takes captures into the variables. */
bool compare(struct arena *arena, struct variables *variables, const struct wire_structure *structure,
    const struct value *fields, const void *object, char *error, size_t error_size);
