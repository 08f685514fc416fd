// Package kinds declares types of which some are nowhere in the program: nothing that is run mentions them. Of the others
// the program has values, of which this file says nothing.
package kinds

// Unused is mentioned nowhere.
type Unused struct{ A, B int }

// Inner is a part of what is mentioned nowhere.
type Inner struct{ N int }

// Outer is used by a function that is not called.
type Outer struct {
	Inner
	Name string
	Next *Outer
}

// Idle has methods, which are not called.
type Idle struct{ n int64 }

func (i Idle) Add(n int64) Idle { return Idle{n: i.n + n} }

func (i *Idle) Set(n int64) { i.n = n }

func join(a, b *Outer) *Outer { return &Outer{Inner: a.Inner, Name: a.Name + b.Name, Next: b} }

// Of these there are values: see values.go.
type (
	Held    struct{ N, M int }
	Boxed   struct{ Text string }
	Key     struct{ Name string }
	Part    struct{ N int8 }
	Behind  struct{ N int }
	Sent    struct{ N int }
	Passed  struct{ N int }
	Named   struct{ N int }
	Array   struct{ N int }
	Derived struct{ N int }
)

// Twice is promoted.
func (d *Derived) Twice() int { return 2 * d.N }

// Touch is run.
//
//go:noinline
func Touch(n int) int {
	n++
	return n
}
