#include "cli/message_option.h"

int message_option_get(struct connection *connection, const char *folder, const char *id, struct mapihttp_message **ret_message)
{
    struct mapihttp_error error;
    uint64_t folder_id, message_id;
    if (!id_parse(id, &message_id))
        return command_usage_error(connection->command, "'%s' is not a message id; 'mapihttp list' shows them", id);
    struct mapihttp_session *session = connection_open(connection);
    if (!session)
        return COMMAND_FAILED;
    if (mapihttp_folder_find(session, folder, &folder_id, &error))
        return connection_failed(connection, folder, &error);
    if (mapihttp_message_get(session, folder_id, message_id, ret_message, &error))
        return connection_failed(connection, id, &error);
    return COMMAND_DONE;
}
