/* What a service manager wants to hear: systemd's notification protocol, a datagram to $NOTIFY_SOCKET (sd_notify(3)),
 * without its library. Does nothing when the variable is not set. Any thread. */
#pragma once

/* 'state' is lines like "READY=1\nSTATUS=serving". */
void supervisor_notify(const char *state);
/* "RELOADING=1" with the time that Type=notify-reload wants beside it. */
void supervisor_notify_reloading(void);
