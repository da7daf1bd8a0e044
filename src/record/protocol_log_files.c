#include "record/protocol_log_files.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define SUFFIX ".LOG"
#define FILES_MAX 100000u /* looked at; a year of hours is 8760 */
#define NAME_SIZE PROTOCOL_LOG_FILE_NAME_SIZE
#define DAY_S 86400

/* mkdir -p. */
static bool make_folders(const char *path)
{
    char part[4096];
    size_t size = strlen(path);
    if (size >= sizeof part) {
        errno = ENAMETOOLONG;
        return false;
    }
    for (size_t i = 1; i <= size; i++) {
        if (path[i] != '/' && path[i] != '\0')
            continue;
        memcpy(part, path, i);
        part[i] = '\0';
        if (mkdir(part, 0750) != 0 && errno != EEXIST)
            return false;
    }
    return true;
}

int protocol_log_file_new(const char *folder, const char *prefix, const char *period)
{
    char path[4096 + NAME_SIZE];
    if (!make_folders(folder))
        return -1;
    for (unsigned number = 1; number < FILES_MAX; number++) {
        int size = snprintf(path, sizeof path, "%s/%s%s-%u" SUFFIX, folder, prefix, period, number);
        if (size < 0 || (size_t)size >= sizeof path)
            break;
        int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_APPEND | O_CLOEXEC | O_NOFOLLOW, 0640);
        if (fd >= 0 || errno != EEXIST)
            return fd;
    }
    errno = EEXIST;
    return -1;
}

struct file {
    char name[NAME_SIZE];
    struct timespec changed;
    uint64_t size;
};

static bool is_ours(const char *name, const char *prefix)
{
    size_t size = strlen(name), prefix_size = strlen(prefix), suffix_size = sizeof SUFFIX - 1;
    return size < NAME_SIZE && size > prefix_size + suffix_size && strncmp(name, prefix, prefix_size) == 0 &&
           strcmp(name + size - suffix_size, SUFFIX) == 0 && name[prefix_size] >= '0' && name[prefix_size] <= '9';
}

int protocol_log_files_compare(const char *one, const char *other)
{
    const char *one_dash = strrchr(one, '-'), *other_dash = strrchr(other, '-');
    size_t one_size = one_dash ? (size_t)(one_dash - one) : 0, other_size = other_dash ? (size_t)(other_dash - other) : 0;
    int order = strncmp(one, other, one_size < other_size ? one_size : other_size);
    if (order == 0 && one_size != other_size)
        return one_size < other_size ? -1 : 1;
    if (order != 0 || !one_dash || !other_dash)
        return order;
    long one_number = strtol(one_dash + 1, NULL, 10), other_number = strtol(other_dash + 1, NULL, 10);
    return one_number < other_number ? -1 : one_number > other_number;
}

/* Oldest first. */
static int compare_files(const void *a, const void *b)
{
    return protocol_log_files_compare(((const struct file *)a)->name, ((const struct file *)b)->name);
}

static size_t list_files(DIR *folder, const char *prefix, struct file **ret_files)
{
    size_t count = 0, room = 0;
    struct file *files = NULL;
    struct stat status;
    for (const struct dirent *entry; count < FILES_MAX && (entry = readdir(folder));) {
        if (!is_ours(entry->d_name, prefix) || fstatat(dirfd(folder), entry->d_name, &status, AT_SYMLINK_NOFOLLOW) != 0 ||
            !S_ISREG(status.st_mode))
            continue;
        if (count == room) {
            struct file *more = realloc(files, (room = room ? 2 * room : 64) * sizeof *files);
            if (!more)
                break;
            files = more;
        }
        strcpy(files[count].name, entry->d_name);
        files[count].changed = status.st_mtim;
        files[count++].size = (uint64_t)status.st_size;
    }
    if (count)
        qsort(files, count, sizeof *files, compare_files);
    *ret_files = files;
    return count;
}

void protocol_log_files_retain(const char *folder, const char *prefix, uint64_t total_size_max, uint32_t age_max_days, time_t now)
{
    DIR *opened = opendir(folder);
    if (!opened)
        return;
    struct file *files;
    size_t count = list_files(opened, prefix, &files);
    uint64_t total = 0;
    for (size_t i = 0; i < count; i++)
        total += files[i].size;
    for (size_t i = 0; i + 1 < count; i++) {
        bool old = age_max_days && files[i].changed.tv_sec < now - (time_t)age_max_days * DAY_S;
        bool over = total_size_max && total > total_size_max;
        if ((old || over) && unlinkat(dirfd(opened), files[i].name, 0) == 0)
            total -= files[i].size;
    }
    free(files);
    closedir(opened);
}

size_t protocol_log_files_list(const char *folder, const char *prefix, char (**ret_names)[PROTOCOL_LOG_FILE_NAME_SIZE])
{
    DIR *opened = opendir(folder);
    struct file *files = NULL;
    size_t count = opened ? list_files(opened, prefix, &files) : 0;
    char (*names)[PROTOCOL_LOG_FILE_NAME_SIZE] = count ? malloc(count * sizeof *names) : NULL;
    count = names ? count : 0;
    for (size_t i = 0; i < count; i++)
        strcpy(names[i], files[i].name);
    free(files);
    if (opened)
        closedir(opened);
    *ret_names = names;
    return count;
}
