package splice

import (
	"fmt"
	"unsafe"
)

// Layout of internal/abi.ITab and of the start of internal/abi.Type, Method and InterfaceType, the same
// in Go 1.18 to 1.27.
const (
	itabInter = 0
	itabType  = 8
	itabHash  = 16
	itabFun   = 24

	typeHash         = 16
	interfaceMethods = 56 // slice: pointer, length, capacity; after Type (48) and PkgPath (8)

	maxMethods = 1 << 16
)

// Layout of runtime.itabTableType.
const (
	itabTableSize    = 0
	itabTableCount   = 8
	itabTableEntries = 16

	maxItabs = 1 << 24
)

// Itab returns the address of the interface table of the interface type inter and the concrete type
// typ: the runtime's, so that interface values made here and elsewhere compare equal.
func (e *Engine) Itab(inter, typ uint64) (uint64, error) {
	tab := e.fn.getitab(uintptr(inter), uintptr(typ), true)
	if tab == nil {
		return 0, fmt.Errorf("the type at %#x does not implement the interface at %#x: make the patch again", typ, inter)
	}
	at := uint64(uintptr(tab))
	// Tables made at run time have no hash, because the program's own type switches never meet them;
	// those of an image do.
	if hash := load32(typ + typeHash); load32(at+itabHash) == 0 && hash != 0 {
		if err := e.storeData32(at+itabHash, hash); err != nil {
			return 0, fmt.Errorf("the interface table at %#x has no hash and can't get one: %w", at, err)
		}
	}
	return at, nil
}

// RefreshItabs brings up to date the runtime's interface tables of the given concrete types, after
// their methods were filled in: slots that led to runtime.unreachableMethod because the linker had dropped the
// method, and tables that say the interface is not implemented at all. It returns the number of
// tables changed. The program may run: every slot is written atomically, and the first one,
// which says whether the interface is implemented, last.
func (e *Engine) RefreshItabs(types []uint64) (int, error) {
	wanted := map[uint64]bool{}
	for _, t := range types {
		wanted[t] = true
	}
	changed, code := 0, e.code()
	for _, tab := range e.itabs() {
		if !wanted[load64(tab+itabType)] {
			continue
		}
		n, err := e.methodCount(tab)
		if err != nil {
			return changed, err
		}
		if !e.incomplete(tab, n, code) {
			continue
		}
		did, err := e.refresh(tab, n)
		if err != nil {
			return changed, err
		}
		if did {
			changed++
		}
	}
	return changed, nil
}

// itabs lists all interface tables. The lock is taken although the table can be read without: a
// table that another goroutine is just computing, from the methods as they were, is waited for.
func (e *Engine) itabs() []uint64 {
	for room := 0; ; {
		list := make([]uint64, 0, room)
		lock := pointer(e.vars.itabLock)
		e.fn.lock2(lock)
		list, need := e.copyItabs(list)
		e.fn.unlock2(lock)
		if need <= room {
			return list
		}
		room = need + need/4 + 16
	}
}

// copyItabs appends the tables to list as far as they fit, and returns how much room they need. It
// runs under a lock of the runtime and does not allocate.
func (e *Engine) copyItabs(list []uint64) (_ []uint64, need int) {
	table := loadAtomic64(e.vars.itabTable)
	size, need := load64(table+itabTableSize), int(load64(table+itabTableCount))
	if need > cap(list) {
		return list, need
	}
	for i := range size {
		if tab := loadAtomic64(table + itabTableEntries + i*wordSize); tab != 0 && len(list) < cap(list) {
			list = append(list, tab)
		}
	}
	return list, need
}

func (e *Engine) methodCount(tab uint64) (uint64, error) {
	n := load64(load64(tab+itabInter) + interfaceMethods + 8)
	if n == 0 || n > maxMethods {
		return 0, fmt.Errorf("the interface table at %#x has %d methods: the runtime is not as expected", tab, n)
	}
	return n, nil
}

// incomplete reports whether a table has a dropped method or says that the interface is not implemented. In
// position-independent programs Go's linker does not have the address of runtime.unreachableMethod moved with the program:
// the slot leads to where no code is.
func (e *Engine) incomplete(tab, n uint64, code codeMap) bool {
	if loadAtomic64(tab+itabFun) == 0 {
		return true
	}
	for i := range n {
		if f := loadAtomic64(tab + itabFun + i*wordSize); f == e.vars.unreachable || !code.contains(f) {
			return true
		}
	}
	return false
}

// refresh computes a table of n methods anew and writes the slots that differ.
func (e *Engine) refresh(tab, n uint64) (changed bool, err error) {
	fresh := make([]uint64, itabFun/wordSize+n)
	fresh[0], fresh[1] = load64(tab+itabInter), load64(tab+itabType)
	e.fn.itabInit(unsafe.Pointer(&fresh[0]), true)
	slots := fresh[itabFun/wordSize:]
	if slots[0] == 0 {
		return false, nil // still not implemented
	}
	if loadAtomic64(tab+itabFun) == 0 {
		if err := e.storeData32(tab+itabHash, load32(fresh[1]+typeHash)); err != nil {
			return false, err
		}
	}
	for i := int(n) - 1; i >= 0; i-- {
		at := tab + itabFun + uint64(i)*wordSize
		if loadAtomic64(at) == slots[i] {
			continue
		}
		if err := e.storeData64(at, slots[i]); err != nil {
			return changed, err
		}
		changed = true
	}
	return changed, nil
}
