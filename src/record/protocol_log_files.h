/* The files of one protocol log: <prefix><period>-<number>.LOG in its folder. Blocks; no state. */
#pragma once
#include <stdint.h>
#include <time.h>

/* Makes the folder (mode 0750) and a file with the first free number; a descriptor to append to, or -1 with errno. */
int protocol_log_file_new(const char *folder, const char *prefix, const char *period);
/* Removes what is older than age_max_days (0: nothing), and the oldest while all together are larger than total_size_max (0: nothing);
 * never the newest. What cannot be removed stays. */
void protocol_log_files_retain(const char *folder, const char *prefix, uint64_t total_size_max, uint32_t age_max_days, time_t now);
