/* What all of /admin/ shares: who may come in, from which site a request came, the token of forms, the pool in which operations run. The
 * API (/admin/api/<Operation>, admin_api.c) and the pages are made of it. docs/operations.md. */
#pragma once
#include "server/services.h"

struct admin;

/* Listens at the Unix socket, adds the route of the API. Before the server accepts; as the user it runs as. False: logged. */
bool admin_start(struct services *services, struct admin **ret_admin);
/* Loops and pools have ended. */
void admin_free(struct admin *admin);

/* --- who --- */

/* On the loop, in a handler: asks who it is and goes on where it is an administrator. 401, 403 (nobody's or not an administrator's request,
 * one from another site), 404 (no administration over HTTPS) and 429 are answered here, as JSON where 'json', else as text. 'accepted' may
 * be called later; the identity is its to release, and NULL for somebody at the Unix socket, whose user id is 'local_user'. */
typedef void admin_accepted(struct http_exchange *exchange, struct identity *identity, uint32_t local_user, void *argument);
void admin_authenticate(struct services *services, struct http_exchange *exchange, bool json, admin_accepted *accepted, void *argument);

/* --- forms --- */

#define ADMIN_TOKEN_SIZE 96u
/* A token for the forms of a page, good for this user, this process and a few hours. */
void admin_token_make(const struct admin *admin, const struct directory_user *user, char ret_token[ADMIN_TOKEN_SIZE]);
/* Of a form that was sent. */
bool admin_token_valid(const struct admin *admin, const struct directory_user *user, const char *token);

/* --- running operations --- */

/* The actor of an operation; in the arena. By the socket: the name of the local user (may ask the system: not on a loop). */
struct operation_actor admin_actor(struct arena *arena, const struct identity *identity, uint32_t local_user, const char *way, const char *address);
/* One line in the server's log where something was changed, or could not be. */
void admin_log_change(const struct operation_call *call);
