/* The client's address book against a server that plays a script: what it asks, what it makes of strange answers, and how it
 * goes on when the server forgets it. */
#include "client/address_book.h"
#include "base/text.h"
#include "client/fake_server.h"
#include "protocol/entry_id.h"
#include "protocol/error_code.h"
#include "protocol/property_tags.h"
#include "wire/wire.h"
#include <mapihttp/mapihttp.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>

#define COOKIES "Set-Cookie: MapiContext=A; path=/mapi/nspi\r\nX-ServerApplication: Exchange/15.02.2562.017\r\n"

static struct fake_server server;
static struct arena arena;
static struct mapihttp_address_book *book;
static struct mapihttp_error error;

static int setup(void **state)
{
    server = (struct fake_server){0};
    book = NULL;
    return 0;
}

static int teardown(void **state)
{
    mapihttp_address_book_close(book);
    fake_stop(&server);
    for (uint32_t i = 0; i < server.step_count; i++)
        free((void *)server.steps[i].answer.data);
    arena_free(&arena);
    return 0;
}

static void add_code(uint32_t response_code)
{
    fake_add(&server, (struct fake_step){.answer = fake_answer(response_code, "", "x", 1)});
}

static void add_body(const void *body, size_t size)
{
    fake_add(&server, (struct fake_step){.answer = fake_answer(0, COOKIES, body, size)});
}

static void add(const struct wire_structure *structure, const void *success)
{
    struct buffer body = {0};
    assert_true(wire_encode(structure, success, NULL, &body, NULL));
    add_body(body.data, body.size);
    buffer_free(&body);
}

static void add_bind(uint8_t guid, uint32_t error_code)
{
    struct nspi_bind_success success = {.error_code = error_code, .server_guid = {{guid}}};
    add(&nspi_bind_success_structure, &success);
}

static enum mapihttp_status open_book(void)
{
    char url[80];
    struct mapihttp_options options;
    mapihttp_options_initialize(&options);
    fake_start(&server);
    snprintf(url, sizeof url, "http://127.0.0.1:%u/mapi/emsmdb/?MailboxId=x@dev.local", server.port);
    options.address = "user@dev.local";
    options.password = "secret";
    options.authentication = MAPIHTTP_AUTHENTICATION_BASIC;
    options.url = url;
    options.user_dn = "/o=Dev/cn=user";
    options.retry_pause_ms = 5;
    return mapihttp_address_book_open(&options, &book, &error);
}

static struct bytes utf16(const char *text)
{
    return text_utf16_of_utf8(&arena, bytes_of_string(text));
}

static void assert_asked(uint32_t step, const char *type)
{
    char line[64];
    snprintf(line, sizeof line, "X-RequestType: %s\r\n", type);
    assert_non_null(server.requests[step]);
    assert_non_null(strstr(server.requests[step], line));
    assert_non_null(strstr(server.requests[step], "POST /mapi/nspi/?MailboxId=x@dev.local"));
}

static const uint32_t columns[] = {PID_TAG_DISPLAY_NAME, PID_TAG_SMTP_ADDRESS};

static void add_rows(uint32_t count, const char *const *names, uint32_t num_pos, uint32_t total, uint32_t current_rec)
{
    struct property_row *rows = arena_array(&arena, struct property_row, count + 1);
    for (uint32_t i = 0; i < count; i++) {
        struct property_value *values = arena_array(&arena, struct property_value, 2);
        values[0] = (struct property_value){.tag = PID_TAG_DISPLAY_NAME, .bytes = utf16(names[i])};
        values[1] = (struct property_value){.tag = PROPERTY_TAG(0x39FE, PTYP_ERROR_CODE), .error_code = EC_NOT_FOUND};
        rows[i] = (struct property_row){.count = 2, .values = values};
    }
    struct nspi_query_rows_success success = {.has_state = 1,
        .state = {.num_pos = num_pos, .total_recs = total, .current_rec = current_rec, .code_page = 1252}, .has_columns_and_rows = 1,
        .column_count = 2, .columns = columns, .row_count = count, .rows = rows};
    add(&nspi_query_rows_success_structure, &success);
}

static void expect_name(struct mapihttp_address_list *list, const char *name)
{
    const struct mapihttp_entry *entry;
    assert_int_equal(mapihttp_address_list_next(list, &entry, &error), MAPIHTTP_OK);
    if (!name) {
        assert_null(entry);
        return;
    }
    assert_int_equal(entry->property_count, 2);
    assert_string_equal(entry->properties[0].blob.data, name);
    assert_int_equal(MAPIHTTP_TAG_TYPE(entry->properties[1].tag), MAPIHTTP_TYPE_ERROR);
}

static void test_list(void **state)
{
    static const char *const names[] = {"Ada", "Bob", "Zoë"};
    struct mapihttp_address_list *list;
    add_bind(7, EC_SUCCESS);
    add_rows(2, names, 2, 3, 0x112);
    add_rows(1, names + 2, 3, 3, 2);
    add_body("\0\0\0\0\1\0\0\0\0\0\0\0", 12);
    assert_int_equal(open_book(), MAPIHTTP_OK);
    assert_int_equal(mapihttp_address_list_open(book, 0, NULL, 2, columns, &list, &error), MAPIHTTP_OK);
    assert_int_equal(mapihttp_address_list_count(list), 3);
    for (int i = 0; i < 3; i++)
        expect_name(list, names[i]);
    expect_name(list, NULL);
    expect_name(list, NULL);
    mapihttp_address_list_close(list);
    const struct mapihttp_address_book_state *shown = mapihttp_address_book_state(book);
    assert_string_equal(shown->user_dn, "/o=Dev/cn=user");
    assert_string_equal(shown->authentication, "Basic");
    assert_string_equal(shown->version, "Exchange/15.02.2562.017");
    assert_int_equal(shown->server_guid[0], 7);
    mapihttp_address_book_close(book);
    book = NULL;
    assert_asked(0, "Bind");
    assert_asked(1, "QueryRows");
    assert_asked(2, "QueryRows");
    assert_asked(3, "Unbind");
}

/* A server whose position stands still is not asked for ever. */
static void test_list_stands_still(void **state)
{
    static const char *const names[] = {"Ada"};
    struct mapihttp_address_list *list;
    add_bind(7, EC_SUCCESS);
    add_rows(1, names, 0, 10, 0x110);
    assert_int_equal(open_book(), MAPIHTTP_OK);
    assert_int_equal(mapihttp_address_list_open(book, 0, NULL, 2, columns, &list, &error), MAPIHTTP_OK);
    expect_name(list, "Ada");
    expect_name(list, NULL);
    mapihttp_address_list_close(list);
}

/* MS-OXCMAPIHTTP R1225: code 10; a new context, and the same request again. */
static void test_context_lost(void **state)
{
    static const char *const names[] = {"Ada"};
    struct mapihttp_address_list *list;
    add_bind(7, EC_SUCCESS);
    add_code(10);
    add_bind(7, EC_SUCCESS);
    add_rows(1, names, 1, 1, 2);
    assert_int_equal(open_book(), MAPIHTTP_OK);
    assert_int_equal(mapihttp_address_list_open(book, 0, NULL, 2, columns, &list, &error), MAPIHTTP_OK);
    expect_name(list, "Ada");
    mapihttp_address_list_close(list);
    assert_asked(2, "Bind");
    assert_asked(3, "QueryRows");
}

/* Numbers of another server mean somebody else (MS-OXNSPI R353). */
static void test_another_server(void **state)
{
    struct mapihttp_address_list *list;
    add_bind(7, EC_SUCCESS);
    add_code(10);
    add_bind(8, EC_SUCCESS);
    assert_int_equal(open_book(), MAPIHTTP_OK);
    assert_int_equal(mapihttp_address_list_open(book, 0, NULL, 2, columns, &list, &error), MAPIHTTP_PROTOCOL);
}

static void test_refused(void **state)
{
    add_bind(7, EC_INVALID_CODEPAGE);
    assert_int_equal(open_book(), MAPIHTTP_SERVER);
    assert_int_equal(error.code, EC_INVALID_CODEPAGE);
    assert_non_null(strstr(error.text, "Bind"));
}

/* Bodies that are no answers, of every length: an error each time, and nothing given. */
static void test_malformed(void **state)
{
    static const uint8_t cut[] = {0, 0, 0, 0, 0, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0};
    const struct mapihttp_container *containers = NULL;
    size_t count = 99;
    add_bind(7, EC_SUCCESS);
    for (size_t size = 0; size < sizeof cut; size++)
        add_body(cut, size);
    add_body("\xBB\6\0\0\0\0\0\0", 8); /* a StatusCode */
    add_body("\0\0\0\0\2\1\4\x80", 8); /* an ErrorCode and nothing else */
    assert_int_equal(open_book(), MAPIHTTP_OK);
    for (size_t size = 0; size < sizeof cut; size++)
        assert_int_equal(mapihttp_address_book_containers(book, &count, &containers, &error), MAPIHTTP_PROTOCOL);
    assert_int_equal(mapihttp_address_book_containers(book, &count, &containers, &error), MAPIHTTP_SERVER);
    assert_int_equal(error.code, 0x6BB);
    assert_int_equal(mapihttp_address_book_containers(book, &count, &containers, &error), MAPIHTTP_SERVER);
    assert_int_equal(error.code, EC_NOT_SUPPORTED);
    assert_int_equal(count, 99);
    assert_null(containers);
}

static void test_containers(void **state)
{
    const struct mapihttp_container *containers;
    size_t count;
    uint32_t id = 1;
    struct property_value first[] = {
        {.tag = PID_TAG_ENTRY_ID, .bytes = entry_id_of_address_book(&arena, 0x100, "/")}, {.tag = PID_TAG_CONTAINER_FLAGS, .integer32 = 9},
        {.tag = PID_TAG_DEPTH, .integer32 = 0}, {.tag = PID_TAG_ADDRESS_BOOK_CONTAINER_ID, .integer32 = 0},
        {.tag = PID_TAG_DISPLAY_NAME, .bytes = utf16("Global Address List")}};
    struct property_value second[] = { /* a server that says less */
        {.tag = PID_TAG_ADDRESS_BOOK_CONTAINER_ID, .integer32 = 0x4321}, {.tag = PID_TAG_DISPLAY_NAME, .bytes = utf16("All Rooms")}};
    const struct address_book_property_values rows[] = {{5, first}, {2, second}};
    struct nspi_get_special_table_success success = {.code_page = 1252, .has_version = 1, .version = 5, .has_rows = 1, .row_count = 2, .rows = rows};
    add_bind(7, EC_SUCCESS);
    add(&nspi_get_special_table_success_structure, &success);
    assert_int_equal(open_book(), MAPIHTTP_OK);
    assert_int_equal(mapihttp_address_book_containers(book, &count, &containers, &error), MAPIHTTP_OK);
    assert_int_equal(count, 2);
    assert_string_equal(containers[0].dn, "/");
    assert_true(containers[0].has_entries);
    assert_string_equal(containers[1].dn, "");
    assert_int_equal(mapihttp_address_book_container(book, "all rooms", &id, &error), MAPIHTTP_OK); /* asked once only */
    assert_int_equal(id, 0x4321);
    assert_int_equal(mapihttp_address_book_container(book, "nothing", &id, &error), MAPIHTTP_NOT_FOUND);
    assert_int_equal(id, 0x4321);
}

static void add_resolution(uint32_t count, const uint32_t *minimal_ids, uint32_t row_count)
{
    struct property_value values[] = {{.tag = PID_TAG_DISPLAY_NAME, .bytes = utf16("Ada")}, {.tag = PID_TAG_SMTP_ADDRESS, .bytes = utf16("a@b")}};
    struct property_row rows[] = {{.count = 2, .values = values}, {.count = 2, .values = values}};
    struct nspi_resolve_names_success success = {.code_page = 1252, .has_minimal_ids = 1, .minimal_id_count = count, .minimal_ids = minimal_ids,
                                                 .has_rows_and_columns = 1, .column_count = 2, .columns = columns, .row_count = row_count, .rows = rows};
    add(&nspi_resolve_names_success_structure, &success);
}

/* MS-OXNSPI R88 R89 R90: three results; answers that do not fit the question are no answers. */
static void test_resolve(void **state)
{
    static const uint32_t ids[] = {2, 0, 1, 9};
    static const char *const names[] = {"ada", "nobody", "b", "x"};
    enum mapihttp_resolution resolutions[4];
    struct mapihttp_entries *entries = NULL;
    add_bind(7, EC_SUCCESS);
    add_resolution(4, ids, 1);
    add_resolution(3, ids, 1);
    add_resolution(4, ids, 2);
    assert_int_equal(open_book(), MAPIHTTP_OK);
    assert_int_equal(mapihttp_address_book_resolve(book, 0, 4, names, 2, columns, resolutions, &entries, &error), MAPIHTTP_OK);
    assert_int_equal(resolutions[0], MAPIHTTP_RESOLVED);
    assert_int_equal(resolutions[1], MAPIHTTP_UNRESOLVED);
    assert_int_equal(resolutions[2], MAPIHTTP_AMBIGUOUS);
    assert_int_equal(resolutions[3], MAPIHTTP_UNRESOLVED);
    assert_int_equal(mapihttp_entries_count(entries), 1);
    assert_string_equal(mapihttp_entries_get(entries, 0)->properties[1].blob.data, "a@b");
    assert_null(mapihttp_entries_get(entries, 1));
    mapihttp_entries_free(entries);
    for (int i = 0; i < 2; i++)
        assert_int_equal(mapihttp_address_book_resolve(book, 0, 4, names, 2, columns, resolutions, &entries, &error), MAPIHTTP_PROTOCOL);
}

static void test_entry(void **state)
{
    static const uint32_t nobody = 0, somebody = 0x110;
    struct nspi_dn_to_mid_success none = {.has_minimal_ids = 1, .minimal_id_count = 1, .minimal_ids = &nobody}, one = none;
    struct property_value values[] = {{.tag = PID_TAG_DISPLAY_NAME, .bytes = utf16("Ada")},
                                      {.tag = PROPERTY_TAG(0x39FE, PTYP_ERROR_CODE), .error_code = EC_NOT_FOUND}};
    struct nspi_get_props_success props = {.error_code = EC_ERRORS_RETURNED, .code_page = 1252, .has_property_values = 1,
                                           .property_values = {2, values}};
    struct mapihttp_entries *entries = NULL;
    one.minimal_ids = &somebody;
    add_bind(7, EC_SUCCESS);
    add(&nspi_dn_to_mid_success_structure, &none);
    add(&nspi_dn_to_mid_success_structure, &one);
    add(&nspi_get_props_success_structure, &props);
    assert_int_equal(open_book(), MAPIHTTP_OK);
    assert_int_equal(mapihttp_address_book_entry(book, "/o=x", 2, columns, &entries, &error), MAPIHTTP_NOT_FOUND);
    assert_null(entries);
    assert_int_equal(mapihttp_address_book_entry(book, "/o=x", 2, columns, &entries, &error), MAPIHTTP_OK);
    assert_string_equal(mapihttp_entries_get(entries, 0)->properties[0].blob.data, "Ada");
    mapihttp_entries_free(entries);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
    const struct CMUnitTest tests[] = {
        TEST(test_list), TEST(test_list_stands_still), TEST(test_context_lost), TEST(test_another_server), TEST(test_refused),
        TEST(test_malformed), TEST(test_containers), TEST(test_resolve), TEST(test_entry),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
