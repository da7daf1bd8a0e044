/* Tables: columns, order, positions, bookmarks (MS-OXCTABL), for contents, hierarchy and attachment tables. */
#include "mailbox/test_table.h"

static void rows_need_columns(void **state)
{
    struct table *table;
    uint32_t count = 9, taken_count;
    assert_ok(table_open_contents(LOGON, INBOX, 0, &table, &count));
    assert_int_equal(count, 0);
    assert_int_equal(table_query_rows(ARENA, LOGON, table, true, false, 5, take, &taken, &taken_count, &query_origin),
        EC_NULL_OBJECT); /* MS-OXCTABL R476 */
    uint32_t bad[] = {PROPERTY_TAG(0x37, PTYP_UNSPECIFIED), PROPERTY_TAG(0x37, PTYP_ERROR_CODE), PROPERTY_TAG(0x37, 0x77)};
    for (int i = 0; i < 3; i++)
        assert_int_equal(table_set_columns(table, &bad[i], 1), EC_INVALID_PARAMETER); /* MS-OXCTABL R435 */
    uint32_t good = PID_TAG_SUBJECT;
    assert_ok(table_set_columns(table, &good, 1));
    assert_int_equal(table_set_columns(table, bad, 1), EC_INVALID_PARAMETER);
    assert_null(table_columns(table, &count)); /* MS-OXCTABL R429 */
    table_close(LOGON, table);
}

static void invalid_flags(void **state)
{
    struct table *table;
    uint32_t count;
    assert_int_equal(table_open_hierarchy(LOGON, IPM, 0x01, &table, &count), EC_NOT_SUPPORTED);      /* MS-OXCFOLD R314 */
    assert_int_equal(table_open_contents(LOGON, INBOX, 0x01, &table, &count), EC_INVALID_PARAMETER); /* MS-OXCTABL R330 */
    assert_int_equal(table_open_contents(LOGON, INBOX, 0x80, &table, &count), EC_NOT_SUPPORTED);
    assert_int_equal(table_open_contents(LOGON, id_make(1, 0x88888), 0, &table, &count), EC_OBJECT_DELETED);
}

static void order_and_positions(void **state)
{
    fill(INBOX, 6, NULL);
    struct table *table = contents(INBOX, PID_TAG_SUBJECT);
    sort_by(table, PID_TAG_SUBJECT, 1);
    check_position(table, 0, 6);
    assert_int_equal(query(table, true, 2), 2);
    assert_string_equal(taken.text[0], "f");
    assert_int_equal(query_origin, TABLE_CURRENT); /* MS-OXCTABL R726 */
    check_position(table, 2, 6);
    assert_int_equal(query_flags(table, true, true, 2, 9), 2); /* MS-OXCTABL R470: NoAdvance */
    assert_string_equal(taken.text[0], "d");
    check_position(table, 2, 6);
    assert_string_equal(rest(table), "d c b a");
    assert_int_equal(query_origin, TABLE_END); /* MS-OXCTABL R725 */
    check_position(table, 6, 6);
    assert_int_equal(query(table, true, 2), 0);  /* MS-OXCTABL R467 */
    assert_int_equal(query(table, false, 2), 2); /* MS-OXCTABL R469: those before the position; nearest first here */
    assert_string_equal(taken.text[0], "a");
    assert_string_equal(taken.text[1], "b");
    check_position(table, 4, 6);
    assert_int_equal(query(table, false, 20), 4);
    assert_int_equal(query_origin, TABLE_BEGINNING); /* MS-OXCTABL R784 */
    check_position(table, 0, 6);
    sort_by(table, PID_TAG_SUBJECT, 0); /* MS-OXCTABL R439 */
    assert_string_equal(rest(table), "a b c d e f");
    table_close(LOGON, table);
}

static void as_many_rows_as_there_is_room(void **state)
{
    fill(INBOX, 5, NULL);
    struct table *table = contents(INBOX, PID_TAG_SUBJECT);
    uint32_t got;
    sort_by(table, PID_TAG_SUBJECT, 0);
    assert_int_equal(query_flags(table, true, false, 5, 3), 3); /* MS-OXCTABL R464 */
    check_position(table, 3, 5);
    taken.count = taken.room = 0;
    assert_int_equal(table_query_rows(ARENA, LOGON, table, true, false, 5, take, &taken, &got, &query_origin),
        EC_BUFFER_TOO_SMALL); /* MS-OXCTABL R466 */
    check_position(table, 3, 5);
    assert_string_equal(rest(table), "d e");
    table_close(LOGON, table);
}

static void two_sort_columns(void **state)
{
    fill(INBOX, 6, NULL);
    struct table *table = contents(INBOX, PID_TAG_SUBJECT);
    struct table_sort_order orders[] = {{PID_TAG_IMPORTANCE, 1}, {PROPERTY_TAG(0x37, PTYP_STRING8), 0}};
    assert_ok(table_sort(LOGON, table, orders, 2, 0, 0));
    assert_string_equal(rest(table), "c f b e a d");
    assert_int_equal(table_sort(LOGON, table, orders, 2, 1, 0), EC_NOT_SUPPORTED); /* categories: not built yet */
    assert_int_equal(table_sort(LOGON, table, orders, 2, 3, 0), EC_INVALID_PARAMETER);
    orders[0].tag = PROPERTY_TAG(0x37, PTYP_UNSPECIFIED);
    assert_int_equal(table_sort(LOGON, table, orders, 2, 0, 0), EC_INVALID_PARAMETER);
    table_close(LOGON, table);
    uint32_t count;
    assert_ok(table_open_hierarchy(LOGON, IPM, 0, &table, &count));
    assert_int_equal(table_sort(LOGON, table, NULL, 0, 0, 0), EC_NOT_SUPPORTED); /* MS-OXCTABL R450 */
    assert_int_equal(table_reset(table), EC_NOT_SUPPORTED);                      /* MS-OXCTABL R566 */
    table_close(LOGON, table);
}

static void seeking(void **state)
{
    fill(INBOX, 10, NULL);
    struct table *table = contents(INBOX, PID_TAG_SUBJECT);
    int32_t moved;
    bool less;
    sort_by(table, PID_TAG_SUBJECT, 0);
    assert_ok(table_seek(LOGON, table, TABLE_BEGINNING, 3, &moved, &less));
    assert_int_equal(moved, 3);
    assert_false(less);
    check_position(table, 3, 10);
    assert_ok(table_seek(LOGON, table, TABLE_CURRENT, -5, &moved, &less)); /* MS-OXCTABL R154, MS-OXCTABL R160 */
    assert_int_equal(moved, -3);
    assert_true(less);
    assert_ok(table_seek(LOGON, table, TABLE_END, -2, &moved, &less));
    assert_int_equal(moved, -2);
    assert_string_equal(rest(table), "i j");
    assert_ok(table_seek(LOGON, table, TABLE_END, 1, &moved, &less));
    assert_int_equal(moved, 0);
    assert_true(less);
    assert_int_equal(table_seek(LOGON, table, TABLE_CUSTOM, 1, &moved, &less), EC_INVALID_PARAMETER);
    assert_ok(table_seek_fraction(LOGON, table, 1, 2)); /* MS-OXCTABL R516 */
    check_position(table, 5, 10);
    assert_ok(table_seek_fraction(LOGON, table, 7, 7)); /* MS-OXCTABL R515 */
    check_position(table, 10, 10);
    assert_ok(table_seek_fraction(LOGON, table, 0, 1)); /* MS-OXCTABL R514 */
    check_position(table, 0, 10);
    assert_int_equal(table_seek_fraction(LOGON, table, 0, 0), EC_INVALID_PARAMETER);
    table_close(LOGON, table);
}

static void a_position_stays_between_its_rows(void **state)
{
    uint64_t ids[6];
    bool partial;
    fill(INBOX, 6, ids);
    struct table *table = contents(INBOX, PID_TAG_SUBJECT);
    sort_by(table, PID_TAG_SUBJECT, 0);
    query(table, true, 3); /* a b c | d e f */
    assert_ok(folder_delete_messages(LOGON, INBOX, &ids[2], 1, false, &partial));
    check_position(table, 2, 5);
    saved_message(INBOX, "aa");
    saved_message(INBOX, "dd");
    check_position(table, 3, 7);
    assert_string_equal(rest(table), "d dd e f");
    table_close(LOGON, table);
}

static void finding_rows(void **state)
{
    fill(INBOX, 9, NULL);
    struct table *table = contents(INBOX, PID_TAG_SUBJECT);
    struct restriction two = property_is(RELATIONAL_OPERATOR_EQUAL, value_integer32(PID_TAG_IMPORTANCE, 2));
    bool got = false, gone = true;
    sort_by(table, PID_TAG_SUBJECT, 0);
    taken.count = 0, taken.room = 9;
    assert_ok(table_find_row(ARENA, LOGON, table, true, &two, TABLE_BEGINNING, BYTES_NONE, take, &taken, &got, &gone));
    assert_string_equal(taken.text[0], "c");
    assert_true(got);
    assert_false(gone);
    check_position(table, 2, 9);
    taken.count = 0;
    assert_ok(table_find_row(ARENA, LOGON, table, true, &two, TABLE_CURRENT, BYTES_NONE, take, &taken, &got, &gone));
    assert_string_equal(taken.text[0], "c"); /* the row at the position counts */
    taken.count = 0;
    assert_ok(table_find_row(ARENA, LOGON, table, false, &two, TABLE_END, BYTES_NONE, take, &taken, &got, &gone));
    assert_string_equal(taken.text[0], "i");
    check_position(table, 8, 9);
    taken.count = 0;
    assert_ok(table_find_row(
        ARENA, LOGON, table, false, &two, TABLE_CURRENT, BYTES_NONE, take, &taken, &got, &gone)); /* MS-OXCTABL R241 */
    assert_string_equal(taken.text[0], "f");
    taken.count = taken.room = 0; /* no room: found all the same (MS-OXCTABL R534) */
    assert_ok(table_find_row(ARENA, LOGON, table, true, &two, TABLE_BEGINNING, BYTES_NONE, take, &taken, &got, &gone));
    assert_false(got);
    check_position(table, 2, 9);
    struct restriction none = property_is(RELATIONAL_OPERATOR_EQUAL, value_integer32(PID_TAG_IMPORTANCE, 77));
    assert_int_equal(
        table_find_row(ARENA, LOGON, table, true, &none, TABLE_BEGINNING, BYTES_NONE, take, &taken, &got, &gone),
        EC_NOT_FOUND); /* MS-OXCTABL R536 */
    assert_int_equal(
        table_find_row(ARENA, LOGON, table, true, &none, TABLE_CUSTOM, BYTES_LITERAL("xxxx"), take, &taken, &got, &gone),
        EC_INVALID_BOOKMARK);
    table_close(LOGON, table);
}

static void bookmarks_in(struct table *table, const uint64_t *ids)
{
    struct bytes mark, other;
    int32_t moved;
    bool less, gone, partial;
    query(table, true, 2);
    assert_ok(table_create_bookmark(ARENA, LOGON, table, &mark)); /* at c */
    query(table, true, 2);
    assert_ok(table_create_bookmark(ARENA, LOGON, table, &other)); /* at e */
    assert_ok(table_seek_bookmark(LOGON, table, mark, 0, &moved, &less, &gone));
    assert_false(gone);
    query_flags(table, true, true, 1, 1);
    assert_string_equal(taken.text[0], "c");
    assert_ok(table_seek_bookmark(LOGON, table, mark, 2, &moved, &less, &gone));
    query_flags(table, true, true, 1, 1);
    assert_string_equal(taken.text[0], "e");
    saved_message(INBOX, "aa");
    assert_ok(folder_delete_messages(LOGON, INBOX, &ids[2], 1, false, &partial)); /* c goes */
    assert_ok(table_seek_bookmark(LOGON, table, mark, 0, &moved, &less, &gone));
    assert_true(gone); /* MS-OXCTABL R506 */
    query_flags(table, true, true, 1, 1);
    assert_string_equal(taken.text[0], "d");
    assert_ok(table_seek_bookmark(LOGON, table, other, 0, &moved, &less, &gone));
    assert_false(gone);
    query_flags(table, true, true, 1, 1);
    assert_string_equal(taken.text[0], "e");
    assert_ok(table_free_bookmark(table, mark));
    assert_int_equal(table_free_bookmark(table, mark), EC_INVALID_BOOKMARK); /* MS-OXCTABL R5521 */
    assert_int_equal(table_seek_bookmark(LOGON, table, mark, 0, &moved, &less, &gone), EC_INVALID_BOOKMARK);
    assert_int_equal(
        table_seek_bookmark(LOGON, table, BYTES_LITERAL("long enough"), 0, &moved, &less, &gone), EC_INVALID_BOOKMARK);
    sort_by(table, PID_TAG_SUBJECT, 0);
    assert_int_equal(
        table_seek_bookmark(LOGON, table, other, 0, &moved, &less, &gone), EC_INVALID_BOOKMARK); /* MS-OXCTABL R505 */
}

static void bookmarks_name_rows(void **state)
{
    uint64_t ids[6];
    fill(INBOX, 6, ids);
    struct table *table = contents(INBOX, PID_TAG_SUBJECT);
    sort_by(table, PID_TAG_SUBJECT, 0);
    bookmarks_in(table, ids);
    table_close(LOGON, table);
}

static void bookmarks_name_rows_of_a_restricted_table(void **state)
{
    uint64_t ids[6];
    fill(INBOX, 6, ids);
    struct table *table = contents(INBOX, PID_TAG_SUBJECT);
    struct restriction exist = {.type = RESTRICTION_TYPE_EXIST, .exist = {PID_TAG_SUBJECT}};
    sort_by(table, PID_TAG_SUBJECT, 0);
    assert_ok(table_restrict(LOGON, table, &exist));
    bookmarks_in(table, ids);
    table_close(LOGON, table);
}

static void bookmarks_are_few(void **state)
{
    fill(INBOX, 2, NULL);
    struct table *table = contents(INBOX, PID_TAG_SUBJECT);
    struct bytes mark;
    for (uint32_t i = 0; i < TABLE_BOOKMARKS_MAX; i++)
        assert_ok(table_create_bookmark(ARENA, LOGON, table, &mark));
    assert_int_equal(table_create_bookmark(ARENA, LOGON, table, &mark), EC_OUT_OF_RESOURCES);
    table_close(LOGON, table);
}

static void reset_forgets_all(void **state)
{
    fill(INBOX, 3, NULL);
    struct table *table = contents(INBOX, PID_TAG_SUBJECT);
    struct restriction none = property_is(RELATIONAL_OPERATOR_EQUAL, value_integer32(PID_TAG_IMPORTANCE, 77));
    uint32_t got, tag = PID_TAG_SUBJECT;
    sort_by(table, PID_TAG_SUBJECT, 1);
    assert_ok(table_restrict(LOGON, table, &none));
    assert_ok(table_reset(table));
    assert_int_equal(table_query_rows(ARENA, LOGON, table, true, false, 5, take, &taken, &got, &query_origin),
        EC_NULL_OBJECT); /* MS-OXCTABL R560 */
    assert_ok(table_set_columns(table, &tag, 1));
    assert_string_equal(rest(table), "a b c"); /* MS-OXCTABL R555, MS-OXCTABL R557: the default order is that of arrival */
    table_close(LOGON, table);
}

static struct property_value one_row[16];
static bool keep_row(void *context, const struct property_value *values, uint32_t count)
{
    (void)context;
    for (uint32_t i = 0; i < count; i++)
        assert_true(value_copy(ARENA, &values[i], &one_row[i]));
    return true;
}

static void values_of_a_row(void **state)
{
    static uint8_t long_text[3000];
    for (size_t i = 0; i < sizeof long_text; i += 2)
        store_u16(long_text + i, 'x');
    struct message *message = new_message(INBOX, "Grüße");
    set_property(
        OBJECT_OF_MESSAGE(message), value_bytes(PROPERTY_TAG(0x6802, PTYP_STRING), bytes_of(long_text, sizeof long_text)));
    static uint8_t body[50000];
    memset(body, 'b', sizeof body);
    set_property(OBJECT_OF_MESSAGE(message), value_bytes(PID_TAG_HTML, bytes_of(body, sizeof body)));
    uint64_t id = save(message);
    message_close(LOGON, message);
    struct table *table = contents(INBOX, PID_TAG_SUBJECT);
    uint32_t tags[] = {PROPERTY_TAG(0x6802, PTYP_STRING), PID_TAG_MID, PROPERTY_TAG(0x37, PTYP_STRING8), PID_TAG_HTML,
        PID_TAG_REPLY_TIME, PID_TAG_INST_ID, PID_TAG_INSTANCE_NUM, PID_TAG_ROW_TYPE, PID_TAG_FOLDER_ID,
        PID_TAG_MESSAGE_FLAGS, PID_TAG_MID, PROPERTY_TAG(0x37, PTYP_INTEGER32)};
    uint32_t got;
    assert_ok(table_set_columns(table, tags, 12));
    assert_ok(table_query_rows(ARENA, LOGON, table, true, false, 1, keep_row, NULL, &got, &query_origin));
    assert_int_equal(one_row[0].bytes.size, 510); /* MS-OXCTABL R121, MS-OXCTABL R122 */
    assert_true((uint64_t)one_row[1].integer64 == id_to_wire(id));
    assert_int_equal(one_row[2].bytes.size, 5);
    assert_int_equal(one_row[3].bytes.size, 510);
    assert_int_equal(one_row[4].tag, PROPERTY_TAG(PROPERTY_ID(PID_TAG_REPLY_TIME), PTYP_ERROR_CODE));
    assert_int_equal(one_row[4].error_code, EC_NOT_FOUND);
    assert_true((uint64_t)one_row[5].integer64 == id_to_wire(id));
    assert_int_equal(one_row[6].integer32, 0);
    assert_int_equal(one_row[7].integer32, 1);
    assert_true((uint64_t)one_row[8].integer64 == id_to_wire(INBOX));
    assert_int_equal(one_row[9].integer32, 0x409);
    assert_int_equal(one_row[11].error_code, EC_NOT_FOUND);
    uint32_t *all, count;
    assert_ok(table_columns_all(ARENA, LOGON, table, &all, &count));
    assert_true(count > 30);
    table_close(LOGON, table);
}

static void hierarchy_tables(void **state)
{
    uint64_t b = new_folder(INBOX, "B"), a = new_folder(INBOX, "a");
    new_folder(b, "below");
    struct table *table;
    uint32_t count, columns[] = {PID_TAG_DISPLAY_NAME, PID_TAG_DEPTH};
    assert_ok(table_open_hierarchy(LOGON, INBOX, 0, &table, &count));
    assert_int_equal(count, 2);
    assert_ok(table_set_columns(table, columns, 2));
    assert_string_equal(rest(table), "a B");
    check_position(table, 2, 2);
    table_close(LOGON, table);
    assert_ok(table_open_hierarchy(LOGON, INBOX, TABLE_DEPTH, &table, &count));
    assert_int_equal(count, 3);
    assert_ok(table_set_columns(table, columns, 2));
    assert_string_equal(rest(table), "a B below");
    columns[0] = PID_TAG_DEPTH;
    assert_ok(table_set_columns(table, columns, 1));
    int32_t moved;
    bool less, partial;
    assert_ok(table_seek(LOGON, table, TABLE_BEGINNING, 0, &moved, &less));
    assert_string_equal(rest(table), "0 0 1");
    columns[0] = PID_TAG_DISPLAY_NAME;
    assert_ok(table_set_columns(table, columns, 1));
    struct restriction begins = content(2, 1, PID_TAG_DISPLAY_NAME, "b");
    assert_string_equal(restricted(table, begins), "B below");
    assert_ok(table_seek(LOGON, table, TABLE_BEGINNING, 1, &moved, &less));
    struct bytes mark;
    bool gone;
    assert_ok(table_create_bookmark(ARENA, LOGON, table, &mark));
    new_folder(INBOX, "b0");
    assert_string_equal(rest(table), "below b0");
    assert_ok(table_seek_bookmark(LOGON, table, mark, 0, &moved, &less, &gone));
    assert_string_equal(rest(table), "below b0");
    assert_ok(folder_delete(LOGON, INBOX, b, FOLDER_DELETE_FOLDERS, &partial));
    assert_ok(table_seek_bookmark(LOGON, table, mark, 0, &moved, &less, &gone));
    assert_true(gone);
    table_close(LOGON, table);
    assert_ok(table_open_hierarchy(LOGON, INBOX, TABLE_SOFT_DELETES, &table, &count));
    assert_ok(table_set_columns(table, columns, 1));
    assert_string_equal(rest(table), "B");
    table_close(LOGON, table);
    (void)a;
}

static void associated_and_deleted_messages(void **state)
{
    struct message *message;
    struct table *table;
    uint32_t count, tag = PID_TAG_SUBJECT;
    bool partial;
    saved_message(INBOX, "normal");
    assert_ok(message_create(LOGON, INBOX, true, 0, &message));
    set_property(OBJECT_OF_MESSAGE(message), text_property(PID_TAG_SUBJECT, "fai"));
    uint64_t id = save(message);
    assert_int_equal(get_integer(OBJECT_OF_MESSAGE(message), PID_TAG_MESSAGE_FLAGS) & 0x40, 0x40);
    message_close(LOGON, message);
    assert_ok(table_open_contents(LOGON, INBOX, TABLE_ASSOCIATED, &table, &count));
    assert_int_equal(count, 1);
    assert_ok(table_set_columns(table, &tag, 1));
    assert_string_equal(rest(table), "fai");
    assert_ok(folder_delete_messages(LOGON, INBOX, &id, 1, false, &partial));
    assert_int_equal(query(table, true, 9), 0);
    table_close(LOGON, table);
    assert_ok(table_open_contents(LOGON, INBOX, TABLE_ASSOCIATED | TABLE_SOFT_DELETES, &table, &count));
    assert_int_equal(count, 1);
    assert_ok(table_set_columns(table, &tag, 1));
    assert_string_equal(rest(table), "fai");
    table_close(LOGON, table);
}

static void attachment_tables(void **state)
{
    struct message *message = new_message(INBOX, "x");
    struct attachment *attachment;
    struct table *table;
    uint32_t number, tag = PID_TAG_ATTACH_LONG_FILENAME;
    assert_ok(table_open_attachments(LOGON, message, 0, &table));
    assert_ok(table_set_columns(table, &tag, 1));
    for (int i = 0; i < 3; i++) {
        char name[8];
        snprintf(name, sizeof name, "%d.txt", i);
        assert_ok(attachment_create(LOGON, message, &attachment, &number));
        set_property(OBJECT_OF_ATTACHMENT(attachment), text_property(PID_TAG_ATTACH_LONG_FILENAME, name));
        assert_ok(attachment_save(LOGON, attachment, 0));
        attachment_close(LOGON, attachment);
    }
    assert_string_equal(rest(table), "0.txt 1.txt 2.txt"); /* the session's state, unsaved too */
    save(message);
    assert_ok(attachment_delete(LOGON, message, 1));
    int32_t moved;
    bool less;
    assert_ok(table_seek(LOGON, table, TABLE_BEGINNING, 0, &moved, &less));
    assert_string_equal(rest(table), "0.txt 2.txt");
    check_position(table, 2, 2);
    struct restriction any = {.type = RESTRICTION_TYPE_EXIST};
    assert_int_equal(table_restrict(LOGON, table, &any), EC_NOT_SUPPORTED); /* MS-OXCTABL R461 */
    message_close(LOGON, message);
    assert_ok(table_seek(LOGON, table, TABLE_BEGINNING, 0, &moved, &less)); /* keeps its message */
    tag = PID_TAG_ATTACH_SIZE;
    assert_ok(table_set_columns(table, &tag, 1));
    query(table, true, 1);
    assert_true(atoi(taken.text[0]) > 0);
    table_close(LOGON, table);
}

static void many_rows_over_many_pages(void **state)
{
    assert_ok(mailbox_begin(fixture.mailbox));
    fill(INBOX, 1000, NULL);
    assert_ok(mailbox_commit(fixture.mailbox));
    struct table *table = contents(INBOX, PID_TAG_SUBJECT);
    sort_by(table, PID_TAG_SUBJECT, 1);
    assert_int_equal(query(table, true, 2000), 1000);
    for (uint32_t i = 0; i < 1000; i++)
        assert_int_equal(atoi(taken.text[i]), 999 - i);
    assert_int_equal(query(table, false, 300), 300);
    assert_int_equal(atoi(taken.text[299]), 299);
    struct restriction two = property_is(RELATIONAL_OPERATOR_EQUAL, value_integer32(PID_TAG_IMPORTANCE, 2));
    assert_ok(table_restrict(LOGON, table, &two));
    assert_int_equal(query(table, true, 2000), 333);
    assert_int_equal(atoi(taken.text[0]), 998);
    table_close(LOGON, table);
}

static void storage_that_fails(void **state)
{
    static const enum store_call calls[] = {STORE_CALL_VIEW_OPEN, STORE_CALL_VIEW_PAGE};
    fill(INBOX, 3, NULL);
    struct table *table = contents(INBOX, PID_TAG_SUBJECT);
    query(table, true, 1);
    for (size_t i = 0; i < 2; i++) {
        uint32_t got = 77;
        store_failing_plan(fixture.store, calls[i], 1, 1, STORE_IO_ERROR);
        taken.count = 0;
        assert_int_equal(
            table_query_rows(ARENA, LOGON, table, true, false, 5, take, &taken, &got, &query_origin), EC_DISK_ERROR);
        assert_int_equal(got, 77);
        store_failing_plan(fixture.store, STORE_CALL_ANY, 1, 1, STORE_OK);
        check_position(table, 1, 3);
    }
    table_close(LOGON, table);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        MAILBOX_TEST(rows_need_columns),
        MAILBOX_TEST(invalid_flags),
        MAILBOX_TEST(order_and_positions),
        MAILBOX_TEST(as_many_rows_as_there_is_room),
        MAILBOX_TEST(two_sort_columns),
        MAILBOX_TEST(seeking),
        MAILBOX_TEST(a_position_stays_between_its_rows),
        MAILBOX_TEST(finding_rows),
        MAILBOX_TEST(bookmarks_name_rows),
        MAILBOX_TEST(bookmarks_name_rows_of_a_restricted_table),
        MAILBOX_TEST(bookmarks_are_few),
        MAILBOX_TEST(reset_forgets_all),
        MAILBOX_TEST(values_of_a_row),
        MAILBOX_TEST(hierarchy_tables),
        MAILBOX_TEST(associated_and_deleted_messages),
        MAILBOX_TEST(attachment_tables),
        MAILBOX_TEST(many_rows_over_many_pages),
        MAILBOX_TEST(storage_that_fails),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
