#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "oab/publication.h"

#define ID_SIZE 36u

/* 'text' as a decimal number without leading zeros, up to 'end'. */
static bool read_sequence(const char *text, const char *end, uint32_t *ret_sequence)
{
    uint64_t sequence = 0;
    if (text == end || *text == '0' || end - text > 10)
        return false;
    for (; text < end; text++) {
        if (*text < '0' || *text > '9')
            return false;
        sequence = sequence * 10 + (uint64_t)(*text - '0');
    }
    *ret_sequence = (uint32_t)sequence;
    return sequence <= UINT32_MAX;
}

static bool read_language(const char *text, uint32_t *ret_language)
{
    uint32_t language = 0;
    for (unsigned i = 0; i < 4; i++) {
        char digit = text[i];
        unsigned value = digit >= '0' && digit <= '9' ? (unsigned)(digit - '0') : digit >= 'a' && digit <= 'f' ? (unsigned)(digit - 'a') + 10
            : digit >= 'A' && digit <= 'F' ? (unsigned)(digit - 'A') + 10 : 16;
        if (value == 16)
            return false;
        language = language << 4 | value;
    }
    *ret_language = language;
    return true;
}

bool oab_file_name_read(const char *name, struct oab_file_name *ret_name)
{
    static const struct {
        const char *prefix;
        enum oab_file_kind kind;
        enum oab_platform platform;
    } kinds[] = {{"-data-", OAB_FULL, OAB_WINDOWS}, {"-binpatch-", OAB_DIFFERENCE, OAB_WINDOWS},
        {"-lng", OAB_TEMPLATE, OAB_WINDOWS}, {"-mac", OAB_TEMPLATE, OAB_MAC}};
    struct oab_file_name result = {.language = 0};
    size_t size = strlen(name);
    struct guid id;
    if (size <= ID_SIZE + 4 || size >= OAB_FILE_NAME_SIZE_MAX || !text_equal_ignoring_case(name + size - 4, ".lzx"))
        return false;
    memcpy(result.id, name, ID_SIZE);
    result.id[ID_SIZE] = 0;
    if (!guid_parse(result.id, &id))
        return false;
    guid_format(id, result.id);
    const char *rest = name + ID_SIZE, *end = name + size - 4;
    for (unsigned i = 0; i < sizeof kinds / sizeof *kinds; i++) {
        if (!text_has_prefix_ignoring_case(rest, kinds[i].prefix))
            continue;
        rest += strlen(kinds[i].prefix);
        result.kind = kinds[i].kind;
        result.platform = kinds[i].platform;
        if (result.kind == OAB_TEMPLATE) {
            if (end - rest < 6 || !read_language(rest, &result.language) || rest[4] != '-')
                return false;
            rest += 5;
        }
        if (!read_sequence(rest, end, &result.sequence))
            return false;
        *ret_name = result;
        return true;
    }
    return false;
}

const char *oab_file_name_make(struct arena *arena, const struct oab_file_name *name)
{
    switch (name->kind) {
    case OAB_FULL:
        return arena_format(arena, "%s-data-%u.lzx", name->id, name->sequence);
    case OAB_DIFFERENCE:
        return arena_format(arena, "%s-binpatch-%u.lzx", name->id, name->sequence);
    case OAB_TEMPLATE:
        break;
    }
    return arena_format(arena, "%s-%s%04x-%u.lzx", name->id, name->platform == OAB_MAC ? "mac" : "lng", name->language,
        name->sequence);
}
