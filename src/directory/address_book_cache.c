#include <malloc.h>
#include <stdlib.h>
#include <time.h>

#include "directory/address_book_state.h"

/* Directories up to this size are read again at every change; that takes some ten milliseconds. */
#define SMALL_COUNT 2000u
/* A large one is read again at most once in so many times of what reading it takes, so that an import of users does not keep
 * a processor busy with books that nobody will see. */
#define REST_FACTOR 4

struct address_book_cache {
    struct directory *directory;
    pthread_mutex_t lock; /* of what follows */
    pthread_cond_t made;
    struct address_book *book;
    bool making;
    uint64_t fresh_until_ns; /* a large book that is out of date is not made again before */
};

static uint64_t now_ns(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec;
}

struct address_book_cache *address_book_cache_new(struct directory *directory)
{
    struct address_book_cache *cache = calloc(1, sizeof *cache);
    if (!cache)
        return NULL;
    cache->directory = directory;
    pthread_mutex_init(&cache->lock, NULL);
    pthread_cond_init(&cache->made, NULL);
    return cache;
}

void address_book_cache_free(struct address_book_cache *cache)
{
    if (!cache)
        return;
    address_book_release(cache->book);
    pthread_cond_destroy(&cache->made);
    pthread_mutex_destroy(&cache->lock);
    free(cache);
}

/* Makes the next book, the lock being held on entry and return but not between. The version is asked for first: what changes
 * while entries are read makes the book out of date, not wrong. */
static void make_next(struct address_book_cache *cache)
{
    struct address_book *previous = cache->book, *replaced = NULL;
    cache->making = true;
    if (previous)
        atomic_fetch_add(&previous->references, 1);
    pthread_mutex_unlock(&cache->lock);
    uint64_t start = now_ns();
    struct address_book *next = address_book_make(cache->directory, directory_version(cache->directory), previous);
    uint64_t end = now_ns();
    bool large = next && next->count > SMALL_COUNT;
    pthread_mutex_lock(&cache->lock);
    if (next) {
        replaced = cache->book;
        cache->book = next;
    }
    cache->fresh_until_ns = end + (end - start) * REST_FACTOR;
    cache->making = false;
    pthread_cond_broadcast(&cache->made);
    pthread_mutex_unlock(&cache->lock);
    address_book_release(previous);
    address_book_release(replaced);
    if (large)
        malloc_trim(0); /* what making a large book took on the way goes back to the system */
    pthread_mutex_lock(&cache->lock);
}

struct address_book *address_book_acquire(struct address_book_cache *cache)
{
    uint64_t version = directory_version(cache->directory);
    bool tried = false;
    pthread_mutex_lock(&cache->lock);
    for (;;) {
        const struct address_book *book = cache->book;
        bool fresh = book && book->version == version;
        bool stale_will_do = book && book->count > SMALL_COUNT && (cache->making || now_ns() < cache->fresh_until_ns);
        if (fresh || stale_will_do || tried)
            break;
        if (cache->making) {
            pthread_cond_wait(&cache->made, &cache->lock);
            /* What another thread has read may do; if its reading failed, so would ours. */
            tried = !cache->book;
            version = directory_version(cache->directory);
        } else {
            make_next(cache);
            tried = true;
        }
    }
    struct address_book *book = cache->book;
    if (book)
        atomic_fetch_add(&book->references, 1);
    pthread_mutex_unlock(&cache->lock);
    return book;
}
