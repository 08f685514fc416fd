package splice

import (
	"sync/atomic"
	"unsafe"
)

// Addresses are uint64 throughout the package and become pointers only here, for one access: no
// value of a pointer type is ever kept that leads into another goroutine's stack.

func pointer(addr uint64) unsafe.Pointer {
	p := uintptr(addr)
	return *(*unsafe.Pointer)(unsafe.Pointer(&p))
}

// The loads read what other goroutines wrote before they stopped, which the race detector can't know.

//go:norace
func load8(addr uint64) uint8 { return *(*uint8)(pointer(addr)) }

//go:norace
func load32(addr uint64) uint32 { return *(*uint32)(pointer(addr)) }

//go:norace
func load64(addr uint64) uint64 { return *(*uint64)(pointer(addr)) }

func loadAtomic64(addr uint64) uint64 { return atomic.LoadUint64((*uint64)(pointer(addr))) }

func storeAtomic32(addr uint64, v uint32) { atomic.StoreUint32((*uint32)(pointer(addr)), v) }
func storeAtomic64(addr uint64, v uint64) { atomic.StoreUint64((*uint64)(pointer(addr)), v) }

// casAtomic64 stores new where old is, and says whether it was.
func casAtomic64(addr, old, new uint64) bool {
	return atomic.CompareAndSwapUint64((*uint64)(pointer(addr)), old, new)
}

// bytesAt is the memory of n bytes at addr.
func bytesAt(addr uint64, n int) []byte { return unsafe.Slice((*byte)(pointer(addr)), n) }

// funcAt makes a value of function type F from the address of its ABIInternal entry. Calling by
// address needs no linkname, which the linker refuses for most of the runtime.
func funcAt[F any](addr uint64) F {
	value := new(uintptr) // what a func value points to: the entry, then captures (none)
	*value = uintptr(addr)
	return *(*F)(unsafe.Pointer(&value))
}

// entryOf is the address of the entry of a function without captures.
func entryOf[F any](f F) uint64 { return uint64(**(**uintptr)(unsafe.Pointer(&f))) }

// stackAddress is an address in the stack of the calling goroutine. A growing stack moves.
func stackAddress() uint64 {
	var here byte
	return uint64(uintptr(unsafe.Pointer(&here)))
}
