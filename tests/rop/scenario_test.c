/* Long because the runner is one little interpreter. Runs scenario files: requests and answers in words, through the ROP executor over a mailbox on a real store in a folder of
 * its own. docs/rop.md has the notation. usage: scenario_test FILE... [--only TEXT] */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/limits.h"
#include "mailbox/mailbox.h"
#include "protocol/error_code.h"
#include "protocol/id.h"
#include "protocol/rop_list.h"
#include "rop/executor.h"
#include "rop/test_world.h"
#include "value.h"

#define NAMES_MAX 256
#define ROPS_MAX 64

struct named_handle {
    char name[48];
    uint32_t handle;
};

struct actor {
    char name[32];
    struct test_session session;
    struct rop_columns columns;
    struct named_handle handles[NAMES_MAX];
    uint32_t handle_count;
};

struct scenario {
    const char *file;
    unsigned line;
    char title[200];
    struct test_world *world;
    struct arena arena;      /* of one test */
    struct variables variables;
    struct actor *actors[8];
    uint32_t actor_count;
    struct actor *actor;
    bool failed, skipped;

    /* The Execute that is being put together. */
    struct rop_request requests[ROPS_MAX];
    char outputs[ROPS_MAX][48];
    char table_names[ROPS_MAX * 2 + 1][48];
    uint32_t table_count;
    uint32_t request_count;
    bool open;               /* there are requests that were not sent */
    uint32_t max_rop_out;
    bool chain;
    unsigned times;
    struct bytes raw;

    /* Its answer, and how far it was looked at. */
    struct arena answer_arena;
    uint32_t error_code, status_code;
    struct rop_request_list sent;
    struct rop_response_list payloads[ROP_PAYLOADS_MAX];
    uint32_t payload_count, payload, response;
    bool answered;
};

static unsigned tests_run, tests_failed, checks;

__attribute__((format(printf, 2, 3))) static void fail(struct scenario *scenario, const char *format, ...)
{
    if (scenario->failed)
        return;
    scenario->failed = true;
    va_list arguments;
    va_start(arguments, format);
    printf("%s:%u: %s: ", scenario->file, scenario->line, scenario->title);
    vprintf(format, arguments);
    printf("\n");
    va_end(arguments);
}

/* ---- Handles by name ---- */

static uint32_t *handle_named(struct actor *actor, const char *name)
{
    for (uint32_t i = 0; i < actor->handle_count; i++) {
        if (!strcmp(actor->handles[i].name, name))
            return &actor->handles[i].handle;
    }
    if (actor->handle_count == NAMES_MAX)
        abort();
    struct named_handle *row = &actor->handles[actor->handle_count++];
    snprintf(row->name, sizeof row->name, "%s", name);
    row->handle = ROP_HANDLE_NONE;
    return &row->handle;
}

/* 'none': never assigned; 'missing': behind the table's end; '#5': that handle. */
static uint8_t index_of(struct scenario *scenario, const char *name)
{
    if (!strcmp(name, "missing"))
        return 200;
    for (uint32_t i = 0; i < scenario->table_count; i++) {
        if (!strcmp(scenario->table_names[i], name))
            return (uint8_t)i;
    }
    snprintf(scenario->table_names[scenario->table_count], sizeof *scenario->table_names, "%s", name);
    return (uint8_t)scenario->table_count++;
}

static uint32_t handle_of_name(struct scenario *scenario, const char *name)
{
    if (!strcmp(name, "none"))
        return ROP_HANDLE_NONE;
    if (*name == '#')
        return (uint32_t)strtoul(name + 1, NULL, 0);
    return *handle_named(scenario->actor, name);
}

/* ---- Requests ---- */

static const struct rop_definition *definition_named(const char *name)
{
    for (int id = 0; id < 256; id++) {
        const struct rop_definition *definition = rop_definitions[id];
        if (definition && !strcmp(definition->name + strlen("rop_"), name))
            return definition;
    }
    return NULL;
}

static void read_request(struct scenario *scenario, struct reader *reader)
{
    const char *name = read_word(reader);
    const struct rop_definition *definition = definition_named(name);
    if (!definition || !definition->request || scenario->request_count == ROPS_MAX) {
        fail(scenario, "there is no ROP '%s'", name);
        return;
    }
    struct rop_request *request = &scenario->requests[scenario->request_count];
    *request = (struct rop_request){.rop_id = definition->id};
    char *output = scenario->outputs[scenario->request_count++];
    *output = '\0';
    if (definition->handles != ROP_HANDLES_OUT)
        request->handle_index = index_of(scenario, read_word(reader));
    if (definition->handles == ROP_HANDLES_IN_OUT || definition->handles == ROP_HANDLES_OUT) {
        while (*reader->at == ' ' || *reader->at == '-' || *reader->at == '>')
            reader->at++;
        snprintf(output, sizeof *scenario->outputs, "%s", read_word(reader));
        request->output_handle_index = index_of(scenario, output);
    } else if (definition->handles == ROP_HANDLES_SOURCE_DEST) {
        request->output_handle_index = index_of(scenario, read_word(reader));
    } else if (definition->handles == ROP_HANDLES_RESPONSE_IN) {
        request->output_handle_index = request->handle_index;
    }
    struct value fields;
    char error[256];
    void *body = arena_allocate(&scenario->answer_arena, definition->request->size + 1);
    if (!strncmp(reader->at, " as ", 4)) {
        reader->at += 4;
        request->logon_id = (uint8_t)strtoul(read_word(reader), NULL, 0);
    }
    if (!read_fields(reader, &fields))
        fail(scenario, "%s", reader->error);
    else if (!fill(&scenario->answer_arena, definition->request, &fields, body, error, sizeof error))
        fail(scenario, "%s", error);
    request->body = body;
}

static void take_handles(struct scenario *scenario, const struct rop_response_list *answer)
{
    for (uint32_t i = 0; i < scenario->table_count && i < answer->handle_count; i++) {
        const char *name = scenario->table_names[i];
        if (strcmp(name, "none") && *name != '#')
            *handle_named(scenario->actor, name) = answer->handles[i];
    }
}

static bool encode_requests(struct scenario *scenario, struct buffer *payload)
{
    uint32_t *handles = arena_array(&scenario->answer_arena, uint32_t, scenario->table_count + 1);
    for (uint32_t i = 0; i < scenario->table_count; i++)
        handles[i] = handle_of_name(scenario, scenario->table_names[i]);
    scenario->sent = (struct rop_request_list){
        .count = scenario->request_count,
        .requests = scenario->requests,
        .handle_count = scenario->table_count,
        .handles = handles,
    };
    struct wire_error error;
    if (rop_requests_encode(&scenario->sent, NULL, payload, &error))
        return true;
    char text[WIRE_ERROR_TEXT_SIZE];
    wire_error_format(&error, text);
    fail(scenario, "the request cannot be encoded: %s", text);
    return false;
}

static void decode_answer(struct scenario *scenario, const struct rop_execution *execution)
{
    struct wire_error error;
    scenario->payload_count = execution->ret_payload_count;
    for (uint32_t i = 0; i < execution->ret_payload_count; i++) {
        struct rop_request_list last = scenario->sent;
        if (i > 0) { /* a packed payload answers the last request once more */
            last.requests += last.count - 1;
            last.count = 1;
        }
        struct bytes bytes = arena_bytes(&scenario->answer_arena, execution->ret_payloads[i]);
        if (!rop_responses_decode(&scenario->answer_arena, bytes, &last, &scenario->actor->columns,
                &scenario->payloads[i], &error)) {
            char text[WIRE_ERROR_TEXT_SIZE];
            wire_error_format(&error, text);
            fail(scenario, "the answer cannot be read: %s", text);
            return;
        }
        if (bytes.size > ROP_PAYLOAD_SIZE_MAX)
            fail(scenario, "a payload of %zu bytes", bytes.size);
    }
    if (execution->ret_payload_count)
        take_handles(scenario, &scenario->payloads[0]);
}

static void send_once(struct scenario *scenario)
{
    struct buffer payload = {0};
    if (scenario->raw.data)
        buffer_append(&payload, scenario->raw.data, scenario->raw.size);
    else if (!encode_requests(scenario, &payload))
        return;
    struct bytes request = arena_bytes(&scenario->answer_arena, buffer_bytes(&payload));
    buffer_free(&payload);
    struct rop_execution execution = {
        .arena = &scenario->answer_arena,
        .payload_count = 1,
        .payloads = &request,
        .max_rop_out = scenario->max_rop_out ? scenario->max_rop_out : 0x10008,
        .chain = scenario->chain,
    };
    test_session_execute(&scenario->actor->session, &execution);
    scenario->error_code = execution.error_code;
    scenario->status_code = execution.status_code;
    if (!execution.error_code && !execution.status_code)
        decode_answer(scenario, &execution);
}

static void send(struct scenario *scenario)
{
    if (!scenario->open || scenario->failed)
        return;
    for (unsigned i = 0; i < (scenario->times ? scenario->times : 1) && !scenario->failed; i++) {
        scenario->payload_count = scenario->payload = scenario->response = 0;
        send_once(scenario);
    }
    scenario->open = false;
    scenario->answered = true;
    scenario->max_rop_out = 0;
    scenario->chain = false;
    scenario->times = 0;
    scenario->raw = BYTES_NONE;
}

static bool has_more(const struct scenario *scenario)
{
    return scenario->payload < scenario->payload_count &&
        scenario->response < scenario->payloads[scenario->payload].count;
}

/* Every answer has to be looked at. */
static void finish_answer(struct scenario *scenario)
{
    send(scenario);
    if (scenario->answered && !scenario->failed && has_more(scenario)) {
        const struct rop_response *response = &scenario->payloads[scenario->payload].responses[scenario->response];
        fail(scenario, "a response more than expected: ROP 0x%02x, 0x%08x", response->rop_id, response->return_value);
    }
    if (scenario->answered && !scenario->failed && (scenario->error_code || scenario->status_code))
        fail(scenario, "the Execute failed: error 0x%x, status 0x%x", scenario->error_code, scenario->status_code);
    scenario->answered = false;
}

static void begin_request(struct scenario *scenario)
{
    if (scenario->open)
        return;
    finish_answer(scenario);
    arena_reset(&scenario->answer_arena);
    scenario->request_count = scenario->table_count = 0;
    scenario->error_code = scenario->status_code = 0;
    scenario->open = true;
}

/* ---- Answers ---- */

static uint32_t code_named(const char *name)
{
    if (!strcmp(name, "ok"))
        return 0;
    for (uint32_t i = 0; i < error_code_values.count; i++) {
        if (!strcmp(error_code_values.rows[i].name, name))
            return error_code_values.rows[i].value;
    }
    return (uint32_t)strtoul(name, NULL, 0);
}

static void compare_fields(struct scenario *scenario, struct reader *reader, const struct wire_structure *structure,
    const void *body)
{
    struct value fields;
    char error[512];
    static const struct wire_structure nothing = {.name = "an answer without fields"};
    if (!read_fields(reader, &fields)) {
        fail(scenario, "%s", reader->error);
    } else if (fields.count && !body) {
        fail(scenario, "the answer has no fields");
    } else if (!compare(&scenario->answer_arena, &scenario->variables, structure ? structure : &nothing, &fields, body,
                   error, sizeof error)) {
        fail(scenario, "%s", error);
    }
    checks += 1 + fields.count;
}

static void expect_failure(struct scenario *scenario, struct reader *reader, bool status)
{
    uint32_t expected = code_named(read_word(reader));
    uint32_t actual = status ? scenario->status_code : scenario->error_code;
    if (actual != expected)
        fail(scenario, "the Execute answers error 0x%x and status 0x%x, not 0x%x", scenario->error_code,
            scenario->status_code, expected);
    scenario->error_code = scenario->status_code = 0;
    checks++;
}

static void expect_response(struct scenario *scenario, struct reader *reader)
{
    send(scenario);
    if (scenario->failed)
        return;
    const char *word = read_word(reader);
    if (!strcmp(word, "fails") || !strcmp(word, "status")) {
        expect_failure(scenario, reader, !strcmp(word, "status"));
        return;
    }
    if (!strcmp(word, "payload")) {
        if (has_more(scenario))
            fail(scenario, "the payload goes on");
        scenario->payload++;
        scenario->response = 0;
        if (scenario->payload >= scenario->payload_count)
            fail(scenario, "there are only %u payloads", scenario->payload_count);
        return;
    }
    if (!strcmp(word, "end")) {
        if (has_more(scenario))
            fail(scenario, "there is more");
        checks++;
        return;
    }
    if (!has_more(scenario)) {
        fail(scenario, "no such response: %s (error 0x%x, status 0x%x)", word, scenario->error_code,
            scenario->status_code);
        return;
    }
    const struct rop_response *response = &scenario->payloads[scenario->payload].responses[scenario->response++];
    static const struct { const char *word; uint8_t id; } own[] = {
        {"notify", ROP_ID_NOTIFY}, {"pending", ROP_ID_PENDING}, {"too_small", ROP_ID_BUFFER_TOO_SMALL}};
    for (size_t i = 0; i < 3; i++) {
        if (strcmp(word, own[i].word))
            continue;
        if (response->rop_id != own[i].id)
            fail(scenario, "ROP 0x%02x with 0x%08x instead of %s", response->rop_id, response->return_value, word);
        else
            compare_fields(scenario, reader, rop_definitions[own[i].id]->success, response->body);
        return;
    }
    if (response->request < 0) {
        fail(scenario, "ROP 0x%02x answers no request", response->rop_id);
        return;
    }
    uint32_t expected = code_named(word);
    if (response->return_value != expected) {
        const char *name = error_code_name(response->return_value);
        fail(scenario, "answers 0x%08x %s, not %s", response->return_value, name ? name : "", word);
        return;
    }
    compare_fields(scenario, reader, rop_response_structure(rop_definitions[response->rop_id], response->return_value),
        response->body);
}

/* ---- Commands ---- */

static void end_actors(struct scenario *scenario)
{
    for (uint32_t i = 0; i < scenario->actor_count; i++) {
        test_session_end(&scenario->actors[i]->session);
        rop_columns_free(&scenario->actors[i]->columns);
        free(scenario->actors[i]);
    }
    scenario->actor_count = 0;
    scenario->actor = NULL;
}

static void use_actor(struct scenario *scenario, const char *name, const char *user, uint32_t codepage, bool administrator)
{
    for (uint32_t i = 0; i < scenario->actor_count; i++) {
        if (!strcmp(scenario->actors[i]->name, name)) {
            scenario->actor = scenario->actors[i];
            return;
        }
    }
    struct actor *actor = calloc(1, sizeof *actor);
    snprintf(actor->name, sizeof actor->name, "%s", name);
    if (!test_session_begin(scenario->world, user, codepage, administrator, &actor->session))
        fail(scenario, "no session for %s", user);
    scenario->actors[scenario->actor_count++] = actor;
    scenario->actor = actor;
}

static void finish_test(struct scenario *scenario)
{
    if (!*scenario->title)
        return;
    finish_answer(scenario);
    end_actors(scenario);
    tests_run++;
    tests_failed += scenario->failed;
    if (scenario->world)
        test_world_free(scenario->world);
    scenario->world = NULL;
    for (uint32_t i = 0; i < scenario->variables.count; i++)
        free((void *)scenario->variables.rows[i].bytes.data);
    scenario->variables.count = 0;
    arena_reset(&scenario->arena);
    *scenario->title = '\0';
}

static void set_special_folders(struct scenario *scenario)
{
    static const struct { const char *name; enum special_folder folder; } names[] = {
        {"root", SPECIAL_FOLDER_ROOT}, {"ipm", SPECIAL_FOLDER_IPM_SUBTREE}, {"inbox", SPECIAL_FOLDER_INBOX},
        {"outbox", SPECIAL_FOLDER_OUTBOX}, {"sent", SPECIAL_FOLDER_SENT_ITEMS},
        {"deleted", SPECIAL_FOLDER_DELETED_ITEMS}, {"drafts", SPECIAL_FOLDER_DRAFTS},
        {"calendar", SPECIAL_FOLDER_CALENDAR}, {"search", SPECIAL_FOLDER_SEARCH},
    };
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        variable_set(&scenario->variables, names[i].name, id_to_wire(special_folder_id(names[i].folder)), BYTES_NONE);
}

static void begin_test(struct scenario *scenario, struct reader *reader, const char *only)
{
    finish_test(scenario);
    struct value title;
    if (!read_value(reader, &title) || title.kind != VALUE_TEXT) {
        fail(scenario, "a test begins with its title");
        return;
    }
    snprintf(scenario->title, sizeof scenario->title, "%.*s", (int)title.bytes.size, (const char *)title.bytes.data);
    scenario->failed = scenario->open = scenario->answered = false;
    scenario->times = scenario->max_rop_out = 0;
    scenario->chain = false;
    scenario->skipped = only && !strstr(scenario->title, only);
    if (scenario->skipped) {
        *scenario->title = '\0';
        return;
    }
    uint32_t handles_max = !strncmp(reader->at, " handles ", 9) ? (uint32_t)strtoul(reader->at + 9, NULL, 0) : 0;
    scenario->world = test_world_new(handles_max);
    set_special_folders(scenario);
    use_actor(scenario, "main", "ada", 1252, false);
}

/* 'logon' and 'logon NAME': the user's own mailbox, the usual flags. */
static void log_on(struct scenario *scenario, struct reader *reader)
{
    const char *name = read_word(reader);
    char line[400];
    snprintf(line, sizeof line, "logon -> %s logon_flags=1 open_flags=0x0100040C essdn=\"%s\"", *name ? name : "logon",
        scenario->actor->session.user->legacy_dn);
    begin_request(scenario);
    struct reader own = {.arena = &scenario->arena, .variables = &scenario->variables, .at = line};
    read_request(scenario, &own);
    struct reader answer = {.arena = &scenario->arena, .variables = &scenario->variables, .at = "ok"};
    expect_response(scenario, &answer);
}

static void session_command(struct scenario *scenario, struct reader *reader)
{
    finish_answer(scenario);
    const char *name = read_word(reader), *user = "ada";
    uint32_t codepage = 1252;
    bool administrator = false;
    for (const char *word; *(word = read_word(reader));) {
        if (!strcmp(word, "codepage"))
            codepage = (uint32_t)strtoul(read_word(reader), NULL, 0);
        else if (!strcmp(word, "administrator"))
            administrator = true;
        else
            user = word;
    }
    use_actor(scenario, name, user, codepage, administrator);
}

static void check_handle(struct scenario *scenario, struct reader *reader)
{
    finish_answer(scenario);
    const char *name = read_word(reader), *word = read_word(reader);
    uint32_t expected = !strcmp(word, "unused") ? ROP_HANDLE_NONE : (uint32_t)strtoul(word, NULL, 0);
    uint32_t actual = *handle_named(scenario->actor, name);
    if (actual != expected)
        fail(scenario, "the handle of %s is 0x%x, not 0x%x", name, actual, expected);
    checks++;
}

static void do_line(struct scenario *scenario, char *line, const char *only)
{
    while (*line == ' ')
        line++;
    line[strcspn(line, "\r\n")] = '\0';
    if (!*line || *line == '#')
        return;
    struct reader reader = {.arena = &scenario->arena, .variables = &scenario->variables, .at = line};
    if (*line == '>' || *line == '<') {
        reader.at++;
        if (scenario->skipped || scenario->failed || !*scenario->title)
            return;
        if (*line == '<') {
            expect_response(scenario, &reader);
        } else {
            begin_request(scenario);
            read_request(scenario, &reader);
        }
        return;
    }
    const char *word = read_word(&reader);
    if (!strcmp(word, "test")) {
        begin_test(scenario, &reader, only);
        return;
    }
    if (scenario->skipped || scenario->failed)
        return;
    if (!strcmp(word, "logon")) {
        log_on(scenario, &reader);
    } else if (!strcmp(word, "max")) {
        finish_answer(scenario);
        scenario->max_rop_out = (uint32_t)strtoul(read_word(&reader), NULL, 0);
    } else if (!strcmp(word, "chain")) {
        finish_answer(scenario);
        scenario->chain = true;
    } else if (!strcmp(word, "times")) {
        finish_answer(scenario);
        scenario->times = (unsigned)strtoul(read_word(&reader), NULL, 0);
    } else if (!strcmp(word, "session")) {
        session_command(scenario, &reader);
    } else if (!strcmp(word, "end_session")) {
        finish_answer(scenario);
        test_session_end(&scenario->actor->session);
    } else if (!strcmp(word, "disable")) {
        finish_answer(scenario);
        test_world_set_enabled(scenario->world, read_word(&reader), false);
    } else if (!strcmp(word, "grant")) { /* OWNER ACTOR RIGHT */
        char owner[32], actor[32];
        finish_answer(scenario);
        snprintf(owner, sizeof owner, "%s", read_word(&reader));
        snprintf(actor, sizeof actor, "%s", read_word(&reader));
        const char *name = read_word(&reader);
        unsigned right = 0;
        while (right < DIRECTORY_RIGHT_COUNT && strcmp(directory_right_names[right], name) != 0)
            right++;
        if (right == DIRECTORY_RIGHT_COUNT)
            fail(scenario, "no right '%s'", name);
        else
            test_world_grant(scenario->world, owner, actor, right);
    } else if (!strcmp(word, "handle")) {
        check_handle(scenario, &reader);
    } else if (!strcmp(word, "set")) {
        const char *name = read_word(&reader);
        struct value value;
        if (!read_value(&reader, &value))
            fail(scenario, "%s", reader.error);
        else
            variable_set(&scenario->variables, name, value.number, BYTES_NONE);
    } else if (!strcmp(word, "empty")) {
        begin_request(scenario); /* an Execute without ROPs */
    } else if (!strcmp(word, "raw")) {
        struct value value;
        begin_request(scenario);
        if (!read_value(&reader, &value))
            fail(scenario, "%s", reader.error);
        scenario->raw = value.bytes;
    } else if (!strcmp(word, "pending")) {
        finish_answer(scenario);
        bool expected = !strcmp(read_word(&reader), "yes");
        if (test_session_event_pending(&scenario->actor->session) != expected)
            fail(scenario, "notifications are %s", expected ? "not pending" : "pending");
        checks++;
    } else {
        fail(scenario, "'%s' is no command", word);
    }
}

static void run_file(const char *path, const char *only)
{
    FILE *file = fopen(path, "r");
    if (!file) {
        perror(path);
        exit(2);
    }
    static struct scenario scenario;
    memset(&scenario, 0, sizeof scenario);
    const char *slash = strrchr(path, '/');
    scenario.file = slash ? slash + 1 : path;
    char *line = NULL;
    size_t capacity = 0;
    while (getline(&line, &capacity, file) > 0) {
        scenario.line++;
        do_line(&scenario, line, only);
    }
    finish_test(&scenario);
    free(line);
    fclose(file);
    arena_free(&scenario.arena);
    arena_free(&scenario.answer_arena);
}

int main(int argc, char **argv)
{
    const char *only = NULL;
    for (int i = 1; i < argc; i++) {
        if (!strcmp(argv[i], "--only") && i + 1 < argc)
            only = argv[++i];
    }
    setvbuf(stdout, NULL, _IOLBF, 0);
    for (int i = 1; i < argc; i++) {
        if (!strcmp(argv[i], "--only"))
            i++;
        else
            run_file(argv[i], only);
    }
    printf("%u tests, %u failed, %u checks\n", tests_run, tests_failed, checks);
    return tests_failed || !tests_run;
}
