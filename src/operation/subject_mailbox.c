/* Which mailboxes are meant. */
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/text.h"
#include "operation/filter_expression.h"
#include "operation/subject.h"
#include "operation/wildcard.h"

#define ENTRIES_A_READ 1000u
#define RESULT_SIZE_DEFAULT 1000
#define MAILBOXES_MAX 1000000u

static const struct {
    enum directory_kind kind;
    const char *name;
} types[] = {
    {DIRECTORY_USER, "UserMailbox"},
    {DIRECTORY_SHARED_MAILBOX, "SharedMailbox"},
    {DIRECTORY_ROOM, "RoomMailbox"},
    {DIRECTORY_EQUIPMENT, "EquipmentMailbox"},
    {DIRECTORY_PUBLIC_FOLDER_MAILBOX, "PublicFolderMailbox"},
};
#define TYPE_COUNT (sizeof types / sizeof *types)
const char subject_mailbox_types[] = "UserMailbox|SharedMailbox|RoomMailbox|EquipmentMailbox|PublicFolderMailbox";

const char *subject_mailbox_type(enum directory_kind kind)
{
    for (size_t i = 0; i < TYPE_COUNT; i++)
        if (types[i].kind == kind)
            return types[i].name;
    return "";
}

/* --- all that are wanted, in order --- */

struct place {
    const char *account;
    struct guid id;
};

struct places {
    struct place *items;
    size_t count, capacity;
};

static bool word_begins(const char *text, const char *beginning)
{
    for (const char *word = text; word && *word; word = strchr(word, ' '), word += word != NULL)
        if (text_has_prefix_ignoring_case(word, beginning))
            return true;
    return false;
}

static bool entry_begins(const struct directory_entry *entry, const char *beginning)
{
    for (uint32_t i = 0; i < entry->address_count; i++)
        if (text_has_prefix_ignoring_case(entry->addresses[i], beginning))
            return true;
    return text_has_prefix_ignoring_case(entry->account, beginning) || word_begins(entry->display_name, beginning);
}

static bool entry_fits(const struct directory_entry *entry, const char *pattern)
{
    for (uint32_t i = 0; i < entry->address_count; i++)
        if (wildcard_fits(pattern, entry->addresses[i]))
            return true;
    return wildcard_fits(pattern, entry->account) || wildcard_fits(pattern, entry->display_name) || wildcard_fits(pattern, entry->legacy_dn);
}

static bool is_wanted(const struct subject_selection *selection, const struct directory_entry *entry)
{
    return directory_kind_has_mailbox(entry->kind) && (!selection->kinds || selection->kinds & 1u << entry->kind) &&
           (!selection->identity || entry_fits(entry, selection->identity)) &&
           (!selection->beginning || entry_begins(entry, selection->beginning));
}

static bool add_place(struct operation_call *call, struct places *places, const struct directory_entry *entry)
{
    if (places->count == places->capacity) {
        size_t capacity = places->capacity ? 2 * places->capacity : 256;
        struct place *items = capacity <= MAILBOXES_MAX ? reallocarray(places->items, capacity, sizeof *items) : NULL;
        if (!items)
            return false;
        places->items = items;
        places->capacity = capacity;
    }
    places->items[places->count] = (struct place){arena_string(call->arena, entry->account), entry->id};
    return places->items[places->count++].account != NULL;
}

static bool collect(struct operation_call *call, const struct subject_selection *selection, struct places *places)
{
    struct arena arena = {0};
    struct guid last;
    uint32_t count = ENTRIES_A_READ;
    bool done = true;
    for (bool first = true; done && count == ENTRIES_A_READ; first = false) {
        struct directory_entry *entries;
        enum directory_status status = directory_entries(call->host->directory, &arena, first ? NULL : &last, ENTRIES_A_READ, &count, &entries);
        done = subject_directory_done(call, status, NULL, "the directory");
        for (uint32_t i = 0; done && i < count; i++) {
            last = entries[i].id;
            if (is_wanted(selection, &entries[i]) && !(done = add_place(call, places, &entries[i])))
                operation_fail(call, OPERATION_UNAVAILABLE, NULL, "out of memory");
        }
        arena_reset(&arena);
    }
    arena_free(&arena);
    return done;
}

static int by_account(const void *a, const void *b)
{
    return strcmp(((const struct place *)a)->account, ((const struct place *)b)->account);
}

static bool find_by_id(struct operation_call *call, struct arena *arena, struct guid id, struct directory_user *ret_user, bool *ret_there)
{
    char text[GUID_TEXT_SIZE];
    guid_format(id, text);
    enum directory_status status = directory_find(call->host->directory, arena, DIRECTORY_KEY_ID, text, ret_user);
    *ret_there = status == DIRECTORY_OK;
    return status == DIRECTORY_NOT_FOUND /* removed meanwhile */ || subject_directory_done(call, status, NULL, "the directory");
}

/* Whether the walk goes on. */
static bool emit_one(struct operation_call *call, const struct subject_selection *selection, const struct filter *filter,
                     const struct directory_user *user, int64_t *count)
{
    const char *error = NULL;
    if (selection->each) {
        *count += selection->each(call, user, selection->argument);
        return !call->stopped && call->error == OPERATION_DONE && *count < selection->count_max;
    }
    json_t *object = selection->object(call, user, selection->argument);
    bool fits = object && (!filter || filter_accepts(filter, object, &error));
    if (error)
        operation_fail(call, OPERATION_INVALID_ARGUMENT, "Filter", "Filter: %s", error);
    if (fits && *count == selection->count_max) {
        if (!selection->count_given)
            operation_warn(call, "there are more than %lld results: -ResultSize Unlimited shows all", (long long)*count);
        json_decref(object);
        return false;
    }
    *count += fits;
    if (fits)
        operation_emit(call, object);
    else
        json_decref(object);
    return !call->stopped && call->error == OPERATION_DONE;
}

static void walk(struct operation_call *call, const struct subject_selection *selection, const struct filter *filter, const struct places *places)
{
    struct arena arena = {0};
    struct directory_user user;
    int64_t count = 0;
    bool there = false, goes_on = true;
    for (size_t i = 0; i < places->count && goes_on && (count < selection->count_max || !selection->count_given); i++) {
        goes_on = find_by_id(call, &arena, places->items[i].id, &user, &there) && (!there || emit_one(call, selection, filter, &user, &count));
        arena_reset(&arena);
    }
    arena_free(&arena);
}

/* Exchange's own filters have no '$_.' before a property; braces around them are usual all the same. */
static struct filter *read_condition(struct operation_call *call, const char *condition)
{
    const char *error = NULL;
    size_t size = strlen(condition);
    bool braces = size >= 2 && condition[0] == '{' && condition[size - 1] == '}' && !strstr(condition, "$_");
    bool block = !braces && condition[0] == '{';
    /* The blank says that it is a whole condition, not one word of it. */
    const char *word = braces ? arena_format(call->arena, "%.*s ", (int)(size - 2), condition + 1)
                       : block ? condition : arena_format(call->arena, "%s ", condition);
    struct filter *filter = word ? filter_parse(call->arena, 1, &word, &error) : NULL;
    if (!filter)
        operation_fail(call, OPERATION_INVALID_ARGUMENT, "Filter", "Filter: %s", error ? error : "out of memory");
    return filter;
}

static void emit_selected(struct operation_call *call, const struct subject_selection *selection, const struct filter *filter)
{
    struct directory_user user;
    struct places places = {0};
    int64_t count = 0;
    if (selection->identity && !wildcard_is_pattern(selection->identity)) {
        if (subject_mailbox(call, "Identity", selection->identity, &user) && (!selection->kinds || selection->kinds & 1u << user.kind))
            (void)emit_one(call, selection, filter, &user, &count);
    } else if (collect(call, selection, &places)) {
        if (places.count)
            qsort(places.items, places.count, sizeof *places.items, by_account);
        walk(call, selection, filter, &places);
    }
    free(places.items);
}

void subject_mailboxes(struct operation_call *call, const struct subject_selection *selection)
{
    struct filter *filter = NULL;
    if (selection->condition && !(filter = read_condition(call, selection->condition)))
        return;
    emit_selected(call, selection, filter);
    filter_free(filter);
}

struct subject_selection subject_selection_of(const struct operation_call *call)
{
    const json_t *names = operation_parameter(call, "RecipientTypeDetails");
    struct subject_selection selection = {
        .identity = operation_text(call, "Identity"), .beginning = operation_text(call, "Anr"), .condition = operation_text(call, "Filter"),
        .count_max = operation_number(call, "ResultSize", RESULT_SIZE_DEFAULT), .count_given = operation_given(call, "ResultSize")};
    size_t i;
    json_t *name;
    json_array_foreach((json_t *)names, i, name)
        for (size_t type = 0; type < TYPE_COUNT; type++)
            if (strcmp(types[type].name, json_string_value(name)) == 0)
                selection.kinds |= 1u << types[type].kind;
    return selection;
}

/* --- one --- */

/* Whether one alone has this display name (or an address, an account so: but those were tried before). */
static bool find_by_display_name(struct operation_call *call, const char *name, struct directory_user *ret_user, size_t *ret_count)
{
    struct places places = {0};
    const struct subject_selection selection = {.identity = name}; /* without wildcards it stands for itself */
    bool there = false;
    if (collect(call, &selection, &places))
        *ret_count = places.count;
    bool found = *ret_count == 1 && find_by_id(call, call->arena, places.items[0].id, ret_user, &there) && there;
    free(places.items);
    return found;
}

static enum directory_status find_by_key(struct operation_call *call, const char *identity, struct directory_user *ret_user)
{
    static const enum directory_key keys[] = {DIRECTORY_KEY_LOGON, DIRECTORY_KEY_ADDRESS, DIRECTORY_KEY_PRINCIPAL, DIRECTORY_KEY_LEGACY_DN};
    struct guid guid;
    char text[GUID_TEXT_SIZE];
    enum directory_status status = DIRECTORY_NOT_FOUND;
    if (guid_parse(identity, &guid)) {
        guid_format(guid, text);
        status = directory_find(call->host->directory, call->arena, DIRECTORY_KEY_ID, text, ret_user);
        return status == DIRECTORY_NOT_FOUND ? directory_find(call->host->directory, call->arena, DIRECTORY_KEY_MAILBOX, text, ret_user) : status;
    }
    for (size_t i = 0; i < sizeof keys / sizeof *keys && status == DIRECTORY_NOT_FOUND; i++)
        status = directory_find(call->host->directory, call->arena, keys[i], identity, ret_user);
    return status;
}

bool subject_mailbox(struct operation_call *call, const char *parameter, const char *identity, struct directory_user *ret_user)
{
    size_t count = 0;
    enum directory_status status = *identity ? find_by_key(call, identity, ret_user) : DIRECTORY_NOT_FOUND;
    if (status == DIRECTORY_OK)
        return true;
    if (status != DIRECTORY_NOT_FOUND)
        return subject_directory_done(call, status, parameter, "the directory");
    if (*identity && !wildcard_is_pattern(identity) && find_by_display_name(call, identity, ret_user, &count))
        return true;
    if (count > 1)
        operation_fail(call, OPERATION_CONFLICT, parameter, "several mailboxes are called '%s': give an address", identity);
    else
        operation_fail(call, OPERATION_NOT_FOUND, parameter, "there is no mailbox '%s'", identity);
    return false;
}
