/* The checksum of offline address book files (MS-OXOAB 2, 'CRC'): the polynomial of IEEE 802.3, begun with all ones and,
 * other than everywhere else, not inverted at the end. No state, any thread. */
#pragma once
#include "base/bytes.h"

#define OAB_CRC_START 0xFFFFFFFFu
/* Goes on from 'crc' (OAB_CRC_START at first). */
uint32_t oab_crc(uint32_t crc, struct bytes bytes);
