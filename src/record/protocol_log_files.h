/* The files of one protocol log: <prefix><period>-<number>.LOG in its folder. Blocks; no state. */
#pragma once
#include <stddef.h>
#include <stdint.h>
#include <time.h>

#define PROTOCOL_LOG_FILE_NAME_SIZE 80u

/* Makes the folder (mode 0750) and a file with the first free number; a descriptor to append to, or -1 with errno. */
int protocol_log_file_new(const char *folder, const char *prefix, const char *period);
/* Removes what is older than age_max_days (0: nothing), and the oldest while all together are larger than total_size_max (0: nothing);
 * never the newest. What cannot be removed stays. */
void protocol_log_files_retain(const char *folder, const char *prefix, uint64_t total_size_max, uint32_t age_max_days, time_t now);
/* The names of the files that are there, oldest first (by period, then by number); *ret_names is the caller's to free, NULL for none. */
size_t protocol_log_files_list(const char *folder, const char *prefix, char (**ret_names)[PROTOCOL_LOG_FILE_NAME_SIZE]);
/* <0, 0, >0: the order of that list. */
int protocol_log_files_compare(const char *one, const char *other);
