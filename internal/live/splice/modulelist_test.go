package splice

import (
	"runtime"
	"sync"
	"sync/atomic"
	"testing"
	"unsafe"
)

// fakeModules keeps the memory of lists, to which no pointers lead.
var fakeModules [][]uint64

// fakeList is an engine whose list of modules has n modules to be added, of one word each: next.
func fakeList(n int) (e *Engine, modules []uint64) {
	memory := onHeap(n + 2)
	fakeModules = append(fakeModules, memory)
	at := func(i int) uint64 { return uint64(uintptr(unsafe.Pointer(&memory[i]))) }
	e = &Engine{images: map[uint64]*Region{}, users: []Range{}}
	e.at.module = map[string]uint64{"next": 0}
	e.vars.firstModule, e.vars.lastModule = at(0), at(1)
	memory[1] = at(0)
	for i := range n {
		modules = append(modules, at(i+2))
	}
	return e, modules
}

// TestAddToListBeside adds 10,000 modules on either side: here, and as github.com/bytedance/sonic/loader does.
func TestAddToListBeside(t *testing.T) {
	const each = 10000
	e, modules := fakeList(2 * each)
	var both sync.WaitGroup
	both.Go(func() {
		for _, m := range modules[:each] {
			e.addToList(m)
		}
	})
	both.Go(func() {
		tail := (**uint64)(pointer(e.vars.lastModule))
		for _, m := range modules[each:] {
			module := (*uint64)(pointer(m))
			for {
				last := (*uint64)(atomic.LoadPointer((*unsafe.Pointer)(unsafe.Pointer(tail))))
				if atomic.CompareAndSwapPointer((*unsafe.Pointer)(unsafe.Pointer(tail)), unsafe.Pointer(last), unsafe.Pointer(module)) {
					atomic.StorePointer((*unsafe.Pointer)(unsafe.Pointer(last)), unsafe.Pointer(module))
					break
				}
			}
		}
	})
	both.Wait()
	reached := map[uint64]bool{}
	for m := range e.modules() {
		reached[m] = true
	}
	for i, m := range modules {
		if !reached[m] {
			t.Fatalf("module %d was lost", i)
		}
	}
	if s := e.lookAtList(); !s.settled() {
		t.Errorf("the list is not in order: %+v", s)
	}
}

// TestSettle mends what others leave behind. Every list has the modules 0, 1, 2 ... of which those in own are images'.
func TestSettle(t *testing.T) {
	for name, c := range map[string]struct {
		next map[int]int // from -1, the first module
		tail int
		own  []int
		want []int
	}{
		"in order":                       {map[int]int{-1: 0, 0: 1}, 1, []int{1}, []int{0, 1}},
		"a swapped tail without a next":  {map[int]int{-1: 0}, 1, nil, []int{0, 1}},
		"two of them":                    {map[int]int{-1: 0, 1: 2}, 2, []int{2}, []int{0, 2}}, // 1 comes when it stores
		"a next without a tail":          {map[int]int{-1: 0, 0: 1}, 0, nil, []int{0, 1}},
		"overwritten by the other":       {map[int]int{-1: 1}, 1, []int{0}, []int{1, 0}},
		"overwritten with what followed": {map[int]int{-1: 2, 0: 1}, 2, []int{0}, []int{2, 0, 1}},
		"the other overwritten":          {map[int]int{-1: 0}, 1, []int{0}, []int{0, 1}},
		"both lost":                      {map[int]int{-1: 3, 0: 1}, 2, []int{1, 0}, []int{3, 2, 0, 1}},
	} {
		e, modules := fakeList(4)
		at := func(i int) uint64 {
			if i < 0 {
				return e.vars.firstModule
			}
			return modules[i]
		}
		for from, to := range c.next {
			storeAtomic64(at(from), at(to))
		}
		storeAtomic64(e.vars.lastModule, at(c.tail))
		for _, i := range c.own {
			r := &Region{module: at(i)}
			e.regions, e.images[at(i)] = append(e.regions, r), r
		}
		if err := e.settle(); err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		n := 0
		for m := range e.modules() {
			if n > 0 && (n > len(c.want) || m != at(c.want[n-1])) {
				t.Errorf("%s: entry %d is wrong", name, n-1)
			}
			n++
		}
		if n != len(c.want)+1 {
			t.Errorf("%s: %d entries", name, n-1)
		}
	}
}

// TestTailUsers finds the functions that name a variable.
func TestTailUsers(t *testing.T) {
	text := Range{entryOf(namesNamed) &^ 15, entryOf(namesNamed) + 64}
	found := 0
	for at := range references(text, uint64(uintptr(unsafe.Pointer(&named)))) {
		if entryAt(at) == entryOf(namesNamed) {
			found++
		}
	}
	if found == 0 {
		t.Error("a function that names the variable was not found")
	}
}

var named uint64

//go:noinline
func namesNamed() { named++ }

// TestPublishBesidePlainStores publishes a module 10,000 times while another one is added as runtime.addmoduledata does it
// for a plugin: it reads the tail, writes its next and then the tail. What one of them loses is there again once the list
// is settled, which it is before code of a patch runs and before every switch.
func TestPublishBesidePlainStores(t *testing.T) {
	lost := 0
	for round := range 10000 {
		e, modules := fakeList(2)
		yields := round%200 < 8 // what is lost then takes a while to be mended
		var both sync.WaitGroup
		both.Go(func() {
			if round%2 == 0 {
				e.addToList(modules[0])
			} else if err := e.publish(modules[0]); err != nil {
				t.Error(err)
			}
		})
		both.Go(func() {
			last := loadAtomic64(e.vars.lastModule)
			if yields && round&2 != 0 { // the processor has something else to do
				runtime.Gosched()
			}
			storeAtomic64(last, modules[1])
			if yields && round&4 != 0 {
				runtime.Gosched()
			}
			storeAtomic64(e.vars.lastModule, modules[1])
		})
		both.Wait()
		r := &Region{module: modules[0]}
		e.regions, e.images[modules[0]] = append(e.regions, r), r
		if s := e.lookAtList(); !s.settled() {
			lost++
		}
		if err := e.settle(); err != nil {
			t.Fatal(err)
		}
		reached := 0
		for m := range e.modules() {
			if m == modules[0] || m == modules[1] {
				reached++
			}
		}
		if reached != 2 {
			t.Fatalf("in round %d %d of 2 modules are in the list", round, reached)
		}
	}
	t.Logf("in %d of 10000 rounds something was lost, and mended", lost)
}
