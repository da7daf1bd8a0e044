/* The store: which mailboxes are open, and the files they are in. A mailbox that nobody holds stays open in the order of
 * its last use until there are too many of those. */
#include <errno.h>
#include <fcntl.h>
#include <malloc.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "store/sqlite/internal.h"

struct sqlite_store {
    struct store base;
    struct store_sqlite_configuration configuration;
    char *directory;
    pthread_mutex_t lock;
    pthread_cond_t opened;
    struct sqlite_mailbox *newest, *oldest;
    uint32_t idle_count;
};

static struct sqlite_store *store_of(struct store *store) { return (struct sqlite_store *)store; }

const struct store_sqlite_configuration *sqlite_configuration(const struct sqlite_store *store)
{
    return &store->configuration;
}

static char *path_of(const struct sqlite_store *store, struct guid guid, const char *suffix)
{
    char text[GUID_TEXT_SIZE], *path;
    guid_format(guid, text);
    return asprintf(&path, "%s/%s.sqlite%s", store->directory, text, suffix) < 0 ? NULL : path;
}

/* The list, newest first; all of it under the lock. */
static void unlink_mailbox(struct sqlite_store *store, struct sqlite_mailbox *mailbox)
{
    *(mailbox->newer ? &mailbox->newer->older : &store->newest) = mailbox->older;
    *(mailbox->older ? &mailbox->older->newer : &store->oldest) = mailbox->newer;
    mailbox->newer = mailbox->older = NULL;
}

static void link_newest(struct sqlite_store *store, struct sqlite_mailbox *mailbox)
{
    mailbox->older = store->newest;
    *(store->newest ? &store->newest->newer : &store->oldest) = mailbox;
    store->newest = mailbox;
}

static struct sqlite_mailbox *find(struct sqlite_store *store, struct guid guid)
{
    for (struct sqlite_mailbox *mailbox = store->newest; mailbox; mailbox = mailbox->older)
        if (guid_equal(mailbox->guid, guid))
            return mailbox;
    return NULL;
}

static struct sqlite_mailbox *take_oldest_idle(struct sqlite_store *store)
{
    for (struct sqlite_mailbox *mailbox = store->oldest; mailbox; mailbox = mailbox->newer)
        if (mailbox->holder_count == 0) {
            unlink_mailbox(store, mailbox);
            store->idle_count--;
            return mailbox;
        }
    return NULL;
}

static void close_mailbox(struct sqlite_mailbox *mailbox)
{
    database_close(mailbox);
    free(mailbox);
}

static enum store_status open_file(struct sqlite_store *store, struct sqlite_mailbox *mailbox,
    const struct store_mailbox_info *create)
{
    char *path = path_of(store, mailbox->guid, "");
    if (!path)
        return STORE_NO_MEMORY;
    if (create) { /* mail is nobody else's to read; the files beside it get the same mode */
        int file = open(path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
        if (file >= 0)
            close(file);
    }
    enum store_status status = database_open(mailbox, path, create);
    free(path);
    return status;
}

/* The file is opened outside of the lock, with a place in the list that makes others who want the same mailbox wait. */
static enum store_status open_mailbox(struct sqlite_store *store, struct guid guid, const struct store_mailbox_info *create,
    struct store_mailbox **ret_mailbox)
{
    struct sqlite_mailbox *mailbox = calloc(1, sizeof(*mailbox)), *other;
    if (!mailbox)
        return STORE_NO_MEMORY;
    *mailbox = (struct sqlite_mailbox){.base.operations = &sqlite_operations, .store = store, .guid = guid,
        .holder_count = 1, .opening = true};
    pthread_mutex_lock(&store->lock);
    while ((other = find(store, guid)) && other->opening)
        pthread_cond_wait(&store->opened, &store->lock);
    if (other && !create) {
        store->idle_count -= other->holder_count++ == 0;
        unlink_mailbox(store, other);
        link_newest(store, other);
    } else if (!other) {
        link_newest(store, mailbox);
    }
    pthread_mutex_unlock(&store->lock);
    if (other) {
        free(mailbox);
        if (create)
            return STORE_EXISTS;
        *ret_mailbox = &other->base;
        return STORE_OK;
    }
    enum store_status status = open_file(store, mailbox, create);
    pthread_mutex_lock(&store->lock);
    mailbox->opening = false;
    if (status != STORE_OK)
        unlink_mailbox(store, mailbox);
    pthread_cond_broadcast(&store->opened);
    pthread_mutex_unlock(&store->lock);
    if (status != STORE_OK) {
        free(mailbox);
        return status;
    }
    *ret_mailbox = &mailbox->base;
    return STORE_OK;
}

static enum store_status sqlite_mailbox_create(struct store *base, const struct store_mailbox_info *info,
    struct store_mailbox **ret_mailbox)
{
    return open_mailbox(store_of(base), info->mailbox_guid, info, ret_mailbox);
}

static enum store_status sqlite_mailbox_open(struct store *base, struct guid guid, struct store_mailbox **ret_mailbox)
{
    return open_mailbox(store_of(base), guid, NULL, ret_mailbox);
}

static void sqlite_mailbox_release(struct store_mailbox *base)
{
    struct sqlite_mailbox *mailbox = sqlite_of(base), *closing = NULL;
    struct sqlite_store *store = mailbox->store;
    sqlite_rollback(base);
    arena_free(&mailbox->scratch);
    buffer_free(&mailbox->packed);
    buffer_free(&mailbox->key);
    pthread_mutex_lock(&store->lock);
    if (--mailbox->holder_count == 0) {
        unlink_mailbox(store, mailbox);
        link_newest(store, mailbox);
        if (++store->idle_count > store->configuration.open_mailboxes_max)
            closing = take_oldest_idle(store);
    }
    pthread_mutex_unlock(&store->lock);
    if (closing)
        close_mailbox(closing);
}

static enum store_status sqlite_mailbox_delete(struct store *base, struct guid guid)
{
    struct sqlite_store *store = store_of(base);
    pthread_mutex_lock(&store->lock);
    struct sqlite_mailbox *mailbox = find(store, guid);
    bool held = mailbox && mailbox->holder_count;
    if (mailbox && !held) {
        unlink_mailbox(store, mailbox);
        store->idle_count--;
    }
    pthread_mutex_unlock(&store->lock);
    if (held)
        return STORE_INVALID;
    if (mailbox)
        close_mailbox(mailbox);
    static const char *const suffixes[] = {"", "-wal", "-shm"};
    enum store_status status = STORE_OK;
    for (int i = 0; i < 3; i++) {
        char *path = path_of(store, guid, suffixes[i]);
        if (!path)
            return STORE_NO_MEMORY;
        if (unlink(path) && (errno != ENOENT || i == 0) && status == STORE_OK)
            status = errno == ENOENT ? STORE_NOT_FOUND : STORE_IO_ERROR;
        free(path);
    }
    return status;
}

uint32_t store_sqlite_rest(struct store *base)
{
    struct sqlite_store *store = store_of(base);
    uint32_t count = 0;
    for (;; count++) {
        pthread_mutex_lock(&store->lock);
        struct sqlite_mailbox *mailbox = take_oldest_idle(store);
        pthread_mutex_unlock(&store->lock);
        if (!mailbox)
            break;
        close_mailbox(mailbox);
    }
    if (count)
        malloc_trim(0); /* the freed pages are scattered: without this the process keeps them */
    return count;
}

static void sqlite_close(struct store *base)
{
    struct sqlite_store *store = store_of(base);
    store_sqlite_rest(base);
    pthread_cond_destroy(&store->opened);
    pthread_mutex_destroy(&store->lock);
    free(store->directory);
    free(store);
}

enum store_status store_sqlite_open(const struct store_sqlite_configuration *configuration, struct store **ret_store)
{
    if (mkdir(configuration->directory, 0700) && errno != EEXIST)
        return errno == ENOENT ? STORE_NOT_FOUND : errno == ENOSPC ? STORE_DISK_FULL : STORE_IO_ERROR;
    /* Memory: no page cache in advance (80 KB a mailbox), no statistics (a lock around every allocation). Refused, and
     * only less economical, where something else of the process has used SQLite before. */
    (void)sqlite3_config(SQLITE_CONFIG_PAGECACHE, NULL, 0, 0);
    (void)sqlite3_config(SQLITE_CONFIG_MEMSTATUS, 0);
    struct sqlite_store *store = calloc(1, sizeof(*store));
    if (!store || !(store->directory = strdup(configuration->directory))) {
        free(store);
        return STORE_NO_MEMORY;
    }
    store->base.operations = &sqlite_operations;
    store->configuration = *configuration;
    store->configuration.directory = store->directory;
    if (!store->configuration.open_mailboxes_max)
        store->configuration.open_mailboxes_max = STORE_OPEN_MAILBOXES_DEFAULT;
    if (!store->configuration.cache_size)
        store->configuration.cache_size = STORE_CACHE_SIZE_DEFAULT;
    if (!store->configuration.busy_timeout_ms)
        store->configuration.busy_timeout_ms = STORE_BUSY_TIMEOUT_DEFAULT_MS;
    pthread_mutex_init(&store->lock, NULL);
    pthread_cond_init(&store->opened, NULL);
    *ret_store = &store->base;
    return STORE_OK;
}

const struct store_operations sqlite_operations = {
    .close = sqlite_close,
    .mailbox_create = sqlite_mailbox_create,
    .mailbox_open = sqlite_mailbox_open,
    .mailbox_release = sqlite_mailbox_release,
    .mailbox_delete = sqlite_mailbox_delete,
    .mailbox_get_info = sqlite_mailbox_get_info,
    .mailbox_check = sqlite_mailbox_check,
    .begin = sqlite_begin,
    .commit = sqlite_commit,
    .rollback = sqlite_rollback,
    .in_transaction = sqlite_in_transaction,
    .savepoint = sqlite_savepoint,
    .savepoint_release = sqlite_savepoint_release,
    .savepoint_rollback = sqlite_savepoint_rollback,
    .meta_get = sqlite_meta_get,
    .meta_set = sqlite_meta_set,
    .allocate_counters = sqlite_allocate_counters,
    .replica_list = sqlite_replica_list,
    .replica_add = sqlite_replica_add,
    .value_create = sqlite_value_create,
    .value_copy = sqlite_value_copy,
    .value_size = sqlite_value_size,
    .value_read = sqlite_value_read,
    .value_write = sqlite_value_write,
    .value_resize = sqlite_value_resize,
    .value_discard = sqlite_value_discard,
    .value_sweep = sqlite_value_sweep,
    .folder_create = sqlite_folder_create,
    .folder_update = sqlite_folder_update,
    .folder_get = sqlite_folder_get,
    .folder_list = sqlite_folder_list,
    .folder_find = sqlite_folder_find,
    .folder_delete = sqlite_folder_delete,
    .message_create = sqlite_message_create,
    .message_update = sqlite_message_update,
    .message_get = sqlite_message_get,
    .attachment_list = sqlite_attachment_list,
    .attachment_get_embedded = sqlite_attachment_get_embedded,
    .message_set_read = sqlite_message_set_read,
    .message_set_status = sqlite_message_set_status,
    .message_delete = sqlite_message_delete,
    .message_move = sqlite_message_move,
    .message_copy = sqlite_message_copy,
    .view_open = sqlite_view_open,
    .view_build = sqlite_view_build,
    .view_page = sqlite_view_page,
    .view_rank = sqlite_view_rank,
    .view_move = sqlite_view_move,
    .view_find = sqlite_view_find,
    .named_property_ids = sqlite_named_property_ids,
    .named_property_names = sqlite_named_property_names,
    .named_property_list = sqlite_named_property_list,
    .receive_folder_list = sqlite_receive_folder_list,
    .receive_folder_set = sqlite_receive_folder_set,
    .deletion_list = sqlite_deletion_list,
    .change_list = sqlite_change_list,
};
