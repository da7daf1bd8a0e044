/* What the start of the process, and work that comes once in a while, have touched of the program's and its libraries' code and
 * constants, about 10 MB: given back to the page cache, from where the little that is needed again comes back by itself. */
#pragma once

/* Any thread, any time: nothing is lost, since these pages are never written. A debugger's breakpoints set before are. */
void program_pages_release(void);
