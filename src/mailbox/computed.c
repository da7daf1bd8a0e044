#include "mailbox/computed.h"

#include <string.h>

#include "base/limits.h"
#include "base/text.h"
#include "mailbox/entry_id.h"
#include "mailbox/tags.h"
#include "mailbox/value.h"
#include "protocol/entry_id.h"
#include "store/packed_properties.h"

static bool has_id(const uint32_t *tags, uint16_t id)
{
    for (; *tags != 0; tags++)
        if (PROPERTY_ID(*tags) == id)
            return true;
    return false;
}

/* Each sets the value and says that there is one. */
static bool give_integer32(struct property_value *ret_value, uint32_t tag, int32_t n)
{
    *ret_value = value_integer32(tag, n);
    return true;
}

static bool give_integer64(struct property_value *ret_value, uint32_t tag, int64_t n)
{
    *ret_value = value_integer64(tag, n);
    return true;
}

static bool give_boolean(struct property_value *ret_value, uint32_t tag, bool b)
{
    *ret_value = value_boolean(tag, b);
    return true;
}

static bool give_time(struct property_value *ret_value, uint32_t tag, uint64_t time)
{
    *ret_value = value_time(tag, time);
    return true;
}

static bool give_bytes(struct property_value *ret_value, uint32_t tag, struct bytes bytes)
{
    *ret_value = value_bytes(tag, bytes);
    return true;
}

static struct bytes guid_bytes(struct arena *arena, struct guid guid)
{
    return arena_bytes(arena, bytes_of(guid.data, sizeof guid.data));
}

struct bytes change_key_of(struct arena *arena, const struct mailbox *mailbox, uint64_t change_number)
{
    return source_key_of(arena, mailbox->replica_guid, change_number);
}

struct bytes predecessors_of(struct arena *arena, const struct mailbox *mailbox, uint64_t change_number)
{
    uint8_t *list = arena_allocate(arena, 1 + SOURCE_KEY_SIZE);
    struct bytes key = source_key_of(arena, mailbox->replica_guid, change_number);
    if (list == NULL || key.data == NULL)
        return BYTES_NONE;
    list[0] = SOURCE_KEY_SIZE;
    memcpy(list + 1, key.data, SOURCE_KEY_SIZE);
    return bytes_of(list, 1 + SOURCE_KEY_SIZE);
}

/* What came from elsewhere is kept in full; else it follows from the id. */
static struct bytes origin_or(struct bytes origin, struct bytes own)
{
    return origin.size > 0 ? origin : own;
}

static struct bytes store_entry_id(struct arena *arena, struct mailbox *mailbox)
{
    char guid[GUID_TEXT_SIZE];
    guid_format(mailbox->guid, guid);
    return entry_id_of_store(arena, guid, mailbox->owner_dn != NULL ? mailbox->owner_dn : "");
}

/* ---- Common to objects in a store ---- */

static bool common_computed(struct arena *arena, struct mailbox *mailbox, uint32_t tag, struct property_value *ret_value)
{
    switch (PROPERTY_ID(tag)) {
    case PROPERTY_ID(PID_TAG_STORE_ENTRY_ID):
        return give_bytes(ret_value, PID_TAG_STORE_ENTRY_ID, store_entry_id(arena, mailbox));
    case PROPERTY_ID(PID_TAG_STORE_RECORD_KEY):
        return give_bytes(ret_value, PID_TAG_STORE_RECORD_KEY, guid_bytes(arena, mailbox->guid));
    case PROPERTY_ID(PID_TAG_MAPPING_SIGNATURE):
        return give_bytes(ret_value, PID_TAG_MAPPING_SIGNATURE, guid_bytes(arena, mailbox->guid));
    case PROPERTY_ID(PID_TAG_STORE_SUPPORT_MASK):
        return give_integer32(ret_value, PID_TAG_STORE_SUPPORT_MASK, STORE_SUPPORT_MASK);
    case PROPERTY_ID(PID_TAG_ACCESS_LEVEL): return give_integer32(ret_value, PID_TAG_ACCESS_LEVEL, 1);
    default: return false;
    }
}

static int32_t size32(uint64_t size)
{
    return size > INT32_MAX ? INT32_MAX : (int32_t)size;
}

/* ---- Messages ---- */

const uint32_t message_computed_tags[] = {PID_TAG_MESSAGE_FLAGS, PID_TAG_READ, PID_TAG_MESSAGE_SIZE, PID_TAG_HAS_ATTACHMENTS,
    PID_TAG_PARENT_ENTRY_ID, PID_TAG_ACCESS, PID_TAG_ROW_TYPE, PID_TAG_INSTANCE_KEY, PID_TAG_ACCESS_LEVEL,
    PID_TAG_MAPPING_SIGNATURE, PID_TAG_RECORD_KEY, PID_TAG_STORE_RECORD_KEY, PID_TAG_STORE_ENTRY_ID, PID_TAG_OBJECT_TYPE,
    PID_TAG_ENTRY_ID, PID_TAG_STORE_SUPPORT_MASK, PID_TAG_SOURCE_KEY, PID_TAG_PARENT_SOURCE_KEY, PID_TAG_CHANGE_KEY,
    PID_TAG_PREDECESSOR_CHANGE_LIST, PID_TAG_HAS_NAMED_PROPERTIES, PID_TAG_LONG_TERM_ENTRY_ID_FROM_TABLE,
    PID_TAG_LOCAL_COMMIT_TIME, PID_TAG_DELETED_ON, PID_TAG_FOLDER_ID, PID_TAG_PARENT_FOLDER_ID, PID_TAG_MID, PID_TAG_INST_ID,
    PID_TAG_INSTANCE_NUM, PID_TAG_CHANGE_NUMBER, PID_TAG_ASSOCIATED, PID_TAG_DEPTH, PID_TAG_MESSAGE_STATUS,
    PID_TAG_INTERNET_ARTICLE_NUMBER, 0};

bool message_is_computed(uint16_t id)
{
    return has_id(message_computed_tags, id);
}

/* Ids are 8 bytes little-endian of the wire's layout in binary keys; any unique bytes do (MS-OXCTABL: opaque). */
static struct bytes instance_key(struct arena *arena, uint64_t folder_id, uint64_t message_id)
{
    uint8_t *key = arena_allocate(arena, 20);
    if (key == NULL)
        return BYTES_NONE;
    store_u64(key, folder_id);
    store_u64(key + 8, message_id);
    return bytes_of(key, 20);
}

static bool has_named_properties(const struct store_message *row)
{
    uint32_t count = 0;
    struct arena arena = {0};
    struct packed_entry last;
    bool named = packed_properties_count(row->properties, &count) && count > 0 &&
                 packed_properties_at(&arena, row->properties, count - 1, &last) &&
                 PROPERTY_ID(last.value.tag) >= PROPERTY_ID_NAMED_MIN;
    arena_free(&arena);
    return named;
}

static bool message_computed_ids(struct arena *arena, struct mailbox *mailbox, const struct store_message *row, uint32_t tag,
    struct property_value *ret_value)
{
    switch (PROPERTY_ID(tag)) {
    case PROPERTY_ID(PID_TAG_MID): return give_integer64(ret_value, PID_TAG_MID, wire_id(row->message_id));
    case PROPERTY_ID(PID_TAG_INST_ID): return give_integer64(ret_value, PID_TAG_INST_ID, wire_id(row->message_id));
    case PROPERTY_ID(PID_TAG_INSTANCE_NUM): return give_integer32(ret_value, PID_TAG_INSTANCE_NUM, 0);
    case PROPERTY_ID(PID_TAG_FOLDER_ID): return give_integer64(ret_value, PID_TAG_FOLDER_ID, wire_id(row->folder_id));
    case PROPERTY_ID(PID_TAG_PARENT_FOLDER_ID):
        return give_integer64(ret_value, PID_TAG_PARENT_FOLDER_ID, wire_id(row->folder_id));
    case PROPERTY_ID(PID_TAG_CHANGE_NUMBER):
        return give_integer64(ret_value, PID_TAG_CHANGE_NUMBER, wire_id(row->change_number));
    case PROPERTY_ID(PID_TAG_ENTRY_ID):
        return give_bytes(
            ret_value, PID_TAG_ENTRY_ID, mailbox_message_entry_id(arena, mailbox, row->folder_id, row->message_id));
    case PROPERTY_ID(PID_TAG_LONG_TERM_ENTRY_ID_FROM_TABLE):
        return give_bytes(ret_value, PID_TAG_LONG_TERM_ENTRY_ID_FROM_TABLE,
            mailbox_message_entry_id(arena, mailbox, row->folder_id, row->message_id));
    case PROPERTY_ID(PID_TAG_PARENT_ENTRY_ID):
        return give_bytes(ret_value, PID_TAG_PARENT_ENTRY_ID, mailbox_folder_entry_id(arena, mailbox, row->folder_id));
    case PROPERTY_ID(PID_TAG_INSTANCE_KEY):
        return give_bytes(ret_value, PID_TAG_INSTANCE_KEY, instance_key(arena, row->folder_id, row->message_id));
    case PROPERTY_ID(PID_TAG_RECORD_KEY):
        return give_bytes(ret_value, PID_TAG_RECORD_KEY, source_key_of(arena, mailbox->replica_guid, row->message_id));
    case PROPERTY_ID(PID_TAG_SOURCE_KEY):
        return give_bytes(ret_value, PID_TAG_SOURCE_KEY,
            origin_or(row->origin.source_key, source_key_of(arena, mailbox->replica_guid, row->message_id)));
    case PROPERTY_ID(PID_TAG_PARENT_SOURCE_KEY):
        return give_bytes(ret_value, PID_TAG_PARENT_SOURCE_KEY, source_key_of(arena, mailbox->replica_guid, row->folder_id));
    case PROPERTY_ID(PID_TAG_CHANGE_KEY):
        return give_bytes(ret_value, PID_TAG_CHANGE_KEY,
            origin_or(row->origin.change_key, change_key_of(arena, mailbox, row->change_number)));
    case PROPERTY_ID(PID_TAG_PREDECESSOR_CHANGE_LIST):
        return give_bytes(ret_value, PID_TAG_PREDECESSOR_CHANGE_LIST,
            origin_or(row->origin.predecessor_change_list, predecessors_of(arena, mailbox, row->change_number)));
    default: return false;
    }
}

bool message_computed(struct arena *arena, struct mailbox *mailbox, const struct store_message *row, uint32_t tag,
    struct property_value *ret_value)
{
    uint32_t flags = row->flags | (row->read ? FLAG_READ : 0);
    switch (PROPERTY_ID(tag)) {
    case PROPERTY_ID(PID_TAG_MESSAGE_FLAGS): return give_integer32(ret_value, PID_TAG_MESSAGE_FLAGS, (int32_t)flags);
    case PROPERTY_ID(PID_TAG_READ): return give_boolean(ret_value, PID_TAG_READ, row->read);
    case PROPERTY_ID(PID_TAG_MESSAGE_SIZE):
        *ret_value = PROPERTY_TYPE(tag) == PTYP_INTEGER64
                         ? value_integer64(PID_TAG_MESSAGE_SIZE_EXTENDED, (int64_t)row->size)
                         : value_integer32(PID_TAG_MESSAGE_SIZE, size32(row->size));
        return true;
    case PROPERTY_ID(PID_TAG_HAS_ATTACHMENTS):
        return give_boolean(ret_value, PID_TAG_HAS_ATTACHMENTS, (flags & FLAG_HAS_ATTACHMENTS) != 0);
    case PROPERTY_ID(PID_TAG_ACCESS): return give_integer32(ret_value, PID_TAG_ACCESS, ACCESS_OF_MESSAGE);
    case PROPERTY_ID(PID_TAG_ROW_TYPE): return give_integer32(ret_value, PID_TAG_ROW_TYPE, 1);
    case PROPERTY_ID(PID_TAG_DEPTH): return give_integer32(ret_value, PID_TAG_DEPTH, 0);
    case PROPERTY_ID(PID_TAG_OBJECT_TYPE): return give_integer32(ret_value, PID_TAG_OBJECT_TYPE, OBJECT_TYPE_MESSAGE);
    case PROPERTY_ID(PID_TAG_HAS_NAMED_PROPERTIES):
        return give_boolean(ret_value, PID_TAG_HAS_NAMED_PROPERTIES, has_named_properties(row));
    case PROPERTY_ID(PID_TAG_LOCAL_COMMIT_TIME): return give_time(ret_value, PID_TAG_LOCAL_COMMIT_TIME, row->commit_time);
    case PROPERTY_ID(PID_TAG_ASSOCIATED): return give_boolean(ret_value, PID_TAG_ASSOCIATED, (row->kind & 1) != 0);
    case PROPERTY_ID(PID_TAG_INTERNET_ARTICLE_NUMBER):
        return give_integer32(ret_value, PID_TAG_INTERNET_ARTICLE_NUMBER, (int32_t)row->message_id);
    case PROPERTY_ID(PID_TAG_MESSAGE_STATUS): return give_integer32(ret_value, PID_TAG_MESSAGE_STATUS, (int32_t)row->status);
    case PROPERTY_ID(PID_TAG_DELETED_ON):
        *ret_value = value_time(PID_TAG_DELETED_ON, row->deleted_time);
        return row->deleted_time != 0;
    default:
        return message_computed_ids(arena, mailbox, row, tag, ret_value) || common_computed(arena, mailbox, tag, ret_value);
    }
}

/* ---- Folders ---- */

const uint32_t folder_computed_tags[] = {PID_TAG_CONTENT_COUNT, PID_TAG_CONTENT_UNREAD_COUNT,
    PID_TAG_ASSOCIATED_CONTENT_COUNT, PID_TAG_SUBFOLDERS, PID_TAG_FOLDER_TYPE, PID_TAG_FOLDER_FLAGS, PID_TAG_FOLDER_ID,
    PID_TAG_PARENT_FOLDER_ID, PID_TAG_ENTRY_ID, PID_TAG_PARENT_ENTRY_ID, PID_TAG_RECORD_KEY, PID_TAG_INSTANCE_KEY,
    PID_TAG_SOURCE_KEY, PID_TAG_PARENT_SOURCE_KEY, PID_TAG_CHANGE_KEY, PID_TAG_PREDECESSOR_CHANGE_LIST,
    PID_TAG_CHANGE_NUMBER, PID_TAG_HIERARCHY_CHANGE_NUMBER, PID_TAG_HIER_REV, PID_TAG_MESSAGE_SIZE,
    PID_TAG_LOCAL_COMMIT_TIME, PID_TAG_LOCAL_COMMIT_TIME_MAX, PID_TAG_DELETED_COUNT_TOTAL, PID_TAG_DELETED_MESSAGE_COUNT,
    PID_TAG_RIGHTS, PID_TAG_ACCESS, PID_TAG_ACCESS_LEVEL, PID_TAG_CREATION_TIME, PID_TAG_LAST_MODIFICATION_TIME,
    PID_TAG_OBJECT_TYPE, PID_TAG_HAS_RULES, PID_TAG_DELETED_ON, PID_TAG_DEPTH, PID_TAG_STORE_ENTRY_ID,
    PID_TAG_STORE_RECORD_KEY, PID_TAG_MAPPING_SIGNATURE, PID_TAG_STORE_SUPPORT_MASK, PID_TAG_ADDRESS_BOOK_ENTRY_ID, 0};

bool folder_is_computed(uint16_t id)
{
    return has_id(folder_computed_tags, id);
}

/* Whether the folder is the IPM subtree or below it. */
static bool is_interpersonal(struct mailbox *mailbox, uint64_t folder_id, uint64_t parent_id)
{
    struct arena arena = {0};
    uint64_t subtree = special_folder_id(SPECIAL_FOLDER_IPM_SUBTREE);
    bool found = folder_id == subtree || parent_id == subtree;
    struct store_folder folder;
    for (int depth = 0; !found && parent_id != 0 && depth < 256; depth++) {
        if (mailbox_folder(mailbox, &arena, parent_id, &folder) != EC_SUCCESS)
            break;
        parent_id = folder.parent_id;
        found = parent_id == subtree;
        arena_reset(&arena);
    }
    arena_free(&arena);
    return found;
}

static int32_t folder_flags(struct mailbox *mailbox, const struct store_folder *row)
{
    int32_t flags = row->type == STORE_FOLDER_SEARCH ? 2 : 4; /* search, or normal (R1035111) */
    return flags | (is_interpersonal(mailbox, row->folder_id, row->parent_id) ? 1 : 0);
}

static bool folder_computed_ids(struct arena *arena, struct mailbox *mailbox, const struct store_folder *row, uint32_t tag,
    struct property_value *ret_value)
{
    uint64_t parent_id = row->parent_id != 0 ? row->parent_id : row->folder_id; /* the root is its own parent */
    switch (PROPERTY_ID(tag)) {
    case PROPERTY_ID(PID_TAG_FOLDER_ID): return give_integer64(ret_value, PID_TAG_FOLDER_ID, wire_id(row->folder_id));
    case PROPERTY_ID(PID_TAG_PARENT_FOLDER_ID):
        return give_integer64(ret_value, PID_TAG_PARENT_FOLDER_ID, wire_id(parent_id));
    case PROPERTY_ID(PID_TAG_ENTRY_ID):
        return give_bytes(ret_value, PID_TAG_ENTRY_ID, mailbox_folder_entry_id(arena, mailbox, row->folder_id));
    case PROPERTY_ID(PID_TAG_PARENT_ENTRY_ID):
        return give_bytes(ret_value, PID_TAG_PARENT_ENTRY_ID, mailbox_folder_entry_id(arena, mailbox, parent_id));
    case PROPERTY_ID(PID_TAG_RECORD_KEY):
        return give_bytes(ret_value, PID_TAG_RECORD_KEY, source_key_of(arena, mailbox->replica_guid, row->folder_id));
    case PROPERTY_ID(PID_TAG_INSTANCE_KEY):
        return give_bytes(ret_value, PID_TAG_INSTANCE_KEY, instance_key(arena, row->folder_id, 0));
    case PROPERTY_ID(PID_TAG_SOURCE_KEY):
        return give_bytes(ret_value, PID_TAG_SOURCE_KEY,
            origin_or(row->origin.source_key, source_key_of(arena, mailbox->replica_guid, row->folder_id)));
    case PROPERTY_ID(PID_TAG_PARENT_SOURCE_KEY):
        return give_bytes(ret_value, PID_TAG_PARENT_SOURCE_KEY,
            row->parent_id == 0 ? bytes_of("", 0) : source_key_of(arena, mailbox->replica_guid, row->parent_id));
    case PROPERTY_ID(PID_TAG_CHANGE_KEY):
        return give_bytes(ret_value, PID_TAG_CHANGE_KEY,
            origin_or(row->origin.change_key, change_key_of(arena, mailbox, row->change_number)));
    case PROPERTY_ID(PID_TAG_PREDECESSOR_CHANGE_LIST):
        return give_bytes(ret_value, PID_TAG_PREDECESSOR_CHANGE_LIST,
            origin_or(row->origin.predecessor_change_list, predecessors_of(arena, mailbox, row->change_number)));
    case PROPERTY_ID(PID_TAG_CHANGE_NUMBER):
        return give_integer64(ret_value, PID_TAG_CHANGE_NUMBER, wire_id(row->change_number));
    case PROPERTY_ID(PID_TAG_HIERARCHY_CHANGE_NUMBER):
        return give_integer32(ret_value, PID_TAG_HIERARCHY_CHANGE_NUMBER, (int32_t)row->counts.hierarchy_change_number);
    default: return false;
    }
}

static bool folder_computed_counts(const struct store_folder *row, uint32_t tag, struct property_value *ret_value)
{
    const struct store_folder_counts *counts = &row->counts;
    switch (PROPERTY_ID(tag)) {
    case PROPERTY_ID(PID_TAG_CONTENT_COUNT):
        return give_integer32(ret_value, PID_TAG_CONTENT_COUNT, (int32_t)counts->content);
    case PROPERTY_ID(PID_TAG_CONTENT_UNREAD_COUNT):
        return give_integer32(ret_value, PID_TAG_CONTENT_UNREAD_COUNT, (int32_t)counts->unread);
    case PROPERTY_ID(PID_TAG_ASSOCIATED_CONTENT_COUNT):
        return give_integer32(ret_value, PID_TAG_ASSOCIATED_CONTENT_COUNT, (int32_t)counts->associated);
    case PROPERTY_ID(PID_TAG_SUBFOLDERS): return give_boolean(ret_value, PID_TAG_SUBFOLDERS, counts->child_folders > 0);
    case PROPERTY_ID(PID_TAG_MESSAGE_SIZE): {
        uint64_t size = counts->size + counts->associated_size;
        *ret_value = PROPERTY_TYPE(tag) == PTYP_INTEGER64 ? value_integer64(PID_TAG_MESSAGE_SIZE_EXTENDED, (int64_t)size)
                                                          : value_integer32(PID_TAG_MESSAGE_SIZE, size32(size));
        return true;
    }
    case PROPERTY_ID(PID_TAG_LOCAL_COMMIT_TIME_MAX):
        return give_time(ret_value, PID_TAG_LOCAL_COMMIT_TIME_MAX, counts->local_commit_time_max);
    case PROPERTY_ID(PID_TAG_DELETED_COUNT_TOTAL):
        return give_integer32(ret_value, PID_TAG_DELETED_COUNT_TOTAL, (int32_t)counts->deleted_total);
    case PROPERTY_ID(PID_TAG_DELETED_MESSAGE_COUNT):
        return give_integer32(ret_value, PID_TAG_DELETED_MESSAGE_COUNT, (int32_t)counts->deleted_content);
    default: return false;
    }
}

bool folder_computed(struct arena *arena, struct mailbox *mailbox, const struct store_folder *row, uint32_t tag,
    struct property_value *ret_value)
{
    switch (PROPERTY_ID(tag)) {
    case PROPERTY_ID(PID_TAG_FOLDER_TYPE): return give_integer32(ret_value, PID_TAG_FOLDER_TYPE, (int32_t)row->type);
    case PROPERTY_ID(PID_TAG_FOLDER_FLAGS):
        return give_integer32(ret_value, PID_TAG_FOLDER_FLAGS, folder_flags(mailbox, row));
    case PROPERTY_ID(PID_TAG_RIGHTS): return give_integer32(ret_value, PID_TAG_RIGHTS, RIGHTS_OF_OWNER);
    case PROPERTY_ID(PID_TAG_ACCESS): return give_integer32(ret_value, PID_TAG_ACCESS, ACCESS_OF_FOLDER);
    case PROPERTY_ID(PID_TAG_CREATION_TIME): return give_time(ret_value, PID_TAG_CREATION_TIME, row->creation_time);
    case PROPERTY_ID(PID_TAG_LAST_MODIFICATION_TIME):
        return give_time(ret_value, PID_TAG_LAST_MODIFICATION_TIME, row->last_modification_time);
    case PROPERTY_ID(PID_TAG_HIER_REV): return give_time(ret_value, PID_TAG_HIER_REV, row->last_modification_time);
    case PROPERTY_ID(PID_TAG_LOCAL_COMMIT_TIME):
        return give_time(ret_value, PID_TAG_LOCAL_COMMIT_TIME, row->last_modification_time);
    case PROPERTY_ID(PID_TAG_OBJECT_TYPE): return give_integer32(ret_value, PID_TAG_OBJECT_TYPE, OBJECT_TYPE_FOLDER);
    case PROPERTY_ID(PID_TAG_HAS_RULES): return give_boolean(ret_value, PID_TAG_HAS_RULES, false);
    case PROPERTY_ID(PID_TAG_DEPTH):
        return give_integer32(ret_value, PID_TAG_DEPTH, row->depth > 0 ? (int32_t)row->depth - 1 : 0);
    case PROPERTY_ID(PID_TAG_DELETED_ON):
        *ret_value = value_time(PID_TAG_DELETED_ON, row->deleted_time);
        return row->deleted_time != 0;
    default:
        return folder_computed_ids(arena, mailbox, row, tag, ret_value) || folder_computed_counts(row, tag, ret_value) ||
               common_computed(arena, mailbox, tag, ret_value);
    }
}

/* ---- The store ---- */

const uint32_t store_computed_tags[] = {PID_TAG_STORE_ENTRY_ID, PID_TAG_STORE_RECORD_KEY, PID_TAG_MAPPING_SIGNATURE,
    PID_TAG_STORE_SUPPORT_MASK, PID_TAG_RECORD_KEY, PID_TAG_ENTRY_ID, PID_TAG_OBJECT_TYPE, PID_TAG_ACCESS_LEVEL,
    PID_TAG_MDB_PROVIDER, PID_TAG_STORE_STATE, PID_TAG_VALID_FOLDER_MASK, PID_TAG_IPM_SUBTREE_ENTRY_ID,
    PID_TAG_IPM_OUTBOX_ENTRY_ID, PID_TAG_IPM_WASTEBASKET_ENTRY_ID, PID_TAG_IPM_SENT_MAIL_ENTRY_ID, PID_TAG_VIEWS_ENTRY_ID,
    PID_TAG_COMMON_VIEWS_ENTRY_ID, PID_TAG_FINDER_ENTRY_ID, PID_TAG_TEST_LINE_SPEED, PID_TAG_MAILBOX_OWNER_ENTRY_ID,
    PID_TAG_MAILBOX_OWNER_NAME, PID_TAG_USER_ENTRY_ID, PID_TAG_USER_NAME, PID_TAG_MAXIMUM_SUBMIT_MESSAGE_SIZE,
    PID_TAG_PROHIBIT_RECEIVE_QUOTA, PID_TAG_PROHIBIT_SEND_QUOTA, PID_TAG_EXTENDED_RULE_SIZE_LIMIT, PID_TAG_LOCALE_ID,
    PID_TAG_SORT_LOCALE_ID, PID_TAG_CODE_PAGE_ID, PID_TAG_SERIALIZED_REPLID_GUID_MAP, PID_TAG_CONTENT_COUNT,
    PID_TAG_MESSAGE_SIZE, PID_TAG_DISPLAY_NAME, 0};

bool store_is_computed(uint16_t id)
{
    return has_id(store_computed_tags, id);
}

static const uint8_t private_store_provider[16] = {0x54, 0x94, 0xA1, 0xC0, 0x29, 0x7F, 0x10, 0x1B, 0xA5, 0x87, 0x08, 0x00,
    0x2B, 0x2A, 0x25, 0x17}; /* pbExchangeProviderPrimaryUserGuid */

/* All REPLID mappings: id and GUID, 18 bytes each (MS-OXCSTOR 2.2.2.1.1.13). */
static struct bytes replid_map(struct arena *arena, struct mailbox *mailbox)
{
    const struct store_replica *replicas;
    uint32_t count = 0;
    if (store_replica_list(mailbox->store, arena, &replicas, &count) != STORE_OK)
        return BYTES_NONE;
    uint8_t *map = arena_allocate(arena, (size_t)count * 18 + 1);
    if (map == NULL)
        return BYTES_NONE;
    for (uint32_t i = 0; i < count; i++) {
        store_u16(map + 18 * i, replicas[i].replica_id);
        memcpy(map + 18 * i + 2, replicas[i].guid.data, 16);
    }
    return bytes_of(map, (size_t)count * 18);
}

static bool store_computed_folders(
    struct arena *arena, struct mailbox *mailbox, uint32_t tag, struct property_value *ret_value)
{
    static const struct {
        uint32_t tag;
        enum special_folder folder;
    } folders[] = {{PID_TAG_IPM_SUBTREE_ENTRY_ID, SPECIAL_FOLDER_IPM_SUBTREE},
        {PID_TAG_IPM_OUTBOX_ENTRY_ID, SPECIAL_FOLDER_OUTBOX},
        {PID_TAG_IPM_WASTEBASKET_ENTRY_ID, SPECIAL_FOLDER_DELETED_ITEMS},
        {PID_TAG_IPM_SENT_MAIL_ENTRY_ID, SPECIAL_FOLDER_SENT_ITEMS}, {PID_TAG_VIEWS_ENTRY_ID, SPECIAL_FOLDER_VIEWS},
        {PID_TAG_COMMON_VIEWS_ENTRY_ID, SPECIAL_FOLDER_COMMON_VIEWS}, {PID_TAG_FINDER_ENTRY_ID, SPECIAL_FOLDER_SEARCH}};
    for (size_t i = 0; i < sizeof folders / sizeof *folders; i++) {
        if (PROPERTY_ID(folders[i].tag) != PROPERTY_ID(tag))
            continue;
        return give_bytes(
            ret_value, folders[i].tag, mailbox_folder_entry_id(arena, mailbox, special_folder_id(folders[i].folder)));
    }
    return false;
}

static bool give_text(struct property_value *ret_value, struct arena *arena, uint32_t tag, const char *text)
{
    return give_bytes(ret_value, tag, text_utf16_of_utf8(arena, bytes_of_string(text != NULL ? text : "")));
}

/* Counts and sizes over all folders: one listing. */
static bool store_computed_totals(
    struct arena *arena, struct mailbox *mailbox, uint32_t tag, struct property_value *ret_value)
{
    const struct store_folder *folders;
    uint32_t count = 0;
    if (store_folder_list(
            mailbox->store, arena, special_folder_id(SPECIAL_FOLDER_ROOT), STORE_LIST_DEEP, &folders, &count) != STORE_OK)
        return false;
    uint64_t messages = 0, size = 0;
    for (uint32_t i = 0; i < count; i++) {
        messages += folders[i].counts.content;
        size += folders[i].counts.size + folders[i].counts.associated_size + folders[i].counts.deleted_size;
    }
    if (PROPERTY_ID(tag) == PROPERTY_ID(PID_TAG_CONTENT_COUNT))
        *ret_value = value_integer32(PID_TAG_CONTENT_COUNT, size32(messages));
    else if (PROPERTY_TYPE(tag) == PTYP_INTEGER64)
        *ret_value = value_integer64(PID_TAG_MESSAGE_SIZE_EXTENDED, (int64_t)size);
    else
        *ret_value = value_integer32(PID_TAG_MESSAGE_SIZE, size32(size));
    return true;
}

#define UNLIMITED (-1)
#define SUBMIT_SIZE_MAX_KB ((int32_t)(MESSAGE_SIZE_DEFAULT_MAX >> 10))
#define EXTENDED_RULE_SIZE_MAX 32768

bool store_computed(struct arena *arena, struct logon *logon, uint32_t tag, struct property_value *ret_value)
{
    struct mailbox *mailbox = logon->mailbox;
    switch (PROPERTY_ID(tag)) {
    case PROPERTY_ID(PID_TAG_RECORD_KEY): return give_bytes(ret_value, PID_TAG_RECORD_KEY, guid_bytes(arena, mailbox->guid));
    case PROPERTY_ID(PID_TAG_ENTRY_ID): return give_bytes(ret_value, PID_TAG_ENTRY_ID, store_entry_id(arena, mailbox));
    case PROPERTY_ID(PID_TAG_OBJECT_TYPE): return give_integer32(ret_value, PID_TAG_OBJECT_TYPE, OBJECT_TYPE_STORE);
    case PROPERTY_ID(PID_TAG_MDB_PROVIDER):
        return give_bytes(ret_value, PID_TAG_MDB_PROVIDER, bytes_of(private_store_provider, 16));
    case PROPERTY_ID(PID_TAG_STORE_STATE): return give_integer32(ret_value, PID_TAG_STORE_STATE, 0);
    case PROPERTY_ID(PID_TAG_VALID_FOLDER_MASK): return give_integer32(ret_value, PID_TAG_VALID_FOLDER_MASK, 0xFF);
    case PROPERTY_ID(PID_TAG_TEST_LINE_SPEED): return give_bytes(ret_value, PID_TAG_TEST_LINE_SPEED, bytes_of("test", 4));
    case PROPERTY_ID(PID_TAG_MAILBOX_OWNER_ENTRY_ID):
        return give_bytes(ret_value, PID_TAG_MAILBOX_OWNER_ENTRY_ID,
            entry_id_of_address(arena, mailbox->owner_dn != NULL ? mailbox->owner_dn : "", 0));
    case PROPERTY_ID(PID_TAG_MAILBOX_OWNER_NAME):
        return give_text(ret_value, arena, PID_TAG_MAILBOX_OWNER_NAME, mailbox->owner_name);
    case PROPERTY_ID(PID_TAG_DISPLAY_NAME): return give_text(ret_value, arena, PID_TAG_DISPLAY_NAME, mailbox->owner_name);
    case PROPERTY_ID(PID_TAG_USER_ENTRY_ID):
        return give_bytes(ret_value, PID_TAG_USER_ENTRY_ID,
            entry_id_of_address(arena, logon->address_book_dn != NULL ? logon->address_book_dn : "", 0));
    case PROPERTY_ID(PID_TAG_USER_NAME): return give_text(ret_value, arena, PID_TAG_USER_NAME, logon->display_name);
    case PROPERTY_ID(PID_TAG_MAXIMUM_SUBMIT_MESSAGE_SIZE):
        return give_integer32(ret_value, PID_TAG_MAXIMUM_SUBMIT_MESSAGE_SIZE, SUBMIT_SIZE_MAX_KB);
    case PROPERTY_ID(PID_TAG_PROHIBIT_RECEIVE_QUOTA):
        return give_integer32(ret_value, PID_TAG_PROHIBIT_RECEIVE_QUOTA, UNLIMITED);
    case PROPERTY_ID(PID_TAG_PROHIBIT_SEND_QUOTA): return give_integer32(ret_value, PID_TAG_PROHIBIT_SEND_QUOTA, UNLIMITED);
    case PROPERTY_ID(PID_TAG_EXTENDED_RULE_SIZE_LIMIT):
        return give_integer32(ret_value, PID_TAG_EXTENDED_RULE_SIZE_LIMIT, EXTENDED_RULE_SIZE_MAX);
    case PROPERTY_ID(PID_TAG_LOCALE_ID):
        return give_integer32(
            ret_value, PID_TAG_LOCALE_ID, (int32_t)(logon->locale_id != 0 ? logon->locale_id : mailbox->locale_id));
    case PROPERTY_ID(PID_TAG_SORT_LOCALE_ID):
        return give_integer32(ret_value, PID_TAG_SORT_LOCALE_ID,
            (int32_t)(logon->sort_locale_id != 0 ? logon->sort_locale_id : mailbox->locale_id));
    case PROPERTY_ID(PID_TAG_CODE_PAGE_ID):
        return give_integer32(ret_value, PID_TAG_CODE_PAGE_ID, (int32_t)(logon->codepage != 0 ? logon->codepage : 1252));
    case PROPERTY_ID(PID_TAG_SERIALIZED_REPLID_GUID_MAP):
        return give_bytes(ret_value, PID_TAG_SERIALIZED_REPLID_GUID_MAP, replid_map(arena, mailbox));
    case PROPERTY_ID(PID_TAG_CONTENT_COUNT):
    case PROPERTY_ID(PID_TAG_MESSAGE_SIZE): return store_computed_totals(arena, mailbox, tag, ret_value);
    default:
        return store_computed_folders(arena, mailbox, tag, ret_value) || common_computed(arena, mailbox, tag, ret_value);
    }
}
