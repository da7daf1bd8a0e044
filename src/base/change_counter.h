/* Whether an SQLite file that is not in WAL mode has changed, also by another process, cheap enough to ask several times in every
 * request: the change counter of the file's header, read at most once a millisecond. Any thread; the owner of the file is the caller. */
#pragma once
#include <stdatomic.h>
#include <stdint.h>

#define CHANGE_COUNTER_PERIOD_MS 1u

struct change_counter {
    int file;                  /* open for reading; < 0: always 0 */
    _Atomic uint64_t remembered; /* the millisecond in the upper half, its counter in the lower; 0 for nothing */
};

/* Differs from what it was once something has changed: at once after change_counter_forget, else within a millisecond. */
uint32_t change_counter_read(struct change_counter *counter);
/* The caller itself has changed the file: whoever asks next shall see it. */
void change_counter_forget(struct change_counter *counter);
