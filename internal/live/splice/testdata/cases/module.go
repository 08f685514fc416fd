package main

import (
	"encoding/binary"
	"runtime"
	"strings"
	"sync/atomic"
	"time"
	"unsafe"

	"github.com/gosplice/gosplice/internal/live/splice"
	"github.com/gosplice/gosplice/internal/live/splice/testdata/locate"
)

// Places in the image, which has a page each of text, rodata and data.
const (
	funcBytes = 32 // of each of the two functions

	headerAt  = page
	namesAt   = page + 0x100
	cutabAt   = page + 0x200
	filesAt   = page + 0x210
	pctabAt   = page + 0x300
	funcsAt   = page + 0x400
	ftabAt    = page + 0x500
	indexAt   = page + 0x600
	maskAt    = page + 0x700 // of the variable
	noMaskAt  = page + 0x710
	moduleAt  = 2 * page
	varAt     = 2*page + 0x800
	imageSize = 3 * page
)

// image is a module with the functions patched.first and patched.second, which return 41 and 42, and a
// variable that is a pointer.
type image struct {
	p *locate.Program
	r *splice.Region
	b []byte
}

func newImage(p *locate.Program, e *splice.Engine, above uint64) image {
	r, err := e.Reserve(imageSize, p.Text, p.Addr("runtime.end"), above, false)
	noError(err)
	m := image{p, r, r.Bytes()}
	copy(m.b, codeReturning(41))
	copy(m.b[funcBytes:], codeReturning(42))
	m.tables()
	m.moduledata()
	return m
}

func (m image) addr(off uint64) uint64     { return m.r.Base() + off }
func (m image) put32(off uint64, v uint32) { binary.LittleEndian.PutUint32(m.b[off:], v) }
func (m image) put64(off uint64, v uint64) { binary.LittleEndian.PutUint64(m.b[off:], v) }
func (m image) field(name string) uint64 {
	return moduleAt + m.p.Runtime.Offset["runtime.moduledata."+name]
}
func (m image) set(name string, v uint64) { m.put64(m.field(name), v) }
func (m image) host(name string) uint64 {
	return load64(m.p.Runtime.Var["runtime.firstmoduledata"] + m.field(name) - moduleAt)
}
func (m image) slice(name string, at, n int) {
	m.set(name, m.addr(uint64(at)))
	m.put64(m.field(name)+8, uint64(n))
	m.put64(m.field(name)+16, uint64(n))
}

// typesElsewhere says that there are types where there is no memory of the image.
func (m image) typesElsewhere() {
	if _, ok := m.p.Runtime.Offset["runtime.moduledata.typedesclen"]; ok {
		m.set("types", m.addr(imageSize))
		m.set("typedesclen", 64)
		return
	}
	m.put64(m.field("typelinks")+8, 1)
	m.put64(m.field("typelinks")+16, 1)
}

func load64(addr uint64) uint64 { return binary.LittleEndian.Uint64(word(addr)) }

func word(addr uint64) []byte { w := locate.Word(addr); return w[:] }

func (m image) tables() {
	m.put64(headerAt, load64(m.host("pcHeader")))
	m.put64(headerAt+8, 2)
	m.put64(headerAt+16, 1)
	copy(m.b[namesAt:], "\x00patched.first\x00patched.second\x00")
	copy(m.b[filesAt:], "patched.go\x00")
	copy(m.b[pctabAt:], "\x00\x02\x20\x00") // at 1: value 0 for the 32 bytes of a function
	for i, name := range []uint32{1, 15} {
		f := funcsAt + uint64(i)*64
		entry := uint32(m.addr(0) + uint64(i)*funcBytes - m.host("text"))
		for at, v := range map[uint64]uint32{0: entry, 4: name, 16: 1, 20: 1, 24: 1, 36: uint32(i + 1)} {
			m.put32(f+at, v)
		}
		m.put32(ftabAt+uint64(i)*8, entry)
		m.put32(ftabAt+uint64(i)*8+4, uint32(i)*64)
		m.put32(ftabAt+16, entry+funcBytes)
	}
	copy(m.b[maskAt:], "\x01\x01\x00") // one bit, set
}

func (m image) moduledata() {
	m.set("pcHeader", m.addr(headerAt))
	m.slice("funcnametab", namesAt, 0x40)
	m.slice("cutab", cutabAt, 1)
	m.slice("filetab", filesAt, 0x20)
	m.slice("pctab", pctabAt, 0x40)
	m.slice("pclntable", funcsAt, 0x80)
	m.slice("ftab", ftabAt, 3)
	m.set("findfunctab", m.addr(indexAt))
	m.set("minpc", m.addr(0))
	m.set("maxpc", m.addr(2*funcBytes))
	for _, shared := range []string{"text", "types", "rodata", "gofunc"} {
		m.set(shared, m.host(shared))
	}
	m.set("etext", m.addr(2*funcBytes))
	m.set("etypes", m.addr(imageSize))
	m.set("data", m.addr(varAt))
	m.set("edata", m.addr(varAt+8))
	m.set("gcdata", m.addr(maskAt))
	m.set("gcbss", m.addr(noMaskAt))
}

func (m image) seal() { noError(m.r.Seal(page, page, 2*page)) }

func register(p *locate.Program) {
	e := armed(p)
	stop := collectAllTheTime()
	var images []image
	above := uint64(0)
	for range 5 {
		m := newImage(p, e, above)
		above = m.addr(imageSize)
		m.seal()
		noError(e.Register(m.addr(moduleAt)))
		expect(e.Register(m.addr(moduleAt)) != nil, "registered twice")
		expect(m.r.Release() != nil, "released although registered")
		images = append(images, m)
	}
	for _, m := range images {
		expect(load64(p.Runtime.Var["runtime.lastmoduledatap"]) == images[4].addr(moduleAt), "the list does not end at the last module")
		f := runtime.FuncForPC(uintptr(m.addr(funcBytes)))
		expect(f != nil && f.Name() == "patched.second" && f.Entry() == uintptr(m.addr(funcBytes)), "%v", f)
		file, line := f.FileLine(f.Entry())
		expect(file == "patched.go", "%s:%d", file, line)
		expect(callAt(m.addr(0)) == 41 && callAt(m.addr(funcBytes)) == 42, "wrong code")
	}
	stop()
	for _, m := range images {
		m.testRoot()
	}
	toggle(p, e)
}

// testRoot checks that what only the variable of the image points to is not collected.
func (m image) testRoot() {
	var collected atomic.Bool
	variable := (*unsafe.Pointer)(unsafe.Pointer(&m.b[varAt]))
	func() {
		object := new([64]int)
		runtime.SetFinalizer(object, func(*[64]int) { collected.Store(true) })
		*variable = unsafe.Pointer(object)
	}()
	for range 5 {
		runtime.GC()
		time.Sleep(time.Millisecond)
	}
	expect(!collected.Load(), "what a variable of the image points to was collected")
	*variable = nil
	for range 100 {
		runtime.GC()
		time.Sleep(time.Millisecond)
	}
	expect(collected.Load(), "the variable of the image keeps what it no longer points to")
}

// collectAllTheTime keeps the garbage collector in its marking phase most of the time.
func collectAllTheTime() (stop func()) {
	var done atomic.Bool
	ended := make(chan bool)
	go func() {
		for !done.Load() {
			runtime.GC()
		}
		close(ended)
	}()
	return func() { done.Store(true); <-ended }
}

// registerRefuses registers modules with one mistake each.
func registerRefuses(p *locate.Program) {
	e := armed(p)
	last := load64(p.Runtime.Var["runtime.lastmoduledatap"])
	mistakes := map[string]func(m image){
		"magic":                 func(m image) { m.b[headerAt]++ },
		"pointer size":          func(m image) { m.b[headerAt+7] = 4 },
		"no header":             func(m image) { m.set("pcHeader", 0) },
		"header of the program": func(m image) { m.set("pcHeader", m.host("pcHeader")) },
		"text base":             func(m image) { m.set("text", m.addr(0)) },
		"types base":            func(m image) { m.set("types", m.addr(0)) },
		"end of types":          func(m image) { m.set("etypes", m.addr(imageSize)+8) },
		"low pc":                func(m image) { m.set("minpc", m.addr(1)) },
		"high pc":               func(m image) { m.set("maxpc", m.addr(2*funcBytes)-1) },
		"pcs of the program":    func(m image) { m.set("minpc", m.host("minpc")) },
		"code in data":          func(m image) { m.set("maxpc", m.addr(imageSize)) },
		"order of functions":    func(m image) { m.put32(ftabAt+8, uint32(m.addr(0)-m.host("text"))) },
		"record far away":       func(m image) { m.put32(ftabAt+4, 0x80) },
		"record of another":     func(m image) { m.put32(ftabAt+4, 64) },
		"name far away":         func(m image) { m.put32(funcsAt+4, 0x40) },
		"frame sizes far away":  func(m image) { m.put32(funcsAt+16, 0x40) },
		"many tables":           func(m image) { m.put32(funcsAt+28, 1<<20) },
		"funcdata far away":     func(m image) { m.b[funcsAt+43] = 1; m.put32(funcsAt+44, 1<<31-1) },
		"one entry":             func(m image) { m.slice("ftab", ftabAt, 1) },
		"long ftab":             func(m image) { m.slice("ftab", ftabAt, 1<<30) },
		"length over capacity":  func(m image) { m.put64(m.field("pctab")+16, 1) },
		"names elsewhere":       func(m image) { m.set("funcnametab", m.host("funcnametab")) },
		"index elsewhere":       func(m image) { m.set("findfunctab", 0) },
		"index too high":        func(m image) { m.put32(indexAt, 9) },
		"index past its pc":     func(m image) { m.put32(indexAt, 1) },
		"data elsewhere":        func(m image) { m.set("data", m.host("data")); m.set("edata", m.host("edata")) },
		"data upside down":      func(m image) { m.set("edata", m.addr(varAt-8)) },
		"bss elsewhere":         func(m image) { m.set("bss", m.addr(imageSize)); m.set("ebss", m.addr(imageSize)+8) },
		"no mask":               func(m image) { m.set("gcbss", 0) },
		"mask too long":         func(m image) { m.b[maskAt] = 9 },
		"mask repeats":          func(m image) { copy(m.b[maskAt:], "\x01\x01\x81\xff\xff\xff\x7f\x00") },
		"mask without end":      func(m image) { m.set("gcbss", m.addr(imageSize-1)); m.b[imageSize-1] = 1 },
		"in a list":             func(m image) { m.set("next", m.addr(moduleAt)) },
		"main":                  func(m image) { m.b[m.field("hasmain")] = 1 },
		"types elsewhere":       image.typesElsewhere,
	}
	for what, make := range mistakes {
		m := newImage(p, e, 0)
		make(m)
		m.seal()
		err := e.Register(m.addr(moduleAt))
		expect(err != nil && !strings.Contains(err.Error(), "\n"), "%s: error %v", what, err)
		expect(load64(p.Runtime.Var["runtime.lastmoduledatap"]) == last, "%s changed the list", what)
		noError(m.r.Release())
	}
	m := newImage(p, e, 0)
	expect(e.Register(m.addr(moduleAt)) != nil, "registered before sealing")
	m.seal()
	for _, wrong := range []uint64{0, m.addr(moduleAt) + 4, m.addr(0), m.addr(imageSize) - 8, p.Runtime.Var["runtime.firstmoduledata"]} {
		expect(e.Register(wrong) != nil, "registered %#x", wrong)
	}
	noError(e.Register(m.addr(moduleAt)))
}
