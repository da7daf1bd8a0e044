/* What an Autodiscover request says about the client that sent it: its capability headers and its version. No state, any
 * thread. */
#pragma once
#include "record/client_version.h"

struct autodiscover_client {
    unsigned mapi_version;   /* X-MapiHttpCapability: the version both sides speak, 0 for none */
    bool takes_negotiate;    /* X-ClientCanHandle: Negotiate */
    bool takes_exhttp;       /* X-ClientCanHandle: ExHttpInfo */
    bool has_version;        /* of Outlook, from User-Agent or X-ClientApplication */
    struct client_version version;
};

/* Header values; NULL for an absent one. */
struct autodiscover_client autodiscover_client_read(const char *capability, const char *can_handle, const char *user_agent,
                                                    const char *client_application);
/* X-MapiHttpCapability alone (MS-OXDSCLI 2.2.2.1): 0 unless it is a whole number above 0; else the version both speak. */
unsigned autodiscover_mapi_version(const char *capability);
