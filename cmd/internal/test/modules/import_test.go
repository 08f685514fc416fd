package modules

import (
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/rogpeppe/go-internal/txtar"

	"github.com/gosplice/gosplice/cmd/internal/test/testprogram"
)

// TestImportAddsOneLine takes a program that has an older version of each module that the command requires, and lets it
// import gosplice: one line comes into its go.mod, and nothing else changes.
func TestImportAddsOneLine(t *testing.T) {
	repository := newRepository(t)
	const version = "v0.1.0"
	run(t, repository, "git", "tag", version)

	proxy, requirements, imports := new(txtar.Archive), "", ""
	for _, m := range readModFile(t, filepath.Join(checkout, "cmd", "go.mod")).Require {
		if m.Path == library {
			continue
		}
		old := oldest(m.Path)
		at := "proxy/" + m.Path + "@" + old + "/"
		proxy.Files = append(proxy.Files,
			txtar.File{Name: at + "go.mod", Data: []byte("module " + m.Path + "\n")},
			txtar.File{Name: at + "old.go", Data: []byte("package old\n")})
		requirements += fmt.Sprintf("\t%s %s\n", m.Path, old)
		imports += fmt.Sprintf("\t_ %q\n", m.Path)
	}
	if len(proxy.Files) < 20 {
		t.Fatalf("cmd/go.mod requires only %d modules", len(proxy.Files)/2)
	}
	downloads := t.TempDir()
	testprogram.WriteProxy(t, downloads, proxy)
	t.Setenv("GOPROXY", "file://"+downloads+","+os.Getenv("GOPROXY"))
	t.Setenv("GONOSUMDB", "*") // the old versions are made up

	dir := testprogram.Write(t, "-- go.mod --\nmodule example.com/program\n\ngo 1.25\n\nrequire (\n"+requirements+")\n"+
		"-- main.go --\npackage main\n\nimport (\n"+imports+")\n\nfunc main() {}\n")
	run(t, dir, "go", "mod", "tidy")
	before := lines(t, filepath.Join(dir, "go.mod"))

	testprogram.Overwrite(t, dir, "-- start.go --\npackage main\n\nimport (\n\t\"log\"\n\n\t\""+library+"\"\n)\n\n"+
		"func init() {\n\tif err := gosplice.Start(); err != nil {\n\t\tlog.Print(err)\n\t}\n}\n")
	run(t, dir, "go", "get", library+"@"+version)
	after := lines(t, filepath.Join(dir, "go.mod"))
	i := slices.IndexFunc(after, func(line string) bool { return strings.Contains(line, library+" "+version) })
	if i < 0 || !slices.Equal(slices.Delete(slices.Clone(after), i, i+1), before) {
		t.Errorf("go.mod was\n%s\nand is\n%s", strings.Join(before, "\n"), strings.Join(after, "\n"))
	}
	run(t, dir, "go", "build", "-o", filepath.Join(t.TempDir(), "program"), ".")
}

var major = regexp.MustCompile(`[/.]v([0-9]+)$`)

// oldest is a version of a module that is as old as can be.
func oldest(module string) string {
	if m := major.FindStringSubmatch(module); m != nil {
		return "v" + m[1] + ".0.0-0"
	}
	return "v0.0.0-0"
}

// lines are those of a file that are not empty.
func lines(t *testing.T, file string) []string {
	t.Helper()
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	return slices.DeleteFunc(strings.Split(string(text), "\n"), func(line string) bool { return line == "" })
}
