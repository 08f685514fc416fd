package agent

import (
	"fmt"
	"maps"
	"slices"
	"testing"
	"time"

	"github.com/gosplice/gosplice/internal/wire/patch"
)

// TestClosuresThatMakeEachOther decides switches away from a patch that says so of closures, which passes its checks, and from one
// with more ways through its closures than can be gone.
func TestClosuresThatMakeEachOther(t *testing.T) {
	const closures = 40
	all := make([]uint32, closures)
	for i := range all {
		all[i] = uint32(i + 1)
	}
	for name, callees := range map[string]func(i int) []uint32{
		"each other": func(int) []uint32 { return all },
		"later ones": func(i int) []uint32 { return all[i:] },
	} {
		p := &patch.Patch{}
		for i := range closures + 1 {
			f := patch.Func{Name: "main.f", Flow: "flow", Callees: callees(i)}
			if i > 0 {
				f.Name = fmt.Sprint("main.f.func", i)
			}
			p.Funcs = append(p.Funcs, f)
			p.Redirects = append(p.Redirects, patch.Redirect{Func: uint32(i), Addr: uint64(0x1000 + 64*i), Flow: "flow"})
		}
		m := newImage(p, 0, make([]byte, 64))
		done := make(chan *step, 1)
		go func() { done <- newStep(m, nil) }()
		select {
		case s := <-done:
			if pinned := slices.Collect(maps.Keys(s.pinned)); len(pinned) > 0 {
				t.Errorf("%s: %v are pinned", name, pinned)
			}
		case <-time.After(20 * time.Second):
			t.Fatalf("%s: it takes for ever", name)
		}
	}
}
