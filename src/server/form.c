#include "server/form.h"

#include <stdlib.h>
#include <string.h>

#include "http/http.h"

/* One 'name=value'; the room is larger than it. */
static bool add_field(json_t *form, const char *text, size_t size, char *room, size_t room_size)
{
    const char *equals = memchr(text, '=', size);
    size_t name_size = http_query_decode(text, equals ? (size_t)(equals - text) : size, room, room_size);
    if (name_size == SIZE_MAX || memchr(text, 0, size))
        return false;
    char *value = room + name_size + 1;
    size_t value_size = http_query_decode(equals ? equals + 1 : "", equals ? (size_t)(text + size - equals - 1) : 0, value,
                                          room_size - name_size - 1);
    if (value_size == SIZE_MAX)
        return false;
    json_t *values = json_object_get(form, room);
    if (!values) {
        values = json_array();
        if (json_object_set_new(form, room, values) != 0)
            return false;
    }
    return json_array_append_new(values, json_stringn(value, value_size)) == 0;
}

json_t *form_read(struct bytes text)
{
    json_t *form = json_object();
    size_t room_size = text.size + 2; /* names and values become shorter, never longer */
    char *room = malloc(room_size);
    bool good = form && room;
    size_t fields = 0;
    for (size_t at = 0; good && at < text.size;) {
        const uint8_t *end = memchr(text.data + at, '&', text.size - at);
        size_t size = end ? (size_t)(end - text.data) - at : text.size - at;
        if (size)
            good = ++fields <= FORM_FIELDS_MAX && add_field(form, (const char *)text.data + at, size, room, room_size);
        at += size + 1;
    }
    free(room);
    if (!good) {
        json_decref(form);
        return NULL;
    }
    return form;
}

const char *form_value(const json_t *form, const char *name)
{
    return json_string_value(json_array_get(json_object_get(form, name), 0));
}
