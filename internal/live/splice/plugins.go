package splice

import (
	"bytes"
	"fmt"
)

// NoPlugins reports code that was compiled like the program's and came into the process later: a plugin, above all. It
// holds inlined copies of the program's functions, of which nobody knows, so that a patch would not reach
// them.
//
// Libraries that generate code at run time, such as fast encoders of JSON, add modules to the runtime's list as
// well. Their code has no copies: it calls functions, and finds what their entries lead to.
func (e *Engine) NoPlugins() error {
	return withoutFaults(func() error {
		var maps []mapping
		for m := range e.modules() {
			if m == e.vars.firstModule || e.images[m] != nil {
				continue
			}
			if maps == nil {
				var err error
				if maps, err = mappings(); err != nil {
					return err
				}
			}
			if err := e.generated(m, maps); err != nil {
				return err
			}
		}
		return nil
	})
}

// generated reports a module of others whose code a compiler and a linker have made from Go sources.
func (e *Engine) generated(m uint64, maps []mapping) error {
	what := ""
	switch {
	case e.isPlugin(m):
		return fmt.Errorf("the program has opened a plugin, whose code may hold copies of what the patch changes: change the plugin's version instead, or restart")
	case load8(m+e.at.module["hasmain"]) != 0, inObject(maps, e.at.word(m, "text")):
		what = "a shared object"
	case e.inlines(m):
		what = "compiled Go code"
	default:
		return nil
	}
	return fmt.Errorf("the program has loaded %s (%s), which may hold copies of what the patch changes: restart the program with the edit built in", what, e.moduleName(m))
}

// isPlugin reports a plugin. The linker gives each a path, without which the runtime ends the program.
func (e *Engine) isPlugin(m uint64) bool {
	return load64(m+e.at.module["pluginpath"]+wordSize) != 0
}

const elfMagic = "\x7fELF"

// inObject reports whether what is mapped at addr belongs to an ELF file, of which the start is mapped as well.
func inObject(maps []mapping, addr uint64) bool {
	for _, m := range maps {
		if !m.contains(addr) || m.file == "" {
			continue
		}
		for _, start := range maps {
			if start.file == m.file && start.offset == 0 && start.read && bytes.Equal(bytesAt(start.Lo, len(elfMagic)), []byte(elfMagic)) {
				return true
			}
		}
	}
	return false
}

// Tables of a function, by their numbers in internal/abi, that are there where the compiler has inlined others into it.
const (
	pcDataInlining   = 2
	funcDataInlining = 3
)

// inlines reports a module of which a function has others inlined into it.
func (e *Engine) inlines(m uint64) bool {
	c := &moduleCheck{e: e, module: m}
	ftab, n := c.slice("ftab")
	table, size := c.slice("pclntable")
	for i := uint64(0); i+1 < n; i++ {
		off := uint64(load32(ftab + i*functabSize + 4))
		if !(Range{0, size}).holds(off, funcSize) {
			continue // as long as the runtime does not meet it
		}
		f := table + off
		numPC, numFunc := uint64(load32(f+funcNumPCData)), uint64(load8(f+funcNumFuncs))
		if numPC <= pcDataInlining || numFunc <= funcDataInlining || !(Range{0, size}).holds(off+funcSize, 4*(numPC+numFunc)) {
			continue
		}
		if load32(f+funcSize+4*pcDataInlining) != 0 && load32(f+funcSize+4*(numPC+funcDataInlining)) != noFuncData {
			return true
		}
	}
	return false
}
