/* Which attributes of a server mean what: one table of three columns (active-directory, inetorgperson, freeipa) for what
 * directory_user and directory_entry have as fields of their own; the card's attributes come from attribute_table.h. A map is
 * immutable once it is made; any thread. */
#pragma once
#include "directory/ldap.h"

enum ldap_field {
#define FIELD(identifier, ...) LDAP_FIELD_##identifier,
#include "directory/ldap_field_table.h"
#undef FIELD
    LDAP_FIELD_COUNT
};

/* What an attribute is read for: a field, or LDAP_FIELD_COUNT + an attribute of the card. */
#define LDAP_MEANING_COUNT (LDAP_FIELD_COUNT + DIRECTORY_ATTRIBUTE_COUNT)
struct ldap_map_row {
    const char *name; /* as it is asked for: 'userCertificate;binary' */
    unsigned meaning;
    size_t name_size; /* without options */
};

/* What a search asks for. */
enum ldap_selection {
    LDAP_SELECTION_SMALL,  /* all but large attributes and secrets */
    LDAP_SELECTION_ALL,    /* large ones too */
    LDAP_SELECTION_SECRET, /* the NT hash and what tells whether the account is switched off */
};
#define LDAP_SELECTION_COUNT 3u

#define LDAP_MAP_ROWS_MAX 160u /* a test counts them */
struct ldap_map {
    enum ldap_schema schema;
    unsigned row_count;
    struct ldap_map_row rows[LDAP_MAP_ROWS_MAX];         /* by meaning, the preferred name of each first */
    unsigned first_rows[LDAP_MEANING_COUNT + 1];         /* rows of meaning m: first_rows[m] to first_rows[m + 1] - 1 */
    unsigned by_name[LDAP_MAP_ROWS_MAX];                 /* rows in order of names, case ignored */
    char *selections[LDAP_SELECTION_COUNT][LDAP_MAP_ROWS_MAX + 3]; /* for libldap; NULL-terminated */
    const char *filters[DIRECTORY_KIND_COUNT];           /* by kind; "" where the schema has none */
    size_t names_size;
    char names[4096];
};

void ldap_map_fill(struct ldap_map *map, enum ldap_schema schema, const struct ldap_filters *filters);
/* The names by which the schema has a meaning, preferred first. */
unsigned ldap_map_names(const struct ldap_map *map, unsigned meaning, const struct ldap_map_row **ret_rows);
/* Rows of an attribute's name (without options) as the server wrote it: positions *ret_first onwards of by_name. */
unsigned ldap_map_rows_named(const struct ldap_map *map, struct bytes name, unsigned *ret_first);
