package pipeline

import (
	"path/filepath"
	"testing"

	"github.com/gosplice/gosplice/cmd/internal/build/edit"
	"github.com/gosplice/gosplice/cmd/internal/build/gotool"
)

// The go command names files from the directory where it runs if that is shorter, as that of a file beside it is.
func TestErrorsNameTheUsersFile(t *testing.T) {
	files, err := edit.NewTree("")
	if err != nil {
		t.Fatal(err)
	}
	for _, test := range []struct{ dir, place, message string }{
		{"/home/me/deep/down/app", "/tmp/overlay-1/0-main.go", "/tmp/overlay-1/0-main.go:3:4: undefined: x"},
		{"/tmp/app", "/tmp/overlay-1/0-main.go", "../overlay-1/0-main.go:3:4: undefined: x"},
		{"/tmp", "/tmp/overlay-1/0-main.go", "./overlay-1/0-main.go:3:4: undefined: x"},
		{"/tmp/app", "/tmp/app/t/0-main.go", "./t/0-main.go:3:4: undefined: x"},
	} {
		tr := &tree{build: &gotool.Build{Dir: test.dir}, files: files}
		c := &gotool.CompileError{Lines: []string{test.message}, Stderr: test.message + "\n"}
		tr.inSources(c, map[string]string{test.place: filepath.Join(test.dir, "main.go")})
		if want := "./main.go:3:4: undefined: x"; c.Lines[0] != want || c.Stderr != want+"\n" {
			t.Errorf("in %s: %q, %q", test.dir, c.Lines[0], c.Stderr)
		}
	}
}
