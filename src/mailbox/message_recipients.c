/* Recipients of an open message (MS-OXCMSG 3.2.5.4..6). */
#include <stdlib.h>
#include <string.h>

#include "base/limits.h"
#include "mailbox/handles.h"
#include "mailbox/tags.h"
#include "mailbox/value.h"

uint32_t message_recipients(struct arena *arena, struct logon *logon, struct message *message,
    struct recipient **ret_recipients, uint32_t *ret_count)
{
    struct property_source source;
    uint32_t error = content_source(arena, logon->mailbox, message->content, &source, NULL);
    if (error != EC_SUCCESS)
        return error;
    return content_recipients(arena, logon->mailbox, message->content, &source, ret_recipients, ret_count);
}

/* Fields of RecipientRow itself (MS-OXCDATA 2.8.3.2). */
static bool is_row_field(uint32_t tag)
{
    switch (tag) {
    case PID_TAG_DISPLAY_NAME:
    case PID_TAG_EMAIL_ADDRESS:
    case PID_TAG_ADDRESS_TYPE:
    case PID_TAG_ROWID:
    case PID_TAG_RECIPIENT_TYPE: return true;
    default: return false;
    }
}

static int compare_tags(const void *a, const void *b)
{
    uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;
    return x < y ? -1 : x > y;
}

uint32_t message_recipient_columns(
    struct arena *arena, struct logon *logon, struct message *message, uint32_t **ret_tags, uint32_t *ret_count)
{
    struct recipient *recipients;
    uint32_t count = 0;
    uint32_t error = message_recipients(arena, logon, message, &recipients, &count);
    if (error != EC_SUCCESS)
        return error;
    size_t total = 1;
    for (uint32_t i = 0; i < count; i++)
        total += recipients[i].properties.count;
    uint32_t *tags = arena_array(arena, uint32_t, total);
    if (tags == NULL)
        return EC_OUT_OF_MEMORY;
    uint32_t tag_count = 0;
    for (uint32_t i = 0; i < count; i++)
        for (uint32_t j = 0; j < recipients[i].properties.count; j++)
            if (!is_row_field(recipients[i].properties.values[j].tag))
                tags[tag_count++] = recipients[i].properties.values[j].tag;
    qsort(tags, tag_count, sizeof *tags, compare_tags);
    uint32_t kept = 0;
    for (uint32_t i = 0; i < tag_count; i++)
        if (kept == 0 || tags[kept - 1] != tags[i])
            tags[kept++] = tags[i];
    *ret_tags = tags;
    *ret_count = kept;
    return EC_SUCCESS;
}

static uint32_t copy_recipient(
    struct arena *arena, uint32_t codepage, const struct recipient *from, struct recipient *ret_to)
{
    struct property_value *values = arena_array(arena, struct property_value, (size_t)from->properties.count + 1);
    if (values == NULL)
        return EC_OUT_OF_MEMORY;
    uint32_t count = 0;
    for (uint32_t i = 0; i < from->properties.count; i++) {
        const struct property_value *value = &from->properties.values[i];
        struct property_value normalized;
        uint16_t type = PROPERTY_TYPE(value->tag);
        if (value->tag == PID_TAG_ROWID || value->tag == PID_TAG_RECIPIENT_TYPE || !value_type_is_storable(type))
            continue;
        if (!value_normalize(arena, codepage, value, &normalized) || !value_copy(arena, &normalized, &values[count]))
            return EC_OUT_OF_MEMORY;
        count++;
    }
    *ret_to =
        (struct recipient){.row_id = from->row_id, .type = from->type, .properties = {.count = count, .values = values}};
    return EC_SUCCESS;
}

static int compare_rows(const void *a, const void *b)
{
    const struct recipient *x = a, *y = b;
    return x->row_id < y->row_id ? -1 : x->row_id > y->row_id;
}

/* The old ones without those that are replaced, and the new ones, into the set. */
static uint32_t merge_recipients(struct recipient_set *set, uint32_t codepage, const struct recipient *old,
    uint32_t old_count, const struct recipient *changed, const bool *removed, uint32_t changed_count)
{
    set->recipients = arena_array(&set->arena, struct recipient, (size_t)old_count + changed_count + 1);
    if (set->recipients == NULL)
        return EC_OUT_OF_MEMORY;
    uint32_t error = EC_SUCCESS;
    for (uint32_t i = 0; error == EC_SUCCESS && i < old_count; i++) {
        bool replaced = false;
        for (uint32_t j = 0; j < changed_count && !replaced; j++)
            replaced = changed[j].row_id == old[i].row_id;
        if (!replaced)
            error = copy_recipient(&set->arena, codepage, &old[i], &set->recipients[set->count++]);
    }
    for (uint32_t i = 0; error == EC_SUCCESS && i < changed_count; i++) {
        bool again = removed != NULL && removed[i]; /* the last row of an id counts */
        for (uint32_t j = i + 1; j < changed_count && !again; j++)
            again = changed[j].row_id == changed[i].row_id;
        if (!again)
            error = copy_recipient(&set->arena, codepage, &changed[i], &set->recipients[set->count++]);
    }
    if (error == EC_SUCCESS && set->count > RECIPIENTS_MAX)
        error = EC_TOO_MANY_RECIPS;
    if (error == EC_SUCCESS)
        qsort(set->recipients, set->count, sizeof *set->recipients, compare_rows);
    return error;
}

static uint32_t replace_recipients(struct logon *logon, struct message *message, const struct recipient *old,
    uint32_t old_count, const struct recipient *changed, const bool *removed, uint32_t changed_count)
{
    struct recipient_set *set = recipient_set_new(message_account(message));
    if (set == NULL)
        return EC_OUT_OF_MEMORY;
    uint32_t error = merge_recipients(set, message->codepage, old, old_count, changed, removed, changed_count);
    if (error == EC_SUCCESS && set->arena.size > set->account->size_max - set->account->size)
        error = EC_MESSAGE_TOO_BIG;
    if (error != EC_SUCCESS) {
        recipient_set_release(set);
        return error;
    }
    set->memory_size = set->arena.size;
    set->account->size += set->memory_size;
    (void)logon;
    recipient_set_release(message->content->recipients);
    message->content->recipients = set;
    return EC_SUCCESS;
}

uint32_t message_modify_recipients(
    struct logon *logon, struct message *message, const struct recipient *recipients, const bool *removed, uint32_t count)
{
    uint32_t error = message_begin_change(logon->mailbox, message);
    struct arena arena = {0};
    struct recipient *old;
    uint32_t old_count = 0;
    if (error == EC_SUCCESS)
        error = message_recipients(&arena, logon, message, &old, &old_count);
    if (error == EC_SUCCESS)
        error = replace_recipients(logon, message, old, old_count, recipients, removed, count);
    arena_free(&arena);
    return error;
}

uint32_t message_remove_all_recipients(struct logon *logon, struct message *message)
{
    uint32_t error = message_begin_change(logon->mailbox, message);
    return error == EC_SUCCESS ? replace_recipients(logon, message, NULL, 0, NULL, NULL, 0) : error;
}
