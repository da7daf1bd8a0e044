/* Property tags, and those of the store that the table of MS-OXPROPS lacks (MAPI headers have them). Internal to the mailbox
 * layer. */
#pragma once
#include "protocol/property_tags.h"

#define PID_TAG_MDB_PROVIDER 0x34140102u
#define PID_TAG_DELETED_MESSAGE_COUNT 0x66400003u
#define PID_TAG_USER_NAME 0x661A001Fu
#define PID_TAG_TEST_LINE_SPEED 0x662B0102u
