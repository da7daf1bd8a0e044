/* Restrictions on tables (MS-OXCTABL 3.2.5.4, MS-OXCDATA 2.12). */
#include "mailbox/test_table.h"

static void every_kind_of_restriction(void **state)
{
    fill(INBOX, 6, NULL);
    struct message *message = new_message(INBOX, "Größe und Maß");
    struct property_value values[2] = {
        text_property(PID_TAG_DISPLAY_NAME, "Bob"), text_property(PID_TAG_EMAIL_ADDRESS, "bob@x")};
    struct recipient to = {.row_id = 0, .type = 1, .properties = {2, values}};
    assert_ok(message_modify_recipients(LOGON, message, &to, NULL, 1));
    uint32_t number;
    struct attachment *attachment;
    assert_ok(attachment_create(LOGON, message, &attachment, &number));
    set_property(OBJECT_OF_ATTACHMENT(attachment), text_property(PID_TAG_ATTACH_LONG_FILENAME, "report.pdf"));
    assert_ok(attachment_save(LOGON, attachment, 0));
    attachment_close(LOGON, attachment);
    struct bytes keywords[] = {utf16("Red"), utf16("Blue")};
    set_property(OBJECT_OF_MESSAGE(message), (struct property_value){.tag = PROPERTY_TAG(0x6801, PTYP_MULTIPLE_STRING),
                                                 .multiple = {.count = 2, .bytes = keywords}});
    static uint8_t long_body[60000];
    for (size_t i = 0; i < sizeof long_body; i += 2)
        store_u16(long_body + i, i == 59000 ? 'Q' : 'x');
    set_property(OBJECT_OF_MESSAGE(message), value_bytes(PID_TAG_BODY, bytes_of(long_body, sizeof long_body)));
    save(message);
    message_close(LOGON, message);
    struct table *table = contents(INBOX, PID_TAG_SUBJECT);
    sort_by(table, PID_TAG_SUBJECT, 0);
    struct property_value two = value_integer32(PID_TAG_IMPORTANCE, 2), mid = text_property(PID_TAG_SUBJECT, "C");
    assert_string_equal(restricted(table, property_is(RELATIONAL_OPERATOR_EQUAL, two)), "c f");
    assert_string_equal(restricted(table, property_is(RELATIONAL_OPERATOR_NOT_EQUAL, two)), "a b d e Größe und Maß");
    assert_string_equal(restricted(table, property_is(RELATIONAL_OPERATOR_LESS, mid)), "a b"); /* texts without case */
    assert_string_equal(restricted(table, property_is(RELATIONAL_OPERATOR_LESS_OR_EQUAL, mid)), "a b c");
    assert_string_equal(restricted(table, property_is(RELATIONAL_OPERATOR_GREATER, mid)), "d e f Größe und Maß");
    assert_string_equal(restricted(table, property_is(RELATIONAL_OPERATOR_GREATER_OR_EQUAL, mid)), "c d e f Größe und Maß");
    assert_string_equal(restricted(table, content(0, 1, PID_TAG_SUBJECT, "GRÖSSE")), "");
    assert_string_equal(restricted(table, content(2, 1, PID_TAG_SUBJECT, "GRÖ")), "Größe und Maß");
    assert_string_equal(restricted(table, content(2, 0, PID_TAG_SUBJECT, "GRÖ")), "");
    assert_string_equal(restricted(table, content(1, 2, PID_TAG_SUBJECT, "oße und Maß")), "Größe und Maß");
    assert_string_equal(restricted(table, content(1, 4, PID_TAG_SUBJECT, "OSSE")), "");
    assert_string_equal(restricted(table, content(0x10, 1, PID_TAG_SUBJECT, "un")), "Größe und Maß");
    assert_string_equal(restricted(table, content(0x20, 1, PID_TAG_SUBJECT, "un")), "");
    assert_string_equal(restricted(table, content(0x20, 1, PID_TAG_SUBJECT, "und maß")), "Größe und Maß");
    assert_string_equal(restricted(table, content(1, 1, PID_TAG_BODY, "q")), "Größe und Maß"); /* kept apart */
    struct restriction keyword = content(0, 1, PROPERTY_TAG(0x6801, PTYP_MULTIPLE_STRING), "blue");
    keyword.content.value.tag = PROPERTY_TAG(0x6801, PTYP_STRING);
    assert_string_equal(restricted(table, keyword), "Größe und Maß");
    struct restriction bits = {
        .type = RESTRICTION_TYPE_BITMASK, .bitmask = {BITMAP_OPERATOR_NOT_EQUAL_TO_ZERO, PID_TAG_MESSAGE_FLAGS, 0x10}};
    assert_string_equal(restricted(table, bits), "Größe und Maß");
    struct restriction size = {.type = RESTRICTION_TYPE_SIZE, .size = {RELATIONAL_OPERATOR_GREATER, PID_TAG_SUBJECT, 2}};
    assert_string_equal(restricted(table, size), "Größe und Maß");
    struct restriction exist = {.type = RESTRICTION_TYPE_EXIST, .exist = {PROPERTY_TAG(0x6801, PTYP_MULTIPLE_STRING)}};
    assert_string_equal(restricted(table, exist), "Größe und Maß");
    struct restriction not = {.type = RESTRICTION_TYPE_NOT, .negated = &exist};
    assert_string_equal(restricted(table, not ), "a b c d e f");
    struct restriction both[] = {not, property_is(RELATIONAL_OPERATOR_EQUAL, two)};
    struct restriction and = {.type = RESTRICTION_TYPE_AND, .count = 2, .restrictions = both};
    assert_string_equal(restricted(table, and), "c f");
    struct restriction either[] = {exist, property_is(RELATIONAL_OPERATOR_EQUAL, two)};
    struct restriction or = {.type = RESTRICTION_TYPE_OR, .count = 2, .restrictions = either};
    assert_string_equal(restricted(table, or), "c f Größe und Maß");
    struct restriction compare = {.type = RESTRICTION_TYPE_COMPARE_PROPERTIES,
        .compare_properties = {RELATIONAL_OPERATOR_EQUAL, PID_TAG_SUBJECT, PID_TAG_NORMALIZED_SUBJECT}};
    assert_string_equal(restricted(table, compare), "a b c d e f Größe und Maß");
    struct restriction bob = content(0, 1, PID_TAG_DISPLAY_NAME, "BOB");
    struct restriction recipients = {.type = RESTRICTION_TYPE_SUB_OBJECT, .sub_object = {PID_TAG_MESSAGE_RECIPIENTS, &bob}};
    assert_string_equal(restricted(table, recipients), "Größe und Maß");
    struct restriction pdf = content(1, 1, PID_TAG_ATTACH_LONG_FILENAME, ".PDF");
    struct restriction attachments = {
        .type = RESTRICTION_TYPE_SUB_OBJECT, .sub_object = {PID_TAG_MESSAGE_ATTACHMENTS, &pdf}};
    assert_string_equal(restricted(table, attachments), "Größe und Maß");
    struct restriction comment = {
        .type = RESTRICTION_TYPE_COMMENT, .comment = {.restriction_present = 1, .restriction = &both[1]}};
    assert_string_equal(restricted(table, comment), "c f");
    struct restriction count = {.type = RESTRICTION_TYPE_COUNT, .counted = {2, &not }};
    assert_string_equal(restricted(table, count), "a b");
    assert_ok(table_restrict(LOGON, table, NULL)); /* MS-OXCTABL R454 */
    assert_string_equal(rest(table), "a b c d e f Größe und Maß");
    table_close(LOGON, table);
}

static void restrictions_that_are_too_much(void **state)
{
    struct table *table = contents(INBOX, PID_TAG_SUBJECT);
    static struct restriction deep[200];
    for (int i = 0; i < 199; i++)
        deep[i] = (struct restriction){.type = RESTRICTION_TYPE_NOT, .negated = &deep[i + 1]};
    deep[199] = (struct restriction){.type = RESTRICTION_TYPE_EXIST};
    assert_int_equal(table_restrict(LOGON, table, deep), EC_TOO_COMPLEX);
    static struct restriction many[5000];
    for (int i = 0; i < 5000; i++)
        many[i] = (struct restriction){.type = RESTRICTION_TYPE_EXIST};
    struct restriction or = {.type = RESTRICTION_TYPE_OR, .count = 5000, .restrictions = many};
    assert_int_equal(table_restrict(LOGON, table, & or), EC_TOO_COMPLEX);
    struct restriction unknown = {.type = 0x55};
    assert_int_equal(table_restrict(LOGON, table, &unknown), EC_INVALID_PARAMETER);
    struct restriction hollow = {.type = RESTRICTION_TYPE_NOT, .negated = NULL};
    assert_int_equal(table_restrict(LOGON, table, &hollow), EC_INVALID_PARAMETER);
    table_close(LOGON, table);
}

static void a_restricted_table_follows_changes(void **state)
{
    uint64_t ids[9];
    bool partial;
    fill(INBOX, 9, ids); /* c f i have importance 2 */
    struct table *table = contents(INBOX, PID_TAG_SUBJECT);
    sort_by(table, PID_TAG_SUBJECT, 1);
    assert_string_equal(
        restricted(table, property_is(RELATIONAL_OPERATOR_EQUAL, value_integer32(PID_TAG_IMPORTANCE, 2))), "i f c");
    int32_t moved;
    bool less;
    assert_ok(table_seek(LOGON, table, TABLE_BEGINNING, 0, &moved, &less));
    query(table, true, 1);                                                          /* i | f c */
    struct message *message = open_message(INBOX, ids[7], MESSAGE_OPEN_READ_WRITE); /* h becomes one of them */
    set_property(OBJECT_OF_MESSAGE(message), value_integer32(PID_TAG_IMPORTANCE, 2));
    save(message);
    message_close(LOGON, message);
    check_position(table, 2, 4);                                                  /* it came before the position's row */
    assert_ok(folder_delete_messages(LOGON, INBOX, &ids[5], 1, false, &partial)); /* f, which the position is before */
    check_position(table, 2, 3);
    assert_string_equal(rest(table), "c");
    table_close(LOGON, table);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        MAILBOX_TEST(every_kind_of_restriction),
        MAILBOX_TEST(restrictions_that_are_too_much),
        MAILBOX_TEST(a_restricted_table_follows_changes),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
