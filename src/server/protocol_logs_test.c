/* The rows of the CSV logs: as many cells as fields, the right one under each name, nothing that a client sent breaks a row. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "base/filetime.h"
#include "server/protocol_logs.h"

/* The cell under a field's name, without its quotes; fails unless row and header have the same number of cells. */
static const char *cell(const struct csv_row *row, enum protocol_log_index log, const char *field)
{
    static char value[1024];
    const char *name = protocol_log_definitions[log].fields, *at = row->data, *end = row->data + row->size;
    bool found = false;
    for (;;) {
        size_t name_size = strcspn(name, ","), size = 0;
        char text[1024];
        bool quoted = at < end && *at == '"';
        if (quoted)
            at++;
        while (at < end && (quoted ? !(*at == '"' && at[1] != '"') : *at != ',' && *at != '\n')) {
            if (quoted && *at == '"')
                at++;
            text[size++] = *at++;
        }
        text[size] = '\0';
        at += quoted;
        if (strlen(field) == name_size && strncmp(name, field, name_size) == 0) {
            strcpy(value, text);
            found = true;
        }
        name += name_size;
        if (!*name) {
            if (at != end - 1 || *at != '\n')
                fail_msg("more cells than fields: %.*s", (int)row->size, row->data);
            break;
        }
        if (at >= end || *at != ',')
            fail_msg("fewer cells than fields, at %s: %.*s", name, (int)row->size, row->data);
        name++;
        at++;
    }
    if (!found)
        fail_msg("there is no field %s", field);
    return value;
}

static const struct directory_user ada = {.account = "ada", .display_name = "Ada", .address = "ada@example.org", .principal = "ada@corp.example",
                                          .legacy_dn = "/o=Example/ou=x/cn=Recipients/cn=ada"};

static struct observation request(void)
{
    return (struct observation){
        .endpoint = OBSERVATION_MAILBOX, .time = filetime_of_unix(1763801304) + 1230000, .duration_us = 12345, .processing_us = 2345,
        .http_status = 200, .response_code = 0, .error_code = 0x80040102, .error_text = "no, not \"now\"", .method = "POST",
        .request_type = "Execute", .request_id = "{id}:7", .client_info = "{info}:1", .client_application = "Outlook/16.0.1",
        .user_agent = "=agent,1", .peer = "2001:db8::7", .path = "/mapi/emsmdb/", .tls = true, .log_on = OBSERVATION_LOG_ON_ACCEPTED,
        .authentication = "Kerberos", .user = &ada, .account = "", .remark = "resent", .request_size = 100, .response_size = 200,
        .rop_count = 3, .rops = {0xFE, 0x02, 0x01}, .rop_error = 0x8004010F, .rop_failed = 0x02};
}

static void http_rows(void **state)
{
    struct observation observation = request();
    struct csv_row row;
    protocol_log_http_row(&row, &observation, "mail.example.org");
    enum protocol_log_index log = PROTOCOL_LOG_HTTP_MAPI;
    assert_string_equal(cell(&row, log, "DateTime"), "2025-11-22T08:48:24.123Z");
    assert_string_equal(cell(&row, log, "RequestId"), "{id}:7");
    assert_string_equal(cell(&row, log, "Protocol"), "Mapi");
    assert_string_equal(cell(&row, log, "ProtocolAction"), "Execute");
    assert_string_equal(cell(&row, log, "AuthenticationType"), "Kerberos");
    assert_string_equal(cell(&row, log, "IsAuthenticated"), "True");
    assert_string_equal(cell(&row, log, "AuthenticatedUser"), "ada@corp.example");
    assert_string_equal(cell(&row, log, "UserAgent"), "'=agent,1");
    assert_string_equal(cell(&row, log, "ClientIpAddress"), "2001:db8::7");
    assert_string_equal(cell(&row, log, "ServerHostName"), "mail.example.org");
    assert_string_equal(cell(&row, log, "HttpStatus"), "200");
    assert_string_equal(cell(&row, log, "Method"), "POST");
    assert_string_equal(cell(&row, log, "RequestBytes"), "100");
    assert_string_equal(cell(&row, log, "ResponseBytes"), "200");
    assert_string_equal(cell(&row, log, "BackendProcessingLatency"), "2.345");
    assert_string_equal(cell(&row, log, "TotalRequestTime"), "12.345");
    assert_string_equal(cell(&row, log, "GenericInfo"), "resent");
    assert_string_equal(cell(&row, log, "GenericErrors"), "no, not \"now\"");
    assert_string_equal(cell(&row, log, "ResponseCode"), "0");
    assert_string_equal(cell(&row, log, "LogOn"), "accepted");
    assert_string_equal(cell(&row, log, "ClientApplication"), "Outlook/16.0.1");
    observation.response_code = 10;
    observation.user = NULL;
    observation.account = "mallory";
    observation.log_on = OBSERVATION_LOG_ON_FAILED;
    protocol_log_http_row(&row, &observation, "mail.example.org");
    assert_string_equal(cell(&row, log, "ErrorCode"), mapi_response_code_name(10));
    assert_string_equal(cell(&row, log, "IsAuthenticated"), "False");
    assert_string_equal(cell(&row, log, "AuthenticatedUser"), "");
    assert_string_equal(cell(&row, log, "Account"), "mallory");
    assert_string_equal(cell(&row, log, "LogOn"), "failed");
}

static void mapi_rows(void **state)
{
    struct observation observation = request();
    struct csv_row row;
    protocol_log_client_access_row(&row, &observation, NULL);
    enum protocol_log_index log = PROTOCOL_LOG_CLIENT_ACCESS;
    assert_string_equal(cell(&row, log, "date-time"), "2025-11-22T08:48:24.123Z");
    assert_string_equal(cell(&row, log, "client-name"), ada.legacy_dn);
    assert_string_equal(cell(&row, log, "client-ip"), "2001:db8::7");
    assert_string_equal(cell(&row, log, "protocol"), "MapiHttp");
    assert_string_equal(cell(&row, log, "application-id"), "Outlook/16.0.1");
    assert_string_equal(cell(&row, log, "operation"), "Execute");
    assert_string_equal(cell(&row, log, "rpc-status"), "0x80040102");
    assert_string_equal(cell(&row, log, "processing-time"), "00:00:00.0023450");
    assert_string_equal(cell(&row, log, "failures"), "no, not \"now\"");
    assert_string_equal(cell(&row, log, "request-id"), "{id}:7");
    assert_string_equal(cell(&row, log, "rops"), "Logon;OpenFolder;Release");
    assert_string_equal(cell(&row, log, "rop-count"), "3");
    assert_string_equal(cell(&row, log, "rop-failure"), "OpenFolder=0x8004010F");
    assert_string_equal(cell(&row, log, "total-time"), "00:00:00.0123450");
    assert_string_equal(cell(&row, log, "authentication"), "Kerberos");
    assert_string_equal(cell(&row, log, "client-info"), "{info}:1");
    observation.rop_count = observation.rop_error = 0;
    protocol_log_client_access_row(&row, &observation, NULL);
    assert_string_equal(cell(&row, log, "rops"), "");
    assert_string_equal(cell(&row, log, "rop-failure"), "");
    assert_string_equal(cell(&row, log, "client-info"), "{info}:1");
    observation.endpoint = OBSERVATION_ADDRESS_BOOK;
    protocol_log_address_book_row(&row, &observation, NULL);
    log = PROTOCOL_LOG_ADDRESS_BOOK;
    assert_string_equal(cell(&row, log, "operation"), "Execute");
    assert_string_equal(cell(&row, log, "authentication"), "Kerberos");
    assert_string_equal(cell(&row, log, "request-id"), "{id}:7");
    assert_string_equal(cell(&row, log, "response-bytes"), "200");
    assert_string_equal(cell(&row, log, "client-info"), "{info}:1");
}

/* More ROPs than are noted, ids that are none, and the longest texts of everything. */
static void extreme_rows(void **state)
{
    struct observation observation = request();
    struct csv_row row;
    char text[4000];
    memset(text, '"', sizeof text - 1);
    text[sizeof text - 1] = '\0';
    observation.rop_count = 250;
    memset(observation.rops, 0xFF, sizeof observation.rops);
    observation.rop_failed = 0xFF;
    protocol_log_client_access_row(&row, &observation, NULL);
    assert_string_equal(cell(&row, PROTOCOL_LOG_CLIENT_ACCESS, "rop-count"), "250");
    observation.request_type = observation.user_agent = observation.error_text = observation.client_info = text;
    observation.account = observation.path = observation.peer = observation.client_application = text;
    observation.request_id = observation.authentication = observation.remark = observation.method = text;
    protocol_log_client_access_row(&row, &observation, NULL);
    assert_int_equal(strlen(cell(&row, PROTOCOL_LOG_CLIENT_ACCESS, "rops")) > 0, 1);
    protocol_log_http_row(&row, &observation, "h");
    (void)cell(&row, PROTOCOL_LOG_HTTP_MAPI, "ResponseCode");
    protocol_log_address_book_row(&row, &observation, NULL);
    (void)cell(&row, PROTOCOL_LOG_ADDRESS_BOOK, "client-info");
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(http_rows), cmocka_unit_test(mapi_rows), cmocka_unit_test(extreme_rows)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
