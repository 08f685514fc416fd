package goobj

import (
	"slices"

	"github.com/gosplice/gosplice/cmd/internal/build/parallel"
)

// Cache keeps archives mapped and checked, for one set after another of which most archives are the
// same. It is not safe for concurrent use.
type Cache struct {
	entries map[Source]*cacheEntry
}

type cacheEntry struct {
	loaded
	used bool // since the last Sweep
}

// NewCache returns an empty cache.
func NewCache() *Cache { return &Cache{entries: map[Source]*cacheEntry{}} }

// archives are the entries of archives, which are read where they are missing.
func (c *Cache) archives(sources []Source) ([]*cacheEntry, error) {
	if err := c.read(slices.DeleteFunc(slices.Clone(sources), func(src Source) bool { return c.entries[src] != nil })); err != nil {
		return nil, err
	}
	out := make([]*cacheEntry, len(sources))
	for i, src := range sources {
		out[i] = c.entries[src]
		out[i].used = true
	}
	return out, nil
}

// read enters archives that are missing.
func (c *Cache) read(missing []Source) error {
	archives, err := readArchives(missing)
	if err != nil {
		for _, l := range archives {
			l.m.release()
		}
		return err
	}
	var objects []*Object
	for _, l := range archives {
		objects = append(objects, l.archive.Objects...)
	}
	collectNames(objects)
	for i, l := range archives {
		c.entries[missing[i]] = &cacheEntry{loaded: l}
	}
	return nil
}

// Sweep drops the archives that no set was loaded with since the last Sweep. Sets that still hold them are
// not touched.
func (c *Cache) Sweep() {
	for key, e := range c.entries {
		if !e.used {
			e.m.release()
			delete(c.entries, key)
		}
		e.used = false
	}
}

// Close drops all archives.
func (c *Cache) Close() {
	for key, e := range c.entries {
		e.m.release()
		delete(c.entries, key)
	}
}

// release ends one use of a mapping; the last one unmaps it.
func (m *mapped) release() {
	if m.users--; m.users == 0 {
		m.close()
	}
}

// collectNames notes which names the objects define, as far as that has not been done.
func collectNames(objects []*Object) {
	parallel.Each(len(objects), func(_, i int) {
		if o := objects[i]; o.names == nil {
			o.collectNames()
		}
	})
}

// collectNames notes which names the object defines, so that one that is not where it seems to belong is
// found without entering all objects.
func (o *Object) collectNames() {
	o.names = make([]uint32, 0, o.ndef)
	for i := range o.ndef {
		if name := o.name(i); name != "" && o.abi(i) != ABIStatic {
			o.names = append(o.names, nameHash(name))
		}
	}
	slices.Sort(o.names)
}

// nameHash is the 32-bit FNV-1a hash of a name.
func nameHash(name string) uint32 {
	const offset, prime = 2166136261, 16777619
	h := uint32(offset)
	for i := range len(name) {
		h = (h ^ uint32(name[i])) * prime
	}
	return h
}
