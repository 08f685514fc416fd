package agent

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"runtime"

	"github.com/gosplice/gosplice/internal/control"
	"github.com/gosplice/gosplice/internal/patch"
)

// program is the running program: what was built, and its code in memory.
type program struct {
	buildID   string
	memoryMap func() (memoryMap, error)
	text      textHash
}

// textHash remembers the hash of the text, which can be computed only before the first switch.
type textHash struct {
	lo, hi uint64
	sum    string // hexadecimal; empty before it was computed
	frozen bool   // the text was changed since
}

// identify finds out which program this is, from its own memory.
func identify() (*program, error) {
	m, err := readMemoryMap()
	if err != nil {
		return nil, err
	}
	id, err := findBuildID(m)
	if err != nil {
		return nil, err
	}
	return &program{buildID: id, memoryMap: readMemoryMap}, nil
}

// ownCode is the address of an instruction of the agent, and so of the program.
func ownCode() uint64 {
	pc, _, _, _ := runtime.Caller(0)
	return uint64(pc)
}

// The linker puts the build ID between these at the start of the text.
const (
	buildIDPrefix = "\xff Go build ID: \""
	buildIDSuffix = "\"\n \xff"
	buildIDReach  = 32 << 10 // bytes of the mapping that are searched, as cmd/go does with files
)

// findBuildID reads the Go build ID that the linker wrote.
func findBuildID(m memoryMap) (string, error) {
	code, ok := m.find(ownCode())
	if !ok || !code.read {
		return "", errors.New("the program's code can't be read, so its build ID is not known: gosplice needs a program linked by the Go linker, without execute-only text")
	}
	start := memoryAt(code.lo, min(code.hi-code.lo, buildIDReach))
	_, rest, found := bytes.Cut(start, []byte(buildIDPrefix))
	id, _, ended := bytes.Cut(rest, []byte(buildIDSuffix))
	if !found || !ended || len(id) == 0 {
		return "", errors.New("the program has no Go build ID: build it without -ldflags=-buildid=")
	}
	return string(id), nil
}

// fits reports whether a patch was made for this program.
func (g *program) fits(r *patch.Release) error {
	if r.BuildID != g.buildID {
		return refused(control.ReasonWrongBase, "the patch was made for another build of %s: it names build ID %s, this process has %s: make the patch from this build's record, or apply it to the other process", r.Program, r.BuildID, g.buildID)
	}
	if r.GoVersion != runtime.Version() || r.GOOS != runtime.GOOS || r.GOARCH != runtime.GOARCH {
		return refused(control.ReasonToolchain, "the patch was made with %s for %s/%s, this process was built with %s for %s/%s: make the patch with the same Go release", r.GoVersion, r.GOOS, r.GOARCH, runtime.Version(), runtime.GOOS, runtime.GOARCH)
	}
	return nil
}

// textMatches reports whether the program's code in memory is what the patch was made for. It
// reads all of it: about 1 ms for each MB, once.
func (g *program) textMatches(r *patch.Release) error {
	t := &g.text
	if t.sum == "" || !t.frozen && (t.lo != r.Text || t.hi != r.Etext) {
		m, err := g.memoryMap()
		if err != nil {
			return err
		}
		own := ownCode()
		if own < r.Text || own >= r.Etext || !m.holds(r.Text, r.Etext-r.Text, true) {
			return refused(control.ReasonTextDiffers, "the patch has the program's code at %#x-%#x, in this process it is elsewhere: position-independent programs (-buildmode=pie) can't be patched", r.Text, r.Etext)
		}
		sum := sha256.Sum256(memoryAt(r.Text, r.Etext-r.Text))
		*t = textHash{lo: r.Text, hi: r.Etext, sum: hex.EncodeToString(sum[:])}
	}
	if t.lo != r.Text || t.hi != r.Etext || t.sum != r.TextHash {
		return refused(control.ReasonTextDiffers, "the code of this process in memory (SHA-256 %s) is not the one that the patch was made for (%s): a breakpoint or another tool changed it: detach the tool and restart the program", t.sum, r.TextHash)
	}
	return nil
}

// checkPlaces reports whether everything of the program that a patch names is there, so that
// reading it can't fault. The text was found to match before.
func (g *program) checkPlaces(p *patch.Patch) error {
	m, err := g.memoryMap()
	if err != nil {
		return err
	}
	missing := func(what string, addr uint64) error {
		return refused(control.ReasonMalformed, "malformed patch: %.80s at %#x is not in the memory of this process: make the patch again", what, addr)
	}
	for name, addr := range p.Runtime.Var {
		if !m.holds(addr, 8, false) {
			return missing(name, addr)
		}
	}
	for _, f := range p.Fills {
		if !m.holds(f.Addr, uint64(f.Size), false) {
			return missing(f.Name, f.Addr)
		}
	}
	for _, addr := range p.FilledTypes {
		if !m.holds(addr, typeSize, false) {
			return missing("a type", addr)
		}
	}
	for _, t := range p.Itabs {
		for _, ref := range []patch.Ref{t.Inter, t.Type} {
			if ref.Kind == "host" && !m.holds(ref.Value, typeSize, false) {
				return missing("a type of "+t.Name, ref.Value)
			}
		}
	}
	return nil
}

// typeSize is the length of the part that all type descriptors of the runtime share, in bytes.
const typeSize = 48
