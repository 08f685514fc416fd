package chains

// Loader brings plugins into the process. There is one in programs that link package chain/loader; it is
// apart from chains so that plugins, which link package chain as well, stay small, and so that
// other programs need no cgo.
type Loader interface {
	// Read reads a plugin file and verifies that it is whole. Errors are *Error.
	Read(file []byte) (Plugin, error)
	// Count is how many plugins of a chain are in the process, and the bytes that they take.
	Count(chain string) (plugins int, memory uint64)
	// Poisoned says why no further plugin can be opened, or is empty.
	Poisoned() string
}

// Plugin is a file that was read.
type Plugin interface {
	About() PluginInfo
	// Admit says why the plugin can't come into this process. Go's own checks come too late: what they
	// reject stays in the process, half loaded.
	Admit() error
	// Present says that it was opened before.
	Present() bool
	// Begin makes it the only try of this plugin until Opening.Ended.
	Begin() (Opening, error)
}

// PluginInfo says what a plugin is.
type PluginInfo struct {
	Chain, Version, Identity string
	ID                       string // SHA-256 of the file, hexadecimal
	Table                    string // type of the function table: import path, dot, name
	Signer                   []byte // ed25519 public key, or nil
	Memory                   uint64 // bytes
}

// Opening is one try of a plugin.
type Opening interface {
	// Open opens it through a copy in one of the directories, which runs its package initialisers, and
	// returns its entry. When it is open already it returns that.
	Open(dirs []string) (entry any, err error)
	// Ended says that nothing of the try runs any more.
	Ended()
}

var loader Loader

// SetLoader is called once, by an initialiser.
func SetLoader(l Loader) { loader = l }

// TheLoader is the loader of this program, or nil.
func TheLoader() Loader { return loader }
