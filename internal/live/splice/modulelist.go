package splice

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"time"
	"unsafe"
)

// The runtime keeps all modules in a list that only grows: firstmoduledata, next, next, and lastmoduledatap, the
// tail. Others add to it as well, each in a way of its own:
//
//   - Libraries that compile at run time (github.com/bytedance/sonic/loader) exchange the tail by compare and swap, and
//     then let the former tail lead to the new one. publish does the same. Whoever gets the tail owns one next, so
//     that nobody loses an entry; what hangs behind a next that is still to be written can't be found until then,
//     which settle waits for.
//   - Older ones read the tail, write its next and then the tail, with plain stores. One of them that stands in
//     between would overwrite the other's entry. publish writes in a stopped world in which no goroutine was
//     interrupted inside of a function of the program that names the tail. Compiled code makes no call between its
//     load and its stores, so none is in between.
//   - runtime.addmoduledata, which C code calls while a plugin is opened, also has plain stores, and C is not stopped.
//     Nothing can be done against it at that moment. What it may have lost is found and mended by settle, before any
//     code of the module runs and before every switch.
//
// A reader of the list without a lock, such as findfunc, sees all modules in it at any time.

const (
	// maxModules bounds the list; one that is longer is none.
	maxModules = 1 << 20
	// mendAfter is how long somebody may take between his two stores. A thread may have lost its processor there.
	mendAfter = 20 * time.Millisecond
	// settleTimeout is how long the list may stay in disorder.
	settleTimeout = 2 * time.Second
)

// modules are the modules that the runtime finds, in the order of the list.
func (e *Engine) modules() iter.Seq[uint64] {
	return func(yield func(uint64) bool) {
		next := e.at.module["next"]
		for m, n := e.vars.firstModule, 0; m != 0 && n <= maxModules; m, n = loadAtomic64(m+next), n+1 {
			if !yield(m) {
				return
			}
		}
	}
}

// listState is the list as a look at it finds it.
type listState struct {
	end        uint64 // of what is reached from the first module
	tail       uint64 // lastmoduledatap
	tailListed bool
	lost       uint64 // a module of an image that is not reached, or 0
	tooLong    bool
}

func (s *listState) settled() bool { return s.end == s.tail && s.lost == 0 }

// lookAtList may run in a stopped world.
func (e *Engine) lookAtList() listState {
	s := listState{tail: loadAtomic64(e.vars.lastModule)}
	for _, r := range e.regions {
		r.listed = false
	}
	next := e.at.module["next"]
	n := 0
	for m := e.vars.firstModule; m != 0 && n <= maxModules; m, n = loadAtomic64(m+next), n+1 {
		s.end = m
		s.tailListed = s.tailListed || m == s.tail
		if r := e.images[m]; r != nil {
			r.listed = true
		}
	}
	s.tooLong = n > maxModules
	for _, r := range e.regions {
		if r.module != 0 && !r.listed {
			s.lost = r.module
		}
	}
	return s
}

// settle waits until the list is in order: it ends with the tail, and holds all modules of images. What stays in disorder
// was left so by somebody who wrote without care, and is mended.
func (e *Engine) settle() error {
	for began := time.Now(); ; time.Sleep(50 * time.Microsecond) {
		s := e.lookAtList()
		after := time.Since(began)
		switch {
		case s.tooLong:
			return errors.New("the runtime's list of modules leads in a circle: restart the program")
		case s.settled():
			return nil
		case after > settleTimeout:
			return errors.New("the runtime's list of modules stays in disorder: something in this program adds code to it without care: try again, or restart the program with the edit built in")
		case after > mendAfter:
			if err := e.alone(e.mend); err != nil {
				return err
			}
		}
	}
}

// mend makes one step towards a list in order.
func (e *Engine) mend() {
	next := e.at.module["next"]
	switch s := e.lookAtList(); {
	case s.settled() || s.tooLong:
	case s.tailListed && s.end != s.tail:
		casAtomic64(e.vars.lastModule, s.tail, s.end)
	case s.end != s.tail:
		casAtomic64(s.end+next, 0, s.tail)
	default:
		last := s.lost
		for n := 0; loadAtomic64(last+next) != 0 && n < maxModules; n++ {
			last = loadAtomic64(last + next)
		}
		if casAtomic64(e.vars.lastModule, s.end, last) {
			storeAtomic64(s.end+next, s.lost)
		}
	}
}

// publish adds a module to the list.
func (e *Engine) publish(module uint64) error {
	if err := e.settle(); err != nil {
		return err
	}
	return e.alone(func() { e.addToList(module) })
}

func (e *Engine) addToList(module uint64) {
	for {
		last := loadAtomic64(e.vars.lastModule)
		if casAtomic64(e.vars.lastModule, last, module) {
			storeAtomic64(last+e.at.module["next"], module)
			return
		}
	}
}

// alone calls f, which may not block, while no goroutine is in the middle of a function of the program that names the
// tail of the list. Where no such function is, it just calls f.
func (e *Engine) alone(f func()) error {
	users := e.tailUsers()
	if len(users) == 0 {
		f()
		return nil
	}
	_, err := e.switchWhen(context.Background(), nil, Options{Exchange: []func(){f}, Whole: users, Timeout: settleTimeout})
	return err
}

// tailUsers are the functions of the program, but for the runtime's, that name the tail of the list.
func (e *Engine) tailUsers() []Range {
	if e.users == nil {
		e.users = []Range{}
		for at := range references(e.text, e.vars.lastModule) {
			if n := len(e.users); n > 0 && e.users[n-1].contains(at) {
				continue
			}
			if entry := entryAt(at); entry != 0 && !runsWhenStopped(entry) {
				e.users = append(e.users, bodyOf(entry, e.text.Hi))
			}
		}
	}
	return e.users
}

// activate makes the runtime compute what it needs of images' modules, and list them for those who ask for all at once,
// such as the garbage collector, unless it has. Whoever does the same at the same time for a module of his own may
// publish a list that lacks an image's.
func (e *Engine) activate() error {
	for began := time.Now(); !e.active(); {
		if time.Since(began) > settleTimeout {
			return errors.New("the runtime does not take the patch's module into its list: restart the program with the edit built in")
		}
		if err := e.checkMasks(); err != nil {
			return err
		}
		e.fn.modulesinit()
		for _, r := range e.regions {
			r.activated = r.activated || r.module != 0
		}
	}
	return nil
}

// active reports whether the runtime has taken the modules of all images into its slice.
func (e *Engine) active() bool {
	for _, r := range e.regions {
		if r.module != 0 && !r.activated {
			return false
		}
	}
	missing := len(e.images)
	if slice := loadAtomic64(e.vars.modulesSlice); slice != 0 {
		for at, n := load64(slice), load64(slice+wordSize); n > 0; at, n = at+wordSize, n-1 {
			if e.images[load64(at)] != nil {
				missing--
			}
		}
	}
	return missing == 0
}

// noPointers is a pointer mask of nothing.
var noPointers [wordSize]byte

// checkMasks makes sure that the runtime can compute the masks of modules that others have added, which it does for
// those that lack them. They are not checked when they are added.
func (e *Engine) checkMasks() error {
	return withoutFaults(func() error {
		for m := range e.modules() {
			if !e.lacksMasks(m) {
				continue
			}
			if !e.maps.writable(m, e.at.moduleSize) {
				return fmt.Errorf("a module that the program has made itself (%s) is read-only, so that the runtime can't take another one: restart the program with the edit built in", e.moduleName(m))
			}
			for _, part := range [][3]string{{"gcdata", "data", "edata"}, {"gcbss", "bss", "ebss"}} {
				if err := e.checkMask(m, part[0], e.at.word(m, part[2])-e.at.word(m, part[1])); err != nil {
					return err
				}
			}
		}
		return nil
	})
}

// lacksMasks reports a module of others for which the runtime is to compute masks.
func (e *Engine) lacksMasks(m uint64) bool {
	masks, ok := e.at.module["gcdatamask"]
	if !ok || e.images[m] != nil || !allZero(bytesAt(m+masks, 2*wordSize)) {
		return false
	}
	bad, ok := e.at.module["bad"]
	return !ok || load8(m+bad) == 0
}

// checkMask checks one mask, of size bytes. A module without data may lack it, but the runtime reads it all the same: it is
// given an empty one.
func (e *Engine) checkMask(m uint64, field string, size uint64) error {
	at := e.at.word(m, field)
	if at == 0 && size == 0 {
		storeAtomic64(m+e.at.module[field], uint64(uintptr(unsafe.Pointer(&noPointers))))
		return nil
	}
	if bits, ok := maskBits(at, Range{at, at + maxRegion}); at == 0 || !ok || bits > size/wordSize {
		return fmt.Errorf("a module that the program has made itself (%s) has a wrong %s, so that the runtime can't take another one: restart the program with the edit built in", e.moduleName(m), field)
	}
	return nil
}

// moduleName is what a module calls itself.
func (e *Engine) moduleName(m uint64) string {
	for _, field := range []string{"pluginpath", "modulename"} {
		if name := e.stringOf(m, field); name != "" {
			return name
		}
	}
	return fmt.Sprintf("code at %#x", e.at.word(m, "text"))
}

// stringOf is a field of type string, cut to what messages can hold.
func (e *Engine) stringOf(m uint64, field string) string {
	off, ok := e.at.module[field]
	if !ok {
		return ""
	}
	at, n := load64(m+off), load64(m+off+wordSize)
	if at == 0 || n == 0 {
		return ""
	}
	return fmt.Sprintf("%q", bytesAt(at, int(min(n, 100))))
}
