#include "base/change_counter.h"

#include <unistd.h>

#include "base/filetime.h"

#define CHANGE_COUNTER_OFFSET 24 /* of SQLite's file header, big-endian: moves with every commit outside WAL mode */

uint32_t change_counter_read(struct change_counter *counter)
{
    uint64_t now = (monotonic_ms() << 32) + (1ull << 32); /* never 0, also in the first millisecond */
    uint64_t remembered = atomic_load_explicit(&counter->remembered, memory_order_relaxed);
    uint32_t value = 0;
    if ((remembered ^ now) >> 32 == 0)
        return (uint32_t)remembered;
    if (pread(counter->file, &value, sizeof value, CHANGE_COUNTER_OFFSET) != (ssize_t)sizeof value)
        return 0;
    value = __builtin_bswap32(value);
    atomic_store_explicit(&counter->remembered, now | value, memory_order_relaxed);
    return value;
}

void change_counter_forget(struct change_counter *counter)
{
    atomic_store_explicit(&counter->remembered, 0, memory_order_relaxed);
}
