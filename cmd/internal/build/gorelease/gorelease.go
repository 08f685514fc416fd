// Package gorelease holds what the build side knows of each Go release that it supports: one table a
// release, in releases.go, with larger tables as files in a folder that has the release's name. What
// can be read from a program or its objects is not here.
package gorelease

import (
	"embed"
	"fmt"
	"regexp"
	"strconv"
	"strings"
)

// Release is what is known of one Go release. It is not changed and may be used concurrently.
type Release struct {
	// Name is the release, such as "go1.26".
	Name string
	// MapType is the size in bytes of the fixed part of a map type's descriptor.
	MapType int
	// Export is the version of the data that compiled packages export for type checking.
	Export int
	// Foreign are values of GOEXPERIMENT with which programs or their debugging information are made in a way that this
	// table does not describe, or in which functions of the runtime are inlined everywhere that have to be called.
	Foreign []string
	// ClosuresByContent says that objects tell function literals apart by content, not by name: a literal
	// that was compiled once more where the function around it was inlined has the name of the original.
	ClosuresByContent bool
	// TypesInOrder says that the runtime finds the types that package reflect looks up by walking over
	// their descriptors, which lie side by side, and not through a list of offsets.
	TypesInOrder bool
}

//go:embed go1.*/*
var tables embed.FS

// Names are the releases that are known, oldest first.
func Names() []string {
	var names []string
	for _, r := range releases {
		names = append(names, r.Name)
	}
	return names
}

// version matches the version of a published release: go1.26, go1.26.8.
var version = regexp.MustCompile(`^(go1\.\d+)(?:\.\d+)?$`)

// Of finds the release of a Go version such as "go1.26.8". A version that is none of a published release,
// or one of a release that is not known, is an error that says what to do.
func Of(goVersion string) (*Release, error) {
	m := version.FindStringSubmatch(goVersion)
	for _, r := range releases {
		if m != nil && m[1] == r.Name {
			return r, nil
		}
	}
	return nil, fmt.Errorf("this gosplice does not know Go version %s: build the program with one of %s, or use a gosplice that knows it",
		strconv.Quote(goVersion), strings.Join(Names(), ", "))
}

// Readable returns an error if a gosplice that was built with Go version own can't read what the compiler of
// the release exports: go/types reads the data of its own release and of older ones.
func (r *Release) Readable(own string) error {
	built, err := Of(own)
	if err != nil || built.Export >= r.Export {
		return nil // one that is not known yet is newer
	}
	return fmt.Errorf("this gosplice was built with %s, which can't read what the compiler of %s exports: install gosplice again with GOTOOLCHAIN=%s.0 or newer", own, r.Name, r.Name)
}

func (r *Release) table(name string) ([]byte, error) { return tables.ReadFile(r.Name + "/" + name) }

// Symbol is a symbol's name with its ABI.
type Symbol struct {
	Name string
	ABI  uint16
}

// Builtins are the runtime symbols that objects refer to by number, in the order of
// cmd/internal/goobj/builtinlist.go.
func (r *Release) Builtins() ([]Symbol, error) {
	b, err := r.table("builtins.txt")
	if err != nil {
		return nil, err
	}
	var out []Symbol
	for line := range strings.Lines(string(b)) {
		line = strings.TrimSpace(line)
		last := max(0, strings.LastIndexByte(line, ' ')) // names hold spaces too
		n, err := strconv.ParseUint(line[min(last+1, len(line)):], 10, 16)
		if err != nil {
			return nil, fmt.Errorf("builtin symbols of %s: %q: %w", r.Name, line, err)
		}
		out = append(out, Symbol{line[:last], uint16(n)})
	}
	return out, nil
}

// Abbrevs is the DWARF abbreviation table that the debugging information in objects refers to.
func (r *Release) Abbrevs() ([]byte, error) { return r.table("abbrevs.bin") }

// Layout are byte offsets of the runtime's structures by "struct.field" and sizes by "struct", on an
// architecture, for programs that carry no debugging information.
func (r *Release) Layout(goarch string) (map[string]uint64, error) {
	b, err := r.table("layout-" + goarch + ".txt")
	if err != nil {
		return nil, err
	}
	layout := map[string]uint64{}
	for line := range strings.Lines(string(b)) {
		name, value, _ := strings.Cut(strings.TrimSpace(line), " ")
		n, err := strconv.ParseUint(value, 10, 32)
		if err != nil {
			return nil, fmt.Errorf("structures of %s: %q: %w", r.Name, line, err)
		}
		layout[name] = n
	}
	return layout, nil
}
