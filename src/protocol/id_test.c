/* Identifiers and entry ids that a mailbox makes (MS-OXCDATA 2.2, MS-OXCFXICS 2.2.2). */
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>
#include "protocol/entry_id.h"
#include "protocol/id.h"
#include "wire/wire.h"

static const struct guid replica = { { 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15 } };
static const struct guid mailbox = { { 0xF0, 0xE1, 0xD2, 0xC3 } };

/* Folder 0x64 of replid 1 as Exchange Server has it in its logon answer: 01 00 then the counter, big-endian. */
static void wire_ids(void **state)
{
    static const uint8_t bytes[8] = { 0x01, 0x00, 0x00, 0x00, 0x00, 0x00, 0x01, 0x64 };
    uint64_t id = id_of_wire(load_u64(bytes));
    assert_int_equal(id_replid(id), 1);
    assert_int_equal(id_counter(id), 0x164);
    assert_int_equal(id, id_make(1, 0x164));
    assert_int_equal(id_to_wire(id), load_u64(bytes));
    assert_true(id_make(1, 5) < id_make(1, 6)); /* ordered as given out */
    for (int shift = 0; shift < 64; shift++) {
        uint64_t one = 1ull << shift;
        assert_int_equal(id_to_wire(id_of_wire(one)), one);
        assert_int_equal(id_of_wire(id_to_wire(one)), one);
    }
}

static void keys(void **state)
{
    struct arena arena = { 0 };
    uint8_t key[SOURCE_KEY_SIZE];
    struct guid guid;
    uint64_t counter = 7;
    source_key_make(replica, 0x0102030405FF, key);
    assert_memory_equal(key, replica.data, 16);
    assert_memory_equal(key + 16, "\x01\x02\x03\x04\x05\xFF", 6);
    assert_true(source_key_parse(bytes_of(key, sizeof key), &guid, &counter));
    assert_true(guid_equal(guid, replica));
    assert_int_equal(counter, 0x0102030405FF);
    counter = 7;
    assert_false(source_key_parse(bytes_of(key, 21), &guid, &counter)); /* a foreign one */
    assert_int_equal(counter, 7);
    struct bytes list = predecessor_change_list_of(&arena, bytes_of(key, sizeof key));
    assert_int_equal(list.size, 23);
    assert_int_equal(list.data[0], 22);
    struct long_term_id id = long_term_id_make(replica, 0x10);
    assert_int_equal(id.global_counter[5], 0x10);
    assert_int_equal(id.pad, 0);
    arena_free(&arena);
}

static void folder_and_message_entry_ids(void **state)
{
    struct arena arena = { 0 };
    struct guid provider, folder_replica, message_replica;
    uint64_t folder, message;
    struct bytes id = entry_id_of_folder(&arena, mailbox, ENTRY_ID_OBJECT_TYPE_PRIVATE_FOLDER, replica, 0x164);
    assert_int_equal(id.size, ENTRY_ID_FOLDER_SIZE);
    assert_int_equal(entry_id_kind_of(id), ENTRY_ID_FOLDER);
    assert_true(entry_id_read_folder(id, &provider, &folder_replica, &folder));
    assert_true(guid_equal(provider, mailbox));
    assert_int_equal(folder, 0x164);
    assert_false(entry_id_read_message(id, &provider, NULL, NULL, NULL, &message));
    assert_false(entry_id_read_folder(bytes_of(id.data, id.size - 1), NULL, NULL, &folder));
    id = entry_id_of_message(&arena, mailbox, ENTRY_ID_OBJECT_TYPE_PRIVATE_MESSAGE, replica, 0x164, replica, 0x200);
    assert_int_equal(id.size, ENTRY_ID_MESSAGE_SIZE);
    assert_int_equal(entry_id_kind_of(id), ENTRY_ID_MESSAGE);
    assert_true(entry_id_read_message(id, &provider, &folder_replica, &folder, &message_replica, &message));
    assert_int_equal(folder, 0x164);
    assert_int_equal(message, 0x200);
    assert_true(guid_equal(message_replica, replica));
    arena_free(&arena);
}

static void other_entry_ids(void **state)
{
    struct arena arena = { 0 };
    struct bytes id = entry_id_of_address_book(&arena, ADDRESS_BOOK_TYPE_LOCAL_MAIL_USER, "/o=x/cn=y");
    struct address_book_entry_id user;
    assert_int_equal(entry_id_kind_of(id), ENTRY_ID_ADDRESS_BOOK);
    assert_true(wire_decode(&arena, &address_book_entry_id_structure, id, NULL, &user, NULL));
    assert_true(bytes_equal(user.x500_dn, bytes_of_string("/o=x/cn=y")));
    assert_int_equal(user.version, 1);
    struct one_off_entry_id one_off;
    id = entry_id_of_one_off(&arena, bytes_of(u"Al", 4), bytes_of(u"SMTP", 8), bytes_of(u"a@b", 6));
    assert_int_equal(entry_id_kind_of(id), ENTRY_ID_ONE_OFF);
    assert_true(wire_decode(&arena, &one_off_entry_id_structure, id, NULL, &one_off, NULL));
    assert_true(bytes_equal(one_off.email_address, bytes_of(u"a@b", 6)));
    struct store_entry_id store;
    id = entry_id_of_store(&arena, "EX1", "/o=x");
    assert_int_equal(entry_id_kind_of(id), ENTRY_ID_STORE);
    assert_true(wire_decode(&arena, &store_entry_id_structure, id, NULL, &store, NULL));
    assert_true(bytes_equal(store.mailbox_dn, bytes_of_string("/o=x")));
    assert_memory_equal(store.dll_file_name, "emsmdb.dll\0\0\0\0", 14);
    assert_int_equal(entry_id_kind_of(BYTES_NONE), ENTRY_ID_UNKNOWN);
    assert_int_equal(entry_id_kind_of(bytes_of(id.data, 21)), ENTRY_ID_UNKNOWN);
    assert_null(entry_id_structure(ENTRY_ID_UNKNOWN));
    arena_free(&arena);
}

/* MS-OXCDATA 2.3.3: sizes that lead outside, more entries than bytes. */
static void malformed_flat_entry_lists(void **state)
{
    static const struct { const char *bytes; size_t size; } cases[] = {
        { "", 0 },
        { "\1\0\0\0\0\0\0\0", 8 },
        { "\1\0\0\0\5\0\0\0\2\0\0\0a", 13 },
        { "\377\377\377\377\4\0\0\0\0\0\0\0", 12 },
        { "\2\0\0\0\6\0\0\0\1\0\0\0ab", 14 },
        { "\1\0\0\0\4\0\0\0\0\0\0\0x", 13 },
    };
    struct arena arena = { 0 };
    struct bytes *entries;
    uint32_t count;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        assert_false(flat_entry_list_read(&arena, bytes_of(cases[i].bytes, cases[i].size), &count, &entries));
    struct bytes two[] = { bytes_of("abcde", 5), bytes_of("f", 1) };
    struct bytes list = flat_entry_list_of(&arena, 2, two);
    assert_int_equal(list.size, 8 + 12 + 8);
    assert_true(flat_entry_list_read(&arena, list, &count, &entries));
    assert_int_equal(count, 2);
    assert_true(bytes_equal(entries[1], two[1]));
    arena_free(&arena);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(wire_ids),
        cmocka_unit_test(keys),
        cmocka_unit_test(folder_and_message_entry_ids),
        cmocka_unit_test(other_entry_ids),
        cmocka_unit_test(malformed_flat_entry_lists),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
