/* A session against what a real Exchange server answered (connect, logon, first page of the Inbox), and its behaviour when
 * the server forgets it. */
#include "client/session.h"
#include "base/text.h"
#include "client/fake_server.h"
#include "protocol/id.h"
#include "protocol/property_tags.h"
#include <mapihttp/mapihttp.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>

#define DN "/o=Dev/ou=Exchange Administrative Group (FYDIBOHF23SPDLT)/cn=Recipients/cn=user"

/* An HTTP answer around a recorded response stream; {0} where the recording is not here. */
static struct bytes recorded(const char *name, unsigned sequence)
{
    const char *root = getenv("MAPIHTTP_SOURCE_ROOT");
    char path[512], content[65536];
    snprintf(path, sizeof path, "%s/../shared/data/exchange-se/exchange-se/contents/%s.response.bin", root ? root : ".", name);
    FILE *file = fopen(path, "rb");
    struct buffer answer = {0};
    if (!file)
        return BYTES_NONE;
    size_t size = fread(content, 1, sizeof content, file);
    fclose(file);
    buffer_append_format(&answer, "HTTP/1.1 200 OK\r\nContent-Type: application/mapi-http\r\nX-ResponseCode: 0\r\nContent-Length: %zu\r\n"
                                  "Set-Cookie: MapiContext=MAPIAAA; path=/mapi\r\nSet-Cookie: MapiSequence=%u-a; path=/mapi\r\n"
                                  "X-ServerApplication: Exchange/15.02.2562.017\r\nX-ExpirationInfo: 900000\r\n\r\n", size, sequence);
    buffer_append(&answer, content, size);
    return buffer_bytes(&answer);
}

/* Disconnect is answered by a StatusCode, an ErrorCode and no auxiliary buffer. */
static void add_disconnect(struct fake_server *server)
{
    static const char body[12];
    fake_add(server, (struct fake_step){.answer = fake_answer(0, "", body, sizeof body)});
}

static enum mapihttp_status open_session(struct fake_server *server, struct mapihttp_session **ret_session, struct mapihttp_error *error)
{
    char url[64];
    struct mapihttp_options options;
    mapihttp_options_initialize(&options);
    fake_start(server);
    snprintf(url, sizeof url, "http://127.0.0.1:%u/mapi/emsmdb/?MailboxId=x", server->port);
    options.address = "user@dev.local";
    options.password = "secret";
    options.authentication = MAPIHTTP_AUTHENTICATION_BASIC;
    options.url = url;
    options.user_dn = DN;
    options.retry_pause_ms = 5;
    return mapihttp_session_open(&options, ret_session, error);
}

static void stop(struct fake_server *server)
{
    fake_stop(server);
    for (uint32_t i = 0; i < server->step_count; i++)
        free((void *)server->steps[i].answer.data);
}

static bool add_recorded(struct fake_server *server)
{
    static const char *const names[] = {"01-connect", "02-execute", "03-execute"};
    for (unsigned i = 0; i < 3; i++) {
        struct bytes answer = recorded(names[i], i);
        if (!answer.data)
            return false;
        fake_add(server, (struct fake_step){.answer = answer});
    }
    return true;
}

static const uint32_t columns[] = {0x674A0014, 0x0037001F, 0x0E060040, 0x0E070003};

static enum mapihttp_status read_inbox(struct mapihttp_session *session, void *data, bool again, struct mapihttp_error *error)
{
    struct rop_batch *batch = data;
    if (again)
        rop_batch_clear(batch);
    struct rop_open_folder_request open = {.folder_id = session->folder_ids[4]};
    struct rop_get_contents_table_request contents = {0};
    struct rop_set_columns_request set = {.property_tag_count = 4, .property_tags = columns};
    struct rop_query_rows_request query = {.forward_read = 1, .row_count = 25};
    uint8_t logon = rop_batch_use(batch, session->logon_handle), folder = rop_batch_output(batch), table = rop_batch_output(batch);
    rop_batch_add(batch, ROP_ID_OPEN_FOLDER, logon, folder, &open);
    rop_batch_add(batch, ROP_ID_GET_CONTENTS_TABLE, folder, table, &contents);
    rop_batch_add(batch, ROP_ID_SET_COLUMNS, table, 0, &set);
    uint32_t asked = rop_batch_add(batch, ROP_ID_QUERY_ROWS, table, 0, &query);
    return session_execute_expect(session, batch, asked, "rows", error);
}

static void test_exchange(void **state)
{
    struct fake_server server = {0};
    struct mapihttp_session *session = NULL;
    struct mapihttp_error error = {0};
    if (!add_recorded(&server)) {
        print_message("skipped: the recordings of Exchange are not here\n");
        skip();
    }
    add_disconnect(&server);
    assert_int_equal(open_session(&server, &session, &error), MAPIHTTP_OK);
    assert_string_equal(session->display_name, "Spike Test Usr");
    assert_int_equal(id_counter(id_of_wire(mapihttp_special_folder(session, MAPIHTTP_FOLDER_INBOX))), 0x10C);
    assert_int_equal(id_counter(id_of_wire(mapihttp_special_folder(session, MAPIHTTP_FOLDER_TOP))), 0x108);
    assert_int_equal(session->logon_handle, 0);
    struct rop_batch batch = {0};
    assert_int_equal(session_run(session, read_inbox, &batch, &error), MAPIHTTP_OK);
    const struct rop_query_rows_success *rows = rop_batch_success(&batch, 3);
    assert_true(rows->row_count >= 3);
    struct arena arena = {0};
    assert_string_equal(text_utf8_of_utf16(&arena, rows->row_data[0].values[1].bytes), "First seeded message");
    arena_free(&arena);
    rop_batch_clear(&batch);
    const struct mapihttp_session_state *figures = mapihttp_session_state(session);
    assert_int_equal(figures->logon_count, 1);
    assert_int_equal(figures->connection_count, 1);
    assert_string_equal(figures->connections[0].version, "Exchange/15.02.2562.017");
    assert_int_equal(figures->connections[0].request_count, 3);
    assert_string_equal(figures->connections[0].status, "Established");
    mapihttp_session_close(session);
    assert_int_equal(atomic_load(&server.step), 4);
    assert_non_null(strstr(server.requests[3], "X-RequestType: Disconnect"));
    stop(&server);
}

/* The server forgets the context: Connect and logon again, and the operation from its beginning. */
static void test_forgotten(void **state)
{
    struct fake_server server = {0};
    struct mapihttp_session *session = NULL;
    struct mapihttp_error error = {0};
    struct bytes connect = recorded("01-connect", 1), logon = recorded("02-execute", 2);
    if (!connect.data || !logon.data) {
        print_message("skipped: the recordings of Exchange are not here\n");
        skip();
    }
    fake_add(&server, (struct fake_step){.answer = connect});
    fake_add(&server, (struct fake_step){.answer = logon});
    fake_add(&server, (struct fake_step){.answer = fake_answer(10, "", "gone", 4)});
    assert_true(add_recorded(&server));
    add_disconnect(&server);
    assert_int_equal(open_session(&server, &session, &error), MAPIHTTP_OK);
    struct rop_batch batch = {0};
    assert_int_equal(session_run(session, read_inbox, &batch, &error), MAPIHTTP_OK);
    rop_batch_clear(&batch);
    assert_int_equal(mapihttp_session_state(session)->context_count, 2);
    assert_int_equal(mapihttp_session_state(session)->logon_count, 2);
    mapihttp_session_close(session);
    stop(&server);
}

/* A busy server is asked again, with a new request. */
static void test_busy(void **state)
{
    struct fake_server server = {0};
    struct mapihttp_session *session = NULL;
    struct mapihttp_error error = {0};
    uint8_t busy[8] = {0xBB, 0x06};
    struct bytes connect = recorded("01-connect", 1), logon = recorded("02-execute", 2);
    if (!connect.data || !logon.data) {
        print_message("skipped: the recordings of Exchange are not here\n");
        skip();
    }
    fake_add(&server, (struct fake_step){.answer = fake_answer(0, "", busy, sizeof busy)});
    fake_add(&server, (struct fake_step){.answer = connect});
    fake_add(&server, (struct fake_step){.answer = fake_answer(0, "", busy, sizeof busy)});
    fake_add(&server, (struct fake_step){.answer = logon});
    add_disconnect(&server);
    assert_int_equal(open_session(&server, &session, &error), MAPIHTTP_OK);
    assert_int_equal(mapihttp_session_state(session)->logon_count, 1);
    assert_int_equal(mapihttp_session_state(session)->resend_count, 0);
    mapihttp_session_close(session);
    assert_null(strstr(server.requests[3], "X-MapiHttp-Resend"));
    stop(&server);
}

/* A logon that the server refuses is told with the name of the code. */
static void test_refused(void **state)
{
    struct fake_server server = {0};
    struct mapihttp_session *session = NULL;
    struct mapihttp_error error = {0};
    uint8_t failure[8] = {0x05, 0x00, 0x07, 0x80};
    fake_add(&server, (struct fake_step){.answer = fake_answer(0, "", failure, sizeof failure)});
    assert_int_equal(open_session(&server, &session, &error), MAPIHTTP_SERVER);
    assert_int_equal(error.code, 0x80070005);
    assert_non_null(strstr(error.text, "AccessDenied"));
    stop(&server);

    struct mapihttp_options options;
    mapihttp_options_initialize(&options);
    assert_int_equal(mapihttp_session_open(&options, &session, &error), MAPIHTTP_INVALID_ARGUMENT);
    options.address = "a@b.test";
    options.url = "no url";
    assert_int_equal(mapihttp_session_open(&options, &session, &error), MAPIHTTP_INVALID_ARGUMENT);
    mapihttp_session_close(NULL);
}

static void test_names_of_codes(void **state)
{
    assert_string_equal(mapihttp_status_name(MAPIHTTP_UNCERTAIN), "UNCERTAIN");
    assert_string_equal(mapihttp_property_tag_name(0x0037001F), "PidTagSubject");
    assert_int_equal(mapihttp_property_tag_parse("PidTagSubject"), 0x0037001F);
    assert_int_equal(mapihttp_property_tag_parse("Subject"), 0x0037001F);
    assert_int_equal(mapihttp_property_tag_parse("0x0E070003"), 0x0E070003);
    assert_int_equal(mapihttp_property_tag_parse("NoSuchThing"), 0);
    assert_non_null(mapihttp_error_code_name(0x8004010F));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_exchange),
        cmocka_unit_test(test_forgotten),
        cmocka_unit_test(test_busy),
        cmocka_unit_test(test_refused),
        cmocka_unit_test(test_names_of_codes),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
