/* Commands on one message: FOLDER and ID, an id as 'mapihttp list' shows it. */
#pragma once
#include "cli/connection.h"

/* Opens the connection, finds the folder and gets the message. COMMAND_DONE, or the exit status after a complaint; the
 * connection is to be closed by the caller in both cases. */
int message_option_get(struct connection *connection, const char *folder, const char *id, struct mapihttp_message **ret_message);
