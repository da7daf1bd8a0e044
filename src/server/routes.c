/* The modules of the server, in order of start. To add one: src/server/<module>.c exports a 'struct server_module', and a
 * line here. */
#include "server/server.h"

extern const struct server_module mapi_server_module;

const struct server_module *const server_modules[] = {
    &mapi_server_module,
    NULL,
};
