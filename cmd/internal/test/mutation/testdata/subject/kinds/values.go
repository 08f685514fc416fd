package kinds

import (
	"fmt"
	"reflect"
)

type whole struct {
	head int8
	part Part
	tail int8
}

type other Named

type embedding struct{ *Derived }

var (
	held                            = []*Held{{N: 1, M: 2}, {N: 3, M: 4}}
	boxed  any                      = Boxed{Text: "box"}
	keys                            = map[Key]int{{Name: "a"}: 1, {Name: "b"}: 2}
	wholes                          = []whole{{1, Part{N: 2}, 3}, {4, Part{N: 5}, 6}}
	behind                          = struct{ To *Behind }{&Behind{N: 7}}
	sent                            = make(chan Sent, 2)
	passed                          = func(p Passed) int { return p.N }
	named                           = []other{{N: 8}, {N: 9}}
	arrays                          = &[3]Array{{N: 10}, {N: 11}, {N: 12}}
	twice  interface{ Twice() int } = embedding{&Derived{N: 13}}
)

func init() {
	sent <- Sent{N: 14}
	v := reflect.ValueOf(&behind).Elem().Field(0)
	v.Set(reflect.New(v.Type().Elem()))
	v.Elem().Field(0).SetInt(15)
}

// Values says what the values have.
func Values() string {
	s := <-sent
	sent <- s
	sums := 0
	for _, h := range held {
		sums += h.N*10 + h.M
	}
	for _, w := range wholes {
		sums += int(w.head)*100 + int(w.part.N)*10 + int(w.tail)
	}
	for _, a := range arrays {
		sums += a.N
	}
	for _, n := range named {
		sums += n.N
	}
	return fmt.Sprint(sums, boxed, keys[Key{Name: "b"}], behind.To.N, s, passed(Passed{N: 16}), twice.Twice())
}
