/* One function per ROP; the file that holds it is named after what it acts on. Sections: MS-OXCROPS 2.2.3 to 2.2.14, with the
 * behaviour of MS-OXCSTOR, -OXCFOLD, -OXCMSG, -OXCTABL, -OXCPRPT and -OXCNOTIF (3.2.5 of each). */
#pragma once
#include "rop/call.h"

/* logon.c */
rop_handler rop_logon;
/* receive_folder.c */
rop_handler rop_get_receive_folder, rop_set_receive_folder, rop_get_receive_folder_table;
/* identifier.c */
rop_handler rop_long_term_id_from_id, rop_id_from_long_term_id, rop_get_local_replica_ids;
/* public_folder.c */
rop_handler rop_get_owning_servers, rop_public_folder_is_ghosted;
/* per_user.c */
rop_handler rop_get_per_user_long_term_ids, rop_get_per_user_guid, rop_read_per_user_information,
    rop_write_per_user_information;
/* folder.c */
rop_handler rop_open_folder, rop_create_folder, rop_delete_folder, rop_empty_folder,
    rop_hard_delete_messages_and_subfolders, rop_move_folder, rop_copy_folder;
/* search_folder.c */
rop_handler rop_set_search_criteria, rop_get_search_criteria;
/* folder_messages.c */
rop_handler rop_delete_messages, rop_hard_delete_messages, rop_move_copy_messages, rop_set_read_flags,
    rop_set_message_status, rop_get_message_status, rop_set_message_read_flag;
/* table_open.c */
rop_handler rop_get_hierarchy_table, rop_get_contents_table, rop_get_attachment_table;
/* table_view.c */
rop_handler rop_set_columns, rop_sort_table, rop_restrict, rop_reset_table, rop_get_status, rop_abort,
    rop_query_columns_all;
/* table_rows.c */
rop_handler rop_query_rows, rop_find_row;
/* table_position.c */
rop_handler rop_query_position, rop_seek_row, rop_seek_row_bookmark, rop_seek_row_fractional, rop_create_bookmark,
    rop_free_bookmark;
/* table_category.c */
rop_handler rop_expand_row, rop_collapse_row, rop_get_collapse_state, rop_set_collapse_state;
/* message.c */
rop_handler rop_open_message, rop_create_message, rop_save_changes_message, rop_reload_cached_information,
    rop_open_embedded_message;
/* recipients.c */
rop_handler rop_remove_all_recipients, rop_modify_recipients, rop_read_recipients;
/* attachment.c */
rop_handler rop_open_attachment, rop_create_attachment, rop_delete_attachment, rop_save_changes_attachment;
/* property_read.c */
rop_handler rop_get_properties_specific, rop_get_properties_all, rop_get_properties_list;
/* property_write.c */
rop_handler rop_set_properties, rop_delete_properties, rop_copy_properties, rop_copy_to;
/* named_property.c */
rop_handler rop_get_names_from_property_ids, rop_get_property_ids_from_names, rop_query_named_properties;
/* stream.c */
rop_handler rop_open_stream, rop_read_stream, rop_write_stream, rop_write_stream_extended, rop_commit_stream,
    rop_get_stream_size, rop_set_stream_size, rop_seek_stream, rop_copy_to_stream;
/* notification.c */
rop_handler rop_register_notification;
/* transport.c */
rop_handler rop_get_transport_folder, rop_get_address_types, rop_options_data;
