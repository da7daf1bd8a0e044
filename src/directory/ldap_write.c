/* Changes go to the server as modifications, where the settings allow them; what the schema has no attribute for is refused. */
#include <string.h>

#include "directory/ldap_directory.h"
#include "directory/ldap_text.h"
#include "directory/names.h"

#define TEXT_SIZE_MAX 4096u
#define MODIFICATIONS_MAX (DIRECTORY_ATTRIBUTE_COUNT + 1)

struct modification {
    const char *dn;
    LDAPMod *mods[MODIFICATIONS_MAX + 1];
};

static int modify_operation(LDAP *handle, uint64_t deadline_ms, void *argument)
{
    struct modification *modification = argument;
    int message_id;
    LDAPMessage *answer;
    int code = ldap_modify_ext(handle, modification->dn, modification->mods, NULL, NULL, &message_id);
    if (code != LDAP_SUCCESS || (code = ldap_await(handle, message_id, deadline_ms, &answer)) != LDAP_SUCCESS)
        return code;
    code = ldap_answer_code(handle, answer);
    ldap_msgfree(answer);
    return code;
}

static enum directory_status status_of(int code)
{
    switch (code) {
    case LDAP_SUCCESS:
        return DIRECTORY_OK;
    case LDAP_NO_SUCH_OBJECT:
        return DIRECTORY_NOT_FOUND;
    case LDAP_INSUFFICIENT_ACCESS:
    case LDAP_UNWILLING_TO_PERFORM:
    case LDAP_REFERRAL:
        return DIRECTORY_READ_ONLY;
    case LDAP_UNDEFINED_TYPE:
    case LDAP_INVALID_SYNTAX:
    case LDAP_CONSTRAINT_VIOLATION:
    case LDAP_OBJECT_CLASS_VIOLATION:
    case LDAP_NOT_ALLOWED_ON_RDN:
        return DIRECTORY_INVALID;
    default:
        return DIRECTORY_UNAVAILABLE;
    }
}

/* Afterwards everybody, here too, sees the change. */
static enum directory_status modify(struct ldap_directory *directory, struct modification *modification)
{
    int code = ldap_pool_run(directory->pool, modify_operation, modification);
    enum directory_status status = status_of(code);
    if (code != LDAP_SUCCESS)
        ldap_directory_notice(directory, "'%s' was not changed: %s", modification->dn, ldap_err2string(code));
    ldap_cache_clear(directory->cache);
    ldap_snapshots_outdate(directory->snapshots);
    atomic_fetch_add(&directory->writes, 1);
    return status;
}

static enum directory_status find_by_id(struct ldap_directory *directory, struct arena *arena, struct guid id,
                                        struct ldap_record *ret_record)
{
    char text[GUID_TEXT_SIZE];
    guid_format(id, text);
    return ldap_find_record(directory, arena, DIRECTORY_KEY_ID, text, false, LDAP_SELECTION_SMALL, ret_record);
}

static LDAPMod *mod_new(struct arena *arena, int operation, const char *name, uint32_t count)
{
    LDAPMod *mod = arena_new(arena, LDAPMod);
    struct berval *values = arena_array(arena, struct berval, count ? count : 1);
    struct berval **places = arena_array(arena, struct berval *, (size_t)count + 1);
    if (!mod || !values || !places)
        return NULL;
    for (uint32_t i = 0; i < count; i++)
        places[i] = &values[i];
    *mod = (LDAPMod){.mod_op = operation | LDAP_MOD_BVALUES, .mod_type = (char *)name};
    mod->mod_bvalues = count ? places : NULL;
    return mod;
}

/* One value as the server has it; a reference as the DN of whom it means. */
static enum directory_status server_value(struct ldap_directory *directory, struct arena *arena,
                                          const struct directory_attribute_definition *definition, struct bytes value,
                                          struct berval *ret_value)
{
    struct ldap_record record;
    struct guid id;
    int64_t number;
    struct bytes out = value;
    enum directory_status status = DIRECTORY_OK;
    switch (definition->kind) {
    case DIRECTORY_VALUE_TEXT:
        if (!value.size || value.size > TEXT_SIZE_MAX || !utf8_allowed(value))
            return DIRECTORY_INVALID;
        break;
    case DIRECTORY_VALUE_BINARY:
        if (!value.size || value.size > LDAP_LARGE_VALUE_SIZE_MAX)
            return DIRECTORY_INVALID;
        break;
    case DIRECTORY_VALUE_NUMBER:
        if (!ldap_text_number(value, &number) || number < 0 || number > INT32_MAX)
            return DIRECTORY_INVALID;
        break;
    case DIRECTORY_VALUE_BOOLEAN:
        if (value.size != 1 || (value.data[0] != '0' && value.data[0] != '1'))
            return DIRECTORY_INVALID;
        out = value.data[0] == '1' ? BYTES_LITERAL("TRUE") : BYTES_LITERAL("FALSE");
        break;
    case DIRECTORY_VALUE_REFERENCE:
        if (value.size != sizeof id.data)
            return DIRECTORY_INVALID;
        memcpy(id.data, value.data, sizeof id.data);
        status = find_by_id(directory, arena, id, &record);
        if (status != DIRECTORY_OK)
            return status == DIRECTORY_NOT_FOUND ? DIRECTORY_INVALID : status;
        out = bytes_of_string(record.dn);
        break;
    }
    *ret_value = (struct berval){out.size, (char *)out.data};
    return DIRECTORY_OK;
}

static enum directory_status make_mod(struct ldap_directory *directory, struct arena *arena, const struct directory_value *value,
                                      LDAPMod **ret_mod)
{
    const struct directory_attribute_definition *definition = &directory_attributes[value->attribute];
    const struct ldap_map_row *rows;
    if (value->attribute >= DIRECTORY_ATTRIBUTE_COUNT || (value->count > 1 && !definition->multiple))
        return DIRECTORY_INVALID;
    if (!ldap_map_names(&directory->map, LDAP_FIELD_COUNT + value->attribute, &rows))
        return DIRECTORY_READ_ONLY; /* the schema has no such attribute */
    LDAPMod *mod = mod_new(arena, LDAP_MOD_REPLACE, rows[0].name, value->count);
    enum directory_status status = mod ? DIRECTORY_OK : DIRECTORY_UNAVAILABLE;
    for (uint32_t i = 0; status == DIRECTORY_OK && i < value->count; i++)
        status = server_value(directory, arena, definition, value->items[i], mod->mod_bvalues[i]);
    if (status == DIRECTORY_OK)
        *ret_mod = mod;
    return status;
}

/* Entries of the embedded directory alone are changed there. */
static bool is_local(struct ldap_directory *directory, struct arena *arena, struct guid id)
{
    char text[GUID_TEXT_SIZE];
    struct directory_entry entry;
    guid_format(id, text);
    return directory->local && directory_find_entry(directory->local, arena, DIRECTORY_KEY_ID, text, &entry) == DIRECTORY_OK;
}

enum directory_status ldap_set_values(struct directory *directory, struct guid id, uint32_t count,
                                      const struct directory_value *values)
{
    struct ldap_directory *ldap = ldap_directory_of(directory);
    struct arena arena = {0};
    struct modification modification = {.dn = NULL};
    struct ldap_record record;
    enum directory_status status = DIRECTORY_OK;
    if (is_local(ldap, &arena, id)) {
        status = directory_set_values(ldap->local, id, count, values);
    } else if (!ldap->settings.writable) {
        status = DIRECTORY_READ_ONLY;
    } else if ((status = find_by_id(ldap, &arena, id, &record)) == DIRECTORY_OK) {
        modification.dn = record.dn;
        status = count > DIRECTORY_ATTRIBUTE_COUNT ? DIRECTORY_INVALID : DIRECTORY_OK;
        for (uint32_t i = 0; status == DIRECTORY_OK && i < count; i++)
            status = make_mod(ldap, &arena, &values[i], &modification.mods[i]);
        if (status == DIRECTORY_OK && count)
            status = modify(ldap, &modification);
    }
    arena_free(&arena);
    return status;
}

/* --- members --- */

static bool names_member(struct arena *arena, const struct ldap_names *names, const char *value, bool dns)
{
    const char *wanted = dns ? ldap_dn_normal(arena, value) : value;
    for (uint32_t i = 0; wanted && i < names->count; i++) {
        const char *name = dns ? ldap_dn_normal(arena, names->items[i]) : ldap_lower(arena, bytes_of_string(names->items[i]));
        if (name && strcmp(name, wanted) == 0)
            return true;
    }
    return false;
}

/* What a group names a member by: its DN, or its account in a posixGroup. NULL value: nothing is to be done. */
static enum directory_status member_value(struct ldap_directory *directory, struct arena *arena, const struct ldap_record *group,
                                          bool add, struct guid member, const char **ret_value)
{
    struct ldap_record record;
    enum directory_status status = find_by_id(directory, arena, member, &record);
    if (status != DIRECTORY_OK)
        return status == DIRECTORY_NOT_FOUND ? DIRECTORY_INVALID : status;
    if (!group->members_are_dns && !directory_kind_has_mailbox(record.entry.kind))
        return DIRECTORY_INVALID;
    const char *value = group->members_are_dns ? record.dn : record.entry.account;
    bool there = names_member(arena, group->members_are_dns ? &group->member_dns : &group->member_accounts, value,
                              group->members_are_dns);
    *ret_value = there == add ? NULL : value;
    return DIRECTORY_OK;
}

/* All in one modification: it happens as a whole or not at all. */
static enum directory_status change_group(struct ldap_directory *directory, struct arena *arena, const struct ldap_record *group,
                                          bool add, uint32_t count, const struct guid *members)
{
    struct modification modification = {.dn = group->dn};
    LDAPMod *mod = mod_new(arena, add ? LDAP_MOD_ADD : LDAP_MOD_DELETE, group->member_attribute, count);
    enum directory_status status = mod ? DIRECTORY_OK : DIRECTORY_UNAVAILABLE;
    uint32_t kept = 0;
    for (uint32_t i = 0; status == DIRECTORY_OK && i < count; i++) {
        const char *value = NULL;
        status = member_value(directory, arena, group, add, members[i], &value);
        if (status == DIRECTORY_OK && value)
            *mod->mod_bvalues[kept++] = (struct berval){strlen(value), (char *)value};
    }
    if (status != DIRECTORY_OK || !kept)
        return status;
    mod->mod_bvalues[kept] = NULL;
    modification.mods[0] = mod;
    return modify(directory, &modification);
}

/* A group of the embedded directory names people of the server by what stands beside them; where nothing does, INVALID. */
static enum directory_status change_local_group(struct ldap_directory *directory, struct arena *arena, struct guid group_id, bool add,
                                                uint32_t count, const struct guid *members)
{
    struct guid *local = arena_array(arena, struct guid, count ? count : 1);
    if (!local)
        return DIRECTORY_UNAVAILABLE;
    for (uint32_t i = 0; i < count; i++)
        local[i] = ldap_local_id(directory, arena, members[i]);
    return directory_change_members(directory->local, group_id, add, count, local);
}

enum directory_status ldap_change_members(struct directory *directory, struct guid group_id, bool add, uint32_t count,
                                          const struct guid *members)
{
    struct ldap_directory *ldap = ldap_directory_of(directory);
    struct arena arena = {0};
    struct ldap_record group;
    char text[GUID_TEXT_SIZE];
    enum directory_status status = DIRECTORY_READ_ONLY;
    guid_format(group_id, text);
    if (is_local(ldap, &arena, group_id)) {
        status = change_local_group(ldap, &arena, group_id, add, count, members);
    } else if (ldap->settings.writable) {
        /* Not from the cache: who is a member now decides what is to be done. */
        status = ldap_find_record(ldap, &arena, DIRECTORY_KEY_ID, text, false, LDAP_SELECTION_ALL, &group);
        if (status == DIRECTORY_OK && (group.entry.kind != DIRECTORY_GROUP || group.query.filter))
            status = DIRECTORY_INVALID;
        if (status == DIRECTORY_OK && count)
            status = change_group(ldap, &arena, &group, add, count, members);
    }
    arena_free(&arena);
    return status;
}
