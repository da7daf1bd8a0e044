/* The registry of ROPs, generated from src/protocol/rop_*.wire: what the loops over ROP lists (protocol/rop_list.h), the
 * dispatch of src/rop and the reader of captures know of each ROP. Constant, any thread. */
#pragma once
#include "wire/structure.h"

/* Which handle slots a request has after RopId and LogonId, in the order in which they stand there, and which of them the
 * response repeats. */
enum rop_handles {
    ROP_HANDLES_NONE,        /* a response only; after the RopId come its own fields at once, without a return value */
    ROP_HANDLES_IN,          /* input; the response repeats it */
    ROP_HANDLES_IN_OUT,      /* input, output; the response repeats the output */
    ROP_HANDLES_OUT,         /* output (RopLogon); the response repeats it */
    ROP_HANDLES_SOURCE_DEST, /* source (rop_request.handle_index), destination (.output_handle_index); repeats the source */
    ROP_HANDLES_RESPONSE_IN, /* response (rop_request.output_handle_index), input (.handle_index); repeats the response one */
};

/* A response of its own form for one return value (RopLogon: WrongServer; RopCopyTo: null destination ...). */
struct rop_special {
    uint32_t return_value;
    const char *name;
    const struct wire_structure *structure;
};

struct rop_definition {
    uint8_t id;
    uint8_t response_id; /* the same but for RopGetMessageStatus (MS-OXCROPS 2.2.6.9.2) */
    uint8_t handles;     /* enum rop_handles */
    bool reserved;       /* has a layout, but is as unknown as a reserved id to a server (RopGetValidAttachments, R1413) */
    const char *name;      /* rop_open_folder */
    const char *spec_name; /* RopOpenFolder */
    const char *section;
    const struct wire_structure *request; /* NULL: a response only */
    const struct wire_structure *success; /* NULL: never answered (RopRelease) */
    const struct wire_structure *failure; /* NULL: nothing follows the return value; often the same as success */
    const struct rop_special *special;    /* or NULL */
};

/* By ROP id; NULL for the reserved ones (MS-OXCROPS 2.2.2). */
extern const struct rop_definition *const rop_definitions[256];

/* The structure that follows the return value: success for 0 and for warnings (0x0004....), the special form for its value,
 * failure otherwise; NULL where nothing follows. */
const struct wire_structure *rop_response_structure(const struct rop_definition *definition, uint32_t return_value);
