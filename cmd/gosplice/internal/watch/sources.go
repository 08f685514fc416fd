package watch

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"go/build"
	"go/parser"
	"go/token"
	"hash/fnv"
	"io/fs"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/fsnotify/fsnotify"

	"github.com/gosplice/gosplice/cmd/internal/build/gotool"
	"github.com/gosplice/gosplice/cmd/internal/build/pipeline"
)

const (
	// settle is how long files have to be left alone before a save is complete: editors write in steps.
	settle = 30 * time.Millisecond
	// patience bounds that for files that are written all the time.
	patience = 500 * time.Millisecond
)

// sources are the files that the program is built from. What changes elsewhere is no matter: other
// packages, tests, files that build constraints leave out, and new files that git ignores.
type sources struct {
	watcher *fsnotify.Watcher
	batches chan batch
	retry   chan time.Time
	command *gotool.Command
	context build.Context

	// root is the directory of the build. Everything below counts until the packages are known.
	root     string
	everyone bool
	read     map[string]bool   // files that the build reads
	packages map[string]bool   // their directories, where new files may belong to the build
	modules  map[string]string // directories of the modules that people edit, by path
	watched  map[string]bool
	// hashes are of the files as they were when they were last looked at.
	hashes map[string][sha256.Size]byte
}

// batch is what changed in one save.
type batch struct {
	first time.Time
	paths map[string]bool
	// lost says that changes were lost, so that any file may be another.
	lost bool
}

func newSources(c *gotool.Command) (*sources, error) {
	w, err := fsnotify.NewWatcher()
	if err != nil {
		return nil, fmt.Errorf("the system does not tell of changed files: %w", err)
	}
	root, err := filepath.Abs(c.Dir)
	if err != nil {
		return nil, err
	}
	s := &sources{
		watcher: w, batches: make(chan batch), retry: make(chan time.Time, 1), command: c, context: contextOf(c), root: root,
		read: map[string]bool{}, packages: map[string]bool{}, modules: map[string]string{}, watched: map[string]bool{}, hashes: map[string][sha256.Size]byte{},
	}
	go s.collect()
	return s, nil
}

func (s *sources) close() { s.watcher.Close() }

// contextOf says which files the build constraints of a command leave in.
func contextOf(c *gotool.Command) build.Context {
	ctx := build.Default
	for _, f := range c.Flags {
		if tags, ok := strings.CutPrefix(f, "-tags="); ok {
			ctx.BuildTags = strings.FieldsFunc(tags, func(r rune) bool { return r == ',' || r == ' ' })
		}
	}
	return ctx
}

// collect joins the events of one save, and hands them on when the files are left alone.
func (s *sources) collect() {
	defer close(s.batches)
	var pending batch
	var quiet, limit <-chan time.Time
	var out chan batch // nil until a batch is complete
	add := func(at time.Time) {
		switch {
		case pending.first.IsZero():
			pending.first, limit = at, time.After(patience)
		case limit != nil:
			out = nil
		}
		quiet = time.After(settle)
	}
	for {
		select {
		case e, ok := <-s.watcher.Events:
			if !ok {
				return
			}
			if e.Op == fsnotify.Chmod {
				continue
			}
			add(time.Now())
			if pending.paths == nil {
				pending.paths = map[string]bool{}
			}
			pending.paths[e.Name] = true
		case err, ok := <-s.watcher.Errors:
			if !ok {
				return
			}
			if errors.Is(err, fsnotify.ErrEventOverflow) {
				add(time.Now())
				pending.lost = true
			}
		case at := <-s.retry:
			add(at)
			pending.lost = true
		case <-quiet:
			quiet, out = nil, s.batches
		case <-limit:
			limit, out = nil, s.batches
		case out <- pending:
			pending, out, limit, quiet = batch{}, nil, nil, nil
		}
	}
}

// again makes what was saved at the given time come once more.
func (s *sources) again(at time.Time) {
	select {
	case s.retry <- at:
	default: // it comes already
	}
}

// follow makes the files of the packages that people edit the ones that count.
func (s *sources) follow(packages []gotool.Package) error {
	s.everyone = false
	clear(s.read)
	clear(s.packages)
	clear(s.modules)
	dirs := map[string]bool{}
	for _, p := range packages {
		if !pipeline.Editable(p) || p.Dir == "" {
			continue
		}
		s.packages[p.Dir] = true
		for _, name := range slices.Concat(p.GoFiles, p.CgoFiles, p.SFiles, p.CFiles, p.CXXFiles, p.HFiles, p.EmbedFiles) {
			if !filepath.IsAbs(name) {
				name = filepath.Join(p.Dir, name)
			}
			s.read[name] = true
			dirs[filepath.Dir(name)] = true
		}
		for _, dir := range moduleDirs(p) {
			s.modules[p.Module.Path] = dir
			for _, name := range []string{"go.mod", "go.sum", "go.work"} {
				s.read[filepath.Join(dir, name)] = true
			}
			dirs[dir] = true
			// A directory that is removed and made again shows in the one above it.
			for up := p.Dir; len(up) > len(dir); up = filepath.Dir(up) {
				dirs[up] = true
			}
		}
		dirs[p.Dir] = true
	}
	for file := range s.read {
		if _, known := s.hashes[file]; !known {
			s.hashes[file] = hashOf(file)
		}
	}
	return s.watch(dirs)
}

// moduleDirs is the directory of a package's module, if it has one.
func moduleDirs(p gotool.Package) []string {
	switch m := p.Module; {
	case m == nil:
		return nil
	case m.Replace != nil && m.Replace.Dir != "":
		return []string{m.Replace.Dir}
	case m.Dir != "":
		return []string{m.Dir}
	}
	return nil
}

// followImports adds packages that the sources import and that the go command could not tell of, because
// something does not compile: they may be there, or be made next.
func (s *sources) followImports() error {
	dirs := maps.Clone(s.watched)
	for left := slices.Collect(maps.Keys(s.packages)); len(left) > 0; left = left[1:] {
		for path := range importsOf(left[0]) {
			dir, root, ok := s.inModule(path)
			if !ok || s.packages[dir] {
				continue
			}
			s.packages[dir] = true
			left = append(left, dir)
			// A directory that is not there yet shows in those above it.
			for up := dir; len(up) >= len(root); up = filepath.Dir(up) {
				dirs[up] = true
			}
		}
	}
	return s.watch(dirs)
}

// inModule is where a package of an edited module lies, if it belongs to one.
func (s *sources) inModule(path string) (dir, root string, ok bool) {
	for up := path; up != "."; up = filepath.Dir(up) {
		if root, ok := s.modules[up]; ok {
			return filepath.Join(root, strings.TrimPrefix(path, up)), root, true
		}
	}
	return "", "", false
}

// importsOf are the import paths in the Go files of a directory, as far as they can be read.
func importsOf(dir string) map[string]bool {
	found := map[string]bool{}
	entries, _ := os.ReadDir(dir) // which may not be there yet
	for _, e := range entries {
		if !strings.HasSuffix(e.Name(), ".go") || strings.HasSuffix(e.Name(), "_test.go") {
			continue
		}
		f, _ := parser.ParseFile(token.NewFileSet(), filepath.Join(dir, e.Name()), nil, parser.ImportsOnly)
		if f == nil {
			continue
		}
		for _, i := range f.Imports {
			if path, err := strconv.Unquote(i.Path.Value); err == nil {
				found[path] = true
			}
		}
	}
	return found
}

// followAll makes every file below the directory of the build count that git does not ignore: the sources
// do not even say which packages they have.
func (s *sources) followAll() error {
	if len(s.packages) > 0 {
		return nil // those of the last build that did are better
	}
	s.everyone = true
	dirs := map[string]bool{}
	err := filepath.WalkDir(s.root, func(path string, d fs.DirEntry, err error) error {
		switch {
		case err != nil || !d.IsDir():
			return nil
		case path != s.root && (strings.HasPrefix(d.Name(), ".") || strings.HasPrefix(d.Name(), "_") || d.Name() == "node_modules" || d.Name() == "vendor" || s.ignored(path)):
			return fs.SkipDir
		}
		dirs[path] = true
		return nil
	})
	return errors.Join(err, s.watch(dirs))
}

// watch makes the system tell of changes in directories, and of no others.
func (s *sources) watch(dirs map[string]bool) error {
	for dir := range s.watched {
		if !dirs[dir] {
			s.watcher.Remove(dir) // it may be gone, and with it the watch
			delete(s.watched, dir)
		}
	}
	for _, dir := range slices.Sorted(maps.Keys(dirs)) {
		if s.watched[dir] {
			continue
		}
		if err := s.watcher.Add(dir); err != nil {
			if errors.Is(err, fs.ErrNotExist) {
				continue
			}
			return fmt.Errorf("%s can't be watched: %w: is fs.inotify.max_user_watches too small?", dir, err)
		}
		s.watched[dir] = true
	}
	return nil
}

// changed reports whether a batch has a file that counts, with another content than before.
func (s *sources) changed(b batch) bool {
	any := b.lost
	for path := range b.paths {
		if s.watched[path] || s.packages[path] || s.leads(path) {
			// The directory itself was removed or made, and the watch is gone with it, or new.
			s.watchAgain(path)
			any = true
			continue
		}
		any = s.matters(path) && s.differs(path) || any
	}
	return any
}

// leads reports whether a package lies below a directory.
func (s *sources) leads(path string) bool {
	for dir := range s.packages {
		if strings.HasPrefix(dir, path+string(filepath.Separator)) {
			return true
		}
	}
	return false
}

// watchAgain watches a directory that is new, and those between it and packages below it, which may have been made
// before it was watched.
func (s *sources) watchAgain(path string) {
	for dir := range s.packages {
		for up := dir; len(up) >= len(path) && (up == path || strings.HasPrefix(up, path+string(filepath.Separator))); up = filepath.Dir(up) {
			delete(s.watched, up)
			if s.watcher.Add(up) == nil {
				s.watched[up] = true
			}
		}
	}
}

// matters reports whether the program may be built from a file.
func (s *sources) matters(path string) bool {
	if s.read[path] {
		return true
	}
	dir, name := filepath.Split(path)
	if strings.HasPrefix(name, ".") || strings.HasPrefix(name, "_") || strings.HasSuffix(name, "~") || strings.HasSuffix(name, "_test.go") {
		return false
	}
	switch {
	case s.everyone:
		return (strings.HasSuffix(name, ".go") || name == "go.mod" || name == "go.work") && !s.ignored(path)
	case s.packages[filepath.Clean(dir)] && isSource(name):
		match, err := s.context.MatchFile(dir, name)
		return (match || err != nil && !errors.Is(err, fs.ErrNotExist)) && !s.ignored(path)
	case s.embeds(filepath.Clean(dir)):
		return !s.ignored(path)
	}
	return false
}

// isSource reports a name that the go command compiles.
func isSource(name string) bool {
	return slices.Contains([]string{".go", ".s", ".c", ".h", ".cc", ".cpp", ".cxx"}, filepath.Ext(name))
}

// embeds reports a directory from which the build embeds files.
func (s *sources) embeds(dir string) bool {
	for file := range s.read {
		if filepath.Dir(file) == dir && !isSource(file) && !strings.HasPrefix(filepath.Base(file), "go.") {
			return true
		}
	}
	return false
}

// ignored asks git whether it ignores a file. Without git nothing is ignored.
func (s *sources) ignored(path string) bool {
	ctx, cancel := context.WithTimeout(context.Background(), 2*time.Second)
	defer cancel()
	cmd := exec.CommandContext(ctx, "git", "check-ignore", "--quiet", "--", path)
	cmd.Dir = s.root
	return cmd.Run() == nil
}

// differs reports whether a file has another content than when it was last looked at.
func (s *sources) differs(path string) bool {
	was, known := s.hashes[path]
	is := hashOf(path)
	s.hashes[path] = is
	return !known || was != is
}

// hashOf is the hash of a file's content; a file that is not there has one of its own.
func hashOf(path string) [sha256.Size]byte {
	content, err := os.ReadFile(path)
	if err != nil {
		return [sha256.Size]byte{}
	}
	return sha256.Sum256(append([]byte{1}, content...))
}

// state tells two contents of all files that count apart.
func (s *sources) state() uint64 {
	h := fnv.New64a()
	for _, path := range slices.Sorted(maps.Keys(s.read)) {
		sum := hashOf(path)
		h.Write([]byte(path))
		h.Write(sum[:])
	}
	return h.Sum64()
}
