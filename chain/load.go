package chain

import (
	"bytes"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"time"

	"github.com/gosplice/gosplice/internal/live/chains"
)

// loadFile applies the plugin in a file.
func (c *core) loadFile(path string) (*version, chains.Switched, error) {
	file, err := chains.ReadFile(path)
	if err != nil {
		return nil, chains.Switched{}, failed(ReasonFile, "%s: %v", c.title(), err)
	}
	v, s, err := c.apply(file, path, chains.ApplyOptions{})
	var known *Error
	if errors.As(err, &known) {
		named := *known
		named.Message = filepath.Base(path) + ": " + known.Message
		return nil, s, &named
	}
	return v, s, err
}

// Apply loads a plugin and switches to it.
func (c *core) Apply(file []byte, o chains.ApplyOptions) (chains.Switched, error) {
	_, s, err := c.apply(file, "", o)
	return s, err
}

// apply is Apply with the path from which the plugin was read, if it was.
func (c *core) apply(file []byte, path string, o chains.ApplyOptions) (*version, chains.Switched, error) {
	var s chains.Switched
	start := time.Now()
	end, err := c.begin()
	if err != nil {
		return nil, s, err
	}
	defer end()
	p, err := c.read(file)
	if err != nil {
		return nil, s, err
	}
	info, now := p.About(), c.now()
	s.To, s.ID = info.Version, info.ID
	if now != nil {
		s.From = now.version
	}
	v := c.withID(info.ID)
	if s.Already = v != nil && v == now; s.Already {
		return v, s, nil
	}
	if err := c.admits(info); err != nil {
		return nil, s, err
	}
	if v == nil {
		if err := c.mayLoad(p); err != nil {
			return nil, s, err
		}
	}
	if err := ask(o.Approve, info.Version, info.ID, info.Signer); err != nil {
		return nil, s, err
	}
	if v == nil {
		if v, err = c.load(p, path, o); err != nil {
			return nil, s, err
		}
		s.Loaded, s.Memory = true, info.Memory
	}
	if err := c.switchTo(v, c.above(v)); err != nil {
		return nil, s, err
	}
	s.Took = time.Since(start)
	return v, s, nil
}

// above is the stack that rollback goes through with v on top. Each version is in it once.
func (c *core) above(v *version) []*version {
	stack := slices.DeleteFunc(slices.Clone(c.stack), func(other *version) bool { return other == v })
	return append(stack, v)
}

// read reads a plugin file.
func (c *core) read(file []byte) (chains.Plugin, error) {
	loader := chains.TheLoader()
	if loader == nil {
		return nil, refused(ReasonPlatform, "%s: this program was built without the means to load plugins: build it with gosplice plugin host, or link the logic in with Chain.Link", c.title())
	}
	return loader.Read(file)
}

func (c *core) withID(id string) *version {
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, v := range c.versions {
		if v.plugin != nil && v.plugin.ID == id {
			return v
		}
	}
	return nil
}

// admits says whether a plugin is one of this chain, from somebody who may make it.
func (c *core) admits(p chains.PluginInfo) error {
	if p.Chain != c.name {
		return refused(ReasonChain, "%s: the plugin is %s of the chain %s, not of this one: load it there", c.title(), p.Version, p.Chain)
	}
	if table := c.table.PkgPath() + "." + c.table.Name(); p.Table != table {
		return refused(ReasonChain, "%s: the entry of %s makes a %s, and this chain has tables of the type %s: make that one", c.title(), p.Version, p.Table, table)
	}
	trusted := c.options.trusted
	switch {
	case len(trusted) == 0:
		return nil
	case p.Signer == nil:
		return refused(ReasonUnsigned, "%s: %s is not signed, and this chain takes only what is signed with a key that it trusts: build it with --key", c.title(), p.Version)
	case !slices.ContainsFunc(trusted, func(k []byte) bool { return bytes.Equal(k, p.Signer) }):
		return refused(ReasonKey, "%s: %s is signed with the key %x, which this chain does not trust: sign it with one that it does", c.title(), p.Version, p.Signer)
	}
	return nil
}

// mayLoad says whether a plugin can come into the process.
func (c *core) mayLoad(p chains.Plugin) error {
	info := p.About()
	if err := c.follows(info.Version, info.ID); err != nil {
		return err
	}
	if n, memory := chains.TheLoader().Count(c.name); n >= c.options.max && !p.Present() {
		return refused(ReasonMax, "%s: %d plugins with %d MB are in the process and can't be unloaded: restart it, or allow more with chain.WithMaxVersions", c.title(), n, memory>>20)
	}
	return p.Admit()
}

// load opens a plugin and runs its entry.
func (c *core) load(p chains.Plugin, path string, o chains.ApplyOptions) (*version, error) {
	opening, err := p.Begin()
	if err != nil {
		return nil, err
	}
	timeout := c.options.entryTimeout
	if o.EntryTimeout > 0 {
		timeout = o.EntryTimeout
	}
	info := p.About()
	table, problem := c.enter(info.Version, inDirs{opening, c.dirs(path)}, timeout)
	if problem != nil {
		return nil, problem
	}
	v := &version{version: info.Version, plugin: &info, table: table, loaded: time.Now()}
	c.keep(v)
	return v, nil
}

// dirs are the directories to try for the copy of a plugin.
func (c *core) dirs(path string) []string {
	if c.options.dirs != nil {
		return c.options.dirs
	}
	dirs := []string{os.TempDir(), "/dev/shm"}
	if path != "" {
		dirs = append(dirs, filepath.Dir(path))
	}
	return dirs
}

// inDirs opens a plugin through the directories of a chain.
type inDirs struct {
	chains.Opening
	dirs []string
}

func (o inDirs) open() (any, error) { return o.Open(o.dirs) }
func (o inDirs) ended()             { o.Ended() }

// linked is an entry that is part of the program.
type linked struct{ entry any }

func (l linked) open() (any, error) { return l.entry, nil }
func (linked) ended()               {}

// ask asks whoever may refuse a change.
func ask(approve chains.Approve, version, id string, signer []byte) error {
	if approve == nil {
		return nil
	}
	return approve(version, id, signer)
}
