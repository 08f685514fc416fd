package gosplice_test

import (
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// documents are the texts of the repository for people.
func documents(t *testing.T) map[string]string {
	t.Helper()
	out := map[string]string{}
	for _, pattern := range []string{"*.md", "docs/*.md"} {
		names, err := filepath.Glob(pattern)
		if err != nil || len(names) == 0 {
			t.Fatalf("%s: %d documents, %v", pattern, len(names), err)
		}
		for _, name := range names {
			b, err := os.ReadFile(name)
			if err != nil {
				t.Fatal(err)
			}
			out[name] = string(b)
		}
	}
	return out
}

// TestIndexOfDocuments wants every document in the index.
func TestIndexOfDocuments(t *testing.T) {
	all := documents(t)
	for name := range all {
		if dir, file := filepath.Split(name); dir == "docs/" && file != "README.md" && !strings.Contains(all["docs/README.md"], "]("+file+")") {
			t.Errorf("docs/README.md does not lead to %s", name)
		}
	}
}

var (
	links = regexp.MustCompile(`\]\(([^)#\s"]+)(#[^)]*)?\)`)
	paths = regexp.MustCompile("`((?:cmd|internal|chain|docs|examples|httpstatus)/[A-Za-z0-9_./-]+)`")
)

// TestPathsInDocuments wants links and paths in documents to lead to something.
func TestPathsInDocuments(t *testing.T) {
	root, err := exec.Command("go", "env", "GOROOT").Output()
	if err != nil {
		t.Fatal(err)
	}
	goroot, found := strings.TrimSpace(string(root)), 0
	for name, text := range documents(t) {
		var to []string
		for _, m := range links.FindAllStringSubmatch(text, -1) {
			if !strings.Contains(m[1], "://") {
				to = append(to, filepath.Join(filepath.Dir(name), m[1]))
			}
		}
		for _, m := range paths.FindAllStringSubmatch(text, -1) {
			if !strings.Contains(m[1], "goX") && !strings.HasSuffix(m[1], "-GOARCH.txt") {
				to = append(to, m[1])
			}
		}
		for _, path := range to {
			found++
			if _, err := os.Stat(filepath.Join(goroot, "src", path)); err == nil {
				continue // of Go's own tree
			}
			if _, err := os.Stat(path); err != nil {
				t.Errorf("%s leads to %s, which is not there", name, path)
			}
		}
	}
	if found < 100 {
		t.Errorf("%d links and paths in all documents", found)
	}
}
