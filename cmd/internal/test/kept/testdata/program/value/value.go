// Package value makes values of which a damage shows: each has a number, and all of its memory
// follows from that.
package value

import "strconv"

// Damaged is the number of a value that was overwritten.
const Damaged = -1

// Item is a value with pointers.
type Item struct {
	n    int
	next *Item
	pad  [5]int
}

var root Item

//go:noinline
func (p *Item) Set(n int) {
	p.n, p.next = n, &root
	for i := range p.pad {
		p.pad[i] = n*31 + i
	}
}

//go:noinline
func (p *Item) Number() int {
	if p.next != &root {
		return Damaged
	}
	for i, x := range p.pad {
		if x != p.n*31+i {
			return Damaged
		}
	}
	return p.n
}

// Made is an item by value.
//
//go:noinline
func Made(n int) (x Item) {
	x.Set(n)
	return x
}

//go:noinline
func Fill(s []int, n int) {
	for i := range s {
		s[i] = n + i*1000003
	}
}

//go:noinline
func List(list ...int) []int { return list }

//go:noinline
func OfInts(s []int) int {
	if len(s) < 2 {
		return Damaged
	}
	for i, x := range s {
		if x != s[0]+i*1000003 {
			return Damaged
		}
	}
	return s[0]
}

// Text is short enough for a buffer on a stack, with the number twice.
//
//go:noinline
func Text(n int) []byte {
	var b []byte
	b = strconv.AppendInt(b, int64(n), 10)
	b = append(b, '=')
	return strconv.AppendInt(b, int64(n), 10)
}

//go:noinline
func OfBytes(b []byte) int {
	for i, c := range b {
		if c != '=' {
			continue
		}
		if string(b[:i]) != string(b[i+1:]) {
			return Damaged
		}
		n, err := strconv.Atoi(string(b[:i]))
		if err != nil {
			return Damaged
		}
		return n
	}
	return Damaged
}

//go:noinline
func OfString(s string) int {
	for i := range len(s) {
		if s[i] != '=' {
			continue
		}
		n, err := strconv.Atoi(s[:i])
		if err != nil || s[:i] != s[i+1:] {
			return Damaged
		}
		return n
	}
	return Damaged
}

//go:noinline
func OfItem(p *Item) int { return p.Number() }

//go:noinline
func OfPointer(p **Item) int { return (*p).Number() }

//go:noinline
func OfFunc(f func() int) int { return f() }

//go:noinline
func OfAny(v any) int {
	switch v := v.(type) {
	case Item:
		return v.Number()
	case *Item:
		return v.Number()
	case [4]int:
		return OfInts(v[:])
	case int:
		return v
	}
	return Damaged
}

// Pair has two pointers.
type Pair struct{ A, B *Item }

//go:noinline
func OfPair(p Pair) int {
	if p.A.Number() != p.B.Number() {
		return Damaged
	}
	return p.A.Number()
}

//go:noinline
func OfMap(m map[int]int) int {
	if len(m) != 2 || m[1] != m[0]+7 {
		return Damaged
	}
	return m[0]
}
