#include "cli/host_inspection.h"

#include <arpa/inet.h>
#include <curl/curl.h>
#include <netdb.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Host and port of a URL, each to be freed by curl_free(). */
static bool split_url(const char *url, char **ret_host, char **ret_port, bool *ret_encrypted)
{
    CURLU *parsed = curl_url();
    char *scheme = NULL;
    bool good = parsed && !curl_url_set(parsed, CURLUPART_URL, url, 0) && !curl_url_get(parsed, CURLUPART_HOST, ret_host, 0) &&
                !curl_url_get(parsed, CURLUPART_PORT, ret_port, CURLU_DEFAULT_PORT) && !curl_url_get(parsed, CURLUPART_SCHEME, &scheme, 0);
    *ret_encrypted = good && !strcasecmp(scheme, "https");
    curl_free(scheme);
    curl_url_cleanup(parsed);
    return good;
}

bool host_of_url(const char *url, char *ret_text, size_t size)
{
    char *host = NULL, *port = NULL;
    bool encrypted, good = split_url(url, &host, &port, &encrypted);
    if (good)
        snprintf(ret_text, size, "%s:%s", host, port);
    curl_free(host);
    curl_free(port);
    return good;
}

static void find_addresses(const char *host, char *text, size_t size)
{
    struct addrinfo *list = NULL, hints = {.ai_socktype = SOCK_STREAM};
    char plain[256], address[INET6_ADDRSTRLEN];
    snprintf(plain, sizeof plain, "%s", *host == '[' ? host + 1 : host);
    plain[strcspn(plain, "]")] = 0;
    if (getaddrinfo(plain, NULL, &hints, &list))
        return;
    for (struct addrinfo *at = list; at; at = at->ai_next) {
        const void *data = at->ai_family == AF_INET6 ? (const void *)&((struct sockaddr_in6 *)(void *)at->ai_addr)->sin6_addr
                                                     : (const void *)&((struct sockaddr_in *)(void *)at->ai_addr)->sin_addr;
        size_t length = strlen(text);
        if (inet_ntop(at->ai_family, data, address, sizeof address))
            snprintf(text + length, size - length, "%s%s", length ? ", " : "", address);
    }
    freeaddrinfo(list);
}

/* What --resolve says about a name: NULL for nothing, "" where it does not exist. */
static const char *given_target(const struct mapihttp_options *options, const char *host)
{
    size_t size = strlen(host);
    bool closed = false;
    for (const char *const *at = options->resolve; at && *at; at++) {
        if (!strncasecmp(*at, host, size) && (*at)[size] == '=')
            return *at + size + 1;
        closed = closed || !strcmp(*at, "*=");
    }
    return closed ? "" : options->connect_to;
}

static void copy_field(struct curl_certinfo *information, const char *name, char *text, size_t size)
{
    size_t length = strlen(name);
    for (struct curl_slist *at = information && information->num_of_certs ? information->certinfo[0] : NULL; at; at = at->next)
        if (!strncasecmp(at->data, name, length) && at->data[length] == ':') {
            snprintf(text, size, "%s", at->data + length + 1);
            return;
        }
}

/* A handshake and no more. */
static CURLcode shake_hands(const struct mapihttp_options *options, const char *url, const char *target, bool verify,
                            struct host_inspection *inspection)
{
    CURL *curl = curl_easy_init();
    char text[CURL_ERROR_SIZE] = "", to[400];
    if (!curl)
        return CURLE_OUT_OF_MEMORY;
    snprintf(to, sizeof to, "::%s", target ? target : "");
    struct curl_slist *connect_to = target ? curl_slist_append(NULL, to) : NULL;
    curl_easy_setopt(curl, CURLOPT_URL, url);
    curl_easy_setopt(curl, CURLOPT_PROTOCOLS_STR, "https");
    curl_easy_setopt(curl, CURLOPT_CONNECT_ONLY, 1L);
    curl_easy_setopt(curl, CURLOPT_CERTINFO, 1L);
    curl_easy_setopt(curl, CURLOPT_NOSIGNAL, 1L);
    curl_easy_setopt(curl, CURLOPT_CONNECTTIMEOUT_MS, (long)options->connect_timeout_ms);
    curl_easy_setopt(curl, CURLOPT_CONNECT_TO, connect_to);
    curl_easy_setopt(curl, CURLOPT_ERRORBUFFER, text);
    if (target)
        curl_easy_setopt(curl, CURLOPT_PROXY, "");
    if (options->ca_file)
        curl_easy_setopt(curl, CURLOPT_CAINFO, options->ca_file);
    curl_easy_setopt(curl, CURLOPT_SSL_VERIFYPEER, verify ? 1L : 0L);
    curl_easy_setopt(curl, CURLOPT_SSL_VERIFYHOST, verify ? 2L : 0L);
    CURLcode code = curl_easy_perform(curl);
    struct curl_certinfo *information = NULL;
    curl_easy_getinfo(curl, CURLINFO_CERTINFO, &information);
    if (!code) {
        copy_field(information, "Subject", inspection->names, sizeof inspection->names);
        copy_field(information, "X509v3 Subject Alternative Name", inspection->names, sizeof inspection->names);
        copy_field(information, "Issuer", inspection->issuer, sizeof inspection->issuer);
        copy_field(information, "Expire date", inspection->expires, sizeof inspection->expires);
    } else if (verify) {
        snprintf(inspection->failure, sizeof inspection->failure, "%s", *text ? text : curl_easy_strerror(code));
    }
    curl_slist_free_all(connect_to);
    curl_easy_cleanup(curl);
    return code;
}

void host_inspect(const struct mapihttp_options *options, const char *url, struct host_inspection *ret_inspection)
{
    struct host_inspection inspection = {0};
    char *host = NULL, *port = NULL;
    if (split_url(url, &host, &port, &inspection.encrypted)) {
        const char *target = given_target(options, host);
        if (target)
            snprintf(inspection.given, sizeof inspection.given, "%s", *target ? target : "no such name");
        else
            find_addresses(host, inspection.addresses, sizeof inspection.addresses);
        if (inspection.encrypted && (target ? *target : *inspection.addresses)) {
            inspection.verified = !shake_hands(options, url, target, true, &inspection);
            /* A certificate that is not good is shown all the same: its names say what is wrong. */
            inspection.connected = inspection.verified || !shake_hands(options, url, target, false, &inspection);
        }
    }
    curl_free(host);
    curl_free(port);
    *ret_inspection = inspection;
}
