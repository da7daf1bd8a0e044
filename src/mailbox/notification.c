#include "mailbox/notification.h"

#include <stdlib.h>
#include <string.h>

#include "mailbox/computed.h"
#include "mailbox/table_state.h"
#include "mailbox/value.h"

/* More changed rows than this in one transaction are told to a table as one 'it has changed'. */
#define TABLE_EVENTS_MAX 32u

struct subscription {
    uint64_t id;
    struct notification_target target;
    struct table *table; /* NULL: not a table's */
    uint16_t types;
    bool whole_store;
    uint64_t folder_id;
    uint64_t message_id;
};
struct subscriptions {
    struct subscription *items;
    uint32_t count, capacity;
    uint64_t next_id;
};

/* ---- Registry ---- */

struct subscriptions *subscriptions_new(void)
{
    struct subscriptions *subscriptions = calloc(1, sizeof *subscriptions);
    if (subscriptions != NULL)
        subscriptions->next_id = 1;
    return subscriptions;
}

void subscriptions_free(struct subscriptions *subscriptions)
{
    if (subscriptions == NULL)
        return;
    for (uint32_t i = 0; i < subscriptions->count; i++)
        if (subscriptions->items[i].table != NULL)
            subscriptions->items[i].table->subscriptions = NULL;
    free(subscriptions->items);
    free(subscriptions);
}

bool subscriptions_is_empty(const struct subscriptions *subscriptions)
{
    return subscriptions->count == 0;
}

static uint32_t add(struct subscriptions *subscriptions, const struct subscription *item, uint64_t *ret_id)
{
    if (subscriptions->count >= SUBSCRIPTIONS_MAX)
        return EC_OUT_OF_RESOURCES;
    if (subscriptions->count == subscriptions->capacity) {
        uint32_t capacity = subscriptions->capacity == 0 ? 8 : subscriptions->capacity * 2;
        struct subscription *items = realloc(subscriptions->items, capacity * sizeof *items);
        if (items == NULL)
            return EC_OUT_OF_MEMORY;
        subscriptions->items = items;
        subscriptions->capacity = capacity;
    }
    subscriptions->items[subscriptions->count] = *item;
    subscriptions->items[subscriptions->count++].id = subscriptions->next_id;
    *ret_id = subscriptions->next_id++;
    return EC_SUCCESS;
}

uint32_t subscriptions_add(struct subscriptions *subscriptions, const struct notification_target *target, uint16_t types,
    bool whole_store, uint64_t folder_id, uint64_t message_id, uint64_t *ret_id)
{
    struct subscription item = {
        .target = *target, .types = types, .whole_store = whole_store, .folder_id = folder_id, .message_id = message_id};
    return add(subscriptions, &item, ret_id);
}

uint32_t subscriptions_add_table(
    struct subscriptions *subscriptions, const struct notification_target *target, struct table *table)
{
    uint64_t id = 0;
    struct subscription item = {.target = *target, .table = table};
    return add(subscriptions, &item, &id);
}

/* Order stays: those who came first are told first. */
static void remove_at(struct subscriptions *subscriptions, uint32_t index)
{
    if (subscriptions->items[index].table != NULL)
        subscriptions->items[index].table->subscriptions = NULL;
    memmove(&subscriptions->items[index], &subscriptions->items[index + 1],
        (subscriptions->count - index - 1) * sizeof *subscriptions->items);
    subscriptions->count--;
}

void subscriptions_remove(struct subscriptions *subscriptions, uint64_t id)
{
    for (uint32_t i = subscriptions->count; i-- > 0;)
        if (subscriptions->items[i].id == id)
            remove_at(subscriptions, i);
}

void subscriptions_remove_table(struct subscriptions *subscriptions, const struct table *table)
{
    for (uint32_t i = subscriptions->count; i-- > 0;)
        if (subscriptions->items[i].table == table)
            remove_at(subscriptions, i);
}

void subscriptions_remove_sink(struct subscriptions *subscriptions, const struct notification_sink *sink)
{
    for (uint32_t i = subscriptions->count; i-- > 0;)
        if (subscriptions->items[i].target.sink == sink)
            remove_at(subscriptions, i);
}

/* ---- Copies ---- */

static size_t aligned(size_t size)
{
    return (size + 7) & ~(size_t)7;
}

struct notification *notification_copy(const struct notification *event)
{
    size_t size =
        aligned(sizeof *event) + aligned(event->row.count * sizeof *event->row.values) + aligned(event->message_class.size);
    for (uint32_t i = 0; i < event->row.count; i++)
        size += aligned(value_memory_size(&event->row.values[i]));
    uint8_t *at = malloc(size);
    if (at == NULL)
        return NULL;
    struct notification *copy = (struct notification *)at;
    *copy = *event;
    at += aligned(sizeof *event);
    struct property_value *values = (struct property_value *)at;
    copy->row.values = values;
    at += aligned(event->row.count * sizeof *values);
    for (uint32_t i = 0; i < event->row.count; i++) {
        values[i] = value_copy_into(&event->row.values[i], at);
        at += aligned(value_memory_size(&event->row.values[i]));
    }
    if (event->message_class.size > 0)
        memcpy(at, event->message_class.data, event->message_class.size);
    copy->message_class.data = at;
    return copy;
}

/* ---- Events of objects ---- */

static void deliver(const struct subscription *subscription, const struct notification *event)
{
    subscription->target.sink->deliver(
        subscription->target.sink, subscription->target.handle, subscription->target.logon_id, event);
}

static uint16_t type_of(enum change_kind kind)
{
    static const uint16_t types[] = {[CHANGE_FOLDER_CREATED] = NOTIFICATION_CREATED,
        [CHANGE_FOLDER_MODIFIED] = NOTIFICATION_MODIFIED,
        [CHANGE_FOLDER_DELETED] = NOTIFICATION_DELETED,
        [CHANGE_FOLDER_MOVED] = NOTIFICATION_MOVED,
        [CHANGE_FOLDER_COPIED] = NOTIFICATION_COPIED,
        [CHANGE_MESSAGE_CREATED] = NOTIFICATION_CREATED,
        [CHANGE_MESSAGE_MODIFIED] = NOTIFICATION_MODIFIED,
        [CHANGE_MESSAGE_DELETED] = NOTIFICATION_DELETED,
        [CHANGE_MESSAGE_MOVED] = NOTIFICATION_MOVED,
        [CHANGE_MESSAGE_COPIED] = NOTIFICATION_COPIED,
        [CHANGE_MESSAGE_NEW_MAIL] = NOTIFICATION_NEW_MAIL};
    return types[kind];
}

static bool is_of_message(enum change_kind kind)
{
    return kind >= CHANGE_MESSAGE_CREATED;
}

static struct notification event_of(const struct change *change)
{
    return (struct notification){
        .flags = (uint16_t)(type_of(change->kind) | (is_of_message(change->kind) ? NOTIFICATION_OF_MESSAGE : 0)),
        .folder_id = change->folder_id,
        .message_id = change->message_id,
        .parent_folder_id = change->parent_id,
        .old_folder_id = change->old_folder_id,
        .old_message_id = change->old_message_id,
        .old_parent_folder_id = change->old_parent_id,
    };
}

static bool concerns(const struct subscription *subscription, const struct change *change)
{
    if (subscription->table != NULL || (subscription->types & type_of(change->kind)) == 0)
        return false;
    if (subscription->whole_store)
        return true;
    if (subscription->message_id != 0)
        return is_of_message(change->kind) &&
               (change->message_id == subscription->message_id || change->old_message_id == subscription->message_id);
    uint64_t folder_id = subscription->folder_id;
    return change->folder_id == folder_id || change->old_folder_id == folder_id ||
           (!is_of_message(change->kind) && (change->parent_id == folder_id || change->old_parent_id == folder_id));
}

static void tell_objects(struct mailbox *mailbox, const struct change *change)
{
    struct subscriptions *subscriptions = mailbox->subscriptions;
    struct notification event = event_of(change);
    for (uint32_t i = 0; i < subscriptions->count; i++)
        if (concerns(&subscriptions->items[i], change))
            deliver(&subscriptions->items[i], &event);
}

/* ---- Folders whose counts changed ---- */

struct touched {
    uint64_t folder_id;
    uint64_t parent_id;
};

static void add_touched(struct touched *touched, uint32_t *count, uint64_t folder_id)
{
    if (folder_id == 0)
        return;
    for (uint32_t i = 0; i < *count; i++)
        if (touched[i].folder_id == folder_id)
            return;
    touched[(*count)++] = (struct touched){.folder_id = folder_id};
}

/* 'Modified' with the counts, once for each folder whose messages changed (MS-OXCNOTIF 2.2.1.4.1.2: T and U). */
static void tell_counts(struct mailbox *mailbox, struct arena *arena, struct touched *touched)
{
    struct store_folder folder;
    if (mailbox_folder(mailbox, arena, touched->folder_id, &folder) != EC_SUCCESS)
        return;
    touched->parent_id = folder.parent_id;
    struct notification event = {
        .flags = NOTIFICATION_MODIFIED | NOTIFICATION_HAS_TOTAL | NOTIFICATION_HAS_UNREAD,
        .folder_id = folder.folder_id,
        .parent_folder_id = folder.parent_id,
        .total_count = folder.counts.content,
        .unread_count = folder.counts.unread,
    };
    struct change change = {.kind = CHANGE_FOLDER_MODIFIED, .folder_id = folder.folder_id, .parent_id = folder.parent_id};
    for (uint32_t i = 0; i < mailbox->subscriptions->count; i++)
        if (concerns(&mailbox->subscriptions->items[i], &change))
            deliver(&mailbox->subscriptions->items[i], &event);
}

/* ---- Events of tables ---- */

/* Rows before the changed one that are looked at to find the shown one it stands behind. */
#define ROWS_BEFORE_MAX 256u

enum row_effect { ROW_NOT_SHOWN, ROW_SHOWN, ROW_PLACE_UNKNOWN };

/* The row of a message, read anew. Whether a restricted table shows it is asked of this row alone: its listing is not made
 * anew for every new mail. */
static enum row_effect find_message(struct table_access *access, uint64_t id, struct table_row *ret_row)
{
    struct arena *arena = access->arena;
    struct store_message *message = arena_new(arena, struct store_message);
    struct bytes key;
    uint32_t counted = 0;
    if (message == NULL || store_view_find(access->mailbox->store, arena, access->view.view_id, id, &key) != STORE_OK ||
        mailbox_message(access->mailbox, arena, id, message) != EC_SUCCESS)
        return ROW_NOT_SHOWN;
    *ret_row = (struct table_row){.id = id,
        .key = key,
        .row = {.kind = ROW_MESSAGE,
            .arena = arena,
            .mailbox = access->mailbox,
            .codepage = access->table->codepage,
            .message = message}};
    return restriction_matches(&ret_row->row, access->table->restriction, &counted) ? ROW_SHOWN : ROW_NOT_SHOWN;
}

/* The shown row before it, 0: none. */
static enum row_effect find_message_before(struct table_access *access, const struct table_row *row, uint64_t *ret_id)
{
    struct table_position at;
    struct table_row *rows;
    uint32_t count = 0, counted = 0;
    bool restricted = access->table->restriction != NULL;
    uint32_t wanted = restricted ? ROWS_BEFORE_MAX : 1;
    if (table_position_by(access, row, false, 0, &at) != EC_SUCCESS)
        return ROW_PLACE_UNKNOWN;
    uint32_t error = table_fetch(access, &at, true, wanted, !restricted, &rows, &count);
    table_position_free(&at);
    if (error != EC_SUCCESS)
        return ROW_PLACE_UNKNOWN;
    for (uint32_t i = 0; i < count; i++) {
        if (!restricted || restriction_matches(&rows[i].row, access->table->restriction, &counted)) {
            *ret_id = rows[i].id;
            return ROW_SHOWN;
        }
    }
    *ret_id = 0;
    return count < wanted ? ROW_SHOWN : ROW_PLACE_UNKNOWN;
}

static enum row_effect find_contents_row(
    struct table_access *access, uint64_t id, struct table_row *ret_row, struct notification *event)
{
    uint64_t before = 0;
    enum row_effect effect = find_message(access, id, ret_row);
    if (effect == ROW_SHOWN)
        effect = find_message_before(access, ret_row, &before);
    event->insert_after_folder_id = before != 0 ? access->table->folder_id : 0;
    event->insert_after_message_id = before;
    return effect;
}

static enum row_effect find_hierarchy_row(
    struct table_access *access, uint64_t id, struct table_row *ret_row, struct notification *event)
{
    for (uint32_t i = 0; i < access->count; i++) {
        if (access->table->list.ids[i] != id)
            continue;
        struct table_position at = {.place = i == 0 ? STORE_PLACE_FIRST : STORE_PLACE_BEFORE, .id = id, .index = i};
        struct table_row *rows;
        uint32_t count = 0;
        if (table_fetch(access, &at, false, 1, false, &rows, &count) != EC_SUCCESS || count == 0)
            return ROW_PLACE_UNKNOWN;
        *ret_row = rows[0];
        event->insert_after_folder_id = i > 0 ? access->table->list.ids[i - 1] : 0;
        return ROW_SHOWN;
    }
    return ROW_NOT_SHOWN;
}

static uint16_t table_event_flags(const struct table *table)
{
    return (uint16_t)(NOTIFICATION_TABLE_MODIFIED | (table->kind == TABLE_CONTENTS ? NOTIFICATION_OF_MESSAGE : 0));
}

/* The event of a row that came or changed; false where there is none to tell. Its row points into the arena. */
static bool row_event(struct arena *arena, struct mailbox *mailbox, struct table *table, uint64_t id, bool created,
    struct notification *ret_event)
{
    bool messages = table->kind == TABLE_CONTENTS;
    struct notification event = {
        .flags = table_event_flags(table),
        .table_event = created ? TABLE_EVENT_ROW_ADDED : TABLE_EVENT_ROW_MODIFIED,
        .folder_id = messages ? table->folder_id : id,
        .message_id = messages ? id : 0,
    };
    struct logon logon = {.mailbox = mailbox, .codepage = table->codepage};
    struct table_access access;
    struct table_row row;
    uint32_t error =
        messages ? table_access_open_view(arena, mailbox, table, &access) : table_access_open(arena, &logon, table, &access);
    struct property_value *values = arena_array(arena, struct property_value, table->plan->count);
    if (error != EC_SUCCESS || values == NULL)
        return false;
    enum row_effect effect =
        messages ? find_contents_row(&access, id, &row, &event) : find_hierarchy_row(&access, id, &row, &event);
    if (effect == ROW_SHOWN && !row_values(&row.row, table->plan, values))
        effect = ROW_PLACE_UNKNOWN;
    if (effect == ROW_NOT_SHOWN) {
        event.table_event = TABLE_EVENT_ROW_DELETED; /* it may have been shown before */
        event.insert_after_folder_id = event.insert_after_message_id = 0;
    } else if (effect == ROW_PLACE_UNKNOWN) {
        event = (struct notification){
            .flags = NOTIFICATION_TABLE_MODIFIED, .table_event = TABLE_EVENT_CHANGED, .folder_id = table->folder_id};
    } else {
        event.row = (struct property_list){.count = table->plan->count, .values = values};
    }
    *ret_event = event;
    return effect != ROW_NOT_SHOWN || !created;
}

static struct notification deletion_event(const struct table *table, uint64_t id)
{
    bool messages = table->kind == TABLE_CONTENTS;
    return (struct notification){
        .flags = table_event_flags(table),
        .table_event = TABLE_EVENT_ROW_DELETED,
        .folder_id = messages ? table->folder_id : id,
        .message_id = messages ? id : 0,
    };
}

/* What a change means for one table: an id that came or changed, one that went, or nothing (0). */
struct table_effect {
    uint64_t present;
    bool created;
    uint64_t gone;
};

static struct table_effect effect_on_contents(const struct table *table, const struct change *change)
{
    struct table_effect effect = {0};
    if (!is_of_message(change->kind) || change->associated != ((table->flags & TABLE_ASSOCIATED) != 0) ||
        (table->flags & TABLE_SOFT_DELETES) != 0)
        return effect;
    if (change->folder_id == table->folder_id && change->kind == CHANGE_MESSAGE_DELETED)
        effect.gone = change->message_id;
    else if (change->folder_id == table->folder_id) {
        effect.present = change->message_id;
        effect.created = change->kind != CHANGE_MESSAGE_MODIFIED;
    }
    if (change->kind == CHANGE_MESSAGE_MOVED && change->old_folder_id == table->folder_id)
        effect.gone = change->old_message_id;
    return effect;
}

static struct table_effect effect_on_hierarchy(const struct table *table, const struct change *change)
{
    struct table_effect effect = {0};
    bool deep = (table->flags & TABLE_DEPTH) != 0;
    if (is_of_message(change->kind) || (table->flags & TABLE_SOFT_DELETES) != 0)
        return effect;
    bool here = deep || change->parent_id == table->folder_id, was_here = deep || change->old_parent_id == table->folder_id;
    if (change->kind == CHANGE_FOLDER_DELETED) {
        effect.gone = here ? change->folder_id : 0;
    } else if (change->kind == CHANGE_FOLDER_MOVED && was_here && !here) {
        effect.gone = change->folder_id;
    } else if (here) {
        effect.present = change->folder_id;
        effect.created = change->kind == CHANGE_FOLDER_CREATED || change->kind == CHANGE_FOLDER_COPIED ||
                         (change->kind == CHANGE_FOLDER_MOVED && !was_here);
    }
    return effect;
}

static struct table_effect effect_on(const struct table *table, const struct change *change)
{
    return table->kind == TABLE_CONTENTS ? effect_on_contents(table, change) : effect_on_hierarchy(table, change);
}

static void tell_changed(const struct subscription *subscription)
{
    struct notification event = {.flags = NOTIFICATION_TABLE_MODIFIED,
        .table_event = TABLE_EVENT_CHANGED,
        .folder_id = subscription->table->folder_id};
    deliver(subscription, &event);
}

static void tell_table(struct mailbox *mailbox, struct arena *arena, const struct subscription *subscription,
    const struct touched *touched, uint32_t touched_count)
{
    struct table *table = subscription->table;
    uint32_t events = 0;
    if (!table->viewed)
        return; /* MS-OXCNOTIF 3.1.4.3: first a view must have been made */
    for (uint32_t i = 0; i < mailbox->change_count; i++) {
        struct table_effect effect = effect_on(table, &mailbox->changes[i]);
        events += (effect.present != 0) + (effect.gone != 0);
    }
    if (events > TABLE_EVENTS_MAX || mailbox->changes_lost || (events > 0 && table->plan == NULL)) {
        tell_changed(subscription);
        return;
    }
    for (uint32_t i = 0; events > 0 && i < mailbox->change_count; i++) {
        struct table_effect effect = effect_on(table, &mailbox->changes[i]);
        struct notification event;
        arena_reset(arena);
        if (effect.gone != 0) {
            event = deletion_event(table, effect.gone);
            deliver(subscription, &event);
        }
        if (effect.present != 0 && row_event(arena, mailbox, table, effect.present, effect.created, &event))
            deliver(subscription, &event);
    }
    for (uint32_t i = 0; table->kind == TABLE_HIERARCHY && i < touched_count; i++) { /* their counts are columns */
        struct notification event;
        arena_reset(arena);
        bool shown = (table->flags & TABLE_DEPTH) != 0 || touched[i].parent_id == table->folder_id;
        if (shown && table->plan != NULL && row_event(arena, mailbox, table, touched[i].folder_id, false, &event) &&
            event.table_event == TABLE_EVENT_ROW_MODIFIED)
            deliver(subscription, &event);
    }
}

/* ---- After a commit ---- */

void mailbox_deliver_changes(struct mailbox *mailbox)
{
    struct subscriptions *subscriptions = mailbox->subscriptions;
    if (subscriptions == NULL || subscriptions->count == 0 || (mailbox->change_count == 0 && !mailbox->changes_lost))
        return;
    struct arena arena = {0}, row_arena = {0};
    struct touched *touched = arena_array(&arena, struct touched, (size_t)mailbox->change_count * 2 + 1);
    uint32_t touched_count = 0;
    for (uint32_t i = 0; i < mailbox->change_count; i++) {
        const struct change *change = &mailbox->changes[i];
        tell_objects(mailbox, change);
        if (touched == NULL || !is_of_message(change->kind) || change->associated)
            continue;
        add_touched(touched, &touched_count, change->folder_id);
        if (change->kind == CHANGE_MESSAGE_MOVED)
            add_touched(touched, &touched_count, change->old_folder_id);
    }
    for (uint32_t i = 0; i < touched_count; i++)
        tell_counts(mailbox, &arena, &touched[i]);
    for (uint32_t i = 0; i < subscriptions->count; i++)
        if (subscriptions->items[i].table != NULL)
            tell_table(mailbox, &row_arena, &subscriptions->items[i], touched, touched_count);
    arena_free(&arena);
    arena_free(&row_arena);
}
