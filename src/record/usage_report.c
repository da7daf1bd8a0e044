/* Adding up the rows of a period. SQLite hands over numbers in the order of its key, and the sums are made here: twice as fast as
 * its GROUP BY, which would sort everything first, and different users are counted on the way.
 *
 * Two tables of sums: one for each user within each row of the answer, and one for the rows themselves; the second is made from
 * the first. By day this happens at the end of each day, so that memory holds one day. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "record/usage_file.h"

#define GROUPS_FIRST 1024u
#define ROWS_OF_PERIOD \
    "SELECT day, user, client, protocol, authentication, address, requests, failures, sessions, first_seen, last_seen FROM usage " \
    "WHERE day BETWEEN ?1 AND ?2 AND (?3 >> protocol) & 1"

/* What is not asked for is 0 for all. */
struct group_key {
    int64_t user, client, authentication, address;
    int32_t protocol, class;
};

struct group {
    struct group_key key;
    int32_t day;
    uint32_t users;
    uint64_t requests, failures, sessions, first_seen, last_seen;
};

struct group_table {
    struct group *groups;
    uint32_t *slots; /* number of the group + 1; 0: free */
    uint32_t count, capacity, slot_count;
};

struct report {
    struct usage_store *store;
    const struct usage_question *question;
    struct group_table of_users, rows;
    uint8_t *classes; /* by number of the client */
    int64_t class_count;
    int64_t nobody;   /* the number of the user who had not logged on: not counted as one; -1 */
    bool (*visit)(void *state, const struct usage_row *row);
    void *state;
    bool ended;
};

/* --- sums --- */

static uint32_t hash_of(const struct group_key *key)
{
    const uint64_t parts[] = {(uint64_t)key->user, (uint64_t)key->client, (uint64_t)key->authentication, (uint64_t)key->address,
                              (uint64_t)(uint32_t)key->protocol << 32 | (uint32_t)key->class};
    uint64_t hash = 0x9E3779B97F4A7C15ull;
    for (unsigned i = 0; i < sizeof parts / sizeof *parts; i++) {
        hash = (hash ^ parts[i]) * 0xFF51AFD7ED558CCDull;
        hash ^= hash >> 32;
    }
    return (uint32_t)hash;
}

static bool same_key(const struct group_key *a, const struct group_key *b)
{
    return a->user == b->user && a->client == b->client && a->authentication == b->authentication &&
           a->address == b->address && a->protocol == b->protocol && a->class == b->class;
}

static void enter_slot(struct group_table *table, uint32_t number)
{
    uint32_t at = hash_of(&table->groups[number].key) & (table->slot_count - 1);
    while (table->slots[at])
        at = (at + 1) & (table->slot_count - 1);
    table->slots[at] = number + 1;
}

static enum usage_status grow(struct group_table *table)
{
    uint32_t capacity = table->capacity ? table->capacity * 2 : GROUPS_FIRST;
    struct group *groups = reallocarray(table->groups, capacity, sizeof *groups);
    if (groups)
        table->groups = groups;
    uint32_t *slots = groups ? calloc((size_t)capacity * 2, sizeof *slots) : NULL;
    if (!slots)
        return USAGE_UNAVAILABLE;
    free(table->slots);
    table->slots = slots;
    table->slot_count = capacity * 2;
    table->capacity = capacity;
    for (uint32_t i = 0; i < table->count; i++)
        enter_slot(table, i);
    return USAGE_OK;
}

/* The group of a key; a new one has nothing in it. */
static enum usage_status find_group(struct group_table *table, const struct group_key *key, struct group **ret_group)
{
    if (table->count == table->capacity) {
        enum usage_status status = grow(table);
        if (status != USAGE_OK)
            return status;
    }
    uint32_t at = hash_of(key) & (table->slot_count - 1);
    for (; table->slots[at]; at = (at + 1) & (table->slot_count - 1)) {
        struct group *group = &table->groups[table->slots[at] - 1];
        if (same_key(&group->key, key)) {
            *ret_group = group;
            return USAGE_OK;
        }
    }
    if (table->count >= USAGE_GROUPS_MAX)
        return USAGE_TOO_LARGE;
    table->groups[table->count] = (struct group){.key = *key, .first_seen = UINT64_MAX};
    table->slots[at] = ++table->count;
    *ret_group = &table->groups[table->count - 1];
    return USAGE_OK;
}

static void add_sums(struct group *sum, const struct group *other)
{
    sum->requests += other->requests;
    sum->failures += other->failures;
    sum->sessions += other->sessions;
    if (other->first_seen < sum->first_seen)
        sum->first_seen = other->first_seen;
    if (other->last_seen > sum->last_seen)
        sum->last_seen = other->last_seen;
    if (other->day > sum->day)
        sum->day = other->day;
}

static void clear(struct group_table *table)
{
    if (table->slots)
        memset(table->slots, 0, table->slot_count * sizeof *table->slots);
    table->count = 0;
}

/* --- showing --- */

/* The texts of a row as SQLite has them, until the statements are used again. */
static enum usage_status name_user(struct report *report, int64_t number, struct usage_entry *entry)
{
    sqlite3_stmt *statement = usage_statement(report->store, USAGE_USER_BY_ID);
    if (!statement || sqlite3_bind_int64(statement, 1, number) != SQLITE_OK || sqlite3_step(statement) != SQLITE_ROW)
        return USAGE_CORRUPT;
    const void *guid = sqlite3_column_blob(statement, 0);
    if (guid && sqlite3_column_bytes(statement, 0) == sizeof entry->user.data)
        memcpy(entry->user.data, guid, sizeof entry->user.data);
    entry->user_address = (const char *)sqlite3_column_text(statement, 1);
    return entry->user_address ? USAGE_OK : USAGE_UNAVAILABLE;
}

static enum client_class class_of_number(int64_t number)
{
    return number >= 0 && number < (int64_t)CLIENT_CLASS_COUNT ? (enum client_class)number : CLIENT_UNDETERMINED;
}

static enum usage_status name_client(struct report *report, int64_t number, struct usage_entry *entry)
{
    sqlite3_stmt *statement = usage_statement(report->store, USAGE_CLIENT_BY_ID);
    if (!statement || sqlite3_bind_int64(statement, 1, number) != SQLITE_OK || sqlite3_step(statement) != SQLITE_ROW)
        return USAGE_CORRUPT;
    entry->software = (const char *)sqlite3_column_text(statement, 0);
    entry->version = (const char *)sqlite3_column_text(statement, 1);
    entry->class = class_of_number(sqlite3_column_int64(statement, 2));
    return entry->software && entry->version ? USAGE_OK : USAGE_UNAVAILABLE;
}

static enum usage_status name_text(struct report *report, int64_t number, char text[USAGE_TEXT_SIZE_MAX + 1])
{
    sqlite3_stmt *statement = usage_statement(report->store, USAGE_TEXT_BY_ID);
    if (!statement || sqlite3_bind_int64(statement, 1, number) != SQLITE_OK || sqlite3_step(statement) != SQLITE_ROW)
        return USAGE_CORRUPT;
    const char *found = (const char *)sqlite3_column_text(statement, 0);
    snprintf(text, USAGE_TEXT_SIZE_MAX + 1, "%s", found ? found : "");
    return USAGE_OK;
}

static enum usage_status show(struct report *report, const struct group *group)
{
    unsigned by = report->question->by;
    char authentication[USAGE_TEXT_SIZE_MAX + 1] = "", address[USAGE_TEXT_SIZE_MAX + 1] = "";
    enum usage_status status = USAGE_OK;
    struct usage_row row = {.users = group->users, .entry = {
        .day = group->day, .user_address = "", .protocol = (enum usage_protocol)group->key.protocol, .software = "", .version = "",
        .class = class_of_number(group->key.class), .authentication = authentication, .address = address,
        .requests = group->requests, .failures = group->failures, .sessions = group->sessions,
        .first_seen = group->first_seen, .last_seen = group->last_seen}};
    if (by & USAGE_BY_USER)
        status = name_user(report, group->key.user, &row.entry);
    if (status == USAGE_OK && by & USAGE_BY_CLIENT)
        status = name_client(report, group->key.client, &row.entry);
    if (status == USAGE_OK && by & USAGE_BY_AUTHENTICATION)
        status = name_text(report, group->key.authentication, authentication);
    if (status == USAGE_OK && by & USAGE_BY_ADDRESS)
        status = name_text(report, group->key.address, address);
    if (status == USAGE_OK)
        report->ended = !report->visit(report->state, &row);
    return status;
}

static int busiest_first(const void *a, const void *b)
{
    const struct group *left = a, *right = b;
    return left->requests > right->requests ? -1 : left->requests < right->requests;
}

/* From the sums for each user to the rows, and shows them. */
static enum usage_status conclude(struct report *report)
{
    enum usage_status status = USAGE_OK;
    for (uint32_t i = 0; status == USAGE_OK && i < report->of_users.count; i++) {
        const struct group *of_user = &report->of_users.groups[i];
        struct group_key key = of_user->key;
        struct group *row;
        if (!(report->question->by & USAGE_BY_USER))
            key.user = 0;
        status = find_group(&report->rows, &key, &row);
        if (status == USAGE_OK) {
            add_sums(row, of_user);
            row->users += of_user->key.user != report->nobody;
        }
    }
    if (status == USAGE_OK && report->rows.count > 1)
        qsort(report->rows.groups, report->rows.count, sizeof *report->rows.groups, busiest_first);
    for (uint32_t i = 0; status == USAGE_OK && !report->ended && i < report->rows.count; i++)
        status = show(report, &report->rows.groups[i]);
    clear(&report->of_users);
    clear(&report->rows);
    return status;
}

/* --- reading --- */

static enum usage_status read_classes(struct report *report)
{
    sqlite3_stmt *statement = usage_statement(report->store, USAGE_ALL_CLASSES);
    int result = SQLITE_ERROR;
    while (statement && (result = sqlite3_step(statement)) == SQLITE_ROW) {
        int64_t number = sqlite3_column_int64(statement, 0);
        if (!report->classes) { /* the highest number comes first */
            if (number < 0 || number > INT32_MAX)
                return USAGE_CORRUPT;
            report->class_count = number + 1;
            report->classes = calloc((size_t)report->class_count, 1);
            if (!report->classes)
                return USAGE_UNAVAILABLE;
        }
        if (number >= 0 && number < report->class_count)
            report->classes[number] = (uint8_t)class_of_number(sqlite3_column_int64(statement, 1));
    }
    return usage_status_of(result);
}

static enum usage_status find_user(struct usage_store *store, struct guid user, int64_t *ret_number)
{
    sqlite3_stmt *statement = NULL;
    int result = sqlite3_prepare_v2(store->database, "SELECT id FROM users WHERE guid = ?", -1, &statement, NULL);
    if (result == SQLITE_OK) {
        sqlite3_bind_blob(statement, 1, user.data, sizeof user.data, SQLITE_STATIC);
        result = sqlite3_step(statement);
        if (result == SQLITE_ROW)
            *ret_number = sqlite3_column_int64(statement, 0);
    }
    sqlite3_finalize(statement);
    return result == SQLITE_DONE ? USAGE_NOT_FOUND : usage_status_of(result);
}

enum usage_status usage_store_find_user(struct usage_store *store, const char *address, struct guid *ret_user)
{
    static const char query[] = "SELECT guid FROM users WHERE address = ? COLLATE NOCASE ORDER BY id DESC LIMIT 1";
    sqlite3_stmt *statement = NULL;
    int result = sqlite3_prepare_v2(store->database, query, -1, &statement, NULL);
    if (result == SQLITE_OK) {
        sqlite3_bind_text(statement, 1, address, -1, SQLITE_STATIC);
        result = sqlite3_step(statement);
        if (result == SQLITE_ROW && sqlite3_column_bytes(statement, 0) == sizeof ret_user->data)
            memcpy(ret_user->data, sqlite3_column_blob(statement, 0), sizeof ret_user->data);
    }
    sqlite3_finalize(statement);
    return result == SQLITE_DONE ? USAGE_NOT_FOUND : usage_status_of(result);
}

static enum usage_status take_row(struct report *report, sqlite3_stmt *statement)
{
    unsigned by = report->question->by;
    int64_t client = sqlite3_column_int64(statement, 2);
    struct group_key key = {.user = sqlite3_column_int64(statement, 1)};
    struct group *group;
    struct group row = {
        .day = sqlite3_column_int(statement, 0), .requests = (uint64_t)sqlite3_column_int64(statement, 6),
        .failures = (uint64_t)sqlite3_column_int64(statement, 7), .sessions = (uint64_t)sqlite3_column_int64(statement, 8),
        .first_seen = (uint64_t)sqlite3_column_int64(statement, 9), .last_seen = (uint64_t)sqlite3_column_int64(statement, 10)};
    if (by & USAGE_BY_CLIENT)
        key.client = client;
    else if (by & USAGE_BY_CLASS && client >= 0 && client < report->class_count)
        key.class = report->classes[client];
    if (by & USAGE_BY_PROTOCOL)
        key.protocol = sqlite3_column_int(statement, 3);
    if (key.protocol < 0 || key.protocol >= (int32_t)USAGE_PROTOCOL_COUNT)
        return USAGE_CORRUPT;
    if (by & USAGE_BY_AUTHENTICATION)
        key.authentication = sqlite3_column_int64(statement, 4);
    if (by & USAGE_BY_ADDRESS)
        key.address = sqlite3_column_int64(statement, 5);
    enum usage_status status = find_group(&report->of_users, &key, &group);
    if (status == USAGE_OK)
        add_sums(group, &row);
    return status;
}

static enum usage_status read_rows(struct report *report, sqlite3_stmt *statement)
{
    enum usage_status status = USAGE_OK;
    int32_t day = INT32_MIN; /* nothing is there before the first */
    int result = SQLITE_DONE;
    while (status == USAGE_OK && !report->ended && (result = sqlite3_step(statement)) == SQLITE_ROW) {
        if (report->question->by & USAGE_BY_DAY && sqlite3_column_int(statement, 0) != day) {
            status = conclude(report);
            day = sqlite3_column_int(statement, 0);
        }
        if (status == USAGE_OK && !report->ended)
            status = take_row(report, statement);
    }
    if (status == USAGE_OK && !report->ended)
        status = usage_status_of(result);
    return status == USAGE_OK && !report->ended ? conclude(report) : status;
}

static enum usage_status read_period(struct report *report)
{
    static const char *const queries[2][2] = {{ROWS_OF_PERIOD " ORDER BY day", ROWS_OF_PERIOD " ORDER BY day DESC"},
                                              {ROWS_OF_PERIOD " AND user = ?4 ORDER BY day", ROWS_OF_PERIOD " AND user = ?4 ORDER BY day DESC"}};
    const struct usage_question *question = report->question;
    const char *query = queries[question->user != NULL][question->newest_first];
    sqlite3_stmt *statement = NULL;
    int64_t user = 0;
    enum usage_status status = question->user ? find_user(report->store, *question->user, &user) : USAGE_OK;
    if (status == USAGE_NOT_FOUND) /* never seen */
        return USAGE_OK;
    if (status == USAGE_OK)
        status = usage_status_of(sqlite3_prepare_v2(report->store->database, query, -1, &statement, NULL));
    if (status == USAGE_OK) {
        sqlite3_bind_int(statement, 1, question->first_day);
        sqlite3_bind_int(statement, 2, question->last_day);
        sqlite3_bind_int64(statement, 3, question->protocols ? question->protocols : 0xFFFFFFFFu);
        if (question->user)
            sqlite3_bind_int64(statement, 4, user);
        status = read_rows(report, statement);
    }
    sqlite3_finalize(statement);
    return status;
}

enum usage_status usage_store_report(struct usage_store *store, const struct usage_question *question,
                                     bool (*visit)(void *state, const struct usage_row *row), void *state)
{
    struct report report = {.store = store, .question = question, .nobody = -1, .visit = visit, .state = state};
    /* One moment of the file, also while the server writes. */
    enum usage_status status = usage_run(store, USAGE_BEGIN_READ);
    if (status != USAGE_OK)
        return status;
    if (question->by & USAGE_BY_CLASS && !(question->by & USAGE_BY_CLIENT))
        status = read_classes(&report);
    if (status == USAGE_OK) {
        status = find_user(store, (struct guid){{0}}, &report.nobody);
        if (status == USAGE_NOT_FOUND)
            status = USAGE_OK;
    }
    if (status == USAGE_OK)
        status = read_period(&report);
    for (unsigned i = 0; i < USAGE_STATEMENT_COUNT; i++)
        if (store->statements[i])
            sqlite3_reset(store->statements[i]);
    enum usage_status end = usage_run(store, USAGE_COMMIT);
    free(report.classes);
    free(report.of_users.groups);
    free(report.of_users.slots);
    free(report.rows.groups);
    free(report.rows.slots);
    return status == USAGE_OK ? end : status;
}
