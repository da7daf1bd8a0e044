/* How a patch goes along two details files (container.h): cuts at the same entries, so that what is in a block of the new file
 * is made from where it was in the old one, whatever came and went before it. Any thread. */
#pragma once
#include "oab/details.h"

struct oab_cuts {
    uint32_t count, capacity;
    struct oab_cut *cuts; /* free() it */
};
/* Both files hold their entries in the order of their object GUIDs (otherwise the cuts are as valid, but the patch is larger).
 * OAB_MALFORMED where one of them is no details file, or so much is gone that no patch can be made. */
enum oab_status oab_cut_files(struct bytes old_file, struct bytes new_file, struct oab_cuts *ret_cuts);
/* Whether both say the same but for the sequence. */
bool oab_details_same(struct bytes a, struct bytes b);
