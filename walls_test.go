package gosplice_test

import (
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
)

// walls say what the packages of a part may import beside the standard library and themselves, tests aside. Imports go one
// way: what a program links knows nothing of how a patch is made.
var walls = []struct {
	part string
	may  []string
}{
	{"internal/wire", nil},
	{"internal/live", []string{"internal/wire"}},
	{".", []string{"internal/live/agent"}},
	{"chain", []string{"internal/live/chains", "internal/live/chainfile", "internal/wire/files"}},
	{"httpstatus", []string{"internal/live/agent", "internal/wire"}},
	{"cmd/internal/build", []string{"internal/wire", "internal/live/chains", "internal/live/chainfile", others}},
	{"cmd/gosplice", []string{"cmd/internal/build", "internal/wire", "internal/live/chains", "internal/live/chainfile", "examples/arena", others}},
	{"cmd/internal/test", []string{others}},
}

// others are the modules of others.
const others = "modules of others"

const module = "github.com/gosplice/gosplice"

func TestWalls(t *testing.T) {
	for _, w := range walls {
		files := goFiles(t, w.part)
		if len(files) == 0 {
			t.Errorf("%s has no Go files", w.part)
		}
		for _, file := range files {
			for _, imported := range imports(t, file) {
				own, ours := strings.CutPrefix(imported+"/", module+"/")
				own = strings.TrimSuffix(own, "/")
				first, _, _ := strings.Cut(imported, "/")
				switch {
				case !ours && !strings.Contains(first, "."):
				case !ours && slices.Contains(w.may, others):
				case ours && w.part != "." && within(own, w.part):
				case ours && slices.ContainsFunc(w.may, func(part string) bool { return within(own, part) }):
				default:
					t.Errorf("%s imports %s", file, imported)
				}
			}
		}
	}
}

func within(dir, part string) bool { return dir == part || strings.HasPrefix(dir, part+"/") }

// goFiles are the Go files of a part of the checkout that are not tests, for all systems. The part "." is the root package.
func goFiles(t *testing.T, part string) (files []string) {
	t.Helper()
	err := filepath.WalkDir(filepath.FromSlash(part), func(name string, d fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case d.IsDir() && (d.Name() == "testdata" || part == "." && name != "."):
			return fs.SkipDir
		case path.Ext(name) == ".go" && !strings.HasSuffix(name, "_test.go"):
			files = append(files, name)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return files
}

func imports(t *testing.T, file string) (list []string) {
	t.Helper()
	f, err := parser.ParseFile(token.NewFileSet(), file, nil, parser.ImportsOnly)
	if err != nil {
		t.Fatal(err)
	}
	for _, i := range f.Imports {
		name, err := strconv.Unquote(i.Path.Value)
		if err != nil {
			t.Fatal(err)
		}
		list = append(list, name)
	}
	return list
}

// TestRooms makes sure that the documents know each folder of the parts.
func TestRooms(t *testing.T) {
	text, err := os.ReadFile("docs/how-it-works.md")
	if err != nil {
		t.Fatal(err)
	}
	for _, part := range []string{"internal", "cmd/internal"} {
		rooms, err := filepath.Glob(part + "/*/*")
		if err != nil || len(rooms) == 0 {
			t.Errorf("%s has no folders: %v", part, err)
		}
		for _, room := range rooms {
			if !strings.Contains(string(text), "| `"+filepath.ToSlash(room)+"` |") {
				t.Errorf("docs/how-it-works.md does not say what %s is", room)
			}
		}
	}
}
