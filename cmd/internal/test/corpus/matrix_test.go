package corpus

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	profiling "runtime/pprof"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/gosplice/gosplice/cmd/internal/build/gorelease"
	"github.com/gosplice/gosplice/cmd/internal/build/pipeline"
	"github.com/gosplice/gosplice/cmd/internal/test/corpus/scenario"
	"github.com/gosplice/gosplice/cmd/internal/test/testprogram"
)

// cell is a way of building programs, with one toolchain.
type cell struct {
	way       string
	toolchain string
	flags     []string
	env       []string
	// refused is what the error says, for programs of which no record is made.
	refused string
	// emulated programs are not tested under load.
	emulated bool
	// uninlined programs are built without inlining.
	uninlined bool
	// needs names a program without which the cell can't be built, cpu a property of the processor without which
	// the program can't run.
	needs, cpu string
	// scenarios are those that are run, if not all.
	scenarios []string
	// cc is the C compiler, where it is not the one of this machine.
	cc string
	// profiled programs are optimised with a profile that lies beside the main package.
	profiled bool
	// experiments are values of GOEXPERIMENT by toolchain; those that are not named have no such cell.
	experiments map[string]string
}

func (c cell) String() string { return c.way + " " + c.toolchain }

// ways are the ways of building programs, each for all toolchains.
var ways = []cell{
	{way: "plain"},
	{way: "`-trimpath -ldflags=\"-s -w\"`", flags: []string{"-trimpath", "-ldflags=-s -w"}},
	{way: "`-gcflags=\"all=-N -l\"`", flags: []string{"-gcflags=all=-N -l"}, uninlined: true},
	{way: "`-gcflags=-l`", flags: []string{"-gcflags=-l"}, uninlined: true},
	{way: "`-gcflags=-B`", flags: []string{"-gcflags=-B"}},
	{way: "`-asmflags=-D=NAME`, `-tags=name`", flags: []string{"-asmflags=-D=NAME", "-tags=name"}},
	{way: "`default.pgo`", profiled: true},
	{way: "`GOAMD64=v2`", env: []string{"GOAMD64=v2"}},
	{way: "`GOARCH=arm64`, emulated", env: testprogram.Cross("arm64"), needs: "qemu-aarch64", emulated: true},
	{way: "`GOARCH=arm64 -buildmode=pie`, emulated", flags: []string{"-buildmode=pie"}, env: testprogram.Cross("arm64"), needs: "qemu-aarch64", emulated: true, scenarios: fewScenarios},
	{way: "`GOARCH=arm64 -linkmode=external`, emulated", flags: []string{"-ldflags=-linkmode=external"}, env: testprogram.CrossC("arm64", armCC), cc: armCC, needs: "qemu-aarch64", emulated: true, scenarios: fewScenarios},
	{way: "`GOARCH=arm64 -linkmode=external -buildmode=pie`, emulated", flags: []string{"-ldflags=-linkmode=external", "-buildmode=pie"}, env: testprogram.CrossC("arm64", armCC), cc: armCC, needs: "qemu-aarch64", emulated: true, scenarios: fewScenarios},
	{way: "`GOARCH=arm64 -race`", flags: []string{"-race"}, env: testprogram.CrossC("arm64", armCC), cc: armCC, needs: armCC, refused: "on arm64 a build with -race is not supported"},
	{way: "`GOARCH=arm64 -trimpath -ldflags=\"-s -w\"`, emulated", flags: []string{"-trimpath", "-ldflags=-s -w"}, env: testprogram.Cross("arm64"), needs: "qemu-aarch64", emulated: true, scenarios: fewScenarios},
	{way: "`GOARCH=arm64 -gcflags=\"all=-N -l\"`, emulated", flags: []string{"-gcflags=all=-N -l"}, env: testprogram.Cross("arm64"), needs: "qemu-aarch64", emulated: true, scenarios: fewScenarios},
	{way: "`GOARCH=arm64 -gcflags=-l`, emulated", flags: []string{"-gcflags=-l"}, env: testprogram.Cross("arm64"), needs: "qemu-aarch64", emulated: true, scenarios: fewScenarios},
	{way: "`GOARCH=arm64 -cover`, emulated", flags: []string{"-cover"}, env: testprogram.Cross("arm64"), needs: "qemu-aarch64", emulated: true, scenarios: fewScenarios},
	{way: "`GOARCH=arm64 GOARM64=v8.1`, emulated", env: append(testprogram.Cross("arm64"), "GOARM64=v8.1"), needs: "qemu-aarch64", emulated: true, scenarios: fewScenarios},
	{way: "`GOARCH=arm64 GOARM64=v8.0,lse`, emulated", env: append(testprogram.Cross("arm64"), "GOARM64=v8.0,lse"), needs: "qemu-aarch64", emulated: true, scenarios: fewScenarios},
	{way: "`GOARCH=arm64 GOARM64=v9.0`, emulated", env: append(testprogram.Cross("arm64"), "GOARM64=v9.0"), needs: "qemu-aarch64", emulated: true, scenarios: fewScenarios},
	{way: "`GOARCH=arm64 GOFIPS140=latest`, emulated", env: append(testprogram.Cross("arm64"), "GOFIPS140=latest"), needs: "qemu-aarch64", emulated: true, scenarios: fewScenarios},
	{way: "`GOAMD64=v3`", env: []string{"GOAMD64=v3"}, cpu: "avx2"},
	{way: "`GOAMD64=v4`", env: []string{"GOAMD64=v4"}, cpu: "avx512vl"},
	{way: "`CGO_ENABLED=0`", env: []string{"CGO_ENABLED=0"}},
	{way: "`-linkmode=external`", flags: []string{"-ldflags=-linkmode=external"}, env: []string{"CGO_ENABLED=1"}, needs: "gcc"},
	{way: "static, with glibc", flags: static, env: []string{"CGO_ENABLED=1"}, needs: "gcc"},
	{way: "static, with musl", flags: static, env: []string{"CGO_ENABLED=1", "CC=musl-gcc"}, needs: "musl-gcc"},
	{way: "`-buildmode=pie`", flags: []string{"-buildmode=pie"}},
	{way: "`-buildmode=pie -trimpath -ldflags=\"-s -w\"`", flags: []string{"-buildmode=pie", "-trimpath", "-ldflags=-s -w"}},
	{way: "`-buildmode=pie -linkmode=external`", flags: []string{"-buildmode=pie", "-ldflags=-linkmode=external"}, env: []string{"CGO_ENABLED=1"}, needs: "gcc"},
	{way: "`-buildmode=pie`, static, with glibc", flags: staticPIE, env: []string{"CGO_ENABLED=1"}, needs: "gcc"},
	{way: "`-race`", flags: []string{"-race"}, env: []string{"CGO_ENABLED=1"}, needs: "gcc"},
	{way: "`-cover`", flags: []string{"-cover"}},
	{way: "`-asan`", flags: []string{"-asan"}, env: []string{"CGO_ENABLED=1"}, refused: "a build with -asan is not supported", needs: "gcc"},
	{way: "`-msan`", flags: []string{"-msan"}, env: []string{"CGO_ENABLED=1", "CC=clang"}, refused: "a build with -msan is not supported", needs: "clang"},
	{way: "`GOFIPS140=latest`", env: []string{"GOFIPS140=latest"}},
	{way: "`GOFIPS140=v1.0.0`", env: []string{"GOFIPS140=v1.0.0"}},
	{way: "`GOEXPERIMENT`: others, all at once", experiments: experiments},
	{way: "`GOEXPERIMENT=staticlockranking`", refused: "GOEXPERIMENT staticlockranking is not supported", experiments: map[string]string{
		"go1.25.14": "staticlockranking", "go1.26.8": "staticlockranking", "go1.27.4": "staticlockranking",
	}},
	{way: "`GOEXPERIMENT=newinliner`", refused: "GOEXPERIMENT newinliner is not supported", experiments: map[string]string{
		"go1.25.14": "newinliner", "go1.26.8": "newinliner", "go1.27.4": "newinliner",
	}},
	{way: "`GOEXPERIMENT=boringcrypto`", env: []string{"CGO_ENABLED=1"}, needs: "gcc", experiments: map[string]string{
		"go1.25.14": "boringcrypto", "go1.26.8": "boringcrypto", "go1.27.4": "boringcrypto",
	}},
	{way: "`GOEXPERIMENT=noswissmap`", refused: "GOEXPERIMENT noswissmap is not supported", experiments: map[string]string{"go1.25.14": "noswissmap"}},
}

// experiments are those that are not refused and are not there by default.
var experiments = map[string]string{
	"go1.25.14": "arenas,cgocheck2,fieldtrack,heapminimum512kib,greenteagc,jsonv2,synctest",
	"go1.26.8":  "arenas,cgocheck2,fieldtrack,heapminimum512kib,nogreenteagc,jsonv2,goroutineleakprofile,runtimefreegc,sizespecializedmalloc,runtimesecret,simd,norandomizedheapbase64",
	"go1.27.4":  "arenas,cgocheck2,fieldtrack,heapminimum512kib,nogreenteagc,nojsonv2,runtimefreegc,nosizespecializedmalloc,runtimesecret,simd,norandomizedheapbase64,mapsplitgroup",
}

// armCC compiles C for arm64.
const armCC = "aarch64-linux-gnu-gcc"

// static are the flags of programs that need nothing else at run time.
var static = []string{"-ldflags=-linkmode=external -extldflags=-static", "-tags=netgo,osusergo"}

// staticPIE are those of programs that the kernel alone moves.
var staticPIE = []string{"-buildmode=pie", "-ldflags=-linkmode=external -extldflags=-static-pie", "-tags=netgo,osusergo"}

// none is what the table says of a way that a release does not have.
const none = "there is none"

// cells are the ways with each toolchain.
func cells() []cell {
	var out []cell
	for _, w := range ways {
		for _, v := range testprogram.Toolchains {
			if c, ok := w.with(v); ok {
				out = append(out, c)
			}
		}
	}
	return out
}

// with is the way with a toolchain, if that has it.
func (c cell) with(toolchain string) (cell, bool) {
	c.toolchain = toolchain
	if c.experiments == nil {
		return c, true
	}
	values, ok := c.experiments[toolchain]
	c.env = append(slices.Clone(c.env), "GOEXPERIMENT="+values)
	return c, ok
}

// matrixScenarios are run in every cell: ten edits that apply, three that warn and three that are refused.
var matrixScenarios = []string{
	"A01-body-string", "A05-iface-held", "A08-inlined-leaf", "A13-new-type", "A18-closure-samecap", "A19-defer-recover",
	"A21-stack-grow", "A23-generic-body", "A26-import-deadcoded", "A27-reflect-json",
	"W01-on-stack-loop", "W06-new-global-dyninit", "W08-closure-capture",
	"R01-field-insert", "R07-signature-open", "R12-main-only",
}

// fewScenarios are run in the cells of programs that an emulator runs, but for one way.
var fewScenarios = []string{"A05-iface-held", "A13-new-type", "A21-stack-grow", "W01-on-stack-loop", "R01-field-insert"}

// stressed are run once more with the garbage collector never at rest, the profiler and the tracer, load and
// 10,000 goroutines, going to the release and back.
var stressed = []string{"A01-body-string", "A08-inlined-leaf"}

// matrixPath is the page with what came of the cells.
const matrixPath = "../../../../docs/matrix.md"

// TestMatrix builds programs in every way with every supported release, and edits them while they run.
// GOSPLICE_MATRIX=all runs all cells, another text those whose names hold it; what came of them is written into
// docs/matrix.md. By default plain programs of one release are edited, of another one each day, with one scenario, and programs of
// arm64 that are built in one way, another each day; nothing is written.
func TestMatrix(t *testing.T) {
	// Which toolchain is needed is for gosplice to find out.
	if v, ok := os.LookupEnv("GOTOOLCHAIN"); ok {
		os.Unsetenv("GOTOOLCHAIN")
		t.Cleanup(func() { os.Setenv("GOTOOLCHAIN", v) })
	}
	which := os.Getenv("GOSPLICE_MATRIX")
	if which == "" {
		c := ways[0]
		c.toolchain = testprogram.Toolchains[time.Now().YearDay()%len(testprogram.Toolchains)]
		t.Run(c.String(), func(t *testing.T) { c.run(t, matrixScenarios[:1], stressed[:1]) })
		emulated := slices.DeleteFunc(slices.Clone(ways), func(c cell) bool { return !c.emulated })
		c = emulated[time.Now().YearDay()%len(emulated)]
		c.toolchain = toolchainOf(runtime.Version())
		t.Run(c.String(), func(t *testing.T) { c.run(t, fewScenarios[:1], nil) })
		return
	}
	for _, c := range cells() {
		if which != "all" && !strings.Contains(c.String(), which) {
			continue
		}
		skipped := false
		ok := t.Run(c.String(), func(t *testing.T) {
			defer func() { skipped = t.Skipped() }()
			names := c.scenarios
			if names == nil {
				names = matrixScenarios
			}
			c.run(t, names, stressed)
		})
		result := "works"
		switch {
		case !ok:
			result = "**fails**"
		case skipped:
			result = "not here"
		case c.refused != "":
			result = "refused"
		}
		if err := enter(c, result+", "+time.Now().UTC().Format("2006-01-02")); err != nil {
			t.Fatal(err)
		}
	}
}

// toolchainOf is the toolchain of the release that a version belongs to, or the newest.
func toolchainOf(version string) string {
	for _, v := range testprogram.Toolchains {
		if i := strings.LastIndexByte(v, '.'); strings.HasPrefix(version, v[:i+1]) {
			return v
		}
	}
	return testprogram.Toolchains[len(testprogram.Toolchains)-1]
}

// run builds and edits in one cell.
func (c cell) run(t *testing.T, names, stress []string) {
	if c.needs != "" {
		if _, err := exec.LookPath(c.needs); err != nil {
			t.Skipf("needs %s: %v", c.needs, err)
		}
	}
	if c.cc != "" {
		if _, err := exec.LookPath(c.cc); err != nil {
			t.Skipf("needs %s: %v", c.cc, err)
		}
		t.Setenv("CC", c.cc)
	}
	if c.cpu != "" {
		properties, err := os.ReadFile("/proc/cpuinfo")
		if err != nil {
			t.Fatal(err)
		}
		if !slices.Contains(strings.Fields(string(properties)), c.cpu) {
			t.Skipf("needs a processor with %s", c.cpu)
		}
	}
	rel, err := gorelease.Of(c.toolchain)
	if err != nil {
		t.Fatal(err)
	}
	if err := rel.Readable(runtime.Version()); err != nil {
		t.Skipf("run the test with GOTOOLCHAIN=%s: %v", c.toolchain, err)
	}
	env := append(testprogram.Toolchain(t, c.toolchain), c.env...)
	if c.refused != "" {
		c.refuse(t, env)
		return
	}
	var profile []byte
	if c.profiled {
		if profile, err = profileOf(formatting); err != nil {
			t.Fatal(err)
		}
	}
	if c.emulated {
		stress = nil
	}
	for _, name := range names {
		s, err := scenario.Read(filepath.Join("testdata", name+".txtar"))
		if err != nil {
			t.Fatal(err)
		}
		if c.profiled {
			s.Program["default.pgo"] = profile
		}
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b := buildWith(t, s, env, c.flags)
			b.uninlined = c.uninlined
			t.Run("plain", func(t *testing.T) { newRun(t, s, b, dimensions[0]).script() })
			for _, n := range stress {
				if n == name {
					t.Run("everything", func(t *testing.T) { newRun(t, s, b, dimensions[len(dimensions)-1]).script() })
				}
			}
		})
	}
}

// refuse checks that no record is made, and that the reason names what it is.
func (c cell) refuse(t *testing.T, env []string) {
	s, err := scenario.Read(filepath.Join("testdata", matrixScenarios[0]+".txtar"))
	if err != nil {
		t.Fatal(err)
	}
	b, err := compileWith(t, s, env, c.flags)
	if err != nil {
		t.Skipf("the toolchain can't build so here: %v", err)
	}
	_, err = pipeline.MakeRecord(context.Background(), pipeline.RecordOptions{Binary: b.binary, Dir: b.dir})
	if err == nil || !strings.Contains(err.Error(), c.refused) {
		t.Errorf("the error does not say %q: %v", c.refused, err)
	}
}

// formatting is work of which a profile says that functions of the standard library are called often.
func formatting() {
	for end := time.Now().Add(300 * time.Millisecond); time.Now().Before(end); {
		if s := strings.ToUpper(fmt.Sprintf("%d %s %v", 7, "text", []int{1})); len(s) == 0 {
			panic("nothing was formatted")
		}
	}
}

// profileOf is a profile of the processor's time that f takes.
func profileOf(f func()) ([]byte, error) {
	var b bytes.Buffer
	if err := profiling.StartCPUProfile(&b); err != nil {
		return nil, err
	}
	f()
	profiling.StopCPUProfile()
	return b.Bytes(), nil
}

// enter writes what came of a cell into the page, and leaves the other cells as they are.
func enter(c cell, result string) error {
	old, err := os.ReadFile(matrixPath)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	results := map[string]string{}
	var columns []string
	for line := range strings.Lines(string(old)) {
		fields := strings.Split(strings.Trim(strings.TrimSpace(line), "|"), "|")
		for i := range fields {
			fields[i] = strings.TrimSpace(fields[i])
		}
		switch {
		case len(fields) < 2 || strings.HasPrefix(fields[0], "---"):
		case columns == nil:
			columns = fields[1:]
		default:
			for i, r := range fields[1:] {
				results[fields[0]+" "+columns[i]] = r
			}
		}
	}
	results[c.String()] = result
	return os.WriteFile(matrixPath, []byte(matrixPage(results)), 0o666)
}

// matrixPage is the table of what came of the cells.
func matrixPage(results map[string]string) string {
	var b strings.Builder
	fmt.Fprintf(&b, `# What was tested

Written by `+"`GOTOOLCHAIN=go1.27.4 GOSPLICE_MATRIX=all go test ./cmd/internal/test/corpus -run TestMatrix -timeout 4h`"+`, on linux/amd64; each cell says when it was run last.

A cell works when programs that were built so are recorded, with every byte of machine code compared, and patched and rolled back while
they run, in %d scenarios of the corpus; and %d of these also under load, with GOGC=1, the profiler, the tracer and 10,000
goroutines, but for what an emulator runs; there, but for the first way, %d scenarios are run. A cell is refused when `+"`gosplice record`"+` says so in one line that names the reason. It is not here where the machine of
the last run lacks a program or a processor that it needs.

| build |`, len(matrixScenarios), len(stressed), len(fewScenarios))
	for _, v := range testprogram.Toolchains {
		b.WriteString(" " + v + " |")
	}
	b.WriteString("\n|---|" + strings.Repeat("---|", len(testprogram.Toolchains)) + "\n")
	for _, w := range ways {
		b.WriteString("| " + w.way + " |")
		for _, v := range testprogram.Toolchains {
			if c, ok := w.with(v); ok {
				b.WriteString(" " + cmp.Or(results[c.String()], "not run") + " |")
			} else {
				b.WriteString(" " + none + " |")
			}
		}
		b.WriteString("\n")
	}
	fmt.Fprintf(&b, "\nThe scenarios: %s.\n", strings.Join(matrixScenarios, ", "))
	fmt.Fprintf(&b, "\nThose that an emulator runs for most ways: %s.\n", strings.Join(fewScenarios, ", "))
	b.WriteString("\nThe experiments:\n\n")
	for _, v := range testprogram.Toolchains {
		fmt.Fprintf(&b, "- %s: `%s`\n", v, experiments[v])
	}
	return b.String()
}
