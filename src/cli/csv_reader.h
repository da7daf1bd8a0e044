/* CSV files into objects: the head line has the names of the properties, every value is a text. UTF-8, or UTF-16 by its mark, as
 * spreadsheets save it. No state, any thread. */
#pragma once
#include <jansson.h>

#include "base/arena.h"

#define CSV_FILE_SIZE_MAX (256u << 20)
#define CSV_COLUMNS_MAX 1024u

struct csv_reader_options {
    char delimiter;
    size_t name_count;        /* names instead of a head line; 0: the first line */
    const char *const *names;
    bool (*row)(void *user, json_t *object); /* taken over; false: no more */
    void *user;
};

/* False: *ret_error says in the arena what is wrong on which line. Rows before it have been told. */
bool csv_reader_read(struct arena *arena, struct bytes text, const struct csv_reader_options *options, const char **ret_error);
