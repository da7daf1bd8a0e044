#include "cli/progress.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/filetime.h"

#define BAR_WIDTH 40u
#define PAUSE_MS 100u

void progress_start(struct progress *progress)
{
    *progress = (struct progress){.shown = isatty(STDERR_FILENO), .start_ms = monotonic_ms()};
}

double progress_seconds(const struct progress *progress)
{
    return (double)(monotonic_ms() - progress->start_ms) / 1000;
}

void progress_update(struct progress *progress, uint64_t done, uint64_t total, uint64_t count, const char *what)
{
    uint64_t now = monotonic_ms();
    if (!progress->shown || now - progress->drawn_ms < PAUSE_MS)
        return;
    progress->drawn_ms = now;
    double seconds = progress_seconds(progress), rate = seconds > 0 ? (double)count / seconds : 0;
    char bar[BAR_WIDTH + 1];
    unsigned filled = total ? (unsigned)((double)(done < total ? done : total) / (double)total * BAR_WIDTH) : 0;
    memset(bar, '#', filled);
    memset(bar + filled, '.', BAR_WIDTH - filled);
    bar[BAR_WIDTH] = 0;
    if (total)
        fprintf(stderr, "\r[%s] %3u%%  %llu %s, %.0f/s\033[K", bar, (unsigned)(filled * 100 / BAR_WIDTH), (unsigned long long)count, what,
            rate);
    else
        fprintf(stderr, "\r%llu %s, %.0f/s\033[K", (unsigned long long)count, what, rate);
    fflush(stderr);
}

void progress_clear(struct progress *progress)
{
    if (progress->shown && progress->drawn_ms) {
        fputs("\r\033[K", stderr);
        fflush(stderr);
        progress->drawn_ms = 0;
    }
}
