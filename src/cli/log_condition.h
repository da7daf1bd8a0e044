/* Conditions on rows of the CSV logs as people type them: 'HttpStatus=401', 'AuthenticatedUser=al*', 'RequestType!=PING', 'TotalRequestTime>100',
 * 'GenericErrors~certificate'. Field names without regard to case, dashes and underscores; texts without regard to case. No state. */
#pragma once
#include "cli/log_row.h"

enum log_relation { LOG_EQUAL, LOG_NOT_EQUAL, LOG_LESS, LOG_LESS_OR_EQUAL, LOG_GREATER, LOG_GREATER_OR_EQUAL, LOG_CONTAINS };

struct log_condition {
    char *field; /* into 'text' */
    enum log_relation relation;
    char *value;
    double number; /* of relations of size */
    char *text;
};

/* False: it is none ('>' needs a number); nothing to be freed then. */
bool log_condition_parse(const char *text, struct log_condition *ret_condition);
void log_condition_free(struct log_condition *condition);
/* Whether the row fulfils it. 'field' is the number of its field in the row's log. A time span (00:00:00.0123450) counts as milliseconds where a
 * size is compared; what is no number fulfils no relation of size. */
bool log_condition_holds(const struct log_condition *condition, const struct log_row *row, unsigned field);
