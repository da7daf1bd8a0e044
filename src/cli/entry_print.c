/* Listing and showing entries of the directory. */
#include <stdlib.h>
#include <string.h>

#include "cli/entry_command.h"
#include "cli/output.h"
#include "directory/address_book.h"

#define PAGE 1000u

/* --- one entry as an object --- */

static json_t *texts(uint32_t count, const char *const *items)
{
    json_t *array = json_array();
    for (uint32_t i = 0; i < count; i++)
        json_array_append_new(array, output_string(items[i]));
    return array;
}

static void add_guid(json_t *row, const char *name, struct guid guid)
{
    char text[GUID_TEXT_SIZE];
    guid_format(guid, text);
    json_object_set_new(row, name, json_string(text));
}

static json_t *account_of(struct directory *directory, struct arena *arena, struct guid id)
{
    char text[GUID_TEXT_SIZE];
    struct directory_entry entry;
    guid_format(id, text);
    bool found = directory_find_entry(directory, arena, DIRECTORY_KEY_ID, text, &entry) == DIRECTORY_OK;
    return json_string(found ? entry.account : text);
}

static void add_values(json_t *row, struct directory *directory, struct arena *arena, const struct directory_entry *entry)
{
    for (uint32_t i = 0; i < entry->value_count; i++) {
        const struct directory_value *value = &entry->values[i];
        const struct directory_attribute_definition *definition = &directory_attributes[value->attribute];
        json_t *array = json_array();
        for (uint32_t j = 0; j < value->count; j++) {
            struct guid id = {{0}};
            if (definition->kind == DIRECTORY_VALUE_REFERENCE && value->items[j].size == sizeof id.data) {
                memcpy(id.data, value->items[j].data, sizeof id.data);
                json_array_append_new(array, account_of(directory, arena, id));
            } else if (definition->kind == DIRECTORY_VALUE_BINARY) {
                json_array_append_new(array, json_sprintf("%zu bytes", value->items[j].size));
            } else {
                json_array_append_new(array, output_string(arena_string_of(arena, value->items[j])));
            }
        }
        json_object_set(row, definition->name, definition->multiple ? array : json_array_get(array, 0));
        json_decref(array);
    }
}

static json_t *row_of_entry(struct directory *directory, struct arena *arena, const struct directory_entry *entry, bool all)
{
    json_t *row = json_pack("{s:s, s:s, s:o, s:s, s:o, s:s, s:b}", "account", entry->account, "kind",
                            directory_kind_names[entry->kind], "display_name", output_string(entry->display_name), "address",
                            entry->address, "addresses", texts(entry->address_count, entry->addresses), "legacy_dn",
                            entry->legacy_dn, "hidden", entry->hidden);
    if (directory_kind_has_mailbox(entry->kind))
        add_guid(row, "mailbox", entry->mailbox_guid);
    if (entry->rule && *entry->rule)
        json_object_set_new(row, "rule", output_string(entry->rule));
    if (entry->old_legacy_dn_count)
        json_object_set_new(row, "old_legacy_dns", texts(entry->old_legacy_dn_count, entry->old_legacy_dns));
    if (all)
        add_values(row, directory, arena, entry);
    return row;
}

static const char *mapi_http_word(enum directory_switch value)
{
    return value == DIRECTORY_INHERIT ? "inherit" : value == DIRECTORY_ON ? "yes" : "no";
}

static void add_user(json_t *row, const struct directory_user *user)
{
    add_guid(row, "mailbox", user->mailbox_guid);
    json_object_set_new(row, "enabled", json_boolean(user->enabled));
    json_object_set_new(row, "mapi", json_boolean(user->mapi_enabled));
    json_object_set_new(row, "administrator", json_boolean(user->administrator));
}

static void add_switches(json_t *row, struct directory *directory, const struct directory_user *user)
{
    static const char *const names[] = {"basic", "ntlm", "kerberos", "bearer"};
    struct embedded_credentials credentials;
    json_t *methods = json_array();
    for (unsigned i = 0; i < 4; i++) {
        if (user->switches.methods & 1u << i)
            json_array_append_new(methods, json_string(names[i]));
    }
    json_object_set_new(row, "principal", json_string(user->principal));
    json_object_set_new(row, "methods", methods);
    json_object_set_new(row, "mapi_http", json_string(mapi_http_word(user->switches.mapi_http)));
    json_object_set_new(row, "block_rpc_http", json_boolean(user->switches.block_rpc_http));
    json_object_set_new(row, "block_non_cached_mode", json_boolean(user->switches.block_non_cached_mode));
    json_object_set_new(row, "block_external", json_boolean(user->switches.block_external_connectivity));
    json_object_set_new(row, "block_versions", json_string(user->switches.block_versions));
    if (*user->redirect_address)
        json_object_set_new(row, "redirect_address", json_string(user->redirect_address));
    if (*user->redirect_url)
        json_object_set_new(row, "redirect_url", json_string(user->redirect_url));
    if (!guid_equal(user->archive_guid, (struct guid){{0}}))
        add_guid(row, "archive", user->archive_guid);
    if (embedded_directory_is(directory) && embedded_directory_credentials(directory, user->id, &credentials) == DIRECTORY_OK) {
        json_object_set_new(row, "password", json_boolean(credentials.has_password));
        json_object_set_new(row, "ntlm", json_boolean(credentials.nt_hash_wanted));
    }
}

/* --- list --- */

static int by_account(const void *a, const void *b)
{
    const json_t *const *left = a, *const *right = b;
    return strcmp(json_string_value(json_object_get(*left, "account")), json_string_value(json_object_get(*right, "account")));
}

static enum directory_status collect_users(struct directory *directory, json_t *rows)
{
    char after[256] = "";
    uint32_t count = PAGE;
    enum directory_status status = DIRECTORY_OK;
    while (status == DIRECTORY_OK && count == PAGE) {
        struct arena arena = {.size_max = SIZE_MAX};
        struct directory_user *users;
        status = directory_list(directory, &arena, after, PAGE, &count, &users);
        for (uint32_t i = 0; status == DIRECTORY_OK && i < count; i++) {
            snprintf(after, sizeof after, "%s", users[i].account);
            json_t *row = json_pack("{s:s, s:s, s:o, s:s, s:o, s:s}", "account", users[i].account, "kind",
                                    directory_kind_names[users[i].kind], "display_name", output_string(users[i].display_name),
                                    "address", users[i].address, "addresses", texts(users[i].address_count, users[i].addresses),
                                    "legacy_dn", users[i].legacy_dn);
            add_user(row, &users[i]);
            json_array_append_new(rows, row);
        }
        arena_free(&arena);
    }
    return status;
}

static enum directory_status collect_entries(struct directory *directory, unsigned kinds, json_t *rows)
{
    struct guid after = {{0}};
    uint32_t count = PAGE;
    enum directory_status status = DIRECTORY_OK;
    for (bool first = true; status == DIRECTORY_OK && count == PAGE; first = false) {
        struct arena arena = {.size_max = SIZE_MAX};
        struct directory_entry *entries;
        status = directory_entries(directory, &arena, first ? NULL : &after, PAGE, &count, &entries);
        for (uint32_t i = 0; status == DIRECTORY_OK && i < count; i++) {
            after = entries[i].id;
            if (kinds & 1u << entries[i].kind)
                json_array_append_new(rows, row_of_entry(directory, &arena, &entries[i], false));
        }
        arena_free(&arena);
    }
    return status;
}

static void sort_rows(json_t *rows)
{
    size_t count = json_array_size(rows);
    json_t **items = calloc(count ? count : 1, sizeof *items);
    if (!items)
        return;
    for (size_t i = 0; i < count; i++)
        items[i] = json_incref(json_array_get(rows, i));
    qsort(items, count, sizeof *items, by_account);
    json_array_clear(rows);
    for (size_t i = 0; i < count; i++)
        json_array_append_new(rows, items[i]);
    free(items);
}

int entry_list(const struct command *command, struct directory *directory, unsigned kinds, const struct entry_words *words)
{
    static const struct output_column user_columns[] = {
        {"account", "Account", false}, {"display_name", "Name", false}, {"address", "Address", false},
        {"enabled", "Enabled", false}, {"mapi", "MAPI", false}, {"administrator", "Administrator", false}};
    static const struct output_column entry_columns[] = {
        {"account", "Alias", false}, {"kind", "Kind", false}, {"display_name", "Name", false}, {"address", "Address", false},
        {"hidden", "Hidden", false}, {"rule", "Rule", false}};
    bool people = kinds == 1u << DIRECTORY_USER;
    json_t *rows = json_array();
    enum directory_status status = people ? collect_users(directory, rows) : collect_entries(directory, kinds, rows);
    sort_rows(rows);
    int result = entry_report(command, "list", status, NULL);
    if (result == COMMAND_DONE &&
        !output_rows(rows, people ? user_columns : entry_columns, 6, words->as_json))
        result = command_failed(command, "standard output cannot be written");
    json_decref(rows);
    return result;
}

/* --- show --- */

static void add_rights(json_t *row, struct directory *directory, struct arena *arena, struct guid owner)
{
    struct embedded_grant *grants;
    uint32_t count;
    if (!embedded_directory_is(directory) || embedded_directory_grants(directory, arena, &owner, NULL, &count, &grants) != DIRECTORY_OK || count == 0)
        return;
    json_t *array = json_array();
    for (uint32_t i = 0; i < count; i++) {
        json_array_append_new(array, json_pack("{s:s, s:o, s:b}", "right", directory_right_names[grants[i].right], "actor",
                                               account_of(directory, arena, grants[i].actor), "automap", grants[i].automap));
    }
    json_object_set_new(row, "rights", array);
}

static void print_lines(const json_t *row)
{
    const char *key;
    json_t *value;
    json_object_foreach((json_t *)(uintptr_t)row, key, value) {
        size_t count = json_is_array(value) ? json_array_size(value) : 1;
        for (size_t i = 0; i < count; i++) {
            const json_t *item = json_is_array(value) ? json_array_get(value, i) : value;
            printf("%-28s ", i ? "" : key);
            if (json_is_object(item)) {
                printf("%s: %s%s", json_string_value(json_object_get(item, "right")),
                       json_string_value(json_object_get(item, "actor")),
                       json_is_true(json_object_get(item, "automap")) ? ", opened by Outlook itself" : "");
            } else {
                output_text(json_is_string(item) ? json_string_value(item) : json_is_true(item) ? "yes" : "no", false);
            }
            putchar('\n');
        }
    }
}

json_t *entry_state(struct directory *directory, struct arena *arena, const struct directory_entry *entry)
{
    struct directory_user user;
    char id[GUID_TEXT_SIZE];
    json_t *row = row_of_entry(directory, arena, entry, true);
    guid_format(entry->id, id);
    add_guid(row, "id", entry->id);
    if (directory_kind_has_mailbox(entry->kind) && directory_find(directory, arena, DIRECTORY_KEY_ID, id, &user) == DIRECTORY_OK) {
        add_user(row, &user);
        add_switches(row, directory, &user);
    }
    add_rights(row, directory, arena, entry->id);
    return row;
}

int entry_show(const struct command *command, struct directory *directory, unsigned kinds, const struct entry_words *words)
{
    struct arena arena = {0};
    struct directory_entry entry;
    int result = entry_find(command, directory, &arena, kinds, words->names.items[0], &entry);
    if (result == COMMAND_DONE) {
        json_t *row = entry_state(directory, &arena, &entry);
        if (words->as_json) {
            json_dumpf(row, stdout, JSON_INDENT(2));
            putchar('\n');
        } else {
            print_lines(row);
        }
        json_decref(row);
    }
    arena_free(&arena);
    return result;
}

/* --- members --- */

int entry_members(const struct command *command, struct directory *directory, unsigned kinds, const struct entry_words *words)
{
    static const struct output_column columns[] = {
        {"account", "Alias", false}, {"kind", "Kind", false}, {"display_name", "Name", false}, {"address", "Address", false}};
    struct arena arena = {0};
    struct directory_entry group;
    struct address_book_cache *cache = address_book_cache_new(directory);
    struct address_book *book = cache ? address_book_acquire(cache) : NULL;
    int result = book ? entry_find(command, directory, &arena, kinds, words->names.items[0], &group)
                      : command_failed(command, "%s", directory_status_text(DIRECTORY_UNAVAILABLE));
    if (result == COMMAND_DONE) {
        json_t *rows = json_array();
        struct address_book_list members = address_book_members(book, address_book_find_id(book, group.id));
        for (uint32_t i = 0; i < members.count; i++)
            json_array_append_new(rows, row_of_entry(directory, &arena, address_book_entry(book, members.indexes[i]), false));
        if (!output_rows(rows, columns, 4, words->as_json))
            result = command_failed(command, "standard output cannot be written");
        json_decref(rows);
    }
    if (book)
        address_book_release(book);
    if (cache)
        address_book_cache_free(cache);
    arena_free(&arena);
    return result;
}
