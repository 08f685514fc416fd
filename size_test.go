package gosplice_test

import (
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"
)

// measured are programs whose sizes are measured with gosplice and without.
var measured = []struct{ name, imports, body string }{
	{"hello", `"fmt"`, `fmt.Println("hello")`},
	{"server", `"log/slog"; "net/http"`, `slog.Error("end", "err", http.ListenAndServe(":0", nil))`},
}

// BenchmarkSize says what linking gosplice adds to programs, in bytes of the binary.
func BenchmarkSize(b *testing.B) {
	for _, p := range measured {
		b.Run(p.name, func(b *testing.B) {
			without, with := sizes(b, p.imports, p.body)
			for b.Loop() {
			}
			b.ReportMetric(0, "ns/op")
			b.ReportMetric(float64(with-without), "bytes-added")
			b.ReportMetric(float64(with)/float64(without), "ratio")
		})
	}
}

// TestStatedSizes compares what the documents state with what is measured. A third is for other Go releases.
func TestStatedSizes(t *testing.T) {
	if testing.Short() {
		t.Skip("builds programs")
	}
	text, err := os.ReadFile("docs/comparison.md")
	if err != nil {
		t.Fatal(err)
	}
	row := regexp.MustCompile("\\+([0-9.]+) MB for a `net/http` server, \\+([0-9.]+) MB for one that only prints").FindSubmatch(text)
	if row == nil {
		t.Fatal("docs/comparison.md does not state what gosplice adds to a program")
	}
	stated := map[string]string{"server": string(row[1]), "hello": string(row[2])}
	for _, p := range measured {
		without, with := sizes(t, p.imports, p.body)
		said, err := strconv.ParseFloat(stated[p.name], 64)
		if err != nil {
			t.Fatal(err)
		}
		if is := float64(with-without) / 1e6; said < is*2/3 || said > is*4/3 {
			t.Errorf("docs/comparison.md says that gosplice adds %v MB to a %s, and it adds %.2f MB", said, p.name, is)
		}
	}
}

// TestStatedTests finds the tests and benchmarks that the documents name.
func TestStatedTests(t *testing.T) {
	needCheckout(t)
	there := map[string]bool{}
	declared := regexp.MustCompile(`(?m)^func ((?:Test|Benchmark)\w+)`)
	err := filepath.WalkDir(".", func(name string, d fs.DirEntry, err error) error {
		if err != nil || !strings.HasSuffix(name, "_test.go") {
			return err
		}
		text, err := os.ReadFile(name)
		for _, m := range declared.FindAllSubmatch(text, -1) {
			there[string(m[1])] = true
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	documents, err := filepath.Glob("docs/*.md")
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range append(documents, "README.md", "README.zh-CN.md", "SECURITY.md") {
		text, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		for _, m := range regexp.MustCompile("`((?:Test|Benchmark)\\w+)`").FindAllSubmatch(text, -1) {
			if !there[string(m[1])] {
				t.Errorf("%s names %s, which is not there", name, m[1])
			}
		}
	}
}

// sizes are those of a program without gosplice and with it, in bytes.
func sizes(t testing.TB, imports, body string) (without, with int64) {
	t.Helper()
	return binarySize(t, imports, body),
		binarySize(t, imports+`; "github.com/gosplice/gosplice"`, fmt.Sprint(`if err := gosplice.Start(); err != nil { panic(err) }; `, body))
}

// binarySize builds a program without debug information and returns the size of the binary.
func binarySize(b testing.TB, imports, body string) int64 {
	b.Helper()
	b.Setenv("GOWORK", "off") // the library needs no other module
	dir := b.TempDir()
	source, binary := filepath.Join(dir, "main.go"), filepath.Join(dir, "main")
	if err := os.WriteFile(source, []byte("package main\nimport ("+imports+")\nfunc main() { "+body+" }\n"), 0o600); err != nil {
		b.Fatal(err)
	}
	if out, err := exec.Command("go", "build", "-ldflags=-s -w", "-o", binary, source).CombinedOutput(); err != nil {
		b.Fatalf("%v\n%s", err, out)
	}
	info, err := os.Stat(binary)
	if err != nil {
		b.Fatal(err)
	}
	return info.Size()
}
