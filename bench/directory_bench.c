/* What lookups in an embedded directory cost, in CPU time: finding a user by account, address and DN, an entry, a right that was
 * not given and one by way of groups, and reading everybody in pages of 1,000.
 *
 * usage: directory_bench FOLDER      (made by fill_directory)
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "directory/embedded.h"

#define PAGE 1000u
#define LOOKUPS 20000u

struct people {
    uint32_t count;
    struct guid *ids;
    char **accounts, **addresses, **dns;
};

static double cpu_seconds(void)
{
    struct timespec now;
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
    return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

static void require(bool holds, const char *what)
{
    if (!holds) {
        fprintf(stderr, "directory_bench: %s\n", what);
        exit(1);
    }
}

static void read_everybody(struct directory *directory, struct people *people)
{
    struct arena arena = {0};
    struct guid last;
    const struct guid *after = NULL;
    uint32_t count, total = 0;
    struct directory_entry *entries;
    double start = cpu_seconds(), spent = 0;
    do {
        arena_reset(&arena);
        require(directory_entries(directory, &arena, after, PAGE, &count, &entries) == DIRECTORY_OK, "entries");
        spent += cpu_seconds() - start;
        total += count;
        for (uint32_t i = 0; i < count; i += 10) {
            if (!directory_kind_has_mailbox(entries[i].kind))
                continue;
            people->ids = realloc(people->ids, (people->count + 1) * sizeof *people->ids);
            people->accounts = realloc(people->accounts, (people->count + 1) * sizeof(char *));
            people->addresses = realloc(people->addresses, (people->count + 1) * sizeof(char *));
            people->dns = realloc(people->dns, (people->count + 1) * sizeof(char *));
            people->ids[people->count] = entries[i].id;
            people->accounts[people->count] = strdup(entries[i].account);
            people->addresses[people->count] = strdup(entries[i].address);
            people->dns[people->count++] = strdup(entries[i].legacy_dn);
        }
        if (count > 0)
            last = entries[count - 1].id;
        after = &last;
        start = cpu_seconds();
    } while (count == PAGE);
    printf("%-44s %8.3f s (%u entries)\n", "everybody, in pages of 1,000", spent, total);
    arena_free(&arena);
}

static void find_users(struct directory *directory, const struct people *people, enum directory_key key, char **values,
                       const char *what)
{
    struct arena arena = {0};
    struct directory_user user;
    double start = cpu_seconds();
    for (uint32_t i = 0; i < LOOKUPS; i++) {
        arena_reset(&arena);
        require(directory_find(directory, &arena, key, values[i * 7919ull % people->count], &user) == DIRECTORY_OK, what);
    }
    printf("%-44s %8.1f us\n", what, (cpu_seconds() - start) / LOOKUPS * 1e6);
    arena_free(&arena);
}

static void find_entries(struct directory *directory, const struct people *people)
{
    struct arena arena = {0};
    struct directory_entry entry;
    double start = cpu_seconds();
    for (uint32_t i = 0; i < LOOKUPS; i++) {
        arena_reset(&arena);
        require(directory_find_entry(directory, &arena, DIRECTORY_KEY_LEGACY_DN, people->dns[i * 7919ull % people->count], &entry) ==
                    DIRECTORY_OK, "entry by DN");
    }
    printf("%-44s %8.1f us\n", "entry by DN, with everything", (cpu_seconds() - start) / LOOKUPS * 1e6);
    arena_free(&arena);
}

static void ask_rights(struct directory *directory, const struct people *people, struct guid owner, const char *what)
{
    double start = cpu_seconds();
    unsigned given = 0;
    for (uint32_t i = 0; i < LOOKUPS; i++)
        given += directory_has_right(directory, people->ids[i * 7919ull % people->count], DIRECTORY_FULL_ACCESS, owner);
    printf("%-44s %8.1f us (%u of %u yes)\n", what, (cpu_seconds() - start) / LOOKUPS * 1e6, given, LOOKUPS);
}

int main(int argc, char **argv)
{
    struct arena arena = {0};
    struct people people = {0};
    struct directory *directory;
    struct directory_entry everyone, bench;
    require(argc == 2, "usage: directory_bench FOLDER");
    require(embedded_directory_open(arena_format(&arena, "%s/directory.sqlite", argv[1]), false, &directory) == DIRECTORY_OK, "open");
    read_everybody(directory, &people);
    read_everybody(directory, &(struct people){0});
    find_users(directory, &people, DIRECTORY_KEY_LOGON, people.accounts, "user by account");
    find_users(directory, &people, DIRECTORY_KEY_LOGON, people.addresses, "user by address");
    find_users(directory, &people, DIRECTORY_KEY_LEGACY_DN, people.dns, "user by DN");
    find_entries(directory, &people);
    require(directory_find_entry(directory, &arena, DIRECTORY_KEY_LOGON, "everyone", &everyone) == DIRECTORY_OK, "everyone");
    require(directory_find_entry(directory, &arena, DIRECTORY_KEY_LOGON, "bench", &bench) == DIRECTORY_OK, "bench");
    ask_rights(directory, &people, people.ids[1], "right where nothing was given");
    struct embedded_grant grant = {.owner = bench.id, .actor = everyone.id, .right = DIRECTORY_FULL_ACCESS};
    require(embedded_directory_grant(directory, &grant, NULL) == DIRECTORY_OK, "grant");
    ask_rights(directory, &people, bench.id, "right by way of groups and rules");
    require(embedded_directory_revoke(directory, bench.id, DIRECTORY_FULL_ACCESS, everyone.id, NULL) == DIRECTORY_OK, "revoke");
    double start = cpu_seconds();
    uint64_t version = 0;
    for (uint32_t i = 0; i < LOOKUPS; i++)
        version += directory_version(directory);
    printf("%-44s %8.2f us\n", version ? "version" : "", (cpu_seconds() - start) / LOOKUPS * 1e6);
    directory_close(directory);
    arena_free(&arena);
    return 0;
}
