package splice

import (
	"errors"
	"fmt"
	"runtime"
	"runtime/debug"
	"time"
	"unsafe"

	"github.com/gosplice/gosplice/internal/wire/patch"
)

// Engine is the armed machinery. Its methods are not safe for concurrent use; the agent
// serialises them. Regions that it hands out belong to it.
type Engine struct {
	release release
	fn      runtimeFuncs
	world   world
	vars    runtimeVars
	at      layout
	text    Range // the program's code
	program Range // the program's code and data
	preempt Range // body of runtime.asyncPreempt2
	goexit  Range // body of runtime.goexit
	writer  *textWriter
	barrier barrier
	regions []*Region
	maps    protections
	images  map[uint64]*Region // those with a registered module, by its address
	users   []Range            // see tailUsers; nil until they were looked for

	// extended are the types whose method tables were ever exchanged, by address; retired the interface tables
	// that were true once, and twins those that stand in their places, of which kept is the memory.
	extended map[uint64]extended
	retired  map[pair]uint64
	twins    map[uint64]bool
	kept     [][]uint64
}

// runtimeFuncs are functions of the runtime, called by address. Their signatures are the same in
// Go 1.25 to 1.27.
type runtimeFuncs struct {
	modulesinit func()
	getitab     func(inter, typ uintptr, canfail bool) unsafe.Pointer
	itabInit    func(tab unsafe.Pointer, firstTime bool) string
	lock2       func(unsafe.Pointer)
	unlock2     func(unsafe.Pointer)
}

// runtimeVars are addresses of variables, and of what they point to as long as the program runs.
type runtimeVars struct {
	firstModule  uint64
	lastModule   uint64 // of the pointer
	modulesSlice uint64 // of the pointer
	itabTable    uint64 // of the pointer
	itabLock     uint64
	unreachable  uint64 // entry of runtime.unreachableMethod
}

// Arm checks that the runtime is where rt says and works as expected, and returns the machinery to
// change the program, whose code is [text, etext). It writes a function of its own and calls it,
// and stops the world a few times for well under a millisecond. When anything differs from what is
// expected it returns an error, with nothing changed.
func Arm(rt patch.Runtime, text, etext uint64) (*Engine, error) {
	if err := Supported(); err != nil {
		return nil, err
	}
	e := &Engine{text: Range{text, etext}, images: map[uint64]*Region{}}
	e.release, _ = releaseOf(runtime.Version())
	steps := []func() error{
		func() error { return e.locate(rt) },
		e.findGoexit,
		e.checkModules,
		e.checkProgram,
		e.checkItabs,
		e.checkLock,
		e.listTypes,
		e.prepareWriting,
		e.selfTest,
	}
	for _, step := range steps {
		if err := withoutFaults(step); err != nil {
			return nil, err
		}
	}
	return e, nil
}

// withoutFaults calls f and returns an error when f reads memory that is not there.
func withoutFaults(f func() error) (err error) {
	defer debug.SetPanicOnFault(debug.SetPanicOnFault(true))
	defer func() {
		if r := recover(); r != nil {
			err = fmt.Errorf("the runtime is not where the patch says (%v): make the patch for this build of the program", r)
		}
	}()
	return f()
}

// locate checks and stores addresses and offsets.
func (e *Engine) locate(rt patch.Runtime) error {
	if e.text.Lo >= e.text.Hi || e.text.Lo%wordSize != 0 {
		return fmt.Errorf("code from %#x to %#x is not possible: make the patch again", e.text.Lo, e.text.Hi)
	}
	var err error
	if e.at, err = newLayout(rt); err != nil {
		return err
	}
	find := func(name string) (addr uint64) {
		if err == nil {
			addr, err = e.function(rt, name)
		}
		return addr
	}
	e.world = world{
		stop:     funcAt[func(uint8) worldStop](find("runtime.stopTheWorld")),
		start:    funcAt[func(worldStop)](find("runtime.startTheWorld")),
		forEachG: funcAt[func(func(unsafe.Pointer))](find("runtime.forEachGRace")),
	}
	e.fn = runtimeFuncs{
		modulesinit: funcAt[func()](find("runtime.modulesinit")),
		getitab:     funcAt[func(uintptr, uintptr, bool) unsafe.Pointer](find("runtime.getitab")),
		itabInit:    funcAt[func(unsafe.Pointer, bool) string](find("runtime.itabInit")),
		lock2:       funcAt[func(unsafe.Pointer)](find("runtime.lock2")),
		unlock2:     funcAt[func(unsafe.Pointer)](find("runtime.unlock2")),
	}
	e.vars.unreachable = find("runtime.unreachableMethod")
	e.preempt = bodyOf(find("runtime.asyncPreempt2"), e.text.Hi)
	if err != nil {
		return err
	}
	return e.variables(rt)
}

// function returns the address that rt gives for a function of the runtime, once the runtime agrees
// that a function of this name starts there.
func (e *Engine) function(rt patch.Runtime, name string) (uint64, error) {
	addr, ok := rt.Func[name]
	if !ok {
		return 0, fmt.Errorf("the patch lacks the address of %s: make it again with this gosplice", name)
	}
	f := runtime.FuncForPC(uintptr(addr))
	if !e.text.contains(addr) || f == nil || uint64(f.Entry()) != addr || f.Name() != name {
		return 0, fmt.Errorf("%s is not at %#x: make the patch for this build of the program", name, addr)
	}
	return addr, nil
}

// findGoexit finds where outermost functions return to: it is the last that every goroutine has on its stack.
func (e *Engine) findGoexit() error {
	if !linkRegister {
		return nil
	}
	pcs := callers()
	if len(pcs) == 0 || nameAt(uint64(pcs[len(pcs)-1])) != "runtime.goexit" {
		return errors.New("the outermost function of a goroutine does not return to runtime.goexit: this program can't be patched")
	}
	e.goexit = bodyOf(uint64(runtime.FuncForPC(pcs[len(pcs)-1]).Entry()), e.text.Hi)
	return nil
}

// bodyOf returns the range of the function at entry, up to limit.
func bodyOf(entry, limit uint64) Range {
	end := entry
	for end < limit {
		f := runtime.FuncForPC(uintptr(end))
		if f == nil || uint64(f.Entry()) != entry {
			break
		}
		end++
	}
	return Range{entry, end}
}

// variables checks that the runtime's variables are in memory that the program can write, and apart.
func (e *Engine) variables(rt patch.Runtime) error {
	var taken []Range
	for _, v := range []struct {
		name string
		size uint64
		to   *uint64
	}{
		{"runtime.firstmoduledata", e.at.moduleSize, &e.vars.firstModule},
		{"runtime.lastmoduledatap", wordSize, &e.vars.lastModule},
		{"runtime.itabTable", wordSize, &e.vars.itabTable},
		{"runtime.itabLock", wordSize, &e.vars.itabLock},
		{"runtime.modulesSlice", wordSize, &e.vars.modulesSlice},
	} {
		addr, ok := rt.Var[v.name]
		if !ok {
			return fmt.Errorf("the patch lacks the address of %s: make it again with this gosplice", v.name)
		}
		if addr%wordSize != 0 || !e.maps.writable(addr, v.size) {
			return fmt.Errorf("%s is not at %#x: make the patch for this build of the program", v.name, addr)
		}
		at := Range{addr, addr + v.size}
		for _, other := range taken {
			if at.Lo < other.Hi && other.Lo < at.Hi {
				return fmt.Errorf("%s is not at %#x, where another variable of the runtime is: make the patch for this build of the program", v.name, addr)
			}
		}
		taken = append(taken, at)
		*v.to = addr
	}
	return e.named()
}

// named checks that functions of the runtime name the variables. Another word that can be written passes for a lock, and
// what shows the others to be wrong is read only later.
func (e *Engine) named() error {
	modulesinit, getitab := bodyOf(entryOf(e.fn.modulesinit), e.text.Hi), bodyOf(entryOf(e.fn.getitab), e.text.Hi)
	for _, v := range []struct {
		name string
		addr uint64
		by   Range
	}{
		{"runtime.firstmoduledata", e.vars.firstModule, modulesinit},
		{"runtime.modulesSlice", e.vars.modulesSlice, modulesinit},
		{"runtime.itabTable", e.vars.itabTable, getitab},
		{"runtime.itabLock", e.vars.itabLock, getitab},
	} {
		is := false
		for range references(v.by, v.addr) {
			is = true
			break
		}
		if !is {
			return fmt.Errorf("%s is not at %#x, which the runtime's function at %#x does not name: make the patch for this build of the program", v.name, v.addr, v.by.Lo)
		}
	}
	return nil
}

// checkModules checks the list of modules, its end and the program's own place in it.
func (e *Engine) checkModules() error {
	for _, field := range moduleNeeds {
		if _, ok := e.at.module[field]; !ok {
			return fmt.Errorf("the patch lacks the offset of runtime.moduledata.%s: make it again with this gosplice", field)
		}
	}
	first := e.vars.firstModule
	if lo, hi := e.at.word(first, "text"), e.at.word(first, "etext"); lo != e.text.Lo || hi != e.text.Hi {
		return fmt.Errorf("the program's code is %#x to %#x, not %#x to %#x: make the patch for this build of the program", lo, hi, e.text.Lo, e.text.Hi)
	}
	e.program = Range{min(e.text.Lo, e.at.word(first, "types"), e.at.word(first, "noptrdata")), max(e.text.Hi, e.at.word(first, "end"))}
	for m := range e.modules() {
		if code := (Range{e.at.word(m, "minpc"), e.at.word(m, "maxpc")}); code.Lo > code.Hi {
			return errors.New("the runtime's list of modules is not as expected: make the patch for this build of the program")
		}
	}
	for began := time.Now(); ; time.Sleep(50 * time.Microsecond) {
		s := e.lookAtList()
		switch {
		case s.tooLong:
			return errors.New("the runtime's list of modules is not as expected: make the patch for this build of the program")
		case s.tailListed && s.settled():
			return nil
		case time.Since(began) > settleTimeout: // longer than others take to add a module
			return fmt.Errorf("runtime.lastmoduledatap is %#x, not %#x: make the patch for this build of the program", s.tail, s.end)
		}
	}
}

// checkItabs checks the shape of the runtime's table of interface tables, and one entry.
func (e *Engine) checkItabs() error {
	wrong := errors.New("the runtime's table of interfaces is not as expected: make the patch for this build of the program")
	table := loadAtomic64(e.vars.itabTable)
	size, count := load64(table+itabTableSize), load64(table+itabTableCount)
	if size == 0 || size&(size-1) != 0 || size > maxItabs || count > size {
		return wrong
	}
	for i := range size {
		tab := loadAtomic64(table + itabTableEntries + i*wordSize)
		if tab == 0 {
			continue
		}
		hash := load32(tab + itabHash)
		if _, err := e.methodCount(tab); err != nil || hash != 0 && hash != load32(load64(tab+itabType)+typeHash) {
			return wrong
		}
		return nil
	}
	return nil
}

// checkLock waits for nobody to hold the lock of interface tables. Functions that name it name counters too, which are
// never 0: to lock one would last for ever.
func (e *Engine) checkLock() error {
	for began := time.Now(); loadAtomic64(e.vars.itabLock) != 0; time.Sleep(50 * time.Microsecond) {
		if time.Since(began) > settleTimeout {
			return fmt.Errorf("runtime.itabLock is not at %#x, where something is that nobody unlocks: make the patch for this build of the program", e.vars.itabLock)
		}
	}
	return nil
}

// prepareWriting finds out how code can be written and processors be told.
func (e *Engine) prepareWriting() (err error) {
	if e.writer, err = newTextWriter(entryOf(selfTestOld)); err != nil {
		return err
	}
	e.barrier, err = newBarrier()
	return err
}
