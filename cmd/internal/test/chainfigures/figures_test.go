package chainfigures

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/gosplice/gosplice/cmd/internal/build/chainbuild"
	"github.com/gosplice/gosplice/cmd/internal/build/gotool"
)

// TestSwapsUnderLoad swaps two plugins while four goroutines call through the table, and every result
// is checked. GOSPLICE_CHAIN is the number of swaps.
func TestSwapsUnderLoad(t *testing.T) {
	swaps := "100000"
	if testing.Short() {
		swaps = "1000"
	}
	if s := os.Getenv("GOSPLICE_CHAIN"); s != "" {
		swaps = s
	}
	p := newProgram(t)
	files := p.versions(t, 2)
	got := p.run(t, append([]string{"-swaps", swaps}, files...)...)
	t.Logf("%.0f swaps, %.0f rounds of calls in which %.0f were noticed", got["swaps"], got["calls"], got["switches-seen"])
	if want, err := strconv.ParseFloat(swaps, 64); err != nil || got["swaps"] != want {
		t.Errorf("%v swaps instead of %s", got["swaps"], swaps)
	}
	if got["switches-seen"] == 0 {
		t.Error("no goroutine noticed a swap")
	}
}

// BenchmarkCall times a call of a small function in five ways, in one run. Metrics are ns, and the
// ratio of a call through the table to a direct one.
func BenchmarkCall(b *testing.B) {
	p := newProgram(b)
	files := p.versions(b, 1)
	for b.Loop() {
		got := p.run(b, append([]string{"-calls"}, files...)...)
		for _, name := range []string{"direct", "variable", "interface", "table", "rwmutex"} {
			b.ReportMetric(got[name+"-ns"], name+"-ns")
		}
		b.ReportMetric(got["table-ns"]/got["direct-ns"], "table/direct")
	}
	b.ReportMetric(0, "ns/op")
}

// BenchmarkVersions builds a hundred versions and loads them into one process. Metrics are of one version:
// ms to build it and to load it, as one of the first and of the last ten, µs to switch to it, MB of resident memory, and MB as status says.
func BenchmarkVersions(b *testing.B) {
	p := newProgram(b)
	for b.Loop() {
		p.versions(b, 1) // with what is compiled once
		start := time.Now()
		files := p.versions(b, 100)
		b.ReportMetric(time.Since(start).Seconds()*1000/100, "build-ms")
		got := p.run(b, files...)
		b.ReportMetric(got["load-first-ns"]/1e6, "load-first10-ms")
		b.ReportMetric(got["load-last-ns"]/1e6, "load-last10-ms")
		b.ReportMetric(got["switch-ns"]/1e3, "switch-µs")
		b.ReportMetric(got["rss-bytes"]/1e6, "rss-MB")
		b.ReportMetric(got["status-bytes"]/1e6, "status-MB")
		b.ReportMetric(fileMB(b, files[0]), "plugin-MB")
	}
	b.ReportMetric(0, "ns/op")
}

// TestStatedSizes compares the sizes that docs/chain.md states with those that are measured. A third is for other Go releases.
func TestStatedSizes(t *testing.T) {
	if testing.Short() {
		t.Skip("builds programs")
	}
	p := newProgram(t)
	static := filepath.Join(p.dir, "static")
	if out, err := p.buildStatic(static); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	text, err := os.ReadFile("../../../../docs/chain.md")
	if err != nil {
		t.Fatal(err)
	}
	for row, is := range map[string]float64{
		"by `go build`, and by `gosplice plugin host` \\| ([0-9.]+) MB":             fileMB(t, static),
		"by `go build`, and by `gosplice plugin host` \\| [0-9.]+ MB, ([0-9.]+) MB": fileMB(t, p.host),
		"memory of a version: .* \\(a plugin file of ([0-9.]+) MB\\)":               fileMB(t, p.versions(t, 1)[0]),
	} {
		m := regexp.MustCompile(row).FindSubmatch(text)
		if m == nil {
			t.Errorf("docs/chain.md has no row %q", row)
			continue
		}
		said, err := strconv.ParseFloat(string(m[1]), 64)
		if err != nil {
			t.Fatal(err)
		}
		if said < is*2/3 || said > is*4/3 {
			t.Errorf("docs/chain.md says %v MB at %q, and it is %.2f MB", said, row, is)
		}
	}
}

// BenchmarkHost says how large a program is that can load plugins, in MB, beside what go build makes of it.
func BenchmarkHost(b *testing.B) {
	p := newProgram(b)
	for b.Loop() {
		static := filepath.Join(p.dir, "static")
		if out, err := p.buildStatic(static); err != nil {
			b.Fatalf("%v\n%s", err, out)
		}
		b.ReportMetric(fileMB(b, static), "static-MB")
		b.ReportMetric(fileMB(b, p.host), "host-MB")
	}
	b.ReportMetric(0, "ns/op")
}

// buildStatic builds the program as it is without plugins.
func (p *program) buildStatic(to string) ([]byte, error) {
	cmd := exec.Command("go", "build", "-trimpath", "-o", to, "./host")
	cmd.Dir = p.dir
	return cmd.CombinedOutput()
}

// program is a copy of testdata/program, built.
type program struct{ dir, host string }

func newProgram(t testing.TB) *program {
	env, err := exec.Command("go", "env", "GOOS", "CGO_ENABLED").Output()
	if err != nil {
		t.Fatal(err)
	}
	if on := strings.Fields(string(env)); on[0] != "linux" || on[1] != "1" {
		t.Skipf("GOOS and CGO_ENABLED are %s: this is for plugins on linux, which need cgo", on)
	}
	p := &program{dir: t.TempDir()}
	if err := os.CopyFS(p.dir, os.DirFS("testdata/program")); err != nil {
		t.Fatal(err)
	}
	checkout, err := filepath.Abs("../../../..")
	if err != nil {
		t.Fatal(err)
	}
	text, err := os.ReadFile(filepath.Join(p.dir, "go.mod.txt"))
	if err != nil {
		t.Fatal(err)
	}
	text = fmt.Appendf(text, "\nreplace github.com/gosplice/gosplice => %q\n", checkout)
	if err := os.WriteFile(filepath.Join(p.dir, "go.mod"), text, 0o600); err != nil {
		t.Fatal(err)
	}
	t.Setenv("GOWORK", "off")
	p.host = filepath.Join(p.dir, "figures")
	if _, err := chainbuild.BuildHost(context.Background(), p.command(t, "-o", p.host, "./host"), func(string) {}); err != nil {
		t.Fatal(err)
	}
	return p
}

func (p *program) command(t testing.TB, args ...string) *gotool.Command {
	c, err := gotool.FromCommand(p.dir, args)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// versions builds 1.0.0, 1.0.1, and so on, each with another factor, and returns their files.
func (p *program) versions(t testing.TB, n int) (files []string) {
	const first = "version = \"1.0.0\"\n\tfactor  = 1\n"
	source := filepath.Join(p.dir, "logic", "mix", "mix.go")
	text, err := os.ReadFile("testdata/program/logic/mix/mix.go")
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Contains(text, []byte(first)) {
		t.Fatalf("%s does not hold %q", source, first)
	}
	for i := range n {
		version := fmt.Sprintf("1.0.%d", i)
		edited := bytes.Replace(text, []byte(first), fmt.Appendf(nil, "version = %q\n\tfactor  = %d\n", version, i+1), 1)
		if err := os.WriteFile(source, edited, 0o600); err != nil {
			t.Fatal(err)
		}
		v, err := chainbuild.BuildPlugin(context.Background(), chainbuild.PluginOptions{
			Chain: "figures", Version: version, Command: p.command(t, "./logic"),
		})
		if err != nil {
			t.Fatal(err)
		}
		files = append(files, v.File)
	}
	return files
}

// run runs the program, and returns the figures that it prints.
func (p *program) run(t testing.TB, args ...string) map[string]float64 {
	cmd := exec.Command(p.host, args...)
	cmd.Stderr = new(bytes.Buffer)
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("%v\n%s", err, cmd.Stderr)
	}
	figures := make(map[string]float64)
	for line := range strings.Lines(string(out)) {
		var name string
		var value float64
		if _, err := fmt.Sscan(line, &name, &value); err != nil {
			t.Fatalf("%q: %v", line, err)
		}
		figures[name] = value
	}
	return figures
}

func fileMB(t testing.TB, name string) float64 {
	info, err := os.Stat(name)
	if err != nil {
		t.Fatal(err)
	}
	return float64(info.Size()) / 1e6
}
