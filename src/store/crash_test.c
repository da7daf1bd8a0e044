/* kill -9 during saves: every save that was acknowledged is there exactly once, no other is half there, and the file is
 * sound. A child saves and tells each commit through a pipe; the parent kills it at a random moment and looks. */
#include "store/contract.h"

#include <signal.h>
#include <sys/wait.h>
#include <time.h>

#define SAVES 1000
#define KILLS 10

/* Each message carries its number, a body kept apart and an attachment, so that a save writes to many tables. */
static void save(uint64_t folder_id, uint32_t number)
{
    struct property_value values[] = {{.tag = TAG_IMPORTANCE, .integer32 = (int32_t)number},
        {.tag = TAG_DELIVERY_TIME, .time = number}, {.tag = TAG_BODY, .bytes = filled(5000, (uint8_t)number)}};
    struct property_value data = {.tag = TAG_ATTACH_DATA, .bytes = filled(9000, (uint8_t)number)};
    uint64_t counters;
    assert_ok(store_allocate_counters(fixture.mailbox, 3, &counters));
    struct store_attachment_write attachment = {.attachment_id = ID(counters + 2), .content.properties = {1, &data}};
    struct store_message_write write = {.message_id = ID(counters), .folder_id = folder_id,
        .change_number = ID(counters + 1), .content.properties = {3, values}, .attachments = &attachment,
        .attachment_count = 1};
    assert_ok(store_begin(fixture.mailbox));
    assert_ok(store_savepoint(fixture.mailbox, "rop"));
    assert_ok(store_message_create(fixture.mailbox, &write));
    assert_ok(store_savepoint_release(fixture.mailbox, "rop"));
    assert_ok(store_commit(fixture.mailbox));
    arena_reset(&fixture.arena);
}

/* The child: its own store; each acknowledged number goes into the pipe. */
static void save_all(const char *directory, uint64_t folder_id, uint32_t first, int acknowledged)
{
    fixture.store = contract_open(directory);
    if (store_mailbox_open(fixture.store, fixture.guid, &fixture.mailbox) != STORE_OK)
        _exit(1);
    for (uint32_t number = first; number < first + SAVES; number++) {
        save(folder_id, number);
        if (write(acknowledged, &number, sizeof(number)) != sizeof(number))
            _exit(1);
    }
    _exit(0);
}

/* Numbers acknowledged before the child died; how many. */
static uint32_t read_acknowledged(int pipe_end, bool *acknowledged)
{
    uint32_t number, count = 0;
    while (read(pipe_end, &number, sizeof(number)) == sizeof(number)) {
        acknowledged[number] = true;
        count++;
    }
    return count;
}

static uint32_t run_and_kill(uint64_t folder_id, uint32_t first, uint32_t delay_us, bool *acknowledged)
{
    int ends[2];
    assert_int_equal(pipe(ends), 0);
    pid_t child = fork();
    if (child == 0) {
        close(ends[0]);
        save_all(fixture.directory, folder_id, first, ends[1]);
    }
    close(ends[1]);
    struct timespec delay = {0, (long)delay_us * 1000};
    nanosleep(&delay, NULL);
    kill(child, SIGKILL);
    uint32_t count = read_acknowledged(ends[0], acknowledged);
    close(ends[0]);
    assert_int_equal(waitpid(child, NULL, 0), child);
    return count;
}

static void assert_each_once(uint64_t folder_id, const bool *acknowledged, uint32_t numbers)
{
    struct store_view view;
    const struct store_message *rows;
    uint32_t count;
    bool end, *found = calloc(numbers, sizeof(bool));
    struct arena page = {0};
    assert_ok(store_view_open(fixture.mailbox, folder_id, STORE_MESSAGE_NORMAL, NULL, 0, &view));
    struct store_page_request request = {.view_id = view.view_id, .rows_max = numbers};
    assert_ok(store_view_page(fixture.mailbox, &page, &request, &rows, &count, &end));
    assert_int_equal(count, view.count);
    for (uint32_t i = 0; i < count; i++) {
        struct packed_entry entry;
        const struct store_attachment *attachments;
        uint32_t attachment_count;
        assert_true(packed_properties_find(&fixture.arena, rows[i].properties, PROPERTY_ID(TAG_IMPORTANCE), &entry));
        uint32_t number = (uint32_t)entry.value.integer32;
        assert_true(number < numbers);
        assert_false(found[number]);
        found[number] = true;
        assert_bytes(get_property(rows[i].properties, TAG_BODY), filled(5000, (uint8_t)number));
        assert_ok(store_attachment_list(fixture.mailbox, &fixture.arena, rows[i].message_id, 0, &attachments,
            &attachment_count));
        assert_int_equal(attachment_count, 1);
        assert_bytes(get_property(attachments[0].properties, TAG_ATTACH_DATA), filled(9000, (uint8_t)number));
        arena_reset(&fixture.arena);
    }
    for (uint32_t number = 0; number < numbers; number++)
        if (acknowledged[number])
            assert_true(found[number]);
    free(found);
    arena_free(&page);
}

static void saves_survive_kill_9(void **state)
{
    bool *acknowledged = calloc(KILLS * SAVES, sizeof(bool));
    uint64_t folder_id = make_folder(0, "root");
    uint32_t total = 0;
    unsigned seed = (unsigned)time(NULL);
    store_mailbox_release(fixture.mailbox);
    (void)store_sqlite_rest(fixture.store);
    fixture.mailbox = NULL;
    for (uint32_t i = 0; i < KILLS; i++) {
        total += run_and_kill(folder_id, i * SAVES, 2000 + (uint32_t)rand_r(&seed) % 90000, acknowledged);
        assert_ok(store_mailbox_open(fixture.store, fixture.guid, &fixture.mailbox));
        assert_each_once(folder_id, acknowledged, KILLS * SAVES);
        const char *report;
        assert_ok(store_mailbox_check(fixture.mailbox, &fixture.arena, &report));
        assert_string_equal(report, "");
        store_mailbox_release(fixture.mailbox);
        fixture.mailbox = NULL;
        (void)store_sqlite_rest(fixture.store);
        arena_free(&fixture.arena);
    }
    print_message("%u saves acknowledged in %d kills, seed %u\n", total, KILLS, seed);
    assert_true(total > 0);
    free(acknowledged);
    assert_ok(store_mailbox_open(fixture.store, fixture.guid, &fixture.mailbox));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(saves_survive_kill_9, contract_setup_sqlite, contract_teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
