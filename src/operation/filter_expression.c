/* The parser. Tokens first, by one of two ways (one quoted word, or words that a shell has been at), then a descent over them. */
#include "operation/filter_expression.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "operation/filter_node.h"
#include "operation/object_property.h"

enum token_kind {
    TOKEN_END,
    TOKEN_OPEN,     /* ( */
    TOKEN_CLOSE,    /* ) */
    TOKEN_COMMA,
    TOKEN_NOT,      /* ! */
    TOKEN_OPERATOR, /* -like, text without its dash */
    TOKEN_VARIABLE, /* $_.Name, text without the dollar */
    TOKEN_TEXT,     /* in quotes */
    TOKEN_BARE,     /* neither: a number, a property in the simple form, a text that a shell took the quotes from */
};

struct token {
    enum token_kind kind;
    const char *text;
};

struct parsing {
    struct arena *arena;
    size_t token_count, position;
    struct token *tokens;
    bool simple;      /* 'Name -op value': no braces, so that bare names are properties */
    bool loose;       /* a shell has been at the words */
    unsigned depth;
    const char **ret_error;
};

static struct filter *parse_condition(struct parsing *parsing);

static void fail(struct parsing *parsing, const char *text)
{
    if (!*parsing->ret_error)
        *parsing->ret_error = text ? text : "out of memory";
}

static bool add_token(struct parsing *parsing, enum token_kind kind, const char *text)
{
    if (!text) {
        fail(parsing, NULL);
        return false;
    }
    if (parsing->token_count == FILTER_TOKENS_MAX) {
        fail(parsing, "the condition is too long");
        return false;
    }
    parsing->tokens[parsing->token_count++] = (struct token){kind, text};
    return true;
}

/* --- tokens of one text --- */

static bool is_word_byte(char c)
{
    return c && !isspace((unsigned char)c) && !strchr("(){},'\"!;|", c);
}

/* What stands in quotes; a quote doubled is one, and ` takes away a character's meaning in double ones. */
static const char *read_quoted(struct parsing *parsing, const char *text)
{
    char quote = *text++;
    struct buffer content = {0};
    for (; *text && (*text != quote || text[1] == quote); text++) {
        if (*text == quote || (*text == '`' && quote == '"' && text[1]))
            text++;
        buffer_append_u8(&content, (uint8_t)*text);
    }
    if (!*text)
        fail(parsing, "a quote in the condition does not end");
    else
        add_token(parsing, TOKEN_TEXT, arena_string_of(parsing->arena, buffer_bytes(&content)));
    buffer_free(&content);
    return *parsing->ret_error ? NULL : text + 1;
}

static bool is_operator(const char *word)
{
    return word[0] == '-' && isalpha((unsigned char)word[1]);
}

static bool add_word(struct parsing *parsing, const char *word)
{
    if (is_operator(word))
        return add_token(parsing, TOKEN_OPERATOR, word + 1);
    if (word[0] == '$')
        return add_token(parsing, TOKEN_VARIABLE, word + 1);
    return add_token(parsing, TOKEN_BARE, word);
}

static const char *read_token(struct parsing *parsing, const char *text)
{
    static const struct {
        char character;
        enum token_kind kind;
    } marks[] = {{'(', TOKEN_OPEN}, {')', TOKEN_CLOSE}, {',', TOKEN_COMMA}, {'!', TOKEN_NOT}};
    if (*text == '\'' || *text == '"')
        return read_quoted(parsing, text);
    if (*text == '@' && text[1] == '(')
        text++;
    for (unsigned i = 0; i < sizeof marks / sizeof *marks; i++)
        if (*text == marks[i].character)
            return add_token(parsing, marks[i].kind, "") ? text + 1 : NULL;
    size_t size = 0;
    while (is_word_byte(text[size]))
        size++;
    if (size == 0) {
        fail(parsing, arena_format(parsing->arena, "'%c' has no place in a condition", *text));
        return NULL;
    }
    char *word = arena_string_of(parsing->arena, bytes_of(text, size));
    return word && add_word(parsing, word) ? text + size : NULL;
}

static void read_text(struct parsing *parsing, const char *text)
{
    while (text) {
        while (isspace((unsigned char)*text))
            text++;
        if (!*text)
            return;
        text = read_token(parsing, text);
    }
}

/* --- tokens of words that a shell has made --- */

/* A list stood as a,b or "a","b": its items. */
static bool add_list(struct parsing *parsing, const char *word)
{
    for (;;) {
        size_t size = strcspn(word, ",");
        if (size && !add_token(parsing, TOKEN_BARE, arena_string_of(parsing->arena, bytes_of(word, size))))
            return false;
        if (!word[size])
            return true;
        if (!add_token(parsing, TOKEN_COMMA, ""))
            return false;
        word += size + 1;
    }
}

static bool expects_list(const struct parsing *parsing)
{
    static const char *const operators[] = {"in", "notin", "cin", "cnotin", "iin", "inotin"};
    const struct token *last = parsing->token_count ? &parsing->tokens[parsing->token_count - 1] : NULL;
    for (unsigned i = 0; last && last->kind == TOKEN_OPERATOR && i < sizeof operators / sizeof *operators; i++)
        if (strcasecmp(last->text, operators[i]) == 0)
            return true;
    return last && last->kind == TOKEN_COMMA;
}

static void read_words(struct parsing *parsing, size_t count, const char *const *words)
{
    for (size_t i = 0; i < count && !*parsing->ret_error; i++) {
        const char *word = words[i];
        if (!strcmp(word, "("))
            add_token(parsing, TOKEN_OPEN, "");
        else if (!strcmp(word, ")"))
            add_token(parsing, TOKEN_CLOSE, "");
        else if (!strcmp(word, "!"))
            add_token(parsing, TOKEN_NOT, "");
        else if (parsing->simple && (!strcasecmp(word, "-Property") || !strcasecmp(word, "-Value") || !strcasecmp(word, "-FilterScript")))
            continue;
        else if (expects_list(parsing) && word[0] != '$')
            add_list(parsing, word);
        else
            add_word(parsing, word);
    }
}

/* --- the tree --- */

static const struct token *peek(struct parsing *parsing)
{
    static const struct token end = {TOKEN_END, "its end"};
    return parsing->position < parsing->token_count ? &parsing->tokens[parsing->position] : &end;
}

static bool next_is(struct parsing *parsing, enum token_kind kind)
{
    if (peek(parsing)->kind != kind)
        return false;
    parsing->position++;
    return true;
}

static struct filter *new_node(struct parsing *parsing, enum filter_kind kind, struct filter *left, struct filter *right)
{
    struct filter *node = arena_new(parsing->arena, struct filter);
    if (!node) {
        fail(parsing, NULL);
        filter_free(left);
        filter_free(right);
        return NULL;
    }
    *node = (struct filter){.kind = kind, .left = left, .right = right};
    return node;
}

static struct filter *value_node(struct parsing *parsing, json_t *value)
{
    struct filter *node = value ? new_node(parsing, FILTER_VALUE, NULL, NULL) : NULL;
    if (node)
        node->value = value;
    else
        json_decref(value);
    if (!node)
        fail(parsing, "a text in the condition is not UTF-8");
    return node;
}

static struct filter *property_node(struct parsing *parsing, const char *name)
{
    struct filter *node = *name ? new_node(parsing, FILTER_PROPERTY, NULL, NULL) : NULL;
    if (node)
        node->name = name;
    else
        fail(parsing, "a property without a name");
    return node;
}

static struct filter *parse_variable(struct parsing *parsing, const char *text)
{
    size_t size = strcspn(text, ".");
    bool object = (size == 1 && *text == '_') || (size == 6 && !strncasecmp(text, "PSItem", 6));
    if (peek(parsing)->kind == TOKEN_OPEN) {
        fail(parsing, arena_format(parsing->arena, "$%.64s(...): calls of methods are not there; use -like, -match or -in", text));
        return NULL;
    }
    if (object && text[size])
        return property_node(parsing, text + size + 1);
    if (object)
        return new_node(parsing, FILTER_OBJECT, NULL, NULL);
    if (!strcasecmp(text, "true") || !strcasecmp(text, "false"))
        return value_node(parsing, json_boolean(!strcasecmp(text, "true")));
    if (!strcasecmp(text, "null"))
        return value_node(parsing, json_null());
    fail(parsing, arena_format(parsing->arena, "$%.64s: only $_, $true, $false and $null are known", text));
    return NULL;
}

/* A number, or a text. */
static json_t *literal_of(const char *text)
{
    double number;
    json_t *value = json_string(text);
    if (!value || !object_number(value, &number))
        return value;
    json_decref(value);
    return number == (double)(json_int_t)number ? json_integer((json_int_t)number) : json_real(number);
}

static struct filter *parse_bare(struct parsing *parsing, const char *text, bool right)
{
    double number;
    json_t *probe = json_string(text);
    bool is_number = probe && object_number(probe, &number);
    const char *dot = strrchr(text, '.');
    json_decref(probe);
    if (right && (parsing->loose || is_number))
        return value_node(parsing, literal_of(text));
    if (parsing->simple)
        return property_node(parsing, text);
    if (parsing->loose && dot) /* a shell put something for $_ */
        return property_node(parsing, dot + 1);
    if (is_number)
        return value_node(parsing, literal_of(text));
    fail(parsing, arena_format(parsing->arena, "'%.64s' in the condition is neither $_.Name nor a text in quotes%s", text,
                               parsing->loose ? " (put the whole block in single quotes, so that the shell leaves it alone)" : ""));
    return NULL;
}

static struct filter *parse_parenthesis(struct parsing *parsing)
{
    if (++parsing->depth > FILTER_DEPTH_MAX) {
        fail(parsing, "the condition is too deep");
        return NULL;
    }
    struct filter *inner = parse_condition(parsing);
    parsing->depth--;
    if (inner && !next_is(parsing, TOKEN_CLOSE)) {
        fail(parsing, "a parenthesis of the condition is not closed");
        filter_free(inner);
        return NULL;
    }
    return inner;
}

static struct filter *parse_operand(struct parsing *parsing, bool right)
{
    const struct token *token = peek(parsing);
    parsing->position++;
    switch (token->kind) {
    case TOKEN_OPEN: return parse_parenthesis(parsing);
    case TOKEN_VARIABLE: return parse_variable(parsing, token->text);
    case TOKEN_TEXT: return value_node(parsing, json_string(token->text));
    case TOKEN_BARE: return parse_bare(parsing, token->text, right);
    case TOKEN_OPERATOR:
        fail(parsing, arena_format(parsing->arena, "nothing stands before -%.64s%s", token->text,
                                   parsing->loose ? " (put the whole block in single quotes, so that the shell leaves $_ alone)" : ""));
        return NULL;
    case TOKEN_END: fail(parsing, "the condition ends where a value is wanted"); return NULL;
    case TOKEN_CLOSE:
    case TOKEN_COMMA:
    case TOKEN_NOT: break;
    }
    fail(parsing, "a value is wanted in the condition where something else stands");
    return NULL;
}

/* 'a','b': a list of values. */
static struct filter *parse_operands(struct parsing *parsing, bool right)
{
    struct filter *first = parse_operand(parsing, right);
    if (!first || peek(parsing)->kind != TOKEN_COMMA)
        return first;
    json_t *list = json_array();
    struct filter *item = first;
    bool more = true;
    while (item && more) {
        if (item->kind != FILTER_VALUE) {
            fail(parsing, "a list in the condition holds texts and numbers only");
            break;
        }
        json_array_append(list, item->value);
        filter_free(item);
        more = next_is(parsing, TOKEN_COMMA);
        item = more ? parse_operand(parsing, right) : NULL;
    }
    filter_free(item);
    if (!*parsing->ret_error)
        return value_node(parsing, list);
    json_decref(list);
    return NULL;
}

static const struct {
    const char *name;
    enum filter_comparison comparison;
} comparisons[] = {
    {"eq", FILTER_EQUAL}, {"ne", FILTER_NOT_EQUAL}, {"gt", FILTER_GREATER}, {"ge", FILTER_GREATER_OR_EQUAL}, {"lt", FILTER_LESS},
    {"le", FILTER_LESS_OR_EQUAL}, {"like", FILTER_LIKE}, {"notlike", FILTER_NOT_LIKE}, {"match", FILTER_MATCH}, {"notmatch", FILTER_NOT_MATCH},
    {"contains", FILTER_CONTAINS}, {"notcontains", FILTER_NOT_CONTAINS}, {"in", FILTER_IN}, {"notin", FILTER_NOT_IN},
};

static bool comparison_of(const char *name, enum filter_comparison *ret_comparison, bool *ret_case)
{
    for (unsigned skip = 0; skip < 2; skip++) {
        if (skip && !(*name && strchr("cCiI", *name)))
            return false;
        for (unsigned i = 0; i < sizeof comparisons / sizeof *comparisons; i++)
            if (strcasecmp(comparisons[i].name, name + skip) == 0) {
                *ret_comparison = comparisons[i].comparison;
                *ret_case = skip && (*name == 'c' || *name == 'C');
                return true;
            }
    }
    return false;
}

/* Compiled once, where the pattern is a text. */
static bool compile(struct parsing *parsing, struct filter *node)
{
    UErrorCode error = U_ZERO_ERROR;
    const char *pattern = node->right->kind == FILTER_VALUE ? json_string_value(node->right->value) : NULL;
    if ((node->comparison != FILTER_MATCH && node->comparison != FILTER_NOT_MATCH) || !pattern)
        return true;
    if (strlen(pattern) > FILTER_PATTERN_SIZE_MAX) {
        fail(parsing, "a regular expression is too long");
        return false;
    }
    UText text = UTEXT_INITIALIZER;
    utext_openUTF8(&text, pattern, -1, &error);
    node->expression = uregex_openUText(&text, node->case_matters ? 0 : UREGEX_CASE_INSENSITIVE, NULL, &error);
    utext_close(&text);
    if (U_FAILURE(error)) {
        fail(parsing, arena_format(parsing->arena, "'%.100s' is no regular expression", pattern));
        return false;
    }
    return true;
}

static struct filter *parse_comparison(struct parsing *parsing)
{
    struct filter *left = parse_operands(parsing, false);
    enum filter_comparison comparison;
    bool case_matters;
    if (!left || peek(parsing)->kind != TOKEN_OPERATOR || !comparison_of(peek(parsing)->text, &comparison, &case_matters))
        return left;
    if (case_matters && (comparison == FILTER_LIKE || comparison == FILTER_NOT_LIKE)) {
        fail(parsing, "-clike and -cnotlike are not there; -cmatch looks at case");
        filter_free(left);
        return NULL;
    }
    parsing->position++;
    struct filter *right = parse_operands(parsing, true);
    if (!right) {
        filter_free(left);
        return NULL;
    }
    struct filter *node = new_node(parsing, FILTER_COMPARE, left, right);
    if (!node)
        return NULL;
    node->comparison = comparison;
    node->case_matters = case_matters;
    if (compile(parsing, node))
        return node;
    filter_free(node);
    return NULL;
}

static struct filter *parse_negated(struct parsing *parsing)
{
    bool negated = false, simple_not;
    for (;;) {
        const struct token *token = peek(parsing);
        simple_not = token->kind == TOKEN_OPERATOR && !strcasecmp(token->text, "not");
        if (token->kind != TOKEN_NOT && !simple_not)
            break;
        parsing->position++;
        negated = !negated;
    }
    struct filter *inner = parse_comparison(parsing);
    return inner && negated ? new_node(parsing, FILTER_NOT, inner, NULL) : inner;
}

static bool junction_of(const struct token *token, enum filter_kind *ret_kind)
{
    static const struct {
        const char *name;
        enum filter_kind kind;
    } rows[] = {{"and", FILTER_AND}, {"or", FILTER_OR}, {"xor", FILTER_XOR}};
    for (unsigned i = 0; token->kind == TOKEN_OPERATOR && i < 3; i++)
        if (strcasecmp(token->text, rows[i].name) == 0) {
            *ret_kind = rows[i].kind;
            return true;
        }
    return false;
}

static struct filter *parse_condition(struct parsing *parsing)
{
    struct filter *left = parse_negated(parsing);
    enum filter_kind kind;
    while (left && junction_of(peek(parsing), &kind)) {
        parsing->position++;
        struct filter *right = parse_negated(parsing);
        if (!right) {
            filter_free(left);
            return NULL;
        }
        left = new_node(parsing, kind, left, right);
    }
    return left;
}

/* --- all --- */

/* The block's inside: 'words' without their outer braces. */
static bool without_braces(struct parsing *parsing, size_t *count, const char **words)
{
    size_t last = *count - 1, size = strlen(words[last]);
    if (words[0][0] != '{') {
        parsing->simple = true;
        return true;
    }
    if (!size || words[last][size - 1] != '}' || (*count == 1 && size == 1)) {
        fail(parsing, "the } of the condition is missing");
        return false;
    }
    words[last] = arena_format(parsing->arena, "%.*s", (int)(size - 1), words[last]);
    if (!words[last]) {
        fail(parsing, NULL);
        return false;
    }
    words[0]++;
    return true;
}

struct filter *filter_parse(struct arena *arena, size_t word_count, const char *const *given, const char **ret_error)
{
    *ret_error = NULL;
    const char **words = arena_array(arena, const char *, word_count + 1);
    struct parsing parsing = {.arena = arena, .ret_error = ret_error, .tokens = arena_array(arena, struct token, FILTER_TOKENS_MAX)};
    if (!words || !parsing.tokens) {
        fail(&parsing, NULL);
        return NULL;
    }
    while (word_count && (!strcasecmp(*given, "-FilterScript") || !**given)) {
        given++;
        word_count--;
    }
    for (size_t i = 0; i < word_count; i++)
        words[i] = given[i];
    if (word_count == 0) {
        fail(&parsing, "a condition is missing: { $_.Name -like \"*text*\" }, or Name -like *text*");
        return NULL;
    }
    if (!without_braces(&parsing, &word_count, words))
        return NULL;
    bool whole = word_count == 1 && (!parsing.simple || strpbrk(words[0], " $"));
    parsing.loose = !whole;
    if (whole) {
        read_text(&parsing, words[0]);
    } else { /* '{' and '}' were words of their own */
        size_t first = !parsing.simple && !*words[0], last = !parsing.simple && !*words[word_count - 1];
        read_words(&parsing, word_count > first + last ? word_count - first - last : 0, words + first);
    }
    struct filter *filter = *ret_error ? NULL : parse_condition(&parsing);
    if (filter && parsing.position < parsing.token_count) {
        const struct token *token = peek(&parsing);
        fail(&parsing, arena_format(arena, "'%s%.64s' has no place in the condition", token->kind == TOKEN_OPERATOR ? "-" : "",
                                    *token->text ? token->text : token->kind == TOKEN_CLOSE ? ")" : ","));
        filter_free(filter);
        filter = NULL;
    }
    return filter;
}

void filter_free(struct filter *filter)
{
    if (!filter)
        return;
    filter_free(filter->left);
    filter_free(filter->right);
    json_decref(filter->value);
    uregex_close(filter->expression);
    filter->left = filter->right = NULL;
    filter->value = NULL;
    filter->expression = NULL;
}
