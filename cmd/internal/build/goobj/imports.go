package goobj

import (
	"encoding/json"
	"strings"
	"unsafe"
)

// cgoDirectives is the part of an object's header that holds cgo's directives.
func cgoDirectives(head []byte) string {
	const mark = "\n$$  // cgo\n"
	_, text, _ := strings.Cut(unsafe.String(unsafe.SliceData(head), len(head)), mark)
	text, _, _ = strings.Cut(text, "\n$$")
	return strings.Clone(text)
}

// Imported are the symbols that C code or a shared library defines, by name. Go code declares a variable for each, whose
// memory the linker never makes.
func (s *Set) Imported() (map[string]bool, error) {
	out := map[string]bool{}
	for _, o := range s.Objects {
		if o.directives == "" {
			continue
		}
		var all [][]string
		if err := json.Unmarshal([]byte(o.directives), &all); err != nil {
			return nil, errCorrupt
		}
		for _, d := range all {
			// cgo_import_static name, cgo_import_dynamic name remote library; the name _ stands for a library alone.
			if len(d) > 1 && (d[0] == "cgo_import_static" || d[0] == "cgo_import_dynamic") && d[1] != "_" {
				out[strings.Clone(d[1])] = true
			}
		}
	}
	return out, nil
}
