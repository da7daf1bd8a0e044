/* Copying properties and sub-objects between objects of one kind (MS-OXCPRPT 3.2.5.7, 3.2.5.8). */
#include <stdlib.h>

#include "mailbox/folder_write.h"
#include "mailbox/property_write.h"
#include "mailbox/tags.h"

struct copy {
    struct arena *arena;
    struct logon *logon;
    struct object source, destination;
    bool no_overwrite;
    struct reading from;
    struct reading before; /* the destination as it was */
    struct writing to;
    struct property_failures failures;
};

static void failed(struct copy *copy, uint32_t index, uint32_t tag, uint32_t error)
{
    copy->failures.failures[copy->failures.count++] =
        (struct property_failure){.index = (uint16_t)index, .tag = tag, .error = error};
}

/* Whether the destination lies in the source, through embedded messages. */
static bool contains(const struct object *source, const struct object *destination)
{
    const struct message *message =
        destination->kind == OBJECT_MESSAGE ? destination->message : destination->attachment->message;
    for (; message != NULL; message = message->parent != NULL ? message->parent->message : NULL) {
        if (source->kind == OBJECT_MESSAGE && message == source->message)
            return true;
        if (source->kind == OBJECT_ATTACHMENT && message->parent == source->attachment)
            return true;
    }
    return false;
}

static uint32_t check_objects(const struct object *source, const struct object *destination, uint8_t flags)
{
    if ((flags & ~(PROPERTY_COPY_MOVE | PROPERTY_COPY_NO_OVERWRITE)) != 0)
        return EC_INVALID_PARAMETER; /* R880 */
    if (source->kind != destination->kind || source->kind == OBJECT_STORE)
        return EC_NOT_SUPPORTED; /* R508, R821 */
    if (source->kind == OBJECT_FOLDER)
        return (flags & PROPERTY_COPY_MOVE) != 0 ? EC_NOT_SUPPORTED : EC_SUCCESS; /* R881 */
    return contains(source, destination) ? EC_MESSAGE_CYCLE : EC_SUCCESS;         /* R896 */
}

static uint32_t begin(struct copy *copy, uint32_t tag_count, uint8_t flags)
{
    uint32_t error = check_objects(&copy->source, &copy->destination, flags);
    copy->no_overwrite = (flags & PROPERTY_COPY_NO_OVERWRITE) != 0;
    copy->failures.failures = arena_array(copy->arena, struct property_failure, (size_t)tag_count + 8);
    if (error == EC_SUCCESS && copy->failures.failures == NULL)
        error = EC_OUT_OF_MEMORY;
    if (error == EC_SUCCESS)
        error = reading_open(copy->arena, copy->logon, copy->source, &copy->from);
    if (error == EC_SUCCESS)
        error = reading_open(copy->arena, copy->logon, copy->destination, &copy->before);
    if (error == EC_SUCCESS)
        error = writing_begin(copy->arena, copy->logon, copy->destination, &copy->to);
    return error;
}

static bool destination_has(struct copy *copy, uint32_t tag)
{
    struct found_property found;
    source_find(copy->arena, &copy->before.source, PROPERTY_ID(tag), &found);
    return found.kind != FOUND_NOTHING;
}

static uint32_t copy_apart(struct copy *copy, const struct found_property *found)
{
    struct mailbox *mailbox = copy->logon->mailbox;
    bool ignore = false;
    uint32_t error =
        property_check_writable(&copy->destination, PROPERTY_TAG(PROPERTY_ID(found->value.tag), PTYP_BINARY), &ignore);
    if (error != EC_SUCCESS || ignore)
        return error;
    if (found->staged != NULL)
        error = bag_value_flush(mailbox, found->staged);
    struct bag_value *value = error == EC_SUCCESS ? bag_value_new(copy->to.bag->account, found->value.tag) : NULL;
    if (value == NULL)
        return error != EC_SUCCESS ? error : EC_OUT_OF_MEMORY;
    error = mailbox_error(store_value_copy(
        mailbox->store, found->staged != NULL ? found->staged->value_id : found->value_id, &value->value_id));
    if (error != EC_SUCCESS) {
        bag_value_release(mailbox, value);
        return error;
    }
    value->staged = true;
    value->stored_size = found->size;
    return writing_put(&copy->to, PROPERTY_ID(found->value.tag), value);
}

static uint32_t copy_property(struct copy *copy, const struct found_property *found)
{
    if (copy->no_overwrite && destination_has(copy, found->value.tag))
        return EC_SUCCESS; /* R879 */
    if (found->kind == FOUND_VALUE && PROPERTY_TYPE(found->value.tag) == PTYP_OBJECT)
        return bag_set(copy->logon->mailbox, copy->to.bag, &found->value); /* clients cannot set these, copies can */
    return found->kind == FOUND_APART ? copy_apart(copy, found) : writing_set(&copy->to, &found->value);
}

/* ---- Sub-objects of messages ---- */

static uint32_t copy_recipients(struct copy *copy)
{
    struct recipient *recipients;
    uint32_t count = 0, old_count = 0;
    struct message *to = copy->destination.message;
    uint32_t error = message_recipients(copy->arena, copy->logon, copy->source.message, &recipients, &count);
    if (error == EC_SUCCESS && copy->no_overwrite) {
        struct recipient *old;
        error = message_recipients(copy->arena, copy->logon, to, &old, &old_count);
    }
    if (error != EC_SUCCESS || old_count > 0)
        return error;
    error = message_remove_all_recipients(copy->logon, to);
    return error == EC_SUCCESS ? message_modify_recipients(copy->logon, to, recipients, NULL, count) : error;
}

static uint32_t copy_attachments(struct copy *copy)
{
    struct mailbox *mailbox = copy->logon->mailbox;
    struct message *to = copy->destination.message;
    struct attachment_listed *from, *old;
    uint32_t count = 0, old_count = 0;
    uint32_t error = content_attachments(copy->arena, mailbox, copy->source.message->content, &from, &count);
    if (error == EC_SUCCESS)
        error = content_attachments(copy->arena, mailbox, to->content, &old, &old_count);
    if (error == EC_SUCCESS && copy->no_overwrite && old_count > 0)
        return EC_SUCCESS;
    if (error == EC_SUCCESS)
        error = message_begin_change(mailbox, to);
    uint32_t next = old_count > 0 ? old[old_count - 1].number + 1 : 0;
    if (next < to->next_attachment_number)
        next = to->next_attachment_number;
    for (uint32_t i = 0; error == EC_SUCCESS && i < count; i++) {
        struct attachment_content *opened = NULL, *duplicate = NULL;
        error = content_open_attachment(mailbox, copy->source.message->content, from[i].number, &opened);
        if (error == EC_SUCCESS)
            error = attachment_content_duplicate(mailbox, opened, message_account(to), 0, &duplicate);
        attachment_content_release(mailbox, opened);
        if (error != EC_SUCCESS)
            break;
        duplicate->number = next;
        error = content_put_slot(mailbox, to->content, next++, duplicate);
    }
    to->next_attachment_number = next;
    return error;
}

static uint32_t copy_embedded(struct copy *copy)
{
    struct mailbox *mailbox = copy->logon->mailbox;
    struct attachment *to = copy->destination.attachment;
    struct content *embedded = NULL, *duplicate = NULL;
    uint32_t error = attachment_content_open_embedded(mailbox, copy->source.attachment->content, &embedded);
    if (error == EC_NOT_FOUND)
        return EC_SUCCESS;
    if (error == EC_SUCCESS)
        error = content_duplicate(mailbox, embedded, message_account(to->message), to->message->depth + 1, &duplicate);
    content_release(mailbox, embedded);
    if (error == EC_SUCCESS)
        error = attachment_begin_change(mailbox, to);
    if (error != EC_SUCCESS) {
        content_release(mailbox, duplicate);
        return error;
    }
    content_release(mailbox, to->content->embedded);
    to->content->embedded = duplicate;
    return EC_SUCCESS;
}

/* The sub-object that a tag names; EC_NOT_FOUND where it names none of this kind of object. */
static uint32_t copy_sub_object(struct copy *copy, uint32_t tag)
{
    bool partial = false;
    uint16_t id = PROPERTY_ID(tag);
    if (copy->source.kind == OBJECT_MESSAGE && id == PROPERTY_ID(PID_TAG_MESSAGE_RECIPIENTS))
        return copy_recipients(copy);
    if (copy->source.kind == OBJECT_MESSAGE && id == PROPERTY_ID(PID_TAG_MESSAGE_ATTACHMENTS))
        return copy_attachments(copy);
    if (copy->source.kind == OBJECT_ATTACHMENT && tag == PID_TAG_ATTACH_DATA_OBJECT)
        return copy_embedded(copy);
    if (copy->source.kind != OBJECT_FOLDER)
        return EC_NOT_FOUND;
    uint64_t from = copy->source.folder_id, to = copy->destination.folder_id;
    if (id == PROPERTY_ID(PID_TAG_CONTAINER_CONTENTS))
        return folder_copy_all_messages(copy->logon, from, to, false, &partial);
    if (id == PROPERTY_ID(PID_TAG_FOLDER_ASSOCIATED_CONTENTS))
        return folder_copy_all_messages(copy->logon, from, to, true, &partial);
    if (id == PROPERTY_ID(PID_TAG_CONTAINER_HIERARCHY))
        return folder_copy_children(copy->logon, from, to, &partial);
    return EC_NOT_FOUND;
}

/* Folder properties are written first: what is copied into the folder afterwards sees them, and a later failure rolls both
 * back with the ROP's savepoint. */
static uint32_t finish(struct copy *copy, struct write_scope scope, uint32_t error, struct property_failures *ret_failures)
{
    error = write_scope_end(copy->logon->mailbox, scope, error);
    if (error == EC_SUCCESS)
        *ret_failures = copy->failures;
    return error;
}

uint32_t properties_copy(struct arena *arena, struct logon *logon, struct object source, struct object destination,
    const uint32_t *tags, uint32_t count, uint8_t flags, struct property_failures *ret_failures)
{
    struct copy copy = {.arena = arena, .logon = logon, .source = source, .destination = destination};
    uint32_t error = begin(&copy, count, flags);
    struct write_scope scope;
    if (error == EC_SUCCESS)
        error = write_scope_begin(logon->mailbox, &scope);
    if (error != EC_SUCCESS)
        return error;
    for (uint32_t i = 0; i < count; i++) {
        struct found_property found;
        uint32_t result = PROPERTY_TYPE(tags[i]) == PTYP_OBJECT ? EC_SUCCESS : EC_NOT_FOUND;
        source_find(arena, &copy.from.source, PROPERTY_ID(tags[i]), &found);
        if (found.kind != FOUND_NOTHING && tags[i] != PID_TAG_MESSAGE_RECIPIENTS)
            result = copy_property(&copy, &found);
        if (result != EC_SUCCESS)
            failed(&copy, i, tags[i], result);
    }
    error = writing_end(&copy.to);
    for (uint32_t i = 0; error == EC_SUCCESS && i < count; i++) {
        uint32_t result = copy_sub_object(&copy, tags[i]);
        if (result != EC_NOT_FOUND && result != EC_SUCCESS)
            error = result;
    }
    return finish(&copy, scope, error, ret_failures);
}

static bool is_excluded(const uint32_t *tags, uint32_t count, uint32_t tag)
{
    for (uint32_t i = 0; i < count; i++)
        if (PROPERTY_ID(tags[i]) == PROPERTY_ID(tag))
            return true;
    return false;
}

/* What stays with the object it belongs to. */
static bool is_own(const struct object *object, uint32_t tag)
{
    if (object->kind == OBJECT_FOLDER)
        return PROPERTY_ID(tag) == PROPERTY_ID(PID_TAG_DISPLAY_NAME);
    return tag == PID_TAG_MESSAGE_RECIPIENTS ||
           (object->kind == OBJECT_MESSAGE && PROPERTY_ID(tag) == PROPERTY_ID(PID_TAG_MESSAGE_FLAGS));
}

uint32_t properties_copy_to(struct arena *arena, struct logon *logon, struct object source, struct object destination,
    const uint32_t *excluded_tags, uint32_t count, bool want_subobjects, uint8_t flags,
    struct property_failures *ret_failures)
{
    static const uint32_t sub_objects[] = {PID_TAG_MESSAGE_RECIPIENTS, PID_TAG_MESSAGE_ATTACHMENTS,
        PID_TAG_ATTACH_DATA_OBJECT, PID_TAG_CONTAINER_CONTENTS, PID_TAG_FOLDER_ASSOCIATED_CONTENTS,
        PID_TAG_CONTAINER_HIERARCHY};
    struct copy copy = {.arena = arena, .logon = logon, .source = source, .destination = destination};
    struct found_property *found = NULL;
    uint32_t found_count = 0;
    uint32_t error = begin(&copy, 0, flags);
    if (error == EC_SUCCESS)
        error = source_list(arena, &copy.from.source, &found, &found_count);
    if (error == EC_SUCCESS &&
        (copy.failures.failures = arena_array(arena, struct property_failure, (size_t)found_count + 1)) == NULL)
        error = EC_OUT_OF_MEMORY;
    struct write_scope scope;
    if (error == EC_SUCCESS)
        error = write_scope_begin(logon->mailbox, &scope);
    if (error != EC_SUCCESS)
        return error;
    for (uint32_t i = 0; i < found_count; i++) {
        uint32_t tag = found[i].value.tag;
        if (is_excluded(excluded_tags, count, tag) || is_own(&source, tag) ||
            object_is_computed(source.kind, PROPERTY_ID(tag)))
            continue;
        uint32_t result = copy_property(&copy, &found[i]);
        if (result != EC_SUCCESS)
            failed(&copy, i, tag, result);
    }
    error = writing_end(&copy.to);
    for (size_t i = 0; error == EC_SUCCESS && want_subobjects && i < sizeof sub_objects / sizeof *sub_objects; i++) {
        uint32_t result =
            is_excluded(excluded_tags, count, sub_objects[i]) ? EC_NOT_FOUND : copy_sub_object(&copy, sub_objects[i]);
        if (result != EC_NOT_FOUND && result != EC_SUCCESS)
            error = result;
    }
    return finish(&copy, scope, error, ret_failures);
}
