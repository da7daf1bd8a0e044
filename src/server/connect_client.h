/* What a client tells of itself in the auxiliary buffer of Connect (MS-OXCRPC 2.2.2.2): the machine and the program it
 * runs on, and whether it keeps a copy of the mailbox (cached mode). No state, any thread. */
#pragma once
#include "base/arena.h"
#include "server/mailbox_switch.h"

struct connect_client {
    enum client_mode mode; /* the last block that says it counts */
    /* UTF-8, cut between characters, without control characters; "" where it is not said. */
    char machine[64];
    char process[64];
};

/* Auxiliary data that cannot be read say nothing. */
void connect_client_read(struct arena *arena, struct bytes auxiliary_buffer, struct connect_client *ret_client);
