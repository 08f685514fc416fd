package chain

import (
	"bytes"
	"crypto/ed25519"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"time"

	"github.com/gosplice/gosplice/internal/chainfile"
	"github.com/gosplice/gosplice/internal/chains"
)

// readPlugin reads a file as a whole: what is checked is then what is opened.
func readPlugin(path string) ([]byte, error) {
	info, err := os.Stat(path)
	if err != nil {
		return nil, err
	}
	if !info.Mode().IsRegular() || info.Size() > chainfile.MaxFile {
		return nil, fmt.Errorf("%s is no file of at most %d bytes", path, chainfile.MaxFile)
	}
	return os.ReadFile(path)
}

// Apply loads a plugin and switches to it.
func (c *core) Apply(file []byte, o chains.ApplyOptions) (chains.Switched, error) {
	return c.apply(file, "", o)
}

// apply is Apply with the path from which the plugin was read, if it was.
func (c *core) apply(file []byte, path string, o chains.ApplyOptions) (chains.Switched, error) {
	start := time.Now()
	end, err := c.begin()
	if err != nil {
		return chains.Switched{}, err
	}
	defer end()
	f, err := chainfile.Read(bytes.NewReader(file), int64(len(file)))
	if err != nil {
		return chains.Switched{}, c.inFile(path, err)
	}
	s := chains.Switched{To: f.Version, ID: f.ID}
	now := c.now()
	if now != nil {
		s.From = now.version
	}
	v := c.withID(f.ID)
	if s.Already = v != nil && v == now; s.Already {
		return s, nil
	}
	if err := c.admits(f); err != nil {
		return s, err
	}
	if v == nil {
		if err := c.mayLoad(f); err != nil {
			return s, err
		}
	}
	if err := ask(o.Approve, f.Version, f.ID, f.Signer); err != nil {
		return s, err
	}
	if v == nil {
		if v, err = c.load(f, file[:f.Plugin], path, o); err != nil {
			return s, err
		}
		s.Loaded, s.Memory = true, f.Memory
	}
	if err := c.switchTo(v, append(slices.Clone(c.stack), v)); err != nil {
		return s, err
	}
	s.Took = time.Since(start)
	return s, nil
}

// inFile names the file that an error is about.
func (c *core) inFile(path string, err error) *Error {
	p := c.problem(err)
	if path == "" {
		return p
	}
	named := *p
	named.Message = filepath.Base(path) + ": " + p.Message
	return &named
}

func (c *core) withID(id string) *version {
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, v := range c.versions {
		if v.id() == id {
			return v
		}
	}
	return nil
}

// admits says whether a plugin is one of this chain, from somebody who may make it.
func (c *core) admits(f *chainfile.File) error {
	if f.Chain != c.name {
		return refused(ReasonChain, "%s: the plugin is %s of the chain %s, not of this one", c.name, f.Version, f.Chain)
	}
	if table := tableName(c.table.PkgPath(), c.table.Name()); f.Table != table {
		return refused(ReasonChain, "%s: the entry of %s makes a %s, and this chain has tables of the type %s", c.name, f.Version, f.Table, table)
	}
	trusted := c.options.trusted
	switch {
	case len(trusted) == 0:
		return nil
	case f.Signer == nil:
		return refused(ReasonUnsigned, "%s: %s is not signed, and this chain takes only what is signed with a key that it trusts: build it with --key", c.name, f.Version)
	case !slices.ContainsFunc(trusted, func(k ed25519.PublicKey) bool { return k.Equal(f.Signer) }):
		return refused(ReasonKey, "%s: %s is signed with the key %x, which this chain does not trust: sign it with one that it does", c.name, f.Version, f.Signer)
	}
	return nil
}

func tableName(pkg, name string) string { return pkg + "." + name }

// mayLoad says whether a plugin can come into the process. Everything that Go checks when it opens
// a plugin is checked here, and more: a plugin that Go rejects can't be taken out again.
func (c *core) mayLoad(f *chainfile.File) error {
	if err := supported(); err != nil {
		return refused(ReasonPlatform, "%s: %v", c.name, err)
	}
	if err := c.follows(f.Version, f.ID); err != nil {
		return err
	}
	if failed, loaded := process.count(c.name); failed+loaded >= c.options.max && !process.has(f.Identity) {
		return refused(ReasonMax, "%s: %d plugins with %d MB are in the process and can't be unloaded: restart it, or allow more with chain.WithMaxVersions", c.name, failed+loaded, process.memory(c.name)>>20)
	}
	if err := process.admits(f); err != nil {
		return c.problem(err)
	}
	return nil
}

// load opens a plugin and runs its entry.
func (c *core) load(f *chainfile.File, plugin []byte, path string, o chains.ApplyOptions) (*version, error) {
	a, err := process.begin(f)
	if err != nil {
		return nil, c.problem(err)
	}
	open := func() (any, error) { return openCopy(plugin, c.dirs(path)) }
	timeout := c.options.entryTimeout
	if o.EntryTimeout > 0 {
		timeout = o.EntryTimeout
	}
	table, problem := c.enter(f.Version, a, open, timeout)
	if problem != nil {
		return nil, problem
	}
	process.succeeded(a)
	v := &version{version: f.Version, file: f, table: table, loaded: time.Now()}
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

// ask asks whoever may refuse a change.
func ask(approve chains.Approve, version, id string, signer ed25519.PublicKey) error {
	if approve == nil {
		return nil
	}
	if err := approve(version, id, signer); err != nil {
		return refused(ReasonApproval, "%v", err)
	}
	return nil
}
