// Package goobj reads what the Go compiler and assembler write: archives of objects with their
// symbols, relocations and function information, joined into one indexed set.
package goobj

import (
	"bytes"
	"fmt"
	"strconv"
	"strings"
)

const (
	archiveMagic  = "!<arch>\n"
	archiveHeader = 60
)

// Archive is one package archive.
type Archive struct {
	Path    string
	Objects []*Object
	// Foreign are members that are not Go objects: what cgo's C compiler made, by name.
	Foreign []Member
}

// Member is a file in an archive.
type Member struct {
	Name string
	Data []byte
}

// parseArchive splits b. Errors name the archive's path.
func parseArchive(pkg, path string, b []byte) (*Archive, error) {
	if !bytes.HasPrefix(b, []byte(archiveMagic)) {
		return nil, fmt.Errorf("%s: not a package archive", path)
	}
	a := &Archive{Path: path}
	members := map[string]int{}
	b = b[len(archiveMagic):]
	for len(b) >= archiveHeader {
		name := strings.TrimSpace(string(b[:16]))
		size, err := strconv.Atoi(strings.TrimSpace(string(b[48:58])))
		if err != nil || size < 0 || size > len(b)-archiveHeader {
			return nil, fmt.Errorf("%s(%s): %w", path, name, errCorrupt)
		}
		body := b[archiveHeader : archiveHeader+size]
		switch {
		case name == "__.PKGDEF" || name == "preferlinkext" || name == "dynimportfail":
		case bytes.HasPrefix(body, []byte("go object ")):
			o, err := parseObject(pkg, body)
			if err != nil {
				return nil, fmt.Errorf("%s(%s): %w", path, name, err)
			}
			o.nameStatics(uniqueMember(strings.TrimSuffix(name, "/"), members))
			a.Objects = append(a.Objects, o)
		default:
			a.Foreign = append(a.Foreign, Member{name, body})
		}
		next := archiveHeader + size + size&1
		b = b[min(next, len(b)):]
	}
	return a, nil
}
