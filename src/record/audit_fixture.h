/* What the tests of the audit share: three mailboxes, a store in a folder of its own. Included by these tests only. */
#pragma once
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
    unsigned ends_told;
    uint64_t end_told;
};

static inline void tell(void *user, bool failing, const char *text)
{
    struct fixture *fixture = user;
    *(failing ? &fixture->told_failing : &fixture->told_working) += 1;
    snprintf(fixture->told, sizeof fixture->told, "%s", text);
}

static inline void note_end(void *user, uint64_t number, const uint8_t *hash)
{
    struct fixture *fixture = user;
    fixture->ends_told++;
    fixture->end_told = number;
}

/* The second mailbox keeps its records for ten days only. */
static inline uint32_t age_limit(void *user, struct guid mailbox_user_id)
{
    struct fixture *fixture = user;
    return guid_equal(mailbox_user_id, fixture->users[1]) ? 10 * 86400 : AUDIT_AGE_DEFAULT_S;
}

static inline void start(struct fixture *fixture, uint32_t queue_size_max, uint32_t append_wait_ms)
{
    fixture->store = audit_store_new(&(struct audit_settings){
        .path = fixture->path, .queue_size_max = queue_size_max, .batch_delay_ms = 1, .append_wait_ms = append_wait_ms, .tell = tell, .end = note_end,
        .age_limit = age_limit, .user = fixture});
    assert_non_null(fixture->store);
}

static inline int setup(void **state)
{
    struct fixture *fixture = calloc(1, sizeof *fixture);
    strcpy(fixture->folder, "/tmp/mapihttp-audit-XXXXXX");
    assert_non_null(mkdtemp(fixture->folder));
    snprintf(fixture->path, sizeof fixture->path, "%s/audit.sqlite", fixture->folder);
    for (int i = 0; i < 3; i++) {
        fixture->mailboxes[i] = guid_random();
        fixture->users[i] = guid_random();
    }
    start(fixture, 0, 0);
    *state = fixture;
    return 0;
}

static inline int teardown(void **state)
{
    struct fixture *fixture = *state;
    char command[160];
    audit_store_free(fixture->store);
    snprintf(command, sizeof command, "rm -rf '%s'", fixture->folder);
    int result = system(command);
    free(fixture);
    return result;
}

static inline void stop(struct fixture *fixture)
{
    audit_store_free(fixture->store);
    fixture->store = NULL;
}

static inline struct audit_client client_of(const char *information)
{
    return (struct audit_client){.information = information, .address = "192.0.2.7", .machine = "DESK-7", .process = "OUTLOOK.EXE",
                                 .version = "16.0.17726.20126", .authentication = "NTLM", .session = "cid-1"};
}

static inline struct audit_deed deed_of(struct fixture *fixture, int mailbox, enum audit_operation operation, enum audit_logon_type type,
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

static inline void append(struct fixture *fixture, int mailbox, enum audit_operation operation, enum audit_logon_type type, uint64_t time)
{
    struct audit_deed deed = deed_of(fixture, mailbox, operation, type, time);
    struct audit_client client = client_of("Client=MapiHttp;Outlook/16.0.17726.20126");
    assert_true(audit_store_append(fixture->store, &deed, &client));
}

static inline void flush(struct fixture *fixture)
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

static inline bool collect(void *context, const struct audit_record *record)
{
    struct findings *findings = context;
    if (findings->count < 64) {
        findings->numbers[findings->count] = record->number;
        findings->times[findings->count] = record->deed.time;
    }
    findings->count++;
    return findings->count != findings->stop_at;
}

static inline struct findings search(struct fixture *fixture, struct audit_query query)
{
    struct findings findings = {0};
    assert_int_equal(audit_search(fixture->path, &query, collect, &findings), AUDIT_OK);
    return findings;
}

static inline struct audit_verification verify(struct fixture *fixture)
{
    struct audit_verification verification;
    assert_int_equal(audit_verify(fixture->path, 0, NULL, &verification), AUDIT_OK);
    return verification;
}

static inline void run_sql(struct fixture *fixture, const char *sql)
{
    sqlite3 *database;
    char *error = NULL;
    assert_int_equal(sqlite3_open(fixture->path, &database), SQLITE_OK);
    if (sqlite3_exec(database, sql, NULL, NULL, &error) != SQLITE_OK)
        fail_msg("%s: %s", sql, error);
    sqlite3_close(database);
}
