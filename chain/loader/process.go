package loader

import (
	"fmt"
	"sync"

	"github.com/gosplice/gosplice/internal/live/chainfile"
	"github.com/gosplice/gosplice/internal/live/chains"
)

// process is what is one in a process, whatever chains there are: the plugins in it.
var process plugins

type plugins struct {
	mu       sync.Mutex
	host     *chainfile.Host
	hostErr  error
	exports  map[string]string // of the host; read with the first plugin
	brought  map[string]chainfile.Brought
	attempts map[string]*attempt // by identity
	opening  string              // the plugin whose initialisers run, or empty
	poisoned string              // why no plugin can be opened any more
}

// attempt is a plugin that was opened, or is about to be. Its fields are under the lock of process.
type attempt struct {
	file    *chainfile.File
	entry   any    // once it is open
	running bool   // in initialisers or its entry
	dead    string // why it can't be tried again
}

// admits says whether Go will open a plugin, so that the answer is never no.
func (p *plugins) admits(f *chainfile.File) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	if a := p.attempts[f.Identity]; a != nil {
		return a.again(f)
	}
	switch {
	case p.poisoned != "":
		return chains.Refusedf(chains.ReasonPoisoned, "chain %s: no further plugin can be opened in this process, restart it: %s", f.Chain, p.poisoned)
	case p.hostErr != nil:
		return chains.Refusedf(chains.ReasonHost, "chain %s: %v", f.Chain, p.hostErr)
	case p.host == nil:
		return chains.Refusedf(chains.ReasonHost, "chain %s: this program does not know what it was built from, so no plugin can be compared with it: build it with gosplice plugin host", f.Chain)
	}
	if err := p.readExports(f.Chain); err != nil {
		return err
	}
	loaded := chainfile.Loaded{Host: p.host, Exports: p.exports, Brought: p.brought}
	return asError(f.Chain, loaded.Fits(&f.Manifest))
}

// again says whether a plugin that was tried before can be tried again.
func (a *attempt) again(f *chainfile.File) error {
	switch {
	case a.file.ID != f.ID:
		return chains.Refusedf(chains.ReasonMalformed, "chain %s: another plugin with the identity %s is in the process: build this one again", f.Chain, f.Identity)
	case a.running:
		return chains.Refusedf(chains.ReasonEntry, "chain %s: %s of the last try still runs: build it again, which gives it an identity of its own", f.Chain, f.Version)
	case a.dead != "":
		return chains.Refusedf(chains.ReasonOpen, "chain %s: this build of %s was tried before: %s: build it again, which gives it an identity of its own", f.Chain, f.Version, a.dead)
	}
	return nil
}

// readExports reads the hashes that Go compares from the program's own file.
func (p *plugins) readExports(chain string) error {
	if p.exports != nil {
		return nil
	}
	exe, err := openSelf()
	if err != nil {
		return chains.Refusedf(chains.ReasonHost, "chain %s: the program's own file can't be read, so no plugin can be compared with it: %v", chain, err)
	}
	defer exe.Close()
	exports, err := chainfile.Exports(exe)
	if err != nil {
		return chains.Refusedf(chains.ReasonHost, "chain %s: the program's own file can't be read, so no plugin can be compared with it: %v", chain, err)
	}
	if len(exports) == 0 {
		return chains.Refusedf(chains.ReasonHost, "chain %s: the program has no symbols for plugins: build it with gosplice plugin host, with cgo", chain)
	}
	p.exports = exports
	return nil
}

// begin enters a plugin that is about to be opened, or to be entered again. The packages that it
// brings along count from now on. It is asked again whether it may, since another chain may have opened
// a plugin meanwhile.
func (p *plugins) begin(f *chainfile.File) (*attempt, error) {
	if err := p.admits(f); err != nil {
		return nil, err
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	a := p.attempts[f.Identity]
	if a == nil {
		a = &attempt{file: f}
		p.add(a)
	}
	a.running = true
	return a, nil
}

func (p *plugins) add(a *attempt) {
	if p.attempts == nil {
		p.attempts = make(map[string]*attempt)
		p.brought = make(map[string]chainfile.Brought)
	}
	p.attempts[a.file.Identity] = a
	for _, shared := range a.file.Shared {
		_, host := p.exports[shared.Path]
		_, known := p.brought[shared.Path]
		if !host && !known {
			p.brought[shared.Path] = chainfile.Brought{Package: shared, By: a.by(), Plugin: a.file.Identity}
		}
	}
}

func (a *attempt) by() string { return a.file.Chain + " " + a.file.Version }

// entryOf is the entry of a plugin that is open, or nil.
func (p *plugins) entryOf(a *attempt) any {
	p.mu.Lock()
	defer p.mu.Unlock()
	return a.entry
}

// opened notes how opening a plugin ended. What did not come into the process can be tried again.
func (p *plugins) opened(a *attempt, entry any, err error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	stuck, isStuck := err.(*stuckError)
	switch {
	case err == nil:
		a.entry = entry
		for path, b := range p.brought {
			if b.Plugin == a.file.Identity {
				b.Initialised = true
				p.brought[path] = b
			}
		}
	case isStuck:
		a.dead = stuck.Error()
		if stuck.poison {
			p.poisoned = fmt.Sprintf("Go rejected %s and keeps it half loaded: %v", a.by(), stuck.err)
		}
	default:
		p.remove(a)
	}
}

// setOpening notes which plugin is being opened.
func (p *plugins) setOpening(by string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.opening = by
}

// busy says what adds code to the process already.
func (p *plugins) busy(chain string) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.opening == "" {
		return chains.Refusedf(chains.ReasonBusy, "chain %s: a patch is being applied: wait until that is done", chain)
	}
	return chains.Refusedf(chains.ReasonBusy, "chain %s: %s is being opened, and its package initialisers run: wait until they end; if they never do, restart the program", chain, p.opening)
}

func (p *plugins) remove(a *attempt) {
	delete(p.attempts, a.file.Identity)
	for path, b := range p.brought {
		if b.Plugin == a.file.Identity {
			delete(p.brought, path)
		}
	}
}

// ended notes that neither initialisers nor the entry of a run any more. Initialisers that did not come
// to their end leave a plugin that can't be opened again.
func (p *plugins) ended(a *attempt) {
	p.mu.Lock()
	defer p.mu.Unlock()
	a.running = false
	if a.entry == nil && a.dead == "" {
		a.dead = "its package initialisers did not come to their end"
	}
}

// stuckError is a plugin that did not open, but stays in the process.
type stuckError struct {
	err    error
	poison bool // it would harm the next one
}

func (e *stuckError) Error() string { return e.err.Error() }

func (p *plugins) has(identity string) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.attempts[identity] != nil
}

// Count is how many plugins of a chain are in the process, and the bytes that they take.
func (p *plugins) Count(chain string) (n int, memory uint64) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, a := range p.attempts {
		if a.file.Chain == chain {
			n++
			memory += a.file.Memory
		}
	}
	return n, memory
}

// Poisoned says why no further plugin can be opened, or is empty.
func (p *plugins) Poisoned() string {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.poisoned
}
