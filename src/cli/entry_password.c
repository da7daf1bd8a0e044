/* Passwords that commands are given. */
#include <openssl/crypto.h>
#include <stdio.h>
#include <string.h>
#include <termios.h>
#include <unistd.h>

#include "cli/entry_command.h"
#include "directory/password.h"

_Static_assert(ENTRY_PASSWORD_SIZE >= PASSWORD_SIZE_MAX + 2, "room for the longest password, its line end and a NUL");

/* The first line without its end; false at the end of the file or for too long a one. */
static bool read_line(FILE *file, char password[PASSWORD_SIZE_MAX + 2])
{
    if (!fgets(password, PASSWORD_SIZE_MAX + 2, file))
        return false;
    size_t size = strcspn(password, "\r\n");
    bool whole = password[size] != '\0' || size <= PASSWORD_SIZE_MAX;
    password[size] = '\0';
    return whole;
}

static bool ask(const char *question, char password[PASSWORD_SIZE_MAX + 2])
{
    struct termios before, silent;
    fputs(question, stderr);
    tcgetattr(STDIN_FILENO, &before);
    silent = before;
    silent.c_lflag &= ~(tcflag_t)ECHO;
    tcsetattr(STDIN_FILENO, TCSAFLUSH, &silent);
    bool done = read_line(stdin, password);
    tcsetattr(STDIN_FILENO, TCSAFLUSH, &before);
    fputc('\n', stderr);
    return done;
}

int entry_password(const struct command *command, const struct entry_words *words, char ret_password[ENTRY_PASSWORD_SIZE])
{
    char again[ENTRY_PASSWORD_SIZE];
    bool done;
    if (words->no_password) {
        *ret_password = '\0';
        return COMMAND_DONE;
    }
    if (words->password_file) {
        FILE *file = fopen(words->password_file, "r");
        done = file && read_line(file, ret_password);
        if (file)
            fclose(file);
    } else if (isatty(STDIN_FILENO)) {
        done = ask("Password: ", ret_password) && ask("Again: ", again);
        if (done && strcmp(ret_password, again) != 0)
            return command_failed(command, "the two are not the same");
        OPENSSL_cleanse(again, sizeof again);
    } else {
        done = read_line(stdin, ret_password);
    }
    if (done && *ret_password == '\0')
        return command_failed(command, "an empty password; say --no-password for a user without one");
    return done ? COMMAND_DONE : command_failed(command, "no password, or one of more than %u bytes", PASSWORD_SIZE_MAX);
}
