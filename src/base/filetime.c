#include "base/filetime.h"

#include <stdio.h>

uint64_t filetime_now(void)
{
    struct timespec now;
    clock_gettime(CLOCK_REALTIME, &now);
    return FILETIME_UNIX_EPOCH + (uint64_t)now.tv_sec * FILETIME_PER_SECOND + (uint64_t)now.tv_nsec / 100;
}

uint64_t filetime_of_unix(time_t seconds)
{
    if (seconds < -(time_t)(FILETIME_UNIX_EPOCH / FILETIME_PER_SECOND))
        return 0;
    return FILETIME_UNIX_EPOCH + (uint64_t)seconds * FILETIME_PER_SECOND;
}

time_t filetime_to_unix(uint64_t filetime)
{
    return (time_t)(filetime / FILETIME_PER_SECOND) - (time_t)(FILETIME_UNIX_EPOCH / FILETIME_PER_SECOND);
}

uint64_t monotonic_ms(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec * 1000 + (uint64_t)now.tv_nsec / 1000000;
}

uint64_t monotonic_us(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec * 1000000 + (uint64_t)now.tv_nsec / 1000;
}

void filetime_format(uint64_t filetime, char text[FILETIME_TEXT_SIZE])
{
    time_t seconds = filetime_to_unix(filetime);
    unsigned fraction = (unsigned)(filetime % FILETIME_PER_SECOND);
    struct tm parts;
    if (!gmtime_r(&seconds, &parts)) {
        snprintf(text, FILETIME_TEXT_SIZE, "0x%016llx", (unsigned long long)filetime);
        return;
    }
    size_t length = strftime(text, FILETIME_TEXT_SIZE, "%Y-%m-%dT%H:%M:%S", &parts);
    if (fraction)
        snprintf(text + length, FILETIME_TEXT_SIZE - length, ".%07uZ", fraction);
    else
        snprintf(text + length, FILETIME_TEXT_SIZE - length, "Z");
}

void http_date_format(time_t seconds, char text[HTTP_DATE_TEXT_SIZE])
{
    static const char days[7][4] = {"Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"};
    static const char months[12][4] = {"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                       "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
    struct tm parts = {0};
    gmtime_r(&seconds, &parts);
    snprintf(text, HTTP_DATE_TEXT_SIZE, "%s, %02d %s %04d %02d:%02d:%02d GMT", days[parts.tm_wday % 7], parts.tm_mday % 100,
             months[parts.tm_mon % 12], (parts.tm_year + 1900) % 10000, parts.tm_hour % 100, parts.tm_min % 100,
             parts.tm_sec % 100);
}
