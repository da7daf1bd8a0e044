#include "server/autodiscover_answer.h"

#include <stdio.h>
#include <string.h>
#include <sys/time.h>
#include <time.h>

#include "http/mapi_answer.h"
#include "server/autodiscover_request.h"
#include "server/html.h"

#define OUTER_SCHEMA "http://schemas.microsoft.com/exchange/autodiscover/responseschema/2006"
#define XML_DECLARATION "<?xml version=\"1.0\" encoding=\"utf-8\"?>\n"
#define SERVER_GROUP "Exchange Administrative Group (FYDIBOHF23SPDLT)"

/* Control characters have no place in XML 1.0, not even as references. */
static void append_text(struct buffer *answer, const char *text)
{
    for (const char *at = text; *at; at++) {
        char one[2] = {*at, '\0'};
        if ((unsigned char)*at < 0x20 && *at != '\t' && *at != '\n' && *at != '\r')
            buffer_append_string(answer, "\xEF\xBF\xBD");
        else
            html_text(answer, one);
    }
}

static void append_element(struct buffer *answer, const char *name, const char *value)
{
    buffer_append_format(answer, "<%s>", name);
    append_text(answer, value);
    buffer_append_format(answer, "</%s>\n", name);
}

static void append_url(struct buffer *answer, const char *name, const char *base, const char *path)
{
    if (!path || !base)
        return;
    buffer_append_format(answer, "<%s>", name);
    append_text(answer, base);
    append_text(answer, path);
    buffer_append_format(answer, "</%s>\n", name);
}

struct bytes autodiscover_host_of(const char *base)
{
    const char *host = strstr(base, "://");
    host = host ? host + 3 : base;
    size_t size = *host == '[' ? strcspn(host, "]") + 1 : strcspn(host, ":/");
    return bytes_of(host, size <= strlen(host) ? size : strlen(host));
}

static void append_host(struct buffer *answer, const char *name, const char *prefix, const char *base)
{
    struct bytes host = autodiscover_host_of(base);
    char text[256];
    snprintf(text, sizeof text, "%s%.*s", prefix, (int)(host.size < 240 ? host.size : 240), (const char *)host.data);
    append_element(answer, name, text);
}

static bool is_tls(const char *base)
{
    return strncmp(base, "https:", 6) == 0;
}

/* --- ServerVersion: structure 4 bits (7), major 6, minor 6, a flag, build 15 --- */

uint32_t autodiscover_server_version(const char *server_application)
{
    const char *slash = strchr(server_application, '/');
    struct client_version version;
    if (!slash || !client_version_parse(slash + 1, &version, NULL) || version.count < 3)
        return 0;
    return 7u << 28 | (version.parts[0] & 0x3F) << 22 | (version.parts[1] & 0x3F) << 16 | 1u << 15 |
           (version.parts[2] & 0x7FFF);
}

/* --- blocks --- */

static void append_store(struct buffer *answer, const char *name, const char *internal_url, const char *external_url)
{
    buffer_append_format(answer, "<%s>\n", name);
    if (internal_url)
        append_element(answer, "InternalUrl", internal_url);
    if (external_url)
        append_element(answer, "ExternalUrl", external_url);
    buffer_append_format(answer, "</%s>\n", name);
}

static void append_mapi_http(struct buffer *answer, const struct autodiscover_settings *settings)
{
    bool external = settings->decision.external;
    buffer_append_format(answer, "<Protocol Type=\"mapiHttp\" Version=\"%u\">\n", settings->mapi_version);
    const struct autodiscover_side none = {0}, *inside = settings->internal.base ? &settings->internal : &none,
        *outside = external && settings->external.base ? &settings->external : &none;
    append_store(answer, "MailStore", inside->mailbox_url, outside->mailbox_url);
    append_store(answer, "AddressBook", inside->address_book_url, outside->address_book_url);
    buffer_append_string(answer, "</Protocol>\n");
}

/* In the order in which Exchange lists them. */
static void append_service_urls(struct buffer *answer, const struct autodiscover_side *side, const struct autodiscover_paths *paths)
{
    const char *base = side->base;
    append_url(answer, "ASUrl", base, paths->web_services);
    append_url(answer, "EwsUrl", base, paths->web_services);
    append_url(answer, "EmwsUrl", base, paths->web_services);
    append_url(answer, "EcpUrl", base, paths->control_panel);
    append_url(answer, "OOFUrl", base, paths->web_services);
    append_url(answer, "OABUrl", side->files_base, paths->address_book_files);
}

static void append_auth_package(struct buffer *answer, const struct autodiscover_settings *settings)
{
    if (*settings->auth_package)
        append_element(answer, "AuthPackage", settings->auth_package);
}

static void append_exch(struct buffer *answer, const struct autodiscover_settings *settings)
{
    const struct directory_user *user = settings->user;
    const char *at = strchr(user->address, '@');
    char guid[GUID_TEXT_SIZE], server[320], server_dn[1024], mdb_dn[1100], version[16];
    guid_format(user->mailbox_guid, guid);
    snprintf(server, sizeof server, "%s%s", guid, at ? at : "");
    snprintf(server_dn, sizeof server_dn, "/o=%s/ou=" SERVER_GROUP "/cn=Configuration/cn=Servers/cn=%s",
             settings->organization, server);
    snprintf(mdb_dn, sizeof mdb_dn, "%s/cn=Microsoft Private MDB", server_dn);
    snprintf(version, sizeof version, "%08X", (unsigned)autodiscover_server_version(MAPI_SERVER_APPLICATION));
    buffer_append_string(answer, "<Protocol>\n<Type>EXCH</Type>\n");
    append_element(answer, "Server", server);
    append_element(answer, "ServerDN", server_dn);
    append_element(answer, "ServerVersion", version);
    append_element(answer, "MdbDN", mdb_dn);
    append_host(answer, "PublicFolderServer", "", settings->internal.base);
    append_auth_package(answer, settings);
    append_service_urls(answer, &settings->internal, &settings->paths);
    buffer_append_string(answer, "</Protocol>\n");
}

/* EXPR (Outlook Anywhere from outside) and EXHTTP (a side's services, and RPC over HTTP where there is no mapiHttp). */
static void append_http(struct buffer *answer, const struct autodiscover_settings *settings, const char *type,
                        const struct autodiscover_side *side)
{
    const char *base = side->base ? side->base : side->files_base;
    if (!base)
        return;
    bool expr = strcmp(type, "EXPR") == 0;
    buffer_append_string(answer, "<Protocol>\n");
    append_element(answer, "Type", type);
    append_host(answer, "Server", "", base);
    append_element(answer, "SSL", is_tls(base) ? "On" : "Off");
    append_auth_package(answer, settings);
    if (expr && is_tls(base))
        append_host(answer, "CertPrincipalName", "msstd:", base);
    append_service_urls(answer, side, &settings->paths);
    append_element(answer, "ServerExclusiveConnect", "On");
    buffer_append_string(answer, "</Protocol>\n");
}

static void append_web_side(struct buffer *answer, const struct autodiscover_settings *settings, const char *name,
                            const char *type, const char *base)
{
    buffer_append_format(answer, "<%s>\n", name);
    if (settings->paths.web_mail) {
        buffer_append_string(answer, "<OWAUrl AuthenticationMethod=\"Basic\">");
        append_text(answer, base);
        append_text(answer, settings->paths.web_mail);
        buffer_append_string(answer, "</OWAUrl>\n");
    }
    if (settings->paths.web_services) {
        buffer_append_format(answer, "<Protocol>\n<Type>%s</Type>\n", type);
        append_url(answer, "ASUrl", base, settings->paths.web_services);
        buffer_append_string(answer, "</Protocol>\n");
    }
    buffer_append_format(answer, "</%s>\n", name);
}

static void append_web(struct buffer *answer, const struct autodiscover_settings *settings)
{
    buffer_append_string(answer, "<Protocol>\n<Type>WEB</Type>\n");
    if (settings->internal.base)
        append_web_side(answer, settings, "Internal", "EXCH", settings->internal.base);
    if (settings->decision.external && settings->external.base)
        append_web_side(answer, settings, "External", "EXPR", settings->external.base);
    buffer_append_string(answer, "</Protocol>\n");
}

static void append_mailboxes(struct buffer *answer, const struct autodiscover_settings *settings)
{
    for (uint32_t i = 0; i < settings->mailbox_count; i++) {
        const struct autodiscover_mailbox *mailbox = &settings->mailboxes[i];
        buffer_append_string(answer, "<AlternativeMailbox>\n");
        append_element(answer, "Type", mailbox->type);
        append_element(answer, "DisplayName", mailbox->display_name);
        if (mailbox->legacy_dn)
            append_element(answer, "LegacyDN", mailbox->legacy_dn);
        if (mailbox->server)
            append_element(answer, "Server", mailbox->server);
        if (mailbox->address) {
            append_element(answer, "SmtpAddress", mailbox->address);
            append_element(answer, "OwnerSmtpAddress", mailbox->address);
        }
        buffer_append_string(answer, "</AlternativeMailbox>\n");
    }
}

/* --- whole answers --- */

static void append_user(struct buffer *answer, const struct autodiscover_settings *settings)
{
    char deployment_id[GUID_TEXT_SIZE];
    guid_format(settings->deployment_id, deployment_id);
    buffer_append_string(answer, "<User>\n");
    append_element(answer, "DisplayName", settings->user->display_name);
    append_element(answer, "LegacyDN", settings->user->legacy_dn);
    append_element(answer, "AutoDiscoverSMTPAddress", settings->user->address);
    append_element(answer, "DeploymentId", deployment_id);
    buffer_append_string(answer, "</User>\n");
}

bool autodiscover_append_settings(struct buffer *answer, const struct autodiscover_settings *settings)
{
    const struct autodiscover_decision *decision = &settings->decision;
    buffer_append_string(answer, XML_DECLARATION "<Autodiscover xmlns=\"" OUTER_SCHEMA "\">\n"
                                 "<Response xmlns=\"" AUTODISCOVER_RESPONSE_SCHEMA "\">\n");
    append_user(answer, settings);
    buffer_append_string(answer, "<Account>\n<AccountType>email</AccountType>\n<Action>settings</Action>\n"
                                 "<MicrosoftOnline>False</MicrosoftOnline>\n<ConsumerMailbox>False</ConsumerMailbox>\n");
    if (decision->mapi_http)
        append_mapi_http(answer, settings);
    if (decision->exch && settings->internal.base)
        append_exch(answer, settings);
    if (decision->expr && settings->external.base)
        append_http(answer, settings, "EXPR", &settings->external);
    if (decision->web)
        append_web(answer, settings);
    if (decision->exhttp_internal)
        append_http(answer, settings, "EXHTTP", &settings->internal);
    if (decision->exhttp_external)
        append_http(answer, settings, "EXHTTP", &settings->external);
    append_mailboxes(answer, settings);
    if (*settings->public_folder_address) {
        buffer_append_string(answer, "<PublicFolderInformation>\n");
        append_element(answer, "SmtpAddress", settings->public_folder_address);
        buffer_append_string(answer, "</PublicFolderInformation>\n");
    }
    return buffer_append_string(answer, "</Account>\n</Response>\n</Autodiscover>\n");
}

bool autodiscover_append_redirect(struct buffer *answer, const char *address, const char *url)
{
    buffer_append_string(answer, XML_DECLARATION "<Autodiscover xmlns=\"" OUTER_SCHEMA "\">\n"
                                 "<Response xmlns=\"" AUTODISCOVER_RESPONSE_SCHEMA "\">\n<Account>\n");
    append_element(answer, "AccountType", "email");
    append_element(answer, "Action", address ? "redirectAddr" : "redirectUrl");
    append_element(answer, address ? "RedirectAddr" : "RedirectUrl", address ? address : url);
    return buffer_append_string(answer, "</Account>\n</Response>\n</Autodiscover>\n");
}

static const char *error_message(unsigned error)
{
    switch (error) {
    case 500: return "The email address can't be found.";
    case 501: return "There are no settings for this address.";
    case 600: return "Invalid Request";
    case 601: return "Provider is not available";
    case 602: return "The settings of this address are wrong: ask the administrator.";
    default: return "The server can't answer now.";
    }
}

bool autodiscover_append_error(struct buffer *answer, unsigned error, const char *message, const char *host_name)
{
    struct timeval now;
    struct tm parts;
    uint32_t hash = 2166136261u;
    for (const char *at = host_name; *at; at++)
        hash = (hash ^ (uint8_t)*at) * 16777619u;
    gettimeofday(&now, NULL);
    gmtime_r(&now.tv_sec, &parts);
    buffer_append_string(answer, XML_DECLARATION "<Autodiscover xmlns=\"" OUTER_SCHEMA "\">\n<Response>\n");
    buffer_append_format(answer, "<Error Time=\"%02d:%02d:%02d.%06ld0\" Id=\"%u\">\n<ErrorCode>%u</ErrorCode>\n", parts.tm_hour,
                         parts.tm_min, parts.tm_sec, (long)now.tv_usec, hash, error);
    append_element(answer, "Message", message ? message : error_message(error));
    return buffer_append_string(answer, "<DebugData/>\n</Error>\n</Response>\n</Autodiscover>\n");
}
