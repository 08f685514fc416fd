package agent

import (
	"bytes"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"runtime"
	"strings"

	"github.com/gosplice/gosplice/internal/wire/control"
	"github.com/gosplice/gosplice/internal/wire/patch"
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
	// others are the functions whose code other tools had changed when the hash was computed, by entry.
	others map[uint64]string
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

// The linker puts the build ID into an ELF note, which lies in front of the code, mapped with it or
// just before it: three 4-byte numbers (length of the owner's name, length of the content, type), the owner
// "Go", the content.
const (
	buildIDReach = 32 << 10 // bytes of the program that are searched, as cmd/go does with files
	buildIDMax   = 1 << 10
	noteHeader   = 12
)

var buildIDNote = []byte("\x04\x00\x00\x00Go\x00\x00") // the type, and the owner

// findBuildID reads the Go build ID that the linker wrote.
func findBuildID(m memoryMap) (string, error) {
	code, ok := m.find(ownCode())
	if !ok || !code.read {
		return "", errors.New("the program's code can't be read, so its build ID is not known: gosplice needs a program linked by the Go linker, without execute-only text")
	}
	first := m.start(code)
	if at, err := findPlace(m, ownCode()); err == nil {
		first = at.header // another file may lie right before a position-independent program
	}
	start := memoryAt(first.lo, min(first.hi-first.lo, buildIDReach))
	for at := noteHeader - 4; at+len(buildIDNote) <= len(start); at += 4 {
		if !bytes.HasPrefix(start[at:], buildIDNote) {
			continue
		}
		owner, size := binary.LittleEndian.Uint32(start[at-8:]), binary.LittleEndian.Uint32(start[at-4:])
		id := start[at+len(buildIDNote):]
		if owner == 4 && size > 0 && size <= buildIDMax && int(size) <= len(id) {
			return string(id[:size]), nil
		}
	}
	return "", errors.New("the program has no Go build ID: build it without -ldflags=-buildid=")
}

// fits reports whether a patch was made for this program.
func (g *program) fits(r *patch.Release) error {
	if r.BuildID != g.buildID {
		return refused(control.ReasonWrongBase, "the patch was made for another build of %s: it names build ID %s, this process has %s: make the patch from this build's record, or apply it to the other process", r.Program, r.BuildID, g.buildID)
	}
	if r.GoVersion != goVersion(runtime.Version()) || r.GOOS != runtime.GOOS || r.GOARCH != runtime.GOARCH {
		return refused(control.ReasonToolchain, "the patch was made with %s for %s/%s, this process was built with %s for %s/%s: make the patch with the same Go release", r.GoVersion, r.GOOS, r.GOARCH, runtime.Version(), runtime.GOOS, runtime.GOARCH)
	}
	return nil
}

// goVersion is the version of a toolchain without the experiments that it names: "go1.26.8-X:jsonv2". Programs that differ
// in those have different build IDs.
func goVersion(version string) string {
	version, _, _ = strings.Cut(version, "X:")
	return strings.TrimRight(version, " -")
}

// textMatches reports whether the program's code in memory is what the patch was made for. It
// reads all of it, about 1 ms for each MB, until it was right once: a breakpoint may be gone later. Where other tools
// have changed code the program's file shows what it was: what they did elsewhere is no concern of a patch.
func (g *program) textMatches(r *patch.Release) error {
	t := &g.text
	if t.frozen {
		t.others = nil // known no longer
	}
	if t.sum == "" || len(t.others) > 0 || !t.frozen && (t.lo != r.Text || t.hi != r.Etext || t.sum != r.TextHash) {
		m, err := g.memoryMap()
		if err != nil {
			return err
		}
		own := ownCode()
		if own < r.Text || own >= r.Etext || !m.holds(r.Text, r.Etext-r.Text, true) {
			return refused(control.ReasonTextDiffers, "the patch has the program's code at %#x-%#x, in this process it is elsewhere: make the patch from this build's record", r.Text, r.Etext)
		}
		text := memoryAt(r.Text, r.Etext-r.Text)
		sum := sha256.Sum256(text)
		*t = textHash{lo: r.Text, hi: r.Etext, sum: hex.EncodeToString(sum[:])}
		if t.sum != r.TextHash {
			g.useFile(r, text)
		}
	}
	if t.lo != r.Text || t.hi != r.Etext || t.sum != r.TextHash {
		return refused(control.ReasonTextDiffers, "the code of this process in memory (SHA-256 %s) is not the one that the patch was made for (%s): a breakpoint or another tool changed it: detach the tool and apply the patch again, or restart the program", t.sum, r.TextHash)
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
		return malformed("%.80s at %#x is not in the memory of this process", what, addr)
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
