/* GUIDs as the wire has them: 16 bytes, the first three groups little-endian (MS-DTYP 2.3.4.2). */
#pragma once
#include <stdbool.h>
#include <stdint.h>

struct guid {
    uint8_t data[16];
};

#define GUID_TEXT_SIZE 37 /* xxxxxxxx-xxxx-xxxx-xxxx-xxxxxxxxxxxx and NUL */

bool guid_equal(struct guid a, struct guid b);
bool guid_is_zero(struct guid guid);
/* A random one, version 4, from the system's generator. */
struct guid guid_random(void);
/* Lower-case text without braces. */
void guid_format(struct guid guid, char text[GUID_TEXT_SIZE]);
/* Reads 36 characters, with or without braces, any case; false (and *ret_guid untouched) for anything else. */
bool guid_parse(const char *text, struct guid *ret_guid);
/* Fills from the system's generator; aborts where it is not available, since nothing safe can be done without. */
void random_bytes(void *data, uint32_t size);
