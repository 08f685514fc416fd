package goobj

import "fmt"

// check makes the accessors safe: every string, data, relocation and auxiliary index is in range,
// and every relocation lies in the data of its symbol.
func (o *Object) check() error {
	if o.records(blkHash64, hash64Size) < o.defs[1] || o.records(blkHash, hashSize) < o.defs[2] ||
		o.records(blkRelocIdx, 4) < o.ndef+1 || o.records(blkAuxIdx, 4) < o.ndef+1 || o.records(blkDataIdx, 4) < o.ndef+1 {
		return errCorrupt
	}
	if !o.stringsOK() || !o.indexesOK() || !o.relocsOK() {
		return errCorrupt
	}
	return nil
}

func (o *Object) stringsOK() bool {
	for i := 0; i < o.ndef+o.nref; i++ {
		if !o.stringOK(o.symOff(i)) {
			return false
		}
	}
	for _, block := range []int{blkPkgIdx, blkFile} {
		for i := range o.records(block, stringSize) {
			if !o.stringOK(o.off[block] + uint32(i)*stringSize) {
				return false
			}
		}
	}
	return true
}

func (o *Object) stringOK(p uint32) bool {
	n, at := uint64(le.Uint32(o.b[p:])), uint64(le.Uint32(o.b[p+4:]))
	return at+n <= uint64(len(o.b))
}

// indexesOK checks the tables that say where the relocations, auxiliary symbols and data of each
// symbol begin and end.
func (o *Object) indexesOK() bool {
	ranges := []struct{ index, limit int }{
		{blkRelocIdx, o.records(blkReloc, relocSize)},
		{blkAuxIdx, o.records(blkAux, auxSize)},
		{blkDataIdx, int(o.off[blkData+1] - o.off[blkData])},
	}
	for _, r := range ranges {
		last := uint32(0)
		for i := 0; i <= o.ndef; i++ {
			v := le.Uint32(o.b[o.off[r.index]+4*uint32(i):])
			if v < last || int(v) > r.limit {
				return false
			}
			last = v
		}
	}
	return true
}

func (o *Object) relocsOK() bool {
	for i := range o.ndef {
		size := uint64(len(o.data(i)))
		lo, hi := o.index(blkRelocIdx, i)
		for k := lo; k < hi; k++ {
			r := o.b[o.off[blkReloc]+k*relocSize:]
			if uint64(le.Uint32(r))+uint64(r[4]) > size {
				return false
			}
		}
	}
	return true
}

// checkRefs makes the references of relocations and auxiliary symbols safe to follow. The packages
// that o names must be known already.
func (o *Object) checkRefs(builtins int) error {
	for k := range o.records(blkReloc, relocSize) {
		r := o.b[o.off[blkReloc]+uint32(k)*relocSize+15:]
		if pkg, n := le.Uint32(r), le.Uint32(r[4:]); !o.refOK(pkg, n, builtins) {
			return fmt.Errorf("package %s: %w: relocation %d refers to symbol %d of %d", o.Pkg, errCorrupt, k, n, pkg)
		}
	}
	for k := range o.records(blkAux, auxSize) {
		a := o.b[o.off[blkAux]+uint32(k)*auxSize+1:]
		if pkg, n := le.Uint32(a), le.Uint32(a[4:]); !o.refOK(pkg, n, builtins) {
			return fmt.Errorf("package %s: %w: auxiliary symbol %d is symbol %d of %d", o.Pkg, errCorrupt, k, n, pkg)
		}
	}
	return nil
}

// refOK reports whether a reference leads to a symbol, or is empty.
func (o *Object) refOK(pkg, n uint32, builtins int) bool {
	switch pkg {
	case 0:
		return n == 0
	case pkgSelf:
		return int(n) < o.defs[0]
	case pkgHashed64:
		return int(n) < o.defs[1]
	case pkgHashed:
		return int(n) < o.defs[2]
	case pkgNone:
		return int(n) < o.defs[3]+o.nref
	case pkgBuiltin:
		return int(n) < builtins
	}
	return uint64(pkg) < uint64(len(o.pkgs)) && o.pkgs[pkg] != nil && int(n) < o.pkgs[pkg].defs[0]
}
