package dropped_test

import (
	"bufio"
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"io"
	"io/fs"
	"os"
	"os/exec"
	"path"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/gosplice/gosplice/cmd/internal/build/goobj"
	"github.com/gosplice/gosplice/cmd/internal/test/testprogram"
	"github.com/gosplice/gosplice/internal/wire/control"
)

const checkout = "../../../.."

// subject is a program of which each package has, for each of its variables, a function that nothing calls and that
// returns its address: in the release, or in the edit alone. The standard library is a copy for that.
type subject struct {
	t            *testing.T
	dir, sockets string
	goroot       string
	variables    []variable
	release      string // the program
	edited       bool   // the edit adds the functions
	added        map[string]string
	overlay      string // file of the edit's that names what is added
}

// variable is a package variable.
type variable struct {
	pkg, name string // the import path, and the name in the source
	symbol    string
	number    int
}

func (v variable) String() string { return v.pkg + "." + v.name }

// accessor is the function that returns the variable's address.
func (v variable) accessor() string { return fmt.Sprint("GospliceVariable", v.number) }

// pkg is a package as the go command lists it.
type pkg struct {
	ImportPath, Dir string
	Standard        bool
	GoFiles         []string
	Module          *struct {
		Path    string
		Main    bool
		Replace *struct{ Path string }
	}
}

// newSubject builds the program with variables of the packages that covers picks. With all it links further packages.
func newSubject(t *testing.T, all, edited bool, covers func(p pkg) bool) *subject {
	t.Helper()
	s := &subject{t: t, edited: edited, added: map[string]string{}, dir: filepath.Join(t.TempDir(), "subject"), sockets: t.TempDir(), goroot: filepath.Join(t.TempDir(), "go")}
	check(t, os.Chmod(s.sockets, 0o700))
	check(t, os.CopyFS(s.dir, os.DirFS("testdata/subject")))
	check(t, os.Rename(filepath.Join(s.dir, "go.mod.txt"), filepath.Join(s.dir, "go.mod")))
	if all {
		check(t, os.Rename(filepath.Join(s.dir, "more.go.txt"), filepath.Join(s.dir, "more.go")))
	}
	check(t, testprogram.CopyLibrary(filepath.Join(s.dir, "gosplice"), checkout))
	s.copyFile(filepath.Join(checkout, "examples/broker/go.sum"), filepath.Join(s.dir, "go.sum"))
	t.Setenv("CGO_ENABLED", "0") // so that packages are plain Go
	packages := s.list()
	s.copyGo(packages)
	t.Setenv("GOROOT", s.goroot)
	t.Setenv("GOTOOLCHAIN", "local")
	s.copyModules(packages)
	var agent []string // what the agent uses, and no edit should change
	if edited {
		agent = strings.Fields(s.goCommand("list", "-mod=mod", "-deps", "github.com/gosplice/gosplice"))
	}
	for _, p := range s.list() {
		if p.ImportPath != "subject" && p.ImportPath != "unsafe" && !slices.Contains(agent, p.ImportPath) && covers(p) {
			if !within(p.Dir, s.dir) && !within(p.Dir, s.goroot) {
				t.Fatalf("package %s in %s is not a copy", p.ImportPath, p.Dir)
			}
			s.addAccessors(p)
		}
	}
	s.release = s.build("release", nil)
	s.writeOverlay()
	return s
}

// writeOverlay writes what the edit adds, if the release does not have it.
func (s *subject) writeOverlay() {
	s.t.Helper()
	if !s.edited {
		return
	}
	text, err := json.Marshal(map[string]map[string]string{"Replace": s.added})
	check(s.t, err)
	s.overlay = filepath.Join(s.dir, "overlay.json")
	check(s.t, os.WriteFile(s.overlay, text, 0o644))
}

// within reports whether dir is below another one.
func within(dir, of string) bool {
	rel, err := filepath.Rel(of, dir)
	return err == nil && filepath.IsLocal(rel)
}

// list lists the packages of the program.
func (s *subject) list() (out []pkg) {
	s.t.Helper()
	text := s.goCommand("list", "-mod=mod", "-deps", "-json=ImportPath,Dir,Standard,GoFiles,Module", ".")
	for d := json.NewDecoder(strings.NewReader(text)); ; {
		var p pkg
		if err := d.Decode(&p); errors.Is(err, io.EOF) {
			return out
		} else if err != nil {
			s.t.Fatal(err)
		}
		out = append(out, p)
	}
}

// copyGo makes a Go installation of which only the sources of some packages are copies.
func (s *subject) copyGo(packages []pkg) {
	s.t.Helper()
	from := strings.TrimSpace(s.goCommand("env", "GOROOT"))
	check(s.t, os.MkdirAll(filepath.Join(s.goroot, "src", "vendor"), 0o755))
	for _, name := range []string{"bin", "pkg", "lib", "misc"} {
		check(s.t, os.Symlink(filepath.Join(from, name), filepath.Join(s.goroot, name)))
	}
	for _, name := range []string{"VERSION", "go.env", "src/go.mod", "src/go.sum", "src/vendor/modules.txt"} {
		s.copyFile(filepath.Join(from, name), filepath.Join(s.goroot, name))
	}
	for _, p := range packages {
		if p.Standard && p.ImportPath != "unsafe" {
			rel, err := filepath.Rel(from, p.Dir)
			check(s.t, err)
			s.copyPackage(p.Dir, filepath.Join(s.goroot, rel))
		}
	}
	for _, dir := range []string{"src/unsafe", "src/runtime/cgo"} { // the latter has headers of the runtime
		s.copyPackage(filepath.Join(from, dir), filepath.Join(s.goroot, dir))
	}
}

// copyModules copies the modules of the program, which the go command does not let anybody write, to where the program
// takes them from then on.
func (s *subject) copyModules(packages []pkg) {
	s.t.Helper()
	edit := []string{"mod", "edit"}
	var paths []string
	for _, p := range packages {
		if m := p.Module; m != nil && !m.Main && m.Replace == nil && !slices.Contains(paths, m.Path) {
			paths = append(paths, m.Path)
		}
	}
	for i, path := range paths {
		from := strings.TrimSpace(s.goCommand("list", "-mod=mod", "-m", "-f", "{{.Dir}}", path))
		to := filepath.Join(s.dir, fmt.Sprint("module", i))
		check(s.t, os.MkdirAll(to, 0o755))
		s.copyFile(filepath.Join(from, "go.mod"), filepath.Join(to, "go.mod"))
		for _, p := range packages {
			if rel, err := filepath.Rel(from, p.Dir); err == nil && filepath.IsLocal(rel) {
				s.copyPackage(p.Dir, filepath.Join(to, rel))
			}
		}
		edit = append(edit, fmt.Sprintf("-replace=%s=./module%d", path, i))
	}
	s.goCommand(edit...)
}

// copyPackage copies the files of a directory, without tests.
func (s *subject) copyPackage(from, to string) {
	s.t.Helper()
	entries, err := os.ReadDir(from)
	check(s.t, err)
	check(s.t, os.MkdirAll(to, 0o755))
	for _, e := range entries {
		if e.Type().IsRegular() && !strings.HasSuffix(e.Name(), "_test.go") {
			s.copyFile(filepath.Join(from, e.Name()), filepath.Join(to, e.Name()))
		}
	}
}

func (s *subject) copyFile(from, to string) {
	s.t.Helper()
	content, err := os.ReadFile(from)
	check(s.t, err)
	err = os.WriteFile(to, content, 0o644)
	if errors.Is(err, fs.ErrNotExist) {
		check(s.t, os.MkdirAll(filepath.Dir(to), 0o755))
		err = os.WriteFile(to, content, 0o644)
	}
	check(s.t, err)
}

// addAccessors adds the functions that return the addresses of a package's variables.
func (s *subject) addAccessors(p pkg) {
	s.t.Helper()
	var b bytes.Buffer
	for _, name := range p.GoFiles {
		f, err := parser.ParseFile(token.NewFileSet(), filepath.Join(p.Dir, name), nil, parser.SkipObjectResolution|parser.ParseComments)
		check(s.t, err)
		if b.Len() == 0 {
			fmt.Fprintf(&b, "package %s\n\nimport _ \"unsafe\"\n", f.Name.Name)
		}
		linked := linknames(f)
		for _, id := range packageVariables(f) {
			v := variable{p.ImportPath, id, cmp.Or(linked[id], goobj.PackagePrefix(p.ImportPath)+"."+id), len(s.variables)}
			s.variables = append(s.variables, v)
			fmt.Fprintf(&b, "\n//go:linkname %s\nfunc %s() interface{} { return &%s }\n", v.accessor(), v.accessor(), id)
		}
	}
	if b.Len() == 0 {
		return
	}
	name := filepath.Join(p.Dir, "zz_gosplice_variables.go")
	if s.edited {
		s.added[name] = filepath.Join(s.t.TempDir(), "variables.txt")
		name = s.added[name]
	}
	check(s.t, os.WriteFile(name, b.Bytes(), 0o644))
}

// linknames are the symbols that linkname directives of a file give to names.
func linknames(f *ast.File) map[string]string {
	out := map[string]string{}
	for _, g := range f.Comments {
		for _, c := range g.List {
			if words := strings.Fields(c.Text); len(words) > 2 && words[0] == "//go:linkname" {
				out[words[1]] = words[2]
			}
		}
	}
	return out
}

// packageVariables are the names of the variables that a file declares.
func packageVariables(f *ast.File) (names []string) {
	for _, d := range f.Decls {
		g, ok := d.(*ast.GenDecl)
		if !ok || g.Tok != token.VAR {
			continue
		}
		for _, spec := range g.Specs {
			for _, id := range spec.(*ast.ValueSpec).Names {
				if id.Name != "_" {
					names = append(names, id.Name)
				}
			}
		}
	}
	return names
}

// bring makes the sources print variables.
func (s *subject) bring(variables []variable) {
	s.t.Helper()
	var imports, links, list bytes.Buffer
	imported := map[string]bool{}
	for _, v := range variables {
		function := v.accessor()
		// No linkname directive names the symbols of a package whose last element has a dot.
		if base := path.Base(v.pkg); strings.Contains(base, ".") {
			alias := strings.ReplaceAll(base, ".", "")
			if !imported[alias] {
				imported[alias] = true
				fmt.Fprintf(&imports, "import %s %q\n", alias, v.pkg)
			}
			function = alias + "." + function
		} else {
			fmt.Fprintf(&links, "//go:linkname %s %s.%s\nfunc %s() interface{}\n\n", function, v.pkg, function, function)
		}
		fmt.Fprintf(&list, "\t\t{%q, %s},\n", v.String(), function)
	}
	var b bytes.Buffer
	fmt.Fprintf(&b, "package main\n\nimport _ \"unsafe\"\n%s\n%s", imports.String(), links.String())
	fmt.Fprintf(&b, "//go:noinline\nfunc variables() []named {\n\treturn []named{\n%s\t}\n}\n", list.String())
	check(s.t, os.WriteFile(filepath.Join(s.dir, "brought.go"), b.Bytes(), 0o644))
}

// build builds the program that prints variables, or the release.
func (s *subject) build(name string, variables []variable) string {
	s.t.Helper()
	if variables != nil {
		s.bring(variables)
	}
	out := filepath.Join(s.dir, name)
	s.goCommand("build", "-mod=mod", "-overlay="+s.overlay, "-o", out, ".")
	return out
}

func (s *subject) goCommand(args ...string) string {
	s.t.Helper()
	cmd := exec.Command("go", args...)
	cmd.Dir = s.dir
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	if err != nil {
		s.t.Fatalf("go %s: %v\n%.4000s", strings.Join(args, " "), err, stderr.String())
	}
	return string(out)
}

// process is a running subject.
type process struct {
	cmd    *exec.Cmd
	in     io.WriteCloser
	out    *bufio.Reader
	stderr bytes.Buffer
	socket string
}

// mostTime bounds what a process does.
const mostTime = 60 * time.Second

func (s *subject) start(program string) *process {
	s.t.Helper()
	p := &process{cmd: exec.Command(program, s.sockets)}
	p.cmd.Stderr = &p.stderr
	var err error
	p.in, err = p.cmd.StdinPipe()
	check(s.t, err)
	out, err := p.cmd.StdoutPipe()
	check(s.t, err)
	check(s.t, p.cmd.Start())
	time.AfterFunc(mostTime, func() { p.cmd.Process.Kill() })
	p.out = bufio.NewReader(out)
	if line, err := p.out.ReadString('\n'); err != nil || line != "ready\n" {
		p.end()
		s.t.Fatalf("the program does not start: %q %v\n%.2000s", line, err, p.stderr.String())
	}
	p.socket = filepath.Join(s.sockets, fmt.Sprintf("%d.sock", p.cmd.Process.Pid))
	return p
}

// print returns the values that the program prints, by variable.
func (p *process) print() (map[string]string, error) {
	if _, err := fmt.Fprintln(p.in, "print"); err != nil {
		return nil, err
	}
	values := map[string]string{}
	for {
		line, err := p.out.ReadString('\n')
		if err != nil {
			p.end()
			return values, fmt.Errorf("the program ended: %.2000s", p.stderr.String())
		}
		if line == "done\n" {
			return values, nil
		}
		name, value, _ := strings.Cut(strings.TrimSuffix(line, "\n"), "\t")
		values[name] = value
	}
}

// apply applies a patch file.
func (p *process) apply(file []byte) error {
	ctx, cancel := context.WithTimeout(context.Background(), mostTime)
	defer cancel()
	c, err := control.Dial(ctx, p.socket)
	if err != nil {
		return err
	}
	defer c.Close()
	_, err = c.Apply(ctx, file, control.SwitchOptions{})
	return err
}

func (p *process) end() {
	p.in.Close()
	p.cmd.Process.Kill()
	p.cmd.Wait()
}

// values runs a program and returns what it prints.
func (s *subject) values(program string) map[string]string {
	s.t.Helper()
	p := s.start(program)
	defer p.end()
	values, err := p.print()
	check(s.t, err)
	return values
}

func check(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// without leaves variables out.
func without(all []variable, leave func(v variable) bool) []variable {
	return slices.DeleteFunc(slices.Clone(all), leave)
}
