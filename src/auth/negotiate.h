/* Negotiate: SPNEGO (RFC 4178) around Kerberos and NTLM, as a mechanism made of mechanisms. The client's order of preference
 * decides among those that are there and allowed; a client that asks for one of them without SPNEGO around it gets it, as
 * Windows does. docs/authentication.md. */
#pragma once
#include "auth/mechanism.h"

#define NEGOTIATE_MECHANISMS_MAX 4u

/* Takes the references. At least one, with object ids; NULL without memory (the references are released all the same). */
struct mechanism *negotiate_mechanism_new(struct mechanism *const *mechanisms, uint32_t count);
