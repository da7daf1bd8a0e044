#include "operation/operation_value.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/filetime.h"
#include "base/text.h"

#define YEAR_MIN 1601
#define YEAR_MAX 9999
#define DAYS_MAX 36500

/* --- words --- */

static bool word_among(const char *text, const char *const *words)
{
    for (; *words; words++)
        if (strcasecmp(text, *words) == 0)
            return true;
    return false;
}

static bool boolean_read(const char *text, bool *ret_value)
{
    static const char *const yes[] = {"$true", "true", "on", "yes", "1", NULL}, *const no[] = {"$false", "false", "off", "no", "0", NULL};
    bool value = word_among(text, yes);
    if (!value && !word_among(text, no))
        return false;
    *ret_value = value;
    return true;
}

/* Decimal digits alone, at most 'digits_max' of them; returns how many, 0 for none. */
static int digits_read(const char *text, int digits_max, int *ret_value)
{
    int count = 0, value = 0;
    while (count < digits_max && text[count] >= '0' && text[count] <= '9')
        value = value * 10 + (text[count++] - '0');
    if (count)
        *ret_value = value;
    return count;
}

/* --- durations --- */

static bool unit_seconds(const char *unit, int64_t *ret_seconds)
{
    static const struct { const char *name; int64_t seconds; } units[] = {
        {"d", 86400}, {"day", 86400}, {"days", 86400}, {"h", 3600}, {"hour", 3600}, {"hours", 3600}, {"m", 60}, {"min", 60},
        {"minute", 60}, {"minutes", 60}, {"s", 1}, {"second", 1}, {"seconds", 1}, {"w", 604800}, {"week", 604800}, {"weeks", 604800}};
    while (*unit == ' ')
        unit++;
    for (size_t i = 0; i < sizeof units / sizeof *units; i++)
        if (strcasecmp(unit, units[i].name) == 0) {
            *ret_seconds = units[i].seconds;
            return true;
        }
    return false;
}

/* 'hours:minutes[:seconds]' to its end. */
static bool clock_read(const char *text, int64_t *ret_seconds)
{
    int hours, minutes, seconds = 0, size = digits_read(text, 2, &hours);
    if (!size || text[size] != ':' || digits_read(text + size + 1, 2, &minutes) != 2)
        return false;
    text += size + 3;
    if (*text == ':') {
        if (digits_read(text + 1, 2, &seconds) != 2)
            return false;
        text += 3;
    }
    if (*text || hours > 23 || minutes > 59 || seconds > 59)
        return false;
    *ret_seconds = hours * 3600 + minutes * 60 + seconds;
    return true;
}

/* [-][days.]hours:minutes[:seconds], days alone, or 90d, 12h, 30m, 45s. */
static bool read_span(const char *text, int64_t *ret_seconds)
{
    int number;
    int64_t seconds;
    int size = digits_read(text, 7, &number);
    if (!size)
        return false;
    if (clock_read(text, &seconds)) {
        *ret_seconds = seconds;
        return true;
    }
    if (!text[size] || text[size] == '.') { /* a number alone is days, as in .NET's TimeSpan */
        seconds = 0;
        if (number > DAYS_MAX || (text[size] == '.' && !clock_read(text + size + 1, &seconds)))
            return false;
        *ret_seconds = number * INT64_C(86400) + seconds;
        return true;
    }
    if (!unit_seconds(text + size, &seconds) || number * seconds > DAYS_MAX * INT64_C(86400))
        return false;
    *ret_seconds = number * seconds;
    return true;
}

/* --- times --- */

struct time_of_day {
    int hour, minute, second;
    uint32_t fraction; /* of the second, as FILETIME counts */
    bool zoned;
    int offset_minutes; /* east of Greenwich */
};

static bool zone_read(const char *text, struct time_of_day *time)
{
    int hours, minutes;
    if (!*text)
        return true;
    time->zoned = true;
    if (strcasecmp(text, "Z") == 0 || strcasecmp(text, " UTC") == 0 || strcasecmp(text, " GMT") == 0)
        return true;
    if ((*text != '+' && *text != '-') || digits_read(text + 1, 2, &hours) != 2)
        return false;
    const char *rest = text[3] == ':' ? text + 4 : text + 3;
    if (digits_read(rest, 2, &minutes) != 2 || rest[2] || hours > 14 || minutes > 59)
        return false;
    time->offset_minutes = (*text == '-' ? -1 : 1) * (hours * 60 + minutes);
    return true;
}

/* 'HH:MM[:SS[.fraction]][ AM| PM][zone]' to its end. */
static bool time_of_day_read(const char *text, struct time_of_day *time)
{
    int size = digits_read(text, 2, &time->hour);
    if (!size || text[size] != ':' || digits_read(text + size + 1, 2, &time->minute) != 2)
        return false;
    text += size + 3;
    if (*text == ':') {
        if (digits_read(text + 1, 2, &time->second) != 2)
            return false;
        text += 3;
        if (*text == '.') {
            uint32_t unit = FILETIME_PER_SECOND / 10;
            for (text++; *text >= '0' && *text <= '9'; text++, unit /= 10)
                time->fraction += (uint32_t)(*text - '0') * unit;
        }
    }
    const char *half = *text == ' ' ? text + 1 : text;
    if (strncasecmp(half, "AM", 2) == 0 || strncasecmp(half, "PM", 2) == 0) {
        if (time->hour < 1 || time->hour > 12)
            return false;
        time->hour = time->hour % 12 + (strncasecmp(half, "PM", 2) == 0 ? 12 : 0);
        text = half + 2;
    }
    return time->hour < 24 && time->minute < 60 && time->second < 60 && zone_read(text, time);
}

/* '2026-08-01' or '8/1/2026'; returns its size, 0 for neither. */
static int date_read(const char *text, struct tm *date)
{
    int year, month, day, size;
    if (digits_read(text, 4, &year) == 4) {
        if (text[4] != '-' || digits_read(text + 5, 2, &month) != 2 || text[7] != '-' || digits_read(text + 8, 2, &day) != 2)
            return 0;
        size = 10;
    } else {
        if (!(size = digits_read(text, 2, &month)) || text[size] != '/')
            return 0;
        int day_size = digits_read(text + size + 1, 2, &day);
        size += 1 + day_size;
        if (!day_size || text[size] != '/' || digits_read(text + size + 1, 4, &year) != 4)
            return 0;
        size += 5;
    }
    static const int days[] = {31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
    bool leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
    if (year < YEAR_MIN || month < 1 || month > 12 || day < 1 || day > days[month - 1] || (month == 2 && day == 29 && !leap))
        return 0;
    *date = (struct tm){.tm_year = year - 1900, .tm_mon = month - 1, .tm_mday = day, .tm_isdst = -1};
    return size;
}

static bool relative_read(const char *text, uint64_t *ret_filetime)
{
    time_t now = time(NULL);
    int64_t seconds;
    if (strcasecmp(text, "now") == 0) {
        *ret_filetime = filetime_now();
        return true;
    }
    if (strcasecmp(text, "today") == 0 || strcasecmp(text, "yesterday") == 0) {
        struct tm date;
        localtime_r(&now, &date);
        date.tm_hour = date.tm_min = date.tm_sec = 0;
        date.tm_mday -= strcasecmp(text, "yesterday") == 0;
        date.tm_isdst = -1;
        *ret_filetime = filetime_of_unix(mktime(&date));
        return true;
    }
    if (!strpbrk(text, "dhmswDHMSW") || !read_span(text, &seconds)) /* 90 alone would be a strange date */
        return false;
    *ret_filetime = filetime_of_unix(now - (time_t)seconds);
    return true;
}

bool operation_time_read(const char *text, uint64_t *ret_filetime)
{
    struct tm date;
    struct time_of_day time = {0};
    if (relative_read(text, ret_filetime))
        return true;
    int size = date_read(text, &date);
    if (!size)
        return false;
    text += size;
    if ((*text == 'T' || *text == 't' || *text == ' ') && !time_of_day_read(text + 1, &time))
        return false;
    if (*text && *text != 'T' && *text != 't' && *text != ' ')
        return false;
    date.tm_hour = time.hour;
    date.tm_min = time.minute;
    date.tm_sec = time.second;
    *ret_filetime = filetime_of_unix(time.zoned ? timegm(&date) - time.offset_minutes * 60 : mktime(&date)) + time.fraction;
    return true;
}

/* --- single values --- */

static const char *shortened(struct arena *arena, const char *text)
{
    return strlen(text) <= 80 ? text : arena_format(arena, "%.60s...", text);
}

/* NULL where the text may stand; else why not. */
static const char *text_fault(struct arena *arena, const char *text)
{
    if (strlen(text) > OPERATION_TEXT_SIZE_MAX)
        return arena_format(arena, "a text of %zu bytes is too long (at most %u)", strlen(text), OPERATION_TEXT_SIZE_MAX);
    for (const char *c = text; *c; c++)
        if ((unsigned char)*c < 0x20 || *c == 0x7F)
            return arena_format(arena, "a control character (%#04x) may not stand in it", (unsigned char)*c);
    return NULL;
}

/* Numbers and booleans that came as JSON where a text is wanted: -Identity 42. */
static const char *text_of(struct arena *arena, const json_t *given)
{
    if (json_is_string(given))
        return json_string_value(given);
    if (json_is_integer(given))
        return arena_format(arena, "%" JSON_INTEGER_FORMAT, json_integer_value(given));
    if (json_is_boolean(given))
        return json_is_true(given) ? "true" : "false";
    return NULL;
}

static json_t *read_number(struct arena *arena, const struct operation_parameter *parameter, const char *text, const char **ret_error)
{
    char *end;
    if (parameter->maximum == 0 && strcasecmp(text, "unlimited") == 0)
        return json_string("Unlimited");
    errno = 0;
    long long number = strtoll(text, &end, 10);
    if (!*text || *end || errno || *text == ' ')
        *ret_error = arena_format(arena, "'%s' is not a whole number", shortened(arena, text));
    else if (number < parameter->minimum || (parameter->maximum && number > parameter->maximum))
        *ret_error = parameter->maximum ? arena_format(arena, "%lld is not between %u and %u", number, parameter->minimum, parameter->maximum)
                                        : arena_format(arena, "%lld is less than %u", number, parameter->minimum);
    else
        return json_integer(number);
    return NULL;
}

/* The declared spelling; NULL. */
static const char *choice_find(struct arena *arena, const char *choices, const char *text)
{
    size_t size = strlen(text);
    for (const char *choice = choices; size && *choice;) {
        size_t choice_size = strcspn(choice, "|");
        if (choice_size == size && strncasecmp(choice, text, size) == 0)
            return arena_string_of(arena, bytes_of(choice, size));
        choice += choice_size + (choice[choice_size] == '|');
    }
    return NULL;
}

static const char *choices_in_words(struct arena *arena, const char *choices)
{
    struct buffer words = {0};
    for (const char *c = choices; *c; c++)
        if (*c == '|')
            buffer_append_string(&words, ", ");
        else
            buffer_append_u8(&words, (uint8_t)*c);
    const char *text = arena_string_of(arena, buffer_bytes(&words));
    buffer_free(&words);
    return text;
}

static json_t *read_choice(struct arena *arena, const struct operation_parameter *parameter, const char *text, const char **ret_error)
{
    const char *choice = choice_find(arena, parameter->choices, text);
    if (!choice)
        *ret_error = arena_format(arena, "'%s' is none of %s", shortened(arena, text), choices_in_words(arena, parameter->choices));
    return choice ? json_string(choice) : NULL;
}

static json_t *read_url(struct arena *arena, const char *text, const char **ret_error)
{
    const char *rest = text_has_prefix_ignoring_case(text, "https://") ? text + 8 : text_has_prefix_ignoring_case(text, "http://") ? text + 7 : NULL;
    size_t host_size = rest ? strcspn(rest, "/?#") : 0;
    if (!rest)
        *ret_error = arena_format(arena, "'%s' is not an absolute URL (https://name/path)", shortened(arena, text));
    else if (!host_size || *rest == ':' || memchr(rest, '@', host_size) || strpbrk(text, " \"<>\\^`{|}"))
        *ret_error = arena_format(arena, "'%s' is not a URL: a host name and a path are wanted, without blanks or user names", shortened(arena, text));
    else
        return json_string(text);
    return NULL;
}

static json_t *read_time(struct arena *arena, const char *text, const char **ret_error)
{
    uint64_t time;
    char formatted[FILETIME_TEXT_SIZE];
    if (!operation_time_read(text, &time)) {
        *ret_error = arena_format(arena, "'%s' is not a time: 2026-08-01, 2026-08-01T20:30:00Z, 8/1/2026 8:30 PM, 7d (ago), today",
                                  shortened(arena, text));
        return NULL;
    }
    filetime_format(time, formatted);
    return json_string(formatted);
}

static json_t *read_duration(struct arena *arena, const struct operation_parameter *parameter, const json_t *given, const char *text,
                             const char **ret_error)
{
    int64_t seconds;
    if (json_is_integer(given))
        seconds = json_integer_value(given);
    else if (!read_span(text, &seconds)) {
        *ret_error = arena_format(arena, "'%s' is not a duration: 90.00:00:00, 90d, 12h, 30m, 45s", shortened(arena, text));
        return NULL;
    }
    if (seconds < parameter->minimum || (parameter->maximum && seconds > parameter->maximum)) {
        *ret_error = parameter->maximum ? arena_format(arena, "%lld seconds are not between %u and %u", (long long)seconds, parameter->minimum,
                                                       parameter->maximum)
                                        : arena_format(arena, "%lld seconds are less than %u", (long long)seconds, parameter->minimum);
        return NULL;
    }
    return json_integer(seconds);
}

static json_t *read_single(struct arena *arena, const struct operation_parameter *parameter, enum operation_value kind, const json_t *given,
                           const char **ret_error)
{
    const char *text = text_of(arena, given);
    bool flag;
    if (!text) {
        *ret_error = "one value is wanted";
        return NULL;
    }
    if ((*ret_error = text_fault(arena, text)))
        return NULL;
    switch (kind) {
    case OPERATION_TEXT:
    case OPERATION_TEXTS: return json_string(text);
    case OPERATION_BOOLEAN:
    case OPERATION_SWITCH:
        if (boolean_read(text, &flag))
            return json_boolean(flag);
        *ret_error = arena_format(arena, "'%s' is neither $true (true, on, yes) nor $false (false, off, no)", shortened(arena, text));
        return NULL;
    case OPERATION_NUMBER: return read_number(arena, parameter, text, ret_error);
    case OPERATION_TIME: return read_time(arena, text, ret_error);
    case OPERATION_DURATION: return read_duration(arena, parameter, given, text, ret_error);
    case OPERATION_CHOICE:
    case OPERATION_CHOICES: return read_choice(arena, parameter, text, ret_error);
    case OPERATION_URL: return read_url(arena, text, ret_error);
    }
    return NULL;
}

/* --- lists --- */

static bool append_item(struct arena *arena, const struct operation_parameter *parameter, const json_t *item, json_t *list, const char **ret_error)
{
    if (json_array_size(list) >= OPERATION_TEXTS_MAX) {
        *ret_error = arena_format(arena, "more than %u values", OPERATION_TEXTS_MAX);
        return false;
    }
    json_t *value = read_single(arena, parameter, parameter->kind, item, ret_error);
    return value && json_array_append_new(list, value) == 0;
}

/* 'a, b,"c, d"': quotes keep a comma. */
static bool append_typed(struct arena *arena, const struct operation_parameter *parameter, const char *text, json_t *list, const char **ret_error)
{
    struct buffer item = {0};
    bool fits = true, end = false;
    for (char quote = 0; fits && !end; text++) {
        if (*text && quote ? *text == quote : *text == '"' || *text == '\'') {
            quote = quote ? 0 : *text;
        } else if (!*text || (*text == ',' && !quote)) {
            while (item.size && item.data[item.size - 1] == ' ')
                item.size--;
            end = !*text;
            json_t *word = json_stringn(item.data ? (const char *)item.data : "", item.size);
            if (item.size || !end || json_array_size(list)) /* "" is a list of none */
                fits = word && append_item(arena, parameter, word, list, ret_error);
            json_decref(word);
            buffer_clear(&item);
        } else if (item.size || *text != ' ') {
            buffer_append_u8(&item, (uint8_t)*text);
        }
    }
    buffer_free(&item);
    return fits;
}

static json_t *read_list(struct arena *arena, const struct operation_parameter *parameter, const json_t *given, const char **ret_error)
{
    json_t *list = json_array(), *item;
    size_t i;
    bool fits = list != NULL;
    if (json_is_array(given)) {
        json_array_foreach((json_t *)given, i, item)
            fits = fits && append_item(arena, parameter, item, list, ret_error);
    } else if (json_is_string(given)) {
        const char *text = json_string_value(given);
        fits = fits && !(*ret_error = text_fault(arena, text)) && append_typed(arena, parameter, text, list, ret_error);
    } else {
        fits = fits && append_item(arena, parameter, given, list, ret_error);
    }
    if (!fits)
        json_decref(list);
    return fits ? list : NULL;
}

/* '@{Add="a","b"; Remove="c"}' as an object of texts. */
static json_t *read_hash_table(struct arena *arena, const char *text, const char **ret_error)
{
    json_t *table = json_object();
    size_t size = strlen(text);
    const char *position = text + 2, *end = text + size - 1;
    if (size < 3 || *end != '}')
        *ret_error = "@{ without its }";
    while (table && !*ret_error && position < end) {
        char quote = 0;
        const char *stop = position;
        for (; stop < end && (quote || *stop != ';'); stop++)
            quote = quote ? (*stop == quote ? 0 : quote) : (*stop == '"' || *stop == '\'') ? *stop : 0;
        const char *assign = memchr(position, '=', (size_t)(stop - position));
        while (position < stop && *position == ' ')
            position++;
        if (assign) {
            const char *name_end = assign;
            while (name_end > position && name_end[-1] == ' ')
                name_end--;
            json_t *value = json_stringn(assign + 1, (size_t)(stop - assign - 1));
            if (!value || json_object_set_new(table, arena_string_of(arena, bytes_of(position, (size_t)(name_end - position))), value) != 0)
                *ret_error = "out of memory";
        } else if (position < stop) {
            *ret_error = "@{Add=...; Remove=...} is wanted";
        }
        position = stop + 1;
    }
    if (*ret_error) {
        json_decref(table);
        return NULL;
    }
    return table;
}

static json_t *read_list_change(struct arena *arena, const struct operation_parameter *parameter, json_t *given, const char **ret_error)
{
    json_t *change = json_object(), *value;
    const char *name;
    json_object_foreach(given, name, value) {
        const char *known = strcasecmp(name, "Add") == 0 ? "Add" : strcasecmp(name, "Remove") == 0 ? "Remove" : NULL;
        json_t *list = known ? read_list(arena, parameter, value, ret_error) : NULL;
        if (!known)
            *ret_error = arena_format(arena, "'%s' is neither Add nor Remove", shortened(arena, name));
        if (!list || json_object_set_new(change, known, list) != 0) {
            json_decref(change);
            return NULL;
        }
    }
    if (json_object_size(change) == 0) {
        *ret_error = "neither Add nor Remove is given";
        json_decref(change);
        return NULL;
    }
    return change;
}

static json_t *read_several(struct arena *arena, const struct operation_parameter *parameter, const json_t *given, const char **ret_error)
{
    const char *text = json_string_value(given);
    bool typed = text && strncmp(text, "@{", 2) == 0;
    if ((!typed && !json_is_object(given)))
        return read_list(arena, parameter, given, ret_error);
    if (!(parameter->flags & OPERATION_CHANGEABLE)) {
        *ret_error = "a list is wanted, not Add and Remove";
        return NULL;
    }
    json_t *table = typed ? read_hash_table(arena, text, ret_error) : json_deep_copy(given);
    json_t *change = table ? read_list_change(arena, parameter, table, ret_error) : NULL;
    json_decref(table);
    return change;
}

/* --- all --- */

/* $null, and on the ordinary face 'none' and 'inherit', where no value is spelled so. */
static bool means_null(struct arena *arena, const struct operation_parameter *parameter, const json_t *given)
{
    const char *text = json_string_value(given);
    if (json_is_null(given) || (text && strcasecmp(text, "$null") == 0))
        return true;
    if (!text || !(parameter->flags & OPERATION_NULLABLE) || parameter->kind == OPERATION_TEXT || parameter->kind == OPERATION_TEXTS ||
        (strcasecmp(text, "none") != 0 && strcasecmp(text, "inherit") != 0))
        return false;
    return !parameter->choices || !choice_find(arena, parameter->choices, text);
}

json_t *operation_value_read(struct arena *arena, const struct operation_parameter *parameter, const json_t *given, const char **ret_error)
{
    const char *error = NULL;
    json_t *value = NULL;
    if (means_null(arena, parameter, given)) {
        if (parameter->flags & OPERATION_NULLABLE)
            return json_null();
        error = "$null is no value of it";
    } else if (parameter->kind == OPERATION_TEXTS || parameter->kind == OPERATION_CHOICES) {
        value = read_several(arena, parameter, given, &error);
    } else {
        value = read_single(arena, parameter, parameter->kind, given, &error);
    }
    if (!value)
        *ret_error = error ? error : "out of memory, or not UTF-8";
    return value;
}
