package splice

import (
	"runtime"
	"strings"
)

// codeMap knows the code of all modules at one time, so that a stopped world can be checked
// without asking the runtime.
type codeMap struct {
	program Range
	all     []Range // ascending and apart
	// generated is code that neither the compiler nor the linker of Go made: it may keep no frame pointers.
	generated []Range
}

// code lists the code of the registered modules: the program, its plugins, the images, what libraries have generated.
func (e *Engine) code() codeMap {
	var m codeMap
	for module := range e.modules() {
		r := Range{e.at.word(module, "minpc"), e.at.word(module, "maxpc")}
		m.all = append(m.all, r)
		switch {
		case module == e.vars.firstModule:
			m.program = r
		case e.images[module] == nil && !e.isPlugin(module):
			m.generated = append(m.generated, r)
		}
	}
	m.all, m.generated = joined(m.all), joined(m.generated)
	return m
}

func (m *codeMap) contains(pc uint64) bool { return m.program.contains(pc) || inRanges(m.all, pc) }

// unframed reports code whose caller's frame may not be where the frame pointers lead.
func (m *codeMap) unframed(pc uint64) bool { return inRanges(m.generated, pc) && !skipUnframed }

// alwaysRunning are packages, and prefixes of package paths with a slash, whose code runs while the
// world is stopped: in the runtime's own threads, in signal handlers, at the end of system calls, and
// here.
var alwaysRunning = []string{
	"runtime", "runtime/internal/", "internal/runtime/", "internal/abi", "internal/bytealg", "internal/byteorder",
	"internal/chacha8rand", "internal/cpu", "internal/goarch", "internal/stringslite", "sync/atomic", "time",
	"github.com/gosplice/gosplice/internal/live/splice",
}

// runsWhenStopped reports whether the function at entry may run while the world is stopped, so that its
// code can't be replaced.
func runsWhenStopped(entry uint64) bool {
	f := runtime.FuncForPC(uintptr(entry))
	if f == nil {
		return false
	}
	name := f.Name()
	pkg := packageOf(name)
	for _, p := range alwaysRunning {
		if pkg == p || strings.HasSuffix(p, "/") && strings.HasPrefix(pkg, p) {
			return !strings.HasPrefix(name, selfTestPrefix)
		}
	}
	if pkg == "syscall" {
		// What stands between entersyscall and exitsyscall, and what a child runs before exec.
		switch base := strings.ToLower(strings.TrimPrefix(name, "syscall.")); {
		case strings.HasPrefix(base, "syscall"), strings.HasPrefix(base, "rawsyscall"), strings.HasPrefix(base, "rawvfork"),
			strings.HasPrefix(base, "forkandexecinchild"), strings.HasPrefix(base, "runtime_"):
			return true
		}
	}
	return false
}

// packageOf returns the import path in a symbol name such as "a.b/c.(*T).M".
func packageOf(name string) string {
	if i := strings.IndexByte(name, '['); i >= 0 {
		name = name[:i] // type arguments hold paths of their own
	}
	slash := strings.LastIndexByte(name, '/') + 1
	dot := strings.IndexByte(name[slash:], '.')
	if dot < 0 {
		return ""
	}
	return name[:slash+dot]
}

// entryAt is the entry of the function at pc, or 0 when there is none.
func entryAt(pc uint64) uint64 {
	if f := runtime.FuncForPC(uintptr(pc)); f != nil {
		return uint64(f.Entry())
	}
	return 0
}

// nameAt is the name of the function at pc, or "" when there is none.
func nameAt(pc uint64) string {
	if f := runtime.FuncForPC(uintptr(pc)); f != nil {
		return f.Name()
	}
	return ""
}
