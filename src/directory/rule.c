#include "directory/rule.h"

#include <string.h>
#include <unicode/uchar.h>
#include <unicode/utf8.h>

enum rule_operator { RULE_AND, RULE_OR, RULE_NOT, RULE_EQUAL, RULE_PRESENT, RULE_SUBSTRINGS, RULE_AT_LEAST, RULE_AT_MOST };

/* What a comparison looks at: an attribute, or one of these behind them. */
enum {
    SUBJECT_KIND = DIRECTORY_ATTRIBUTE_COUNT,
    SUBJECT_ALIAS,
    SUBJECT_DISPLAY_NAME,
    SUBJECT_MAIL,
    SUBJECT_MEMBER_OF,
};

struct directory_rule {
    enum rule_operator operator;
    unsigned subject;
    const struct directory_rule *first_child; /* of & | ! */
    const struct directory_rule *next;        /* sibling */
    /* Case-folded: the value; of substrings the pieces between the stars, the first and last anchored where not empty. */
    uint32_t piece_count;
    struct bytes *pieces;
};

/* --- folding --- */

/* The code point at *at without regard to case; what is not UTF-8 counts as itself, byte by byte. */
static UChar32 folded_at(struct bytes text, size_t *at)
{
    uint8_t byte = text.data[*at];
    if (byte < 0x80) {
        ++*at;
        return byte >= 'A' && byte <= 'Z' ? byte + 32 : byte;
    }
    int32_t position = (int32_t)*at, size = (int32_t)text.size;
    UChar32 code_point;
    U8_NEXT(text.data, position, size, code_point);
    *at = (size_t)position;
    return code_point < 0 ? 0x110000 + byte : u_foldCase(code_point, U_FOLD_CASE_DEFAULT);
}

/* <0, 0, >0 in code point order. */
static int compare(struct bytes a, struct bytes b)
{
    size_t at_a = 0, at_b = 0;
    while (at_a < a.size && at_b < b.size) {
        UChar32 left = folded_at(a, &at_a), right = folded_at(b, &at_b);
        if (left != right)
            return left < right ? -1 : 1;
    }
    return (at_a < a.size) - (at_b < b.size);
}

/* How many bytes of 'text' from 'at' match the whole of 'piece'; SIZE_MAX where they do not. */
static size_t match_at(struct bytes text, size_t at, struct bytes piece)
{
    size_t start = at, in_piece = 0;
    while (in_piece < piece.size) {
        if (at >= text.size || folded_at(text, &at) != folded_at(piece, &in_piece))
            return SIZE_MAX;
    }
    return at - start;
}

static bool match_substrings(const struct directory_rule *rule, struct bytes text)
{
    size_t at = match_at(text, 0, rule->pieces[0]);
    if (at == SIZE_MAX)
        return false;
    for (uint32_t i = 1; i + 1 < rule->piece_count; i++) {
        size_t taken = SIZE_MAX;
        while ((taken = match_at(text, at, rule->pieces[i])) == SIZE_MAX && at < text.size)
            (void)folded_at(text, &at);
        if (taken == SIZE_MAX)
            return false;
        at += taken;
    }
    struct bytes last = rule->pieces[rule->piece_count - 1];
    for (; at <= text.size; (void)folded_at(text, &at)) {
        if (match_at(text, at, last) == text.size - at)
            return true;
        if (at == text.size)
            return false;
    }
    return false;
}

/* --- reading --- */

struct reader {
    struct arena *arena;
    const char *text;
    size_t size, at;
    const char *error;
};

static const struct directory_rule *fail(struct reader *reader, size_t at, const char *problem)
{
    if (!reader->error)
        reader->error = arena_format(reader->arena, "%s at %zu", problem, at);
    return NULL;
}

static void skip_blanks(struct reader *reader)
{
    while (reader->at < reader->size && strchr(" \t\r\n", reader->text[reader->at]))
        reader->at++;
}

static unsigned subject_named(const char *name)
{
    static const struct {
        const char *name;
        unsigned subject;
    } names[] = {{"kind", SUBJECT_KIND}, {"alias", SUBJECT_ALIAS}, {"displayName", SUBJECT_DISPLAY_NAME},
                 {"mail", SUBJECT_MAIL}, {"memberOf", SUBJECT_MEMBER_OF}};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        if (strcasecmp(name, names[i].name) == 0)
            return names[i].subject;
    }
    unsigned attribute = directory_attribute_named(name);
    return attribute < DIRECTORY_ATTRIBUTE_COUNT ? attribute : UINT32_MAX;
}

static int hex_digit(char c)
{
    return c >= '0' && c <= '9' ? c - '0' : c >= 'a' && c <= 'f' ? c - 'a' + 10 : c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

/* The value up to the closing parenthesis, cut at stars, with \hh read (RFC 4515 section 3). */
static bool read_pieces(struct reader *reader, struct directory_rule *rule)
{
    size_t start = reader->at, end = start, stars = 0;
    for (; end < reader->size && reader->text[end] != ')'; end++) {
        if (reader->text[end] == '(')
            return fail(reader, end, "'(' in a value is written \\28;"), false;
        stars += reader->text[end] == '*';
    }
    char *data = arena_reserve(reader->arena, end - start + 1);
    rule->pieces = arena_array(reader->arena, struct bytes, stars + 1);
    if (!data || !rule->pieces)
        return fail(reader, start, "out of memory"), false;
    char *place = data, *piece = data;
    for (size_t i = start; i < end; i++) {
        char c = reader->text[i];
        if (c == '*') {
            rule->pieces[rule->piece_count++] = bytes_of(piece, (size_t)(place - piece));
            piece = place;
            continue;
        }
        if (c == '\\') {
            int high = i + 2 < end ? hex_digit(reader->text[i + 1]) : -1, low = high >= 0 ? hex_digit(reader->text[i + 2]) : -1;
            if (low < 0)
                return fail(reader, i, "two hexadecimal digits must follow a backslash,"), false;
            c = (char)(high << 4 | low);
            i += 2;
        }
        *place++ = c;
    }
    rule->pieces[rule->piece_count++] = bytes_of(piece, (size_t)(place - piece));
    reader->at = end;
    return true;
}

static bool set_comparison(struct reader *reader, struct directory_rule *rule, char operator, size_t value_at)
{
    if (operator != '=') {
        rule->operator = operator == '>' ? RULE_AT_LEAST : RULE_AT_MOST;
        return rule->piece_count == 1 || (fail(reader, value_at, "'*' beside an order"), false);
    }
    bool lone_star = rule->piece_count == 2 && rule->pieces[0].size == 0 && rule->pieces[1].size == 0;
    rule->operator = rule->piece_count == 1 ? RULE_EQUAL : lone_star ? RULE_PRESENT : RULE_SUBSTRINGS;
    if (rule->subject != SUBJECT_KIND || rule->operator != RULE_EQUAL)
        return true;
    for (unsigned kind = 0; kind < DIRECTORY_KIND_COUNT; kind++) {
        if (compare(rule->pieces[0], bytes_of_string(directory_kind_names[kind])) == 0)
            return true;
    }
    return fail(reader, value_at, "there is no such kind,"), false;
}

static const struct directory_rule *read_comparison(struct reader *reader)
{
    size_t start = reader->at, end = start;
    while (end < reader->size && !strchr("=<>~:()*\\", reader->text[end]))
        end++;
    size_t name_end = end;
    while (name_end > start && reader->text[name_end - 1] == ' ')
        name_end--;
    char *name = arena_string_of(reader->arena, bytes_of(reader->text + start, name_end - start));
    struct directory_rule *rule = arena_new(reader->arena, struct directory_rule);
    if (!name || !rule)
        return fail(reader, start, "out of memory");
    rule->subject = subject_named(name);
    if (rule->subject == UINT32_MAX) {
        reader->error = arena_format(reader->arena, "unknown attribute '%.40s' at %zu", name, start);
        return NULL;
    }
    char operator = end < reader->size ? reader->text[end] : '\0';
    if (operator == '<' || operator == '>')
        end++;
    if ((operator != '=' && operator != '<' && operator != '>') || end >= reader->size || reader->text[end] != '=')
        return fail(reader, end, "expected =, >= or <=");
    reader->at = end + 1;
    size_t value_at = reader->at;
    return read_pieces(reader, rule) && set_comparison(reader, rule, operator, value_at) ? rule : NULL;
}

static const struct directory_rule *read_rule(struct reader *reader, unsigned depth);

static const struct directory_rule *read_list(struct reader *reader, enum rule_operator operator, unsigned depth)
{
    struct directory_rule *rule = arena_new(reader->arena, struct directory_rule);
    if (!rule)
        return fail(reader, reader->at, "out of memory");
    rule->operator = operator;
    const struct directory_rule **place = &rule->first_child;
    size_t start = reader->at;
    unsigned count = 0;
    for (skip_blanks(reader); reader->at < reader->size && reader->text[reader->at] == '('; skip_blanks(reader)) {
        const struct directory_rule *child = read_rule(reader, depth + 1);
        if (!child)
            return NULL;
        *place = child;
        place = (const struct directory_rule **)&((struct directory_rule *)child)->next;
        count++;
    }
    if (count == 0)
        return fail(reader, start, "expected '('");
    return operator == RULE_NOT && count > 1 ? fail(reader, start, "'!' takes one rule,") : rule;
}

static const struct directory_rule *read_rule(struct reader *reader, unsigned depth)
{
    const struct directory_rule *rule;
    if (depth > DIRECTORY_RULE_DEPTH_MAX)
        return fail(reader, reader->at, "nested too deep");
    skip_blanks(reader);
    if (reader->at >= reader->size || reader->text[reader->at] != '(')
        return fail(reader, reader->at, "expected '('");
    reader->at++;
    skip_blanks(reader);
    char first = reader->at < reader->size ? reader->text[reader->at] : '\0';
    if (first == '&' || first == '|' || first == '!') {
        reader->at++;
        rule = read_list(reader, first == '&' ? RULE_AND : first == '|' ? RULE_OR : RULE_NOT, depth);
    } else {
        rule = read_comparison(reader);
    }
    if (!rule)
        return NULL;
    if (reader->at >= reader->size || reader->text[reader->at] != ')')
        return fail(reader, reader->at, "expected ')'");
    reader->at++;
    return rule;
}

bool directory_rule_read(struct arena *arena, const char *text, const struct directory_rule **ret_rule, const char **ret_error)
{
    struct reader reader = {.arena = arena, .text = text, .size = strlen(text)};
    const struct directory_rule *rule = NULL;
    if (reader.size == 0) {
        struct directory_rule *nothing = arena_new(arena, struct directory_rule);
        if (nothing)
            nothing->operator = RULE_OR; /* of no rules */
        rule = nothing;
    } else if (reader.size > DIRECTORY_RULE_SIZE_MAX) {
        fail(&reader, DIRECTORY_RULE_SIZE_MAX, "too long: cut off");
    } else {
        rule = read_rule(&reader, 1);
        skip_blanks(&reader);
        if (rule && reader.at < reader.size)
            rule = fail(&reader, reader.at, "something follows the rule");
    }
    if (rule)
        *ret_rule = rule;
    else if (ret_error)
        *ret_error = reader.error ? reader.error : "out of memory";
    return rule != NULL;
}

/* --- matching --- */

static bool is_number(struct bytes text)
{
    for (size_t i = 0; i < text.size; i++) {
        if (text.data[i] < '0' || text.data[i] > '9')
            return false;
    }
    return text.size > 0;
}

static int compare_numbers(struct bytes a, struct bytes b)
{
    while (a.size > 1 && a.data[0] == '0')
        a = bytes_of(a.data + 1, a.size - 1);
    while (b.size > 1 && b.data[0] == '0')
        b = bytes_of(b.data + 1, b.size - 1);
    return a.size != b.size ? (a.size < b.size ? -1 : 1) : bytes_compare(a, b);
}

static bool item_matches(const struct directory_rule *rule, struct bytes item)
{
    if (rule->operator == RULE_PRESENT)
        return true;
    if (rule->operator == RULE_SUBSTRINGS)
        return match_substrings(rule, item);
    bool number = rule->subject < DIRECTORY_ATTRIBUTE_COUNT && directory_attributes[rule->subject].kind == DIRECTORY_VALUE_NUMBER &&
                  is_number(rule->pieces[0]) && is_number(item);
    int order = number ? compare_numbers(item, rule->pieces[0]) : compare(item, rule->pieces[0]);
    return rule->operator == RULE_EQUAL ? order == 0 : rule->operator == RULE_AT_LEAST ? order >= 0 : order <= 0;
}

static bool text_matches(const struct directory_rule *rule, const char *text)
{
    return text && *text && item_matches(rule, bytes_of_string(text));
}

static bool any_matches(const struct directory_rule *rule, uint32_t count, const char *const *texts)
{
    bool matches = false;
    for (uint32_t i = 0; !matches && i < count; i++)
        matches = text_matches(rule, texts[i]);
    return matches;
}

static bool attribute_matches(const struct directory_rule *rule, const struct directory_entry *entry)
{
    const struct directory_value *value = directory_entry_value(entry, rule->subject);
    bool reference = directory_attributes[rule->subject].kind == DIRECTORY_VALUE_REFERENCE;
    for (uint32_t i = 0; value && i < value->count; i++) {
        char text[GUID_TEXT_SIZE];
        struct bytes item = value->items[i];
        if (reference && item.size == sizeof(struct guid)) { /* written as the id's text */
            struct guid id;
            memcpy(id.data, item.data, sizeof id.data);
            guid_format(id, text);
            item = bytes_of_string(text);
        }
        if (item_matches(rule, item))
            return true;
    }
    return false;
}

static bool comparison_matches(const struct directory_rule *rule, const struct directory_entry *entry, uint32_t group_count,
                               const char *const *groups)
{
    switch (rule->subject) {
    case SUBJECT_KIND: return text_matches(rule, directory_kind_names[entry->kind]);
    case SUBJECT_ALIAS: return text_matches(rule, entry->account);
    case SUBJECT_DISPLAY_NAME: return text_matches(rule, entry->display_name);
    case SUBJECT_MAIL: return any_matches(rule, entry->address_count, entry->addresses);
    case SUBJECT_MEMBER_OF: return groups && any_matches(rule, group_count, groups);
    default: return attribute_matches(rule, entry);
    }
}

/* As deep as DIRECTORY_RULE_DEPTH_MAX. */
bool directory_rule_matches(const struct directory_rule *rule, const struct directory_entry *entry, uint32_t group_count,
                            const char *const *groups)
{
    const struct directory_rule *child = rule->first_child;
    switch (rule->operator) {
    case RULE_AND:
        while (child && directory_rule_matches(child, entry, group_count, groups))
            child = child->next;
        return !child;
    case RULE_OR:
        while (child && !directory_rule_matches(child, entry, group_count, groups))
            child = child->next;
        return child != NULL;
    case RULE_NOT:
        return !directory_rule_matches(child, entry, group_count, groups);
    default:
        return comparison_matches(rule, entry, group_count, groups);
    }
}
