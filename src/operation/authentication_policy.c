/* Authentication policies: which ways to log on are blocked for which protocol, for the users that a policy is given to, or for all by
 * the organisation's default. What is blocked here is refused like a wrong password; the log says why. */
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "operation/operations.h"
#include "operation/subject.h"
#include "record/overlay_directory.h"

#define NAME_SIZE_MAX 64u

/* The protocols of Exchange's policies; those that this server speaks come first, as in enum directory_protocol. */
#define PROTOCOLS(ROW) AUTHENTICATION_POLICY_PROTOCOLS(ROW) ROW(ActiveSync) ROW(Imap) ROW(Pop) ROW(Rpc) ROW(WebServices)
#define NAME(protocol) #protocol,
static const char *const protocols[] = {PROTOCOLS(NAME)};
#undef NAME
#define PROTOCOL_COUNT (sizeof protocols / sizeof *protocols)

static const char *const kinds[] = {"BlockLegacyAuth", "BlockModernAuth"};

static const char *property_of(char text[64], unsigned kind, unsigned protocol)
{
    snprintf(text, 64, "%s%s", kinds[kind], protocols[protocol]);
    return text;
}

/* --- showing --- */

static json_t *shown(const char *name, const json_t *kept, bool is_default)
{
    char property[64];
    json_t *object = json_pack("{s:s, s:s, s:b}", "Identity", name, "Name", name, "IsDefault", is_default);
    for (unsigned protocol = 0; object && protocol < PROTOCOL_COUNT; protocol++)
        for (unsigned kind = 0; kind < 2; kind++)
            json_object_set_new(object, property_of(property, kind, protocol),
                                json_boolean(json_is_true(json_object_get(kept, property_of(property, kind, protocol)))));
    return object;
}

/* The organisation's, "" for none; NULL: the call has failed. In the arena. */
static const char *default_policy(struct operation_call *call)
{
    const char *name = NULL;
    enum directory_status status = overlay_directory_default_policy(call->host->directory, call->arena, &name);
    return subject_directory_done(call, status, NULL, "the organization") ? name : NULL;
}

/* The policy in the spelling it was made with; false: the call has failed. */
static bool find_policy(struct operation_call *call, const char *parameter, const char *name, const char **ret_name, json_t **ret_kept)
{
    json_t *all = NULL, *value;
    const char *key;
    if (!subject_settings_done(call, settings_list(call->host->settings, SETTINGS_AUTHENTICATION_POLICY, &all)))
        return false;
    json_object_foreach(all, key, value) {
        if (strcasecmp(key, name) == 0) {
            *ret_name = arena_string(call->arena, key);
            *ret_kept = json_deep_copy(value);
            json_decref(all);
            return *ret_name && *ret_kept;
        }
    }
    json_decref(all);
    operation_fail(call, OPERATION_NOT_FOUND, parameter, "there is no authentication policy '%s'", name);
    return false;
}

static void get(struct operation_call *call)
{
    const char *wanted = operation_text(call, "Identity"), *default_name = default_policy(call), *name;
    json_t *all = NULL, *value;
    bool found = false;
    if (!default_name || !subject_settings_done(call, settings_list(call->host->settings, SETTINGS_AUTHENTICATION_POLICY, &all)))
        return;
    json_object_foreach(all, name, value) {
        if (wanted && strcasecmp(wanted, name) != 0)
            continue;
        found = true;
        operation_emit(call, shown(name, value, strcasecmp(name, default_name) == 0));
    }
    json_decref(all);
    if (wanted && !found)
        operation_fail(call, OPERATION_NOT_FOUND, "Identity", "there is no authentication policy '%s'", wanted);
}

/* --- making and changing --- */

static bool take_blocks(struct operation_call *call, json_t *kept)
{
    char property[64];
    for (unsigned protocol = 0; protocol < PROTOCOL_COUNT; protocol++) {
        for (unsigned kind = 0; kind < 2; kind++) {
            if (!operation_given(call, property_of(property, kind, protocol)))
                continue;
            bool blocks = operation_flag(call, property);
            json_object_set_new(kept, property, json_boolean(blocks));
            if (blocks && protocol >= AUTHENTICATION_POLICY_PROTOCOL_COUNT)
                operation_warn(call, "%s is kept, and blocks nothing: this server does not speak that protocol", property);
        }
        bool legacy = json_is_true(json_object_get(kept, property_of(property, 0, protocol)));
        if (legacy && json_is_true(json_object_get(kept, property_of(property, 1, protocol)))) {
            operation_fail(call, OPERATION_INVALID_ARGUMENT, property, "BlockLegacyAuth%s and BlockModernAuth%s together would leave no way to log on",
                           protocols[protocol], protocols[protocol]);
            return false;
        }
    }
    return true;
}

static bool keep(struct operation_call *call, const char *name, json_t *kept, json_t *before)
{
    const char *default_name = default_policy(call);
    if (!default_name || !subject_settings_done(call, settings_set(call->host->settings, SETTINGS_AUTHENTICATION_POLICY, name, kept))) {
        json_decref(before);
        return false;
    }
    subject_changed(call, name, before, shown(name, kept, strcasecmp(name, default_name) == 0));
    return true;
}

static bool name_allowed(const char *name)
{
    size_t size = strlen(name);
    for (const char *at = name; *at; at++)
        if ((unsigned char)*at < 0x20 || *at == 0x7F || strchr("*?\\/", *at))
            return false;
    return size > 0 && size <= NAME_SIZE_MAX && name[0] != ' ' && name[size - 1] != ' ';
}

static void make(struct operation_call *call)
{
    const char *name = operation_text(call, "Name");
    json_t *kept = NULL;
    if (!name_allowed(name)) {
        operation_fail(call, OPERATION_INVALID_ARGUMENT, "Name", "Name: one to %u letters, without * ? / \\, control characters and blanks around it", NAME_SIZE_MAX);
        return;
    }
    if (settings_get(call->host->settings, SETTINGS_AUTHENTICATION_POLICY, name, &kept) == SETTINGS_OK) {
        json_decref(kept);
        operation_fail(call, OPERATION_CONFLICT, "Name", "there is an authentication policy '%s' already", name);
        return;
    }
    kept = json_object();
    if (take_blocks(call, kept)) {
        if (call->what_if)
            operation_warn(call, "What if: the authentication policy '%s' would be made", name);
        else if (keep(call, name, kept, NULL))
            operation_emit(call, shown(name, kept, false));
    }
    json_decref(kept);
}

static void set(struct operation_call *call)
{
    const char *name, *default_name = default_policy(call);
    json_t *kept = NULL;
    if (!default_name || !find_policy(call, "Identity", operation_text(call, "Identity"), &name, &kept))
        return;
    if (!subject_change_given(call)) {
        json_decref(kept);
        return;
    }
    json_t *before = shown(name, kept, strcasecmp(name, default_name) == 0);
    if (!take_blocks(call, kept) || call->what_if) {
        if (call->what_if && call->error == OPERATION_DONE)
            subject_tell_what_if(call, name);
        json_decref(before);
    } else {
        (void)keep(call, name, kept, before); /* a failure is the call's */
    }
    json_decref(kept);
}

/* --- removing --- */

/* Whose own policy it is: one of them and how many; false: the call has failed. */
static bool count_users(struct operation_call *call, const char *policy, const char **ret_first, size_t *ret_count)
{
    json_t *all = NULL, *switches;
    const char *id;
    if (!subject_settings_done(call, settings_list(call->host->settings, SETTINGS_MAILBOX_SWITCHES, &all)))
        return false;
    *ret_count = 0;
    *ret_first = "";
    json_object_foreach(all, id, switches) {
        const char *own = json_string_value(json_object_get(switches, "AuthenticationPolicy"));
        struct directory_user user;
        if (!own || strcasecmp(own, policy) != 0)
            continue;
        if (directory_find(call->host->directory, call->arena, DIRECTORY_KEY_ID, id, &user) == DIRECTORY_NOT_FOUND)
            continue; /* gone; what is kept for it names nobody */
        *ret_first = user.address ? user.address : id;
        ++*ret_count;
    }
    json_decref(all);
    return true;
}

static void remove_policy(struct operation_call *call)
{
    const char *name, *first, *default_name = default_policy(call);
    json_t *kept = NULL;
    size_t count;
    if (!default_name || !find_policy(call, "Identity", operation_text(call, "Identity"), &name, &kept))
        return;
    json_t *before = shown(name, kept, strcasecmp(name, default_name) == 0);
    json_decref(kept);
    if (strcasecmp(name, default_name) == 0) {
        operation_fail(call, OPERATION_CONFLICT, "Identity", "'%s' is the organization's default: first Set-OrganizationConfig -DefaultAuthenticationPolicy $null", name);
    } else if (count_users(call, name, &first, &count)) {
        if (count)
            operation_fail(call, OPERATION_CONFLICT, "Identity", "'%s' is the policy of %zu %s, such as %s: first Set-User -AuthenticationPolicy $null", name, count,
                           count == 1 ? "user" : "users", first);
        else if (call->what_if)
            operation_warn(call, "What if: the authentication policy '%s' would be removed", name);
        else if (subject_settings_done(call, settings_set(call->host->settings, SETTINGS_AUTHENTICATION_POLICY, name, NULL))) {
            operation_changed(call, name, before, NULL);
            return;
        }
    }
    json_decref(before);
}

/* --- declarations --- */

static const struct operation_parameter get_parameters[] = {
    {.name = "Identity", .alias = "id", .kind = OPERATION_TEXT, .flags = OPERATION_POSITION_0 | OPERATION_PIPED, .explanation = "the policy; all of them where it is not given"},
    {.name = NULL},
};
static const struct operation_column columns[] = {{"Name"}, {"IsDefault"}, {"BlockLegacyAuthMapi"}, {"BlockModernAuthMapi"},
                                                  {"BlockLegacyAuthAutodiscover"}, {"BlockLegacyAuthOfflineAddressBook"}, {NULL}};

#define BLOCKS(protocol)                                                                                                                  \
    {.name = "BlockLegacyAuth" #protocol, .kind = OPERATION_SWITCH, .explanation = "no Basic, NTLM or Kerberos for " #protocol},          \
    {.name = "BlockModernAuth" #protocol, .kind = OPERATION_SWITCH, .explanation = "no OAuth (bearer tokens) for " #protocol},

static const struct operation_parameter new_parameters[] = {
    {.name = "Name", .kind = OPERATION_TEXT, .flags = OPERATION_REQUIRED | OPERATION_POSITION_0, .explanation = "what it shall be called"},
    PROTOCOLS(BLOCKS)
    {.name = NULL},
};
static const struct operation_parameter set_parameters[] = {
    {.name = "Identity", .alias = "id", .kind = OPERATION_TEXT, .flags = OPERATION_REQUIRED | OPERATION_POSITION_0 | OPERATION_PIPED, .explanation = "the policy"},
    PROTOCOLS(BLOCKS)
    {.name = NULL},
};
static const struct operation_parameter remove_parameters[] = {
    {.name = "Identity", .alias = "id", .kind = OPERATION_TEXT, .flags = OPERATION_REQUIRED | OPERATION_POSITION_0 | OPERATION_PIPED, .explanation = "the policy"},
    {.name = NULL},
};

const struct operation operation_get_authentication_policy = {
    .name = "Get-AuthenticationPolicy",
    .command = "policy show",
    .summary = "the authentication policies: which ways to log on are blocked",
    .parameters = get_parameters,
    .columns = columns,
    .run = get,
};

const struct operation operation_new_authentication_policy = {
    .name = "New-AuthenticationPolicy",
    .command = "policy new",
    .flags = OPERATION_CHANGES,
    .summary = "make an authentication policy",
    .description = "It blocks nothing until it is given to users (Set-User -AuthenticationPolicy) or to all "
                   "(Set-OrganizationConfig -DefaultAuthenticationPolicy).",
    .parameters = new_parameters,
    .columns = columns,
    .run = make,
};

const struct operation operation_set_authentication_policy = {
    .name = "Set-AuthenticationPolicy",
    .command = "policy set",
    .flags = OPERATION_CHANGES,
    .summary = "change what an authentication policy blocks",
    .description = "Takes effect at once, also for clients that have logged on: their next request is answered with 401.",
    .parameters = set_parameters,
    .run = set,
};

const struct operation operation_remove_authentication_policy = {
    .name = "Remove-AuthenticationPolicy",
    .command = "policy remove",
    .flags = OPERATION_CHANGES,
    .summary = "remove an authentication policy that nobody has",
    .parameters = remove_parameters,
    .run = remove_policy,
};
