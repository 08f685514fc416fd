package agent

import (
	"fmt"
	"strings"

	"github.com/gosplice/gosplice/internal/wire/control"
	"github.com/gosplice/gosplice/internal/wire/patch"
)

// registry is the variables and types that patches created, for later patches to share. Nothing
// is ever removed from it: the program may hold values of a type, and state in a variable, of a
// version that was rolled back.
type registry map[symbolKey]shared

type symbolKey struct{ kind, name string }

type shared struct {
	hash    string
	value   string // identifies the initial value of a variable
	addr    uint64
	version string // whose patch created it
	// tried says that no version with it was applied yet, so that it can give way to another one.
	tried bool
}

func keyOf(s *patch.Symbol) symbolKey { return symbolKey{s.Kind, s.Name} }

// shown is the name of a symbol as users write it. That of a local type has the function which declares it behind a dot.
func shown(s *patch.Symbol) string {
	name := strings.TrimPrefix(strings.TrimSuffix(s.Name, "<0>"), "type:")
	if name, declared, ok := strings.Cut(name, "·"); ok {
		in, _, _ := strings.Cut(declared, "/")
		return name + " of func " + in
	}
	return name
}

// match returns for each symbol the address at which an earlier patch created it, or 0. It
// refuses symbols that have the name of an earlier one but another content.
func (r registry) match(symbols []patch.Symbol) ([]uint64, error) {
	addrs := make([]uint64, len(symbols))
	for i := range symbols {
		s := &symbols[i]
		earlier, ok := r[keyOf(s)]
		switch {
		case !ok:
		case earlier.hash == s.Hash:
			addrs[i] = earlier.addr
		case earlier.tried:
		case s.Kind == "type" && strings.Contains(s.Name, "·"):
			return nil, refused(control.ReasonTypeChanged, "type %s%s changed between patches, or has another number since a type was declared in a function before it: version %s created it and the program may hold values of it: declare new types below it or outside of functions, keep its layout, or restart the program with the edit built in", shown(s), at(s.File, s.Line), earlier.version)
		case s.Kind == "type":
			return nil, refused(control.ReasonTypeChanged, "type %s%s changed between patches: version %s created it and the program may hold values of it: give the new one another name, keep the layout of %[3]s, or restart the program with the edit built in", shown(s), at(s.File, s.Line), earlier.version)
		default:
			return nil, refused(control.ReasonTypeChanged, "variable %s%s changed its type between patches: version %s created it and its state would be lost: give the new one another name, keep the type of %[3]s, or restart the program with the edit built in", shown(s), at(s.File, s.Line), earlier.version)
		}
	}
	return addrs, nil
}

// stays says of the variables of p that keep what an earlier patch gave them although p gives them another initial
// value.
func (r registry) stays(p *patch.Patch) (warnings []string) {
	reset := map[uint32]bool{}
	for _, x := range p.Resets {
		for _, v := range x.Vars {
			reset[v] = true
		}
	}
	for i := range p.Symbols {
		s := &p.Symbols[i]
		earlier, ok := r[keyOf(s)]
		if s.Kind != "var" || !ok || earlier.tried || reset[uint32(i)] || earlier.value == s.Value || earlier.value == "" || s.Value == "" {
			continue
		}
		warnings = append(warnings, fmt.Sprintf("variable %s%s keeps its live value: version %s created it with another initial value; assign the new one in a function that is called again, or ask for it with //gosplice:reset", shown(s), at(s.File, s.Line), earlier.version))
	}
	return warnings
}

// add enters the symbols of a patch that was applied.
func (r registry) add(symbols []patch.Symbol, addrs []uint64, version string) {
	for i := range symbols {
		s := &symbols[i]
		if earlier, ok := r[keyOf(s)]; !ok || earlier.tried {
			r[keyOf(s)] = shared{hash: s.Hash, value: s.Value, addr: addrs[i], version: version}
		}
	}
}

// try enters the types of a patch whose types fill method tables of the program. Whatever becomes of
// that patch, the methods are found by these types alone, so that later patches have to use them.
func (r registry) try(symbols []patch.Symbol, addrs []uint64, version string) {
	for i := range symbols {
		s := &symbols[i]
		if _, ok := r[keyOf(s)]; !ok && s.Kind == "type" {
			r[keyOf(s)] = shared{hash: s.Hash, addr: addrs[i], version: version, tried: true}
		}
	}
}

// agrees says whether an image whose symbols are at addrs shares what there is to share. An image
// whose switch failed may have been overtaken by another patch that created the same symbols.
func (r registry) agrees(symbols []patch.Symbol, addrs []uint64) bool {
	for i := range symbols {
		if earlier, ok := r[keyOf(&symbols[i])]; ok && earlier.addr != addrs[i] {
			return false
		}
	}
	return true
}
