package pipeline

import (
	"testing"
	"unsafe"

	"github.com/gosplice/gosplice/internal/wire/patch"
)

// TestDetach checks that no string of a patch keeps its old memory.
func TestDetach(t *testing.T) {
	name := []byte("name")
	mapped := func() string { return unsafe.String(&name[0], len(name)) }
	p := &patch.Patch{
		Version: mapped(),
		Release: patch.Release{Main: mapped()},
		Runtime: patch.Runtime{Func: map[string]uint64{mapped(): 1}},
		Symbols: []patch.Symbol{{Name: mapped()}},
		Funcs:   []patch.Func{{Name: mapped(), Sig: mapped()}},
		Changes: []patch.Change{{Symbol: mapped()}},
	}
	detach(p)
	copy(name, "gone")
	got := []string{p.Version, p.Release.Main, p.Symbols[0].Name, p.Funcs[0].Name, p.Funcs[0].Sig, p.Changes[0].Symbol}
	for n := range p.Runtime.Func {
		got = append(got, n)
	}
	for i, s := range got {
		if s != "name" {
			t.Errorf("string %d changed to %q with the memory that it was read from", i, s)
		}
	}
}
