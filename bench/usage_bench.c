/* Reports over a record of usage of many rows: each operation as the command and the pages run it, over the longest period, until
 * its last row; and what writing a batch costs.
 *
 * usage: usage_bench FOLDER ROWS      (FOLDER/directory.sqlite by bench/fill_directory; FOLDER/usage.sqlite is made)
 *
 * Prints a line for each report: name, CPU and wall milliseconds (the best of three), rows of the answer, what the wall time is to
 * be under.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "asking.h"
#include "base/filetime.h"
#include "directory/embedded.h"
#include "operation/operation.h"
#include "record/usage_store.h"

#define DAYS 180
#define BATCH 256u
#define REPORT_MS_MAX 1000.0

/* --- filling --- */

static const struct {
    enum usage_protocol protocol;
    const char *version;
    enum client_class class;
} clients[] = {
    {USAGE_MAPI_HTTP, "16.0.17928.20114", CLIENT_OUTLOOK_M365}, {USAGE_AUTODISCOVER, "16.0.17928", CLIENT_OUTLOOK_M365},
    {USAGE_MAPI_HTTP, "16.0.5413.1000", CLIENT_OUTLOOK_2016}, {USAGE_MAPI_HTTP, "15.0.5589.1001", CLIENT_OUTLOOK_2013},
    {USAGE_MAPI_HTTP, "16.0.10417.20012", CLIENT_OUTLOOK_2019}, {USAGE_AUTODISCOVER_LEGACY, "14.0.7015", CLIENT_OUTLOOK_2010},
    {USAGE_RPC_HTTP, "12.0.6739", CLIENT_OUTLOOK_2007}, {USAGE_MAPI_HTTP, "16.0.18025.20160", CLIENT_OUTLOOK_M365},
};

/* Every user each day: first from the desk with one client, then from elsewhere with others. */
static void make_entry(const struct directory_user *user, uint32_t number, uint32_t turn, int32_t day, char address[32],
                       struct usage_entry *ret_entry)
{
    unsigned client = (number + turn) % (sizeof clients / sizeof *clients);
    uint64_t midnight = filetime_of_unix((time_t)day * 86400);
    snprintf(address, 32, "10.%u.%u.%u", turn, (number + (turn ? (unsigned)day : 0)) / 250 % 250, number % 250);
    *ret_entry = (struct usage_entry){
        .day = day, .user = user->id, .user_address = user->address, .protocol = clients[client].protocol, .software = "Outlook",
        .version = clients[client].version, .class = clients[client].class, .authentication = turn ? "Bearer" : "Negotiate",
        .address = address, .requests = 100 + number % 900, .failures = turn, .sessions = 2, .first_seen = midnight + number,
        .last_seen = midnight + number + 3600 * FILETIME_PER_SECOND};
}

static double fill(const char *path, const struct directory_user *users, uint32_t user_count, uint32_t rows, int32_t today)
{
    struct usage_entry entries[BATCH];
    char addresses[BATCH][32];
    struct usage_store *store;
    uint32_t count = 0;
    if (usage_store_open(path, true, &store) != USAGE_OK)
        fail(path, "cannot be opened");
    double start = now_ms(CLOCK_MONOTONIC);
    for (uint32_t i = 0; i < rows; i++) {
        uint64_t per_day = (rows + DAYS - 1) / DAYS, of_day = i % per_day;
        uint32_t user = (uint32_t)(of_day % user_count), turn = (uint32_t)(of_day / user_count);
        make_entry(&users[user], user, turn, today - DAYS + 1 + (int32_t)(i / per_day), addresses[count], &entries[count]);
        if (++count == BATCH || i + 1 == rows) {
            enum usage_status status = usage_store_add(store, entries, count);
            if (status != USAGE_OK)
                fail("adding", usage_status_text(status));
            count = 0;
        }
    }
    double duration = now_ms(CLOCK_MONOTONIC) - start;
    usage_store_close(store);
    return duration;
}

static struct directory_user *list_users(struct directory *directory, struct arena *arena, uint32_t *ret_count)
{
    struct directory_user *users;
    if (directory_list(directory, arena, NULL, 2000, ret_count, &users) != DIRECTORY_OK || *ret_count == 0)
        fail("the directory", "has no users");
    return users;
}

int main(int argument_count, char **arguments)
{
    static const char *const questions[][2] = {
        {"Get-MailProtocolUsage", "{\"Period\": \"D180\"}"},
        {"Get-MailProtocolUsage", "{\"Period\": \"D180\", \"Daily\": true}"},
        {"Get-MailProtocolUsage", "{\"Period\": \"D30\"}"},
        {"Get-MailClientUsage", "{\"Period\": \"D180\"}"},
        {"Get-MailClientUsage", "{\"Period\": \"D180\", \"By\": \"Product\"}"},
        {"Get-MailUserUsage", "{\"Period\": \"D180\", \"IncludeInactive\": true}"},
        {"Get-MailUserUsage", "{\"Period\": \"D180\", \"Protocol\": \"RpcHttp\"}"},
        {"Get-MailLegacyClient", "{\"Period\": \"D180\"}"},
        {"Get-EmailAppUsage", "{\"Period\": \"D180\"}"},
        {"Get-EmailAppUsage", "{\"Period\": \"D180\", \"View\": \"UserCounts\"}"},
        {"Get-EmailAppUsage", "{\"Period\": \"D180\", \"View\": \"VersionsUserCounts\"}"},
        {"Get-MailUsageDetail", "{\"Period\": \"D180\", \"Identity\": \"bench\", \"ResultSize\": \"Unlimited\"}"},
        {"Get-MailUsageDetail", "{\"Period\": \"D180\"}"},
    };
    char usage_path[4096], directory_path[4096];
    struct operation_host host = {0};
    struct arena arena = {0};
    uint32_t user_count;
    if (argument_count != 3)
        fail("usage", "usage_bench FOLDER ROWS");
    uint32_t rows = (uint32_t)strtoul(arguments[2], NULL, 10);
    host.data_path = arguments[1];
    snprintf(usage_path, sizeof usage_path, "%s/usage.sqlite", arguments[1]);
    snprintf(directory_path, sizeof directory_path, "%s/directory.sqlite", arguments[1]);
    if (embedded_directory_open(directory_path, false, &host.directory) != DIRECTORY_OK)
        fail(directory_path, "cannot be opened");
    struct directory_user *users = list_users(host.directory, &arena, &user_count);
    double filled = fill(usage_path, users, user_count, rows, usage_day_of(filetime_now()));
    printf("%u rows of %u users over %d days; a batch of %u is written in %.1f ms\n", rows, user_count, DAYS, BATCH,
           filled / ((double)rows / BATCH));
    for (unsigned i = 0; i < sizeof questions / sizeof *questions; i++)
        ask(&host, questions[i][0], questions[i][1], REPORT_MS_MAX);
    directory_close(host.directory);
    arena_free(&arena);
    return 0;
}
