package goobj

import "hash/maphash"

// index finds symbols by a hash of what they are known by, such as their names. The rest of the comparison is
// left to whoever asks: the keys are in the objects, and a program has millions of them.
type index struct {
	slots []slot // a power of two of them, at most three quarters in use
	used  int
}

// slot holds a symbol, or 0.
type slot struct {
	hash uint32
	sym  Sym
}

const firstSlots = 64

// find is the symbol with a hash for which is returns true, or 0.
func (x *index) find(hash uint32, is func(Sym) bool) Sym {
	if len(x.slots) == 0 {
		return 0
	}
	return x.lookUp(hash, is).sym
}

// place is the slot that holds the symbol with a hash for which is returns true. When there is none it is a new
// one, into which the caller has to put the symbol. It is valid until the next call.
func (x *index) place(hash uint32, is func(Sym) bool) *slot {
	if 4*(x.used+1) > 3*len(x.slots) {
		x.grow()
	}
	p := x.lookUp(hash, is)
	if p.sym == 0 {
		p.hash = hash
		x.used++
	}
	return p
}

// lookUp is the slot of a symbol, or the empty one where it belongs.
func (x *index) lookUp(hash uint32, is func(Sym) bool) *slot {
	mask := uint32(len(x.slots) - 1)
	for i := hash & mask; ; i = (i + 1) & mask {
		p := &x.slots[i]
		if p.sym == 0 || p.hash == hash && is(p.sym) {
			return p
		}
	}
}

func (x *index) grow() {
	old := x.slots
	x.slots = make([]slot, max(firstSlots, 2*len(old)))
	mask := uint32(len(x.slots) - 1)
	for _, p := range old {
		if p.sym == 0 {
			continue
		}
		i := p.hash & mask
		for x.slots[i].sym != 0 {
			i = (i + 1) & mask
		}
		x.slots[i] = p
	}
}

var hashSeed = maphash.MakeSeed()

func (n Name) hash() uint32 {
	return uint32(maphash.String(hashSeed, n.Name)) + uint32(n.ABI)
}
