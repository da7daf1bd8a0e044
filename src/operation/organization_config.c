/* Get- and Set-OrganizationConfig. */
#include "operation/operations.h"
#include "operation/subject.h"

static json_t *configuration_of(const struct directory_organization *organization)
{
    char id[GUID_TEXT_SIZE];
    json_t *domains = json_array();
    guid_format(organization->id, id);
    for (uint32_t i = 0; i < organization->domain_count; i++)
        json_array_append_new(domains, json_string(organization->domains[i]));
    return json_pack("{s:s, s:s, s:b, s:s, s:o, s:s, s:s}", "Identity", organization->name, "Name", organization->name, "MapiHttpEnabled",
                     organization->mapi_http_enabled, "DefaultDomain", organization->domain, "AcceptedDomains", domains, "NetBiosName",
                     organization->netbios_name, "Guid", id);
}

static void get(struct operation_call *call)
{
    struct directory_organization organization;
    if (subject_organization(call, &organization))
        operation_emit(call, configuration_of(&organization));
}

static void set(struct operation_call *call)
{
    struct directory_organization before, after;
    bool enabled = operation_flag(call, "MapiHttpEnabled");
    if (!subject_organization(call, &before))
        return;
    if (before.mapi_http_enabled == enabled)
        operation_warn(call, "MapiHttpEnabled is %s already: nothing was changed", enabled ? "$true" : "$false");
    else if (call->what_if)
        operation_warn(call, "What if: MapiHttpEnabled of '%s' would become %s", before.name, enabled ? "$true" : "$false");
    else if (subject_directory_done(call, directory_change_organization_switch(call->host->directory, enabled ? DIRECTORY_ON : DIRECTORY_OFF),
                                    "MapiHttpEnabled", "the organization") &&
             subject_organization(call, &after))
        operation_changed(call, "", configuration_of(&before), configuration_of(&after));
}

const struct operation operation_get_organization_config = {
    .name = "Get-OrganizationConfig",
    .command = "org show",
    .summary = "the organization's name, domains and switches",
    .run = get,
};

static const struct operation_parameter set_parameters[] = {
    {.name = "MapiHttpEnabled", .option = "mapi-http", .kind = OPERATION_BOOLEAN, .flags = OPERATION_REQUIRED,
     .explanation = "whether mailboxes may use MAPI over HTTP that do not say so themselves"},
    {.name = NULL},
};

const struct operation operation_set_organization_config = {
    .name = "Set-OrganizationConfig",
    .command = "org set",
    .flags = OPERATION_CHANGES,
    .summary = "switch MAPI over HTTP on or off for the organization",
    .description = "What a mailbox says of itself (Set-CasMailbox -MapiHttpEnabled) takes precedence. Connected clients notice at their next request.",
    .parameters = set_parameters,
    .run = set,
};
