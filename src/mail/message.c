#include "mail/message.h"

#include <stdlib.h>
#include <string.h>

#include "base/limits.h"
#include "base/text.h"

#define TAG_ATTACH_METHOD PROPERTY_TAG(0x3705, PTYP_INTEGER32)
#define ATTACH_EMBEDDED_MESSAGE 5u
#define MESSAGE_ARENA_SIZE_MAX ((size_t)256 << 20)

struct message_adopted {
    struct message_adopted *next;
    void *memory;
    void (*release)(void *memory);
};

struct message_memory {
    struct arena arena;
    struct message_adopted *adopted;
    size_t adopted_size;
    struct property_name *names;
    uint32_t name_count, name_capacity;
    bool failed;
};

struct message *message_new(void)
{
    struct message_memory *memory = calloc(1, sizeof *memory);
    if (!memory)
        return NULL;
    memory->arena.size_max = MESSAGE_ARENA_SIZE_MAX;
    struct message *message = arena_new(&memory->arena, struct message);
    if (!message) {
        free(memory);
        return NULL;
    }
    message->memory = memory;
    return message;
}

void message_free(struct message *message)
{
    if (!message)
        return;
    struct message_memory *memory = message->memory;
    for (struct message_adopted *adopted = memory->adopted; adopted; adopted = adopted->next)
        adopted->release(adopted->memory);
    arena_free(&memory->arena);
    free(memory);
}

struct arena *message_arena(struct message *message)
{
    return &message->memory->arena;
}

bool message_failed(const struct message *message)
{
    return message->memory->failed;
}

static bool message_fail(struct message *message)
{
    message->memory->failed = true;
    return false;
}

bool message_adopt(struct message *message, void *memory, size_t size, void (*release)(void *memory))
{
    struct message_memory *own = message->memory;
    struct message_adopted *adopted = NULL;
    if (size <= MESSAGE_MEMORY_SIZE_MAX - own->adopted_size)
        adopted = arena_new(&own->arena, struct message_adopted);
    if (!adopted) {
        release(memory);
        return message_fail(message);
    }
    *adopted = (struct message_adopted){own->adopted, memory, release};
    own->adopted = adopted;
    own->adopted_size += size;
    return true;
}

/* An array with room for one more element; NULL at the cap or without memory. The old array stays in the arena. */
static void *message_grow(struct message *message, void *array, uint32_t count, uint32_t *capacity, uint32_t count_max,
    size_t element_size)
{
    if (message->memory->failed)
        return NULL;
    if (count < *capacity)
        return array;
    uint32_t grown_capacity = count ? count * 2 : 8;
    void *grown = count < count_max ? arena_allocate_array(&message->memory->arena, grown_capacity, element_size) : NULL;
    if (!grown) {
        message_fail(message);
        return NULL;
    }
    if (count)
        memcpy(grown, array, count * element_size);
    *capacity = grown_capacity;
    return grown;
}

bool message_set_in(struct message *message, struct message_properties *properties, struct property_value value)
{
    for (uint32_t i = 0; i < properties->count; i++)
        if (PROPERTY_ID(properties->values[i].tag) == PROPERTY_ID(value.tag)) {
            properties->values[i] = value;
            return !message->memory->failed;
        }
    struct property_value *values = message_grow(message, properties->values, properties->count, &properties->capacity,
        MESSAGE_PROPERTIES_MAX, sizeof *values);
    if (!values)
        return false;
    values[properties->count++] = value;
    properties->values = values;
    return true;
}

bool message_set(struct message *message, struct property_value value)
{
    return message_set_in(message, &message->properties, value);
}

const struct property_value *message_find(const struct message_properties *properties, uint32_t tag)
{
    for (uint32_t i = 0; i < properties->count; i++) {
        const struct property_value *value = &properties->values[i];
        if (value->tag == tag
            || (PROPERTY_TYPE(tag) == PTYP_UNSPECIFIED && PROPERTY_ID(value->tag) == PROPERTY_ID(tag)))
            return value;
    }
    return NULL;
}

void message_remove(struct message_properties *properties, uint32_t tag)
{
    for (uint32_t i = 0; i < properties->count; i++)
        if (PROPERTY_ID(properties->values[i].tag) == PROPERTY_ID(tag)) {
            memmove(properties->values + i, properties->values + i + 1,
                (properties->count - i - 1) * sizeof *properties->values);
            properties->count--;
            return;
        }
}

struct property_list message_list(const struct message_properties *properties)
{
    return (struct property_list){properties->count, properties->values};
}

bool message_set_u32(struct message *message, struct message_properties *properties, uint32_t tag, uint32_t value)
{
    return message_set_in(message, properties, (struct property_value){.tag = tag, .integer32 = (int32_t)value});
}

bool message_set_boolean(struct message *message, struct message_properties *properties, uint32_t tag, bool value)
{
    return message_set_in(message, properties, (struct property_value){.tag = tag, .boolean = value});
}

bool message_set_time(struct message *message, struct message_properties *properties, uint32_t tag, uint64_t filetime)
{
    return message_set_in(message, properties, (struct property_value){.tag = tag, .time = filetime});
}

bool message_set_binary(struct message *message, struct message_properties *properties, uint32_t tag, struct bytes value)
{
    struct bytes copy = arena_bytes(&message->memory->arena, value);
    if (!copy.data)
        return message_fail(message);
    return message_set_in(message, properties, (struct property_value){.tag = tag, .bytes = copy});
}

bool message_set_text_bytes(struct message *message, struct message_properties *properties, uint32_t tag, struct bytes utf8)
{
    struct bytes text = text_utf16_of_utf8(&message->memory->arena, utf8);
    if (!text.data)
        return message_fail(message);
    return message_set_in(message, properties, (struct property_value){.tag = tag, .bytes = text});
}

bool message_set_text(struct message *message, struct message_properties *properties, uint32_t tag, const char *utf8)
{
    return message_set_text_bytes(message, properties, tag, bytes_of_string(utf8));
}

uint32_t message_get_u32(const struct message_properties *properties, uint32_t tag, uint32_t otherwise)
{
    const struct property_value *value = message_find(properties, tag);
    return value ? (uint32_t)value->integer32 : otherwise;
}

bool message_get_boolean(const struct message_properties *properties, uint32_t tag, bool otherwise)
{
    const struct property_value *value = message_find(properties, tag);
    return value ? value->boolean != 0 : otherwise;
}

uint64_t message_get_time(const struct message_properties *properties, uint32_t tag)
{
    const struct property_value *value = message_find(properties, tag);
    return value ? value->time : 0;
}

struct bytes message_get_binary(const struct message_properties *properties, uint32_t tag)
{
    const struct property_value *value = message_find(properties, tag);
    return value ? value->bytes : BYTES_NONE;
}

const char *message_get_text(const struct message *message, const struct message_properties *properties, uint32_t tag)
{
    struct arena *arena = &message->memory->arena;
    const struct property_value *value = message_find(properties, PROPERTY_TAG(PROPERTY_ID(tag), PTYP_UNSPECIFIED));
    if (!value)
        return NULL;
    if (PROPERTY_TYPE(value->tag) == PTYP_STRING)
        return text_utf8_of_utf16(arena, value->bytes);
    if (PROPERTY_TYPE(value->tag) == PTYP_STRING8)
        return text_utf8_of_utf16(arena, text_utf16_of_codepage(arena, 1252, value->bytes));
    return NULL;
}

struct message_recipient *message_add_recipient(struct message *message, uint8_t type)
{
    struct message_recipient *recipients = message_grow(message, message->recipients, message->recipient_count,
        &message->recipient_capacity, MESSAGE_RECIPIENTS_MAX, sizeof *recipients);
    if (!recipients)
        return NULL;
    message->recipients = recipients;
    struct message_recipient *recipient = &recipients[message->recipient_count++];
    *recipient = (struct message_recipient){.type = type};
    return recipient;
}

struct message_attachment *message_add_attachment(struct message *message)
{
    struct message_attachment *attachments = message_grow(message, message->attachments, message->attachment_count,
        &message->attachment_capacity, MESSAGE_ATTACHMENTS_MAX, sizeof *attachments);
    if (!attachments)
        return NULL;
    message->attachments = attachments;
    struct message_attachment *attachment = &attachments[message->attachment_count++];
    *attachment = (struct message_attachment){0};
    return attachment;
}

struct message *message_embed(struct message *message, struct message_attachment *attachment)
{
    struct message *embedded = arena_new(&message->memory->arena, struct message);
    if (!embedded) {
        message_fail(message);
        return NULL;
    }
    embedded->memory = message->memory;
    if (!message_set_u32(message, &attachment->properties, TAG_ATTACH_METHOD, ATTACH_EMBEDDED_MESSAGE))
        return NULL;
    attachment->embedded = embedded;
    return embedded;
}

static bool name_equal(const struct property_name *a, const struct property_name *b)
{
    if (a->kind != b->kind || !guid_equal(a->guid, b->guid))
        return false;
    return a->kind == 0 ? a->lid == b->lid : bytes_equal(a->name, b->name);
}

uint16_t message_find_name(const struct message *message, const struct property_name *name)
{
    const struct message_memory *memory = message->memory;
    for (uint32_t i = 0; i < memory->name_count; i++)
        if (name_equal(&memory->names[i], name))
            return (uint16_t)(PROPERTY_ID_NAMED_MIN + i);
    return 0;
}

uint16_t message_name_id(struct message *message, const struct property_name *name)
{
    uint16_t known = message_find_name(message, name);
    if (known)
        return known;
    struct message_memory *memory = message->memory;
    struct property_name *names = message_grow(message, memory->names, memory->name_count, &memory->name_capacity,
        NAMED_PROPERTIES_MAX - 1, sizeof *names);
    if (!names)
        return 0;
    memory->names = names;
    struct property_name *entry = &names[memory->name_count];
    *entry = *name;
    if (name->kind != 0) {
        entry->name = arena_bytes(&memory->arena, name->name);
        if (!entry->name.data) {
            message_fail(message);
            return 0;
        }
    }
    return (uint16_t)(PROPERTY_ID_NAMED_MIN + memory->name_count++);
}

uint16_t message_name_id_of_string(struct message *message, struct guid guid, const char *utf8)
{
    struct bytes name = text_utf16_of_utf8(&message->memory->arena, bytes_of_string(utf8));
    if (!name.data) {
        message_fail(message);
        return 0;
    }
    return message_name_id(message, &(struct property_name){.kind = 1, .guid = guid, .name = name});
}

uint16_t message_name_id_of_lid(struct message *message, struct guid guid, uint32_t lid)
{
    return message_name_id(message, &(struct property_name){.kind = 0, .guid = guid, .lid = lid});
}

const struct property_name *message_names(const struct message *message, uint32_t *ret_count)
{
    *ret_count = message->memory->name_count;
    return message->memory->names;
}

static uint32_t properties_map_names(struct message_properties *properties, const uint16_t *ids, uint32_t count)
{
    uint32_t kept = 0;
    for (uint32_t i = 0; i < properties->count; i++) {
        struct property_value value = properties->values[i];
        uint32_t index = PROPERTY_ID(value.tag) - PROPERTY_ID_NAMED_MIN;
        if (PROPERTY_ID(value.tag) >= PROPERTY_ID_NAMED_MIN) {
            if (index >= count || ids[index] == 0)
                continue;
            value.tag = PROPERTY_TAG(ids[index], PROPERTY_TYPE(value.tag));
        }
        properties->values[kept++] = value;
    }
    uint32_t removed = properties->count - kept;
    properties->count = kept;
    return removed;
}

uint32_t message_map_names(struct message *message, const uint16_t *ids, uint32_t count)
{
    uint32_t removed = properties_map_names(&message->properties, ids, count);
    for (uint32_t i = 0; i < message->recipient_count; i++)
        removed += properties_map_names(&message->recipients[i].properties, ids, count);
    for (uint32_t i = 0; i < message->attachment_count; i++) {
        removed += properties_map_names(&message->attachments[i].properties, ids, count);
        if (message->attachments[i].embedded)
            removed += message_map_names(message->attachments[i].embedded, ids, count);
    }
    return removed;
}
