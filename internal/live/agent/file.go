package agent

import (
	"bytes"
	"cmp"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"os"
	"runtime"
	"slices"
	"strings"

	"github.com/gosplice/gosplice/internal/wire/patch"
)

// ownFile is the file that the kernel started, which stays there when another one takes its name.
const ownFile = "/proc/self/exe"

// readFile reads from the program's file what was loaded to addr.
func (g *program) readFile(addr, size uint64) ([]byte, error) {
	m, err := g.memoryMap()
	if err != nil {
		return nil, err
	}
	place, err := findPlace(m, ownCode())
	if err != nil {
		return nil, err
	}
	offset, ok := place.offset(addr, size)
	if !ok {
		return nil, fmt.Errorf("the program's file has nothing at %#x", addr)
	}
	f, err := os.Open(ownFile)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	b := make([]byte, size)
	_, err = f.ReadAt(b, int64(offset))
	return b, err
}

const segmentFile = 32 // bytes of the file

// offset is where in the file the size bytes are that were loaded to addr. slideOf has checked the header.
func (at place) offset(addr, size uint64) (uint64, bool) {
	file := memoryAt(at.header.lo, min(at.header.hi-at.header.lo, buildIDReach))
	from, n := binary.LittleEndian.Uint64(file[elfPhoff:]), uint64(binary.LittleEndian.Uint16(file[elfPhnum:]))
	for ; n > 0; from, n = from+elfSegmentSize, n-1 {
		s := file[from:]
		lo, has := binary.LittleEndian.Uint64(s[segmentAddr:])+at.slide, binary.LittleEndian.Uint64(s[segmentFile:])
		if binary.LittleEndian.Uint32(s) == elfLoad && addr-lo < has && size <= has-(addr-lo) {
			return binary.LittleEndian.Uint64(s[segmentOffset:]) + addr - lo, true
		}
	}
	return 0, false
}

// fileHolds reports whether the program's file has these bytes for addr.
func (g *program) fileHolds(addr uint64, b []byte) bool {
	in, err := g.readFile(addr, uint64(len(b)))
	return err == nil && bytes.Equal(in, b)
}

// useFile notes what other tools have changed in text, if the program's file has the text that the patch was made for.
func (g *program) useFile(r *patch.Release, text []byte) {
	file, err := g.readFile(r.Text, uint64(len(text)))
	if err != nil {
		return
	}
	if sum := sha256.Sum256(file); hex.EncodeToString(sum[:]) != r.TextHash {
		return
	}
	g.text.sum, g.text.others = r.TextHash, map[uint64]string{}
	const page = 4096
	for at := 0; at < len(text); at += page {
		end := min(at+page, len(text))
		if bytes.Equal(text[at:end], file[at:end]) {
			continue
		}
		for i := at; i < end; i++ {
			if text[i] != file[i] {
				pc := r.Text + uint64(i)
				entry, name := pc, fmt.Sprintf("the code at %#x", pc)
				if f := runtime.FuncForPC(uintptr(pc)); f != nil {
					entry, name = uint64(f.Entry()), cmp.Or(f.Name(), name) // none between functions
				}
				g.text.others[entry] = name
			}
		}
	}
}

// changedByOthers warns of what other tools had changed before the first patch, but for the first bytes of what p replaces,
// for which it is refused.
func (g *program) changedByOthers(p *patch.Patch) []string {
	var replaced, kept []string
	for entry, name := range g.text.others {
		if slices.ContainsFunc(p.Redirects, func(r patch.Redirect) bool { return r.Addr == entry }) {
			replaced = append(replaced, name)
		} else {
			kept = append(kept, name)
		}
	}
	var warnings []string
	if len(kept) > 0 {
		warnings = append(warnings, "another tool (a debugger, a uprobe, a monkey-patcher) has changed code that the patch leaves alone: "+listOf(kept))
	}
	if len(replaced) > 0 {
		warnings = append(warnings, "what another tool (a debugger, a uprobe) has put into functions is not in their new code: "+listOf(replaced))
	}
	return warnings
}

// listOf lists the first names in order.
func listOf(names []string) string {
	const most = 5
	slices.Sort(names)
	if more := len(names) - most; more > 0 {
		names = append(names[:most], fmt.Sprintf("%d more", more))
	}
	return strings.Join(names, ", ")
}
