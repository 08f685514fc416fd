package release

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/gosplice/gosplice/internal/goobj"
	"github.com/gosplice/gosplice/internal/gorelease"
	"github.com/gosplice/gosplice/internal/gotool"
	"github.com/gosplice/gosplice/internal/image"
	"github.com/gosplice/gosplice/internal/machine"
)

// Objects loads the archives of a build's packages, the main package last.
func Objects(release *gorelease.Release, packages []gotool.Package) (*goobj.Set, error) {
	return objects(release, packages, (*goobj.Set).Load, (*goobj.Set).Resolve)
}

// Objects loads the archives of an edited build, and looks into as few of them as it can. With a
// cache it reads only those that the cache does not have.
func (r *Record) Objects(packages []gotool.Package, cache *goobj.Cache) (*goobj.Set, error) {
	load := (*goobj.Set).Load
	if cache != nil {
		load = func(s *goobj.Set, pkg, path string) error { return s.LoadFrom(cache, pkg, path) }
	}
	rel, err := gorelease.Of(r.Release.GoVersion)
	if err != nil {
		return nil, err
	}
	return objects(rel, packages, load, func(s *goobj.Set) error {
		return s.ResolveLazily(func(n goobj.Name) bool {
			_, ok := r.Lookup(n.Name, n.ABI)
			return ok
		})
	})
}

func objects(release *gorelease.Release, packages []gotool.Package, load func(s *goobj.Set, pkg, path string) error,
	resolve func(*goobj.Set) error) (*goobj.Set, error) {
	set, err := goobj.NewSet(release)
	if err != nil {
		return nil, err
	}
	for i, p := range packages {
		if p.Export == "" {
			continue // package unsafe
		}
		path := p.ImportPath
		if i == len(packages)-1 {
			path = "main"
		}
		if err := load(set, path, p.Export); err != nil {
			set.Close()
			return nil, err
		}
	}
	if err := resolve(set); err != nil {
		set.Close()
		return nil, err
	}
	return set, nil
}

// Options of a record.
type Options struct {
	// Far makes the record of a program that is larger than a jump leads, whatever its size.
	Far bool
}

// Make proves that the packages are what the program was linked from, and returns the record.
func Make(ctx context.Context, binary string, b *gotool.Build, packages []gotool.Package, o Options) (*Record, error) {
	release, err := gorelease.Of(b.GoVersion)
	if err != nil {
		return nil, err
	}
	file, err := image.Open(binary, release)
	if err != nil {
		return nil, err
	}
	set, err := Objects(release, packages)
	if err != nil {
		return nil, err
	}
	defer set.Close()
	far, err := isFar(file)
	if err := errors.Join(err, plainARM64(file, packages)); err != nil {
		return nil, err
	}
	h, err := newHarvest(set, file)
	if err != nil {
		return nil, err
	}
	if err := h.run(); err != nil {
		return nil, fmt.Errorf("%s was not built from these sources with these flags: %w", filepath.Base(binary), err)
	}
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	abbrevs, err := goobj.NewAbbrevs(release)
	if err != nil {
		return nil, err
	}
	r := &Record{
		Format: Format, Program: filepath.Base(binary), Build: *b,
		Content: map[goobj.Fingerprint]uint64{}, End: file.End(),
		Live: h.live(), Functions: h.functions, TextBytes: h.textBytes, TLS: h.tls,
		Far: far || o.Far,
	}
	r.identify(file)
	h.symbols(r, abbrevs)
	h.gaps(r)
	h.methodUses(r)
	if err := r.locateRuntime(h); err != nil {
		return nil, err
	}
	if r.Packages, err = describe(packages); err != nil {
		return nil, err
	}
	h.callGraph(r)
	h.inlined(r)
	h.variableUses(r)
	h.endless(r)
	return r, nil
}

// plainARM64 refuses programs of arm64 that hold C code or are position-independent, which nobody has tried yet.
func plainARM64(f *image.File, packages []gotool.Package) error {
	if f.GOARCH != machine.ARM64.Name {
		return nil
	}
	if f.PositionIndependent {
		return &gotool.UnsupportedError{What: "on arm64 the build mode", Have: "pie", Do: "build with -buildmode=exe, the default on Linux"}
	}
	if !slices.ContainsFunc(packages, func(p gotool.Package) bool { return p.ImportPath == "runtime/cgo" }) {
		return nil
	}
	return &gotool.UnsupportedError{What: "on arm64 a program with", Have: "cgo", Do: "build with CGO_ENABLED=0"}
}

// isFar reports a program near which no image can be loaded so that a jump leads there from every function. Those to which
// not even offsets of 32 bits lead are refused.
func isFar(f *image.File) (bool, error) {
	arch, err := machine.Of(f.GOARCH)
	if err != nil {
		return false, err
	}
	const room = 16 << 20 // for images
	size := f.End() - f.Text()
	if size > arch.FarReach-room {
		return false, fmt.Errorf("the program takes %d MB from its code to the end of its data, and its tables hold offsets of at most %d MB: it can't be patched; restart it with the edit built in",
			size>>20, arch.FarReach>>20)
	}
	return size > arch.Reach-room, nil
}

func (r *Record) identify(f *image.File) {
	text := f.Bytes(f.Text(), int(f.Etext()-f.Text()))
	sum := sha256.Sum256(text)
	rel := &r.Release
	rel.BuildID, rel.Main, rel.Program = f.BuildID, r.Build.Main, r.Program
	rel.GoVersion, rel.GOOS, rel.GOARCH = r.Build.GoVersion, "linux", f.GOARCH
	rel.Text, rel.Etext, rel.TextHash = f.Text(), f.Etext(), hex.EncodeToString(sum[:])
	rel.PositionIndependent = f.PositionIndependent
	r.Runtime.Types, r.Runtime.Rodata = f.Module["types"], f.Module["rodata"]
	r.Runtime.Offset = f.Layout
}

// symbols enters every symbol of the program.
func (h *harvest) symbols(r *Record, abbrevs goobj.Abbrevs) {
	s := h.set
	prints := goobj.NewFingerprinter(s)
	bodies := map[uint64]int{}
	for y, a := range h.addr {
		if s.Kind(y).IsText() {
			bodies[a]++
		}
	}
	for y, a := range h.addr {
		n := s.NameOf(y)
		d, matched := h.matched[y]
		if !matched {
			d = y
		}
		if s.Defined(y) && s.ByContent(y) {
			if matched && s.Kind(y).IsRodata() {
				r.Content[prints.Of(d)] = a
			}
			continue
		}
		if n.ABI == goobj.ABIStatic || n.Name == "" {
			continue
		}
		sym := Symbol{Name: strings.Clone(n.Name), ABI: n.ABI, Kind: s.Kind(d), Size: s.Size(d), Addr: a}
		if s.Defined(d) {
			sym.Fingerprint = prints.Of(d)
			sym.Package = s.Object(d).Pkg
			sym.Asm = s.Object(d).Asm
		}
		if t := s.Aux(d, goobj.AuxGotype); t != 0 {
			sym.Type = strings.Clone(s.NameOf(t).Name)
		}
		if goobj.IsType(n.Name) {
			sym.Layout, _ = prints.TypeLayout(d)
		}
		if sym.Kind.IsText() {
			h.function(&sym, y, d, abbrevs)
			if r.Far {
				h.jumpFar(&sym)
			}
			sym.Merged = bodies[a] > 1
		}
		r.Symbols = append(r.Symbols, sym)
	}
	sortSymbols(r.Symbols)
}

func (h *harvest) function(sym *Symbol, y, d goobj.Sym, abbrevs goobj.Abbrevs) {
	flag, flag2 := h.set.Flags(d)
	sym.NoSplit = flag&goobj.FlagNoSplit != 0
	sym.Linkname = flag2&goobj.Flag2Linkname != 0
	sym.Indirect = h.indirect[y]
	code := h.file.Bytes(sym.Addr, len(h.set.Data(d)))
	sym.Busy = h.arch.Busy(code)
	if sym.Busy.Lo == 0 && !sym.Indirect {
		sym.Calls = h.callsOf(y)
	}
	sym.LoopsAtEntry = sym.Busy.Lo == 0 && len(sym.Calls) == 0 && h.arch.LoopsAtEntry(code)
	copy(sym.Head[:], h.file.Bytes(sym.Addr, len(sym.Head)))
	if fi, ok := h.set.FuncInfo(d); ok {
		sym.Line = fi.StartLine
	}
	if g, err := h.set.Signature(d, abbrevs); err == nil {
		sym.Type, sym.CapturesKnown = g.Key(), g.CapturesKnown
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
	for _, c := range h.calls[y] {
		if c.off < entryWord {
			return nil
		}
		out = append(out, c.in+uint64(c.off))
	}
	slices.Sort(out)
	return slices.Compact(out)
}

// callGraph notes who calls the functions of editable packages.
func (h *harvest) callGraph(r *Record) {
	edited := map[string]bool{}
	for _, p := range r.Packages {
		if p.Editable {
			edited[p.Path] = true
		}
	}
	r.Callers = map[string][]string{}
	for y, callers := range h.callers {
		if !h.set.Defined(y) || !edited[h.set.Object(y).Pkg] {
			continue
		}
		seen := map[string]bool{}
		for _, c := range callers {
			if n := h.set.NameOf(c).Name; !seen[n] {
				seen[n] = true
				name := strings.Clone(h.set.NameOf(y).Name)
				r.Callers[name] = append(r.Callers[name], strings.Clone(n))
			}
		}
	}
}

// inlined notes into which functions those of editable packages were inlined.
func (h *harvest) inlined(r *Record) {
	edited := map[string]bool{}
	var prefixes []string
	for _, p := range r.Packages {
		if edited[p.Path] = p.Editable; p.Editable {
			prefixes = append(prefixes, goobj.PackagePrefix(p.Path)+".")
		}
	}
	isEdited := func(y goobj.Sym) bool {
		if h.set.Defined(y) {
			return edited[h.set.Object(y).Pkg]
		}
		// A literal that was inlined wherever it is called has no body.
		return slices.ContainsFunc(prefixes, func(p string) bool { return strings.HasPrefix(h.set.NameOf(y).Name, p) })
	}
	r.Inlined = map[string][]string{}
	for y := range h.addr {
		d, ok := h.matched[y]
		if !ok {
			d = y
		}
		fi, ok := h.set.FuncInfo(d)
		if !ok {
			continue
		}
		for _, n := range fi.Inline {
			if !isEdited(n.Func) {
				continue
			}
			callee, into := h.set.NameOf(n.Func).Name, h.set.NameOf(y).Name
			if !slices.Contains(r.Inlined[callee], into) {
				r.Inlined[strings.Clone(callee)] = append(r.Inlined[callee], strings.Clone(into))
			}
		}
	}
}

// variableUses notes who refers to the larger variables of editable packages.
func (h *harvest) variableUses(r *Record) {
	edited := map[string]bool{}
	for _, p := range r.Packages {
		edited[p.Path] = p.Editable
	}
	const word = 8
	r.Uses = map[string]Use{}
	for y := range h.addr {
		d, ok := h.matched[y]
		if !ok {
			d = y
		}
		if !h.set.Defined(d) {
			continue
		}
		text := h.set.Kind(d).IsText()
		for _, rel := range h.set.Relocs(d) {
			v := rel.Sym
			if rel.Size == 0 || v == 0 || !h.set.Defined(v) || !h.set.Kind(v).IsVar() || h.set.Size(v) <= word || !edited[h.set.Object(v).Pkg] {
				continue
			}
			name := strings.Clone(h.set.NameOf(v).Name)
			u := r.Uses[name]
			if !text || !rel.Type.IsPCRel() || h.arch.ComputesAddress(h.set.Data(d), rel.Off) {
				u.Address = true
			}
			if n := h.set.NameOf(y); text && (len(u.Funcs) == 0 || u.Funcs[len(u.Funcs)-1] != n) {
				u.Funcs = append(u.Funcs, goobj.Name{Name: strings.Clone(n.Name), ABI: n.ABI})
			}
			r.Uses[name] = u
		}
	}
}

// endless notes the loops of editable packages that have no way out.
func (h *harvest) endless(r *Record) {
	edited := map[string]bool{}
	for _, p := range r.Packages {
		edited[p.Path] = p.Editable
	}
	for i := range r.Symbols {
		if s := &r.Symbols[i]; s.Kind.IsText() && edited[s.Package] && s.Size > 0 {
			s.Endless = h.arch.Endless(h.file.Bytes(s.Addr, int(s.Size)))
		}
	}
}

// gaps notes the methods that the linker left out of method tables, and dropped initialisers.
func (h *harvest) gaps(r *Record) {
	for y, relocs := range h.pruned {
		t, ok := h.set.Type(h.matched[y])
		if !ok {
			continue
		}
		empty := map[int]bool{}
		for _, k := range relocs {
			empty[k] = true
		}
		p := PrunedType{Name: strings.Clone(h.set.NameOf(y).Name), Addr: h.addr[y]}
		for _, m := range t.Methods() {
			k := m.MtypReloc
			e := [3]bool{empty[k], empty[k+1], empty[k+2]}
			if e != [3]bool{} {
				p.Methods = append(p.Methods, PrunedMethod{Name: m.Name, Type: strings.Clone(h.set.NameOf(m.Type).Name), Off: uint32(m.NameOff), Empty: e})
			}
		}
		r.Pruned = append(r.Pruned, p)
	}
	for _, y := range h.noInit {
		r.NoInit = append(r.NoInit, strings.Clone(h.set.NameOf(y).Name))
	}
}

// The runtime's functions and variables that the agent calls and reads.
var (
	runtimeFuncs = []string{
		"runtime.stopTheWorld", "runtime.startTheWorld", "runtime.forEachGRace", "runtime.asyncPreempt2",
		"runtime.modulesinit", "runtime.getitab", "runtime.itabInit", "runtime.lock2", "runtime.unlock2", "runtime.unreachableMethod",
	}
	runtimeVars = []string{"runtime.firstmoduledata", "runtime.lastmoduledatap", "runtime.itabTable", "runtime.itabLock"}
)

func (r *Record) locateRuntime(h *harvest) error {
	r.Runtime.Func, r.Runtime.Var = map[string]uint64{}, map[string]uint64{}
	for _, n := range runtimeFuncs {
		s, ok := r.Lookup(n, goobj.ABIInternal)
		if !ok {
			return fmt.Errorf("the program lacks the function %s, without which it can't be patched", n)
		}
		r.Runtime.Func[n] = s.Addr
	}
	for _, n := range runtimeVars {
		if s, ok := r.Lookup(n, goobj.ABI0); ok {
			r.Runtime.Var[n] = s.Addr
			continue
		}
		if s, ok := r.Lookup(n, goobj.ABIInternal); ok {
			r.Runtime.Var[n] = s.Addr
			continue
		}
		found := uint64(0)
		switch n {
		case "runtime.firstmoduledata":
			found = h.file.ModuleAddr
		case "runtime.lastmoduledatap":
			found = h.file.LastModule()
		}
		if found != 0 {
			r.Runtime.Var[n] = found
			continue
		}
		return fmt.Errorf("the program lacks the variable %s, without which it can't be patched", n)
	}
	if r.Runtime.Var["runtime.firstmoduledata"] != h.file.ModuleAddr {
		return fmt.Errorf("the program's module data is at %#x and at %#x", h.file.ModuleAddr, r.Runtime.Var["runtime.firstmoduledata"])
	}
	return nil
}

// ModuleOf is the module of a package as path@version, with what another version is taken for; ""
// where there is none.
func ModuleOf(p gotool.Package) string {
	m := p.Module
	if m == nil {
		return ""
	}
	name := m.Path + "@" + m.Version
	if m.Replace != nil && m.Replace.Version != "" {
		name += " => " + m.Replace.Path + "@" + m.Replace.Version
	}
	return name
}

// describe notes the sources of the packages.
func describe(packages []gotool.Package) ([]Package, error) {
	var out []Package
	for i, p := range packages {
		q := Package{Path: p.ImportPath, Import: p.ImportPath, Dir: p.Dir, BuildID: p.BuildID, Standard: p.Standard, Imports: p.Imports}
		if i == len(packages)-1 {
			q.Path = "main"
		}
		q.Editable = Editable(p)
		q.Module = ModuleOf(p)
		for _, group := range []struct {
			kind  string
			names []string
		}{{"go", p.GoFiles}, {"cgo", p.CgoFiles}, {"asm", p.SFiles}, {"c", p.CFiles}, {"embed", p.EmbedFiles}} {
			for _, name := range group.names {
				f, err := readSource(p.Dir, name, group.kind, q.Editable)
				if err != nil {
					return nil, fmt.Errorf("package %s: %w", p.ImportPath, err)
				}
				q.Files = append(q.Files, f)
			}
		}
		out = append(out, q)
	}
	return out, nil
}

// AddEscapes gives each editable package the escape analysis of its functions: what the compiler
// said of the packages that EscapePatterns matches.
func (r *Record) AddEscapes(escapes []gotool.Escape, known bool) {
	byPath := map[string][]gotool.Escape{}
	for _, e := range escapes {
		byPath[e.Package] = append(byPath[e.Package], e)
	}
	for i := range r.Packages {
		p := &r.Packages[i]
		if p.Editable {
			p.Escapes, p.EscapesKnown = byPath[p.Import], known
		}
	}
}

// EscapePatterns match the packages that people edit in place.
func EscapePatterns(packages []gotool.Package) []string {
	seen := map[string]bool{}
	var out []string
	add := func(p string) {
		if !seen[p] {
			seen[p] = true
			out = append(out, p)
		}
	}
	for _, p := range packages {
		switch {
		case !Editable(p):
		case p.Module != nil && (p.ImportPath == p.Module.Path || strings.HasPrefix(p.ImportPath, p.Module.Path+"/")):
			add(p.Module.Path + "/...")
		default:
			add(p.ImportPath)
		}
	}
	return out
}

// Editable reports whether people edit a package in place: those of the standard library and of
// downloaded modules change only with their version, or through an overlay.
func Editable(p gotool.Package) bool {
	m := p.Module
	switch {
	case p.Standard:
		return false
	case m == nil || m.Main || m.Dir == "": // an empty directory: vendored
		return true
	}
	return m.Replace != nil && m.Replace.Version == ""
}

func readSource(dir, name, kind string, keep bool) (SourceFile, error) {
	path := name
	if !filepath.IsAbs(path) {
		path = filepath.Join(dir, name)
	}
	f := SourceFile{Name: name, Kind: kind}
	if !keep {
		return f, nil
	}
	b, err := os.ReadFile(path)
	if err != nil {
		return f, err
	}
	f.Hash = sha256.Sum256(b)
	if kind != "embed" {
		f.Content = b
	}
	return f, nil
}
