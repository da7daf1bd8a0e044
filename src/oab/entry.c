#include "oab/entry.h"

#include <string.h>

#include "directory/names.h"
#include "nspi/property.h"

#define TYPE_OF(tag) ((tag) & 0xFFFFu)
#define TYPE_INTEGER32 0x0003u
#define TYPE_BINARY 0x0102u
#define TYPE_MULTIPLE 0x1000u
#define OBJECT_TYPE_MAIL_USER 6u
#define OBJECT_TYPE_DISTRIBUTION_LIST 8u

/* One entry on its way into a record. */
struct row {
    struct arena *arena;
    const struct oab_source *source;
    const struct directory_entry *entry;
    const struct directory_entry *whole; /* with its large values; NULL where nobody wants these */
    uint32_t index;
    struct oab_record *record;
    uint32_t truncated_count;
    uint32_t truncated[32];
};

static void add_truncated(struct row *row, uint32_t tag)
{
    if (row->truncated_count < sizeof row->truncated / sizeof *row->truncated)
        row->truncated[row->truncated_count++] = tag;
}

static void put_text(struct row *row, uint32_t column, struct bytes text)
{
    if (text.size > OAB_TEXT_SIZE_MAX)
        add_truncated(row, oab_entry_properties[column].tag);
    else
        oab_record_put_text(row->record, column, text);
}

static void put_string(struct row *row, uint32_t column, const char *text)
{
    if (text)
        put_text(row, column, bytes_of_string(text));
}

static size_t total_size(uint32_t count, const struct bytes *items)
{
    size_t size = 0;
    for (uint32_t i = 0; i < count; i++)
        size += items[i].size + 1;
    return size;
}

static void put_texts(struct row *row, uint32_t column, uint32_t count, const struct bytes *texts)
{
    if (total_size(count, texts) > OAB_TEXTS_SIZE_MAX)
        add_truncated(row, oab_entry_properties[column].tag);
    else
        oab_record_put_texts(row->record, column, count, texts);
}

static void put_binaries(struct row *row, uint32_t column, uint32_t count, const struct bytes *values)
{
    if (total_size(count, values) > OAB_BINARIES_SIZE_MAX)
        add_truncated(row, oab_entry_properties[column].tag);
    else
        oab_record_put_binaries(row->record, column, count, values);
}

/* --- attributes as they are --- */

static uint32_t decimal(struct bytes text)
{
    uint32_t number = 0;
    for (size_t i = 0; i < text.size && text.data[i] >= '0' && text.data[i] <= '9' && number < UINT32_MAX / 10 - 1; i++)
        number = number * 10 + (uint32_t)(text.data[i] - '0');
    return number;
}

static void put_attribute(struct row *row, uint32_t column)
{
    uint32_t tag = oab_entry_properties[column].tag;
    enum directory_attribute attribute = directory_attribute_of_tag(tag);
    const struct directory_value *value =
        attribute == DIRECTORY_ATTRIBUTE_COUNT ? NULL : directory_entry_value(row->entry, attribute);
    if (!value || value->count == 0)
        return;
    if (TYPE_OF(tag) == TYPE_INTEGER32)
        oab_record_put_number(row->record, column, decimal(value->items[0]));
    else if (tag & TYPE_MULTIPLE)
        put_texts(row, column, value->count, value->items);
    else
        put_text(row, column, value->items[0]);
}

static void put_photo(struct row *row, uint32_t column)
{
    const struct directory_value *value = row->whole ? directory_entry_value(row->whole, DIRECTORY_ATTRIBUTE_PHOTO) : NULL;
    if (!value || value->count == 0 || value->items[0].size == 0)
        return;
    if (row->source->photos && value->items[0].size <= OAB_BINARY_SIZE_MAX)
        oab_record_put_binary(row->record, column, value->items[0]);
    else
        add_truncated(row, oab_entry_properties[column].tag);
}

static void put_certificates(struct row *row, uint32_t column)
{
    enum directory_attribute attribute = directory_attribute_of_tag(oab_entry_properties[column].tag);
    const struct directory_value *value =
        row->whole && attribute != DIRECTORY_ATTRIBUTE_COUNT ? directory_entry_value(row->whole, attribute) : NULL;
    if (!value || value->count == 0)
        return;
    if (row->source->certificates)
        put_binaries(row, column, value->count, value->items);
    else
        add_truncated(row, oab_entry_properties[column].tag);
}

/* --- what is made from an entry --- */

static bool is_group(const struct directory_entry *entry)
{
    return entry->kind == DIRECTORY_GROUP || entry->kind == DIRECTORY_DYNAMIC_GROUP;
}

static void put_dn(struct row *row, uint32_t column) { put_string(row, column, row->entry->legacy_dn); }
static void put_address(struct row *row, uint32_t column) { put_string(row, column, row->entry->address); }
static void put_display_name(struct row *row, uint32_t column) { put_string(row, column, row->entry->display_name); }
static void put_account(struct row *row, uint32_t column) { put_string(row, column, row->entry->account); }

static void put_display_type(struct row *row, uint32_t column)
{
    oab_record_put_number(row->record, column, nspi_display_type(row->entry));
}

static void put_object_type(struct row *row, uint32_t column)
{
    oab_record_put_number(row->record, column, is_group(row->entry) ? OBJECT_TYPE_DISTRIBUTION_LIST : OBJECT_TYPE_MAIL_USER);
}

/* PidTagDisplayTypeEx (MS-OXOABK 2.2.3.12): what it is here, and 0x40000000 where it can be given rights. */
static void put_display_type_extended(struct row *row, uint32_t column)
{
    static const uint32_t types[DIRECTORY_KIND_COUNT] = {
        [DIRECTORY_USER] = 0x40000000, [DIRECTORY_SHARED_MAILBOX] = 0x40000000, [DIRECTORY_ROOM] = 0x40000007,
        [DIRECTORY_EQUIPMENT] = 0x40000008, [DIRECTORY_PUBLIC_FOLDER_MAILBOX] = 0x00000000, [DIRECTORY_CONTACT] = 0x00000006,
        [DIRECTORY_GROUP] = 0x40000009, [DIRECTORY_DYNAMIC_GROUP] = 0x00000003,
    };
    oab_record_put_number(row->record, column, types[row->entry->kind]);
}

static void put_rich_info(struct row *row, uint32_t column)
{
    oab_record_put_boolean(row->record, column, row->entry->kind != DIRECTORY_CONTACT);
}

/* 'SMTP:' before the primary address, 'smtp:' before the others, 'X500:' before further DNs (MS-OXOABK 2.2.3.23). */
static void put_proxy_addresses(struct row *row, uint32_t column)
{
    const struct directory_entry *entry = row->entry;
    uint32_t count = entry->address_count + entry->old_legacy_dn_count;
    struct bytes *texts = arena_array(row->arena, struct bytes, count);
    if (!texts)
        return;
    for (uint32_t i = 0; i < count; i++) {
        const char *text = i < entry->address_count
            ? arena_format(row->arena, "%s:%s", i ? "smtp" : "SMTP", entry->addresses[i])
            : arena_format(row->arena, "X500:%s", entry->old_legacy_dns[i - entry->address_count]);
        texts[i] = text ? bytes_of_string(text) : BYTES_NONE;
    }
    put_texts(row, column, count, texts);
}

/* For clients without Unicode: what was set, else the display name where it is plain, else the alias. */
static void put_printable_name(struct row *row, uint32_t column)
{
    const struct directory_entry *entry = row->entry;
    if (directory_entry_value(entry, DIRECTORY_ATTRIBUTE_SIMPLE_DISPLAY_NAME)) {
        put_attribute(row, column);
        return;
    }
    const char *at = entry->display_name;
    while (*at > 0)
        at++;
    put_string(row, column, *at ? entry->account : entry->display_name);
}

static void put_target_address(struct row *row, uint32_t column)
{
    if (row->entry->kind == DIRECTORY_CONTACT)
        put_string(row, column, arena_format(row->arena, "SMTP:%s", row->entry->address));
}

/* The DN of the mailbox's database, which names the mailbox as its server (as Autodiscover's MdbDN does). */
static void put_home_database(struct row *row, uint32_t column)
{
    const struct directory_entry *entry = row->entry;
    if (!directory_kind_has_mailbox(entry->kind) || guid_is_zero(entry->mailbox_guid))
        return;
    const char *server = server_dn_make(row->arena, address_book_organization(row->source->book), entry->mailbox_guid, entry->address);
    put_string(row, column, server ? arena_format(row->arena, "%s/cn=Microsoft Private MDB", server) : NULL);
}

static void put_object_guid(struct row *row, uint32_t column)
{
    oab_record_put_binary(row->record, column, bytes_of(row->entry->id.data, sizeof row->entry->id.data));
}

static void put_member_count(struct row *row, uint32_t column)
{
    if (is_group(row->entry))
        oab_record_put_number(row->record, column, address_book_members(row->source->book, row->index).count);
}

static void put_external_member_count(struct row *row, uint32_t column)
{
    if (!is_group(row->entry))
        return;
    struct address_book_list members = address_book_members(row->source->book, row->index);
    uint32_t count = 0;
    for (uint32_t i = 0; i < members.count; i++)
        count += address_book_entry(row->source->book, members.indexes[i])->kind == DIRECTORY_CONTACT;
    oab_record_put_number(row->record, column, count);
}

static void put_dns(struct row *row, uint32_t column, struct address_book_list list)
{
    struct bytes *texts = arena_array(row->arena, struct bytes, list.count);
    for (uint32_t i = 0; texts && i < list.count; i++)
        texts[i] = bytes_of_string(address_book_entry(row->source->book, list.indexes[i])->legacy_dn);
    if (texts && list.count)
        put_texts(row, column, list.count, texts);
}

static void put_members(struct row *row, uint32_t column)
{
    if (row->source->members && row->entry->kind == DIRECTORY_GROUP)
        put_dns(row, column, address_book_members(row->source->book, row->index));
}

static void put_groups(struct row *row, uint32_t column)
{
    if (row->source->members)
        put_dns(row, column, address_book_groups_of(row->source->book, row->index));
}

static void put_mail_tip(struct row *row, uint32_t column)
{
    const struct directory_value *tip = directory_entry_value(row->entry, DIRECTORY_ATTRIBUTE_MAIL_TIP);
    if (!tip)
        return;
    const char *text = arena_format(row->arena, "default:%.*s", (int)tip->items[0].size, (const char *)tip->items[0].data);
    if (text)
        put_texts(row, column, 1, (struct bytes[]){bytes_of_string(text)});
}

static void put_truncated(struct row *row, uint32_t column)
{
    oab_record_put_numbers(row->record, column, row->truncated_count, row->truncated);
}

/* --- the table --- */

/* Rows: tag, flags, what puts it. The DN and the address come first (MS-OXOAB 2.9.2.2); the list of what was left out comes
 * last, because it is known only then. */
#define ANR OAB_PROPERTY_ANR
#define INDEX OAB_PROPERTY_INDEX
#define OAB_COLUMNS(COLUMN) \
    COLUMN(0x3003001E, INDEX, put_dn)                   /* PidTagEmailAddress */ \
    COLUMN(0x39FE001F, INDEX, put_address)              /* PidTagSmtpAddress */ \
    COLUMN(0x3001001F, ANR, put_display_name) \
    COLUMN(0x3A00001F, ANR, put_account) \
    COLUMN(0x3A11001F, ANR, put_attribute)              /* surname */ \
    COLUMN(0x3A06001F, ANR, put_attribute)              /* given name */ \
    COLUMN(0x800F101F, ANR, put_proxy_addresses) \
    COLUMN(0x3A19001F, ANR, put_attribute)              /* office */ \
    COLUMN(0x39000003, 0, put_display_type) \
    COLUMN(0x0FFE0003, 0, put_object_type) \
    COLUMN(0x3A40000B, 0, put_rich_info) \
    COLUMN(0x3A08001F, 0, put_attribute)                /* business telephone */ \
    COLUMN(0x3A0A001F, 0, put_attribute)                /* initials */ \
    COLUMN(0x3A29001F, 0, put_attribute)                /* street */ \
    COLUMN(0x3A27001F, 0, put_attribute)                /* locality */ \
    COLUMN(0x3A28001F, 0, put_attribute)                /* state or province */ \
    COLUMN(0x3A2A001F, 0, put_attribute)                /* postal code */ \
    COLUMN(0x3A26001F, 0, put_attribute)                /* country */ \
    COLUMN(0x3A17001F, 0, put_attribute)                /* title */ \
    COLUMN(0x3A16001F, 0, put_attribute)                /* company */ \
    COLUMN(0x3A30001F, 0, put_attribute)                /* assistant */ \
    COLUMN(0x3A18001F, 0, put_attribute)                /* department */ \
    COLUMN(0x8011001F, 0, put_target_address) \
    COLUMN(0x3A09001F, 0, put_attribute)                /* home telephone */ \
    COLUMN(0x3A1B101F, 0, put_attribute)                /* other business telephones */ \
    COLUMN(0x3A2F101F, 0, put_attribute)                /* other home telephones */ \
    COLUMN(0x3A23001F, 0, put_attribute)                /* fax */ \
    COLUMN(0x3A1C001F, 0, put_attribute)                /* mobile telephone */ \
    COLUMN(0x3A2E001F, 0, put_attribute)                /* assistant's telephone */ \
    COLUMN(0x3A21001F, 0, put_attribute)                /* pager */ \
    COLUMN(0x3004001F, 0, put_attribute)                /* comment */ \
    COLUMN(0x3A701102, 0, put_certificates)             /* PidTagUserX509Certificate */ \
    COLUMN(0x8C6A1102, 0, put_certificates)             /* PidTagAddressBookX509Certificate */ \
    COLUMN(0x8006001E, 0, put_home_database) \
    COLUMN(0x39FF001F, 0, put_printable_name) \
    COLUMN(0x39050003, 0, put_display_type_extended) \
    COLUMN(0x8C8E001F, ANR, put_attribute)              /* phonetic given name */ \
    COLUMN(0x8C8F001F, ANR, put_attribute)              /* phonetic surname */ \
    COLUMN(0x8C92001F, ANR, put_attribute)              /* phonetic display name */ \
    COLUMN(0x8C90001F, 0, put_attribute)                /* phonetic department */ \
    COLUMN(0x8C91001F, 0, put_attribute)                /* phonetic company */ \
    COLUMN(0x8C6D0102, 0, put_object_guid) \
    COLUMN(0x8CAC101F, 0, put_mail_tip)                 /* PidTagAddressBookSenderHintTranslations */ \
    COLUMN(0x8CE20003, 0, put_member_count) \
    COLUMN(0x8CE30003, 0, put_external_member_count) \
    COLUMN(0x8009101E, 0, put_members)                  /* PidTagAddressBookMember */ \
    COLUMN(0x8008101E, 0, put_groups)                   /* PidTagAddressBookIsMemberOfDistributionList */ \
    COLUMN(0x08070003, 0, put_attribute)                /* room capacity */ \
    COLUMN(0x0809001F, 0, put_attribute)                /* room description */ \
    COLUMN(0x8C9E0102, 0, put_photo)                    /* PidTagThumbnailPhoto */ \
    COLUMN(OAB_TAG_TRUNCATED_PROPERTIES, 0, put_truncated)

#define PROPERTY(tag, flags, put) {tag, flags},
const struct oab_property oab_entry_properties[] = {OAB_COLUMNS(PROPERTY)};
#define COLUMN_COUNT (sizeof oab_entry_properties / sizeof *oab_entry_properties)
const uint32_t oab_entry_property_count = COLUMN_COUNT;

#define PUT(tag, flags, put) put,
static void (*const columns[])(struct row *row, uint32_t column) = {OAB_COLUMNS(PUT)};

bool oab_entry_included(const struct directory_entry *entry)
{
    return !entry->hidden && *entry->address && *entry->legacy_dn && entry->kind != DIRECTORY_PUBLIC_FOLDER_MAILBOX;
}

struct bytes oab_entry_record(struct arena *arena, const struct oab_source *source, uint32_t index, struct oab_record *record)
{
    struct row row = {.arena = arena, .source = source, .entry = address_book_entry(source->book, index), .index = index,
        .record = record};
    struct directory_entry whole;
    if (source->photos || source->certificates) {
        char id[GUID_TEXT_SIZE];
        guid_format(row.entry->id, id);
        enum directory_status status = directory_find_entry(source->directory, arena, DIRECTORY_KEY_ID, id, &whole);
        if (status == DIRECTORY_OK)
            row.whole = &whole;
        else if (status != DIRECTORY_NOT_FOUND) /* gone since: the next generation will be without it */
            return BYTES_NONE;
    }
    oab_record_begin(record, COLUMN_COUNT);
    for (uint32_t column = 0; column < COLUMN_COUNT; column++)
        columns[column](&row, column);
    return oab_record_finish(record);
}
