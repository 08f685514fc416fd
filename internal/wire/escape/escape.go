// Package escape says what functions do with what they are given: which of their arguments outlive a
// call, by number and never by name, and which places of a body are on the heap. Both are compared
// between versions of a program. It is linked into programs that can be patched, so it uses the
// standard library alone.
package escape

import (
	"cmp"
	"fmt"
	"slices"
	"strconv"
	"strings"
)

// Keeps is what a function does with its arguments, in a canonical text that is equal for equal content:
// parameters in ascending order, separated by spaces, each a number and its flows, as in "0:m0 2:h1,r0.0".
// The receiver has number 0, the first parameter 1. The flows are h (to the heap), m (written through),
// c (called) and rN. (to result N), each with the number of dereferences on the way. The empty text is
// that of a function which does nothing of the kind. A text that begins with "?" is not known: it is
// equal for the same source alone.
type Keeps string

// Unknown is what a function does of which nothing but its content is known.
func Unknown(content string) Keeps { return Keeps("?" + content) }

// Flow is one thing that happens to an argument.
type Flow struct {
	Param  int
	Kind   byte // 'h', 'm', 'c', 'r', 'M' or 'C'
	Result int  // of kind 'r'
	Derefs int  // of kinds M and C, the number of the build
}

// Of returns the canonical text of flows, which are in any order and may repeat each other.
func Of(flows []Flow) Keeps {
	flows = slices.Clone(flows)
	slices.SortFunc(flows, func(a, b Flow) int {
		return cmp.Or(cmp.Compare(a.Param, b.Param), cmp.Compare(a.Kind, b.Kind), cmp.Compare(a.Result, b.Result), cmp.Compare(a.Derefs, b.Derefs))
	})
	// The flow with the fewest dereferences says all that others to the same place do.
	flows = slices.CompactFunc(flows, func(a, b Flow) bool {
		return a.Param == b.Param && a.Kind == b.Kind && a.Result == b.Result
	})
	var b strings.Builder
	last := -1
	for _, f := range flows {
		switch {
		case f.Param == last:
			b.WriteByte(',')
		default:
			if last >= 0 {
				b.WriteByte(' ')
			}
			fmt.Fprintf(&b, "%d:", f.Param)
		}
		last = f.Param
		b.WriteByte(f.Kind)
		if f.Kind == 'r' {
			fmt.Fprintf(&b, "%d.", f.Result)
		}
		b.WriteString(strconv.Itoa(f.Derefs))
	}
	return Keeps(b.String())
}

// Flows parses the text. known is false for what is not known, and for a text that is no Keeps.
func (k Keeps) Flows() (flows []Flow, known bool) {
	if k == "" {
		return nil, true
	}
	for param := range strings.SplitSeq(string(k), " ") {
		number, list, _ := strings.Cut(param, ":")
		n, err := strconv.Atoi(number)
		if err != nil {
			return nil, false
		}
		for text := range strings.SplitSeq(list, ",") {
			if len(text) < 2 {
				return nil, false
			}
			f := Flow{Param: n, Kind: text[0]}
			text = text[1:]
			if f.Kind == 'r' {
				result, derefs, _ := strings.Cut(text, ".")
				if f.Result, err = strconv.Atoi(result); err != nil {
					return nil, false
				}
				text = derefs
			}
			if f.Derefs, err = strconv.Atoi(text); err != nil {
				return nil, false
			}
			flows = append(flows, f)
		}
	}
	return flows, true
}

// More returns the flows of k that a caller compiled against old does not expect. more is true without
// flows where k is not known.
func (k Keeps) More(old Keeps) (flows []Flow, more bool) {
	if k == old {
		return nil, false
	}
	is, known := k.Flows()
	if !known {
		return nil, true
	}
	was, known := old.Flows()
	if !known {
		was = nil // its callers may have expected anything
	}
	for _, f := range is {
		if !slices.ContainsFunc(was, f.within) {
			flows = append(flows, f)
		}
	}
	return flows, len(flows) > 0
}

// OnlyWrite reports flows that say nothing but that arguments are written through. The compiler decides by that whether a
// conversion of a string to bytes may share the string's memory, and nothing else (attrMutates in cmd/compile/internal/escape).
func OnlyWrite(flows []Flow) bool {
	return len(flows) > 0 && !slices.ContainsFunc(flows, func(f Flow) bool { return f.Kind != 'm' })
}

// Keep reports flows that say, or do not rule out, that an argument outlives the call. Others write through it or call it.
func Keep(flows []Flow) bool {
	return len(flows) == 0 || slices.ContainsFunc(flows, func(f Flow) bool { return f.Kind == 'h' || f.Kind == 'r' })
}

// within reports whether a caller that expects old expects f too. What goes to the heap may be written,
// called and returned as well.
func (f Flow) within(old Flow) bool {
	if f.Kind == 'M' || f.Kind == 'C' {
		return f == old || f.Param == old.Param && old.Kind == 'h' && old.Derefs == 0
	}
	if f.Param != old.Param || old.Derefs > f.Derefs {
		return false
	}
	return old.Kind == 'h' || f.Kind == old.Kind && f.Result == old.Result
}

// Of says what of a parameter, called name if that is not empty, a flow is about.
func (f Flow) Of(name string) string {
	text := f.Ordinal()
	if name != "" {
		text += " " + name
	}
	if f.Derefs > 0 && (f.Kind == 'h' || f.Kind == 'r') {
		text = "what " + text + " refers to"
	}
	return text
}

// Ordinal names a parameter by its number: "its receiver", "its 2nd argument".
func (f Flow) Ordinal() string {
	suffix := "th"
	const most = 1 << 16 // a greater number stands for a parameter whose place is not known
	switch {
	case f.Param == 0:
		return "its receiver"
	case f.Param > most:
		return "an argument"
	case f.Param%100/10 == 1:
	case f.Param%10 == 1:
		suffix = "st"
	case f.Param%10 == 2:
		suffix = "nd"
	case f.Param%10 == 3:
		suffix = "rd"
	}
	return fmt.Sprintf("its %d%s argument", f.Param, suffix)
}

// Does says what happens to the argument.
func (f Flow) Does() string {
	switch f.Kind {
	case 'm':
		return "writes through"
	case 'c':
		return "calls"
	case 'r':
		return "returns"
	case 'M':
		return "may write through"
	case 'C':
		return "may call"
	}
	return "keeps"
}
