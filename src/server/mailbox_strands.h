/* One strand for each mailbox that somebody has a session with: what runs for a mailbox runs there, one at a time. Strands are
 * counted; the last release gives one up once its tasks have run. Any thread. */
#pragma once
#include "base/guid.h"
#include "server/strand.h"

struct mailbox_strands;

struct mailbox_strands *mailbox_strands_new(struct worker_pool *workers);
/* All strands must have been released. */
void mailbox_strands_free(struct mailbox_strands *strands);
/* NULL without memory. */
struct mailbox_strand *mailbox_strand_acquire(struct mailbox_strands *strands, struct guid mailbox_guid);
void mailbox_strand_release(struct mailbox_strand *mailbox_strand);
struct strand *mailbox_strand_strand(struct mailbox_strand *mailbox_strand);
struct guid mailbox_strand_guid(const struct mailbox_strand *mailbox_strand);
