// Package chains knows the chains of this process, so that the agent can list and change them without
// linking Go's plugin mechanism into programs that have none.
package chains

import (
	"slices"
	"strings"
	"sync"
	"time"
)

// Chain is one chain of versions. Its methods are safe for concurrent use.
type Chain interface {
	Name() string
	Version() string // the current one, or empty
	// Apply loads the plugin in file, unless it is loaded already, and switches to it. Errors are *Error.
	Apply(file []byte, o ApplyOptions) (Switched, error)
	// Rollback switches to a version that is loaded: its name, its ID or the first 8 or more digits of
	// that, or the one before when to is empty. Errors are *Error.
	Rollback(to string, approve Approve) (Switched, error)
	Status() Status
}

// Approve is asked before anything is changed; id is empty for what is linked in.
type Approve func(version, id string, signer []byte) error

// ApplyOptions are the wishes for Apply.
type ApplyOptions struct {
	Approve Approve
	// EntryTimeout bounds the plugin's initialisation; 0 is the chain's own bound.
	EntryTimeout time.Duration
}

// Switched is what a switch did.
type Switched struct {
	From, To string // versions; From is empty for the first
	ID       string // of To, empty if it is linked in
	Already  bool   // To was current before: nothing was done
	Loaded   bool   // To came into the process with this
	Memory   uint64 // newly taken, bytes
	Took     time.Duration
}

// Status is what a chain holds.
type Status struct {
	Name     string
	Versions []Version // in the order of loading
	// Rollback are the versions that rolling back goes through, the current one last.
	Rollback []string
	Max      int    // plugins that may be in the process
	Plugins  int    // in the process, those that never became a version included
	Memory   uint64 // of all plugins, bytes
	// Poisoned says why no further plugin is loaded, if so.
	Poisoned string
}

// Version is one version of a chain.
type Version struct {
	Version string
	ID      string // SHA-256 of the file, hexadecimal; empty if it is linked in
	Linked  bool
	Current bool
	Loaded  time.Time
	Signer  []byte // nil if it is not signed
	Memory  uint64 // bytes; 0 if it is linked in
	// Goroutines are those with a function of this version in the 32 innermost frames of their stacks.
	Goroutines int
}

var registry struct {
	sync.Mutex
	chains []Chain
}

// Register enters a chain. It reports false when there is one of the name.
func Register(c Chain) bool {
	registry.Lock()
	defer registry.Unlock()
	for _, other := range registry.chains {
		if other.Name() == c.Name() {
			return false
		}
	}
	registry.chains = append(registry.chains, c)
	return true
}

// All are the chains of this process, by name.
func All() []Chain {
	registry.Lock()
	defer registry.Unlock()
	all := slices.Clone(registry.chains)
	slices.SortFunc(all, func(a, b Chain) int { return strings.Compare(a.Name(), b.Name()) })
	return all
}

// Named returns a chain by its name, or nil.
func Named(name string) Chain {
	for _, c := range All() {
		if c.Name() == name {
			return c
		}
	}
	return nil
}
