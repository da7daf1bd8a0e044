/* mapihttp log: the CSV logs filtered, joined, followed. docs/logs.md. */
#include "base/filetime.h"
#include "cli/command.h"
#include "cli/local_directory.h"
#include "cli/log_condition.h"
#include "cli/log_output.h"
#include "cli/log_source.h"
#include "operation/operation_value.h"
#include "record/csv_row.h"
#include "server/config.h"
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define CONDITIONS_MAX 32u
#define SOURCES_MAX 16u
#define LAST_MAX 100000u
#define LAST_FOLLOWED 10u /* rows before those to come, where nothing else is said */
#define POLL_US 250000u
#define TIME_SIZE 32u

static const struct kind {
    const char *name, *other;
    const char *folder, *prefix;
} kinds[] = {
    {"http", "proxy", "HttpProxy/Mapi", "HttpProxy_"},
    {"autodiscover", NULL, "HttpProxy/Autodiscover", "HttpProxy_"},
    {"oab", NULL, "HttpProxy/OAB", "HttpProxy_"},
    {"admin", NULL, "HttpProxy/Admin", "HttpProxy_"},
    {"client-access", "mapi", "MAPI Client Access", "MAPI_"},
    {"address-book", "nspi", "MAPI Address Book Service", "MAPIAB_"},
};
#define KIND_COUNT (sizeof kinds / sizeof *kinds)

static const char *const time_fields[] = {"DateTime", "date-time", NULL};
static const char *const id_fields[] = {"RequestId", "request-id", NULL};
static const char *const user_fields[] = {"AuthenticatedUser", "Account", "user", "client-name", NULL};

struct source {
    struct log_source *rows;
    const char *name;
    /* the row that is to be shown next of this log */
    bool filled, ended;
    const struct log_fields *fields;
    const struct log_row *row;
    /* the numbers of the conditions' fields, in the fields of generation 'numbered'; -1: not there */
    unsigned numbered;
    int numbers[CONDITIONS_MAX];
};

/* A row kept for later: copies. */
struct kept {
    const char *log;
    struct log_fields fields;
    struct log_row row;
};

struct logging {
    const struct command *command;
    const char *config_path, *folder;
    bool wanted[KIND_COUNT];
    const char *files[SOURCES_MAX];
    unsigned file_count;
    struct log_condition conditions[CONDITIONS_MAX];
    bool condition_known[CONDITIONS_MAX]; /* some log has its field */
    unsigned condition_count;
    const char *request_id, *user;
    bool failed_only, follow;
    uint64_t since, until;
    char since_text[TIME_SIZE], until_text[TIME_SIZE];
    uint32_t last;                        /* 0: all */
    struct source sources[SOURCES_MAX];
    unsigned source_count;
    struct kept *ring;
    uint64_t kept_count;
    struct log_output output;
    bool broken;                          /* standard output is gone */
};

/* The only state of the process. */
static volatile sig_atomic_t interrupted;

static void interrupt(int signal_number)
{
    interrupted = signal_number;
}

/* --- words --- */

static void format_time(uint64_t time, char text[TIME_SIZE])
{
    struct csv_row row;
    csv_row_begin(&row);
    csv_row_time(&row, time);
    snprintf(text, TIME_SIZE, "%.*s", (int)row.size, row.data);
}

static bool take_time(const struct logging *logging, const char *name, const char *value, uint64_t *ret_time, char text[TIME_SIZE])
{
    if (!operation_time_read(value, ret_time)) {
        command_usage_error(logging->command, "%s: '%s' is no time: 2026-11-22, 2026-11-22T08:00Z, today, 2h or 7d (ago) are", name, value);
        return false;
    }
    format_time(*ret_time, text);
    return true;
}

static bool take_columns(struct logging *logging, char *list)
{
    for (char *name; (name = strsep(&list, ","));) {
        if (!*name || logging->output.column_count + 1 >= LOG_COLUMNS_MAX) {
            command_usage_error(logging->command, "--columns needs names with commas between them");
            return false;
        }
        logging->output.columns[logging->output.column_count++] = name;
    }
    return true;
}

static bool take_form(struct logging *logging, enum log_form form)
{
    if (logging->output.form && logging->output.form != form) {
        command_usage_error(logging->command, "one of --json and --csv");
        return false;
    }
    logging->output.form = form;
    return true;
}

/* A log, a file, or a condition. */
static bool take_plain_word(struct logging *logging, const char *word)
{
    for (size_t i = 0; i < KIND_COUNT; i++)
        if (!strcasecmp(word, kinds[i].name) || (kinds[i].other && !strcasecmp(word, kinds[i].other))) {
            logging->wanted[i] = true;
            return true;
        }
    if (!strcasecmp(word, "all")) {
        for (size_t i = 0; i < KIND_COUNT; i++)
            logging->wanted[i] = true;
        return true;
    }
    if (logging->condition_count < CONDITIONS_MAX && log_condition_parse(word, &logging->conditions[logging->condition_count])) {
        logging->condition_count++;
        return true;
    }
    if (strchr(word, '/') || !access(word, F_OK)) {
        if (logging->file_count < SOURCES_MAX) {
            logging->files[logging->file_count++] = word;
            return true;
        }
        command_usage_error(logging->command, "more than %u files", SOURCES_MAX);
        return false;
    }
    command_usage_error(logging->command, "'%s' is no log (http, autodiscover, oab, admin, client-access, address-book, all), no file and no condition "
                        "(Field=value, !=, <, <=, >, >= with a number, ~ for a part)", word);
    return false;
}

static bool take_count(struct logging *logging, const char *name, const char *value)
{
    char *end;
    errno = 0;
    unsigned long count = strtoul(value, &end, 10);
    if (errno || *end || end == value || *value == '-' || !count || count > LAST_MAX) {
        command_usage_error(logging->command, "%s: '%s' is not a number from 1 to %u", name, value, LAST_MAX);
        return false;
    }
    logging->last = (uint32_t)count;
    return true;
}

static bool take_valued(struct logging *logging, const char *name, char *value)
{
    if (!strcmp(name, "--since"))
        return take_time(logging, name, value, &logging->since, logging->since_text);
    if (!strcmp(name, "--until"))
        return take_time(logging, name, value, &logging->until, logging->until_text);
    if (!strcmp(name, "--columns"))
        return take_columns(logging, value);
    if (!strcmp(name, "--last") || !strcmp(name, "-n"))
        return take_count(logging, name, value);
    if (!strcmp(name, "--request-id"))
        logging->request_id = value;
    else if (!strcmp(name, "--user"))
        logging->user = value;
    else
        logging->folder = value;
    return true;
}

static bool take_word(struct logging *logging, int argc, char **argv, int *index)
{
    static const char *const valued[] = {"--since", "--until", "--columns", "--last", "-n", "--request-id", "--user", "--folder"};
    const char *word = argv[*index];
    for (size_t i = 0; i < sizeof valued / sizeof *valued; i++)
        if (!strcmp(word, valued[i])) {
            if (*index + 1 == argc) {
                command_usage_error(logging->command, "%s needs a value", word);
                return false;
            }
            return take_valued(logging, word, argv[++*index]);
        }
    if (!strcmp(word, "--json"))
        return take_form(logging, LOG_FORM_JSON);
    if (!strcmp(word, "--csv"))
        return take_form(logging, LOG_FORM_CSV);
    if (!strcmp(word, "--follow") || !strcmp(word, "-f")) {
        logging->follow = true;
    } else if (!strcmp(word, "--failed")) {
        logging->failed_only = true;
    } else if (*word == '-') {
        command_usage_error(logging->command, "'%s' is not understood", word);
        return false;
    } else {
        return take_plain_word(logging, word);
    }
    return true;
}

static bool take_words(struct logging *logging, int argc, char **argv)
{
    bool any = false;
    for (int i = 1; i < argc; i++) {
        int taken = local_directory_option(logging->command, argc, argv, &i, &logging->config_path);
        if (taken < 0 || (!taken && !take_word(logging, argc, argv, &i)))
            return false;
    }
    for (size_t i = 0; i < KIND_COUNT; i++)
        any |= logging->wanted[i];
    if (any && logging->file_count) {
        command_usage_error(logging->command, "logs or files, not both");
        return false;
    }
    if (logging->follow && (logging->until || logging->file_count)) {
        command_usage_error(logging->command, "--follow is for logs, without --until");
        return false;
    }
    /* One id goes through all logs. */
    for (size_t i = 0; !any && !logging->file_count && i < KIND_COUNT; i++)
        logging->wanted[i] = i == 0 || logging->request_id;
    if (logging->follow && !logging->last && !logging->since)
        logging->last = LAST_FOLLOWED;
    return true;
}

/* --- sources --- */

static int add_source(struct logging *logging, struct log_source *rows, const char *name)
{
    if (!rows)
        return command_failed(logging->command, "%s: %s", name, strerror(errno));
    logging->sources[logging->source_count++] = (struct source){.rows = rows, .name = name};
    return COMMAND_DONE;
}

static int open_logs(struct logging *logging, const char *folder)
{
    struct arena arena = {0};
    struct stat status;
    int result = COMMAND_DONE;
    if (stat(folder, &status) != 0 && !logging->follow)
        result = command_failed(logging->command, "%s: %s%s", folder, strerror(errno),
                                errno == ENOENT ? " (has the server run, and is [logs] enabled?)" : "");
    for (size_t i = 0; i < KIND_COUNT && !result; i++) {
        const char *path = logging->wanted[i] ? arena_format(&arena, "%s/%s", folder, kinds[i].folder) : NULL;
        if (path)
            result = add_source(logging, log_source_new(path, kinds[i].prefix, logging->since, logging->until), kinds[i].name);
    }
    arena_free(&arena);
    return result;
}

static int open_configured_logs(struct logging *logging)
{
    struct config *config;
    struct config_error error;
    if (logging->folder)
        return open_logs(logging, logging->folder);
    if (!config_read(local_configuration_path(logging->config_path), &config, &error))
        return command_failed(logging->command, "%s", error.text);
    struct arena arena = {0};
    const char *folder = *config->logs_path ? config->logs_path : arena_format(&arena, "%s/logs", config->data_path);
    int result = folder ? open_logs(logging, folder) : command_failed(logging->command, "no memory");
    arena_free(&arena);
    config_free(config);
    return result;
}

static int open_sources(struct logging *logging)
{
    int result = COMMAND_DONE;
    if (!logging->file_count)
        return open_configured_logs(logging);
    for (unsigned i = 0; i < logging->file_count && !result; i++)
        result = add_source(logging, log_source_new_file(logging->files[i]), logging->files[i]);
    return result;
}

/* --- what is wanted --- */

static const char *cell_of(const struct source *source, const char *const *names)
{
    return log_row_cell(source->fields, source->row, names);
}

static bool is_user(const char *cell, const char *user)
{
    size_t size = strlen(user), length = strlen(cell);
    if (!strncasecmp(cell, user, size) && (!cell[size] || (cell[size] == '@' && !strchr(user, '@'))))
        return true;
    /* A distinguished name ends in '=ada' or, as Exchange makes them, '-ada'. */
    return !strncasecmp(cell, "/o=", 3) && length > size && !strcasecmp(cell + length - size, user) && strchr("=-", cell[length - size - 1]);
}

static bool is_of_user(const struct source *source, const char *user)
{
    for (const char *const *name = user_fields; *name; name++) {
        const char *const one[] = {*name, NULL};
        if (is_user(cell_of(source, one), user))
            return true;
    }
    return false;
}

static bool is_zero(const char *cell)
{
    return !*cell || !strcmp(cell, "0");
}

/* A 401 that only asks for a log-on is none. */
static bool has_failed(const struct source *source)
{
    static const char *const status[] = {"HttpStatus", NULL}, *const log_on[] = {"LogOn", NULL}, *const texts[] = {"GenericErrors", "failures", NULL},
                            *const codes[] = {"ResponseCode", "response-code", NULL}, *const rpc[] = {"rpc-status", NULL},
                            *const rop[] = {"rop-failure", NULL};
    if (!strcmp(cell_of(source, log_on), "challenged"))
        return false;
    return strtol(cell_of(source, status), NULL, 10) >= 400 || !is_zero(cell_of(source, codes)) || !is_zero(cell_of(source, rpc)) ||
           *cell_of(source, rop) || *cell_of(source, texts);
}

/* Where the conditions' fields are in the rows of this file. */
static void number_fields(struct logging *logging, struct source *source)
{
    if (source->numbered == source->fields->generation)
        return;
    for (unsigned i = 0; i < logging->condition_count; i++) {
        source->numbers[i] = log_field_find(source->fields, logging->conditions[i].field);
        logging->condition_known[i] |= source->numbers[i] >= 0;
    }
    source->numbered = source->fields->generation;
}

static bool is_wanted(struct logging *logging, struct source *source)
{
    const char *time = cell_of(source, time_fields);
    number_fields(logging, source);
    if ((logging->since && strcmp(time, logging->since_text) < 0) || (logging->until && strcmp(time, logging->until_text) > 0))
        return false;
    if ((logging->request_id && !strcasestr(cell_of(source, id_fields), logging->request_id)) ||
        (logging->user && !is_of_user(source, logging->user)) || (logging->failed_only && !has_failed(source)))
        return false;
    for (unsigned i = 0; i < logging->condition_count; i++)
        if (source->numbers[i] < 0 || !log_condition_holds(&logging->conditions[i], source->row, (unsigned)source->numbers[i]))
            return false;
    return true;
}

/* --- rows --- */

static bool copy_row(const struct source *source, struct kept *kept)
{
    const struct log_fields *fields = source->fields;
    const struct log_row *row = source->row;
    size_t names = 0, cells = 0;
    for (unsigned i = 0; i < row->count; i++) {
        names += strlen(fields->names[i]) + 1;
        cells += strlen(row->cells[i]) + 1;
    }
    *kept = (struct kept){.log = source->name, .fields = {.count = fields->count, .text = malloc(names)},
                          .row = {.count = row->count, .text = malloc(cells)}};
    if (!kept->fields.text || !kept->row.text)
        return false;
    char *name = kept->fields.text, *cell = kept->row.text;
    for (unsigned i = 0; i < row->count; i++) {
        kept->fields.names[i] = name;
        kept->row.cells[i] = cell;
        name = stpcpy(name, fields->names[i]) + 1;
        cell = stpcpy(cell, row->cells[i]) + 1;
    }
    return true;
}

static void free_kept(struct kept *kept)
{
    log_fields_free(&kept->fields);
    log_row_free(&kept->row);
}

static void use_row(struct logging *logging, const struct source *source)
{
    if (!logging->ring) {
        logging->broken = logging->broken || !log_output_row(&logging->output, source->name, source->fields, source->row);
        return;
    }
    struct kept *kept = &logging->ring[logging->kept_count++ % logging->last];
    free_kept(kept);
    logging->broken = logging->broken || !copy_row(source, kept);
}

static void show_kept(struct logging *logging)
{
    uint64_t first = logging->kept_count > logging->last ? logging->kept_count - logging->last : 0;
    for (uint64_t i = first; i < logging->kept_count && !logging->broken; i++) {
        struct kept *kept = &logging->ring[i % logging->last];
        logging->broken = !log_output_row(&logging->output, kept->log, &kept->fields, &kept->row);
    }
    for (uint32_t i = 0; i < logging->last; i++)
        free_kept(&logging->ring[i]);
    free(logging->ring);
    logging->ring = NULL;
}

/* The next wanted row of a log, or its end. */
static void fill(struct logging *logging, struct source *source)
{
    while (!source->filled && !source->ended && !interrupted) {
        switch (log_source_next(source->rows, logging->request_id, &source->fields, &source->row)) {
        case LOG_SOURCE_ROW: source->filled = is_wanted(logging, source); break;
        case LOG_SOURCE_END: source->ended = true; break;
        case LOG_SOURCE_FAILED:
            if (errno != ENOENT) /* it went by age in this moment */
                command_failed(logging->command, "%s: %s", log_source_path(source->rows), strerror(errno));
            logging->broken |= errno != ENOENT;
        }
    }
}

/* All there is now, of several logs in the order of time. */
static void show_all(struct logging *logging)
{
    for (unsigned i = 0; i < logging->source_count; i++)
        logging->sources[i].ended = false;
    while (!interrupted && !logging->broken) {
        struct source *next = NULL;
        for (unsigned i = 0; i < logging->source_count; i++) {
            struct source *source = &logging->sources[i];
            fill(logging, source);
            if (source->filled && (!next || strcmp(cell_of(source, time_fields), cell_of(next, time_fields)) < 0))
                next = source;
        }
        if (!next)
            return;
        use_row(logging, next);
        next->filled = false;
    }
}

static int finish(struct logging *logging)
{
    uint64_t bad = 0;
    for (unsigned i = 0; i < logging->source_count; i++)
        bad += log_source_bad_line_count(logging->sources[i].rows);
    for (unsigned i = 0; i < logging->condition_count && !interrupted; i++)
        if (!logging->condition_known[i] && logging->sources[0].fields)
            return command_failed(logging->command, "no log that was read has a field '%s'; --json shows which there are",
                                  logging->conditions[i].field);
    if (bad)
        fprintf(stderr, "mapihttp log: %llu lines were no rows and were left out\n", (unsigned long long)bad);
    if (fflush(stdout) || ferror(stdout))
        return command_failed(logging->command, "cannot write: %s", strerror(errno));
    return logging->broken ? COMMAND_FAILED : COMMAND_DONE;
}

static int show(struct logging *logging)
{
    logging->output.several = logging->source_count > 1;
    if (logging->last && !(logging->ring = calloc(logging->last, sizeof *logging->ring)))
        return command_failed(logging->command, "no memory");
    show_all(logging);
    if (logging->ring)
        show_kept(logging);
    if (logging->follow) {
        struct sigaction action = {.sa_handler = interrupt, .sa_flags = (int)SA_RESETHAND};
        sigaction(SIGINT, &action, NULL);
        sigaction(SIGTERM, &action, NULL);
        while (!interrupted && !logging->broken && !fflush(stdout)) {
            usleep(POLL_US);
            show_all(logging);
        }
    }
    return finish(logging);
}

static int run(const struct command *command, int argc, char **argv)
{
    struct logging *logging = calloc(1, sizeof *logging);
    if (!logging)
        return command_failed(command, "no memory");
    logging->command = command;
    int status = take_words(logging, argc, argv) ? open_sources(logging) : COMMAND_USAGE;
    if (!status)
        status = show(logging);
    for (unsigned i = 0; i < logging->source_count; i++)
        log_source_free(logging->sources[i].rows);
    for (unsigned i = 0; i < logging->condition_count; i++)
        log_condition_free(&logging->conditions[i]);
    log_output_free(&logging->output);
    free(logging);
    return status;
}

const struct command command_log = {
    .name = "log",
    .summary = "show, filter and follow the server's logs of requests",
    .usage = "mapihttp log [LOG...] [FIELD=VALUE...] [--since TIME] [--until TIME] [--user NAME] [--request-id ID] [--follow]\n"
             "mapihttp log FILE... [FIELD=VALUE...]\n"
             "\n"
             "Reads the CSV logs of the server on this machine, oldest first, across the files into which they are cut. The logs are http (every\n"
             "request under /mapi; the default), autodiscover, oab, admin, client-access (what was done in mailboxes), address-book, and all\n"
             "(joined by time; the default with --request-id). Files are taken too, also those of Exchange. Conditions must hold all:\n"
             "HttpStatus=401, AuthenticatedUser=al*, ProtocolAction!=PING, 'TotalRequestTime>100' (milliseconds), 'GenericErrors~expired'.\n"
             "\n"
             "  --since TIME            from then on: 2026-11-22, 2026-11-22T08:00Z, today, or 2h and 7d for so long ago\n"
             "  --until TIME            up to then\n"
             "  --user NAME             of this user, by address, account or distinguished name\n"
             "  --request-id ID         of this request, or those whose id has this part\n"
             "  --failed                only what failed: HTTP status from 400 on, a response code, an error of a ROP\n"
             "  -n, --last N            the last N of them (10 with --follow)\n"
             "  -f, --follow            goes on with what is written from now on, until interrupted\n"
             "  --columns NAME,...      these fields, instead of the usual ones\n"
             "  --json                  each row as a line of JSON, with all its fields\n"
             "  --csv                   as CSV for a spreadsheet\n"
             "  --folder DIR            where the logs are, instead of what the configuration says\n"
             LOCAL_DIRECTORY_USAGE,
    .run = run,
};
