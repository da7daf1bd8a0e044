#include "server/admin_socket.h"

#include <errno.h>
#include <grp.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/log.h"
#include "http/http_server.h"

#define PEER_GROUPS_MAX 1024u
#define GROUP_TEXT_SIZE_MAX 65536u

#ifndef SO_PEERGROUPS
#define SO_PEERGROUPS 59
#endif

/* --- listening --- */

/* May ask the network. */
static bool find_group(const char *name, gid_t *ret_group)
{
    struct arena arena = {0};
    struct group group, *found = NULL;
    char *text = arena_reserve(&arena, GROUP_TEXT_SIZE_MAX);
    bool there = text && getgrnam_r(name, &group, text, GROUP_TEXT_SIZE_MAX, &found) == 0 && found;
    if (there)
        *ret_group = group.gr_gid;
    arena_free(&arena);
    return there;
}

/* Removes what a dead server left; false where a server answers, or something else is in the way. */
static bool clear_place(const struct sockaddr_un *address)
{
    struct stat status;
    if (lstat(address->sun_path, &status) != 0)
        return errno == ENOENT;
    if (!S_ISSOCK(status.st_mode)) {
        errno = EEXIST;
        return false;
    }
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    bool answered = fd >= 0 && connect(fd, (const struct sockaddr *)address, sizeof *address) == 0;
    if (fd >= 0)
        close(fd);
    errno = EADDRINUSE;
    return !answered && unlink(address->sun_path) == 0;
}

/* The server's user and root alone, or the group too. */
static bool set_permissions(const char *path, const char *group, uint32_t *ret_group_id)
{
    gid_t group_id;
    if (!*group)
        return chmod(path, 0600) == 0;
    if (!find_group(group, &group_id)) {
        log_error("[administration] group: there is no group '%s'", group);
        return false;
    }
    if (chown(path, (uid_t)-1, group_id) == 0 && chmod(path, 0660) == 0) {
        *ret_group_id = group_id;
        return true;
    }
    log_error("[administration] group: %s cannot be given to '%s' (%s): the server's user must be in that group", path, group, strerror(errno));
    return false;
}

bool admin_socket_check(const struct config *config)
{
    gid_t group;
    if (*config->admin_group && !find_group(config->admin_group, &group)) {
        log_error("[administration] group: there is no group '%s'", config->admin_group);
        return false;
    }
    if (strlen(config->admin_socket_path) >= sizeof ((struct sockaddr_un *)NULL)->sun_path) {
        log_error("[administration] socket: the path is longer than the system takes");
        return false;
    }
    return true;
}

bool admin_socket_listen(struct server *server, uint32_t *ret_group_id)
{
    struct arena arena = {0};
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    const char *path = admin_socket_path(&arena, server->config);
    bool done = true;
    *ret_group_id = ADMIN_NO_GROUP;
    if (path && strlen(path) >= sizeof address.sun_path) {
        /* The data folder may be anywhere; a path that was written down is another matter. */
        done = !*server->config->admin_socket_path;
        log_line(done ? LOG_LEVEL_WARNING : LOG_LEVEL_ERROR, "[administration] socket: %s has more than the %zu bytes that the system takes%s", path,
                    sizeof address.sun_path - 1, done ? ": the command cannot reach this server" : "");
    } else if (path) {
        strcpy(address.sun_path, path);
        done = clear_place(&address) && http_server_listen(server->http, (struct sockaddr *)&address, sizeof address, NULL, NULL);
        if (!done)
            log_error("[administration] socket: %s: %s", path, strerror(errno));
        done = done && set_permissions(path, server->config->admin_group, ret_group_id);
    }
    arena_free(&arena);
    return done;
}

void admin_socket_remove(const struct server *server)
{
    struct arena arena = {0};
    const char *path = admin_socket_path(&arena, server->config);
    if (path)
        (void)unlink(path);
    arena_free(&arena);
}

/* --- who is at the other end --- */

static bool peer_in_group(int fd, gid_t primary, gid_t group)
{
    gid_t groups[PEER_GROUPS_MAX];
    socklen_t size = sizeof groups;
    if (group == ADMIN_NO_GROUP)
        return false;
    if (primary == group)
        return true;
    if (getsockopt(fd, SOL_SOCKET, SO_PEERGROUPS, groups, &size) != 0)
        return false;
    for (size_t i = 0; i < size / sizeof *groups; i++)
        if (groups[i] == group)
            return true;
    return false;
}

bool admin_socket_peer(const struct http_exchange *exchange, uint32_t group_id, struct admin_peer *ret_peer)
{
    int fd = http_exchange_socket(exchange), domain = 0;
    struct ucred peer;
    socklen_t size = sizeof domain;
    if (fd < 0 || getsockopt(fd, SOL_SOCKET, SO_DOMAIN, &domain, &size) != 0 || domain != AF_UNIX)
        return false;
    size = sizeof peer;
    if (getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &peer, &size) != 0)
        return false;
    *ret_peer = (struct admin_peer){
        .user_id = peer.uid, .allowed = peer.uid == 0 || peer.uid == geteuid() || peer_in_group(fd, peer.gid, group_id)};
    return true;
}
