#include "mailbox/property_bag.h"

#include <stdlib.h>
#include <string.h>

#include "base/limits.h"
#include "mailbox/model.h"
#include "mailbox/value.h"

static bool is_stream_type(uint16_t type)
{
    return type == PTYP_STRING || type == PTYP_STRING8 || type == PTYP_BINARY || type == PTYP_OBJECT ||
           type == PTYP_SERVER_ID;
}

/* Counts 'size' instead of what the value counted before. */
static bool account_value(struct bag_value *value, size_t size)
{
    struct memory_account *account = value->account;
    size_t others = account->size - value->memory_size;
    if (size > account->size_max || others > account->size_max - size)
        return false;
    account->size = others + size;
    value->memory_size = size;
    return true;
}

struct bag_value *bag_value_new(struct memory_account *account, uint32_t tag)
{
    struct bag_value *value = calloc(1, sizeof *value);
    if (value == NULL)
        return NULL;
    value->references = 1;
    value->account = account;
    value->value.tag = tag;
    if (!account_value(value, sizeof *value)) {
        free(value);
        return NULL;
    }
    return value;
}

struct bag_value *bag_value_reference(struct bag_value *value)
{
    value->references++;
    return value;
}

void bag_value_release(struct mailbox *mailbox, struct bag_value *value)
{
    if (value == NULL || --value->references > 0)
        return;
    if (value->staged && !value->owned && mailbox != NULL)
        (void)store_value_discard(mailbox->store, &value->value_id, 1);
    value->account->size -= value->memory_size;
    buffer_free(&value->tail);
    free(value->memory);
    free(value);
}

struct bag_value *bag_value_of_stored(struct memory_account *account, uint32_t tag, uint64_t value_id, uint64_t size)
{
    struct bag_value *value = bag_value_new(account, tag);
    if (value == NULL)
        return NULL;
    value->staged = true;
    value->owned = true;
    value->value_id = value_id;
    value->stored_size = size;
    return value;
}

uint64_t bag_value_size(const struct bag_value *value)
{
    if (value->staged)
        return value->stored_size + value->tail.size;
    return value->value.bytes.size;
}

uint32_t bag_value_read(
    struct mailbox *mailbox, const struct bag_value *value, uint64_t offset, size_t size, uint8_t *data, size_t *ret_size)
{
    uint64_t total = bag_value_size(value);
    if (offset >= total) {
        *ret_size = 0;
        return EC_SUCCESS;
    }
    if (size > total - offset)
        size = (size_t)(total - offset);
    size_t done = 0;
    if (!value->staged) {
        memcpy(data, value->value.bytes.data + offset, size);
        *ret_size = size;
        return EC_SUCCESS;
    }
    if (offset < value->stored_size) {
        size_t part = size < value->stored_size - offset ? size : (size_t)(value->stored_size - offset);
        size_t got = 0;
        uint32_t error = mailbox_error(store_value_read(mailbox->store, value->value_id, offset, part, data, &got));
        if (error != EC_SUCCESS)
            return error;
        if (got != part)
            return EC_CORRUPT_DATA;
        done = part;
    }
    if (done < size)
        memcpy(data + done, value->tail.data + (offset + done - value->stored_size), size - done);
    *ret_size = size;
    return EC_SUCCESS;
}

uint32_t bag_value_check(struct mailbox *mailbox, const struct bag_value *value)
{
    uint64_t size = 0;
    if (!value->staged || value->owned)
        return EC_SUCCESS;
    uint32_t error = mailbox_error(store_value_size(mailbox->store, value->value_id, &size));
    return error == EC_SUCCESS && size != value->stored_size ? EC_CORRUPT_DATA : error;
}

uint32_t bag_value_flush(struct mailbox *mailbox, struct bag_value *value)
{
    if (!value->staged || value->tail.size == 0)
        return EC_SUCCESS;
    uint32_t error =
        mailbox_error(store_value_write(mailbox->store, value->value_id, value->stored_size, buffer_bytes(&value->tail)));
    if (error != EC_SUCCESS)
        return error;
    value->stored_size += value->tail.size;
    buffer_free(&value->tail);
    value->tail = (struct buffer){0};
    (void)account_value(value, sizeof *value);
    return EC_SUCCESS;
}

/* Moves a value from memory into the store, with 'data' written over it at 'offset' and then 'size' bytes long: as it was
 * where any of that fails, since the failed ROP's savepoint takes the store's half back. */
static uint32_t stage(struct mailbox *mailbox, struct bag_value *value, uint64_t offset, struct bytes data, uint64_t size)
{
    uint64_t value_id = 0;
    uint32_t error = mailbox_error(store_value_create(mailbox->store, &value_id));
    if (error != EC_SUCCESS)
        return error;
    if (value->value.bytes.size > 0)
        error = mailbox_error(store_value_write(mailbox->store, value_id, 0, value->value.bytes));
    if (error == EC_SUCCESS && data.size > 0)
        error = mailbox_error(store_value_write(mailbox->store, value_id, offset, data));
    if (error == EC_SUCCESS)
        error = mailbox_error(store_value_resize(mailbox->store, value_id, size));
    if (error != EC_SUCCESS) {
        (void)store_value_discard(mailbox->store, &value_id, 1);
        return error;
    }
    value->staged = true;
    value->value_id = value_id;
    value->stored_size = size;
    free(value->memory);
    value->memory = NULL;
    value->value.bytes = BYTES_NONE;
    (void)account_value(value, sizeof *value);
    return EC_SUCCESS;
}

static bool fits_in_memory(const struct bag_value *value, uint64_t size)
{
    size_t limit = value->account->size > BAG_MEMORY_EASY_SIZE_MAX ? PROPERTY_INLINE_SIZE_MAX : BAG_MEMORY_VALUE_SIZE_MAX;
    return size <= limit;
}

/* Room for 'size' bytes in memory, zeros behind the old ones. The block grows by halves, so that many small writes do not
 * copy each time. */
static uint32_t resize_in_memory(struct bag_value *value, size_t size)
{
    size_t capacity = value->memory_size - sizeof *value;
    if (size > capacity) {
        size_t wanted = capacity + capacity / 2;
        if (wanted < size)
            wanted = size;
        if (!account_value(value, sizeof *value + wanted))
            return EC_MESSAGE_TOO_BIG;
        void *memory = realloc(value->memory, wanted);
        if (memory == NULL) {
            (void)account_value(value, sizeof *value + capacity);
            return EC_OUT_OF_MEMORY;
        }
        value->memory = memory;
    }
    if (size > value->value.bytes.size)
        memset((uint8_t *)value->memory + value->value.bytes.size, 0, size - value->value.bytes.size);
    value->value.bytes = bytes_of(value->memory, size);
    return EC_SUCCESS;
}

static uint32_t write_staged(struct mailbox *mailbox, struct bag_value *value, uint64_t offset, struct bytes data)
{
    uint32_t error = EC_SUCCESS;
    if (offset == bag_value_size(value)) { /* the usual: appending */
        if (!account_value(value, sizeof *value + value->tail.size + data.size))
            return EC_MESSAGE_TOO_BIG;
        if (!buffer_append(&value->tail, data.data, data.size)) {
            value->tail.failed = false;
            return EC_OUT_OF_MEMORY;
        }
        if (fits_in_memory(value, value->tail.size))
            return EC_SUCCESS;
        error = bag_value_flush(mailbox, value);
        if (error != EC_SUCCESS)
            value->tail.size -= data.size; /* not written: as if never asked */
        return error;
    }
    error = bag_value_flush(mailbox, value);
    if (error == EC_SUCCESS)
        error = mailbox_error(store_value_write(mailbox->store, value->value_id, offset, data));
    if (error == EC_SUCCESS && offset + data.size > value->stored_size)
        value->stored_size = offset + data.size;
    return error;
}

uint32_t bag_value_write(struct mailbox *mailbox, struct bag_value *value, uint64_t offset, struct bytes data)
{
    if (data.size == 0)
        return EC_SUCCESS;
    uint64_t end = offset + data.size;
    if (!value->staged && !fits_in_memory(value, end))
        return stage(mailbox, value, offset, data, end > value->value.bytes.size ? end : value->value.bytes.size);
    if (value->staged)
        return write_staged(mailbox, value, offset, data);
    if (end > value->value.bytes.size) {
        uint32_t error = resize_in_memory(value, (size_t)end);
        if (error != EC_SUCCESS)
            return error;
    }
    memcpy((uint8_t *)value->memory + offset, data.data, data.size);
    return EC_SUCCESS;
}

uint32_t bag_value_resize(struct mailbox *mailbox, struct bag_value *value, uint64_t size)
{
    if (!value->staged && !fits_in_memory(value, size))
        return stage(mailbox, value, 0, BYTES_NONE, size);
    if (!value->staged)
        return resize_in_memory(value, (size_t)size);
    uint32_t error = bag_value_flush(mailbox, value);
    if (error == EC_SUCCESS)
        error = mailbox_error(store_value_resize(mailbox->store, value->value_id, size));
    if (error == EC_SUCCESS)
        value->stored_size = size;
    return error;
}

uint32_t bag_value_make_own(struct mailbox *mailbox, struct bag_value **value)
{
    struct bag_value *old = *value;
    if (old->references == 1 && !old->owned)
        return EC_SUCCESS;
    struct bag_value *copy = bag_value_new(old->account, old->value.tag);
    if (copy == NULL)
        return EC_OUT_OF_MEMORY;
    uint32_t error = EC_SUCCESS;
    if (old->staged) {
        error = bag_value_flush(mailbox, old);
        if (error == EC_SUCCESS)
            error = mailbox_error(store_value_copy(mailbox->store, old->value_id, &copy->value_id));
        copy->staged = error == EC_SUCCESS;
        copy->stored_size = old->stored_size;
    } else {
        error = bag_value_write(mailbox, copy, 0, old->value.bytes);
    }
    if (error != EC_SUCCESS) {
        bag_value_release(mailbox, copy);
        return error;
    }
    bag_value_release(mailbox, old);
    *value = copy;
    return EC_SUCCESS;
}

/* Where the id stands or would stand. */
static uint32_t bag_place(const struct property_bag *bag, uint16_t id)
{
    uint32_t low = 0, high = bag->count;
    while (low < high) {
        uint32_t middle = low + (high - low) / 2;
        if (bag->entries[middle].id < id)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

const struct bag_entry *bag_find(const struct property_bag *bag, uint16_t id)
{
    uint32_t place = bag_place(bag, id);
    return place < bag->count && bag->entries[place].id == id ? &bag->entries[place] : NULL;
}

uint32_t bag_put(struct mailbox *mailbox, struct property_bag *bag, uint16_t id, struct bag_value *value)
{
    uint32_t place = bag_place(bag, id);
    if (place < bag->count && bag->entries[place].id == id) {
        bag_value_release(mailbox, bag->entries[place].value);
        bag->entries[place].value = value;
        return EC_SUCCESS;
    }
    if (bag->count == bag->capacity) {
        uint32_t capacity = bag->capacity == 0 ? 16 : bag->capacity * 2;
        struct bag_entry *entries = realloc(bag->entries, capacity * sizeof *entries);
        if (entries == NULL) {
            bag_value_release(mailbox, value);
            return EC_OUT_OF_MEMORY;
        }
        bag->entries = entries;
        bag->capacity = capacity;
    }
    memmove(&bag->entries[place + 1], &bag->entries[place], (bag->count - place) * sizeof *bag->entries);
    bag->entries[place] = (struct bag_entry){.id = id, .value = value};
    bag->count++;
    return EC_SUCCESS;
}

uint32_t bag_set(struct mailbox *mailbox, struct property_bag *bag, const struct property_value *value)
{
    struct bag_value *copy = bag_value_new(bag->account, value->tag);
    if (copy == NULL)
        return EC_MESSAGE_TOO_BIG;
    uint32_t error = EC_SUCCESS;
    if (is_stream_type(PROPERTY_TYPE(value->tag))) {
        error = bag_value_write(mailbox, copy, 0, value->bytes);
    } else {
        size_t size = value_memory_size(value);
        if (!account_value(copy, sizeof *copy + size))
            error = EC_MESSAGE_TOO_BIG;
        else if (size > 0 && (copy->memory = malloc(size)) == NULL)
            error = EC_OUT_OF_MEMORY;
        else
            copy->value = value_copy_into(value, copy->memory);
    }
    if (error != EC_SUCCESS) {
        bag_value_release(mailbox, copy);
        return error;
    }
    return bag_put(mailbox, bag, PROPERTY_ID(value->tag), copy);
}

uint32_t bag_delete(struct mailbox *mailbox, struct property_bag *bag, uint16_t id)
{
    return bag_put(mailbox, bag, id, NULL);
}

void bag_remove(struct mailbox *mailbox, struct property_bag *bag, uint16_t id)
{
    uint32_t place = bag_place(bag, id);
    if (place >= bag->count || bag->entries[place].id != id)
        return;
    bag_value_release(mailbox, bag->entries[place].value);
    memmove(&bag->entries[place], &bag->entries[place + 1], (bag->count - place - 1) * sizeof *bag->entries);
    bag->count--;
}

uint32_t bag_copy(const struct property_bag *bag, struct property_bag *ret_bag)
{
    struct property_bag copy = {.account = bag->account};
    if (bag->count > 0) {
        copy.entries = malloc(bag->count * sizeof *copy.entries);
        if (copy.entries == NULL)
            return EC_OUT_OF_MEMORY;
        copy.count = copy.capacity = bag->count;
        memcpy(copy.entries, bag->entries, bag->count * sizeof *copy.entries);
        for (uint32_t i = 0; i < copy.count; i++)
            if (copy.entries[i].value != NULL)
                copy.entries[i].value->references++;
    }
    *ret_bag = copy;
    return EC_SUCCESS;
}

void bag_free(struct mailbox *mailbox, struct property_bag *bag)
{
    for (uint32_t i = 0; i < bag->count; i++)
        bag_value_release(mailbox, bag->entries[i].value);
    free(bag->entries);
    bag->entries = NULL;
    bag->count = bag->capacity = 0;
}
