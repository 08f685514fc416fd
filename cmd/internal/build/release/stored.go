package release

import (
	"bytes"
	"cmp"
	"encoding/gob"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/gosplice/gosplice/cmd/internal/build/goobj"
)

// stored is a record as the file holds it, but for the symbols. What is a map in a record is a list here, in the order of its keys: of one
// program there is one file, and it takes less time to read.
type stored struct {
	Format    int // as in the records of all versions
	Rest      Record
	Maps      lists
	Following int // number of the symbols, which follow
}

// symbolsTogether is how many symbols are written at a time, which have to be in memory in both forms.
const symbolsTogether = 1 << 7

// lists are the maps of a record.
type lists struct {
	Settings             entries[string, string]
	Func, Var, Offset    entries[string, uint64]
	Content              entries[goobj.Fingerprint, uint64]
	Callers, Inlined     entries[string, []string]
	Uses                 entries[string, Use]
	UsedInIface, Generic entries[string, bool]
	IfaceMethods         entries[MethodSig, bool]
}

// entries are those of a map, by ascending key.
type entries[K comparable, V any] []entry[K, V]

type entry[K comparable, V any] struct {
	Key   K
	Value V
}

// sorted lists the entries of m.
func sorted[K comparable, V any](m map[K]V, compare func(a, b K) int) entries[K, V] {
	out := make(entries[K, V], 0, len(m))
	for _, k := range slices.SortedFunc(maps.Keys(m), compare) {
		out = append(out, entry[K, V]{k, m[k]})
	}
	return out
}

func (e entries[K, V]) asMap() map[K]V {
	if len(e) == 0 {
		return nil
	}
	m := make(map[K]V, len(e))
	for _, x := range e {
		m[x.Key] = x.Value
	}
	return m
}

func byPrint(a, b goobj.Fingerprint) int { return bytes.Compare(a[:], b[:]) }

func bySig(a, b MethodSig) int {
	return cmp.Or(strings.Compare(a.Name, b.Name), strings.Compare(a.Type, b.Type))
}

// writeTo writes a record.
func (r *Record) writeTo(e *gob.Encoder) error {
	if err := e.Encode(store(r)); err != nil {
		return err
	}
	for part := range slices.Chunk(r.Symbols, symbolsTogether) {
		if err := e.Encode(part); err != nil {
			return err
		}
	}
	return nil
}

// readFrom reads a record. Of one in another format it reads the number of that alone.
func readFrom(d *gob.Decoder, in *bounded) (*Record, error) {
	var s stored
	if err := d.Decode(&s); err != nil {
		return nil, err
	}
	if s.Format != Format {
		return &Record{Format: s.Format}, nil
	}
	r := &s.Rest
	r.Format = s.Format
	s.Maps.into(r)
	if s.Following > in.symbols {
		return nil, fmt.Errorf("it says that it holds %d symbols, which is more than records of its size do", s.Following)
	}
	for len(r.Symbols) < s.Following {
		in.until = in.read + mostTogether
		var part []Symbol
		if err := d.Decode(&part); err != nil {
			return nil, err
		}
		if r.Symbols = append(r.Symbols, part...); len(part) == 0 || len(r.Symbols) > s.Following {
			return nil, fmt.Errorf("there are not %d symbols in it", s.Following)
		}
	}
	return r, nil
}

func store(r *Record) *stored {
	s := &stored{Format: r.Format, Rest: *r, Following: len(r.Symbols)}
	s.Rest.Symbols = nil
	s.Maps = lists{
		Settings:     sorted(r.Build.Settings, strings.Compare),
		Func:         sorted(r.Runtime.Func, strings.Compare),
		Var:          sorted(r.Runtime.Var, strings.Compare),
		Offset:       sorted(r.Runtime.Offset, strings.Compare),
		Content:      sorted(r.Content, byPrint),
		Callers:      sorted(r.Callers, strings.Compare),
		Inlined:      sorted(r.Inlined, strings.Compare),
		Uses:         sorted(r.Uses, strings.Compare),
		UsedInIface:  sorted(r.Live.UsedInIface, strings.Compare),
		Generic:      sorted(r.Live.GenericMethods, strings.Compare),
		IfaceMethods: sorted(r.Live.IfaceMethods, bySig),
	}
	new(lists).into(&s.Rest)
	return s
}

// into makes the lists the maps of r.
func (l *lists) into(r *Record) {
	r.Build.Settings = l.Settings.asMap()
	r.Runtime.Func, r.Runtime.Var, r.Runtime.Offset = l.Func.asMap(), l.Var.asMap(), l.Offset.asMap()
	r.Content, r.Uses = l.Content.asMap(), l.Uses.asMap()
	r.Callers, r.Inlined = l.Callers.asMap(), l.Inlined.asMap()
	r.Live.UsedInIface, r.Live.GenericMethods, r.Live.IfaceMethods = l.UsedInIface.asMap(), l.Generic.asMap(), l.IfaceMethods.asMap()
}
