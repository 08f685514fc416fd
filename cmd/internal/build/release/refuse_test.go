package release_test

import (
	"bytes"
	"context"
	"errors"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/gosplice/gosplice/cmd/internal/build/gorelease"
	"github.com/gosplice/gosplice/cmd/internal/build/gotool"
	"github.com/gosplice/gosplice/cmd/internal/build/image"
	"github.com/gosplice/gosplice/cmd/internal/build/pipeline"
	"github.com/gosplice/gosplice/cmd/internal/build/release"
	"github.com/gosplice/gosplice/cmd/internal/test/testprogram"
)

// countersProgram has a variable, a constant and a table that a record must not get wrong.
const countersProgram = `-- main.go --
package main

import (
	"fmt"
	"strings"
)

var version = "none"

var limit = 5

type counter struct{ n int }

func (c *counter) add(by int) int {
	if c.n += by; c.n > limit {
		c.n = 0
	}
	return c.n
}

//go:noinline
func greet(name string) string { return "good morning, " + strings.ToUpper(name) }

func main() {
	var c counter
	fmt.Println(version, greet("all"), c.add(3))
}
`

func TestOtherSourcesAreRefused(t *testing.T) {
	dir := testprogram.Write(t, countersProgram)
	binary := testprogram.Build{Dir: dir}.Program(t)
	for _, c := range []struct{ name, old, new, says string }{
		{"code", "c.n > limit", "c.n >= limit", "main.main"},
		{"method", "c.n = 0", "c.n = 1", "main.main"},
		{"string", "good morning", "good evening", "good"},
		{"variable", "limit = 5", "limit = 7", "main.limit"},
		{"call", "ToUpper", "ToLower", "main.greet"},
	} {
		t.Run(c.name, func(t *testing.T) {
			other := testprogram.Write(t, strings.Replace(countersProgram, c.old, c.new, 1))
			refused(t, binary, other, "program was not built from these sources", c.says)
		})
	}
}

// refused checks that no record is made, and what is said.
func refused(t *testing.T, binary, dir string, says ...string) {
	t.Helper()
	out := filepath.Join(t.TempDir(), "record.gsr")
	_, err := pipeline.MakeRecord(context.Background(), pipeline.RecordOptions{Binary: binary, Dir: dir, Out: out})
	if err == nil {
		t.Fatal("the record was made")
	}
	for _, s := range says {
		if !strings.Contains(err.Error(), s) {
			t.Errorf("the error does not say %q: %v", s, err)
		}
	}
	if _, err := os.Stat(out); err == nil {
		t.Error("a record was written")
	}
	t.Log(err)
}

// TestVariablesThatTheLinkerSets builds as version numbers are usually put in.
func TestVariablesThatTheLinkerSets(t *testing.T) {
	dir := testprogram.Write(t, countersProgram)
	binary := testprogram.Build{Dir: dir, Args: []string{"-ldflags=-X main.version=1.2"}}.Program(t)
	recordFile(t, binary, dir)
}

// TestOtherFlagsAreRefused compiles the objects in another way than the program.
func TestOtherFlagsAreRefused(t *testing.T) {
	dir := testprogram.Write(t, countersProgram)
	binary := testprogram.Build{Dir: dir}.Program(t)
	b, err := gotool.FromBinary(binary)
	if err != nil {
		t.Fatal(err)
	}
	b.Dir = dir
	for _, flag := range []string{"-gcflags=-l", "-gcflags=-N"} {
		t.Run(flag, func(t *testing.T) {
			other := *b
			other.Flags = append([]string{flag}, b.Flags...)
			err := harvestWith(t, binary, &other)
			var m *release.Mismatch
			if !errors.As(err, &m) || m.Package != "main" || !strings.HasPrefix(m.Symbol, "main.") {
				t.Errorf("the error does not name a function of the package: %v", err)
			}
			t.Log(err)
		})
	}
}

func harvestWith(t *testing.T, binary string, b *gotool.Build) error {
	t.Helper()
	packages, err := b.List(context.Background(), "")
	if err != nil {
		t.Fatal(err)
	}
	set, err := release.Objects(releaseOf(t, b.GoVersion), packages)
	if err != nil {
		t.Fatal(err)
	}
	defer set.Close()
	file, err := image.Open(binary, releaseOf(t, b.GoVersion))
	if err != nil {
		t.Fatal(err)
	}
	_, err = release.Harvest(set, file)
	return err
}

// TestUnknownReleaseIsRefused takes a program of a release that does not exist yet: one whose version is
// overwritten with another of the same length. There is no record of it, and it can't be patched.
func TestUnknownReleaseIsRefused(t *testing.T) {
	const future = "go1.99"
	repository, err := filepath.Abs("../../../..")
	if err != nil {
		t.Fatal(err)
	}
	dir := testprogram.Write(t, `-- go.mod --
module program

go 1.25

require github.com/gosplice/gosplice v0.0.0

replace github.com/gosplice/gosplice => `+repository+`
-- main.go --
package main

import (
	"fmt"

	"github.com/gosplice/gosplice"
)

func main() { fmt.Println(gosplice.Start()) }
`)
	binary := testprogram.Build{Dir: dir}.Program(t)
	b, err := gotool.FromBinary(binary)
	if err != nil {
		t.Fatal(err)
	}
	content, err := os.ReadFile(binary)
	if err != nil {
		t.Fatal(err)
	}
	other := future + b.GoVersion[len(future):]
	content = bytes.ReplaceAll(content, []byte(b.GoVersion), []byte(other))
	if err := os.WriteFile(binary, content, 0o777); err != nil {
		t.Fatal(err)
	}
	known := gorelease.Names()
	refused(t, binary, dir, append([]string{other, "use a gosplice that knows " + future}, known...)...)

	run := exec.Command(binary)
	run.Env = append(os.Environ(), "XDG_RUNTIME_DIR="+t.TempDir())
	out, err := run.CombinedOutput()
	if err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	for _, want := range append([]string{other, "a gosplice that knows this release"}, known...) {
		if !strings.Contains(string(out), want) {
			t.Errorf("Start does not say %q: %s", want, out)
		}
	}
	if strings.Count(strings.TrimSpace(string(out)), "\n") > 0 {
		t.Errorf("Start says more than a line: %s", out)
	}
}

// TestOtherToolchainIsRefused takes a program of another patch release.
func TestOtherToolchainIsRefused(t *testing.T) {
	t.Setenv("GOTOOLCHAIN", "local")
	dir := testprogram.Write(t, countersProgram)
	binary := testprogram.Build{Dir: dir}.Program(t)
	b, err := gotool.FromBinary(binary)
	if err != nil {
		t.Fatal(err)
	}
	i := strings.LastIndexByte(b.GoVersion, '.')
	other := b.GoVersion[:i] + strings.Repeat("9", len(b.GoVersion)-i)[:len(b.GoVersion)-i]
	other = b.GoVersion[:i+1] + other[i+1:]
	content, err := os.ReadFile(binary)
	if err != nil {
		t.Fatal(err)
	}
	content = bytes.ReplaceAll(content, []byte(b.GoVersion), []byte(other))
	if err := os.WriteFile(binary, content, 0o777); err != nil {
		t.Fatal(err)
	}
	refused(t, binary, dir, b.GoVersion, other)
}

// TestChangedBytesAreRefused changes one byte of machine code at a time: the error names the
// function, or that to which the changed reference leads.
func TestChangedBytesAreRefused(t *testing.T) {
	dir := testprogram.Write(t, countersProgram)
	binary := testprogram.Build{Dir: dir}.Program(t)
	set, goRelease := objectsOf(t, binary, dir)
	file, err := image.Open(binary, goRelease)
	if err != nil {
		t.Fatal(err)
	}
	content, err := os.ReadFile(binary)
	if err != nil {
		t.Fatal(err)
	}
	offset := textOffset(t, file, content)
	const seed = 1
	for _, c := range changesOf(file, rand.New(rand.NewPCG(seed, seed))) {
		at := c.addr - file.Text() + offset
		content[at] ^= c.flip
		changed := filepath.Join(t.TempDir(), "program")
		if err := os.WriteFile(changed, content, 0o777); err != nil {
			t.Fatal(err)
		}
		content[at] ^= c.flip
		other, err := image.Open(changed, goRelease)
		if err != nil {
			t.Fatal(err)
		}
		if _, err = release.Harvest(set, other); err == nil {
			t.Errorf("byte %#x of %s changed by %#x, and nobody noticed", c.addr-c.entry, c.name, c.flip)
		} else if c.first && !strings.Contains(err.Error(), c.name) {
			t.Errorf("the first byte of %s changed, and the error does not name it: %v", c.name, err)
		}
		os.Remove(changed)
	}
}

// byteChange is one change of a program's machine code.
type byteChange struct {
	name        string
	entry, addr uint64
	flip        byte
	first       bool
}

// changesOf chooses bytes of functions: the first ones of some that are named here, and random ones.
func changesOf(file *image.File, random *rand.Rand) (out []byteChange) {
	named := map[string]bool{"main.main": true, "main.greet": true, "runtime.memmove": true, "runtime.mallocgc": true, "strings.ToUpper": true, "runtime.goexit": true}
	for _, f := range file.Funcs {
		if named[f.Name] {
			out = append(out, byteChange{f.Name, f.Entry, f.Entry, 0x01, true})
		}
	}
	for range 60 {
		f := file.Funcs[random.IntN(len(file.Funcs))]
		code := bytes.TrimRight(file.Bytes(f.Entry, int(f.End-f.Entry)), "\xcc")
		if release.LinkerMade(f.Name) || len(code) == 0 {
			continue
		}
		addr := f.Entry + random.Uint64N(uint64(len(code)))
		out = append(out, byteChange{f.Name, f.Entry, addr, 1 << random.IntN(8), false})
	}
	return out
}

// textOffset finds where in the file the machine code is.
func textOffset(t *testing.T, file *image.File, content []byte) uint64 {
	t.Helper()
	text := file.Bytes(file.Text(), 4096)
	i := bytes.Index(content, text)
	if i < 0 || bytes.Contains(content[i+1:], text) {
		t.Fatal("the machine code is not in the file, or twice")
	}
	return uint64(i)
}

// TestForeignCompilerIsNamed makes a record without the C compiler of the build.
func TestForeignCompilerIsNamed(t *testing.T) {
	const compiler = "aarch64-linux-gnu-gcc"
	if _, err := exec.LookPath(compiler); err != nil {
		t.Skipf("needs %s: %v", compiler, err)
	}
	dir := testprogram.Write(t, "-- main.go --\npackage main\n\n// int twice(int n) { return 2*n; }\nimport \"C\"\n\nfunc main() { println(C.twice(2)) }\n")
	binary := testprogram.Build{Dir: dir, Env: testprogram.CrossC("arm64", compiler)}.Program(t)
	t.Setenv("CC", "")
	refused(t, binary, dir, "the program was built for arm64 with cgo", "set CC to the C compiler of that build, such as CC="+compiler)
	t.Setenv("CC", compiler)
	recordFile(t, binary, dir)
}
