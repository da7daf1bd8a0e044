/* Kerberos as a mechanism, for Negotiate: kerberos.h with the realms that may come, and their users' names in the directory. */
#pragma once
#include "auth/kerberos.h"
#include "auth/mechanism.h"

/* Takes 'kerberos' (also where it fails). 'realms' as of kerberos_directory_name; "": those of the keytab. NULL without memory. */
struct mechanism *kerberos_mechanism_new(struct kerberos *kerberos, const char *realms);
