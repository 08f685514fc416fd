package agent

import (
	"cmp"
	"fmt"

	"github.com/gosplice/gosplice/internal/live/splice"
)

// A small function whose loop leads back into its first bytes can't get a jump there while anybody is inside,
// and in a hot loop somebody always is. If nothing but direct calls enters it the calls are changed instead: an
// instruction gives way to one of the same length, in the middle of which no goroutine can stand.

// call is one such call.
type call struct {
	at               uint64 // of its 4 bytes that say where it leads
	original, wanted uint64 // entries that it leads to
	name             string // of the function
}

// callSize is the length of what a call says of where it leads: on amd64 the displacement behind an opcode, on arm64
// the whole instruction.
const callSize = 4

// desiredCalls returns the calls of functions that are entered by calls alone, with the entries that they
// should lead to when target runs; nil stands for the unpatched program.
func desiredCalls(images []*image, target *image) []call {
	var calls []call
	seen := map[uint64]bool{}
	for _, m := range images {
		for _, r := range m.redirects {
			if len(r.Calls) == 0 || seen[r.Addr] {
				continue
			}
			seen[r.Addr] = true
			wanted := r.Addr
			if target != nil {
				if i, ok := target.forHost[r.Addr]; ok {
					wanted = target.entry(i)
				}
			}
			name := r.HostName(&m.funcs[r.Func])
			for _, at := range r.Calls {
				calls = append(calls, call{at, r.Addr, wanted, name})
			}
			for _, from := range images {
				for _, at := range from.callsOf(r.Addr) {
					calls = append(calls, call{at, r.Addr, wanted, name})
				}
			}
		}
		for i, f := range m.funcs {
			wanted := m.entry(i)
			if to, leaves := m.successor(i, target); leaves {
				wanted = to
			}
			for _, off := range f.Calls {
				calls = append(calls, call{m.base + uint64(off), m.entry(i), wanted, f.Name})
			}
		}
	}
	return calls
}

// checkCalls reports what m says is a call of a function and is none. Most of them are changed for the first time when the program
// goes back, which has to succeed. memory is the image, as it will be at its base.
func (m *image) checkCalls(memory []byte) error {
	check := func(off uint32, entry uint64, name string) error {
		if off == 0 || uint64(off)+callSize > uint64(len(memory)) {
			return malformed("the call of %s at offset %#x is outside of the image", name, off)
		}
		code := memory[off-1 : off+callSize]
		if to, ok := callCode.Target(code[1:], m.base+uint64(off)); !ok || to != entry || !callCode.IsBranch(code) {
			return malformed("the code at offset %#x is no call of %s (% x)", off-1, name, code)
		}
		return nil
	}
	for i := range m.funcs {
		for _, off := range m.funcs[i].Calls {
			if err := check(off, m.entry(i), m.funcs[i].Name); err != nil {
				return err
			}
		}
	}
	for _, h := range m.hostCalls {
		for _, off := range h.Calls {
			if err := check(off, h.Addr, fmt.Sprintf("the function at %#x", h.Addr)); err != nil {
				return err
			}
		}
	}
	return nil
}

// callsOf are the calls in the image of a function of the program.
func (m *image) callsOf(host uint64) []uint64 {
	var out []uint64
	for _, h := range m.hostCalls {
		for _, off := range h.Calls {
			if h.Addr == host {
				out = append(out, m.base+uint64(off))
			}
		}
	}
	return out
}

// withCalls adds to writes what has to change in calls. now are the entries to which calls lead that do not lead
// to their original ones.
func withCalls(writes []splice.Write, calls []call, now map[uint64]uint64) ([]splice.Write, error) {
	index := make(map[uint64]int, len(writes))
	for i, w := range writes {
		index[w.Addr] = i
	}
	for _, c := range calls {
		leads, ok := now[c.at]
		if !ok {
			leads = c.original
		}
		if leads == c.wanted {
			continue
		}
		code := memoryAt(c.at-1, 1+callSize)
		if to, ok := callCode.Target(code[1:], c.at); !ok || to != leads || !callCode.IsBranch(code) {
			return nil, malformed("the code at %#x is no call of %s (% x)", c.at-1, c.name, code)
		}
		changed := [callSize]byte(code[1:])
		if !callCode.SetTarget(changed[:], c.at, c.wanted) {
			return nil, fmt.Errorf("the new %s at %#x is too far away from a call at %#x", c.name, c.wanted, c.at)
		}
		for k, b := range changed {
			at := c.at + uint64(k)
			addr := at &^ (wordSize - 1)
			i, ok := index[addr]
			if !ok {
				w := splice.Write{Addr: addr, Old: word(memoryAt(addr, wordSize)), Name: "a call of " + c.name}
				w.New = w.Old
				i = len(writes)
				index[addr] = i
				writes = append(writes, w)
			}
			writes[i].New[at-addr] = b
		}
	}
	return writes, nil
}

const wordSize = uint64(len(word{}))

// changedCalls notes where calls lead after a switch, and counts the functions of the program whose calls
// lead elsewhere than before.
func changedCalls(calls []call, now map[uint64]uint64, images []*image) (functions int) {
	counted := map[uint64]bool{}
	ofHost := map[uint64]bool{}
	for _, m := range images {
		for _, r := range m.redirects {
			ofHost[r.Addr] = true
		}
	}
	for _, c := range calls {
		leads, ok := now[c.at]
		if !ok {
			leads = c.original
		}
		if leads != c.wanted && ofHost[c.original] && !counted[c.original] {
			counted[c.original] = true
			functions++
		}
		if c.wanted == c.original {
			delete(now, c.at)
		} else {
			now[c.at] = c.wanted
		}
	}
	return functions
}

// leavingCalls returns the bodies that calls no longer enter after the switch.
func (a *patcher) leavingCalls(calls []call) []oldBody {
	wanted := map[uint64]uint64{}
	for _, c := range calls {
		leads, ok := a.calls[c.at]
		if !ok {
			leads = c.original
		}
		if leads != c.wanted {
			wanted[leads] = c.wanted
		}
	}
	var bodies []oldBody
	add := func(s site) {
		if s.direct && wanted[s.addr] != 0 {
			bodies = append(bodies, bodyParts(s.addr, s.size, s.endless, s.name, cmp.Or(s.version, nameOf(nil)))...)
		}
	}
	for _, s := range hostSites(a.images()) {
		add(s)
	}
	for _, m := range a.images() {
		for i := range m.funcs {
			add(m.site(i))
		}
	}
	return bodies
}
