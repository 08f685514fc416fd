package splice

import (
	"cmp"
	"fmt"
	"maps"
	"slices"

	"github.com/gosplice/gosplice/internal/wire/patch"
)

// layout holds the byte offsets of the runtime's fields, as the patch file gives them for the Go
// release of this program.
type layout struct {
	stack, sched, asyncSafePoint, status uint64 // in runtime.g
	sp, pc, bp                           uint64 // in runtime.gobuf
	goid                                 uint64 // in runtime.g, 0 when the patch does not say
	link                                 uint64 // in runtime.gobuf, where functions have their return address in a register
	module                               map[string]uint64
	moduleSize                           uint64
}

const (
	wordSize = 8
	// maxG bounds offsets in runtime.g, which has about 500 bytes, and maxModule those in moduledata.
	maxG      = 2048
	maxModule = 4096
)

// States of a goroutine in runtime.g.atomicstatus, equal in all supported releases.
const (
	statusIdle      = 0
	statusRunnable  = 1
	statusRunning   = 2
	statusSyscall   = 3
	statusWaiting   = 4
	statusDead      = 6
	statusPreempted = 9
	statusLimit     = 16     // all states are below
	statusScan      = 0x1000 // flag: the garbage collector scans the stack
)

func newLayout(rt patch.Runtime) (layout, error) {
	var l layout
	type field struct {
		name  string
		to    *uint64
		align uint64
		limit uint64
	}
	fields := []field{
		{"runtime.g.stack", &l.stack, wordSize, maxG},
		{"runtime.g.sched", &l.sched, wordSize, maxG},
		{"runtime.g.asyncSafePoint", &l.asyncSafePoint, 1, maxG},
		{"runtime.g.atomicstatus", &l.status, 4, maxG},
		{"runtime.gobuf.sp", &l.sp, wordSize, 128},
		{"runtime.gobuf.pc", &l.pc, wordSize, 128},
		{"runtime.gobuf.bp", &l.bp, wordSize, 128},
		{"runtime.moduledata", &l.moduleSize, wordSize, maxModule},
	}
	if linkRegister {
		fields = append(fields, field{"runtime.gobuf.lr", &l.link, wordSize, 128})
	}
	for _, f := range fields {
		v, ok := rt.Offset[f.name]
		if !ok {
			return l, fmt.Errorf("the patch lacks the offset of %s: make it again with this gosplice", f.name)
		}
		if v%f.align != 0 || v > f.limit {
			return l, fmt.Errorf("offset %d of %s is not possible: make the patch again for this program", v, f.name)
		}
		*f.to = v
	}
	if l.goid = rt.Offset["runtime.g.goid"]; l.goid%wordSize != 0 || l.goid > maxG {
		return l, fmt.Errorf("offset %d of runtime.g.goid is not possible: make the patch again for this program", l.goid)
	}
	const prefix = "runtime.moduledata."
	l.module = map[string]uint64{}
	for name, v := range rt.Offset {
		if len(name) > len(prefix) && name[:len(prefix)] == prefix {
			if v >= l.moduleSize {
				return l, fmt.Errorf("offset %d of %s is not possible: make the patch again for this program", v, name)
			}
			l.module[name[len(prefix):]] = v
		}
	}
	return l, l.checkModule()
}

// moduleFields are the sizes of the fields of runtime.moduledata in bytes, in all supported releases. Those that are not named
// are words.
var moduleFields = map[string]uint64{
	"NotInHeap": 0, "hasmain": 1, "bad": 1,
	"pluginpath": 16, "modulename": 16, "gcdatamask": 16, "gcbssmask": 16,
	"funcnametab": 24, "cutab": 24, "filetab": 24, "pctab": 24, "pclntable": 24, "ftab": 24, "textsectmap": 24, "typelinks": 24,
	"itablinks": 24, "ptab": 24, "pkghashes": 24, "inittasks": 24, "modulehashes": 24,
}

// checkModule reports fields of moduledata that overlap, are not aligned, or leave room between them: where one is, no
// other can be.
func (l *layout) checkModule() error {
	names := slices.SortedFunc(maps.Keys(l.module), func(a, b string) int {
		return cmp.Or(cmp.Compare(l.module[a], l.module[b]), cmp.Compare(moduleField(a), moduleField(b)))
	})
	end := uint64(0)
	for _, name := range names {
		size := moduleField(name)
		align := uint64(1)
		if size > 1 {
			align = wordSize
		}
		if at := l.module[name]; at != (end+align-1)&^(align-1) {
			return fmt.Errorf("offset %d of runtime.moduledata.%s is not possible: the field before it ends at %d: make the patch again for this program", at, name, end)
		}
		end = l.module[name] + size
	}
	if end != l.moduleSize {
		return fmt.Errorf("runtime.moduledata has %d bytes, but its last field ends at %d: make the patch again for this program", l.moduleSize, end)
	}
	return nil
}

func moduleField(name string) uint64 {
	if size, ok := moduleFields[name]; ok {
		return size
	}
	return wordSize
}

// The following read a goroutine. While the world runs their results are stale at once.

func (l *layout) stackOf(g uint64) Range { return Range{load64(g + l.stack), load64(g + l.stack + 8)} }
func (l *layout) spOf(g uint64) uint64   { return load64(g + l.sched + l.sp) }
func (l *layout) pcOf(g uint64) uint64   { return load64(g + l.sched + l.pc) }
func (l *layout) bpOf(g uint64) uint64   { return load64(g + l.sched + l.bp) }

// linkOf is the return address of the innermost function, if that has no frame, and 0 where it is on the stack.
func (l *layout) linkOf(g uint64) uint64 {
	if !linkRegister {
		return 0
	}
	return load64(g + l.sched + l.link)
}

// idOf is the number of g as in stack traces, or 0 when it is not known.
func (l *layout) idOf(g uint64) uint64 {
	if l.goid == 0 {
		return 0
	}
	return load64(g + l.goid)
}

// asyncOf is 1 for a goroutine that a signal stopped in the middle of its code.
func (l *layout) asyncOf(g uint64) uint8 { return load8(g + l.asyncSafePoint) }

// calling reports whether g is in a system call or in C, or on its way out, or runs this.
func (l *layout) calling(g uint64) bool {
	status := l.statusOf(g)
	return status == statusSyscall || status == statusRunning
}

func (l *layout) statusOf(g uint64) uint32 { return load32(g+l.status) &^ statusScan }

// word reads a word-sized field of a moduledata, or 0 when the release has no such field.
func (l *layout) word(module uint64, field string) uint64 {
	off, ok := l.module[field]
	if !ok {
		return 0
	}
	return load64(module + off)
}
