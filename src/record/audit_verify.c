/* The chain read from its beginning: every record's link computed anew, runs that were taken out passed over by the hash that was
 * left for them, and what is missing held against what the chain itself says went. */
#include <stdio.h>
#include <string.h>

#include "record/audit_file.h"

struct verification {
    sqlite3 *database;
    struct audit_hasher *hasher;
    struct audit_verification result;
    uint8_t hash[AUDIT_HASH_SIZE];
    uint64_t number;           /* verified up to here */
    uint64_t noted_removals;   /* as the notes of retention count them */
    uint64_t known_number;
    const uint8_t *known_hash;
    bool known_seen;
    sqlite3_stmt *gaps;
    bool gap_there;            /* 'gaps' stands on a run not yet passed */
};

static bool is_bad(struct verification *verification, uint64_t number, const char *problem)
{
    verification->result.bad_number = number;
    snprintf(verification->result.problem, sizeof verification->result.problem, "%s", problem);
    return false;
}

static bool check_known(struct verification *verification)
{
    if (!verification->known_hash || verification->number != verification->known_number)
        return true;
    verification->known_seen = true;
    return memcmp(verification->hash, verification->known_hash, AUDIT_HASH_SIZE) == 0 ||
        is_bad(verification, verification->number, "the chain up to here is not the one that was noted before");
}

/* Goes over the run that begins with the next number, if one does. */
static bool pass_gap(struct verification *verification)
{
    sqlite3_stmt *gaps = verification->gaps;
    while (verification->gap_there && (uint64_t)sqlite3_column_int64(gaps, 0) <= verification->number + 1) {
        uint64_t first = (uint64_t)sqlite3_column_int64(gaps, 0), last = (uint64_t)sqlite3_column_int64(gaps, 1);
        if (first != verification->number + 1 || last < first || sqlite3_column_bytes(gaps, 2) != AUDIT_HASH_SIZE)
            return is_bad(verification, first, "what was taken out here does not fit what is there");
        verification->result.removed_count += last - first + 1;
        verification->number = last;
        memcpy(verification->hash, sqlite3_column_blob(gaps, 2), AUDIT_HASH_SIZE);
        if (verification->known_hash && verification->known_number >= first && verification->known_number < last)
            verification->known_seen = true; /* taken out since: what is known of it cannot be compared any more */
        if (!check_known(verification))
            return false;
        verification->gap_there = sqlite3_step(gaps) == SQLITE_ROW;
    }
    return true;
}

static void count_note(struct verification *verification, uint32_t kind, const char *detail)
{
    uint64_t count = audit_entry_note_count(detail);
    switch (kind & AUDIT_KIND_OPERATION) {
    case AUDIT_NOTE_REMOVED: verification->noted_removals += count; break;
    case AUDIT_NOTE_LOST: verification->result.lost_count += count; break;
    case AUDIT_NOTE_INTERRUPTED: verification->result.interruptions++; break;
    }
}

/* number, time, kind, mailbox, digest, origin's mailbox, detail, hash */
static bool check_record(struct verification *verification, sqlite3_stmt *row)
{
    static const uint8_t none[AUDIT_HASH_SIZE] = {0};
    uint64_t number = (uint64_t)sqlite3_column_int64(row, 0);
    uint32_t kind = (uint32_t)sqlite3_column_int64(row, 2);
    bool note = kind & AUDIT_KIND_NOTE;
    uint8_t hash[AUDIT_HASH_SIZE];
    if (!pass_gap(verification))
        return false;
    if (number != verification->number + 1)
        return is_bad(verification, verification->number + 1, "the record is missing");
    const uint8_t *origin = none;
    if (!note) {
        if (sqlite3_column_bytes(row, 4) != AUDIT_HASH_SIZE)
            return is_bad(verification, number, "whose mailbox it is about, and who did it, is missing");
        if (sqlite3_column_int64(row, 3) != sqlite3_column_int64(row, 5))
            return is_bad(verification, number, "it was moved to another mailbox");
        origin = sqlite3_column_blob(row, 4);
    }
    const char *detail = (const char *)sqlite3_column_text(row, 6);
    if (!detail || sqlite3_column_bytes(row, 7) != AUDIT_HASH_SIZE)
        return is_bad(verification, number, "the record is not whole");
    audit_hash_record(verification->hasher, verification->hash, number, (uint64_t)sqlite3_column_int64(row, 1), kind, origin,
                      bytes_of(detail, (size_t)sqlite3_column_bytes(row, 6)), hash);
    if (memcmp(hash, sqlite3_column_blob(row, 7), AUDIT_HASH_SIZE) != 0)
        return is_bad(verification, number, "the record was changed");
    verification->number = number;
    memcpy(verification->hash, hash, AUDIT_HASH_SIZE);
    verification->result.record_count += !note;
    if (note)
        count_note(verification, kind, detail);
    return check_known(verification);
}

/* Every origin has the digest it is known by, and belongs to the mailbox that it names. */
static int check_origins(struct verification *verification, bool *ret_good)
{
    sqlite3_stmt *statement = audit_file_query(verification->database,
        "SELECT digest, content, guid, origin.id FROM origin LEFT JOIN mailbox ON mailbox.id = origin.mailbox");
    int result = statement ? SQLITE_ROW : SQLITE_ERROR;
    uint8_t digest[AUDIT_HASH_SIZE];
    *ret_good = true;
    while (*ret_good && statement && (result = sqlite3_step(statement)) == SQLITE_ROW) {
        const char *content = (const char *)sqlite3_column_text(statement, 1);
        struct guid guid = {{0}};
        char problem[120];
        snprintf(problem, sizeof problem, "whose mailbox it is about, or who did it, was changed (origin %lld)",
                 (long long)sqlite3_column_int64(statement, 3));
        if (content)
            audit_hash_origin(verification->hasher, content, digest);
        json_t *origin = content ? json_loads(content, 0, NULL) : NULL;
        if (origin)
            guid = audit_entry_read_mailbox(origin).mailbox_guid;
        *ret_good = origin && sqlite3_column_bytes(statement, 0) == AUDIT_HASH_SIZE &&
            memcmp(digest, sqlite3_column_blob(statement, 0), AUDIT_HASH_SIZE) == 0 &&
            sqlite3_column_bytes(statement, 2) == sizeof guid.data &&
            memcmp(guid.data, sqlite3_column_blob(statement, 2), sizeof guid.data) == 0;
        json_decref(origin);
        if (!*ret_good)
            (void)is_bad(verification, 0, problem);
    }
    sqlite3_finalize(statement);
    return *ret_good ? result : SQLITE_DONE;
}

static int check_records(struct verification *verification, bool *ret_good)
{
    static const char sql[] =
        "SELECT number, time, kind, record.mailbox, digest, origin.mailbox, detail, hash FROM record"
        " LEFT JOIN origin ON origin.id = record.origin ORDER BY number";
    sqlite3_stmt *statement = audit_file_query(verification->database, sql);
    int result = statement && verification->gaps ? SQLITE_ROW : SQLITE_ERROR;
    *ret_good = true;
    if (result == SQLITE_ROW)
        verification->gap_there = sqlite3_step(verification->gaps) == SQLITE_ROW;
    while (*ret_good && result == SQLITE_ROW && (result = sqlite3_step(statement)) == SQLITE_ROW)
        *ret_good = check_record(verification, statement);
    sqlite3_finalize(statement);
    if (*ret_good && result == SQLITE_DONE)
        *ret_good = pass_gap(verification);
    return *ret_good ? result : SQLITE_DONE;
}

/* What the file says its end is, and what the chain says is missing. */
static bool check_end(struct verification *verification)
{
    sqlite3_stmt *statement = audit_file_query(verification->database, "SELECT number, hash FROM state WHERE name = 'end'");
    bool good = statement && sqlite3_step(statement) == SQLITE_ROW &&
        (uint64_t)sqlite3_column_int64(statement, 0) == verification->number &&
        (verification->number == 0 || (sqlite3_column_bytes(statement, 1) == AUDIT_HASH_SIZE &&
                                       memcmp(sqlite3_column_blob(statement, 1), verification->hash, AUDIT_HASH_SIZE) == 0));
    sqlite3_finalize(statement);
    if (!good || verification->gap_there)
        return is_bad(verification, verification->number + 1, "the end of the chain is missing");
    if (verification->noted_removals != verification->result.removed_count)
        return is_bad(verification, 0, "more is missing than the chain says was taken out");
    if (verification->known_hash && !verification->known_seen)
        return is_bad(verification, verification->known_number, "the end that was noted before is missing");
    return true;
}

static int verify(struct verification *verification)
{
    bool good = true;
    /* One state of the file, however much is appended meanwhile. */
    if (!audit_file_run(verification->database, "BEGIN"))
        return sqlite3_errcode(verification->database);
    verification->gaps = audit_file_query(verification->database, "SELECT first, last, hash FROM gap ORDER BY first");
    int result = check_origins(verification, &good);
    if (good && result == SQLITE_DONE)
        result = check_records(verification, &good);
    if (good && result == SQLITE_DONE)
        good = check_end(verification);
    sqlite3_finalize(verification->gaps);
    verification->result.sound = good && result == SQLITE_DONE;
    return result;
}

enum audit_status audit_verify(const char *path, uint64_t known_number, const uint8_t *known_hash,
                               struct audit_verification *ret_verification)
{
    struct verification verification = {.known_number = known_number, .known_hash = known_hash};
    enum audit_status status = audit_file_open(path, false, false, &verification.database);
    if (status != AUDIT_OK)
        return status;
    verification.hasher = audit_hasher_new();
    int result = verification.hasher ? verify(&verification) : SQLITE_NOMEM;
    audit_hasher_free(verification.hasher);
    sqlite3_close(verification.database);
    if (result != SQLITE_DONE)
        return audit_file_status(result) == AUDIT_OK ? AUDIT_UNAVAILABLE : audit_file_status(result);
    verification.result.last_number = verification.number;
    memcpy(verification.result.last_hash, verification.hash, AUDIT_HASH_SIZE);
    *ret_verification = verification.result;
    return AUDIT_OK;
}
