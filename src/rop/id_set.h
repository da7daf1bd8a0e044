/* The serialised IDSET with REPLGUIDs (MS-OXCFXICS 2.2.2.4.2), as far as to tell a well-formed one. Any thread. */
#pragma once
#include "base/bytes.h"

/* Pairs of a replica GUID and a GLOBSET up to the end of the bytes; none at all is well-formed too. */
bool id_set_is_well_formed(struct bytes set);
