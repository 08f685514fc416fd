// Package chain swaps the logic of a running program by versions, through Go's own plugin mechanism.
//
// A program keeps its data, and calls its logic through a table of functions, a struct that it
// declares itself:
//
//	package api
//
//	type Table struct {
//		Damage func(p *model.Player, blow int) int
//	}
//
//	var Logic = chain.New[Table]("game")
//
//	left := api.Logic.Current().Damage(p, 7)
//
// The logic is built as a plugin whose main package has one entry, which gets the table before it and
// returns its own. It takes the place of init, and runs once for each version:
//
//	func Entry(prev *api.Table) (*api.Table, error)
//
// gosplice plugin host builds the program, gosplice plugin build the plugins, each under import paths
// of its own, so that any number of versions fit into one process. Before a plugin is opened
// everything is checked by reading its file: that it is whole, that it belongs to this chain, comes after
// the current version, and was built with the same toolchain and the same sources of all packages that it
// shares with the program. That matters, because a plugin that Go itself rejects stays in the process,
// half loaded, and harms the next one.
//
// What a version leaves behind stays: plugins can't be unloaded, and [WithMaxVersions] bounds them.
// Calls that run finish in the version in which they began.
//
// Plugins exist on Linux and FreeBSD, with cgo. Elsewhere, in tests and under a debugger, the logic is
// linked in with [Chain.Link]. A program that go build makes has no part of the plugin mechanism and
// needs no cgo; gosplice plugin host adds package chain/loader to it.
package chain

import (
	"fmt"
	"reflect"
	"strings"
	"sync/atomic"
	"time"

	"github.com/gosplice/gosplice/internal/live/chains"
)

// Chain is a chain of versions of a table of functions. T is a struct with a name, declared in a
// package that the program and its plugins share. All methods are safe for concurrent use.
type Chain[T any] struct {
	current atomic.Pointer[T]
	core    *core
}

// New makes the chain of a name, without a version. It is meant for a package variable, and panics
// when the name is no name, when there is a chain of that name, or when T is not a named struct.
func New[T any](name string, opts ...Option) *Chain[T] {
	if err := chains.CheckName(name); err != nil {
		panic("chain.New: " + err.Error())
	}
	c := new(Chain[T])
	c.core = newCore(name, tableOf[T](), opts)
	c.core.store = func(table any) {
		t, _ := table.(*T) // nil when there is no version
		c.current.Store(t)
	}
	c.core.call = func(entry, prev any) (any, error) {
		before, _ := prev.(*T)
		table, err := entry.(func(*T) (*T, error))(before)
		if table == nil {
			return nil, err // not a nil *T in an interface
		}
		return table, err
	}
	c.core.isEntry = func(entry any) bool {
		_, ok := entry.(func(*T) (*T, error))
		return ok
	}
	if !chains.Register(c.core) {
		panic(fmt.Sprintf("chain.New: there is a chain %s already", name))
	}
	return c
}

// tableOf is the type of a table, which has to be one that plugins can name.
func tableOf[T any]() reflect.Type {
	t := reflect.TypeFor[T]()
	if t.Kind() != reflect.Struct || t.Name() == "" || t.PkgPath() == "main" {
		panic(fmt.Sprintf("chain.New: %s can't be a table: declare it as a struct with a name, in a package that plugins can import", t))
	}
	if strings.Contains(t.Name(), "[") {
		panic(fmt.Sprintf("chain.New: %s can't be a table: it is an instance of a generic type, declare a struct of its own without type parameters", t))
	}
	return t
}

// Name is the name of the chain.
func (c *Chain[T]) Name() string { return c.core.name }

// Current is the table of the current version: take it for each call, or for calls that belong together.
// It costs one atomic load. It is nil before the first version.
func (c *Chain[T]) Current() *T { return c.current.Load() }

// Load loads the plugin in a file that gosplice plugin build made, runs its entry, and makes its table
// the current one. A file that is loaded already is switched to without running its entry again. While
// one load is under way in the process others are refused. Errors are *[Error], and leave the current
// version as it was.
func (c *Chain[T]) Load(path string) (Version, error) {
	v, _, err := c.core.loadFile(path)
	if err != nil {
		return Version{}, err
	}
	return v.describe(true), nil
}

// Link makes logic that is linked into the program a version: for tests, for platforms without
// plugins, and as the version that a program begins with. Its entry has run when Link returns, in a
// goroutine of its own and under the same time limit as that of a plugin.
func (c *Chain[T]) Link(version string, entry func(prev *T) (*T, error)) error {
	return c.core.link(version, entry)
}

// Rollback switches to a version that was current before: version names it, and the empty string is the
// one before the current one. Hooks run, entries don't.
func (c *Chain[T]) Rollback(version string) error {
	_, err := c.core.Rollback(version, nil)
	return err
}

// Versions are the versions in the process, in the order in which they were loaded.
func (c *Chain[T]) Versions() []Version { return c.core.versionList() }

// OnSwitch adds hooks, which run in the order in which they were added, those of After in the opposite one.
// They can't change the chain that they are hooks of.
func (c *Chain[T]) OnSwitch(h Hook[T]) {
	c.core.addHook(hook{
		before: func(s swap) error { return h.before(s) },
		after:  func(s swap) error { return h.after(s) },
	})
}

// Switch is one change of the current version.
type Switch[T any] struct {
	// From and To are versions; From is empty, and Old is nil, for the first one.
	From, To string
	Old, New *T
}

// Hook is asked about each switch, also of rollbacks. Either function may be nil. There is no limit to
// the time that hooks take, and nothing else changes the chain meanwhile; calls through it go on.
type Hook[T any] struct {
	// Before runs while the old version is current. An error refuses the switch.
	Before func(Switch[T]) error
	// After runs when the new version is current. An error takes the old one back.
	After func(Switch[T]) error
}

func (h Hook[T]) before(s swap) error { return h.run(h.Before, s) }
func (h Hook[T]) after(s swap) error  { return h.run(h.After, s) }

func (h Hook[T]) run(f func(Switch[T]) error, s swap) error {
	if f == nil {
		return nil
	}
	old, _ := s.old.(*T)
	return f(Switch[T]{From: s.from, To: s.to, Old: old, New: s.new.(*T)})
}

// Version is one version of a chain.
type Version struct {
	Version string
	ID      string // SHA-256 of the file, hexadecimal; empty if it is linked in
	Current bool
	Linked  bool
	Loaded  time.Time
	Memory  uint64 // that the plugin takes, bytes
}
