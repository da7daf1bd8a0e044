/* Where the configuration of this machine's server is. */
#pragma once

/* The configuration meant: the one given, else $MAPIHTTP_CONFIG, else /etc/mapihttp/mapihttp.conf where it is there; NULL: the
 * built-in settings (what config_read takes). */
const char *local_configuration_path(const char *given);
