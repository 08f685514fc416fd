package pipeline

import (
	"reflect"
	"strings"
)

// detach copies every string in what p points to. Names of symbols are read in place from the
// mapped archives, and must not be used when those are closed; what leaves the pipeline is.
func detach[T any](p *T) { detachValue(reflect.ValueOf(p).Elem()) }

func detachValue(v reflect.Value) {
	switch v.Kind() {
	case reflect.String:
		v.SetString(strings.Clone(v.String()))
	case reflect.Pointer:
		if !v.IsNil() {
			detachValue(v.Elem())
		}
	case reflect.Struct:
		for i := range v.NumField() {
			detachValue(v.Field(i))
		}
	case reflect.Slice:
		if v.Type().Elem().Kind() == reflect.Uint8 {
			return
		}
		for i := range v.Len() {
			detachValue(v.Index(i))
		}
	case reflect.Map:
		detachMap(v)
	}
}

func detachMap(v reflect.Value) {
	copied := reflect.MakeMapWithSize(v.Type(), v.Len())
	for _, k := range v.MapKeys() {
		key, value := reflect.New(v.Type().Key()).Elem(), reflect.New(v.Type().Elem()).Elem()
		key.Set(k)
		value.Set(v.MapIndex(k))
		detachValue(key)
		detachValue(value)
		copied.SetMapIndex(key, value)
	}
	if !v.IsNil() {
		v.Set(copied)
	}
}
