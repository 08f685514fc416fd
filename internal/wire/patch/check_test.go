package patch

import (
	"errors"
	"slices"
	"strings"
	"testing"
)

func TestCheckAcceptsSample(t *testing.T) {
	if err := sample().Check(); err != nil {
		t.Fatal(err)
	}
}

// Each case breaks one promise of the documentation of patch.go.
func TestCheckRefuses(t *testing.T) {
	for _, c := range []struct {
		name  string
		spoil func(*Patch)
	}{
		{"version release", func(p *Patch) { p.Version = "release" }},
		{"version with space", func(p *Patch) { p.Version = "1 2" }},
		{"version with escape", func(p *Patch) { p.Version = "\x1b[2J" }},
		{"version too long", func(p *Patch) { p.Version = strings.Repeat("1", 1000) }},
		{"made", func(p *Patch) { p.Made = "yesterday" }},
		{"made", func(p *Patch) { p.Made = "2026-03-01T12:00:00+09:00" }},
		{"made", func(p *Patch) { p.Made = "2026-03-01T12:00:00.5Z" }},
		{"no build ID", func(p *Patch) { p.Release.BuildID = "" }},
		{"no Go version", func(p *Patch) { p.Release.GoVersion = "" }},
		{"text hash", func(p *Patch) { p.Release.TextHash = "00" }},
		{"text reversed", func(p *Patch) { p.Release.Etext = p.Release.Text }},
		{"text too long", func(p *Patch) { p.Release.Etext = 1 << 46 }},
		{"text beyond user memory", func(p *Patch) { p.Release.Text, p.Release.Etext = 1<<63, 1<<63+1 }},
		{"runtime function in data", func(p *Patch) { p.Runtime.Func["f"] = 0x700000 }},
		{"runtime function at Etext", func(p *Patch) { p.Runtime.Func["f"] = p.Release.Etext }},
		{"runtime variable in text", func(p *Patch) { p.Runtime.Var["v"] = 0x402000 }},
		{"runtime variable zero", func(p *Patch) { p.Runtime.Var["v"] = 0 }},
		{"runtime offset", func(p *Patch) { p.Runtime.Offset["g.stack"] = 1 << 40 }},
		{"runtime types", func(p *Patch) { p.Runtime.Types = 1 << 60 }},
		{"method table of two entries for one type", func(p *Patch) { p.MethodTables = append(p.MethodTables, p.MethodTables...) }},
		{"method table of a type in text", func(p *Patch) { p.MethodTables[0].Type = p.Release.Text }},
		{"method table at the start of its type", func(p *Patch) { p.MethodTables[0].Head = 0 }},
		{"method table far behind its type", func(p *Patch) { p.MethodTables[0].Head = 1 << 12 }},
		{"method table behind an odd head", func(p *Patch) { p.MethodTables[0].Head = 57 }},
		{"method table without methods", func(p *Patch) { p.MethodTables[0].Count, p.MethodTables[0].Exported = 0, 0 }},
		{"method table with too little room", func(p *Patch) { p.MethodTables[0].Room = 1 }},
		{"method table with too much room", func(p *Patch) { p.MethodTables[0].Room = 1 << 16 }},
		{"method table with more exported methods", func(p *Patch) { p.MethodTables[0].Exported = 3 }},
		{"method table in the text of the image", func(p *Patch) { p.MethodTables[0].Table = 0 }},
		{"method table over the end of the image", func(p *Patch) { p.MethodTables[0].Table = p.Image.Size - 16 }},
		{"method table over the module data", func(p *Patch) { p.MethodTables[0].Table = p.Image.Moduledata }},
		{"method table not aligned", func(p *Patch) { p.MethodTables[0].Table++ }},
		{"new methods in the read-only part", func(p *Patch) { p.MethodTables[0].New = p.Image.RodataOff }},
		{"new methods past the end", func(p *Patch) { p.MethodTables[0].New = p.Image.Size }},
		{"reader of methods outside of the text", func(p *Patch) { p.MethodUses.Readers[0].Addr = p.Release.Etext }},
		{"reader of methods without a size", func(p *Patch) { p.MethodUses.Readers[0].Size = 0 }},
		{"reader of methods that the image lacks", func(p *Patch) { p.MethodUses.ImageReaders[0] = 3 }},
		{"cache in the text", func(p *Patch) { p.MethodUses.Caches[0] = p.Release.Text }},
		{"cache not aligned", func(p *Patch) { p.MethodUses.Caches[0]++ }},
		{"cache of the image in its text", func(p *Patch) { p.MethodUses.ImageCaches[0] = 8 }},
		{"cache of the image in the module data", func(p *Patch) { p.MethodUses.ImageCaches[0] = p.Image.Moduledata }},
		{"confined type without a name", func(p *Patch) { p.Confined[0].Types = nil }},
		{"confined type without a layout", func(p *Patch) { p.Confined[0].Layout = "" }},
		{"confined function outside of the text", func(p *Patch) { p.Confined[0].Inside[0].Addr = p.Release.Etext }},
		{"confined function without a size", func(p *Patch) { p.Confined[0].Inside[0].Size = 0 }},
		{"confined functions that overlap", func(p *Patch) { p.Confined[0].Inside = append(p.Confined[0].Inside, p.Confined[0].Inside...) }},
		{"image size zero", func(p *Patch) { p.Image.Size = 0 }},
		{"image size odd", func(p *Patch) { p.Image.Size++ }},
		{"image size huge", func(p *Patch) { p.Image.Size = MaxImage + pageSize }},
		{"image content too long", func(p *Patch) { p.Image.Bytes = make([]byte, p.Image.Size+1) }},
		{"no text", func(p *Patch) { p.Image.TextSize, p.Funcs, p.Redirects, p.Inits = 0, nil, nil, nil }},
		{"text beyond rodata", func(p *Patch) { p.Image.TextSize = 2 * pageSize }},
		{"rodata beyond data", func(p *Patch) { p.Image.RodataOff = 3 * pageSize }},
		{"data beyond image", func(p *Patch) { p.Image.DataOff = 6 * pageSize }},
		{"data not at page", func(p *Patch) { p.Image.DataOff += 8 }},
		{"moduledata in rodata", func(p *Patch) { p.Image.Moduledata = pageSize }},
		{"moduledata at end", func(p *Patch) { p.Image.Moduledata = p.Image.Size - 8 }},
		{"moduledata wraps", func(p *Patch) { p.Image.Moduledata = 1<<64 - 8 }},
		{"near reversed", func(p *Patch) { p.Image.NearLow = p.Image.NearHigh + 1 }},
		{"near too far", func(p *Patch) { p.Image.NearHigh = 1 << 40 }},
		{"reloc kind", func(p *Patch) { p.Relocs[0].Kind = NumRelocKinds }},
		{"reloc of another processor", func(p *Patch) { p.Relocs[0].Kind = SubBaseARM64 }},
		{"reloc overlaps", func(p *Patch) { p.Relocs[1].Off = 0x13 }},
		{"reloc order", func(p *Patch) { p.Relocs[0], p.Relocs[1] = p.Relocs[1], p.Relocs[0] }},
		{"reloc beyond content", func(p *Patch) { p.Relocs[5].Off++ }},
		{"reloc symbol", func(p *Patch) { p.Relocs[1].Sym = 2 }},
		{"reloc needless symbol", func(p *Patch) { p.Relocs[0].Sym = 1 }},
		{"symbol kind", func(p *Patch) { p.Symbols[0].Kind = "func" }},
		{"symbol twice", func(p *Patch) { p.Symbols[1] = p.Symbols[0] }},
		{"symbol without hash", func(p *Patch) { p.Symbols[0].Hash = "" }},
		{"variable in rodata", func(p *Patch) { p.Symbols[0].Off = pageSize }},
		{"type in text", func(p *Patch) { p.Symbols[1].Off = 0 }},
		{"variable in module data", func(p *Patch) { p.Symbols[0].Off = p.Image.Moduledata + 0x230 }},
		{"variable before module data", func(p *Patch) { p.Symbols[0].Off, p.Symbols[0].Size = p.Image.DataOff, 65 }},
		{"symbol beyond image", func(p *Patch) { p.Symbols[0].Size = 1 << 63 }},
		{"symbol name too long", func(p *Patch) { p.Symbols[0].Name = strings.Repeat("x", 1<<17) }},
		{"symbol name not UTF-8", func(p *Patch) { p.Symbols[0].Name = "\xff" }},
		{"function order", func(p *Patch) { p.Funcs[0], p.Funcs[1] = p.Funcs[1], p.Funcs[0] }},
		{"function overlap", func(p *Patch) { p.Funcs[0].Size = 0x41 }},
		{"function alignment", func(p *Patch) { p.Funcs[2].Off++ }},
		{"function empty", func(p *Patch) { p.Funcs[2].Size = 0 }},
		{"function in rodata", func(p *Patch) { p.Funcs[2].Off = pageSize }},
		{"function size wraps", func(p *Patch) { p.Funcs[2].Size = 1<<64 - 0x80 }},
		{"function at end of text", func(p *Patch) { p.Funcs[2].Off = pageSize - 4 }},
		{"function twice", func(p *Patch) { p.Funcs[1].Name = p.Funcs[0].Name }},
		{"function ABI", func(p *Patch) { p.Funcs[1].ABI = 2 }},
		{"function busy reversed", func(p *Patch) { p.Funcs[0].Busy = Busy{5, 1} }},
		{"function busy too long", func(p *Patch) { p.Funcs[0].Busy = Busy{1, 0x34} }},
		{"redirect function", func(p *Patch) { p.Redirects[0].Func = 3 }},
		{"redirects to one function", func(p *Patch) { p.Redirects[0].Func = 0 }},
		{"redirect in data", func(p *Patch) { p.Redirects[0].Addr = 0x700000 }},
		{"redirect at end of text", func(p *Patch) { p.Redirects[0].Addr = p.Release.Etext - 4 }},
		{"redirect alignment", func(p *Patch) { p.Redirects[0].Addr += 4 }},
		{"redirect size", func(p *Patch) { p.Redirects[0].Size = 1 << 62 }},
		{"redirect empty", func(p *Patch) { p.Redirects[0].Size = 0 }},
		{"redirects overlap", func(p *Patch) { p.Redirects[1].Size = 0x21 }},
		{"redirect twice", func(p *Patch) { p.Redirects[0].Addr = p.Redirects[1].Addr }},
		{"redirect busy", func(p *Patch) { p.Redirects[0].Busy = Busy{0, 9} }},
		{"itab slot in text", func(p *Patch) { p.Itabs[0].Slots[0] = 0x100 }},
		{"itab slot in rodata", func(p *Patch) { p.Itabs[0].Slots[0] = pageSize }},
		{"itab slot at end", func(p *Patch) { p.Itabs[0].Slots[0] = p.Image.Size }},
		{"itab slot unaligned", func(p *Patch) { p.Itabs[0].Slots[0]++ }},
		{"itab slot in module data", func(p *Patch) { p.Itabs[0].Slots[0] = p.Image.Moduledata + 0x230 }},
		{"itab slot relocated", func(p *Patch) { p.Itabs[0].Slots[0] = 0x2008 }},
		{"itab slot relocated in part", func(p *Patch) { p.Itabs[0].Slots[0] = 0x2ff8 }},
		{"itab slot twice", func(p *Patch) { p.Itabs[0].Slots[0] = p.Itabs[0].Slots[1] }},
		{"itab type", func(p *Patch) { p.Itabs[0].Type = Ref{"symbol", 2} }},
		{"itab interface", func(p *Patch) { p.Itabs[0].Inter = Ref{"image", p.Image.Size} }},
		{"itab reference kind", func(p *Patch) { p.Itabs[0].Inter = Ref{"", 5} }},
		{"itab reference nil", func(p *Patch) { p.Itabs[0].Inter = Ref{"host", 0} }},
		{"fill of text", func(p *Patch) { p.Fills[0].Addr = 0x402000 }},
		{"fill into text", func(p *Patch) { p.Fills[1].Addr = p.Release.Etext - 8 }},
		{"fill size", func(p *Patch) { p.Fills[0].Size = 2 }},
		{"fill base of address", func(p *Patch) { p.Fills[1].Base = 0x401000 }},
		{"fill old value", func(p *Patch) { p.Fills[0].Old = 1 << 32 }},
		{"fill unaligned", func(p *Patch) { p.Fills[0].Addr += 2 }},
		{"fill at top of memory", func(p *Patch) { p.Fills[1].Addr = 1<<64 - 8 }},
		{"fills overlap", func(p *Patch) { p.Fills[0].Addr = p.Fills[1].Addr + 4 }},
		{"filled type in text", func(p *Patch) { p.FilledTypes[0] = 0x402000 }},
		{"initialiser without name", func(p *Patch) { p.Inits[0].Name = "" }},
		{"initialiser twice", func(p *Patch) { p.Inits = append(p.Inits, p.Inits[0]) }},
		{"initialiser without function", func(p *Patch) { p.Inits[0].Funcs = nil }},
		{"initialiser within function", func(p *Patch) { p.Inits[0].Funcs[0]++ }},
		{"initialiser variable", func(p *Patch) { p.Inits[0].Vars[0] = 2 }},
		{"initialiser of type", func(p *Patch) { p.Inits[0].Vars[0] = 1 }},
		{"initialiser twice in a list", func(p *Patch) { p.Inits[0].Funcs = append(p.Inits[0].Funcs, p.Inits[0].Funcs[0]) }},
		{"initialiser of the other convention", func(p *Patch) { called(p).ABI = 0 }},
		{"hook that is an initialiser", func(p *Patch) { p.Hooks = append(p.Hooks, Hook{Name: called(p).Name, Func: called(p).Off}) }},
		{"hook twice at one time", func(p *Patch) {
			h := Hook{Name: called(p).Name, Func: called(p).Off}
			p.Inits, p.Hooks = nil, []Hook{h, h}
		}},
		{"hook with an error and without", func(p *Patch) {
			h := Hook{Name: called(p).Name, Func: called(p).Off}
			p.Inits, p.Hooks = nil, []Hook{h, {Name: h.Name, Func: h.Func, Rollback: true, Error: true}}
		}},
		{"hook of another name", func(p *Patch) {
			p.Inits, p.Hooks = nil, append(p.Hooks, Hook{Name: "main.other", Func: called(p).Off})
		}},
		{"reset that is an initialiser", func(p *Patch) {
			p.Resets = []Reset{{Name: "a.v", Value: "x", Func: called(p).Off, Swap: p.Image.DataOff}}
		}},
		{"change", func(p *Patch) { p.Changes[0].Reason = "\xff" }},
	} {
		t.Run(c.name, func(t *testing.T) {
			p := sample()
			c.spoil(p)
			err := p.Check()
			if !errors.Is(err, ErrMalformed) {
				t.Fatalf("Check = %v", err)
			}
			if strings.Contains(err.Error(), "\n") || len(err.Error()) > 500 {
				t.Errorf("error is not one short line: %q", err)
			}
		})
	}
}

// called is the function that the agent calls of the sample.
func called(p *Patch) *Func {
	return &p.Funcs[slices.IndexFunc(p.Funcs, func(f Func) bool { return f.Off == p.Inits[0].Funcs[0] })]
}

func TestHookAtBothTimes(t *testing.T) {
	p := sample()
	f := called(p)
	p.Inits, p.Hooks = nil, []Hook{{Name: f.Name, Func: f.Off}, {Name: f.Name, Func: f.Off, Rollback: true}}
	if err := p.Check(); err != nil {
		t.Error(err)
	}
}
