#include "cli/log_condition.h"
#include "operation/wildcard.h"
#include <ctype.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

static bool is_name(char character)
{
    return isalnum((unsigned char)character) || character == '-' || character == '_';
}

/* 12, 12.5, 0x8004010F, 00:00:00.0123450. */
static bool read_number(const char *text, double *ret_number)
{
    unsigned hours, minutes;
    double seconds;
    int length = 0;
    char *end;
    if (sscanf(text, "%u:%2u:%lf%n", &hours, &minutes, &seconds, &length) == 3 && !text[length]) {
        *ret_number = ((hours * 60.0 + minutes) * 60 + seconds) * 1e3;
        return true;
    }
    double number = strtod(text, &end);
    if (end == text || *end || !isfinite(number))
        return false;
    *ret_number = number;
    return true;
}

static bool read_relation(char *at, enum log_relation *ret_relation, char **ret_value)
{
    static const struct {
        const char *sign;
        enum log_relation relation;
    } signs[] = {{"!=", LOG_NOT_EQUAL}, {"<=", LOG_LESS_OR_EQUAL}, {">=", LOG_GREATER_OR_EQUAL}, {"=", LOG_EQUAL},
                 {"<", LOG_LESS}, {">", LOG_GREATER}, {"~", LOG_CONTAINS}};
    for (size_t i = 0; i < sizeof signs / sizeof *signs; i++)
        if (!strncmp(at, signs[i].sign, strlen(signs[i].sign))) {
            *ret_relation = signs[i].relation;
            *ret_value = at + strlen(signs[i].sign);
            *at = 0;
            return true;
        }
    return false;
}

bool log_condition_parse(const char *text, struct log_condition *ret_condition)
{
    struct log_condition condition = {.text = strdup(text)};
    char *at = condition.text;
    while (at && is_name(*at))
        at++;
    bool good = at && at != condition.text && read_relation(at, &condition.relation, &condition.value);
    bool size = good && condition.relation >= LOG_LESS && condition.relation <= LOG_GREATER_OR_EQUAL;
    if (!good || (size && !read_number(condition.value, &condition.number))) {
        free(condition.text);
        return false;
    }
    condition.field = condition.text;
    *ret_condition = condition;
    return true;
}

void log_condition_free(struct log_condition *condition)
{
    free(condition->text);
    *condition = (struct log_condition){0};
}

static bool is_equal(const char *cell, const char *value)
{
    return wildcard_is_pattern(value) ? wildcard_fits(value, cell) : !strcasecmp(cell, value);
}

bool log_condition_holds(const struct log_condition *condition, const struct log_row *row, unsigned field)
{
    const char *cell = row->cells[field];
    double number;
    switch (condition->relation) {
    case LOG_EQUAL: return is_equal(cell, condition->value);
    case LOG_NOT_EQUAL: return !is_equal(cell, condition->value);
    case LOG_CONTAINS: return strcasestr(cell, condition->value) != NULL;
    default: break;
    }
    if (!read_number(cell, &number))
        return false;
    switch (condition->relation) {
    case LOG_LESS: return number < condition->number;
    case LOG_LESS_OR_EQUAL: return number <= condition->number;
    case LOG_GREATER: return number > condition->number;
    default: return number >= condition->number;
    }
}
