/* Inside of config.c: what several settings say together, or what their own modules must judge. */
#pragma once
#include "server/config.h"

/* What is wrong with [authentication], [kerberos] and [bearer], or NULL; a literal. */
const char *config_check_log_on(const struct config *config);
