/* Runs scenarios: text files that say in words what clients send and what they must be answered. docs/session.md explains the
 * words. usage: scenario_runner FILE... */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "actor.h"
#include "base/filetime.h"
#include "base/text.h"
#include "directory/embedded.h"

#define LINE_SIZE_MAX 4096

static struct {
    const char *file;
    unsigned line;
    char scenario[256];
    char text[LINE_SIZE_MAX];
} place; /* for scenario_fail; the test program is one thread */

void scenario_fail(const char *format, ...)
{
    va_list arguments;
    fprintf(stderr, "%s:%u: in '%s'\n    %s\n    ", place.file, place.line, place.scenario, place.text);
    va_start(arguments, format);
    vfprintf(stderr, format, arguments);
    va_end(arguments);
    fputc('\n', stderr);
    exit(1);
}

const char *words_next(struct words *words)
{
    return words->at < words->count ? words->word[words->at++] : NULL;
}

bool words_take(struct words *words, const char *expected)
{
    bool there = words->at < words->count && strcmp(words->word[words->at], expected) == 0;
    words->at += there;
    return there;
}

unsigned words_number(struct words *words)
{
    const char *word = words_next(words);
    char *end = NULL;
    unsigned long number = word ? strtoul(word, &end, 0) : 0;
    if (!word || end == word || *end)
        scenario_fail("'%s' is no number", word ? word : "(nothing)");
    return (unsigned)number;
}

/* Splits in place. */
static void split(char *line, struct words *words)
{
    *words = (struct words){.count = 0};
    for (char *at = line; *at;) {
        while (*at == ' ' || *at == '\t' || *at == '\n')
            at++;
        if (!*at || *at == '#')
            return;
        if (words->count == sizeof words->word / sizeof *words->word)
            scenario_fail("too many words");
        if (*at == '"' || *at == '\'') { /* either quote may stand inside the other */
            char quote = *at++;
            words->word[words->count++] = at;
            while (*at && *at != quote)
                at++;
        } else {
            words->word[words->count++] = at;
            while (*at && *at != ' ' && *at != '\t' && *at != '\n')
                at++;
        }
        if (*at)
            *at++ = '\0';
    }
}

struct runner {
    struct server_fixture fixture;
    struct actor actors[ACTORS_MAX];
    struct actor *last; /* whom expectations are about */
    unsigned scenario_count, expectation_count;
};

static void end_scenario(struct runner *runner)
{
    for (int i = 0; i < ACTORS_MAX; i++) {
        struct actor *actor = &runner->actors[i];
        for (int k = 0; k < CONNECTIONS_MAX; k++)
            if (*actor->name && actor->connections[k] >= 0)
                close(actor->connections[k]);
        arena_free(&actor->arena);
        *actor = (struct actor){0};
    }
    runner->last = NULL;
    server_fixture_stop(&runner->fixture); /* and asserts that nothing was left behind */
}

static struct actor *actor_of(struct runner *runner, const char *name)
{
    for (int i = 0; i < ACTORS_MAX; i++) {
        struct actor *actor = &runner->actors[i];
        if (strcmp(actor->name, name) == 0)
            return actor;
        if (*actor->name)
            continue;
        snprintf(actor->name, sizeof actor->name, "%s", name);
        snprintf(actor->account, sizeof actor->account, "%s", name);
        snprintf(actor->password, sizeof actor->password, "secret of %s", name);
        for (int k = 0; k < CONNECTIONS_MAX; k++)
            actor->connections[k] = -1;
        return actor;
    }
    scenario_fail("too many clients");
}

static void set(struct config *config, struct words *words)
{
    const char *name = words_next(words);
    const struct {
        const char *name;
        uint32_t *number;
        bool *flag;
    } rows[] = {
        {"idle", &config->context_idle_ms, NULL},        {"pending", &config->pending_period_ms, NULL},
        {"wait", &config->notification_wait_ms, NULL},   {"contexts", &config->contexts_per_user_max, NULL},
        {"waits", &config->parked_waits_max, NULL},      {"kept", &config->kept_answers_size_max, NULL},
        {"remember", &config->remember_ms, NULL},        {"delay", &config->failure_delay_ms, NULL},
        {"failures", &config->failures_per_account, NULL}, {"lock", &config->lock_ms, NULL},
        {"resend", NULL, &config->resend},               {"emsmdb", NULL, &config->emsmdb_enabled},
        {"nspi", NULL, &config->nspi_enabled},           {"faults", NULL, &config->fault_injection},
        {"plain", NULL, &config->basic_over_plain},
        {"autodiscover-authentication", NULL, &config->autodiscover_authentication},
        {"autodiscover-per-address", &config->autodiscover_requests_per_address, NULL},
        {"autodiscover-per-user", &config->autodiscover_requests_per_user, NULL},
        {"json-reveals-users", NULL, &config->autodiscover_json_reveals_users},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        if (!name || strcmp(rows[i].name, name) != 0)
            continue;
        if (rows[i].number)
            *rows[i].number = words_number(words);
        else
            *rows[i].flag = strcmp(words_next(words), "on") == 0;
        return;
    }
    scenario_fail("no setting '%s'", name ? name : "");
}

/* What other threads bring about is waited for. */
static void expect_soon(struct runner *runner, uint32_t (*count)(struct runner *runner), const char *what, uint32_t expected)
{
    uint64_t deadline_ms = monotonic_ms() + 2000;
    while (count(runner) != expected && monotonic_ms() < deadline_ms)
        usleep(2000);
    if (count(runner) != expected)
        scenario_fail("%s: %u, not %u", what, count(runner), expected);
}

static uint32_t count_effects(struct runner *runner)
{
    return fake_executor_effects(runner->fixture.fake);
}

static uint32_t count_sessions(struct runner *runner)
{
    return fake_executor_sessions(runner->fixture.fake);
}

static uint32_t count_contexts(struct runner *runner)
{
    return session_table_counts(runner->fixture.services->sessions).contexts;
}

static uint32_t count_waits(struct runner *runner)
{
    return atomic_load(&runner->fixture.services->parked_waits);
}

/* switch NAME mapi on|off */
static void switch_mailbox(struct runner *runner, struct words *words)
{
    const char *account = words_next(words), *what = words_next(words);
    bool on = strcmp(words_next(words), "on") == 0;
    if (!runner->fixture.started)
        server_fixture_start(&runner->fixture);
    if (strcmp(what, "mapi") != 0 || embedded_directory_set_mapi_enabled(runner->fixture.directory, account, on) != DIRECTORY_OK)
        scenario_fail("cannot be switched");
}

static bool run_world(struct runner *runner, struct words *words)
{
    if (words_take(words, "set"))
        set(&runner->fixture.config, words);
    else if (words_take(words, "real"))
        runner->fixture.real = true;
    else if (words_take(words, "reload"))
        services_reload(runner->fixture.services);
    else if (words_take(words, "sleep"))
        usleep(1000 * words_number(words));
    else if (words_take(words, "drain"))
        services_drain(runner->fixture.services);
    else if (words_take(words, "switch"))
        switch_mailbox(runner, words);
    else if (words_take(words, "raise"))
        fake_executor_raise(runner->fixture.fake, words_next(words));
    else if (words_take(words, "effects"))
        expect_soon(runner, count_effects, "effects", words_number(words));
    else if (words_take(words, "sessions"))
        expect_soon(runner, count_sessions, "ROP sessions", words_number(words));
    else if (words_take(words, "contexts"))
        expect_soon(runner, count_contexts, "contexts", words_number(words));
    else if (words_take(words, "waits"))
        expect_soon(runner, count_waits, "parked waits", words_number(words));
    else
        return false;
    return true;
}

static void run_actor(struct runner *runner, struct words *words)
{
    struct actor *actor = actor_of(runner, words_next(words));
    if (!runner->fixture.started)
        server_fixture_start(&runner->fixture);
    runner->last = actor;
    if (words_take(words, "sends")) {
        actor_send(actor, runner->actors, &runner->fixture, words);
    } else if (words_take(words, "receives")) {
        actor_receive(actor, words_take(words, "on") ? words_number(words) % CONNECTIONS_MAX : 0);
    } else if (words_take(words, "hangs")) {
        unsigned connection = words_take(words, "up") && words_take(words, "on") ? words_number(words) % CONNECTIONS_MAX : 0;
        close(actor->connections[connection]);
        actor->connections[connection] = -1;
    } else if (words_take(words, "types")) {
        snprintf(actor->account, sizeof actor->account, "%s", words_next(words));
        if (words_take(words, "password"))
            snprintf(actor->password, sizeof actor->password, "%s", words_next(words));
    } else {
        scenario_fail("what does %s do?", actor->name);
    }
}

static void run_line(struct runner *runner, struct words *words)
{
    if (words->count == 0 || words_take(words, "cites"))
        return;
    if (words_take(words, "scenario")) {
        end_scenario(runner);
        server_fixture_configure(&runner->fixture);
        snprintf(place.scenario, sizeof place.scenario, "%s", words_next(words));
        runner->scenario_count++;
    } else if (runner->last && actor_expect(runner->last, words)) {
        runner->expectation_count++;
    } else if (!run_world(runner, words)) {
        run_actor(runner, words);
    }
    if (!strcmp(words->word[0], "scenario") || words->at == words->count)
        return;
    scenario_fail("words left over: '%s'", words->word[words->at]);
}

static void run_file(struct runner *runner, const char *path)
{
    char line[LINE_SIZE_MAX];
    FILE *file = fopen(path, "r");
    place.file = path;
    place.line = 0;
    if (!file)
        scenario_fail("cannot be opened");
    while (fgets(line, sizeof line, file)) {
        struct words words;
        place.line++;
        snprintf(place.text, sizeof place.text, "%.*s", (int)strcspn(line, "\n"), line);
        split(line, &words);
        run_line(runner, &words);
    }
    fclose(file);
    end_scenario(runner);
}

int main(int argc, char **argv)
{
    static struct runner runner;
    server_fixture_open(&runner.fixture);
    for (int i = 1; i < argc; i++)
        run_file(&runner, argv[i]);
    server_fixture_close(&runner.fixture);
    printf("%u scenarios, %u expectations\n", runner.scenario_count, runner.expectation_count);
    return runner.scenario_count == 0 || runner.expectation_count == 0;
}
