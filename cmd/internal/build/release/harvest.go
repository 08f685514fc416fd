// Package release proves that compiled objects and a linked program agree, learns the address of
// every symbol from the proof, and keeps the result in a release record.
package release

import (
	"bytes"
	"cmp"
	"encoding/binary"
	"fmt"
	"iter"
	"regexp"
	"slices"
	"sort"
	"strings"

	"github.com/gosplice/gosplice/cmd/internal/build/goobj"
	"github.com/gosplice/gosplice/cmd/internal/build/image"
	"github.com/gosplice/gosplice/cmd/internal/build/machine"
	"github.com/gosplice/gosplice/internal/wire/coderef"
)

var le = binary.LittleEndian

// harvest follows references: where the object of F says "here is a reference to S", the linked
// bytes of F hold S's address. Every symbol that is reached is compared with the program.
type harvest struct {
	set  *goobj.Set
	file *image.File
	arch machine.Arch
	code coderef.Arch

	addr     goobj.Table[uint64]    // 0: not known
	matched  goobj.Table[goobj.Sym] // the definition whose bytes the program has; 0: none
	user     goobj.Table[goobj.Sym] // the symbol whose reference told the address
	indirect goobj.Table[bool]      // functions whose address is used other than by a call, and than
	tabled   goobj.Table[bool]      // those in method tables
	calls    calls
	at       map[uint64]goobj.Sym // text address -> symbol
	queue    []goobj.Sym
	pruned   map[goobj.Sym][]int // type -> relocation numbers that the linker left empty
	noInit   []goobj.Sym         // map initialisers that the linker dropped
	tls      int32               // where the program keeps g, relative to the thread's base; 0 before that is known
	relocs   []goobj.Reloc       // of the symbol that is being compared
	// trampolines lead calls to where they do not reach, by address: made by the linker, and followed or not yet.
	trampolines map[uint64]*trampoline

	unreachable, mapNoop uint64
	functions            int
	textBytes            int64
}

// Mismatch is a place where objects and program differ.
type Mismatch struct {
	Symbol, Package string
	Addr            uint64
	Why             string
	// User is the symbol whose reference led here: it may be the one that differs. It is empty for
	// functions that the program itself names.
	User string
}

func (m *Mismatch) Error() string {
	s := fmt.Sprintf("%s (package %s) at %#x: %s", m.Symbol, m.Package, m.Addr, m.Why)
	if m.User != "" {
		s += "; " + m.User + " refers to it"
	}
	return s
}

// trampoline is one of the linker's.
type trampoline struct {
	target   uint64
	followed bool
}

func newHarvest(set *goobj.Set, file *image.File) (*harvest, error) {
	arch, err := machine.Of(file.GOARCH)
	if err != nil {
		return nil, err
	}
	h := &harvest{
		set: set, file: file, arch: arch, code: arch.Code,
		addr:     goobj.NewTable[uint64](set),
		matched:  goobj.NewTable[goobj.Sym](set),
		user:     goobj.NewTable[goobj.Sym](set),
		indirect: goobj.NewTable[bool](set),
		tabled:   goobj.NewTable[bool](set),
		calls:    newCalls(set),
		at:       map[uint64]goobj.Sym{},
		pruned:   map[goobj.Sym][]int{},
	}
	h.findTrampolines()
	return h, nil
}

// trampolineName is how the linker names trampolines, after the function that they lead to and an offset.
var trampolineName = regexp.MustCompile(`[+-][0-9a-f]+-tramp[0-9]+$`)

func (h *harvest) findTrampolines() {
	h.trampolines = map[uint64]*trampoline{}
	size := len(h.arch.Veneer)
	for _, f := range h.file.Funcs {
		if !trampolineName.MatchString(f.Name) {
			continue
		}
		if target, ok := h.arch.Trampoline(h.file.Bytes(f.Entry, size), f.Entry); ok {
			h.trampolines[f.Entry] = &trampoline{target: target}
		}
	}
}

// target is where the call or the reference at address at leads; through is the trampoline that it takes, if any.
func (h *harvest) target(place []byte, at uint64) (to uint64, through *trampoline, ok bool) {
	to, ok = h.code.Target(place, at)
	if through = h.trampolines[to]; ok && through != nil {
		to = through.target
	}
	return to, through, ok
}

// run harvests from the functions that the program names.
func (h *harvest) run() error {
	entries := h.entries()
	h.unreachable = entries[goobj.Name{Name: "runtime.unreachableMethod", ABI: goobj.ABIInternal}]
	h.mapNoop = entries[goobj.Name{Name: "runtime.mapinitnoop", ABI: goobj.ABIInternal}]
	names := make([]goobj.Name, 0, len(entries))
	for n := range entries {
		names = append(names, n)
	}
	sort.Slice(names, func(i, j int) bool { return entries[names[i]] < entries[names[j]] })
	for _, n := range names {
		y, ok := h.set.Lookup(n.Name, n.ABI)
		if !ok || !h.set.Kind(y).IsText() || h.set.Size(y) == 0 || h.set.Hashed(y) {
			continue // of what is known by its content the name does not tell which it is
		}
		if err := h.learn(y, entries[n]); err != nil {
			return err
		}
	}
	if err := h.drain(); err != nil {
		return err
	}
	if err := h.wrapped(); err != nil {
		return err
	}
	h.variables()
	h.user = goobj.Table[goobj.Sym]{} // what does not match would have been found by now
	return h.covered()
}

// drain visits what has been learnt, and what is learnt from that.
func (h *harvest) drain() error {
	for len(h.queue) > 0 {
		y := h.queue[len(h.queue)-1]
		h.queue = h.queue[:len(h.queue)-1]
		if err := h.visit(y); err != nil {
			return err
		}
	}
	return nil
}

// wrapped adds the functions that no code refers to, but the wrapper of a defer or go statement
// whose call was inlined: defer atomic.AddInt64(p, 1) keeps that function only for traces. Where
// Go and assembly define one under the same name, the bytes tell which of them it is.
func (h *harvest) wrapped() error {
	for _, f := range h.file.Funcs {
		// Of two names of one place, as C has them, the last has the code.
		if _, ok := h.at[f.Entry]; ok || f.End == f.Entry {
			continue
		}
		candidates := slices.Clone(h.set.Copies(f.Name))
		for _, abi := range []uint16{goobj.ABIInternal, goobj.ABI0} {
			if y, ok := h.set.Lookup(f.Name, abi); ok {
				candidates = append(candidates, y)
			}
		}
		for _, y := range candidates {
			if *h.addr.At(y) != 0 || !h.set.Kind(y).IsText() || !h.equal(y, f.Entry) {
				continue
			}
			if err := h.learn(y, f.Entry); err != nil {
				return err
			}
			break
		}
	}
	return h.drain()
}

// entries are the functions that the program names unambiguously.
func (h *harvest) entries() map[goobj.Name]uint64 {
	out := map[goobj.Name]uint64{}
	count := map[string]int{}
	for _, f := range h.file.Funcs {
		count[f.Name]++
	}
	for _, f := range h.file.Funcs {
		if count[f.Name] > 1 {
			continue
		}
		_, hasGo := h.set.Lookup(f.Name, goobj.ABIInternal)
		_, hasAsm := h.set.Lookup(f.Name, goobj.ABI0)
		switch {
		case hasGo && !hasAsm:
			out[goobj.Name{Name: f.Name, ABI: goobj.ABIInternal}] = f.Entry
		case hasAsm && !hasGo:
			out[goobj.Name{Name: f.Name, ABI: goobj.ABI0}] = f.Entry
		}
	}
	for name, a := range h.file.Symbols {
		if base, ok := strings.CutSuffix(name, ".abi0"); ok {
			out[goobj.Name{Name: base, ABI: goobj.ABI0}] = a
			if b, ok := h.file.Symbols[base]; ok {
				out[goobj.Name{Name: base, ABI: goobj.ABIInternal}] = b
			}
		}
	}
	return out
}

// learnFrom notes that a reference of user to y says that y is at a.
func (h *harvest) learnFrom(user, y goobj.Sym, a uint64) error {
	if *h.addr.At(y) != a {
		*h.user.At(y) = user
	}
	return h.learn(y, a)
}

// learn notes that y is at a.
func (h *harvest) learn(y goobj.Sym, a uint64) error {
	if old := *h.addr.At(y); old != 0 {
		if old != a && h.set.Size(y) > 0 {
			return h.mismatch(y, a, fmt.Sprintf("another reference says %#x", old))
		}
		return nil
	}
	if !h.file.Contains(a) {
		return h.mismatch(y, a, "the address lies outside of the program")
	}
	*h.addr.At(y) = a
	if h.set.Defined(y) {
		h.queue = append(h.queue, y)
	}
	return nil
}

func (h *harvest) mismatch(y goobj.Sym, a uint64, why string) error {
	// The error outlives the mapped archives, in which the name is.
	m := &Mismatch{Symbol: strings.Clone(h.set.NameOf(y).Name), Addr: a, Why: why}
	if h.set.Defined(y) {
		m.Package = h.set.Object(y).Pkg
	}
	if user := *h.user.At(y); user != 0 {
		m.User = strings.Clone(h.set.NameOf(user).Name)
	}
	return m
}

// visit compares y with the program and follows its references.
func (h *harvest) visit(y goobj.Sym) error {
	a := *h.addr.At(y)
	kind := h.set.Kind(y)
	n := len(h.set.Data(y))
	if kind.IsZero() || n == 0 {
		*h.matched.At(y) = y
		return nil
	}
	d, ok := h.match(y, a)
	if kind.IsVar() && h.isString(y) && !(ok && h.holdsText(d, a)) {
		return nil // the linker sets these: -ldflags=-X, build information
	}
	if !ok {
		return h.mismatch(y, a, "the program holds other bytes than the compiled object")
	}
	*h.matched.At(y) = d
	if kind.IsText() {
		h.at[a] = y
		h.functions++
		h.textBytes += int64(n)
	}
	for k, r := range h.set.Relocs(d) {
		if r.Size == 0 || r.Sym == 0 && !r.Type.IsTLS() {
			continue
		}
		if err := h.follow(d, y, a, k, r); err != nil {
			return err
		}
	}
	return nil
}

// isString reports a variable of type string.
func (h *harvest) isString(y goobj.Sym) bool {
	t := h.set.Aux(y, goobj.AuxGotype)
	return t != 0 && h.set.NameOf(t).Name == "type:string"
}

// holdsText reports that the text of string variable d, which is at a, is that of the object. Another one may be as long.
func (h *harvest) holdsText(d goobj.Sym, a uint64) bool {
	for _, r := range h.set.Relocs(d) {
		if r.Type != goobj.RAddr || r.Size != 8 || !h.set.Defined(r.Sym) {
			continue
		}
		b := h.file.Bytes(a+uint64(r.Off), r.Size)
		if b == nil || !h.equal(r.Sym, le.Uint64(b)-uint64(r.Add)) {
			return false
		}
	}
	return true
}

// match finds the definition of y whose bytes are in the program at a.
func (h *harvest) match(y goobj.Sym, a uint64) (goobj.Sym, bool) {
	dups := h.set.Dups(y)
	if len(dups) == 0 {
		return y, h.equal(y, a)
	}
	first := goobj.Sym(0)
	for _, d := range slices.Insert(dups, 0, y) {
		if d != y && len(h.set.Data(d)) == 0 || !h.equal(d, a) {
			continue
		}
		if h.leads(d, a) {
			return d, true
		}
		if first == 0 {
			first = d
		}
	}
	return first, first != 0
}

// leads reports that what the references of definition d, at a, lead to has the bytes of the function literals
// to which they should lead. Definitions of one name may differ in that alone.
func (h *harvest) leads(d goobj.Sym, a uint64) bool {
	for _, r := range h.set.Relocs(d) {
		if r.Sym == 0 || !h.set.Hashed(r.Sym) || !h.set.Kind(r.Sym).IsText() {
			continue
		}
		b := h.file.Bytes(a+uint64(r.Off), r.Size)
		if b == nil {
			return false
		}
		var to uint64
		switch {
		case r.Type == goobj.RAddr && r.Size == 8:
			to = le.Uint64(b) - uint64(r.Add)
		case r.Type.IsCall() || r.Type.IsPCRel():
			target, _, ok := h.target(b, a+uint64(r.Off))
			if !ok {
				return false
			}
			to = target - uint64(r.Add)
		default:
			continue
		}
		if !h.equal(r.Sym, to) {
			return false
		}
	}
	return true
}

func (h *harvest) equal(y goobj.Sym, a uint64) bool {
	want := h.set.Data(y)
	have := h.file.Bytes(a, len(want))
	if have == nil {
		return false
	}
	last := 0
	// The compiler writes relocations in ascending order for code; sort for the rest.
	relocs := h.sortedRelocs(y)
	want = h.relaxed(want, relocs)
	for _, r := range relocs {
		if r.Off < last {
			continue
		}
		if !bytes.Equal(want[last:r.Off], have[last:r.Off]) {
			return false
		}
		last = min(r.Off+r.Size, len(want))
		if (r.Type.IsCall() || r.Type.IsPCRel() || r.Type.IsTLS()) && !h.code.Same(want[r.Off:last], have[r.Off:last]) {
			return false
		}
	}
	return bytes.Equal(want[last:], have[last:])
}

// relaxed is the code of a function with the instructions that linkers put in the place of the compiler's.
func (h *harvest) relaxed(code []byte, relocs []goobj.Reloc) []byte {
	cloned := false
	for _, r := range relocs {
		if !r.Type.IsTLSIE() {
			continue
		}
		if !cloned {
			code, cloned = bytes.Clone(code), true
		}
		h.arch.ThreadOffset(code, r.Off) // where it can't the bytes differ, and are found to
	}
	return code
}

// sortedRelocs are the relocations of y by ascending offset. They are valid until the next call.
func (h *harvest) sortedRelocs(y goobj.Sym) []goobj.Reloc {
	rs := h.relocs[:0]
	sorted := true
	for _, r := range h.set.Relocs(y) {
		if r.Size == 0 || r.Off > len(h.set.Data(y)) {
			continue
		}
		if n := len(rs); n > 0 && rs[n-1].Off > r.Off {
			sorted = false
		}
		rs = append(rs, r)
	}
	if !sorted {
		sort.Slice(rs, func(i, j int) bool { return rs[i].Off < rs[j].Off })
	}
	h.relocs = rs
	return rs
}

// follow decodes relocation k of definition d of y at a.
func (h *harvest) follow(d, y goobj.Sym, a uint64, k int, r goobj.Reloc) error {
	b := h.file.Bytes(a+uint64(r.Off), r.Size)
	if len(b) != 4 && len(b) != 8 {
		return h.mismatch(y, a, fmt.Sprintf("a relocation of %d bytes at offset %d can't be read", r.Size, r.Off))
	}
	switch {
	case r.Type.IsCall(), r.Type.IsPCRel():
		t, through, ok := h.target(b, a+uint64(r.Off))
		if !ok {
			return h.mismatch(y, a, fmt.Sprintf("the instruction at offset %d refers to nothing", r.Off))
		}
		t -= uint64(r.Add)
		if through != nil {
			through.followed = true
			*h.indirect.At(r.Sym) = true // a call that does not lead there itself can't be changed in place of the entry
		}
		if r.Type.IsCall() && r.Weak && t == h.mapNoop {
			h.noInit = append(h.noInit, r.Sym)
			return nil
		}
		if r.Type.IsCall() {
			h.calls.add(r.Sym, y, uint32(r.Off))
		}
		if r.Type.IsPCRel() && h.set.Kind(r.Sym).IsText() {
			*h.indirect.At(r.Sym) = true
		}
		return h.learnFrom(y, r.Sym, t)
	case r.Type == goobj.RAddr:
		var v uint64
		if r.Size == 8 {
			v = le.Uint64(b)
		} else {
			v = uint64(le.Uint32(b))
		}
		if v == 0 && (r.Weak || !h.set.Defined(r.Sym)) || v == h.unreachable && h.set.NameOf(r.Sym).Name != "runtime.unreachableMethod" {
			return nil
		}
		// An address behind the entry is one of a jump table: nothing calls it.
		if h.set.Kind(r.Sym).IsText() && (r.Add <= 0 || r.Add >= int64(h.set.Size(h.definition(r.Sym)))) {
			*h.indirect.At(r.Sym) = true
		}
		if !h.file.Moves(a + uint64(r.Off)) {
			return h.mismatch(y, a, fmt.Sprintf("the address at offset %d does not move with the program when that is loaded", r.Off))
		}
		return h.learnFrom(y, r.Sym, v-uint64(r.Add))
	case r.Type == goobj.RAddrOff, r.Type == goobj.RMethodOff:
		v := le.Uint32(b)
		if r.Type == goobj.RMethodOff && v == 0xffffffff {
			h.pruned[y] = append(h.pruned[y], k)
			return nil
		}
		if v == 0 && r.Weak {
			return nil
		}
		if h.set.Kind(r.Sym).IsText() {
			*h.held(r.Type).At(r.Sym) = true
		}
		return h.learnFrom(y, r.Sym, h.base(r.Sym)+uint64(v)-uint64(r.Add))
	case r.Type.IsTLS():
		v := h.code.Offset(b)
		if h.tls != 0 && v != h.tls {
			return h.mismatch(y, a, fmt.Sprintf("thread-local storage is at %d, and at %d elsewhere", v, h.tls))
		}
		h.tls = v
		return nil
	}
	return h.mismatch(y, a, fmt.Sprintf("relocation type %d is not known", r.Type))
}

// held is the table of functions that references of a type hold.
func (h *harvest) held(t goobj.RelocType) *goobj.Table[bool] {
	if t == goobj.RMethodOff {
		return &h.tabled
	}
	return &h.indirect
}

// base is what a 32-bit offset to y counts from.
func (h *harvest) base(y goobj.Sym) uint64 {
	switch n := h.set.NameOf(y).Name; {
	case h.set.Kind(y).IsText():
		return h.file.Text()
	case strings.HasPrefix(n, "type:"):
		return h.file.Module["types"]
	}
	return h.file.Module["rodata"]
}

// variables adds what no live code refers to but the symbol table names.
func (h *harvest) variables() {
	for n, y := range h.set.AllNames() {
		if *h.addr.At(y) != 0 || n.ABI == goobj.ABIStatic || h.set.Kind(y).IsText() || h.set.ByContent(y) || h.set.Size(y) == 0 {
			continue
		}
		if a, ok := h.file.Symbols[n.Name]; ok && (h.set.Kind(y).IsVar() || h.equal(y, a)) {
			*h.addr.At(y) = a
			*h.matched.At(y) = y
		}
	}
}

// linkerMade are functions that the linker writes itself.
var linkerMade = map[string]bool{
	"go:buildid":                    true,
	"runtime.text":                  true,
	"runtime.etext":                 true,
	"local.runtime.etext":           true,
	"local.runtime.text":            true,
	"_rt0_amd64_linux":              true,
	"_rt0_arm64_linux":              true,
	"go:textfipsstart":              true,
	"go:textfipsend":                true,
	"runtime.addmoduledata":         true,
	"local.moduledata":              true,
	"runtime.elf_savegpr0":          true,
	"crosscall_amd64":               true,
	"x_cgo_inittls":                 true,
	"_cgo_topofstack":               true,
	"go:link.addmoduledata":         true,
	"crypto/internal/fips140.start": true,
	// Of libgcc, for the race detector.
	"__popcountdi2": true,
}

// covered checks that every function of the program was compared.
func (h *harvest) covered() error {
	foreign := newForeign(h.set)
	missing := 0
	var first *image.Func
	for i := range h.file.Funcs {
		f := &h.file.Funcs[i]
		// Of two names of one place, as C has them, the last has the code.
		if _, ok := h.at[f.Entry]; ok || f.End == f.Entry {
			continue
		}
		if t := h.trampolines[f.Entry]; t != nil && t.followed {
			continue
		}
		if linkerMade[f.Name] || foreign.has(f.Name, h.file.Bytes(f.Entry, int(f.End-f.Entry))) {
			continue
		}
		if first == nil {
			first = f
		}
		missing++
	}
	if first != nil {
		return fmt.Errorf("%d functions of the program were not found in the compiled packages, first %s at %#x", missing, first.Name, first.Entry)
	}
	return nil
}

// reached are the symbols that the program has, in ascending order.
func (h *harvest) reached() iter.Seq[goobj.Sym] {
	return func(yield func(goobj.Sym) bool) {
		for y, a := range h.addr.All() {
			if a != 0 && !yield(y) {
				return
			}
		}
	}
}

// definition is the definition of y whose bytes the program has; y where there are none.
func (h *harvest) definition(y goobj.Sym) goobj.Sym { return cmp.Or(*h.matched.At(y), y) }
