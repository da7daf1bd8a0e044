#include "server/privileges.h"

#include <errno.h>
#include <grp.h>
#include <pwd.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <unistd.h>

#include "base/log.h"

uint64_t privileges_raise_open_files(uint64_t wanted)
{
    struct rlimit limit;
    if (getrlimit(RLIMIT_NOFILE, &limit) < 0)
        return 0;
    if (limit.rlim_cur >= wanted)
        return limit.rlim_cur;
    struct rlimit raised = {wanted, limit.rlim_max > wanted ? limit.rlim_max : wanted};
    if (setrlimit(RLIMIT_NOFILE, &raised) == 0)
        return wanted;
    raised = (struct rlimit){limit.rlim_max, limit.rlim_max}; /* without the right to raise the hard limit */
    return setrlimit(RLIMIT_NOFILE, &raised) == 0 ? limit.rlim_max : limit.rlim_cur;
}

bool privileges_become(const char *user)
{
    if (!*user)
        return true;
    errno = 0;
    const struct passwd *entry = getpwnam(user);
    if (!entry) {
        log_error("[server] user: there is no user '%s'", user);
        return false;
    }
    if (getuid() == entry->pw_uid && geteuid() == entry->pw_uid)
        return true;
    if (initgroups(user, entry->pw_gid) < 0 || setresgid(entry->pw_gid, entry->pw_gid, entry->pw_gid) < 0
        || setresuid(entry->pw_uid, entry->pw_uid, entry->pw_uid) < 0) {
        log_error("[server] user: cannot become '%s': %s (start as root, or leave 'user' empty)", user, strerror(errno));
        return false;
    }
    prctl(PR_SET_DUMPABLE, 0); /* mail and keys do not belong into core files of others */
    return true;
}
