/* Writing an open message with its attachments and embedded messages into the store (MS-OXCMSG 3.2.5.3): one call of the
 * store, so that it is there whole or not at all. */
#include <stdlib.h>
#include <string.h>

#include "base/filetime.h"
#include "base/limits.h"
#include "base/text.h"
#include "mailbox/computed.h"
#include "mailbox/entry_id.h"
#include "mailbox/handles.h"
#include "mailbox/tags.h"
#include "mailbox/value.h"

/* ---- What every save sets ---- */

static uint32_t set_display_names(struct arena *arena, struct mailbox *mailbox, struct content *content)
{
    static const uint32_t tags[3] = {PID_TAG_DISPLAY_TO, PID_TAG_DISPLAY_CC, PID_TAG_DISPLAY_BCC};
    static const uint8_t separator[4] = {';', 0, ' ', 0};
    struct buffer lines[3] = {{0}};
    const struct recipient_set *set = content->recipients;
    for (uint32_t i = 0; i < set->count; i++) {
        uint8_t type = set->recipients[i].type & 0x0F;
        struct property_list properties = set->recipients[i].properties;
        for (uint32_t j = 0; type >= 1 && type <= 3 && j < properties.count; j++) {
            if (properties.values[j].tag != PID_TAG_DISPLAY_NAME)
                continue;
            struct buffer *line = &lines[type - 1];
            if (line->size > 0)
                buffer_append(line, separator, sizeof separator);
            buffer_append(line, properties.values[j].bytes.data, properties.values[j].bytes.size);
        }
    }
    uint32_t error = EC_SUCCESS;
    for (int i = 0; i < 3; i++) {
        struct property_value value = value_bytes(tags[i], buffer_bytes(&lines[i]));
        if (error == EC_SUCCESS)
            error = lines[i].failed ? EC_OUT_OF_MEMORY : bag_set(mailbox, &content->bag, &value);
        buffer_free(&lines[i]);
    }
    (void)arena;
    return error;
}

static bool bag_has(const struct property_bag *bag, uint32_t tag)
{
    const struct bag_entry *entry = bag_find(bag, PROPERTY_ID(tag));
    return entry != NULL && entry->value != NULL;
}

/* PidTagConversationTopic follows the subject of a new message that brings none (MS-OXOMSG 2.2.1.5). */
static uint32_t set_conversation_topic(struct mailbox *mailbox, struct content *content)
{
    const struct bag_entry *subject = bag_find(&content->bag, PROPERTY_ID(PID_TAG_NORMALIZED_SUBJECT));
    if (subject == NULL || subject->value == NULL || subject->value->staged ||
        bag_has(&content->bag, PID_TAG_CONVERSATION_TOPIC) || content->message_id != 0)
        return EC_SUCCESS;
    struct property_value topic = value_bytes(PID_TAG_CONVERSATION_TOPIC, subject->value->value.bytes);
    return bag_set(mailbox, &content->bag, &topic);
}

uint32_t message_finish_properties(struct arena *arena, struct logon *logon, struct message *message)
{
    struct mailbox *mailbox = logon->mailbox;
    struct content *content = message->content;
    const char *name = logon->display_name != NULL ? logon->display_name : "";
    const char *dn = logon->address_book_dn != NULL ? logon->address_book_dn : "";
    const struct property_value values[] = {
        value_time(PID_TAG_LAST_MODIFICATION_TIME, filetime_now()),
        value_bytes(PID_TAG_LAST_MODIFIER_NAME, text_utf16_of_utf8(arena, bytes_of_string(name))),
        value_bytes(PID_TAG_LAST_MODIFIER_ENTRY_ID, entry_id_of_address(arena, dn, 0)),
    };
    uint32_t error = EC_SUCCESS;
    for (size_t i = 0; error == EC_SUCCESS && i < sizeof values / sizeof *values; i++)
        error = bag_set(mailbox, &content->bag, &values[i]);
    if (error == EC_SUCCESS && content->recipients != NULL)
        error = set_display_names(arena, mailbox, content);
    if (error == EC_SUCCESS)
        error = set_conversation_topic(mailbox, content);
    return error;
}

/* ---- Building the store's form ---- */

/* A node that becomes stored under an id when the write succeeds. */
struct stored_node {
    struct attachment_content *attachment;
    uint64_t attachment_id;
    uint64_t parent_id;
};
struct builder {
    struct arena *arena;
    struct mailbox *mailbox;
    uint64_t message_id;
    struct store_attachment_write *writes;
    uint32_t write_count, write_capacity;
    struct stored_node *nodes;
    uint32_t node_count, node_capacity;
    uint32_t depth;
};

/* Grows an array in the arena by doubling. */
static void *grown(struct arena *arena, void *array, uint32_t count, uint32_t *capacity, size_t element_size)
{
    if (count < *capacity)
        return array;
    uint32_t wanted = *capacity == 0 ? 8 : *capacity * 2;
    void *larger = arena_allocate_array(arena, wanted, element_size);
    if (larger == NULL)
        return NULL;
    if (count > 0)
        memcpy(larger, array, count * element_size);
    *capacity = wanted;
    return larger;
}

static bool is_written(uint32_t tag, bool of_message, bool embedded)
{
    if (!value_type_is_storable(PROPERTY_TYPE(tag)) || tag == PID_TAG_MESSAGE_RECIPIENTS)
        return false;
    if (of_message) /* an embedded message has no row of its own: its flags are kept as a property */
        return (embedded && PROPERTY_ID(tag) == PROPERTY_ID(PID_TAG_MESSAGE_FLAGS)) ||
               !message_is_computed(PROPERTY_ID(tag));
    return PROPERTY_ID(tag) != PROPERTY_ID(PID_TAG_ATTACH_NUMBER) && PROPERTY_ID(tag) != PROPERTY_ID(PID_TAG_ATTACH_SIZE);
}

/* The properties of a source as the store takes them: small ones by value, those apart by id. */
static uint32_t build_content(struct builder *builder, const struct property_source *source, bool of_message, bool embedded,
    struct store_content *ret_content)
{
    struct found_property *found;
    uint32_t count = 0;
    uint32_t error = source_list(builder->arena, source, &found, &count);
    if (error != EC_SUCCESS)
        return error;
    struct property_value *properties = arena_array(builder->arena, struct property_value, (size_t)count + 1);
    struct store_value *values = arena_array(builder->arena, struct store_value, (size_t)count + 1);
    if (properties == NULL || values == NULL)
        return EC_OUT_OF_MEMORY;
    struct store_content content = {.values = values};
    for (uint32_t i = 0; error == EC_SUCCESS && i < count; i++) {
        if (!is_written(found[i].value.tag, of_message, embedded))
            continue;
        if (found[i].kind == FOUND_VALUE) {
            properties[content.properties.count++] = found[i].value;
            continue;
        }
        if (found[i].staged != NULL)
            error = bag_value_flush(builder->mailbox, found[i].staged);
        if (error == EC_SUCCESS && found[i].staged != NULL)
            error = bag_value_check(builder->mailbox, found[i].staged);
        values[content.value_count++] = (struct store_value){
            .tag = found[i].value.tag, .value_id = found[i].staged != NULL ? found[i].staged->value_id : found[i].value_id};
    }
    content.properties.values = properties;
    *ret_content = content;
    return error;
}

static uint32_t build_recipients(
    struct builder *builder, const struct content *content, bool stored, struct store_content *write)
{
    if (content->recipients == NULL) {
        write->keep_recipients = stored;
        return EC_SUCCESS;
    }
    const struct recipient_set *set = content->recipients;
    struct property_list *lists = arena_array(builder->arena, struct property_list, (size_t)set->count + 1);
    if (lists == NULL)
        return EC_OUT_OF_MEMORY;
    for (uint32_t i = 0; i < set->count; i++) {
        struct property_list properties = set->recipients[i].properties;
        struct property_value *values = arena_array(builder->arena, struct property_value, (size_t)properties.count + 2);
        if (values == NULL)
            return EC_OUT_OF_MEMORY;
        values[0] = value_integer32(PID_TAG_ROWID, (int32_t)set->recipients[i].row_id);
        values[1] = value_integer32(PID_TAG_RECIPIENT_TYPE, set->recipients[i].type);
        if (properties.count > 0)
            memcpy(values + 2, properties.values, properties.count * sizeof *values);
        lists[i] = (struct property_list){.count = properties.count + 2, .values = values};
    }
    write->recipients = lists;
    write->recipient_count = set->count;
    return EC_SUCCESS;
}

static uint32_t build_attachments(struct builder *builder, const struct content *content, uint64_t parent_id);

static struct store_attachment_write *add_write(struct builder *builder)
{
    void *writes =
        grown(builder->arena, builder->writes, builder->write_count, &builder->write_capacity, sizeof *builder->writes);
    if (writes == NULL)
        return NULL;
    builder->writes = writes;
    return &builder->writes[builder->write_count++];
}

static bool add_node(
    struct builder *builder, struct attachment_content *attachment, uint64_t attachment_id, uint64_t parent_id)
{
    void *nodes =
        grown(builder->arena, builder->nodes, builder->node_count, &builder->node_capacity, sizeof *builder->nodes);
    if (nodes == NULL)
        return false;
    builder->nodes = nodes;
    builder->nodes[builder->node_count++] = (struct stored_node){attachment, attachment_id, parent_id};
    return true;
}

/* The embedded message of an attachment being written, and what is attached to it. */
static uint32_t build_embedded(struct builder *builder, struct attachment_content *node, uint64_t attachment_id,
    const struct store_content **ret_embedded)
{
    struct store_content *embedded = arena_new(builder->arena, struct store_content);
    struct property_source source;
    if (embedded == NULL)
        return EC_OUT_OF_MEMORY;
    uint32_t error = content_source(builder->arena, builder->mailbox, node->embedded, &source, NULL);
    if (error == EC_SUCCESS)
        error = build_content(builder, &source, true, true, embedded);
    if (error == EC_SUCCESS)
        error = build_recipients(builder, node->embedded, node->embedded->attachment_id != 0, embedded);
    if (error == EC_SUCCESS)
        *ret_embedded = embedded;
    (void)attachment_id;
    return error;
}

static uint32_t build_attachment(
    struct builder *builder, struct attachment_content *node, uint64_t stored_id, uint64_t parent_id)
{
    uint64_t attachment_id = stored_id;
    uint32_t error = EC_SUCCESS;
    if (attachment_id == 0)
        error = mailbox_error(store_allocate_counters(builder->mailbox->store, 1, &attachment_id));
    struct property_source source;
    struct store_attachment_write write = {
        .action = stored_id != 0 ? STORE_ATTACHMENT_UPDATE : STORE_ATTACHMENT_CREATE,
        .attachment_id = attachment_id,
        .parent_id = parent_id,
        .number = node->number,
    };
    if (error == EC_SUCCESS)
        error = attachment_content_source(builder->arena, builder->mailbox, node, &source, NULL);
    if (error == EC_SUCCESS)
        error = build_content(builder, &source, false, false, &write.content);
    if (error == EC_SUCCESS && node->embedded != NULL)
        error = build_embedded(builder, node, attachment_id, &write.embedded);
    struct store_attachment_write *place = error == EC_SUCCESS ? add_write(builder) : NULL;
    if (error == EC_SUCCESS && (place == NULL || !add_node(builder, node, attachment_id, parent_id)))
        error = EC_OUT_OF_MEMORY;
    if (error != EC_SUCCESS)
        return error;
    *place = write;
    return node->embedded != NULL ? build_attachments(builder, node->embedded, attachment_id) : EC_SUCCESS;
}

static uint32_t build_deletion(struct builder *builder, const struct store_attachment *stored, uint64_t parent_id)
{
    struct store_attachment_write *write = add_write(builder);
    if (write == NULL)
        return EC_OUT_OF_MEMORY;
    *write = (struct store_attachment_write){.action = STORE_ATTACHMENT_DELETE,
        .attachment_id = stored->attachment_id,
        .parent_id = parent_id,
        .number = stored->number};
    return EC_SUCCESS;
}

/* The changed attachments of a message that will be (or is) stored under the attachment 'parent_id' (0: outermost). */
static uint32_t build_attachments(struct builder *builder, const struct content *content, uint64_t parent_id)
{
    if (++builder->depth > EMBEDDED_DEPTH_MAX)
        return EC_TOO_COMPLEX;
    const struct store_attachment *stored = NULL;
    uint32_t stored_count = 0;
    uint32_t error = mailbox_error(store_attachment_list(
        builder->mailbox->store, builder->arena, builder->message_id, parent_id, &stored, &stored_count));
    if (error == EC_NOT_FOUND) {
        error = EC_SUCCESS;
        stored_count = 0;
    }
    bool based = content->message_id != 0; /* otherwise what is stored there is replaced as a whole */
    for (uint32_t i = 0; error == EC_SUCCESS && i < stored_count; i++) {
        const struct attachment_slot *slot = content_find_slot(content, stored[i].number);
        if ((slot == NULL && !based) || (slot != NULL && slot->content == NULL))
            error = build_deletion(builder, &stored[i], parent_id);
    }
    for (uint32_t i = 0; error == EC_SUCCESS && i < content->slot_count; i++) {
        uint64_t stored_id = 0;
        for (uint32_t j = 0; j < stored_count; j++)
            if (stored[j].number == content->slots[i].number)
                stored_id = stored[j].attachment_id;
        if (content->slots[i].content != NULL)
            error = build_attachment(builder, content->slots[i].content, stored_id, parent_id);
    }
    builder->depth--;
    return error;
}

/* ---- After the write ---- */

/* What a save changed in the session's own state, to be put back where the transaction is not committed after all: the client
 * may then try again with the same handle. */
struct saved_node {
    struct attachment_content *attachment; /* a reference */
    uint64_t message_id, parent_id, attachment_id;
    uint64_t embedded_message_id, embedded_attachment_id;
};
struct message_undo {
    struct mailbox_undo undo;
    struct logon logon;
    struct message *message; /* a reference */
    struct content *content; /* as it was, a reference */
    uint64_t message_id, change_number;
    bool writable;
    uint32_t node_count;
    struct saved_node nodes[];
};

enum adoption { ADOPT, GIVE_BACK, SETTLE };

/* Staged values belong to what was saved now; to the session again; or for good. */
static void bag_adopt(struct property_bag *bag, enum adoption adoption)
{
    for (uint32_t i = 0; i < bag->count; i++) {
        struct bag_value *value = bag->entries[i].value;
        if (value == NULL || !value->staged || (adoption == ADOPT ? value->owned : !value->adopted))
            continue;
        value->owned = adoption != GIVE_BACK;
        value->adopted = adoption == ADOPT;
    }
}

static void node_adopt(struct attachment_content *node, enum adoption adoption)
{
    bag_adopt(&node->bag, adoption);
    if (node->embedded != NULL)
        bag_adopt(&node->embedded->bag, adoption);
}

static void node_set_place(struct attachment_content *node, const struct saved_node *place)
{
    node->message_id = place->message_id;
    node->parent_id = place->parent_id;
    node->attachment_id = place->attachment_id;
    if (node->embedded == NULL)
        return;
    node->embedded->message_id = place->embedded_message_id;
    node->embedded->attachment_id = place->embedded_attachment_id;
}

static void undo_end(struct message_undo *undo)
{
    undo->logon.mailbox = undo->undo.mailbox;
    for (uint32_t i = 0; i < undo->node_count; i++)
        attachment_content_release(undo->undo.mailbox, undo->nodes[i].attachment);
    content_release(undo->undo.mailbox, undo->content);
    message_close(&undo->logon, undo->message);
    free(undo);
}

static void undo_save(struct mailbox_undo *base)
{
    struct message_undo *undo = (struct message_undo *)base;
    struct message *message = undo->message;
    for (uint32_t i = 0; i < undo->node_count; i++) {
        node_set_place(undo->nodes[i].attachment, &undo->nodes[i]);
        node_adopt(undo->nodes[i].attachment, GIVE_BACK);
    }
    bag_adopt(&undo->content->bag, GIVE_BACK);
    content_release(base->mailbox, message->content);
    message->content = content_reference(undo->content);
    message->message_id = undo->message_id;
    message->change_number = undo->change_number;
    message->writable = undo->writable;
    undo_end(undo);
}

static void forget_undo(struct mailbox_undo *base)
{
    struct message_undo *undo = (struct message_undo *)base;
    for (uint32_t i = 0; i < undo->node_count; i++)
        node_adopt(undo->nodes[i].attachment, SETTLE);
    bag_adopt(&undo->content->bag, SETTLE);
    undo_end(undo);
}

/* Puts the handle and the nodes that other handles still hold over what is stored now. */
static uint32_t adopt_stored(const struct builder *builder, struct logon *logon, struct message *message,
    struct content *fresh, const struct store_message_write *write)
{
    struct message_undo *undo = calloc(1, sizeof *undo + builder->node_count * sizeof *undo->nodes);
    if (undo == NULL)
        return EC_OUT_OF_MEMORY;
    *undo = (struct message_undo){.undo = {.mailbox = builder->mailbox, .restore = undo_save, .forget = forget_undo},
        .logon = *logon,
        .message = message,
        .content = message->content,
        .message_id = message->message_id,
        .change_number = message->change_number,
        .writable = message->writable,
        .node_count = builder->node_count};
    message_reference(message);
    for (uint32_t i = 0; i < builder->node_count; i++) {
        const struct stored_node *stored = &builder->nodes[i];
        struct attachment_content *node = attachment_content_reference(stored->attachment);
        undo->nodes[i] = (struct saved_node){node, node->message_id, node->parent_id, node->attachment_id,
            node->embedded != NULL ? node->embedded->message_id : 0,
            node->embedded != NULL ? node->embedded->attachment_id : 0};
        struct saved_node now = {
            node, builder->message_id, stored->parent_id, stored->attachment_id, builder->message_id, stored->attachment_id};
        node_set_place(node, &now);
        node_adopt(node, ADOPT);
    }
    bag_adopt(&message->content->bag, ADOPT);
    message->content = fresh; /* the old one is the undo's */
    message->message_id = write->message_id;
    message->change_number = write->change_number;
    mailbox_add_undo(builder->mailbox, &undo->undo);
    return EC_SUCCESS;
}

/* ---- The write itself ---- */

#define CLIENT_FLAGS (FLAG_READ | FLAG_UNSENT | FLAG_RESEND) /* what the client may set before the first save (R31) */

static uint32_t flags_of_new(const struct message *message)
{
    const struct bag_entry *entry = bag_find(&message->content->bag, PROPERTY_ID(PID_TAG_MESSAGE_FLAGS));
    uint32_t flags =
        entry != NULL && entry->value != NULL ? (uint32_t)entry->value->value.integer32 : FLAG_READ | FLAG_UNSENT;
    flags &= CLIENT_FLAGS;
    if ((flags & FLAG_READ) != 0)
        flags |= FLAG_EVER_READ; /* R1141 */
    return flags | (message->associated ? FLAG_ASSOCIATED : 0);
}

static bool has_attachments(struct arena *arena, struct mailbox *mailbox, const struct content *content)
{
    struct attachment_listed *list;
    uint32_t count = 0;
    return content_attachments(arena, mailbox, content, &list, &count) == EC_SUCCESS && count > 0;
}

static bool is_unchanged(const struct content *content)
{
    return content->bag.count == 0 && content->recipients == NULL && content->slot_count == 0;
}

static uint32_t check_conflict(const struct message *message, const struct store_message *row, bool force)
{
    if (row->kind >= STORE_MESSAGE_DELETED)
        return EC_OBJECT_DELETED;
    return row->change_number != message->change_number && !force ? EC_OBJECT_CHANGED : EC_SUCCESS; /* R705 */
}

/* An own change on something that came from elsewhere: its key goes, its history stays and gets the change. */
static uint32_t change_origin(struct arena *arena, struct mailbox *mailbox, const struct store_origin *old,
    uint64_t change_number, struct store_origin *ret_origin)
{
    *ret_origin = (struct store_origin){.source_key = old->source_key};
    if (old->predecessor_change_list.size == 0)
        return EC_SUCCESS;
    ret_origin->predecessor_change_list =
        predecessors_with(arena, old->predecessor_change_list, mailbox->replica_guid, change_number);
    return ret_origin->predecessor_change_list.data != NULL ? EC_SUCCESS : EC_OUT_OF_MEMORY;
}

static uint32_t prepare_write(struct builder *builder, struct message *message, const struct property_source *source,
    const struct store_message *row, struct store_message_write *write)
{
    struct mailbox *mailbox = builder->mailbox;
    bool stored = message->message_id != 0;
    uint32_t flags = stored ? row->flags : flags_of_new(message);
    flags = has_attachments(builder->arena, mailbox, message->content) ? flags | FLAG_HAS_ATTACHMENTS
                                                                       : flags & ~FLAG_HAS_ATTACHMENTS;
    uint32_t error = mailbox_new_ids(mailbox, stored ? 1 : 2, &write->change_number);
    write->message_id = stored ? message->message_id : write->change_number + 1;
    builder->message_id = write->message_id;
    write->folder_id = message->folder_id;
    write->kind = stored ? row->kind : message->associated ? STORE_MESSAGE_ASSOCIATED : STORE_MESSAGE_NORMAL;
    write->read = (flags & FLAG_READ) != 0;
    write->flags = flags & ~FLAG_READ;
    write->commit_time = filetime_now();
    if (error == EC_SUCCESS && stored)
        error = change_origin(builder->arena, mailbox, &row->origin, write->change_number, &write->origin);
    if (error == EC_SUCCESS)
        error = build_content(builder, source, true, false, &write->content);
    if (error == EC_SUCCESS)
        error = build_recipients(builder, message->content, stored, &write->content);
    if (error == EC_SUCCESS)
        error = build_attachments(builder, message->content, 0);
    write->attachments = builder->writes;
    write->attachment_count = builder->write_count;
    return error;
}

uint32_t message_write(struct arena *arena, struct logon *logon, struct message *message, bool force)
{
    struct mailbox *mailbox = logon->mailbox;
    struct builder builder = {.arena = arena, .mailbox = mailbox};
    struct property_source source;
    struct store_message row = {0};
    struct store_message_write write = {0};
    bool stored = message->message_id != 0;
    uint32_t error = content_make_own(mailbox, &message->content);
    if (error == EC_SUCCESS)
        error = content_source(arena, mailbox, message->content, &source, &row);
    if (error == EC_SUCCESS && stored)
        error = check_conflict(message, &row, force);
    if (error != EC_SUCCESS || (stored && is_unchanged(message->content)))
        return error;
    error = message_finish_properties(arena, logon, message);
    if (error == EC_SUCCESS)
        error = prepare_write(&builder, message, &source, &row, &write);
    if (error == EC_SUCCESS)
        error = mailbox_error(
            stored ? store_message_update(mailbox->store, &write) : store_message_create(mailbox->store, &write));
    struct content *fresh = error == EC_SUCCESS ? content_new(&message->account, write.message_id, 0) : NULL;
    if (error == EC_SUCCESS && fresh == NULL)
        error = EC_OUT_OF_MEMORY;
    if (error == EC_SUCCESS)
        error = adopt_stored(&builder, logon, message, fresh, &write);
    if (error != EC_SUCCESS) {
        content_release(mailbox, fresh);
        return error == EC_NOT_FOUND && stored ? EC_OBJECT_DELETED : error;
    }
    mailbox_changed(mailbox, &(struct change){.kind = stored ? CHANGE_MESSAGE_MODIFIED : CHANGE_MESSAGE_CREATED,
                                 .associated = message->associated,
                                 .folder_id = message->folder_id,
                                 .message_id = message->message_id});
    return EC_SUCCESS;
}
