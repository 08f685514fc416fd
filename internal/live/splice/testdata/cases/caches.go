package main

import (
	"reflect"
	"runtime"
	"unsafe"

	"github.com/gosplice/gosplice/internal/live/splice/testdata/locate"
)

// remembered is what a type switch of one case and a type assertion use: a word that leads to their cache, before the
// interface types.
var (
	emptyCache    [4]uintptr // mask 0, one entry
	onOne         [3]uintptr // cache, 1, type
	asserted      [3]uintptr // cache, type, 1: it can fail
	withoutCaches [3]uintptr
)

// typeCaches tells words that lead to caches from those beside them.
func typeCaches(p *locate.Program) {
	e := armed(p)
	cache := uintptr(unsafe.Pointer(&emptyCache))
	inter := uintptr(typeAddr(reflect.TypeFor[shape]()))
	onOne = [3]uintptr{cache, 1, inter}
	asserted = [3]uintptr{cache, inter, 1}
	withoutCaches = [3]uintptr{0, 1, inter}
	check := func(what string, words *[3]uintptr, word int, ok bool) {
		err := e.CheckTypeCache(uint64(uintptr(unsafe.Pointer(&words[word]))))
		expect((err == nil) == ok, "%s, word %d: %v", what, word, err)
	}
	for word := range 3 {
		check("type switch", &onOne, word, word == 0)
		check("type assertion", &asserted, word, word == 0)
		check("no cache", &withoutCaches, word, false)
	}
	// The heap grows into memory that was reserved, and not readable, when the machinery was armed.
	var grown [][]uintptr
	for range 512 {
		words := make([]uintptr, 1<<17)
		grown = append(grown, words)
		onOne[0] = uintptr(unsafe.Pointer(&words[0]))
		check("cache of a heap that grew", &onOne, 0, true)
	}
	runtime.KeepAlive(grown)
	onOne[0] = cache
	for _, mask := range []uintptr{2, 16, 1 << 40} {
		emptyCache[0] = mask
		check("no mask", &onOne, 0, false)
	}
	toggle(p, e)
}
