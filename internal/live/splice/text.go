package splice

import (
	"encoding/binary"
	"slices"
)

// Write modes, as WriteMode returns them.
const (
	modeProcMem  = "proc-mem" // forced writes through /proc/self/mem; the code stays read-only
	modeMprotect = "mprotect" // the code is writable and executable for the time of a switch
)

// span is a stretch of code inside one page, from the first to the last word to be written there.
// Writing it at once costs one system call where single words would cost one each.
type span struct {
	addr     uint64
	old, new []byte
}

func (s *span) len() uint64 { return uint64(len(s.old)) }

// spansOf groups writes, sorted by address, into one span for each page.
func spansOf(writes []Write, pageSize uint64) []span {
	var spans []span
	for len(writes) > 0 {
		page := writes[0].Addr / pageSize
		n := slices.IndexFunc(writes, func(w Write) bool { return w.Addr/pageSize != page })
		if n < 0 {
			n = len(writes)
		}
		lo, hi := writes[0].Addr, writes[n-1].Addr+wordSize
		s := span{lo, make([]byte, hi-lo), make([]byte, hi-lo)}
		copy(s.old, bytesAt(lo, len(s.old)))
		copy(s.new, s.old)
		for _, w := range writes[:n] {
			copy(s.new[w.Addr-lo:], w.New[:])
		}
		spans = append(spans, s)
		writes = writes[n:]
	}
	return spans
}

// storeWords brings the memory at addr to content, a multiple of 8 bytes, by atomic stores of the
// words that differ. The memory must be writable.
func storeWords(addr uint64, content []byte) {
	for i := 0; i+wordSize <= len(content); i += wordSize {
		want := binary.NativeEndian.Uint64(content[i:])
		if at := addr + uint64(i); load64(at) != want {
			storeAtomic64(at, want)
		}
	}
}
