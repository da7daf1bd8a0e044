/* MAPI error codes (MS-OXCDATA 2.4), and those of MS-OXCPRPT that the table lacks. Internal to the mailbox layer. */
#pragma once
#include "protocol/error_code.h"

#define EC_STREAM_SEEK_ERROR 0x80030019u /* MS-OXCPRPT R584 */
