#include "directory/ldap_map.h"

#include <string.h>
#include <strings.h>

/* The table's columns as one text a schema and field, names separated by blanks; split here once a map. */
static const char *const field_names[LDAP_FIELD_COUNT][LDAP_SCHEMA_COUNT] = {
#define FIELD(identifier, active_directory, inet_org_person, free_ipa) \
    [LDAP_FIELD_##identifier] = {active_directory, inet_org_person, free_ipa},
#include "directory/ldap_field_table.h"
#undef FIELD
};

/* Which entries are of which kind. In Active Directory one filter finds everything with a mailbox and the recipient type
 * tells rooms and shared mailboxes from users (ldap_record.c); elsewhere an administrator says which are rooms. Entries
 * without an address are nobody that mail could be sent to. */
static const struct ldap_filters standard_filters[LDAP_SCHEMA_COUNT] = {
    [LDAP_SCHEMA_ACTIVE_DIRECTORY] = {
        .user = "(&(objectCategory=person)(objectClass=user)(mail=*))", .shared = "", .room = "", .equipment = "",
        .group = "(&(|(objectClass=group)(objectClass=msExchDynamicDistributionList))(mail=*))",
        .contact = "(&(objectClass=contact)(mail=*))"},
    [LDAP_SCHEMA_INET_ORG_PERSON] = {
        .user = "(&(objectClass=inetOrgPerson)(uid=*)(mail=*))", .shared = "", .room = "", .equipment = "",
        .group = "(|(objectClass=groupOfNames)(objectClass=groupOfUniqueNames)(objectClass=posixGroup)(objectClass=groupOfURLs))",
        .contact = "(&(objectClass=inetOrgPerson)(mail=*)(!(uid=*)))"},
    [LDAP_SCHEMA_FREE_IPA] = {
        .user = "(&(objectClass=person)(objectClass=posixAccount)(mail=*))", .shared = "", .room = "", .equipment = "",
        .group = "(&(objectClass=ipaUserGroup)(mail=*))", .contact = "(&(objectClass=inetOrgPerson)(mail=*)(!(uid=*)))"},
};

static const char *card_name(enum ldap_schema schema, unsigned attribute)
{
    const struct directory_attribute_definition *definition = &directory_attributes[attribute];
    if (schema == LDAP_SCHEMA_ACTIVE_DIRECTORY)
        return definition->name;
    if (schema == LDAP_SCHEMA_FREE_IPA && definition->free_ipa)
        return definition->free_ipa;
    return definition->inet_org_person ? definition->inet_org_person : "";
}

static void add_rows(struct ldap_map *map, unsigned meaning, const char *names)
{
    map->first_rows[meaning] = map->row_count;
    while (*names && map->row_count < LDAP_MAP_ROWS_MAX) {
        size_t size = strcspn(names, " ");
        struct ldap_map_row *row = &map->rows[map->row_count];
        if (map->names_size + size + 1 > sizeof map->names)
            return;
        char *copy = map->names + map->names_size;
        memcpy(copy, names, size);
        copy[size] = '\0';
        map->names_size += size + 1;
        *row = (struct ldap_map_row){copy, meaning, strcspn(copy, ";")};
        map->row_count++;
        names += size;
        names += *names == ' ';
    }
}

/* Names without options, case ignored, the shorter first. */
static int compare_names(const char *a, size_t a_size, const char *b, size_t b_size)
{
    int order = strncasecmp(a, b, a_size < b_size ? a_size : b_size);
    return order ? order : (a_size > b_size) - (a_size < b_size);
}

static void sort_by_name(struct ldap_map *map)
{
    for (unsigned i = 0; i < map->row_count; i++) {
        const struct ldap_map_row *row = &map->rows[i];
        unsigned place = i;
        for (; place > 0; place--) {
            const struct ldap_map_row *before = &map->rows[map->by_name[place - 1]];
            if (compare_names(before->name, before->name_size, row->name, row->name_size) <= 0)
                break;
            map->by_name[place] = map->by_name[place - 1];
        }
        map->by_name[place] = i;
    }
}

static bool is_large(unsigned meaning)
{
    return meaning >= LDAP_FIELD_COUNT && directory_attributes[meaning - LDAP_FIELD_COUNT].large;
}

static bool selected(enum ldap_selection selection, unsigned meaning)
{
    if (meaning == LDAP_FIELD_NT_HASH)
        return selection == LDAP_SELECTION_SECRET;
    return selection == LDAP_SELECTION_ALL || !is_large(meaning);
}

static void fill_selection(struct ldap_map *map, enum ldap_selection selection)
{
    unsigned count = 0;
    for (unsigned i = 0; i < map->row_count; i++) {
        const char *name = map->rows[map->by_name[i]].name;
        bool again = count && strcasecmp(map->selections[selection][count - 1], name) == 0;
        if (!again && selected(selection, map->rows[map->by_name[i]].meaning))
            map->selections[selection][count++] = (char *)name;
    }
    map->selections[selection][count] = NULL;
}

static const char *either(const char *given, const char *standard)
{
    return given && *given ? given : standard;
}

void ldap_map_fill(struct ldap_map *map, enum ldap_schema schema, const struct ldap_filters *filters)
{
    const struct ldap_filters *standard = &standard_filters[schema];
    memset(map, 0, sizeof *map);
    map->schema = schema;
    for (unsigned meaning = 0; meaning < LDAP_FIELD_COUNT; meaning++)
        add_rows(map, meaning, field_names[meaning][schema]);
    for (unsigned attribute = 0; attribute < DIRECTORY_ATTRIBUTE_COUNT; attribute++)
        add_rows(map, LDAP_FIELD_COUNT + attribute, card_name(schema, attribute));
    map->first_rows[LDAP_MEANING_COUNT] = map->row_count;
    sort_by_name(map);
    for (unsigned selection = 0; selection < LDAP_SELECTION_COUNT; selection++)
        fill_selection(map, selection);
    for (unsigned kind = 0; kind < DIRECTORY_KIND_COUNT; kind++)
        map->filters[kind] = "";
    map->filters[DIRECTORY_USER] = either(filters->user, standard->user);
    map->filters[DIRECTORY_SHARED_MAILBOX] = either(filters->shared, standard->shared);
    map->filters[DIRECTORY_ROOM] = either(filters->room, standard->room);
    map->filters[DIRECTORY_EQUIPMENT] = either(filters->equipment, standard->equipment);
    map->filters[DIRECTORY_GROUP] = either(filters->group, standard->group);
    map->filters[DIRECTORY_CONTACT] = either(filters->contact, standard->contact);
}

unsigned ldap_map_names(const struct ldap_map *map, unsigned meaning, const struct ldap_map_row **ret_rows)
{
    *ret_rows = &map->rows[map->first_rows[meaning]];
    return map->first_rows[meaning + 1] - map->first_rows[meaning];
}

unsigned ldap_map_rows_named(const struct ldap_map *map, struct bytes name, unsigned *ret_first)
{
    unsigned low = 0, high = map->row_count;
    while (low < high) {
        unsigned middle = (low + high) / 2;
        const struct ldap_map_row *row = &map->rows[map->by_name[middle]];
        if (compare_names(row->name, row->name_size, (const char *)name.data, name.size) < 0)
            low = middle + 1;
        else
            high = middle;
    }
    unsigned count = 0;
    while (low + count < map->row_count) {
        const struct ldap_map_row *row = &map->rows[map->by_name[low + count]];
        if (compare_names(row->name, row->name_size, (const char *)name.data, name.size) != 0)
            break;
        count++;
    }
    *ret_first = low;
    return count;
}
