#include "cli/operation_help.h"

#include <ctype.h>
#include <string.h>
#include <strings.h>

#include "cli/client_operation.h"

#define LINE_WIDTH 118u
#define TEXT_COLUMN 34

/* --- text in lines --- */

/* Breaks lines at blanks; every line but the first begins with 'indent' blanks. 'column' is where the first one stands. */
static void put_wrapped(FILE *file, const char *text, size_t column, size_t indent)
{
    bool start = true;
    while (*text) {
        size_t size = strcspn(text, " \n");
        if (!start && (column + 1 + size > LINE_WIDTH)) {
            fprintf(file, "\n%*s", (int)indent, "");
            column = indent;
        } else if (!start) {
            putc(' ', file);
            column++;
        }
        fwrite(text, 1, size, file);
        column += size;
        text += size;
        start = false;
        if (*text == '\n') {
            fprintf(file, "\n%*s", (int)indent, "");
            column = indent;
            start = true;
        }
        text += *text != 0;
    }
    putc('\n', file);
}

/* 'a|b' as 'a | b', or cut where it would be long. */
static const char *choices_of(struct arena *arena, const struct operation_parameter *parameter)
{
    return parameter->choices ? arena_string(arena, parameter->choices) : "VALUE";
}

static const char *exchange_value(struct arena *arena, const struct operation_parameter *parameter)
{
    const char *null = parameter->flags & OPERATION_NULLABLE ? "|$null" : "";
    switch (parameter->kind) {
    case OPERATION_SWITCH: return "";
    case OPERATION_BOOLEAN: return arena_format(arena, " $true|$false%s", null);
    case OPERATION_NUMBER: return arena_format(arena, " <number>%s", null);
    case OPERATION_TIME: return arena_format(arena, " <time>%s", null);
    case OPERATION_DURATION: return arena_format(arena, " <days.hours:minutes:seconds>%s", null);
    case OPERATION_CHOICE: return arena_format(arena, " %s%s", choices_of(arena, parameter), null);
    case OPERATION_CHOICES: return arena_format(arena, " %s,...%s", choices_of(arena, parameter), null);
    case OPERATION_TEXTS: return arena_format(arena, " <text,...>%s", null);
    case OPERATION_URL: return arena_format(arena, " <URL>%s", null);
    case OPERATION_TEXT: break;
    }
    return arena_format(arena, " <text>%s", null);
}

static const char *ordinary_value(struct arena *arena, const struct operation_parameter *parameter)
{
    bool nullable = parameter->flags & OPERATION_NULLABLE;
    switch (parameter->kind) {
    case OPERATION_SWITCH: return "";
    case OPERATION_BOOLEAN: return nullable ? " on|off|inherit" : " on|off";
    case OPERATION_NUMBER: return nullable ? " N|none" : " N";
    case OPERATION_TIME: return nullable ? " TIME|none" : " TIME";
    case OPERATION_DURATION: return nullable ? " 90d|12h|none" : " 90d|12h";
    case OPERATION_CHOICE: return arena_format(arena, " %s%s", choices_of(arena, parameter), nullable ? "|none" : "");
    case OPERATION_CHOICES: return arena_format(arena, " %s,...%s", choices_of(arena, parameter), nullable ? "|none" : "");
    case OPERATION_TEXTS: return " TEXT,...";
    case OPERATION_URL: return nullable ? " URL|none" : " URL";
    case OPERATION_TEXT: break;
    }
    return " TEXT";
}

/* --- forms --- */

static const char *exchange_form(struct arena *arena, const struct operation *operation)
{
    const char *form = arena_format(arena, "mapihttp %s", operation->name);
    for (const struct operation_parameter *p = operation->parameters; p && p->name && form; p++) {
        bool required = p->flags & OPERATION_REQUIRED, first = p->flags & OPERATION_POSITION_0;
        form = arena_format(arena, "%s %s%s-%s%s%s%s", form, required ? "" : "[", first ? "[" : "", p->name, first ? "]" : "",
                            exchange_value(arena, p), required ? "" : "]");
    }
    if (operation->flags & OPERATION_CHANGES)
        form = arena_format(arena, "%s [-WhatIf] [-Confirm[:$false]]", form);
    return form ? form : "";
}

static const char *upper(struct arena *arena, const char *text)
{
    char *copy = arena_string(arena, text);
    for (char *at = copy; at && *at; at++)
        *at = (char)toupper((unsigned char)*at);
    return copy ? copy : "";
}

static const char *ordinary_form(struct arena *arena, const struct operation *operation)
{
    const char *form = arena_format(arena, "mapihttp %s", operation->command);
    for (const struct operation_parameter *p = operation->parameters; p && p->name && form; p++) {
        const char *option = operation_parameter_option(p, arena);
        bool required = p->flags & OPERATION_REQUIRED;
        if (!option)
            return "";
        form = p->flags & OPERATION_POSITION_0
                   ? arena_format(arena, "%s %s%s%s", form, required ? "" : "[", upper(arena, option), required ? "" : "]")
                   : arena_format(arena, "%s %s--%s%s%s", form, required ? "" : "[", option, ordinary_value(arena, p), required ? "" : "]");
    }
    if (operation->flags & OPERATION_CHANGES)
        form = arena_format(arena, "%s [--dry-run] [--yes]", form);
    return form ? form : "";
}

/* --- parameters --- */

static void put_option(FILE *file, const char *names, const char *explanation)
{
    int column = fprintf(file, "  %s", names);
    if (column + 2 > TEXT_COLUMN) {
        fprintf(file, "\n%*s", TEXT_COLUMN, "");
        column = TEXT_COLUMN;
    } else {
        column += fprintf(file, "%*s", TEXT_COLUMN - column, "");
    }
    put_wrapped(file, explanation, (size_t)column, TEXT_COLUMN);
}

static void put_parameter(FILE *file, struct arena *arena, const struct operation_parameter *parameter)
{
    const char *range = "", *more = "";
    if (parameter->kind == OPERATION_NUMBER && parameter->maximum)
        range = arena_format(arena, " (%u to %u)", parameter->minimum, parameter->maximum);
    else if (parameter->kind == OPERATION_NUMBER)
        range = " (or Unlimited)";
    if (parameter->choices && parameter->kind != OPERATION_CHOICE && parameter->kind != OPERATION_CHOICES)
        range = arena_format(arena, " (%s)", parameter->choices);
    if (parameter->flags & OPERATION_PIPED)
        more = "; may come by the pipe";
    const char *alias = parameter->alias ? arena_format(arena, ", -%s", parameter->alias) : "";
    const char *names = arena_format(arena, "-%s%s, --%s%s", parameter->name, alias, operation_parameter_option(parameter, arena),
                                     ordinary_value(arena, parameter));
    const char *text = arena_format(arena, "%s%s%s", parameter->explanation ? parameter->explanation : "", range, more);
    put_option(file, names ? names : "", text ? text : "");
}

static void put_parameters(FILE *file, struct arena *arena, const struct operation *operation)
{
    for (const struct operation_parameter *p = operation->parameters; p && p->name; p++)
        put_parameter(file, arena, p);
    if (operation->flags & OPERATION_CHANGES) {
        put_option(file, "-WhatIf, --dry-run", "says what would be changed, and changes nothing");
        put_option(file, "-Confirm, --yes", "asks before each change; -Confirm:$false and --yes never ask");
    }
    put_option(file, "-ErrorAction ACTION", "Continue, Stop (at the first error), SilentlyContinue");
    put_option(file, "--json, --csv, --table, --list", "how objects come out; by default a table for people, a line of JSON each for a pipe");
    if (!(operation->flags & OPERATION_CLIENT)) {
        put_option(file, "--config FILE", "the configuration of this machine's server, instead of $MAPIHTTP_CONFIG or the usual one");
        put_option(file, "--server URL", "a server elsewhere, by HTTPS; with --user NAME, --password-file FILE, --ca-file FILE ... as 'mapihttp help whoami' has them");
    }
}

void operation_help_print(FILE *file, const struct operation *operation)
{
    struct arena arena = {0};
    put_wrapped(file, exchange_form(&arena, operation), 0, 8);
    if (operation->command)
        put_wrapped(file, ordinary_form(&arena, operation), 0, 8);
    if (operation->alias)
        fprintf(file, "mapihttp %s ...\n", operation->alias);
    const char *summary = arena_format(&arena, "%c%s.", toupper((unsigned char)operation->summary[0]), operation->summary + 1);
    putc('\n', file);
    put_wrapped(file, summary ? summary : "", 0, 0);
    if (operation->description) {
        putc('\n', file);
        put_wrapped(file, operation->description, 0, 0);
    }
    if (operation->flags & OPERATION_LIVE)
        fputs("\nOnly a running server can answer it.\n", file);
    putc('\n', file);
    put_parameters(file, &arena, operation);
    arena_free(&arena);
}

/* --- lists --- */

static bool begins(const struct operation *operation, const char *beginning)
{
    size_t size = beginning ? strlen(beginning) : 0;
    return !beginning || strncasecmp(operation->name, beginning, size) == 0 ||
           (operation->command && strncmp(operation->command, beginning, size) == 0 && (operation->command[size] == ' ' || !operation->command[size]));
}

size_t operation_help_list(FILE *file, const char *beginning)
{
    const struct operation *const *tables[] = {operations, client_operations};
    size_t count = 0;
    for (unsigned t = 0; t < 2; t++)
        for (const struct operation *const *row = tables[t]; *row; row++)
            if (begins(*row, beginning)) {
                const char *alias = (*row)->alias && strlen((*row)->alias) > 1 && !strchr((*row)->alias, '-') ? (*row)->alias : "";
                fprintf(file, "    %-19s %-33s %s\n", (*row)->command ? (*row)->command : alias, (*row)->name, (*row)->summary);
                count++;
            }
    return count;
}
