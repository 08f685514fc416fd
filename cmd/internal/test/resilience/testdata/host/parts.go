package main

import "fmt"

// parts has what makes the edit "every" have every part that a patch can have.
func parts(text string) string {
	var z uint64
	r := climb(&z, 100)
	r += descend(&z, 50)
	return fmt.Sprint(r, " ", z, " ", lines(text))
}

// climb has the head of its loop in its first bytes, and nothing but calls enters it.
//
//go:noinline
func climb(p *uint64, n uint64) uint64 {
	for *p < n {
		*p++
	}
	return 1
}

// cursor has values on stacks alone, so that it can be laid out anew.
type cursor struct{ pos int }

//go:noinline
func (c *cursor) next(byte) { c.pos++ }

//go:noinline
func lines(s string) int {
	var c cursor
	for i := range len(s) {
		c.next(s[i])
	}
	return c.pos
}

// descend is as climb is, and the same in the edit: code of the patch calls it where it is.
//
//go:noinline
func descend(p *uint64, n uint64) uint64 {
	for *p > n {
		*p--
	}
	return 3
}
