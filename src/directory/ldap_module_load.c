#include <dlfcn.h>
#include <stdio.h>

#include "directory/ldap_module.h"

const struct ldap_module *ldap_module_load(struct ldap_directory_error *ret_error)
{
    /* Never unloaded: libraries behind it have things to do at the end of the process. */
    void *file = dlopen(LDAP_MODULE_FILE, RTLD_NOW | RTLD_LOCAL);
    const struct ldap_module *module = file ? dlsym(file, LDAP_MODULE_SYMBOL) : NULL;
    if (!module)
        snprintf(ret_error->text, sizeof ret_error->text, "%s", dlerror());
    else if (module->settings_size != sizeof(struct ldap_directory_settings)) {
        snprintf(ret_error->text, sizeof ret_error->text, LDAP_MODULE_FILE " is of another version than this program");
        module = NULL;
    }
    return module;
}
