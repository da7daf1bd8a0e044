/* Named caps on everything that comes from outside. Those an administrator may change are the defaults of settings of the
 * same name; the others are protocol constants. Units stand last in the names. */
#pragma once

/* HTTP */
#define HTTP_REQUEST_LINE_SIZE_MAX 8192u
#define HTTP_HEADERS_SIZE_MAX 65536u
#define HTTP_HEADER_COUNT_MAX 100u
#define HTTP_BODY_SIZE_MAX (8u << 20)
#define HTTP_OUTPUT_SIZE_MAX (256u << 10)  /* unsent bytes of one connection after which producers should wait */
#define HTTP_PIPELINE_SIZE_MAX 16384u      /* bytes kept of requests that follow the one being answered */
#define HTTP_BODY_RATE_MIN 1024u           /* bytes a second a body must arrive at, once its time-out is over */
#define HTTP_CONNECTIONS_DEFAULT_MAX 20000u
#define HTTP_HEADER_TIMEOUT_DEFAULT_MS 20000u
#define HTTP_BODY_TIMEOUT_DEFAULT_MS 30000u
#define HTTP_IDLE_TIMEOUT_DEFAULT_MS 120000u
#define HTTP_SEND_TIMEOUT_DEFAULT_MS 60000u

/* MAPI/HTTP (MS-OXCRPC 3.1.4.2, MS-OXCMAPIHTTP 2.2.4) */
#define ROP_REQUEST_SIZE_MAX 0x40000u
#define ROP_RESPONSE_SIZE_MAX 0x40000u
#define ROP_PAYLOAD_SIZE_MAX 32767u
#define AUXILIARY_SIZE_MAX 0x1008u
#define CONTEXTS_PER_USER_MAX 100u
#define HANDLES_PER_CONTEXT_MAX 4096u
#define PENDING_PERIOD_DEFAULT_MS 15000u
#define CONTEXT_IDLE_DEFAULT_MS 900000u
#define NOTIFICATION_WAIT_DEFAULT_MS 300000u

/* Wire structures */
#define ARENA_SIZE_MAX (64u << 20)
#define COLUMNS_MAX 4096u
#define RESTRICTIONS_MAX 4096u
#define RESTRICTION_DEPTH_MAX 64u
#define SORT_ORDERS_MAX 64u
#define RULE_ACTIONS_MAX 4096u
#define SERVERS_MAX 256u
#define LARGE_PROPERTY_TAGS_MAX 100000u
#define PROPERTY_VALUES_MAX 65535u
#define ROWS_MAX 65535u

/* Store */
#define PROPERTY_INLINE_SIZE_MAX 8192u /* larger values of a message are kept apart (streams) */
#define FOLDER_DEPTH_MAX 256u
#define MESSAGE_SIZE_DEFAULT_MAX (150u << 20)
#define EMBEDDED_DEPTH_MAX 32u
#define NAMED_PROPERTIES_MAX 0x7FFFu
