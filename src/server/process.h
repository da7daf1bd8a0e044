/* The life of the server process: limits, threads, listeners, modules, signals, shutdown. One per process; called on the
 * main thread before any other thread exists. See docs/process.md. */
#pragma once
#include "server/config.h"

/* Serves until SIGTERM or SIGINT; SIGHUP reads the configuration and the certificate again. 'config' is the one read from
 * config_path (NULL: the defaults); it is taken over. Returns the exit status. */
int process_run(const char *config_path, struct config *config);
/* What --check does beyond reading the configuration: loads the certificate, looks at the folder and the user. Prints what
 * is wrong to standard error. */
bool process_check(const struct config *config);
