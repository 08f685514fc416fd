package kept

// place is a kind of place that makes a value.
type place struct {
	name   string
	typ    string // of the value
	number string // the function that tells the number of a value
	text   string // statements that declare $v
}

var places = []place{
	{"variable", "*value.Item", "value.OfItem", "var x$v value.Item\nx$v.Set(run.Fresh())\n$v := &x$v\n"},
	{"composite literal", "*value.Item", "value.OfItem", "$v := &value.Item{}\n$v.Set(run.Fresh())\n"},
	{"new", "*value.Item", "value.OfItem", "$v := new(value.Item)\n$v.Set(run.Fresh())\n"},
	{"element of an array", "*value.Item", "value.OfItem", "var x$v [3]value.Item\nx$v[1].Set(run.Fresh())\n$v := &x$v[1]\n"},
	{"element of a slice", "*value.Item", "value.OfItem", "x$v := make([]value.Item, 3)\nx$v[2].Set(run.Fresh())\n$v := &x$v[2]\n"},
	{"field", "*value.Item", "value.OfItem", "var x$v struct {\nn int\nit value.Item\n}\nx$v.it.Set(run.Fresh())\n$v := &x$v.it\n"},
	{"pointer to a pointer", "**value.Item", "value.OfPointer", "x$v := &value.Item{}\nx$v.Set(run.Fresh())\n$v := &x$v\n"},
	{"pair", "value.Pair", "value.OfPair", "var x$v, y$v value.Item\nx$v.Set(run.Fresh())\ny$v.Set(x$v.Number())\n$v := value.Pair{A: &x$v, B: &y$v}\n"},
	{"make", "[]int", "value.OfInts", "$v := make([]int, 8)\nvalue.Fill($v, run.Fresh())\n"},
	{"slice literal", "[]int", "value.OfInts", "$v := []int{0, 0, 0, 0, 0}\nvalue.Fill($v, run.Fresh())\n"},
	{"sliced array", "[]int", "value.OfInts", "var x$v [8]int\n$v := x$v[:6]\nvalue.Fill($v, run.Fresh())\n"},
	{"append", "[]int", "value.OfInts", "var $v []int\nfor range 4 {\n$v = append($v, 0)\n}\nvalue.Fill($v, run.Fresh())\n"},
	{"variadic slice", "[]int", "value.OfInts", "x$v := run.Fresh()\n$v := value.List(x$v, x$v+1000003, x$v+2000006)\n"},
	{"make of unknown size", "[]int", "value.OfInts", "$v := make([]int, 2+run.Fresh()%3)\nvalue.Fill($v, run.Fresh())\n"},
	{"bytes of a string", "[]byte", "value.OfBytes", "x$v := value.Text(run.Fresh())\ny$v := string(x$v)\n$v := []byte(y$v)\n"},
	{"appended bytes", "[]byte", "value.OfBytes", "$v := append([]byte(nil), value.Text(run.Fresh())...)\n"},
	{"string of bytes", "string", "value.OfString", "$v := string(value.Text(run.Fresh()))\n"},
	{"concatenation", "string", "value.OfString", "x$v := value.Text(run.Fresh())\ny$v := string(x$v[:len(x$v)/2])\n$v := y$v + \"=\" + y$v\n"},
	{"closure", "func() int", "value.OfFunc", "var x$v value.Item\nx$v.Set(run.Fresh())\n$v := func() int { return x$v.Number() }\n"},
	{"closure by value", "func() int", "value.OfFunc", "x$v := run.Fresh()\n$v := func() int { return x$v }\n"},
	{"method value", "func() int", "value.OfFunc", "var x$v value.Item\nx$v.Set(run.Fresh())\n$v := x$v.Number\n"},
	{"boxed struct", "any", "value.OfAny", "var $v any = value.Made(run.Fresh())\n"},
	{"boxed array", "any", "value.OfAny", "var x$v [4]int\nvalue.Fill(x$v[:], run.Fresh())\nvar $v any = x$v\n"},
	{"boxed number", "any", "value.OfAny", "var $v any = run.Fresh() + 100000\n"},
	{"boxed pointer", "any", "value.OfAny", "x$v := &value.Item{}\nx$v.Set(run.Fresh())\nvar $v any = x$v\n"},
	{"map", "map[int]int", "value.OfMap", "$v := map[int]int{}\n$v[0] = run.Fresh()\n$v[1] = $v[0] + 7\n"},
	{"append to a buffer", "[]int", "value.OfInts", "var x$v [8]int\n$v := append(x$v[:0], 0, 0, 0, 0)\nvalue.Fill($v, run.Fresh())\n"},
	{"loop variable", "*value.Item", "value.OfItem", "y$v := run.Fresh()\nvar $v *value.Item\nfor x$v, n$v := (value.Item{}), 0; n$v < 2; n$v++ {\nx$v.Set(y$v)\n$v = &x$v\n}\n"},
	{"converted", "*value.Item", "value.OfItem", "var x$v struct{ value.Item }\nx$v.Set(run.Fresh())\n$v := (*value.Item)(&x$v.Item)\n"},
}

// shared are bytes that share the memory of a string where nothing writes to them.
var shared = place{"shared bytes", "[]byte", "value.OfBytes", "y$v := string(value.Text(run.Fresh()))\n$v := []byte(y$v)\n"}

// unharmed is the end of the function that makes the string: nothing may have written to it.
const unharmed = "if value.OfString(y$v) < 0 {\nrun.Note(-2)\n}\n"

// spoiling is what a version does with shared bytes: which of two functions it gives them to, and which of the two writes.
// Where versions are mixed the string may be written to.
var spoiling = []struct{ calls, scan, spoil string }{
	{"scan($v); spoil(own); ", reads, writes},
	{"spoil($v); scan(own); ", writes, reads},
	{"scan($v); spoil(own); ", writes, reads},
	{"scan($v); spoil(own); ", reads, reads},
}

const (
	reads  = "run.Add(int(b[1]))"
	writes = "b[0] = 'X'; run.Add(1)"
)
