package patch

import (
	"errors"
	"strings"
	"testing"
)

// placed is a sample with every kind of place in its data, none of which overlap.
func placed() *Patch {
	p := sample()
	p.Image.Bytes = p.Image.Bytes[:min(len(p.Image.Bytes), int(p.Image.DataOff))]
	p.Relocs = nil
	p.Symbols, p.Itabs, p.MethodTables, p.MethodUses, p.Resets, p.Inits = nil, nil, nil, MethodUses{}, nil, nil
	at := p.module().end()
	next := func(size uint64) uint64 {
		at = (at + 7) &^ 7
		at += size
		return at - size
	}
	p.Symbols = []Symbol{{Name: "a.v", Kind: "var", Hash: "h", Off: next(32), Size: 32}, {Name: "a.w", Kind: "var", Hash: "h", Off: next(8), Size: 8}}
	p.Itabs = []Itab{{Name: "t", Inter: Ref{Kind: "host", Value: 0x700000}, Type: Ref{Kind: "host", Value: 0x700100}, Slots: []uint64{next(8), p.Symbols[0].Off + 8}}}
	p.MethodTables = []MethodTable{{Name: "a.T", Type: 0x700000, Head: 64, New: next(16), Count: 1, Table: next(48), Room: 3}}
	p.MethodUses.ImageCaches = []uint64{next(8)}
	p.Resets = []Reset{{Name: "a.v", Value: "x", Func: p.Funcs[0].Off, Swap: next(8)}}
	return p
}

// TestPlaces moves each place onto each other one, and behind the content.
func TestPlaces(t *testing.T) {
	if err := placed().Check(); err != nil {
		t.Fatal(err)
	}
	// Each sets where something is, or tells it.
	places := map[string]func(p *Patch) *uint64{
		"variable":      func(p *Patch) *uint64 { return &p.Symbols[0].Off },
		"word variable": func(p *Patch) *uint64 { return &p.Symbols[1].Off },
		"slot":          func(p *Patch) *uint64 { return &p.Itabs[0].Slots[0] },
		"new methods":   func(p *Patch) *uint64 { return &p.MethodTables[0].New },
		"method table":  func(p *Patch) *uint64 { return &p.MethodTables[0].Table },
		"cache":         func(p *Patch) *uint64 { return &p.MethodUses.ImageCaches[0] },
		"swap":          func(p *Patch) *uint64 { return &p.Resets[0].Swap },
		"module data":   func(p *Patch) *uint64 { return &p.Image.Moduledata },
	}
	for a, placeA := range places {
		for b, placeB := range places {
			p := placed()
			if a == b || a == "slot" && strings.HasSuffix(b, "variable") || b == "slot" && a == "word variable" {
				continue // a variable may hold an interface
			}
			*placeA(p) = *placeB(p)
			if err := p.Check(); !errors.Is(err, ErrMalformed) {
				t.Errorf("%s over %s: %v", a, b, err)
			}
		}
		p := placed()
		p.Image.TextEnd, p.Image.RodataEnd, p.Image.DataEnd = p.Image.TextSize, p.Image.DataOff, p.module().end()+1024
		if err := p.Check(); err != nil {
			t.Fatal(err)
		}
		*placeA(p) = p.Image.DataEnd
		if err := p.Check(); !errors.Is(err, ErrMalformed) {
			t.Errorf("%s behind the content: %v", a, err)
		}
	}
	for name, change := range map[string]func(*Patch){
		"slot half in a variable":   func(p *Patch) { p.Itabs[0].Slots[1] = p.Symbols[0].Off + 28 },
		"function behind the text":  func(p *Patch) { p.Image.TextEnd, p.Image.RodataEnd, p.Image.DataEnd = 8, p.Image.DataOff, p.Image.Size },
		"relocated slot":            func(p *Patch) { relocate(p, p.Itabs[0].Slots[0]) },
		"relocated method table":    func(p *Patch) { relocate(p, p.MethodTables[0].Table+8) },
		"relocated swap":            func(p *Patch) { relocate(p, p.Resets[0].Swap) },
		"swap with something in it": func(p *Patch) { relocate(p, 0); p.Relocs = nil; p.Image.Bytes[p.Resets[0].Swap] = 1 },
		"content behind a part": func(p *Patch) {
			p.Image.TextEnd, p.Image.RodataEnd, p.Image.DataEnd = p.Image.TextSize, p.Image.DataOff-64, p.Image.Size
			p.Image.Bytes[p.Image.DataOff-8] = 1
		},
		"relocation between parts": func(p *Patch) {
			relocate(p, p.Image.RodataOff-8)
			p.Image.TextEnd, p.Image.RodataEnd, p.Image.DataEnd = p.Image.TextSize-64, p.Image.DataOff, p.Image.Size
		},
	} {
		p := placed()
		change(p)
		if err := p.Check(); !errors.Is(err, ErrMalformed) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// relocate has a relocation at an offset, in an image whose content is all there.
func relocate(p *Patch, off uint64) {
	p.Image.Bytes = append(p.Image.Bytes, make([]byte, p.Image.Size-uint64(len(p.Image.Bytes)))...)
	p.Relocs = []Reloc{{Off: uint32(off), Kind: AddBase64}}
}
