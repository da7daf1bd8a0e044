/* Bytes written by hand from the specification (tests/wire/ *.fixture), with what they say beside them: each must decode, say
 * that at that place, and encode to the same bytes. A law proves that decoder and encoder agree; only these prove that both are
 * right. At the end every ROP and every body must have had its fixture.
 *
 * A fixture begins with 'request RopX', 'response RopX', 'body request Type', 'body response Type' or 'structure name', perhaps
 * with more words behind a comma or a colon; then perhaps words of its context (columns ..., public, wide, address_book,
 * noncanonical); then indented lines 'bytes : field value', where the value may be the beginning of what is printed up to a
 * space, and '00*132' repeats. */
#include <ctype.h>
#include <dirent.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>
#include "protocol/body_definition.h"
#include "protocol/property_tags.h"
#include "protocol/rop_list.h"

#define EXPECTATIONS_MAX 128u
#define COLUMNS_GIVEN_MAX 16u

struct expectation {
    size_t offset;
    unsigned line;
    char text[256];
};

struct fixture {
    char title[256];
    const char *path;
    unsigned line;
    struct buffer bytes;
    struct wire_context context;
    struct wire_columns columns;
    uint32_t tags[COLUMNS_GIVEN_MAX];
    bool noncanonical;
    uint32_t expectation_count;
    struct expectation expectations[EXPECTATIONS_MAX];
};

/* Where a fixture that is not right goes on with the next one, so that one run says all. */
static jmp_buf next_fixture;
static unsigned wrong_count;

static bool seen_request[256], seen_response[256], seen_body[2][64];

static void complain(const struct fixture *fixture, unsigned line, const char *format, ...) __attribute__((format(printf, 3, 4)));
static void complain(const struct fixture *fixture, unsigned line, const char *format, ...)
{
    char text[1024];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(text, sizeof text, format, arguments);
    va_end(arguments);
    print_error("%s:%u: %s: %s\n", fixture->path, line ? line : fixture->line, fixture->title, text);
    longjmp(next_fixture, 1);
}

/* Words separated by one space each. */
static void squeeze(char *text)
{
    char *to = text;
    for (const char *from = text; *from; from++)
        if (!isspace((unsigned char)*from) || (to > text && to[-1] != ' '))
            *to++ = isspace((unsigned char)*from) ? ' ' : *from;
    while (to > text && to[-1] == ' ')
        to--;
    *to = '\0';
}

static bool matches(const char *printed, const char *expected)
{
    size_t size = strlen(expected);
    return !strncmp(printed, expected, size) && (printed[size] == '\0' || printed[size] == ' ');
}

static void check_printed(const struct fixture *fixture, uint32_t first, size_t base, const struct wire_structure *structure, struct bytes bytes)
{
    struct arena arena = { 0 };
    struct buffer text = { 0 };
    struct wire_error error;
    if (!wire_print(&arena, structure, bytes, &fixture->context, base, 0, &text, &error))
        complain(fixture, 0, "%s at %zu in %s", wire_status_name(error.status), error.offset + base, error.path);
    assert_non_null(buffer_string(&text));
    for (uint32_t i = first; i < fixture->expectation_count; i++) {
        const struct expectation *expected = &fixture->expectations[i];
        bool found = false;
        char *copy = arena_string(&arena, (char *)text.data), *rest = NULL;
        for (char *line = strtok_r(copy, "\n", &rest); line && !found; line = strtok_r(NULL, "\n", &rest)) {
            if (strtoul(line, NULL, 16) != expected->offset)
                continue;
            squeeze(line);
            found = matches(strchr(line, ' ') + 1, expected->text);
        }
        if (!found)
            complain(fixture, expected->line, "nothing at 0x%zx says '%s'; printed was\n%s", expected->offset, expected->text, (char *)text.data);
    }
    buffer_free(&text);
    arena_free(&arena);
}

/* With MAPIHTTP_WRITE_SEEDS=FOLDER the larger fixtures become seeds of structure_fuzz. */
static void write_seed(const struct fixture *fixture, const struct wire_structure *structure, struct bytes bytes)
{
    const char *seeds = getenv("MAPIHTTP_WRITE_SEEDS");
    char path[2048];
    uint32_t index = 0;
    if (!seeds || bytes.size < 24)
        return;
    while (wire_structures[index] != structure)
        index++;
    snprintf(path, sizeof path, "%s/%s-%u", seeds, structure->name, fixture->line);
    FILE *file = fopen(path, "wb");
    assert_non_null(file);
    uint8_t header[3] = { (uint8_t)index, (uint8_t)(index >> 8), (uint8_t)(fixture->context.wide | fixture->context.public_logon << 2) };
    fwrite(header, 1, sizeof header, file);
    fwrite(bytes.data, 1, bytes.size, file);
    fclose(file);
}

static void check_again(const struct fixture *fixture, const struct wire_structure *structure, struct bytes bytes)
{
    struct arena arena = { 0 };
    struct buffer again = { 0 };
    struct wire_error error;
    size_t size;
    bool canonical;
    void *object = arena_allocate(&arena, structure->size);
    write_seed(fixture, structure, bytes);
    if (!wire_decode_prefix(&arena, structure, bytes, &fixture->context, object, &size, &canonical, &error))
        complain(fixture, 0, "%s at %zu in %s", wire_status_name(error.status), error.offset, error.path);
    if (size != bytes.size)
        complain(fixture, 0, "%zu of %zu bytes were used", size, bytes.size);
    if (!wire_encode(structure, object, &fixture->context, &again, &error))
        complain(fixture, 0, "does not encode: %s in %s", wire_status_name(error.status), error.path);
    if (canonical == fixture->noncanonical)
        complain(fixture, 0, "canonical: %d", canonical);
    if (bytes_equal(buffer_bytes(&again), bytes) == fixture->noncanonical)
        complain(fixture, 0, "encodes to other bytes, or should have");
    buffer_free(&again);
    arena_free(&arena);
}

static const struct rop_definition *rop_named(const struct fixture *fixture, const char *name)
{
    for (int i = 0; i < 256; i++)
        if (rop_definitions[i] && !strcmp(rop_definitions[i]->spec_name, name))
            return rop_definitions[i];
    complain(fixture, 0, "no ROP is called %s", name);
    return NULL;
}

static void check_head(const struct fixture *fixture, const char *said)
{
    if (fixture->expectation_count == 0 || fixture->expectations[0].offset != 0 || strcmp(fixture->expectations[0].text, said))
        complain(fixture, 0, "the head says '%s'", said);
}

static void check_request(const struct fixture *fixture, const struct rop_definition *definition)
{
    static const char *const forms[] = { [ROP_HANDLES_IN] = "logon %u in %u", [ROP_HANDLES_IN_OUT] = "logon %u in %u out %u",
        [ROP_HANDLES_SOURCE_DEST] = "logon %u source %u dest %u" };
    struct arena arena = { 0 };
    struct bytes all = buffer_bytes(&fixture->bytes), rops = all;
    struct rop_logon_kinds kinds = { 0 };
    struct rop_request request;
    struct wire_error error;
    struct buffer again = { 0 };
    char said[64];
    if (fixture->context.public_logon)
        memset(kinds.public_bits, 0xFF, sizeof kinds.public_bits);
    if (!rop_request_decode(&arena, &rops, &kinds, &request, &error))
        complain(fixture, 0, "%s at %zu in %s", wire_status_name(error.status), error.offset, error.path);
    if (rops.size || request.rop_id != definition->id)
        complain(fixture, 0, "ROP 0x%02X, %zu bytes left", request.rop_id, rops.size);
    if (definition->handles == ROP_HANDLES_OUT)
        snprintf(said, sizeof said, "logon %u out %u", request.logon_id, request.output_handle_index);
    else if (definition->handles == ROP_HANDLES_RESPONSE_IN)
        snprintf(said, sizeof said, "logon %u response %u in %u", request.logon_id, request.output_handle_index, request.handle_index);
    else
        snprintf(said, sizeof said, forms[definition->handles], request.logon_id, request.handle_index, request.output_handle_index);
    check_head(fixture, said);
    if (!rop_request_encode(&request, &kinds, &again, &error) || !bytes_equal(buffer_bytes(&again), all))
        complain(fixture, 0, "encodes to other bytes");
    size_t header = definition->handles == ROP_HANDLES_IN || definition->handles == ROP_HANDLES_OUT ? 3 : 4;
    check_printed(fixture, 1, header, definition->request, bytes_of(all.data + header, all.size - header));
    buffer_free(&again);
    arena_free(&arena);
    seen_request[definition->id] = true;
}

static void check_response(struct fixture *fixture, const struct rop_definition *definition)
{
    struct bytes all = buffer_bytes(&fixture->bytes);
    const struct wire_structure *structure = definition->success;
    size_t header = 1;
    char said[64];
    if (all.size < 1 || all.data[0] != definition->response_id)
        complain(fixture, 0, "another ROP id");
    if (definition->handles != ROP_HANDLES_NONE) {
        header = 6;
        if (all.size < header)
            complain(fixture, 0, "the head is too short");
        fixture->context.return_value = load_u32(all.data + 2);
        structure = rop_response_structure(definition, fixture->context.return_value);
        snprintf(said, sizeof said, "handle %u return 0x%08x", all.data[1], fixture->context.return_value);
        check_head(fixture, said);
    }
    struct bytes body = bytes_of(all.data + header, all.size - header);
    if (structure) {
        check_again(fixture, structure, body);
        check_printed(fixture, header == 6, header, structure, body);
    } else if (body.size) {
        complain(fixture, 0, "nothing should follow");
    }
    seen_response[definition->id] = true;
}

static void check_body(const struct fixture *fixture, const char *part, const char *type)
{
    for (uint32_t i = 0; i < body_definition_count; i++) {
        const struct body_definition *definition = &body_definitions[i];
        if (strcmp(definition->request_type, type))
            continue;
        bool is_response = !strcmp(part, "response");
        const struct wire_structure *structure = is_response ? definition->success : definition->request;
        check_again(fixture, structure, buffer_bytes(&fixture->bytes));
        check_printed(fixture, 0, 0, structure, buffer_bytes(&fixture->bytes));
        seen_body[is_response][i] = true;
        return;
    }
    complain(fixture, 0, "no body is called %s", type);
}

static void check_structure(const struct fixture *fixture, const char *name)
{
    for (uint32_t i = 0; i < wire_structure_count; i++) {
        if (strcmp(wire_structures[i]->name, name))
            continue;
        check_again(fixture, wire_structures[i], buffer_bytes(&fixture->bytes));
        check_printed(fixture, 0, 0, wire_structures[i], buffer_bytes(&fixture->bytes));
        return;
    }
    complain(fixture, 0, "no structure is called %s", name);
}

static void check_fixture(struct fixture *fixture)
{
    char words[3][64] = { "", "", "" };
    if (fixture->columns.count)
        fixture->context.columns = &fixture->columns;
    if (sscanf(fixture->title, "%63[a-z] %63[A-Za-z0-9_] %63[A-Za-z0-9_]", words[0], words[1], words[2]) < 2)
        complain(fixture, 0, "a title is two words at least");
    if (!strcmp(words[0], "request"))
        check_request(fixture, rop_named(fixture, words[1]));
    else if (!strcmp(words[0], "response"))
        check_response(fixture, rop_named(fixture, words[1]));
    else if (!strcmp(words[0], "body"))
        check_body(fixture, words[1], words[2]);
    else if (!strcmp(words[0], "structure"))
        check_structure(fixture, words[1]);
    else
        complain(fixture, 0, "'%s' begins no fixture", words[0]);
}

static void read_columns(struct fixture *fixture, char *text)
{
    for (char *rest = NULL, *word = strtok_r(text, " \n", &rest); word; word = strtok_r(NULL, " \n", &rest)) {
        uint32_t tag = *word == '0' ? (uint32_t)strtoul(word, NULL, 16) : property_tag_of_name(word);
        if ((!tag && strcmp(word, "0x00000000")) || fixture->columns.count == COLUMNS_GIVEN_MAX)
            fail_msg("%s:%u: unknown column %s", fixture->path, fixture->line, word);
        fixture->tags[fixture->columns.count++] = tag;
    }
    fixture->columns.tags = fixture->tags;
}

static void read_bytes(struct fixture *fixture, unsigned line, char *text)
{
    char *said = strchr(text, ':');
    size_t offset = fixture->bytes.size;
    if (said)
        *said++ = '\0';
    for (char *at = text; *at;) {
        unsigned byte;
        int used;
        if (isspace((unsigned char)*at)) {
            at++;
            continue;
        }
        if (sscanf(at, "%2x%n", &byte, &used) != 1 || used != 2)
            fail_msg("%s:%u: no pair of digits at '%s'", fixture->path, line, at);
        at += used;
        unsigned long times = *at == '*' ? strtoul(at + 1, &at, 10) : 1;
        for (unsigned long i = 0; i < times; i++)
            assert_true(buffer_append_u8(&fixture->bytes, (uint8_t)byte));
    }
    if (!said)
        return;
    struct expectation *expected = &fixture->expectations[fixture->expectation_count++];
    assert_in_range(fixture->expectation_count, 1, EXPECTATIONS_MAX);
    snprintf(expected->text, sizeof expected->text, "%s", said);
    squeeze(expected->text);
    expected->offset = offset;
    expected->line = line;
}

static bool read_context(struct fixture *fixture, char *text)
{
    if (!strncmp(text, "columns ", 8))
        read_columns(fixture, text + 8);
    else if (!strcmp(text, "public"))
        fixture->context.public_logon = true;
    else if (!strcmp(text, "wide"))
        fixture->context.wide = true;
    else if (!strcmp(text, "address_book"))
        fixture->context.address_book = true;
    else if (!strcmp(text, "noncanonical"))
        fixture->noncanonical = true;
    else
        return false;
    return true;
}

static void fixture_end(struct fixture *fixture, unsigned *count)
{
    if (fixture->title[0]) {
        if (setjmp(next_fixture) == 0)
            check_fixture(fixture);
        else
            wrong_count++;
        ++*count;
    }
    buffer_free(&fixture->bytes);
    *fixture = (struct fixture){ .path = fixture->path };
}

static unsigned check_file(const char *path)
{
    struct fixture fixture = { .path = path };
    FILE *file = fopen(path, "r");
    char text[1024];
    unsigned count = 0;
    assert_non_null(file);
    for (unsigned line = 1; fgets(text, sizeof text, file); line++) {
        text[strcspn(text, "\n")] = '\0';
        if (text[0] == '#' || text[0] == '\0') {
            fixture_end(&fixture, &count);
        } else if (text[0] == ' ') {
            read_bytes(&fixture, line, text);
        } else if (!fixture.title[0]) {
            snprintf(fixture.title, sizeof fixture.title, "%.255s", text);
            fixture.line = line;
        } else if (!read_context(&fixture, text)) {
            fail_msg("%s:%u: '%s' is no word of a context", path, line, text);
        }
    }
    fixture_end(&fixture, &count);
    fclose(file);
    return count;
}

static void every_fixture(void **state)
{
    const char *root = getenv("MAPIHTTP_SOURCE_ROOT");
    char folder[1024], path[2048];
    unsigned count = 0;
    snprintf(folder, sizeof folder, "%s/tests/wire", root ? root : ".");
    DIR *files = opendir(folder);
    assert_non_null(files);
    for (struct dirent *entry; (entry = readdir(files));) {
        if (!strstr(entry->d_name, ".fixture"))
            continue;
        snprintf(path, sizeof path, "%s/%s", folder, entry->d_name);
        count += check_file(path);
    }
    closedir(files);
    print_message("%u fixtures\n", count);
    assert_int_equal(wrong_count, 0);
    assert_in_range(count, 300, 100000);
}

/* A ROP or body without one would rest on our own encoder alone. */
static void every_rop_and_body_has_a_fixture(void **state)
{
    unsigned missing = 0, rops = 0;
    for (int i = 0; i < 256; i++) {
        const struct rop_definition *definition = rop_definitions[i];
        if (!definition)
            continue;
        rops++;
        bool request_due = definition->request && !definition->reserved;
        bool response_due = definition->success && definition->id != definition->response_id ? false : definition->success != NULL;
        if ((request_due && !seen_request[i]) || (response_due && !seen_response[i])) {
            print_error("%s has no %s fixture\n", definition->spec_name, request_due && !seen_request[i] ? "request" : "response");
            missing++;
        }
    }
    for (uint32_t i = 0; i < body_definition_count; i++) {
        if (!seen_body[0][i] || !seen_body[1][i]) {
            print_error("%s has no %s fixture\n", body_definitions[i].request_type, seen_body[0][i] ? "response" : "request");
            missing++;
        }
    }
    assert_int_equal(missing, 0);
    assert_int_equal(rops, 132); /* MS-OXCROPS 2.2.2 as the sheet has it */
    assert_int_equal(body_definition_count, 23);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_fixture),
        cmocka_unit_test(every_rop_and_body_has_a_fixture),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
