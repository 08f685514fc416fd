package escape

import (
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
)

// Places is where a body allocates on the heap, in a canonical text: keys in ascending order, separated
// by spaces. A key means the same place in bodies with the same Flow. It is followed by "*N" where there
// are N places of that key, and by "!" where one of the same key is on the stack, so that it can't be
// told which. A key that begins with "z" is a conversion that shares the memory of a string; the place of one that is
// ambiguous is not known.
type Places string

// Place is an entry of Places.
type Place struct {
	Key       string
	Count     int
	Ambiguous bool
}

// PlacesOf returns the canonical text of places.
func PlacesOf(places map[string]Place) Places {
	var out []string
	for _, key := range slices.Sorted(maps.Keys(places)) {
		p := places[key]
		if p.Count > 1 {
			key += "*" + strconv.Itoa(p.Count)
		}
		if p.Ambiguous {
			key += "!"
		}
		out = append(out, key)
	}
	return Places(strings.Join(out, " "))
}

func (p Places) entries() map[string]Place {
	out := map[string]Place{}
	for text := range strings.FieldsSeq(string(p)) {
		e := Place{Count: 1}
		text, e.Ambiguous = strings.CutSuffix(text, "!")
		if key, n, found := strings.Cut(text, "*"); found {
			text = key
			e.Count, _ = strconv.Atoi(n)
		}
		e.Key = text
		out[text] = e
	}
	return out
}

// shared begins the key of a conversion that shares a string's memory.
const shared = "z"

// Share reports whether a body has a conversion that shares a string's memory.
func (p Places) Share() bool {
	return strings.HasPrefix(string(p), shared) || strings.Contains(string(p), " "+shared)
}

// SharedKey is the key of a conversion at an ordinal that shares a string's memory.
func SharedKey(ordinal int) string { return fmt.Sprint(shared, ordinal) }

// Moved returns the keys of places that may be on the stack in a body with places old and are on the heap
// in one with places p, or share a string's memory in the old one alone. Both have the same Flow.
func (p Places) Moved(old Places) []string {
	if p == old && !strings.Contains(string(p), "!") {
		return nil
	}
	is, was := p.entries(), old.entries()
	var moved []string
	for key, e := range is {
		if o := was[key]; !strings.HasPrefix(key, shared) && (e.Count > o.Count || e.Ambiguous || o.Ambiguous) {
			moved = append(moved, key)
		}
	}
	for key, o := range was {
		if strings.HasPrefix(key, shared) && (o.Ambiguous || is[key].Count < o.Count) {
			moved = append(moved, key)
		}
	}
	slices.Sort(moved)
	return moved
}
