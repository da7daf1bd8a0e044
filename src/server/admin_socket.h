/* The Unix socket by which the command reaches the running server: a further listener of the HTTP server. Who may use it is asked of the
 * system, not of the client (SO_PEERCRED). docs/operations.md. */
#pragma once
#include "base/arena.h"
#include "server/server.h"

/* Where it is, by the configuration; in the arena. NULL: there is none (or no memory). */
const char *admin_socket_path(struct arena *arena, const struct config *config);
/* Makes the socket and has the HTTP server listen at it; before it accepts, as the user the server runs as. A socket that a dead server left
 * is replaced. *ret_group_id: the configured group, or ADMIN_NO_GROUP. False (logged) where that fails. Without a socket in the configuration nothing is done. */
#define ADMIN_NO_GROUP UINT32_MAX
bool admin_socket_listen(struct server *server, uint32_t *ret_group_id);
/* Whether the configuration can be followed: the group exists, the path is not too long; told what not. */
bool admin_socket_check(const struct config *config);
/* Removes it. */
void admin_socket_remove(const struct server *server);

/* Who sits at the other end of a connection by the socket. */
struct admin_peer {
    uint32_t user_id;
    bool allowed; /* root, the server's own user, a member of the configured group */
};
struct http_exchange;
/* False where the exchange did not come by a Unix socket. In its handler, on the loop. */
bool admin_socket_peer(const struct http_exchange *exchange, uint32_t group_id, struct admin_peer *ret_peer);
