/* A store that wraps another and fails when told to: for testing what happens above when storage fails. One thread at a
 * time. A failed call does not reach the store below (a failed commit rolls it back, as the contract says). */
#pragma once
#include "store/store.h"

enum store_call {
    STORE_CALL_ANY, /* any of the others */
    STORE_CALL_MAILBOX_CREATE,
    STORE_CALL_MAILBOX_OPEN,
    STORE_CALL_MAILBOX_DELETE,
    STORE_CALL_MAILBOX_GET_INFO,
    STORE_CALL_MAILBOX_CHECK,
    STORE_CALL_BEGIN,
    STORE_CALL_COMMIT,
    STORE_CALL_SAVEPOINT,
    STORE_CALL_SAVEPOINT_RELEASE,
    STORE_CALL_SAVEPOINT_ROLLBACK,
    STORE_CALL_META_GET,
    STORE_CALL_META_SET,
    STORE_CALL_ALLOCATE_COUNTERS,
    STORE_CALL_REPLICA_LIST,
    STORE_CALL_REPLICA_ADD,
    STORE_CALL_VALUE_CREATE,
    STORE_CALL_VALUE_COPY,
    STORE_CALL_VALUE_SIZE,
    STORE_CALL_VALUE_READ,
    STORE_CALL_VALUE_WRITE,
    STORE_CALL_VALUE_RESIZE,
    STORE_CALL_VALUE_DISCARD,
    STORE_CALL_VALUE_SWEEP,
    STORE_CALL_FOLDER_CREATE,
    STORE_CALL_FOLDER_UPDATE,
    STORE_CALL_FOLDER_GET,
    STORE_CALL_FOLDER_LIST,
    STORE_CALL_FOLDER_FIND,
    STORE_CALL_FOLDER_DELETE,
    STORE_CALL_MESSAGE_CREATE,
    STORE_CALL_MESSAGE_UPDATE,
    STORE_CALL_MESSAGE_GET,
    STORE_CALL_ATTACHMENT_LIST,
    STORE_CALL_ATTACHMENT_GET_EMBEDDED,
    STORE_CALL_MESSAGE_SET_READ,
    STORE_CALL_MESSAGE_SET_STATUS,
    STORE_CALL_MESSAGE_DELETE,
    STORE_CALL_MESSAGE_MOVE,
    STORE_CALL_MESSAGE_COPY,
    STORE_CALL_VIEW_OPEN,
    STORE_CALL_VIEW_BUILD,
    STORE_CALL_VIEW_PAGE,
    STORE_CALL_VIEW_RANK,
    STORE_CALL_VIEW_MOVE,
    STORE_CALL_VIEW_FIND,
    STORE_CALL_NAMED_PROPERTY_IDS,
    STORE_CALL_NAMED_PROPERTY_NAMES,
    STORE_CALL_NAMED_PROPERTY_LIST,
    STORE_CALL_RECEIVE_FOLDER_LIST,
    STORE_CALL_RECEIVE_FOLDER_SET,
    STORE_CALL_DELETION_LIST,
    STORE_CALL_CHANGE_LIST,
    STORE_CALL_COUNT
};

/* Takes the inner store over: closing the outer closes it. NULL without memory (the inner one stays the caller's). */
struct store *store_failing_wrap(struct store *inner);
/* From now on the 'nth' call (1: the next) of that kind, and the 'times' - 1 after it, answer with 'status'. One plan at a
 * time; STORE_OK ends it. Counting starts anew. */
void store_failing_plan(struct store *store, enum store_call call, uint32_t nth, uint32_t times, enum store_status status);
/* Calls of that kind since the last plan (or the beginning). */
uint32_t store_failing_calls(const struct store *store, enum store_call call);
/* Whether the plan has made a call fail. */
bool store_failing_has_failed(const struct store *store);
