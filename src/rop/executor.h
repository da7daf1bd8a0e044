/* What runs the ROPs of Execute requests: fills the session layer's struct rop_executor over a store and a directory.
 *
 * Ownership: the executor borrows store and directory and opens mailboxes in the store as logons need them (at most
 * 'open_mailboxes_max' at once, the longest-unused closed first). Thread: rop_server_new and _free on one thread; the
 * callbacks as session/executor.h says. docs/rop.md tells how a ROP gets from here to its handler. */
#pragma once
#include "session/executor.h"

struct store;
struct directory;
struct rop_server;

struct rop_server_settings {
    struct store *store;
    struct directory *directory;
    uint32_t open_mailboxes_max;      /* 0: ROP_OPEN_MAILBOXES_DEFAULT */
    uint32_t handles_per_context_max; /* 0: HANDLES_PER_CONTEXT_MAX */
};
#define ROP_OPEN_MAILBOXES_DEFAULT 256u

/* NULL without memory. */
struct rop_server *rop_server_new(const struct rop_server_settings *settings);
struct rop_executor rop_server_executor(struct rop_server *server);
/* All sessions must have been destroyed. Closes the open mailboxes. */
void rop_server_free(struct rop_server *server);
