package patch

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
)

func (p *Patch) checkImage() error {
	m := &p.Image
	switch {
	case m.Size == 0 || m.Size > MaxImage || m.Size%pageSize != 0:
		return fmt.Errorf("image has size %#x, which is not a number of pages up to %#x", m.Size, MaxImage)
	case uint64(len(m.Bytes)) > m.Size:
		return fmt.Errorf("image has %d bytes of content and a size of %d", len(m.Bytes), m.Size)
	case m.TextSize%pageSize != 0 || m.RodataOff%pageSize != 0 || m.DataOff%pageSize != 0:
		return fmt.Errorf("image parts %#x, %#x, %#x do not start at pages", m.TextSize, m.RodataOff, m.DataOff)
	case m.TextSize == 0 || m.TextSize > m.RodataOff || m.RodataOff > m.DataOff || m.DataOff > m.Size:
		return fmt.Errorf("image parts %#x, %#x, %#x are empty, overlap or exceed its size %#x", m.TextSize, m.RodataOff, m.DataOff, m.Size)
	case !m.endsFit():
		return fmt.Errorf("image parts end at %#x, %#x, %#x, which is not where they are", m.TextEnd, m.RodataEnd, m.DataEnd)
	case m.NearLow > m.NearHigh || m.NearHigh > maxAddress || m.NearHigh-m.NearLow > 1<<31:
		return fmt.Errorf("image must reach %#x-%#x, which 32-bit displacements can't", m.NearLow, m.NearHigh)
	}
	if m.Moduledata < m.DataOff || m.Moduledata > m.Size || p.module().end() > m.Size || m.Moduledata%8 != 0 {
		return fmt.Errorf("module data at %#x is not in the data of the image", m.Moduledata)
	}
	return nil
}

// endsFit reports ends of parts that are unknown, or within the parts.
func (m *Image) endsFit() bool {
	p := m.Parts()
	return p[0][1] <= m.TextSize && p[1][0] <= p[1][1] && p[1][1] <= m.DataOff && p[2][0] <= p[2][1] && p[2][1] <= m.Size
}

// module is the place of the image's module data. Its layout depends on the Go release; all fields that are used are
// in it. It takes time, so it is asked for once and not for each place that is compared with it.
func (p *Patch) module() span {
	size := max(8, p.Runtime.Offset["runtime.moduledata"])
	for name, off := range p.Runtime.Offset {
		if strings.Contains(name, "moduledata.") {
			size = max(size, off+8)
		}
	}
	return span{p.Image.Moduledata, size, "module data"}
}

// hasSymbol says whether relocations of the kind refer to a symbol.
func (k RelocKind) hasSymbol() bool {
	return k == AddSym64 || k == AddSym32 || k == RelSym32 || k == RelSymARM64
}

// Size is the number of bytes that a relocation of the kind changes.
func (k RelocKind) Size() int {
	if k == AddBase64 || k == AddSym64 || k == AddSlide64 || k == RelSymARM64 {
		return 8
	}
	return 4
}

// goarch is the architecture whose code has such places, or "" where any has.
func (k RelocKind) goarch() string {
	switch k {
	case SubBase32, RelSym32:
		return "amd64"
	case SubBaseARM64, RelSymARM64:
		return "arm64"
	}
	return ""
}

func (p *Patch) checkRelocs() error {
	free := uint64(0) // end of the relocation before
	for i, r := range p.Relocs {
		if r.Kind >= NumRelocKinds {
			return fmt.Errorf("relocation %d has the unknown kind %d", i, r.Kind)
		}
		if arch := r.Kind.goarch(); arch != "" && arch != p.Release.GOARCH {
			return fmt.Errorf("relocation %d is one for %s, in a patch for %s", i, arch, p.Release.GOARCH)
		}
		off, size := uint64(r.Off), uint64(r.Kind.Size())
		switch {
		case off < free:
			return fmt.Errorf("relocation %d at %#x overlaps the one before or is out of order", i, off)
		case !inImage(off, size, 0, uint64(len(p.Image.Bytes))):
			return fmt.Errorf("relocation %d at %#x is outside of the image's %#x bytes", i, off, len(p.Image.Bytes))
		case r.Kind.hasSymbol() && uint64(r.Sym) >= uint64(len(p.Symbols)):
			return fmt.Errorf("relocation %d at %#x refers to symbol %d of %d", i, off, r.Sym, len(p.Symbols))
		case !r.Kind.hasSymbol() && r.Sym != 0:
			return fmt.Errorf("relocation %d at %#x refers to a symbol, which its kind does not", i, off)
		}
		free = off + size
	}
	return nil
}

func (p *Patch) checkSymbols() error {
	type key struct{ kind, name string }
	seen := make(map[key]bool)
	module := p.module()
	for i, s := range p.Symbols {
		for _, v := range []string{s.Name, s.Hash, s.Value, s.File} {
			if err := checkString(fmt.Sprintf("symbol %d", i), v); err != nil {
				return err
			}
		}
		part := p.Image.RodataOff
		switch s.Kind {
		case "var":
			part = p.Image.DataOff
		case "type":
		default:
			return fmt.Errorf("symbol %.80q has the unknown kind %.20q", s.Name, s.Kind)
		}
		switch {
		case s.Name == "" || s.Hash == "":
			return fmt.Errorf("symbol %d %.80q has no name or no hash", i, s.Name)
		case !inImage(s.Off, s.Size, part, p.Image.Size):
			return fmt.Errorf("%s %.80q at %#x is not in the part of the image that holds such symbols", s.Kind, s.Name, s.Off)
		case module.meets(s.Off, s.Size):
			return fmt.Errorf("%s %.80q at %#x lies in the module data", s.Kind, s.Name, s.Off)
		case seen[key{s.Kind, s.Name}]:
			return fmt.Errorf("%s %.80q is there twice", s.Kind, s.Name)
		}
		seen[key{s.Kind, s.Name}] = true
	}
	return nil
}

func (p *Patch) checkFuncs() error {
	type key struct {
		name string
		abi  int
	}
	seen := make(map[key]bool)
	free := uint64(0) // end of the function before; alignment keeps its first word free
	for i, f := range p.Funcs {
		if err := checkFuncStrings(i, f); err != nil {
			return err
		}
		switch {
		case f.Name == "" || f.ABI != 0 && f.ABI != 1:
			return fmt.Errorf("function %d %.80q has no name or has ABI %d", i, f.Name, f.ABI)
		case seen[key{f.Name, f.ABI}]:
			return fmt.Errorf("function %.80q is there twice", f.Name)
		case f.Off < free || f.Off%jumpWord != 0:
			return fmt.Errorf("function %.80q at %#x overlaps the one before, is out of order or not aligned to %d", f.Name, f.Off, jumpWord)
		case f.Size == 0 || !inImage(f.Off, max(f.Size, jumpWord), 0, p.Image.TextSize):
			return fmt.Errorf("function %.80q at %#x with %d bytes is not in the text of the image", f.Name, f.Off, f.Size)
		}
		if err := f.Busy.check(f.Size); err != nil {
			return fmt.Errorf("function %.80q: %w", f.Name, err)
		}
		if len(f.Calls) > 0 && !f.Direct {
			return fmt.Errorf("function %.80q has calls that are to be changed, and is entered otherwise too", f.Name)
		}
		for _, c := range f.Calls {
			if c == 0 || !inImage(uint64(c)-1, callSize, 0, p.Image.TextSize) {
				return fmt.Errorf("function %.80q: its call at %#x is outside of the image's text", f.Name, c)
			}
		}
		if err := checkSpans(f.Endless, f.Size); err != nil {
			return fmt.Errorf("function %.80q: %w", f.Name, err)
		}
		seen[key{f.Name, f.ABI}] = true
		free = f.Off + f.Size
	}
	return nil
}

func (p *Patch) checkHostCalls() error {
	for _, h := range p.HostCalls {
		if !p.inText(h.Addr, 1) {
			return fmt.Errorf("calls of %#x lead outside of the program's text", h.Addr)
		}
		for _, c := range h.Calls {
			if c == 0 || !inImage(uint64(c)-1, callSize, 0, p.Image.TextSize) {
				return fmt.Errorf("a call of %#x at %#x is outside of the image's text", h.Addr, c)
			}
		}
	}
	return nil
}

func checkFuncStrings(i int, f Func) error {
	what := fmt.Sprintf("function %d", i)
	for _, s := range []string{f.Name, f.Sig, f.File, f.Flow, string(f.Places)} {
		if err := checkString(what, s); err != nil {
			return err
		}
	}
	return nil
}

// check reports whether b fits a function of the given size in bytes. It may reach beyond a
// function that is shorter than the word written over its entry.
func (b Busy) check(size uint64) error {
	if b.Lo > b.Hi || uint64(b.Hi) > max(size, jumpWord) {
		return fmt.Errorf("busy range %d-%d does not fit the %d bytes of the function", b.Lo, b.Hi, size)
	}
	return nil
}

// checkSpans reports whether spans are ascending and apart, in a function of the given size in bytes.
func checkSpans(spans []Span, size uint64) error {
	free := uint32(0)
	for _, s := range spans {
		if s.Lo < free || s.Lo >= s.Hi || uint64(s.Hi) > size {
			return fmt.Errorf("part %d-%d is out of order or not within its %d bytes", s.Lo, s.Hi, size)
		}
		free = s.Hi
	}
	return nil
}

func (p *Patch) checkInits() error {
	seen := make(map[string]bool)
	for _, in := range p.Inits {
		for _, s := range []string{in.Name, in.Value, in.After, in.File} {
			if err := checkString("initialiser", s); err != nil {
				return err
			}
		}
		switch {
		case in.Name == "" || seen[in.Name]:
			return fmt.Errorf("initialiser %.80q has no name or is there twice", in.Name)
		case len(in.Funcs) == 0:
			return fmt.Errorf("initialiser %.80q has no function", in.Name)
		}
		seen[in.Name] = true
		for _, v := range in.Vars {
			if uint64(v) >= uint64(len(p.Symbols)) || p.Symbols[v].Kind != "var" {
				return fmt.Errorf("initialiser %.80q: symbol %d is not a variable", in.Name, v)
			}
		}
		for _, off := range in.Funcs {
			if !p.isEntry(off) {
				return fmt.Errorf("initialiser %.80q: offset %#x is not the entry of a function", in.Name, off)
			}
		}
	}
	return nil
}

func (p *Patch) checkResets() error {
	const word = 8
	seen := make(map[string]bool)
	module := p.module()
	for _, r := range p.Resets {
		for _, s := range []string{r.Name, r.Value, r.Release, r.File} {
			if err := checkString("reset", s); err != nil {
				return err
			}
		}
		switch {
		case r.Name == "" || r.Value == "" || seen[r.Name]:
			return fmt.Errorf("reset of %.80q has no name or no value, or is there twice", r.Name)
		case !p.isEntry(r.Func):
			return fmt.Errorf("reset of %.80q: offset %#x is not the entry of a function", r.Name, r.Func)
		case !inImage(r.Swap, word, p.Image.DataOff, p.Image.Size) || r.Swap%word != 0 || module.meets(r.Swap, word):
			return fmt.Errorf("reset of %.80q: offset %#x can't be a variable of the image", r.Name, r.Swap)
		}
		seen[r.Name] = true
		for _, v := range r.Vars {
			if uint64(v) >= uint64(len(p.Symbols)) || p.Symbols[v].Kind != "var" {
				return fmt.Errorf("reset of %.80q: symbol %d is not a variable", r.Name, v)
			}
		}
	}
	return nil
}

func (p *Patch) checkHooks() error {
	for _, h := range p.Hooks {
		for _, s := range []string{h.Name, h.File} {
			if err := checkString("hook", s); err != nil {
				return err
			}
		}
		if f, ok := p.funcAt(h.Func); h.Name == "" || !ok || f.Name != h.Name {
			return fmt.Errorf("hook %.80q at %#x has no name, or is not the entry of a function of this name", h.Name, h.Func)
		}
	}
	return nil
}

const abiInternal = 1 // of Func.ABI

// checkCalled compares the functions of the image that the agent itself calls: each is called for one purpose, since
// what they take and return depends on it, and by the calling convention of compiled Go code.
func (p *Patch) checkCalled() error {
	purpose := make(map[uint64]string)
	call := func(off uint64, what string) error {
		f, _ := p.funcAt(off)
		if earlier, ok := purpose[off]; ok {
			return fmt.Errorf("function %.80q is both %s and %s", f.Name, earlier, what)
		}
		if f.ABI != abiInternal {
			return fmt.Errorf("function %.80q, which is %s, is not called as compiled Go code is", f.Name, what)
		}
		purpose[off] = what
		return nil
	}
	for _, in := range p.Inits {
		for _, off := range in.Funcs {
			if err := call(off, fmt.Sprintf("initialiser %.80q", in.Name)); err != nil {
				return err
			}
		}
	}
	for _, r := range p.Resets {
		if err := call(r.Func, fmt.Sprintf("the reset of %.80q", r.Name)); err != nil {
			return err
		}
	}
	hooks := make(map[uint64]Hook)
	for _, h := range p.Hooks {
		// One function may run at both times.
		if earlier, ok := hooks[h.Func]; ok && earlier.Rollback != h.Rollback && earlier.Error == h.Error {
			continue
		}
		hooks[h.Func] = h
		if err := call(h.Func, fmt.Sprintf("hook %.80q", h.Name)); err != nil {
			return err
		}
	}
	return nil
}

// isEntry says whether off is the offset of a function in the image. Funcs must be ordered.
func (p *Patch) isEntry(off uint64) bool {
	_, found := p.funcAt(off)
	return found
}

// funcAt finds the function of the image that begins at off. Funcs must be ordered.
func (p *Patch) funcAt(off uint64) (Func, bool) {
	i, found := slices.BinarySearchFunc(p.Funcs, off, func(f Func, off uint64) int { return cmp.Compare(f.Off, off) })
	if !found {
		return Func{}, false
	}
	return p.Funcs[i], true
}
