/* Operations that run in the command itself (OPERATION_CLIENT): filters of the pipe, files, help, probes. They are declared as those of
 * the server are (operation/operation.h), so that both faces, help, completion and manual pages have them; operation_run checks
 * their parameters. One row each in CLIENT_OPERATIONS; their 'call' has no host, and the functions below for what only the command has.
 * One thread. docs/command.md. */
#pragma once
#include <mapihttp/session.h>
#include <stdio.h>

#include "operation/operation.h"

#define CLIENT_OPERATIONS(ROW)                                                                                                                   \
    /* where_object.c */                                                                                                                         \
    ROW(where_object)                                                                                                                            \
    /* select_object.c */                                                                                                                        \
    ROW(select_object)                                                                                                                           \
    /* sort_object.c */                                                                                                                          \
    ROW(sort_object)                                                                                                                             \
    ROW(group_object)                                                                                                                            \
    ROW(measure_object)                                                                                                                          \
    /* format_object.c */                                                                                                                        \
    ROW(format_table)                                                                                                                            \
    ROW(format_list)                                                                                                                             \
    ROW(convert_to_json)                                                                                                                         \
    /* csv_object.c */                                                                                                                           \
    ROW(export_csv)                                                                                                                              \
    ROW(convert_to_csv)                                                                                                                          \
    ROW(import_csv)                                                                                                                              \
    /* help_object.c */                                                                                                                          \
    ROW(get_help)                                                                                                                                \
    ROW(get_command)                                                                                                                             \
    /* probe_operation.c */                                                                                                                      \
    ROW(test_outlook_connectivity)                                                                                                               \
    ROW(test_mapi_connectivity)

#define DECLARATION(row) extern const struct operation operation_##row;
CLIENT_OPERATIONS(DECLARATION)
#undef DECLARATION

/* All rows, ended by NULL. */
extern const struct operation *const client_operations[];
/* Of the server's and the client's operations, by name, alias or ordinary command; NULL. */
const struct operation *client_operation_find(const char *name);

struct operation_words;
/* Operations whose words are an expression and not parameters: Where-Object. */
bool client_operation_takes_words(const struct operation *operation);
/* Reads those: an option or two of the command, and everything else as the list 'FilterScript'. False: *ret_error says why. */
bool client_operation_read_words(struct arena *arena, const struct operation *operation, int argc, char **argv,
                                 struct operation_words *ret_words, const char **ret_error);

/* Where a client operation's call comes from: what its 'output' points to. */
struct client_operation_console {
    struct object_input *input;   /* objects of the pipe; NULL: there is no pipe */
    FILE *output;                 /* where text goes that is no object */
    int exit_status;              /* of the command, where the operation sets one; otherwise -1: 0, or 1 after an error */
    bool quiet;                   /* it writes no objects: text, a file, nothing */
    void *sink;                   /* the command's own */
    /* of operations that log on somewhere (OPERATION_LOG_ON) */
    struct mapihttp_options *log_on;      /* what the options (--address, --ca-file ...) and the environment say */
    bool (*has_secret)(void *sink);       /* a password, token or ticket is there without asking anybody */
    bool (*find_secret)(void *sink);      /* finds it, asks on the terminal; false: complained already */
};

/* The next object that comes by the pipe (a new reference); NULL at its end, or after a failure that operation_fail has been told. For
 * operations that take the whole pipe in one call: those without OPERATION_PIPED parameters. */
json_t *client_operation_next(struct operation_call *call);
/* Whether something stands before it in a pipe at all. */
bool client_operation_has_input(const struct operation_call *call);
/* The same where there must be a pipe: without one the call fails, saying so. */
bool client_operation_needs_input(struct operation_call *call);
/* Standard output, for an operation that writes text (reports in other forms) instead of emitting objects. */
FILE *client_operation_output(struct operation_call *call);
/* For one that writes neither: a file. */
void client_operation_writes_nothing(struct operation_call *call);
/* The command's exit status (Nagios: 0 to 3). */
void client_operation_exit(struct operation_call *call, int status);
/* Of OPERATION_LOG_ON: the options of the log-on, to be changed as the parameters say before the secret is looked for. */
struct mapihttp_options *client_operation_log_on(struct operation_call *call);
bool client_operation_has_secret(struct operation_call *call);
/* False: there is none; said, and the command's exit status is set. */
bool client_operation_find_secret(struct operation_call *call);
