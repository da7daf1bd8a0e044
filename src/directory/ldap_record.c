#include "directory/ldap_record.h"

#include <string.h>
#include <strings.h>

#include "base/filetime.h"
#include "base/text.h"
#include "directory/ldap_text.h"
#include "directory/names.h"

#define ACCOUNT_DISABLED 2 /* userAccountControl (MS-ADTS 2.2.16) */
#define LOCKED_FOR_GOOD "000001010000Z" /* pwdAccountLockedTime of an account that an administrator locked */
#define UTF8_TEXT_SIZE_MAX 4096u
#define QUERY_SIZE_MAX 16384u

const enum directory_attribute ldap_reference_attributes[2] = {DIRECTORY_ATTRIBUTE_MANAGER, DIRECTORY_ATTRIBUTE_MANAGED_BY};

/* An entry's values by row of the map; they belong to the message, the arrays to us. */
struct raw {
    const struct ldap_map *map;
    BerVarray values[LDAP_MAP_ROWS_MAX]; /* owned by the row that came first of those of one attribute */
    BerVarray owned[LDAP_MAP_ROWS_MAX];
    unsigned owned_count;
};

/* --- taking the message apart --- */

static void raw_free(struct raw *raw)
{
    for (unsigned i = 0; i < raw->owned_count; i++)
        ber_memfree(raw->owned[i]);
}

static uint32_t value_count(BerVarray values)
{
    uint32_t count = 0;
    while (values && values[count].bv_val)
        count++;
    return count;
}

/* 'description' is a name with options: ';binary' and ';range=' are the plain attribute, a language is another one. */
static bool take_attribute(struct raw *raw, struct bytes description, BerVarray values, struct ldap_record *record, struct arena *arena)
{
    size_t name_size;
    uint32_t next = 0;
    bool ranged = ldap_text_range(description, &name_size, &next);
    struct bytes options = bytes_of(description.data + name_size, description.size - name_size);
    if (options.size && !ranged && !(options.size == 7 && strncasecmp((const char *)options.data, ";binary", 7) == 0))
        return false;
    unsigned first, count = ldap_map_rows_named(raw->map, bytes_of(description.data, name_size), &first);
    bool taken = false;
    for (unsigned i = 0; i < count; i++) {
        unsigned row = raw->map->by_name[first + i];
        if (!value_count(raw->values[row])) { /* an empty 'member' stands beside 'member;range=0-1499' */
            raw->values[row] = values;
            taken = true;
        }
    }
    if (taken && ranged && next && (record->range_name = arena_string_of(arena, bytes_of(description.data, name_size))))
        record->range_next = next;
    return taken;
}

static bool take_apart(struct raw *raw, LDAP *handle, LDAPMessage *message, struct ldap_record *record, struct arena *arena)
{
    BerElement *element = NULL;
    struct berval dn = {0};
    if (ldap_get_dn_ber(handle, message, &element, &dn) != LDAP_SUCCESS)
        return false;
    record->dn = arena_string_of(arena, bytes_of(dn.bv_val, dn.bv_len));
    while (raw->owned_count < LDAP_MAP_ROWS_MAX) {
        struct berval description = {0};
        BerVarray values = NULL;
        if (ldap_get_attribute_ber(handle, message, element, &description, &values) != LDAP_SUCCESS || !description.bv_val)
            break;
        if (values && take_attribute(raw, bytes_of(description.bv_val, description.bv_len), values, record, arena))
            raw->owned[raw->owned_count++] = values;
        else
            ber_memfree(values);
    }
    ber_free(element, 0);
    return record->dn != NULL;
}

/* --- values --- */

static struct bytes bytes_of_value(const struct berval *value)
{
    return bytes_of(value->bv_val, value->bv_len);
}

/* The values of the preferred attribute that has any. */
static BerVarray raw_values(const struct raw *raw, unsigned meaning)
{
    for (unsigned row = raw->map->first_rows[meaning]; row < raw->map->first_rows[meaning + 1]; row++) {
        if (value_count(raw->values[row]) && raw->values[row][0].bv_len)
            return raw->values[row];
    }
    return NULL;
}

static struct bytes raw_first(const struct raw *raw, unsigned meaning)
{
    BerVarray values = raw_values(raw, meaning);
    return values ? bytes_of_value(&values[0]) : BYTES_NONE;
}

/* "" where there is none; controls become blanks, since names end up in protocols and logs. */
static const char *raw_text(const struct raw *raw, unsigned meaning, struct arena *arena)
{
    struct bytes value = raw_first(raw, meaning);
    if (value.size > UTF8_TEXT_SIZE_MAX)
        value.size = UTF8_TEXT_SIZE_MAX;
    char *text = arena_string_of(arena, value);
    for (char *c = text; c && *c; c++)
        if ((unsigned char)*c < 0x20 || *c == 0x7F)
            *c = ' ';
    return text;
}

static int64_t raw_number(const struct raw *raw, unsigned meaning, int64_t otherwise)
{
    int64_t number;
    return ldap_text_number(raw_first(raw, meaning), &number) ? number : otherwise;
}

char *ldap_lower(struct arena *arena, struct bytes text)
{
    char *lower = arena_string_of(arena, text);
    for (char *c = lower; c && *c; c++)
        if (*c >= 'A' && *c <= 'Z')
            *c |= 0x20;
    return lower;
}

static bool take_names(const struct raw *raw, unsigned meaning, struct arena *arena, struct ldap_names *ret_names)
{
    BerVarray values = raw_values(raw, meaning);
    uint32_t count = value_count(values);
    *ret_names = (struct ldap_names){.count = count};
    if (!count)
        return true;
    ret_names->items = arena_array(arena, const char *, count);
    for (uint32_t i = 0; ret_names->items && i < count; i++)
        if (!(ret_names->items[i] = arena_string_of(arena, bytes_of_value(&values[i]))))
            return false;
    return ret_names->items != NULL;
}

/* --- addresses --- */

struct address_list {
    const char *items[LDAP_ADDRESSES_MAX];
    uint32_t count;
};

static bool add_address(struct address_list *list, struct arena *arena, struct bytes value, bool primary)
{
    char *address = ldap_lower(arena, value);
    if (!address)
        return false;
    if (!address_allowed(address) || strlen(address) != value.size)
        return true;
    uint32_t place = 0;
    while (place < list->count && strcmp(list->items[place], address) != 0)
        place++;
    if (place == list->count && list->count == LDAP_ADDRESSES_MAX)
        return true;
    list->count += place == list->count;
    for (; primary && place > 0; place--)
        list->items[place] = list->items[place - 1];
    list->items[place] = address;
    return true;
}

static bool add_proxy(struct address_list *list, struct address_list *old_dns, struct arena *arena, struct bytes value)
{
    struct bytes address;
    switch (ldap_text_proxy_address(value, &address)) {
    case LDAP_PROXY_PRIMARY:
        return add_address(list, arena, address, true);
    case LDAP_PROXY_SMTP:
        return add_address(list, arena, address, false);
    case LDAP_PROXY_X500:
        if (old_dns->count < LDAP_ADDRESSES_MAX && !(old_dns->items[old_dns->count++] = arena_string_of(arena, address)))
            return false;
        return true;
    default:
        return true;
    }
}

static bool add_all(struct address_list *list, struct arena *arena, BerVarray values)
{
    for (uint32_t i = 0; values && values[i].bv_val; i++)
        if (!add_address(list, arena, bytes_of_value(&values[i]), false))
            return false;
    return true;
}

static bool keep_list(const struct address_list *list, struct arena *arena, uint32_t *ret_count, const char *const **ret_items)
{
    *ret_count = list->count;
    *ret_items = list->count ? arena_copy(arena, list->items, list->count * sizeof(char *)) : NULL;
    return !list->count || *ret_items;
}

/* mail first, unless proxyAddresses name another as the primary one; of somebody outside the one mail goes to. */
static bool take_addresses(const struct raw *raw, struct arena *arena, struct directory_entry *entry)
{
    struct address_list list = {.count = 0}, old_dns = {.count = 0};
    struct bytes target;
    bool done = add_all(&list, arena, raw_values(raw, LDAP_FIELD_MAIL));
    for (unsigned row = raw->map->first_rows[LDAP_FIELD_OTHER_ADDRESS]; row < raw->map->first_rows[LDAP_FIELD_OTHER_ADDRESS + 1]; row++)
        done = done && add_all(&list, arena, raw->values[row]);
    BerVarray proxies = raw_values(raw, LDAP_FIELD_PROXY_ADDRESSES);
    for (uint32_t i = 0; done && proxies && proxies[i].bv_val; i++)
        done = add_proxy(&list, &old_dns, arena, bytes_of_value(&proxies[i]));
    enum ldap_proxy_kind target_kind = ldap_text_proxy_address(raw_first(raw, LDAP_FIELD_TARGET_ADDRESS), &target);
    if (done && entry->kind == DIRECTORY_CONTACT && (target_kind == LDAP_PROXY_PRIMARY || target_kind == LDAP_PROXY_SMTP))
        done = add_address(&list, arena, target, true);
    done = done && keep_list(&list, arena, &entry->address_count, &entry->addresses) &&
           keep_list(&old_dns, arena, &entry->old_legacy_dn_count, &entry->old_legacy_dns);
    entry->address = list.count ? list.items[0] : "";
    return done;
}

/* --- kinds --- */

/* msExchRecipientTypeDetails, for those that stand for a mailbox or somebody outside. */
static const struct {
    int64_t type;
    enum directory_kind kind;
} recipient_kinds[] = {
    {1, DIRECTORY_USER}, {2, DIRECTORY_USER}, {8, DIRECTORY_USER}, {4, DIRECTORY_SHARED_MAILBOX}, {16, DIRECTORY_ROOM},
    {32, DIRECTORY_EQUIPMENT}, {64, DIRECTORY_CONTACT}, {128, DIRECTORY_CONTACT}, {0x8000, DIRECTORY_CONTACT},
    {0x80000000, DIRECTORY_CONTACT}, {0x200000000, DIRECTORY_CONTACT}, {0x400000000, DIRECTORY_CONTACT},
    {0x800000000, DIRECTORY_CONTACT}, {0x1000000000, DIRECTORY_PUBLIC_FOLDER_MAILBOX},
};
/* Mailboxes of the system itself: system, system attendant, arbitration, discovery, monitoring, audit log. */
#define SYSTEM_MAILBOX_TYPES (0x2000ll | 0x4000ll | 0x800000ll | 0x20000000ll | 0x8000000000ll | 0x100000000000ll)

static bool has_class(const struct raw *raw, const char *name)
{
    BerVarray values = raw_values(raw, LDAP_FIELD_OBJECT_CLASS);
    for (uint32_t i = 0; values && values[i].bv_val; i++)
        if (values[i].bv_len == strlen(name) && strncasecmp(values[i].bv_val, name, values[i].bv_len) == 0)
            return true;
    return false;
}

/* False for a system mailbox. */
static bool kind_of(const struct raw *raw, enum directory_kind found, enum directory_kind *ret_kind)
{
    int64_t type = raw_number(raw, LDAP_FIELD_RECIPIENT_TYPE, 0);
    *ret_kind = found;
    if (found != DIRECTORY_USER)
        return true;
    if (type > 0 && (type & SYSTEM_MAILBOX_TYPES) == type)
        return false;
    for (size_t i = 0; i < sizeof recipient_kinds / sizeof *recipient_kinds; i++)
        if (recipient_kinds[i].type == type) {
            *ret_kind = recipient_kinds[i].kind;
            return true;
        }
    switch (raw_number(raw, LDAP_FIELD_DISPLAY_TYPE, 0)) { /* older ones have this alone (MS-OXOABK 2.2.3.11) */
    case 6: *ret_kind = DIRECTORY_CONTACT; break;
    case 7: *ret_kind = DIRECTORY_ROOM; break;
    case 8: *ret_kind = DIRECTORY_EQUIPMENT; break;
    default: break;
    }
    return true;
}

/* --- the account's state --- */

static bool is_enabled(const struct raw *raw)
{
    uint64_t now = filetime_now();
    int64_t expires = raw_number(raw, LDAP_FIELD_ACCOUNT_EXPIRES, 0);
    struct bytes expiration = raw_first(raw, LDAP_FIELD_EXPIRATION);
    if (raw_number(raw, LDAP_FIELD_ACCOUNT_CONTROL, 0) & ACCOUNT_DISABLED)
        return false;
    if (expires > 0 && (uint64_t)expires < now)
        return false;
    if (ldap_text_boolean(raw_first(raw, LDAP_FIELD_LOCK)))
        return false;
    if (bytes_equal(raw_first(raw, LDAP_FIELD_LOCKED_TIME), BYTES_LITERAL(LOCKED_FOR_GOOD)))
        return false;
    return !expiration.size || ldap_text_time(expiration) == 0 || ldap_text_time(expiration) > now;
}

/* --- the card --- */

static bool fits(const struct directory_attribute_definition *definition, struct bytes value, struct bytes *ret_value)
{
    int64_t number;
    *ret_value = value;
    switch (definition->kind) {
    case DIRECTORY_VALUE_NUMBER:
        return ldap_text_number(value, &number) && number >= 0 && number <= INT32_MAX;
    case DIRECTORY_VALUE_BOOLEAN:
        *ret_value = ldap_text_boolean(value) ? BYTES_LITERAL("1") : BYTES_LITERAL("0");
        return true;
    case DIRECTORY_VALUE_REFERENCE:
        return false;
    case DIRECTORY_VALUE_TEXT:
        return value.size > 0 && value.size <= LDAP_VALUE_SIZE_MAX && utf8_allowed(value);
    default:
        return value.size > 0 && value.size <= (definition->large ? LDAP_LARGE_VALUE_SIZE_MAX : LDAP_VALUE_SIZE_MAX);
    }
}

static bool take_card_value(const struct raw *raw, unsigned attribute, struct arena *arena, struct directory_entry *entry,
                            struct directory_value *place)
{
    const struct directory_attribute_definition *definition = &directory_attributes[attribute];
    BerVarray values = raw_values(raw, LDAP_FIELD_COUNT + attribute);
    uint32_t count = value_count(values), kept = 0;
    if (!count)
        return true;
    count = definition->multiple ? count : 1;
    struct bytes *items = arena_array(arena, struct bytes, count);
    for (uint32_t i = 0; items && i < count; i++) {
        struct bytes value;
        if (fits(definition, bytes_of_value(&values[i]), &value) && !(items[kept++] = arena_bytes(arena, value)).data)
            return false;
    }
    if (kept) {
        *place = (struct directory_value){attribute, kept, items};
        entry->value_count++;
    }
    return items != NULL;
}

static bool take_card(const struct raw *raw, struct arena *arena, struct ldap_record *record)
{
    struct directory_value values[DIRECTORY_ATTRIBUTE_COUNT];
    bool done = true;
    for (unsigned attribute = 0; done && attribute < DIRECTORY_ATTRIBUTE_COUNT; attribute++)
        done = take_card_value(raw, attribute, arena, &record->entry, &values[record->entry.value_count]);
    record->entry.values = record->entry.value_count
        ? arena_copy(arena, values, record->entry.value_count * sizeof *values) : NULL;
    for (size_t i = 0; done && i < 2; i++) {
        struct bytes dn = raw_first(raw, LDAP_FIELD_COUNT + ldap_reference_attributes[i]);
        record->reference_dns[i] = dn.size ? arena_string_of(arena, dn) : NULL;
        done = !dn.size || record->reference_dns[i];
    }
    return done && (!record->entry.value_count || record->entry.values);
}

/* --- groups whose members a search finds --- */

static bool take_url(struct arena *arena, const char *url, struct ldap_query *query)
{
    LDAPURLDesc *parts;
    if (ldap_url_parse(url, &parts) != LDAP_SUCCESS)
        return true; /* not an LDAP URL: no members */
    if (parts->lud_dn && parts->lud_filter) {
        query->base = arena_string(arena, parts->lud_dn);
        query->filter = arena_string(arena, parts->lud_filter);
        query->scope = parts->lud_scope == LDAP_SCOPE_DEFAULT ? LDAP_SCOPE_BASE : parts->lud_scope;
    }
    ldap_free_urldesc(parts);
    return true;
}

static bool take_query(const struct raw *raw, struct arena *arena, struct ldap_record *record)
{
    struct bytes filter = raw_first(raw, LDAP_FIELD_DYNAMIC_FILTER), url = raw_first(raw, LDAP_FIELD_MEMBER_URL);
    if (filter.size && filter.size <= QUERY_SIZE_MAX) {
        record->query = (struct ldap_query){.base = raw_text(raw, LDAP_FIELD_DYNAMIC_BASE, arena), .scope = LDAP_SCOPE_SUBTREE,
                                            .filter = arena_string_of(arena, filter)};
        return record->query.base && record->query.filter;
    }
    if (!url.size || url.size > QUERY_SIZE_MAX)
        return true;
    const char *text = arena_string_of(arena, url);
    return text && take_url(arena, text, &record->query);
}

/* --- members --- */

static bool take_members(const struct raw *raw, struct arena *arena, struct ldap_record *record)
{
    record->member_attribute = "member";
    record->members_are_dns = true;
    if (!take_names(raw, LDAP_FIELD_MEMBER, arena, &record->member_dns) ||
        !take_names(raw, LDAP_FIELD_MEMBER_ACCOUNT, arena, &record->member_accounts))
        return false;
    if (has_class(raw, "groupOfUniqueNames")) {
        record->member_attribute = "uniqueMember";
    } else if (has_class(raw, "posixGroup") && !record->member_dns.count && !has_class(raw, "groupOfNames")) {
        record->member_attribute = "memberUid";
        record->members_are_dns = false;
    }
    return true;
}

/* --- the whole --- */

static bool take_names_of_entry(const struct raw *raw, struct arena *arena, struct ldap_record *record)
{
    struct directory_entry *entry = &record->entry;
    struct bytes account = raw_first(raw, directory_kind_has_mailbox(entry->kind) ? LDAP_FIELD_ACCOUNT : LDAP_FIELD_ALIAS);
    if (!account.size)
        account = raw_first(raw, LDAP_FIELD_ALIAS);
    entry->account = ldap_lower(arena, account);
    entry->display_name = raw_text(raw, LDAP_FIELD_DISPLAY_NAME, arena);
    entry->legacy_dn = raw_text(raw, LDAP_FIELD_LEGACY_DN, arena);
    record->principal = raw_text(raw, LDAP_FIELD_PRINCIPAL, arena);
    entry->rule = "";
    if (entry->display_name && !*entry->display_name)
        entry->display_name = entry->account;
    return entry->account && entry->display_name && entry->legacy_dn && record->principal &&
           take_addresses(raw, arena, entry);
}

static bool fill(const struct raw *raw, struct arena *arena, struct ldap_record *record)
{
    struct directory_entry *entry = &record->entry;
    entry->hidden = ldap_text_boolean(raw_first(raw, LDAP_FIELD_HIDDEN)) || entry->kind == DIRECTORY_PUBLIC_FOLDER_MAILBOX;
    entry->created = ldap_text_time(raw_first(raw, LDAP_FIELD_CREATED));
    entry->changed = ldap_text_time(raw_first(raw, LDAP_FIELD_CHANGED));
    if (directory_kind_has_mailbox(entry->kind) && !ldap_text_guid(raw_first(raw, LDAP_FIELD_MAILBOX_GUID), &entry->mailbox_guid))
        entry->mailbox_guid = entry->id;
    (void)!ldap_text_guid(raw_first(raw, LDAP_FIELD_ARCHIVE_GUID), &record->archive_guid); /* zero where there is none */
    record->has_nt_hash = ldap_text_hash(raw_first(raw, LDAP_FIELD_NT_HASH), record->nt_hash);
    record->enabled = entry->kind == DIRECTORY_USER && is_enabled(raw);
    return take_card(raw, arena, record) && take_query(raw, arena, record) &&
           take_members(raw, arena, record) &&
           take_names(raw, LDAP_FIELD_FULL_ACCESS, arena, &record->full_access_dns) &&
           take_names(raw, LDAP_FIELD_SEND_ON_BEHALF, arena, &record->send_on_behalf_dns);
}

enum ldap_record_result ldap_record_read(const struct ldap_map *map, LDAP *handle, LDAPMessage *message,
                                         enum directory_kind kind, struct arena *arena, struct ldap_record *ret_record)
{
    struct raw raw = {.map = map};
    struct ldap_record record = {0};
    enum ldap_record_result result = LDAP_RECORD_NO_MEMORY;
    if (take_apart(&raw, handle, message, &record, arena)) {
        result = LDAP_RECORD_LEFT_OUT;
        if (ldap_text_guid(raw_first(&raw, LDAP_FIELD_ID), &record.entry.id) && kind_of(&raw, kind, &record.entry.kind)) {
            bool done = take_names_of_entry(&raw, arena, &record) && fill(&raw, arena, &record);
            result = !done ? LDAP_RECORD_NO_MEMORY : *record.entry.account ? LDAP_RECORD_READ : LDAP_RECORD_LEFT_OUT;
        }
    }
    raw_free(&raw);
    if (result == LDAP_RECORD_READ)
        *ret_record = record;
    return result;
}
