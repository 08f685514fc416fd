package release

import (
	"slices"

	"github.com/gosplice/gosplice/cmd/internal/build/goobj"
	"github.com/gosplice/gosplice/internal/wire/patch"
)

// A closure may call a function that it has in a captured variable, and the compiler looks through those which are
// assigned once: it decides on the arguments by what the function does that the variable was given, in the function around.
// Nothing in the closure's code leads there. So a closure with a call of a func value leads to all of which the functions
// around it make func values.

// References are what one function refers to, for Held.
type References struct {
	// Values are the functions of which it makes func values, Closures those made of literals and the like that may capture
	// something: of one that captures nothing there is a func value in read-only data.
	Values, Closures []uint32
	// CallsValue says that it calls a func value, or a method of an interface.
	CallsValue bool
}

// Note enters a reference to function n, which is called name. constant says that it is one to a func value in
// read-only data.
func (f *References) Note(rel goobj.Reloc, n uint32, name string, constant bool) {
	if rel.Type != goobj.RCall && rel.Type != goobj.RCallARM64 {
		f.Values = append(f.Values, n)
	}
	if !constant && patch.Inner(name) {
		f.Closures = append(f.Closures, n)
	}
}

// Held lists, for each function, those that it may have in its captured variables, ascending.
func Held(all []References) [][]uint32 {
	out := make([][]uint32, len(all))
	var next []uint32
	for i := range all {
		if len(all[i].Closures) > 0 && len(all[i].Values) > 0 {
			next = append(next, uint32(i))
		}
	}
	for ; len(next) > 0; next = next[1:] {
		f := &all[next[0]]
		gives := slices.Concat(f.Values, out[next[0]])
		slices.Sort(gives)
		gives = slices.Compact(gives)
		for _, c := range f.Closures {
			if merged := merge(out[c], gives); len(merged) > len(out[c]) {
				out[c] = merged
				next = append(next, c)
			}
		}
	}
	for i := range out {
		if !all[i].CallsValue {
			out[i] = nil
		}
		// A variable that a literal has itself for its value is assigned after it is declared.
		out[i] = slices.DeleteFunc(out[i], func(n uint32) bool { return n == uint32(i) })
	}
	return out
}

func merge(a, b []uint32) []uint32 {
	out := slices.Concat(a, b)
	slices.Sort(out)
	return slices.Compact(out)
}

// Held are the functions that a closure of the record may have in its captured variables and call.
func (r *Record) Held(s *Symbol) []*Symbol { return r.listed(&r.HeldCalls, s) }

// MayCall is Callees and Held.
func (r *Record) MayCall(s *Symbol) []*Symbol { return append(r.Callees(s), r.Held(s)...) }
