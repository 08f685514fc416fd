package agent

import (
	"maps"
	"time"

	"github.com/gosplice/gosplice/internal/patch"
)

// The compiler lets a caller pass memory on its stack to a function that does not keep it. A caller
// that runs on in its old body may do so after the switch. When a new body keeps what the old one
// did not, the switch therefore waits until no goroutine is in a body that is left.

// guardTimeout is how long such a switch is tried when the request does not say.
const guardTimeout = 5 * time.Second

// keepsMore names a function whose body keeps more when the program goes to target than its
// callers know. from and target are nil for the unpatched program.
func keepsMore(images []*image, from, target *image) (name string, found bool) {
	release := map[uint64][]string{}
	for _, m := range images {
		maps.Copy(release, m.hostLeaks)
	}
	at := func(m *image, host uint64) []string {
		if m != nil {
			if i, ok := m.forHost[host]; ok {
				return m.funcs[i].Leaks
			}
		}
		return release[host]
	}
	for _, m := range images {
		for _, r := range m.redirects {
			if patch.KeepsMore(at(from, r.Addr), at(target, r.Addr)) {
				return r.HostName(&m.funcs[r.Func]), true
			}
		}
		for i := range m.funcs {
			if _, leaves := m.successor(i, target); !leaves {
				continue
			}
			if _, leaks, _ := m.counterpart(i, target); patch.KeepsMore(m.funcs[i].Leaks, leaks) {
				return m.funcs[i].Name, true
			}
		}
	}
	return "", false
}

// bodiesLeft are the bodies in which a caller may be that does not know what target keeps: those of
// other images, and the functions of the program that target names.
func bodiesLeft(images []*image, target *image) []oldBody {
	var out []oldBody
	for _, m := range images {
		if m == target {
			continue
		}
		if code, ok := m.code(); ok {
			out = append(out, oldBody{at: code, version: m.version})
		}
	}
	if target == nil {
		return out
	}
	seen := map[uint64]bool{}
	for _, r := range target.redirects {
		for _, c := range r.Callers {
			if seen[c.Addr] {
				continue
			}
			seen[c.Addr] = true
			out = append(out, bodyParts(c.Addr, c.Size, nil, c.Name, nameOf(nil))...)
		}
	}
	return out
}
