#include "mailbox/stream.h"

#include <stdlib.h>

#include "base/limits.h"
#include "base/text.h"
#include "mailbox/property_write.h"
#include "mailbox/tags.h"
#include "mailbox/value.h"
#include "protocol/rop_value.h"

#define COPY_STEP_SIZE 65536u

/* What clones share. A stream on a message or attachment works on the value in the handle's own unsaved state, so that
 * properties_get sees every write at once (R56401). One on a folder, or in another string type than the property has, works
 * on a value of its own ('apart') that commit puts in place. */
struct stream_content {
    uint32_t references;
    struct object object;
    uint32_t tag; /* as opened */
    uint32_t codepage;
    bool writable;
    bool dirty;
    struct memory_account account; /* of 'apart' */
    struct bag_value *apart;
};
struct stream {
    struct stream_content *content;
    uint64_t position;
};

static bool is_stream_type(uint16_t type)
{
    return type == PTYP_STRING || type == PTYP_STRING8 || type == PTYP_BINARY || type == PTYP_OBJECT;
}

/* ---- Where the bytes are ---- */

/* For reading: the bag's value, or what is stored. */
static uint32_t find_value(struct arena *arena, struct logon *logon, const struct stream_content *content,
    struct reading *reading, struct found_property *ret_found)
{
    uint32_t error = reading_open(arena, logon, content->object, reading);
    if (error == EC_SUCCESS)
        reading_find(reading, content->tag, ret_found);
    return error;
}

static uint64_t found_size(const struct found_property *found)
{
    return found->kind == FOUND_NOTHING ? 0 : found->kind == FOUND_APART ? found->size : found->value.bytes.size;
}

static uint32_t read_found(
    struct logon *logon, const struct found_property *found, uint64_t offset, size_t size, uint8_t *data, size_t *ret_size)
{
    if (found->kind == FOUND_APART && found->staged != NULL)
        return bag_value_read(logon->mailbox, found->staged, offset, size, data, ret_size);
    if (found->kind == FOUND_APART)
        return mailbox_error(store_value_read(logon->mailbox->store, found->value_id, offset, size, data, ret_size));
    uint64_t total = found_size(found);
    size_t part = offset >= total ? 0 : size < total - offset ? size : (size_t)(total - offset);
    if (part > 0)
        __builtin_memcpy(data, found->value.bytes.data + offset, part);
    *ret_size = part;
    return EC_SUCCESS;
}

/* For writing: the handle's own value, made if it is not there. */
static uint32_t own_value(
    struct arena *arena, struct logon *logon, struct stream_content *content, struct bag_value **ret_value)
{
    if (content->apart != NULL) {
        *ret_value = content->apart;
        return EC_SUCCESS;
    }
    struct writing writing;
    uint32_t error = writing_begin(arena, logon, content->object, &writing);
    if (error != EC_SUCCESS)
        return error == EC_ACCESS_DENIED ? EC_STORAGE_ACCESS_DENIED : error;
    uint16_t id = PROPERTY_ID(content->tag);
    struct bag_entry *entry = (struct bag_entry *)bag_find(writing.bag, id);
    if (entry == NULL || entry->value == NULL) {
        struct reading reading;
        struct found_property found;
        struct bag_value *value = NULL;
        error = find_value(arena, logon, content, &reading, &found);
        if (error == EC_SUCCESS && found.kind == FOUND_APART)
            value = bag_value_of_stored(writing.bag->account, content->tag, found.value_id, found.size);
        else if (error == EC_SUCCESS)
            value = bag_value_new(writing.bag->account, content->tag);
        if (error == EC_SUCCESS && value == NULL)
            error = EC_OUT_OF_MEMORY;
        if (error == EC_SUCCESS && found.kind == FOUND_VALUE)
            error = bag_value_write(logon->mailbox, value, 0, found.value.bytes);
        if (error == EC_SUCCESS)
            error = bag_put(logon->mailbox, writing.bag, id, value);
        else
            bag_value_release(logon->mailbox, value);
        entry = (struct bag_entry *)bag_find(writing.bag, id);
    }
    if (error == EC_SUCCESS)
        error = bag_value_make_own(logon->mailbox, &entry->value);
    if (error == EC_SUCCESS)
        *ret_value = entry->value;
    return error;
}

/* ---- Opening ---- */

static void content_hold_object(const struct object *object)
{
    if (object->kind == OBJECT_MESSAGE)
        message_reference(object->message);
    else if (object->kind == OBJECT_ATTACHMENT)
        attachment_reference(object->attachment);
}

static bool object_is_writable(const struct object *object)
{
    switch (object->kind) {
    case OBJECT_MESSAGE: return object->message->writable;
    case OBJECT_ATTACHMENT: return object->attachment->writable;
    case OBJECT_FOLDER: return true;
    case OBJECT_STORE: return false;
    }
    return false;
}

static uint32_t check_open(const struct object *object, uint32_t tag, uint8_t open_mode, bool *ret_writable)
{
    bool ignore = false;
    if (object->kind == OBJECT_STORE || !is_stream_type(PROPERTY_TYPE(tag)))
        return EC_NOT_SUPPORTED; /* R548 */
    if (open_mode > STREAM_BEST_ACCESS)
        return EC_INVALID_PARAMETER;
    bool writable = open_mode != STREAM_READ_ONLY;
    uint32_t plain = PROPERTY_TYPE(tag) == PTYP_OBJECT ? PROPERTY_TAG(PROPERTY_ID(tag), PTYP_BINARY) : tag;
    bool allowed = object_is_writable(object) && property_check_writable(object, plain, &ignore) == EC_SUCCESS && !ignore;
    if (writable && !allowed && open_mode != STREAM_BEST_ACCESS)
        return EC_ACCESS_DENIED;
    *ret_writable = writable && allowed;
    return EC_SUCCESS;
}

/* A value of the stream's own, filled with the property in the stream's type. */
static uint32_t fill_apart(struct arena *arena, struct logon *logon, struct stream_content *content, struct reading *reading,
    const struct found_property *found)
{
    content->account.size_max = MESSAGE_SIZE_DEFAULT_MAX;
    content->apart = bag_value_new(&content->account, content->tag);
    if (content->apart == NULL)
        return EC_OUT_OF_MEMORY;
    if (found->kind == FOUND_NOTHING)
        return EC_SUCCESS;
    struct property_value value;
    uint32_t error = source_load(arena, logon->mailbox, &reading->source, found, ARENA_SIZE_MAX / 4, &value);
    if (error != EC_SUCCESS)
        return error;
    struct property_value converted;
    if (!value_convert(arena, content->codepage, true, content->tag, &value, &converted))
        return EC_NOT_FOUND;
    return bag_value_write(logon->mailbox, content->apart, 0, converted.bytes);
}

static void content_release_object(struct logon *logon, const struct object *object)
{
    if (object->kind == OBJECT_MESSAGE)
        message_close(logon, object->message);
    else if (object->kind == OBJECT_ATTACHMENT)
        attachment_close(logon, object->attachment);
}

static void stream_content_release(struct logon *logon, struct stream_content *content)
{
    if (--content->references > 0)
        return;
    bag_value_release(logon != NULL ? logon->mailbox : NULL, content->apart);
    content_release_object(logon, &content->object);
    free(content);
}

uint32_t stream_open(struct logon *logon, struct object object, uint32_t tag, uint8_t open_mode, struct stream **ret_stream,
    uint32_t *ret_size)
{
    bool writable = false;
    uint32_t error = check_open(&object, tag, open_mode, &writable);
    if (error != EC_SUCCESS)
        return error;
    struct arena arena = {0};
    struct reading reading;
    struct found_property found;
    struct stream *stream = calloc(1, sizeof *stream);
    struct stream_content *content = calloc(1, sizeof *content);
    if (stream == NULL || content == NULL) {
        free(stream);
        free(content);
        return EC_OUT_OF_MEMORY;
    }
    *content = (struct stream_content){.references = 1, .object = object, .tag = tag, .writable = writable};
    content_hold_object(&object);
    stream->content = content;
    error = find_value(&arena, logon, content, &reading, &found);
    content->codepage = reading.codepage;
    bool create = open_mode == STREAM_CREATE;
    if (error == EC_SUCCESS && found.kind == FOUND_NOTHING && !create)
        error = EC_NOT_FOUND; /* R549 */
    uint16_t have = PROPERTY_TYPE(found.value.tag), want = PROPERTY_TYPE(tag);
    if (error == EC_SUCCESS && found.kind != FOUND_NOTHING && !is_stream_type(have))
        error = EC_NOT_FOUND;
    bool other_type = error == EC_SUCCESS && (want == PTYP_STRING8 || (found.kind != FOUND_NOTHING && have != want));
    if (error == EC_SUCCESS && (other_type || (writable && object.kind == OBJECT_FOLDER)))
        error = fill_apart(&arena, logon, content, &reading, &found);
    if (error == EC_SUCCESS && create && writable) /* an existing value is replaced (2.2.14.1) */
        error = found.kind == FOUND_NOTHING ? EC_SUCCESS : stream_set_size(logon, stream, 0);
    if (error == EC_SUCCESS && create && writable && found.kind == FOUND_NOTHING && content->apart == NULL) {
        struct bag_value *value;
        error = own_value(&arena, logon, content, &value);
    }
    if (error == EC_SUCCESS)
        error = stream_size(logon, stream, ret_size);
    arena_free(&arena);
    if (error != EC_SUCCESS) {
        content->dirty = false;
        stream_close(logon, stream);
        return error;
    }
    *ret_stream = stream;
    return EC_SUCCESS;
}

/* ---- Reading and writing ---- */

uint32_t stream_read(struct arena *arena, struct logon *logon, struct stream *stream, uint32_t size, struct bytes *ret_data)
{
    struct stream_content *content = stream->content;
    struct reading reading;
    struct found_property found = {.kind = FOUND_NOTHING};
    uint32_t error = content->apart == NULL ? find_value(arena, logon, content, &reading, &found) : EC_SUCCESS;
    if (error != EC_SUCCESS)
        return error;
    uint64_t total = content->apart != NULL ? bag_value_size(content->apart) : found_size(&found);
    uint64_t left = stream->position < total ? total - stream->position : 0;
    size_t wanted = size < left ? size : (size_t)left, got = 0;
    uint8_t *data = arena_allocate(arena, wanted > 0 ? wanted : 1);
    if (data == NULL)
        return EC_OUT_OF_MEMORY;
    if (wanted > 0)
        error = content->apart != NULL ? bag_value_read(logon->mailbox, content->apart, stream->position, wanted, data, &got)
                                       : read_found(logon, &found, stream->position, wanted, data, &got);
    if (error != EC_SUCCESS)
        return error;
    stream->position += got;
    *ret_data = bytes_of(data, got);
    return EC_SUCCESS;
}

uint32_t stream_write(struct logon *logon, struct stream *stream, struct bytes data, uint32_t *ret_written)
{
    struct stream_content *content = stream->content;
    if (!content->writable)
        return EC_STORAGE_ACCESS_DENIED; /* R900 */
    bool too_big = false;
    if (stream->position > MESSAGE_SIZE_DEFAULT_MAX || data.size > MESSAGE_SIZE_DEFAULT_MAX - stream->position) {
        too_big = true; /* R55706, R564 */
        data.size = stream->position < MESSAGE_SIZE_DEFAULT_MAX ? (size_t)(MESSAGE_SIZE_DEFAULT_MAX - stream->position) : 0;
    }
    struct arena arena = {0};
    struct bag_value *value = NULL;
    uint32_t error = own_value(&arena, logon, content, &value);
    if (error == EC_SUCCESS)
        error = bag_value_write(logon->mailbox, value, stream->position, data);
    arena_free(&arena);
    if (error != EC_SUCCESS)
        return error == EC_MESSAGE_TOO_BIG ? EC_TOO_BIG : error;
    content->dirty = true;
    stream->position += data.size;
    *ret_written = (uint32_t)data.size;
    return too_big ? EC_TOO_BIG : EC_SUCCESS;
}

static uint32_t size_of(struct logon *logon, struct stream *stream, uint64_t *ret_size)
{
    struct stream_content *content = stream->content;
    if (content->apart != NULL) {
        *ret_size = bag_value_size(content->apart);
        return EC_SUCCESS;
    }
    struct arena arena = {0};
    struct reading reading;
    struct found_property found;
    uint32_t error = find_value(&arena, logon, content, &reading, &found);
    if (error == EC_SUCCESS)
        *ret_size = found_size(&found);
    arena_free(&arena);
    return error;
}

uint32_t stream_size(struct logon *logon, struct stream *stream, uint32_t *ret_size)
{
    uint64_t size = 0;
    uint32_t error = size_of(logon, stream, &size);
    if (error == EC_SUCCESS)
        *ret_size = (uint32_t)size;
    return error;
}

uint32_t stream_set_size(struct logon *logon, struct stream *stream, uint64_t size)
{
    struct stream_content *content = stream->content;
    if (!content->writable)
        return EC_STORAGE_ACCESS_DENIED;
    if (size > MESSAGE_SIZE_DEFAULT_MAX)
        return EC_TOO_BIG;
    struct arena arena = {0};
    struct bag_value *value = NULL;
    uint32_t error = own_value(&arena, logon, content, &value);
    if (error == EC_SUCCESS)
        error = bag_value_resize(logon->mailbox, value, size);
    arena_free(&arena);
    if (error == EC_SUCCESS)
        content->dirty = true;
    return error;
}

uint32_t stream_seek(struct logon *logon, struct stream *stream, uint8_t origin, int64_t offset, uint64_t *ret_position)
{
    uint64_t size = 0;
    if (origin > STREAM_ORIGIN_END)
        return EC_STORAGE_INVALID_PARAMETER; /* R902 */
    uint32_t error = size_of(logon, stream, &size);
    if (error != EC_SUCCESS)
        return error;
    uint64_t base = origin == STREAM_ORIGIN_BEGINNING ? 0 : origin == STREAM_ORIGIN_CURRENT ? stream->position : size;
    if (offset < 0 ? (offset == INT64_MIN || (uint64_t)-offset > base) : (uint64_t)offset > STREAM_SIZE_MAX - base)
        return EC_STREAM_SEEK_ERROR; /* R582, R584 */
    uint64_t position = base + (uint64_t)offset;
    if (position > size && stream->content->writable) {
        error = stream_set_size(logon, stream, position); /* R583 */
        if (error != EC_SUCCESS)
            return error == EC_TOO_BIG ? EC_STREAM_SEEK_ERROR : error;
    }
    stream->position = position;
    *ret_position = position;
    return EC_SUCCESS;
}

/* Puts a value of the stream's own in the place of the property. */
static uint32_t put_in_place(struct arena *arena, struct logon *logon, struct stream_content *content)
{
    struct writing writing;
    uint32_t error = writing_begin(arena, logon, content->object, &writing);
    if (error != EC_SUCCESS)
        return error;
    struct bag_value *value = bag_value_new(writing.bag->account, content->tag);
    uint64_t size = bag_value_size(content->apart);
    uint16_t id = PROPERTY_ID(content->tag);
    if (value == NULL)
        error = EC_OUT_OF_MEMORY;
    if (error == EC_SUCCESS && PROPERTY_TYPE(content->tag) == PTYP_STRING8) {
        uint8_t *text = size <= ARENA_SIZE_MAX / 4 ? arena_allocate(arena, (size_t)size + 1) : NULL;
        size_t got = 0;
        error =
            text == NULL ? EC_OUT_OF_MEMORY : bag_value_read(logon->mailbox, content->apart, 0, (size_t)size, text, &got);
        value->value.tag = PROPERTY_TAG(id, PTYP_STRING);
        if (error == EC_SUCCESS)
            error = bag_value_write(
                logon->mailbox, value, 0, text_utf16_of_codepage(arena, content->codepage, bytes_of(text, got)));
    } else {
        uint8_t *step = arena_allocate(arena, COPY_STEP_SIZE);
        if (step == NULL)
            error = EC_OUT_OF_MEMORY;
        for (uint64_t at = 0; error == EC_SUCCESS && at < size;) {
            size_t got = 0;
            error = bag_value_read(logon->mailbox, content->apart, at, COPY_STEP_SIZE, step, &got);
            if (error == EC_SUCCESS)
                error = bag_value_write(logon->mailbox, value, at, bytes_of(step, got));
            at += got;
        }
    }
    if (error == EC_SUCCESS)
        error = writing_put(&writing, id, value);
    else
        bag_value_release(logon->mailbox, value);
    if (error != EC_SUCCESS) {
        writing_cancel(&writing);
        return error;
    }
    return writing_end(&writing);
}

uint32_t stream_commit(struct logon *logon, struct stream *stream)
{
    struct stream_content *content = stream->content;
    if (!content->writable)
        return EC_SUCCESS;
    if (content->apart == NULL || !content->dirty)
        return EC_SUCCESS; /* the property has it already (R571) */
    struct arena arena = {0};
    uint32_t error = put_in_place(&arena, logon, content);
    arena_free(&arena);
    if (error == EC_SUCCESS)
        content->dirty = false;
    return error;
}

uint32_t stream_copy_to(struct logon *logon, struct stream *source, struct stream *destination, uint64_t size,
    uint64_t *ret_read, uint64_t *ret_written)
{
    struct arena arena = {0};
    uint64_t read = 0, written = 0;
    uint32_t error = destination->content->writable ? EC_SUCCESS : EC_STORAGE_ACCESS_DENIED;
    while (error == EC_SUCCESS && read < size) {
        struct bytes data;
        uint32_t part = 0;
        uint64_t left = size - read;
        arena_reset(&arena);
        error = stream_read(&arena, logon, source, left < COPY_STEP_SIZE ? (uint32_t)left : COPY_STEP_SIZE, &data);
        if (error != EC_SUCCESS || data.size == 0)
            break;
        read += data.size;
        error = stream_write(logon, destination, data, &part);
        written += part;
    }
    arena_free(&arena);
    *ret_read = read;
    *ret_written = written;
    return error;
}

uint32_t stream_clone(struct stream *stream, struct stream **ret_stream)
{
    struct stream *clone = malloc(sizeof *clone);
    if (clone == NULL)
        return EC_OUT_OF_MEMORY;
    *clone = *stream;
    stream->content->references++;
    *ret_stream = clone;
    return EC_SUCCESS;
}

void stream_close(struct logon *logon, struct stream *stream)
{
    if (stream == NULL)
        return;
    if (logon != NULL && logon->mailbox != NULL && stream->content->dirty)
        (void)stream_commit(logon, stream); /* R56405; RopRelease has no answer to say a failure in */
    stream_content_release(logon, stream->content);
    free(stream);
}

bool stream_is_writable(const struct stream *stream)
{
    return stream->content->writable;
}
