package gosplice_test

import (
	"encoding/json"
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"os/exec"
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
	{".", []string{"internal/live/agent", "loop"}},
	{"loop", nil},
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
	needCheckout(t)
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

// needCheckout leaves out a test that looks at all modules where there is one alone, as in the module cache.
func needCheckout(t *testing.T) {
	t.Helper()
	if _, err := os.Stat("cmd/go.mod"); err != nil {
		t.Skip("this is not a checkout")
	}
}

// TestModules makes sure that the module of what programs import requires no other, so that importing it raises no
// version in anybody's go.mod, and that the others can be released: they have no replace lines, and go.work has them all.
func TestModules(t *testing.T) {
	needCheckout(t)
	var work struct {
		Go      string
		Use     []struct{ DiskPath string }
		Replace []struct {
			Old, New struct{ Path, Version string }
		}
	}
	goJSON(t, &work, "work", "edit", "-json")
	if len(work.Replace) != 1 || work.Replace[0].Old.Path != module || work.Replace[0].New.Path != "./" {
		t.Fatalf("go.work replaces %v: it has to replace %s by the checkout, and nothing else", work.Replace, module)
	}
	var dirs []string
	for _, use := range work.Use {
		dirs = append(dirs, filepath.Clean(use.DiskPath))
	}
	err := filepath.WalkDir(".", func(name string, d fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case d.Name() == "testdata":
			return fs.SkipDir
		case d.Name() != "go.mod":
			return nil
		}
		dir := filepath.Dir(name)
		if !slices.Contains(dirs, dir) {
			t.Errorf("go.work does not use %s", dir)
		}
		checkModule(t, dir, work.Go, work.Replace[0].Old.Version)
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}

// checkModule looks at the go.mod in a directory: go is what it says of the language, and version that of the library.
func checkModule(t *testing.T, dir, goVersion, version string) {
	t.Helper()
	var m struct {
		Module  struct{ Path string }
		Go      string
		Require []struct{ Path, Version string }
		Replace []struct{ Old struct{ Path string } }
	}
	goJSON(t, &m, "mod", "edit", "-json", filepath.Join(dir, "go.mod"))
	if want := path.Join(module, filepath.ToSlash(dir)); m.Module.Path != want || m.Go != goVersion {
		t.Errorf("%s is module %s for go %s: want %s for go %s, as in go.work", dir, m.Module.Path, m.Go, want, goVersion)
	}
	if len(m.Replace) > 0 {
		t.Errorf("%s/go.mod replaces %v, which counts for nobody who gets a release", dir, m.Replace)
	}
	if dir == "." {
		if len(m.Require) > 0 {
			t.Errorf("go.mod requires %v, and so would every program that imports gosplice", m.Require)
		}
		return
	}
	for _, r := range m.Require {
		if r.Path == module && r.Version != version {
			t.Errorf("%s/go.mod requires %s of the library, and go.work replaces %s", dir, r.Version, version)
		}
	}
}

// goJSON decodes what a go command prints.
func goJSON(t *testing.T, to any, args ...string) {
	t.Helper()
	out, err := exec.Command("go", args...).Output()
	if err == nil {
		err = json.Unmarshal(out, to)
	}
	if err != nil {
		t.Fatalf("go %s: %v", strings.Join(args, " "), err)
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
	needCheckout(t)
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
