/* What making an offline address book costs: the first generation, one that is as before, one after a hundred changes (with its
 * patch), and what a client does with it. Processor time is of this process.
 *
 * usage: oab_bench FOLDER      (bench/fill_directory makes FOLDER/directory.sqlite; it is changed)
 */
#include <fcntl.h>
#include <malloc.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

#include "directory/embedded.h"
#include "oab/languages.h"
#include "oab/mapping.h"

#define CHANGES 100u

static double now_ms(clockid_t clock)
{
    struct timespec now;
    clock_gettime(clock, &now);
    return (double)now.tv_sec * 1e3 + (double)now.tv_nsec / 1e6;
}

static double heap_mib(void)
{
    struct mallinfo2 info = mallinfo2();
    return (double)(info.uordblks + info.hblkhd) / 1048576.0;
}

/* Anonymous memory at its largest; mapped files are not counted. */
static double anonymous_mib(void)
{
    FILE *file = fopen("/proc/self/status", "r");
    char line[256];
    unsigned long kib = 0;
    while (file && fgets(line, sizeof line, file))
        if (sscanf(line, "RssAnon: %lu", &kib) == 1)
            break;
    if (file)
        fclose(file);
    return (double)kib / 1024.0;
}

static void print(const char *row, double value, const char *unit, double limit)
{
    printf("%-44s %10.1f %-4s", row, value, unit);
    if (limit > 0)
        printf(" [%g]%s", limit, value > limit ? "   OVER" : "");
    putchar('\n');
}

static struct oab_published publish(struct oab_publication *publication, struct address_book_cache *cache, const char *row, double limit)
{
    struct oab_published published = {.changed = false};
    char text[128];
    publication->source.book = address_book_acquire(cache);
    double cpu = now_ms(CLOCK_PROCESS_CPUTIME_ID), wall = now_ms(CLOCK_MONOTONIC), heap = heap_mib();
    if (oab_publish(publication, &published) != OAB_OK) {
        fprintf(stderr, "%s: it cannot be made\n", publication->folder);
        exit(1);
    }
    cpu = now_ms(CLOCK_PROCESS_CPUTIME_ID) - cpu;
    wall = now_ms(CLOCK_MONOTONIC) - wall;
    snprintf(text, sizeof text, "%s, CPU", row);
    print(text, cpu, "ms", limit);
    snprintf(text, sizeof text, "%s, wall", row);
    print(text, wall, "ms", 0);
    snprintf(text, sizeof text, "%s, heap kept", row);
    print(text, heap_mib() - heap, "MiB", 1);
    address_book_release(publication->source.book);
    return published;
}

/* Every so many entries get another title. */
static void change_entries(struct directory *directory, struct address_book_cache *cache)
{
    struct address_book *book = address_book_acquire(cache);
    uint32_t count = address_book_count(book), step = count / CHANGES ? count / CHANGES : 1;
    for (uint32_t i = 0; i < count; i += step) {
        struct bytes title = BYTES_LITERAL("Another title altogether");
        struct directory_value value = {DIRECTORY_ATTRIBUTE_TITLE, 1, &title};
        if (directory_set_values(directory, address_book_entry(book, i)->id, 1, &value) != DIRECTORY_OK)
            fprintf(stderr, "an entry was not changed\n");
    }
    address_book_release(book);
}

static void expand(const struct oab_publication *publication)
{
    struct arena arena = {0};
    struct oab_mapping xml, file;
    struct oab_manifest manifest;
    const char *path = arena_format(&arena, "%s/" OAB_MANIFEST_NAME, publication->folder);
    if (!oab_mapping_open(AT_FDCWD, path, &xml) || !oab_manifest_read(&arena, xml.bytes, &manifest))
        exit(1);
    path = arena_format(&arena, "%s/%s", publication->folder, oab_list_newest(&manifest.lists[0])->name);
    int fd = open("/dev/null", O_WRONLY);
    if (!oab_mapping_open(AT_FDCWD, path, &file))
        exit(1);
    double cpu = now_ms(CLOCK_PROCESS_CPUTIME_ID);
    if (oab_expand(file.bytes, fd) != OAB_OK)
        exit(1);
    print("expand the whole file, CPU", now_ms(CLOCK_PROCESS_CPUTIME_ID) - cpu, "ms", 1000);
    close(fd);
    oab_mapping_close(&file);
    oab_mapping_close(&xml);
    arena_free(&arena);
}

int main(int argc, char **argv)
{
    struct arena arena = {0};
    struct directory *directory;
    if (argc != 2) {
        fprintf(stderr, "usage: oab_bench FOLDER\n");
        return 2;
    }
    const char *path = arena_format(&arena, "%s/directory.sqlite", argv[1]);
    if (embedded_directory_open(path, false, &directory) != DIRECTORY_OK) {
        fprintf(stderr, "%s cannot be opened\n", path);
        return 1;
    }
    struct address_book_cache *cache = address_book_cache_new(directory);
    struct oab_publication publication = {
        .folder = arena_format(&arena, "%s/oab_bench", argv[1]), .source = {.directory = directory, .certificates = true},
        .list_name = "\\Global Address List", .difference_count_max = 30, .retain_s = 0};
    publication.languages = oab_languages(&arena, &publication.language_count);
    struct address_book *book = address_book_acquire(cache);
    print("entries", address_book_count(book), "", 0);
    double before = anonymous_mib();
    struct oab_published first = publish(&publication, cache, "first generation", 10000);
    print("first generation, anonymous memory more", anonymous_mib() - before, "MiB", 32);
    print("details, not compressed", (double)first.content_size / 1048576.0, "MiB", 0);
    print("details, compressed", (double)first.file_size / 1048576.0, "MiB", 0);
    print("of the content", 100.0 * (double)first.file_size / (double)first.content_size, "%", 40);
    (void)publish(&publication, cache, "nothing new", 10000);
    address_book_release(book);
    change_entries(directory, cache);
    struct oab_published second = publish(&publication, cache, "after a hundred changes", 15000);
    print("patch for a hundred changes", (double)second.difference_size / 1024.0, "KiB", 200);
    expand(&publication);
    address_book_cache_free(cache);
    directory_close(directory);
    arena_free(&arena);
    return 0;
}
