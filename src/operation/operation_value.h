/* Values of parameters: from what was typed or came as JSON to the one JSON form that the functions of operations see. No state, any thread. */
#pragma once
#include "operation/operation.h"

#define OPERATION_TEXT_SIZE_MAX 8192u /* of one text */
#define OPERATION_TEXTS_MAX 10000u    /* in one list */

/* A new reference, or NULL with *ret_error in the arena: what is wrong with the value, as a sentence's second half ("'maybe' is neither ..."). */
json_t *operation_value_read(struct arena *arena, const struct operation_parameter *parameter, const json_t *given, const char **ret_error);
/* A date or a date and time: ISO 8601, with Z or an offset, or in the machine's own zone; 8/1/2026 as in Exchange; 'now', 'today', 'yesterday';
 * 7d (ago). False for anything else. */
bool operation_time_read(const char *text, uint64_t *ret_filetime);
