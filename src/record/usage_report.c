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
    "WHERE day BETWEEN ?1 AND ?2"
#define OF_PROTOCOLS " AND (?3 >> protocol) & 1"
#define OF_USER " AND user = ?4"
#define FORWARDS " ORDER BY day"
#define BACKWARDS " ORDER BY day DESC"

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

/* What numbers stand for, read when they are first shown: an answer by day names the same few again and again. */
struct name {
    struct guid guid;
    enum client_class class;
    const char *second; /* in texts */
    char texts[];
};
struct name_table {
    struct name **names; /* by number */
    int64_t count;
};
enum { NAMES_OF_USERS, NAMES_OF_CLIENTS, NAMES_OF_TEXTS, NAME_TABLE_COUNT };
#define NAME_NUMBER_MAX (1 << 24) /* higher ones, which only years of abuse make, are a damage */

struct client_kind {
    uint8_t class;
    uint32_t software; /* the first client of the same software */
};

struct report {
    struct usage_store *store;
    const struct usage_question *question;
    struct group_table of_users, rows;
    struct name_table names[NAME_TABLE_COUNT];
    struct client_kind *clients; /* by number, where they are asked for */
    int64_t client_count;
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

static enum client_class class_of_number(int64_t number)
{
    return number >= 0 && number < (int64_t)CLIENT_CLASS_COUNT ? (enum client_class)number : CLIENT_UNDETERMINED;
}

/* From the current row: a GUID and a text, two texts and a class, or one text. */
static struct name *make_name(sqlite3_stmt *statement, unsigned table)
{
    int first_column = table == NAMES_OF_USERS ? 1 : 0;
    const char *first = (const char *)sqlite3_column_text(statement, first_column);
    const char *second = table == NAMES_OF_CLIENTS ? (const char *)sqlite3_column_text(statement, 1) : "";
    size_t size = first && second ? strlen(first) + 1 : 0;
    struct name *name = size ? calloc(1, sizeof *name + size + strlen(second) + 1) : NULL;
    if (!name)
        return NULL;
    memcpy(name->texts, first, size);
    strcpy(name->texts + size, second);
    name->second = name->texts + size;
    if (table == NAMES_OF_CLIENTS)
        name->class = class_of_number(sqlite3_column_int64(statement, 2));
    if (table == NAMES_OF_USERS && sqlite3_column_bytes(statement, 0) == sizeof name->guid.data)
        memcpy(name->guid.data, sqlite3_column_blob(statement, 0), sizeof name->guid.data);
    return name;
}

static bool make_room(struct name_table *table, int64_t number)
{
    if (number < table->count)
        return true;
    int64_t count = table->count ? table->count : 64;
    while (count <= number)
        count *= 2;
    struct name **names = reallocarray(table->names, (size_t)count, sizeof *names);
    if (!names)
        return false;
    memset(names + table->count, 0, (size_t)(count - table->count) * sizeof *names);
    table->names = names;
    table->count = count;
    return true;
}

static enum usage_status find_name(struct report *report, unsigned table, int64_t number, const struct name **ret_name)
{
    static const enum usage_statement statements[] = {USAGE_USER_BY_ID, USAGE_CLIENT_BY_ID, USAGE_TEXT_BY_ID};
    struct name_table *names = &report->names[table];
    if (number < 0 || number > NAME_NUMBER_MAX)
        return USAGE_CORRUPT;
    if (!make_room(names, number))
        return USAGE_UNAVAILABLE;
    if (!names->names[number]) {
        sqlite3_stmt *statement = usage_statement(report->store, statements[table]);
        if (!statement || sqlite3_bind_int64(statement, 1, number) != SQLITE_OK || sqlite3_step(statement) != SQLITE_ROW)
            return USAGE_CORRUPT;
        names->names[number] = make_name(statement, table);
        if (!names->names[number])
            return USAGE_UNAVAILABLE;
    }
    *ret_name = names->names[number];
    return USAGE_OK;
}

static void free_names(struct report *report)
{
    for (unsigned table = 0; table < NAME_TABLE_COUNT; table++) {
        for (int64_t i = 0; i < report->names[table].count; i++)
            free(report->names[table].names[i]);
        free(report->names[table].names);
    }
}

static enum usage_status name_client(struct report *report, const struct group *group, struct usage_entry *entry)
{
    const struct name *name;
    enum usage_status status = find_name(report, NAMES_OF_CLIENTS, group->key.client, &name);
    if (status != USAGE_OK)
        return status;
    entry->software = name->texts;
    if (report->question->by & USAGE_BY_CLIENT) {
        entry->version = name->second;
        entry->class = name->class;
    }
    return USAGE_OK;
}

static enum usage_status show(struct report *report, const struct group *group)
{
    unsigned by = report->question->by;
    enum usage_status status = USAGE_OK;
    const struct name *name;
    struct usage_row row = {.users = group->users, .entry = {
        .day = group->day, .user_address = "", .protocol = (enum usage_protocol)group->key.protocol, .software = "", .version = "",
        .class = class_of_number(group->key.class), .authentication = "", .address = "",
        .requests = group->requests, .failures = group->failures, .sessions = group->sessions,
        .first_seen = group->first_seen, .last_seen = group->last_seen}};
    if (by & USAGE_BY_USER && (status = find_name(report, NAMES_OF_USERS, group->key.user, &name)) == USAGE_OK) {
        row.entry.user = name->guid;
        row.entry.user_address = name->texts;
    }
    if (status == USAGE_OK && by & (USAGE_BY_CLIENT | USAGE_BY_SOFTWARE))
        status = name_client(report, group, &row.entry);
    if (status == USAGE_OK && by & USAGE_BY_AUTHENTICATION &&
        (status = find_name(report, NAMES_OF_TEXTS, group->key.authentication, &name)) == USAGE_OK)
        row.entry.authentication = name->texts;
    if (status == USAGE_OK && by & USAGE_BY_ADDRESS &&
        (status = find_name(report, NAMES_OF_TEXTS, group->key.address, &name)) == USAGE_OK)
        row.entry.address = name->texts;
    if (status == USAGE_OK)
        report->ended = !report->visit(report->state, &row);
    return status;
}

static int busiest_first(const void *a, const void *b)
{
    const struct group *left = a, *right = b;
    if (left->requests == right->requests) /* those seen last first, so that the same question has the same answer */
        return left->last_seen > right->last_seen ? -1 : left->last_seen < right->last_seen;
    return left->requests > right->requests ? -1 : 1;
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

static enum usage_status read_clients(struct report *report)
{
    sqlite3_stmt *statement = usage_statement(report->store, USAGE_ALL_CLIENTS);
    int result = SQLITE_ERROR;
    while (statement && (result = sqlite3_step(statement)) == SQLITE_ROW) {
        int64_t number = sqlite3_column_int64(statement, 0);
        if (number < 0 || number > NAME_NUMBER_MAX)
            return USAGE_CORRUPT;
        if (!report->clients) { /* the highest number comes first */
            report->client_count = number + 1;
            report->clients = calloc((size_t)report->client_count, sizeof *report->clients);
            if (!report->clients)
                return USAGE_UNAVAILABLE;
        }
        report->clients[number] = (struct client_kind){(uint8_t)class_of_number(sqlite3_column_int64(statement, 1)),
                                                       (uint32_t)sqlite3_column_int64(statement, 2)};
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
    if (by & USAGE_BY_CLIENT) {
        key.client = client;
    } else if (client >= 0 && client < report->client_count) {
        key.class = by & USAGE_BY_CLASS ? report->clients[client].class : 0;
        key.client = by & USAGE_BY_SOFTWARE ? report->clients[client].software : 0;
    }
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
    static const char *const queries[2][2][2] = {
        {{ROWS_OF_PERIOD FORWARDS, ROWS_OF_PERIOD BACKWARDS}, {ROWS_OF_PERIOD OF_PROTOCOLS FORWARDS, ROWS_OF_PERIOD OF_PROTOCOLS BACKWARDS}},
        {{ROWS_OF_PERIOD OF_USER FORWARDS, ROWS_OF_PERIOD OF_USER BACKWARDS},
         {ROWS_OF_PERIOD OF_PROTOCOLS OF_USER FORWARDS, ROWS_OF_PERIOD OF_PROTOCOLS OF_USER BACKWARDS}}};
    const struct usage_question *question = report->question;
    const char *query = queries[question->user != NULL][question->protocols != 0][question->newest_first];
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
        if (question->protocols)
            sqlite3_bind_int64(statement, 3, question->protocols);
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
    if (question->by & (USAGE_BY_CLASS | USAGE_BY_SOFTWARE) && !(question->by & USAGE_BY_CLIENT))
        status = read_clients(&report);
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
    free_names(&report);
    free(report.clients);
    free(report.of_users.groups);
    free(report.of_users.slots);
    free(report.rows.groups);
    free(report.rows.slots);
    return status == USAGE_OK ? end : status;
}
