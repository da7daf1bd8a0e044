#include "mailbox/content.h"

#include <stdlib.h>
#include <string.h>

#include "base/limits.h"
#include "mailbox/model.h"
#include "mailbox/tags.h"
#include "mailbox/value.h"

/* ---- Nodes ---- */

struct content *content_new(struct memory_account *account, uint64_t message_id, uint64_t attachment_id)
{
    struct content *content = calloc(1, sizeof *content);
    if (content == NULL)
        return NULL;
    content->references = 1;
    content->account = account;
    content->message_id = message_id;
    content->attachment_id = attachment_id;
    content->bag.account = account;
    return content;
}

struct content *content_reference(struct content *content)
{
    content->references++;
    return content;
}

void content_release(struct mailbox *mailbox, struct content *content)
{
    if (content == NULL || --content->references > 0)
        return;
    bag_free(mailbox, &content->bag);
    recipient_set_release(content->recipients);
    for (uint32_t i = 0; i < content->slot_count; i++)
        attachment_content_release(mailbox, content->slots[i].content);
    free(content->slots);
    free(content);
}

uint32_t content_make_own(struct mailbox *mailbox, struct content **content)
{
    struct content *old = *content;
    if (old->references == 1)
        return EC_SUCCESS;
    struct content *copy = content_new(old->account, old->message_id, old->attachment_id);
    if (copy == NULL)
        return EC_OUT_OF_MEMORY;
    uint32_t error = bag_copy(&old->bag, &copy->bag);
    if (error == EC_SUCCESS && old->slot_count > 0) {
        copy->slots = malloc(old->slot_count * sizeof *copy->slots);
        if (copy->slots == NULL)
            error = EC_OUT_OF_MEMORY;
        for (uint32_t i = 0; error == EC_SUCCESS && i < old->slot_count; i++) {
            copy->slots[i] = old->slots[i];
            if (copy->slots[i].content != NULL)
                (void)attachment_content_reference(copy->slots[i].content);
            copy->slot_count = copy->slot_capacity = i + 1;
        }
    }
    if (error != EC_SUCCESS) {
        content_release(mailbox, copy);
        return error;
    }
    copy->recipients = old->recipients;
    if (copy->recipients != NULL)
        copy->recipients->references++;
    content_release(mailbox, old);
    *content = copy;
    return EC_SUCCESS;
}

struct attachment_content *attachment_content_new(
    struct memory_account *account, uint64_t message_id, uint64_t parent_id, uint64_t attachment_id, uint32_t number)
{
    struct attachment_content *content = calloc(1, sizeof *content);
    if (content == NULL)
        return NULL;
    content->references = 1;
    content->account = account;
    content->message_id = message_id;
    content->parent_id = parent_id;
    content->attachment_id = attachment_id;
    content->number = number;
    content->bag.account = account;
    return content;
}

struct attachment_content *attachment_content_reference(struct attachment_content *content)
{
    content->references++;
    return content;
}

void attachment_content_release(struct mailbox *mailbox, struct attachment_content *content)
{
    if (content == NULL || --content->references > 0)
        return;
    bag_free(mailbox, &content->bag);
    content_release(mailbox, content->embedded);
    free(content);
}

uint32_t attachment_content_make_own(struct mailbox *mailbox, struct attachment_content **content)
{
    struct attachment_content *old = *content;
    if (old->references == 1)
        return EC_SUCCESS;
    struct attachment_content *copy =
        attachment_content_new(old->account, old->message_id, old->parent_id, old->attachment_id, old->number);
    if (copy == NULL)
        return EC_OUT_OF_MEMORY;
    uint32_t error = bag_copy(&old->bag, &copy->bag);
    if (error != EC_SUCCESS) {
        attachment_content_release(mailbox, copy);
        return error;
    }
    copy->embedded = old->embedded != NULL ? content_reference(old->embedded) : NULL;
    attachment_content_release(mailbox, old);
    *content = copy;
    return EC_SUCCESS;
}

struct recipient_set *recipient_set_new(struct memory_account *account)
{
    struct recipient_set *set = calloc(1, sizeof *set);
    if (set == NULL)
        return NULL;
    set->references = 1;
    set->account = account;
    set->arena.size_max = account->size_max;
    return set;
}

void recipient_set_release(struct recipient_set *set)
{
    if (set == NULL || --set->references > 0)
        return;
    set->account->size -= set->memory_size;
    arena_free(&set->arena);
    free(set);
}

/* ---- Attachment slots ---- */

static uint32_t slot_place(const struct content *content, uint32_t number)
{
    uint32_t low = 0, high = content->slot_count;
    while (low < high) {
        uint32_t middle = low + (high - low) / 2;
        if (content->slots[middle].number < number)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

const struct attachment_slot *content_find_slot(const struct content *content, uint32_t number)
{
    uint32_t place = slot_place(content, number);
    return place < content->slot_count && content->slots[place].number == number ? &content->slots[place] : NULL;
}

uint32_t content_put_slot(
    struct mailbox *mailbox, struct content *content, uint32_t number, struct attachment_content *attachment)
{
    uint32_t place = slot_place(content, number);
    if (place < content->slot_count && content->slots[place].number == number) {
        attachment_content_release(mailbox, content->slots[place].content);
        content->slots[place].content = attachment;
        return EC_SUCCESS;
    }
    if (content->slot_count == content->slot_capacity) {
        uint32_t capacity = content->slot_capacity == 0 ? 4 : content->slot_capacity * 2;
        struct attachment_slot *slots = realloc(content->slots, capacity * sizeof *slots);
        if (slots == NULL) {
            attachment_content_release(mailbox, attachment);
            return EC_OUT_OF_MEMORY;
        }
        content->slots = slots;
        content->slot_capacity = capacity;
    }
    memmove(&content->slots[place + 1], &content->slots[place], (content->slot_count - place) * sizeof *content->slots);
    content->slots[place] = (struct attachment_slot){.number = number, .content = attachment};
    content->slot_count++;
    return EC_SUCCESS;
}

/* ---- Reading ---- */

uint32_t content_source(struct arena *arena, struct mailbox *mailbox, const struct content *content,
    struct property_source *ret_source, struct store_message *ret_row)
{
    struct property_source source = {.bag = &content->bag};
    struct store_message row = {0};
    uint32_t error = EC_SUCCESS;
    if (content->attachment_id != 0) {
        error = mailbox_error(store_attachment_get_embedded(mailbox->store, arena, content->attachment_id, &source.packed));
    } else if (content->message_id != 0) {
        error = mailbox_message(mailbox, arena, content->message_id, &row);
        source.packed = row.properties;
    }
    if (error == EC_NOT_FOUND)
        return EC_OBJECT_DELETED;
    if (error != EC_SUCCESS)
        return error;
    *ret_source = source;
    if (ret_row != NULL)
        *ret_row = row;
    return EC_SUCCESS;
}

uint32_t attachment_content_source(struct arena *arena, struct mailbox *mailbox, const struct attachment_content *content,
    struct property_source *ret_source, struct store_attachment *ret_row)
{
    struct property_source source = {.bag = &content->bag};
    struct store_attachment row = {.number = content->number};
    if (content->attachment_id != 0) {
        const struct store_attachment *rows;
        uint32_t count = 0;
        uint32_t error = mailbox_error(
            store_attachment_list(mailbox->store, arena, content->message_id, content->parent_id, &rows, &count));
        if (error != EC_SUCCESS && error != EC_NOT_FOUND)
            return error;
        for (uint32_t i = 0; i < count; i++)
            if (rows[i].attachment_id == content->attachment_id)
                row = rows[i];
        if (row.attachment_id == 0)
            return EC_OBJECT_DELETED;
        source.packed = row.properties;
    }
    *ret_source = source;
    if (ret_row != NULL)
        *ret_row = row;
    return EC_SUCCESS;
}

static struct recipient recipient_of_list(struct arena *arena, const struct property_list *list, uint32_t index)
{
    struct recipient recipient = {.row_id = index};
    struct property_value *values = arena_array(arena, struct property_value, list->count);
    uint32_t count = 0;
    for (uint32_t i = 0; values != NULL && i < list->count; i++) {
        if (list->values[i].tag == PID_TAG_ROWID)
            recipient.row_id = (uint32_t)list->values[i].integer32;
        else if (list->values[i].tag == PID_TAG_RECIPIENT_TYPE)
            recipient.type = (uint8_t)list->values[i].integer32;
        else
            values[count++] = list->values[i];
    }
    recipient.properties = (struct property_list){.count = count, .values = values};
    return recipient;
}

uint32_t content_recipients(struct arena *arena, struct mailbox *mailbox, const struct content *content,
    const struct property_source *source, struct recipient **ret_recipients, uint32_t *ret_count)
{
    if (content->recipients != NULL) {
        *ret_recipients = content->recipients->recipients;
        *ret_count = content->recipients->count;
        return EC_SUCCESS;
    }
    const struct property_list *lists = NULL;
    uint32_t count = 0;
    if (source->packed.size > 0) {
        uint32_t error = mailbox_error(store_recipient_list(mailbox->store, arena, source->packed, &lists, &count));
        if (error != EC_SUCCESS)
            return error;
    }
    struct recipient *recipients = arena_array(arena, struct recipient, (size_t)count + 1);
    if (recipients == NULL)
        return EC_OUT_OF_MEMORY;
    for (uint32_t i = 0; i < count; i++)
        recipients[i] = recipient_of_list(arena, &lists[i], i);
    *ret_recipients = recipients;
    *ret_count = count;
    return EC_SUCCESS;
}

uint32_t content_attachments(struct arena *arena, struct mailbox *mailbox, const struct content *content,
    struct attachment_listed **ret_attachments, uint32_t *ret_count)
{
    const struct store_attachment *stored = NULL;
    uint32_t stored_count = 0;
    if (content->message_id != 0) {
        uint32_t error = mailbox_error(store_attachment_list(
            mailbox->store, arena, content->message_id, content->attachment_id, &stored, &stored_count));
        if (error == EC_NOT_FOUND)
            stored_count = 0;
        else if (error != EC_SUCCESS)
            return error;
    }
    struct attachment_listed *list =
        arena_array(arena, struct attachment_listed, (size_t)stored_count + content->slot_count + 1);
    if (list == NULL)
        return EC_OUT_OF_MEMORY;
    uint32_t count = 0, slot = 0;
    for (uint32_t i = 0; i < stored_count || slot < content->slot_count;) {
        const struct attachment_slot *changed = slot < content->slot_count ? &content->slots[slot] : NULL;
        if (changed == NULL || (i < stored_count && stored[i].number < changed->number)) {
            list[count++] = (struct attachment_listed){.number = stored[i].number, .stored = &stored[i]};
            i++;
            continue;
        }
        const struct store_attachment *below = i < stored_count && stored[i].number == changed->number ? &stored[i++] : NULL;
        if (changed->content != NULL)
            list[count++] =
                (struct attachment_listed){.number = changed->number, .unsaved = changed->content, .stored = below};
        slot++;
    }
    *ret_attachments = list;
    *ret_count = count;
    return EC_SUCCESS;
}

uint32_t content_open_attachment(
    struct mailbox *mailbox, const struct content *content, uint32_t number, struct attachment_content **ret_attachment)
{
    const struct attachment_slot *slot = content_find_slot(content, number);
    if (slot != NULL && slot->content == NULL)
        return EC_NOT_FOUND;
    if (slot != NULL) {
        *ret_attachment = attachment_content_reference(slot->content);
        return EC_SUCCESS;
    }
    struct arena arena = {0};
    struct attachment_listed *list;
    uint32_t count = 0;
    uint32_t error = content_attachments(&arena, mailbox, content, &list, &count);
    uint64_t attachment_id = 0;
    for (uint32_t i = 0; error == EC_SUCCESS && i < count; i++)
        if (list[i].number == number)
            attachment_id = list[i].stored->attachment_id;
    arena_free(&arena);
    if (error == EC_SUCCESS && attachment_id == 0)
        error = EC_NOT_FOUND;
    if (error != EC_SUCCESS)
        return error;
    struct attachment_content *opened =
        attachment_content_new(content->account, content->message_id, content->attachment_id, attachment_id, number);
    if (opened == NULL)
        return EC_OUT_OF_MEMORY;
    *ret_attachment = opened;
    return EC_SUCCESS;
}

uint32_t attachment_content_open_embedded(
    struct mailbox *mailbox, const struct attachment_content *attachment, struct content **ret_content)
{
    if (attachment->embedded != NULL) {
        *ret_content = content_reference(attachment->embedded);
        return EC_SUCCESS;
    }
    if (attachment->attachment_id == 0)
        return EC_NOT_FOUND;
    struct arena arena = {0};
    struct bytes packed;
    uint32_t error =
        mailbox_error(store_attachment_get_embedded(mailbox->store, &arena, attachment->attachment_id, &packed));
    arena_free(&arena);
    if (error != EC_SUCCESS)
        return error;
    struct content *content = content_new(attachment->account, attachment->message_id, attachment->attachment_id);
    if (content == NULL)
        return EC_OUT_OF_MEMORY;
    *ret_content = content;
    return EC_SUCCESS;
}

/* ---- Duplicates ---- */

static uint32_t duplicate_value(struct mailbox *mailbox, const struct found_property *found, struct property_bag *bag)
{
    if (found->kind == FOUND_VALUE)
        return bag_set(mailbox, bag, &found->value);
    uint32_t error = EC_SUCCESS;
    if (found->staged != NULL)
        error = bag_value_flush(mailbox, found->staged);
    struct bag_value *value = error == EC_SUCCESS ? bag_value_new(bag->account, found->value.tag) : NULL;
    if (value == NULL)
        return error != EC_SUCCESS ? error : EC_OUT_OF_MEMORY;
    uint64_t source_id = found->staged != NULL ? found->staged->value_id : found->value_id;
    error = mailbox_error(store_value_copy(mailbox->store, source_id, &value->value_id));
    if (error != EC_SUCCESS) {
        bag_value_release(mailbox, value);
        return error;
    }
    value->staged = true;
    value->stored_size = found->size;
    return bag_put(mailbox, bag, PROPERTY_ID(found->value.tag), value);
}

uint32_t bag_duplicate_source(struct mailbox *mailbox, const struct property_source *source, struct property_bag *bag)
{
    struct arena arena = {0};
    struct found_property *found;
    uint32_t count = 0;
    uint32_t error = source_list(&arena, source, &found, &count);
    for (uint32_t i = 0; error == EC_SUCCESS && i < count; i++)
        if (found[i].value.tag != PID_TAG_MESSAGE_RECIPIENTS)
            error = duplicate_value(mailbox, &found[i], bag);
    arena_free(&arena);
    return error;
}

static uint32_t duplicate_recipients(struct arena *arena, struct mailbox *mailbox, const struct content *content,
    const struct property_source *source, struct content *copy)
{
    struct recipient *recipients;
    uint32_t count = 0;
    uint32_t error = content_recipients(arena, mailbox, content, source, &recipients, &count);
    if (error != EC_SUCCESS)
        return error;
    struct recipient_set *set = recipient_set_new(copy->account);
    if (set == NULL)
        return EC_OUT_OF_MEMORY;
    copy->recipients = set;
    set->recipients = arena_array(&set->arena, struct recipient, (size_t)count + 1);
    for (uint32_t i = 0; set->recipients != NULL && i < count; i++) {
        struct property_value *values =
            arena_array(&set->arena, struct property_value, (size_t)recipients[i].properties.count + 1);
        if (values == NULL)
            return EC_OUT_OF_MEMORY;
        for (uint32_t j = 0; j < recipients[i].properties.count; j++)
            if (!value_copy(&set->arena, &recipients[i].properties.values[j], &values[j]))
                return EC_OUT_OF_MEMORY;
        set->recipients[i] = recipients[i];
        set->recipients[i].properties.values = values;
        set->count = i + 1;
    }
    set->memory_size = set->arena.size;
    set->account->size += set->memory_size;
    return set->recipients != NULL ? EC_SUCCESS : EC_OUT_OF_MEMORY;
}

uint32_t content_duplicate(struct mailbox *mailbox, const struct content *content, struct memory_account *account,
    uint32_t depth, struct content **ret_content)
{
    if (depth > EMBEDDED_DEPTH_MAX)
        return EC_TOO_COMPLEX;
    struct content *copy = content_new(account, 0, 0);
    if (copy == NULL)
        return EC_OUT_OF_MEMORY;
    struct arena arena = {0};
    struct property_source source;
    struct attachment_listed *attachments;
    uint32_t count = 0;
    uint32_t error = content_source(&arena, mailbox, content, &source, NULL);
    if (error == EC_SUCCESS)
        error = bag_duplicate_source(mailbox, &source, &copy->bag);
    if (error == EC_SUCCESS)
        error = duplicate_recipients(&arena, mailbox, content, &source, copy);
    if (error == EC_SUCCESS)
        error = content_attachments(&arena, mailbox, content, &attachments, &count);
    for (uint32_t i = 0; error == EC_SUCCESS && i < count; i++) {
        struct attachment_content *from = NULL, *to = NULL;
        error = content_open_attachment(mailbox, content, attachments[i].number, &from);
        if (error == EC_SUCCESS)
            error = attachment_content_duplicate(mailbox, from, account, depth, &to);
        attachment_content_release(mailbox, from);
        if (error == EC_SUCCESS)
            error = content_put_slot(mailbox, copy, attachments[i].number, to);
    }
    arena_free(&arena);
    if (error != EC_SUCCESS) {
        content_release(mailbox, copy);
        return error;
    }
    *ret_content = copy;
    return EC_SUCCESS;
}

uint32_t attachment_content_duplicate(struct mailbox *mailbox, const struct attachment_content *attachment,
    struct memory_account *account, uint32_t depth, struct attachment_content **ret_attachment)
{
    struct attachment_content *copy = attachment_content_new(account, 0, 0, 0, attachment->number);
    if (copy == NULL)
        return EC_OUT_OF_MEMORY;
    struct arena arena = {0};
    struct property_source source;
    struct content *embedded = NULL;
    uint32_t error = attachment_content_source(&arena, mailbox, attachment, &source, NULL);
    if (error == EC_SUCCESS)
        error = bag_duplicate_source(mailbox, &source, &copy->bag);
    if (error == EC_SUCCESS) {
        error = attachment_content_open_embedded(mailbox, attachment, &embedded);
        if (error == EC_SUCCESS)
            error = content_duplicate(mailbox, embedded, account, depth + 1, &copy->embedded);
        else if (error == EC_NOT_FOUND)
            error = EC_SUCCESS;
        content_release(mailbox, embedded);
    }
    arena_free(&arena);
    if (error != EC_SUCCESS) {
        attachment_content_release(mailbox, copy);
        return error;
    }
    *ret_attachment = copy;
    return EC_SUCCESS;
}
