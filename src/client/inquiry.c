#include "client/error.h"
#include "client/transport.h"
#include <mapihttp/exchange.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct mapihttp_inquiry {
    struct transport_settings settings;
    struct transport *transport;
};

enum mapihttp_status mapihttp_inquiry_open(const struct mapihttp_options *options, struct mapihttp_inquiry **ret_inquiry,
                                           struct mapihttp_error *ret_error)
{
    struct mapihttp_inquiry *inquiry = calloc(1, sizeof *inquiry);
    bool good = inquiry && transport_settings_copy(options, &inquiry->settings) &&
                (inquiry->transport = transport_new(&inquiry->settings, NULL));
    if (!good) {
        mapihttp_inquiry_close(inquiry);
        return error_set(ret_error, MAPIHTTP_NO_MEMORY, 0, "no memory");
    }
    *ret_inquiry = inquiry;
    return MAPIHTTP_OK;
}

void mapihttp_inquiry_close(struct mapihttp_inquiry *inquiry)
{
    if (!inquiry)
        return;
    transport_free(inquiry->transport);
    transport_settings_clear(&inquiry->settings);
    free(inquiry);
}

/* What a server sends may go to a terminal or a log. */
static void copy_plain(char *text, size_t size, const uint8_t *data, size_t data_size)
{
    size_t length = data_size < size ? data_size : size - 1;
    for (size_t i = 0; i < length; i++)
        text[i] = data[i] == '\r' || data[i] == '\n' || data[i] == '\t' ? ' ' : data[i] >= ' ' && data[i] < 0x7F ? (char)data[i] : '?';
    text[length] = 0;
}

static void take_answer(const struct transport *transport, const struct transport_response *response, bool with_credentials,
                        struct mapihttp_answer *answer)
{
    *answer = (struct mapihttp_answer){.timing = response->timing, .remote_port = response->remote_port,
                                       .http_status = response->header_complete ? (uint32_t)response->http_status : 0};
    snprintf(answer->remote_address, sizeof answer->remote_address, "%s", response->remote_address);
    snprintf(answer->authentication, sizeof answer->authentication, "%s",
             with_credentials ? transport_figures(transport)->authentication : "Anonymous");
    snprintf(answer->offered, sizeof answer->offered, "%s", response->offered);
    copy_plain(answer->server_application, sizeof answer->server_application, (const uint8_t *)response->server_application,
               strlen(response->server_application));
    copy_plain(answer->location, sizeof answer->location, (const uint8_t *)response->location, strlen(response->location));
    copy_plain(answer->content, sizeof answer->content, response->content.data, response->content.size);
}

enum mapihttp_status mapihttp_inquiry_get(struct mapihttp_inquiry *inquiry, const char *url, bool with_credentials,
                                          struct mapihttp_answer *ret_answer, struct mapihttp_error *ret_error)
{
    static const char *const headers[] = {"User-Agent: mapihttp", "Accept: text/html, text/plain, */*", NULL};
    struct transport_request request = {.method = "GET", .url = url, .headers = headers, .without_credentials = !with_credentials};
    struct transport_response response = {0};
    enum transport_outcome outcome = client_transport_send(inquiry->transport, &request, &response);
    enum mapihttp_status status = MAPIHTTP_OK;
    take_answer(inquiry->transport, &response, with_credentials, ret_answer);
    if (outcome == TRANSPORT_CANCELLED)
        status = error_set(ret_error, MAPIHTTP_NETWORK, TRANSPORT_OUT_OF_TIME, "%.200s: no answer within the time limit", url);
    else if (outcome != TRANSPORT_ANSWERED)
        status = error_set(ret_error, response.failure_status, (uint32_t)response.failure_code, "%.200s: %.250s", url, response.failure);
    transport_response_clear(&response);
    return status;
}
