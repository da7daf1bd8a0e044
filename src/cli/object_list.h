/* All objects of a pipe at once, for what cannot be said of one by one: sorting, grouping, the last of them. One thread. */
#pragma once
#include "cli/client_operation.h"

#define OBJECT_LIST_MAX 1000000u

struct object_list {
    size_t count, capacity;
    json_t **objects; /* owned */
};

/* Reads to the end of the pipe. Too many: operation_fail. */
void object_list_read(struct object_list *list, struct operation_call *call);
/* Stable; by the named properties (none: the objects themselves), each in turn. False without memory. */
bool object_list_sort(struct object_list *list, const json_t *properties, bool descending);
void object_list_free(struct object_list *list);
