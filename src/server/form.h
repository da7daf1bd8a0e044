/* What a form sends: application/x-www-form-urlencoded, from the body of a POST or the query of a GET. Names are kept as sent;
 * a name that comes several times (boxes ticked) has all its values, in order. Any thread. */
#pragma once
#include <jansson.h>

#include "base/bytes.h"

#define FORM_FIELDS_MAX 512u

/* {"name": ["value", ...], ...}. NULL where it is malformed (percent-encoding, NUL, not UTF-8), has more than FORM_FIELDS_MAX
 * fields, or without memory. A new reference. */
json_t *form_read(struct bytes text);
/* The first value; NULL where there is none. */
const char *form_value(const json_t *form, const char *name);
