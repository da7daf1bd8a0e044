/* A progress bar on standard error, only where that is a terminal. One thread. */
#pragma once
#include <stdbool.h>
#include <stdint.h>

struct progress {
    bool shown;
    uint64_t start_ms, drawn_ms;
};

void progress_start(struct progress *progress);
/* Draws at most ten times a second. 'total' 0: without a bar. 'what' is a plural: 'mails'. */
void progress_update(struct progress *progress, uint64_t done, uint64_t total, uint64_t count, const char *what);
/* Removes it, so that lines can be printed; it comes back with the next update. */
void progress_clear(struct progress *progress);
double progress_seconds(const struct progress *progress);
