/* FILETIME: 100-nanosecond ticks since 1601-01-01 UTC (PtypTime, MS-DTYP 2.3.3). */
#pragma once
#include <stdint.h>
#include <time.h>

#define FILETIME_PER_SECOND 10000000ull
#define FILETIME_UNIX_EPOCH 116444736000000000ull

uint64_t filetime_now(void);
uint64_t filetime_of_unix(time_t seconds);        /* times before 1601 give 0 */
time_t filetime_to_unix(uint64_t filetime);       /* rounded down */
/* Monotonic milliseconds, for time-outs and durations. */
uint64_t monotonic_ms(void);
uint64_t monotonic_us(void);                      /* the same clock in microseconds */
#define FILETIME_TEXT_SIZE 32
/* '2026-08-01T20:29:56Z', with a fraction only where there is one. */
void filetime_format(uint64_t filetime, char text[FILETIME_TEXT_SIZE]);
/* RFC 9110 5.6.7: 'Sat, 01 Aug 2026 20:29:56 GMT'. */
#define HTTP_DATE_TEXT_SIZE 32
void http_date_format(time_t seconds, char text[HTTP_DATE_TEXT_SIZE]);
