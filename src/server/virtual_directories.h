/* Virtual directories as the running server obeys them: a snapshot of what administrators set, read by any thread without a lock, and
 * replaced when the settings move. The functions that answer from it (services_policy, services_internal_url ...) are declared in
 * services.h. docs/virtual-directories.md. */
#pragma once
#include "record/virtual_directory.h"

struct services;

struct virtual_directories {
    struct virtual_directory_settings of[VIRTUAL_DIRECTORY_COUNT];
    uint64_t version;                     /* of the settings */
    struct virtual_directories *previous; /* somebody may still read it: freed at the end; administrators' changes are few */
};

/* Reads them for the first time; false (logged) where the settings cannot be read. */
bool virtual_directories_start(struct services *services);
/* Reads them again where the settings have moved. May block: not on a loop. */
void virtual_directories_refresh(struct services *services);
/* Every second on a loop: has it done, where another process has changed the settings. */
void virtual_directories_watch(struct services *services);
/* After loops and workers. */
void virtual_directories_free(struct services *services);
