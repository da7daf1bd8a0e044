/* The mailbox audit with many records: what writing them costs, each search as the command and the pages run it, until its last row,
 * and the verification of the whole chain.
 *
 * usage: audit_bench FOLDER RECORDS      (FOLDER/directory.sqlite by bench/fill_directory; FOLDER/audit.sqlite is made)
 *
 * Prints a line for each question: name, CPU and wall milliseconds (the best of three), rows of the answer, what the wall time is to
 * be under.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>

#include "asking.h"
#include "base/filetime.h"
#include "directory/embedded.h"
#include "operation/operation.h"
#include "record/audit_store.h"

#define DAYS 90
#define SEARCH_MS_MAX 1000.0
#define MAILBOXES 500u

/* --- filling --- */

/* A day of an office: log-ons and reading mostly, some deletions, now and then somebody else's mailbox. */
static void append(struct audit_store *store, const struct directory_user *users, uint32_t number, uint64_t time)
{
    static const enum audit_operation day[] = {AUDIT_MAILBOX_LOGIN, AUDIT_UPDATE, AUDIT_CREATE, AUDIT_MAILBOX_LOGIN, AUDIT_MOVE,
                                                      AUDIT_SOFT_DELETE, AUDIT_UPDATE, AUDIT_FOLDER_BIND};
    static const char *const agents[] = {
        "Client=MapiHttp;Outlook/16.0.17726.20126;Microsoft Office/16.0 (Windows NT 10.0; Microsoft Outlook 16.0.17726; Pro)",
        "Client=MapiHttp;Outlook/15.0.5589.1001;Microsoft Office/15.0 (Windows NT 6.1; Microsoft Outlook 15.0.5589; Pro)"};
    const struct directory_user *owner = &users[number % MAILBOXES], *user = number % 8 == 7 ? &users[(number / 8) % MAILBOXES] : owner;
    enum audit_operation operation = number % 5000 == 4999 ? AUDIT_HARD_DELETE : day[number % 8];
    char subject[64], address[32];
    snprintf(subject, sizeof subject, "Subject of message %u", number);
    snprintf(address, sizeof address, "10.0.%u.%u", user == owner ? number % MAILBOXES / 250 : 9, number % 250);
    struct audit_item item = {.folder_id = 1ull << 48 | 0x13, .message_id = 1ull << 48 | (0x1000 + number), .subject = subject, .folder_path = "",
                              .internet_message_id = "", .has_attachments = number % 3 == 0};
    bool login = operation == AUDIT_MAILBOX_LOGIN, bind = operation == AUDIT_FOLDER_BIND;
    struct audit_client client = {agents[number % 7 == 0], address, "DESK", "OUTLOOK.EXE", "16.0.17726.20126", "Kerberos", "4711"};
    struct audit_deed deed = {
        .operation = operation, .logon_type = user == owner ? AUDIT_OWNER : number % 160 == 7 ? AUDIT_ADMIN : AUDIT_DELEGATE, .time = time,
        .mailbox = {.user_id = owner->id, .mailbox_guid = owner->mailbox_guid, .replica_guid = owner->id, .name = owner->display_name,
                    .principal = owner->address},
        .user_id = user->id, .user_name = user->display_name, .user_principal = user->address, .user_dn = user->legacy_dn,
        .folder_id = login ? 0 : 1ull << 48 | 0x13, .folder_path = login ? "" : "\\Inbox", .destination_path = "",
        .item_count = !login && !bind, .items = &item, .items_named = !login && !bind};
    if (!audit_store_append(store, &deed, &client))
        fail("a record", "was lost");
}

static void fill(const char *path, const struct directory_user *users, uint32_t records)
{
    struct audit_store *store = audit_store_new(&(struct audit_settings){.path = path, .append_wait_ms = 600000});
    uint64_t now = filetime_now(), first = now - DAYS * 86400ull * FILETIME_PER_SECOND + 86400ull * FILETIME_PER_SECOND;
    struct stat file;
    if (!store)
        fail(path, "cannot be begun");
    double cpu = now_ms(CLOCK_PROCESS_CPUTIME_ID), wall = now_ms(CLOCK_MONOTONIC);
    for (uint32_t i = 0; i < records; i++)
        append(store, users, i, first + (now - first) / records * i);
    audit_store_free(store);
    cpu = now_ms(CLOCK_PROCESS_CPUTIME_ID) - cpu;
    wall = now_ms(CLOCK_MONOTONIC) - wall;
    if (stat(path, &file) != 0)
        fail(path, "is not there");
    printf("%u records of %u mailboxes over %d days: %.1f us CPU, %.1f us wall and %.0f bytes a record\n", records, MAILBOXES, DAYS - 1,
           cpu * 1e3 / records, wall * 1e3 / records, (double)file.st_size / records);
}

int main(int argument_count, char **arguments)
{
    static const char *const questions[] = {
        "{\"ShowDetails\": true, \"LogonTypes\": \"Owner\", \"Identity\": \"%s\"}",
        "{\"ShowDetails\": true, \"LogonTypes\": \"Owner,Delegate,Admin\"}",
        "{\"ShowDetails\": true, \"Operations\": \"HardDelete\"}",
        "{\"ShowDetails\": true, \"Operations\": \"SendAs\"}",
        "{\"ShowDetails\": true, \"LogonTypes\": \"Admin\"}",
        "{\"ShowDetails\": true, \"LogonTypes\": \"Owner\", \"HasAttachments\": true, \"Operations\": \"SoftDelete\"}",
        "{\"ShowDetails\": true, \"Operations\": \"MailboxLogin\", \"ResultSize\": 5000}",
        "{\"ShowDetails\": true, \"StartDate\": \"60d\", \"EndDate\": \"59d\"}",
        "{}",
        "{\"ShowDetails\": true, \"LogonTypes\": \"Owner\", \"Mailboxes\": [\"%s\", \"%s\"], \"Operations\": \"SoftDelete\"}",
    };
    char audit_path[4096], directory_path[4096], parameters[512];
    struct operation_host host = {0};
    struct arena arena = {0};
    struct directory_user *users;
    uint32_t user_count;
    if (argument_count != 3)
        fail("usage", "audit_bench FOLDER RECORDS");
    host.data_path = arguments[1];
    snprintf(audit_path, sizeof audit_path, "%s/" AUDIT_FILE_NAME, arguments[1]);
    snprintf(directory_path, sizeof directory_path, "%s/directory.sqlite", arguments[1]);
    if (embedded_directory_open(directory_path, false, &host.directory) != DIRECTORY_OK)
        fail(directory_path, "cannot be opened");
    if (directory_list(host.directory, &arena, NULL, MAILBOXES, &user_count, &users) != DIRECTORY_OK || user_count < MAILBOXES)
        fail("the directory", "has too few users");
    fill(audit_path, users, (uint32_t)strtoul(arguments[2], NULL, 10));
    for (unsigned i = 0; i < sizeof questions / sizeof *questions; i++) {
        snprintf(parameters, sizeof parameters, questions[i], users[1].address, users[5].address);
        ask(&host, "Search-MailboxAuditLog", parameters, SEARCH_MS_MAX);
    }
    ask(&host, "Search-MailboxAuditLog", "{\"ShowDetails\": true, \"ResultSize\": 250000}", 0);
    ask(&host, "Test-MailboxAuditLog", "{}", 0);
    directory_close(host.directory);
    arena_free(&arena);
    return 0;
}
