/* Get- and Set-CasMailbox: what a mailbox may be used by. */
#include "operation/operations.h"
#include "operation/subject.h"
#include "record/client_version.h"
#include "record/virtual_directory.h"

/* --- showing --- */

static json_t *nullable_switch(enum directory_switch value)
{
    return value == DIRECTORY_INHERIT ? json_null() : json_boolean(value == DIRECTORY_ON);
}

static json_t *switches_of(const struct directory_user *user)
{
    const struct directory_switches *switches = &user->switches;
    return json_pack("{s:b, s:o, s:b, s:s, s:b, s:b, s:o}", "MAPIEnabled", switches->mapi_enabled, "MapiHttpEnabled",
                     nullable_switch(switches->mapi_http), "MAPIBlockOutlookRpcHttp", switches->block_rpc_http, "MAPIBlockOutlookVersions",
                     switches->block_versions, "MAPIBlockOutlookNonCachedMode", switches->block_non_cached_mode,
                     "MAPIBlockOutlookExternalConnectivity", switches->block_external_connectivity, "AuthenticationMethods",
                     virtual_directory_method_list(switches->methods));
}

static json_t *cas_mailbox_of(const struct directory_organization *organization, const struct directory_user *user)
{
    char id[GUID_TEXT_SIZE];
    guid_format(user->id, id);
    json_t *object = json_pack("{s:s, s:s, s:s, s:s}", "Identity", user->address, "Name", user->account, "DisplayName", user->display_name,
                               "PrimarySmtpAddress", user->address);
    json_t *switches = switches_of(user);
    if (!object || !switches || json_object_update(object, switches) != 0 ||
        json_object_set_new(object, "MapiHttpEffective", json_boolean(directory_mapi_http_allowed(organization, user))) != 0 ||
        json_object_set_new(object, "LegacyExchangeDN", json_string(user->legacy_dn)) != 0 || json_object_set_new(object, "Guid", json_string(id)) != 0) {
        json_decref(object);
        object = NULL;
    }
    json_decref(switches);
    return object;
}

static json_t *object_of(struct operation_call *call, const struct directory_user *user, void *argument)
{
    (void)call;
    return cas_mailbox_of(argument, user);
}

static void get(struct operation_call *call)
{
    struct directory_organization organization;
    struct subject_selection selection = subject_selection_of(call);
    if (!subject_organization(call, &organization))
        return;
    selection.object = object_of;
    selection.argument = &organization;
    subject_mailboxes(call, &selection);
}

/* --- changing --- */

static enum directory_switch given_switch(const struct operation_call *call, const char *name)
{
    return !operation_given(call, name) ? DIRECTORY_INHERIT : operation_flag(call, name) ? DIRECTORY_ON : DIRECTORY_OFF;
}

/* What a change is made of; its pointers lead here. */
struct wanted {
    struct directory_switches_change change;
    enum directory_switch mapi_http;
    uint32_t methods;
};

static bool read_versions(struct operation_call *call, struct wanted *wanted)
{
    const char *versions = operation_text(call, "MAPIBlockOutlookVersions"), *part = "";
    if (!operation_given(call, "MAPIBlockOutlookVersions"))
        return true;
    wanted->change.block_versions = versions ? versions : "";
    if (!versions || client_version_rules_valid(versions, &part))
        return true;
    operation_fail(call, OPERATION_INVALID_ARGUMENT, "MAPIBlockOutlookVersions",
                   "MAPIBlockOutlookVersions: '%s' is no version or range: 15.0.4569 admits that one and later ones, -14.0.7146;15.0.0-15.0.4568 shuts"
                   " out what it contains", part);
    return false;
}

static bool read_methods(struct operation_call *call, const struct directory_user *user, struct wanted *wanted)
{
    json_t *current = virtual_directory_method_list(user->switches.methods), *list = operation_list(call, "AuthenticationMethods", current);
    bool given = list != NULL;
    wanted->methods = virtual_directory_methods_of(list);
    json_decref(list);
    json_decref(current);
    if (given && !wanted->methods)
        operation_fail(call, OPERATION_INVALID_ARGUMENT, "AuthenticationMethods", "AuthenticationMethods: at least one must remain");
    if (given)
        wanted->change.methods = &wanted->methods;
    return !given || wanted->methods;
}

static bool read_wanted(struct operation_call *call, const struct directory_user *user, struct wanted *wanted)
{
    *wanted = (struct wanted){.change = {
        .mapi_enabled = given_switch(call, "MAPIEnabled"), .block_rpc_http = given_switch(call, "MAPIBlockOutlookRpcHttp"),
        .block_non_cached_mode = given_switch(call, "MAPIBlockOutlookNonCachedMode"),
        .block_external_connectivity = given_switch(call, "MAPIBlockOutlookExternalConnectivity")}};
    wanted->mapi_http = given_switch(call, "MapiHttpEnabled");
    if (operation_given(call, "MapiHttpEnabled") && json_is_null(operation_parameter(call, "MapiHttpEnabled")))
        wanted->mapi_http = DIRECTORY_INHERIT;
    if (operation_given(call, "MapiHttpEnabled"))
        wanted->change.mapi_http = &wanted->mapi_http;
    return read_versions(call, wanted) && read_methods(call, user, wanted);
}

static void set(struct operation_call *call)
{
    struct directory_user user;
    struct wanted wanted;
    if (!subject_mailbox(call, "Identity", operation_text(call, "Identity"), &user) || !read_wanted(call, &user, &wanted))
        return;
    if (!subject_change_given(call))
        return;
    if (call->what_if) {
        subject_tell_what_if(call, user.address);
        return;
    }
    json_t *before = switches_of(&user);
    if (subject_directory_done(call, directory_change_switches(call->host->directory, user.id, &wanted.change), NULL, user.address) &&
        subject_mailbox(call, "Identity", user.address, &user))
        subject_changed(call, user.address, before, switches_of(&user));
    else
        json_decref(before);
}

static const struct operation_parameter get_parameters[] = {
    SUBJECT_SELECTION_PARAMETERS,
    {.name = NULL},
};

static const struct operation_column get_columns[] = {{"Name"}, {"MAPIEnabled"}, {"MapiHttpEnabled"}, {"MapiHttpEffective"}, {"MAPIBlockOutlookRpcHttp"},
                                                      {"MAPIBlockOutlookVersions"}, {NULL}};

const struct operation operation_get_cas_mailbox = {
    .name = "Get-CasMailbox",
    .command = "cas show",
    .summary = "what mailboxes may be used by",
    .description = "MapiHttpEnabled is empty where the mailbox follows the organization; MapiHttpEffective says what comes out of both.",
    .parameters = get_parameters,
    .columns = get_columns,
    .run = get,
};

static const struct operation_parameter set_parameters[] = {
    SUBJECT_MAILBOX_PARAMETER,
    {.name = "MAPIEnabled", .option = "mapi", .kind = OPERATION_BOOLEAN, .explanation = "whether it may be used by MAPI at all; off, the rest is ignored"},
    {.name = "MapiHttpEnabled", .option = "mapi-http", .kind = OPERATION_BOOLEAN, .flags = OPERATION_NULLABLE,
     .explanation = "whether by MAPI over HTTP; $null (inherit) follows the organization"},
    {.name = "MAPIBlockOutlookRpcHttp", .option = "block-rpc-http", .kind = OPERATION_BOOLEAN, .explanation = "not by RPC over HTTP (Outlook Anywhere)"},
    {.name = "MAPIBlockOutlookVersions", .option = "block-versions", .kind = OPERATION_TEXT, .flags = OPERATION_NULLABLE,
     .explanation = "15.0.4569 admits that version of Outlook and later ones; ranges such as -14.0.7146;15.0.0-15.0.4568 are shut out; $null: none"},
    {.name = "MAPIBlockOutlookNonCachedMode", .option = "block-online-mode", .kind = OPERATION_BOOLEAN, .explanation = "only by Outlook in cached mode"},
    {.name = "MAPIBlockOutlookExternalConnectivity", .option = "block-external", .kind = OPERATION_BOOLEAN,
     .explanation = "not from outside of the organization's network"},
    {.name = "AuthenticationMethods", .option = "methods", .kind = OPERATION_CHOICES, .flags = OPERATION_CHANGEABLE, .choices = VIRTUAL_DIRECTORY_METHODS,
     .explanation = "how its owner may log on"},
    {.name = NULL},
};

const struct operation operation_set_cas_mailbox = {
    .name = "Set-CasMailbox",
    .command = "cas set",
    .flags = OPERATION_CHANGES,
    .summary = "switch what a mailbox may be used by",
    .description = "Takes effect at once: a client that is connected is refused at its next request (response code 16), and Autodiscover answers"
                   " by it. What is not given stays as it is.",
    .parameters = set_parameters,
    .run = set,
};
