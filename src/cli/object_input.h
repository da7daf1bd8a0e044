/* Objects that come by a pipe: lines of JSON as the stage before writes them, arrays of objects (--json, ConvertTo-Json), or lines of
 * plain text (a list of addresses), of which each is a JSON string here. One thread. docs/command.md. */
#pragma once
#include <jansson.h>
#include <stdbool.h>
#include <stdio.h>

#define OBJECT_INPUT_SIZE_MAX (16u << 20) /* of one object, or one array of them */
#define OBJECT_INPUT_LINE_SIZE_MAX 8192u  /* of a line of plain text */

struct object_input;

enum object_input_status {
    OBJECT_INPUT_OK,
    OBJECT_INPUT_END,
    OBJECT_INPUT_FAILED, /* what is no JSON; nothing more comes */
};

/* The file is borrowed. NULL without memory. */
struct object_input *object_input_new(FILE *file);
/* A new reference to the next object or text. 'ret_error' is the input's. */
enum object_input_status object_input_next(struct object_input *input, json_t **ret_object, const char **ret_error);
/* Whether not a byte has come up to the end: not the pipe of another 'mapihttp', which ends a result without objects by an empty line. */
bool object_input_was_empty(const struct object_input *input);
void object_input_free(struct object_input *input);
