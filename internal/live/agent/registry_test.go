package agent

import (
	"slices"
	"strings"
	"testing"

	"github.com/gosplice/gosplice/internal/wire/control"
	"github.com/gosplice/gosplice/internal/wire/patch"
)

func TestRegistry(t *testing.T) {
	r := make(registry)
	hits := patch.Symbol{Name: "arena.hits", Kind: "var", Hash: "int"}
	bonus := patch.Symbol{Name: "arena.bonus", Kind: "type", Hash: "b1", File: "arena/a.go", Line: 7}
	addrs, err := r.match([]patch.Symbol{hits, bonus})
	if err != nil || !slices.Equal(addrs, []uint64{0, 0}) {
		t.Fatalf("empty registry: %x, %v", addrs, err)
	}
	r.add([]patch.Symbol{hits}, []uint64{0x1000}, "1")
	addrs, err = r.match([]patch.Symbol{hits, bonus})
	if err != nil || !slices.Equal(addrs, []uint64{0x1000, 0}) {
		t.Fatalf("one symbol known: %x, %v", addrs, err)
	}
	r.add([]patch.Symbol{hits, bonus}, []uint64{0x2000, 0x2100}, "2")
	if addrs, _ = r.match([]patch.Symbol{hits, bonus}); !slices.Equal(addrs, []uint64{0x1000, 0x2100}) {
		t.Errorf("the first address is not kept: %x", addrs)
	}

	sameName := patch.Symbol{Name: "arena.bonus", Kind: "var", Hash: "other"}
	if addrs, err = r.match([]patch.Symbol{sameName}); err != nil || addrs[0] != 0 {
		t.Errorf("a variable with the name of a type: %x, %v", addrs, err)
	}
	bonus.Hash = "b2"
	_, err = r.match([]patch.Symbol{hits, bonus})
	p := problemOf(err)
	if err == nil || p.code != control.Refused || p.reason != control.ReasonTypeChanged {
		t.Fatalf("changed type: %v", err)
	}
	for _, part := range []string{"type arena.bonus (arena/a.go:7) changed between patches", "version 2", "restart"} {
		if !strings.Contains(p.message, part) {
			t.Errorf("message lacks %q: %s", part, p.message)
		}
	}
	hits.Hash = "string"
	if _, err = r.match([]patch.Symbol{hits}); err == nil || !strings.Contains(err.Error(), "variable arena.hits changed its type") {
		t.Errorf("changed variable: %v", err)
	}
}

func TestRegistryAgrees(t *testing.T) {
	r := make(registry)
	symbols := []patch.Symbol{{Name: "a", Kind: "var"}, {Name: "b", Kind: "var"}}
	if !r.agrees(symbols, []uint64{1, 2}) {
		t.Error("an empty registry disagrees")
	}
	r.add(symbols[:1], []uint64{1}, "1")
	if !r.agrees(symbols, []uint64{1, 2}) {
		t.Error("equal addresses disagree")
	}
	if r.agrees(symbols, []uint64{3, 2}) {
		t.Error("different addresses agree")
	}
}

func TestRegistryTries(t *testing.T) {
	r := make(registry)
	bonus := patch.Symbol{Name: "arena.bonus", Kind: "type", Hash: "b1"}
	hits := patch.Symbol{Name: "arena.hits", Kind: "var", Hash: "int"}
	r.try([]patch.Symbol{bonus, hits}, []uint64{0x1000, 0x1100}, "1")
	if addrs, err := r.match([]patch.Symbol{bonus, hits}); err != nil || !slices.Equal(addrs, []uint64{0x1000, 0}) {
		t.Errorf("the type is to be used again, the variable is not: %x, %v", addrs, err)
	}
	bonus.Hash = "b2"
	if addrs, err := r.match([]patch.Symbol{bonus}); err != nil || addrs[0] != 0 {
		t.Errorf("a type that was never applied is in the way of another one: %x, %v", addrs, err)
	}
	r.add([]patch.Symbol{bonus}, []uint64{0x2000}, "2")
	if addrs, err := r.match([]patch.Symbol{bonus}); err != nil || addrs[0] != 0x2000 {
		t.Errorf("the applied type is at %x, %v", addrs, err)
	}
}

func TestRegistryStays(t *testing.T) {
	r := make(registry)
	v := func(name, value string) patch.Symbol {
		return patch.Symbol{Name: name, Kind: "var", Hash: "int", Value: value}
	}
	before := []patch.Symbol{v("a.same<0>", "1"), v("a.other<0>", "1"), v("a.reset<0>", "1"), v("a.unknown<0>", "")}
	r.add(before, []uint64{1, 2, 3, 4}, "v1")
	now := &patch.Patch{
		Symbols: []patch.Symbol{v("a.same<0>", "1"), v("a.other<0>", "2"), v("a.reset<0>", "2"), v("a.unknown<0>", "2"), v("a.new<0>", "2")},
		Resets:  []patch.Reset{{Name: "a.reset", Vars: []uint32{2}}},
	}
	got := r.stays(now)
	if len(got) != 1 || !strings.HasPrefix(got[0], "variable a.other keeps its live value: version v1 ") {
		t.Errorf("warnings are %q", got)
	}
}
