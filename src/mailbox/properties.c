/* Reading properties (MS-OXCPRPT 3.2.5.1..3). */
#include "mailbox/properties.h"

#include "base/limits.h"
#include "base/text.h"
#include "mailbox/computed.h"
#include "mailbox/reading.h"
#include "mailbox/tags.h"
#include "mailbox/value.h"

/* ---- Attachments: what is computed ---- */

static const uint32_t attachment_computed_tags[] = {PID_TAG_ATTACH_NUMBER, PID_TAG_ATTACH_SIZE, PID_TAG_ACCESS_LEVEL,
    PID_TAG_OBJECT_TYPE, PID_TAG_RECORD_KEY, PID_TAG_INSTANCE_KEY, PID_TAG_ACCESS, PID_TAG_STORE_ENTRY_ID,
    PID_TAG_STORE_RECORD_KEY, PID_TAG_MAPPING_SIGNATURE, PID_TAG_STORE_SUPPORT_MASK, 0};
#define ATTACH_SIZE_INITIAL 0x40u /* MS-OXCMSG R449 */

static struct bytes number_key(struct arena *arena, uint32_t number)
{
    uint8_t *key = arena_allocate(arena, 4);
    if (key == NULL)
        return BYTES_NONE;
    store_u32(key, number);
    return bytes_of(key, 4);
}

static uint64_t size_of_source(struct reading *reading)
{
    struct found_property *found;
    uint32_t count = 0;
    uint64_t size = 0;
    if (source_list(reading->arena, &reading->source, &found, &count) != EC_SUCCESS)
        return 0;
    for (uint32_t i = 0; i < count; i++)
        size += 4 + (found[i].kind == FOUND_APART ? found[i].size : value_answer_size(&found[i].value));
    return size;
}

static bool attachment_computed(struct reading *reading, uint32_t tag, struct property_value *ret_value)
{
    struct attachment *attachment = reading->object.attachment;
    switch (PROPERTY_ID(tag)) {
    case PROPERTY_ID(PID_TAG_ATTACH_NUMBER):
        *ret_value = value_integer32(PID_TAG_ATTACH_NUMBER, (int32_t)attachment->number);
        return true;
    case PROPERTY_ID(PID_TAG_ATTACH_SIZE): {
        uint64_t size = ATTACH_SIZE_INITIAL + size_of_source(reading);
        if (attachment->content->bag.count == 0 && reading->attachment.size > 0)
            size = reading->attachment.size;
        *ret_value = value_integer32(PID_TAG_ATTACH_SIZE, size > INT32_MAX ? INT32_MAX : (int32_t)size);
        return true;
    }
    case PROPERTY_ID(PID_TAG_ACCESS_LEVEL):
        *ret_value = value_integer32(PID_TAG_ACCESS_LEVEL, attachment->writable);
        return true;
    case PROPERTY_ID(PID_TAG_ACCESS):
        *ret_value = value_integer32(PID_TAG_ACCESS, attachment->writable ? 3 : 2);
        return true;
    case PROPERTY_ID(PID_TAG_OBJECT_TYPE):
        *ret_value = value_integer32(PID_TAG_OBJECT_TYPE, OBJECT_TYPE_ATTACHMENT);
        return true;
    case PROPERTY_ID(PID_TAG_RECORD_KEY):
        *ret_value = value_bytes(PID_TAG_RECORD_KEY, number_key(reading->arena, attachment->number));
        return true;
    case PROPERTY_ID(PID_TAG_INSTANCE_KEY):
        *ret_value = value_bytes(PID_TAG_INSTANCE_KEY, number_key(reading->arena, attachment->number));
        return true;
    default:
        return folder_computed(reading->arena, reading->logon->mailbox, &(struct store_folder){0}, tag, ret_value) &&
               object_is_computed(OBJECT_ATTACHMENT, PROPERTY_ID(tag));
    }
}

/* ---- Messages not stored yet ---- */

static const uint32_t needs_stored_message[] = {PID_TAG_MID, PID_TAG_INST_ID, PID_TAG_ENTRY_ID,
    PID_TAG_LONG_TERM_ENTRY_ID_FROM_TABLE, PID_TAG_INSTANCE_KEY, PID_TAG_RECORD_KEY, PID_TAG_SOURCE_KEY, PID_TAG_CHANGE_KEY,
    PID_TAG_PREDECESSOR_CHANGE_LIST, PID_TAG_CHANGE_NUMBER, PID_TAG_LOCAL_COMMIT_TIME, PID_TAG_INTERNET_ARTICLE_NUMBER, 0};
static const uint32_t needs_folder[] = {
    PID_TAG_PARENT_ENTRY_ID, PID_TAG_PARENT_SOURCE_KEY, PID_TAG_FOLDER_ID, PID_TAG_PARENT_FOLDER_ID, 0};

static bool is_among(const uint32_t *tags, uint32_t tag)
{
    for (; *tags != 0; tags++)
        if (PROPERTY_ID(*tags) == PROPERTY_ID(tag))
            return true;
    return false;
}

/* The row a message would have if it were stored as the handle has it. */
static void imagine_row(struct reading *reading, struct message *message)
{
    struct store_message *row = &reading->message;
    struct found_property flags;
    source_find(reading->arena, &reading->source, PROPERTY_ID(PID_TAG_MESSAGE_FLAGS), &flags);
    row->flags = flags.kind == FOUND_VALUE ? (uint32_t)flags.value.integer32 : 0;
    row->read = (row->flags & FLAG_READ) != 0;
    row->flags &= ~FLAG_READ;
    row->folder_id = message->folder_id;
    row->kind = message->associated ? STORE_MESSAGE_ASSOCIATED : STORE_MESSAGE_NORMAL;
    row->size = size_of_source(reading);
    row->properties = reading->source.packed;
}

static bool message_value(struct reading *reading, uint32_t tag, struct property_value *ret_value)
{
    struct message *message = reading->object.message;
    bool stored = message->message_id != 0 && message->parent == NULL;
    if ((!stored && is_among(needs_stored_message, tag)) || (message->folder_id == 0 && is_among(needs_folder, tag)))
        return false;
    if (PROPERTY_ID(tag) == PROPERTY_ID(PID_TAG_ACCESS_LEVEL)) {
        *ret_value = value_integer32(PID_TAG_ACCESS_LEVEL, message->writable);
        return true;
    }
    if (PROPERTY_ID(tag) == PROPERTY_ID(PID_TAG_ACCESS) && !stored) {
        *ret_value = value_integer32(PID_TAG_ACCESS, 3); /* MS-OXCMSG R353 */
        return true;
    }
    if (PROPERTY_ID(tag) == PROPERTY_ID(PID_TAG_HAS_NAMED_PROPERTIES) && message->content->bag.count > 0) {
        const struct property_bag *bag = &message->content->bag;
        if (bag->entries[bag->count - 1].id >= PROPERTY_ID_NAMED_MIN && bag->entries[bag->count - 1].value != NULL) {
            *ret_value = value_boolean(PID_TAG_HAS_NAMED_PROPERTIES, true);
            return true;
        }
    }
    return message_computed(reading->arena, reading->logon->mailbox, &reading->message, tag, ret_value);
}

/* ---- Opening ---- */

static uint32_t open_message(struct reading *reading)
{
    struct message *message = reading->object.message;
    struct mailbox *mailbox = reading->logon->mailbox;
    reading->codepage = message->codepage;
    uint32_t error = content_source(reading->arena, mailbox, message->content, &reading->source, &reading->message);
    if (error != EC_SUCCESS)
        return error;
    if (message->message_id == 0 || message->parent != NULL)
        imagine_row(reading, message);
    /* R469: also before the save; an embedded message has no row that would remember it */
    if (message->content->slot_count > 0 || message->parent != NULL) {
        struct attachment_listed *list;
        uint32_t count = 0;
        error = content_attachments(reading->arena, mailbox, message->content, &list, &count);
        reading->message.flags &= ~FLAG_HAS_ATTACHMENTS;
        reading->message.flags |= count > 0 ? FLAG_HAS_ATTACHMENTS : 0;
    }
    return error;
}

uint32_t reading_open(struct arena *arena, struct logon *logon, struct object object, struct reading *ret_reading)
{
    struct reading *reading = ret_reading;
    *reading = (struct reading){
        .arena = arena, .logon = logon, .object = object, .codepage = logon->codepage != 0 ? logon->codepage : 1252};
    uint32_t error = EC_SUCCESS;
    switch (object.kind) {
    case OBJECT_STORE:
        error = mailbox_error(store_meta_get(logon->mailbox->store, arena, STORE_PROPERTIES_META, &reading->source.packed));
        return error == EC_NOT_FOUND ? EC_SUCCESS : error;
    case OBJECT_FOLDER:
        error = mailbox_folder(logon->mailbox, arena, object.folder_id, &reading->folder);
        reading->source.packed = reading->folder.properties;
        return error == EC_NOT_FOUND ? EC_OBJECT_DELETED : error;
    case OBJECT_MESSAGE: return open_message(reading);
    case OBJECT_ATTACHMENT:
        reading->codepage = object.attachment->message->codepage;
        return attachment_content_source(
            arena, logon->mailbox, object.attachment->content, &reading->source, &reading->attachment);
    }
    return EC_INVALID_PARAMETER;
}

bool object_is_computed(enum object_kind kind, uint16_t id)
{
    switch (kind) {
    case OBJECT_STORE: return store_is_computed(id);
    case OBJECT_FOLDER: return folder_is_computed(id);
    case OBJECT_MESSAGE: return message_is_computed(id);
    case OBJECT_ATTACHMENT: return is_among(attachment_computed_tags, PROPERTY_TAG(id, 0));
    }
    return false;
}

static bool computed_value(struct reading *reading, uint32_t tag, struct property_value *ret_value)
{
    switch (reading->object.kind) {
    case OBJECT_STORE: return store_computed(reading->arena, reading->logon, tag, ret_value);
    case OBJECT_FOLDER: return folder_computed(reading->arena, reading->logon->mailbox, &reading->folder, tag, ret_value);
    case OBJECT_MESSAGE: return message_value(reading, tag, ret_value);
    case OBJECT_ATTACHMENT: return attachment_computed(reading, tag, ret_value);
    }
    return false;
}

/* PidTagNativeBody (MS-OXCMSG 2.2.1.58.2): which body the message was written with, where nobody said so. */
static bool native_body(struct reading *reading, struct property_value *ret_value)
{
    static const struct {
        uint32_t tag;
        int32_t native;
    } bodies[] = {{PID_TAG_HTML, 3}, {PID_TAG_RTF_COMPRESSED, 2}, {PID_TAG_BODY, 1}};
    for (size_t i = 0; i < sizeof bodies / sizeof *bodies; i++) {
        struct found_property found;
        source_find(reading->arena, &reading->source, PROPERTY_ID(bodies[i].tag), &found);
        if (found.kind == FOUND_NOTHING)
            continue;
        *ret_value = value_integer32(PID_TAG_NATIVE_BODY, bodies[i].native);
        return true;
    }
    return false;
}

void reading_find(struct reading *reading, uint32_t tag, struct found_property *ret_found)
{
    struct found_property found = {.kind = FOUND_NOTHING};
    if (object_is_computed(reading->object.kind, PROPERTY_ID(tag))) {
        if (computed_value(reading, tag, &found.value))
            found.kind = FOUND_VALUE;
        *ret_found = found;
        return;
    }
    source_find(reading->arena, &reading->source, PROPERTY_ID(tag), &found);
    if (found.kind == FOUND_NOTHING && reading->object.kind == OBJECT_MESSAGE &&
        PROPERTY_ID(tag) == PROPERTY_ID(PID_TAG_NATIVE_BODY) && native_body(reading, &found.value))
        found.kind = FOUND_VALUE;
    *ret_found = found;
}

uint32_t reading_list(struct reading *reading, struct found_property **ret_found, uint32_t *ret_count)
{
    static const uint32_t *const computed[] = {[OBJECT_STORE] = store_computed_tags,
        [OBJECT_FOLDER] = folder_computed_tags,
        [OBJECT_MESSAGE] = message_computed_tags,
        [OBJECT_ATTACHMENT] = attachment_computed_tags};
    struct found_property *stored;
    uint32_t stored_count = 0, computed_count = 0;
    uint32_t error = source_list(reading->arena, &reading->source, &stored, &stored_count);
    if (error != EC_SUCCESS)
        return error;
    const uint32_t *tags = computed[reading->object.kind];
    while (tags[computed_count] != 0)
        computed_count++;
    struct found_property *list =
        arena_array(reading->arena, struct found_property, (size_t)stored_count + computed_count + 1);
    if (list == NULL)
        return EC_OUT_OF_MEMORY;
    uint32_t count = 0;
    for (uint32_t i = 0; i < computed_count; i++) {
        list[count] = (struct found_property){.kind = FOUND_VALUE};
        count += computed_value(reading, tags[i], &list[count].value);
    }
    for (uint32_t i = 0; i < stored_count; i++)
        if (!object_is_computed(reading->object.kind, PROPERTY_ID(stored[i].value.tag)) &&
            stored[i].value.tag != PID_TAG_MESSAGE_RECIPIENTS)
            list[count++] = stored[i];
    *ret_found = list;
    *ret_count = count;
    return EC_SUCCESS;
}

/* ---- Answers ---- */

/* PidTagHtml and PidTagBodyHtml are one property, as bytes in the code page of PidTagInternetCodepage or as a string. */
static bool convert_html(
    struct reading *reading, uint32_t tag, const struct property_value *value, struct property_value *ret_value)
{
    uint16_t have = PROPERTY_TYPE(value->tag), want = PROPERTY_TYPE(tag);
    if (PROPERTY_ID(tag) != PROPERTY_ID(PID_TAG_HTML) || (have != PTYP_BINARY && have != PTYP_STRING))
        return false;
    struct found_property found;
    source_find(reading->arena, &reading->source, PROPERTY_ID(PID_TAG_INTERNET_CODEPAGE), &found);
    uint32_t codepage = found.kind == FOUND_VALUE ? (uint32_t)found.value.integer32 : reading->codepage;
    struct bytes text = BYTES_NONE;
    if (have == PTYP_BINARY && want == PTYP_STRING)
        text = text_utf16_of_codepage(reading->arena, codepage, value->bytes);
    else if (have == PTYP_BINARY && want == PTYP_STRING8)
        text = value->bytes;
    else if (have == PTYP_STRING && want == PTYP_BINARY)
        text = text_codepage_of_utf16(reading->arena, codepage, value->bytes);
    else
        return false;
    *ret_value = value_bytes(tag, text);
    return true;
}

static struct property_value answer(
    struct reading *reading, uint32_t tag, const struct found_property *found, size_t size_max, bool unicode)
{
    struct property_value value;
    if (found->kind == FOUND_NOTHING)
        return value_error(tag, EC_NOT_FOUND);
    if (PROPERTY_TYPE(found->value.tag) == PTYP_OBJECT && PROPERTY_TYPE(tag) != PTYP_BINARY)
        return value_error(tag, EC_OUT_OF_MEMORY);
    uint32_t error = source_load(reading->arena, reading->logon->mailbox, &reading->source, found, size_max, &value);
    if (error == EC_TOO_BIG)
        return value_error(tag, EC_OUT_OF_MEMORY);
    if (error != EC_SUCCESS)
        return value_error(tag, error);
    struct property_value converted;
    if (!value_convert(reading->arena, reading->codepage, unicode, tag, &value, &converted) &&
        !convert_html(reading, tag, &value, &converted))
        return value_error(tag, EC_NOT_FOUND);
    if (value_answer_size(&converted) > size_max)
        return value_error(tag, EC_OUT_OF_MEMORY);
    return converted;
}

uint32_t properties_get(struct arena *arena, struct logon *logon, struct object object, const uint32_t *tags, uint32_t count,
    uint32_t size_max, bool unicode, struct property_value *ret_values)
{
    struct reading reading;
    uint32_t error = reading_open(arena, logon, object, &reading);
    if (error != EC_SUCCESS)
        return error;
    size_t limit = size_max != 0 ? size_max : PROPERTY_ANSWER_SIZE_MAX;
    for (uint32_t i = 0; i < count; i++) {
        struct found_property found;
        reading_find(&reading, tags[i], &found);
        ret_values[i] = answer(&reading, tags[i], &found, limit, unicode);
    }
    return EC_SUCCESS;
}

uint32_t properties_get_all(struct arena *arena, struct logon *logon, struct object object, uint32_t size_max, bool unicode,
    struct property_list *ret_properties)
{
    struct reading reading;
    struct found_property *found;
    uint32_t count = 0;
    uint32_t error = reading_open(arena, logon, object, &reading);
    if (error == EC_SUCCESS)
        error = reading_list(&reading, &found, &count);
    if (error != EC_SUCCESS)
        return error;
    struct property_value *values = arena_array(arena, struct property_value, (size_t)count + 1);
    if (values == NULL)
        return EC_OUT_OF_MEMORY;
    size_t limit = size_max != 0 ? size_max : PROPERTY_ANSWER_SIZE_MAX;
    for (uint32_t i = 0; i < count; i++)
        values[i] =
            answer(&reading, PROPERTY_TAG(PROPERTY_ID(found[i].value.tag), PTYP_UNSPECIFIED), &found[i], limit, unicode);
    *ret_properties = (struct property_list){.count = count, .values = values};
    return EC_SUCCESS;
}

uint32_t properties_list(
    struct arena *arena, struct logon *logon, struct object object, uint32_t **ret_tags, uint32_t *ret_count)
{
    struct reading reading;
    struct found_property *found;
    uint32_t count = 0;
    uint32_t error = reading_open(arena, logon, object, &reading);
    if (error == EC_SUCCESS)
        error = reading_list(&reading, &found, &count);
    if (error != EC_SUCCESS)
        return error;
    uint32_t *tags = arena_array(arena, uint32_t, (size_t)count + 1);
    if (tags == NULL)
        return EC_OUT_OF_MEMORY;
    for (uint32_t i = 0; i < count; i++)
        tags[i] = found[i].value.tag;
    *ret_tags = tags;
    *ret_count = count;
    return EC_SUCCESS;
}
