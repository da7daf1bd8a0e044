/* Writes down who used what: a consumer of observe() that collects in memory, and a thread that writes what was collected to
 * <data>/usage.sqlite some seconds later, where there is anything; at the end everything that is left. docs/reports.md. */
#pragma once
#include "server/observation.h"

#define USAGE_WRITE_DELAY_S 2

extern const struct observer usage_observer;
