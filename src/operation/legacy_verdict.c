#include "operation/legacy_verdict.h"

#define UPDATE "update it: Outlook 2010 SP2 with KB2956191 and KB2965295 (14.0.7147), Outlook 2013 SP1 (15.0.4569.1506), Outlook 2016 or later"

const struct legacy_verdict legacy_verdicts[LEGACY_REASON_COUNT] = {
    [LEGACY_TOO_OLD] = {"TooOld", "this version does not speak MAPI over HTTP", UPDATE},
    [LEGACY_NOT_ASKED] = {"NotAsked", "it could speak MAPI over HTTP but did not ask for it",
        "remove MapiHttpDisabled from HKEY_CURRENT_USER\\Software\\Microsoft\\Exchange there"},
    [LEGACY_USES_RPC_HTTP] = {"UsesRpcHttp", "it used RPC over HTTP",
        "see whether MapiHttpEnabled is off for the mailbox or the organization, or MapiHttpDisabled is set there; then restart Outlook"},
    [LEGACY_UNDETERMINED] = {"Undetermined", "its version is not known, and it did not ask for MAPI over HTTP", "see which Outlook it is; " UPDATE},
};

bool legacy_judge(const struct usage_entry *entry, enum legacy_reason *ret_reason)
{
    struct client_version version;
    bool has_version = client_version_parse(entry->version, &version, NULL) && version.count >= 2;
    const struct client_release *release = has_version ? client_release_of(&version) : NULL;
    bool over_rpc = entry->protocol == USAGE_RPC_HTTP, legacy = entry->protocol == USAGE_AUTODISCOVER_LEGACY;
    if (!over_rpc && (!legacy || entry->class == CLIENT_OTHER)) /* others ask Autodiscover for other services */
        return false;
    if (entry->class == CLIENT_OTHER)
        *ret_reason = LEGACY_USES_RPC_HTTP;
    else if (!has_version)
        *ret_reason = LEGACY_UNDETERMINED;
    else if (!release || !release->speaks_mapi_http)
        *ret_reason = LEGACY_TOO_OLD;
    else
        *ret_reason = over_rpc ? LEGACY_USES_RPC_HTTP : LEGACY_NOT_ASKED;
    return true;
}
