/* What is SQLite's own: files of other versions and damaged ones, full disks, other processes, open files, migration. */
#include "store/contract.h"

#include <dirent.h>
#include <pthread.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/stat.h>

#include "store/sqlite/internal.h"

static sqlite3 *open_beside(void)
{
    char path[256], guid[GUID_TEXT_SIZE];
    sqlite3 *database;
    guid_format(fixture.guid, guid);
    snprintf(path, sizeof(path), "%s/%s.sqlite", fixture.directory, guid);
    assert_int_equal(sqlite3_open(path, &database), SQLITE_OK);
    return database;
}

static void execute(sqlite3 *database, const char *sql)
{
    assert_int_equal(sqlite3_exec(database, sql, NULL, NULL, NULL), SQLITE_OK);
}

static void close_all(void)
{
    store_mailbox_release(fixture.mailbox);
    fixture.mailbox = NULL;
    assert_int_equal(store_sqlite_rest(fixture.store), 1);
}

/* Changes the closed file, then opens it. */
static enum store_status open_changed(const char *sql)
{
    close_all();
    sqlite3 *database = open_beside();
    execute(database, sql);
    sqlite3_close(database);
    return store_mailbox_open(fixture.store, fixture.guid, &fixture.mailbox);
}

static void a_file_of_a_newer_program_is_left_alone(void **state)
{
    assert_int_equal(open_changed("PRAGMA user_version = 1000"), STORE_VERSION);
    assert_null(fixture.mailbox);
}

static void a_file_whose_creation_never_ended_can_be_created(void **state)
{
    close_all();
    struct store_mailbox_info info = {guid_random(), guid_random(), guid_random(), BYTES_NONE, 1};
    struct guid old = fixture.guid;
    fixture.guid = info.mailbox_guid;
    sqlite3_close(open_beside());
    sqlite3 *database = open_beside();
    execute(database, "PRAGMA journal_mode = WAL; CREATE TABLE x (y); DROP TABLE x");
    sqlite3_close(database);
    assert_int_equal(store_mailbox_open(fixture.store, info.mailbox_guid, &fixture.mailbox), STORE_NOT_FOUND);
    assert_ok(store_mailbox_create(fixture.store, &info, &fixture.mailbox));
    assert_false(guid_equal(old, fixture.guid));
}

static void files_are_their_owners_alone(void **state)
{
    char path[512];
    struct stat file;
    assert_ok(store_meta_set(fixture.mailbox, "a", BYTES_LITERAL("b")));
    DIR *directory = opendir(fixture.directory);
    int count = 0;
    for (struct dirent *entry; directory && (entry = readdir(directory));) {
        if (entry->d_name[0] == '.')
            continue;
        snprintf(path, sizeof(path), "%s/%s", fixture.directory, entry->d_name);
        assert_int_equal(stat(path, &file), 0);
        assert_int_equal(file.st_mode & 0777, 0600);
        count++;
    }
    closedir(directory);
    assert_int_equal(count, 3); /* the log and its index too */
}

static void what_is_no_database_is_damaged(void **state)
{
    char path[256], guid[GUID_TEXT_SIZE];
    close_all();
    guid_format(fixture.guid, guid);
    snprintf(path, sizeof(path), "%s/%s.sqlite", fixture.directory, guid);
    FILE *file = fopen(path, "w");
    for (int i = 0; i < 1000; i++)
        fputs("this is no mailbox ", file);
    fclose(file);
    assert_int_equal(store_mailbox_open(fixture.store, fixture.guid, &fixture.mailbox), STORE_CORRUPT);
}

static void the_check_finds_what_is_wrong(void **state)
{
    static const struct {
        const char *damage, *finding;
    } cases[] = {
        {"UPDATE folder SET unread = 7 WHERE parent_id = 0", "its counts differ"},
        {"UPDATE folder SET child_folders = 7 WHERE parent_id = 0", "counts 7 folders below it, has 0"},
        {"DELETE FROM view_row", "rows for 1 messages"},
        {"INSERT INTO view_row VALUES (1, x'00', 99)", "a row without its message 63"},
        {"INSERT INTO view_part VALUES (1, x'', -9223372036854775808, 5)", "a part counts 5 rows, has 1"},
        {"DELETE FROM chunk", "missing"},
        {"INSERT INTO chunk VALUES (77 << 16, x'00')", "value 77: belongs to nothing"},
        {"INSERT INTO staged SELECT chunk_id >> 16, 1 FROM chunk", "two owners"},
        {"UPDATE message SET properties = x'0100FF00'", "damaged properties"},
        {"UPDATE message SET attachment_count = 2", "counts 2 attachments, has 0"},
        {"UPDATE message SET folder_id = 5", "no folder"},
        {"INSERT INTO attachment VALUES (1, 5, 6, 0, 0, x'01000000', NULL)", "no embedded message to be in"},
    };
    uint64_t root = make_folder(0, "root");
    struct store_message_write write = message_write(root, "m", 1);
    struct property_value *values = (struct property_value *)write.content.properties.values;
    values[2] = (struct property_value){.tag = TAG_BODY, .bytes = filled(5000, 1)};
    write.content.properties.count = 3;
    assert_ok(store_message_create(fixture.mailbox, &write));
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        const char *report;
        assert_ok(store_begin(fixture.mailbox));
        execute(sqlite_of(fixture.mailbox)->database, cases[i].damage);
        assert_ok(store_mailbox_check(fixture.mailbox, &fixture.arena, &report));
        if (!strstr(report, cases[i].finding))
            fail_msg("'%s' was reported as '%s'", cases[i].damage, report);
        store_rollback(fixture.mailbox);
    }
}

static enum store_status save_until_it_fails(uint64_t folder_id, uint32_t *ret_saved)
{
    enum store_status status = STORE_OK;
    for (*ret_saved = 0; status == STORE_OK && *ret_saved < 1000; (*ret_saved)++) {
        struct store_message_write write = message_write(folder_id, "m", 1);
        struct property_value *values = (struct property_value *)write.content.properties.values;
        values[2] = (struct property_value){.tag = TAG_BODY, .bytes = filled(50000, 1)};
        write.content.properties.count = 3;
        assert_ok(store_begin(fixture.mailbox));
        status = store_message_create(fixture.mailbox, &write);
        if (status == STORE_OK)
            status = store_commit(fixture.mailbox);
        else
            store_rollback(fixture.mailbox);
        arena_reset(&fixture.arena);
    }
    (*ret_saved)--;
    return status;
}

static void a_full_disk_loses_nothing_that_was_saved(void **state)
{
    uint64_t root = make_folder(0, "root");
    uint32_t saved;
    execute(sqlite_of(fixture.mailbox)->database, "PRAGMA max_page_count = 500");
    assert_int_equal(save_until_it_fails(root, &saved), STORE_DISK_FULL);
    assert_true(saved > 5);
    assert_int_equal(get_folder(root).counts.content, saved);
    execute(sqlite_of(fixture.mailbox)->database, "PRAGMA max_page_count = 100000");
    make_message(root, "and on it goes", 1);
}

static void a_write_error_loses_nothing_that_was_saved(void **state)
{
    uint64_t root = make_folder(0, "root");
    struct rlimit limit, small;
    uint32_t saved;
    getrlimit(RLIMIT_FSIZE, &limit);
    small = (struct rlimit){2 << 20, limit.rlim_max};
    signal(SIGXFSZ, SIG_IGN);
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &small), 0);
    enum store_status status = save_until_it_fails(root, &saved);
    setrlimit(RLIMIT_FSIZE, &limit);
    assert_true(status == STORE_IO_ERROR || status == STORE_DISK_FULL);
    assert_int_equal(get_folder(root).counts.content, saved);
    make_message(root, "and on it goes", 1);
}

static void a_lost_transaction_stays_lost(void **state)
{
    uint64_t root = make_folder(0, "root");
    assert_ok(store_begin(fixture.mailbox));
    make_message(root, "m", 1);
    execute(sqlite_of(fixture.mailbox)->database, "ROLLBACK"); /* as SQLite itself does after some errors */
    struct store_message_write write = message_write(root, "n", 1);
    assert_int_equal(store_message_create(fixture.mailbox, &write), STORE_IO_ERROR);
    assert_int_equal(store_savepoint(fixture.mailbox, "rop"), STORE_IO_ERROR);
    assert_int_equal(store_commit(fixture.mailbox), STORE_IO_ERROR);
    assert_false(store_in_transaction(fixture.mailbox));
    assert_int_equal(get_folder(root).counts.content, 0);
    make_message(root, "m", 1);
}

static void another_process_that_writes_is_waited_for_in_vain(void **state)
{
    struct store *store;
    struct store_mailbox *mailbox;
    struct bytes value;
    struct store_sqlite_configuration configuration = {.directory = fixture.directory, .busy_timeout_ms = 50};
    assert_ok(store_sqlite_open(&configuration, &store));
    assert_ok(store_mailbox_open(store, fixture.guid, &mailbox));
    sqlite3 *other = open_beside();
    execute(other, "BEGIN IMMEDIATE");
    assert_int_equal(store_meta_set(mailbox, "x", BYTES_LITERAL("y")), STORE_BUSY);
    assert_int_equal(store_meta_get(mailbox, &fixture.arena, "x", &value), STORE_NOT_FOUND); /* reading goes on */
    execute(other, "COMMIT");
    assert_ok(store_meta_set(mailbox, "x", BYTES_LITERAL("y")));
    sqlite3_close(other);
    store_mailbox_release(mailbox);
    store_close(store);
}

static int open_files(void)
{
    char path[PATH_MAX], target[PATH_MAX];
    int count = 0;
    DIR *directory = opendir("/proc/self/fd");
    for (struct dirent *entry; directory && (entry = readdir(directory));) {
        snprintf(path, sizeof(path), "/proc/self/fd/%s", entry->d_name);
        ssize_t size = readlink(path, target, sizeof(target) - 1);
        target[size > 0 ? size : 0] = 0;
        count += size > 7 && !strcmp(target + size - 7, ".sqlite");
    }
    closedir(directory);
    return count;
}

static void open_mailboxes_are_bounded(void **state)
{
    struct store *store;
    struct store_mailbox *mailbox, *held;
    struct guid guids[20];
    struct store_sqlite_configuration configuration = {.directory = fixture.directory, .open_mailboxes_max = 3,
        .unsafe_without_sync = true};
    assert_ok(store_sqlite_open(&configuration, &store));
    int before = open_files();
    for (int i = 0; i < 20; i++) {
        struct store_mailbox_info info = {guids[i] = guid_random(), guid_random(), guid_random(), BYTES_NONE, 1};
        assert_ok(store_mailbox_create(store, &info, i ? &mailbox : &held));
        if (i)
            store_mailbox_release(mailbox);
    }
    assert_int_equal(open_files() - before, 4); /* the held one and three idle ones */
    for (int i = 19; i >= 0; i--) {
        assert_ok(store_mailbox_open(store, guids[i], &mailbox));
        store_mailbox_release(mailbox);
    }
    assert_int_equal(open_files() - before, 4);
    assert_int_equal(store_sqlite_rest(store), 3);
    assert_int_equal(open_files() - before, 1);
    store_mailbox_release(held);
    store_close(store);
    assert_int_equal(open_files(), before);
}

/* Threads open, use and release mailboxes of one store, each its own and all of them the same one's info. */
static void *use_mailboxes(void *context)
{
    struct arena arena = {0};
    bool good = true;
    for (int i = 0; good && i < 100; i++) {
        struct store_mailbox_info info = {guid_random(), guid_random(), guid_random(), BYTES_NONE, 1};
        struct store_mailbox *mailbox;
        good = store_mailbox_create(fixture.store, &info, &mailbox) == STORE_OK &&
               store_meta_set(mailbox, "x", BYTES_LITERAL("y")) == STORE_OK;
        if (good)
            store_mailbox_release(mailbox);
        good = good && store_mailbox_open(fixture.store, info.mailbox_guid, &mailbox) == STORE_OK;
        if (good)
            store_mailbox_release(mailbox);
        good = good && store_mailbox_delete(fixture.store, info.mailbox_guid) == STORE_OK;
    }
    arena_free(&arena);
    return good ? context : NULL;
}

static void threads_share_a_store(void **state)
{
    pthread_t threads[4];
    int marks[4];
    for (int i = 0; i < 4; i++)
        assert_int_equal(pthread_create(&threads[i], NULL, use_mailboxes, &marks[i]), 0);
    for (int i = 0; i < 4; i++) {
        void *result;
        pthread_join(threads[i], &result);
        assert_ptr_equal(result, &marks[i]);
    }
}

static void older_files_are_brought_forward_step_by_step(void **state)
{
    static const char *const steps[] = {
        "ALTER TABLE message ADD COLUMN extra INTEGER NOT NULL DEFAULT 3; CREATE INDEX extra ON message (extra)",
        "UPDATE message SET extra = extra + 1",
    };
    const char *const broken[] = {steps[0], "UPDATE nothing SET x = 1"};
    struct sqlite_mailbox *mailbox = sqlite_of(fixture.mailbox);
    uint64_t root = make_folder(0, "root");
    make_message(root, "m", 1);
    execute(mailbox->database, "PRAGMA user_version = 1");
    assert_int_not_equal(schema_migrate(mailbox, broken, 3), STORE_OK);
    assert_int_not_equal(sqlite3_exec(mailbox->database, "SELECT extra FROM message", NULL, NULL, NULL), SQLITE_OK);
    assert_ok(schema_migrate(mailbox, steps, 3));
    execute(mailbox->database, "SELECT extra FROM message");
    sqlite3_stmt *prepared;
    assert_int_equal(sqlite3_prepare_v2(mailbox->database, "SELECT extra FROM message", -1, &prepared, NULL), SQLITE_OK);
    assert_int_equal(sqlite3_step(prepared), SQLITE_ROW);
    assert_int_equal(sqlite3_column_int(prepared, 0), 4);
    sqlite3_finalize(prepared);
    assert_ok(schema_migrate(mailbox, steps, 3)); /* nothing to do */
    assert_int_equal(schema_migrate(mailbox, steps, 2), STORE_VERSION);
    make_message(root, "statements go on working", 2);
}

static void a_file_of_version_1_goes_on_working(void **state)
{
    uint64_t root = make_folder(0, "root"), rank;
    struct store_view view;
    assert_ok(store_begin(fixture.mailbox));
    for (uint64_t i = 0; i < 8200; i++)
        make_message(root, "m", i);
    assert_ok(store_commit(fixture.mailbox));
    /* What version 1 did not have. */
    assert_ok(open_changed("DROP TABLE view_part; ALTER TABLE view DROP COLUMN counted; PRAGMA user_version = 1"));
    assert_ok(store_view_open(fixture.mailbox, root, STORE_MESSAGE_NORMAL, NULL, 0, &view));
    struct store_position last = {.place = STORE_PLACE_LAST};
    assert_ok(store_view_rank(fixture.mailbox, view.view_id, &last, &rank));
    assert_int_equal(rank, 8200);
    make_message(root, "m", 7);
    assert_ok(store_view_rank(fixture.mailbox, view.view_id, &last, &rank));
    assert_int_equal(rank, 8201);
}

static void no_statement_reads_a_whole_table(void **state)
{
    struct sqlite_mailbox *mailbox = sqlite_of(fixture.mailbox);
    for (enum statement_id id = 0; id < STATEMENT_COUNT; id++) {
        char *sql = sqlite3_mprintf("EXPLAIN QUERY PLAN %s", statement_text(id));
        sqlite3_stmt *prepared;
        bool lists_all = id == STATEMENT_MAILBOX_GET || id == STATEMENT_COUNTERS_SET || id == STATEMENT_REPLICA_LIST ||
                         id == STATEMENT_REPLICA_ADD || id == STATEMENT_NAMED_LIST || id == STATEMENT_NAMED_NEXT ||
                         id == STATEMENT_RECEIVE_LIST || id == STATEMENT_STAGED_BEFORE;
        assert_int_equal(sqlite3_prepare_v2(mailbox->database, sql, -1, &prepared, NULL), SQLITE_OK);
        while (sqlite3_step(prepared) == SQLITE_ROW) {
            const char *step = (const char *)sqlite3_column_text(prepared, 3);
            bool scans = !strncmp(step, "SCAN ", 5) && strcmp(step, "SCAN b") && strcmp(step, "SCAN below") && !strstr(step, "(subquery") &&
                         !strstr(step, "CONSTANT ROW");
            if (scans && !lists_all)
                fail_msg("%s: %s", statement_text(id), step);
        }
        sqlite3_finalize(prepared);
        sqlite3_free(sql);
    }
}

#define SQLITE_TEST(test) cmocka_unit_test_setup_teardown(test, contract_setup_sqlite, contract_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        SQLITE_TEST(a_file_of_a_newer_program_is_left_alone),
        SQLITE_TEST(a_file_whose_creation_never_ended_can_be_created),
        SQLITE_TEST(files_are_their_owners_alone),
        SQLITE_TEST(what_is_no_database_is_damaged),
        SQLITE_TEST(the_check_finds_what_is_wrong),
        SQLITE_TEST(a_full_disk_loses_nothing_that_was_saved),
        SQLITE_TEST(a_write_error_loses_nothing_that_was_saved),
        SQLITE_TEST(a_lost_transaction_stays_lost),
        SQLITE_TEST(another_process_that_writes_is_waited_for_in_vain),
        SQLITE_TEST(open_mailboxes_are_bounded),
        SQLITE_TEST(threads_share_a_store),
        SQLITE_TEST(older_files_are_brought_forward_step_by_step),
        SQLITE_TEST(a_file_of_version_1_goes_on_working),
        SQLITE_TEST(no_statement_reads_a_whole_table),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
