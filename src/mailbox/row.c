#include "mailbox/row.h"

#include <stdlib.h>
#include <string.h>

#include "mailbox/computed.h"
#include "mailbox/tags.h"
#include "mailbox/value.h"
#include "store/packed_properties.h"

static bool is_computed(enum row_kind kind, uint16_t id)
{
    switch (kind) {
    case ROW_MESSAGE: return message_is_computed(id);
    case ROW_FOLDER: return folder_is_computed(id);
    case ROW_ATTACHMENT:
        return id == PROPERTY_ID(PID_TAG_ATTACH_NUMBER) || id == PROPERTY_ID(PID_TAG_ATTACH_SIZE) ||
               id == PROPERTY_ID(PID_TAG_INSTANCE_KEY) || id == PROPERTY_ID(PID_TAG_RECORD_KEY) ||
               id == PROPERTY_ID(PID_TAG_OBJECT_TYPE) || id == PROPERTY_ID(PID_TAG_ACCESS_LEVEL);
    case ROW_LIST: return false;
    }
    return false;
}

static bool attachment_row_computed(struct row *row, uint32_t tag, struct property_value *ret_value)
{
    const struct attachment_listed *listed = row->attachment.listed;
    switch (PROPERTY_ID(tag)) {
    case PROPERTY_ID(PID_TAG_ATTACH_NUMBER):
        *ret_value = value_integer32(PID_TAG_ATTACH_NUMBER, (int32_t)listed->number);
        return true;
    case PROPERTY_ID(PID_TAG_OBJECT_TYPE):
        *ret_value = value_integer32(PID_TAG_OBJECT_TYPE, OBJECT_TYPE_ATTACHMENT);
        return true;
    case PROPERTY_ID(PID_TAG_ACCESS_LEVEL): *ret_value = value_integer32(PID_TAG_ACCESS_LEVEL, 0); return true;
    case PROPERTY_ID(PID_TAG_ATTACH_SIZE): {
        uint64_t size = listed->stored != NULL && listed->unsaved == NULL ? listed->stored->size : 0;
        struct property_source source = {
            .bag = listed->unsaved != NULL ? &listed->unsaved->bag : NULL, .packed = row->attachment.packed};
        struct found_property *found;
        uint32_t count = 0;
        if (size == 0 && source_list(row->arena, &source, &found, &count) == EC_SUCCESS)
            for (uint32_t i = 0; i < count; i++)
                size += 4 + (found[i].kind == FOUND_APART ? found[i].size : value_answer_size(&found[i].value));
        *ret_value = value_integer32(PID_TAG_ATTACH_SIZE, size > INT32_MAX ? INT32_MAX : (int32_t)size);
        return true;
    }
    default: { /* keys: the number is unique in the message */
        uint8_t *key = arena_allocate(row->arena, 4);
        if (key == NULL)
            return false;
        store_u32(key, listed->number);
        *ret_value = value_bytes(PROPERTY_TAG(PROPERTY_ID(tag), PTYP_BINARY), bytes_of(key, 4));
        return true;
    }
    }
}

static bool computed(struct row *row, uint32_t tag, struct property_value *ret_value)
{
    switch (row->kind) {
    case ROW_MESSAGE: return message_computed(row->arena, row->mailbox, row->message, tag, ret_value);
    case ROW_FOLDER: return folder_computed(row->arena, row->mailbox, row->folder, tag, ret_value);
    case ROW_ATTACHMENT: return attachment_row_computed(row, tag, ret_value);
    case ROW_LIST: return false;
    }
    return false;
}

static bool is_bytes_type(uint16_t type)
{
    return type == PTYP_STRING || type == PTYP_BINARY || type == PTYP_STRING8 || type == PTYP_OBJECT ||
           type == PTYP_SERVER_ID;
}

/* The beginning of a value that is kept apart. */
static bool load_beginning(struct row *row, const struct property_source *source, const struct found_property *found,
    size_t size_max, struct property_value *ret_value)
{
    size_t size = found->size < size_max ? (size_t)found->size : size_max, got = 0;
    if (!is_bytes_type(PROPERTY_TYPE(found->value.tag)))
        return source_load(row->arena, row->mailbox, source, found, size_max, ret_value) == EC_SUCCESS;
    uint8_t *data = arena_allocate(row->arena, size > 0 ? size : 1);
    if (data == NULL)
        return false;
    uint32_t error = found->staged != NULL
                         ? bag_value_read(row->mailbox, found->staged, 0, size, data, &got)
                         : mailbox_error(store_value_read(row->mailbox->store, found->value_id, 0, size, data, &got));
    *ret_value = (struct property_value){.tag = found->value.tag, .bytes = bytes_of(data, got)};
    return error == EC_SUCCESS;
}

bool row_find(struct row *row, uint32_t tag, size_t size_max, struct property_value *ret_value)
{
    if (row->kind == ROW_LIST) {
        for (uint32_t i = 0; i < row->list->count; i++) {
            if (PROPERTY_ID(row->list->values[i].tag) == PROPERTY_ID(tag)) {
                *ret_value = row->list->values[i];
                return true;
            }
        }
        return false;
    }
    if (is_computed(row->kind, PROPERTY_ID(tag)))
        return computed(row, tag, ret_value);
    struct property_source source = {0};
    if (row->kind == ROW_MESSAGE)
        source.packed = row->message->properties;
    else if (row->kind == ROW_FOLDER)
        source.packed = row->folder->properties;
    else
        source = (struct property_source){
            .bag = row->attachment.listed->unsaved != NULL ? &row->attachment.listed->unsaved->bag : NULL,
            .packed = row->attachment.packed};
    struct found_property found;
    source_find(row->arena, &source, PROPERTY_ID(tag), &found);
    if (found.kind == FOUND_APART)
        return load_beginning(row, &source, &found, size_max, ret_value);
    *ret_value = found.value;
    return found.kind == FOUND_VALUE;
}

/* ---- Columns ---- */

struct column_plan *column_plan_new(enum row_kind kind, const uint32_t *tags, uint32_t count)
{
    struct column_plan *plan = calloc(1, sizeof *plan + (size_t)count * 4 * sizeof(uint32_t));
    if (plan == NULL)
        return NULL;
    plan->count = count;
    plan->tags = (uint32_t *)(plan + 1);
    plan->packed_tags = plan->tags + count;
    plan->packed_places = plan->packed_tags + count;
    plan->computed_places = plan->packed_places + count;
    if (count > 0)
        memcpy(plan->tags, tags, count * sizeof *tags);
    for (uint32_t i = 0; i < count; i++) {
        if (is_computed(kind, PROPERTY_ID(tags[i])) || kind == ROW_ATTACHMENT) {
            plan->computed_places[plan->computed_count++] = i;
            continue;
        }
        uint32_t at = plan->packed_count++;
        for (; at > 0 && plan->packed_tags[at - 1] > tags[i]; at--) {
            plan->packed_tags[at] = plan->packed_tags[at - 1];
            plan->packed_places[at] = plan->packed_places[at - 1];
        }
        plan->packed_tags[at] = tags[i];
        plan->packed_places[at] = i;
    }
    return plan;
}

static void finish_value(struct row *row, uint32_t tag, const struct property_value *value, struct property_value *ret_value)
{
    if (PROPERTY_TYPE(value->tag) == PROPERTY_TYPE(tag)) {
        *ret_value = *value;
        ret_value->tag = tag;
    } else if (PROPERTY_TYPE(value->tag) == PTYP_OBJECT ||
               !value_convert(row->arena, row->codepage, true, tag, value, ret_value)) {
        *ret_value = value_error(tag, EC_NOT_FOUND);
        return;
    }
    value_truncate(ret_value);
}

bool row_values(struct row *row, const struct column_plan *plan, struct property_value *ret_values)
{
    struct property_value value;
    for (uint32_t i = 0; i < plan->computed_count; i++) {
        uint32_t place = plan->computed_places[i], tag = plan->tags[place];
        if (row->kind == ROW_ATTACHMENT ? row_find(row, tag, VALUE_ROW_SIZE_MAX, &value) : computed(row, tag, &value))
            finish_value(row, tag, &value, &ret_values[place]);
        else
            ret_values[place] = value_error(tag, EC_NOT_FOUND);
    }
    if (plan->packed_count == 0)
        return true;
    struct packed_entry small[16];
    struct packed_entry *entries =
        plan->packed_count <= 16 ? small : arena_array(row->arena, struct packed_entry, plan->packed_count);
    if (entries == NULL)
        return false;
    struct property_source source = {
        .packed = row->kind == ROW_MESSAGE ? row->message->properties : row->folder->properties};
    packed_properties_pick(row->arena, source.packed, plan->packed_tags, plan->packed_count, entries);
    for (uint32_t i = 0; i < plan->packed_count; i++) {
        uint32_t tag = plan->packed_tags[i];
        struct property_value *result = &ret_values[plan->packed_places[i]];
        if (entries[i].value.tag == 0) {
            *result = value_error(tag, EC_NOT_FOUND);
            continue;
        }
        value = entries[i].value;
        if (entries[i].apart) {
            struct found_property found = {
                .kind = FOUND_APART, .value = entries[i].value, .value_id = entries[i].value_id, .size = entries[i].size};
            if (!load_beginning(row, &source, &found, VALUE_ROW_SIZE_MAX, &value)) {
                *result = value_error(tag, EC_OUT_OF_MEMORY);
                continue;
            }
        }
        finish_value(row, tag, &value, result);
    }
    return true;
}
