/* The options by which every client command says which mailbox is meant, and the session made of them:
 *
 *     struct connection connection;
 *     connection_initialize(&connection, command);
 *     for (int i = 1; i < argc; i++) {
 *         int taken = connection_option(&connection, argc, argv, &i);   // 1 taken, 0 not one of these, -1 already complained
 *         ...
 *     }
 *     struct mapihttp_session *session = connection_open(&connection);  // NULL: already complained
 *     ...
 *     connection_close(&connection);
 *
 * One thread; the process has one connection. */
#pragma once
#include "cli/command.h"
#include <mapihttp/mapihttp.h>

#define CONNECTION_USAGE \
    "Which mailbox:\n" \
    "  --address USER@DOMAIN   the mailbox (or environment MAPIHTTP_ADDRESS)\n" \
    "  --user NAME             who logs on, where that is not the address\n" \
    "  --password-file FILE    the password is the first line; else environment MAPIHTTP_PASSWORD, else a prompt\n" \
    "  --server HOST[:PORT]    asks Autodiscover there instead of finding it by the address (or environment MAPIHTTP_SERVER)\n" \
    "  --url URL               the mailbox endpoint: no Autodiscover; with --dn DN for the mailbox's distinguished name\n" \
    "  --auth KIND             basic, ntlm, negotiate (by the ticket that kinit fetched) or bearer, instead of the strongest\n" \
    "                          that the server offers\n" \
    "  --token-file FILE       the bearer token is the first line; else environment MAPIHTTP_TOKEN, else as the password\n" \
    "  --ca-file FILE          PEM certificates to trust instead of the system's (or environment MAPIHTTP_CA_FILE)\n" \
    "  --connect-to HOST:PORT  makes every connection there (a tunnel, a test server)\n" \
    "  --allow-redirect HOST   lets Autodiscover take the password to this host too; may be given several times\n" \
    "  --resolve NAME=HOST:PORT  makes connections to NAME there instead (tests); '*=' : no other name exists\n" \
    "  --client-application TEXT  what to say to be, as Outlook does: Outlook/16.0.4266.1001\n" \
    "  --insecure              accepts any certificate: for tests only\n" \
    "  --timeout SECONDS       silence after which a connection counts as lost (60)\n" \
    "  --no-resend             does without the server's resend extension\n" \
    "  --mapi-http-disabled    as Outlook with the registry value MapiHttpDisabled (or environment MapiHttpDisabled=1): asks\n" \
    "                          Autodiscover without MAPI over HTTP, and opens no mailbox\n" \
    "  -v, --verbose           a line for each request, on standard error\n"

#define CONNECTION_LIST_MAX 16u

struct connection {
    const struct command *command;
    struct mapihttp_options options;
    const char *password_file, *token_file;
    char *password;                  /* or token; wiped by connection_close */
    const char *allowed_redirects[CONNECTION_LIST_MAX + 1];
    const char *resolve[CONNECTION_LIST_MAX + 1];
    struct mapihttp_session *session;
};

void connection_initialize(struct connection *connection, const struct command *command);
/* Looks at argv[*index]; takes it, and its value, if it is one of the options above. 1: taken, *index stands on the last
 * word taken. 0: not one of them. -1: malformed, said so. */
int connection_option(struct connection *connection, int argc, char **argv, int *index);
/* All words of a command that takes nothing but these and --json. False: already complained. */
bool connection_words(struct connection *connection, int argc, char **argv, bool *ret_json);
/* Whether there is a password, token or ticket to log on with, without asking anybody. */
bool connection_has_secret(const struct connection *connection);
/* Finds the password or token, asking where there is a terminal: COMMAND_DONE, or the exit status after a complaint. */
int connection_find_secret(struct connection *connection);
/* Finds the password and whatever else is needed: COMMAND_DONE, or the exit status after a complaint. */
int connection_prepare(struct connection *connection);
/* connection_prepare() and mapihttp_session_open(). From here on SIGINT and SIGTERM cancel the session. NULL: said why. */
struct mapihttp_session *connection_open(struct connection *connection);
void connection_close(struct connection *connection);
/* A command that takes nothing but the options above and --json: 'show' says what it is for, with the open session. Returns
 * the exit status. */
int connection_run(const struct command *command, int argc, char **argv,
                   int (*show)(struct connection *connection, struct mapihttp_session *session, bool as_json));
/* 'mapihttp NAME: what: error'; returns COMMAND_FAILED. */
int connection_failed(const struct connection *connection, const char *what, const struct mapihttp_error *error);
/* Ids as people see them: 0x0001000000000105. */
#define ID_TEXT_SIZE 24
void id_format(uint64_t id, char text[ID_TEXT_SIZE]);
bool id_parse(const char *text, uint64_t *ret_id);
