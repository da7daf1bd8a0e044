#include "server/config_check.h"

#include <string.h>

#include "auth/bearer.h"
#include "auth/kerberos.h"

static bool is_empty(const char *list)
{
    return list[strspn(list, " \t")] == '\0';
}

/* What stands in quotes in a header. */
static bool quotable(const char *text)
{
    for (; *text; text++)
        if ((unsigned char)*text < 0x20 || (unsigned char)*text > 0x7E || *text == '"' || *text == '\\')
            return false;
    return true;
}

static const char *check_bearer(const struct config *config)
{
    const char *error;
    if (is_empty(config->issuers))
        return "[bearer] issuers is empty";
    if (is_empty(config->audiences))
        return "[bearer] audiences is empty: tokens made for others would be accepted";
    if (config->algorithms == 0)
        return "[bearer] algorithms is empty";
    if (!jwks_location_valid(config->jwks, &error))
        return "[bearer] jwks is neither a file's path nor https://... (http:// for this machine only)";
    if (!bearer_claim_list_valid(config->claims, &error))
        return "[bearer] claims: each is 'claim' or 'claim=principal', '=address', '=account' or '=id'";
    if (!quotable(config->authorization_uri) || !quotable(config->client_id) || !quotable(config->trusted_issuers))
        return "[bearer] authorization_uri, client_id and trusted_issuers take no quotes, backslashes or letters beyond ASCII";
    if (*config->authorization_uri && strncmp(config->authorization_uri, "https://", 8) != 0)
        return "[bearer] authorization_uri does not begin with https://";
    return NULL;
}

const char *config_check_log_on(const struct config *config)
{
    const char *error;
    if (!quotable(config->realm))
        return "[authentication] realm takes no quotes, backslashes or letters beyond ASCII";
    if (!kerberos_realms_valid(config->realms, &error))
        return "[kerberos] realms: each is REALM or REALM=domain, without '@' or '/'";
    if (config->methods & DIRECTORY_METHOD_BEARER && !*config->jwks)
        return "[authentication] methods names bearer, but [bearer] jwks is not set";
    if (config->methods & DIRECTORY_METHOD_KERBEROS && !(config->methods & DIRECTORY_METHOD_NTLM) && !*config->keytab_path &&
        !*config->negotiate_helper)
        return "[authentication] methods names negotiate without ntlm, but [kerberos] keytab is not set";
    if ((*config->ntlm_helper && *config->ntlm_helper != '/') || (*config->negotiate_helper && *config->negotiate_helper != '/'))
        return "[authentication] ntlm_helper and negotiate_helper begin with the program's absolute path";
    return *config->jwks ? check_bearer(config) : NULL;
}
