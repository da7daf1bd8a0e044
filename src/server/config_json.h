/* The configuration in force as JSON, for those who show it: a flat object 'section.name': value. Durations, sizes and modes are texts as in
 * the file; words a text with blanks between; listeners an array. Any thread. */
#pragma once
#include <jansson.h>

#include "server/config.h"

json_t *config_json(const struct config *config); /* a new reference; NULL without memory */
