#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include "cli/object_input.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    FILE *file = size ? fmemopen((void *)data, size, "r") : NULL;
    if (!file)
        return 0;
    struct object_input *input = object_input_new(file);
    json_t *object = NULL;
    const char *error = NULL;
    enum object_input_status status;
    while ((status = object_input_next(input, &object, &error)) == OBJECT_INPUT_OK) {
        if (!json_is_object(object) && !json_is_string(object))
            abort();
        json_decref(object);
    }
    if (status == OBJECT_INPUT_FAILED && !error)
        abort();
    object_input_free(input);
    fclose(file);
    return 0;
}
