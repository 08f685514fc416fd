package gorelease

import (
	"os"
	"path/filepath"
	"regexp"
	"runtime"
	"strconv"
	"strings"
	"testing"

	"github.com/gosplice/gosplice/cmd/internal/test/testprogram"
)

func TestOf(t *testing.T) {
	for _, v := range []string{"go1.25", "go1.25.14", "go1.26", "go1.26.8", "go1.27", "go1.27.4"} {
		if r, err := Of(v); err != nil || !strings.HasPrefix(v, r.Name) {
			t.Errorf("%s: %v, %v", v, r, err)
		}
	}
	for _, v := range []string{"go1.24.9", "go1.28", "go1.28.1", "go1.28rc1", "go1.26rc1", "go1.260", "devel go1.28-0123abc", ""} {
		_, err := Of(v)
		if err == nil {
			t.Errorf("%q is taken for a known release", v)
			continue
		}
		for _, want := range append(Names(), strconv.Quote(v)) {
			if !strings.Contains(err.Error(), want) {
				t.Errorf("the error does not name %s: %v", want, err)
			}
		}
	}
}

// TestTables reads every table of every release.
func TestTables(t *testing.T) {
	for _, r := range releases {
		builtins, err := r.Builtins()
		if err != nil || len(builtins) < 200 {
			t.Errorf("%s: %d builtin symbols, %v", r.Name, len(builtins), err)
		}
		spaced := false
		for _, b := range builtins {
			if b.Name == "" || b.ABI > 1 {
				t.Errorf("%s: builtin symbol %q, ABI %d", r.Name, b.Name, b.ABI)
			}
			spaced = spaced || b == Symbol{"type:func(error) string", 0}
		}
		if !spaced {
			t.Errorf("%s: the builtin symbols lack one whose name holds a space", r.Name)
		}
		layout, err := r.Layout("amd64")
		if err != nil || layout["runtime.moduledata"] == 0 || layout["runtime.g"] == 0 {
			t.Errorf("%s: structures %v, %v", r.Name, layout, err)
		}
		if abbrevs, err := r.Abbrevs(); err != nil || len(abbrevs) < 100 {
			t.Errorf("%s: %d bytes of abbreviations, %v", r.Name, len(abbrevs), err)
		}
	}
}

// TestTableOfToolchain compares the builtin symbols with the sources of the toolchain that runs the test.
func TestTableOfToolchain(t *testing.T) {
	r, err := Of(runtime.Version())
	if err != nil {
		t.Fatal(err)
	}
	source, err := os.ReadFile(filepath.Join(testprogram.GOROOT(t), "src/cmd/internal/goobj/builtinlist.go"))
	if err != nil {
		t.Skip("the toolchain comes without its sources: ", err)
	}
	var want []Symbol
	for _, m := range regexp.MustCompile(`(?m)^\t\{"(.*)", ([01])\},`).FindAllSubmatch(source, -1) {
		want = append(want, Symbol{string(m[1]), uint16(m[2][0] - '0')})
	}
	have, err := r.Builtins()
	if err != nil {
		t.Fatal(err)
	}
	if len(have) != len(want) {
		t.Fatalf("%d builtin symbols, the toolchain has %d", len(have), len(want))
	}
	for i := range want {
		if have[i] != want[i] {
			t.Errorf("builtin symbol %d is %v, in the toolchain %v", i, have[i], want[i])
		}
	}
}

func TestReadable(t *testing.T) {
	for _, c := range []struct {
		program, own string
		ok           bool
	}{
		{"go1.25", "go1.26.8", true}, {"go1.26", "go1.25.14", true}, {"go1.27", "go1.27.4", true}, {"go1.26", "go1.27.4", true},
		{"go1.27", "go1.99.1", true}, {"go1.27", "go1.26.8", false}, {"go1.27", "go1.25.14", false},
	} {
		r, err := Of(c.program)
		if err != nil {
			t.Fatal(err)
		}
		err = r.Readable(c.own)
		if (err == nil) != c.ok {
			t.Errorf("a gosplice built with %s and programs of %s: %v", c.own, c.program, err)
		}
		if err != nil && (!strings.Contains(err.Error(), c.own) || !strings.Contains(err.Error(), "GOTOOLCHAIN="+c.program)) {
			t.Errorf("the error does not say what to do: %v", err)
		}
	}
}
