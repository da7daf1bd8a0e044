/* Inside of the auth layer: making identities. */
#pragma once
#include "auth/authenticator.h"

/* Copies the user; 'method' is a literal. NULL without memory. */
struct identity *identity_new(const struct directory_user *user, const char *method);
