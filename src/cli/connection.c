#include "cli/connection.h"
#include "protocol/id.h"
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <termios.h>
#include <unistd.h>

#define SECRET_SIZE_MAX 65536

/* The one that a signal cancels. */
static struct mapihttp_session *volatile interruptible;

static void cancel(int signal_number)
{
    struct mapihttp_session *session = interruptible;
    if (session)
        mapihttp_session_cancel(session);
    else
        _exit(128 + signal_number);
}

static void trace_line(void *data, const char *line)
{
    fflush(stdout);
    fprintf(stderr, "mapihttp: %s\n", line);
}

/* What a server sent must not steer the terminal. */
static void put_plain(FILE *terminal, const char *text)
{
    for (; *text; text++)
        fputc(*text > ' ' && *text < 0x7F ? *text : '?', terminal);
}

/* A question on the terminal, as Outlook asks in a window. Without a terminal the answer is no. */
static bool ask_consent(void *data, const char *host, const char *url, const char *found_at)
{
    FILE *terminal = fopen("/dev/tty", "r+");
    char answer[16] = "";
    if (!terminal)
        return false;
    fputs("The address does not lead to the host ", terminal);
    put_plain(terminal, host);
    fputs(", but ", terminal);
    put_plain(terminal, found_at);
    fputs(" does, to ", terminal);
    put_plain(terminal, url);
    fputs("\nMay it have your password? [y/N] ", terminal);
    fflush(terminal);
    bool read = fgets(answer, sizeof answer, terminal) != NULL;
    fclose(terminal);
    return read && (*answer == 'y' || *answer == 'Y');
}

static int add_to_list(const struct connection *connection, const char **list, const char *name, const char *value)
{
    unsigned count = 0;
    while (list[count])
        count++;
    if (count == CONNECTION_LIST_MAX) {
        command_usage_error(connection->command, "too many of %s", name);
        return -1;
    }
    list[count] = value;
    return 1;
}

void connection_initialize(struct connection *connection, const struct command *command)
{
    *connection = (struct connection){.command = command};
    mapihttp_options_initialize(&connection->options);
    connection->options.address = getenv("MAPIHTTP_ADDRESS");
    connection->options.server = getenv("MAPIHTTP_SERVER");
    connection->options.ca_file = getenv("MAPIHTTP_CA_FILE");
    connection->options.consent = ask_consent;
}

static bool take_authentication(struct mapihttp_options *options, const char *kind)
{
    static const struct {
        const char *name;
        enum mapihttp_authentication authentication;
    } kinds[] = {{"basic", MAPIHTTP_AUTHENTICATION_BASIC}, {"ntlm", MAPIHTTP_AUTHENTICATION_NTLM},
                 {"negotiate", MAPIHTTP_AUTHENTICATION_NEGOTIATE}, {"bearer", MAPIHTTP_AUTHENTICATION_BEARER}};
    for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++)
        if (!strcasecmp(kinds[i].name, kind)) {
            options->authentication = kinds[i].authentication;
            return true;
        }
    return false;
}

static int take_value(struct connection *connection, const char *name, const char *value)
{
    struct mapihttp_options *options = &connection->options;
    char *end;
    if (!strcmp(name, "--address")) {
        options->address = value;
    } else if (!strcmp(name, "--user")) {
        options->user = value;
    } else if (!strcmp(name, "--password-file")) {
        connection->password_file = value;
    } else if (!strcmp(name, "--server")) {
        options->server = value;
    } else if (!strcmp(name, "--url")) {
        options->url = value;
    } else if (!strcmp(name, "--dn")) {
        options->user_dn = value;
    } else if (!strcmp(name, "--ca-file")) {
        options->ca_file = value;
    } else if (!strcmp(name, "--connect-to")) {
        options->connect_to = value;
    } else if (!strcmp(name, "--client-application")) {
        options->client_application = value;
    } else if (!strcmp(name, "--allow-redirect")) {
        options->allowed_redirects = connection->allowed_redirects;
        return add_to_list(connection, connection->allowed_redirects, name, value);
    } else if (!strcmp(name, "--resolve")) {
        options->resolve = connection->resolve;
        if (!strchr(value, '=')) {
            command_usage_error(connection->command, "'%s' is not NAME=HOST:PORT", value);
            return -1;
        }
        return add_to_list(connection, connection->resolve, name, value);
    } else if (!strcmp(name, "--token-file")) {
        connection->token_file = value;
    } else if (!strcmp(name, "--auth") || !strcmp(name, "--authentication")) {
        if (!take_authentication(options, value)) {
            command_usage_error(connection->command, "no authentication '%s'", value);
            return -1;
        }
    } else {
        double seconds = strtod(value, &end);
        if (*end || !(seconds > 0) || seconds > 86400) {
            command_usage_error(connection->command, "'%s' is not a number of seconds", value);
            return -1;
        }
        options->response_timeout_ms = (uint32_t)(seconds * 1000);
        if (options->connect_timeout_ms > options->response_timeout_ms)
            options->connect_timeout_ms = options->response_timeout_ms;
    }
    return 1;
}

int connection_option(struct connection *connection, int argc, char **argv, int *index)
{
    static const char *const with_value[] = {"--address", "--user", "--password-file", "--server", "--url", "--dn", "--ca-file",
                                             "--connect-to", "--auth", "--authentication", "--token-file", "--timeout",
                                             "--allow-redirect", "--resolve", "--client-application"};
    const char *word = argv[*index];
    if (!strcmp(word, "--insecure")) {
        connection->options.insecure = true;
        return 1;
    }
    if (!strcmp(word, "--mapi-http-disabled")) {
        connection->options.mapi_http_disabled = true;
        return 1;
    }
    if (!strcmp(word, "--no-resend")) {
        connection->options.resend = false;
        return 1;
    }
    if (!strcmp(word, "-v") || !strcmp(word, "--verbose")) {
        connection->options.trace = trace_line;
        return 1;
    }
    for (size_t i = 0; i < sizeof with_value / sizeof *with_value; i++) {
        size_t length = strlen(with_value[i]);
        if (!strncmp(word, with_value[i], length) && word[length] == '=')
            return take_value(connection, with_value[i], word + length + 1);
        if (strcmp(word, with_value[i]))
            continue;
        if (*index + 1 == argc) {
            command_usage_error(connection->command, "%s needs a value", word);
            return -1;
        }
        return take_value(connection, with_value[i], argv[++*index]);
    }
    return 0;
}

/* Of any length up to SECRET_SIZE_MAX: a token with many groups has some thousand letters. */
bool connection_words(struct connection *connection, int argc, char **argv, bool *ret_json)
{
    bool as_json = false;
    for (int i = 1; i < argc; i++) {
        int taken = connection_option(connection, argc, argv, &i);
        if (taken < 0)
            return false;
        if (!taken && strcmp(argv[i], "--json")) {
            command_usage_error(connection->command, "'%s' is not understood", argv[i]);
            return false;
        }
        as_json |= !taken;
    }
    *ret_json = as_json;
    return true;
}

static char *first_line(FILE *file)
{
    char *line = calloc(1, SECRET_SIZE_MAX), *copy = NULL;
    if (line && fgets(line, SECRET_SIZE_MAX, file)) {
        line[strcspn(line, "\r\n")] = 0;
        copy = strdup(line);
    }
    if (line)
        explicit_bzero(line, SECRET_SIZE_MAX);
    free(line);
    return copy;
}

static char *prompt(const char *what, const char *address)
{
    struct termios before, silent;
    FILE *terminal = fopen("/dev/tty", "r+");
    if (!terminal)
        return NULL;
    fprintf(terminal, "%s of %s: ", what, address);
    fflush(terminal);
    bool quiet = !tcgetattr(fileno(terminal), &before);
    if (quiet) {
        silent = before;
        silent.c_lflag &= ~(tcflag_t)ECHO;
        tcsetattr(fileno(terminal), TCSAFLUSH, &silent);
    }
    char *password = first_line(terminal);
    if (quiet)
        tcsetattr(fileno(terminal), TCSAFLUSH, &before);
    fputc('\n', terminal);
    fclose(terminal);
    return password;
}

/* The first line of a file, '-' for standard input. COMMAND_DONE, or the exit status after a complaint. */
static int read_secret(struct connection *connection, const char *path)
{
    FILE *file = strcmp(path, "-") ? fopen(path, "r") : stdin;
    if (!file)
        return command_failed(connection->command, "%s: %s", path, strerror(errno));
    connection->password = first_line(file);
    if (file != stdin)
        fclose(file);
    return connection->password && *connection->password ? COMMAND_DONE
                                                         : command_failed(connection->command, "%s: nothing in it", path);
}

static int find_secret(struct connection *connection)
{
    const struct mapihttp_options *options = &connection->options;
    bool bearer = options->authentication == MAPIHTTP_AUTHENTICATION_BEARER;
    const char *file = bearer && connection->token_file ? connection->token_file : connection->password_file;
    const char *token = bearer ? getenv("MAPIHTTP_TOKEN") : NULL, *environment = token ? token : getenv("MAPIHTTP_PASSWORD");
    if (options->authentication == MAPIHTTP_AUTHENTICATION_NEGOTIATE && !file)
        return COMMAND_DONE; /* the ticket is the credential; a password that happens to be in the environment is not */
    if (file)
        return read_secret(connection, file);
    const char *who = options->user ? options->user : options->address ? options->address : "the mailboxes";
    connection->password = environment ? strdup(environment) : prompt(bearer ? "Token" : "Password", who);
    return connection->password ? COMMAND_DONE
        : command_failed(connection->command, "no password: give --password-file, MAPIHTTP_PASSWORD or a terminal");
}

bool connection_has_secret(const struct connection *connection)
{
    return connection->password_file || connection->token_file || getenv("MAPIHTTP_PASSWORD") || getenv("MAPIHTTP_TOKEN") ||
           connection->options.authentication == MAPIHTTP_AUTHENTICATION_NEGOTIATE;
}

int connection_prepare(struct connection *connection)
{
    struct mapihttp_options *options = &connection->options;
    if (!options->address || !*options->address)
        return command_usage_error(connection->command, "--address USER@DOMAIN is needed");
    return connection_find_secret(connection);
}

int connection_find_secret(struct connection *connection)
{
    struct mapihttp_options *options = &connection->options;
    if (connection->password)
        return COMMAND_DONE;
    if (connection->token_file && options->authentication == MAPIHTTP_AUTHENTICATION_AUTOMATIC)
        options->authentication = MAPIHTTP_AUTHENTICATION_BEARER;
    if (connection->token_file && options->authentication != MAPIHTTP_AUTHENTICATION_BEARER)
        return command_usage_error(connection->command, "--token-file is for --auth bearer");
    int status = find_secret(connection);
    if (options->authentication == MAPIHTTP_AUTHENTICATION_BEARER)
        options->bearer_token = connection->password;
    else
        options->password = connection->password;
    return status;
}

struct mapihttp_session *connection_open(struct connection *connection)
{
    struct mapihttp_error error;
    if (connection_prepare(connection))
        return NULL;
    struct sigaction action = {.sa_handler = cancel};
    sigaction(SIGINT, &action, NULL);
    sigaction(SIGTERM, &action, NULL);
    if (mapihttp_session_open(&connection->options, &connection->session, &error)) {
        connection_failed(connection, NULL, &error);
        return NULL;
    }
    interruptible = connection->session;
    return connection->session;
}

void connection_close(struct connection *connection)
{
    interruptible = NULL;
    mapihttp_session_close(connection->session);
    if (connection->password) {
        explicit_bzero(connection->password, strlen(connection->password));
        free(connection->password);
    }
    *connection = (struct connection){0};
}

int connection_run(const struct command *command, int argc, char **argv,
                   int (*show)(struct connection *connection, struct mapihttp_session *session, bool as_json))
{
    struct connection connection;
    bool as_json = false;
    connection_initialize(&connection, command);
    if (!connection_words(&connection, argc, argv, &as_json))
        return COMMAND_USAGE;
    struct mapihttp_session *session = connection_open(&connection);
    int status = session ? show(&connection, session, as_json) : COMMAND_FAILED;
    connection_close(&connection);
    return status;
}

int connection_failed(const struct connection *connection, const char *what, const struct mapihttp_error *error)
{
    if (what)
        return command_failed(connection->command, "%s: %s", what, error->text);
    return command_failed(connection->command, "%s", error->text);
}

void id_format(uint64_t id, char text[ID_TEXT_SIZE])
{
    snprintf(text, ID_TEXT_SIZE, "0x%016llX", (unsigned long long)id_of_wire(id));
}

bool id_parse(const char *text, uint64_t *ret_id)
{
    char *end;
    if (strncasecmp(text, "0x", 2) || !text[2])
        return false;
    errno = 0;
    unsigned long long id = strtoull(text, &end, 16);
    if (*end || errno)
        return false;
    *ret_id = id_to_wire(id);
    return true;
}
