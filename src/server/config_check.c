#include "server/config_check.h"

#include <stdio.h>
#include <string.h>

#include "auth/bearer.h"
#include "auth/kerberos.h"
#include "base/network_range.h"

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

static const char *check_log_on(const struct config *config)
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

static bool is_url(const char *text)
{
    return *text == '\0' || strncmp(text, "https://", 8) == 0 || strncmp(text, "http://", 7) == 0;
}

static const char *check_together(const struct config *config)
{
    if (config->context_idle_ms < config->pending_period_ms)
        return "[mapi] context_idle is shorter than pending_period";
    if (!is_url(config->public_url))
        return "[organisation] public_url does not begin with https://";
    if (!is_url(config->internal_url))
        return "[organisation] internal_url does not begin with https://";
    if (!is_url(config->external_url))
        return "[organisation] external_url does not begin with https://";
    if (strcmp(config->directory_backend, "ldap") == 0 && (!*config->ldap_urls || !*config->ldap_base_dn))
        return "[directory] backend = ldap needs servers and base_dn";
    if (*config->ldap_bind_dn && !*config->ldap_bind_password_path)
        return "[directory] bind_dn needs bind_password_file";
    return check_log_on(config);
}

bool config_check(struct config *config, char *ret_error, size_t error_size)
{
    char error[200];
    const char *wrong = check_together(config);
    if (wrong) {
        snprintf(ret_error, error_size, "%s", wrong);
        return false;
    }
    if (!network_ranges_parse(config->metrics_allow, &config->metrics_allowed, error, sizeof error)) {
        snprintf(ret_error, error_size, "[metrics] allow: %s", error);
        return false;
    }
    if (is_empty(config->internal_networks))
        return true;
    if (network_ranges_parse(config->internal_networks, &config->inside, error, sizeof error))
        return true;
    snprintf(ret_error, error_size, "[network] internal: %s", error);
    return false;
}

bool config_needs_tls(const struct config *config)
{
    for (uint32_t i = 0; i < config->listener_count; i++)
        if (config->listeners[i].tls)
            return true;
    return false;
}
