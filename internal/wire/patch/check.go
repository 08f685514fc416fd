package patch

import (
	"encoding/hex"
	"fmt"
	"slices"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"
)

// Sizes and bounds that Check holds a patch to.
const (
	pageSize = 4096
	// jumpWord is the number of bytes that are replaced at the entry of a function: a jump takes
	// 4 or 5 of them, and the word is written in one piece.
	jumpWord = 8
	// callSize is the length of a call with its displacement, which are its last 4 bytes. On arm64 these are
	// all of it.
	callSize = 5
	// maxAddress bounds addresses of user memory on the platforms that can be patched.
	maxAddress = 1 << 47
	maxText    = 1 << 30
	maxString  = 1 << 16
	maxVersion = 128
	maxNames   = 4096 // entries in each map of Runtime
	maxOffset  = 1 << 16
)

// Check reports the first thing in p that contradicts the documentation of its fields. A patch
// that passes can be planned, laid out in memory and relocated without reading or writing
// outside of the image and of the places it names. Check judges structure alone: it does not know
// the program, and it can't tell what the machine code does. Errors wrap ErrMalformed.
func (p *Patch) Check() error {
	for _, check := range []func() error{
		p.checkLabels,
		p.checkRelease,
		p.checkRuntime,
		p.checkImage,
		p.checkRelocs,
		p.checkSymbols,
		p.checkFuncs,
		p.checkHostCalls,
		p.checkRedirects,
		p.checkCallers,
		p.checkLeft, p.checkKeeps,
		p.checkConfined,
		p.checkItabs,
		p.checkFills,
		p.checkMethods,
		p.checkInits,
		p.checkResets,
		p.checkHooks,
		p.checkCalled,
		p.checkPlaces,
		p.checkChanges,
	} {
		if err := check(); err != nil {
			return fmt.Errorf("%w: %w", ErrMalformed, err)
		}
	}
	return nil
}

func (p *Patch) checkLabels() error {
	if err := CheckVersion(p.Version); err != nil {
		return err
	}
	// Times of making are compared as text.
	if t, err := time.Parse(time.RFC3339, p.Made); err != nil || t.UTC().Format(time.RFC3339) != p.Made {
		return fmt.Errorf("time of making %.40q is not in the form of RFC 3339, in UTC and to the second", p.Made)
	}
	return nil
}

// ReleaseVersion is the name of the unpatched program where a version is asked for.
const ReleaseVersion = "release"

// CheckVersion reports whether label can be the version of a patch. The empty label can.
func CheckVersion(label string) error {
	switch {
	case label == ReleaseVersion:
		return fmt.Errorf("version %q is the name of the unpatched program: choose another one", label)
	case len(label) > maxVersion:
		return fmt.Errorf("version %.40q… has %d bytes, the limit is %d", label, len(label), maxVersion)
	case !utf8.ValidString(label), strings.ContainsFunc(label, func(r rune) bool { return !unicode.IsGraphic(r) || r == ' ' }):
		return fmt.Errorf("version %q holds a space or a character that can't be printed", label)
	}
	return nil
}

func (p *Patch) checkRelease() error {
	r := &p.Release
	for _, f := range []struct{ name, value string }{
		{"build ID", r.BuildID},
		{"Go version", r.GoVersion},
		{"operating system", r.GOOS},
		{"architecture", r.GOARCH},
	} {
		if f.value == "" {
			return fmt.Errorf("the release has no %s", f.name)
		}
		if err := checkString(f.name, f.value); err != nil {
			return err
		}
	}
	for _, s := range []string{r.Main, r.Program} {
		if err := checkString("release", s); err != nil {
			return err
		}
	}
	if hash, err := hex.DecodeString(r.TextHash); err != nil || len(hash) != digestSize {
		return fmt.Errorf("text hash %.80q is not a SHA-256 in hexadecimal", r.TextHash)
	}
	if r.Text == 0 || r.Etext <= r.Text || r.Etext > maxAddress || r.Etext-r.Text > maxText {
		return fmt.Errorf("text of the release at %#x-%#x", r.Text, r.Etext)
	}
	return nil
}

func (p *Patch) checkRuntime() error {
	r := &p.Runtime
	if len(r.Func) > maxNames || len(r.Var) > maxNames || len(r.Offset) > maxNames {
		return fmt.Errorf("runtime has %d functions, %d variables and %d offsets, the limit is %d", len(r.Func), len(r.Var), len(r.Offset), maxNames)
	}
	for name, addr := range r.Func {
		if err := checkString("runtime function", name); err != nil {
			return err
		}
		if !p.inText(addr, 1) {
			return fmt.Errorf("runtime function %s at %#x is outside of the program's text", name, addr)
		}
	}
	for name, addr := range r.Var {
		if err := checkString("runtime variable", name); err != nil {
			return err
		}
		if !p.hostData(addr, 1) {
			return fmt.Errorf("runtime variable %s at %#x can't be data of the program", name, addr)
		}
	}
	for name, off := range r.Offset {
		if err := checkString("runtime field", name); err != nil {
			return err
		}
		if off > maxOffset {
			return fmt.Errorf("runtime field %s at offset %d", name, off)
		}
	}
	if r.Types > maxAddress || r.Rodata > maxAddress {
		return fmt.Errorf("runtime bases %#x and %#x can't be addresses", r.Types, r.Rodata)
	}
	return nil
}

func (p *Patch) checkCallers() error {
	var callers []Stale
	for _, w := range p.Waits {
		callers = append(callers, w.Stale)
	}
	for _, b := range p.Left {
		callers = append(callers, b.Stale)
	}
	for _, r := range p.Resets {
		callers = append(callers, r.Users...)
	}
	for _, s := range callers {
		if err := checkString("caller", s.Name); err != nil {
			return err
		}
		if s.Size == 0 || s.Size > maxText || !p.inText(s.Addr, s.Size) {
			return fmt.Errorf("caller %.80q at %#x with %d bytes is outside of the program's text", s.Name, s.Addr, s.Size)
		}
	}
	return nil
}

func (p *Patch) checkLeft() error {
	for _, b := range p.Left {
		for _, name := range b.Inlined {
			if err := checkString("inlined function", name); err != nil {
				return err
			}
		}
		if err := checkSpans(b.Endless, b.Size); err != nil {
			return fmt.Errorf("body %.80q that is not replaced: %w", b.Name, err)
		}
	}
	return nil
}

func (p *Patch) checkKeeps() error {
	for _, k := range p.Keeps {
		for _, s := range []string{k.Name, string(k.Old), string(k.New), string(k.Entry), k.Why} {
			if err := checkString("function that keeps an argument", s); err != nil {
				return err
			}
		}
		if k.Name == "" || k.Addr != 0 && !p.inText(k.Addr, 1) {
			return fmt.Errorf("function %.80q at %#x, of which is told what it keeps, has no name or is outside of the program's text", k.Name, k.Addr)
		}
	}
	for _, w := range p.Waits {
		if err := checkString("body to wait for", w.Why); err != nil {
			return err
		}
		if err := checkSpans(w.Endless, w.Size); err != nil {
			return fmt.Errorf("body %.80q to wait for: %w", w.Name, err)
		}
	}
	for _, f := range p.Funcs {
		if !subset(f.Held, f.Callees) || !subset(f.HostHeld, f.HostCallees) {
			return fmt.Errorf("function %.80q may have functions in variables to which it does not lead", f.Name)
		}
		for i, c := range f.Callees {
			if int64(c) >= int64(len(p.Funcs)) || i > 0 && c <= f.Callees[i-1] {
				return fmt.Errorf("function %.80q leads to function %d of %d, or to one twice", f.Name, c, len(p.Funcs))
			}
		}
		for i, c := range f.HostCallees {
			if uint64(c) >= p.Release.Etext-p.Release.Text || i > 0 && c <= f.HostCallees[i-1] {
				return fmt.Errorf("function %.80q leads to %#x, outside of the program's text, or to one function twice", f.Name, c)
			}
		}
	}
	return nil
}

// subset reports whether an ascending list has only what another one has, each once.
func subset(part, all []uint32) bool {
	for i, c := range part {
		if _, ok := slices.BinarySearch(all, c); !ok || i > 0 && c <= part[i-1] {
			return false
		}
	}
	return true
}

func (p *Patch) checkConfined() error {
	if len(p.Confined) > maxNames {
		return fmt.Errorf("types of %d packages are laid out anew, the limit is %d", len(p.Confined), maxNames)
	}
	for _, c := range p.Confined {
		for _, s := range append([]string{c.Package, c.Layout}, c.Types...) {
			if err := checkString("type that is laid out anew", s); err != nil {
				return err
			}
		}
		if c.Package == "" || c.Layout == "" || len(c.Types) == 0 {
			return fmt.Errorf("types that are laid out anew have no package, no layout or no names")
		}
		bodies := make([]span, 0, len(c.Inside))
		for _, s := range c.Inside {
			if err := checkString("function", s.Name); err != nil {
				return err
			}
			if s.Size == 0 || s.Size > maxText || !p.inText(s.Addr, s.Size) {
				return fmt.Errorf("function %.80q at %#x with %d bytes is outside of the program's text", s.Name, s.Addr, s.Size)
			}
			bodies = append(bodies, span{s.Addr, s.Size, s.Name})
		}
		if err := checkDisjoint("functions", bodies); err != nil {
			return err
		}
	}
	return nil
}

func (p *Patch) checkChanges() error {
	for i, c := range p.Changes {
		texts := append([]string{c.Symbol, c.What, c.Verdict, c.ID, c.File, c.Reason}, c.WaysOut...)
		if c.Layout != nil {
			for _, part := range slices.Concat(c.Layout.Old, c.Layout.New) {
				texts = append(texts, part.Name, part.Type, part.Tag)
			}
		}
		for _, s := range texts {
			if err := checkString(fmt.Sprintf("change %d", i), s); err != nil {
				return err
			}
		}
	}
	return nil
}

// inText says whether the size bytes at the host address addr are text of the program.
func (p *Patch) inText(addr, size uint64) bool {
	return p.Release.Text <= addr && addr < p.Release.Etext && size <= p.Release.Etext-addr
}

// hostData says whether the size bytes at the host address addr can be data of the program: they
// are addresses of user memory, and none is text.
func (p *Patch) hostData(addr, size uint64) bool {
	if addr == 0 || addr >= maxAddress || size > maxAddress-addr {
		return false
	}
	return addr+size <= p.Release.Text || addr >= p.Release.Etext
}

// inImage says whether the size bytes at offset off are in the part [lo, hi) of the image.
func inImage(off, size, lo, hi uint64) bool {
	return lo <= off && off <= hi && size <= hi-off
}

// checkString bounds a string that is to be shown to people; what names the place in errors.
func checkString(what, s string) error {
	if len(s) > maxString {
		return fmt.Errorf("%s: string %.40q… has %d bytes, the limit is %d", what, s, len(s), maxString)
	}
	if !utf8.ValidString(s) {
		return fmt.Errorf("%s: string %.40q is not UTF-8", what, s)
	}
	return nil
}
