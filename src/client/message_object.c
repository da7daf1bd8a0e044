#include "client/error.h"
#include "client/message.h"
#include "client/property.h"
#include "protocol/property_tags.h"
#include <stdlib.h>
#include <string.h>

/* An embedded one lives in the outermost message's arena. */
struct mapihttp_message {
    struct message *content;
};

enum part { PART_MESSAGE, PART_RECIPIENT, PART_ATTACHMENT };

/* Found again by its index at each use, since the lists move when they grow. */
struct mapihttp_properties {
    struct message *message;
    enum part part;
    size_t index;
};

struct mapihttp_message *client_message_of(struct message *message)
{
    struct mapihttp_message *made = malloc(sizeof *made);
    if (made)
        made->content = message;
    return made;
}

struct message *client_message_content(struct mapihttp_message *message)
{
    return message->content;
}

struct mapihttp_message *mapihttp_message_new(void)
{
    struct message *content = message_new();
    struct mapihttp_message *message = content ? client_message_of(content) : NULL;
    if (!message)
        message_free(content);
    return message;
}

void mapihttp_message_free(struct mapihttp_message *message)
{
    if (!message)
        return;
    message_free(message->content);
    free(message);
}

static struct mapihttp_properties *view(struct message *message, enum part part, size_t index)
{
    struct mapihttp_properties *properties = arena_new(message_arena(message), struct mapihttp_properties);
    if (properties)
        *properties = (struct mapihttp_properties){.message = message, .part = part, .index = index};
    return properties;
}

static struct message_properties *inside(const struct mapihttp_properties *properties)
{
    struct message *message = properties->message;
    switch (properties->part) {
    case PART_RECIPIENT: return &message->recipients[properties->index].properties;
    case PART_ATTACHMENT: return &message->attachments[properties->index].properties;
    case PART_MESSAGE: break;
    }
    return &message->properties;
}

struct mapihttp_properties *mapihttp_message_properties(struct mapihttp_message *message)
{
    return view(message->content, PART_MESSAGE, 0);
}

size_t mapihttp_message_recipient_count(const struct mapihttp_message *message)
{
    return message->content->recipient_count;
}

struct mapihttp_properties *mapihttp_message_recipient(struct mapihttp_message *message, size_t index)
{
    return index < message->content->recipient_count ? view(message->content, PART_RECIPIENT, index) : NULL;
}

struct mapihttp_properties *mapihttp_message_add_recipient(struct mapihttp_message *message)
{
    if (!message_add_recipient(message->content, MESSAGE_RECIPIENT_TO))
        return NULL;
    return view(message->content, PART_RECIPIENT, message->content->recipient_count - 1);
}

size_t mapihttp_message_attachment_count(const struct mapihttp_message *message)
{
    return message->content->attachment_count;
}

struct mapihttp_properties *mapihttp_message_attachment(struct mapihttp_message *message, size_t index)
{
    return index < message->content->attachment_count ? view(message->content, PART_ATTACHMENT, index) : NULL;
}

struct mapihttp_properties *mapihttp_message_add_attachment(struct mapihttp_message *message)
{
    if (!message_add_attachment(message->content))
        return NULL;
    return view(message->content, PART_ATTACHMENT, message->content->attachment_count - 1);
}

static struct mapihttp_message *wrap(struct message *outer, struct message *embedded)
{
    struct mapihttp_message *message = embedded ? arena_new(message_arena(outer), struct mapihttp_message) : NULL;
    if (message)
        message->content = embedded;
    return message;
}

struct mapihttp_message *mapihttp_attachment_message(struct mapihttp_message *message, size_t index)
{
    struct message *content = message->content;
    return index < content->attachment_count ? wrap(content, content->attachments[index].embedded) : NULL;
}

struct mapihttp_message *mapihttp_attachment_add_message(struct mapihttp_message *message, size_t index)
{
    struct message *content = message->content;
    if (index >= content->attachment_count)
        return NULL;
    return wrap(content, message_embed(content, &content->attachments[index]));
}

/* A recipient's type is kept apart, and shown as the last of its properties. */
static bool has_type(const struct mapihttp_properties *properties)
{
    return properties->part == PART_RECIPIENT;
}

size_t mapihttp_properties_count(const struct mapihttp_properties *properties)
{
    return inside(properties)->count + (has_type(properties) ? 1 : 0);
}

static const struct mapihttp_property *publish(const struct mapihttp_properties *properties, const struct property_value *value)
{
    struct arena *arena = message_arena(properties->message);
    struct mapihttp_property *property = value ? arena_new(arena, struct mapihttp_property) : NULL;
    return property && property_to_public(arena, value, property) ? property : NULL;
}

static struct property_value type_of(const struct mapihttp_properties *properties)
{
    return (struct property_value){.tag = PID_TAG_RECIPIENT_TYPE,
                                   .integer32 = properties->message->recipients[properties->index].type};
}

const struct mapihttp_property *mapihttp_properties_at(const struct mapihttp_properties *properties, size_t index)
{
    const struct message_properties *list = inside(properties);
    if (index < list->count)
        return publish(properties, &list->values[index]);
    if (index > list->count || !has_type(properties))
        return NULL;
    struct property_value type = type_of(properties);
    return publish(properties, &type);
}

const struct mapihttp_property *mapihttp_properties_get(const struct mapihttp_properties *properties, uint32_t tag)
{
    struct property_value type;
    const struct property_value *found = message_find(inside(properties), tag);
    if (!found && MAPIHTTP_TAG_TYPE(tag) == PTYP_STRING)
        found = message_find(inside(properties), PROPERTY_TAG(PROPERTY_ID(tag), PTYP_STRING8));
    if (!found && has_type(properties) && PROPERTY_ID(tag) == PROPERTY_ID(PID_TAG_RECIPIENT_TYPE)) {
        type = type_of(properties);
        found = &type;
    }
    return publish(properties, found);
}

const struct mapihttp_property *mapihttp_properties_get_named(const struct mapihttp_properties *properties,
                                                              const struct mapihttp_property_name *name)
{
    struct property_name inner;
    if (!property_name_from_public(message_arena(properties->message), name, &inner))
        return NULL;
    uint16_t id = message_find_name(properties->message, &inner);
    return id ? mapihttp_properties_get(properties, PROPERTY_TAG(id, PTYP_UNSPECIFIED)) : NULL;
}

const struct mapihttp_property_name *mapihttp_properties_name_at(const struct mapihttp_properties *properties, size_t index)
{
    const struct message_properties *list = inside(properties);
    uint32_t name_count = 0;
    const struct property_name *names = message_names(properties->message, &name_count);
    if (index >= list->count || PROPERTY_ID(list->values[index].tag) < PROPERTY_ID_NAMED_MIN)
        return NULL;
    uint32_t at = PROPERTY_ID(list->values[index].tag) - PROPERTY_ID_NAMED_MIN;
    struct arena *arena = message_arena(properties->message);
    struct mapihttp_property_name *name = at < name_count ? arena_new(arena, struct mapihttp_property_name) : NULL;
    return name && property_name_to_public(arena, &names[at], name) ? name : NULL;
}

enum mapihttp_status mapihttp_properties_set(struct mapihttp_properties *properties, const struct mapihttp_property *property)
{
    struct property_value value;
    if (PROPERTY_ID(property->tag) >= PROPERTY_ID_NAMED_MIN)
        return MAPIHTTP_INVALID_ARGUMENT; /* by name: mapihttp_properties_set_named() */
    if (has_type(properties) && property->tag == PID_TAG_RECIPIENT_TYPE) {
        properties->message->recipients[properties->index].type = (uint8_t)property->integer32;
        return MAPIHTTP_OK;
    }
    if (!property_from_public(message_arena(properties->message), property, &value))
        return MAPIHTTP_INVALID_ARGUMENT;
    return message_set_in(properties->message, inside(properties), value) ? MAPIHTTP_OK : MAPIHTTP_NO_MEMORY;
}

enum mapihttp_status mapihttp_properties_set_string(struct mapihttp_properties *properties, uint32_t tag, const char *utf8)
{
    struct mapihttp_property property = {.tag = tag, .blob = {.data = utf8, .size = strlen(utf8)}};
    return MAPIHTTP_TAG_TYPE(tag) == PTYP_STRING ? mapihttp_properties_set(properties, &property) : MAPIHTTP_INVALID_ARGUMENT;
}

enum mapihttp_status mapihttp_properties_set_integer(struct mapihttp_properties *properties, uint32_t tag, int64_t value)
{
    struct mapihttp_property property = {.tag = tag};
    switch (MAPIHTTP_TAG_TYPE(tag)) {
    case PTYP_INTEGER16: property.integer16 = (int16_t)value; break;
    case PTYP_INTEGER32: property.integer32 = (int32_t)value; break;
    case PTYP_INTEGER64: property.integer64 = value; break;
    case PTYP_BOOLEAN: property.boolean = value != 0; break;
    case PTYP_TIME: property.time = (uint64_t)value; break;
    default: return MAPIHTTP_INVALID_ARGUMENT;
    }
    return mapihttp_properties_set(properties, &property);
}

enum mapihttp_status mapihttp_properties_set_binary(struct mapihttp_properties *properties, uint32_t tag, const void *data,
                                                    size_t size)
{
    struct mapihttp_property property = {.tag = tag, .blob = {.data = data, .size = size}};
    return MAPIHTTP_TAG_TYPE(tag) == PTYP_BINARY ? mapihttp_properties_set(properties, &property) : MAPIHTTP_INVALID_ARGUMENT;
}

enum mapihttp_status mapihttp_properties_set_named(struct mapihttp_properties *properties,
                                                   const struct mapihttp_property_name *name,
                                                   const struct mapihttp_property *property)
{
    struct arena *arena = message_arena(properties->message);
    struct property_name inner;
    struct property_value value;
    if (!property_name_from_public(arena, name, &inner))
        return MAPIHTTP_NO_MEMORY;
    if (!property_from_public(arena, property, &value))
        return MAPIHTTP_INVALID_ARGUMENT;
    uint16_t id = message_name_id(properties->message, &inner);
    value.tag = PROPERTY_TAG(id, PROPERTY_TYPE(property->tag));
    return id && message_set_in(properties->message, inside(properties), value) ? MAPIHTTP_OK : MAPIHTTP_NO_MEMORY;
}
