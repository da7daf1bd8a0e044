#include "operation/operations.h"

#include <strings.h>

#define ADDRESS(row) &operation_##row,
const struct operation *const operations[] = {OPERATIONS(ADDRESS) NULL};
#undef ADDRESS

static bool is_called(const struct operation *operation, const char *name)
{
    return strcasecmp(operation->name, name) == 0 || (operation->alias && strcasecmp(operation->alias, name) == 0) ||
           (operation->command && strcasecmp(operation->command, name) == 0);
}

const struct operation *operation_find_in(const struct operation *const *table, const char *name)
{
    for (; *table; table++)
        if (is_called(*table, name))
            return *table;
    return NULL;
}

const struct operation *operation_find(const char *name)
{
    return operation_find_in(operations, name);
}
