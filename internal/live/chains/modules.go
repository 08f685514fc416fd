package chains

import "sync"

// Modules is held by who adds code to the process, a plugin or a patch: the runtime's list of modules
// has one end. Neither waits for the other, since opening a plugin runs its initialisers.
var Modules sync.Mutex

// Patched is the patch that the program runs, or empty. A program that is patched takes no plugin, which has
// inlined copies of its own of functions as they were. It is under Modules.
var Patched string
