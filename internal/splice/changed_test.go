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
