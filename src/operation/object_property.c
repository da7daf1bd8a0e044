#include "operation/object_property.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <unicode/uchar.h>
#include <unicode/ustring.h>

#include "operation/operation_value.h"

static const json_t *own_property(const json_t *object, const char *name, size_t size, const char **ret_spelling)
{
    const char *key;
    json_t *value;
    json_object_foreach((json_t *)object, key, value) {
        if (strncasecmp(key, name, size) == 0 && !key[size]) {
            if (ret_spelling)
                *ret_spelling = key;
            return value;
        }
    }
    return NULL;
}

const json_t *object_property(const json_t *object, const char *name, const char **ret_spelling)
{
    const json_t *whole = own_property(object, name, strlen(name), ret_spelling);
    if (whole)
        return whole;
    for (;;) {
        size_t size = strcspn(name, ".");
        object = own_property(object, name, size, ret_spelling);
        if (!object || !name[size])
            return object;
        name += size + 1;
    }
}

void object_append_text(struct buffer *buffer, const json_t *value, const char *separator)
{
    if (json_is_string(value)) {
        buffer_append_string(buffer, json_string_value(value));
    } else if (json_is_boolean(value)) {
        buffer_append_string(buffer, json_is_true(value) ? "True" : "False");
    } else if (json_is_integer(value)) {
        buffer_append_format(buffer, "%lld", (long long)json_integer_value(value));
    } else if (json_is_real(value)) {
        buffer_append_format(buffer, "%.10g", json_real_value(value));
    } else if (json_is_array(value)) {
        for (size_t i = 0; i < json_array_size(value); i++) {
            buffer_append_string(buffer, i ? separator : "");
            object_append_text(buffer, json_array_get(value, i), separator);
        }
    } else if (json_is_object(value)) {
        char *text = json_dumps(value, JSON_COMPACT);
        buffer_append_string(buffer, text ? text : "");
        buffer->failed |= !text;
        free(text);
    }
}

/* --- comparing --- */

bool object_number(const json_t *value, double *ret_number)
{
    static const char units[][3] = {"KB", "MB", "GB", "TB"};
    const char *text = json_string_value(value);
    double number;
    char *end;
    if (json_is_number(value)) {
        *ret_number = json_number_value(value);
        return true;
    }
    if (!text || !*text || !strchr("+-.0123456789", *text) || text[strspn(text, "+-.0123456789eE")] == 'x')
        return false;
    number = strtod(text, &end);
    for (unsigned i = 0; i < 4; i++)
        if (end != text && strcasecmp(end, units[i]) == 0) {
            number = ldexp(number, 10 * (int)(i + 1));
            end += 2;
        }
    if (end == text || *end || !isfinite(number))
        return false;
    *ret_number = number;
    return true;
}

/* Only where one of them is a time as operations write it; the other may be as people type it. */
static bool times_of(const json_t *a, const json_t *b, uint64_t *ret_a, uint64_t *ret_b)
{
    const char *texts[] = {json_string_value(a), json_string_value(b)};
    bool written = false;
    for (unsigned i = 0; i < 2; i++) {
        const char *text = texts[i];
        if (!text)
            return false;
        written |= strlen(text) >= 20 && text[4] == '-' && text[10] == 'T' && text[strlen(text) - 1] == 'Z';
    }
    return written && operation_time_read(texts[0], ret_a) && operation_time_read(texts[1], ret_b);
}

int object_compare_texts(const char *a, const char *b)
{
    UChar wide_a[512], wide_b[512];
    UErrorCode error = U_ZERO_ERROR;
    int32_t size_a, size_b;
    u_strFromUTF8Lenient(wide_a, 512, &size_a, a, -1, &error);
    u_strFromUTF8Lenient(wide_b, 512, &size_b, b, -1, &error);
    int order = U_SUCCESS(error) && size_a < 512 && size_b < 512
                    ? u_strCaseCompare(wide_a, size_a, wide_b, size_b, U_FOLD_CASE_DEFAULT, &error)
                    : strcasecmp(a, b);
    return (order > 0) - (order < 0);
}

bool object_are_times(const json_t *a, const json_t *b)
{
    uint64_t time_a, time_b;
    return times_of(a, b, &time_a, &time_b);
}

static int rank(const json_t *value)
{
    return !value || json_is_null(value) ? 0 : 1;
}

int object_compare(const json_t *a, const json_t *b)
{
    double number_a, number_b;
    uint64_t time_a = 0, time_b = 0;
    if (!rank(a) || !rank(b))
        return rank(a) - rank(b);
    if (object_number(a, &number_a) && object_number(b, &number_b))
        return (number_a > number_b) - (number_a < number_b);
    if (times_of(a, b, &time_a, &time_b))
        return (time_a > time_b) - (time_a < time_b);
    struct buffer text_a = {0}, text_b = {0};
    object_append_text(&text_a, a, " ");
    object_append_text(&text_b, b, " ");
    const char *plain_a = buffer_string(&text_a), *plain_b = buffer_string(&text_b);
    int order = object_compare_texts(plain_a ? plain_a : "", plain_b ? plain_b : "");
    buffer_free(&text_a);
    buffer_free(&text_b);
    return order;
}
