/* The mailboxes that this process has open, at most a given number of them: one that is needed while the table is full
 * takes the place of the one that was not used for longest. A mailbox's subscriptions stay while it is closed.
 *
 * Thread: any; one lock inside, not held while a mailbox is opened or closed. Between acquire and release a mailbox belongs
 * to the caller alone. The strands see to it that nobody has to wait there; where they do not (a session that ends, the
 * last use giving way to another mailbox) the second one waits. */
#pragma once
#include "base/guid.h"
#include "directory/directory.h"

struct store;
struct mailbox;
struct subscriptions;
struct open_mailboxes;
struct open_mailbox;

/* NULL without memory. The store is borrowed. */
struct open_mailboxes *open_mailboxes_new(struct store *store, uint32_t open_max);
void open_mailboxes_free(struct open_mailboxes *mailboxes); /* nothing may be held */

/* A hold on the place of a mailbox, open or not; one for each logon. NULL without memory. The owner is copied. */
struct open_mailbox *open_mailbox_hold(struct open_mailboxes *mailboxes, const struct directory_user *owner);
struct open_mailbox *open_mailbox_hold_again(struct open_mailbox *mailbox); /* one more, the same place */
void open_mailbox_let_go(struct open_mailbox *mailbox);

/* Opens the mailbox where it is closed and takes it for the caller; with 'create' makes it where there is none.
 * EC_NOT_FOUND without it, EC_LOGON_FAILED where the store cannot open it. */
uint32_t open_mailbox_acquire(struct open_mailbox *mailbox, bool create, struct mailbox **ret_mailbox);
/* The same without opening it: *ret_mailbox is NULL where it is closed. For what ends, such as subscriptions. */
void open_mailbox_acquire_as_is(struct open_mailbox *mailbox, struct mailbox **ret_mailbox);
void open_mailbox_release(struct open_mailbox *mailbox);

struct guid open_mailbox_guid(const struct open_mailbox *mailbox);
struct subscriptions *open_mailbox_subscriptions(struct open_mailbox *mailbox); /* to be used while acquired */
