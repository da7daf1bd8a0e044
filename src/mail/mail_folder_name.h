/* Names of mail folders as files have them. */
#pragma once
#include "base/bytes.h"

/* Maildir++ '.Work.Notes &AOk-t&AOk-' -> 'Work/Notes été' (modified UTF-7, RFC 3501 5.1.3). g_free. */
char *mail_folder_of_maildir(const char *directory);
/* The other way; a '.' in a name, which Maildir++ cannot say, becomes '_'. g_free. */
char *mail_folder_to_maildir(const char *folder);
/* A part of a path as a file name: what file systems refuse becomes '_', never '.' or '..'. g_free. */
char *mail_folder_file_name(const char *name, size_t size_max);
