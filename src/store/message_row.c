#include "store/message_row.h"

#include "store/packed_properties.h"

#define MESSAGE_FLAG_READ 0x01u
#define MESSAGE_FLAG_HAS_ATTACHMENTS 0x10u

/* MS-OXPROPS; the ids of what stands in columns. */
enum {
    ID_MESSAGE_FLAGS = 0x0E07,
    ID_MESSAGE_SIZE = 0x0E08,
    ID_MESSAGE_STATUS = 0x0E17,
    ID_HAS_ATTACHMENTS = 0x0E1B,
    ID_READ = 0x0E69,
    ID_LOCAL_COMMIT_TIME = 0x6709,
    ID_FOLDER_ID = 0x6748,
    ID_MID = 0x674A,
    ID_INSTANCE_ID = 0x674D,
    ID_DELETED_ON = 0x668F,
    ID_CHANGE_NUMBER = 0x67A4,
    ID_ASSOCIATED = 0x67AA,
};

static struct property_value integer32(uint16_t id, uint32_t value)
{
    return (struct property_value){.tag = PROPERTY_TAG(id, PTYP_INTEGER32), .integer32 = (int32_t)value};
}

static struct property_value integer64(uint16_t id, uint64_t value)
{
    return (struct property_value){.tag = PROPERTY_TAG(id, PTYP_INTEGER64), .integer64 = (int64_t)value};
}

static struct property_value boolean(uint16_t id, bool value)
{
    return (struct property_value){.tag = PROPERTY_TAG(id, PTYP_BOOLEAN), .boolean = value};
}

bool message_row_computed(const struct store_message *row, uint16_t property_id, struct property_value *ret_value)
{
    bool associated = row->kind == STORE_MESSAGE_ASSOCIATED || row->kind == STORE_MESSAGE_DELETED_ASSOCIATED;
    switch (property_id) {
    case ID_MESSAGE_FLAGS:
        *ret_value = integer32(property_id, row->flags | (row->read ? MESSAGE_FLAG_READ : 0));
        return true;
    case ID_MESSAGE_SIZE:
        *ret_value = integer32(property_id, row->size > INT32_MAX ? INT32_MAX : (uint32_t)row->size);
        return true;
    case ID_MESSAGE_STATUS: *ret_value = integer32(property_id, row->status); return true;
    case ID_HAS_ATTACHMENTS:
        *ret_value = boolean(property_id, (row->flags & MESSAGE_FLAG_HAS_ATTACHMENTS) != 0);
        return true;
    case ID_READ: *ret_value = boolean(property_id, row->read); return true;
    case ID_ASSOCIATED: *ret_value = boolean(property_id, associated); return true;
    case ID_FOLDER_ID: *ret_value = integer64(property_id, row->folder_id); return true;
    case ID_MID:
    case ID_INSTANCE_ID: *ret_value = integer64(property_id, row->message_id); return true;
    case ID_CHANGE_NUMBER: *ret_value = integer64(property_id, row->change_number); return true;
    case ID_LOCAL_COMMIT_TIME:
    case ID_DELETED_ON: {
        uint64_t time = property_id == ID_DELETED_ON ? row->deleted_time : row->commit_time;
        if (!time)
            return false;
        *ret_value = (struct property_value){.tag = PROPERTY_TAG(property_id, PTYP_TIME), .time = time};
        return true;
    }
    default: return false;
    }
}

bool message_row_is_read_state(uint16_t property_id) { return property_id == ID_MESSAGE_FLAGS || property_id == ID_READ; }

bool message_row_property(struct arena *arena, const struct store_message *row, uint16_t property_id,
    struct property_value *ret_value)
{
    struct packed_entry entry;
    if (message_row_computed(row, property_id, ret_value))
        return true;
    if (!packed_properties_find(arena, row->properties, property_id, &entry) || entry.apart)
        return false;
    *ret_value = entry.value;
    return true;
}
