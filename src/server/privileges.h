/* What the process may: open files, and whose rights it has. Main thread, before others start. */
#pragma once
#include <stdbool.h>
#include <stdint.h>

/* Raises the limit of open files to 'wanted' as far as allowed; returns what it is now. */
uint64_t privileges_raise_open_files(uint64_t wanted);
/* Becomes the user with its groups, for good. Does nothing for "" or when we are that user already. False: logged. */
bool privileges_become(const char *user);
