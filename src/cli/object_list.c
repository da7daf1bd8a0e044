#include "cli/object_list.h"

#include <stdlib.h>

#include "operation/object_property.h"

static bool append(struct object_list *list, json_t *object)
{
    if (list->count == list->capacity) {
        size_t capacity = list->capacity ? 2 * list->capacity : 64;
        json_t **objects = reallocarray(list->objects, capacity, sizeof *objects);
        if (!objects)
            return false;
        list->objects = objects;
        list->capacity = capacity;
    }
    list->objects[list->count++] = object;
    return true;
}

void object_list_read(struct object_list *list, struct operation_call *call)
{
    json_t *object;
    while ((object = client_operation_next(call))) {
        bool fits = list->count < OBJECT_LIST_MAX;
        if (fits && append(list, object))
            continue;
        json_decref(object);
        operation_fail(call, OPERATION_FAILED, NULL, fits ? "out of memory" : "more than 1,000,000 objects came by the pipe");
        return;
    }
}

/* --- sorting --- */

struct order {
    const json_t *properties;
    bool descending;
};

struct place {
    json_t *object;
    size_t index; /* where it was: equal ones keep their order */
};

static int compare_objects(const json_t *a, const json_t *b, const json_t *properties)
{
    size_t count = json_array_size(properties);
    int order = count ? 0 : object_compare(a, b);
    for (size_t i = 0; order == 0 && i < count; i++) {
        const char *name = json_string_value(json_array_get(properties, i));
        order = object_compare(object_property(a, name, NULL), object_property(b, name, NULL));
    }
    return order;
}

static int compare_places(const void *a, const void *b, void *state)
{
    const struct place *left = a, *right = b;
    const struct order *order = state;
    int result = compare_objects(left->object, right->object, order->properties);
    if (result)
        return order->descending ? -result : result;
    return left->index < right->index ? -1 : left->index > right->index;
}

bool object_list_sort(struct object_list *list, const json_t *properties, bool descending)
{
    struct order order = {properties, descending};
    struct place *places = calloc(list->count ? list->count : 1, sizeof *places);
    if (!places)
        return false;
    for (size_t i = 0; i < list->count; i++)
        places[i] = (struct place){list->objects[i], i};
    qsort_r(places, list->count, sizeof *places, compare_places, &order);
    for (size_t i = 0; i < list->count; i++)
        list->objects[i] = places[i].object;
    free(places);
    return true;
}

void object_list_free(struct object_list *list)
{
    for (size_t i = 0; i < list->count; i++)
        json_decref(list->objects[i]);
    free(list->objects);
    *list = (struct object_list){0};
}
