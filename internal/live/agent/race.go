//go:build race

package agent

import (
	"runtime"
	"sync/atomic"
)

// The linker drops what a program does not use of the race detector, which is C, and a patch brings no C code. All of
// it that Go code may come to use is behind these functions.
var raceDetector = []any{
	atomic.LoadInt32, atomic.LoadInt64, atomic.LoadUint32, atomic.LoadUint64, atomic.LoadUintptr,
	atomic.StoreInt32, atomic.StoreInt64, atomic.StoreUint32, atomic.StoreUint64, atomic.StoreUintptr,
	atomic.SwapInt32, atomic.SwapInt64, atomic.SwapUint32, atomic.SwapUint64, atomic.SwapUintptr,
	atomic.AddInt32, atomic.AddInt64, atomic.AddUint32, atomic.AddUint64, atomic.AddUintptr,
	atomic.AndInt32, atomic.AndInt64, atomic.AndUint32, atomic.AndUint64, atomic.AndUintptr,
	atomic.OrInt32, atomic.OrInt64, atomic.OrUint32, atomic.OrUint64, atomic.OrUintptr,
	atomic.CompareAndSwapInt32, atomic.CompareAndSwapInt64, atomic.CompareAndSwapUint32, atomic.CompareAndSwapUint64, atomic.CompareAndSwapUintptr,
	atomic.LoadPointer, atomic.StorePointer, atomic.SwapPointer, atomic.CompareAndSwapPointer,
}

func init() {
	for _, f := range raceDetector {
		runtime.KeepAlive(f)
	}
}
