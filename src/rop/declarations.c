/* Every ROP there is, one row each: who handles it, what it acts on, and what is answered where it acts on something else.
 * Where an error differs between specifications the section stands beside the row. */
#include "rop/handlers.h"

#define LOGON ROP_OBJECT_LOGON
#define FOLDER ROP_OBJECT_FOLDER
#define MESSAGE ROP_OBJECT_MESSAGE
#define ATTACHMENT ROP_OBJECT_ATTACHMENT
#define STREAM ROP_OBJECT_STREAM
#define CONTENTS ROP_OBJECT_CONTENTS_TABLE
#define HIERARCHY ROP_OBJECT_HIERARCHY_TABLE
#define TABLE ROP_OBJECTS_TABLE
#define PROPERTIES ROP_OBJECTS_WITH_PROPERTIES
#define ANY ROP_OBJECTS_ALL

#define PROBLEM_SIZE 10u /* PropertyProblem (MS-OXCDATA 2.7) */

static size_t size_of_problems_of_values(const void *body)
{
    const struct rop_set_properties_request *request = body;
    return request->property_value_count * PROBLEM_SIZE;
}

static size_t size_of_problems_of_tags(const void *body)
{
    const struct rop_delete_properties_request *request = body;
    return request->property_tag_count * PROBLEM_SIZE;
}

static size_t size_of_problems_of_copies(const void *body)
{
    const struct rop_copy_properties_request *request = body;
    return request->property_tag_count * PROBLEM_SIZE;
}

static size_t size_of_ids(const void *body)
{
    const struct rop_get_property_ids_from_names_request *request = body;
    /* Without names: all that there are, most likely some hundred. */
    return request->property_name_count ? request->property_name_count * sizeof(uint16_t) : 2048;
}

/* MS-OXCMSG calls a handle of another kind a null object, the others say that it is not supported. */
#define NULL_OBJECT EC_NULL_OBJECT
#define NOT_SUPPORTED EC_NOT_SUPPORTED

/* Reads only; an answer of at most 'size' bytes behind its header, OPEN where that depends on what is found. */
#define READS(id, function, objects, other, size) \
    [ROP_ID_##id] = {.handler = function, .inputs = objects, .error = other, .answer_size = size}
/* May write: the answer takes at most 'size' bytes. */
#define WRITES(id, function, objects, other, size)                                                   \
    [ROP_ID_##id] = {.handler = function, .inputs = objects, .error = other, .writes = true,         \
        .answer_size = size}
/* May write; answers with a list that is as long as one in the request. */
#define LISTS(id, function, size_of)                                                                 \
    [ROP_ID_##id] = {.handler = function, .inputs = PROPERTIES, .error = NOT_SUPPORTED,              \
        .writes = true, .answer_size = 2, .answer_size_of = size_of}
/* From one object into another of the same kind. */
#define COPIES(id, function, objects, size)                                                          \
    [ROP_ID_##id] = {.handler = function, .inputs = objects, .destinations = objects,                \
        .error = EC_NOT_SUPPORTED, .writes = true, .answer_size = size}
#define REFUSED(id, with) [ROP_ID_##id] = {.error = with}
#define OPEN ROP_ANSWER_OPEN

static const struct rop_declaration declarations[256] = {
    /* Logons and the store: MS-OXCSTOR */
    WRITES(LOGON, rop_logon, 0, 0, 160),
    READS(GET_RECEIVE_FOLDER, rop_get_receive_folder, LOGON, NOT_SUPPORTED, 264),
    WRITES(SET_RECEIVE_FOLDER, rop_set_receive_folder, LOGON, NOT_SUPPORTED, 0),
    READS(GET_RECEIVE_FOLDER_TABLE, rop_get_receive_folder_table, LOGON, NOT_SUPPORTED, OPEN),
    REFUSED(GET_STORE_STATE, EC_NOT_IMPLEMENTED), /* R882 */
    READS(GET_OWNING_SERVERS, rop_get_owning_servers, LOGON, NOT_SUPPORTED, 0),
    READS(PUBLIC_FOLDER_IS_GHOSTED, rop_public_folder_is_ghosted, LOGON, NOT_SUPPORTED, 1),
    READS(LONG_TERM_ID_FROM_ID, rop_long_term_id_from_id, LOGON, NOT_SUPPORTED, 24),
    WRITES(ID_FROM_LONG_TERM_ID, rop_id_from_long_term_id, LOGON, NOT_SUPPORTED, 8),
    READS(GET_PER_USER_LONG_TERM_IDS, rop_get_per_user_long_term_ids, LOGON, NOT_SUPPORTED, OPEN),
    READS(GET_PER_USER_GUID, rop_get_per_user_guid, LOGON, NOT_SUPPORTED, 16),
    READS(READ_PER_USER_INFORMATION, rop_read_per_user_information, LOGON, NOT_SUPPORTED, OPEN),
    WRITES(WRITE_PER_USER_INFORMATION, rop_write_per_user_information, LOGON, NOT_SUPPORTED, 0),
    WRITES(GET_LOCAL_REPLICA_IDS, rop_get_local_replica_ids, LOGON, NOT_SUPPORTED, 22),

    /* Folders: MS-OXCFOLD */
    READS(OPEN_FOLDER, rop_open_folder, LOGON | FOLDER, NOT_SUPPORTED, 2),
    WRITES(CREATE_FOLDER, rop_create_folder, FOLDER, NOT_SUPPORTED, 9),
    WRITES(DELETE_FOLDER, rop_delete_folder, FOLDER, NOT_SUPPORTED, 1),
    WRITES(EMPTY_FOLDER, rop_empty_folder, FOLDER, NOT_SUPPORTED, 1),
    WRITES(HARD_DELETE_MESSAGES_AND_SUBFOLDERS, rop_hard_delete_messages_and_subfolders, FOLDER, NOT_SUPPORTED, 1),
    COPIES(MOVE_FOLDER, rop_move_folder, FOLDER, 5),
    COPIES(COPY_FOLDER, rop_copy_folder, FOLDER, 5),
    COPIES(MOVE_COPY_MESSAGES, rop_move_copy_messages, FOLDER, 5),
    WRITES(DELETE_MESSAGES, rop_delete_messages, FOLDER, NOT_SUPPORTED, 1),
    WRITES(HARD_DELETE_MESSAGES, rop_hard_delete_messages, FOLDER, NOT_SUPPORTED, 1),
    READS(GET_HIERARCHY_TABLE, rop_get_hierarchy_table, FOLDER, NOT_SUPPORTED, 4),
    READS(GET_CONTENTS_TABLE, rop_get_contents_table, FOLDER, NOT_SUPPORTED, 4),
    READS(SET_SEARCH_CRITERIA, rop_set_search_criteria, FOLDER, NOT_SUPPORTED, 0),
    READS(GET_SEARCH_CRITERIA, rop_get_search_criteria, FOLDER, NOT_SUPPORTED, OPEN),

    /* Messages, recipients, attachments: MS-OXCMSG */
    READS(OPEN_MESSAGE, rop_open_message, LOGON | FOLDER, NULL_OBJECT, OPEN),
    READS(CREATE_MESSAGE, rop_create_message, LOGON | FOLDER, NULL_OBJECT, 1),
    WRITES(SAVE_CHANGES_MESSAGE, rop_save_changes_message, MESSAGE, NULL_OBJECT, 9),
    WRITES(REMOVE_ALL_RECIPIENTS, rop_remove_all_recipients, MESSAGE, NULL_OBJECT, 0),
    WRITES(MODIFY_RECIPIENTS, rop_modify_recipients, MESSAGE, NULL_OBJECT, 0),
    READS(READ_RECIPIENTS, rop_read_recipients, MESSAGE, NULL_OBJECT, OPEN),
    READS(RELOAD_CACHED_INFORMATION, rop_reload_cached_information, MESSAGE, NULL_OBJECT, OPEN),
    WRITES(SET_MESSAGE_STATUS, rop_set_message_status, FOLDER, NULL_OBJECT, 4),
    READS(GET_MESSAGE_STATUS, rop_get_message_status, FOLDER, NULL_OBJECT, 4),
    WRITES(SET_READ_FLAGS, rop_set_read_flags, FOLDER, NULL_OBJECT, 1),
    WRITES(SET_MESSAGE_READ_FLAG, rop_set_message_read_flag, MESSAGE, NULL_OBJECT, 26),
    READS(OPEN_ATTACHMENT, rop_open_attachment, MESSAGE, NULL_OBJECT, 0),
    WRITES(CREATE_ATTACHMENT, rop_create_attachment, MESSAGE, NULL_OBJECT, 4),
    WRITES(DELETE_ATTACHMENT, rop_delete_attachment, MESSAGE, NULL_OBJECT, 0),
    WRITES(SAVE_CHANGES_ATTACHMENT, rop_save_changes_attachment, ATTACHMENT, NOT_SUPPORTED, 0), /* R467 */
    READS(OPEN_EMBEDDED_MESSAGE, rop_open_embedded_message, ATTACHMENT, NULL_OBJECT, OPEN),
    READS(GET_ATTACHMENT_TABLE, rop_get_attachment_table, MESSAGE, NULL_OBJECT, 0),

    /* Tables: MS-OXCTABL */
    READS(SET_COLUMNS, rop_set_columns, TABLE, NOT_SUPPORTED, 1),
    READS(SORT_TABLE, rop_sort_table, CONTENTS, NOT_SUPPORTED, 1),
    READS(RESTRICT, rop_restrict, CONTENTS | HIERARCHY, NOT_SUPPORTED, 1),
    [ROP_ID_QUERY_ROWS] = {.handler = rop_query_rows, .inputs = TABLE, .error = NOT_SUPPORTED, .packs = true,
        .answer_size = OPEN},
    READS(ABORT, rop_abort, CONTENTS | HIERARCHY, NOT_SUPPORTED, 1),
    READS(GET_STATUS, rop_get_status, TABLE, NOT_SUPPORTED, 1),
    READS(QUERY_POSITION, rop_query_position, TABLE, NOT_SUPPORTED, 8),
    [ROP_ID_SEEK_ROW] = {.handler = rop_seek_row, .inputs = TABLE, .error = NOT_SUPPORTED,
        .ends_list_on_error = true, .answer_size = 5},
    [ROP_ID_SEEK_ROW_BOOKMARK] = {.handler = rop_seek_row_bookmark, .inputs = CONTENTS | HIERARCHY,
        .error = NOT_SUPPORTED, .ends_list_on_error = true, .answer_size = 6},
    READS(SEEK_ROW_FRACTIONAL, rop_seek_row_fractional, TABLE, NOT_SUPPORTED, 0),
    [ROP_ID_CREATE_BOOKMARK] = {.handler = rop_create_bookmark, .inputs = CONTENTS | HIERARCHY,
        .error = NOT_SUPPORTED, .ends_list_on_error = true, .answer_size = 258},
    READS(QUERY_COLUMNS_ALL, rop_query_columns_all, TABLE, NOT_SUPPORTED, OPEN),
    READS(FIND_ROW, rop_find_row, CONTENTS | HIERARCHY, NOT_SUPPORTED, OPEN),
    READS(FREE_BOOKMARK, rop_free_bookmark, CONTENTS | HIERARCHY, NOT_SUPPORTED, 0),
    READS(RESET_TABLE, rop_reset_table, CONTENTS, NOT_SUPPORTED, 0),
    READS(EXPAND_ROW, rop_expand_row, CONTENTS, NOT_SUPPORTED, 6),
    READS(COLLAPSE_ROW, rop_collapse_row, CONTENTS, NOT_SUPPORTED, 4),
    READS(GET_COLLAPSE_STATE, rop_get_collapse_state, CONTENTS, NOT_SUPPORTED, 32),
    READS(SET_COLLAPSE_STATE, rop_set_collapse_state, CONTENTS, NOT_SUPPORTED, 258),

    /* Properties and streams: MS-OXCPRPT */
    LISTS(GET_PROPERTY_IDS_FROM_NAMES, rop_get_property_ids_from_names, size_of_ids),
    READS(GET_NAMES_FROM_PROPERTY_IDS, rop_get_names_from_property_ids, PROPERTIES, NOT_SUPPORTED, OPEN),
    READS(GET_PROPERTIES_SPECIFIC, rop_get_properties_specific, PROPERTIES, NOT_SUPPORTED, OPEN),
    READS(GET_PROPERTIES_ALL, rop_get_properties_all, PROPERTIES, NOT_SUPPORTED, OPEN),
    READS(GET_PROPERTIES_LIST, rop_get_properties_list, PROPERTIES, NOT_SUPPORTED, OPEN),
    LISTS(SET_PROPERTIES, rop_set_properties, size_of_problems_of_values),
    LISTS(SET_PROPERTIES_NO_REPLICATE, rop_set_properties, size_of_problems_of_values),
    LISTS(DELETE_PROPERTIES, rop_delete_properties, size_of_problems_of_tags),
    LISTS(DELETE_PROPERTIES_NO_REPLICATE, rop_delete_properties, size_of_problems_of_tags),
    READS(QUERY_NAMED_PROPERTIES, rop_query_named_properties, PROPERTIES, NOT_SUPPORTED, OPEN),
    [ROP_ID_COPY_PROPERTIES] = {.handler = rop_copy_properties, .inputs = FOLDER | MESSAGE | ATTACHMENT,
        .destinations = FOLDER | MESSAGE | ATTACHMENT, .error = NOT_SUPPORTED, .writes = true, .answer_size = 4,
        .answer_size_of = size_of_problems_of_copies},
    COPIES(COPY_TO, rop_copy_to, FOLDER | MESSAGE | ATTACHMENT, 1024),
    REFUSED(PROGRESS, EC_NOT_SUPPORTED), /* nothing is ever in progress */
    WRITES(OPEN_STREAM, rop_open_stream, PROPERTIES, NOT_SUPPORTED, 4),
    [ROP_ID_READ_STREAM] = {.handler = rop_read_stream, .inputs = STREAM, .error = NOT_SUPPORTED, .packs = true,
        .answer_size = OPEN},
    WRITES(WRITE_STREAM, rop_write_stream, STREAM, NOT_SUPPORTED, 2),
    WRITES(WRITE_STREAM_EXTENDED, rop_write_stream_extended, STREAM, NOT_SUPPORTED, 4),
    WRITES(COMMIT_STREAM, rop_commit_stream, STREAM, NOT_SUPPORTED, 0),
    READS(GET_STREAM_SIZE, rop_get_stream_size, STREAM, NOT_SUPPORTED, 4),
    WRITES(SET_STREAM_SIZE, rop_set_stream_size, STREAM, NOT_SUPPORTED, 0),
    WRITES(SEEK_STREAM, rop_seek_stream, STREAM, NOT_SUPPORTED, 8),
    COPIES(COPY_TO_STREAM, rop_copy_to_stream, STREAM, 20),
    /* Exchange 2010 and later have none of these (R75001, R75101, R75201, R75301). */
    REFUSED(LOCK_REGION_STREAM, EC_NOT_IMPLEMENTED),
    REFUSED(UNLOCK_REGION_STREAM, EC_NOT_IMPLEMENTED),
    REFUSED(WRITE_AND_COMMIT_STREAM, EC_NOT_IMPLEMENTED),
    REFUSED(CLONE_STREAM, EC_NOT_IMPLEMENTED),

    /* Notifications: MS-OXCNOTIF */
    READS(REGISTER_NOTIFICATION, rop_register_notification, ANY, NOT_SUPPORTED, 0),

    /* Sending: MS-OXOMSG; the answers for a store that has no transport yet */
    READS(GET_TRANSPORT_FOLDER, rop_get_transport_folder, LOGON, NOT_SUPPORTED, 8),
    READS(GET_ADDRESS_TYPES, rop_get_address_types, LOGON, NOT_SUPPORTED, 16),
    READS(OPTIONS_DATA, rop_options_data, LOGON, NOT_SUPPORTED, 8),
    REFUSED(SUBMIT_MESSAGE, EC_NOT_IMPLEMENTED),
    REFUSED(ABORT_SUBMIT, EC_NOT_IMPLEMENTED),
    REFUSED(SET_SPOOLER, EC_NOT_IMPLEMENTED),
    REFUSED(SPOOLER_LOCK_MESSAGE, EC_NOT_IMPLEMENTED),
    REFUSED(TRANSPORT_SEND, EC_NOT_IMPLEMENTED),
    REFUSED(TRANSPORT_NEW_MAIL, EC_NOT_IMPLEMENTED),

    /* Permissions, rules, synchronisation: MS-OXCPERM, MS-OXORULE, MS-OXCFXICS; not built yet */
    REFUSED(GET_PERMISSIONS_TABLE, EC_NOT_IMPLEMENTED),
    REFUSED(MODIFY_PERMISSIONS, EC_NOT_IMPLEMENTED),
    REFUSED(GET_RULES_TABLE, EC_NOT_IMPLEMENTED),
    REFUSED(MODIFY_RULES, EC_NOT_IMPLEMENTED),
    REFUSED(UPDATE_DEFERRED_ACTION_MESSAGES, EC_NOT_IMPLEMENTED),
    REFUSED(FAST_TRANSFER_SOURCE_COPY_MESSAGES, EC_NOT_IMPLEMENTED),
    REFUSED(FAST_TRANSFER_SOURCE_COPY_FOLDER, EC_NOT_IMPLEMENTED),
    REFUSED(FAST_TRANSFER_SOURCE_COPY_TO, EC_NOT_IMPLEMENTED),
    REFUSED(FAST_TRANSFER_SOURCE_COPY_PROPERTIES, EC_NOT_IMPLEMENTED),
    REFUSED(FAST_TRANSFER_SOURCE_GET_BUFFER, EC_NOT_IMPLEMENTED),
    REFUSED(FAST_TRANSFER_DESTINATION_CONFIGURE, EC_NOT_IMPLEMENTED),
    REFUSED(FAST_TRANSFER_DESTINATION_PUT_BUFFER, EC_NOT_IMPLEMENTED),
    REFUSED(FAST_TRANSFER_DESTINATION_PUT_BUFFER_EXTENDED, EC_NOT_IMPLEMENTED),
    REFUSED(TELL_VERSION, EC_NOT_IMPLEMENTED),
    REFUSED(SYNCHRONIZATION_CONFIGURE, EC_NOT_IMPLEMENTED),
    REFUSED(SYNCHRONIZATION_IMPORT_MESSAGE_CHANGE, EC_NOT_IMPLEMENTED),
    REFUSED(SYNCHRONIZATION_IMPORT_HIERARCHY_CHANGE, EC_NOT_IMPLEMENTED),
    REFUSED(SYNCHRONIZATION_IMPORT_DELETES, EC_NOT_IMPLEMENTED),
    REFUSED(SYNCHRONIZATION_UPLOAD_STATE_STREAM_BEGIN, EC_NOT_IMPLEMENTED),
    REFUSED(SYNCHRONIZATION_UPLOAD_STATE_STREAM_CONTINUE, EC_NOT_IMPLEMENTED),
    REFUSED(SYNCHRONIZATION_UPLOAD_STATE_STREAM_END, EC_NOT_IMPLEMENTED),
    REFUSED(SYNCHRONIZATION_IMPORT_MESSAGE_MOVE, EC_NOT_IMPLEMENTED),
    REFUSED(SYNCHRONIZATION_IMPORT_READ_STATE_CHANGES, EC_NOT_IMPLEMENTED),
    REFUSED(SYNCHRONIZATION_OPEN_COLLECTOR, EC_NOT_IMPLEMENTED),
    REFUSED(SYNCHRONIZATION_GET_TRANSFER_STATE, EC_NOT_IMPLEMENTED),
    REFUSED(SET_LOCAL_REPLICA_MIDSET_DELETED, EC_NOT_IMPLEMENTED),
};

const struct rop_declaration *rop_declaration_of(uint8_t rop_id)
{
    const struct rop_declaration *declaration = &declarations[rop_id];
    return declaration->handler || declaration->error ? declaration : NULL;
}
