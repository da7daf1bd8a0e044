#include "cli/object_input.h"

#include <stdlib.h>
#include <string.h>

struct object_input {
    FILE *file;
    json_t *array;      /* being handed out */
    size_t array_index, size; /* size: bytes of the value being read */
    unsigned long line; /* for messages */
    bool any, failed;
    char error[256];
};

struct object_input *object_input_new(FILE *file)
{
    struct object_input *input = calloc(1, sizeof *input);
    if (input) {
        input->file = file;
        input->line = 1;
    }
    return input;
}

bool object_input_was_empty(const struct object_input *input)
{
    return !input->any;
}

void object_input_free(struct object_input *input)
{
    if (input)
        json_decref(input->array);
    free(input);
}

static enum object_input_status fail(struct object_input *input, const char *what)
{
    snprintf(input->error, sizeof input->error, "line %lu of what came by the pipe: %s", input->line, what);
    input->failed = true;
    return OBJECT_INPUT_FAILED;
}

static int next_byte(struct object_input *input)
{
    int byte = getc_unlocked(input->file); /* one thread */
    if (byte != EOF)
        input->any = true;
    if (byte == '\n')
        input->line++;
    return byte;
}

static bool is_blank(int byte)
{
    return byte == ' ' || byte == '\t' || byte == '\r' || byte == '\n';
}

/* A byte at a time: no more may be taken than the value has. */
static size_t take_byte(void *place, size_t size, void *state)
{
    struct object_input *input = state;
    if (size == 0 || input->size >= OBJECT_INPUT_SIZE_MAX)
        return (size_t)-1;
    int byte = next_byte(input);
    if (byte == EOF)
        return 0;
    input->size++;
    *(char *)place = (char)byte;
    return 1;
}

static enum object_input_status read_json(struct object_input *input, json_t **ret_value)
{
    json_error_t error;
    char text[200];
    unsigned long start = input->line;
    input->size = 0;
    json_t *value = json_load_callback(take_byte, input, JSON_DISABLE_EOF_CHECK | JSON_DECODE_ANY | JSON_REJECT_DUPLICATES, &error);
    if (!value && input->size >= OBJECT_INPUT_SIZE_MAX)
        return fail(input, "an object is too large");
    if (!value) {
        input->line = start + (error.line > 0 ? (unsigned long)error.line - 1 : 0);
        snprintf(text, sizeof text, "no JSON (%.150s)", error.text);
        return fail(input, text);
    }
    *ret_value = value;
    return OBJECT_INPUT_OK;
}

static enum object_input_status read_text(struct object_input *input, json_t **ret_value)
{
    char line[OBJECT_INPUT_LINE_SIZE_MAX];
    size_t size = 0;
    int byte;
    while ((byte = next_byte(input)) != EOF && byte != '\n') {
        if (size == sizeof line)
            return fail(input, "a line of text is too long");
        line[size++] = (char)byte;
    }
    while (size && is_blank(line[size - 1]))
        size--;
    json_t *value = memchr(line, 0, size) ? NULL : json_stringn(line, size);
    if (!value) {
        input->line -= byte == '\n';
        return fail(input, "neither JSON nor text in UTF-8");
    }
    *ret_value = value;
    return OBJECT_INPUT_OK;
}

static bool takes_one(const json_t *value)
{
    return json_is_object(value) || json_is_string(value);
}

static enum object_input_status read_value(struct object_input *input, json_t **ret_value)
{
    int byte;
    do
        byte = next_byte(input);
    while (byte != EOF && is_blank(byte));
    if (byte == EOF)
        return ferror(input->file) ? fail(input, "it cannot be read") : OBJECT_INPUT_END;
    ungetc(byte, input->file);
    return byte == '{' || byte == '[' || byte == '"' ? read_json(input, ret_value) : read_text(input, ret_value);
}

enum object_input_status object_input_next(struct object_input *input, json_t **ret_object, const char **ret_error)
{
    enum object_input_status status = input->failed ? OBJECT_INPUT_FAILED : OBJECT_INPUT_OK;
    json_t *value = NULL;
    while (status == OBJECT_INPUT_OK && !value) {
        if (input->array && input->array_index < json_array_size(input->array)) {
            value = json_incref(json_array_get(input->array, input->array_index++));
        } else {
            json_decref(input->array);
            input->array = NULL;
            status = read_value(input, &value);
        }
        if (status == OBJECT_INPUT_OK && json_is_array(value) && !input->array) {
            input->array = value;
            input->array_index = 0;
            value = NULL;
        }
    }
    if (status == OBJECT_INPUT_OK && !takes_one(value)) {
        json_decref(value);
        status = fail(input, "neither an object nor a text");
    }
    if (status == OBJECT_INPUT_OK)
        *ret_object = value;
    else if (status == OBJECT_INPUT_FAILED)
        *ret_error = input->error;
    return status;
}
