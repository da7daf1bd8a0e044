/* Readiness of the server: that it runs and is healthy, the addresses that clients are told, the ways to log on, the certificate. */
#include <arpa/inet.h>
#include <stdio.h>
#include <string.h>

#include "base/text.h"
#include "http/certificate_check.h"
#include "operation/operation_live.h"
#include "operation/readiness.h"
#include "operation/subject.h"
#include "record/virtual_directory.h"

#define SET_METHODS "-IISAuthenticationMethods Negotiate,OAuth"

/* --- the process --- */

static bool is_on(const struct readiness *readiness, const char *name)
{
    return json_is_true(json_object_get(readiness->configuration, name));
}

static void look_at_listeners(struct readiness *readiness)
{
    size_t index;
    json_t *listener;
    json_array_foreach(json_object_get(readiness->configuration, "http.listen"), index, listener) {
        const char *text = json_string_value(listener), *mode = text ? strrchr(text, ' ') : NULL;
        if (mode && strcmp(mode, " tls") == 0) {
            readiness_tell(readiness, "Tls", READINESS_PASSED, text, 0, NULL, "", "the server listens with TLS");
            return;
        }
    }
    readiness_tell(readiness, "Tls", READINESS_WARNING, "", 0, NULL, "[http] listen = [::]:443 tls, unless a proxy in front ends TLS",
                   "the server listens without TLS only: clients speak MAPI over HTTP over TLS");
}

static void look_at_health(struct readiness *readiness)
{
    const struct operation_host *host = readiness->call->host;
    json_t *health = host->live->health ? host->live->health(host->live_state) : NULL, *state;
    const char *part;
    bool healthy = true;
    json_object_foreach(health, part, state) {
        const char *text = json_string_value(state);
        if (text && (strcmp(text, "ok") == 0 || strncmp(text, "ok: ", 4) == 0))
            continue;
        healthy = false;
        readiness_tell(readiness, "Health", READINESS_ERROR, part, 0, NULL, "see the server's log", "%s", text ? text : "it does not work");
    }
    if (health && healthy)
        readiness_tell(readiness, "Health", READINESS_PASSED, "", 0, NULL, "", "every part of the server is healthy");
    json_decref(health);
}

void readiness_server(struct readiness *readiness)
{
    static const struct {
        const char *setting, *what;
    } endpoints[] = {{"mapi.emsmdb", "mailbox"}, {"mapi.nspi", "address book"}};
    if (!readiness->configuration) {
        readiness_tell(readiness, "ServerRunning", READINESS_ERROR, "", 0, NULL, "systemctl start mapihttpd, then ask again",
                       "the server does not run: its configuration, certificate and health could not be looked at");
        return;
    }
    readiness_tell(readiness, "ServerRunning", READINESS_PASSED, "", 0, NULL, "", "the server runs");
    for (unsigned i = 0; i < 2; i++) {
        if (is_on(readiness, endpoints[i].setting))
            readiness_tell(readiness, "Endpoint", READINESS_PASSED, endpoints[i].setting, 0, NULL, "", "the %s endpoint is on", endpoints[i].what);
        else
            readiness_tell(readiness, "Endpoint", READINESS_ERROR, endpoints[i].setting, 0, NULL, "say yes there in the configuration file, and reload",
                           "the %s endpoint is off: every request is answered with 16, Endpoint Disabled", endpoints[i].what);
    }
    if (is_on(readiness, "mapi.fault_injection"))
        readiness_tell(readiness, "FaultInjection", READINESS_ERROR, "mapi.fault_injection", 0, NULL, "say no there in the configuration file, and reload",
                       "clients may ask for failures: that is for tests only");
    look_at_listeners(readiness);
    look_at_health(readiness);
}

/* --- addresses --- */

struct address {
    enum virtual_directory_url state; /* UNSET: clients are told the name they asked by */
    char base[VIRTUAL_DIRECTORY_BASE_SIZE];
};

/* As the server finds them: set for the virtual directory, else in the configuration file. */
static void find_address(const struct readiness *readiness, const struct virtual_directory_side *side, const char *setting, struct address *ret_address)
{
    const char *configured = readiness_setting(readiness, setting);
    if (!*configured)
        configured = readiness_setting(readiness, "organisation.public_url");
    *ret_address = (struct address){.state = side->state};
    if (side->state == VIRTUAL_DIRECTORY_URL_SET) {
        snprintf(ret_address->base, sizeof ret_address->base, "%s", side->base);
    } else if (side->state == VIRTUAL_DIRECTORY_URL_UNSET && *configured) {
        ret_address->state = VIRTUAL_DIRECTORY_URL_SET;
        snprintf(ret_address->base, sizeof ret_address->base, "%s", configured);
    }
}

static bool read_directory(const struct readiness *readiness, enum virtual_directory which, struct address ret_sides[2],
                           struct virtual_directory_settings *ret_settings)
{
    struct virtual_directory_settings read;
    if (!subject_settings_done(readiness->call, virtual_directory_read(readiness->call->host->settings, which, &read)))
        return false;
    find_address(readiness, &read.internal, "organisation.internal_url", &ret_sides[0]);
    find_address(readiness, &read.external, "organisation.external_url", &ret_sides[1]);
    if (ret_settings)
        *ret_settings = read;
    return true;
}

/* A name that other machines can have the right certificate for, and can find. */
static bool is_public_name(const char *host)
{
    uint8_t address[16];
    return strchr(host, '.') && !text_equal_ignoring_case(host, "localhost.localdomain") && inet_pton(AF_INET, host, address) != 1 &&
           inet_pton(AF_INET6, host, address) != 1;
}

static void look_at_address(struct readiness *readiness, const char *name, const struct address *address, bool external)
{
    char action[200], host[VIRTUAL_DIRECTORY_HOST_SIZE] = "";
    snprintf(action, sizeof action, "mapihttp Set-MapiVirtualDirectory -%s https://mail.%s/mapi " SET_METHODS, name, readiness->organization.domain);
    if (address->state == VIRTUAL_DIRECTORY_URL_NONE) {
        readiness_tell(readiness, name, external ? READINESS_INFORMATION : READINESS_WARNING, "mapi", 0, NULL, action,
                       "clients %s the organization's network are told no address", external ? "outside of" : "inside");
    } else if (address->state == VIRTUAL_DIRECTORY_URL_UNSET && readiness->configuration) {
        readiness_tell(readiness, name, READINESS_WARNING, "mapi", 0, NULL, action,
                       "no %s is set: clients are told the name by which they asked Autodiscover, which the mapi directory has to answer to as well", name);
    } else if (address->state == VIRTUAL_DIRECTORY_URL_SET) {
        (void)virtual_directory_host_of(address->base, host);
        if (!text_has_prefix_ignoring_case(address->base, "https://"))
            readiness_tell(readiness, name, READINESS_ERROR, address->base, 0, NULL, action, "%s is not https: Outlook does not use it", name);
        else if (!is_public_name(host))
            readiness_tell(readiness, name, READINESS_WARNING, address->base, 0, NULL, action,
                           "%s has no full host name: other machines may not find it, nor trust its certificate", name);
        else
            readiness_tell(readiness, name, READINESS_PASSED, address->base, 0, NULL, "", "%s is %s", name, address->base);
    }
}

void readiness_addresses(struct readiness *readiness)
{
    struct address sides[2];
    if (!read_directory(readiness, VIRTUAL_DIRECTORY_MAPI, sides, NULL))
        return;
    look_at_address(readiness, "InternalUrl", &sides[0], false);
    look_at_address(readiness, "ExternalUrl", &sides[1], true);
}

/* --- ways to log on --- */

static uint32_t configured_methods(const struct readiness *readiness, const char *setting)
{
    return virtual_directory_methods_of_words(readiness_setting(readiness, setting));
}

struct methodless {
    uint32_t methods, count;
    json_t *names;
};

static bool look_at_methods(struct operation_call *call, const struct directory_user *user, void *argument)
{
    struct methodless *methodless = argument;
    if (user->kind != DIRECTORY_USER || !user->enabled || user->switches.methods & methodless->methods)
        return false;
    methodless->count++;
    readiness_name(methodless->names, user->address);
    return true;
}

static void look_at_users(struct readiness *readiness, uint32_t methods)
{
    struct methodless methodless = {.methods = methods, .names = json_array()};
    subject_mailboxes(readiness->call, &(struct subject_selection){.count_max = INT64_MAX, .count_given = true, .kinds = 1u << DIRECTORY_USER,
                                                                   .each = look_at_methods, .argument = &methodless});
    if (methodless.count)
        readiness_tell(readiness, "UsersWithoutLogOn", READINESS_ERROR, "", methodless.count, methodless.names,
                       "mapihttp Set-CasMailbox NAME -AuthenticationMethods ..., or offer another method",
                       "%u users may not log on by any of the methods that the mapi directory offers", methodless.count);
    json_decref(methodless.names);
}

void readiness_log_on(struct readiness *readiness)
{
    struct virtual_directory_settings settings;
    struct address sides[2];
    if (!readiness->configuration || !read_directory(readiness, VIRTUAL_DIRECTORY_MAPI, sides, &settings))
        return;
    uint32_t methods = configured_methods(readiness, "authentication.methods") &
                       (settings.has_methods ? settings.methods : configured_methods(readiness, "authentication.mapi_methods"));
    json_t *names = virtual_directory_method_list(methods);
    if (methods == 0)
        readiness_tell(readiness, "AuthenticationMethods", READINESS_ERROR, "mapi", 0, NULL,
                       "[authentication] methods in the configuration file, and mapihttp Set-MapiVirtualDirectory " SET_METHODS,
                       "no way to log on is both offered by the server and allowed for the mapi directory");
    else if (methods == DIRECTORY_METHOD_BASIC)
        readiness_tell(readiness, "AuthenticationMethods", READINESS_INFORMATION, "mapi", 1, names, "offer Negotiate (Kerberos) or OAuth as well",
                       "Basic is the only way to log on: users type their password into Outlook, and it travels with every request");
    else
        readiness_tell(readiness, "AuthenticationMethods", READINESS_PASSED, "mapi", (uint32_t)json_array_size(names), names, "",
                       "there is a way to log on besides Basic");
    json_decref(names);
    if (is_on(readiness, "authentication.basic_over_plain"))
        readiness_tell(readiness, "BasicWithoutTls", READINESS_WARNING, "authentication.basic_over_plain", 0, NULL,
                       "say no there in the configuration file, unless a proxy on this machine ends TLS",
                       "Basic is offered without TLS: passwords can be read on the way");
    look_at_users(readiness, methods);
}

/* --- the certificate --- */

static const char *text_of(const json_t *object, const char *name)
{
    const char *text = json_string_value(json_object_get(object, name));
    return text ? text : "";
}

static enum readiness_severity severity_of(const json_t *finding)
{
    const char *severity = text_of(finding, "Severity");
    if (strcmp(severity, certificate_severity_names[CERTIFICATE_NOTICE]) == 0)
        return READINESS_INFORMATION;
    return strcmp(severity, certificate_severity_names[CERTIFICATE_WARNING]) == 0 ? READINESS_WARNING : READINESS_ERROR;
}

static void tell_certificate(struct readiness *readiness, const json_t *report)
{
    const json_t *findings = json_object_get(report, "Findings");
    const char *subject = text_of(report, "Subject");
    size_t index;
    json_t *finding;
    json_array_foreach((json_t *)findings, index, finding) {
        char name[64];
        snprintf(name, sizeof name, "Certificate%s", text_of(finding, "Problem"));
        readiness_tell(readiness, name, severity_of(finding), *text_of(finding, "Name") ? text_of(finding, "Name") : subject, 0, NULL,
                       text_of(finding, "Advice"), "%s", text_of(finding, "Text"));
    }
    if (json_is_false(json_object_get(report, "InUse")))
        readiness_tell(readiness, "CertificateNotLoaded", READINESS_WARNING, subject, 0, NULL, "systemctl reload mapihttpd",
                       "the certificate in the file is not the one that clients are shown");
    else if (json_array_size(findings) == 0)
        readiness_tell(readiness, "Certificate", READINESS_PASSED, subject, 0, NULL, "",
                       "the certificate covers the names clients come by, is trusted here, and is good for %lld days",
                       (long long)json_integer_value(json_object_get(report, "DaysLeft")));
}

void readiness_certificate(struct readiness *readiness)
{
    const struct operation_host *host = readiness->call->host;
    json_t *report = host->live && host->live->certificate ? host->live->certificate(host->live_state) : NULL;
    if (report && strcmp(text_of(report, "Status"), "NotUsed") != 0) /* else TLS ends elsewhere */
        tell_certificate(readiness, report);
    json_decref(report);
}
