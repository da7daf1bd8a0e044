#include "cli/entry_row.h"

#include <stdio.h>
#include <string.h>
#include <strings.h>

/* What a field is for. */
enum meaning {
    MEANS_NOTHING, MEANS_ACCOUNT, MEANS_ACCOUNT_PERHAPS, MEANS_DISPLAY_NAME, MEANS_COMMON_NAME, MEANS_ADDRESS, MEANS_PROXY_ADDRESS,
    MEANS_KIND, MEANS_CLASS, MEANS_TYPE_DETAILS, MEANS_PASSWORD, MEANS_NT_HASH, MEANS_PRINCIPAL, MEANS_HIDDEN, MEANS_ADMINISTRATOR,
    MEANS_ENABLED, MEANS_LEGACY_DN, MEANS_MAILBOX, MEANS_RULE, MEANS_MEMBER, MEANS_DN,
};

static const struct {
    const char *name;
    enum meaning meaning;
} meanings[] = {
    {"dn", MEANS_DN}, {"account", MEANS_ACCOUNT}, {"alias", MEANS_ACCOUNT}, {"mailNickname", MEANS_ACCOUNT},
    {"sAMAccountName", MEANS_ACCOUNT_PERHAPS}, {"uid", MEANS_ACCOUNT_PERHAPS}, {"displayName", MEANS_DISPLAY_NAME},
    {"display_name", MEANS_DISPLAY_NAME}, {"cn", MEANS_COMMON_NAME}, {"mail", MEANS_ADDRESS}, {"email", MEANS_ADDRESS},
    {"address", MEANS_ADDRESS}, {"addresses", MEANS_PROXY_ADDRESS}, {"PrimarySmtpAddress", MEANS_ADDRESS},
    {"targetAddress", MEANS_PROXY_ADDRESS}, {"proxyAddresses", MEANS_PROXY_ADDRESS},
    {"mailAlternateAddress", MEANS_PROXY_ADDRESS}, {"kind", MEANS_KIND}, {"objectClass", MEANS_CLASS},
    {"msExchRecipientTypeDetails", MEANS_TYPE_DETAILS}, {"userPassword", MEANS_PASSWORD}, {"password", MEANS_PASSWORD},
    {"sambaNTPassword", MEANS_NT_HASH}, {"ipaNTHash", MEANS_NT_HASH}, {"userPrincipalName", MEANS_PRINCIPAL},
    {"principal", MEANS_PRINCIPAL}, {"hidden", MEANS_HIDDEN}, {"msExchHideFromAddressLists", MEANS_HIDDEN},
    {"administrator", MEANS_ADMINISTRATOR}, {"enabled", MEANS_ENABLED}, {"legacyExchangeDN", MEANS_LEGACY_DN},
    {"legacy_dn", MEANS_LEGACY_DN}, {"msExchMailboxGuid", MEANS_MAILBOX}, {"mailbox", MEANS_MAILBOX}, {"rule", MEANS_RULE},
    {"member", MEANS_MEMBER}, {"members", MEANS_MEMBER}, {"uniqueMember", MEANS_MEMBER}, {"memberUid", MEANS_MEMBER},
};

static enum meaning meaning_of(const char *name)
{
    for (size_t i = 0; i < sizeof meanings / sizeof *meanings; i++) {
        if (!strcasecmp(meanings[i].name, name))
            return meanings[i].meaning;
    }
    return MEANS_NOTHING;
}

/* By our name (Active Directory's), else by those of the other schemas. */
static enum directory_attribute attribute_of(const char *name)
{
    enum directory_attribute found = directory_attribute_named(name);
    for (unsigned i = 0; found == DIRECTORY_ATTRIBUTE_COUNT && i < DIRECTORY_ATTRIBUTE_COUNT; i++) {
        const char *names[] = {directory_attributes[i].inet_org_person, directory_attributes[i].free_ipa};
        for (unsigned j = 0; j < 2; j++) {
            size_t size = names[j] ? strcspn(names[j], ";") : 0;
            if (size && strlen(name) == size && !strncasecmp(names[j], name, size))
                found = i;
        }
    }
    return found;
}

/* Classes, the telling one wins: a record has several. */
static const struct {
    const char *name;
    int weight;
    enum directory_kind kind;
} classes[] = {
    {"inetOrgPerson", 2, DIRECTORY_USER}, {"user", 2, DIRECTORY_USER}, {"person", 1, DIRECTORY_USER},
    {"posixAccount", 1, DIRECTORY_USER}, {"contact", 3, DIRECTORY_CONTACT}, {"group", 3, DIRECTORY_GROUP},
    {"groupOfNames", 3, DIRECTORY_GROUP}, {"groupOfUniqueNames", 3, DIRECTORY_GROUP}, {"posixGroup", 3, DIRECTORY_GROUP},
    {"ipausergroup", 3, DIRECTORY_GROUP},
};

struct reading {
    struct arena *arena;
    struct directory *directory;
    struct entry_row *row;
    enum entry_file_format format;
    const char *account_perhaps, *common_name, *class_name, *error;
    int class_weight; /* -1: a class that is no entry; 0: none seen */
    enum directory_kind class_kind;
    bool has_kind;
};

static void fail(struct reading *reading, const char *text)
{
    if (!reading->error)
        reading->error = text ? text : "out of memory";
}

static void push(struct reading *reading, struct entry_row_list *list, const char *text)
{
    if (list->count == list->capacity) {
        uint32_t capacity = list->capacity ? list->capacity * 2 : 8;
        const char **items = capacity <= ENTRY_ROW_LIST_MAX * 2 ? arena_array(reading->arena, const char *, capacity) : NULL;
        if (!items) {
            fail(reading, "too many values");
            return;
        }
        for (uint32_t i = 0; i < list->count; i++)
            items[i] = list->items[i];
        list->items = items;
        list->capacity = capacity;
    }
    list->items[list->count++] = text;
}

static void push_first(struct reading *reading, struct entry_row_list *list, const char *text)
{
    for (uint32_t i = 0; i < list->count; i++) {
        if (!strcasecmp(list->items[i], text)) {
            list->items[i] = list->items[0];
            list->items[0] = text;
            return;
        }
    }
    push(reading, list, text);
    if (list->count) {
        list->items[list->count - 1] = list->items[0];
        list->items[0] = text;
    }
}

static void add_address(struct reading *reading, const char *text)
{
    for (uint32_t i = 0; i < reading->row->addresses.count; i++) {
        if (!strcasecmp(reading->row->addresses.items[i], text))
            return;
    }
    push(reading, &reading->row->addresses, text);
}

/* 'SMTP:primary', 'smtp:other', 'X500:/o=...', bare addresses; other protocols say nothing here. */
static void take_proxy_address(struct reading *reading, const char *text)
{
    if (!strncmp(text, "SMTP:", 5))
        push_first(reading, &reading->row->addresses, text + 5);
    else if (!strncasecmp(text, "smtp:", 5))
        add_address(reading, text + 5);
    else if (!strncasecmp(text, "x500:", 5))
        push(reading, &reading->row->old_legacy_dns, text + 5);
    else if (!strchr(text, ':'))
        add_address(reading, text);
}

static void take_kind(struct reading *reading, const char *text)
{
    for (unsigned i = 0; i < DIRECTORY_KIND_COUNT; i++) {
        if (!strcasecmp(directory_kind_names[i], text)) {
            reading->row->kind = i;
            reading->has_kind = true;
            return;
        }
    }
    fail(reading, arena_format(reading->arena, "kind: '%s' is none of user, shared, room, equipment, public-folder, contact, "
                                               "group, dynamic-group", text));
}

static void take_class(struct reading *reading, const char *text)
{
    int weight = -1;
    enum directory_kind kind = DIRECTORY_USER;
    for (size_t i = 0; i < sizeof classes / sizeof *classes; i++) {
        if (!strcasecmp(classes[i].name, text)) {
            weight = classes[i].weight;
            kind = classes[i].kind;
        }
    }
    if (weight > reading->class_weight || reading->class_weight == 0) {
        reading->class_weight = weight;
        reading->class_kind = kind;
    }
    if (weight < 0 && strcasecmp(text, "top") != 0)
        reading->class_name = text;
}

/* Active Directory's recipient types: the values that are other than a user's. */
static void take_type_details(struct reading *reading, const char *text)
{
    enum directory_kind kind = !strcmp(text, "4") ? DIRECTORY_SHARED_MAILBOX
                               : !strcmp(text, "16") ? DIRECTORY_ROOM
                               : !strcmp(text, "32") ? DIRECTORY_EQUIPMENT : DIRECTORY_USER;
    if (kind == DIRECTORY_USER)
        return;
    reading->row->kind = kind;
    reading->has_kind = true;
}

/* RFC 2307's {CRYPT}; other schemes cannot be used here. */
static void take_password(struct reading *reading, const char *text)
{
    if (!strncasecmp(text, "{CRYPT}", 7))
        reading->row->password_hash = text + 7;
    else if (*text == '{' && strchr(text, '}'))
        fail(reading, arena_format(reading->arena, "userPassword: the scheme %.*s is not known; {CRYPT} is",
                                   (int)(strchr(text, '}') - text) + 1, text));
    else
        reading->row->password = text;
}

static void take_nt_hash(struct reading *reading, const struct entry_field *field, const char *text)
{
    uint8_t *hash = reading->row->nt_hash;
    if (field->value.size == 16) {
        memcpy(hash, field->value.data, 16);
    } else {
        bool good = strlen(text) == 32 && strspn(text, "0123456789abcdefABCDEF") == 32;
        for (unsigned i = 0; good && i < 16; i++)
            good = sscanf(text + i * 2, "%2hhx", &hash[i]) == 1;
        if (!good)
            fail(reading, arena_format(reading->arena, "%s: not 32 hexadecimal digits", field->name));
    }
    reading->row->has_nt_hash = true;
}

static void take_mailbox(struct reading *reading, const struct entry_field *field, const char *text)
{
    if (field->value.size == sizeof reading->row->mailbox_guid.data)
        memcpy(reading->row->mailbox_guid.data, field->value.data, field->value.size);
    else if (!guid_parse(text, &reading->row->mailbox_guid))
        fail(reading, arena_format(reading->arena, "%s: '%s' is not a GUID", field->name, text));
    reading->row->has_mailbox_guid = true;
}

static void take_switch(struct reading *reading, const char *name, const char *text, enum directory_switch *ret_switch)
{
    static const char *const yes[] = {"yes", "true", "1", "on"}, *const no[] = {"no", "false", "0", "off"};
    for (unsigned i = 0; i < 4; i++) {
        if (!strcasecmp(text, yes[i]) || !strcasecmp(text, no[i])) {
            *ret_switch = !strcasecmp(text, yes[i]) ? DIRECTORY_ON : DIRECTORY_OFF;
            return;
        }
    }
    fail(reading, arena_format(reading->arena, "%s: '%s' is neither yes nor no", name, text));
}

static void take_attribute(struct reading *reading, const struct entry_field *field, struct bytes value)
{
    enum directory_attribute attribute = attribute_of(field->name);
    struct entry_row *row = reading->row;
    const char *error = NULL;
    if (attribute == DIRECTORY_ATTRIBUTE_COUNT) {
        if (reading->format == ENTRY_FILE_CSV)
            fail(reading, arena_format(reading->arena, "no attribute '%s'", field->name));
        else if (!row->unknown)
            row->unknown = field->name;
    } else if (directory_attributes[attribute].kind == DIRECTORY_VALUE_REFERENCE) {
        if (row->reference_count == sizeof row->references / sizeof *row->references) {
            fail(reading, "too many references");
            return;
        }
        row->references[row->reference_count].attribute = attribute;
        row->references[row->reference_count++].text = arena_string_of(reading->arena, value);
    } else {
        for (uint32_t i = 0; i < row->values.count; i++) {
            /* LDAP has several where we have one: the first stands. */
            if (row->values.values[i].attribute == attribute && !directory_attributes[attribute].multiple &&
                reading->format == ENTRY_FILE_LDIF)
                return;
        }
        if (!entry_value_add(reading->arena, reading->directory, attribute, value, &row->values, &error))
            fail(reading, error);
    }
}

/* In CSV several values of one field stand with ';' between. */
static void take_each(struct reading *reading, const char *text, void (*take)(struct reading *reading, const char *text))
{
    if (reading->format != ENTRY_FILE_CSV) {
        take(reading, text);
        return;
    }
    char *copy = arena_string(reading->arena, text), *rest = NULL;
    for (char *part = copy ? strtok_r(copy, ";", &rest) : NULL; part; part = strtok_r(NULL, ";", &rest)) {
        part += strspn(part, " ");
        if (*part)
            take(reading, part);
    }
}

static void take_member(struct reading *reading, const char *text)
{
    push(reading, &reading->row->members, text);
}

static void take_field(struct reading *reading, const struct entry_field *field)
{
    struct entry_row *row = reading->row;
    const char *text = arena_string_of(reading->arena, field->value);
    if (!text) {
        fail(reading, NULL);
        return;
    }
    switch (meaning_of(field->name)) {
    case MEANS_DN: row->dn = text; break;
    case MEANS_ACCOUNT: row->account = text; break;
    case MEANS_ACCOUNT_PERHAPS: reading->account_perhaps = reading->account_perhaps ? reading->account_perhaps : text; break;
    case MEANS_DISPLAY_NAME: row->display_name = text; break;
    case MEANS_COMMON_NAME: reading->common_name = reading->common_name ? reading->common_name : text; break;
    case MEANS_ADDRESS: row->addresses.count ? push_first(reading, &row->addresses, text) : add_address(reading, text); break;
    case MEANS_PROXY_ADDRESS: take_each(reading, text, take_proxy_address); break;
    case MEANS_KIND: take_kind(reading, text); break;
    case MEANS_CLASS: take_class(reading, text); break;
    case MEANS_TYPE_DETAILS: take_type_details(reading, text); break;
    case MEANS_PASSWORD: take_password(reading, text); break;
    case MEANS_NT_HASH: take_nt_hash(reading, field, text); break;
    case MEANS_PRINCIPAL: row->principal = text; break;
    case MEANS_HIDDEN: take_switch(reading, field->name, text, &row->hidden); break;
    case MEANS_ADMINISTRATOR: take_switch(reading, field->name, text, &row->administrator); break;
    case MEANS_ENABLED: take_switch(reading, field->name, text, &row->enabled); break;
    case MEANS_LEGACY_DN: row->legacy_dn = text; break;
    case MEANS_MAILBOX: take_mailbox(reading, field, text); break;
    case MEANS_RULE: row->rule = text; break;
    case MEANS_MEMBER: take_each(reading, text, take_member); break;
    case MEANS_NOTHING: take_attribute(reading, field, field->value); break;
    }
}

/* What follows from several fields. */
static void conclude(struct reading *reading)
{
    struct entry_row *row = reading->row;
    if (!reading->has_kind && reading->class_weight < 0) {
        row->skipped = true;
        row->skipped_why = reading->class_name ? reading->class_name : "top";
        return;
    }
    if (!reading->has_kind && reading->class_weight > 0)
        row->kind = reading->class_kind;
    if (!row->display_name)
        row->display_name = reading->common_name;
    if (!row->account)
        row->account = reading->account_perhaps ? reading->account_perhaps
                       : row->kind == DIRECTORY_CONTACT && row->addresses.count
                           ? arena_format(reading->arena, "%.*s", (int)strcspn(row->addresses.items[0], "@"), row->addresses.items[0])
                       : row->kind == DIRECTORY_GROUP ? reading->common_name : NULL;
    if (!row->account)
        fail(reading, "no account (alias, uid, sAMAccountName)");
    if (row->kind != DIRECTORY_GROUP && row->members.count)
        fail(reading, "only a group has members");
}

bool entry_row_read(struct arena *arena, struct directory *directory, enum entry_file_format format,
                    enum directory_kind kind, const struct entry_record *record, struct entry_row *ret_row,
                    const char **ret_error)
{
    struct entry_row row = {.line = record->line, .kind = kind};
    struct reading reading = {.arena = arena, .directory = directory, .row = &row, .format = format};
    for (uint32_t i = 0; i < record->field_count && !reading.error; i++)
        take_field(&reading, &record->fields[i]);
    if (!reading.error)
        conclude(&reading);
    if (reading.error && !row.skipped) {
        *ret_error = reading.error;
        return false;
    }
    *ret_row = row;
    return true;
}
