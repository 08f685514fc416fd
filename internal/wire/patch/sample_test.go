package patch

import "strings"

// sample returns a small patch that uses every field.
func sample() *Patch {
	content := make([]byte, 3*pageSize)
	copy(content, "machine code")
	return &Patch{
		Version: "1.4.2",
		Made:    "2026-03-01T12:00:00Z",
		Release: Release{
			BuildID: "a/b/c/d", Main: "example.org/server", Program: "server",
			GoVersion: "go1.26.8", GOOS: "linux", GOARCH: "amd64",
			TextHash: strings.Repeat("0f", 32), Text: 0x401000, Etext: 0x500000,
		},
		Runtime: Runtime{
			Func:   map[string]uint64{"runtime.stopTheWorld": 0x402000},
			Var:    map[string]uint64{"runtime.allgs": 0x700000},
			Offset: map[string]uint64{"moduledata.next": 0x230},
			Types:  0x500000, Rodata: 0x500000,
		},
		Image: Image{
			Bytes: content, Size: 5 * pageSize, TextSize: pageSize, RodataOff: pageSize, DataOff: 2 * pageSize,
			Moduledata: 2*pageSize + 64, NearLow: 0x400000, NearHigh: 0x800000,
		},
		Relocs: []Reloc{
			{Off: 0x10, Kind: SubBase32},
			{Off: 0x14, Kind: RelSym32, Sym: 1},
			{Off: 0x1008, Kind: AddBase64},
			{Off: 0x1010, Kind: AddSym64, Sym: 0},
			{Off: 0x2008, Kind: AddBase64},
			{Off: 0x2fff - 3, Kind: AddBase32},
		},
		Symbols: []Symbol{
			{Name: "arena.hits", Kind: "var", Hash: "int/8", Off: 3 * pageSize, Size: 8, File: "arena/a.go", Line: 3},
			{Name: "arena.bonus", Kind: "type", Hash: "x1", Off: pageSize + 0x100, Size: 0x60},
		},
		Itabs: []Itab{{
			Name:  "go:itab.arena.bonus,fmt.Stringer",
			Inter: Ref{"host", 0x510000}, Type: Ref{"symbol", 1}, Slots: []uint64{2*pageSize + 0x308, 2*pageSize + 0x300},
		}},
		Fills: []Fill{
			{Addr: 0x510100, Size: 4, Old: 0xffffffff, To: Ref{"image", 0x40}, Base: 0x401000, Name: "arena.(*Room).String"},
			{Addr: 0x510108, Size: 8, To: Ref{"symbol", 1}, Name: "arena.x"},
		},
		FilledTypes: []uint64{0x510080},
		MethodTables: []MethodTable{{
			Name: "type:*arena.Room", Type: 0x510200, Head: 56, New: 2*pageSize + 0x800, Count: 2, Exported: 1, Table: 2*pageSize + 0xa00, Room: 5,
		}},
		MethodUses: MethodUses{
			Readers: []Stale{{"reflect.implements", 0x404000, 0x200}}, ImageReaders: []uint32{1},
			Caches: []uint64{0x700100}, ImageCaches: []uint64{2*pageSize + 0xb00},
		},
		Inits: []Init{{Name: "var arena.hits", Vars: []uint32{0}, Funcs: []uint64{0x80}, File: "arena/a.go", Line: 3}},
		Funcs: []Func{
			{Name: "arena.(*Room).Tick", ABI: 1, Off: 0, Size: 0x33, Sig: "s1", Busy: Busy{1, 5}, File: "arena/a.go", Line: 10},
			{Name: "arena.(*Room).Tick.func2", ABI: 1, Off: 0x40, Size: 3, Sig: "s2"},
			{Name: "arena.init.hits", ABI: 1, Off: 0x80, Size: 0x20, Value: true, Handles: true, Takes: true, Flow: "f1", Places: "3n 4v*2!", Callees: []uint32{0, 1}, HostCallees: []uint32{0x1000}, Held: []uint32{1}, HostHeld: []uint32{0x1000}, Shares: true, Given: true, Lent: true},
		},
		Redirects: []Redirect{
			{Func: 1, Addr: 0x403000, Size: 3, Old: [8]byte{1, 2, 3}, Busy: Busy{0, 5}},
			{Func: 0, Addr: 0x402fe0, Size: 0x20, Old: [8]byte{4, 5, 6}, Busy: Busy{1, 5}},
		},
		Left: []Left{{Stale{"arena.start.gowrap1", 0x405000, 0x100}, []Span{{8, 0x80}}, []string{"arena.loop"}}},
		Keeps: []Keep{
			{Name: "arena.(*Room).Tick", ABI: 1, Addr: 0x402fe0, New: "1:h0", Why: "keeps its 1st argument"},
			{Name: "arena.init.hits", ABI: 1, New: "1:m0"},
		},
		Waits:    []Wait{{Stale{"arena.loop", 0x404000, 0x200}, []Span{{8, 0x100}}, true, true, "hit is on its stack"}},
		Confined: []Confined{{Package: "arena.", Types: []string{"hit"}, Layout: "h1", Inside: []Stale{{"arena.(*Room).Tick", 0x402fe0, 0x20}}}},
		Changes:  []Change{{Symbol: "arena.(*Room).Tick", What: "body", Verdict: "applies", File: "arena/a.go", Line: 10}},
	}
}
