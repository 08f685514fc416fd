package release

import (
	"slices"
	"strings"

	"github.com/gosplice/gosplice/cmd/internal/build/goobj"
	"github.com/gosplice/gosplice/cmd/internal/build/parallel"
)

// describer turns symbols of a program into what the record says of them. Each worker has its own.
type describer struct {
	*harvest
	abbrevs goobj.Abbrevs
	prints  *goobj.Fingerprinter
	bodies  map[uint64]int  // number of functions by address
	edited  map[string]bool // paths of editable packages
	far     bool            // the program is larger than a jump leads
}

// described is what the record says of some symbols.
type described struct {
	symbols []Symbol
	content []content
}

// content is read-only data that is known by content alone.
type content struct {
	is   goobj.Fingerprint
	addr uint64
}

// symbols enters every symbol of the program.
func (h *harvest) symbols(r *Record, abbrevs goobj.Abbrevs) {
	const together = 1 << 10 // symbols that one worker takes at a time
	parts := slices.Collect(slices.Chunk(slices.Collect(h.reached()), together))
	bodies, edited := h.bodies(), r.editable()
	workers := make([]describer, parallel.Workers(len(parts)))
	for i := range workers {
		workers[i] = describer{h, abbrevs, goobj.NewFingerprinter(h.set), bodies, edited, r.Far}
	}
	done := make([]described, len(parts))
	parallel.Each(len(parts), func(worker, i int) {
		for _, y := range parts[i] {
			workers[worker].describe(y, &done[i])
		}
	})
	total := 0
	for _, d := range done {
		total += len(d.symbols)
	}
	r.Symbols, r.Content = make([]Symbol, 0, total), map[goobj.Fingerprint]uint64{}
	for _, d := range done {
		r.Symbols = append(r.Symbols, d.symbols...)
		for _, c := range d.content {
			// Of several places with the same content any would do; it is the same one each time.
			if a, ok := r.Content[c.is]; !ok || c.addr < a {
				r.Content[c.is] = c.addr
			}
		}
	}
	sortSymbols(r.Symbols)
}

// bodies are the numbers of functions at each address.
func (h *harvest) bodies() map[uint64]int {
	out := map[uint64]int{}
	for y := range h.reached() {
		if h.set.Kind(y).IsText() {
			out[*h.addr.At(y)]++
		}
	}
	return out
}

// describe enters a symbol.
func (w *describer) describe(y goobj.Sym, out *described) {
	s, n, a, d := w.set, w.set.NameOf(y), *w.addr.At(y), w.definition(y)
	if s.Defined(y) && s.ByContent(y) {
		if *w.matched.At(y) != 0 && s.Kind(y).IsRodata() {
			out.content = append(out.content, content{w.prints.Of(d), a})
		}
		return
	}
	if n.ABI == goobj.ABIStatic || n.Name == "" {
		return
	}
	sym := Symbol{Name: strings.Clone(n.Name), ABI: n.ABI, Kind: s.Kind(d), Size: s.Size(d), Addr: a}
	if s.Defined(d) {
		sym.Fingerprint = w.prints.Of(d)
		sym.Package = s.Object(d).Pkg
		sym.Asm = s.Object(d).Asm
	}
	if t := s.Aux(d, goobj.AuxGotype); t != 0 {
		sym.Type = strings.Clone(s.NameOf(t).Name)
	}
	if goobj.IsType(n.Name) {
		sym.Layout, _ = w.prints.TypeLayout(d)
	}
	if sym.Kind.IsText() {
		w.function(&sym, y, d)
		if w.far {
			w.jumpFar(&sym)
		}
	}
	out.symbols = append(out.symbols, sym)
}

func (w *describer) function(sym *Symbol, y, d goobj.Sym) {
	flag, flag2 := w.set.Flags(d)
	sym.NoSplit = flag&goobj.FlagNoSplit != 0
	sym.Linkname = flag2&goobj.Flag2Linkname != 0
	sym.OnlyTable = *w.tabled.At(y) && !*w.indirect.At(y)
	sym.Indirect = *w.indirect.At(y) || sym.OnlyTable
	sym.Merged = w.bodies[sym.Addr] > 1
	code := w.file.Bytes(sym.Addr, len(w.set.Data(d)))
	sym.Busy = w.arch.Busy(code)
	if sym.Busy.Lo == 0 && !sym.Indirect {
		sym.Calls = w.callsOf(y)
	}
	sym.LoopsAtEntry = sym.Busy.Lo == 0 && len(sym.Calls) == 0 && w.arch.LoopsAtEntry(code)
	copy(sym.Head[:], w.file.Bytes(sym.Addr, len(sym.Head)))
	if fi, ok := w.set.FuncInfo(d); ok {
		sym.Line = fi.StartLine
	}
	if g, err := w.set.Signature(d, w.abbrevs); err == nil {
		sym.Type, sym.CapturesKnown = g.Key(), g.CapturesKnown
	}
	if w.edited[sym.Package] && sym.Size > 0 {
		sym.Endless = w.arch.Endless(w.file.Bytes(sym.Addr, int(sym.Size)))
	}
}

// jumpFar replaces what is said of a jump over the entry by what is true of one that leads far. Calls do not lead so far.
func (h *harvest) jumpFar(sym *Symbol) {
	code := h.file.Bytes(sym.Addr, int(sym.Size))
	busy, ok := h.arch.BusyFar(code)
	sym.Calls, sym.Unreachable = nil, !ok
	if ok {
		sym.Busy, sym.LoopsAtEntry = busy, busy.Lo == 0 && h.arch.LoopsAtEntry(code)
	}
}

// callsOf are the addresses of the displacements in the calls of y. It returns none if one of them is where a
// jump over the entry of the caller may be written.
func (h *harvest) callsOf(y goobj.Sym) []uint64 {
	const entryWord = 8
	var out []uint64
	for c := range h.calls.of(y) {
		if c.off < entryWord {
			return nil
		}
		out = append(out, *h.addr.At(c.caller)+uint64(c.off))
	}
	slices.Sort(out)
	return slices.Compact(out)
}
