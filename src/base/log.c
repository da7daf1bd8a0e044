#include "base/log.h"

#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

static _Atomic(enum log_level) level_now = LOG_LEVEL_INFO; /* a reload changes it while others log */

void log_set_level(enum log_level level)
{
    atomic_store_explicit(&level_now, level, memory_order_relaxed);
}

void log_line(enum log_level level, const char *format, ...)
{
    static const char names[4][8] = {"error", "warning", "info", "debug"};
    if (level > atomic_load_explicit(&level_now, memory_order_relaxed))
        return;
    char line[2048];
    int length = 0;
    if (!getenv("JOURNAL_STREAM")) {
        struct timespec now;
        struct tm parts;
        clock_gettime(CLOCK_REALTIME, &now);
        gmtime_r(&now.tv_sec, &parts);
        length = (int)strftime(line, sizeof line, "%Y-%m-%dT%H:%M:%S", &parts);
        length += snprintf(line + length, sizeof line - (size_t)length, ".%03ldZ ", now.tv_nsec / 1000000);
    }
    length += snprintf(line + length, sizeof line - (size_t)length, "%s ", names[level]);
    va_list arguments;
    va_start(arguments, format);
    int wanted = vsnprintf(line + length, sizeof line - (size_t)length - 1, format, arguments);
    va_end(arguments);
    length += wanted;
    if (length > (int)sizeof line - 2)
        length = (int)sizeof line - 2;
    for (int i = 0; i < length; i++) /* what a client sent must not forge a line */
        if ((unsigned char)line[i] < 0x20 || line[i] == 0x7F)
            line[i] = '?';
    line[length++] = '\n';
    if (write(STDERR_FILENO, line, (size_t)length) < 0)
        return; /* nowhere left to say it */
}
