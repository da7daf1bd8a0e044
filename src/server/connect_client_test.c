#include "server/connect_client.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>
#include <cmocka.h>

#include "base/text.h"
#include "protocol/auxiliary.h"
#include "protocol/extended_buffer.h"

/* A block whose only text stands behind its fixed part ('fixed' bytes with the block's header), with its terminator. */
static struct bytes text_behind(struct arena *arena, const char *text)
{
    struct bytes utf16 = text_utf16_of_utf8(arena, bytes_of_string(text));
    uint8_t *data = arena_allocate(arena, utf16.size + 2);
    memcpy(data, utf16.data, utf16.size);
    return bytes_of(data, utf16.size + 2);
}

static struct bytes unit_of(struct arena *arena, const char *machine, const char *process)
{
    struct buffer blocks = {0}, unit = {0};
    struct auxiliary_perf_clientinfo client = {.machine_name_offset = 32, .client_mode = 2, .data = text_behind(arena, machine)};
    struct auxiliary_perf_processinfo program = {.process_name_offset = 28, .data = text_behind(arena, process)};
    assert_true(auxiliary_append(&blocks, 1, AUXILIARY_TYPE_PERF_CLIENTINFO, &client));
    assert_true(auxiliary_append(&blocks, 2, AUXILIARY_TYPE_PERF_PROCESSINFO, &program));
    assert_true(extended_buffer_append(&unit, buffer_bytes(&blocks), EXTENDED_FLAGS_LAST));
    struct bytes copy = arena_bytes(arena, buffer_bytes(&unit));
    buffer_free(&blocks);
    buffer_free(&unit);
    return copy;
}

static void names_are_read(void **state)
{
    struct arena arena = {0};
    struct connect_client client;
    connect_client_read(&arena, unit_of(&arena, "DESK-7", "OUTLOOK.EXE"), &client);
    assert_string_equal(client.machine, "DESK-7");
    assert_string_equal(client.process, "OUTLOOK.EXE");
    assert_int_equal(client.mode, CLIENT_MODE_CACHED);
    arena_free(&arena);
}

static void long_and_strange_names_are_tamed(void **state)
{
    struct arena arena = {0};
    struct connect_client client;
    char long_name[200] = "";
    for (int i = 0; i < 60; i++)
        strcat(long_name, "\xC3\xBC");
    connect_client_read(&arena, unit_of(&arena, long_name, "a\nb\x7F"), &client);
    assert_int_equal(strlen(client.machine), 62); /* whole characters */
    assert_string_equal(client.process, "a?b?");
    arena_free(&arena);
}

static void what_cannot_be_read_says_nothing(void **state)
{
    struct arena arena = {0};
    struct connect_client client;
    struct bytes whole = unit_of(&arena, "DESK-7", "OUTLOOK.EXE");
    for (size_t size = 0; size < whole.size; size++) {
        uint8_t *cut = arena_copy(&arena, whole.data, size + 1);
        connect_client_read(&arena, bytes_of(cut, size), &client);
        assert_true(strlen(client.machine) < sizeof client.machine);
        assert_string_equal(client.process, "");
        assert_int_equal(client.mode, CLIENT_MODE_UNKNOWN);
    }
    arena_free(&arena);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(names_are_read),
        cmocka_unit_test(long_and_strange_names_are_tamed),
        cmocka_unit_test(what_cannot_be_read_says_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
