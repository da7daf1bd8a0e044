/* What the running server tells operations: one table of functions, each in the file of its part. 'state' is struct services. */
#pragma once
#include "operation/operation_live.h"

extern const struct operation_live server_live;
