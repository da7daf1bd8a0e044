/* What the wire engine must know of the protocol: see struct wire_vocabulary. */
#pragma once
#include "wire/structure.h"

extern const struct wire_vocabulary protocol_vocabulary;
