/* The client library for MAPI over HTTP (MS-OXCMAPIHTTP): one include for all of it. The parts, in reading order:
 * error.h, property.h, session.h, folder.h, table.h, message.h, watch.h, autodiscover.h, address_book.h, exchange.h.
 * docs/client.md has a whole program of fifty lines.
 *
 * Rules that hold everywhere: functions return MAPIHTTP_OK or say in *ret_error (which may be NULL) what failed; outputs
 * come last and are untouched on failure; strings are UTF-8; what a function returns belongs to the object it names and is
 * freed with it. A session may be used from several threads: its calls wait for each other, except that
 * mapihttp_watch() lets others pass while it waits for events. */
#pragma once
#include <mapihttp/address_book.h>
#include <mapihttp/autodiscover.h>
#include <mapihttp/error.h>
#include <mapihttp/exchange.h>
#include <mapihttp/folder.h>
#include <mapihttp/message.h>
#include <mapihttp/property.h>
#include <mapihttp/session.h>
#include <mapihttp/table.h>
#include <mapihttp/watch.h>
