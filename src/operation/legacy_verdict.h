/* Whether a client that was seen would lose its way to the mailbox without RPC over HTTP, why, and what to do about it. No state, any thread. */
#pragma once
#include "record/usage_store.h"

enum legacy_reason { LEGACY_TOO_OLD, LEGACY_NOT_ASKED, LEGACY_USES_RPC_HTTP, LEGACY_UNDETERMINED, LEGACY_REASON_COUNT };

struct legacy_verdict {
    const char *name;        /* 'TooOld', 'NotAsked', 'UsesRpcHttp', 'Undetermined' */
    const char *explanation; /* sentences without their full stop */
    const char *action;
};
extern const struct legacy_verdict legacy_verdicts[LEGACY_REASON_COUNT];

/* Of protocol, version and class of what was seen. False: it would notice nothing. */
bool legacy_judge(const struct usage_entry *entry, enum legacy_reason *ret_reason);
