package pipeline

import (
	"testing"

	"github.com/gosplice/gosplice/cmd/internal/build/gotool"
)

// TestDownloaded finds packages of a standard library over which the go command takes no overlay.
func TestDownloaded(t *testing.T) {
	const cache = "/home/me/go/pkg/mod"
	moved := []gotool.Package{
		{ImportPath: "example.com/a", Dir: cache + "/example.com/a@v1.0.0"},
		{ImportPath: "fmt", Dir: "/usr/local/go/src/fmt", Standard: true},
	}
	if p := downloaded(moved, cache); p != "" {
		t.Errorf("%s counts as downloaded", p)
	}
	moved = append(moved, gotool.Package{ImportPath: "log", Dir: cache + "/golang.org/toolchain@v0.0.1-go1.27.4.linux-amd64/src/log", Standard: true})
	if p := downloaded(moved, cache); p != "log" {
		t.Errorf("log was downloaded, and the answer is %q", p)
	}
}
