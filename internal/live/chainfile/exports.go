package chainfile

import (
	"debug/elf"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"strings"
)

// exportPrefix begins the names of the symbols that hold the hash of a package's export data, which
// Go's runtime compares when it opens a plugin.
const exportPrefix = "go:link.pkghashbytes."

// Exports reads Go's own hashes of the packages in a plugin, or in a program that can load plugins:
// by import path, hexadecimal.
func Exports(r io.ReaderAt) (map[string]string, error) {
	f, err := elf.NewFile(r)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	symbols, err := f.DynamicSymbols()
	if errors.Is(err, elf.ErrNoSymbols) {
		return map[string]string{}, nil
	}
	if err != nil {
		return nil, err
	}
	exports := make(map[string]string)
	for _, s := range symbols {
		path, ok := strings.CutPrefix(s.Name, exportPrefix)
		if !ok || s.Section == elf.SHN_UNDEF {
			continue
		}
		if int(s.Section) >= len(f.Sections) {
			return nil, fmt.Errorf("symbol %s is in no section", s.Name)
		}
		section := f.Sections[s.Section]
		hash := make([]byte, min(s.Size, 64))
		if _, err := section.ReadAt(hash, int64(s.Value-section.Addr)); err != nil {
			return nil, fmt.Errorf("symbol %s: %w", s.Name, err)
		}
		exports[path] = hex.EncodeToString(hash)
	}
	return exports, nil
}

// Memory is what a plugin takes when it is loaded, in bytes: what its file has of each segment, in whole
// pages. Memory that begins as zeros is taken only as it is used.
func Memory(r io.ReaderAt) (uint64, error) {
	f, err := elf.NewFile(r)
	if err != nil {
		return 0, err
	}
	defer f.Close()
	const page = 4 << 10
	var sum uint64
	for _, p := range f.Progs {
		if p.Type == elf.PT_LOAD {
			sum += (p.Vaddr%page + p.Filesz + page - 1) / page * page
		}
	}
	return sum, nil
}
