#include "server/setting.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

struct unit {
    const char *name;
    uint64_t factor;
};

/* The largest first, so that values print in the unit a person would choose. */
static const struct unit duration_units[] = {
    {"h", 3600000}, {"min", 60000}, {"s", 1000}, {"ms", 1}, {NULL, 0},
};
static const struct unit size_units[] = {
    {"G", 1u << 30}, {"M", 1u << 20}, {"K", 1u << 10}, {"", 1}, {NULL, 0},
};

static const struct unit *units_of(enum setting_kind kind)
{
    return kind == SETTING_DURATION ? duration_units : kind == SETTING_SIZE ? size_units : NULL;
}

static void format_quantity(const struct setting *setting, uint64_t value, char *text, size_t size)
{
    const struct unit *unit = units_of(setting->kind);
    if (setting->kind == SETTING_OCTAL) {
        snprintf(text, size, "%04llo", (unsigned long long)value);
        return;
    }
    if (!unit || value == 0) {
        snprintf(text, size, "%llu", (unsigned long long)value);
        return;
    }
    while (value % unit->factor)
        unit++;
    snprintf(text, size, "%llu%s", (unsigned long long)(value / unit->factor), unit->name);
}

void setting_range(const struct setting *setting, char *ret_text, size_t size)
{
    char minimum[32], maximum[32];
    *ret_text = 0;
    if (setting->kind == SETTING_CHOICE) {
        snprintf(ret_text, size, "one of %s", setting->choices);
    } else if (setting->kind == SETTING_WORDS) {
        snprintf(ret_text, size, "some of %s", setting->choices);
    } else if (setting->kind == SETTING_BOOLEAN) {
        snprintf(ret_text, size, "yes or no");
    } else if (setting->maximum) {
        format_quantity(setting, setting->minimum, minimum, sizeof minimum);
        format_quantity(setting, setting->maximum, maximum, sizeof maximum);
        snprintf(ret_text, size, "from %s to %s", minimum, maximum);
    }
}

static void format_words(const struct setting *setting, uint32_t mask, char *text, size_t size)
{
    size_t used = 0;
    const char *choice = setting->choices;
    for (unsigned bit = 0; *choice; bit++) {
        size_t choice_size = strcspn(choice, "|");
        if (mask & 1u << bit && used + choice_size + 2 < size)
            used += (size_t)snprintf(text + used, size - used, "%s%.*s", used ? " " : "", (int)choice_size, choice);
        choice += choice_size + (choice[choice_size] == '|');
    }
}

void setting_format(const struct setting *setting, const void *config, char *ret_text, size_t size)
{
    uint32_t value = *(const uint32_t *)((const char *)config + setting->offset);
    *ret_text = 0;
    if (setting->kind == SETTING_WORDS)
        format_words(setting, value, ret_text, size);
    else if (setting->kind == SETTING_OCTAL || units_of(setting->kind))
        format_quantity(setting, value, ret_text, size);
}

/* Digits and a unit; a duration needs one unless it is 0. */
static bool parse_quantity(const struct setting *setting, const char *value, uint64_t *ret_quantity, const char **ret_wrong)
{
    char *rest;
    if (*value < '0' || *value > '9') {
        *ret_wrong = "is not a number";
        return false;
    }
    uint64_t quantity = strtoull(value, &rest, setting->kind == SETTING_OCTAL ? 8 : 10);
    while (*rest == ' ')
        rest++;
    const struct unit *unit = units_of(setting->kind);
    if (!unit) {
        *ret_wrong = "is not a whole number";
        *ret_quantity = quantity;
        return *rest == 0;
    }
    if (setting->kind == SETTING_DURATION && quantity == 0 && *rest == 0) {
        *ret_quantity = 0;
        return true;
    }
    for (; unit->name; unit++)
        if (strcasecmp(rest, unit->name) == 0) {
            *ret_quantity = quantity > UINT32_MAX ? UINT64_MAX : quantity * unit->factor;
            return true;
        }
    *ret_wrong = setting->kind == SETTING_DURATION ? "needs a unit: ms, s, min or h" : "has an unknown unit; there are K, M and G";
    return false;
}

static bool assign_quantity(const struct setting *setting, void *field, const char *value, char *error, size_t error_size)
{
    uint64_t quantity = 0;
    const char *wrong = NULL;
    if (!parse_quantity(setting, value, &quantity, &wrong)) {
        snprintf(error, error_size, "'%s' %s", value, wrong);
        return false;
    }
    if (quantity < setting->minimum || quantity > setting->maximum) {
        char range[80];
        setting_range(setting, range, sizeof range);
        snprintf(error, error_size, "'%s' is out of range: %s", value, range);
        return false;
    }
    *(uint32_t *)field = (uint32_t)quantity;
    return true;
}

static bool assign_boolean(void *field, const char *value, char *error, size_t error_size)
{
    static const char *const words[2][4] = {{"no", "off", "false", "0"}, {"yes", "on", "true", "1"}};
    for (int truth = 0; truth < 2; truth++)
        for (int i = 0; i < 4; i++)
            if (strcasecmp(value, words[truth][i]) == 0) {
                *(bool *)field = truth;
                return true;
            }
    snprintf(error, error_size, "'%s' is neither yes nor no", value);
    return false;
}

static bool is_choice(const char *choices, const char *value)
{
    size_t size = strlen(value);
    while (*choices) {
        size_t choice_size = strcspn(choices, "|");
        if (choice_size == size && memcmp(choices, value, size) == 0)
            return true;
        choices += choice_size + (choices[choice_size] == '|');
    }
    return false;
}

/* The bit of a word among "a|b|c", 0 for none. */
static uint32_t choice_bit(const char *choices, const char *word, size_t word_size)
{
    for (uint32_t bit = 1; *choices; bit <<= 1) {
        size_t choice_size = strcspn(choices, "|");
        if (choice_size == word_size && strncasecmp(choices, word, word_size) == 0)
            return bit;
        choices += choice_size + (choices[choice_size] == '|');
    }
    return 0;
}

static bool assign_words(const struct setting *setting, void *field, const char *value, char *error, size_t error_size)
{
    uint32_t mask = 0;
    for (const char *word = value + strspn(value, " ,"); *word; word += strspn(word, " ,")) {
        size_t size = strcspn(word, " ,");
        uint32_t bit = choice_bit(setting->choices, word, size);
        if (bit == 0) {
            snprintf(error, error_size, "'%.*s' is not one of %s", (int)size, word, setting->choices);
            return false;
        }
        mask |= bit;
        word += size;
    }
    if (mask == 0) {
        snprintf(error, error_size, "name at least one of %s", setting->choices);
        return false;
    }
    *(uint32_t *)field = mask;
    return true;
}

static bool assign_text(const struct setting *setting, void *field, const char *value, char *error, size_t error_size)
{
    if (setting->kind == SETTING_CHOICE && !is_choice(setting->choices, value)) {
        snprintf(error, error_size, "'%s' is not one of %s", value, setting->choices);
        return false;
    }
    if (setting->kind == SETTING_PATH && !*value && *setting->standard) {
        snprintf(error, error_size, "must not be empty");
        return false;
    }
    char *copy = strdup(value);
    if (!copy) {
        snprintf(error, error_size, "out of memory");
        return false;
    }
    free(*(char **)field);
    *(char **)field = copy;
    return true;
}

bool setting_assign(const struct setting *setting, void *config, const char *value, char *ret_error, size_t error_size)
{
    void *field = (char *)config + setting->offset;
    switch (setting->kind) {
    case SETTING_NUMBER:
    case SETTING_OCTAL:
    case SETTING_DURATION:
    case SETTING_SIZE:
        return assign_quantity(setting, field, value, ret_error, error_size);
    case SETTING_BOOLEAN:
        return assign_boolean(field, value, ret_error, error_size);
    case SETTING_WORDS:
        return assign_words(setting, field, value, ret_error, error_size);
    case SETTING_LISTENER:
        snprintf(ret_error, error_size, "not a single value");
        return false;
    default:
        return assign_text(setting, field, value, ret_error, error_size);
    }
}

void setting_clear(const struct setting *setting, void *config)
{
    char **field = (char **)(void *)((char *)config + setting->offset);
    if (setting->kind == SETTING_TEXT || setting->kind == SETTING_PATH || setting->kind == SETTING_CHOICE) {
        free(*field);
        *field = NULL;
    }
}
