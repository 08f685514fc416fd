package release

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/gosplice/gosplice/cmd/internal/build/goobj"
)

// CallGraph says which functions of a program a function leads to: those that it calls directly, those of which it
// makes func values, and its closures. Numbers are indices into
// Record.Symbols.
type CallGraph struct {
	// Start has one number more than there are symbols: the callees of symbol i are
	// List[Start[i]:Start[i+1]], ascending.
	Start, List []uint32
}

// check looks for indices that lead nowhere. A graph may be empty.
func (g *CallGraph) check(symbols int) error {
	n := len(g.Start)
	if n == 0 && len(g.List) == 0 {
		return nil
	}
	if n != symbols+1 || g.Start[0] != 0 || g.Start[n-1] != uint32(len(g.List)) || !slices.IsSorted(g.Start) {
		return errors.New("its call graph is not that of its symbols")
	}
	for i := range symbols {
		if l := g.List[g.Start[i]:g.Start[i+1]]; !slices.IsSorted(l) || len(l) > 0 && l[len(l)-1] >= uint32(symbols) {
			return fmt.Errorf("symbol %d calls what is none of its symbols", i)
		}
	}
	return nil
}

// Callees are the functions that a function of the record leads to.
func (r *Record) Callees(s *Symbol) []*Symbol { return r.listed(&r.Calls, s) }

func (r *Record) listed(g *CallGraph, s *Symbol) []*Symbol {
	if r.index == nil {
		r.Prepare()
	}
	i, ok := r.index[goobj.Name{Name: s.Name, ABI: s.ABI}]
	if !ok || i+1 >= len(g.Start) {
		return nil
	}
	var out []*Symbol
	for _, n := range g.List[g.Start[i]:g.Start[i+1]] {
		out = append(out, &r.Symbols[n])
	}
	return out
}

// Reversed is the call graph of a record the other way round.
type Reversed struct {
	record *Record
	graph  CallGraph
}

// Reverse turns the call graph round.
func (r *Record) Reverse() *Reversed {
	if r.index == nil {
		r.Prepare()
	}
	start := make([]uint32, len(r.Symbols)+1)
	for _, c := range r.Calls.List {
		start[c+1]++
	}
	for i := range r.Symbols {
		start[i+1] += start[i]
	}
	list, next := make([]uint32, len(r.Calls.List)), slices.Clone(start)
	for i := range len(r.Calls.Start) - 1 {
		for _, c := range r.Calls.List[r.Calls.Start[i]:r.Calls.Start[i+1]] {
			list[next[c]] = uint32(i)
			next[c]++
		}
	}
	return &Reversed{r, CallGraph{start, list}}
}

// Callers are the functions of the record that lead to one.
func (v *Reversed) Callers(s *Symbol) []*Symbol {
	i, ok := v.record.index[goobj.Name{Name: s.Name, ABI: s.ABI}]
	if !ok {
		return nil
	}
	var out []*Symbol
	for _, n := range v.graph.List[v.graph.Start[i]:v.graph.Start[i+1]] {
		out = append(out, &v.record.Symbols[n])
	}
	return out
}

// Within are the functions that a function makes of literals and statements inside of it, by their names.
func (r *Record) Within(s *Symbol) []*Symbol {
	var out []*Symbol
	for _, mark := range []string{"-", "."} {
		from, _ := slices.BinarySearchFunc(r.Symbols, s.Name+mark, func(s Symbol, name string) int { return strings.Compare(s.Name, name) })
		for i := from; i < len(r.Symbols) && strings.HasPrefix(r.Symbols[i].Name, s.Name+mark); i++ {
			if o := &r.Symbols[i]; o.Kind.IsText() && !strings.HasSuffix(o.Name, MethodValue) {
				out = append(out, o)
			}
		}
	}
	return out
}

// MethodValue ends the name of the function that a method value of a method is made with, FuncValue that of the data
// to which a func value of a function points.
const (
	MethodValue = goobj.MethodValue
	FuncValue   = "·f"
)

// Leads returns the name of the function that a func value leads to, by the symbol of its data. It may be called where the
// compiler knows which one it is, and has decided on the arguments by what that does with them.
func Leads(symbol string) (function string, ok bool) { return strings.CutSuffix(symbol, FuncValue) }

// calleesOf notes which functions each function leads to.
func (h *harvest) calleesOf(r *Record) {
	numbers := goobj.NewTable[uint32](h.set) // of symbols, from 1
	number := func(n goobj.Name) uint32 {
		s, ok := slices.BinarySearchFunc(r.Symbols, n, func(s Symbol, n goobj.Name) int {
			if c := strings.Compare(s.Name, n.Name); c != 0 {
				return c
			}
			return int(s.ABI) - int(n.ABI)
		})
		if !ok {
			return 0
		}
		return uint32(s) + 1
	}
	for y := range h.reached() {
		switch kind := h.set.Kind(y); {
		case kind.IsText():
			*numbers.At(y) = number(h.set.NameOf(y))
		case kind.IsRodata():
			if f, ok := Leads(h.set.NameOf(y).Name); ok {
				*numbers.At(y) = number(goobj.Name{Name: f, ABI: goobj.ABIInternal})
			}
		}
	}
	lists, references := make([][]uint32, len(r.Symbols)), make([]References, len(r.Symbols))
	for y := range h.reached() {
		if d := h.definition(y); h.set.Kind(y).IsText() && h.set.Defined(d) {
			at := number(h.set.NameOf(y))
			if at == 0 {
				continue
			}
			for _, rel := range h.set.Relocs(d) {
				if rel.Type == goobj.RCallInd {
					references[at-1].CallsValue = true
				}
				if rel.Sym == 0 || rel.Size == 0 {
					continue
				}
				if n := *numbers.At(rel.Sym); n != 0 {
					lists[at-1] = append(lists[at-1], n-1)
					references[at-1].Note(rel, n-1, r.Symbols[n-1].Name, !h.set.Kind(rel.Sym).IsText())
				}
			}
		}
	}
	r.Calls, r.HeldCalls = graphOf(lists), graphOf(Held(references))
}

// graphOf sorts the lists.
func graphOf(lists [][]uint32) CallGraph {
	g := CallGraph{Start: make([]uint32, 0, len(lists)+1)}
	for _, l := range lists {
		g.Start = append(g.Start, uint32(len(g.List)))
		slices.Sort(l)
		g.List = append(g.List, slices.Compact(l)...)
	}
	g.Start = append(g.Start, uint32(len(g.List)))
	return g
}
