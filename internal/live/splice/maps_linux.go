package splice

import (
	"bufio"
	"bytes"
	"fmt"
	"os"
	"strconv"
	"syscall"
)

// mapping is one mapped stretch of the address space.
type mapping struct {
	Range
	read, write, exec bool
	file              string // device and inode, or empty
	offset            uint64 // in the file
}

// mappings reads the address space of this process, by ascending address.
func mappings() ([]mapping, error) {
	b, err := os.ReadFile("/proc/self/maps")
	if err != nil {
		return nil, err
	}
	return parseMaps(b)
}

// parseMaps reads lines such as "00400000-004ab000 r-xp 00000000 fe:00 998 /bin/x".
func parseMaps(b []byte) ([]mapping, error) {
	var all []mapping
	var err error
	lines := bufio.NewScanner(bytes.NewReader(b))
	for lines.Scan() {
		f := bytes.Fields(lines.Bytes())
		if len(f) < 2 || len(f[1]) < 3 {
			return nil, fmt.Errorf("/proc/self/maps: line %q is not understood", lines.Text())
		}
		from, to, _ := bytes.Cut(f[0], []byte("-"))
		lo, errLo := strconv.ParseUint(string(from), 16, 64)
		hi, errHi := strconv.ParseUint(string(to), 16, 64)
		if errLo != nil || errHi != nil || lo >= hi {
			return nil, fmt.Errorf("/proc/self/maps: line %q is not understood", lines.Text())
		}
		m := mapping{Range: Range{lo, hi}, read: f[1][0] == 'r', write: f[1][1] == 'w', exec: f[1][2] == 'x'}
		if len(f) >= 5 && string(f[4]) != "0" {
			m.file = string(f[3]) + " " + string(f[4])
			if m.offset, err = strconv.ParseUint(string(f[2]), 16, 64); err != nil {
				return nil, fmt.Errorf("/proc/self/maps: line %q is not understood", lines.Text())
			}
		}
		all = append(all, m)
	}
	return all, lines.Err()
}

// protections remembers the protection of memory. What the program has mapped at start keeps it.
type protections struct{ maps []mapping }

// at returns the mapping that contains addr.
func (p *protections) at(addr uint64) (mapping, error) {
	for _, fresh := range []bool{false, true} {
		if fresh {
			maps, err := mappings()
			if err != nil {
				return mapping{}, fmt.Errorf("how memory is protected is not known: %w: mount /proc", err)
			}
			p.maps = maps
		}
		for _, m := range p.maps {
			if m.contains(addr) {
				return m, nil
			}
		}
	}
	return mapping{}, fmt.Errorf("nothing is mapped at %#x", addr)
}

// writable reports whether size bytes at addr are in one mapping, or adjacent ones, that can be read
// and written.
func (p *protections) writable(addr, size uint64) bool {
	return p.all(addr, size, func(m mapping) bool { return m.read && m.write })
}

// readable reports whether size bytes at addr are in one mapping, or adjacent ones, that can be read.
func (p *protections) readable(addr, size uint64) bool {
	return p.all(addr, size, func(m mapping) bool { return m.read })
}

// all reports whether size bytes at addr are in mappings that are like that. The heap grows into memory that it had reserved
// before, so what is not so is looked at anew.
func (p *protections) all(addr, size uint64, is func(mapping) bool) bool {
	if p.remembered(addr, size, is) {
		return true
	}
	p.maps = nil
	return p.remembered(addr, size, is)
}

// remembered is all, by what at knows.
func (p *protections) remembered(addr, size uint64, is func(mapping) bool) bool {
	end := addr + size
	if end < addr {
		return false
	}
	for addr < end {
		m, err := p.at(addr)
		if err != nil || !is(m) {
			return false
		}
		addr = m.Hi
	}
	return true
}

// open makes a page of data writable, until restore is called.
func (p *protections) open(page uint64) (restore func() error, err error) {
	m, err := p.at(page)
	if err != nil {
		return nil, err
	}
	if m.write {
		return func() error { return nil }, nil
	}
	prot := uintptr(syscall.PROT_READ)
	if m.exec {
		prot |= syscall.PROT_EXEC
	}
	pages := Range{page, page + pageSize}
	if err := protect(pages, prot|syscall.PROT_WRITE); err != nil {
		return nil, err
	}
	return func() error { return protect(pages, prot) }, nil
}
