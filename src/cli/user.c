/* mapihttp user */
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <termios.h>
#include <unistd.h>

#include "cli/local_directory.h"
#include "directory/password.h"

#define LIST_PAGE_SIZE 500u

struct options {
    const char *config, *user, *display_name, *address, *password_file, *mapi, *enabled;
    bool administrator, as_json;
};

/* --- passwords --- */

/* The first line without its end; false at the end of the file or for too long a one. */
static bool read_line(FILE *file, char password[PASSWORD_SIZE_MAX + 2])
{
    if (!fgets(password, PASSWORD_SIZE_MAX + 2, file))
        return false;
    size_t size = strcspn(password, "\r\n");
    bool whole = password[size] != '\0' || size <= PASSWORD_SIZE_MAX;
    password[size] = '\0';
    return whole;
}

static bool ask(const char *question, char password[PASSWORD_SIZE_MAX + 2])
{
    struct termios before, silent;
    fputs(question, stderr);
    tcgetattr(STDIN_FILENO, &before);
    silent = before;
    silent.c_lflag &= ~(tcflag_t)ECHO;
    tcsetattr(STDIN_FILENO, TCSAFLUSH, &silent);
    bool done = read_line(stdin, password);
    tcsetattr(STDIN_FILENO, TCSAFLUSH, &before);
    fputc('\n', stderr);
    return done;
}

/* From the file, else twice from a terminal, else the first line of standard input. */
static int get_password(const struct command *command, const struct options *options, char password[PASSWORD_SIZE_MAX + 2])
{
    char again[PASSWORD_SIZE_MAX + 2];
    bool done;
    if (options->password_file) {
        FILE *file = fopen(options->password_file, "r");
        done = file && read_line(file, password);
        if (file)
            fclose(file);
    } else if (isatty(STDIN_FILENO)) {
        done = ask("Password: ", password) && ask("Again: ", again);
        if (done && strcmp(password, again) != 0)
            return command_failed(command, "the two are not the same");
        explicit_bzero(again, sizeof again);
    } else {
        done = read_line(stdin, password);
    }
    return done ? COMMAND_DONE : command_failed(command, "no password, or one of more than %u bytes", PASSWORD_SIZE_MAX);
}

/* --- actions --- */

static int report(const struct command *command, const struct options *options, enum directory_status status)
{
    if (status == DIRECTORY_OK)
        return COMMAND_DONE;
    if (status == DIRECTORY_INVALID)
        return command_failed(command, "%s: a name that cannot be used, or a password of fewer than 8 bytes", options->user);
    return command_failed(command, "%s: %s", options->user, directory_status_text(status));
}

static int add(const struct command *command, const struct options *options, struct directory *directory)
{
    char password[PASSWORD_SIZE_MAX + 2];
    struct arena arena = {0};
    struct directory_user added;
    int result = get_password(command, options, password);
    if (result != COMMAND_DONE)
        return result;
    struct embedded_user user = {.account = options->user, .display_name = options->display_name,
                                 .address = options->address, .password = password,
                                 .administrator = options->administrator};
    enum directory_status status = embedded_directory_add_user(directory, &arena, &user, &added);
    explicit_bzero(password, sizeof password);
    if (status == DIRECTORY_OK)
        printf("%s <%s>\n", added.display_name, added.address);
    else if (status == DIRECTORY_NOT_FOUND)
        command_failed(command, "there is no organization yet: begin with 'mapihttp organization init'");
    arena_free(&arena);
    return status == DIRECTORY_NOT_FOUND ? COMMAND_FAILED : report(command, options, status);
}

static int set_password(const struct command *command, const struct options *options, struct directory *directory)
{
    char password[PASSWORD_SIZE_MAX + 2];
    int result = get_password(command, options, password);
    if (result != COMMAND_DONE)
        return result;
    enum directory_status status = embedded_directory_set_password(directory, options->user, password);
    explicit_bzero(password, sizeof password);
    return report(command, options, status);
}

static int remove_user(const struct command *command, const struct options *options, struct directory *directory)
{
    return report(command, options, embedded_directory_remove_user(directory, options->user));
}

static int add_address(const struct command *command, const struct options *options, struct directory *directory)
{
    if (!options->address)
        return command_usage_error(command, "add-address needs --email");
    return report(command, options, embedded_directory_add_address(directory, options->user, options->address));
}

/* --enabled and --mapi say yes or no. */
static int set(const struct command *command, const struct options *options, struct directory *directory)
{
    enum directory_status status = DIRECTORY_OK;
    if (!options->enabled && !options->mapi)
        return command_usage_error(command, "set needs --enabled or --mapi");
    if (options->enabled)
        status = embedded_directory_set_enabled(directory, options->user, !strcmp(options->enabled, "yes"));
    if (status == DIRECTORY_OK && options->mapi)
        status = embedded_directory_set_mapi_enabled(directory, options->user, !strcmp(options->mapi, "yes"));
    return report(command, options, status);
}

static json_t *row_of(const struct directory_user *user)
{
    char mailbox[GUID_TEXT_SIZE];
    json_t *addresses = json_array();
    guid_format(user->mailbox_guid, mailbox);
    for (uint32_t i = 0; i < user->address_count; i++)
        json_array_append_new(addresses, json_string(user->addresses[i]));
    return json_pack("{s:s, s:s, s:s, s:o, s:s, s:s, s:b, s:b, s:b}", "account", user->account, "display_name",
                     user->display_name, "address", user->address, "addresses", addresses, "mailbox", mailbox, "legacy_dn",
                     user->legacy_dn, "enabled", user->enabled, "mapi", user->mapi_enabled, "administrator", user->administrator);
}

static void print_user(const struct directory_user *user)
{
    printf("%-20s %-28s %-32s%s%s%s\n", user->account, user->display_name, user->address,
           user->enabled ? "" : " switched off", user->mapi_enabled ? "" : " without MAPI",
           user->administrator ? " administrator" : "");
}

static int list(const struct command *command, const struct options *options, struct directory *directory)
{
    json_t *rows = json_array();
    char after[256] = "";
    uint32_t count = LIST_PAGE_SIZE;
    enum directory_status status = DIRECTORY_OK;
    while (status == DIRECTORY_OK && count == LIST_PAGE_SIZE) {
        struct arena arena = {0};
        struct directory_user *users;
        status = directory_list(directory, &arena, after, LIST_PAGE_SIZE, &count, &users);
        for (uint32_t i = 0; status == DIRECTORY_OK && i < count; i++) {
            snprintf(after, sizeof after, "%s", users[i].account);
            if (options->as_json)
                json_array_append_new(rows, row_of(&users[i]));
            else
                print_user(&users[i]);
        }
        arena_free(&arena);
    }
    if (status == DIRECTORY_OK && options->as_json) {
        json_dumpf(rows, stdout, JSON_INDENT(2));
        putchar('\n');
    }
    json_decref(rows);
    return status == DIRECTORY_OK ? COMMAND_DONE : command_failed(command, "%s", directory_status_text(status));
}

static const struct {
    const char *name;
    bool needs_user;
    int (*run)(const struct command *command, const struct options *options, struct directory *directory);
} actions[] = {
    {"add", true, add},         {"list", false, list},   {"set-password", true, set_password},
    {"remove", true, remove_user}, {"set", true, set},   {"add-address", true, add_address},
};

/* --- words --- */

static bool is_yes_or_no(const char *word)
{
    return !word || !strcmp(word, "yes") || !strcmp(word, "no");
}

/* COMMAND_DONE, or the usage error. */
static int read_options(const struct command *command, int argc, char **argv, struct options *options)
{
    for (int i = 2; i < argc; i++) {
        int taken = local_directory_option(command, argc, argv, &i, &options->config);
        if (taken < 0)
            return COMMAND_USAGE;
        const char **place = !strcmp(argv[i], "--display-name")    ? &options->display_name
                             : !strcmp(argv[i], "--email")         ? &options->address
                             : !strcmp(argv[i], "--password-file") ? &options->password_file
                             : !strcmp(argv[i], "--mapi")          ? &options->mapi
                             : !strcmp(argv[i], "--enabled")       ? &options->enabled : NULL;
        if (taken)
            continue;
        if (!strcmp(argv[i], "--administrator"))
            options->administrator = true;
        else if (!strcmp(argv[i], "--json"))
            options->as_json = true;
        else if (place && i + 1 == argc)
            return command_usage_error(command, "%s needs a value", argv[i]);
        else if (place)
            *place = argv[++i];
        else if (argv[i][0] == '-' || options->user)
            return command_usage_error(command, "no option '%s'", argv[i]);
        else
            options->user = argv[i];
    }
    if (!is_yes_or_no(options->mapi) || !is_yes_or_no(options->enabled))
        return command_usage_error(command, "--mapi and --enabled take 'yes' or 'no'");
    return COMMAND_DONE;
}

static int run(const struct command *command, int argc, char **argv)
{
    struct options options = {0};
    int result = read_options(command, argc, argv, &options);
    if (result != COMMAND_DONE)
        return result;
    for (size_t i = 0; i < sizeof actions / sizeof *actions; i++) {
        if (argc < 2 || strcmp(actions[i].name, argv[1]) != 0)
            continue;
        if (actions[i].needs_user != (options.user != NULL))
            return command_usage_error(command, actions[i].needs_user ? "%s needs a user" : "%s takes no user", argv[1]);
        struct directory *directory = local_directory_open(command, options.config, false);
        if (!directory)
            return COMMAND_FAILED;
        result = actions[i].run(command, &options, directory);
        directory_close(directory);
        return result;
    }
    return command_usage_error(command, "say add, list, set-password, remove, set or add-address");
}

const struct command command_user = {
    .name = "user",
    .summary = "add, list and change the users of this server",
    .usage = "mapihttp user add USER [--display-name NAME] [--email ADDRESS] [--administrator] [--password-file FILE]\n"
             "mapihttp user list [--json]\n"
             "mapihttp user set-password USER [--password-file FILE]\n"
             "mapihttp user set USER [--enabled yes|no] [--mapi yes|no]\n"
             "mapihttp user add-address USER --email ADDRESS\n"
             "mapihttp user remove USER\n"
             "\n"
             "Administers the directory of the server on this machine; a running server sees changes at once, and\n"
             "asks for a changed password with the next request. A password is the first line of the file or of\n"
             "standard input, or is asked for at a terminal. Removing a user leaves the mailbox file where it is.\n"
             "\n"
             LOCAL_DIRECTORY_USAGE
             "  --display-name NAME     as others see it, such as 'Ada Lovelace'\n"
             "  --email ADDRESS         instead of USER@DOMAIN\n"
             "  --administrator         may open every mailbox\n"
             "  --enabled yes|no        whether the user may log on\n"
             "  --mapi yes|no           whether by MAPI over HTTP\n"
             "  --json                  for programs\n",
    .run = run,
};
