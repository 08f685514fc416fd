package patch

import (
	"errors"
	"fmt"
	"reflect"
	"slices"
	"strings"
	"testing"
)

// hostAddresses are all numbers of 8 bytes in a patch that are addresses of the program. otherNumbers are the rest.
var (
	hostAddresses = []string{
		"Release.Text", "Release.Etext", "Runtime.Func[]", "Runtime.Var[]", "Runtime.Types", "Runtime.Rodata",
		"Image.NearLow", "Image.NearHigh", "Itabs.Inter.Value", "Itabs.Type.Value", "Fills.Addr", "Fills.To.Value", "Fills.Base",
		"FilledTypes", "MethodTables.Type", "MethodUses.Readers.Addr", "MethodUses.Caches", "Resets.Users.Addr",
		"HostCalls.Addr", "Redirects.Addr", "Redirects.Calls", "Left.Stale.Addr", "Keeps.Addr", "Waits.Stale.Addr", "Confined.Inside.Addr",
	}
	otherNumbers = []string{
		"Runtime.Offset[]", "Image.Size", "Image.TextSize", "Image.RodataOff", "Image.DataOff", "Image.TextEnd", "Image.RodataEnd", "Image.DataEnd", "Image.Moduledata",
		"Symbols.Off", "Symbols.Size", "Itabs.Slots", "Fills.Old", "MethodTables.New", "MethodTables.Table",
		"MethodUses.Readers.Size", "MethodUses.ImageCaches", "Inits.Funcs", "Resets.Func", "Resets.Swap", "Resets.Users.Size",
		"Hooks.Func", "Funcs.Off", "Funcs.Size", "Redirects.Size", "Redirects.Home", "Left.Stale.Size", "Waits.Stale.Size", "Confined.Inside.Size",
	}
)

// fill gives every number of 8 bytes below v a value, every list one element, and makes references lead to the program.
func fill(v reflect.Value) {
	switch v.Kind() {
	case reflect.Uint64:
		v.SetUint(0x500000)
	case reflect.Struct:
		for i := range v.NumField() {
			fill(v.Field(i))
		}
		if r, ok := v.Addr().Interface().(*Ref); ok {
			r.Kind = "host"
		}
	case reflect.Slice:
		v.Set(reflect.MakeSlice(v.Type(), 1, 1))
		fill(v.Index(0))
	case reflect.Map:
		v.Set(reflect.MakeMap(v.Type()))
		v.SetMapIndex(reflect.ValueOf("name"), reflect.ValueOf(uint64(0x500000)))
	case reflect.Pointer:
		v.Set(reflect.New(v.Type().Elem()))
		fill(v.Elem())
	}
}

// numbers calls yield for every number of 8 bytes below v.
func numbers(v reflect.Value, path string, yield func(path string, n uint64)) {
	switch v.Kind() {
	case reflect.Uint64:
		yield(path, v.Uint())
	case reflect.Struct:
		for i := range v.NumField() {
			numbers(v.Field(i), strings.TrimPrefix(path+"."+v.Type().Field(i).Name, "."), yield)
		}
	case reflect.Slice:
		numbers(v.Index(0), path, yield)
	case reflect.Map:
		for _, k := range v.MapKeys() {
			numbers(v.MapIndex(k), path+"[]", yield)
		}
	case reflect.Pointer:
		numbers(v.Elem(), path, yield)
	}
}

// TestSlide moves every address of the program, and nothing else. A field that is new has to be entered in one of the
// two lists.
func TestSlide(t *testing.T) {
	const slide = 0x555555000000
	p := &Patch{}
	fill(reflect.ValueOf(p).Elem())
	p.Slid = 0
	p.Slide(slide) // such a patch does not pass the check, which comes last
	seen := map[string]bool{}
	numbers(reflect.ValueOf(p).Elem(), "", func(path string, n uint64) {
		seen[path] = true
		switch {
		case path == "Slid":
			if n != slide {
				t.Errorf("the patch says it was moved by %#x", n)
			}
		case slices.Contains(hostAddresses, path):
			if n != 0x500000+slide {
				t.Errorf("%s is %#x", path, n)
			}
		case slices.Contains(otherNumbers, path):
			if n != 0x500000 {
				t.Errorf("%s is %#x", path, n)
			}
		default:
			t.Errorf("%s is in no list", path)
		}
	})
	for _, path := range slices.Concat(hostAddresses, otherNumbers) {
		if !seen[path] {
			t.Errorf("there is no %s", path)
		}
	}
}

// TestSlideChecks moves a good patch to where a program can be, and to where none can.
func TestSlideChecks(t *testing.T) {
	p := sample()
	if err := p.Slide(0x555555000000); err != nil {
		t.Fatal(err)
	}
	if p.Release.Text != 0x555555401000 || p.Itabs[0].Type.Value != 1 || p.Fills[1].Base != 0 {
		t.Error("the patch was moved wrongly", fmt.Sprintf("%#x %#x %#x", p.Release.Text, p.Itabs[0].Type.Value, p.Fills[1].Base))
	}
	if err := p.Slide(1 << 47); !errors.Is(err, ErrMalformed) {
		t.Errorf("moved beyond user memory: %v", err)
	}
}
