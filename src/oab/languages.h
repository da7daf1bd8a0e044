/* The languages whose display templates are published. Any thread. */
#pragma once
#include "oab/publication.h"

/* All of them, English first, with the templates that the address book endpoint gives; in the arena. NULL without memory. */
const struct oab_language *oab_languages(struct arena *arena, uint32_t *ret_count);
