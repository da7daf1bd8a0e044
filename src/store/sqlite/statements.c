#include "store/sqlite/statements.h"

static const char *const texts[STATEMENT_COUNT] = {
    [STATEMENT_BEGIN] = "BEGIN",
    [STATEMENT_BEGIN_IMMEDIATE] = "BEGIN IMMEDIATE",
    [STATEMENT_COMMIT] = "COMMIT",
    [STATEMENT_ROLLBACK] = "ROLLBACK",
    [STATEMENT_SAVEPOINT_0] = "SAVEPOINT s0",
    [STATEMENT_SAVEPOINT_1] = "SAVEPOINT s1",
    [STATEMENT_RELEASE_0] = "RELEASE s0",
    [STATEMENT_RELEASE_1] = "RELEASE s1",
    [STATEMENT_ROLLBACK_TO_0] = "ROLLBACK TO s0",
    [STATEMENT_ROLLBACK_TO_1] = "ROLLBACK TO s1",

    [STATEMENT_MAILBOX_GET] = "SELECT guid, owner, creation_time, next_counter, next_value_id FROM mailbox",
    [STATEMENT_COUNTERS_SET] = "UPDATE mailbox SET next_counter = ?1, next_value_id = ?2",
    [STATEMENT_META_GET] = "SELECT value FROM meta WHERE name = ?1",
    [STATEMENT_META_SET] = "INSERT OR REPLACE INTO meta (name, value) VALUES (?1, ?2)",
    [STATEMENT_META_DELETE] = "DELETE FROM meta WHERE name = ?1",
    [STATEMENT_REPLICA_LIST] = "SELECT replica_id, guid FROM replica ORDER BY replica_id",
    [STATEMENT_REPLICA_FIND] = "SELECT replica_id FROM replica WHERE guid = ?1",
    [STATEMENT_REPLICA_ADD] =
        "INSERT INTO replica (replica_id, guid) SELECT max(replica_id) + 1, ?1 FROM replica RETURNING replica_id",

    /* chunk_id is value_id << 16 | number of the chunk */
    [STATEMENT_CHUNK_WRITE] = "INSERT OR REPLACE INTO chunk (chunk_id, data) VALUES (?1, ?2)",
    [STATEMENT_CHUNK_READ] = "SELECT chunk_id, data FROM chunk WHERE chunk_id BETWEEN ?1 AND ?2 ORDER BY chunk_id",
    [STATEMENT_CHUNK_LAST] =
        "SELECT chunk_id, length(data) FROM chunk WHERE chunk_id BETWEEN ?1 AND ?2 ORDER BY chunk_id DESC LIMIT 1",
    [STATEMENT_CHUNK_COPY] =
        "INSERT INTO chunk (chunk_id, data) SELECT chunk_id + ?3, data FROM chunk WHERE chunk_id BETWEEN ?1 AND ?2",
    [STATEMENT_CHUNK_DELETE] = "DELETE FROM chunk WHERE chunk_id BETWEEN ?1 AND ?2",
    [STATEMENT_STAGED_ADD] = "INSERT INTO staged (value_id, creation_time) VALUES (?1, ?2)",
    [STATEMENT_STAGED_FIND] = "SELECT 1 FROM staged WHERE value_id = ?1",
    [STATEMENT_STAGED_DELETE] = "DELETE FROM staged WHERE value_id = ?1",
    [STATEMENT_STAGED_BEFORE] = "SELECT value_id FROM staged WHERE creation_time < ?1",

    [STATEMENT_FOLDER_INSERT] =
        "INSERT INTO folder (folder_id, parent_id, type, name_key, change_number, creation_time, modification_time, "
        "origin, properties) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?6, ?7, ?8)",
    [STATEMENT_FOLDER_UPDATE] =
        "UPDATE folder SET parent_id = ?2, name_key = ?3, change_number = ?4, modification_time = ?5, origin = ?6, "
        "properties = ?7 WHERE folder_id = ?1",
    [STATEMENT_FOLDER_GET] = "SELECT " FOLDER_COLUMNS " FROM folder f WHERE f.folder_id = ?1",
    [STATEMENT_FOLDER_LIST] =
        "SELECT " FOLDER_COLUMNS ", 1 FROM folder f WHERE f.parent_id = ?1 AND (f.deleted_time <> 0) = ?2 "
        "ORDER BY f.name_key, f.folder_id",
    /* The path of sort keys from the top gives parents before children, siblings by name ('/' sorts before hex digits). */
    [STATEMENT_FOLDER_LIST_DEEP] =
        "WITH RECURSIVE below (folder_id, depth, path) AS ("
        " SELECT folder_id, 1, hex(name_key) FROM folder WHERE parent_id = ?1 AND deleted_time = 0 UNION ALL"
        " SELECT c.folder_id, b.depth + 1, b.path || '/' || hex(c.name_key) FROM below b CROSS JOIN folder c"
        "  ON c.parent_id = b.folder_id WHERE c.deleted_time = 0) "
        "SELECT " FOLDER_COLUMNS ", b.depth FROM below b CROSS JOIN folder f ON f.folder_id = b.folder_id "
        "ORDER BY b.path, f.folder_id",
    [STATEMENT_FOLDER_LIST_DEEP_DELETED] =
        "WITH RECURSIVE below (folder_id, depth, path) AS ("
        " SELECT folder_id, 1, hex(name_key) FROM folder WHERE parent_id = ?1 UNION ALL"
        " SELECT c.folder_id, b.depth + 1, b.path || '/' || hex(c.name_key) FROM below b CROSS JOIN folder c"
        "  ON c.parent_id = b.folder_id) "
        "SELECT " FOLDER_COLUMNS ", b.depth FROM below b CROSS JOIN folder f ON f.folder_id = b.folder_id "
        "WHERE f.deleted_time <> 0 ORDER BY b.path, f.folder_id",
    [STATEMENT_FOLDER_FIND] = "SELECT folder_id FROM folder WHERE parent_id = ?1 AND name_key = ?2 AND deleted_time = 0",
    [STATEMENT_FOLDER_PARENT] = "SELECT parent_id FROM folder WHERE folder_id = ?1",
    [STATEMENT_FOLDER_CHILDREN_CHANGE] =
        "UPDATE folder SET child_folders = child_folders + ?2, hierarchy_change_number = max(hierarchy_change_number, ?3) "
        "WHERE folder_id = ?1",
    [STATEMENT_FOLDER_SUBTREE] =
        "WITH RECURSIVE below (folder_id) AS (SELECT ?1 UNION ALL"
        " SELECT c.folder_id FROM below b CROSS JOIN folder c ON c.parent_id = b.folder_id) SELECT folder_id FROM below",
    [STATEMENT_FOLDER_SOFT_DELETE] =
        "UPDATE folder SET deleted_time = ?2, change_number = ?3, child_folders = 0 WHERE folder_id = ?1 "
        "AND deleted_time = 0",
    [STATEMENT_FOLDER_DELETE] = "DELETE FROM folder WHERE folder_id = ?1",
    [STATEMENT_FOLDER_COUNT] =
        "UPDATE folder SET content = content + ?2, unread = unread + ?3, associated = associated + ?4, "
        "deleted_content = deleted_content + ?5, deleted_associated = deleted_associated + ?6, "
        "deleted_total = deleted_total + ?7, size = size + ?8, associated_size = associated_size + ?9, "
        "deleted_size = deleted_size + ?10, local_commit_time_max = max(local_commit_time_max, ?11) WHERE folder_id = ?1",
    [STATEMENT_FOLDER_VIEW_ROWS_DELETE] =
        "DELETE FROM view_row WHERE view_id IN (SELECT view_id FROM view WHERE folder_id = ?1)",
    [STATEMENT_FOLDER_VIEW_PARTS_DELETE] =
        "DELETE FROM view_part WHERE view_id IN (SELECT view_id FROM view WHERE folder_id = ?1)",
    [STATEMENT_FOLDER_VIEWS_DELETE] = "DELETE FROM view WHERE folder_id = ?1",
    [STATEMENT_FOLDER_DELETIONS_DELETE] = "DELETE FROM deletion WHERE folder_id = ?1",

    [STATEMENT_MESSAGE_INSERT] =
        "INSERT INTO message (message_id, folder_id, kind, read, flags, status, size, change_number, commit_time, "
        "attachment_count, origin, properties) "
        "VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12)",
    [STATEMENT_MESSAGE_UPDATE] =
        "UPDATE message SET flags = ?2, size = ?3, change_number = ?4, commit_time = ?5, attachment_count = ?6, "
        "origin = ?7, properties = ?8 WHERE message_id = ?1",
    [STATEMENT_MESSAGE_GET] = "SELECT " MESSAGE_COLUMNS " FROM message m WHERE m.message_id = ?1",
    [STATEMENT_MESSAGE_SIZE] = "UPDATE message SET size = ?2 WHERE message_id = ?1",
    [STATEMENT_MESSAGE_SET_READ] =
        "UPDATE message SET read = ?2, flags = ?3, read_change_number = ?4 WHERE message_id = ?1",
    [STATEMENT_MESSAGE_SET_STATUS] = "UPDATE message SET status = ?2 WHERE message_id = ?1",
    [STATEMENT_MESSAGE_SET_KIND] =
        "UPDATE message SET kind = ?2, deleted_time = ?3 WHERE message_id = ?1",
    [STATEMENT_MESSAGE_MOVE] =
        "UPDATE message SET message_id = ?2, folder_id = ?3, kind = ?4, change_number = ?5, commit_time = ?6, "
        "read_change_number = 0, deleted_time = 0, origin = NULL WHERE message_id = ?1",
    [STATEMENT_MESSAGE_DELETE] = "DELETE FROM message WHERE message_id = ?1",
    [STATEMENT_MESSAGE_FIRST_OF_FOLDER] =
        "SELECT " MESSAGE_COLUMNS " FROM message m INDEXED BY message_change WHERE m.folder_id = ?1 LIMIT 256",
    [STATEMENT_MESSAGE_CHANGES] =
        "SELECT " MESSAGE_COLUMNS " FROM message m INDEXED BY message_change WHERE m.folder_id = ?1 AND m.kind = ?2 AND "
        "m.change_number > ?3 ORDER BY m.change_number, m.message_id LIMIT ?4",
    [STATEMENT_MESSAGE_READ_CHANGES] =
        "SELECT " MESSAGE_COLUMNS " FROM message m INDEXED BY message_read_change WHERE m.folder_id = ?1 AND m.kind = ?2 "
        "AND m.read_change_number > ?3 AND m.read_change_number > 0 ORDER BY m.read_change_number, m.message_id LIMIT ?4",

    [STATEMENT_ATTACHMENT_INSERT] =
        "INSERT INTO attachment (attachment_id, message_id, parent_id, number, size, properties, embedded) "
        "VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)",
    [STATEMENT_ATTACHMENT_UPDATE] =
        "UPDATE attachment SET number = ?2, size = ?3, properties = ?4, embedded = ?5 WHERE attachment_id = ?1",
    [STATEMENT_ATTACHMENT_GET] =
        "SELECT message_id, parent_id, number, size, properties, embedded FROM attachment WHERE attachment_id = ?1",
    [STATEMENT_ATTACHMENT_LIST] =
        "SELECT attachment_id, number, size, embedded IS NOT NULL, properties FROM attachment "
        "WHERE message_id = ?1 AND parent_id = ?2 ORDER BY number",
    [STATEMENT_ATTACHMENT_ALL] =
        "SELECT attachment_id, parent_id, number, size, properties, embedded FROM attachment "
        "WHERE message_id = ?1 ORDER BY parent_id, number",
    [STATEMENT_ATTACHMENT_GROW] =
        "UPDATE attachment SET size = size + ?2 WHERE attachment_id = ?1 RETURNING parent_id",
    [STATEMENT_ATTACHMENT_DELETE] = "DELETE FROM attachment WHERE attachment_id = ?1",
    [STATEMENT_ATTACHMENT_DELETE_ALL] = "DELETE FROM attachment WHERE message_id = ?1",
    [STATEMENT_ATTACHMENT_MOVE] = "UPDATE attachment SET message_id = ?2 WHERE message_id = ?1",

    [STATEMENT_DELETION_ADD] =
        "INSERT OR REPLACE INTO deletion (folder_id, change_number, object_id, time, is_folder) VALUES (?1, ?2, ?3, ?4, ?5)",
    [STATEMENT_DELETION_LIST] =
        "SELECT object_id, change_number, time, is_folder FROM deletion WHERE folder_id = ?1 AND change_number > ?2 "
        "ORDER BY change_number, object_id LIMIT ?3",

    [STATEMENT_VIEW_FIND] =
        "SELECT view_id, complete, last_used FROM view WHERE folder_id = ?1 AND kind = ?2 AND columns = ?3",
    [STATEMENT_VIEW_GET] =
        "SELECT folder_id, kind, columns, complete, built_change_number, built_message_id, counted FROM view "
        "WHERE view_id = ?1",
    [STATEMENT_VIEW_LIST] = "SELECT view_id, columns, counted FROM view WHERE folder_id = ?1 AND kind = ?2",
    [STATEMENT_VIEW_ADD] =
        "INSERT INTO view (folder_id, kind, columns, complete, last_used) VALUES (?1, ?2, ?3, ?4, ?5) RETURNING view_id",
    [STATEMENT_VIEW_PROGRESS] =
        "UPDATE view SET built_change_number = ?2, built_message_id = ?3, complete = ?4 WHERE view_id = ?1",
    [STATEMENT_VIEW_USED] = "UPDATE view SET last_used = ?2 WHERE view_id = ?1",
    [STATEMENT_VIEW_LEAST_USED] =
        "SELECT view_id, count(*) OVER () FROM view WHERE folder_id = ?1 AND kind = ?2 AND columns <> ?3 "
        "ORDER BY last_used, view_id LIMIT 1",
    [STATEMENT_VIEW_DELETE] = "DELETE FROM view WHERE view_id = ?1",
    [STATEMENT_VIEW_ROWS_DELETE] = "DELETE FROM view_row WHERE view_id = ?1",
    [STATEMENT_VIEW_SOURCE] =
        "SELECT " MESSAGE_COLUMNS " FROM message m INDEXED BY message_change WHERE m.folder_id = ?1 AND m.kind = ?2 AND "
        "(m.change_number, m.message_id) > (?3, ?4) ORDER BY m.change_number, m.message_id LIMIT ?5",
    [STATEMENT_VIEW_ROW_ADD] = "INSERT OR IGNORE INTO view_row (view_id, key, message_id) VALUES (?1, ?2, ?3)",
    [STATEMENT_VIEW_ROW_DELETE] = "DELETE FROM view_row WHERE view_id = ?1 AND key = ?2 AND message_id = ?3",
    [STATEMENT_VIEW_ROW_FIND] = "SELECT 1 FROM view_row WHERE view_id = ?1 AND key = ?2 AND message_id = ?3",
    [STATEMENT_VIEW_PAGE] =
        "SELECT " MESSAGE_COLUMNS ", v.key FROM view_row v CROSS JOIN message m ON m.message_id = v.message_id "
        "WHERE v.view_id = ?1 AND (v.key, v.message_id) > (?2, ?3) ORDER BY v.key, v.message_id LIMIT ?4",
    [STATEMENT_VIEW_PAGE_BACKWARD] =
        "SELECT " MESSAGE_COLUMNS ", v.key FROM view_row v CROSS JOIN message m ON m.message_id = v.message_id "
        "WHERE v.view_id = ?1 AND (v.key, v.message_id) < (?2, ?3) ORDER BY v.key DESC, v.message_id DESC LIMIT ?4",
    [STATEMENT_VIEW_KEYS] =
        "SELECT message_id, key FROM view_row WHERE view_id = ?1 AND (key, message_id) > (?2, ?3) "
        "ORDER BY key, message_id LIMIT ?4",
    [STATEMENT_VIEW_KEYS_BACKWARD] =
        "SELECT message_id, key FROM view_row WHERE view_id = ?1 AND (key, message_id) < (?2, ?3) "
        "ORDER BY key DESC, message_id DESC LIMIT ?4",
    [STATEMENT_VIEW_COUNT_BEFORE] = "SELECT count(*) FROM view_row WHERE view_id = ?1 AND (key, message_id) < (?2, ?3)",
    [STATEMENT_VIEW_COUNT_AFTER] = "SELECT count(*) FROM view_row WHERE view_id = ?1 AND (key, message_id) > (?2, ?3)",
    [STATEMENT_VIEW_COUNT_BETWEEN] =
        "SELECT count(*) FROM view_row WHERE view_id = ?1 AND (key, message_id) > (?2, ?3) AND (key, message_id) < (?4, ?5)",
    [STATEMENT_VIEW_COUNTED] = "UPDATE view SET counted = 1 WHERE view_id = ?1",
    [STATEMENT_VIEW_PART_OF] =
        "SELECT key, message_id, row_count FROM view_part WHERE view_id = ?1 AND (key, message_id) < (?2, ?3) "
        "ORDER BY key DESC, message_id DESC LIMIT 1",
    [STATEMENT_VIEW_PART_SET] =
        "INSERT OR REPLACE INTO view_part (view_id, key, message_id, row_count) VALUES (?1, ?2, ?3, ?4)",
    [STATEMENT_VIEW_PARTS] =
        "SELECT key, message_id, row_count FROM view_part WHERE view_id = ?1 ORDER BY key, message_id",
    [STATEMENT_VIEW_PARTS_SUM] =
        "SELECT coalesce(sum(row_count), 0) FROM view_part WHERE view_id = ?1 AND (key, message_id) < (?2, ?3)",
    [STATEMENT_VIEW_PARTS_DELETE] = "DELETE FROM view_part WHERE view_id = ?1",
    [STATEMENT_VIEW_SKIP] =
        "SELECT message_id, key FROM view_row WHERE view_id = ?1 AND (key, message_id) > (?2, ?3) "
        "ORDER BY key, message_id LIMIT 1 OFFSET ?4",
    [STATEMENT_VIEW_SKIP_BACKWARD] =
        "SELECT message_id, key FROM view_row WHERE view_id = ?1 AND (key, message_id) < (?2, ?3) "
        "ORDER BY key DESC, message_id DESC LIMIT 1 OFFSET ?4",

    [STATEMENT_NAMED_FIND] =
        "SELECT property_id FROM named_property WHERE guid = ?1 AND kind = ?2 AND lid = ?3 AND name = ?4",
    [STATEMENT_NAMED_NEXT] = "SELECT coalesce(max(property_id) + 1, 32768) FROM named_property",
    [STATEMENT_NAMED_ADD] =
        "INSERT INTO named_property (property_id, guid, kind, lid, name) VALUES (?1, ?2, ?3, ?4, ?5)",
    [STATEMENT_NAMED_GET] = "SELECT guid, kind, lid, name FROM named_property WHERE property_id = ?1",
    [STATEMENT_NAMED_LIST] =
        "SELECT guid, kind, lid, name, property_id FROM named_property WHERE ?1 IS NULL OR guid = ?1 ORDER BY property_id",
    [STATEMENT_RECEIVE_LIST] =
        "SELECT message_class, folder_id, modification_time FROM receive_folder ORDER BY message_class",
    [STATEMENT_RECEIVE_SET] =
        "INSERT OR REPLACE INTO receive_folder (message_class, folder_id, modification_time) VALUES (?1, ?2, ?3)",
    [STATEMENT_RECEIVE_DELETE] = "DELETE FROM receive_folder WHERE message_class = ?1",
};

const char *statement_text(enum statement_id id) { return texts[id]; }
