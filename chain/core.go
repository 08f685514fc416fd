package chain

import (
	"reflect"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/gosplice/gosplice/internal/live/chains"
)

// core is a chain without the type of its table: what decides and remembers.
type core struct {
	name    string
	table   reflect.Type
	options options
	store   func(table any)
	call    func(entry, prev any) (any, error)
	isEntry func(entry any) bool

	// changing is held for a whole change, so that hooks and entries can't begin another one.
	changing sync.Mutex

	mu       sync.Mutex // of what follows
	versions []*version
	stack    []*version // that rollbacks go through, the current one last
	hooks    []hook
}

// version is one table that was made.
type version struct {
	version string
	plugin  *chains.PluginInfo // nil if it is linked in
	table   any
	loaded  time.Time
}

func (v *version) id() string {
	if v.plugin == nil {
		return ""
	}
	return v.plugin.ID
}

// named says whether name means v: its version, its ID, or the first 8 or more digits of that.
func (v *version) named(name string) bool {
	return name == v.version || len(name) >= 8 && strings.HasPrefix(v.id(), name)
}

func newCore(name string, table reflect.Type, opts []Option) *core {
	c := &core{name: name, table: table}
	c.options = options{max: defaultMaxVersions, entryTimeout: defaultEntryTimeout}
	for _, set := range opts {
		set(&c.options)
	}
	return c
}

// begin makes sure that one change is under way.
func (c *core) begin() (end func(), err error) {
	if !c.changing.TryLock() {
		return nil, refused(ReasonBusy, "%s: another change is under way: wait until it has ended", c.title())
	}
	return c.changing.Unlock, nil
}

// now is the current version, or nil.
func (c *core) now() *version {
	c.mu.Lock()
	defer c.mu.Unlock()
	if len(c.stack) == 0 {
		return nil
	}
	return c.stack[len(c.stack)-1]
}

// link makes a version of an entry that is part of the program.
func (c *core) link(name string, entry any) error {
	if err := chains.CheckVersion(name); err != nil {
		return refused(ReasonOrder, "%s: %v", c.title(), err)
	}
	end, err := c.begin()
	if err != nil {
		return err
	}
	defer end()
	if err := c.follows(name, ""); err != nil {
		return err
	}
	table, problem := c.enter(name, linked{entry}, c.options.entryTimeout)
	if problem != nil {
		return problem
	}
	v := &version{version: name, table: table, loaded: time.Now()}
	c.keep(v)
	return asError(c.switchTo(v, c.above(v)))
}

// follows says whether a version may come now: it has to be a new one, after the current one.
func (c *core) follows(name, id string) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, v := range c.versions {
		if v.version == name && v.id() != id {
			return refused(ReasonOrder, "%s: version %s is in the process already, from another build: give this one a number of its own", c.title(), name)
		}
	}
	if len(c.stack) == 0 {
		return nil
	}
	now := c.stack[len(c.stack)-1].version
	if chains.CompareVersions(name, now) <= 0 {
		return refused(ReasonOrder, "%s: version %s does not come after the current version %s: give it a higher number, or go back with rollback", c.title(), name, now)
	}
	return nil
}

// keep enters a version whose table is made.
func (c *core) keep(v *version) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.versions = append(c.versions, v)
}

// title names the chain in messages.
func (c *core) title() string { return "chain " + c.name }

// Name is the name of the chain.
func (c *core) Name() string { return c.name }

// Version is the current version, or empty.
func (c *core) Version() string {
	if v := c.now(); v != nil {
		return v.version
	}
	return ""
}

// Rollback switches to a version that is in the process.
func (c *core) Rollback(to string, approve chains.Approve) (chains.Switched, error) {
	start := time.Now()
	end, err := c.begin()
	if err != nil {
		return chains.Switched{}, err
	}
	defer end()
	stack, err := c.stackFor(to)
	if err != nil {
		return chains.Switched{}, err
	}
	v, from := stack[len(stack)-1], c.now()
	s := chains.Switched{From: from.version, To: v.version, ID: v.id(), Already: v == from}
	if s.Already {
		return s, nil
	}
	if err := ask(approve, v.version, v.id(), nil); err != nil {
		return s, err
	}
	if err := c.switchTo(v, stack); err != nil {
		return s, err
	}
	s.Took = time.Since(start)
	return s, nil
}

// stackFor returns the versions that rollback goes through once it went to the version to.
func (c *core) stackFor(to string) ([]*version, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if len(c.stack) == 0 {
		return nil, refused(ReasonVersion, "%s: there is no version yet: load one", c.title())
	}
	if to == "" {
		if len(c.stack) == 1 {
			return nil, refused(ReasonVersion, "%s: %s is the first version: there is nothing to roll back to", c.title(), c.stack[0].version)
		}
		return c.stack[:len(c.stack)-1], nil
	}
	for i, v := range slices.Backward(c.stack) {
		if v.named(to) {
			return c.stack[:i+1], nil
		}
	}
	var known []string
	for _, v := range c.versions {
		if v.named(to) {
			return c.above(v), nil
		}
		known = append(known, v.version)
	}
	return nil, refused(ReasonVersion, "%s: there is no version %.80q in this process: it has %s", c.title(), to, strings.Join(known, ", "))
}

// asError keeps a nil *Error from becoming an error that is not nil.
func asError(e *Error) error {
	if e == nil {
		return nil
	}
	return e
}
