/* Disks that are full, files that are locked or read-only, batches, several processes and threads. */
#include "directory/embedded_fixture.h"

#include <pthread.h>
#include <signal.h>
#include <sqlite3.h>
#include <stdatomic.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include "directory/embedded_file.h"

static bool is_there(struct directory *directory, const char *account)
{
    struct arena arena = {0};
    struct directory_entry entry;
    enum directory_status status = directory_find_entry(directory, &arena, DIRECTORY_KEY_LOGON, account, &entry);
    arena_free(&arena);
    assert_true(status == DIRECTORY_OK || status == DIRECTORY_NOT_FOUND);
    return status == DIRECTORY_OK;
}

static enum directory_status add(struct embedded_fixture *fixture, struct directory *directory, const char *account)
{
    return embedded_directory_add_entry(directory, NULL, &(struct embedded_entry){.account = account}, NULL, &fixture->error);
}

/* --- disk --- */

static void a_full_disk_is_told_and_nothing_is_lost(void **state)
{
    struct embedded_fixture *fixture = *state;
    assert_done(fixture, add(fixture, fixture->directory, "ada"));
    directory_close(fixture->directory);
    struct stat before;
    assert_int_equal(stat(fixture->path, &before), 0);
    pid_t child = fork();
    if (child == 0) { /* files of this process may not grow: as a full disk */
        struct directory *directory;
        struct rlimit limit = {(rlim_t)before.st_size, (rlim_t)before.st_size};
        struct embedded_error error;
        signal(SIGXFSZ, SIG_IGN);
        if (embedded_directory_open(fixture->path, true, &directory) != DIRECTORY_OK || setrlimit(RLIMIT_FSIZE, &limit) != 0)
            _exit(10);
        enum directory_status status = DIRECTORY_OK;
        char account[32], address[200] = "";
        const char *dn = address;
        for (unsigned i = 0; i < 200 && status == DIRECTORY_OK; i++) {
            snprintf(account, sizeof account, "filler%u", i);
            snprintf(address, sizeof address, "/o=%0150u", i);
            status = embedded_directory_add_entry(directory, NULL, &(struct embedded_entry){.account = account, .old_legacy_dns = &dn,
                                                                                            .old_legacy_dn_count = 1}, NULL, &error);
        }
        if (status != DIRECTORY_UNAVAILABLE || !strstr(error.text, "could not be written"))
            _exit(11);
        /* The handle goes on: what was there is there, what failed is not. */
        if (!is_there(directory, "ada") || is_there(directory, account))
            _exit(12);
        _exit(0);
    }
    int result;
    assert_int_equal(waitpid(child, &result, 0), child);
    assert_true(WIFEXITED(result));
    assert_int_equal(WEXITSTATUS(result), 0);
    assert_int_equal(embedded_directory_open(fixture->path, true, &fixture->directory), DIRECTORY_OK);
    assert_true(is_there(fixture->directory, "ada"));
    assert_done(fixture, add(fixture, fixture->directory, "bob"));
}

static void a_file_that_may_not_be_written_is_read(void **state)
{
    struct embedded_fixture *fixture = *state;
    assert_done(fixture, add(fixture, fixture->directory, "ada"));
    directory_close(fixture->directory);
    fixture->directory = NULL;
    if (geteuid() == 0) { /* permissions do not bind root: become nobody for this */
        assert_int_equal(chown(fixture->path, 65534, 65534), 0);
    }
    assert_int_equal(chmod(fixture->path, 0444), 0);
    pid_t child = fork();
    if (child == 0) {
        struct directory *directory;
        struct embedded_error error;
        if (geteuid() == 0 && (setgid(65534) != 0 || setuid(65534) != 0))
            _exit(10);
        if (embedded_directory_open(fixture->path, true, &directory) != DIRECTORY_OK || !is_there(directory, "ada"))
            _exit(11);
        enum directory_status status = embedded_directory_add_entry(directory, NULL, &(struct embedded_entry){.account = "bob"}, NULL,
                                                                    &error);
        _exit(status == DIRECTORY_READ_ONLY && strstr(error.text, "readonly") ? 0 : 12);
    }
    int result;
    assert_int_equal(waitpid(child, &result, 0), child);
    assert_true(WIFEXITED(result));
    assert_int_equal(WEXITSTATUS(result), 0);
    assert_int_equal(embedded_directory_open(fixture->path, true, &fixture->directory), DIRECTORY_OK);
}

/* Somebody else keeps the file locked: writes give up after the busy time-out with a reason, reads go on. */
static void a_locked_file_is_told(void **state)
{
    struct embedded_fixture *fixture = *state;
    assert_done(fixture, add(fixture, fixture->directory, "ada"));
    sqlite3 *other;
    sqlite3_busy_timeout(embedded_of(fixture->directory)->database, 50); /* not the whole 5 s */
    assert_int_equal(sqlite3_open(fixture->path, &other), SQLITE_OK);
    assert_int_equal(sqlite3_exec(other, "BEGIN IMMEDIATE", NULL, NULL, NULL), SQLITE_OK);
    assert_true(is_there(fixture->directory, "ada"));
    assert_refused(fixture, add(fixture, fixture->directory, "bob"), DIRECTORY_UNAVAILABLE, "cannot be changed now: database is locked");
    assert_refused(fixture, embedded_directory_begin(fixture->directory, &fixture->error), DIRECTORY_UNAVAILABLE, "locked");
    assert_true(is_there(fixture->directory, "ada"));
    assert_int_equal(sqlite3_exec(other, "ROLLBACK", NULL, NULL, NULL), SQLITE_OK);
    sqlite3_close(other);
    assert_done(fixture, add(fixture, fixture->directory, "bob"));
}

/* --- batches --- */

static void a_batch_is_whole_or_nothing(void **state)
{
    struct embedded_fixture *fixture = *state;
    struct directory *directory = fixture->directory, *other;
    assert_int_equal(embedded_directory_open(fixture->path, false, &other), DIRECTORY_OK);
    uint64_t version = directory_version(other);
    assert_done(fixture, embedded_directory_begin(directory, &fixture->error));
    assert_refused(fixture, embedded_directory_begin(directory, &fixture->error), DIRECTORY_UNAVAILABLE, "a batch is open already");
    assert_done(fixture, add(fixture, directory, "ada"));
    assert_refused(fixture, add(fixture, directory, "ADA"), DIRECTORY_EXISTS, "taken"); /* undone alone */
    const char *const addresses[] = {"new@engine.test", "ada@engine.test"};
    struct embedded_entry half = {.account = "bob", .addresses = addresses, .address_count = 2};
    assert_refused(fixture, embedded_directory_add_entry(directory, NULL, &half, NULL, &fixture->error), DIRECTORY_EXISTS,
                   "address 'ada@engine.test'");
    assert_done(fixture, add(fixture, directory, "carol"));
    assert_true(is_there(directory, "ada") && is_there(directory, "carol") && !is_there(directory, "bob"));
    assert_false(is_there(other, "ada")); /* others see it after the commit */
    assert_true(directory_version(other) == version);
    assert_done(fixture, embedded_directory_commit(directory, &fixture->error));
    assert_true(is_there(other, "ada") && is_there(other, "carol") && !is_there(other, "bob"));
    embedded_fixture_wait();
    assert_true(directory_version(other) != version);
    struct arena arena = {0};
    struct directory_user user; /* an address of the refused one is free */
    assert_int_equal(directory_find(other, &arena, DIRECTORY_KEY_ADDRESS, "new@engine.test", &user), DIRECTORY_NOT_FOUND);
    arena_free(&arena);
    version = directory_version(other);
    assert_done(fixture, embedded_directory_begin(directory, &fixture->error));
    assert_done(fixture, add(fixture, directory, "dan"));
    assert_int_equal(embedded_directory_remove_user(directory, "ada"), DIRECTORY_OK);
    embedded_directory_rollback(directory);
    assert_true(is_there(directory, "ada") && !is_there(directory, "dan"));
    assert_true(directory_version(other) == version);
    directory_close(other);
}

/* --- several at once --- */

#define WRITERS 3u
#define WRITES 20u

static void processes_write_side_by_side(void **state)
{
    struct embedded_fixture *fixture = *state;
    pid_t children[WRITERS];
    for (unsigned i = 0; i < WRITERS; i++) {
        children[i] = fork();
        if (children[i] == 0) {
            struct directory *directory;
            char account[32];
            if (embedded_directory_open(fixture->path, false, &directory) != DIRECTORY_OK)
                _exit(10);
            sqlite3_busy_timeout(embedded_of(directory)->database, 60000); /* SQLite's queue is not fair, and disks may be slow */
            for (unsigned j = 0; j < WRITES; j++) {
                snprintf(account, sizeof account, "writer%u.%u", i, j);
                if (embedded_directory_add_entry(directory, NULL, &(struct embedded_entry){.account = account}, NULL, NULL) != DIRECTORY_OK)
                    _exit(11);
            }
            directory_close(directory);
            _exit(0);
        }
    }
    for (unsigned i = 0; i < WRITERS; i++) {
        int result;
        assert_int_equal(waitpid(children[i], &result, 0), children[i]);
        assert_true(WIFEXITED(result) && WEXITSTATUS(result) == 0);
    }
    uint32_t count;
    struct directory_entry *entries;
    assert_int_equal(directory_entries(fixture->directory, &fixture->arena, NULL, 1000, &count, &entries), DIRECTORY_OK);
    assert_int_equal(count, WRITERS * WRITES);
    for (uint32_t i = 0; i < count; i++)
        assert_int_equal(entries[i].number, DIRECTORY_NUMBER_MIN + i); /* ids in order are numbers in order */
}

struct crowd {
    struct directory *directory;
    atomic_uint failures, finished;
    struct guid ids[8];
};

static void *read_all_the_time(void *argument)
{
    struct crowd *crowd = argument;
    struct arena arena = {0};
    while (atomic_load(&crowd->finished) == 0) {
        struct directory_user user;
        struct directory_entry *entries;
        uint32_t count = 0;
        arena_reset(&arena);
        if (directory_find(crowd->directory, &arena, DIRECTORY_KEY_LOGON, "user3", &user) != DIRECTORY_OK ||
            directory_entries(crowd->directory, &arena, NULL, 100, &count, &entries) != DIRECTORY_OK || count < 9 ||
            !directory_has_right(crowd->directory, crowd->ids[0], DIRECTORY_SEND_AS, crowd->ids[1]))
            atomic_fetch_add(&crowd->failures, 1);
        /* An entry is read at one moment: both values of one write, or neither. */
        for (uint32_t i = 0; i < count; i++) {
            if (entries[i].value_count == 2 && !bytes_equal(entries[i].values[0].items[0], entries[i].values[1].items[0]))
                atomic_fetch_add(&crowd->failures, 1);
        }
    }
    arena_free(&arena);
    return NULL;
}

static void threads_read_while_one_writes(void **state)
{
    struct embedded_fixture *fixture = *state;
    struct crowd crowd = {.directory = fixture->directory};
    char account[16];
    for (unsigned i = 0; i < 8; i++) {
        snprintf(account, sizeof account, "user%u", i);
        crowd.ids[i] = add_entry(fixture, &(struct embedded_entry){.account = account}).id;
    }
    struct guid group = add_entry(fixture, &(struct embedded_entry){.account = "all", .kind = DIRECTORY_GROUP, .members = crowd.ids,
                                                                    .member_count = 1}).id;
    struct embedded_grant grant = {.owner = crowd.ids[1], .actor = group, .right = DIRECTORY_SEND_AS};
    assert_done(fixture, embedded_directory_grant(fixture->directory, &grant, &fixture->error));
    pthread_t threads[4];
    for (unsigned i = 0; i < 4; i++)
        assert_int_equal(pthread_create(&threads[i], NULL, read_all_the_time, &crowd), 0);
    struct directory *other; /* writes come from another handle, and from this one */
    assert_int_equal(embedded_directory_open(fixture->path, false, &other), DIRECTORY_OK);
    sqlite3_busy_timeout(embedded_of(other)->database, 60000);
    sqlite3_busy_timeout(embedded_of(fixture->directory)->database, 60000);
    for (unsigned i = 0; i < 60; i++) {
        char text[16];
        snprintf(text, sizeof text, "%u", i);
        struct bytes item = bytes_of_string(text);
        const struct directory_value values[] = {{DIRECTORY_ATTRIBUTE_TITLE, 1, &item}, {DIRECTORY_ATTRIBUTE_COMPANY, 1, &item}};
        assert_done(fixture, embedded_directory_put_values(i % 2 ? other : fixture->directory, crowd.ids[i % 8], 2, values,
                                                           &fixture->error));
    }
    atomic_store(&crowd.finished, 1);
    for (unsigned i = 0; i < 4; i++)
        pthread_join(threads[i], NULL);
    directory_close(other);
    assert_int_equal(atomic_load(&crowd.failures), 0);
}

#define TEST(function) cmocka_unit_test_setup_teardown(function, open_embedded_fixture, close_embedded_fixture)
int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_full_disk_is_told_and_nothing_is_lost), TEST(a_file_that_may_not_be_written_is_read), TEST(a_locked_file_is_told),
        TEST(a_batch_is_whole_or_nothing), TEST(processes_write_side_by_side), TEST(threads_read_while_one_writes),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
