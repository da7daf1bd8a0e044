/* The message in memory: properties once, names shared with embedded messages, mapping of names, caps. */
#include "mail/mail_testing.h"
#include "mail/mime_properties.h"
#include "protocol/property_tags.h"

static void properties_are_replaced_by_id(void **state)
{
    struct message *message = message_new();
    message_set_text(message, &message->properties, PID_TAG_SUBJECT, "one");
    message_set_text(message, &message->properties, PID_TAG_SUBJECT, "two");
    /* another type of the same id takes its place */
    message_set(message, (struct property_value){.tag = PROPERTY_TAG(0x0037, PTYP_STRING8), .bytes = BYTES_LITERAL("caf\xE9")});
    assert_int_equal(message->properties.count, 1);
    assert_null(message_find(&message->properties, PID_TAG_SUBJECT));
    assert_string_equal(message_get_text(message, &message->properties, PID_TAG_SUBJECT), "caf\xC3\xA9");
    message_remove(&message->properties, PID_TAG_SUBJECT);
    assert_int_equal(message->properties.count, 0);
    message_free(message);
}

static void names_are_shared_and_mapped(void **state)
{
    struct message *message = message_new();
    struct message_attachment *attachment = message_add_attachment(message);
    struct message *embedded = message_embed(message, attachment);
    uint16_t first = message_name_id_of_string(message, PROPERTY_SET_INTERNET_HEADERS, "x-one");
    uint16_t second = message_name_id_of_lid(embedded, PROPERTY_SET_MIME, 7);
    assert_int_equal(first, 0x8000);
    assert_int_equal(second, 0x8001);
    assert_int_equal(message_name_id_of_string(embedded, PROPERTY_SET_INTERNET_HEADERS, "x-one"), first);
    assert_int_not_equal(message_name_id_of_string(embedded, PROPERTY_SET_MIME, "x-one"), first);
    message_set_text(message, &message->properties, PROPERTY_TAG(first, PTYP_STRING), "1");
    message_set_u32(message, &embedded->properties, PROPERTY_TAG(second, PTYP_INTEGER32), 2);
    message_set_u32(message, &attachment->properties, PROPERTY_TAG(second, PTYP_INTEGER32), 3);
    uint32_t count;
    assert_non_null(message_names(embedded, &count));
    assert_int_equal(count, 3);
    /* MS-OXCPRPT 2.2.12: a mailbox may refuse a name with id 0; such properties go and are counted */
    assert_int_equal(message_map_names(message, (uint16_t[]){0x8123, 0, 0}, 3), 2);
    assert_non_null(message_find(&message->properties, PROPERTY_TAG(0x8123, PTYP_STRING)));
    assert_int_equal(embedded->properties.count, 0);
    message_free(message);
}

static bool released;
static void release(void *memory)
{
    released = true;
    free(memory);
}

static void adopted_memory_is_released(void **state)
{
    struct message *message = message_new();
    released = false;
    assert_true(message_adopt(message, malloc(10), 10, release));
    assert_false(released);
    message_free(message);
    assert_true(released);
    message = message_new();
    released = false;
    assert_false(message_adopt(message, malloc(10), MESSAGE_MEMORY_SIZE_MAX + 1, release)); /* at once, beyond the cap */
    assert_true(released);
    assert_true(message_failed(message));
    assert_null(message_add_recipient(message, MESSAGE_RECIPIENT_TO)); /* and nothing goes in any more */
    message_free(message);
}

static void attachments_end_at_the_cap(void **state)
{
    struct message *message = message_new();
    uint32_t count = 0;
    while (count <= MESSAGE_ATTACHMENTS_MAX && message_add_attachment(message))
        count++;
    assert_true(count <= MESSAGE_ATTACHMENTS_MAX);
    assert_true(message_failed(message));
    message_free(message);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(properties_are_replaced_by_id),
        cmocka_unit_test(names_are_shared_and_mapped),
        cmocka_unit_test(adopted_memory_is_released),
        cmocka_unit_test(attachments_end_at_the_cap),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
