package pipeline

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"go/parser"
	"go/token"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/gosplice/gosplice/cmd/internal/build/edit"
	"github.com/gosplice/gosplice/cmd/internal/build/gotool"
)

// quick compiles an edit without the go command, if nothing changed since it was last asked but what stands below
// the imports of Go files. It compiles packages that are proven only: those of which the same arguments made, byte
// for byte, what the go command had made. Packages that import them are compiled too if the export data differs;
// otherwise the compiler would make of them what it made before.
type quick struct {
	compiler *gotool.Compiler // nil: the go command does all
	dir      string
	last     *built // nil: not known
	inputs   inputs // of last
	unproven []string
	proven   map[string]bool // by import path; false for packages that can't be
	// made are the directories of archives, by the plan that made them, so that old ones can go.
	made [][]string
}

// mostProven bounds how many packages are proven after a save: proving takes as long as compiling.
const mostProven = 16

// inputs are what the go command reads of packages that people edit: files with their content, and directories with
// the names in them.
type inputs struct{ files, dirs map[string]string }

func newQuick(ctx context.Context, b *gotool.Build, modules string) *quick {
	q := &quick{proven: map[string]bool{}}
	if modules == "" {
		return q // a workspace, or no module: more files than are looked at say what is built
	}
	dir, err := os.MkdirTemp("", "gosplice-compiled-")
	if err != nil {
		return q
	}
	fast := *b
	fast.Quick = true
	if q.compiler, err = fast.Compiler(ctx, dir); err != nil {
		q.compiler = nil
		os.RemoveAll(dir)
		return q
	}
	q.dir = dir
	return q
}

func (q *quick) close() {
	if q != nil && q.dir != "" {
		os.RemoveAll(q.dir)
	}
}

// readInputs reads what the build of some packages reads.
func readInputs(packages []gotool.Package, modules string) (inputs, error) {
	in := inputs{files: map[string]string{}, dirs: map[string]string{}}
	files, dirs := map[string]bool{modules: true, strings.TrimSuffix(modules, ".mod") + ".sum": true}, map[string]bool{}
	if config, err := os.UserConfigDir(); err == nil {
		files[filepath.Join(config, "go", "env")] = true
	}
	for up := filepath.Dir(modules); ; up = filepath.Dir(up) {
		files[filepath.Join(up, "go.work")] = true
		if up == filepath.Dir(up) {
			break
		}
	}
	for _, p := range packages {
		if !Editable(p) || p.Dir == "" {
			continue
		}
		if p.Module != nil {
			files[filepath.Join(p.Module.Dir, "go.mod")] = true
			files[filepath.Join(p.Module.Dir, "vendor", "modules.txt")] = true
		}
		dirs[p.Dir] = dirs[p.Dir] || len(p.EmbedPatterns) > 0
		for _, name := range slices.Concat(p.GoFiles, p.CgoFiles, p.SFiles, p.CFiles, p.CXXFiles, p.HFiles, p.SysoFiles, p.EmbedFiles) {
			name = fileOf(p, name)
			files[name] = true
			for up := filepath.Dir(name); len(up) > len(p.Dir); up = filepath.Dir(up) {
				dirs[up] = true // below it embedded files may be added
			}
		}
	}
	for dir, embeds := range dirs {
		entries, err := os.ReadDir(dir)
		if err != nil {
			return in, err
		}
		var names []string
		for _, e := range entries {
			// Programs write files where they are started, and editors beside the one that they save.
			n := e.Name()
			if embeds || builds(n) {
				names = append(names, fmt.Sprint(n, e.IsDir()))
			}
			if builds(n) && !e.IsDir() {
				files[filepath.Join(dir, n)] = true // also what its build constraints leave out, as long as they do
			}
		}
		in.dirs[dir] = strings.Join(names, "\x00")
	}
	for file := range files {
		switch b, err := os.ReadFile(file); {
		case err == nil:
			in.files[file] = string(b)
		case !errors.Is(err, fs.ErrNotExist):
			return in, err
		}
	}
	return in, nil
}

// builds reports a name that means something to the go command.
func builds(name string) bool {
	if strings.HasSuffix(name, "_test.go") || strings.HasPrefix(name, ".") || strings.HasPrefix(name, "_") {
		return false
	}
	return slices.Contains([]string{".go", ".s", ".S", ".sx", ".c", ".h", ".cc", ".cpp", ".cxx", ".hh", ".hpp", ".hxx", ".m", ".f", ".F", ".for", ".f90", ".swig", ".swigcxx", ".syso", ".pgo"},
		filepath.Ext(name))
}

// clockTick is how far the times of a file system may lie behind the clock.
const clockTick = 10 * time.Millisecond

// untouchedSince reports whether nobody wrote a file or changed a directory after a time.
func (in inputs) untouchedSince(at time.Time) bool {
	at = at.Add(-clockTick)
	for _, names := range []map[string]string{in.files, in.dirs} {
		for name := range names {
			if changed, ok := changeTime(name); !ok || !changed.Before(at) {
				return false
			}
		}
	}
	return true
}

// changed are the files that differ, if only the content of files does.
func (in inputs) changed(now inputs) (files []string, ok bool) {
	if !maps.Equal(in.dirs, now.dirs) || len(in.files) != len(now.files) {
		return nil, false
	}
	for file, was := range in.files {
		is, ok := now.files[file]
		if !ok {
			return nil, false
		}
		if is != was {
			files = append(files, file)
		}
	}
	return files, true
}

// onlyBelowImports reports whether two versions of a Go file are the same down to the end of their imports, and
// embed the same files.
func onlyBelowImports(was, is string) bool {
	a, ok1 := header(was)
	b, ok2 := header(is)
	return ok1 && ok2 && a == b && slices.Equal(embedLines(was), embedLines(is))
}

// header is a file down to the end of its imports.
func header(text string) (string, bool) {
	set := token.NewFileSet()
	f, err := parser.ParseFile(set, "", text, parser.ImportsOnly)
	if err != nil {
		return "", false
	}
	end := f.Name.End()
	for _, d := range f.Decls {
		end = max(end, d.End())
	}
	return text[:set.Position(end).Offset], true
}

func embedLines(text string) (lines []string) {
	for line := range strings.Lines(text) {
		if strings.Contains(line, "go:embed") {
			lines = append(lines, strings.TrimSpace(line))
		}
	}
	return lines
}

// compile compiles the tree; ok is false if the go command has to.
func (q *quick) compile(ctx context.Context, t *tree) (b *built, ok bool) {
	if q == nil || q.compiler == nil || q.last == nil || t.overlay != "" {
		return nil, false
	}
	began := time.Now()
	now, err := readInputs(q.last.packages, t.modules)
	if err != nil {
		return nil, false
	}
	files, ok := q.inputs.changed(now)
	if !ok {
		return nil, false
	}
	plain := plainFiles(q.last.packages)
	edited := map[string]bool{}
	for _, file := range files {
		if !plain[file] || !onlyBelowImports(q.inputs.files[file], now.files[file]) {
			return nil, false
		}
		edited[file] = true
	}
	additions, err := edit.Additional(t.rec, t.files, edit.Known{Used: t.used})
	if err != nil || inAny(q.last.packages, additions.Files) {
		return nil, false
	}
	next := &built{packages: slices.Clone(q.last.packages), added: additions}
	again := map[string][]gotool.Escape{}
	if !q.recompile(ctx, next.packages, edited, again) || !now.untouchedSince(began) {
		return nil, false
	}
	next.escapes.Patterns = q.last.escapes.Patterns
	for _, e := range q.last.escapes.Lines {
		if _, ok := again[e.Package]; !ok {
			next.escapes.Lines = append(next.escapes.Lines, e)
		}
	}
	for _, path := range slices.Sorted(maps.Keys(again)) {
		next.escapes.Lines = append(next.escapes.Lines, again[path]...)
	}
	additions.Inits = inBuild(additions.Inits, next.packages)
	q.last, q.inputs = next, now
	return next, true
}

// inAny reports whether one of the files is compiled. Others are left out by build constraints.
func inAny(packages []gotool.Package, files map[string][]byte) bool {
	if len(files) == 0 {
		return false
	}
	for _, p := range packages {
		for _, name := range slices.Concat(p.GoFiles, p.CgoFiles) {
			if files[fileOf(p, name)] != nil {
				return true
			}
		}
	}
	return false
}

// plainFiles are the Go files that are compiled, and nothing else.
func plainFiles(packages []gotool.Package) map[string]bool {
	plain := map[string]bool{}
	for _, p := range packages {
		for _, name := range p.GoFiles {
			plain[fileOf(p, name)] = true
		}
	}
	for _, p := range packages {
		for _, name := range slices.Concat(p.CgoFiles, p.EmbedFiles) {
			delete(plain, fileOf(p, name))
		}
	}
	return plain
}

func fileOf(p gotool.Package, name string) string {
	if filepath.IsAbs(name) {
		return name
	}
	return filepath.Join(p.Dir, name)
}

// recompile compiles the packages of edited files, and those that have to follow, in place.
func (q *quick) recompile(ctx context.Context, packages []gotool.Package, edited map[string]bool, again map[string][]gotool.Escape) bool {
	exports := exportsOf(packages)
	others := map[string]bool{} // packages with other export data
	above := map[string]bool{}  // packages that were compiled, and those that depend on them
	var made []string
	defer func() { q.keep(made) }()
	for i := range packages { // dependencies first
		p := &packages[i]
		mine := slices.ContainsFunc(p.GoFiles, func(name string) bool { return edited[fileOf(*p, name)] })
		imports := func(of map[string]bool) bool {
			return slices.ContainsFunc(p.Imports, func(path string) bool {
				if to, ok := p.ImportMap[path]; ok {
					path = to
				}
				return of[path]
			})
		}
		switch {
		case mine || imports(others):
			if !q.proven[p.ImportPath] {
				return false
			}
			archive, escapes, err := q.compiler.Compile(ctx, *p, exports, "quick")
			if err != nil {
				return false
			}
			made = append(made, filepath.Dir(archive))
			same, err := gotool.SameExports(p.Export, archive)
			if err != nil {
				return false
			}
			p.Export, exports[p.ImportPath] = archive, archive
			others[p.ImportPath], above[p.ImportPath], again[p.ImportPath] = !same, true, escapes
			content, err := os.ReadFile(archive)
			if err != nil {
				return false
			}
			sum := sha256.Sum256(content)
			p.BuildID = "quick/" + hex.EncodeToString(sum[:])
		case imports(above):
			// It would be what it is, and counts as compiled: its declarations are looked at beside those that changed.
			above[p.ImportPath] = true
			if !strings.HasPrefix(p.BuildID, "quick/") {
				p.BuildID = "quick/" + p.BuildID[strings.LastIndexByte(p.BuildID, '/')+1:] + "+"
			}
		}
	}
	return true
}

// keep removes the archives of plans before the last two, which may be needed to compare with.
func (q *quick) keep(made []string) {
	q.made = append(q.made, made)
	inUse := map[string]bool{}
	if q.last != nil {
		for _, p := range q.last.packages {
			inUse[filepath.Dir(p.Export)] = true
		}
	}
	for len(q.made) > 2 {
		for _, dir := range q.made[0] {
			if inUse[dir] {
				q.made[len(q.made)-1] = append(q.made[len(q.made)-1], dir)
				continue
			}
			os.RemoveAll(dir)
		}
		q.made = q.made[1:]
	}
}

func exportsOf(packages []gotool.Package) map[string]string {
	out := map[string]string{}
	for _, p := range packages {
		out[p.ImportPath] = p.Export
	}
	return out
}

// remember takes what the go command made as what the next edits are compiled on, if nobody wrote what it read since
// it began.
func (q *quick) remember(t *tree, b *built, began time.Time) {
	if q == nil || q.compiler == nil {
		return
	}
	was := q.last
	q.last, q.unproven = nil, nil
	if t.overlay != "" || inAny(b.packages, b.added.Files) || b.escapes.Patterns == nil || len(t.moved(b.packages)) > 0 {
		return
	}
	in, err := readInputs(b.packages, t.modules)
	if err != nil || !in.untouchedSince(began) {
		return
	}
	q.last, q.inputs = b, in
	q.compiler.Loops(b.packages)
	before := map[string]string{}
	if was != nil {
		before = buildIDs(was.packages)
	} else {
		for _, p := range t.rec.Packages {
			before[p.Import] = p.BuildID
		}
	}
	q.unproven = q.toProve(before, b.packages)
}

// toProve are the packages that are probably edited next: of few all, of many those that were compiled just now, which had
// other build IDs before.
func (q *quick) toProve(before map[string]string, packages []gotool.Package) []string {
	var compiled, all []string
	for _, p := range packages {
		if _, known := q.proven[p.ImportPath]; known || !Editable(p) {
			continue
		}
		all = append(all, p.ImportPath)
		if id, ok := before[p.ImportPath]; ok && id != p.BuildID {
			compiled = append(compiled, p.ImportPath)
		}
	}
	if len(all) <= mostProven {
		return all
	}
	return compiled[:min(len(compiled), mostProven)]
}

// buildIDs are those of packages, by import path.
func buildIDs(packages []gotool.Package) map[string]string {
	out := map[string]string{}
	for _, p := range packages {
		out[p.ImportPath] = p.BuildID
	}
	return out
}

// prove tries the next package, and reports whether there are more.
func (q *quick) prove(ctx context.Context, modules string) bool {
	if q == nil || q.last == nil || len(q.unproven) == 0 {
		return false
	}
	path := q.unproven[0]
	q.unproven = q.unproven[1:]
	i := slices.IndexFunc(q.last.packages, func(p gotool.Package) bool { return p.ImportPath == path })
	if i < 0 {
		return len(q.unproven) > 0
	}
	same, err := q.compiler.Reproduces(ctx, q.last.packages[i], exportsOf(q.last.packages))
	now, readErr := readInputs(q.last.packages, modules)
	files, ok := q.inputs.changed(now)
	switch {
	case ctx.Err() != nil, readErr != nil, !ok, len(files) > 0:
		return false // somebody writes, and what was compiled may not be what the go command saw
	case err != nil && !errors.Is(err, gotool.ErrIndirect):
		return len(q.unproven) > 0
	}
	q.proven[path] = err == nil && same
	return len(q.unproven) > 0
}
