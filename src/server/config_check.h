/* Inside of config.c: what several settings say together, or what their own modules must judge. */
#pragma once
#include "server/config.h"

/* Makes what is made of several settings ('inside'). False: ret_error says what is wrong. */
bool config_check(struct config *config, char *ret_error, size_t error_size);
