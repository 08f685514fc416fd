package splice

import (
	"bytes"
	"fmt"
)

// Register makes the runtime know the module whose runtime.moduledata is at address module, in the data
// part of a sealed region: its functions get names and stack maps, its variables become roots. A region
// with a registered module stays mapped for ever. Others may add modules at the same time, as modulelist.go
// says; a program that opens plugins must not do so.
//
// It is safe while the garbage collector marks. The list and the slice of modules are published by
// one store each, when complete. A marking phase scans the roots it counted at its start; what the
// program stores into the new variables is shaded by the write barrier as every store to a global
// is, and what is stored there was reachable or new. Later cycles count the new roots.
func (e *Engine) Register(module uint64) error {
	r := e.regionOf(module)
	if r == nil {
		return fmt.Errorf("the module at %#x is not in the data of a sealed region", module)
	}
	if r.module != 0 {
		return fmt.Errorf("the region of the module at %#x has one registered already", module)
	}
	if err := e.checkModule(module, r); err != nil {
		return fmt.Errorf("the patch's module can't be registered: %w: make the patch again", err)
	}
	if err := e.checkMasks(); err != nil {
		return err
	}
	e.widenTypes(e.at.word(module, "etypes"))
	if err := e.publish(module); err != nil {
		return err
	}
	r.module, e.images[module] = module, r
	if err := e.settle(); err != nil {
		return err
	}
	return e.activate()
}

// widenTypes moves the end of the program's own types behind those of an image. Method tables of the
// program's types may lead to types in the image, and the runtime ends the program when an offset
// leaves the module of the type that holds it. Images count from the same start, so that every
// offset means the same in all of them.
func (e *Engine) widenTypes(end uint64) {
	if at := e.vars.firstModule + e.at.module["etypes"]; load64(at) < end {
		storeAtomic64(at, end)
	}
}

func (e *Engine) regionOf(module uint64) *Region {
	for _, r := range e.regions {
		if r.sealed && r.data.holds(module, e.at.moduleSize) && module%wordSize == 0 {
			return r
		}
	}
	return nil
}

// moduleCheck is a check of one moduledata. The runtime's own, moduledataverify1, ends the program
// when it fails.
type moduleCheck struct {
	e      *Engine
	module uint64
	region *Region
	err    error
}

// Parts of a moduledata that have to lie in its own region, where the release has them.
var (
	moduleSpans  = [][2]string{{"noptrdata", "enoptrdata"}, {"data", "edata"}, {"bss", "ebss"}, {"noptrbss", "enoptrbss"}, {"covctrs", "ecovctrs"}}
	moduleSlices = []struct {
		field    string
		elemSize uint64
	}{
		{"funcnametab", 1}, {"cutab", 4}, {"filetab", 1}, {"pctab", 1}, {"pclntable", 1}, {"ftab", functabSize},
		{"textsectmap", 24}, {"typelinks", 4}, {"itablinks", 8}, {"ptab", 8}, {"inittasks", 8},
		{"pkghashes", 40}, {"modulehashes", 40},
	}
	// moduleEmpty are fields that an image has no use for, with their words. The runtime computes some
	// of them unless they have a value.
	moduleEmpty = []struct {
		field string
		words int
	}{
		{"gcdatamask", 2}, {"gcbssmask", 2}, {"typemap", 1}, {"pluginpath", 2}, {"textsectmap", 3}, {"ptab", 3}, {"inittasks", 3},
		{"pkghashes", 3}, {"modulehashes", 3},
	}
	// moduleNeeds are the fields without which nothing can be checked.
	moduleNeeds = []string{"pcHeader", "funcnametab", "pctab", "pclntable", "ftab", "findfunctab", "minpc", "maxpc", "text", "etext", "types", "etypes", "noptrdata", "end", "gofunc", "hasmain", "pluginpath", "next"}
)

// checkProgram checks the program's own module like those of images: a field that is not where the patch
// says shows in it.
func (e *Engine) checkProgram() error {
	c := &moduleCheck{e: e, module: e.vars.firstModule, region: &Region{engine: e, at: e.program, text: e.text}}
	c.parts()
	c.functions()
	c.types()
	if c.err != nil {
		return fmt.Errorf("the program's own module is not as expected: %w: make the patch for this build of the program", c.err)
	}
	return nil
}

func (e *Engine) checkModule(module uint64, r *Region) error {
	c := &moduleCheck{e: e, module: module, region: r}
	c.bases()
	c.parts()
	c.header()
	c.functions()
	c.types()
	return c.err
}

func (c *moduleCheck) word(field string) uint64 { return c.e.at.word(c.module, field) }

func (c *moduleCheck) slice(field string) (addr, n uint64) {
	off := c.e.at.module[field]
	return load64(c.module + off), load64(c.module + off + 8)
}

func (c *moduleCheck) fail(format string, args ...any) {
	if c.err == nil {
		c.err = fmt.Errorf(format, args...)
	}
}

// bases checks what the module shares with the program.
func (c *moduleCheck) bases() {
	host := c.e.vars.firstModule
	for _, field := range []string{"text", "types", "rodata"} {
		if field == "types" && c.ownTypes() {
			continue
		}
		if got, want := c.word(field), c.e.at.word(host, field); got != want {
			c.fail("its %s base is %#x, not the program's %#x", field, got, want)
		}
	}
	if c.word("next") != 0 || load8(c.module+c.e.at.module["hasmain"]) != 0 {
		c.fail("it is in a list already or has a main function")
	}
	if bad, ok := c.e.at.module["bad"]; ok && load8(c.module+bad) != 0 {
		c.fail("it is marked as bad")
	}
	for _, f := range moduleEmpty {
		if off, ok := c.e.at.module[f.field]; ok && !allZero(bytesAt(c.module+off, f.words*wordSize)) {
			c.fail("its %s is not empty", f.field)
		}
	}
	if pcs := (Range{c.word("minpc"), c.word("maxpc")}); pcs.Lo >= pcs.Hi || !c.region.text.holds(pcs.Lo, pcs.Hi-pcs.Lo) {
		c.fail("its code %#x to %#x is not in the text of its region", pcs.Lo, pcs.Hi)
	}
	if etypes := c.word("etypes"); etypes > c.region.at.Hi || etypes < c.region.at.Lo && etypes != c.e.at.word(host, "etypes") {
		c.fail("its types end at %#x, outside of its region", etypes)
	}
}

// ownTypes reports a module that lists its types by having them side by side. Their start is then the
// image's; offsets are resolved by the program's module all the same, whose types reach behind the image.
func (c *moduleCheck) ownTypes() bool {
	return c.e.release.typesInOrder && c.word("typedesclen") != 0 && c.region.at.holds(c.word("types"), c.word("typedesclen"))
}

func allZero(b []byte) bool {
	for _, x := range b {
		if x != 0 {
			return false
		}
	}
	return true
}

// parts checks that what the module points to is in its region.
func (c *moduleCheck) parts() {
	for _, s := range moduleSpans {
		lo, hi := c.word(s[0]), c.word(s[1])
		if lo > hi || lo != hi && !c.region.at.holds(lo, hi-lo) {
			c.fail("%s %#x to %#x is not in its region", s[0], lo, hi)
		}
	}
	for _, s := range moduleSlices {
		off, ok := c.e.at.module[s.field]
		if !ok {
			continue
		}
		addr, n, capacity := load64(c.module+off), load64(c.module+off+8), load64(c.module+off+16)
		if n > maxRegion || n > capacity || n > 0 && !c.region.at.holds(addr, n*s.elemSize) {
			c.fail("%s (%d elements at %#x) is not in its region", s.field, n, addr)
		}
	}
	c.mask("gcdata", "data", "edata")
	c.mask("gcbss", "bss", "ebss")
}

// mask checks the program that makes the pointer mask of a part: the runtime runs it even for
// an empty part, and writes as many bits as it says.
func (c *moduleCheck) mask(field, lo, hi string) {
	if _, ok := c.e.at.module[field]; !ok {
		return
	}
	at, words := c.word(field), (c.word(hi)-c.word(lo))/wordSize
	if bits, ok := maskBits(at, c.region.at); !ok || bits > words {
		c.fail("%s at %#x is not the pointer mask of %d words", field, at, words)
	}
}

// maskBits returns how many bits the mask program at address at makes: 0 ends it, 1 to 127 emit as many
// bits that follow, 128+n repeats the last n bits a number of times that follows as a varint, where
// n = 0 means that n follows first.
func maskBits(at uint64, in Range) (bits uint64, ok bool) {
	varint := func() (n uint64) {
		for shift := 0; in.contains(at) && shift < 64; shift += 7 {
			b := load8(at)
			at++
			n |= uint64(b&0x7f) << shift
			if b < 0x80 {
				break
			}
		}
		return n
	}
	for in.contains(at) {
		op := load8(at)
		at++
		n := uint64(op & 0x7f)
		switch {
		case op == 0:
			return bits, true
		case op < 0x80:
			at += (n + 7) / 8
			bits += n
		default:
			if n == 0 {
				n = varint()
			}
			times := varint()
			if n > bits || times > maxRegion || n > maxRegion {
				return bits, false
			}
			bits += n * times
		}
		if bits > maxRegion {
			return bits, false
		}
	}
	return bits, false
}

// header compares what the program's pcHeader says of the format: magic, minimum instruction size and
// pointer size, in the first 8 bytes.
func (c *moduleCheck) header() {
	const size = 72
	own := c.word("pcHeader")
	if !c.region.at.holds(own, size) {
		c.fail("its pcHeader at %#x is not in its region", own)
	} else if got, want := load64(own), load64(c.e.at.word(c.e.vars.firstModule, "pcHeader")); got != want {
		c.fail("its function table has format %#x, the program %#x", got, want)
	}
}

// types checks the types that reflection finds by their strings, where the release lists them.
func (c *moduleCheck) types() {
	if c.err != nil {
		return
	}
	if c.e.release.typesInOrder {
		c.typesInOrder()
		return
	}
	if _, ok := c.e.at.module["typelinks"]; !ok {
		c.fail("its list of types is missing")
		return
	}
	at, n := c.slice("typelinks")
	for i := range n {
		if err := c.e.CheckType(c.word("types") + uint64(load32(at+4*i))); err != nil {
			c.fail("its list of types: %w", err)
			return
		}
	}
}

// typesInOrder walks over the descriptors as the runtime does: the first lies a word behind the base of
// types, each at the next word behind the one before.
func (c *moduleCheck) typesInOrder() {
	if _, ok := c.e.at.module["typedesclen"]; !ok {
		c.fail("the length of its types is missing")
		return
	}
	base, length := c.word("types"), c.word("typedesclen")
	if length == 0 {
		return
	}
	if !c.region.at.holds(base, length) {
		c.fail("its types (%d bytes at %#x) are not in its region", length, base)
		return
	}
	at, end := base+wordSize, base+length
	for at < end {
		at = (at + wordSize - 1) &^ (wordSize - 1)
		if err := c.e.CheckType(at); err != nil {
			c.fail("its types: %w", err)
			return
		}
		size := c.e.descriptorSize(at)
		if size == 0 || at+size > end {
			c.fail("the type at %#x does not end where its types do", at)
			return
		}
		at += size
	}
}

// Layout of the function tables, the same in Go 1.20 to 1.27.
const (
	functabSize = 8 // entry and offset of _func, 4 bytes each

	funcSize       = 44 // without the tables that follow
	funcEntry      = 0
	funcName       = 4
	funcPCSP       = 16
	funcPCFile     = 20
	funcPCLine     = 24
	funcNumPCData  = 28
	funcNumFuncs   = 43
	noFuncData     = 1<<32 - 1
	bucketBytes    = 4096 // of code
	bucketSize     = 20   // index and 16 subindices
	subbucketBytes = bucketBytes / 16
)

// functions checks the tables that the runtime walks for a PC.
func (c *moduleCheck) functions() {
	if c.err != nil {
		return
	}
	ftab, n := c.slice("ftab")
	if n < 2 {
		c.fail("it has no functions")
		return
	}
	text := c.word("text")
	entry := func(i uint64) uint64 { return text + uint64(load32(ftab+i*functabSize)) }
	for i := uint64(1); i < n; i++ {
		// C code of the program may have two names for one function.
		if entry(i-1) > entry(i) || entry(i-1) == entry(i) && c.module != c.e.vars.firstModule {
			c.fail("function %d is out of order", i)
			return
		}
	}
	if entry(0) != c.word("minpc") || entry(n-1) != c.word("maxpc") {
		c.fail("its functions (%#x to %#x) are not its code (%#x to %#x)", entry(0), entry(n-1), c.word("minpc"), c.word("maxpc"))
		return
	}
	for i := uint64(0); i < n-1; i++ {
		c.function(i, load32(ftab+i*functabSize), uint64(load32(ftab+i*functabSize+4)))
	}
	c.buckets(n-1, entry)
}

// function checks the _func record at off of the function with index i.
func (c *moduleCheck) function(i uint64, entry uint32, off uint64) {
	table, size := c.slice("pclntable")
	if !(Range{0, size}).holds(off, funcSize) {
		c.fail("function %d has its record outside of the table", i)
		return
	}
	f := table + off
	numPC, numFunc := uint64(load32(f+funcNumPCData)), uint64(load8(f+funcNumFuncs))
	if load32(f+funcEntry) != entry || numPC > 64 || !(Range{0, size}).holds(off+funcSize, 4*(numPC+numFunc)) {
		c.fail("function %d has a wrong record", i)
		return
	}
	if !c.name(uint64(load32(f + funcName))) {
		c.fail("function %d has no name in the table", i)
	}
	_, pctab := c.slice("pctab")
	for _, at := range []uint64{funcPCSP, funcPCFile, funcPCLine} {
		if uint64(load32(f+at)) >= pctab {
			c.fail("function %d has a PC table outside of the tables", i)
		}
	}
	for at := f + funcSize; at < f+funcSize+4*numPC; at += 4 {
		if uint64(load32(at)) >= pctab {
			c.fail("function %d has a PC table outside of the tables", i)
		}
	}
	c.funcData(i, f+funcSize+4*numPC, numFunc)
}

// name reports a name at off in the table of names: it ends there, and has brackets that the runtime can
// shorten.
func (c *moduleCheck) name(off uint64) bool {
	at, size := c.slice("funcnametab")
	if off >= size {
		return false
	}
	name := bytesAt(at+off, int(size-off))
	end := bytes.IndexByte(name, 0)
	if end < 0 {
		return false
	}
	name = name[:end]
	open := bytes.IndexByte(name, '[')
	return open < 0 || bytes.LastIndexByte(name, ']') > open
}

// funcData checks the n offsets from gofunc at address at: stack maps and the like, in the image or
// in the program.
func (c *moduleCheck) funcData(i, at, n uint64) {
	gofunc := c.word("gofunc")
	host := c.e.vars.firstModule
	program := Range{c.e.at.word(host, "text"), c.e.at.word(host, "end")}
	for ; n > 0; n, at = n-1, at+4 {
		if off := load32(at); off != noFuncData && !c.region.at.contains(gofunc+uint64(off)) && !program.contains(gofunc+uint64(off)) {
			c.fail("function %d has its stack maps outside of the image", i)
		}
	}
}

// buckets checks that the index leads to each of the n functions: to the function at the start of
// each subbucket, or to one before.
func (c *moduleCheck) buckets(n uint64, entry func(uint64) uint64) {
	minpc, maxpc := c.word("minpc"), c.word("maxpc")
	table := c.word("findfunctab")
	count := (maxpc - minpc + bucketBytes - 1) / bucketBytes
	if !c.region.at.holds(table, count*bucketSize) {
		c.fail("its index of functions is not in its region")
		return
	}
	for pc := minpc; pc < maxpc; pc += subbucketBytes {
		bucket := table + (pc-minpc)/bucketBytes*bucketSize
		i := uint64(load32(bucket)) + uint64(load8(bucket+4+(pc-minpc)%bucketBytes/subbucketBytes))
		if i >= n || entry(i) > pc {
			c.fail("its index of functions is wrong for %#x", pc)
			return
		}
	}
}
