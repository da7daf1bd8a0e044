#include "cli/recorded_change.h"

#include <string.h>

#include "cli/entry_command.h"
#include "cli/local_directory.h"
#include "record/change_record.h"

static json_t *organization_state(struct directory *directory)
{
    struct arena arena = {0};
    struct directory_organization organization;
    struct directory_address_list *lists;
    uint32_t count = 0;
    json_t *state = NULL, *domains = json_array(), *rules = json_object();
    if (directory_organization(directory, &arena, &organization) == DIRECTORY_OK) {
        char mailbox[GUID_TEXT_SIZE];
        guid_format(organization.public_folder_mailbox, mailbox);
        for (uint32_t i = 0; i < organization.domain_count; i++)
            json_array_append_new(domains, json_string(organization.domains[i]));
        if (directory_address_lists(directory, &arena, &count, &lists) == DIRECTORY_OK)
            for (uint32_t i = 0; i < count; i++)
                json_object_set_new(rules, lists[i].name, json_string(lists[i].rule));
        state = json_pack("{s:s, s:s, s:s, s:b, s:s, s:O, s:O}", "name", organization.name, "domain", organization.domain, "netbios_name",
                          organization.netbios_name, "mapi_http", organization.mapi_http_enabled, "public_folder_mailbox",
                          guid_is_zero(organization.public_folder_mailbox) ? "" : mailbox, "domains", domains, "address_lists", rules);
    }
    json_decref(domains);
    json_decref(rules);
    arena_free(&arena);
    return state;
}

/* NULL where there is no such entry. Looked up by 'id' where that is known. */
static json_t *entry_state_of(struct directory *directory, const char *name, const struct guid *id, struct guid *ret_id)
{
    struct arena arena = {0};
    struct directory_entry entry;
    char text[GUID_TEXT_SIZE];
    json_t *state = NULL;
    if (id)
        guid_format(*id, text);
    if (directory_find_entry(directory, &arena, id ? DIRECTORY_KEY_ID : DIRECTORY_KEY_LOGON, id ? text : name, &entry) == DIRECTORY_OK) {
        *ret_id = entry.id;
        state = entry_state(directory, &arena, &entry);
    }
    arena_free(&arena);
    return state;
}

void recorded_change_begin(struct recorded_change *change, const struct command *command, const char *config_path,
                           struct directory *directory, const char *target)
{
    *change = (struct recorded_change){.command = command, .directory = directory, .config_path = config_path, .target = target};
    change->before = *target ? entry_state_of(directory, target, NULL, &change->id) : organization_state(directory);
    change->known = *target && change->before;
}

/* As typed, without what is secret. */
static json_t *words_of(int argc, char **argv)
{
    static const char secret[] = "--password-hash";
    json_t *words = json_array();
    for (int i = 1; i < argc; i++) {
        bool hidden = i > 1 && strcmp(argv[i - 1], secret) == 0;
        bool joined = strncmp(argv[i], secret, sizeof secret - 1) == 0 && argv[i][sizeof secret - 1] == '=';
        json_t *word = json_string(hidden || joined ? "********" : argv[i]);
        json_array_append_new(words, word ? word : json_string("(not UTF-8)"));
    }
    return json_pack("{s:o}", "Words", words);
}

static enum settings_status append(const struct recorded_change *change, json_t *words, json_t *after, const char *action)
{
    struct settings *settings = NULL;
    struct arena arena = {0};
    char actor[LOCAL_ACTOR_SIZE];
    const char *operation = arena_format(&arena, "%s %s", change->command->name, action);
    enum settings_status status = operation ? local_settings_open(change->config_path, &settings) : SETTINGS_UNAVAILABLE;
    local_actor(actor);
    if (status == SETTINGS_OK)
        status = change_record_append(settings, &(struct change){.actor = actor, .way = "local", .address = "", .operation = operation,
                                                                 .target = change->target, .parameters = words, .before = change->before,
                                                                 .after = after, .succeeded = true, .error = ""});
    settings_close(settings);
    arena_free(&arena);
    return status;
}

int recorded_change_end(struct recorded_change *change, int argc, char **argv, int result)
{
    struct guid id;
    if (result == COMMAND_DONE) {
        json_t *words = words_of(argc, argv);
        json_t *after = !*change->target ? organization_state(change->directory)
                                         : entry_state_of(change->directory, change->target, change->known ? &change->id : NULL, &id);
        enum settings_status status = append(change, words, after, argc > 1 ? argv[1] : "");
        if (status != SETTINGS_OK)
            result = command_failed(change->command, "it was done, but could not be recorded: %s", settings_status_text(status));
        json_decref(words);
        json_decref(after);
    }
    json_decref(change->before);
    return result;
}
