/* The chain: nobody takes out or changes a record without its showing, and retention does so rightfully. */
#include "record/audit_fixture.h"

static void write_ten(struct fixture *fixture)
{
    for (unsigned i = 0; i < 10; i++)
        append(fixture, (int)(i % 2), AUDIT_UPDATE, AUDIT_DELEGATE, NOON + i * DAY);
    flush(fixture);
    stop(fixture);
}

static void chain_holds_over_restarts(void **state)
{
    struct fixture *fixture = *state;
    write_ten(fixture);
    assert_in_range(fixture->ends_told, 1, 2); /* at the first batch, which may have been all, and at the end */
    assert_int_equal(fixture->end_told, 10);
    struct audit_verification before = verify(fixture);
    assert_true(before.sound);
    assert_int_equal(before.record_count, 10);
    assert_int_equal(before.last_number, 10);
    assert_int_equal(before.interruptions, 0);
    start(fixture, 0, 0);
    append(fixture, 2, AUDIT_CREATE, AUDIT_OWNER, NOON);
    flush(fixture);
    stop(fixture);
    struct audit_verification after;
    assert_int_equal(audit_verify(fixture->path, before.last_number, before.last_hash, &after), AUDIT_OK);
    assert_true(after.sound);
    assert_int_equal(after.last_number, 11);
    before.last_hash[3] ^= 1;
    assert_int_equal(audit_verify(fixture->path, before.last_number, before.last_hash, &after), AUDIT_OK);
    assert_false(after.sound);
    assert_int_equal(after.bad_number, 10);
    assert_int_equal(audit_verify(fixture->path, 500, before.last_hash, &after), AUDIT_OK);
    assert_false(after.sound);
}

/* Whatever somebody does to the file shows, at the record it was done to. */
static void tampering_shows(void **state)
{
    struct fixture *fixture = *state;
    static const struct {
        const char *sql;
        uint64_t bad_number;
    } rows[] = {
        {"UPDATE record SET detail = '{\"FolderPathName\":\"\\\\Other\"}' WHERE number = 4", 4},
        {"UPDATE record SET time = time + 1 WHERE number = 5", 5},
        {"UPDATE record SET kind = 2 WHERE number = 6", 6},
        {"UPDATE record SET kind = kind + 131072 WHERE number = 6", 6},
        {"UPDATE record SET origin = (SELECT origin FROM record WHERE number = 1) WHERE number = 2", 2},
        {"UPDATE record SET mailbox = (SELECT mailbox FROM record WHERE number = 1) WHERE number = 2", 2},
        {"UPDATE record SET hash = zeroblob(32) WHERE number = 3", 3},
        {"DELETE FROM record WHERE number = 1", 1},
        {"DELETE FROM record WHERE number = 7", 7},
        {"DELETE FROM record WHERE number = 10", 10},
        {"DELETE FROM record", 1},
        {"UPDATE record SET number = 20 WHERE number = 10", 10},
        {"UPDATE origin SET content = replace(content, '192.0.2.7', '192.0.2.8')", 0},
        {"UPDATE origin SET mailbox = 3 - mailbox", 0},
        {"UPDATE mailbox SET guid = zeroblob(15) || x'01' WHERE id = 1", 0},
        {"DELETE FROM origin WHERE id = 1", 1},
        /* Forged retention: the run is there, the chain knows nothing of it. */
        {"INSERT INTO gap SELECT number, number, hash FROM record WHERE number = 7; DELETE FROM record WHERE number = 7", 0},
        {"INSERT INTO gap SELECT 1, number, hash FROM record WHERE number = 7; DELETE FROM record WHERE number <= 7", 0},
        {"INSERT INTO gap SELECT number, number, hash FROM record WHERE number = 7", 8},
        {"DELETE FROM record WHERE number = 10; UPDATE state SET number = 9 WHERE name = 'end'", 10},
    };
    write_ten(fixture);
    assert_true(verify(fixture).sound);
    char copy[1024];
    snprintf(copy, sizeof copy, "cp '%s' '%s.sound'", fixture->path, fixture->path);
    assert_int_equal(system(copy), 0);
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        sqlite3 *database;
        assert_int_equal(sqlite3_open(fixture->path, &database), SQLITE_OK);
        assert_int_equal(sqlite3_exec(database, rows[i].sql, NULL, NULL, NULL), SQLITE_OK);
        sqlite3_close(database);
        struct audit_verification verification = verify(fixture);
        if (verification.sound)
            fail_msg("not noticed: %s", rows[i].sql);
        if (verification.bad_number != rows[i].bad_number)
            fail_msg("%s: noticed at %llu (%s)", rows[i].sql, (unsigned long long)verification.bad_number, verification.problem);
        assert_true(*verification.problem);
        snprintf(copy, sizeof copy, "cp '%s.sound' '%s'", fixture->path, fixture->path);
        assert_int_equal(system(copy), 0);
    }
    assert_true(verify(fixture).sound);
}

static void a_server_that_was_killed_shows(void **state)
{
    struct fixture *fixture = *state;
    append(fixture, 0, AUDIT_UPDATE, AUDIT_OWNER, NOON);
    flush(fixture);
    char copy[1024];
    /* As a kill would leave it: the files while they are open. */
    snprintf(copy, sizeof copy, "mkdir '%s/killed' && cp '%s' '%s-wal' '%s/killed/'", fixture->folder, fixture->path, fixture->path,
             fixture->folder);
    assert_int_equal(system(copy), 0);
    stop(fixture);
    assert_int_equal(verify(fixture).interruptions, 0);
    snprintf(fixture->path, sizeof fixture->path, "%.60s/killed/audit.sqlite", fixture->folder);
    start(fixture, 0, 0);
    append(fixture, 0, AUDIT_UPDATE, AUDIT_OWNER, NOON + 1);
    flush(fixture);
    struct audit_verification verification = verify(fixture);
    assert_true(verification.sound);
    assert_int_equal(verification.record_count, 2);
    assert_int_equal(verification.interruptions, 1);
}

/* --- retention --- */

static void retention_follows_each_mailbox(void **state)
{
    struct fixture *fixture = *state;
    for (unsigned i = 0; i < 100; i++) {
        append(fixture, 0, AUDIT_UPDATE, AUDIT_OWNER, NOON + i * DAY);
        append(fixture, 1, AUDIT_UPDATE, AUDIT_OWNER, NOON + i * DAY);
    }
    flush(fixture);
    uint64_t removed = 0;
    assert_int_equal(audit_store_retain(fixture->store, NOON + 50 * DAY, &removed), AUDIT_OK);
    assert_int_equal(removed, 40); /* of the second mailbox: days 0 to 39 */
    struct audit_verification verification = verify(fixture);
    assert_string_equal(verification.problem, "");
    assert_true(verification.sound);
    assert_int_equal(verification.removed_count, 40);
    assert_int_equal(verification.record_count, 160);
    assert_int_equal(verification.last_number, 201); /* 200 and the note */
    /* The first mailbox's go too: the runs join. */
    assert_int_equal(audit_store_retain(fixture->store, NOON + 95 * DAY, &removed), AUDIT_OK);
    assert_int_equal(removed, 5 + 45);
    verification = verify(fixture);
    assert_true(verification.sound);
    assert_int_equal(verification.removed_count, 90);
    assert_int_equal(search(fixture, (struct audit_query){.mailbox_count = 1, .mailbox_guids = &fixture->mailboxes[0]}).count, 95);
    assert_int_equal(search(fixture, (struct audit_query){.mailbox_count = 1, .mailbox_guids = &fixture->mailboxes[1]}).count, 15);
    /* Everything: one run is left, and the chain goes on. */
    assert_int_equal(audit_store_retain(fixture->store, NOON + 1000 * DAY, &removed), AUDIT_OK);
    assert_int_equal(removed, 110);
    append(fixture, 2, AUDIT_UPDATE, AUDIT_OWNER, NOON + 1000 * DAY);
    flush(fixture);
    verification = verify(fixture);
    assert_true(verification.sound);
    assert_int_equal(verification.record_count, 1);
    assert_int_equal(verification.removed_count, 200);
    stop(fixture);
    sqlite3 *database;
    sqlite3_stmt *statement;
    assert_int_equal(sqlite3_open(fixture->path, &database), SQLITE_OK);
    assert_int_equal(sqlite3_prepare_v2(database, "SELECT (SELECT count(*) FROM gap), (SELECT count(*) FROM origin)", -1, &statement, NULL), SQLITE_OK);
    assert_int_equal(sqlite3_step(statement), SQLITE_ROW);
    assert_int_equal(sqlite3_column_int(statement, 0), 1);
    assert_int_equal(sqlite3_column_int(statement, 1), 1); /* who and with what is not kept longer */
    sqlite3_finalize(statement);
    sqlite3_close(database);
    run_sql(fixture, "DELETE FROM gap");
    verification = verify(fixture);
    assert_false(verification.sound);
    assert_int_equal(verification.bad_number, 1);
}

static void retention_of_many_goes_in_steps(void **state)
{
    struct fixture *fixture = *state;
    for (unsigned i = 0; i < 10000; i++)
        append(fixture, (int)(i % 3 == 0), AUDIT_UPDATE, AUDIT_OWNER, NOON + i);
    flush(fixture);
    uint64_t removed = 0;
    assert_int_equal(audit_store_retain(fixture->store, NOON + 500 * DAY, &removed), AUDIT_OK);
    assert_int_equal(removed, 10000);
    struct audit_verification verification = verify(fixture);
    assert_true(verification.sound);
    assert_int_equal(verification.removed_count, 10000);
    assert_int_equal(verification.last_number, 10003); /* a note for each 4096 */
}

int main(void)
{
#define TEST(test) cmocka_unit_test_setup_teardown(test, setup, teardown)
    const struct CMUnitTest tests[] = {
        TEST(chain_holds_over_restarts),
        TEST(tampering_shows),
        TEST(a_server_that_was_killed_shows),
        TEST(retention_follows_each_mailbox),
        TEST(retention_of_many_goes_in_steps),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
