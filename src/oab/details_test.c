#include "oab/details.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <cmocka.h>

#include "oab/mapping.h"

static const struct oab_property properties[] = {
    {0x3003001E, OAB_PROPERTY_INDEX}, {0x39FE001F, OAB_PROPERTY_INDEX}, {0x3001001F, OAB_PROPERTY_ANR}, {0x39000003, 0},
    {0x3A40000B, 0}, {0x3A1B101F, 0}, {0x8C6D0102, 0}, {0x3A701102, 0}, {0x68051003, 0},
};
#define PROPERTY_COUNT (sizeof properties / sizeof *properties)

static struct bytes text(const char *string)
{
    return bytes_of_string(string);
}

static void add_entry(struct oab_details_writer *writer, struct oab_record *record, unsigned number)
{
    char address[64];
    snprintf(address, sizeof address, "user%u@example.org", number);
    uint8_t guid[16] = {(uint8_t)(number >> 8), (uint8_t)number};
    oab_record_begin(record, PROPERTY_COUNT);
    oab_record_put_text(record, 0, text("/o=Organization/cn=user"));
    oab_record_put_text(record, 1, text(address));
    oab_record_put_text(record, 2, text(number % 2 ? "" : "Ren\xC3\xA9"));
    oab_record_put_number(record, 3, number);
    oab_record_put_boolean(record, 4, number % 2);
    oab_record_put_texts(record, 5, 3, (struct bytes[]){text("one"), text(""), text("two")});
    oab_record_put_binary(record, 6, bytes_of(guid, sizeof guid));
    oab_record_put_binaries(record, 7, number % 3, (struct bytes[]){bytes_of("\0\1", 2), bytes_of(guid, 16)});
    oab_record_put_numbers(record, 8, number % 3, (uint32_t[]){0x8C9E0102, 0x3A701102});
    oab_details_add(writer, oab_record_finish(record));
}

static struct oab_mapping write_file(unsigned count, uint32_t sequence)
{
    struct oab_details_header header = {"\\Global Address List", "/", sequence, {{1, 2, 3}}};
    struct oab_details_writer writer;
    struct oab_record record = {0};
    struct oab_mapping mapping;
    FILE *file = tmpfile();
    oab_details_begin(&writer, fileno(file), &header, properties, PROPERTY_COUNT);
    for (unsigned i = 0; i < count; i++)
        add_entry(&writer, &record, i);
    assert_true(oab_details_end(&writer));
    assert_true(oab_mapping_of(fileno(file), &mapping));
    buffer_free(&record.data);
    fclose(file);
    return mapping;
}

static void check_entry(const struct oab_value *values, unsigned number)
{
    char address[64];
    snprintf(address, sizeof address, "user%u@example.org", number);
    assert_true(bytes_equal(values[1].items[0], text(address)));
    assert_int_equal(values[2].present, number % 2 == 0); /* an empty one is not there */
    assert_int_equal(values[3].number, number);
    assert_true(values[4].present);
    assert_int_equal(values[4].number, number % 2);
    assert_int_equal(values[5].count, 2);
    assert_true(bytes_equal(values[5].items[1], text("two")));
    assert_int_equal(values[6].items[0].size, 16);
    assert_int_equal(values[7].present, number % 3 != 0);
    if (values[7].present)
        assert_int_equal(values[7].items[0].size, 2);
    if (values[8].present)
        assert_int_equal(values[8].numbers[0], 0x8C9E0102);
}

static void test_entries_come_back(void **state)
{
    struct arena arena = {0};
    struct oab_details details;
    struct oab_mapping file = write_file(300, 77); /* numbers of one and of several bytes */
    assert_int_equal(oab_details_open(&arena, file.bytes, &details), OAB_OK);
    assert_string_equal(details.name, "\\Global Address List");
    assert_string_equal(details.dn, "/");
    assert_string_equal(details.container, "00030201-0000-0000-0000-000000000000");
    assert_int_equal(details.sequence, 77);
    assert_int_equal(details.record_count, 300);
    assert_int_equal(details.property_count, PROPERTY_COUNT);
    assert_memory_equal(details.properties, properties, sizeof properties);
    size_t offset = details.header_end;
    for (unsigned i = 0; i < 300; i++) {
        const struct oab_value *values;
        assert_int_equal(oab_details_read(&arena, &details, &offset, &values), OAB_OK);
        check_entry(values, i);
    }
    assert_int_equal(offset, file.bytes.size);
    const char *problem;
    assert_int_equal(oab_details_verify(file.bytes, &problem), OAB_OK);
    oab_mapping_close(&file);
    arena_free(&arena);
}

/* MS-OXOAB 2.9.1 to 2.9.6 byte by byte, so that writer and reader cannot be wrong together. */
static void test_bytes_of_a_file(void **state)
{
    struct oab_details_header header = {"\\L", "/", 300, {{0}}};
    static const struct oab_property two[] = {{0x3003001E, 2}, {0x39FE001F, 2}};
    static const uint8_t expected[] = {
        0x20, 0, 0, 0, /* serial: below */ 0, 0, 0, 0, 1, 0, 0, 0,
        60, 0, 0, 0, /* OAB_META_DATA, its size */
        4, 0, 0, 0, 0x1F, 0, 0x00, 0x68, 0, 0, 0, 0, 0x1E, 0, 0x04, 0x68, 0, 0, 0, 0, 3, 0, 0x01, 0x68, 0, 0, 0, 0,
        0x1E, 0, 0x02, 0x68, 0, 0, 0, 0,
        2, 0, 0, 0, 0x1E, 0, 0x03, 0x30, 2, 0, 0, 0, 0x1F, 0, 0xFE, 0x39, 2, 0, 0, 0,
        50, 0, 0, 0, 0xF0, '\\', 'L', 0, '/', 0, 0x82, 0x2C, 0x01,
        '0', '0', '0', '0', '0', '0', '0', '0', '-', '0', '0', '0', '0', '-', '0', '0', '0', '0', '-', '0', '0', '0', '0', '-',
        '0', '0', '0', '0', '0', '0', '0', '0', '0', '0', '0', '0', 0,
        11, 0, 0, 0, 0xC0, '/', 'a', 0, 'b', '@', 0,
    };
    struct oab_details_writer writer;
    struct oab_record record = {0};
    struct oab_mapping mapping;
    FILE *file = tmpfile();
    oab_details_begin(&writer, fileno(file), &header, two, 2);
    oab_record_begin(&record, 2);
    oab_record_put_text(&record, 0, text("/a"));
    oab_record_put_text(&record, 1, text("b@"));
    oab_details_add(&writer, oab_record_finish(&record));
    assert_true(oab_details_end(&writer));
    assert_true(oab_mapping_of(fileno(file), &mapping));
    assert_int_equal(mapping.bytes.size, sizeof expected);
    assert_memory_equal(mapping.bytes.data, expected, 4);
    assert_memory_equal(mapping.bytes.data + 8, expected + 8, sizeof expected - 8);
    assert_int_equal(load_u32(mapping.bytes.data + 4), oab_crc(OAB_CRC_START, bytes_of(expected + 12, sizeof expected - 12)));
    oab_mapping_close(&mapping);
    buffer_free(&record.data);
    fclose(file);
}

/* MS-OXOAB 2.9.6.1 */
static void test_numbers(void **state)
{
    static const struct {
        uint32_t number;
        uint8_t size, bytes[5];
    } cases[] = {{0, 1, {0}}, {127, 1, {127}}, {128, 2, {0x81, 0x80}}, {255, 2, {0x81, 0xFF}}, {256, 3, {0x82, 0, 1}},
        {0x12345, 4, {0x83, 0x45, 0x23, 0x01}}, {UINT32_MAX, 5, {0x84, 0xFF, 0xFF, 0xFF, 0xFF}}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct oab_record record = {0};
        oab_record_begin(&record, 1);
        oab_record_put_number(&record, 0, cases[i].number);
        struct bytes finished = oab_record_finish(&record);
        assert_int_equal(finished.size, 5u + cases[i].size);
        assert_memory_equal(finished.data + 5, cases[i].bytes, cases[i].size);
        buffer_free(&record.data);
    }
}

static void test_damaged_files_are_refused(void **state)
{
    struct oab_mapping file = write_file(5, 1);
    const char *problem;
    for (size_t cut = 0; cut < file.bytes.size; cut++) {
        uint8_t *part = malloc(cut + 1);
        memcpy(part, file.bytes.data, cut);
        assert_int_equal(oab_details_verify(bytes_of(part, cut), &problem), OAB_MALFORMED);
        assert_non_null(problem);
        free(part);
    }
    uint8_t *copy = malloc(file.bytes.size);
    for (size_t place = 0; place < file.bytes.size; place++)
        for (unsigned bit = 0; bit < 8; bit++) {
            memcpy(copy, file.bytes.data, file.bytes.size);
            copy[place] ^= (uint8_t)(1u << bit);
            assert_int_equal(oab_details_verify(bytes_of(copy, file.bytes.size), &problem), OAB_MALFORMED);
        }
    free(copy);
    oab_mapping_close(&file);
}

/* The CRC repaired, what is inside is looked at all the same. */
static void test_structure_is_checked_too(void **state)
{
    struct oab_mapping file = write_file(5, 1);
    uint8_t *copy = malloc(file.bytes.size);
    unsigned refused = 0;
    const char *problem;
    for (size_t place = 12; place < file.bytes.size; place++) {
        memcpy(copy, file.bytes.data, file.bytes.size);
        copy[place] = 0xFF;
        store_u32(copy + 4, oab_crc(OAB_CRC_START, bytes_of(copy + 12, file.bytes.size - 12)));
        refused += oab_details_verify(bytes_of(copy, file.bytes.size), &problem) != OAB_OK;
    }
    assert_in_range(refused, 100, file.bytes.size);
    free(copy);
    oab_mapping_close(&file);
}

static void test_entries_need_address_and_dn(void **state)
{
    struct oab_details_header header = {"\\L", "/", 1, {{0}}};
    struct oab_details_writer writer;
    struct oab_record record = {0};
    struct oab_mapping mapping;
    FILE *file = tmpfile();
    oab_details_begin(&writer, fileno(file), &header, properties, PROPERTY_COUNT);
    oab_record_begin(&record, PROPERTY_COUNT);
    oab_record_put_text(&record, 0, text("/cn=without address"));
    oab_details_add(&writer, oab_record_finish(&record));
    assert_true(oab_details_end(&writer));
    assert_true(oab_mapping_of(fileno(file), &mapping));
    const char *problem;
    assert_int_equal(oab_details_verify(mapping.bytes, &problem), OAB_MALFORMED);
    assert_string_equal(problem, "an entry lacks a property that every entry must have");
    oab_mapping_close(&mapping);
    buffer_free(&record.data);
    fclose(file);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_entries_come_back),
        cmocka_unit_test(test_bytes_of_a_file),
        cmocka_unit_test(test_numbers),
        cmocka_unit_test(test_damaged_files_are_refused),
        cmocka_unit_test(test_structure_is_checked_too),
        cmocka_unit_test(test_entries_need_address_and_dn),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
