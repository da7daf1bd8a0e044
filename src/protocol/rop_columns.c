#include "protocol/rop_columns.h"
#include <stdlib.h>
#include <string.h>

struct rop_columns_row {
    uint32_t handle;
    struct wire_columns columns; /* the tags are ours */
};

void rop_columns_free(struct rop_columns *columns)
{
    for (uint32_t i = 0; i < columns->count; i++)
        free((void *)columns->rows[i].columns.tags);
    free(columns->rows);
    *columns = (struct rop_columns){ 0 };
}

static struct rop_columns_row *row_of(const struct rop_columns *columns, uint32_t handle)
{
    for (uint32_t i = 0; i < columns->count; i++)
        if (columns->rows[i].handle == handle)
            return &columns->rows[i];
    return NULL;
}

static struct rop_columns_row *row_add(struct rop_columns *columns, uint32_t handle)
{
    if (columns->count == columns->capacity) {
        uint32_t capacity = columns->capacity ? columns->capacity * 2 : 8;
        struct rop_columns_row *rows = realloc(columns->rows, capacity * sizeof *rows);
        if (!rows)
            return NULL;
        columns->rows = rows;
        columns->capacity = capacity;
    }
    struct rop_columns_row *row = &columns->rows[columns->count++];
    *row = (struct rop_columns_row){ .handle = handle };
    return row;
}

bool rop_columns_set(struct rop_columns *columns, uint32_t handle, const struct wire_columns *tags)
{
    uint32_t *copy = malloc(tags->count * sizeof *copy + 1);
    if (!copy)
        return false;
    if (tags->count)
        memcpy(copy, tags->tags, tags->count * sizeof *copy);
    struct rop_columns_row *row = row_of(columns, handle);
    if (!row)
        row = row_add(columns, handle);
    if (!row) {
        free(copy);
        return false;
    }
    free((void *)row->columns.tags);
    row->columns = (struct wire_columns){ tags->count, copy };
    return true;
}

void rop_columns_forget(struct rop_columns *columns, uint32_t handle)
{
    struct rop_columns_row *row = row_of(columns, handle);
    if (!row)
        return;
    free((void *)row->columns.tags);
    *row = columns->rows[--columns->count];
}

const struct wire_columns *rop_columns_of(const struct rop_columns *columns, uint32_t handle)
{
    const struct rop_columns_row *row = row_of(columns, handle);
    return row ? &row->columns : NULL;
}
