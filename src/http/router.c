#include "http/http.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

struct http_router {
    struct http_route *routes;
    size_t count;
};

struct http_router *http_router_new(void)
{
    return calloc(1, sizeof(struct http_router));
}

void http_router_free(struct http_router *router)
{
    if (router)
        free(router->routes);
    free(router);
}

bool http_router_add(struct http_router *router, const struct http_route *route)
{
    for (size_t i = 0; i < router->count; i++)
        if (strcasecmp(router->routes[i].path, route->path) == 0 && router->routes[i].below == route->below)
            return false;
    struct http_route *routes = realloc(router->routes, (router->count + 1) * sizeof *routes);
    if (!routes)
        return false;
    routes[router->count++] = *route;
    router->routes = routes;
    return true;
}

static bool route_matches(const struct http_route *route, const char *path, size_t *ret_size)
{
    size_t size = strlen(route->path);
    if (size && route->path[size - 1] == '/')
        size--;
    if (strncasecmp(route->path, path, size) != 0)
        return false;
    *ret_size = size;
    const char *rest = path + size;
    return *rest == 0 || (*rest == '/' && (route->below || rest[1] == 0));
}

const struct http_route *http_router_find(const struct http_router *router, const char *path)
{
    const struct http_route *best = NULL;
    size_t best_size = 0;
    for (size_t i = 0; i < router->count; i++) {
        size_t size;
        if (route_matches(&router->routes[i], path, &size) && (!best || size > best_size
            || (size == best_size && !router->routes[i].below))) {
            best = &router->routes[i];
            best_size = size;
        }
    }
    return best;
}
