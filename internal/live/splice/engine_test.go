package splice

import (
	"os/exec"
	"slices"
	"strings"
	"testing"
	"unsafe"

	"github.com/gosplice/gosplice/internal/wire/patch"
)

func TestArmWithoutAddresses(t *testing.T) {
	if _, err := Arm(patch.Runtime{}, 0x401000, 0x402000); err == nil || strings.Contains(err.Error(), "\n") {
		t.Errorf("error %v", err)
	}
}

func TestSupportedRelease(t *testing.T) {
	for version, want := range map[string]bool{
		"go1.24.13": false, "go1.25": true, "go1.26.8": true, "go1.27rc1": false, "go1.26.1 X:nodwarf5": true, "go1.26.1-X:a,b": true, "go1.28": false,
		"go1.28.1": false, "go1.2": false, "go1.260": false, "go1.26.": true,
		"devel go1.27-abc": false, "": false,
	} {
		if _, got := releaseOf(version); got != want {
			t.Errorf("%q: %v", version, got)
		}
	}
}

func TestPackageOf(t *testing.T) {
	for name, want := range map[string]string{
		"main.main": "main", "a.b/c.(*T).M": "a.b/c", "a/b.F[a/c.T]": "a/b", "a/b.F[go.shape.int]": "a/b", "runtime.mallocgc": "runtime",
		"internal/runtime/syscall.Syscall6": "internal/runtime/syscall", "type:.eq.x": "type:", "noname": "",
	} {
		if got := packageOf(name); got != want {
			t.Errorf("%q: %q instead of %q", name, got, want)
		}
	}
}

// TestCompilesEverywhere builds the package for platforms that Arm refuses.
func TestCompilesEverywhere(t *testing.T) {
	if testing.Short() {
		t.Skip("builds the standard library for other platforms")
	}
	for _, platform := range []string{"linux/arm64", "linux/386", "windows/amd64", "darwin/arm64", "js/wasm"} {
		system, arch, _ := strings.Cut(platform, "/")
		c := exec.Command("go", "build", ".")
		c.Env = append(c.Environ(), "GOOS="+system, "GOARCH="+arch, "CGO_ENABLED=0")
		if out, err := c.CombinedOutput(); err != nil {
			t.Errorf("%s: %v\n%s", platform, err, out)
		}
	}
}

// TestImports: the package is linked into users' programs and brings nothing but the standard library and
// the patch format.
func TestImports(t *testing.T) {
	out, err := exec.Command("go", "list", "-f", `{{join .Imports "\n"}}`, ".").Output()
	if err != nil {
		t.Fatal(err)
	}
	for _, path := range strings.Fields(string(out)) {
		if strings.Contains(path, ".") && path != "github.com/gosplice/gosplice/internal/wire/patch" {
			t.Errorf("imports %s", path)
		}
	}
}

func TestErrBusy(t *testing.T) {
	many := make([]BusyFunc, 7)
	for i := range many {
		many[i] = BusyFunc{Name: string(rune('a' + i)), Count: i + 1}
	}
	for want, err := range map[string]*ErrBusy{
		"main.f (2)":             {Funcs: []BusyFunc{{Name: "main.f", Count: 2}}},
		"and 2 more functions":   {Funcs: many},
		"without quiescence":     {Funcs: many[:1], Quiesce: true},
		"ask from another one":   {Funcs: []BusyFunc{{Name: "main.f", Count: 1, Self: true}}, Quiesce: true},
		"can't be followed (3)":  {Unknown: 3},
		"(1); ask again":         {Funcs: many[:1], Quiesce: true, Advice: "ask again"},
		"after 7 attempts in 0s": {Attempts: 7, Unknown: 1},
	} {
		if got := err.Error(); !strings.Contains(got, want) || strings.Contains(got, "\n") {
			t.Errorf("%q lacks %q", got, want)
		}
	}
}

// onHeap is memory that stays where it is, which inlining would undo: a test's own stack may be moved.
//
//go:noinline
func onHeap(words int) []uint64 { return make([]uint64, words) }

func TestSpans(t *testing.T) {
	memory := onHeap(4096)
	base := uint64(uintptr(unsafe.Pointer(&memory[0])))
	var writes []Write
	for _, i := range []uint64{0, 1, 3, 600, 1500} {
		writes = append(writes, Write{Addr: base + 8*i, New: [8]byte{byte(i), 1}})
	}
	spans := spansOf(writes, 4096)
	covered := 0
	for i, s := range spans {
		if s.addr/4096 != (s.addr+s.len()-1)/4096 {
			t.Errorf("span %d crosses a page", i)
		}
		for _, w := range writes {
			if w.Addr >= s.addr && w.Addr < s.addr+s.len() {
				covered++
				if got := s.new[w.Addr-s.addr:][:8]; !slices.Equal(got, w.New[:]) {
					t.Errorf("%#x: % x", w.Addr, got)
				}
			}
		}
	}
	if covered != len(writes) || len(spans) < 3 || len(spans) > 5 {
		t.Errorf("%d writes in %d spans", covered, len(spans))
	}
	storeWords(spans[0].addr, spans[0].new)
	if memory[0] != 1<<8 || memory[1] != 1|1<<8 || memory[2] != 0 {
		t.Errorf("stored %#x", memory[:4])
	}
}
