/* The floor: what plain SQLite costs for the same rows, without model or protocol. Prints 'page CPU_ms WALL_ms' (50 rows, 7
 * columns of 2,346, by an index) and 'create CPU_ms WALL_ms' (one 10 KB row and a durable commit).
 *
 * usage: sqlite_floor NEW_FILE
 */
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define ROWS 2346
#define PAGES 3000
#define CREATES 1000

static sqlite3 *database;

static void run(const char *sql)
{
    char *error = NULL;
    if (sqlite3_exec(database, sql, NULL, NULL, &error) != SQLITE_OK) {
        fprintf(stderr, "sqlite_floor: %s: %s\n", sql, error);
        exit(1);
    }
}

static double now(clockid_t clock)
{
    struct timespec time;
    clock_gettime(clock, &time);
    return (double)time.tv_sec * 1000 + (double)time.tv_nsec / 1e6;
}

static void insert(sqlite3_stmt *statement, int number, const char *body, int size)
{
    sqlite3_bind_text(statement, 1, "Quarterly figures, number one", -1, SQLITE_STATIC);
    sqlite3_bind_text(statement, 2, "Alice Example", -1, SQLITE_STATIC);
    sqlite3_bind_int64(statement, 3, 130000000000000000ll + number * 600000000ll);
    sqlite3_bind_int(statement, 4, 10500);
    sqlite3_bind_int(statement, 5, number % 2);
    sqlite3_bind_int(statement, 6, 0);
    sqlite3_bind_blob(statement, 7, body, size, SQLITE_STATIC);
    if (sqlite3_step(statement) != SQLITE_DONE)
        exit(1);
    sqlite3_reset(statement);
}

int main(int argc, char **argv)
{
    static char body[10000];
    sqlite3_stmt *statement;
    if (argc != 2 || sqlite3_open(argv[1], &database) != SQLITE_OK)
        return 2;
    memset(body, 'x', sizeof body);
    run("PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL;"
        "CREATE TABLE message (id INTEGER PRIMARY KEY, subject, sender, delivery_time, size, flags, attachments, body);"
        "CREATE INDEX by_time ON message (delivery_time DESC, id)");
    const char *sql = "INSERT INTO message (subject, sender, delivery_time, size, flags, attachments, body) VALUES (?,?,?,?,?,?,?)";
    sqlite3_prepare_v2(database, sql, -1, &statement, NULL);
    run("BEGIN");
    for (int i = 0; i < ROWS; i++)
        insert(statement, i, body, 500);
    run("COMMIT");
    double cpu = now(CLOCK_PROCESS_CPUTIME_ID), wall = now(CLOCK_MONOTONIC);
    for (int i = 0; i < CREATES; i++)
        insert(statement, ROWS + i, body, sizeof body);
    printf("create %.6f %.6f\n", (now(CLOCK_PROCESS_CPUTIME_ID) - cpu) / CREATES, (now(CLOCK_MONOTONIC) - wall) / CREATES);
    sqlite3_finalize(statement);

    sql = "SELECT id, subject, sender, delivery_time, size, flags, attachments FROM message ORDER BY delivery_time DESC, id LIMIT 50";
    sqlite3_prepare_v2(database, sql, -1, &statement, NULL);
    cpu = now(CLOCK_PROCESS_CPUTIME_ID), wall = now(CLOCK_MONOTONIC);
    long bytes = 0;
    for (int i = 0; i < PAGES; i++) {
        while (sqlite3_step(statement) == SQLITE_ROW)
            for (int column = 0; column < 7; column++)
                bytes += sqlite3_column_bytes(statement, column);
        sqlite3_reset(statement);
    }
    printf("page %.6f %.6f\n", (now(CLOCK_PROCESS_CPUTIME_ID) - cpu) / PAGES, (now(CLOCK_MONOTONIC) - wall) / PAGES);
    sqlite3_finalize(statement);
    sqlite3_close(database);
    return bytes > 0 ? 0 : 1;
}
