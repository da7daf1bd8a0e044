#include "server/autodiscover_decision.h"

#include <stddef.h>

/* Why a client that could speak MAPI over HTTP did not get it, or NULL. */
static const char *remark_on(const struct autodiscover_facts *facts)
{
    const struct client_release *release = facts->client.has_version ? client_release_of(&facts->client.version) : NULL;
    if (!facts->mapi_http_allowed)
        return "MAPI over HTTP is switched off for the mailbox or the organization";
    if (facts->client.mapi_version)
        return NULL;
    if (!release)
        return "the client did not ask for MAPI over HTTP";
    return release->speaks_mapi_http ? "the client could speak MAPI over HTTP but did not ask for it: is MapiHttpDisabled set there?"
                                     : "the client's version does not speak MAPI over HTTP";
}

static struct autodiscover_decision refuse(const char *why, const char *remark)
{
    return (struct autodiscover_decision){.refusal = why, .remark = remark};
}

/* RPC over HTTP: EXCH stands for the inside, EXPR for the outside, and EXHTTP for both where the client knows it. */
static struct autodiscover_decision decide_rpc(const struct autodiscover_facts *facts)
{
    bool external = !facts->block_external_connectivity;
    const char *remark = remark_on(facts);
    if (!facts->rpc_over_http_available)
        return refuse("There are no settings for this client: it has to use MAPI over HTTP.", remark);
    if (facts->block_rpc_http)
        return refuse("There are no settings for this client: RPC over HTTP is blocked for this mailbox.", remark);
    return (struct autodiscover_decision){
        .exch = true, .expr = external, .exhttp_internal = facts->client.takes_exhttp,
        .exhttp_external = facts->client.takes_exhttp && external, .web = facts->web_available, .external = external,
        .remark = remark};
}

struct autodiscover_decision autodiscover_decide(const struct autodiscover_facts *facts)
{
    bool external = !facts->block_external_connectivity;
    if (!facts->mapi_enabled)
        return refuse("There are no settings: MAPI is switched off for this mailbox.", NULL);
    if (facts->client.has_version && client_version_blocked(facts->block_versions, &facts->client.version))
        return refuse("There are no settings: this version of Outlook is blocked for this mailbox.", NULL);
    if (!facts->client.mapi_version || !facts->mapi_http_allowed)
        return decide_rpc(facts);
    return (struct autodiscover_decision){
        .mapi_http = true, .exhttp_internal = facts->services_available,
        .exhttp_external = facts->services_available && external, .web = facts->web_available, .external = external};
}
