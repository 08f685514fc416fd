package image

import (
	"debug/dwarf"
	"errors"
	"fmt"

	"github.com/gosplice/gosplice/cmd/internal/build/gorelease"
)

// laidOut are the structures that gosplice reads or writes.
var laidOut = map[string]bool{
	"runtime.moduledata": true,
	"runtime.pcHeader":   true,
	"runtime.g":          true,
	"runtime.gobuf":      true,
	"runtime.stack":      true,
}

func (f *File) readLayout(release *gorelease.Release) error {
	m, err := dwarfLayout(f)
	if err != nil {
		return err
	}
	if m == nil {
		if m, err = release.Layout(f.GOARCH); err != nil {
			return err
		}
	}
	f.Layout = m
	return nil
}

// dwarfLayout returns nil for a program without DWARF.
func dwarfLayout(f *File) (map[string]uint64, error) {
	if f.elf.Section(".debug_info") == nil && f.elf.Section(".zdebug_info") == nil {
		return nil, nil
	}
	d, err := f.elf.DWARF()
	if err != nil {
		return nil, fmt.Errorf("debugging information: %w", err)
	}
	m := map[string]uint64{}
	found := 0
	r := d.Reader()
	for found < len(laidOut) {
		e, err := r.Next()
		if err != nil {
			return nil, fmt.Errorf("debugging information: %w", err)
		}
		if e == nil {
			return nil, errors.New("debugging information lacks the runtime's structures")
		}
		if e.Tag == dwarf.TagSubprogram {
			r.SkipChildren()
			continue
		}
		name, _ := e.Val(dwarf.AttrName).(string)
		if e.Tag != dwarf.TagStructType || !laidOut[name] {
			continue
		}
		t, err := d.Type(e.Offset)
		if err != nil {
			return nil, fmt.Errorf("debugging information of %s: %w", name, err)
		}
		s, ok := t.(*dwarf.StructType)
		if !ok {
			return nil, fmt.Errorf("debugging information of %s is damaged", name)
		}
		m[name] = uint64(s.ByteSize)
		for _, field := range s.Field {
			m[name+"."+field.Name] = uint64(field.ByteOffset)
		}
		found++
	}
	return m, nil
}
