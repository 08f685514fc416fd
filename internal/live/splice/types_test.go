package splice

import "testing"

// TestTypeOfSymbol compares names of symbols with those that the runtime tells of the same types.
func TestTypeOfSymbol(t *testing.T) {
	for _, c := range []struct{ symbol, is string }{
		{"type:int<0>", "int"},
		{"type:*main.voucher<0>", "*main.voucher"},
		{"type:example.com/a%2eb/v2.T<0>", "pkg.T"}, // the name of a package is not the end of its path
		{"type:noalg.struct { F uintptr; X0 **main.tariff }<0>", "struct { F uintptr; X0 **main.tariff }"},
		{"type:map[a/b.K][]*c/d.V<0>", "map[b.K][]*d.V"},
		{"type:func(a/b.K, ...c/d.V) (int, error)<0>", "func(b.K, ...d.V) (int, error)"},
		{"type:a/b.Pair[int,c/d.V]<0>", "b.Pair[int,c/d.V]"},
		{"type:interface { M() a/b.K; a/b.m(chan<- a/b.K) }<0>", "interface { M() b.K; b.m(chan<- b.K) }"},
	} {
		want, ok := typeOfSymbol(c.symbol)
		if !ok || withoutPackages(want) != withoutPackages(c.is) {
			t.Errorf("%s is %q, and %s is %q", c.symbol, withoutPackages(want), c.is, withoutPackages(c.is))
		}
	}
	for _, c := range []struct{ symbol, is string }{
		{"type:*main.voucher<0>", "main.voucher"},
		{"type:*main.voucher<0>", "*main.discounter"},
		{"type:[]int<0>", "[1]int"},
		{"type:func(int) string<0>", "func(string) int"},
	} {
		if want, ok := typeOfSymbol(c.symbol); !ok || withoutPackages(want) == withoutPackages(c.is) {
			t.Errorf("%s is told as %s", c.symbol, c.is)
		}
	}
	if _, ok := typeOfSymbol("type:main.item·main.f/1<0>"); ok {
		t.Error("a type that a function declares has the name of its symbol")
	}
}
