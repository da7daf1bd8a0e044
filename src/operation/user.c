/* Get- and Set-User: the authentication policy of a user. */
#include <string.h>

#include "operation/operations.h"
#include "operation/subject.h"
#include "record/overlay_directory.h"
#include "record/virtual_directory.h"

/* NULL: the call has failed. */
static json_t *user_of(struct operation_call *call, const struct directory_user *user)
{
    const char *policy;
    char id[GUID_TEXT_SIZE];
    if (!subject_directory_done(call, overlay_directory_policy(call->host->directory, call->arena, user->id, &policy), NULL, user->address))
        return NULL;
    guid_format(user->id, id);
    return json_pack("{s:s, s:s, s:s, s:s, s:s, s:s, s:b, s:o, s:o, s:o, s:o, s:s}", "Identity", user->address, "Name", user->account, "DisplayName",
                     user->display_name, "UserPrincipalName", user->principal, "WindowsEmailAddress", user->address, "RecipientTypeDetails",
                     subject_mailbox_type(user->kind), "AccountDisabled", !user->enabled, "AuthenticationPolicy",
                     *policy ? json_string(policy) : json_null(), "MapiAuthenticationMethods",
                     virtual_directory_method_list(directory_methods(&user->switches, DIRECTORY_PROTOCOL_MAPI)), "AutodiscoverAuthenticationMethods",
                     virtual_directory_method_list(directory_methods(&user->switches, DIRECTORY_PROTOCOL_AUTODISCOVER)),
                     "OfflineAddressBookAuthenticationMethods",
                     virtual_directory_method_list(directory_methods(&user->switches, DIRECTORY_PROTOCOL_OFFLINE_ADDRESS_BOOK)), "Guid", id);
}

static bool emit_user(struct operation_call *call, const struct directory_user *user, void *argument)
{
    json_t *object = user_of(call, user);
    if (object)
        operation_emit(call, object);
    return true;
}

static void get(struct operation_call *call)
{
    struct subject_selection selection = subject_selection_of(call);
    selection.each = emit_user;
    subject_mailboxes(call, &selection);
}

static void set(struct operation_call *call)
{
    struct directory_user user;
    const char *policy = operation_text(call, "AuthenticationPolicy");
    json_t *known = NULL;
    if (!subject_mailbox(call, "Identity", operation_text(call, "Identity"), &user) || !subject_change_given(call))
        return;
    enum settings_status status = policy ? settings_get(call->host->settings, SETTINGS_AUTHENTICATION_POLICY, policy, &known) : SETTINGS_OK;
    json_decref(known);
    if (status == SETTINGS_NOT_FOUND) {
        operation_fail(call, OPERATION_NOT_FOUND, "AuthenticationPolicy", "there is no authentication policy '%s': Get-AuthenticationPolicy shows them", policy);
        return;
    }
    if (!subject_settings_done(call, status))
        return;
    if (call->what_if) {
        subject_tell_what_if(call, user.address);
        return;
    }
    json_t *before = user_of(call, &user), *after = NULL;
    if (before && subject_directory_done(call, overlay_directory_set_policy(call->host->directory, user.id, policy), "AuthenticationPolicy", user.address) &&
        subject_mailbox(call, "Identity", user.address, &user))
        after = user_of(call, &user);
    if (after)
        subject_changed(call, user.address, before, after);
    else
        json_decref(before);
}

static const struct operation_parameter get_parameters[] = {
    {.name = "Identity", .alias = "id", .kind = OPERATION_TEXT, .flags = OPERATION_POSITION_0 | OPERATION_PIPED,
     .explanation = "the user: account, address, GUID, legacy DN or display name; * and ? may stand in it"},
    {.name = "Anr", .option = "begins", .kind = OPERATION_TEXT, .explanation = "only those of which an address, the account or a word of the name begins so"},
    {.name = "RecipientTypeDetails", .option = "type", .kind = OPERATION_CHOICES, .choices = subject_mailbox_types, .explanation = "only users of these kinds"},
    {.name = "ResultSize", .option = "limit", .kind = OPERATION_NUMBER, .minimum = 1, .explanation = "at most so many; 1000 by default, Unlimited for all"},
    {.name = NULL},
};
static const struct operation_column columns[] = {{"Name"}, {"RecipientTypeDetails"}, {"AuthenticationPolicy"}, {"MapiAuthenticationMethods"}, {NULL}};

const struct operation operation_get_user = {
    .name = "Get-User",
    .command = "policy users",
    .summary = "users, their authentication policies and what these leave them",
    .description = "AuthenticationPolicy is the user's own; where it is empty the organization's counts. The methods are what mailbox and policy leave for each protocol.",
    .parameters = get_parameters,
    .columns = columns,
    .run = get,
};

static const struct operation_parameter set_parameters[] = {
    {.name = "Identity", .alias = "id", .kind = OPERATION_TEXT, .flags = OPERATION_REQUIRED | OPERATION_POSITION_0 | OPERATION_PIPED,
     .explanation = "the user: account, address, GUID, legacy DN or display name"},
    {.name = "AuthenticationPolicy", .option = "policy", .kind = OPERATION_TEXT, .flags = OPERATION_NULLABLE,
     .explanation = "the policy that shall count for the user; $null: the organization's"},
    {.name = NULL},
};

const struct operation operation_set_user = {
    .name = "Set-User",
    .command = "policy assign",
    .flags = OPERATION_CHANGES,
    .summary = "give a user an authentication policy",
    .description = "Takes effect at once. Its own policy counts, not the organization's beside it.",
    .parameters = set_parameters,
    .run = set,
};
