/* The audit's file: what is written is found again as it was, nothing is lost silently, and nobody takes out or changes a record
 * without its showing. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <cmocka.h>
#include <pthread.h>
#include <sqlite3.h>
#include <sys/stat.h>

#include "base/filetime.h"
#include "record/audit_store.h"

#define DAY (86400ull * FILETIME_PER_SECOND)
#define NOON 134000000000000000ull /* some day */

struct fixture {
    char folder[64];
    char path[128]; /* in it */
    struct guid mailboxes[3], users[3];
    struct audit_store *store;
    unsigned told_failing, told_working;
    char told[256];
};

static void tell(void *user, bool failing, const char *text)
{
    struct fixture *fixture = user;
    *(failing ? &fixture->told_failing : &fixture->told_working) += 1;
    snprintf(fixture->told, sizeof fixture->told, "%s", text);
}

/* The second mailbox keeps its records for ten days only. */
static uint32_t age_limit(void *user, struct guid mailbox_user_id)
{
    struct fixture *fixture = user;
    return guid_equal(mailbox_user_id, fixture->users[1]) ? 10 * 86400 : AUDIT_AGE_DEFAULT_S;
}

static void start(struct fixture *fixture, uint32_t queue_size_max)
{
    fixture->store = audit_store_new(&(struct audit_settings){
        .path = fixture->path, .queue_size_max = queue_size_max, .batch_delay_ms = 1, .append_wait_ms = 100, .tell = tell,
        .age_limit = age_limit, .user = fixture});
    assert_non_null(fixture->store);
}

static int setup(void **state)
{
    struct fixture *fixture = calloc(1, sizeof *fixture);
    strcpy(fixture->folder, "/tmp/mapihttp-audit-XXXXXX");
    assert_non_null(mkdtemp(fixture->folder));
    snprintf(fixture->path, sizeof fixture->path, "%s/audit.sqlite", fixture->folder);
    for (int i = 0; i < 3; i++) {
        fixture->mailboxes[i] = guid_random();
        fixture->users[i] = guid_random();
    }
    start(fixture, 0);
    *state = fixture;
    return 0;
}

static int teardown(void **state)
{
    struct fixture *fixture = *state;
    char command[160];
    audit_store_free(fixture->store);
    snprintf(command, sizeof command, "rm -rf '%s'", fixture->folder);
    int result = system(command);
    free(fixture);
    return result;
}

static void stop(struct fixture *fixture)
{
    audit_store_free(fixture->store);
    fixture->store = NULL;
}

static struct audit_client client_of(const char *information)
{
    return (struct audit_client){.information = information, .address = "192.0.2.7", .machine = "DESK-7", .process = "OUTLOOK.EXE",
                                 .version = "16.0.17726.20126", .authentication = "NTLM", .session = "cid-1"};
}

static struct audit_deed deed_of(struct fixture *fixture, int mailbox, enum audit_operation operation, enum audit_logon_type type,
                                 uint64_t time)
{
    static const char *const names[] = {"Ada Lovelace", "Grace Hopper", "Katherine Johnson"};
    static const char *const principals[] = {"ada@example.org", "grace@example.org", "katherine@example.org"};
    return (struct audit_deed){
        .operation = operation, .logon_type = type, .time = time,
        .mailbox = {.user_id = fixture->users[mailbox], .mailbox_guid = fixture->mailboxes[mailbox], .name = names[mailbox],
                    .principal = principals[mailbox]},
        .user_id = fixture->users[0], .user_name = names[0], .user_principal = principals[0], .user_dn = "/o=X/cn=ada",
        .folder_path = "", .destination_path = ""};
}

static void append(struct fixture *fixture, int mailbox, enum audit_operation operation, enum audit_logon_type type, uint64_t time)
{
    struct audit_deed deed = deed_of(fixture, mailbox, operation, type, time);
    struct audit_client client = client_of("Client=MapiHttp;Outlook/16.0.17726.20126");
    assert_true(audit_store_append(fixture->store, &deed, &client));
}

static void flush(struct fixture *fixture)
{
    assert_true(audit_store_flush(fixture->store, 10000));
}

/* What a search found: numbers, the newest first, and the first record's texts. */
struct findings {
    uint32_t count;
    uint64_t numbers[64];
    uint64_t times[64];
    uint32_t stop_at;
};

static bool collect(void *context, const struct audit_record *record)
{
    struct findings *findings = context;
    if (findings->count < 64) {
        findings->numbers[findings->count] = record->number;
        findings->times[findings->count] = record->deed.time;
    }
    findings->count++;
    return findings->count != findings->stop_at;
}

static struct findings search(struct fixture *fixture, struct audit_query query)
{
    struct findings findings = {0};
    assert_int_equal(audit_search(fixture->path, &query, collect, &findings), AUDIT_OK);
    return findings;
}

static struct audit_verification verify(struct fixture *fixture)
{
    struct audit_verification verification;
    assert_int_equal(audit_verify(fixture->path, 0, NULL, &verification), AUDIT_OK);
    return verification;
}

static void run_sql(struct fixture *fixture, const char *sql)
{
    sqlite3 *database;
    char *error = NULL;
    assert_int_equal(sqlite3_open(fixture->path, &database), SQLITE_OK);
    if (sqlite3_exec(database, sql, NULL, NULL, &error) != SQLITE_OK)
        fail_msg("%s: %s", sql, error);
    sqlite3_close(database);
}

/* --- written and found --- */

static bool check_whole(void *context, const struct audit_record *record)
{
    const struct audit_deed *deed = &record->deed;
    assert_int_equal(record->number, 1);
    assert_int_equal(deed->operation, AUDIT_MOVE);
    assert_int_equal(deed->logon_type, AUDIT_DELEGATE);
    assert_int_equal(deed->result, AUDIT_PARTIALLY_SUCCEEDED);
    assert_int_equal(deed->error, 0x8004010F);
    assert_int_equal(deed->time, NOON);
    assert_string_equal(deed->mailbox.name, "Grace Hopper");
    assert_string_equal(deed->mailbox.principal, "grace@example.org");
    assert_string_equal(deed->user_name, "Ada Lovelace");
    assert_string_equal(deed->user_principal, "ada@example.org");
    assert_string_equal(deed->user_dn, "/o=X/cn=ada");
    assert_int_equal(deed->folder_id, 0x0001000000000013);
    assert_string_equal(deed->folder_path, "\\Inbox");
    assert_int_equal(deed->destination_id, 0x0001000000000014);
    assert_string_equal(deed->destination_path, "\\Posteingang\\Rechnungen \xC3\xBC");
    assert_int_equal(deed->item_count, 5);
    assert_int_equal(deed->items_named, 2);
    assert_string_equal(deed->items[0].subject, "\"quoted\", comma; \xE2\x82\xAC");
    assert_int_equal(deed->items[0].folder_id, 0x0001000000000013);
    assert_true(deed->items[0].has_attachments);
    assert_string_equal(deed->items[0].internet_message_id, "<1@example.org>");
    assert_string_equal(deed->items[1].subject, "");
    assert_string_equal(deed->items[1].folder_path, "\\Drafts");
    assert_int_equal(deed->items[1].message_id, 0x0001000000001002);
    assert_int_equal(deed->items[1].folder_id, 0x0001000000000015);
    assert_int_equal(deed->folder_count, 1);
    assert_string_equal(deed->folders[0].path, "\\Old");
    assert_string_equal(record->client.information, "Client=MapiHttp;???Outlook/16.0");
    assert_string_equal(record->client.address, "192.0.2.7");
    assert_string_equal(record->client.machine, "DESK-7");
    assert_string_equal(record->client.process, "OUTLOOK.EXE");
    assert_string_equal(record->client.version, "16.0.17726.20126");
    assert_string_equal(record->client.authentication, "NTLM");
    assert_string_equal(record->client.session, "cid-1");
    *(bool *)context = true;
    return true;
}

static void every_field_comes_back(void **state)
{
    struct fixture *fixture = *state;
    struct audit_deed deed = deed_of(fixture, 1, AUDIT_MOVE, AUDIT_DELEGATE, NOON);
    struct audit_client client = client_of("Client=MapiHttp;\xFF\xFE\x80Outlook/16.0"); /* no UTF-8 */
    const struct audit_item items[] = {
        {.folder_id = 0x0001000000000013, .message_id = 0x0001000000001001, .subject = "\"quoted\", comma; \xE2\x82\xAC",
         .folder_path = "", .internet_message_id = "<1@example.org>", .has_attachments = true},
        {.folder_id = 0x0001000000000015, .message_id = 0x0001000000001002, .subject = "", .folder_path = "\\Drafts",
         .internet_message_id = ""},
    };
    const struct audit_folder folder = {0x0001000000000016, "\\Old"};
    deed.result = AUDIT_PARTIALLY_SUCCEEDED;
    deed.error = 0x8004010F;
    deed.folder_id = 0x0001000000000013;
    deed.folder_path = "\\Inbox";
    deed.destination_id = 0x0001000000000014;
    deed.destination_path = "\\Posteingang\\Rechnungen \xC3\xBC";
    deed.item_count = 5;
    deed.items = items;
    deed.items_named = 2;
    deed.folder_count = 1;
    deed.folders = &folder;
    assert_true(audit_store_append(fixture->store, &deed, &client));
    flush(fixture);
    bool seen = false;
    assert_int_equal(audit_search(fixture->path, &(struct audit_query){0}, check_whole, &seen), AUDIT_OK);
    assert_true(seen);
    struct stat status;
    assert_int_equal(stat(fixture->path, &status), 0);
    assert_int_equal(status.st_mode & 0777, 0600);
}

static bool check_long(void *context, const struct audit_record *record)
{
    assert_int_equal(strlen(record->deed.folder_path), 1023); /* not in the middle of a character */
    assert_int_equal(record->deed.items_named, AUDIT_ITEMS_MAX);
    assert_int_equal(record->deed.item_count, AUDIT_ITEMS_MAX + 7);
    *(bool *)context = true;
    return true;
}

static void long_texts_are_cut_between_characters_and_items_capped(void **state)
{
    struct fixture *fixture = *state;
    char path[4000] = "\\";
    struct audit_item *items = calloc(AUDIT_ITEMS_MAX + 7, sizeof *items);
    for (int i = 0; i < 1800; i++)
        memcpy(path + 1 + 2 * i, "\xC3\xBC", 3);
    for (unsigned i = 0; i < AUDIT_ITEMS_MAX + 7; i++)
        items[i] = (struct audit_item){.message_id = i + 1, .subject = "s", .folder_path = "", .internet_message_id = ""};
    struct audit_deed deed = deed_of(fixture, 0, AUDIT_HARD_DELETE, AUDIT_OWNER, NOON);
    struct audit_client client = client_of("");
    deed.folder_path = path;
    deed.items = items;
    deed.item_count = deed.items_named = AUDIT_ITEMS_MAX + 7;
    assert_true(audit_store_append(fixture->store, &deed, &client));
    flush(fixture);
    bool seen = false;
    assert_int_equal(audit_search(fixture->path, &(struct audit_query){0}, check_long, &seen), AUDIT_OK);
    assert_true(seen);
    free(items);
}

static void searches_filter(void **state)
{
    struct fixture *fixture = *state;
    append(fixture, 0, AUDIT_MAILBOX_LOGIN, AUDIT_OWNER, NOON);
    append(fixture, 0, AUDIT_HARD_DELETE, AUDIT_OWNER, NOON + 10);
    append(fixture, 1, AUDIT_FOLDER_BIND, AUDIT_DELEGATE, NOON + 20);
    append(fixture, 2, AUDIT_FOLDER_BIND, AUDIT_ADMIN, NOON + 30);
    append(fixture, 2, AUDIT_MAILBOX_LOGIN, AUDIT_OWNER, NOON + 40);
    flush(fixture);
    struct findings all = search(fixture, (struct audit_query){0});
    assert_int_equal(all.count, 5);
    for (unsigned i = 0; i < 5; i++)
        assert_int_equal(all.numbers[i], 5 - i); /* the newest first */
    struct findings found = search(fixture, (struct audit_query){.mailbox_count = 1, .mailbox_guids = &fixture->mailboxes[2]});
    assert_int_equal(found.count, 2);
    assert_int_equal(found.numbers[0], 5);
    found = search(fixture, (struct audit_query){.mailbox_count = 2, .mailbox_guids = fixture->mailboxes});
    assert_int_equal(found.count, 3);
    assert_int_equal(found.numbers[2], 1);
    found = search(fixture, (struct audit_query){.operations = AUDIT_BIT(AUDIT_FOLDER_BIND) | AUDIT_BIT(AUDIT_HARD_DELETE)});
    assert_int_equal(found.count, 3);
    found = search(fixture, (struct audit_query){.logon_types = 1 << AUDIT_ADMIN | 1 << AUDIT_DELEGATE});
    assert_int_equal(found.count, 2);
    found = search(fixture, (struct audit_query){.time_from = NOON + 10, .time_until = NOON + 30});
    assert_int_equal(found.count, 3);
    assert_int_equal(found.numbers[0], 4);
    assert_int_equal(found.numbers[2], 2);
    found = search(fixture, (struct audit_query){.result_max = 2});
    assert_int_equal(found.count, 2);
    assert_int_equal(found.numbers[1], 4);
    assert_int_equal(search(fixture, (struct audit_query){.has_attachments = true}).count, 0);
    struct guid stranger = guid_random();
    assert_int_equal(search(fixture, (struct audit_query){.mailbox_count = 1, .mailbox_guids = &stranger}).count, 0);
    struct findings stopped = {.stop_at = 1};
    assert_int_equal(audit_search(fixture->path, &(struct audit_query){0}, collect, &stopped), AUDIT_OK);
    assert_int_equal(stopped.count, 1);
}

static bool collect_mailbox(void *context, const struct audit_mailbox_access *access)
{
    struct findings *findings = context;
    findings->numbers[findings->count] = access->record_count;
    findings->times[findings->count++] = access->last_accessed;
    assert_true(*access->mailbox.principal);
    return true;
}

static void mailboxes_with_their_newest_access(void **state)
{
    struct fixture *fixture = *state;
    append(fixture, 0, AUDIT_MAILBOX_LOGIN, AUDIT_OWNER, NOON);
    append(fixture, 1, AUDIT_FOLDER_BIND, AUDIT_DELEGATE, NOON + 20);
    append(fixture, 0, AUDIT_HARD_DELETE, AUDIT_OWNER, NOON + 10);
    flush(fixture);
    struct findings findings = {0};
    assert_int_equal(audit_search_mailboxes(fixture->path, &(struct audit_query){0}, collect_mailbox, &findings), AUDIT_OK);
    assert_int_equal(findings.count, 2);
    assert_int_equal(findings.times[0], NOON + 20);
    assert_int_equal(findings.times[1], NOON + 10);
    assert_int_equal(findings.numbers[1], 2);
    findings = (struct findings){0};
    assert_int_equal(audit_search_mailboxes(fixture->path, &(struct audit_query){.mailbox_count = 1, .mailbox_guids = &fixture->mailboxes[0],
                         .operations = AUDIT_BIT(AUDIT_MAILBOX_LOGIN)}, collect_mailbox, &findings), AUDIT_OK);
    assert_int_equal(findings.count, 1);
    assert_int_equal(findings.times[0], NOON);
}

static void without_a_file_there_is_nothing(void **state)
{
    struct fixture *fixture = *state;
    struct audit_verification verification;
    struct findings findings = {0};
    assert_int_equal(audit_search(fixture->path, &(struct audit_query){0}, collect, &findings), AUDIT_NO_FILE);
    assert_int_equal(audit_verify(fixture->path, 0, NULL, &verification), AUDIT_NO_FILE);
    uint64_t removed = 7;
    assert_int_equal(audit_store_retain(fixture->store, NOON, &removed), AUDIT_NO_FILE);
    assert_int_equal(removed, 0);
    stop(fixture);
    assert_int_equal(access(fixture->path, F_OK), -1); /* nothing to write: no file */
}

/* --- the chain --- */

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
    struct audit_verification before = verify(fixture);
    assert_true(before.sound);
    assert_int_equal(before.record_count, 10);
    assert_int_equal(before.last_number, 10);
    assert_int_equal(before.interruptions, 0);
    start(fixture, 0);
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

static void bytes_that_are_no_audit_are_refused(void **state)
{
    struct fixture *fixture = *state;
    struct audit_verification verification;
    struct findings findings = {0};
    stop(fixture);
    FILE *file = fopen(fixture->path, "w");
    for (int i = 0; i < 1000; i++)
        fputs("this is no database; ", file);
    fclose(file);
    assert_int_equal(audit_search(fixture->path, &(struct audit_query){0}, collect, &findings), AUDIT_CORRUPT);
    assert_int_equal(audit_verify(fixture->path, 0, NULL, &verification), AUDIT_CORRUPT);
    unlink(fixture->path);
    run_sql(fixture, "CREATE TABLE somebody_elses(x)");
    assert_int_equal(audit_search(fixture->path, &(struct audit_query){0}, collect, &findings), AUDIT_CORRUPT);
    start(fixture, 0);
    struct audit_deed deed = deed_of(fixture, 0, AUDIT_UPDATE, AUDIT_OWNER, NOON);
    struct audit_client client = client_of("");
    assert_true(audit_store_append(fixture->store, &deed, &client));
    assert_false(audit_store_flush(fixture->store, 300)); /* nothing is written into somebody else's file */
    unlink(fixture->path);
    flush(fixture); /* tried again */
    stop(fixture);
    assert_int_equal(search(fixture, (struct audit_query){0}).count, 1);
    run_sql(fixture, "PRAGMA user_version=2");
    assert_int_equal(audit_search(fixture->path, &(struct audit_query){0}, collect, &findings), AUDIT_NEWER_FORMAT);
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

/* --- never lost silently --- */

static void a_disk_that_fails_is_told_and_made_up_for(void **state)
{
    struct fixture *fixture = *state;
    char away[160];
    snprintf(away, sizeof away, "%s.away", fixture->folder);
    assert_int_equal(rename(fixture->folder, away), 0); /* no folder: the file cannot be made */
    append(fixture, 0, AUDIT_CREATE, AUDIT_OWNER, NOON);
    append(fixture, 0, AUDIT_UPDATE, AUDIT_OWNER, NOON + 1);
    assert_false(audit_store_flush(fixture->store, 300));
    struct audit_state failing = audit_store_state(fixture->store);
    assert_true(failing.failing);
    assert_int_equal(failing.queued, 2);
    assert_int_equal(failing.lost, 0);
    assert_true(*failing.error);
    assert_int_equal(fixture->told_failing, 1);
    assert_int_equal(rename(away, fixture->folder), 0);
    flush(fixture);
    assert_false(audit_store_state(fixture->store).failing);
    assert_int_equal(fixture->told_working, 1);
    assert_int_equal(search(fixture, (struct audit_query){0}).count, 2);
}

static void what_does_not_fit_is_counted_and_stands_in_the_chain(void **state)
{
    struct fixture *fixture = *state;
    char away[160];
    stop(fixture);
    start(fixture, 2000); /* a few records */
    snprintf(away, sizeof away, "%s.away", fixture->folder);
    assert_int_equal(rename(fixture->folder, away), 0);
    unsigned taken = 0, lost = 0;
    for (unsigned i = 0; i < 20; i++) {
        struct audit_deed deed = deed_of(fixture, 0, AUDIT_UPDATE, AUDIT_OWNER, NOON + i);
        struct audit_client client = client_of("x");
        *(audit_store_append(fixture->store, &deed, &client) ? &taken : &lost) += 1;
    }
    assert_true(taken >= 1);
    assert_true(lost >= 10);
    assert_int_equal(audit_store_state(fixture->store).lost, lost);
    assert_int_equal(rename(away, fixture->folder), 0);
    flush(fixture);
    append(fixture, 0, AUDIT_UPDATE, AUDIT_OWNER, NOON + 30);
    flush(fixture);
    struct audit_verification verification = verify(fixture);
    assert_true(verification.sound);
    assert_int_equal(verification.lost_count, lost);
    assert_int_equal(verification.record_count, taken + 1);
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
    start(fixture, 0);
    append(fixture, 0, AUDIT_UPDATE, AUDIT_OWNER, NOON + 1);
    flush(fixture);
    struct audit_verification verification = verify(fixture);
    assert_true(verification.sound);
    assert_int_equal(verification.record_count, 2);
    assert_int_equal(verification.interruptions, 1);
}

static void *append_many(void *argument)
{
    struct fixture *fixture = argument;
    for (unsigned i = 0; i < 500; i++)
        append(fixture, (int)(i % 3), AUDIT_UPDATE, AUDIT_OWNER, NOON + i);
    return NULL;
}

static void many_threads_and_a_small_queue_lose_nothing(void **state)
{
    struct fixture *fixture = *state;
    pthread_t threads[4];
    stop(fixture);
    start(fixture, 20000);
    for (int i = 0; i < 4; i++)
        assert_int_equal(pthread_create(&threads[i], NULL, append_many, fixture), 0);
    for (int i = 0; i < 4; i++)
        pthread_join(threads[i], NULL);
    stop(fixture); /* without a flush: stopping writes what is queued */
    struct audit_verification verification = verify(fixture);
    assert_true(verification.sound);
    assert_int_equal(verification.record_count, 2000);
    assert_int_equal(verification.lost_count, 0);
}

int main(void)
{
#define TEST(test) cmocka_unit_test_setup_teardown(test, setup, teardown)
    const struct CMUnitTest tests[] = {
        TEST(every_field_comes_back),
        TEST(long_texts_are_cut_between_characters_and_items_capped),
        TEST(searches_filter),
        TEST(mailboxes_with_their_newest_access),
        TEST(without_a_file_there_is_nothing),
        TEST(chain_holds_over_restarts),
        TEST(tampering_shows),
        TEST(bytes_that_are_no_audit_are_refused),
        TEST(retention_follows_each_mailbox),
        TEST(retention_of_many_goes_in_steps),
        TEST(a_disk_that_fails_is_told_and_made_up_for),
        TEST(what_does_not_fit_is_counted_and_stands_in_the_chain),
        TEST(a_server_that_was_killed_shows),
        TEST(many_threads_and_a_small_queue_lose_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
