/* What the directory can say about an entry beside its names: the properties that Outlook shows in a person's card and that
 * the address book is searched by. One table; embedded files, LDAP, imports, commands and the address book all read it. */
#pragma once
#include "base/bytes.h"

enum directory_value_kind {
    DIRECTORY_VALUE_TEXT,      /* UTF-8 */
    DIRECTORY_VALUE_BINARY,    /* photos, certificates */
    DIRECTORY_VALUE_NUMBER,    /* decimal text, 0 to 2^31-1 */
    DIRECTORY_VALUE_BOOLEAN,   /* "1" or "0" */
    DIRECTORY_VALUE_REFERENCE, /* 16 bytes: the id of another entry */
};

/* Rows: enum name, name in commands and files (Active Directory's attribute name), kind, multiple values, large (kept out of
 * the entry unless it is asked for alone), property tag, name of OpenLDAP's inetOrgPerson, name of FreeIPA (NULL: as
 * inetOrgPerson). The table itself is DIRECTORY_ATTRIBUTE_TABLE in attribute_table.h. */
enum directory_attribute {
#define ATTRIBUTE(identifier, ...) DIRECTORY_ATTRIBUTE_##identifier,
#include "directory/attribute_table.h"
#undef ATTRIBUTE
    DIRECTORY_ATTRIBUTE_COUNT
};

struct directory_attribute_definition {
    const char *name; /* 'givenName' */
    enum directory_value_kind kind;
    bool multiple;
    bool large;
    uint32_t property_tag;          /* 0: no property of its own */
    const char *inet_org_person;    /* its LDAP name there; NULL where there is none */
    const char *free_ipa;
    const char *title;              /* for people: 'First name' */
};
extern const struct directory_attribute_definition directory_attributes[DIRECTORY_ATTRIBUTE_COUNT];

/* By name without regard to case; DIRECTORY_ATTRIBUTE_COUNT for an unknown one. */
enum directory_attribute directory_attribute_named(const char *name);
/* By property tag, its type ignored; DIRECTORY_ATTRIBUTE_COUNT for an unknown one. */
enum directory_attribute directory_attribute_of_tag(uint32_t property_tag);

/* One attribute of one entry: 'count' values (1 unless multiple), never 0. */
struct directory_value {
    enum directory_attribute attribute;
    uint32_t count;
    const struct bytes *items;
};
