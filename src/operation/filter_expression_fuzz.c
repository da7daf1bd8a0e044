/* Conditions as one block and as words; what parses is walked over an object. */
#include <stdlib.h>
#include <string.h>

#include "operation/filter_expression.h"

#define WORDS_MAX 64u

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct arena arena = {0};
    const char *words[WORDS_MAX], *error = NULL;
    char *text = arena_string_of(&arena, bytes_of(data, size));
    size_t count = 0;
    json_t *object = json_pack("{s:s, s:i, s:[s,s], s:n, s:b, s:s}", "A", "Outlook 16", "B", 5, "C", "x", "y", "D", "E", 1, "F", "2026-08-01T20:29:56Z");
    for (char *rest = text, *word; rest && count < WORDS_MAX && (word = strsep(&rest, "\n"));)
        words[count++] = word;
    struct filter *filter = filter_parse(&arena, count, words, &error);
    if (!filter && !error)
        abort();
    if (filter)
        filter_accepts(filter, object, &error);
    filter_free(filter);
    json_decref(object);
    arena_free(&arena);
    return 0;
}
