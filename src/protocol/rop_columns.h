/* What a client must remember to read answers with rows: the columns that each table, and each message's recipient list, has,
 * by server object handle. rop_responses_decode keeps it up to date. One thread at a time. */
#pragma once
#include "wire/structure.h"

struct rop_columns_row;

/* A zeroed one is empty and ready. */
struct rop_columns {
    struct rop_columns_row *rows;
    uint32_t count;
    uint32_t capacity;
};

void rop_columns_free(struct rop_columns *columns);
/* Copies the tags. False without memory. */
bool rop_columns_set(struct rop_columns *columns, uint32_t handle, const struct wire_columns *tags);
void rop_columns_forget(struct rop_columns *columns, uint32_t handle);
/* NULL where nothing is known; valid until the next call that changes 'columns'. */
const struct wire_columns *rop_columns_of(const struct rop_columns *columns, uint32_t handle);
