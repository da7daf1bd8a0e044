/* The CSV logs of requests: HttpProxy (one for each kind of endpoint), MAPI Client Access, MAPI Address Book Service. Field names are
 * Exchange's where it has them; what it has and we cannot know is left out. docs/logs.md. */
#pragma once
#include "record/protocol_log.h"
#include "server/observation.h"

struct session_status;

enum protocol_log_index {
    PROTOCOL_LOG_HTTP_MAPI,
    PROTOCOL_LOG_HTTP_AUTODISCOVER,
    PROTOCOL_LOG_HTTP_OAB,
    PROTOCOL_LOG_HTTP_ADMIN,
    PROTOCOL_LOG_CLIENT_ACCESS,
    PROTOCOL_LOG_ADDRESS_BOOK,
    PROTOCOL_LOG_COUNT,
};
extern const struct protocol_log_definition protocol_log_definitions[PROTOCOL_LOG_COUNT];

extern const struct observer protocol_logs_observer;

/* The rows, for tests too. 'host_name' is the server's. */
void protocol_log_http_row(struct csv_row *row, const struct observation *observation, const char *host_name);
/* 'status' may be NULL: a request without a session. */
void protocol_log_client_access_row(struct csv_row *row, const struct observation *observation, struct session_status *status);
void protocol_log_address_book_row(struct csv_row *row, const struct observation *observation, struct session_status *status);

/* Rows written and lost so far, for metrics; zeros where the logs are off. */
struct protocol_log_counts protocol_logs_counts(const struct services *services);
