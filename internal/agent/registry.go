package agent

import (
	"github.com/gosplice/gosplice/internal/control"
	"github.com/gosplice/gosplice/internal/patch"
)

// registry is the variables and types that patches created, for later patches to share. Nothing
// is ever removed from it: the program may hold values of a type, and state in a variable, of a
// version that was rolled back.
type registry map[symbolKey]shared

type symbolKey struct{ kind, name string }

type shared struct {
	hash    string
	addr    uint64
	version string // whose patch created it
	// tried says that no version with it was applied yet, so that it can give way to another one.
	tried bool
}

func keyOf(s *patch.Symbol) symbolKey { return symbolKey{s.Kind, s.Name} }

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
		case s.Kind == "type":
			return nil, refused(control.ReasonTypeChanged, "type %s%s changed between patches: version %s created it and the program may hold values of it: give the new one another name, keep the layout of %[3]s, or restart the program with the edit built in", s.Name, at(s.File, s.Line), earlier.version)
		default:
			return nil, refused(control.ReasonTypeChanged, "variable %s%s changed its type between patches: version %s created it and its state would be lost: give the new one another name, keep the type of %[3]s, or restart the program with the edit built in", s.Name, at(s.File, s.Line), earlier.version)
		}
	}
	return addrs, nil
}

// add enters the symbols of a patch that was applied.
func (r registry) add(symbols []patch.Symbol, addrs []uint64, version string) {
	for i := range symbols {
		s := &symbols[i]
		if earlier, ok := r[keyOf(s)]; !ok || earlier.tried {
			r[keyOf(s)] = shared{hash: s.Hash, addr: addrs[i], version: version}
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
