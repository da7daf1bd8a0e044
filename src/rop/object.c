#include "rop/object.h"

#include <stdlib.h>
#include <string.h>

/* The index of the first object with a handle not below the given one. */
static uint32_t position_of(const struct rop_object_map *map, uint32_t handle)
{
    uint32_t low = 0, high = map->count;
    while (low < high) {
        uint32_t middle = low + (high - low) / 2;
        if (map->objects[middle]->handle < handle)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

struct rop_object *rop_object_map_add(struct rop_object_map *map, enum rop_object_kind kind, struct rop_logon *logon)
{
    if (map->count >= map->count_max || map->next_handle == ROP_HANDLE_UNUSED)
        return NULL;
    if (map->count == map->capacity) {
        uint32_t capacity = map->capacity ? map->capacity * 2 : 16;
        struct rop_object **objects = realloc(map->objects, capacity * sizeof *objects);
        if (!objects)
            return NULL;
        map->objects = objects;
        map->capacity = capacity;
    }
    struct rop_object *object = calloc(1, sizeof *object);
    if (!object)
        return NULL;
    object->handle = map->next_handle++;
    object->kind = kind;
    object->logon = logon;
    map->objects[map->count++] = object;
    return object;
}

struct rop_object *rop_object_map_find(const struct rop_object_map *map, uint32_t handle)
{
    uint32_t position = position_of(map, handle);
    return position < map->count && map->objects[position]->handle == handle ? map->objects[position] : NULL;
}

bool rop_object_map_was_assigned(const struct rop_object_map *map, uint32_t handle)
{
    return handle < map->next_handle;
}

void rop_object_map_remove(struct rop_object_map *map, struct rop_object *object)
{
    uint32_t position = position_of(map, object->handle);
    map->count--;
    memmove(map->objects + position, map->objects + position + 1, (map->count - position) * sizeof *map->objects);
    free(object->recipient_columns);
    free(object);
}

void rop_object_map_free(struct rop_object_map *map)
{
    free(map->objects);
    *map = (struct rop_object_map){0};
}
