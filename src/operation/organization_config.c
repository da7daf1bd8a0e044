/* Get- and Set-OrganizationConfig. */
#include "operation/operations.h"
#include "operation/subject.h"
#include "record/overlay_directory.h"

/* NULL: the call has failed. */
static json_t *read_configuration(struct operation_call *call)
{
    struct directory_organization organization;
    const char *policy;
    char id[GUID_TEXT_SIZE];
    if (!subject_organization(call, &organization) ||
        !subject_directory_done(call, overlay_directory_default_policy(call->host->directory, call->arena, &policy), NULL, "the organization"))
        return NULL;
    json_t *domains = json_array();
    guid_format(organization.id, id);
    for (uint32_t i = 0; i < organization.domain_count; i++)
        json_array_append_new(domains, json_string(organization.domains[i]));
    return json_pack("{s:s, s:s, s:b, s:s, s:o, s:s, s:o, s:s}", "Identity", organization.name, "Name", organization.name, "MapiHttpEnabled",
                     organization.mapi_http_enabled, "DefaultDomain", organization.domain, "AcceptedDomains", domains, "NetBiosName",
                     organization.netbios_name, "DefaultAuthenticationPolicy", *policy ? json_string(policy) : json_null(), "Guid", id);
}

static void get(struct operation_call *call)
{
    json_t *configuration = read_configuration(call);
    if (configuration)
        operation_emit(call, configuration);
}

static bool change_switch(struct operation_call *call)
{
    enum directory_switch wanted = operation_flag(call, "MapiHttpEnabled") ? DIRECTORY_ON : DIRECTORY_OFF;
    return !operation_given(call, "MapiHttpEnabled") ||
           subject_directory_done(call, directory_change_organization_switch(call->host->directory, wanted), "MapiHttpEnabled", "the organization");
}

static bool change_policy(struct operation_call *call)
{
    const char *policy = operation_text(call, "DefaultAuthenticationPolicy");
    if (!operation_given(call, "DefaultAuthenticationPolicy"))
        return true;
    enum directory_status status = overlay_directory_set_default_policy(call->host->directory, policy);
    if (status != DIRECTORY_INVALID || !policy)
        return subject_directory_done(call, status, "DefaultAuthenticationPolicy", "the organization");
    operation_fail(call, OPERATION_NOT_FOUND, "DefaultAuthenticationPolicy", "there is no authentication policy '%s': Get-AuthenticationPolicy shows them", policy);
    return false;
}

/* The policy first: it may be one that there is not, and then nothing has changed. */
static void set(struct operation_call *call)
{
    if (!subject_change_given(call))
        return;
    if (call->what_if) {
        subject_tell_what_if(call, "the organization");
        return;
    }
    json_t *before = read_configuration(call), *after = before && change_policy(call) && change_switch(call) ? read_configuration(call) : NULL;
    if (after)
        subject_changed(call, "", before, after);
    else
        json_decref(before);
}

const struct operation operation_get_organization_config = {
    .name = "Get-OrganizationConfig",
    .command = "org show",
    .summary = "the organization's name, domains and switches",
    .run = get,
};

static const struct operation_parameter set_parameters[] = {
    {.name = "MapiHttpEnabled", .option = "mapi-http", .kind = OPERATION_BOOLEAN,
     .explanation = "whether mailboxes may use MAPI over HTTP that do not say so themselves"},
    {.name = "DefaultAuthenticationPolicy", .option = "authentication-policy", .kind = OPERATION_TEXT, .flags = OPERATION_NULLABLE,
     .explanation = "the authentication policy of users that have none of their own; $null: none"},
    {.name = NULL},
};

const struct operation operation_set_organization_config = {
    .name = "Set-OrganizationConfig",
    .command = "org set",
    .flags = OPERATION_CHANGES,
    .summary = "switch MAPI over HTTP on or off for the organization, or set its authentication policy",
    .description = "What a mailbox says of itself (Set-CasMailbox -MapiHttpEnabled) takes precedence. Connected clients notice at their next request.",
    .parameters = set_parameters,
    .run = set,
};
