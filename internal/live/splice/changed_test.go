//go:build amd64 || arm64

package splice

import (
	"strings"
	"testing"
	"unsafe"
)

func TestErrChanged(t *testing.T) {
	want := [8]byte{1, 2, 3, 4, 5, 6, 7, 8}
	for _, c := range changedCases {
		memory := onHeap(4)
		code := unsafe.Slice((*byte)(unsafe.Pointer(&memory[0])), 32)
		copy(code, want[:])
		addr := uint64(uintptr(unsafe.Pointer(&memory[0])))
		if err := CheckCode("main.f", addr, want); err != nil {
			t.Error(err)
		}
		copy(code, c.code)
		err := CheckCode("main.f", addr, want)
		if err == nil || !strings.HasPrefix(err.Error(), "main.f: another tool has changed its code in memory (") || !strings.Contains(err.Error(), c.says) {
			t.Errorf("% x: %v, want %s", c.code, err, c.says)
		}
	}
}

// TestErrChangedDetached has what a uprobe leaves behind that was attached to a function which a patch had redirected.
func TestErrChangedDetached(t *testing.T) {
	for _, c := range detachedCases {
		memory := onHeap(4)
		code := unsafe.Slice((*byte)(unsafe.Pointer(&memory[0])), 32)
		want := [8]byte([]byte(c.want))
		copy(code, c.code)
		err := CheckCode("main.f", uint64(uintptr(unsafe.Pointer(&memory[0]))), want)
		if err == nil || strings.Contains(err.Error(), "restart the program") != c.detached || strings.Contains(err.Error(), "try again") == c.detached {
			t.Errorf("% x instead of % x: %v", c.code, c.want, err)
		}
	}
}
