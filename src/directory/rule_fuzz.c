/* Rules as an administrator or an import gives them: read, and where they are well formed, asked about an entry. */
#include <stdlib.h>
#include <string.h>

#include "directory/rule.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* The rule in the first half, up to a NUL; what follows it is a value of the entry, well-formed or not. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct arena arena = {0};
    char *text = arena_string_of(&arena, bytes_of(data, size));
    const struct directory_rule *rule;
    const char *error = NULL;
    size_t used = text ? strlen(text) : size;
    struct bytes item = bytes_of(data + used, size - used);
    const struct directory_value values[] = {{DIRECTORY_ATTRIBUTE_SURNAME, 1, &item},
                                             {DIRECTORY_ATTRIBUTE_DEPARTMENT, 1, &item},
                                             {DIRECTORY_ATTRIBUTE_MANAGER, 1, &item},
                                             {DIRECTORY_ATTRIBUTE_ROOM_CAPACITY, 1, &item}};
    const char *address = "ada@engine.test", *group = "everyone";
    struct directory_entry entry = {.kind = DIRECTORY_USER, .account = "ada", .display_name = "Ada Lovelace", .address = address,
                                    .address_count = 1, .addresses = &address, .legacy_dn = "/o=E", .rule = "",
                                    .value_count = sizeof values / sizeof *values, .values = values};
    if (!text) {
        arena_free(&arena);
        return 0;
    }
    if (directory_rule_read(&arena, text, &rule, &error)) {
        /* The same question has the same answer, and 'not' the other one. */
        bool matches = directory_rule_matches(rule, &entry, 1, &group);
        const char *negated_text = arena_format(&arena, "(!%s)", text);
        const struct directory_rule *negated;
        if (size > 0 && *text && directory_rule_read(&arena, negated_text, &negated, NULL) &&
            directory_rule_matches(negated, &entry, 1, &group) == matches)
            abort();
    } else if (!error || !*error)
        abort();
    arena_free(&arena);
    return 0;
}
