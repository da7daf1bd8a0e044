/* The handle: opening, closing, the version, and which function answers what. */
#include "directory/embedded.h"

#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "directory/embedded_file.h"

#define BUSY_TIMEOUT_MS 5000

static uint64_t embedded_version(struct directory *directory)
{
    return change_counter_read(&embedded_of(directory)->changes);
}

static void embedded_close(struct directory *directory)
{
    struct embedded_directory *embedded = embedded_of(directory);
    for (uint32_t i = 0; i < embedded->statement_count; i++)
        sqlite3_finalize(embedded->statements[i].prepared);
    embedded_dynamic_groups_free(embedded);
    sqlite3_close(embedded->database);
    if (embedded->changes.file >= 0)
        close(embedded->changes.file);
    pthread_mutex_destroy(&embedded->lock);
    free(embedded);
}

static const struct directory_type embedded_type = {
    .organization = embedded_organization, .find = embedded_find, .verify_password = embedded_verify_password,
    .list = embedded_list, .find_entry = embedded_find_entry, .entries = embedded_entries, .set_values = embedded_set_values,
    .change_members = embedded_change_members, .has_right = embedded_has_right,
    .change_right = embedded_change_right, .actors = embedded_actors,
    .additional_mailboxes = embedded_additional_mailboxes, .nt_hash = embedded_nt_hash,
    .address_lists = embedded_address_lists, .change_switches = embedded_change_switches,
    .change_organization_switch = embedded_change_organization_switch, .version = embedded_version, .close = embedded_close,
};

static struct embedded_directory *new_handle(int file)
{
    struct embedded_directory *embedded = calloc(1, sizeof *embedded);
    if (!embedded)
        return NULL;
    pthread_mutexattr_t attributes;
    pthread_mutexattr_init(&attributes);
    pthread_mutexattr_settype(&attributes, PTHREAD_MUTEX_RECURSIVE);
    pthread_mutex_init(&embedded->lock, &attributes);
    pthread_mutexattr_destroy(&attributes);
    embedded->directory.type = &embedded_type;
    embedded->changes.file = file;
    return embedded;
}

bool embedded_directory_is(const struct directory *directory)
{
    return directory->type == &embedded_type;
}

/* The rollback journal, not WAL, so that the change counter moves. No spilling: a large batch stays in memory until its commit,
 * since what is spilled early locks all readers out for the rest of the batch. */
static const char settings[] = "PRAGMA journal_mode=DELETE; PRAGMA foreign_keys=ON; PRAGMA cache_spill=OFF;"
                               " PRAGMA secure_delete=ON; PRAGMA temp_store=MEMORY; " EMBEDDED_CACHE_SIZE;

enum directory_status embedded_directory_open(const char *path, bool create, struct directory **ret_directory)
{
    int file = open(path, O_RDONLY | O_CLOEXEC | (create ? O_CREAT : 0), 0600);
    if (file < 0)
        return access(path, F_OK) != 0 && !create ? DIRECTORY_NOT_FOUND : DIRECTORY_UNAVAILABLE;
    struct embedded_directory *embedded = new_handle(file);
    if (!embedded) {
        close(file);
        return DIRECTORY_UNAVAILABLE;
    }
    enum directory_status status = DIRECTORY_UNAVAILABLE;
    if (sqlite3_open_v2(path, &embedded->database, SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX, NULL) == SQLITE_OK &&
        sqlite3_busy_timeout(embedded->database, BUSY_TIMEOUT_MS) == SQLITE_OK &&
        sqlite3_exec(embedded->database, settings, NULL, NULL, NULL) == SQLITE_OK)
        status = embedded_schema_prepare(embedded, create);
    if (status != DIRECTORY_OK) {
        embedded_close(&embedded->directory);
        return status;
    }
    *ret_directory = &embedded->directory;
    return DIRECTORY_OK;
}
