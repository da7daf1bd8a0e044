/* CSV logs: headers, order, new files when one is full, retention by age and size, a folder that cannot be written, many threads. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "record/protocol_log.h"
#include "record/protocol_log_files.h"

static const struct protocol_log_definition definitions[] = {
    {"HttpProxy/Mapi", "HttpProxy_", "HttpProxy Logs", "DateTime,Number"},
    {"MAPI Client Access", "MAPI_", "MAPI Client Access Logs", "date-time,number"},
};

struct fixture {
    char path[64];
    char logs[80];
    unsigned failed, recovered;
    char text[256];
};

static void tell(void *user, bool failing, const char *text)
{
    struct fixture *fixture = user;
    *(failing ? &fixture->failed : &fixture->recovered) += 1;
    snprintf(fixture->text, sizeof fixture->text, "%s", text);
}

static int set_up(void **state)
{
    struct fixture *fixture = calloc(1, sizeof *fixture);
    strcpy(fixture->path, "/tmp/protocol-log-XXXXXX");
    assert_non_null(mkdtemp(fixture->path));
    snprintf(fixture->logs, sizeof fixture->logs, "%s/logs", fixture->path);
    *state = fixture;
    return 0;
}

static int remove_one(const char *path, const struct stat *status, int type, struct FTW *walk)
{
    return remove(path);
}

static int tear_down(void **state)
{
    struct fixture *fixture = *state;
    assert_int_equal(nftw(fixture->path, remove_one, 8, FTW_DEPTH | FTW_PHYS), 0);
    free(fixture);
    return 0;
}

static struct protocol_log_settings settings_of(struct fixture *fixture)
{
    return (struct protocol_log_settings){.path = fixture->logs, .version = "1.2", .file_size_max = 1u << 20, .tell = tell,
                                          .user = fixture};
}

static void append(struct protocol_log *log, unsigned index, unsigned number)
{
    struct csv_row row;
    csv_row_begin(&row);
    csv_row_word(&row, "2026-11-22T08:48:24.123Z");
    csv_row_number(&row, number);
    csv_row_end(&row);
    assert_true(protocol_log_append(log, index, &row));
}

static int compare_names(const struct dirent **a, const struct dirent **b)
{
    return strverscmp((*a)->d_name, (*b)->d_name);
}

static int is_log(const struct dirent *entry)
{
    return strstr(entry->d_name, ".LOG") != NULL;
}

/* All files of a log, one after the other. */
static char *read_files(const struct fixture *fixture, const char *folder, int *ret_count)
{
    char path[512], *text = calloc(1, 1u << 22);
    struct dirent **names;
    snprintf(path, sizeof path, "%s/%s", fixture->logs, folder);
    int count = scandir(path, &names, is_log, compare_names);
    for (int i = 0; i < count; i++) {
        snprintf(path, sizeof path, "%s/%s/%s", fixture->logs, folder, names[i]->d_name);
        FILE *file = fopen(path, "r");
        assert_non_null(file);
        size_t size = strlen(text);
        text[size + fread(text + size, 1, (1u << 22) - size - 1, file)] = '\0';
        fclose(file);
        free(names[i]);
    }
    if (count >= 0)
        free(names);
    *ret_count = count;
    return text;
}

static void header_and_rows(void **state)
{
    struct fixture *fixture = *state;
    struct protocol_log_settings settings = settings_of(fixture);
    struct protocol_log *log = protocol_log_new(&settings, definitions, 2);
    int count;
    assert_int_equal(access(fixture->logs, F_OK), -1); /* nothing before there is something to write */
    append(log, 0, 1);
    append(log, 0, 2);
    append(log, 1, 3);
    protocol_log_flush(log);
    char *text = read_files(fixture, "HttpProxy/Mapi", &count);
    assert_int_equal(count, 1);
    char date[64];
    assert_int_equal(sscanf(text, "#Software: mapihttp\n#Version: 1.2\n#Log-type: HttpProxy Logs\n#Date: %40[0-9TZ:.-]\n#Fields: ", date), 1);
    assert_int_equal(strlen(date), strlen("2026-11-22T08:48:24.123Z"));
    assert_non_null(strstr(text, "#Fields: DateTime,Number\n2026-11-22T08:48:24.123Z,1\n2026-11-22T08:48:24.123Z,2\n"));
    free(text);
    text = read_files(fixture, "MAPI Client Access", &count);
    assert_non_null(strstr(text, "#Fields: date-time,number\n2026-11-22T08:48:24.123Z,3\n"));
    free(text);
    assert_int_equal(protocol_log_counts(log).rows, 3);
    protocol_log_free(log);
    log = protocol_log_new(&settings, definitions, 2); /* another start, another file: the old one may end in half a row */
    append(log, 0, 4);
    protocol_log_free(log); /* writes */
    text = read_files(fixture, "HttpProxy/Mapi", &count);
    assert_int_equal(count, 2);
    assert_non_null(strstr(text, "Z,4\n"));
    free(text);
}

static void full_files(void **state)
{
    struct fixture *fixture = *state;
    struct protocol_log_settings settings = settings_of(fixture);
    settings.file_size_max = 400;
    struct protocol_log *log = protocol_log_new(&settings, definitions, 2);
    for (unsigned i = 0; i < 100; i++) {
        append(log, 0, i);
        if (i % 10 == 9)
            protocol_log_flush(log);
    }
    int count;
    char *text = read_files(fixture, "HttpProxy/Mapi", &count), *at = text;
    assert_in_range(count, 4, 10);
    for (unsigned i = 0; i < 100; i++) { /* all there, in order */
        char wanted[64];
        snprintf(wanted, sizeof wanted, "2026-11-22T08:48:24.123Z,%u\n", i);
        at = strstr(at, wanted);
        assert_non_null(at);
    }
    free(text);
    settings.total_size_max = 1000; /* takes effect with the next file */
    assert_true(protocol_log_configure(log, &settings));
    append(log, 0, 100);
    protocol_log_flush(log);
    text = read_files(fixture, "HttpProxy/Mapi", &count);
    assert_true(strlen(text) < 1500);
    assert_non_null(strstr(text, ",100\n"));
    assert_null(strstr(text, ",50\n"));
    free(text);
    protocol_log_free(log);
}

static void make_file(const struct fixture *fixture, const char *name, time_t changed, unsigned size)
{
    char path[512];
    snprintf(path, sizeof path, "%s/%s", fixture->path, name);
    FILE *file = fopen(path, "w");
    assert_non_null(file);
    for (unsigned i = 0; i < size; i++)
        fputc('x', file);
    fclose(file);
    struct timespec times[2] = {{.tv_sec = changed}, {.tv_sec = changed}};
    assert_int_equal(utimensat(AT_FDCWD, path, times, 0), 0);
}

static bool is_there(const struct fixture *fixture, const char *name)
{
    char path[512];
    snprintf(path, sizeof path, "%s/%s", fixture->path, name);
    return access(path, F_OK) == 0;
}

static void retention(void **state)
{
    const struct fixture *fixture = *state;
    time_t now = 1800000000;
    make_file(fixture, "A_2026010101-1.LOG", now - 40 * 86400, 10);
    make_file(fixture, "A_2026020101-2.LOG", now - 10 * 86400, 10);
    make_file(fixture, "A_2026020101-10.LOG", now - 10 * 86400, 10); /* newer than -2 */
    make_file(fixture, "A_2026020102-1.LOG", now - 9 * 86400, 10);
    make_file(fixture, "A_notes.LOG", now - 400 * 86400, 10);         /* not ours */
    make_file(fixture, "AB_2020010101-1.LOG", now - 400 * 86400, 10); /* another log's */
    make_file(fixture, "A_2020010101-1.LOG.gz", now - 400 * 86400, 10);
    protocol_log_files_retain(fixture->path, "A_", 0, 30, now);
    assert_false(is_there(fixture, "A_2026010101-1.LOG"));
    assert_true(is_there(fixture, "A_2026020101-2.LOG"));
    protocol_log_files_retain(fixture->path, "A_", 20, 0, now);
    assert_false(is_there(fixture, "A_2026020101-2.LOG"));
    assert_true(is_there(fixture, "A_2026020101-10.LOG"));
    assert_true(is_there(fixture, "A_2026020102-1.LOG"));
    protocol_log_files_retain(fixture->path, "A_", 1, 1, now);
    assert_false(is_there(fixture, "A_2026020101-10.LOG"));
    assert_true(is_there(fixture, "A_2026020102-1.LOG")); /* the newest stays, however old and large */
    assert_true(is_there(fixture, "A_notes.LOG") && is_there(fixture, "AB_2020010101-1.LOG") && is_there(fixture, "A_2020010101-1.LOG.gz"));
    protocol_log_files_retain("/nonexistent", "A_", 1, 1, now);
}

static void cannot_be_written(void **state)
{
    struct fixture *fixture = *state;
    struct protocol_log_settings settings = settings_of(fixture);
    make_file(fixture, "logs", 0, 0); /* a file where the folder should be */
    struct protocol_log *log = protocol_log_new(&settings, definitions, 2);
    append(log, 0, 1);
    protocol_log_flush(log);
    append(log, 0, 2);
    protocol_log_flush(log);
    struct protocol_log_counts counts = protocol_log_counts(log);
    assert_true(counts.failing);
    assert_int_equal(counts.dropped, 2);
    assert_int_equal(counts.rows, 0);
    assert_int_equal(fixture->failed, 1); /* said once */
    assert_non_null(strstr(fixture->text, strerror(ENOTDIR)));
    assert_int_equal(remove(fixture->logs), 0);
    append(log, 0, 3);
    protocol_log_flush(log);
    assert_int_equal(fixture->recovered, 1);
    assert_false(protocol_log_counts(log).failing);
    assert_int_equal(protocol_log_counts(log).rows, 1);
    protocol_log_free(log);
}

static void queue_is_bounded(void **state)
{
    struct fixture *fixture = *state;
    struct protocol_log_settings settings = settings_of(fixture);
    settings.file_size_max = 1u << 30;
    settings.delay_ms = 600000; /* nothing is written before it is asked for */
    struct protocol_log *log = protocol_log_new(&settings, definitions, 2);
    struct csv_row row = {.size = CSV_ROW_SIZE_MAX};
    memset(row.data, 'x', sizeof row.data);
    unsigned appended = 0, refused = 0;
    for (unsigned i = 0; i < 3 * PROTOCOL_LOG_QUEUE_SIZE_MAX / CSV_ROW_SIZE_MAX; i++)
        *(protocol_log_append(log, 1, &row) ? &appended : &refused) += 1;
    protocol_log_flush(log);
    assert_int_equal(appended, PROTOCOL_LOG_QUEUE_SIZE_MAX / CSV_ROW_SIZE_MAX);
    assert_int_equal(protocol_log_counts(log).rows, appended);
    assert_int_equal(protocol_log_counts(log).dropped, refused);
    append(log, 1, 5);
    protocol_log_free(log);
    char path[256], name[256] = "", note[64];
    snprintf(path, sizeof path, "%s/MAPI Client Access", fixture->logs);
    DIR *folder = opendir(path);
    for (const struct dirent *entry; (entry = readdir(folder));)
        if (is_log(entry))
            snprintf(name, sizeof name, "%.200s", entry->d_name);
    closedir(folder);
    char command[1024];
    snprintf(command, sizeof command, "grep -a -c '^#Dropped: %u rows' '%s/%s'", refused, path, name);
    FILE *pipe = popen(command, "r");
    assert_non_null(fgets(note, sizeof note, pipe));
    pclose(pipe);
    assert_string_equal(note, "1\n");
}

struct crowd {
    struct protocol_log *log;
};

static void *append_many(void *argument)
{
    for (unsigned i = 0; i < 5000; i++)
        append(((struct crowd *)argument)->log, 0, 7);
    return NULL;
}

static void many_threads(void **state)
{
    struct fixture *fixture = *state;
    struct protocol_log_settings settings = settings_of(fixture);
    struct crowd crowd = {protocol_log_new(&settings, definitions, 2)};
    pthread_t threads[4];
    for (unsigned i = 0; i < 4; i++)
        assert_int_equal(pthread_create(&threads[i], NULL, append_many, &crowd), 0);
    for (unsigned i = 0; i < 4; i++)
        pthread_join(threads[i], NULL);
    protocol_log_free(crowd.log);
    int count;
    char *text = read_files(fixture, "HttpProxy/Mapi", &count);
    unsigned rows = 0;
    for (const char *at = text; (at = strstr(at, "\n2026-11-22T08:48:24.123Z,7")); at++)
        rows++;
    assert_int_equal(rows, 20000);
    free(text);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(header_and_rows, set_up, tear_down),
        cmocka_unit_test_setup_teardown(full_files, set_up, tear_down),
        cmocka_unit_test_setup_teardown(retention, set_up, tear_down),
        cmocka_unit_test_setup_teardown(cannot_be_written, set_up, tear_down),
        cmocka_unit_test_setup_teardown(queue_is_bounded, set_up, tear_down),
        cmocka_unit_test_setup_teardown(many_threads, set_up, tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
