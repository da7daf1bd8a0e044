#include "client/transport.h"
#include "client/error.h"
#include "base/filetime.h"
#include <curl/curl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static bool copy(char **target, const char *text)
{
    if (!text)
        return true;
    *target = strdup(text);
    return *target != NULL;
}

static bool copy_list(char ***target, const char *const *list)
{
    size_t count = 0;
    while (list && list[count])
        count++;
    if (!count)
        return true;
    char **copies = calloc(count + 1, sizeof *copies);
    bool good = copies != NULL;
    for (size_t i = 0; good && i < count; i++)
        good = (copies[i] = strdup(list[i])) != NULL;
    *target = copies;
    return good;
}

static void free_list(char **list)
{
    for (char **at = list; at && *at; at++)
        free(*at);
    free(list);
}

const char *transport_resolve(const struct transport_settings *settings, const char *name)
{
    size_t size = strlen(name);
    bool closed = false;
    for (char **at = settings->resolve; at && *at; at++) {
        if (!strncasecmp(*at, name, size) && (*at)[size] == '=')
            return *at + size + 1;
        closed = closed || !strcmp(*at, "*=");
    }
    return closed ? "" : NULL;
}

bool transport_settings_copy(const struct mapihttp_options *options, struct transport_settings *ret_settings)
{
    struct transport_settings settings = {
        .authentication = options->authentication,
        .insecure = options->insecure,
        .connect_timeout_ms = options->connect_timeout_ms,
        .response_timeout_ms = options->response_timeout_ms,
        .deadline_ms = options->time_limit_ms ? monotonic_ms() + options->time_limit_ms : 0,
        .trace = options->trace,
        .trace_data = options->trace_data,
        .exchange = options->exchange,
        .exchange_data = options->exchange_data,
    };
    bool good = copy(&settings.user, options->user && *options->user ? options->user : options->address) &&
                copy(&settings.password, options->password) && copy(&settings.bearer_token, options->bearer_token) &&
                copy(&settings.ca_file, options->ca_file) && copy(&settings.connect_to, options->connect_to) &&
                copy_list(&settings.resolve, options->resolve) &&
                copy(&settings.client_application, options->client_application);
    if (!good) {
        transport_settings_clear(&settings);
        return false;
    }
    *ret_settings = settings;
    return true;
}

static void forget(char *secret)
{
    if (secret)
        explicit_bzero(secret, strlen(secret));
    free(secret);
}

void transport_settings_clear(struct transport_settings *settings)
{
    free(settings->user);
    forget(settings->password);
    forget(settings->bearer_token);
    free(settings->ca_file);
    free(settings->connect_to);
    free_list(settings->resolve);
    free(settings->client_application);
    *settings = (struct transport_settings){0};
}

bool transport_disabled_by_environment(void)
{
    const char *value = getenv("MapiHttpDisabled"); /* Outlook's registry value, under its own name */
    return value && *value && strspn(value, "0") != strlen(value);
}

enum mapihttp_status transport_disabled(struct mapihttp_error *ret_error)
{
    return error_set(ret_error, MAPIHTTP_DISABLED, 0, "MAPI over HTTP is switched off in this client (MapiHttpDisabled), and RPC over HTTP, "
                     "which would be left, is not spoken by it: set MapiHttpDisabled to 0, or remove it");
}

bool transport_out_of_time(const struct transport_settings *settings)
{
    return settings->deadline_ms && monotonic_ms() >= settings->deadline_ms;
}

void transport_trace(const struct transport_settings *settings, const char *format, ...)
{
    if (!settings->trace)
        return;
    char line[1024];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(line, sizeof line, format, arguments);
    va_end(arguments);
    settings->trace(settings->trace_data, line);
}

void transport_url_host(const char *url, char ret_host[256])
{
    CURLU *parsed = curl_url();
    char *host = NULL;
    ret_host[0] = 0;
    if (parsed && !curl_url_set(parsed, CURLUPART_URL, url, 0) && !curl_url_get(parsed, CURLUPART_HOST, &host, 0))
        snprintf(ret_host, 256, "%s", host);
    curl_free(host);
    curl_url_cleanup(parsed);
}

bool transport_host_is_local(const char *host)
{
    return !strcmp(host, "localhost") || !strcmp(host, "::1") || !strcmp(host, "[::1]") || !strncmp(host, "127.", 4);
}
