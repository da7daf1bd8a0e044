/* Any bytes as a form: what is accepted has string values only and no more fields than allowed. */
#include <stdlib.h>

#include "server/form.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const char *name;
    json_t *values, *value;
    size_t index, count = 0;
    json_t *form = form_read(bytes_of(data, size));
    json_object_foreach(form, name, values) {
        if (!json_array_size(values) || !form_value(form, name))
            abort();
        json_array_foreach(values, index, value) {
            count++;
            if (!json_is_string(value) || json_string_length(value) > size)
                abort();
        }
    }
    if (count > FORM_FIELDS_MAX || count > size)
        abort();
    json_decref(form);
    return 0;
}
