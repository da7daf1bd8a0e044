/* Setting and deleting properties (MS-OXCPRPT 3.2.5.4, 3.2.5.5). */
#include "mailbox/property_write.h"

#include "base/limits.h"
#include "mailbox/computed.h"
#include "mailbox/folder_write.h"
#include "mailbox/tags.h"
#include "mailbox/value.h"
#include "store/packed_properties.h"

#define OBJECT_MEMORY_SIZE_MAX (64u << 20)
#define MESSAGE_CLASS_LENGTH_MAX 255u

/* ---- What may be written ---- */

/* Read-only for clients (MS-OXCMSG R1724), yet often among what they copy: passed over (MS-OXCPRPT R47510). */
static bool is_ignored(const struct object *object, uint32_t tag)
{
    if (object->kind != OBJECT_MESSAGE && object->kind != OBJECT_ATTACHMENT)
        return false;
    switch (PROPERTY_ID(tag)) {
    case PROPERTY_ID(PID_TAG_CREATION_TIME):
    case PROPERTY_ID(PID_TAG_LAST_MODIFICATION_TIME):
    case PROPERTY_ID(PID_TAG_LAST_MODIFIER_NAME):
    case PROPERTY_ID(PID_TAG_LAST_MODIFIER_ENTRY_ID):
    case PROPERTY_ID(PID_TAG_READ): return true;
    case PROPERTY_ID(PID_TAG_SEARCH_KEY): return object->kind == OBJECT_MESSAGE && object->message->message_id != 0;
    case PROPERTY_ID(PID_TAG_MESSAGE_FLAGS): /* only before the first save (R31) */
        return object->kind == OBJECT_MESSAGE && object->message->message_id != 0;
    default: return false;
    }
}

static bool is_settable_though_computed(const struct object *object, uint32_t tag)
{
    return object->kind == OBJECT_MESSAGE && PROPERTY_ID(tag) == PROPERTY_ID(PID_TAG_MESSAGE_FLAGS);
}

uint32_t property_check_writable(const struct object *object, uint32_t tag, bool *ret_ignore)
{
    *ret_ignore = false;
    if (!value_type_is_storable(PROPERTY_TYPE(tag)))
        return EC_INVALID_TYPE;
    if (PROPERTY_ID(tag) == 0)
        return EC_INVALID_PARAMETER;
    if (is_ignored(object, tag)) {
        *ret_ignore = true;
        return EC_SUCCESS;
    }
    if (object->kind == OBJECT_STORE && (tag == PID_TAG_COMMENT || tag == PID_TAG_DELETE_AFTER_SUBMIT))
        return EC_ACCESS_DENIED; /* MS-OXCSTOR R3128, R306800301 */
    if (is_settable_though_computed(object, tag))
        return EC_SUCCESS;
    if (object_is_computed(object->kind, PROPERTY_ID(tag)))
        return object->kind == OBJECT_STORE ? EC_ACCESS_DENIED : EC_COMPUTED_VALUE;
    if (PROPERTY_TYPE(tag) == PTYP_OBJECT)
        return EC_NOT_SUPPORTED; /* by stream or embedded message */
    return EC_SUCCESS;
}

/* ---- One object ---- */

uint32_t writing_begin(struct arena *arena, struct logon *logon, struct object object, struct writing *ret_writing)
{
    struct writing *writing = ret_writing;
    *writing = (struct writing){
        .arena = arena, .logon = logon, .object = object, .codepage = logon->codepage != 0 ? logon->codepage : 1252};
    uint32_t error = EC_SUCCESS;
    switch (object.kind) {
    case OBJECT_MESSAGE:
        error = message_begin_change(logon->mailbox, object.message);
        writing->bag = &object.message->content->bag;
        writing->codepage = object.message->codepage;
        return error;
    case OBJECT_ATTACHMENT:
        error = attachment_begin_change(logon->mailbox, object.attachment);
        writing->bag = &object.attachment->content->bag;
        writing->codepage = object.attachment->message->codepage;
        return error;
    default:
        writing->own_account.size_max = OBJECT_MEMORY_SIZE_MAX;
        writing->own_bag.account = &writing->own_account;
        writing->bag = &writing->own_bag;
        return reading_open(arena, logon, object, &writing->before);
    }
}

/* A folder's name must be free among its siblings, and not empty. */
static uint32_t check_folder_name(struct writing *writing, struct bytes name)
{
    uint64_t found = 0;
    const struct store_folder *folder = &writing->before.folder;
    if (name.size == 0)
        return EC_INVALID_PARAMETER;
    if (folder->parent_id == 0)
        return EC_SUCCESS;
    enum store_status status = store_folder_find(writing->logon->mailbox->store, folder->parent_id, name, &found);
    if (status == STORE_NOT_FOUND || (status == STORE_OK && found == folder->folder_id))
        return EC_SUCCESS;
    return status == STORE_OK ? EC_COLLIDING_NAMES : mailbox_error(status);
}

static bool is_subject_part(uint16_t id)
{
    return id == PROPERTY_ID(PID_TAG_SUBJECT) || id == PROPERTY_ID(PID_TAG_SUBJECT_PREFIX) ||
           id == PROPERTY_ID(PID_TAG_NORMALIZED_SUBJECT);
}

/* The parts that are only stored come into the bag first, so that the rule sees all three. */
static uint32_t load_subject_parts(struct writing *writing)
{
    static const uint32_t parts[] = {PID_TAG_SUBJECT_PREFIX, PID_TAG_NORMALIZED_SUBJECT};
    struct content *content = writing->object.message->content;
    if (content->message_id == 0)
        return EC_SUCCESS;
    struct property_source source;
    uint32_t error = content_source(writing->arena, writing->logon->mailbox, content, &source, NULL);
    for (size_t i = 0; error == EC_SUCCESS && i < 2; i++) {
        struct found_property found;
        if (bag_find(&content->bag, PROPERTY_ID(parts[i])) != NULL)
            continue;
        source_find(writing->arena, &source, PROPERTY_ID(parts[i]), &found);
        if (found.kind == FOUND_VALUE)
            error = bag_set(writing->logon->mailbox, &content->bag, &found.value);
    }
    return error;
}

static uint32_t subject_written(struct writing *writing, uint16_t id)
{
    if (writing->object.kind != OBJECT_MESSAGE || !is_subject_part(id))
        return EC_SUCCESS;
    return message_subject_changed(writing->arena, writing->logon->mailbox, writing->object.message->content, id);
}

uint32_t writing_set(struct writing *writing, const struct property_value *value)
{
    bool ignore = false;
    uint32_t error = property_check_writable(&writing->object, value->tag, &ignore);
    if (error != EC_SUCCESS || ignore)
        return error;
    struct property_value normalized;
    if (!value_normalize(writing->arena, writing->codepage, value, &normalized))
        return EC_OUT_OF_MEMORY;
    if (writing->object.kind == OBJECT_FOLDER && normalized.tag == PID_TAG_DISPLAY_NAME)
        error = check_folder_name(writing, normalized.bytes);
    if (error == EC_SUCCESS && writing->object.kind == OBJECT_MESSAGE && normalized.tag == PID_TAG_MESSAGE_CLASS &&
        (normalized.bytes.size == 0 || normalized.bytes.size / 2 > MESSAGE_CLASS_LENGTH_MAX))
        error = EC_INVALID_PARAMETER; /* MS-OXCMSG R502 */
    uint16_t id = PROPERTY_ID(normalized.tag);
    if (error == EC_SUCCESS && writing->object.kind == OBJECT_MESSAGE && is_subject_part(id))
        error = load_subject_parts(writing);
    if (error == EC_SUCCESS)
        error = bag_set(writing->logon->mailbox, writing->bag, &normalized);
    if (error == EC_SUCCESS && normalized.tag != 0)
        error = subject_written(writing, id);
    return error;
}

uint32_t writing_put(struct writing *writing, uint16_t id, struct bag_value *value)
{
    uint32_t error = bag_put(writing->logon->mailbox, writing->bag, id, value);
    return error == EC_SUCCESS ? subject_written(writing, id) : error;
}

uint32_t writing_delete(struct writing *writing, uint32_t tag)
{
    bool ignore = false;
    /* The type does not matter: one id, one property. */
    uint32_t error = property_check_writable(&writing->object, PROPERTY_TAG(PROPERTY_ID(tag), PTYP_BINARY), &ignore);
    if (error == EC_SUCCESS && writing->object.kind == OBJECT_FOLDER &&
        PROPERTY_ID(tag) == PROPERTY_ID(PID_TAG_DISPLAY_NAME))
        error = EC_ACCESS_DENIED;
    if (error != EC_SUCCESS || ignore)
        return error;
    return bag_delete(writing->logon->mailbox, writing->bag, PROPERTY_ID(tag));
}

static uint32_t write_store_properties(struct writing *writing)
{
    struct property_source source = {.bag = &writing->own_bag, .packed = writing->before.source.packed};
    struct found_property *found;
    struct buffer packed = {0};
    uint32_t count = 0;
    uint32_t error = source_list(writing->arena, &source, &found, &count);
    struct property_value *values =
        error == EC_SUCCESS ? arena_array(writing->arena, struct property_value, (size_t)count + 1) : NULL;
    struct property_list list = {.values = values};
    if (error == EC_SUCCESS && values == NULL)
        error = EC_OUT_OF_MEMORY;
    for (uint32_t i = 0; error == EC_SUCCESS && i < count; i++)
        error = source_load(
            writing->arena, writing->logon->mailbox, &source, &found[i], BAG_MEMORY_VALUE_SIZE_MAX, &values[list.count++]);
    if (error == EC_SUCCESS && !packed_properties_write(&packed, &list, NULL, 0))
        error = EC_TOO_BIG;
    if (error == EC_SUCCESS)
        error = mailbox_error(store_meta_set(writing->logon->mailbox->store, STORE_PROPERTIES_META, buffer_bytes(&packed)));
    buffer_free(&packed);
    return error;
}

static uint32_t write_folder(struct writing *writing)
{
    struct mailbox *mailbox = writing->logon->mailbox;
    struct store_folder *folder = &writing->before.folder;
    struct folder_change change = {.bag = &writing->own_bag};
    uint32_t error = folder_write(writing->arena, mailbox, folder, &change);
    if (error == EC_SUCCESS)
        mailbox_changed(
            mailbox, &(struct change){
                         .kind = CHANGE_FOLDER_MODIFIED, .folder_id = folder->folder_id, .parent_id = folder->parent_id});
    return error;
}

uint32_t writing_end(struct writing *writing)
{
    uint32_t error = EC_SUCCESS;
    bool stored_at_once = writing->object.kind == OBJECT_FOLDER || writing->object.kind == OBJECT_STORE;
    if (stored_at_once && writing->own_bag.count > 0) {
        struct write_scope scope;
        error = write_scope_begin(writing->logon->mailbox, &scope);
        if (error == EC_SUCCESS) {
            error = writing->object.kind == OBJECT_FOLDER ? write_folder(writing) : write_store_properties(writing);
            error = write_scope_end(writing->logon->mailbox, scope, error);
        }
    }
    writing_cancel(writing);
    return error;
}

void writing_cancel(struct writing *writing)
{
    bag_free(writing->logon->mailbox, &writing->own_bag);
}

/* ---- The ROPs ---- */

static void failed(struct property_failures *failures, uint32_t index, uint32_t tag, uint32_t error)
{
    failures->failures[failures->count++] = (struct property_failure){.index = (uint16_t)index, .tag = tag, .error = error};
}

uint32_t properties_set(struct arena *arena, struct logon *logon, struct object object, struct property_list properties,
    struct property_failures *ret_failures)
{
    struct writing writing;
    struct property_failures failures = {
        .failures = arena_array(arena, struct property_failure, (size_t)properties.count + 1)};
    if (failures.failures == NULL)
        return EC_OUT_OF_MEMORY;
    uint32_t error = writing_begin(arena, logon, object, &writing);
    if (error != EC_SUCCESS)
        return error;
    for (uint32_t i = 0; i < properties.count; i++) {
        error = writing_set(&writing, &properties.values[i]);
        if (error != EC_SUCCESS)
            failed(&failures, i, properties.values[i].tag, error);
    }
    error = writing_end(&writing);
    if (error == EC_SUCCESS)
        *ret_failures = failures;
    return error;
}

uint32_t properties_delete(struct arena *arena, struct logon *logon, struct object object, const uint32_t *tags,
    uint32_t count, struct property_failures *ret_failures)
{
    struct writing writing;
    struct property_failures failures = {.failures = arena_array(arena, struct property_failure, (size_t)count + 1)};
    if (failures.failures == NULL)
        return EC_OUT_OF_MEMORY;
    uint32_t error = writing_begin(arena, logon, object, &writing);
    if (error != EC_SUCCESS)
        return error;
    for (uint32_t i = 0; i < count; i++) {
        error = writing_delete(&writing, tags[i]);
        if (error != EC_SUCCESS)
            failed(&failures, i, tags[i], error);
    }
    error = writing_end(&writing);
    if (error == EC_SUCCESS)
        *ret_failures = failures;
    return error;
}
