/* The modules of the server, in order of start. To add one: src/server/<module>.c exports a 'struct server_module', and a
 * line here. */
#include "server/server.h"

const struct server_module *const server_modules[] = {
    NULL,
};
