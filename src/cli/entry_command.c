#include "cli/entry_command.h"

#include <openssl/crypto.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli/entry_values.h"
#include "cli/local_directory.h"
#include "cli/recorded_change.h"

int entry_report(const struct command *command, const char *name, enum directory_status status,
                 const struct embedded_error *error)
{
    if (status == DIRECTORY_OK)
        return COMMAND_DONE;
    return command_failed(command, "%s: %s", name, error && *error->text ? error->text : directory_status_text(status));
}

int entry_find(const struct command *command, struct directory *directory, struct arena *arena, unsigned kinds,
               const char *name, struct directory_entry *ret_entry)
{
    enum directory_status status = directory_find_entry(directory, arena, DIRECTORY_KEY_LOGON, name, ret_entry);
    if (status == DIRECTORY_OK && !(kinds & 1u << ret_entry->kind))
        return command_failed(command, "%s is a %s", name, directory_kind_names[ret_entry->kind]);
    return status == DIRECTORY_OK ? COMMAND_DONE : command_failed(command, "%s: %s", name, directory_status_text(status));
}

/* What a name may be given by. */
static enum directory_kind kind_to_add(enum directory_kind kind, const struct entry_words *words)
{
    if (words->equipment)
        return DIRECTORY_EQUIPMENT;
    if (words->public_folder)
        return DIRECTORY_PUBLIC_FOLDER_MAILBOX;
    return kind == DIRECTORY_GROUP && words->rule ? DIRECTORY_DYNAMIC_GROUP : kind;
}

static int read_values(const struct command *command, struct directory *directory, struct arena *arena,
                       const struct entry_words *words, struct entry_value_list *list)
{
    for (uint32_t i = 0; i < words->assignment_count; i++) {
        const struct entry_assignment *assignment = &words->assignments[i];
        struct bytes value = bytes_of_string(assignment->text);
        const char *error = "out of memory";
        if ((assignment->from_file && value.size > 0 &&
             !entry_value_of_file(arena, assignment->attribute, assignment->text, &value, &error)) ||
            !entry_value_add(arena, directory, assignment->attribute, value, list, &error))
            return command_failed(command, "%s", error);
    }
    return COMMAND_DONE;
}

/* --- add --- */

static int add_entry(const struct command *command, struct directory *directory, enum directory_kind kind,
                     const struct entry_words *words, const char *password, const struct entry_value_list *list)
{
    struct arena arena = {0};
    struct directory_entry added;
    struct embedded_error error = {0};
    struct guid mailbox;
    const char *name = words->names.items[0];
    if (words->mailbox && !guid_parse(words->mailbox, &mailbox))
        return command_usage_error(command, "--mailbox: '%s' is not a GUID", words->mailbox);
    struct embedded_entry entry = {
        .kind = kind_to_add(kind, words), .account = name, .display_name = words->display_name,
        .address_count = words->emails.count, .addresses = words->emails.items, .principal = words->principal,
        .password = password && *password ? password : NULL, .password_hash = words->password_hash,
        .nt_hash_wanted = words->ntlm == DIRECTORY_ON, .administrator = words->administrator == DIRECTORY_ON,
        .disabled = words->enabled == DIRECTORY_OFF, .hidden = words->hidden == DIRECTORY_ON, .rule = words->rule,
        .legacy_dn = words->legacy_dn, .old_legacy_dn_count = words->old_legacy_dns.count,
        .old_legacy_dns = words->old_legacy_dns.items, .mailbox_guid = words->mailbox ? &mailbox : NULL,
        .value_count = list->count, .values = list->values};
    enum directory_status status = embedded_directory_add_entry(directory, &arena, &entry, &added, &error);
    int result;
    if (status == DIRECTORY_NOT_FOUND && !*error.text)
        result = command_failed(command, "there is no organization yet: begin with 'mapihttp organization init'");
    else
        result = entry_report(command, name, status, &error);
    if (result == COMMAND_DONE)
        printf("%s <%s>\n", added.display_name, added.address);
    arena_free(&arena);
    return result;
}

static int add(const struct command *command, struct directory *directory, enum directory_kind kind, unsigned kinds,
               const struct entry_words *words)
{
    (void)kinds;
    char password[ENTRY_PASSWORD_SIZE] = "";
    struct arena arena = {0};
    struct entry_value_list list = {0};
    int result = read_values(command, directory, &arena, words, &list);
    if (result == COMMAND_DONE && kind == DIRECTORY_USER && !words->password_hash)
        result = entry_password(command, words, password);
    if (result == COMMAND_DONE)
        result = add_entry(command, directory, kind, words, password, &list);
    OPENSSL_cleanse(password, sizeof password);
    arena_free(&arena);
    return result;
}

/* --- set --- */

/* 'basic,ntlm,kerberos,bearer', 'all'. */
static int read_methods(const struct command *command, const char *text, uint32_t *ret_methods)
{
    static const char *const names[] = {"basic", "ntlm", "kerberos", "bearer"};
    uint32_t methods = !strcmp(text, "all") ? DIRECTORY_METHOD_ALL : 0;
    for (const char *place = text; !methods || *place; place += *place == ',') {
        size_t size = strcspn(place, ","), found = 0;
        while (found < 4 && (strlen(names[found]) != size || strncmp(names[found], place, size) != 0))
            found++;
        if (methods == DIRECTORY_METHOD_ALL)
            break;
        if (found == 4)
            return command_usage_error(command, "--methods: '%s': say basic, ntlm, kerberos, bearer (with commas), or all", text);
        methods |= 1u << found;
        place += size;
    }
    *ret_methods = methods;
    return COMMAND_DONE;
}

/* Where change.* points. */
struct change_values {
    enum directory_switch mapi_http;
    uint32_t methods;
    struct guid archive;
};

static int read_change(const struct command *command, const struct entry_words *words, struct change_values *values,
                       struct embedded_change *ret_change)
{
    struct embedded_change change = {
        .account = words->alias, .display_name = words->display_name, .principal = words->principal, .rule = words->rule,
        .hidden = words->hidden, .enabled = words->enabled, .administrator = words->administrator,
        .nt_hash_wanted = words->ntlm, .switches.mapi_enabled = words->mapi, .switches.block_rpc_http = words->block_rpc_http,
        .switches.block_non_cached_mode = words->block_non_cached_mode, .switches.block_external_connectivity = words->block_external,
        .switches.block_versions = words->block_versions, .redirect_address = words->redirect_address,
        .redirect_url = words->redirect_url};
    if (words->mapi_http) {
        bool inherit = !strcmp(words->mapi_http, "inherit"), yes = !strcmp(words->mapi_http, "yes");
        if (!inherit && !yes && strcmp(words->mapi_http, "no") != 0)
            return command_usage_error(command, "--mapi-http takes yes, no or inherit, not '%s'", words->mapi_http);
        values->mapi_http = inherit ? DIRECTORY_INHERIT : yes ? DIRECTORY_ON : DIRECTORY_OFF;
        change.switches.mapi_http = &values->mapi_http;
    }
    if (words->archive) {
        bool no = !strcmp(words->archive, "no");
        values->archive = no ? (struct guid){{0}} : guid_random();
        if (!no && strcmp(words->archive, "yes") != 0 && !guid_parse(words->archive, &values->archive))
            return command_usage_error(command, "--archive takes yes, no or a GUID, not '%s'", words->archive);
        change.archive_guid = &values->archive;
    }
    if (words->methods) {
        int result = read_methods(command, words->methods, &values->methods);
        if (result != COMMAND_DONE)
            return result;
        change.switches.methods = &values->methods;
    }
    *ret_change = change;
    return COMMAND_DONE;
}

static enum directory_status set_addresses(struct directory *directory, struct guid id, const struct entry_words *words,
                                           struct embedded_error *error)
{
    enum directory_status status = DIRECTORY_OK;
    if (words->emails.count)
        status = embedded_directory_set_addresses(directory, id, words->emails.count, words->emails.items, error);
    for (uint32_t i = 0; status == DIRECTORY_OK && i < words->added_emails.count; i++)
        status = embedded_directory_put_address(directory, id, words->added_emails.items[i], false, error);
    if (status == DIRECTORY_OK && words->primary_email)
        status = embedded_directory_put_address(directory, id, words->primary_email, true, error);
    for (uint32_t i = 0; status == DIRECTORY_OK && i < words->removed_emails.count; i++)
        status = embedded_directory_drop_address(directory, id, words->removed_emails.items[i], error);
    for (uint32_t i = 0; status == DIRECTORY_OK && i < words->old_legacy_dns.count; i++)
        status = embedded_directory_add_legacy_dn(directory, id, words->old_legacy_dns.items[i], error);
    return status;
}

/* All of it, or nothing. */
static int change_entry(const struct command *command, struct directory *directory, struct guid id,
                        const struct entry_words *words, const struct embedded_change *change,
                        const struct entry_value_list *list)
{
    struct embedded_error error = {0};
    enum directory_status status = embedded_directory_begin(directory, &error);
    if (status != DIRECTORY_OK)
        return entry_report(command, words->names.items[0], status, &error);
    status = embedded_directory_change(directory, id, change, &error);
    if (status == DIRECTORY_OK)
        status = set_addresses(directory, id, words, &error);
    if (status == DIRECTORY_OK && list->count)
        status = embedded_directory_put_values(directory, id, list->count, list->values, &error);
    if (status == DIRECTORY_OK)
        status = embedded_directory_commit(directory, &error);
    else
        embedded_directory_rollback(directory);
    return entry_report(command, words->names.items[0], status, &error);
}

static int set(const struct command *command, struct directory *directory, enum directory_kind kind, unsigned kinds,
               const struct entry_words *words)
{
    (void)kind;
    struct arena arena = {0};
    struct entry_value_list list = {0};
    struct directory_entry entry;
    struct change_values values;
    struct embedded_change change;
    int result = read_change(command, words, &values, &change);
    if (result == COMMAND_DONE)
        result = entry_find(command, directory, &arena, kinds, words->names.items[0], &entry);
    if (result == COMMAND_DONE)
        result = read_values(command, directory, &arena, words, &list);
    if (result == COMMAND_DONE)
        result = change_entry(command, directory, entry.id, words, &change, &list);
    arena_free(&arena);
    return result;
}

/* --- the others --- */

static int remove_entry(const struct command *command, struct directory *directory, enum directory_kind kind, unsigned kinds,
                        const struct entry_words *words)
{
    (void)kind;
    struct arena arena = {0};
    struct directory_entry entry;
    struct embedded_error error = {0};
    int result = entry_find(command, directory, &arena, kinds, words->names.items[0], &entry);
    if (result == COMMAND_DONE)
        result = entry_report(command, entry.account, embedded_directory_remove_entry(directory, entry.id, &error), &error);
    arena_free(&arena);
    return result;
}

static int set_password(const struct command *command, struct directory *directory, enum directory_kind kind, unsigned kinds,
                        const struct entry_words *words)
{
    (void)kind;
    char password[ENTRY_PASSWORD_SIZE] = "";
    struct arena arena = {0};
    struct directory_entry entry;
    struct embedded_error error = {0};
    int result = entry_find(command, directory, &arena, kinds, words->names.items[0], &entry);
    if (result == COMMAND_DONE && words->password_hash) {
        result = entry_report(command, entry.account,
                              embedded_directory_put_password_hash(directory, entry.id, words->password_hash, &error), &error);
    } else if (result == COMMAND_DONE && (result = entry_password(command, words, password)) == COMMAND_DONE) {
        result = entry_report(command, entry.account,
                              embedded_directory_put_password(directory, entry.id, *password ? password : NULL, &error), &error);
    }
    OPENSSL_cleanse(password, sizeof password);
    arena_free(&arena);
    return result;
}

static int add_address(const struct command *command, struct directory *directory, enum directory_kind kind, unsigned kinds,
                       const struct entry_words *words)
{
    struct entry_words one_more = *words;
    one_more.added_emails = words->emails;
    one_more.emails = (struct entry_word_list){0};
    if (one_more.added_emails.count == 0)
        return command_usage_error(command, "add-address needs --email");
    return set(command, directory, kind, kinds, &one_more);
}

static int change_members(const struct command *command, struct directory *directory, enum directory_kind kind, unsigned kinds,
                          const struct entry_words *words)
{
    (void)kind;
    struct arena arena = {0};
    struct directory_entry group, member;
    struct embedded_error error = {0};
    uint32_t count = words->names.count - 1;
    struct guid *members = arena_array(&arena, struct guid, count);
    int result = members ? entry_find(command, directory, &arena, kinds, words->names.items[0], &group) : COMMAND_FAILED;
    for (uint32_t i = 0; result == COMMAND_DONE && i < count; i++) {
        result = entry_find(command, directory, &arena, ENTRY_KINDS_ALL, words->names.items[i + 1], &member);
        members[i] = member.id;
    }
    if (result == COMMAND_DONE) {
        bool adding = !strcmp(words->action, "add-member");
        enum directory_status status = embedded_directory_change_group(directory, group.id, adding, count, members, &error);
        result = entry_report(command, group.account, status, &error);
    }
    arena_free(&arena);
    return result;
}

static int list(const struct command *command, struct directory *directory, enum directory_kind kind, unsigned kinds,
                const struct entry_words *words)
{
    (void)kind;
    return entry_list(command, directory, kinds, words);
}

static int show(const struct command *command, struct directory *directory, enum directory_kind kind, unsigned kinds,
                const struct entry_words *words)
{
    (void)kind;
    return entry_show(command, directory, kinds, words);
}

static int members(const struct command *command, struct directory *directory, enum directory_kind kind, unsigned kinds,
                   const struct entry_words *words)
{
    (void)kind;
    return entry_members(command, directory, kinds, words);
}

#define GROUPS (1u << DIRECTORY_GROUP | 1u << DIRECTORY_DYNAMIC_GROUP)

static const struct {
    const char *name;
    unsigned kinds;
    uint32_t names_min, names_max;
    int (*run)(const struct command *, struct directory *, enum directory_kind, unsigned, const struct entry_words *);
} actions[] = {
    {"add", ENTRY_KINDS_ALL, 1, 1, add},
    {"list", ENTRY_KINDS_ALL, 0, 0, list},
    {"show", ENTRY_KINDS_ALL, 1, 1, show},
    {"set", ENTRY_KINDS_ALL, 1, 1, set},
    {"remove", ENTRY_KINDS_ALL, 1, 1, remove_entry},
    {"import", ENTRY_KINDS_ALL, 1, 1, entry_import},
    {"set-password", 1u << DIRECTORY_USER, 1, 1, set_password},
    {"add-address", ENTRY_KINDS_MAILBOX, 1, 1, add_address},
    {"members", GROUPS, 1, 1, members},
    {"add-member", 1u << DIRECTORY_GROUP, 2, ENTRY_WORDS_LIST_MAX, change_members},
    {"remove-member", 1u << DIRECTORY_GROUP, 2, ENTRY_WORDS_LIST_MAX, change_members},
};
#define ACTION_COUNT (sizeof actions / sizeof *actions)

/* Who lists or looks is not written down, nor who tries an import. */
static int run_recorded(const struct command *command, struct directory *directory, enum directory_kind kind, unsigned kinds,
                        const struct entry_words *words, size_t action, int argc, char **argv)
{
    struct recorded_change change;
    bool importing = actions[action].run == entry_import;
    if (actions[action].run == list || actions[action].run == show || actions[action].run == members || words->dry_run)
        return actions[action].run(command, directory, kind, kinds, words);
    recorded_change_begin(&change, command, words->config, directory, importing ? "" : words->names.items[0]);
    return recorded_change_end(&change, argc, argv, actions[action].run(command, directory, kind, kinds, words));
}

static int say_actions(const struct command *command, unsigned kinds)
{
    char text[200] = "";
    for (size_t i = 0; i < ACTION_COUNT; i++) {
        if (actions[i].kinds & kinds)
            snprintf(text + strlen(text), sizeof text - strlen(text), "%s%s", *text ? ", " : "", actions[i].name);
    }
    return command_usage_error(command, "say one of %s", text);
}

int entry_command_run(const struct command *command, enum directory_kind kind, unsigned kinds, int argc, char **argv)
{
    size_t found = 0;
    while (found < ACTION_COUNT && (argc < 2 || !(actions[found].kinds & kinds) || strcmp(actions[found].name, argv[1]) != 0))
        found++;
    if (found == ACTION_COUNT)
        return say_actions(command, kinds);
    struct entry_words words;
    int result = entry_words_read(command, kinds, argc, argv, &words);
    if (result != COMMAND_DONE)
        return result;
    if (words.names.count < actions[found].names_min || words.names.count > actions[found].names_max) {
        result = command_usage_error(command, words.names.count < actions[found].names_min
                                                  ? "'%s' needs a name" : "'%s': too many names", words.action);
    } else {
        struct directory *directory = local_directory_open(command, words.config, false);
        result = directory ? run_recorded(command, directory, kind, kinds, &words, found, argc, argv) : COMMAND_FAILED;
        directory_close(directory);
    }
    entry_words_free(&words);
    return result;
}
