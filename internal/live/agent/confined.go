package agent

import (
	"cmp"
	"slices"
	"strings"

	"github.com/gosplice/gosplice/internal/live/splice"
	"github.com/gosplice/gosplice/internal/wire/control"
	"github.com/gosplice/gosplice/internal/wire/patch"
)

// A version may lay types out anew whose values are in frames alone. Where the program goes to a version with other
// layouts nobody may be inside of functions that handle such values, and none of them may be entered
// afterwards that the version does not replace.

// layoutOf is equal for equal layouts of the same types.
func layoutOf(confined []patch.Confined) string {
	var b strings.Builder
	for _, c := range confined {
		b.WriteString(c.Package + " " + strings.Join(c.Types, " ") + " " + c.Layout + "\n")
	}
	return b.String()
}

// sameLayout says whether two versions lay all types out alike; nil stands for the unpatched program.
func sameLayout(a, b *image) bool {
	layout := func(m *image) string {
		if m == nil {
			return ""
		}
		return m.layout
	}
	return layout(a) == layout(b)
}

// relaid is what a switch between versions with different layouts waits for.
type relaid struct {
	types  []string
	bodies []oldBody
}

// laidOutAnew returns what a switch from one version to another has to wait for because of the layouts of types. It
// refuses a switch after which code of the images could be entered that handles values in another layout.
func laidOutAnew(images []*image, from, target *image) (relaid, error) {
	var r relaid
	if sameLayout(from, target) {
		return r, nil
	}
	var hosts []patch.Stale
	for _, m := range []*image{from, target} {
		if m == nil {
			continue
		}
		for _, c := range m.confined {
			for _, t := range c.Types {
				r.types = append(r.types, c.Package+t)
			}
			hosts = append(hosts, c.Inside...)
		}
	}
	slices.SortFunc(hosts, func(a, b patch.Stale) int { return cmp.Compare(a.Addr, b.Addr) })
	hosts = slices.CompactFunc(hosts, func(a, b patch.Stale) bool { return a.Addr == b.Addr })
	for _, h := range hosts {
		r.bodies = append(r.bodies, bodyParts(h.Addr, h.Size, endlessOf(images, h.Addr), h.Name, nameOf(nil))...)
	}
	for _, m := range images {
		switch {
		case m == target, sameLayout(m, target):
			// What it handles is as in target, and while another layout was in force nobody entered it.
		case knows(m, target):
			for i, f := range m.funcs {
				if f.Handles {
					r.bodies = append(r.bodies, bodyParts(m.entry(i), f.Size, f.Endless, f.Name, m.version)...)
				}
			}
		default:
			if name := m.stays(target); name != "" {
				return r, refused(control.ReasonBusy, "%s has another layout, and version %s, which was applied before, has %s that %s does not replace: it may be called, and handle the old layout: restart the program", r.types[0], m.version, name, target.version)
			}
			if code, ok := m.code(); ok {
				r.bodies = append(r.bodies, oldBody{at: code, version: m.version})
			}
		}
	}
	return r, nil
}

// endlessOf are the parts of a function of the program that are never left, where an image says so.
func endlessOf(images []*image, addr uint64) []patch.Span {
	for _, m := range images {
		for _, red := range m.redirects {
			if red.Addr == addr {
				return red.Endless
			}
		}
	}
	return nil
}

// knows says whether m tells which of its functions handle values of the types that target lays out.
func knows(m, target *image) bool {
	if target == nil {
		return m.layout != ""
	}
	for _, t := range target.confined {
		if !slices.ContainsFunc(m.confined, func(c patch.Confined) bool {
			return c.Package == t.Package && !slices.ContainsFunc(t.Types, func(n string) bool { return !slices.Contains(c.Types, n) })
		}) {
			return false
		}
	}
	return true
}

// stays names a function of m that may be entered when target runs, by what holds it.
func (m *image) stays(target *image) string {
	for i := range m.funcs {
		f := &m.funcs[i]
		if !f.Value {
			continue
		}
		if _, leaves := m.successor(i, target); leaves {
			continue
		}
		if j, ok := target.byName[funcKey{f.Name, f.ABI}]; ok && target.funcs[j].Takes {
			continue // only functions that are left call it
		}
		return f.Name
	}
	return ""
}

// joined adds bodies to others, without those that overlap with one of them.
func joined(bodies, more []oldBody) []oldBody {
	overlaps := func(a, b splice.Range) bool { return a.Lo < b.Hi && b.Lo < a.Hi }
	for _, b := range more {
		if !slices.ContainsFunc(bodies, func(o oldBody) bool { return overlaps(o.at, b.at) }) {
			bodies = append(bodies, b)
		}
	}
	return bodies
}
