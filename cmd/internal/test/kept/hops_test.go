package kept

import "strings"

// hop is a kind of step on the way of a value.
type hop struct {
	name string
	// declared are declarations, and called are statements of the hop before. $body is what is done
	// with the value: by the function that is declared, or by a literal in the statements.
	declared, called string
	// alias is the value by way of other memory that the step makes, if it does.
	alias string
	// list is a slice of values that the step makes.
	list string
	// inlined says that code which is declared may become part of the hop before.
	inlined bool
	// heap says that the value has to be on the heap for this step.
	heap bool
}

// more reports whether what is declared may have another parameter, $p, and what is called another argument, $q.
func (h hop) more() bool { return strings.Contains(h.called, "$q") }

const (
	receiver = "type r$i struct{ n int }\n\nvar g$i r$i\n\n//go:noinline\nfunc (r *r$i) do($v T$p) {\n$body}\n"
	carrier  = "type c$i struct {\nn int\nv T\n}\n\n//go:noinline\nfunc (c *c$i) do() {\n$v := c.v\n$body}\n"
	byValue  = "type c$i struct {\nn int\nv T\n}\n\n//go:noinline\nfunc (c c$i) do() {\n$v := c.v\n$body}\n"
	dispatch = "type i$i interface{ do(T) }\n\n"
	function = "//go:noinline\nfunc h$i($v T$p) {\n$body}\n"
)

// far is a step to a function of another package, which is the last one.
var far = hop{name: "another package", called: "far.Take($v)\n"}

var hops = []hop{
	{name: "call", declared: function, called: "h$i($v$q)\n"},
	{name: "inlined call", declared: "func h$i($v T$p) {\n$body}\n", called: "h$i($v$q)\n", inlined: true},
	{name: "recursion", declared: "//go:noinline\nfunc h$i($v T, n int$p) {\nif n > 0 {\nh$i($v, n-1$q)\nreturn\n}\n$body}\n", called: "h$i($v, 3$q)\n"},
	{name: "method", declared: receiver, called: "g$i.do($v$q)\n"},
	{name: "method of a local", declared: receiver, called: "(&r$i{n: 1}).do($v$q)\n"},
	{name: "method expression", declared: receiver, called: "(*r$i).do(&g$i, $v$q)\n"},
	{name: "receiver", declared: carrier, called: "(&c$i{v: $v}).do()\n", alias: "c.v"},
	{name: "interface", declared: dispatch + receiver + "\nvar d$i i$i = &g$i\n", called: "d$i.do($v)\n", heap: true},
	{name: "devirtualized", declared: dispatch + receiver, called: "{\nvar d i$i = &r$i{n: 1}\nd.do($v)\n}\n"},
	{name: "interface of a receiver", declared: "type i$i interface{ do() }\n\n" + carrier, called: "{\nvar d i$i = &c$i{v: $v}\nd.do()\n}\n", alias: "c.v"},
	{name: "generic", declared: "//go:noinline\nfunc h$i[P any]($v T, p P$p) {\n$body}\n", called: "h$i($v, 1$q)\n"},
	{name: "generic, two shapes", declared: "//go:noinline\nfunc h$i[P any]($v T, p P, skip bool) {\nif skip {\nreturn\n}\n$body}\n", called: "h$i($v, 1, true)\nh$i($v, \"x\", false)\n"},
	{name: "type parameter", declared: "//go:noinline\nfunc h$i[V interface{ T }](x V) {\n$v := T(x)\n$body}\n", called: "h$i($v)\n"},
	{name: "generic method", declared: "type g$i[P any] struct{ p P }\n\n//go:noinline\nfunc (g *g$i[P]) do($v T$p) {\n$body}\n", called: "(&g$i[string]{p: \"x\"}).do($v)\n"},
	{name: "generic receiver", declared: "type c$i[P any] struct {\np P\nv T\n}\n\n//go:noinline\nfunc (c *c$i[P]) do() {\n$v := c.v\n$body}\n", called: "(&c$i[int]{v: $v}).do()\n", alias: "c.v"},
	{name: "closure by value", called: "run.Call(func() {\n$body})\n"},
	{name: "closure by reference", called: "{\nref$i := $v\nrun.Call(func() {\n$v := ref$i\n$body\nref$i = $v\n})\n}\n", alias: "ref$i"},
	{name: "literal", called: "{\nf := func($v T) {\n$body}\nf($v)\n}\n"},
	{name: "literal at once", called: "func($v T) {\n$body}($v)\n"},
	{name: "inlined caller", called: "run.Inlined(func() {\n$body})\n"},
	{name: "returned literal", declared: "//go:noinline\nfunc h$i($v T) func() {\nreturn func() {\n$body}\n}\n", called: "h$i($v)()\n", heap: true},
	{name: "defer", declared: function, called: "defer h$i($v$q)\n"},
	{name: "deferred literal", called: "defer func() {\n$body}()\n"},
	{name: "deferred elsewhere", called: "run.Last(func() {\n$body})\n"},
	{name: "deferred method", declared: carrier, called: "defer (&c$i{v: $v}).do()\n", alias: "c.v"},
	{name: "go", called: "{\nc := make(chan int)\ngo func() {\n$body\nc <- 1\n}()\n<-c\n}\n", heap: true},
	{name: "go call", declared: "//go:noinline\nfunc h$i($v T, c chan int$p) {\n$body\nc <- 1\n}\n", called: "{\nc := make(chan int)\ngo h$i($v, c$q)\n<-c\n}\n", heap: true},
	{name: "range over a function", declared: "func s$i($v T) func(func(T) bool) {\nreturn func(yield func(T) bool) { yield($v) }\n}\n", called: "for $v := range s$i($v) {\n$body}\n", inlined: true, heap: true},
	{name: "range body", called: "for range run.Once {\n$body}\n"},
	{name: "range over a method", declared: "type c$i struct{ v T }\n\n//go:noinline\nfunc (c *c$i) all(yield func(T) bool) { yield(c.v) }\n", called: "for $v := range (&c$i{v: $v}).all {\n$body}\n", heap: true},
	{name: "channel", called: "{\nc := make(chan T, 1)\nc <- $v\n$v := <-c\n$body}\n", heap: true},
	{name: "variadic", declared: "//go:noinline\nfunc h$i(list ...T) {\n$v := list[1]\n$body}\n", called: "h$i($v, $v)\n", alias: "list[0]", list: "list"},
	{name: "slice", declared: "//go:noinline\nfunc h$i(list []T$p) {\n$v := list[0]\n$body}\n", called: "h$i([]T{$v}$q)\n", alias: "list[0]", list: "list"},
	{name: "method value", declared: receiver, called: "{\nvar r r$i\nf := r.do\nf($v)\n}\n", heap: true},
	{name: "method value of a receiver", declared: carrier, called: "{\nc := c$i{v: $v}\nrun.Call(c.do)\n}\n", alias: "c.v"},
	{name: "promoted", declared: receiver + "\ntype e$i struct {\nn int\nr$i\n}\n", called: "{\nvar e e$i\ne.do($v$q)\n}\n"},
	{name: "promoted by pointer", declared: receiver + "\ntype e$i struct{ *r$i }\n", called: "{\ne := e$i{&r$i{}}\ne.do($v$q)\n}\n"},
	{name: "promoted by interface", declared: dispatch + receiver + "\ntype e$i struct{ i$i }\n", called: "{\ne := e$i{&r$i{}}\ne.do($v)\n}\n", heap: true},
	{name: "promoted receiver", declared: carrier + "\ntype e$i struct {\nn int\nc$i\n}\n", called: "{\ne := &e$i{c$i: c$i{v: $v}}\ne.do()\n}\n", alias: "c.v"},
	{name: "promoted wrapper", declared: carrier + "\ntype e$i struct{ *c$i }\n\n//go:noinline\nfunc h$i(d interface{ do() }) { d.do() }\n", called: "h$i(e$i{&c$i{v: $v}})\n", alias: "c.v", heap: true},
	{name: "result", declared: "//go:noinline\nfunc h$i(x T) T { return x }\n", called: "{\n$v := h$i($v)\n$body}\n"},
	{name: "second result", declared: "//go:noinline\nfunc h$i(n int, x T) (int, T) { return n + 1, x }\n", called: "{\n_, $v := h$i(1, $v)\n$body}\n"},
	{name: "pointer", declared: "//go:noinline\nfunc h$i(p *T$p) {\n$v := *p\n$body}\n", called: "{\nref$i := $v\nh$i(&ref$i$q)\n}\n", alias: "*p"},
	{name: "filled in", declared: "//go:noinline\nfunc h$i(to *T, x T) { *to = x }\n", called: "{\nvar to$i T\nh$i(&to$i, $v)\n$v := to$i\n$body}\n", alias: "to$i", heap: true},
	{name: "struct", declared: "type q$i struct {\nn int\nv T\n}\n\n//go:noinline\nfunc h$i(q q$i) {\n$v := q.v\n$body}\n", called: "h$i(q$i{1, $v})\n"},
	{name: "boxed", declared: "//go:noinline\nfunc h$i(a any) {\n$v := a.(T)\n$body}\n", called: "h$i($v)\n", alias: "a.(T)"},
	{name: "append buffer", declared: "//go:noinline\nfunc h$i(list []T) {\n$v := list[len(list)-1]\n$body}\n", called: "{\nvar list$i []T\nlist$i = append(list$i, $v)\nh$i(list$i)\n}\n", alias: "list[0]", list: "list"},
	{name: "sliced array", declared: "//go:noinline\nfunc h$i(list []T) {\n$v := list[1]\n$body}\n", called: "{\nlist$i := [2]T{$v, $v}\nh$i(list$i[:])\n}\n", alias: "list[0]", list: "list"},
	{name: "map", declared: "//go:noinline\nfunc h$i(m map[int]T) {\n$v := m[1]\n$body}\n", called: "h$i(map[int]T{1: $v})\n", alias: "m[1]", heap: true},
	{name: "value receiver", declared: byValue, called: "c$i{v: $v}.do()\n"},
	{name: "value receiver's wrapper", declared: byValue + "\n//go:noinline\nfunc h$i(d interface{ do() }) { d.do() }\n", called: "h$i(&c$i{v: $v})\n", heap: true},
	{name: "defined type", declared: "type n$i T\n\n//go:noinline\nfunc h$i(x n$i) {\n$v := T(x)\n$body}\n", called: "h$i(n$i($v))\n"},
	{name: "type switch", called: "switch $v := any($v).(type) {\ncase T:\n$body}\n"},
	{name: "select", called: "{\nc := make(chan T, 1)\nselect {\ncase c <- $v:\n}\nselect {\ncase $v := <-c:\n$body}\n}\n", heap: true},
	{name: "panic", called: "func() {\ndefer func() {\n$v := recover().(T)\n$body}()\npanic($v)\n}()\n", heap: true},
	{name: "panicking", called: "func() {\ndefer func() { recover() }()\ndefer func() {\n$body}()\npanic(1)\n}()\n"},
	{name: "coroutine", called: "run.Pulled(func() {\n$body})\n", heap: true},
	{name: "generic of another package", called: "run.Each([]T{$v}, func($v T) {\n$body})\n"},
	{name: "literal of an inlined caller", called: "run.Wrapped(func() {\n$body})\n"},
	{name: "result set by a deferred literal", declared: "//go:noinline\nfunc h$i(x T) (out T) {\ndefer func() { out = x }()\nreturn\n}\n", called: "{\n$v := h$i($v)\n$body}\n"},
	{name: "assigned function", declared: function + "\nvar f$i = h$i\n", called: "f$i($v)\n", heap: true},
}
