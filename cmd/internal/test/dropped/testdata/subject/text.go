package main

import (
	"fmt"
	"reflect"
	"regexp"
	"runtime"
	"sort"
	"strings"
	"unsafe"
)

// mostNodes bounds the text of a value that leads to much of the program.
const mostNodes = 4000

// text is the deep value to which a pointer leads, without addresses. What does not end well is told too.
func text(value func() any) (s string) {
	p := printer{seen: map[place]int{}}
	defer func() {
		if v := recover(); v != nil {
			s = fmt.Sprintf("panic: %v", v)
		}
	}()
	p.print(reflect.ValueOf(value()).Elem())
	return strings.NewReplacer("\n", `\n`, "\t", `\t`).Replace(p.b.String())
}

// place is what a pointer leads to.
type place struct {
	addr unsafe.Pointer
	typ  reflect.Type
}

type printer struct {
	b     strings.Builder
	seen  map[place]int
	nodes int
}

func (p *printer) print(v reflect.Value) {
	if p.nodes++; p.nodes > mostNodes {
		p.b.WriteString("…")
		return
	}
	switch v.Kind() {
	case reflect.Pointer:
		p.pointer(v)
	case reflect.Interface:
		if v.IsNil() {
			p.b.WriteString("nil")
			return
		}
		fmt.Fprintf(&p.b, "%s(", v.Elem().Type())
		p.print(v.Elem())
		p.b.WriteString(")")
	case reflect.Struct:
		p.b.WriteString("{")
		for i := range v.NumField() {
			fmt.Fprintf(&p.b, " %s:", v.Type().Field(i).Name)
			p.print(v.Field(i))
		}
		p.b.WriteString("}")
	case reflect.Slice:
		if v.IsNil() {
			p.b.WriteString("nil")
			return
		}
		fmt.Fprintf(&p.b, "%d/%d", v.Len(), v.Cap())
		p.elements(v)
	case reflect.Array:
		p.elements(v)
	case reflect.Map:
		p.entries(v)
	case reflect.Func:
		p.function(v)
	case reflect.Chan:
		fmt.Fprintf(&p.b, "chan nil=%t %d/%d", v.IsNil(), v.Len(), v.Cap())
	case reflect.UnsafePointer:
		fmt.Fprintf(&p.b, "unsafe nil=%t", v.IsNil())
	case reflect.String:
		fmt.Fprintf(&p.b, "%q", v.String())
	case reflect.Bool:
		fmt.Fprint(&p.b, v.Bool())
	case reflect.Float32, reflect.Float64:
		fmt.Fprint(&p.b, v.Float())
	case reflect.Complex64, reflect.Complex128:
		fmt.Fprint(&p.b, v.Complex())
	case reflect.Int, reflect.Int8, reflect.Int16, reflect.Int32, reflect.Int64:
		fmt.Fprint(&p.b, v.Int())
	default:
		fmt.Fprint(&p.b, v.Uint())
	}
}

// pointer follows a pointer once: pointers to one place are told by a number.
func (p *printer) pointer(v reflect.Value) {
	if v.IsNil() {
		p.b.WriteString("nil")
		return
	}
	at := place{v.UnsafePointer(), v.Type()}
	n, again := p.seen[at]
	if !again {
		n = len(p.seen)
		p.seen[at] = n
	}
	fmt.Fprintf(&p.b, "&%d", n)
	if !again {
		p.print(v.Elem())
	}
}

func (p *printer) elements(v reflect.Value) {
	p.b.WriteString("[")
	for i := range v.Len() {
		p.b.WriteString(" ")
		p.print(v.Index(i))
	}
	p.b.WriteString("]")
}

// entries are those of a map, each printed by itself, sorted.
func (p *printer) entries(v reflect.Value) {
	if v.IsNil() {
		p.b.WriteString("nil")
		return
	}
	var all []string
	for it := v.MapRange(); it.Next(); {
		e := printer{seen: map[place]int{}, nodes: p.nodes}
		e.print(it.Key())
		e.b.WriteString("=")
		e.print(it.Value())
		all = append(all, e.b.String())
	}
	sort.Strings(all)
	fmt.Fprintf(&p.b, "map[%s]", strings.Join(all, " "))
}

// literal is where the number of a function literal begins, which is another one in an edited package.
var literal = regexp.MustCompile(`\.func[0-9].*`)

func (p *printer) function(v reflect.Value) {
	if v.IsNil() {
		p.b.WriteString("nil")
		return
	}
	name := "?"
	if f := runtime.FuncForPC(v.Pointer()); f != nil {
		name = literal.ReplaceAllString(f.Name(), ".func")
	}
	p.b.WriteString("func " + name)
}
