/* The table's rows: one for each operation, defined in the file of its noun as 'const struct operation operation_<row>'. */
#pragma once
#include "operation/operation.h"

#define OPERATIONS(ROW)                                                                                                                          \
    /* organization_config.c */                                                                                                                  \
    ROW(get_organization_config)                                                                                                                 \
    ROW(set_organization_config)                                                                                                                 \
    /* change_log.c */                                                                                                                           \
    ROW(get_admin_change_record)                                                                                                                 \
    ROW(test_admin_change_record)

#define DECLARATION(row) extern const struct operation operation_##row;
OPERATIONS(DECLARATION)
#undef DECLARATION
