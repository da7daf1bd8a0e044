/* What an Autodiscover request says about the client that sent it: its capability headers and its version. The versions that
 * matter stand as data in autodiscover_client.c, with their sources. No state, any thread. */
#pragma once
#include <stdbool.h>
#include <stdint.h>

#define CLIENT_VERSION_PARTS 4u

/* 15.0.4569.1506; 'count' parts were given, the others are 0. */
struct client_version {
    uint32_t parts[CLIENT_VERSION_PARTS];
    uint32_t count;
};

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

/* '15.0.4569' at the beginning of a text; *ret_rest (may be NULL) is what follows. False where there is none, or where a part
 * is longer than six digits. */
bool client_version_parse(const char *text, struct client_version *ret_version, const char **ret_rest);
/* <0, 0, >0. Parts that one of them does not have are not compared: Outlook's User-Agent tells three, its builds have four. */
int client_version_compare(const struct client_version *a, const struct client_version *b);

/* A release of Outlook, and whether it can speak MAPI over HTTP at all. */
struct client_release {
    const char *name;
    bool speaks_mapi_http;
};
/* NULL for versions older than any in the table. */
const struct client_release *client_release_of(const struct client_version *version);

/* Whether a mailbox's block_versions (MAPIBlockOutlookVersions) shuts a version out: a single version admits that one and
 * later ones; ranges with '-', separated by ';' ('-14.0.7146;15.0.0-15.0.4568'), shut out what they contain. Malformed parts
 * shut nobody out. */
bool client_version_blocked(const char *block_versions, const struct client_version *version);
