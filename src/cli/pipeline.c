#include "cli/pipeline.h"

#include <ctype.h>
#include <string.h>
#include <strings.h>

#include "base/bytes.h"

struct reader {
    struct arena *arena;
    const char *at;
    const char *error;
    enum pipeline_status status;
    struct buffer word;
};

static bool fail(struct reader *reader, enum pipeline_status status, const char *error)
{
    if (reader->status == PIPELINE_OK) {
        reader->status = status;
        reader->error = error;
    }
    return false;
}

/* Blanks, escaped line ends and comments; line feeds too where the statement goes on. */
static void skip_blanks(struct reader *reader, bool lines)
{
    for (;; reader->at++) {
        if (*reader->at == '`' && (reader->at[1] == '\n' || (reader->at[1] == '\r' && reader->at[2] == '\n')))
            reader->at += reader->at[1] == '\r' ? 2 : 1;
        else if (*reader->at == '#')
            reader->at += strcspn(reader->at, "\n") - 1;
        else if (*reader->at != ' ' && *reader->at != '\t' && *reader->at != '\r' && !(lines && *reader->at == '\n'))
            return;
    }
}

/* $true, $false, $null and $_ are the operations' words; a variable of somebody's own would silently be an empty text. */
static bool check_variable(struct reader *reader)
{
    static const char *const known[] = {"true", "false", "null", "_"};
    const char *name = reader->at + 1;
    size_t size = 0;
    while (isalnum((unsigned char)name[size]) || name[size] == '_')
        size++;
    for (size_t i = 0; i < sizeof known / sizeof *known; i++)
        if (size == strlen(known[i]) && !strncasecmp(name, known[i], size))
            return true;
    return fail(reader, PIPELINE_INVALID, "variables other than $true, $false, $null and $_ are not known here");
}

static bool read_single_quoted(struct reader *reader)
{
    for (reader->at++;; reader->at++) {
        if (!*reader->at)
            return fail(reader, PIPELINE_INCOMPLETE, "a ' is not closed");
        if (*reader->at == '\'' && reader->at[1] == '\'')
            reader->at++;
        else if (*reader->at == '\'')
            break;
        buffer_append_u8(&reader->word, (uint8_t)*reader->at);
    }
    reader->at++;
    return true;
}

static bool read_double_quoted(struct reader *reader)
{
    for (reader->at++; *reader->at != '"' || reader->at[1] == '"'; reader->at++) {
        if (*reader->at == '`' || *reader->at == '"') /* `" and "" are a quote */
            reader->at++;
        else if (*reader->at == '$' && isalpha((unsigned char)reader->at[1]) && !check_variable(reader))
            return false;
        if (!*reader->at)
            return fail(reader, PIPELINE_INCOMPLETE, "a \" is not closed");
        buffer_append_u8(&reader->word, (uint8_t)*reader->at);
    }
    reader->at++;
    return true;
}

/* A block is one word as it stands, braces and quotes included: what is inside is for Where-Object to read. */
static bool read_block(struct reader *reader)
{
    unsigned depth = 0;
    char quote = 0;
    do {
        char c = *reader->at;
        if (!c)
            return fail(reader, PIPELINE_INCOMPLETE, "a { is not closed");
        if (quote)
            quote = c == quote ? 0 : quote;
        else if (c == '\'' || c == '"')
            quote = c;
        else if (c == '{')
            depth++;
        else if (c == '}')
            depth--;
        buffer_append_u8(&reader->word, (uint8_t)c);
        reader->at++;
    } while (depth || quote);
    return true;
}

static bool ends_word(char c)
{
    return !c || strchr(" \t\r\n|;", c);
}

static bool read_piece(struct reader *reader)
{
    switch (*reader->at) {
    case '\'': return read_single_quoted(reader);
    case '"': return read_double_quoted(reader);
    case '{': return read_block(reader);
    case '}': return fail(reader, PIPELINE_INVALID, "a } without its {");
    case '(':
    case ')': return fail(reader, PIPELINE_INVALID, "expressions in ( ) are not known here; write the value");
    case '$':
        if (!check_variable(reader))
            return false;
        break;
    case '`':
        if (!*++reader->at)
            return fail(reader, PIPELINE_INCOMPLETE, "nothing follows the `");
        break;
    default:
        break;
    }
    buffer_append_u8(&reader->word, (uint8_t)*reader->at++);
    return true;
}

/* A word, with the words that commas join to it: 'a, b' is 'a,b'. NULL: see reader->status. */
static char *read_word(struct reader *reader)
{
    buffer_clear(&reader->word);
    for (bool joined = true; joined;) {
        while (!ends_word(*reader->at))
            if (!read_piece(reader))
                return NULL;
        const char *end = reader->at;
        skip_blanks(reader, false);
        struct bytes word = buffer_bytes(&reader->word);
        joined = word.size && word.data[word.size - 1] == ',' && reader->at != end && !ends_word(*reader->at);
        if (*reader->at == ',' && reader->at != end)
            joined = true;
    }
    if (reader->word.failed) {
        fail(reader, PIPELINE_INVALID, "out of memory");
        return NULL;
    }
    return arena_string_of(reader->arena, buffer_bytes(&reader->word));
}

static bool read_stage(struct reader *reader, struct pipeline_stage *stage)
{
    char *words[PIPELINE_WORDS_MAX];
    unsigned count = 0;
    while (!ends_word(*reader->at)) {
        if (count == PIPELINE_WORDS_MAX - 1)
            return fail(reader, PIPELINE_INVALID, "too many words");
        if (!(words[count] = read_word(reader)))
            return fail(reader, PIPELINE_INVALID, "out of memory");
        count++;
    }
    stage->words = arena_array(reader->arena, char *, count + 1);
    if (!stage->words)
        return fail(reader, PIPELINE_INVALID, "out of memory");
    memcpy(stage->words, words, count * sizeof *words);
    stage->words[count] = NULL;
    stage->word_count = count;
    return true;
}

static bool read_stages(struct reader *reader, struct pipeline *pipeline)
{
    while (pipeline->stage_count < PIPELINE_STAGES_MAX) {
        if (*reader->at == '|')
            return fail(reader, PIPELINE_INVALID, "nothing stands before a |");
        if (!read_stage(reader, &pipeline->stages[pipeline->stage_count++]))
            return false;
        if (*reader->at != '|')
            return true;
        reader->at++;
        skip_blanks(reader, true);
        if (!*reader->at)
            return fail(reader, PIPELINE_INCOMPLETE, "nothing follows the last |");
    }
    return fail(reader, PIPELINE_INVALID, "too many stages");
}

enum pipeline_status pipeline_parse(struct arena *arena, const char *text, struct pipeline *ret_pipeline, const char **ret_rest,
                                    const char **ret_error)
{
    struct reader reader = {.arena = arena, .at = text};
    struct pipeline pipeline = {.stages = arena_array(arena, struct pipeline_stage, PIPELINE_STAGES_MAX)};
    if (!pipeline.stages) {
        *ret_error = "out of memory";
        return PIPELINE_INVALID;
    }
    do
        skip_blanks(&reader, true);
    while (*reader.at == ';' && reader.at++);
    if (!*reader.at)
        return PIPELINE_EMPTY;
    bool done = read_stages(&reader, &pipeline);
    buffer_free(&reader.word);
    if (!done) {
        *ret_error = reader.error;
        return reader.status;
    }
    *ret_pipeline = pipeline;
    *ret_rest = reader.at;
    return PIPELINE_OK;
}
