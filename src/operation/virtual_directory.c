/* Virtual directories: where clients find /mapi, Autodiscover and the offline address book, and how they log on there. Exchange has
 * an operation for each; 'Get-VirtualDirectory' and 'Set-VirtualDirectory' are for all. */
#include <stdio.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

#include "operation/operation_live.h"
#include "operation/operations.h"
#include "operation/subject.h"
#include "record/virtual_directory.h"

#define SITE " (Default Web Site)"

static const char *const configured_methods[VIRTUAL_DIRECTORY_COUNT] = {
    "authentication.mapi_methods", "authentication.autodiscover_methods", "authentication.oab_methods"};
static const char *const configured_protection[VIRTUAL_DIRECTORY_COUNT] = {
    "authentication.mapi_extended_protection", "authentication.autodiscover_extended_protection", "authentication.oab_extended_protection"};

/* What the file says; NULL where no server runs that has read it. */
static json_t *configuration_of(const struct operation_call *call)
{
    const struct operation_live *live = call->host->live;
    return live && live->configuration ? live->configuration(call->host->live_state) : NULL;
}

static const char *configured(const json_t *configuration, const char *name)
{
    const char *value = json_string_value(json_object_get(configuration, name));
    return value ? value : "";
}

static const char *server_name(struct operation_call *call)
{
    char name[256] = "";
    if (gethostname(name, sizeof name - 1) != 0)
        strcpy(name, "localhost");
    const char *kept = arena_string(call->arena, name);
    return kept ? kept : "localhost";
}

/* 'mail' and 'mail.example.org' mean the same server. */
static bool is_server_name(const char *name, const char *text, size_t size)
{
    size_t whole = strlen(name);
    return strncasecmp(name, text, size) == 0 && (size == whole || (size == strcspn(name, ".") && size > 0));
}

/* --- ways to log on --- */

/* Of the ways allowed those by which somebody can come in: offered at all, and with what they need. */
static uint32_t usable_methods(const json_t *configuration, uint32_t allowed)
{
    if (!configuration)
        return allowed;
    uint32_t offered = virtual_directory_methods_of_words(configured(configuration, "authentication.methods"));
    /* Where NTLM is offered at all, there is NTLM inside of Negotiate. */
    if (!(offered & DIRECTORY_METHOD_NTLM) && !*configured(configuration, "kerberos.keytab") &&
        !*configured(configuration, "authentication.negotiate_helper"))
        offered &= ~DIRECTORY_METHOD_KERBEROS;
    if (!*configured(configuration, "bearer.jwks"))
        offered &= ~DIRECTORY_METHOD_BEARER;
    return allowed & offered;
}

/* Those stated for a virtual directory; 0: those of the configuration file. */
static uint32_t allowed_methods(const json_t *configuration, enum virtual_directory which, uint32_t stated)
{
    const char *words = configured(configuration, configured_methods[which]);
    return stated ? stated : *words ? virtual_directory_methods_of_words(words) : DIRECTORY_METHOD_ALL;
}

/* --- showing --- */

static json_t *shown_url(const json_t *configuration, enum virtual_directory which, const struct virtual_directory_side *side,
                         const char *configured_side, const char **ret_origin)
{
    const char *path = virtual_directory_paths[which], *base = configured(configuration, configured_side);
    *ret_origin = "Set";
    if (side->state == VIRTUAL_DIRECTORY_URL_SET)
        return json_sprintf("%s%s", side->base, path);
    if (side->state == VIRTUAL_DIRECTORY_URL_NONE)
        return json_null();
    base = *base ? base : configured(configuration, "organisation.public_url");
    *ret_origin = *base ? "Configuration" : "Request"; /* the name by which a client has come */
    size_t size = strlen(base);
    while (size && base[size - 1] == '/')
        size--;
    return size ? json_sprintf("%.*s%s", (int)size, base, path) : json_null();
}

static const char *shown_protection(const json_t *configuration, enum virtual_directory which, const struct virtual_directory_settings *set)
{
    static const char *const names[] = {"None", "Allow", "Require"};
    const char *value = configured(configuration, configured_protection[which]);
    if (set->has_protection)
        return names[set->protection];
    if (!*value || strcmp(value, "default") == 0)
        value = configured(configuration, "authentication.extended_protection");
    return strcmp(value, "require") == 0 ? "Require" : strcmp(value, "none") == 0 ? "None" : "Allow";
}

static json_t *kept_list(const json_t *kept, const char *name)
{
    json_t *list = json_object_get(kept, name);
    return json_is_array(list) ? json_incref(list) : json_array();
}

/* NULL: the call has failed. */
static json_t *shown(struct operation_call *call, enum virtual_directory which)
{
    struct virtual_directory_settings set;
    const char *internal_origin, *external_origin;
    if (!subject_settings_done(call, virtual_directory_read(call->host->settings, which, &set)))
        return NULL;
    json_t *kept = subject_settings(call, SETTINGS_VIRTUAL_DIRECTORY, virtual_directory_names[which]);
    if (!kept)
        return NULL;
    json_t *configuration = configuration_of(call), *object = json_object();
    uint32_t allowed = allowed_methods(configuration, which, set.methods), usable = usable_methods(configuration, allowed);
    json_object_set_new(object, "Identity", json_sprintf("%s\\%s" SITE, server_name(call), virtual_directory_names[which]));
    json_object_set_new(object, "Name", json_sprintf("%s" SITE, virtual_directory_names[which]));
    json_object_set_new(object, "Server", json_string(server_name(call)));
    json_object_set_new(object, "Path", json_string(virtual_directory_paths[which]));
    json_object_set_new(object, "InternalUrl", shown_url(configuration, which, &set.internal, "organisation.internal_url", &internal_origin));
    json_object_set_new(object, "ExternalUrl", shown_url(configuration, which, &set.external, "organisation.external_url", &external_origin));
    json_object_set_new(object, "InternalUrlOrigin", json_string(internal_origin));
    json_object_set_new(object, "ExternalUrlOrigin", json_string(external_origin));
    json_object_set_new(object, "IISAuthenticationMethods", virtual_directory_method_list(allowed));
    json_object_set_new(object, "InternalAuthenticationMethods", virtual_directory_method_list(usable));
    json_object_set_new(object, "ExternalAuthenticationMethods", virtual_directory_method_list(usable));
    json_object_set_new(object, "ExtendedProtectionTokenChecking", json_string(shown_protection(configuration, which, &set)));
    json_object_set_new(object, "ExtendedProtectionFlags", kept_list(kept, "ExtendedProtectionFlags"));
    json_object_set_new(object, "ExtendedProtectionSPNList", kept_list(kept, "ExtendedProtectionSPNList"));
    json_decref(configuration);
    json_decref(kept);
    return object;
}

/* 'mapi', 'mapi (Default Web Site)', 'SERVER\mapi (Default Web Site)'; false (the call has failed) for what is none. */
static bool find_directory(struct operation_call *call, const char *identity, enum virtual_directory *ret_which)
{
    const char *backslash = strrchr(identity, '\\'), *name = backslash ? backslash + 1 : identity, *server = server_name(call);
    if (backslash && !is_server_name(server, identity, (size_t)(backslash - identity))) {
        operation_fail(call, OPERATION_NOT_FOUND, "Identity", "'%s' is not on this server, which is %s", identity, server);
        return false;
    }
    size_t size = strlen(name), site_size = strlen(SITE);
    if (size > site_size && strcasecmp(name + size - site_size, SITE) == 0)
        size -= site_size;
    for (unsigned i = 0; i < VIRTUAL_DIRECTORY_COUNT; i++) {
        if (strlen(virtual_directory_names[i]) == size && strncasecmp(virtual_directory_names[i], name, size) == 0) {
            *ret_which = i;
            return true;
        }
    }
    operation_fail(call, OPERATION_NOT_FOUND, "Identity", "there is no virtual directory '%s': there are mapi, Autodiscover and OAB", identity);
    return false;
}

static bool is_this_server(struct operation_call *call)
{
    const char *server = operation_text(call, "Server"), *name = server_name(call);
    if (!server || is_server_name(name, server, strlen(server)))
        return true;
    operation_fail(call, OPERATION_NOT_FOUND, "Server", "there is no server '%s': this one is %s", server, name);
    return false;
}

/* The one that the operation is for by its name, or VIRTUAL_DIRECTORY_COUNT: for all of them. */
static enum virtual_directory of_operation(const struct operation_call *call)
{
    static const char *const nouns[VIRTUAL_DIRECTORY_COUNT] = {"MapiVirtualDirectory", "AutodiscoverVirtualDirectory", "OabVirtualDirectory"};
    for (unsigned i = 0; i < VIRTUAL_DIRECTORY_COUNT; i++)
        if (strcmp(strchr(call->operation->name, '-') + 1, nouns[i]) == 0)
            return i;
    return VIRTUAL_DIRECTORY_COUNT;
}

/* Which one is meant; false: the call has failed. COUNT where none was named. */
static bool find_named(struct operation_call *call, enum virtual_directory *ret_which)
{
    const char *identity = operation_text(call, "Identity");
    enum virtual_directory own = of_operation(call);
    *ret_which = own;
    if (!identity)
        return true;
    if (!find_directory(call, identity, ret_which))
        return false;
    if (own == VIRTUAL_DIRECTORY_COUNT || own == *ret_which)
        return true;
    operation_fail(call, OPERATION_INVALID_ARGUMENT, "Identity", "'%s' is not for %s: use Set-VirtualDirectory, or the operation of its name", identity,
                   call->operation->name);
    return false;
}

static void get(struct operation_call *call)
{
    enum virtual_directory which;
    if (!is_this_server(call) || !find_named(call, &which))
        return;
    for (unsigned i = 0; i < VIRTUAL_DIRECTORY_COUNT; i++) {
        json_t *object = which == VIRTUAL_DIRECTORY_COUNT || which == i ? shown(call, i) : NULL;
        if (object)
            operation_emit(call, object);
    }
    if (!call->host->live)
        operation_warn(call, "no server runs: what its configuration file says is not looked at");
}

/* --- changing --- */

static bool take_url(struct operation_call *call, enum virtual_directory which, const char *name, json_t *kept)
{
    char base[VIRTUAL_DIRECTORY_BASE_SIZE];
    const char *url = operation_text(call, name), *wrong;
    if (!operation_given(call, name))
        return true;
    if (!url) {
        json_object_set_new(kept, name, json_null());
        return true;
    }
    if (!virtual_directory_base_of(which, url, base, &wrong)) {
        operation_fail(call, OPERATION_INVALID_ARGUMENT, name, "%s '%s': %s", name, url, wrong);
        return false;
    }
    if (strncmp(base, "http:", 5) == 0)
        operation_warn(call, "%s is not https: passwords and mail travel in the clear unless TLS ends in front of this server", name);
    json_object_set_new(kept, name, json_sprintf("%s%s", base, virtual_directory_paths[which]));
    return true;
}

static bool take_methods(struct operation_call *call, json_t *kept, const json_t *before)
{
    json_t *list = operation_list(call, "IISAuthenticationMethods", json_object_get(before, "IISAuthenticationMethods"));
    if (call->error != OPERATION_DONE || !list)
        return call->error == OPERATION_DONE;
    uint32_t methods = virtual_directory_methods_of(list);
    json_decref(list);
    if (!methods)
        operation_fail(call, OPERATION_INVALID_ARGUMENT, "IISAuthenticationMethods", "IISAuthenticationMethods: at least one must remain");
    else
        json_object_set_new(kept, "IISAuthenticationMethods", virtual_directory_method_list(methods));
    return methods != 0;
}

/* A URL says where to log on, so there must be a way to: stated now, or in force before. */
static bool check_methods(struct operation_call *call, enum virtual_directory which, const json_t *kept, const json_t *configuration)
{
    uint32_t stated = virtual_directory_methods_of(json_object_get(kept, "IISAuthenticationMethods"));
    uint32_t usable = usable_methods(configuration, allowed_methods(configuration, which, stated));
    if (!usable) {
        operation_fail(call, OPERATION_CONFLICT, "IISAuthenticationMethods",
                       "nobody could log on at '%s' then: by none of these methods does this server offer a log-on. It offers '%s' ([authentication] "
                       "methods in its configuration file); Negotiate needs ntlm there or [kerberos] keytab, OAuth needs [bearer] jwks",
                       virtual_directory_names[which], configured(configuration, "authentication.methods"));
        return false;
    }
    for (unsigned i = 0; i < 4; i++)
        if (stated & ~usable & 1u << i)
            operation_warn(call, "%s is allowed at '%s' from now on, but this server does not offer it: see [authentication] methods in its configuration file",
                           virtual_directory_method_names[i], virtual_directory_names[which]);
    return true;
}

static bool take_protection(struct operation_call *call, json_t *kept, const json_t *configuration)
{
    const char *checking = operation_text(call, "ExtendedProtectionTokenChecking");
    json_t *flags = operation_list(call, "ExtendedProtectionFlags", json_object_get(kept, "ExtendedProtectionFlags"));
    json_t *names = operation_list(call, "ExtendedProtectionSPNList", json_object_get(kept, "ExtendedProtectionSPNList"));
    size_t index;
    json_t *flag;
    bool proxy = false, none = false;
    json_array_foreach(flags, index, flag) {
        const char *text = json_string_value(flag);
        proxy |= strcasecmp(text, "Proxy") == 0 || strcasecmp(text, "ProxyCohosting") == 0;
        none |= strcasecmp(text, "None") == 0;
    }
    if (checking)
        json_object_set_new(kept, "ExtendedProtectionTokenChecking", json_string(checking));
    if (none && json_array_size(flags) > 1)
        operation_fail(call, OPERATION_INVALID_ARGUMENT, "ExtendedProtectionFlags", "ExtendedProtectionFlags: None stands alone");
    else if (proxy && configuration && !*configured(configuration, "authentication.balancer_certificates"))
        operation_fail(call, OPERATION_CONFLICT, "ExtendedProtectionFlags",
                       "the proxy's certificate is not known: name it in [authentication] balancer_certificates of the configuration file, reload, and set this again");
    else if (flags && !proxy && !none && json_array_size(flags))
        operation_warn(call, "the service names that clients state are not judged here, so that these flags change nothing: channel bindings say more");
    if (json_array_size(names))
        operation_warn(call, "ExtendedProtectionSPNList is kept and shown; the service names that clients state are not judged here: channel bindings say more");
    if (flags)
        json_object_set_new(kept, "ExtendedProtectionFlags", none ? json_array() : json_incref(flags));
    if (names)
        json_object_set(kept, "ExtendedProtectionSPNList", names);
    json_decref(flags);
    json_decref(names);
    return call->error == OPERATION_DONE;
}

/* The certificate is asked once the change holds; its lack of a name does not undo it: a new certificate may be on its way. */
static void warn_of_certificate(struct operation_call *call, enum virtual_directory which)
{
    const struct operation_live *live = call->host->live;
    struct virtual_directory_settings set;
    char hosts[2][VIRTUAL_DIRECTORY_HOST_SIZE] = {"", ""};
    size_t index;
    json_t *finding;
    if (!live || !live->certificate || virtual_directory_read(call->host->settings, which, &set) != SETTINGS_OK)
        return;
    if (live->changed)
        live->changed(call->host->live_state);
    (void)virtual_directory_host_of(set.internal.base, hosts[0]);
    (void)virtual_directory_host_of(set.external.base, hosts[1]);
    json_t *certificate = live->certificate(call->host->live_state);
    json_array_foreach(json_object_get(certificate, "Findings"), index, finding) {
        const char *name = json_string_value(json_object_get(finding, "Name")), *text = json_string_value(json_object_get(finding, "Text"));
        if (name && text && ((*hosts[0] && strcasecmp(name, hosts[0]) == 0) || (*hosts[1] && strcasecmp(name, hosts[1]) == 0)))
            operation_warn(call, "%s: clients will complain", text);
    }
    json_decref(certificate);
}

static bool take_all(struct operation_call *call, enum virtual_directory which, json_t *kept, const json_t *before)
{
    json_t *configuration = configuration_of(call);
    if (operation_flag(call, "ApplyDefaults"))
        json_object_clear(kept);
    bool changes_log_on = operation_given(call, "IISAuthenticationMethods") || operation_text(call, "InternalUrl") || operation_text(call, "ExternalUrl");
    bool good = take_url(call, which, "InternalUrl", kept) && take_url(call, which, "ExternalUrl", kept) && take_methods(call, kept, before) &&
                (!changes_log_on || check_methods(call, which, kept, configuration)) && take_protection(call, kept, configuration);
    json_decref(configuration);
    if (good && json_is_null(json_object_get(kept, "InternalUrl")) && json_is_null(json_object_get(kept, "ExternalUrl")))
        operation_warn(call, "neither address of '%s' is told to clients from now on: Autodiscover has nothing to answer them", virtual_directory_names[which]);
    return good;
}

static void set(struct operation_call *call)
{
    enum virtual_directory which;
    if (!find_named(call, &which) || !subject_change_given(call))
        return;
    const char *name = virtual_directory_names[which];
    json_t *before = shown(call, which), *kept = before ? subject_settings(call, SETTINGS_VIRTUAL_DIRECTORY, name) : NULL, *after = NULL;
    if (kept && take_all(call, which, kept, before)) {
        if (call->what_if)
            subject_tell_what_if(call, name);
        else if (subject_settings_done(call, settings_set(call->host->settings, SETTINGS_VIRTUAL_DIRECTORY, name, json_object_size(kept) ? kept : NULL)))
            after = shown(call, which);
    }
    json_decref(kept);
    if (!after) {
        json_decref(before);
        return;
    }
    subject_changed(call, name, before, after);
    warn_of_certificate(call, which);
}

/* --- RPC over HTTP --- */

static void get_outlook_anywhere(struct operation_call *call)
{
    operation_emit(call, json_pack("{s:o, s:s, s:s, s:b, s:n, s:n}", "Identity", json_sprintf("%s\\Rpc" SITE, server_name(call)), "Name", "Rpc" SITE, "Server",
                                   server_name(call), "Enabled", 0, "InternalHostname", "ExternalHostname"));
    operation_warn(call, "this server does not answer RPC over HTTP: the transport is off, and nothing of it can be set");
}

static void set_outlook_anywhere(struct operation_call *call)
{
    operation_fail(call, OPERATION_CONFLICT, NULL, "this server does not answer RPC over HTTP: the transport is off, and nothing of it can be set");
}

/* --- declarations --- */

static const struct operation_parameter get_parameters[] = {
    {.name = "Identity", .alias = "id", .kind = OPERATION_TEXT, .flags = OPERATION_POSITION_0 | OPERATION_PIPED,
     .explanation = "which one: mapi, Autodiscover or OAB, also as 'SERVER\\mapi (Default Web Site)'; all of them where it is not given"},
    {.name = "Server", .kind = OPERATION_TEXT, .explanation = "this server's name"},
    {.name = NULL},
};

static const struct operation_column columns[] = {{"Name"}, {"InternalUrl"}, {"ExternalUrl"}, {"IISAuthenticationMethods"}, {"ExtendedProtectionTokenChecking"}, {NULL}};

#define SET_PARAMETERS(identity_flags, identity_text)                                                                                                 \
    {.name = "Identity", .alias = "id", .kind = OPERATION_TEXT, .flags = OPERATION_POSITION_0 | OPERATION_PIPED | (identity_flags), .explanation = identity_text}, \
    {.name = "InternalUrl", .kind = OPERATION_URL, .flags = OPERATION_NULLABLE,                                                                      \
     .explanation = "where clients inside of the organization's network find it; $null: they are not told"},                                         \
    {.name = "ExternalUrl", .kind = OPERATION_URL, .flags = OPERATION_NULLABLE, .explanation = "the same for clients outside"},                       \
    {.name = "IISAuthenticationMethods", .option = "methods", .kind = OPERATION_CHOICES, .flags = OPERATION_CHANGEABLE,                              \
     .choices = VIRTUAL_DIRECTORY_METHODS, .explanation = "how clients may log on there, of what the server offers at all"},                         \
    {.name = "ExtendedProtectionTokenChecking", .option = "extended-protection", .kind = OPERATION_CHOICE, .choices = "None|Allow|Require",          \
     .explanation = "whether NTLM and Kerberos must be bound to the TLS connection"},                                                                \
    {.name = "ExtendedProtectionFlags", .kind = OPERATION_CHOICES, .flags = OPERATION_CHANGEABLE,                                                    \
     .choices = "None|Proxy|ProxyCohosting|NoServiceNameCheck|AllowDotlessSPN",                                                                      \
     .explanation = "Proxy: TLS may end at a proxy whose certificate the configuration file names; the others change nothing here"},                 \
    {.name = "ExtendedProtectionSPNList", .kind = OPERATION_TEXTS, .flags = OPERATION_CHANGEABLE | OPERATION_NULLABLE,                               \
     .explanation = "service names; kept and shown, not judged"},                                                                                    \
    {.name = "ApplyDefaults", .kind = OPERATION_BOOLEAN, .explanation = "first forget what was set: the configuration file counts again"},            \
    {.name = NULL}

static const struct operation_parameter set_parameters[] = {SET_PARAMETERS(0, "the virtual directory; there is one of this kind")};
static const struct operation_parameter set_any_parameters[] = {SET_PARAMETERS(OPERATION_REQUIRED, "which one: mapi, Autodiscover or OAB")};

#define SET_DESCRIPTION                                                                                                                               \
    "Takes effect at once: Autodiscover answers by it, and requests at the endpoint are asked to log on by it. A URL has the directory's path "      \
    "(https://mail.example.org/mapi). With a URL, at least one of the methods stated (IISAuthenticationMethods; without it those in force before) "  \
    "must be one that the server offers. A host that the certificate does not cover is told as a warning."

#define GET(row, operation_name, noun)                                                                                                                \
    const struct operation operation_##row = {.name = operation_name, .summary = "where clients find " noun ", and how they log on there",            \
                                              .parameters = get_parameters, .columns = columns, .run = get}
#define SET(row, operation_name, noun)                                                                                                                \
    const struct operation operation_##row = {.name = operation_name, .flags = OPERATION_CHANGES, .summary = "set where clients find " noun ", and how they log on there", \
                                              .description = SET_DESCRIPTION, .parameters = set_parameters, .run = set}

GET(get_mapi_virtual_directory, "Get-MapiVirtualDirectory", "MAPI over HTTP");
SET(set_mapi_virtual_directory, "Set-MapiVirtualDirectory", "MAPI over HTTP");
GET(get_autodiscover_virtual_directory, "Get-AutodiscoverVirtualDirectory", "Autodiscover");
SET(set_autodiscover_virtual_directory, "Set-AutodiscoverVirtualDirectory", "Autodiscover");
GET(get_oab_virtual_directory, "Get-OabVirtualDirectory", "the offline address book");
SET(set_oab_virtual_directory, "Set-OabVirtualDirectory", "the offline address book");

const struct operation operation_get_virtual_directory = {
    .name = "Get-VirtualDirectory",
    .command = "vdir show",
    .summary = "where clients find the parts of this server, and how they log on there",
    .description = "InternalUrlOrigin and ExternalUrlOrigin say where an address comes from: Set by an administrator, the Configuration file, or the name by "
                   "which a Request came. InternalAuthenticationMethods and ExternalAuthenticationMethods are what is offered in the end.",
    .parameters = get_parameters,
    .columns = columns,
    .run = get,
};

const struct operation operation_set_virtual_directory = {
    .name = "Set-VirtualDirectory",
    .command = "vdir set",
    .flags = OPERATION_CHANGES,
    .summary = "set where clients find a part of this server, and how they log on there",
    .description = SET_DESCRIPTION,
    .parameters = set_any_parameters,
    .run = set,
};

static const struct operation_parameter outlook_anywhere_get_parameters[] = {
    {.name = "Identity", .alias = "id", .kind = OPERATION_TEXT, .flags = OPERATION_POSITION_0 | OPERATION_PIPED, .explanation = "the virtual directory; there is one"},
    {.name = NULL},
};

const struct operation operation_get_outlook_anywhere = {
    .name = "Get-OutlookAnywhere",
    .alias = "Get-RpcVirtualDirectory",
    .summary = "RPC over HTTP: says that the transport is off",
    .parameters = outlook_anywhere_get_parameters,
    .run = get_outlook_anywhere,
};

static const struct operation_parameter outlook_anywhere_set_parameters[] = {
    {.name = "Identity", .alias = "id", .kind = OPERATION_TEXT, .flags = OPERATION_POSITION_0 | OPERATION_PIPED, .explanation = "the virtual directory; there is one"},
    {.name = "InternalHostname", .kind = OPERATION_TEXT, .explanation = "cannot be set"},
    {.name = "ExternalHostname", .kind = OPERATION_TEXT, .explanation = "cannot be set"},
    {.name = "IISAuthenticationMethods", .kind = OPERATION_CHOICES, .choices = VIRTUAL_DIRECTORY_METHODS, .explanation = "cannot be set"},
    {.name = NULL},
};

const struct operation operation_set_outlook_anywhere = {
    .name = "Set-OutlookAnywhere",
    .alias = "Set-RpcVirtualDirectory",
    .flags = OPERATION_CHANGES,
    .summary = "RPC over HTTP: refuses, the transport is off",
    .parameters = outlook_anywhere_set_parameters,
    .run = set_outlook_anywhere,
};
