/* 'mapihttp decode': explains captured requests and responses, and blobs of any declared structure. */
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli/command.h"
#include "protocol/capture.h"
#include "protocol/entry_id.h"
#include "protocol/explain.h"
#include "protocol/property_tags.h"

#define INPUT_SIZE_MAX (64u << 20)
#define COLUMNS_GIVEN_MAX 256u

struct decode {
    const struct command *command;
    enum capture_direction direction;
    const char *type;
    const char *structure;
    const char *request_file;
    struct wire_context context;
    struct wire_columns columns;
    uint32_t tags[COLUMNS_GIVEN_MAX];
    struct arena arena;
    struct explain_session session;
};

/* The whole file, hex text turned into bytes; data NULL after a message. */
static struct bytes input_read(struct decode *decode, const char *path)
{
    FILE *file = strcmp(path, "-") ? fopen(path, "rb") : stdin;
    struct buffer content = { .size_max = INPUT_SIZE_MAX };
    if (!file) {
        command_failed(decode->command, "cannot open %s", path);
        return BYTES_NONE;
    }
    uint8_t block[65536];
    size_t size;
    while ((size = fread(block, 1, sizeof block, file)))
        buffer_append(&content, block, size);
    bool failed = ferror(file) || content.failed;
    if (file != stdin)
        fclose(file);
    struct bytes input = failed ? BYTES_NONE : arena_bytes(&decode->arena, buffer_bytes(&content));
    buffer_free(&content);
    if (!input.data) {
        command_failed(decode->command, failed ? "cannot read %s, or it is larger than 64 MB" : "no memory for %s", path);
        return BYTES_NONE;
    }
    struct bytes hex = capture_of_hex(&decode->arena, input);
    return hex.data ? hex : input;
}

static const struct body_definition *definition_of(const char *request_type, bool *ret_ping)
{
    *ret_ping = !strcasecmp(request_type, "PING");
    for (uint32_t i = 0; i < body_definition_count; i++)
        if (!strcasecmp(body_definitions[i].request_type, request_type))
            return &body_definitions[i];
    return NULL;
}

static void say_lines(const char *what, struct bytes lines)
{
    if (lines.size)
        printf("%s\n", what);
    for (size_t at = 0; at < lines.size;) {
        const uint8_t *end = memmem(lines.data + at, lines.size - at, "\r\n", 2);
        size_t length = end ? (size_t)(end - lines.data) - at : lines.size - at;
        printf("        %.*s\n", (int)length, (const char *)lines.data + at);
        at += length + 2;
    }
}

/* Which body it is: what was said on the command line, else what the message says, else what the bytes look like. */
static const struct body_definition *choose(const struct decode *decode, const struct capture *capture, bool *is_response, bool *ret_ping)
{
    const char *type = decode->type ? decode->type : capture->request_type;
    enum capture_direction direction = capture->direction != CAPTURE_UNKNOWN ? capture->direction : decode->direction;
    *is_response = direction == CAPTURE_RESPONSE;
    if (*type)
        return definition_of(type, ret_ping);
    *ret_ping = capture->body.size == 0;
    const struct body_definition *found = explain_guess(capture->body, *is_response);
    if (!found && direction == CAPTURE_UNKNOWN) {
        *is_response = true;
        found = explain_guess(capture->body, true);
    }
    return found;
}

static int explain_capture(struct decode *decode, const char *path, bool silent)
{
    struct capture capture;
    struct buffer text = { 0 };
    bool is_response, ping;
    struct bytes input = input_read(decode, path);
    if (!input.data)
        return COMMAND_FAILED;
    if (!capture_read(&decode->arena, input, &capture))
        return command_failed(decode->command, "%s: its chunks are malformed", path);
    const struct body_definition *definition = choose(decode, &capture, &is_response, &ping);
    if (!silent) {
        printf("%s: %zu bytes\n", path, input.size);
        say_lines("HTTP header", capture.head);
        say_lines("response stream (MS-OXCMAPIHTTP 2.2.7)", capture.meta);
    }
    if (ping && !definition) {
        if (!silent)
            puts("PING: no body");
        return COMMAND_DONE;
    }
    if (!definition)
        return command_failed(decode->command, "%s fits no request or response; say which with --type and --request or --response", path);
    if (!silent && !decode->type && !*capture.request_type)
        printf("taken for: %s %s\n", definition->request_type, is_response ? "response" : "request");
    if (!silent && capture.joined)
        puts("offsets count in the body without its chunks");
    bool done = is_response ? explain_response(&decode->session, definition, capture.body, capture.body_offset, &text)
                            : explain_request(&decode->session, definition, capture.body, capture.body_offset, &text);
    if (!silent)
        if (text.size)
        fwrite(text.data, 1, text.size, stdout);
    buffer_free(&text);
    if (done)
        return COMMAND_DONE;
    return command_failed(decode->command, "%s cannot be read whole", path);
}

static const struct wire_structure *structure_named(const char *name, struct bytes bytes)
{
    if (!strcmp(name, "entry_id"))
        return entry_id_structure(entry_id_kind_of(bytes));
    for (uint32_t i = 0; i < wire_structure_count; i++)
        if (!strcmp(wire_structures[i]->name, name))
            return wire_structures[i];
    return NULL;
}

static int explain_blob(struct decode *decode, const char *path)
{
    struct buffer text = { 0 };
    struct wire_error error;
    char line[WIRE_ERROR_TEXT_SIZE];
    struct bytes input = input_read(decode, path);
    if (!input.data)
        return COMMAND_FAILED;
    const struct wire_structure *structure = structure_named(decode->structure, input);
    if (!structure)
        return command_failed(decode->command, strcmp(decode->structure, "entry_id") ? "no structure is called %s; --list lists them" : "no known kind of %s", decode->structure);
    if (decode->columns.count)
        decode->context.columns = &decode->columns;
    printf("%s: %s (%s), %zu bytes\n", path, structure->name, structure->section, input.size);
    bool done = wire_print(&decode->arena, structure, input, &decode->context, 0, 1, &text, &error);
    if (text.size)
        fwrite(text.data, 1, text.size, stdout);
    buffer_free(&text);
    if (done)
        return COMMAND_DONE;
    wire_error_format(&error, line);
    return command_failed(decode->command, "%s: %s", path, line);
}

static int list_structures(void)
{
    for (uint32_t i = 0; i < wire_structure_count; i++)
        printf("%-60s %s\n", wire_structures[i]->name, wire_structures[i]->section);
    return COMMAND_DONE;
}

/* 'PidTagSubject,0x67480014' */
static bool columns_parse(struct decode *decode, char *list)
{
    for (char *rest = NULL, *word = strtok_r(list, ",", &rest); word; word = strtok_r(NULL, ",", &rest)) {
        char *end;
        uint32_t tag = property_tag_of_name(word);
        if (!tag)
            tag = (uint32_t)strtoul(word, &end, 0);
        if (!tag || decode->columns.count == COLUMNS_GIVEN_MAX)
            return false;
        decode->tags[decode->columns.count++] = tag;
    }
    decode->columns.tags = decode->tags;
    return true;
}

static int explain_all(struct decode *decode, int count, char **paths)
{
    static char standard_input[] = "-";
    char *only[] = { standard_input };
    int status = COMMAND_DONE;
    if (decode->request_file)
        status = explain_capture(decode, decode->request_file, true);
    for (int i = 0; i < (count ? count : 1) && status != COMMAND_USAGE; i++) {
        const char *path = (count ? paths : only)[i];
        int one = decode->structure ? explain_blob(decode, path) : explain_capture(decode, path, false);
        status = status == COMMAND_DONE ? one : status;
    }
    return status;
}

static int run_decode(const struct command *command, int argc, char **argv)
{
    static const struct option options[] = {
        { "type", required_argument, NULL, 't' }, { "request", no_argument, NULL, 'q' }, { "response", no_argument, NULL, 'r' },
        { "request-file", required_argument, NULL, 'f' }, { "structure", required_argument, NULL, 's' },
        { "columns", required_argument, NULL, 'c' }, { "wide", no_argument, NULL, 'w' }, { "address-book", no_argument, NULL, 'a' },
        { "list", no_argument, NULL, 'l' }, { NULL, 0, NULL, 0 },
    };
    struct decode decode = { .command = command };
    bool ping;
    optind = 1;
    for (int option; (option = getopt_long(argc, argv, "", options, NULL)) != -1;) {
        switch (option) {
        case 't':
            decode.type = optarg;
            if (!definition_of(optarg, &ping) && !ping)
                return command_usage_error(command, "no request type is called %s", optarg);
            break;
        case 'q':
            decode.direction = CAPTURE_REQUEST;
            break;
        case 'r':
            decode.direction = CAPTURE_RESPONSE;
            break;
        case 'f':
            decode.request_file = optarg;
            break;
        case 's':
            decode.structure = optarg;
            break;
        case 'c':
            if (!columns_parse(&decode, optarg))
                return command_usage_error(command, "columns are tags or names with commas between them");
            break;
        case 'w':
            decode.context.wide = true;
            break;
        case 'a':
            decode.context.wide = decode.context.address_book = true;
            break;
        case 'l':
            return list_structures();
        default:
            return command_usage_error(command, "unknown option");
        }
    }
    int status = explain_all(&decode, argc - optind, argv + optind);
    explain_session_free(&decode.session);
    arena_free(&decode.arena);
    return status;
}

const struct command command_decode = {
    .name = "decode",
    .summary = "explain captured requests and responses field by field",
    .usage = "mapihttp decode [--type TYPE] [--request|--response] [--request-file FILE] [FILE...]\n"
             "mapihttp decode --structure NAME [--columns TAGS] [--wide] [--address-book] [FILE...]\n"
             "mapihttp decode --list\n"
             "\n"
             "Explains what is in each FILE (or standard input): offset, name and value of every field, and the section of the\n"
             "specification. A FILE is a body, a response stream with PROCESSING and DONE, or a whole HTTP message, raw or as a\n"
             "hex dump. FILEs in the order of their session know the columns that earlier ones set.\n"
             "\n"
             "  --type TYPE          the X-RequestType, such as Connect or Execute; guessed where not said\n"
             "  --request            it is a request\n"
             "  --response           it is a response\n"
             "  --request-file FILE  the request that the response answers\n"
             "  --structure NAME     it is this structure, such as restriction, rule_actions or entry_id\n"
             "  --columns TAGS       the columns of its rows: tags or names, with commas\n"
             "  --wide               counts are 32 bits wide, as in extended rules\n"
             "  --address-book       values are as in address book requests\n"
             "  --list               list the structures\n",
    .run = run_decode,
};
