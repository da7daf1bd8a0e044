/* Whether a user may use MAPI over HTTP (MAPIEnabled, MapiHttpEnabled of mailbox and organisation), asked at every request:
 * remembered for each user until the directory changes, so that a switch takes effect at the next request of contexts that
 * run already. A fixed table; whoever does not find room in it is looked up again. Any thread. */
#pragma once
#include "directory/directory.h"

enum mailbox_switch {
    MAILBOX_SWITCH_UNKNOWN, /* not remembered (any more), or the directory cannot be read */
    MAILBOX_SWITCH_ON,
    MAILBOX_SWITCH_MAPI_OFF,         /* MAPIEnabled of the mailbox */
    MAILBOX_SWITCH_MAILBOX_OFF,      /* MapiHttpEnabled of the mailbox */
    MAILBOX_SWITCH_ORGANIZATION_OFF, /* MapiHttpEnabled of the organisation, which the mailbox follows */
    MAILBOX_SWITCH_USER_OFF,         /* the user, who had logged on on a connection before */
    MAILBOX_SWITCH_GONE,             /* there is no such user any more */
};
/* For log and page, a literal. */
const char *mailbox_switch_text(enum mailbox_switch state);
enum mailbox_switch mailbox_switch_of(const struct directory_organization *organization, const struct directory_user *user);

struct mailbox_switches;

struct mailbox_switches *mailbox_switches_new(struct directory *directory); /* NULL without memory */
void mailbox_switches_free(struct mailbox_switches *switches);
/* What is remembered. Does not wait. */
enum mailbox_switch mailbox_switches_look(struct mailbox_switches *switches, struct guid user_id);
/* Reads the directory and remembers. Blocks: on no loop. */
enum mailbox_switch mailbox_switches_read(struct mailbox_switches *switches, struct guid user_id);
