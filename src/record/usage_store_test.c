/* The usage store: rows add up, reports count what is asked, old days go, damaged files are told from absent ones. */
#include "record/usage_store.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>
#include <sqlite3.h>

#include "base/filetime.h"

#define DAY 20779 /* 2026-11-22 */

static uint64_t time_on(int32_t day, unsigned hour)
{
    return filetime_of_unix((time_t)day * 86400 + hour * 3600);
}

static struct guid user_id(uint8_t number)
{
    return (struct guid){{number, 1}};
}

/* One request of a user by Outlook 2016 over MAPI/HTTP at noon; the tests change what they are about. */
static struct usage_entry entry_of(uint8_t user, int32_t day)
{
    static char addresses[256][32];
    snprintf(addresses[user], sizeof addresses[user], "user%u@example.org", user);
    return (struct usage_entry){
        .day = day, .user = user_id(user), .user_address = addresses[user], .protocol = USAGE_MAPI_HTTP, .software = "Outlook",
        .version = "16.0.4266.1001", .class = CLIENT_OUTLOOK_2016, .authentication = "NTLM", .address = "192.0.2.1",
        .requests = 1, .first_seen = time_on(day, 12), .last_seen = time_on(day, 12)};
}

struct answer {
    struct usage_row rows[64];
    char texts[64][4][400];
    uint32_t count, stop_after;
};

static bool keep(void *state, const struct usage_row *row)
{
    struct answer *answer = state;
    assert_true(answer->count < 64);
    const char *texts[] = {row->entry.user_address, row->entry.version, row->entry.authentication, row->entry.address};
    for (unsigned i = 0; i < 4; i++)
        snprintf(answer->texts[answer->count][i], sizeof answer->texts[0][i], "%s", texts[i]);
    answer->rows[answer->count++] = *row;
    return answer->count != answer->stop_after;
}

static struct answer ask(struct usage_store *store, struct usage_question question)
{
    struct answer answer = {.stop_after = UINT32_MAX};
    assert_int_equal(usage_store_report(store, &question, keep, &answer), USAGE_OK);
    return answer;
}

static struct usage_question about(unsigned by)
{
    return (struct usage_question){.first_day = DAY - 29, .last_day = DAY, .by = by};
}

static struct usage_store *memory_store(void)
{
    struct usage_store *store;
    assert_int_equal(usage_store_open(":memory:", true, &store), USAGE_OK);
    return store;
}

static void add(struct usage_store *store, struct usage_entry entry)
{
    assert_int_equal(usage_store_add(store, &entry, 1), USAGE_OK);
}

static void test_days(void **state)
{
    char text[USAGE_DAY_TEXT_SIZE];
    assert_int_equal(usage_day_of(time_on(DAY, 0)), DAY);
    assert_int_equal(usage_day_of(time_on(DAY, 23)), DAY);
    assert_int_equal(usage_day_of(time_on(DAY, 0) - 1), DAY - 1);
    assert_int_equal(usage_day_of(5), 0);
    usage_day_format(DAY, text);
    assert_string_equal(text, "2026-11-22");
}

static void test_same_row_adds_up(void **state)
{
    struct usage_store *store = memory_store();
    struct usage_entry entry = entry_of(1, DAY);
    entry.requests = 5, entry.failures = 1, entry.sessions = 2;
    add(store, entry);
    entry.first_seen = time_on(DAY, 3), entry.last_seen = time_on(DAY, 4), entry.requests = 7;
    add(store, entry);
    struct answer answer = ask(store, about(USAGE_BY_USER | USAGE_BY_PROTOCOL | USAGE_BY_CLIENT | USAGE_BY_AUTHENTICATION | USAGE_BY_ADDRESS));
    assert_int_equal(answer.count, 1);
    const struct usage_entry *sum = &answer.rows[0].entry;
    assert_int_equal(sum->requests, 12);
    assert_int_equal(sum->failures, 2);
    assert_int_equal(sum->sessions, 4);
    assert_true(sum->first_seen == time_on(DAY, 3) && sum->last_seen == time_on(DAY, 12));
    assert_int_equal(answer.rows[0].users, 1);
    assert_int_equal(sum->class, CLIENT_OUTLOOK_2016);
    assert_true(guid_equal(sum->user, user_id(1)));
    assert_string_equal(answer.texts[0][0], "user1@example.org");
    assert_string_equal(answer.texts[0][1], "16.0.4266.1001");
    assert_string_equal(answer.texts[0][2], "NTLM");
    assert_string_equal(answer.texts[0][3], "192.0.2.1");
    usage_store_close(store);
}

/* Three users; user 1 has two clients of one class and was there on two days: it is one user of that class. */
static void fill(struct usage_store *store)
{
    struct usage_entry entry = entry_of(1, DAY);
    entry.requests = 100;
    add(store, entry);
    entry.version = "16.0.5000.1000";
    add(store, entry);
    entry = entry_of(1, DAY - 3);
    add(store, entry);
    entry = entry_of(2, DAY);
    entry.version = "14.0.7015.1000", entry.class = CLIENT_OUTLOOK_2010, entry.protocol = USAGE_AUTODISCOVER_LEGACY;
    add(store, entry);
    entry = entry_of(3, DAY - 29);
    entry.authentication = "Bearer", entry.address = "2001:db8::1", entry.requests = 1000;
    add(store, entry);
}

static void test_groups(void **state)
{
    struct usage_store *store = memory_store();
    fill(store);
    struct answer answer = ask(store, about(USAGE_BY_CLASS));
    assert_int_equal(answer.count, 2);
    assert_int_equal(answer.rows[0].entry.class, CLIENT_OUTLOOK_2016);
    assert_int_equal(answer.rows[0].users, 2);
    assert_int_equal(answer.rows[0].entry.requests, 1201);
    assert_int_equal(answer.rows[1].entry.class, CLIENT_OUTLOOK_2010);
    assert_int_equal(answer.rows[1].users, 1);

    answer = ask(store, about(USAGE_BY_PROTOCOL));
    assert_int_equal(answer.count, 2);
    assert_int_equal(answer.rows[0].entry.protocol, USAGE_MAPI_HTTP);
    assert_int_equal(answer.rows[1].entry.protocol, USAGE_AUTODISCOVER_LEGACY);

    answer = ask(store, about(USAGE_BY_AUTHENTICATION));
    assert_string_equal(answer.texts[0][2], "Bearer"); /* the busiest first */
    assert_int_equal(answer.rows[1].users, 2);
    assert_int_equal(ask(store, about(USAGE_BY_ADDRESS)).count, 2);
    assert_int_equal(ask(store, about(USAGE_BY_CLIENT)).count, 3);
    assert_int_equal(ask(store, about(USAGE_BY_USER)).count, 3);
    answer = ask(store, about(0));
    assert_int_equal(answer.count, 1);
    assert_int_equal(answer.rows[0].users, 3);
    usage_store_close(store);
}

static void test_by_day(void **state)
{
    struct usage_store *store = memory_store();
    fill(store);
    struct answer answer = ask(store, about(USAGE_BY_DAY | USAGE_BY_PROTOCOL));
    static const int32_t days[] = {DAY - 29, DAY - 3, DAY, DAY};
    assert_int_equal(answer.count, 4);
    for (unsigned i = 0; i < 4; i++)
        assert_int_equal(answer.rows[i].entry.day, days[i]);
    assert_int_equal(answer.rows[2].entry.requests, 200);
    assert_int_equal(answer.rows[2].users, 1);
    answer = (struct answer){.stop_after = 2};
    assert_int_equal(usage_store_report(store, &(struct usage_question){.last_day = DAY, .by = USAGE_BY_DAY}, keep, &answer), USAGE_OK);
    assert_int_equal(answer.count, 2);
    usage_store_close(store);
}

/* Two classes and three versions are one software, and their users are counted once. */
static void test_by_software(void **state)
{
    struct usage_store *store = memory_store();
    fill(store);
    struct usage_entry entry = entry_of(1, DAY);
    entry.version = "14.0", entry.class = CLIENT_OUTLOOK_2010;
    add(store, entry);
    entry.software = "mapihttp", entry.class = CLIENT_OTHER;
    add(store, entry);
    struct answer answer = ask(store, about(USAGE_BY_SOFTWARE));
    assert_int_equal(answer.count, 2);
    assert_int_equal(answer.rows[0].users, 3);
    assert_string_equal(answer.texts[0][1], "");
    assert_int_equal(answer.rows[1].users, 1);
    answer = ask(store, about(USAGE_BY_SOFTWARE | USAGE_BY_CLASS));
    assert_int_equal(answer.count, 3);
    usage_store_close(store);
}

static void test_newest_first(void **state)
{
    struct usage_store *store = memory_store();
    struct usage_question question = about(USAGE_BY_DAY);
    fill(store);
    question.newest_first = true;
    struct answer answer = ask(store, question);
    assert_int_equal(answer.count, 3);
    assert_int_equal(answer.rows[0].entry.day, DAY);
    assert_int_equal(answer.rows[2].entry.day, DAY - 29);
    usage_store_close(store);
}

static void test_find_user(void **state)
{
    struct usage_store *store = memory_store();
    struct guid found;
    fill(store);
    assert_int_equal(usage_store_find_user(store, "USER2@example.org", &found), USAGE_OK);
    assert_true(guid_equal(found, user_id(2)));
    assert_int_equal(usage_store_find_user(store, "user2@example.or", &found), USAGE_NOT_FOUND);
    usage_store_close(store);
}

static void test_periods_and_filters(void **state)
{
    struct usage_store *store = memory_store();
    fill(store);
    struct usage_question question = about(USAGE_BY_USER);
    question.first_day = DAY - 28; /* user 3 was there the day before */
    assert_int_equal(ask(store, question).count, 2);
    question.last_day = DAY - 1;
    assert_int_equal(ask(store, question).count, 1);
    struct guid second = user_id(2), stranger = user_id(77);
    question = about(USAGE_BY_PROTOCOL);
    question.user = &second;
    struct answer answer = ask(store, question);
    assert_int_equal(answer.count, 1);
    assert_int_equal(answer.rows[0].entry.protocol, USAGE_AUTODISCOVER_LEGACY);
    question.user = &stranger;
    assert_int_equal(ask(store, question).count, 0);
    question = about(USAGE_BY_USER);
    question.protocols = 1u << USAGE_AUTODISCOVER_LEGACY | 1u << USAGE_RPC_HTTP;
    assert_int_equal(ask(store, question).count, 1);
    usage_store_close(store);
}

static void test_nobody_is_no_user(void **state)
{
    struct usage_store *store = memory_store();
    struct usage_entry entry = entry_of(1, DAY);
    entry.user = (struct guid){{0}}, entry.user_address = "";
    add(store, entry);
    add(store, entry_of(2, DAY));
    struct answer answer = ask(store, about(0));
    assert_int_equal(answer.rows[0].users, 1);
    assert_int_equal(answer.rows[0].entry.requests, 2);
    assert_int_equal(ask(store, about(USAGE_BY_USER)).count, 2);
    usage_store_close(store);
}

static void test_renamed_user_stays_one(void **state)
{
    struct usage_store *store = memory_store();
    struct usage_entry entry = entry_of(1, DAY - 1);
    add(store, entry);
    entry.day = DAY, entry.user_address = "married@example.org";
    add(store, entry);
    struct answer answer = ask(store, about(USAGE_BY_USER));
    assert_int_equal(answer.count, 1);
    assert_string_equal(answer.texts[0][0], "married@example.org");
    usage_store_close(store);
}

static void test_many_rows_of_one_user_are_folded(void **state)
{
    struct usage_store *store = memory_store();
    char address[32];
    for (unsigned i = 0; i < USAGE_ROWS_PER_USER_DAY + 50; i++) {
        struct usage_entry entry = entry_of(1, DAY);
        snprintf(address, sizeof address, "198.51.%u.%u", i / 256, i % 256);
        entry.address = address;
        add(store, entry);
    }
    add(store, entry_of(2, DAY)); /* another user is not touched */
    struct usage_entry again = entry_of(1, DAY); /* nor is a row that is there already */
    again.address = "198.51.0.7";
    add(store, again);
    struct usage_question question = about(0);
    assert_int_equal(ask(store, question).rows[0].entry.requests, USAGE_ROWS_PER_USER_DAY + 52);
    struct guid second = user_id(2);
    question = about(USAGE_BY_ADDRESS | USAGE_BY_CLIENT);
    question.user = &second;
    assert_string_equal(ask(store, question).texts[0][3], "192.0.2.1");
    question = about(USAGE_BY_CLIENT | USAGE_BY_PROTOCOL);
    struct guid first = user_id(1);
    question.user = &first;
    struct answer answer = ask(store, question);
    assert_int_equal(answer.count, 2);
    assert_int_equal(answer.rows[0].entry.requests, USAGE_ROWS_PER_USER_DAY + 1);
    assert_int_equal(answer.rows[1].entry.requests, 50);
    assert_string_equal(answer.texts[1][1], "");
    assert_int_equal(answer.rows[1].entry.class, CLIENT_OUTLOOK_2016); /* the product is still known */
    usage_store_close(store);
}

static void test_long_texts_are_cut_between_characters(void **state)
{
    struct usage_store *store = memory_store();
    struct usage_entry entry = entry_of(1, DAY);
    char text[] = "0123456789012345678901234567890123456789012345678901234567890\xE2\x82\xAC\xE2\x82\xAC";
    entry.version = text;
    add(store, entry);
    struct answer answer = ask(store, about(USAGE_BY_CLIENT));
    assert_int_equal(strlen(answer.texts[0][1]), 64);
    text[63] = '\0', text[61] = 'x', text[62] = '\xE2';
    entry.version = "01234567890123456789012345678901234567890123456789012345678901\xE2\x82\xAC";
    entry.day = DAY - 1;
    add(store, entry);
    answer = ask(store, about(USAGE_BY_CLIENT | USAGE_BY_DAY));
    assert_int_equal(strlen(answer.texts[0][1]), 62);
    usage_store_close(store);
}

static void test_a_batch_is_whole(void **state)
{
    struct usage_store *store = memory_store();
    struct usage_entry entries[] = {entry_of(1, DAY), entry_of(2, DAY), entry_of(1, DAY)};
    assert_int_equal(usage_store_add(store, entries, 3), USAGE_OK);
    assert_int_equal(usage_store_add(store, NULL, 0), USAGE_OK);
    assert_int_equal(ask(store, about(0)).rows[0].entry.requests, 3);
    usage_store_close(store);
}

static void test_prune(void **state)
{
    struct usage_store *store = memory_store();
    fill(store);
    assert_int_equal(usage_store_prune(store, DAY - 29), USAGE_OK);
    assert_int_equal(ask(store, about(USAGE_BY_USER)).count, 3);
    assert_int_equal(usage_store_prune(store, DAY - 28), USAGE_OK);
    struct answer answer = ask(store, about(USAGE_BY_USER | USAGE_BY_ADDRESS | USAGE_BY_AUTHENTICATION));
    assert_int_equal(answer.count, 2);
    assert_string_equal(answer.texts[0][2], "NTLM"); /* what others still name stays */
    add(store, entry_of(3, DAY));
    assert_int_equal(ask(store, about(USAGE_BY_USER)).count, 3);
    usage_store_close(store);
}

/* --- files --- */

static void make_path(char path[64])
{
    strcpy(path, "/tmp/usage_store_XXXXXX");
    int file = mkstemp(path);
    assert_true(file >= 0);
    close(file);
    unlink(path);
}

static void remove_file(const char *path)
{
    char beside[80];
    unlink(path);
    snprintf(beside, sizeof beside, "%s-wal", path);
    unlink(beside);
    snprintf(beside, sizeof beside, "%s-shm", path);
    unlink(beside);
}

static void test_file(void **state)
{
    char path[64];
    struct usage_store *writer, *reader;
    struct stat file;
    make_path(path);
    assert_int_equal(usage_store_open(path, false, &reader), USAGE_NOT_FOUND);
    assert_int_equal(usage_store_open(path, true, &writer), USAGE_OK);
    assert_int_equal(stat(path, &file), 0);
    assert_int_equal(file.st_mode & 0777, 0600);
    add(writer, entry_of(1, DAY));
    assert_int_equal(usage_store_open(path, false, &reader), USAGE_OK); /* while it is open for writing */
    assert_int_equal(ask(reader, about(0)).rows[0].entry.requests, 1);
    add(writer, entry_of(1, DAY));
    assert_int_equal(ask(reader, about(0)).rows[0].entry.requests, 2);
    usage_store_close(writer);
    usage_store_close(reader);
    assert_int_equal(usage_store_open(path, false, &reader), USAGE_OK); /* where nobody has it open */
    assert_int_equal(ask(reader, about(0)).rows[0].entry.requests, 2);
    usage_store_close(reader);
    remove_file(path);
}

static bool add_meanwhile(void *state, const struct usage_row *row)
{
    add(state, entry_of(9, DAY));
    return true;
}

static void test_writing_does_not_wait_for_a_report(void **state)
{
    char path[64];
    struct usage_store *writer, *reader;
    make_path(path);
    assert_int_equal(usage_store_open(path, true, &writer), USAGE_OK);
    add(writer, entry_of(1, DAY));
    assert_int_equal(usage_store_open(path, false, &reader), USAGE_OK);
    struct usage_question question = about(0);
    assert_int_equal(usage_store_report(reader, &question, add_meanwhile, writer), USAGE_OK);
    assert_int_equal(ask(reader, question).rows[0].entry.requests, 2);
    usage_store_close(reader);
    usage_store_close(writer);
    remove_file(path);
}

static void test_damaged_files(void **state)
{
    char path[64];
    struct usage_store *store = NULL;
    sqlite3 *database;
    make_path(path);
    FILE *file = fopen(path, "w");
    assert_non_null(file);
    for (unsigned i = 0; i < 500; i++)
        fputs("this is not a database", file);
    fclose(file);
    assert_int_equal(usage_store_open(path, true, &store), USAGE_CORRUPT);
    assert_int_equal(usage_store_open(path, false, &store), USAGE_CORRUPT);
    remove_file(path);
    assert_int_equal(sqlite3_open(path, &database), SQLITE_OK);
    assert_int_equal(sqlite3_exec(database, "CREATE TABLE x (y)", NULL, NULL, NULL), SQLITE_OK);
    assert_int_equal(usage_store_open(path, false, &store), USAGE_NOT_FOUND); /* made, but not yet filled */
    assert_int_equal(sqlite3_exec(database, "PRAGMA user_version = 2", NULL, NULL, NULL), SQLITE_OK);
    assert_int_equal(usage_store_open(path, true, &store), USAGE_CORRUPT); /* of a later version */
    sqlite3_close(database);
    remove_file(path);
    assert_int_equal(usage_store_open("/nowhere/usage.sqlite", true, &store), USAGE_UNAVAILABLE);
    assert_null(store);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_days), cmocka_unit_test(test_same_row_adds_up), cmocka_unit_test(test_groups),
        cmocka_unit_test(test_by_day), cmocka_unit_test(test_by_software), cmocka_unit_test(test_newest_first),
        cmocka_unit_test(test_find_user), cmocka_unit_test(test_periods_and_filters), cmocka_unit_test(test_nobody_is_no_user),
        cmocka_unit_test(test_renamed_user_stays_one), cmocka_unit_test(test_many_rows_of_one_user_are_folded),
        cmocka_unit_test(test_long_texts_are_cut_between_characters), cmocka_unit_test(test_a_batch_is_whole),
        cmocka_unit_test(test_prune), cmocka_unit_test(test_file), cmocka_unit_test(test_writing_does_not_wait_for_a_report),
        cmocka_unit_test(test_damaged_files),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
