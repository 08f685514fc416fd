package main

import (
	"encoding/binary"
	"fmt"
	"runtime"
	"strings"
	"sync/atomic"
	"syscall"
	"time"
	"unsafe"

	"github.com/gosplice/gosplice/internal/live/splice"
	"github.com/gosplice/gosplice/internal/live/splice/testdata/locate"
)

// generator makes modules as libraries do that compile at run time: code in memory of their own, tables and the module
// itself on the heap, and the module published by compare and swap of the runtime's tail.
type generator struct {
	p     *locate.Program
	code  []byte // executable
	at    int
	made  []*generated
	plain bool // publish with plain stores, as runtime.addmoduledata does
}

type generated struct {
	module []uint64
	tables []byte
	entry  uint64
	name   string
}

func newGenerator(p *locate.Program, size int) *generator {
	code, err := syscall.Mmap(-1, 0, size, syscall.PROT_READ|syscall.PROT_WRITE|syscall.PROT_EXEC, syscall.MAP_PRIVATE|syscall.MAP_ANON)
	noError(err)
	g := &generator{p: p, code: code}
	generators = append(generators, g)
	return g
}

// generators keeps what the runtime's list does not keep alive.
var generators []*generator

const generatedBytes = 64 // of code in each module

// make makes the module of one function, with a table of how far the stack pointer is below the frame.
func (g *generator) make(name string, code []byte, stack string) *generated {
	m := &generated{module: make([]uint64, 128), tables: make([]byte, 0x300), name: name}
	copy(g.code[g.at:], code)
	m.entry = uint64(uintptr(unsafe.Pointer(&g.code[g.at])))
	g.at += generatedBytes
	put := func(at int, v uint32) { binary.LittleEndian.PutUint32(m.tables[at:], v) }
	header := load64(load64(g.p.Runtime.Var["runtime.firstmoduledata"] + g.p.Runtime.Offset["runtime.moduledata.pcHeader"]))
	binary.LittleEndian.PutUint64(m.tables, header)
	copy(m.tables[0x60:], "\x00"+name+"\x00")
	copy(m.tables[0xa0:], "generated\x00")
	copy(m.tables[0xc0:], "\x00\x02\x40\x00"+stack) // at 1: value 0 for all bytes
	for at, v := range map[int]uint32{0: 0, 4: 1, 16: 4, 20: 1, 24: 1, 28: 4, 36: 1} {
		put(0x100+at, v)
	}
	m.tables[0x100+43] = 4
	for i := range 4 {
		put(0x100+44+4*i, 0)
		put(0x100+44+16+4*i, 1<<32-1)
	}
	put(0x208, generatedBytes)
	for field, part := range map[string][2]uint64{
		"funcnametab": {0x60, 0x40}, "cutab": {0x98, 1}, "filetab": {0xa0, 0x20}, "pctab": {0xc0, 0x40}, "pclntable": {0x100, 0x80}, "ftab": {0x200, 2},
	} {
		m.set(g.p, field, m.addr(part[0]))
		m.setAfter(g.p, field, 1, part[1])
		m.setAfter(g.p, field, 2, part[1])
	}
	m.set(g.p, "pcHeader", m.addr(0))
	m.set(g.p, "findfunctab", m.addr(0x220))
	for field, v := range map[string]uint64{"minpc": 0, "maxpc": generatedBytes, "text": 0, "etext": generatedBytes} {
		m.set(g.p, field, m.entry+v)
	}
	m.set(g.p, "gofunc", m.addr(0x2f0))
	m.set(g.p, "gcdata", m.addr(0x2f8))
	m.set(g.p, "gcbss", m.addr(0x2f8))
	g.made = append(g.made, m)
	return m
}

func (m *generated) addr(off uint64) uint64 { return uint64(uintptr(unsafe.Pointer(&m.tables[off]))) }
func (m *generated) at() uint64             { return uint64(uintptr(unsafe.Pointer(&m.module[0]))) }
func (m *generated) set(p *locate.Program, field string, v uint64) {
	m.setAfter(p, field, 0, v)
}
func (m *generated) setAfter(p *locate.Program, field string, words, v uint64) {
	off, ok := p.Runtime.Offset["runtime.moduledata."+field]
	if !ok && strings.HasPrefix(field, "gc") {
		return
	}
	m.module[off/8+words] = v
}

func (g *generator) publish(m *generated) {
	tail := (*uint64)(locate.Pointer(g.p.Runtime.Var["runtime.lastmoduledatap"]))
	next := func(m uint64) *uint64 {
		return (*uint64)(locate.Pointer(m + g.p.Runtime.Offset["runtime.moduledata.next"]))
	}
	for {
		last := atomic.LoadUint64(tail)
		if g.plain {
			atomic.StoreUint64(next(last), m.at())
			runtime.Gosched() // the worst moment
			atomic.StoreUint64(tail, m.at())
			return
		}
		if atomic.CompareAndSwapUint64(tail, last, m.at()) {
			atomic.StoreUint64(next(last), m.at())
			return
		}
	}
}

// found reports whether the runtime finds the function.
func (m *generated) found() bool {
	f := runtime.FuncForPC(uintptr(m.entry))
	return f != nil && f.Entry() == uintptr(m.entry) && f.Name() == m.name
}

// listed counts the modules that the runtime's list leads to.
func listed(p *locate.Program) map[uint64]bool {
	all := map[uint64]bool{}
	for m := p.Runtime.Var["runtime.firstmoduledata"]; m != 0; m = load64(m + p.Runtime.Offset["runtime.moduledata.next"]) {
		expect(!all[m], "the list leads in a circle")
		all[m] = true
	}
	return all
}

// registerBeside registers images while a library adds modules to the runtime's list, and arms another engine meanwhile.
func registerBeside(p *locate.Program) {
	const modules, images = 10000, 200
	g := newGenerator(p, (modules+100)*generatedBytes)
	for i := range 50 {
		g.publish(g.make(fmt.Sprint("before.", i), codeReturning(7), ""))
	}
	e := armed(p)
	noError(e.NoPlugins())
	done := make(chan bool)
	go func() {
		for i := range modules {
			g.publish(g.make(fmt.Sprint("beside.", i), codeReturning(7), ""))
		}
		close(done)
	}()
	var all []image
	above := uint64(0)
	for i := range images {
		m := newImage(p, e, above)
		above = m.addr(imageSize)
		m.seal()
		noError(e.Register(m.addr(moduleAt)))
		all = append(all, m)
		if i%100 == 0 {
			armed(p)
			runtime.GC()
		}
	}
	<-done
	toggle(p, e)
	in := listed(p)
	expect(len(in) == 1+50+modules+images, "%d modules are listed", len(in))
	for _, m := range g.made {
		expect(in[m.at()] && m.found(), "%s was lost", m.name)
		expect(callAt(m.entry) == 7, "wrong code")
	}
	for _, m := range all {
		expect(in[m.addr(moduleAt)], "an image's module was lost")
		f := runtime.FuncForPC(uintptr(m.addr(funcBytes)))
		expect(f != nil && f.Name() == "patched.second", "%v", f)
	}
	for _, m := range []image{all[0], all[images-1]} {
		m.testRoot()
	}
	noError(e.NoPlugins())
}

// registerCareless does the same beside one who reads the tail, stores, and is interrupted before he stores again: whatever
// he loses or makes an image lose is back before the next switch.
func registerCareless(p *locate.Program) {
	const images = 200
	e := armed(p)
	g := newGenerator(p, 4000*generatedBytes)
	g.plain = true
	var stop atomic.Bool
	done := make(chan bool)
	go func() {
		for i := 0; !stop.Load() && i < 3900; i++ {
			g.publish(g.make(fmt.Sprint("careless.", i), codeReturning(7), ""))
			time.Sleep(10 * time.Microsecond)
		}
		close(done)
	}()
	var all []image
	above := uint64(0)
	for range images {
		m := newImage(p, e, above)
		above = m.addr(imageSize)
		m.seal()
		noError(e.Register(m.addr(moduleAt)))
		all = append(all, m)
	}
	stop.Store(true)
	<-done
	toggle(p, e)
	in := listed(p)
	for _, m := range all {
		expect(in[m.addr(moduleAt)], "an image's module was lost")
	}
	runtime.GC()
}

// registerLost mends a list from which a module was taken, or to which the tail does not belong.
func registerLost(p *locate.Program) {
	e := armed(p)
	next := func(m uint64) *uint64 {
		return (*uint64)(locate.Pointer(m + p.Runtime.Offset["runtime.moduledata.next"]))
	}
	tail := (*uint64)(locate.Pointer(p.Runtime.Var["runtime.lastmoduledatap"]))
	g := newGenerator(p, page)
	first, second := g.make("g.first", codeReturning(7), ""), g.make("g.second", codeReturning(7), "")
	m := newImage(p, e, 0)
	m.seal()
	host := *tail
	noError(e.Register(m.addr(moduleAt)))

	// Somebody read the tail before Register, and stores after it.
	*next(host), *tail = first.at(), first.at()
	expect(runtime.FuncForPC(uintptr(m.addr(0))) == nil, "the image is not lost")
	toggle(p, e)
	expect(len(listed(p)) == 3 && first.found() && *tail == m.addr(moduleAt), "the image's module is not back: %v", listed(p))

	// The same one, overwritten by Register.
	*tail = second.at()
	toggle(p, e)
	expect(len(listed(p)) == 4 && second.found(), "the other's module is not back")

	// One who is between his two stores for ever.
	*tail = first.at()
	toggle(p, e)
	expect(len(listed(p)) == 4 && *tail == second.at(), "the tail is not the end of the list")
	m.testRoot()

	// One whose list of active modules was made before.
	none := new([3]uint64)
	*(*uint64)(locate.Pointer(p.Runtime.Var["runtime.modulesSlice"])) = uint64(uintptr(unsafe.Pointer(none)))
	toggle(p, e)
	m.testRoot()
}

// registerGeneratedMasks: the runtime is to compute masks for modules that have nothing to compute them from.
func registerGeneratedMasks(p *locate.Program) {
	if _, ok := p.Runtime.Offset["runtime.moduledata.gcdata"]; !ok {
		fmt.Println("skip: modules of this release have no such masks")
		return
	}
	e := armed(p)
	g := newGenerator(p, page)
	none := g.make("g.none", codeReturning(7), "")
	none.set(p, "gcdata", 0)
	none.set(p, "gcbss", 0)
	g.publish(none)
	m := newImage(p, e, 0)
	m.seal()
	noError(e.Register(m.addr(moduleAt))) // ends the program where the mask is not seen to
	m.testRoot()

	wrong := g.make("g.wrong", codeReturning(7), "")
	wrong.tables[0x2f8] = 9
	g.publish(wrong)
	second := newImage(p, e, m.addr(imageSize))
	second.seal()
	err := e.Register(second.addr(moduleAt))
	expect(err != nil && strings.Contains(err.Error(), "wrong gcdata"), "error %v", err)
	noError(second.r.Release())
	toggle(p, e)
}

// generatedKinds tells generated code from code that was compiled from Go.
func generatedKinds(p *locate.Program) {
	e := armed(p)
	noError(e.NoPlugins())
	path := "plugin/of/this/path"
	for what, change := range map[string]func(m *generated){
		"": func(m *generated) {},
		"has opened a plugin": func(m *generated) {
			m.set(p, "pluginpath", uint64(uintptr(unsafe.Pointer(unsafe.StringData(path)))))
			m.setAfter(p, "pluginpath", 1, uint64(len(path)))
		},
		"has loaded a shared object": func(m *generated) { m.set(p, "text", p.Text) },
		"has loaded compiled Go code": func(m *generated) {
			m.tables[0x100+44+8], m.tables[0x100+44+16+12] = 1, 0
			clear(m.tables[0x100+44+16+13 : 0x100+44+16+16])
		},
	} {
		g := newGenerator(p, page)
		m := g.make("g.f", codeReturning(7), "")
		change(m)
		last := load64(p.Runtime.Var["runtime.lastmoduledatap"])
		g.publish(m)
		err := e.NoPlugins()
		expect(what == "" && err == nil || what != "" && err != nil && strings.Contains(err.Error(), what) && !strings.Contains(err.Error(), "\n"), "%q: error %v", what, err)
		*(*uint64)(locate.Pointer(p.Runtime.Var["runtime.lastmoduledatap"])) = last
		*(*uint64)(locate.Pointer(last + p.Runtime.Offset["runtime.moduledata.next"])) = 0
	}
}

//go:noinline
func callsGenerated(entry uint64, ready chan<- bool) {
	readyGenerated = ready
	calledAt[func(uint64)](entry)(entryOfParked())
	runtime.KeepAlive(&ready)
}

var readyGenerated chan<- bool

//go:noinline
func parksBelow() { readyGenerated <- true; <-never }

func entryOfParked() uint64 {
	f := parksBelow
	return uint64(**(**uintptr)(unsafe.Pointer(&f)))
}

func calledAt[F any](addr uint64) F {
	entry := new(uintptr)
	*entry = uintptr(addr)
	return *(*F)(unsafe.Pointer(&entry))
}

// scanGenerated looks for the caller of generated code that saves no frame pointer: frame pointers lead past it.
func scanGenerated(p *locate.Program) {
	code, stack := codeCalling()
	if code == nil {
		fmt.Println("skip: generated code without frame pointers is made for amd64 only")
		return
	}
	e := armed(p)
	g := newGenerator(p, page)
	m := g.make("g.calls", code, stack)
	g.publish(m)
	ready := make(chan bool)
	for range 3 {
		go callsGenerated(m.entry, ready)
		<-ready
	}
	runtime.GC()
	body := []splice.Range{p.Body("main.callsGenerated")}
	held, err := e.Scan(body)
	noError(err)
	expect(len(held) == 1 && held[0].Count == 3, "%v", held)
	if skipUnframed() {
		held, err = e.Scan(body)
		noError(err)
		expect(len(held) == 0, "frame pointers alone lead to the caller: %v", held)
	}
}
