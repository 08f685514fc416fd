package chain

import "time"

// Option changes what [New] makes.
type Option func(*options)

type options struct {
	max          int
	entryTimeout time.Duration
	trusted      [][]byte
	dirs         []string
}

const (
	defaultMaxVersions  = 64
	defaultEntryTimeout = 30 * time.Second
)

// WithMaxVersions bounds how many plugins the chain may bring into the process, where they stay:
// each takes its size in memory, a few megabytes. The default is 64.
func WithMaxVersions(n int) Option {
	return func(o *options) { o.max = n }
}

// WithEntryTimeout bounds how long the initialisation of a version may take: the package initialisers of its
// plugin and its entry. The default is 30 seconds.
func WithEntryTimeout(d time.Duration) Option {
	return func(o *options) { o.entryTimeout = d }
}

// WithTrustedKeys makes the chain accept only plugins that were signed with one of the keys, which are
// ed25519 public keys (gosplice plugin build --key).
func WithTrustedKeys(keys ...[]byte) Option {
	return func(o *options) { o.trusted = append(o.trusted, keys...) }
}

// WithPluginDir chooses where a plugin is copied to before it is opened, and removed after. It has to
// allow executables to be mapped, and nobody but this user and root may be able to exchange what is in it. By default it is
// the first that does of the directory for temporary
// files, /dev/shm, and the directory of the plugin.
func WithPluginDir(dir string) Option {
	return func(o *options) { o.dirs = []string{dir} }
}
