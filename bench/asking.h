/* Asks an operation as the command and the pages do, until its last object, and prints what that took. For benches of one thread. */
#pragma once
#include <time.h>

#include "operation/operation.h"

double now_ms(clockid_t clock);
/* Says on standard error what failed and ends the program. */
_Noreturn void fail(const char *what, const char *why);
/* Prints a line: name, CPU and wall milliseconds (the best of three), objects of the answer, 'limit_ms' that the wall time is to be
 * under (0: no promise is made). 'parameters' is JSON. */
void ask(const struct operation_host *host, const char *name, const char *parameters, double limit_ms);
