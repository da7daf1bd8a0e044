/* Where operations run: in the server of this machine, by its Unix socket; where none runs, in this process, on the same files; or in a
 * server elsewhere, over HTTPS, by somebody who is an administrator there. One thread. docs/operations.md. */
#pragma once
#include <mapihttp/session.h>

#include "operation/operation.h"

struct operation_place_options {
    const char *config_path;                /* of this machine's server; NULL: MAPIHTTP_CONFIG, else the usual one */
    const char *server;                     /* 'https://host[:port]' or 'host[:port]' of one elsewhere; NULL: this machine's */
    const struct mapihttp_options *log_on;  /* with 'server': user or address, password or token, ca_file, connect_to, insecure ...; borrowed */
};
struct operation_place;

#define OPERATION_PLACE_ERROR_SIZE 600u

/* Reads what is needed; connects at the first call. False: *ret_error says why, for a person. */
bool operation_place_open(const struct operation_place_options *options, struct operation_place **ret_place,
                          char ret_error[OPERATION_PLACE_ERROR_SIZE]);
void operation_place_close(struct operation_place *place); /* NULL is nothing */

/* Where the results go, as they come. */
struct operation_sink {
    bool (*object)(void *user, json_t *object); /* taken over; false: no more are wanted, the operation ends early (that is no error) */
    void (*warning)(void *user, const char *text);
    void *user;
};
struct operation_outcome {
    enum operation_error error;
    char parameter[64]; /* "" where it is none's fault */
    char text[2048];
};
/* 'parameters': an object as operation_run takes it (names in any spelling; values as typed or as JSON); borrowed; may be NULL. True when the
 * operation was done; else the outcome says why not. OPERATION_CLIENT operations run here, with a host that has neither directory nor
 * settings. */
bool operation_place_call(struct operation_place *place, const struct operation *operation, const json_t *parameters,
                          const struct operation_sink *sink, struct operation_outcome *ret_outcome);
