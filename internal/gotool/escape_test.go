package gotool

import (
	"slices"
	"testing"
)

func TestParseEscapes(t *testing.T) {
	const messages = "# example.com/a\n" +
		"./a.go:3:8: can inline f\n" +
		"./a.go:3:8: leaking param: p\n" +
		"./a.go:4:2: moved to heap: x\n" +
		"./a.go:5:9: &T{...} escapes to heap\n" +
		"./a.go:5:9: \"a: 1:2: b\" escapes to heap:\n" +
		"# example.com/b\n" +
		"../od: d/b: 7.go:12:1: leaking param content: q\r\n" +
		"b.go:12: leaking param: without a column\n" +
		"leaking param: without a position\n" +
		"./b.go:x:1: leaking param: no number\n"
	want := []Escape{
		{"example.com/a", "a.go", 3, "leaking param: p"},
		{"example.com/a", "a.go", 4, "moved to heap: x"},
		{"example.com/a", "a.go", 5, "&T{...} escapes to heap"},
		{"example.com/a", "a.go", 5, `"a: 1:2: b" escapes to heap:`},
		{"example.com/b", "b: 7.go", 12, "leaking param content: q"},
	}
	if got := parseEscapes([]byte(messages)); !slices.Equal(got, want) {
		t.Errorf("got %+v", got)
	}
}
