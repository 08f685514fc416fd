package gosplice_test

import (
	"os"
	"os/exec"
	"path/filepath"
	"testing"
)

// BenchmarkSize says what linking gosplice adds to programs, in bytes of the binary.
func BenchmarkSize(b *testing.B) {
	for _, p := range []struct{ name, imports, body string }{
		{"hello", `"fmt"`, `fmt.Println("hello")`},
		{"server", `"log/slog"; "net/http"`, `slog.Error("end", "err", http.ListenAndServe(":0", nil))`},
	} {
		b.Run(p.name, func(b *testing.B) {
			without := binarySize(b, p.imports, p.body)
			with := binarySize(b, p.imports+`; "github.com/gosplice/gosplice"`, `if err := gosplice.Start(); err != nil { panic(err) }; `+p.body)
			for b.Loop() {
			}
			b.ReportMetric(0, "ns/op")
			b.ReportMetric(float64(with-without), "bytes-added")
			b.ReportMetric(float64(with)/float64(without), "ratio")
		})
	}
}

// binarySize builds a program without debug information and returns the size of the binary.
func binarySize(b *testing.B, imports, body string) int64 {
	b.Helper()
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
