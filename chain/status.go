package chain

import (
	"runtime"
	"strings"

	"github.com/gosplice/gosplice/internal/live/chains"
)

func (c *core) versionList() []Version {
	c.mu.Lock()
	defer c.mu.Unlock()
	var list []Version
	for _, v := range c.versions {
		list = append(list, v.describe(len(c.stack) > 0 && c.stack[len(c.stack)-1] == v))
	}
	return list
}

func (v *version) describe(current bool) Version {
	d := Version{Version: v.version, ID: v.id(), Current: current, Linked: v.plugin == nil, Loaded: v.loaded}
	if v.plugin != nil {
		d.Memory = v.plugin.Memory
	}
	return d
}

// Status is what the chain holds. To count goroutines it stops the program for a moment, as a
// goroutine profile does.
func (c *core) Status() chains.Status {
	s := chains.Status{Name: c.name, Max: c.options.max}
	if loader := chains.TheLoader(); loader != nil {
		s.Plugins, s.Memory = loader.Count(c.name)
		s.Poisoned = loader.Poisoned()
	}
	identities := make(map[string]int) // index in s.Versions
	c.mu.Lock()
	for i, v := range c.versions {
		d := v.describe(len(c.stack) > 0 && c.stack[len(c.stack)-1] == v)
		of := chains.Version{Version: d.Version, ID: d.ID, Linked: d.Linked, Current: d.Current, Loaded: d.Loaded, Memory: d.Memory}
		if v.plugin != nil {
			of.Signer = v.plugin.Signer
			identities[v.plugin.Identity] = i
		}
		s.Versions = append(s.Versions, of)
	}
	for _, v := range c.stack {
		s.Rollback = append(s.Rollback, v.version)
	}
	c.mu.Unlock()
	if len(identities) > 0 {
		countGoroutines(identities, s.Versions)
	}
	return s
}

// countGoroutines counts the goroutines with a function of each version on their stacks: the
// identity of a build is in the names of its functions.
func countGoroutines(identities map[string]int, versions []chains.Version) {
	for _, stack := range goroutines() {
		inside := make(map[int]bool)
		frames := runtime.CallersFrames(stack)
		for {
			frame, more := frames.Next()
			if i, ok := identities[identityIn(frame.Function)]; ok {
				inside[i] = true
			}
			if !more {
				break
			}
		}
		for i := range inside {
			versions[i].Goroutines++
		}
	}
}

// identityIn is what stands where the name of a function of a plugin has the identity: behind the last
// slash, up to the first dot. Type arguments come later.
func identityIn(function string) string {
	if i := strings.IndexByte(function, '['); i >= 0 {
		function = function[:i]
	}
	function = function[strings.LastIndexByte(function, '/')+1:]
	identity, _, _ := strings.Cut(function, ".")
	return identity
}

// goroutines are the stacks of all goroutines, as far as the runtime records them: 32 frames.
func goroutines() [][]uintptr {
	for n := runtime.NumGoroutine() + 64; ; n *= 2 {
		records := make([]runtime.StackRecord, n)
		n, ok := runtime.GoroutineProfile(records)
		if !ok {
			continue
		}
		var stacks [][]uintptr
		for i := range records[:n] {
			stacks = append(stacks, records[i].Stack())
		}
		return stacks
	}
}
