/* Inside of filter_expression.h: the tree that the parser makes and the evaluation walks. */
#pragma once
#include <unicode/uregex.h>

#include "operation/filter_expression.h"

enum filter_kind {
    FILTER_VALUE,    /* value */
    FILTER_OBJECT,   /* $_ */
    FILTER_PROPERTY, /* name, of $_ */
    FILTER_NOT,      /* left */
    FILTER_AND,
    FILTER_OR,
    FILTER_XOR,
    FILTER_COMPARE,  /* left, right, comparison */
};

enum filter_comparison {
    FILTER_EQUAL,
    FILTER_NOT_EQUAL,
    FILTER_GREATER,
    FILTER_GREATER_OR_EQUAL,
    FILTER_LESS,
    FILTER_LESS_OR_EQUAL,
    FILTER_LIKE,
    FILTER_NOT_LIKE,
    FILTER_MATCH,
    FILTER_NOT_MATCH,
    FILTER_CONTAINS,
    FILTER_NOT_CONTAINS,
    FILTER_IN,
    FILTER_NOT_IN,
};

struct filter {
    enum filter_kind kind;
    enum filter_comparison comparison;
    bool case_matters;
    struct filter *left, *right;
    const char *name;
    json_t *value;                /* owned; filter_free */
    URegularExpression *expression; /* of MATCH with a text on the right: compiled by the parser */
};
