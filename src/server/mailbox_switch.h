/* Whether a user may use MAPI over HTTP, in these circumstances: MAPIEnabled and MapiHttpEnabled of mailbox and organisation, and
 * what the mailbox blocks: versions of Outlook, Outlook that does not run in cached mode, clients from outside. Asked at every
 * request: remembered for each user until the directory changes, so that a switch takes effect at the next request of contexts
 * that run already. A fixed table; whoever does not find room in it is looked up again. Any thread. docs/switches.md. */
#pragma once
#include "directory/directory.h"

enum mailbox_switch {
    MAILBOX_SWITCH_UNKNOWN, /* not remembered (any more), or the directory cannot be read */
    MAILBOX_SWITCH_ON,
    MAILBOX_SWITCH_MAPI_OFF,         /* MAPIEnabled of the mailbox */
    MAILBOX_SWITCH_MAILBOX_OFF,      /* MapiHttpEnabled of the mailbox */
    MAILBOX_SWITCH_ORGANIZATION_OFF, /* MapiHttpEnabled of the organisation, which the mailbox follows */
    MAILBOX_SWITCH_VERSION_BLOCKED,  /* MAPIBlockOutlookVersions */
    MAILBOX_SWITCH_OUTSIDE_BLOCKED,  /* MAPIBlockOutlookExternalConnectivity, and the client is outside */
    MAILBOX_SWITCH_NOT_CACHED,       /* MAPIBlockOutlookNonCachedMode, and the client runs in online mode */
    MAILBOX_SWITCH_USER_OFF,         /* the user, who had logged on on a connection before */
    MAILBOX_SWITCH_GONE,             /* there is no such user any more */
};
/* For log and page, a literal. */
const char *mailbox_switch_text(enum mailbox_switch state);

/* How the client says it runs (MS-OXCRPC 2.2.2.2.4), in the auxiliary buffer of Connect. */
enum client_mode { CLIENT_MODE_UNKNOWN, CLIENT_MODE_CLASSIC, CLIENT_MODE_CACHED };

/* Who asks; looked at only where the mailbox blocks something of it. Borrowed. */
struct mailbox_circumstances {
    const char *client_application, *user_agent; /* NULL or "": not said */
    const char *address;                         /* the client's; NULL: not to be judged */
    const struct network_ranges *inside;         /* the organisation's network; NULL: nobody counts as outside */
};

struct mailbox_verdict {
    enum mailbox_switch state;  /* never NOT_CACHED: that depends on the context */
    bool cached_mode_required;  /* MAPIBlockOutlookNonCachedMode */
};
/* NOT_CACHED where the verdict is ON but for the mode. */
enum mailbox_switch mailbox_verdict_in_mode(const struct mailbox_verdict *verdict, enum client_mode mode);

struct mailbox_verdict mailbox_verdict_of(const struct directory_organization *organization, const struct directory_user *user,
                                          const struct mailbox_circumstances *circumstances);

struct mailbox_switches;

struct mailbox_switches *mailbox_switches_new(struct directory *directory); /* NULL without memory */
void mailbox_switches_free(struct mailbox_switches *switches);
/* By what is remembered. Does not wait. */
struct mailbox_verdict mailbox_switches_look(struct mailbox_switches *switches, struct guid user_id,
                                             const struct mailbox_circumstances *circumstances);
/* Reads the directory and remembers. Blocks: on no loop. */
struct mailbox_verdict mailbox_switches_read(struct mailbox_switches *switches, struct guid user_id,
                                             const struct mailbox_circumstances *circumstances);
