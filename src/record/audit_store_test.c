/* The audit's file: what is written is found again as it was, and nothing is lost silently. */
#include "record/audit_fixture.h"

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
    start(fixture, 0, 0);
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
    start(fixture, 2000, 100); /* a few records */
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
    start(fixture, 20000, 60000); /* whatever the disk does meanwhile */
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
        TEST(bytes_that_are_no_audit_are_refused),
        TEST(a_disk_that_fails_is_told_and_made_up_for),
        TEST(what_does_not_fit_is_counted_and_stands_in_the_chain),
        TEST(many_threads_and_a_small_queue_lose_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
