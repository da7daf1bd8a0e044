/* Events of a mailbox as they happen (MS-OXCNOTIF), by NotificationWait on a connection of its own. */
#pragma once
#include <mapihttp/error.h>

#ifdef __cplusplus
extern "C" {
#endif

struct mapihttp_session;

enum mapihttp_event_kind { /* the bits of MS-OXCNOTIF 2.2.1.1 */
    MAPIHTTP_EVENT_NEW_MAIL = 0x0002,
    MAPIHTTP_EVENT_CREATED = 0x0004,
    MAPIHTTP_EVENT_DELETED = 0x0008,
    MAPIHTTP_EVENT_MODIFIED = 0x0010,
    MAPIHTTP_EVENT_MOVED = 0x0020,
    MAPIHTTP_EVENT_COPIED = 0x0040,
    MAPIHTTP_EVENT_SEARCH_COMPLETE = 0x0080,
    MAPIHTTP_EVENT_ALL = 0x00FE,
    MAPIHTTP_EVENT_GAP = 0x10000, /* the context had to be made anew: events may have been missed; look at the folder */
};

struct mapihttp_event {
    uint32_t kind;
    uint64_t folder_id;
    uint64_t message_id;        /* 0: the event is about the folder */
    uint64_t parent_folder_id;  /* 0 where the event has none, like the following */
    uint64_t old_folder_id;
    uint64_t old_message_id;
    int64_t message_count;      /* -1 where not told */
    int64_t unread_count;       /* -1 where not told */
    const char *message_class;  /* NEW_MAIL; "" else */
    uint32_t message_flags;     /* NEW_MAIL */
};

/* Called for each event; false ends the watch. Calls on the same session are allowed inside. */
typedef bool (*mapihttp_event_function)(void *data, const struct mapihttp_event *event);

/* Watches a folder, or with folder_id 0 the whole mailbox, until the callback says stop, 'timeout_ms' (0: none) has passed
 * (MAPIHTTP_OK for both), the session is cancelled or the server is lost for good. Survives cut connections. */
MAPIHTTP_PUBLIC MAPIHTTP_MUST_USE enum mapihttp_status mapihttp_watch(struct mapihttp_session *session, uint64_t folder_id,
    uint32_t kinds, uint32_t timeout_ms, mapihttp_event_function function, void *data, struct mapihttp_error *ret_error);

#ifdef __cplusplus
}
#endif
