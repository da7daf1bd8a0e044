#include "cli/entry_words.h"

#include <stdlib.h>
#include <string.h>

enum word_kind { WORD_TEXT, WORD_SWITCH, WORD_LIST, WORD_FLAG };

#define FIELD(member) offsetof(struct entry_words, member)
#define USER (1u << DIRECTORY_USER)
#define MAILBOX ENTRY_KINDS_MAILBOX
#define ALL ENTRY_KINDS_ALL

static const struct {
    const char *name;
    enum word_kind kind;
    size_t field;
    unsigned kinds;      /* whose command takes it */
    const char *actions; /* which of its actions */
} options[] = {
    {"--config", WORD_TEXT, FIELD(config), ALL, "*"},
    {"--json", WORD_FLAG, FIELD(as_json), ALL, "list show members"},
    {"--display-name", WORD_TEXT, FIELD(display_name), ALL, "add set"},
    {"--alias", WORD_TEXT, FIELD(alias), ALL, "set"},
    {"--email", WORD_LIST, FIELD(emails), ALL, "add set add-address"},
    {"--add-email", WORD_LIST, FIELD(added_emails), ALL, "set"},
    {"--remove-email", WORD_LIST, FIELD(removed_emails), ALL, "set"},
    {"--primary-email", WORD_TEXT, FIELD(primary_email), ALL, "set"},
    {"--hidden", WORD_SWITCH, FIELD(hidden), ALL, "add set"},
    {"--legacy-dn", WORD_TEXT, FIELD(legacy_dn), ALL, "add"},
    {"--old-legacy-dn", WORD_LIST, FIELD(old_legacy_dns), ALL, "add set"},
    {"--rule", WORD_TEXT, FIELD(rule), 1u << DIRECTORY_DYNAMIC_GROUP, "add set"},
    {"--password-file", WORD_TEXT, FIELD(password_file), USER, "add set-password"},
    {"--password-hash", WORD_TEXT, FIELD(password_hash), USER, "add set-password"},
    {"--no-password", WORD_FLAG, FIELD(no_password), USER, "add set-password"},
    {"--principal", WORD_TEXT, FIELD(principal), USER, "add set"},
    {"--administrator", WORD_SWITCH, FIELD(administrator), USER, "add set"},
    {"--enabled", WORD_SWITCH, FIELD(enabled), USER, "add set"},
    {"--ntlm", WORD_SWITCH, FIELD(ntlm), USER, "add set"},
    {"--methods", WORD_TEXT, FIELD(methods), USER, "set"},
    {"--mailbox", WORD_TEXT, FIELD(mailbox), MAILBOX, "add"},
    {"--mapi", WORD_SWITCH, FIELD(mapi), MAILBOX, "set"},
    {"--mapi-http", WORD_TEXT, FIELD(mapi_http), MAILBOX, "set"},
    {"--block-rpc-http", WORD_SWITCH, FIELD(block_rpc_http), MAILBOX, "set"},
    {"--block-non-cached-mode", WORD_SWITCH, FIELD(block_non_cached_mode), MAILBOX, "set"},
    {"--block-external", WORD_SWITCH, FIELD(block_external), MAILBOX, "set"},
    {"--block-versions", WORD_TEXT, FIELD(block_versions), MAILBOX, "set"},
    {"--redirect-address", WORD_TEXT, FIELD(redirect_address), MAILBOX, "set"},
    {"--redirect-url", WORD_TEXT, FIELD(redirect_url), MAILBOX, "set"},
    {"--archive", WORD_TEXT, FIELD(archive), MAILBOX, "set"},
    {"--equipment", WORD_FLAG, FIELD(equipment), 1u << DIRECTORY_ROOM, "add"},
    {"--public-folder", WORD_FLAG, FIELD(public_folder), 1u << DIRECTORY_SHARED_MAILBOX, "add"},
    {"--format", WORD_TEXT, FIELD(format), ALL, "import"},
    {"--dry-run", WORD_FLAG, FIELD(dry_run), ALL, "import"},
    {"--update", WORD_FLAG, FIELD(update), ALL, "import"},
};
#define OPTION_COUNT (sizeof options / sizeof *options)

static bool is_among(const char *actions, const char *action)
{
    size_t size = strlen(action);
    for (const char *place = actions; (place = strstr(place, action)); place += size) {
        if ((place == actions || place[-1] == ' ') && (place[size] == ' ' || !place[size]))
            return true;
    }
    return false;
}

static int append(const struct command *command, struct entry_word_list *list, const char *word)
{
    const char **items = list->count < ENTRY_WORDS_LIST_MAX ? realloc(list->items, (list->count + 1) * sizeof *items) : NULL;
    if (!items)
        return command_usage_error(command, "too many words");
    list->items = items;
    items[list->count++] = word;
    return COMMAND_DONE;
}

static int assign(const struct command *command, struct entry_words *words, const char *name, const char *value, bool from_file)
{
    enum directory_attribute attribute = directory_attribute_named(name);
    if (attribute == DIRECTORY_ATTRIBUTE_COUNT)
        return command_usage_error(command, "no attribute '%s'", name);
    struct entry_assignment *assignments = words->assignment_count < ENTRY_WORDS_LIST_MAX
        ? realloc(words->assignments, (words->assignment_count + 1) * sizeof *assignments) : NULL;
    if (!assignments)
        return command_usage_error(command, "too many words");
    words->assignments = assignments;
    assignments[words->assignment_count++] = (struct entry_assignment){attribute, value, from_file};
    return COMMAND_DONE;
}

static int set_switch(const struct command *command, const char *name, const char *word, enum directory_switch *ret_switch)
{
    bool yes = !strcmp(word, "yes") || !strcmp(word, "on");
    if (!yes && strcmp(word, "no") != 0 && strcmp(word, "off") != 0)
        return command_usage_error(command, "%s takes 'yes' or 'no', not '%s'", name, word);
    *ret_switch = yes ? DIRECTORY_ON : DIRECTORY_OFF;
    return COMMAND_DONE;
}

/* The option number 'index' at argv[*place]; *place moves over its value. */
static int take(const struct command *command, size_t index, int argc, char **argv, int *place, struct entry_words *words)
{
    void *field = (char *)words + options[index].field;
    const char *next = *place + 1 < argc ? argv[*place + 1] : NULL;
    if (options[index].kind == WORD_FLAG) {
        *(bool *)field = true;
        return COMMAND_DONE;
    }
    /* '--administrator' alone means yes. */
    if (options[index].kind == WORD_SWITCH && !strcmp(words->action, "add") && (!next || !is_among("yes no on off", next))) {
        *(enum directory_switch *)field = DIRECTORY_ON;
        return COMMAND_DONE;
    }
    if (!next)
        return command_usage_error(command, "%s needs a value", argv[*place]);
    ++*place;
    if (options[index].kind == WORD_SWITCH)
        return set_switch(command, options[index].name, next, field);
    if (options[index].kind == WORD_LIST)
        return append(command, field, next);
    *(const char **)field = next;
    return COMMAND_DONE;
}

/* '--set NAME=VALUE', '--file NAME=PATH', '--photo PATH', '--title VALUE'. 'no option' for all others. */
static int take_attribute(const struct command *command, int argc, char **argv, int *place, struct entry_words *words)
{
    const char *option = argv[*place];
    const char *value = *place + 1 < argc ? argv[*place + 1] : NULL;
    bool is_set = !strcmp(option, "--set"), is_file = !strcmp(option, "--file");
    const char *name = !strcmp(option, "--photo") ? "thumbnailPhoto"
                       : !strcmp(option, "--certificate") ? "userSMIMECertificate" : option + 2;
    if (!is_among("add set", words->action) || strncmp(option, "--", 2) != 0 ||
        (!is_set && !is_file && directory_attribute_named(name) == DIRECTORY_ATTRIBUTE_COUNT))
        return command_usage_error(command, "no option '%s'%s", option, is_among("add set", words->action) ? "" : " here");
    if (!value)
        return command_usage_error(command, "%s needs a value", option);
    ++*place;
    if (!is_set && !is_file)
        return assign(command, words, name, value,
                      directory_attributes[directory_attribute_named(name)].kind == DIRECTORY_VALUE_BINARY);
    char *equals = strchr(argv[*place], '=');
    if (!equals)
        return command_usage_error(command, "%s takes NAME=VALUE, not '%s'", option, value);
    *equals = '\0';
    int result = assign(command, words, value, equals + 1, is_file);
    *equals = '=';
    return result;
}

static int take_option(const struct command *command, unsigned kinds, int argc, char **argv, int *place,
                       struct entry_words *words)
{
    for (size_t i = 0; i < OPTION_COUNT; i++) {
        if (strcmp(options[i].name, argv[*place]) != 0)
            continue;
        if (!(options[i].kinds & kinds) || (*options[i].actions != '*' && !is_among(options[i].actions, words->action)))
            return command_usage_error(command, "'%s' takes no %s", words->action, argv[*place]);
        return take(command, i, argc, argv, place, words);
    }
    return take_attribute(command, argc, argv, place, words);
}

int entry_words_read(const struct command *command, unsigned kinds, int argc, char **argv, struct entry_words *ret_words)
{
    struct entry_words words = {.action = argc > 1 ? argv[1] : ""};
    int result = COMMAND_DONE;
    for (int i = 2; result == COMMAND_DONE && i < argc; i++) {
        if (argv[i][0] == '-' && argv[i][1])
            result = take_option(command, kinds, argc, argv, &i, &words);
        else
            result = append(command, &words.names, argv[i]);
    }
    if (result == COMMAND_DONE)
        *ret_words = words;
    else
        entry_words_free(&words);
    return result;
}

void entry_words_free(struct entry_words *words)
{
    free(words->names.items);
    free(words->emails.items);
    free(words->added_emails.items);
    free(words->removed_emails.items);
    free(words->old_legacy_dns.items);
    free(words->assignments);
}
