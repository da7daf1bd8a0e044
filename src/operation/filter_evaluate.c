/* Walking a condition's tree over one object. */
#include <string.h>

#include "operation/filter_node.h"
#include "operation/object_property.h"
#include "operation/wildcard.h"

#define MATCH_TIME_MAX 200 /* of a regular expression over one text: about milliseconds (uregex_setTimeLimit) */

struct evaluation {
    const json_t *object;
    const char **ret_error;
};

static bool accepts(struct evaluation *evaluation, const struct filter *filter);

static const json_t *value_of(struct evaluation *evaluation, const struct filter *filter)
{
    switch (filter->kind) {
    case FILTER_VALUE: return filter->value;
    case FILTER_OBJECT: return evaluation->object;
    case FILTER_PROPERTY: return json_is_object(evaluation->object) ? object_property(evaluation->object, filter->name, NULL) : NULL;
    case FILTER_NOT:
    case FILTER_AND:
    case FILTER_OR:
    case FILTER_XOR:
    case FILTER_COMPARE: break;
    }
    return accepts(evaluation, filter) ? json_true() : json_false(); /* singletons, not counted */
}

/* As PowerShell takes a value for a condition. */
static bool is_true(const json_t *value)
{
    if (json_is_string(value))
        return json_string_length(value) > 0;
    if (json_is_number(value))
        return json_number_value(value) != 0;
    if (json_is_array(value))
        return json_array_size(value) > 1 || (json_array_size(value) == 1 && is_true(json_array_get(value, 0)));
    return json_is_true(value) || json_is_object(value);
}

/* --- comparing two single values --- */

static bool is_nothing(const json_t *value)
{
    return !value || json_is_null(value);
}

static bool equal_texts(const json_t *left, const json_t *right, bool case_matters)
{
    const char *a = json_string_value(left), *b = json_string_value(right);
    return (case_matters ? strcmp(a, b) : object_compare_texts(a, b)) == 0;
}

/* true is equal to the texts True, $true, yes of a CSV file too, so that a filter does the same behind Import-Csv. */
static bool equal_boolean(const json_t *boolean, const json_t *other)
{
    const char *text = json_string_value(other);
    if (json_is_boolean(other))
        return json_is_true(boolean) == json_is_true(other);
    if (!text)
        return json_is_number(other) && json_is_true(boolean) == (json_number_value(other) != 0);
    return object_compare_texts(text, json_is_true(boolean) ? "true" : "false") == 0 ||
           object_compare_texts(text, json_is_true(boolean) ? "$true" : "$false") == 0;
}

static bool equal(const json_t *left, const json_t *right, bool case_matters)
{
    if (is_nothing(left) || is_nothing(right))
        return is_nothing(left) && is_nothing(right);
    if (json_is_boolean(left) || json_is_boolean(right))
        return json_is_boolean(left) ? equal_boolean(left, right) : equal_boolean(right, left);
    if (json_is_string(left) && json_is_string(right) && equal_texts(left, right, case_matters))
        return true;
    if (json_is_string(left) && json_is_string(right) && !object_are_times(left, right))
        return false;
    if (json_is_object(left) || json_is_object(right))
        return json_equal((json_t *)left, (json_t *)right);
    return object_compare(left, right) == 0;
}

static const char *text_of(const json_t *value, struct buffer *buffer)
{
    object_append_text(buffer, value, " ");
    const char *text = buffer_string(buffer);
    return text ? text : "";
}

static bool like(const json_t *left, const json_t *right)
{
    struct buffer text = {0}, pattern = {0};
    const char *plain = text_of(left, &text), *wild = text_of(right, &pattern);
    bool fits = wildcard_fits(wild, plain);
    buffer_free(&text);
    buffer_free(&pattern);
    return fits;
}

static bool match(struct evaluation *evaluation, const struct filter *filter, const json_t *left)
{
    struct buffer buffer = {0};
    UErrorCode error = U_ZERO_ERROR;
    UText text = UTEXT_INITIALIZER;
    bool found = false;
    if (!filter->expression) {
        *evaluation->ret_error = "-match takes a text on its right";
        return false;
    }
    utext_openUTF8(&text, text_of(left, &buffer), -1, &error);
    uregex_setTimeLimit(filter->expression, MATCH_TIME_MAX, &error);
    uregex_setUText(filter->expression, &text, &error);
    found = uregex_find(filter->expression, -1, &error);
    if (U_FAILURE(error))
        *evaluation->ret_error = error == U_REGEX_TIME_OUT || error == U_REGEX_STACK_OVERFLOW ? "a regular expression takes too long"
                                                                                             : "a regular expression failed";
    utext_close(&text);
    buffer_free(&buffer);
    return found && U_SUCCESS(error);
}

static bool holds(const json_t *list, const json_t *item, bool case_matters)
{
    if (!json_is_array(list))
        return equal(list, item, case_matters);
    for (size_t i = 0; i < json_array_size(list); i++)
        if (equal(json_array_get(list, i), item, case_matters))
            return true;
    return false;
}

static bool ordered(const json_t *left, const json_t *right, enum filter_comparison comparison)
{
    if (is_nothing(left) && is_nothing(right))
        return comparison == FILTER_GREATER_OR_EQUAL || comparison == FILTER_LESS_OR_EQUAL;
    int order = object_compare(left, right);
    return comparison == FILTER_GREATER            ? order > 0
           : comparison == FILTER_GREATER_OR_EQUAL ? order >= 0
           : comparison == FILTER_LESS             ? order < 0
                                                   : order <= 0;
}

static bool compare(struct evaluation *evaluation, const struct filter *filter, const json_t *left, const json_t *right)
{
    bool case_matters = filter->case_matters;
    switch (filter->comparison) {
    case FILTER_EQUAL: return equal(left, right, case_matters);
    case FILTER_NOT_EQUAL: return !equal(left, right, case_matters);
    case FILTER_LIKE: return like(left, right);
    case FILTER_NOT_LIKE: return !like(left, right);
    case FILTER_MATCH: return match(evaluation, filter, left);
    case FILTER_NOT_MATCH: return !match(evaluation, filter, left);
    case FILTER_CONTAINS: return holds(left, right, case_matters);
    case FILTER_NOT_CONTAINS: return !holds(left, right, case_matters);
    case FILTER_IN: return holds(right, left, case_matters);
    case FILTER_NOT_IN: return !holds(right, left, case_matters);
    case FILTER_GREATER:
    case FILTER_GREATER_OR_EQUAL:
    case FILTER_LESS:
    case FILTER_LESS_OR_EQUAL: break;
    }
    return ordered(left, right, filter->comparison);
}

/* A list on the left is compared item by item, and fulfils the condition where one item does. */
static bool compare_each(struct evaluation *evaluation, const struct filter *filter)
{
    const json_t *left = value_of(evaluation, filter->left), *right = value_of(evaluation, filter->right);
    if (!json_is_array(left) || filter->comparison >= FILTER_CONTAINS)
        return compare(evaluation, filter, left, right);
    for (size_t i = 0; i < json_array_size(left); i++)
        if (compare(evaluation, filter, json_array_get(left, i), right))
            return true;
    return false;
}

static bool accepts(struct evaluation *evaluation, const struct filter *filter)
{
    switch (filter->kind) {
    case FILTER_NOT: return !accepts(evaluation, filter->left);
    case FILTER_AND: return accepts(evaluation, filter->left) && accepts(evaluation, filter->right);
    case FILTER_OR: return accepts(evaluation, filter->left) || accepts(evaluation, filter->right);
    case FILTER_XOR: return accepts(evaluation, filter->left) != accepts(evaluation, filter->right);
    case FILTER_COMPARE: return compare_each(evaluation, filter);
    case FILTER_VALUE:
    case FILTER_OBJECT:
    case FILTER_PROPERTY: break;
    }
    return is_true(value_of(evaluation, filter));
}

bool filter_accepts(const struct filter *filter, const json_t *object, const char **ret_error)
{
    const char *error = NULL;
    struct evaluation evaluation = {object, &error};
    bool accepted = accepts(&evaluation, filter);
    if (error)
        *ret_error = error;
    return accepted && !error;
}
