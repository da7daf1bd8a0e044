/* Autodiscover for Outlook, the server's side (MS-OXDSCLI, POX): answers authenticated POSTs with the addresses of the MAPI
 * over HTTP endpoints. docs/autodiscover.md. */
#pragma once
#include "server/services.h"

/* argument: struct services. */
http_handler autodiscover_handle;

/* What an answer says, for autodiscover_append_settings. */
struct autodiscover_settings {
    const struct directory_user *user;
    struct guid deployment_id;
    const char *mailbox_url;
    const char *address_book_url;
    unsigned mapi_version;
};
bool autodiscover_append_settings(struct buffer *answer, const struct autodiscover_settings *settings);
/* Time and the hash of the server's name go into the Error element (MS-OXDSCLI 2.2.4.1.1). */
bool autodiscover_append_error(struct buffer *answer, unsigned error, const char *host_name);
