#include "asking.h"

#include <stdio.h>
#include <stdlib.h>

double now_ms(clockid_t clock)
{
    struct timespec now;
    clock_gettime(clock, &now);
    return (double)now.tv_sec * 1e3 + (double)now.tv_nsec / 1e6;
}

void fail(const char *what, const char *why)
{
    fprintf(stderr, "%s: %s\n", what, why);
    exit(1);
}

struct answer {
    uint64_t rows;
    double cpu_ms, wall_ms;
};

static void emit(struct operation_call *call, json_t *object)
{
    ((struct answer *)call->output)->rows++;
    json_decref(object);
}

static void warn(struct operation_call *call, const char *text)
{
}

static struct answer ask_once(const struct operation_host *host, const char *name, const char *parameters)
{
    struct answer answer = {0};
    struct arena arena = {0};
    struct operation_actor actor = {"bench", "local", ""};
    struct operation_call call = {.host = host, .actor = &actor, .arena = &arena, .emit = emit, .warn = warn, .output = &answer};
    json_t *given = json_loads(parameters, 0, NULL);
    double cpu = now_ms(CLOCK_PROCESS_CPUTIME_ID), wall = now_ms(CLOCK_MONOTONIC);
    if (!operation_run(operation_find(name), given, &call))
        fail(name, call.error_text);
    answer.cpu_ms = now_ms(CLOCK_PROCESS_CPUTIME_ID) - cpu;
    answer.wall_ms = now_ms(CLOCK_MONOTONIC) - wall;
    json_decref(given);
    arena_free(&arena);
    return answer;
}

void ask(const struct operation_host *host, const char *name, const char *parameters, double limit_ms)
{
    struct answer best = {.wall_ms = 1e9};
    char row[140], limit[32] = "";
    for (unsigned i = 0; i < 3; i++) {
        struct answer answer = ask_once(host, name, parameters);
        best = answer.wall_ms < best.wall_ms ? answer : best;
    }
    snprintf(row, sizeof row, "%s %s", name, parameters);
    if (limit_ms > 0)
        snprintf(limit, sizeof limit, "   [%g]%s", limit_ms, best.wall_ms > limit_ms ? "   OVER" : "");
    printf("%-112s %8.1f %8.1f CPU, wall ms %6llu rows%s\n", row, best.cpu_ms, best.wall_ms, (unsigned long long)best.rows, limit);
    fflush(stdout);
}
