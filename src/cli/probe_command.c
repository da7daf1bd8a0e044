/* mapihttp test, mapihttp probe: probes for people and for monitoring. docs/probes.md. */
#include "base/filetime.h"
#include "cli/connection.h"
#include "cli/output.h"
#include "cli/probe_report.h"
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#define PROBES_MAX 4u /* each kind once */
#define WATCH_SECONDS 60u
#define WATCH_SECONDS_MAX 86400u
#define THRESHOLD_MS_MAX 3600000u
#define DAYS_MAX 3650u

enum format { FORMAT_STEPS, FORMAT_JSON, FORMAT_NAGIOS, FORMAT_PROMETHEUS };

struct probing {
    const struct command *command;
    struct connection connection;
    enum probe_kind kinds[PROBES_MAX];
    size_t kind_count;
    enum format format;
    struct probe_thresholds thresholds;
    uint32_t time_limit_ms;
    uint32_t watch_seconds;   /* 0: once */
    uint32_t run_count_max;   /* 0: no end */
    const char *output_path;  /* NULL: standard output */
    bool thresholds_given;
    bool with_credentials;
    struct probe_report reports[PROBES_MAX];
};

/* The only state of the process: a signal ends a watch after the run under way. */
static volatile sig_atomic_t interrupted;

static void interrupt(int signal_number)
{
    interrupted = signal_number;
}

/* Monitoring wants its own statuses also where nothing could be tested. */
static int refused(const struct probing *probing, int status)
{
    return probing->format == FORMAT_NAGIOS && status ? NAGIOS_UNKNOWN : status;
}

/* --- words --- */

static bool take_number(const struct probing *probing, const char *name, const char *text, uint32_t minimum, uint32_t maximum, uint32_t *ret_number)
{
    char *end;
    errno = 0;
    unsigned long long number = strtoull(text, &end, 10);
    if (errno || *end || end == text || *text == '-' || number < minimum || number > maximum) {
        command_usage_error(probing->command, "%s: '%s' is not a whole number from %u to %u", name, text, minimum, maximum);
        return false;
    }
    *ret_number = (uint32_t)number;
    return true;
}

static bool add_kind(struct probing *probing, const char *word)
{
    enum probe_kind kind;
    if (!probe_find(word, &kind)) {
        command_usage_error(probing->command, "no probe '%s'; there are self, deep, rpc-self and rpc-deep", word);
        return false;
    }
    for (size_t i = 0; i < probing->kind_count; i++)
        if (probing->kinds[i] == kind)
            return true;
    probing->kinds[probing->kind_count++] = kind;
    return true;
}

/* Options with a number behind them. 1 taken, 0 something else, -1 already complained. */
static int take_numbered(struct probing *probing, const char *word, const char *value)
{
    uint32_t number;
    static const struct {
        const char *name;
        uint32_t minimum, maximum;
    } known[] = {{"--warning", 1, THRESHOLD_MS_MAX}, {"--critical", 1, THRESHOLD_MS_MAX}, {"--certificate-days", 0, DAYS_MAX},
                 {"--time-limit", 1, 3600}, {"--count", 1, UINT32_MAX}};
    for (size_t i = 0; i < sizeof known / sizeof *known; i++) {
        if (strcmp(word, known[i].name))
            continue;
        if (!value) {
            command_usage_error(probing->command, "%s needs a value", word);
            return -1;
        }
        if (!take_number(probing, word, value, known[i].minimum, known[i].maximum, &number))
            return -1;
        switch (i) {
        case 0: probing->thresholds.warning_ms = number; break;
        case 1: probing->thresholds.critical_ms = number; break;
        case 2: probing->thresholds.certificate_days = number; break;
        case 3: probing->time_limit_ms = number * 1000; break;
        default: probing->run_count_max = number;
        }
        probing->thresholds_given |= i < 3;
        return 1;
    }
    return 0;
}

static bool is_number(const char *text)
{
    return text && *text && strspn(text, "0123456789") == strlen(text);
}

/* One word, and its value. */
static bool take_word(struct probing *probing, int argc, char **argv, int *index)
{
    static const struct {
        const char *name;
        enum format format;
    } formats[] = {{"--json", FORMAT_JSON}, {"--nagios", FORMAT_NAGIOS}, {"--prometheus", FORMAT_PROMETHEUS}};
    const char *word = argv[*index], *value = *index + 1 < argc ? argv[*index + 1] : NULL;
    for (size_t i = 0; i < sizeof formats / sizeof *formats; i++)
        if (!strcmp(word, formats[i].name)) {
            if (probing->format && probing->format != formats[i].format) {
                command_usage_error(probing->command, "one of --json, --nagios and --prometheus");
                return false;
            }
            probing->format = formats[i].format;
            return true;
        }
    if (!strcmp(word, "--watch")) {
        probing->watch_seconds = WATCH_SECONDS;
        return !is_number(value) || take_number(probing, word, argv[++*index], 1, WATCH_SECONDS_MAX, &probing->watch_seconds);
    }
    if (!strcmp(word, "--output") && value) {
        probing->output_path = argv[++*index];
        return true;
    }
    int taken = take_numbered(probing, word, value);
    *index += taken == 1;
    if (taken)
        return taken > 0;
    if (*word != '-')
        return add_kind(probing, word);
    command_usage_error(probing->command, "'%s' is not understood", word);
    return false;
}

static bool take_words(struct probing *probing, int argc, char **argv)
{
    for (int i = 1; i < argc; i++)
        probing->format = !strcmp(argv[i], "--nagios") ? FORMAT_NAGIOS : probing->format; /* known before the first complaint */
    for (int i = 1; i < argc; i++) {
        int taken = connection_option(&probing->connection, argc, argv, &i);
        if (taken < 0 || (!taken && !take_word(probing, argc, argv, &i)))
            return false;
    }
    const struct probe_thresholds *limits = &probing->thresholds;
    const char *wrong = probing->format != FORMAT_NAGIOS && probing->thresholds_given ? "--warning, --critical and --certificate-days are for --nagios"
                        : probing->format != FORMAT_PROMETHEUS && probing->output_path ? "--output is for --prometheus"
                        : probing->format == FORMAT_NAGIOS && probing->watch_seconds   ? "--nagios runs once; the monitoring system repeats it"
                        : probing->format == FORMAT_NAGIOS && probing->kind_count > 1  ? "--nagios runs one probe"
                        : probing->command == &command_test && probing->kind_count     ? "it is the deep probe always; see 'mapihttp help probe'"
                        : probing->run_count_max && !probing->watch_seconds            ? "--count is for --watch"
                        : limits->critical_ms && limits->warning_ms > limits->critical_ms ? "--warning must not be above --critical"
                                                                                         : NULL;
    if (wrong)
        command_usage_error(probing->command, "%s", wrong);
    return !wrong;
}

/* Finds out what can be probed. COMMAND_DONE, or the exit status after a complaint. */
static int prepare(struct probing *probing)
{
    const struct mapihttp_options *options = &probing->connection.options;
    bool mailbox = false;
    if (!probing->kind_count)
        probing->kinds[probing->kind_count++] = options->address || probing->command == &command_test ? PROBE_DEEP_TEST : PROBE_SELF_TEST;
    for (size_t i = 0; i < probing->kind_count; i++)
        mailbox |= probing->kinds[i] == PROBE_DEEP_TEST;
    probing->with_credentials = mailbox || (options->address && connection_has_secret(&probing->connection));
    if (!probing->with_credentials && !options->server && !options->url)
        return command_usage_error(probing->command, "which server? --server HOST or --url URL, or --address with a password to find it by");
    return probing->with_credentials ? connection_prepare(&probing->connection) : COMMAND_DONE;
}

/* --- showing --- */

static bool show_steps(const struct probe_report *report)
{
    static const struct output_column columns[] = {{"Step", "Step", false}, {"Result", "Result", false}, {"Latency", "ms", true}, {"Detail", "", false}};
    json_t *rows = probe_rows(report);
    printf("%s  ", probe_identity(report->kind));
    output_text(*report->server ? report->server : report->mailbox, false);
    putchar('\n');
    bool good = output_rows(rows, columns, sizeof columns / sizeof *columns, false);
    json_decref(rows);
    if (report->failed_step >= 0)
        printf("%s failed. %s\n", report->steps[report->failed_step].name, report->steps[report->failed_step].advice);
    return good && !fflush(stdout);
}

/* A watch: when, how it was, and what it took. */
static bool show_line(const struct probe_report *report)
{
    char time[PROBE_TIME_SIZE], sentence[1600];
    probe_time(report->end, time);
    probe_sentence(report, sentence, sizeof sentence);
    printf("%s  %-9s  ", time, probe_result_names[report->result]);
    output_text(sentence, false);
    putchar('\n');
    return !fflush(stdout);
}

/* 'test' gives its steps as an array, 'probe' an object for each probe. */
static bool show_json(const struct probing *probing)
{
    bool good = true;
    if (probing->command == &command_test && !probing->watch_seconds) {
        json_t *rows = probe_rows(&probing->reports[0]);
        good = output_rows(rows, NULL, 0, true);
        json_decref(rows);
        return good;
    }
    for (size_t i = 0; i < probing->kind_count && good; i++) {
        json_t *object = probe_object(&probing->reports[i], false);
        good = output_line(object);
        json_decref(object);
    }
    return good;
}

/* A collector must never see half a file: written beside it and renamed. */
static bool replace_file(const char *path, struct bytes content)
{
    size_t size = strlen(path) + 16;
    char *temporary = malloc(size);
    if (!temporary)
        return false;
    snprintf(temporary, size, "%s.XXXXXX", path);
    int file = mkstemp(temporary);
    bool good = file >= 0 && write(file, content.data, content.size) == (ssize_t)content.size && !fchmod(file, 0644);
    int error = errno;
    good = (file < 0 || !close(file)) && good && !rename(temporary, path);
    if (file >= 0 && !good) {
        error = errno ? errno : error;
        unlink(temporary);
    }
    free(temporary);
    errno = error ? error : errno;
    return good;
}

static bool show_prometheus(const struct probing *probing)
{
    struct buffer text = {0};
    probe_prometheus(probing->reports, probing->kind_count, &text);
    bool good = !text.failed;
    if (good && probing->output_path)
        good = replace_file(probing->output_path, buffer_bytes(&text));
    else if (good)
        good = fwrite(text.data, 1, text.size, stdout) == text.size && !fflush(stdout);
    buffer_free(&text);
    return good;
}

static int show(const struct probing *probing)
{
    struct buffer text = {0};
    bool good = true, failed = false;
    int state = COMMAND_DONE;
    for (size_t i = 0; i < probing->kind_count; i++) {
        failed |= probing->reports[i].result == PROBE_FAILED;
        if (probing->format == FORMAT_STEPS)
            good = (probing->watch_seconds ? show_line : show_steps)(&probing->reports[i]) && good;
    }
    if (probing->format == FORMAT_JSON)
        good = show_json(probing);
    else if (probing->format == FORMAT_PROMETHEUS)
        good = show_prometheus(probing);
    if (probing->format == FORMAT_NAGIOS) {
        state = (int)probe_nagios(&probing->reports[0], &probing->thresholds, &text);
        good = !text.failed && fwrite(text.data, 1, text.size, stdout) == text.size && !fflush(stdout);
        buffer_free(&text);
    }
    if (!good) {
        int status = command_failed(probing->command, "%s: %s", probing->output_path ? probing->output_path : "cannot write", strerror(errno));
        return refused(probing, status);
    }
    return probing->format == FORMAT_NAGIOS ? state : failed ? COMMAND_FAILED : COMMAND_DONE;
}

/* --- running --- */

static int run_once(struct probing *probing)
{
    for (size_t i = 0; i < probing->kind_count; i++)
        probe_run(probing->kinds[i], &probing->connection.options, probing->with_credentials, probing->time_limit_ms, &probing->reports[i]);
    return show(probing);
}

/* From the beginning of one run to the beginning of the next; a run that took longer is followed by the next at once. */
static int watch(struct probing *probing)
{
    struct sigaction action = {.sa_handler = interrupt, .sa_flags = (int)SA_RESETHAND}; /* the second one ends at once */
    int status = COMMAND_DONE;
    sigaction(SIGINT, &action, NULL);
    sigaction(SIGTERM, &action, NULL);
    for (uint32_t run = 1; !interrupted; run++) {
        uint64_t next_ms = monotonic_ms() + probing->watch_seconds * 1000ull;
        status = run_once(probing);
        if (run == probing->run_count_max)
            break;
        for (uint64_t now; !interrupted && (now = monotonic_ms()) < next_ms;) {
            uint64_t pause_ms = next_ms - now;
            nanosleep(&(struct timespec){(time_t)(pause_ms / 1000), (long)(pause_ms % 1000) * 1000000}, NULL);
        }
    }
    return status;
}

static int run(const struct command *command, int argc, char **argv)
{
    struct probing *probing = calloc(1, sizeof *probing); /* the reports are large */
    if (!probing)
        return command_failed(command, "no memory");
    *probing = (struct probing){.command = command, .time_limit_ms = PROBE_TIME_LIMIT_MS,
                                .thresholds.certificate_days = PROBE_CERTIFICATE_WARNING_DAYS};
    connection_initialize(&probing->connection, command);
    int status = take_words(probing, argc, argv) ? prepare(probing) : COMMAND_USAGE;
    if (status)
        status = refused(probing, status);
    else
        status = probing->watch_seconds ? watch(probing) : run_once(probing);
    connection_close(&probing->connection);
    free(probing);
    return status;
}

#define PROBE_OPTIONS \
    "  --json                  an object for each probe, with its steps, on a line\n" \
    "  --nagios                a line and an exit status (0 OK, 1 WARNING, 2 CRITICAL, 3 UNKNOWN) for Nagios, Icinga and their kin\n" \
    "  --warning MS            with --nagios: a longer way is a warning\n" \
    "  --critical MS           with --nagios: and this critical\n" \
    "  --certificate-days N    with --nagios: a certificate that ends in fewer days is a warning (30); 0: none\n" \
    "  --prometheus            metrics, for the textfile collector of the node exporter\n" \
    "  --output FILE           with --prometheus: into this file, which is replaced at once\n" \
    "  --watch [SECONDS]       again and again (60), a line for each run, until interrupted\n" \
    "  --count N               with --watch: ends after N runs\n" \
    "  --time-limit SECONDS    what takes longer has failed (30)\n"

const struct command command_probe = {
    .name = "probe",
    .summary = "test the way to a server or mailbox, for people and monitoring",
    .usage = "mapihttp probe [PROBE...] [--nagios | --prometheus | --json] [--watch [SECONDS]]\n"
             "\n"
             "Goes the way that Outlook goes, from this machine, against any MAPI/HTTP server, and says what each step took: Autodiscover,\n"
             "DNS, TCP, TLS, HTTP (the health page), the endpoint, the log-on; with 'deep' also Connect, the mailbox's log-on, its\n"
             "Inbox, NotificationWait, PING and Disconnect. The probes are 'self' (the default without --address), 'deep' (with it),\n"
             "'rpc-self' and 'rpc-deep', or have the names of Exchange's probes. 'self' needs no credentials, only --server or --url.\n"
             "Ends with 0 when all succeeded, else with 1, with 2 where the words were wrong.\n"
             "\n" PROBE_OPTIONS "\n" CONNECTION_USAGE,
    .run = run,
};

const struct command command_test = {
    .name = "test",
    .summary = "test the way to a mailbox, step by step",
    .usage = "mapihttp test [--json]\n"
             "\n"
             "Goes the way that Outlook goes to a mailbox and shows each step, what it took in milliseconds and what was found: Autodiscover,\n"
             "DNS, TCP, TLS, the health page, the endpoint, authentication, Connect, logon, listing the Inbox, NotificationWait, PING,\n"
             "Disconnect. Ends with 0 when all succeeded; after a failure the steps that depend on it are skipped, and the last\n"
             "line says what to do. The same as 'mapihttp probe deep', which knows more.\n"
             "\n"
             "  --json                  the steps as JSON, with the columns of Test-OutlookConnectivity and more\n"
             "  --time-limit SECONDS    what takes longer has failed (30)\n"
             "\n" CONNECTION_USAGE,
    .run = run,
};
