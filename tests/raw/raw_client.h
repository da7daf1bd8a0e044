/* A MAPI/HTTP client made by hand from bytes, for tests and benchmarks that must not share code with what they look at:
 * blocking, one connection, plain or TLS, no retries. Not for use outside of tests/ and bench/. */
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct raw_client; /* one user at one server; used by one thread */

struct raw_answer {
    int status;            /* HTTP; 0: the connection closed without an answer */
    int response_code;     /* X-ResponseCode, the last one; -1: none */
    bool closed;           /* the connection is gone or announced to go */
    const uint8_t *body;   /* of the MAPI/HTTP stream: behind the meta-tags and additional headers; until this thread's next exchange */
    size_t body_size;
};

/* 'tls': speak TLS without verifying. Exits the program when it cannot connect at all. */
struct raw_client *raw_client_new(int port, bool tls, const char *user, const char *password);
void raw_client_free(struct raw_client *client);
void raw_thread_end(void); /* a thread that used clients and ends gives its buffers back */
/* Closes the connection; the next exchange makes a new one. */
void raw_client_hang_up(struct raw_client *client);
const char *raw_client_authorization(const struct raw_client *client);
const char *raw_client_cookies(const struct raw_client *client); /* 'a=b; c=d' of the last answer that set some */
void raw_client_forget_cookies(struct raw_client *client);

/* Any bytes, as they are. Cookies that the answer sets are kept. */
void raw_exchange(struct raw_client *client, const void *request, size_t size, struct raw_answer *ret_answer);
/* Sends without waiting; raw_receive reads the answer. */
void raw_send(struct raw_client *client, const void *request, size_t size);
void raw_receive(struct raw_client *client, struct raw_answer *ret_answer);
/* From now on raw_request speaks to the address book's endpoint instead of the mailbox's. */
void raw_client_use_address_book(struct raw_client *client);
/* A well-formed request of the mailbox endpoint with the kept cookies, which the answer renews. */
void raw_request(struct raw_client *client, const char *request_type, const void *body, size_t size, struct raw_answer *ret_answer);
/* The bytes that raw_request would send; returns their count. */
size_t raw_request_bytes(struct raw_client *client, const char *request_type, const void *body, size_t size, char *out,
                         size_t capacity);

/* Bodies: a growing byte string. */
struct raw_body {
    uint8_t *data;
    size_t size, capacity;
};
void raw_put(struct raw_body *body, const void *data, size_t size);
void raw_u8(struct raw_body *body, uint8_t value);
void raw_u16(struct raw_body *body, uint16_t value);
void raw_u32(struct raw_body *body, uint32_t value);
void raw_u64(struct raw_body *body, uint64_t value);
void raw_utf16(struct raw_body *body, const char *ascii); /* with terminator */
void raw_clear(struct raw_body *body);
void raw_free(struct raw_body *body);

void raw_connect_body(struct raw_body *body, const char *user_dn);
/* Execute around a ROP list: no compression, no XOR, one unit; 'handles' is the handle table. */
void raw_execute_body(struct raw_body *body, const struct raw_body *rops, const uint32_t *handles, uint32_t handle_count);
void raw_rop_logon(struct raw_body *rops, const char *user_dn); /* output handle index 0 */

/* The ROP list and handle table of an Execute answer; exits with a message when the answer is no success. */
struct raw_rops {
    const uint8_t *rops;
    size_t size;
    const uint8_t *handles; /* u32 each, any alignment */
    size_t handle_count;
};
struct raw_rops raw_execute_answer(const struct raw_answer *answer);
uint32_t raw_load_u32(const void *at);
