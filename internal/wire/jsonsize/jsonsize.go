// Package jsonsize bounds the memory that JSON of others takes when it is decoded.
package jsonsize

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"reflect"
	"strings"
	"sync"
)

const (
	// leastMemory is what the values of JSON may take in any case, in bytes.
	leastMemory = 1 << 20
	// sizeOfObject is what an object takes at least, structures that are larger their size.
	sizeOfObject = 256
	sizeOfList   = 24
	sizeOfValue  = 16
	// mostNested is how deep values may be in others; what is decoded here is less deep.
	mostNested = 1000
)

// Check refuses text whose values would take far more memory than it has bytes, more than so many times as much, when it is
// decoded into what into points to: such as a list of a million empty objects. It refuses values that are no structure or
// list where one is wanted, too: encoding/json makes those all the same, and says what is wrong at the end. What follows the
// first value is not looked at.
func Check(text []byte, into any, times int) error {
	w := walk{text: text, most: leastMemory + times*len(text)}
	return w.value(reflect.TypeOf(into), 0)
}

// walk goes through text, as encoding/json does.
type walk struct {
	text           []byte
	at, size, most int
}

var errNotJSON = errors.New("it is not JSON, or cut off")

// take counts memory.
func (w *walk) take(n int) error {
	if w.size += n; w.size > w.most {
		return fmt.Errorf("%d bytes of JSON would take more than %d of memory", len(w.text), w.most)
	}
	return nil
}

// next is the next byte that is not space, 0 at the end.
func (w *walk) next() byte {
	for ; w.at < len(w.text); w.at++ {
		switch c := w.text[w.at]; c {
		case ' ', '\t', '\r', '\n':
		default:
			return c
		}
	}
	return 0
}

// value goes through one that is decoded into a t, or left out if t is nil.
func (w *walk) value(t reflect.Type, depth int) error {
	if depth > mostNested {
		return fmt.Errorf("its values are nested more than %d deep", mostNested)
	}
	t = decoded(t)
	c := w.next()
	if c == 0 {
		return io.ErrUnexpectedEOF
	}
	if c != 'n' && !takes(t, c) { // null is nothing
		return fmt.Errorf("byte %d begins no %v", w.at, t)
	}
	switch c {
	case '{':
		if err := w.take(sizeOf(t)); err != nil {
			return err
		}
		return w.items('}', func() error { return w.member(t, depth+1) })
	case '[':
		if err := w.take(sizeOfList); err != nil {
			return err
		}
		item := itemOf(t)
		return w.items(']', func() error {
			if w.next() == 'n' { // null in a list makes an empty structure
				if err := w.take(sizeOf(decoded(item))); err != nil {
					return err
				}
			}
			return w.value(item, depth+1)
		})
	case '"':
		_, err := w.string()
		return err
	}
	start := w.at
	for w.at < len(w.text) && !strings.ContainsRune(" \t\r\n,:]}[{\"", rune(w.text[w.at])) {
		w.at++
	}
	if w.at == start {
		return errNotJSON
	}
	return nil
}

// items goes through what is between brackets.
func (w *walk) items(end byte, item func() error) error {
	w.at++
	if w.next() == end {
		w.at++
		return nil
	}
	for {
		if err := item(); err != nil {
			return err
		}
		c := w.next()
		w.at++
		switch c {
		case end:
			return nil
		case ',':
			if err := w.take(sizeOfValue); err != nil {
				return err
			}
		default:
			return errNotJSON
		}
	}
}

// member goes through a name and its value.
func (w *walk) member(t reflect.Type, depth int) error {
	if w.next() != '"' {
		return errNotJSON
	}
	name, err := w.string()
	if err != nil {
		return err
	}
	if w.next() != ':' {
		return errNotJSON
	}
	w.at++
	return w.value(memberOf(t, name), depth)
}

// string goes through a string, and is what it stands for with its quotation marks.
func (w *walk) string() ([]byte, error) {
	start := w.at
	for w.at++; w.at < len(w.text); w.at++ {
		switch w.text[w.at] {
		case '\\':
			w.at++
		case '"':
			w.at++
			return w.text[start:w.at], nil
		}
	}
	return nil, errNotJSON
}

var decodesItself = reflect.TypeFor[json.Unmarshaler]()

// decoded is what a t is decoded as: nil for what takes no memory or decides itself.
func decoded(t reflect.Type) reflect.Type {
	for t != nil {
		if t.Kind() != reflect.Interface && reflect.PointerTo(t).Implements(decodesItself) {
			return nil
		}
		if t.Kind() != reflect.Pointer {
			return t
		}
		t = t.Elem()
	}
	return nil
}

// takes reports whether what begins with c can be a t.
func takes(t reflect.Type, c byte) bool {
	if t == nil {
		return true
	}
	switch t.Kind() {
	case reflect.Interface:
		return true
	case reflect.Struct, reflect.Map:
		return c == '{'
	case reflect.Slice:
		return c == '[' || c == '"' && t.Elem().Kind() == reflect.Uint8
	case reflect.Array:
		return c == '['
	}
	return c != '{' && c != '['
}

func sizeOf(t reflect.Type) int {
	if t == nil {
		return sizeOfObject
	}
	return max(sizeOfObject, int(t.Size()))
}

func itemOf(t reflect.Type) reflect.Type {
	if t == nil || t.Kind() != reflect.Slice && t.Kind() != reflect.Array {
		return nil
	}
	return t.Elem()
}

// memberOf is the type of the value with a name, in quotation marks, or nil.
func memberOf(t reflect.Type, quoted []byte) reflect.Type {
	switch {
	case t == nil:
		return nil
	case t.Kind() == reflect.Map:
		return t.Elem()
	case t.Kind() != reflect.Struct:
		return nil
	}
	var name string
	if json.Unmarshal(quoted, &name) != nil {
		return nil
	}
	fields := fieldsOf(t)
	if f, ok := fields[name]; ok {
		return f
	}
	for other, f := range fields {
		if strings.EqualFold(other, name) { // as encoding/json takes it
			return f
		}
	}
	return nil
}

var known sync.Map // fieldsOf by type

// fieldsOf are the types of the fields of a structure, and of those that are embedded in it, by their names in JSON.
func fieldsOf(t reflect.Type) map[string]reflect.Type {
	if fields, ok := known.Load(t); ok {
		return fields.(map[string]reflect.Type)
	}
	fields := map[string]reflect.Type{}
	for _, f := range reflect.VisibleFields(t) {
		tag := f.Tag.Get("json")
		if !f.IsExported() || tag == "-" {
			continue
		}
		name, _, _ := strings.Cut(tag, ",")
		if name == "" {
			name = f.Name
		}
		fields[name] = f.Type
	}
	known.Store(t, fields)
	return fields
}
