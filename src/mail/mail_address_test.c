/* One-off entry ids, search keys, flat entry lists: against bytes written by hand, cut at every place, and back. */
#include "mail/mail_testing.h"

#include "mail/mail_address.h"

static const struct mail_address someone = {"A", "SMTP", "a@b"};

static void one_off_has_the_bytes_of_the_specification(void **state)
{
    static const uint8_t expected[] = {0, 0, 0, 0, /* flags */
        0x81, 0x2B, 0x1F, 0xA4, 0xBE, 0xA3, 0x10, 0x19, 0x9D, 0x6E, 0x00, 0xDD, 0x01, 0x0F, 0x54, 0x02, /* provider */
        0, 0,       /* version */
        0x01, 0x90, /* Unicode, no look-up, no rich text */
        'A', 0, 0, 0, 'S', 0, 'M', 0, 'T', 0, 'P', 0, 0, 0, 'a', 0, '@', 0, 'b', 0, 0, 0};
    struct arena arena = {0};
    struct bytes entry_id = one_off_entry_id(&arena, &someone);
    assert_int_equal(entry_id.size, sizeof expected);
    assert_memory_equal(entry_id.data, expected, sizeof expected);
    struct mail_address parsed;
    assert_true(one_off_entry_id_parse(&arena, entry_id, &parsed));
    assert_string_equal(parsed.name, "A");
    assert_string_equal(parsed.type, "SMTP");
    assert_string_equal(parsed.address, "a@b");
    for (size_t size = 0; size < entry_id.size; size++) /* cut anywhere, it is none */
        assert_false(one_off_entry_id_parse(&arena, bytes_of(entry_id.data, size), &parsed));
    arena_free(&arena);
}

static void one_off_of_8_bit_strings_is_read(void **state)
{
    uint8_t entry_id[] = "\0\0\0\0\x81\x2B\x1F\xA4\xBE\xA3\x10\x19\x9D\x6E\x00\xDD\x01\x0F\x54\x02\0\0\x01\x10J\xF6rg\0SMTP\0j@x\0";
    struct arena arena = {0};
    struct mail_address parsed;
    assert_true(one_off_entry_id_parse(&arena, bytes_of(entry_id, sizeof entry_id - 1), &parsed));
    assert_string_equal(parsed.name, "J\xC3\xB6rg");
    assert_string_equal(parsed.address, "j@x");
    entry_id[4] ^= 1; /* another provider */
    assert_false(one_off_entry_id_parse(&arena, bytes_of(entry_id, sizeof entry_id - 1), &parsed));
    arena_free(&arena);
}

static void search_key_is_upper_case_with_nul(void **state)
{
    struct arena arena = {0};
    struct bytes key = address_search_key(&arena, &someone);
    assert_int_equal(key.size, 9);
    assert_memory_equal(key.data, "SMTP:A@B", 9);
    arena_free(&arena);
}

static void flat_entry_list_pads_and_counts(void **state)
{
    struct arena arena = {0};
    struct bytes entries[] = {BYTES_LITERAL("abcde"), BYTES_LITERAL("fghi")};
    struct bytes list = flat_entry_list(&arena, entries, 2);
    static const uint8_t expected[] = {2, 0, 0, 0, 20, 0, 0, 0, 5, 0, 0, 0, 'a', 'b', 'c', 'd', 'e', 0, 0, 0, 4, 0, 0, 0, 'f', 'g',
        'h', 'i'};
    assert_int_equal(list.size, sizeof expected);
    assert_memory_equal(list.data, expected, sizeof expected);
    const struct bytes *parsed;
    uint32_t count;
    assert_true(flat_entry_list_parse(&arena, list, &parsed, &count));
    assert_int_equal(count, 2);
    assert_true(bytes_equal(parsed[0], entries[0]));
    assert_true(bytes_equal(parsed[1], entries[1]));
    for (size_t size = 0; size < list.size; size++)
        assert_false(flat_entry_list_parse(&arena, bytes_of(list.data, size), &parsed, &count));
    uint8_t huge[] = {0xFF, 0xFF, 0xFF, 0xFF, 4, 0, 0, 0, 0, 0, 0, 0}; /* a count that announces gigabytes */
    assert_false(flat_entry_list_parse(&arena, bytes_of(huge, sizeof huge), &parsed, &count));
    arena_free(&arena);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(one_off_has_the_bytes_of_the_specification),
        cmocka_unit_test(one_off_of_8_bit_strings_is_read),
        cmocka_unit_test(search_key_is_upper_case_with_nul),
        cmocka_unit_test(flat_entry_list_pads_and_counts),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
