/* Properties that no attribute holds: names, identifiers, types, links (MS-OXOABK 2.2.3 to 2.2.6). */
#include <ctype.h>
#include <string.h>

#include "directory/names.h"
#include "nspi/property_source.h"
#include "protocol/entry_ids.h"
#include "protocol/property_tags.h"

/* PidTagObjectType (2.2.3.10) */
#define OBJECT_MAIL_USER 6u
#define OBJECT_DISTRIBUTION_LIST 8u
/* PidTagDisplayTypeEx (2.2.3.12): what may stand in access lists, and the local types beyond PidTagDisplayType */
#define DISPLAY_ACL_CAPABLE 0x40000000u
#define DISPLAY_ROOM 7u
#define DISPLAY_EQUIPMENT 8u
#define DISPLAY_SECURITY_DISTRIBUTION_LIST 9u
/* PidTagContainerFlags (2.2.2.1) of a group */
#define CONTAINER_RECIPIENTS 1u
#define CONTAINER_UNMODIFIABLE 8u

#define PRIVATE_DATABASE "/cn=Microsoft Private MDB"
static const struct guid mapping_signature = {{0xDC, 0xA7, 0x40, 0xC8, 0xC0, 0x42, 0x10, 0x1A, 0xB4, 0xB9, 0x08, 0x00, 0x2B, 0x2F,
                                               0xE1, 0x82}}; /* GUID_NSPI (MS-OXNSPI 2.2.1.7) */

struct subject {
    struct nspi_call *call;
    const struct nspi_view *view;
    uint32_t index;
    const struct directory_entry *entry;
};

static bool is_group(const struct directory_entry *entry)
{
    return entry->kind == DIRECTORY_GROUP || entry->kind == DIRECTORY_DYNAMIC_GROUP;
}

uint32_t nspi_display_type(const struct directory_entry *entry)
{
    switch (entry->kind) {
    case DIRECTORY_CONTACT: return ADDRESS_BOOK_TYPE_REMOTE_MAIL_USER;
    case DIRECTORY_GROUP: return ADDRESS_BOOK_TYPE_DISTRIBUTION_LIST;
    case DIRECTORY_DYNAMIC_GROUP: return ADDRESS_BOOK_TYPE_AUTOMATED;
    default: return ADDRESS_BOOK_TYPE_LOCAL_MAIL_USER;
    }
}

/* --- filling a source --- */

static void give_bytes(struct source *source, enum source_kind kind, struct bytes bytes)
{
    source->kind = kind;
    source->count = 1;
    source->item = bytes;
    source->failed = !bytes.data;
}

static void give_text(struct source *source, const char *text)
{
    if (!text)
        source->failed = true;
    else if (*text)
        give_bytes(source, SOURCE_TEXT, bytes_of_string(text));
}

static void give_number(struct source *source, uint32_t number)
{
    source->kind = SOURCE_NUMBER;
    source->number = number;
}

static void give_boolean(struct source *source, bool value)
{
    source->kind = SOURCE_BOOLEAN;
    source->number = value;
}

static void give_binary(const struct subject *subject, struct source *source, const void *data, size_t size)
{
    give_bytes(source, SOURCE_BINARY, arena_bytes(subject->call->arena, bytes_of(data, size)));
}

static void give_time(struct source *source, uint64_t time)
{
    if (!time)
        return;
    source->kind = SOURCE_TIME;
    source->time = time;
}

/* A table of these entries; none where there are none. */
static void give_entries(const struct subject *subject, struct source *source, struct address_book_list list)
{
    if (!list.count)
        return;
    struct bytes *names = arena_array(subject->call->arena, struct bytes, list.count);
    for (uint32_t i = 0; names && i < list.count; i++)
        names[i] = bytes_of_string(address_book_entry(subject->call->book, list.indexes[i])->legacy_dn);
    source->kind = SOURCE_OBJECT;
    source->count = list.count;
    source->items = names;
    source->failed = !names;
}

static void give_reference(const struct subject *subject, struct source *source, enum directory_attribute attribute)
{
    const struct directory_value *value = directory_entry_value(subject->entry, attribute);
    struct guid id;
    if (!value || value->items[0].size != sizeof id)
        return;
    memcpy(&id, value->items[0].data, sizeof id);
    uint32_t index = address_book_find_id(subject->call->book, id);
    if (index != ADDRESS_BOOK_NONE)
        give_entries(subject, source, (struct address_book_list){1, &index});
}

/* --- single properties --- */

static void give_home_database(const struct subject *subject, struct source *source)
{
    const struct directory_entry *entry = subject->entry;
    struct nspi_call *call = subject->call;
    if (!directory_kind_has_mailbox(entry->kind) || guid_is_zero(entry->mailbox_guid))
        return;
    const char *server = server_dn_make(call->arena, address_book_organization(call->book), entry->mailbox_guid, entry->address);
    give_text(source, server ? arena_format(call->arena, "%s" PRIVATE_DATABASE, server) : NULL);
}

/* 'SMTP:' for the primary address, 'smtp:' for the others, 'X500:' for the DNs of an earlier life. */
static void give_proxy_addresses(const struct subject *subject, struct source *source)
{
    const struct directory_entry *entry = subject->entry;
    uint32_t count = entry->address_count + entry->old_legacy_dn_count;
    if (!count)
        return;
    struct bytes *items = arena_array(subject->call->arena, struct bytes, count);
    source->kind = SOURCE_TEXTS;
    source->count = count;
    source->items = items;
    source->failed = !items;
    for (uint32_t i = 0; items && i < count; i++) {
        const char *text = i < entry->address_count
                               ? arena_format(subject->call->arena, "%s:%s", i ? "smtp" : "SMTP", entry->addresses[i])
                               : arena_format(subject->call->arena, "X500:%s", entry->old_legacy_dns[i - entry->address_count]);
        source->failed |= !text;
        items[i] = text ? bytes_of_string(text) : BYTES_NONE;
    }
}

static void give_search_key(const struct subject *subject, struct source *source)
{
    char *key = arena_format(subject->call->arena, "EX:%s", subject->entry->legacy_dn);
    for (char *at = key; at && *at; at++)
        *at = (char)toupper((unsigned char)*at);
    give_bytes(source, SOURCE_BINARY, key ? bytes_of(key, strlen(key) + 1) : BYTES_NONE);
}

static void give_display_type_extended(const struct subject *subject, struct source *source)
{
    switch (subject->entry->kind) {
    case DIRECTORY_USER:
    case DIRECTORY_SHARED_MAILBOX: give_number(source, DISPLAY_ACL_CAPABLE); break;
    case DIRECTORY_ROOM: give_number(source, DISPLAY_ROOM); break;
    case DIRECTORY_EQUIPMENT: give_number(source, DISPLAY_EQUIPMENT); break;
    case DIRECTORY_GROUP: give_number(source, DISPLAY_ACL_CAPABLE | DISPLAY_SECURITY_DISTRIBUTION_LIST); break;
    default: give_number(source, nspi_display_type(subject->entry));
    }
}

/* For clients without Unicode (2.2.3.7): what was set, else the display name where it is plain, else the alias. */
static void give_printable_name(const struct subject *subject, struct source *source)
{
    const struct directory_entry *entry = subject->entry;
    const struct directory_value *value = directory_entry_value(entry, DIRECTORY_ATTRIBUTE_SIMPLE_DISPLAY_NAME);
    const char *at = entry->display_name;
    if (value) {
        give_bytes(source, SOURCE_TEXT, value->items[0]);
        return;
    }
    while (*at > 0)
        at++;
    give_text(source, *at ? entry->account : entry->display_name);
}

static void give_target_address(const struct subject *subject, struct source *source)
{
    if (subject->entry->kind == DIRECTORY_CONTACT && *subject->entry->address)
        give_text(source, arena_format(subject->call->arena, "SMTP:%s", subject->entry->address));
}

static void give_mail_tip(const struct subject *subject, struct source *source)
{
    const char *tip = directory_entry_text(subject->call->arena, subject->entry, DIRECTORY_ATTRIBUTE_MAIL_TIP);
    if (!tip || !*tip)
        return;
    const char *text = arena_format(subject->call->arena, "default:%s", tip);
    give_bytes(source, SOURCE_TEXTS, text ? bytes_of_string(text) : BYTES_NONE);
}

static void give_member_count(const struct subject *subject, struct source *source, bool external)
{
    if (!is_group(subject->entry))
        return;
    struct address_book_list members = address_book_members(subject->call->book, subject->index);
    uint32_t count = 0;
    for (uint32_t i = 0; i < members.count; i++)
        count += !external || address_book_entry(subject->call->book, members.indexes[i])->kind == DIRECTORY_CONTACT;
    give_number(source, count);
}

static void give_entry_id(const struct subject *subject, struct source *source, bool ephemeral)
{
    give_bytes(source, SOURCE_BINARY, nspi_entry_id(subject->call, subject->entry, ephemeral));
}

static void give_telephone(const struct subject *subject, struct source *source)
{
    const struct directory_value *value = directory_entry_value(subject->entry, DIRECTORY_ATTRIBUTE_TELEPHONE);
    if (value)
        give_bytes(source, SOURCE_TEXT, value->items[0]);
}

/* --- all of them --- */

const uint32_t nspi_computed_tags[] = {
    PID_TAG_INSTANCE_KEY, PID_TAG_MAPPING_SIGNATURE, PID_TAG_RECORD_KEY, PID_TAG_OBJECT_TYPE, PID_TAG_ENTRY_ID,
    PID_TAG_DISPLAY_NAME, PID_TAG_ADDRESS_TYPE, PID_TAG_EMAIL_ADDRESS, PID_TAG_CREATION_TIME, PID_TAG_LAST_MODIFICATION_TIME,
    PID_TAG_SEARCH_KEY, PID_TAG_CONTAINER_FLAGS, PID_TAG_CONTAINER_CONTENTS, PID_TAG_DISPLAY_TYPE, PID_TAG_TEMPLATEID,
    PID_TAG_DISPLAY_TYPE_EX, PID_TAG_SMTP_ADDRESS, PID_TAG_ADDRESS_BOOK_DISPLAY_NAME_PRINTABLE, PID_TAG_ACCOUNT,
    PID_TAG_ORIGINAL_ENTRY_ID, PID_TAG_PRIMARY_TELEPHONE_NUMBER, PID_TAG_TRANSMITTABLE_DISPLAY_NAME, PID_TAG_SEND_RICH_INFO,
    PID_TAG_INITIAL_DETAILS_PANE, PID_TAG_ADDRESS_BOOK_MANAGER, PID_TAG_ADDRESS_BOOK_HOME_MESSAGE_DATABASE,
    PROPERTY_TAG(PROPERTY_ID(PID_TAG_ADDRESS_BOOK_IS_MEMBER_OF_DISTRIBUTION_LIST), PTYP_OBJECT), PID_TAG_ADDRESS_BOOK_MEMBER,
    PID_TAG_ADDRESS_BOOK_OWNER, PID_TAG_ADDRESS_BOOK_REPORTS, PID_TAG_ADDRESS_BOOK_PUBLIC_DELEGATES,
    PID_TAG_ADDRESS_BOOK_PROXY_ADDRESSES,
    PID_TAG_ADDRESS_BOOK_TARGET_ADDRESS, PID_TAG_ADDRESS_BOOK_OBJECT_DISTINGUISHED_NAME, PID_TAG_ADDRESS_BOOK_OBJECT_GUID,
    PID_TAG_ADDRESS_BOOK_DISPLAY_TYPE_EXTENDED, PID_TAG_ADDRESS_BOOK_SENDER_HINT_TRANSLATIONS,
    PID_TAG_ADDRESS_BOOK_DISTRIBUTION_LIST_MEMBER_COUNT, PID_TAG_ADDRESS_BOOK_DISTRIBUTION_LIST_EXTERNAL_MEMBER_COUNT,
    PID_TAG_ADDRESS_BOOK_CONTAINER_ID,
};
const uint32_t nspi_computed_tag_count = sizeof nspi_computed_tags / sizeof *nspi_computed_tags;

static bool give_identity(const struct subject *subject, uint16_t id, struct source *source)
{
    const struct directory_entry *entry = subject->entry;
    switch (id) {
    case PROPERTY_ID(PID_TAG_ENTRY_ID): give_entry_id(subject, source, subject->view->ephemeral_ids); break;
    case PROPERTY_ID(PID_TAG_RECORD_KEY):
    case PROPERTY_ID(PID_TAG_ORIGINAL_ENTRY_ID):
    case PROPERTY_ID(PID_TAG_TEMPLATEID): give_entry_id(subject, source, false); break;
    case PROPERTY_ID(PID_TAG_INSTANCE_KEY): give_binary(subject, source, &entry->number, sizeof entry->number); break;
    case PROPERTY_ID(PID_TAG_MAPPING_SIGNATURE):
        give_binary(subject, source, &mapping_signature, sizeof mapping_signature);
        break;
    case PROPERTY_ID(PID_TAG_SEARCH_KEY): give_search_key(subject, source); break;
    case PROPERTY_ID(PID_TAG_ADDRESS_BOOK_OBJECT_GUID): give_binary(subject, source, &entry->id, sizeof entry->id); break;
    case PROPERTY_ID(PID_TAG_EMAIL_ADDRESS):
    case PROPERTY_ID(PID_TAG_ADDRESS_BOOK_OBJECT_DISTINGUISHED_NAME): give_text(source, entry->legacy_dn); break;
    case PROPERTY_ID(PID_TAG_ADDRESS_TYPE): give_text(source, "EX"); break;
    case PROPERTY_ID(PID_TAG_ADDRESS_BOOK_CONTAINER_ID): give_number(source, 0); break; /* all are in the global list */
    default: return false;
    }
    return true;
}

static bool give_kind(const struct subject *subject, uint16_t id, struct source *source)
{
    const struct directory_entry *entry = subject->entry;
    switch (id) {
    case PROPERTY_ID(PID_TAG_OBJECT_TYPE):
        give_number(source, is_group(entry) ? OBJECT_DISTRIBUTION_LIST : OBJECT_MAIL_USER);
        break;
    case PROPERTY_ID(PID_TAG_DISPLAY_TYPE): give_number(source, nspi_display_type(entry)); break;
    case PROPERTY_ID(PID_TAG_DISPLAY_TYPE_EX):
    case PROPERTY_ID(PID_TAG_ADDRESS_BOOK_DISPLAY_TYPE_EXTENDED): give_display_type_extended(subject, source); break;
    case PROPERTY_ID(PID_TAG_INITIAL_DETAILS_PANE): give_number(source, 0); break;
    case PROPERTY_ID(PID_TAG_SEND_RICH_INFO): give_boolean(source, entry->kind != DIRECTORY_CONTACT); break;
    case PROPERTY_ID(PID_TAG_CONTAINER_FLAGS):
        if (is_group(entry))
            give_number(source, CONTAINER_RECIPIENTS | CONTAINER_UNMODIFIABLE);
        break;
    case PROPERTY_ID(PID_TAG_CREATION_TIME): give_time(source, entry->created); break;
    case PROPERTY_ID(PID_TAG_LAST_MODIFICATION_TIME): give_time(source, entry->changed); break;
    case PROPERTY_ID(PID_TAG_ADDRESS_BOOK_DISTRIBUTION_LIST_MEMBER_COUNT): give_member_count(subject, source, false); break;
    case PROPERTY_ID(PID_TAG_ADDRESS_BOOK_DISTRIBUTION_LIST_EXTERNAL_MEMBER_COUNT):
        give_member_count(subject, source, true);
        break;
    default: return false;
    }
    return true;
}

static bool give_name(const struct subject *subject, uint16_t id, struct source *source)
{
    const struct directory_entry *entry = subject->entry;
    switch (id) {
    case PROPERTY_ID(PID_TAG_DISPLAY_NAME):
    case PROPERTY_ID(PID_TAG_TRANSMITTABLE_DISPLAY_NAME): give_text(source, entry->display_name); break;
    case PROPERTY_ID(PID_TAG_ADDRESS_BOOK_DISPLAY_NAME_PRINTABLE): give_printable_name(subject, source); break;
    case PROPERTY_ID(PID_TAG_ACCOUNT): give_text(source, entry->account); break;
    case PROPERTY_ID(PID_TAG_SMTP_ADDRESS): give_text(source, entry->address); break;
    case PROPERTY_ID(PID_TAG_ADDRESS_BOOK_PROXY_ADDRESSES): give_proxy_addresses(subject, source); break;
    case PROPERTY_ID(PID_TAG_ADDRESS_BOOK_TARGET_ADDRESS): give_target_address(subject, source); break;
    case PROPERTY_ID(PID_TAG_ADDRESS_BOOK_HOME_MESSAGE_DATABASE): give_home_database(subject, source); break;
    case PROPERTY_ID(PID_TAG_PRIMARY_TELEPHONE_NUMBER): give_telephone(subject, source); break;
    case PROPERTY_ID(PID_TAG_ADDRESS_BOOK_SENDER_HINT_TRANSLATIONS): give_mail_tip(subject, source); break;
    default: return false;
    }
    return true;
}

uint32_t *nspi_delegates(struct nspi_call *call, uint32_t index, uint32_t *ret_count)
{
    const struct directory_entry *entry = address_book_entry(call->book, index);
    uint32_t given = 0, count = 0;
    struct guid *actors;
    if (!directory_kind_has_mailbox(entry->kind) ||
        directory_actors(call->directory, call->arena, entry->id, DIRECTORY_SEND_ON_BEHALF, &given, &actors) != DIRECTORY_OK)
        given = 0;
    uint32_t *indexes = arena_array(call->arena, uint32_t, given + 1);
    for (uint32_t i = 0; indexes && i < given; i++) {
        uint32_t found = address_book_find_id(call->book, actors[i]);
        if (found != ADDRESS_BOOK_NONE)
            indexes[count++] = found;
    }
    *ret_count = count;
    return indexes;
}

static void give_delegates(const struct subject *subject, struct source *source)
{
    uint32_t count;
    uint32_t *indexes = nspi_delegates(subject->call, subject->index, &count);
    give_entries(subject, source, (struct address_book_list){count, indexes});
    source->failed |= !indexes;
}

static bool give_links(const struct subject *subject, uint16_t id, struct source *source)
{
    struct address_book *book = subject->call->book;
    switch (id) {
    case PROPERTY_ID(PID_TAG_ADDRESS_BOOK_MEMBER):
    case PROPERTY_ID(PID_TAG_CONTAINER_CONTENTS):
        if (is_group(subject->entry)) {
            give_entries(subject, source, address_book_members(book, subject->index));
            source->kind = SOURCE_OBJECT; /* an empty group has the table too */
        }
        break;
    case PROPERTY_ID(PID_TAG_ADDRESS_BOOK_IS_MEMBER_OF_DISTRIBUTION_LIST):
        give_entries(subject, source, address_book_groups_of(book, subject->index));
        break;
    case PROPERTY_ID(PID_TAG_ADDRESS_BOOK_REPORTS):
        give_entries(subject, source, address_book_reports(book, subject->index));
        break;
    case PROPERTY_ID(PID_TAG_ADDRESS_BOOK_PUBLIC_DELEGATES): give_delegates(subject, source); break;
    case PROPERTY_ID(PID_TAG_ADDRESS_BOOK_MANAGER): give_reference(subject, source, DIRECTORY_ATTRIBUTE_MANAGER); break;
    case PROPERTY_ID(PID_TAG_ADDRESS_BOOK_OWNER): give_reference(subject, source, DIRECTORY_ATTRIBUTE_MANAGED_BY); break;
    default: return false;
    }
    return true;
}

bool nspi_computed_property(struct nspi_call *call, const struct nspi_view *view, uint32_t index, uint16_t id,
                            struct source *ret_source)
{
    struct subject subject = {call, view, index, address_book_entry(call->book, index)};
    *ret_source = (struct source){0};
    return give_name(&subject, id, ret_source) || give_identity(&subject, id, ret_source) ||
           give_kind(&subject, id, ret_source) || give_links(&subject, id, ret_source);
}
