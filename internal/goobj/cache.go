package goobj

import "slices"

// Cache keeps archives mapped and checked, for one set after another of which most archives are the
// same. It is not safe for concurrent use.
type Cache struct {
	entries map[cacheKey]*cacheEntry
}

// cacheKey is an archive as a package. The go command names archives after their content, so one
// path never has two contents.
type cacheKey struct{ pkg, path string }

type cacheEntry struct {
	m       *mapped
	archive *Archive
	used    bool // since the last Sweep
}

// NewCache returns an empty cache.
func NewCache() *Cache { return &Cache{entries: map[cacheKey]*cacheEntry{}} }

func (c *Cache) archive(pkg, path string) (*cacheEntry, error) {
	key := cacheKey{pkg, path}
	if e := c.entries[key]; e != nil {
		e.used = true
		return e, nil
	}
	m, err := mapFile(path)
	if err != nil {
		return nil, err
	}
	a, err := parseArchive(pkg, path, m.b)
	if err != nil {
		m.release()
		return nil, err
	}
	for _, o := range a.Objects {
		o.collectNames()
	}
	e := &cacheEntry{m, a, true}
	c.entries[key] = e
	return e, nil
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
