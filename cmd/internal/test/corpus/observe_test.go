package corpus

import (
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"github.com/rogpeppe/go-internal/txtar"

	"github.com/gosplice/gosplice/cmd/internal/test/corpus/scenario"
)

// TestObserve looks at patched code through everything that names code: runtime.Callers with inlined
// frames, CPU and heap profiles, execution traces, and the trace of a panic that nobody recovers. Each
// has to show the patched function with the file and line of the edit.
func TestObserve(t *testing.T) {
	t.Parallel()
	path := filepath.Join("testdata", "observe", "observe.txtar")
	s, err := scenario.Read(path)
	if err != nil {
		t.Fatal(err)
	}
	lines := markedLines(t, path)
	r := newRun(t, s, build(t, s), dimensions[0])
	r.script()
	dir := t.TempDir()
	ask := func(req string) string {
		t.Helper()
		got, err := r.p.call(req)
		if err != nil {
			t.Fatal(err)
		}
		return got
	}
	contains := func(what, text string, marks ...string) {
		t.Helper()
		for _, m := range marks {
			if want := lines[m]; want == "" || !strings.Contains(text, want) {
				t.Errorf("%s does not show %s at %q:\n%s", what, m, want, firstLines(text, 60))
			}
		}
	}
	contains("runtime.Callers", ask("callers"), "inlined", "work")

	cpu, heap, trace := filepath.Join(dir, "cpu"), filepath.Join(dir, "heap"), filepath.Join(dir, "trace")
	ask("cpu " + cpu)
	contains("the CPU profile", pprof(t, r.b.binary, "-lines", cpu), "spin")
	ask("heap " + heap)
	contains("the heap profile", pprof(t, r.b.binary, "-lines", "-sample_index=alloc_space", heap), "keep")
	ask("trace " + trace)
	blocked := filepath.Join(dir, "blocked")
	out, err := exec.Command("go", "tool", "trace", "-pprof=sync", trace).Output()
	if err != nil {
		t.Fatalf("go tool trace: %v", err)
	}
	if err := os.WriteFile(blocked, out, 0o666); err != nil {
		t.Fatal(err)
	}
	contains("the execution trace", pprof(t, r.b.binary, "-lines", blocked), "block")

	if _, err := r.p.call("panic"); err == nil {
		t.Fatal("the program survived a panic in a goroutine")
	} else {
		contains("the trace of the panic", err.Error(), "panic")
	}
}

func pprof(t *testing.T, args ...string) string {
	t.Helper()
	binary, args := args[0], args[1:]
	file := args[len(args)-1]
	args = append([]string{"tool", "pprof", "-top", "-nodecount=100"}, args[:len(args)-1]...)
	out, err := exec.Command("go", append(args, binary, file)...).CombinedOutput()
	if err != nil {
		t.Fatalf("go %s: %v\n%s", strings.Join(args, " "), err, out)
	}
	return string(out)
}

// markedLines finds the comments "mark: NAME" in the edited main.go and returns "main.go:LINE" of each.
func markedLines(t *testing.T, path string) map[string]string {
	t.Helper()
	a, err := txtar.ParseFile(path)
	if err != nil {
		t.Fatal(err)
	}
	out := map[string]string{}
	for _, f := range a.Files {
		if f.Name != "after/main.go" {
			continue
		}
		for i, line := range strings.Split(string(f.Data), "\n") {
			if _, name, ok := strings.Cut(line, "// mark: "); ok {
				out[name] = "main.go:" + strconv.Itoa(i+1)
			}
		}
	}
	return out
}
