/* The store in SQLite: a file per mailbox, '<directory>/<mailbox guid>.sqlite', in WAL mode (docs/store.md). The store may
 * be used from any thread; each open mailbox by one task at a time. */
#pragma once
#include "store/store.h"

struct store_sqlite_configuration {
    const char *directory;          /* made (mode 0700) when it is not there */
    uint32_t open_mailboxes_max;    /* mailboxes that nobody holds are closed beyond this; 0: STORE_OPEN_MAILBOXES_DEFAULT */
    uint32_t cache_size;            /* bytes of page cache of one open mailbox; 0: STORE_CACHE_SIZE_DEFAULT */
    uint32_t busy_timeout_ms;       /* how long to wait for another process; 0: STORE_BUSY_TIMEOUT_DEFAULT_MS */
    bool unsafe_without_sync;       /* for tests only: a power cut may lose what was committed */
};
#define STORE_OPEN_MAILBOXES_DEFAULT 32u
#define STORE_CACHE_SIZE_DEFAULT (2u << 20)
#define STORE_BUSY_TIMEOUT_DEFAULT_MS 5000u

enum store_status store_sqlite_open(const struct store_sqlite_configuration *configuration, struct store **ret_store);
/* Closes the mailboxes that nobody holds, to give memory back; how many. */
uint32_t store_sqlite_rest(struct store *store);
