package pipeline

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/gosplice/gosplice/cmd/internal/build/edit"
	"github.com/gosplice/gosplice/cmd/internal/build/goobj"
	"github.com/gosplice/gosplice/cmd/internal/build/gotool"
	"github.com/gosplice/gosplice/cmd/internal/build/link"
	"github.com/gosplice/gosplice/cmd/internal/build/release"
)

// Session makes plans of one tree, one after another, and keeps between them what stays the same: the
// record with its sources, and the objects of packages that did not change. It is not safe for concurrent use.
type Session struct {
	o      PlanOptions
	rec    *release.Record
	cache  *goobj.Cache // nil: none
	memory *edit.Memory
	// modules is where go.mod was when the session was opened. Should that change, what it leads to shows in the
	// packages that are compiled.
	modules string
	quick   *quick // nil: the go command compiles
}

// OpenSession reads the record and checks the toolchain, once for all plans of the session. Close
// releases what the session keeps.
func OpenSession(ctx context.Context, o PlanOptions) (*Session, error) {
	s, err := open(ctx, o)
	if err != nil {
		return nil, err
	}
	s.cache = goobj.NewCache()
	s.quick = newQuick(ctx, &s.rec.Build, s.modules)
	return s, nil
}

// open is a session without a cache, for one plan.
func open(ctx context.Context, o PlanOptions) (*Session, error) {
	o.Progress.step("reading the record")
	rec, err := release.Read(o.Record)
	if err != nil {
		return nil, err
	}
	if o.Dir != "" {
		from := rec.Build.Dir
		if rec.Build.Dir, err = filepath.Abs(o.Dir); err != nil {
			return nil, err
		}
		moveTree(rec, from)
		// What flags name is another file there.
		if err := rec.Build.CheckData(); err != nil {
			return nil, fmt.Errorf("record %s: %w", o.Record, err)
		}
	}
	if _, _, err := rec.Build.Toolchain(ctx); err != nil {
		return nil, err
	}
	modules, err := rec.Build.ModuleFile(ctx)
	if err != nil {
		return nil, err
	}
	rec.Prepare()
	return &Session{o: o, rec: rec, memory: edit.NewMemory(), modules: modules}, nil
}

// Close releases what the session keeps. Its plans have to be closed first.
func (s *Session) Close() {
	if s.cache != nil {
		s.cache.Close()
	}
	s.quick.close()
}

// Learn prepares for plans to be made sooner, which takes as long as to compile a package; it is for when nobody
// waits. It reports whether there is more to learn.
func (s *Session) Learn(ctx context.Context) (more bool) { return s.quick.prove(ctx, s.modules) }

// ErrChanging is returned by Plan when files were written while it read them: the compiler may have
// seen other sources than the rest of the plan.
var ErrChanging = errors.New("the sources changed while they were compared: run it again")

// Plan compares the tree as it is now with the release. Errors are those of MakePlan.
func (s *Session) Plan(ctx context.Context) (*Plan, error) {
	files, err := edit.NewTree(s.o.Overlay)
	if err != nil {
		return nil, err
	}
	files.Remember(s.memory)
	files.Direct(s.rec, s.o.Directives)
	rec := *s.rec // a plan completes its packages
	rec.Packages = slices.Clone(rec.Packages)
	b := rec.Build
	b.Quick = s.cache != nil
	t := &tree{rec: &rec, build: &b, overlay: s.o.Overlay, files: files, dependencies: s.o.Dependencies, chosen: s.o.Modules, cache: s.cache, modules: s.modules, awaited: s.o.Awaited}
	before := t.written()
	choice, err := t.choose(ctx)
	if err != nil {
		return nil, err
	}
	defer choice.done()
	quick := s.quick
	if t.pinned {
		quick = nil // it knows the modules of the files on disk
	}
	s.o.Progress.step("compiling")
	began := time.Now()
	built, ok := quick.compile(ctx, t)
	if !ok {
		if built, err = t.compile(ctx); err != nil {
			return nil, choice.heldError(err)
		}
		quick.remember(t, built, began)
	}
	p, err := t.plan(ctx, built, choice, s.o.Progress)
	for d := (*link.DroppedError)(nil); errors.As(err, &d); {
		t.used = d.Vars.And(t.used)
		if built, err = t.compile(ctx); err == nil {
			p, err = t.plan(ctx, built, choice, s.o.Progress)
		}
	}
	if err != nil {
		return nil, err
	}
	if s.cache != nil {
		s.cache.Sweep()
	}
	if !maps.Equal(before, t.written()) {
		p.Close()
		return nil, ErrChanging
	}
	return p, nil
}

// Editable reports whether people edit a package in place: its sources count for a plan, while those of
// other packages change only with their version.
func Editable(p gotool.Package) bool { return release.Editable(p) }

// stamp tells two contents of a file apart, as far as the file system does.
type stamp struct {
	size    int64
	written time.Time
}

// written are the stamps of the Go files that an edit may change, by path.
func (t *tree) written() map[string]stamp {
	out := map[string]stamp{}
	for _, p := range t.rec.Packages {
		if !p.Editable {
			continue
		}
		entries, err := os.ReadDir(p.Dir)
		if err != nil {
			continue // gone, which the go command has words for
		}
		for _, e := range entries {
			if !strings.HasSuffix(e.Name(), ".go") {
				continue
			}
			if info, err := e.Info(); err == nil {
				out[filepath.Join(p.Dir, e.Name())] = stamp{info.Size(), info.ModTime()}
			}
		}
	}
	return out
}

// moveTree rewrites the directories of the record's packages when the edited tree lies elsewhere than the
// one that was recorded.
func moveTree(rec *release.Record, from string) {
	dir := rec.Build.Dir
	if from == dir {
		return
	}
	oldRoot, newRoot := moduleRoot(from), moduleRoot(dir)
	for i := range rec.Packages {
		p := &rec.Packages[i]
		if !p.Editable {
			continue
		}
		for _, r := range [][2]string{{oldRoot, newRoot}, {from, dir}} {
			if rel, err := filepath.Rel(r[0], p.Dir); r[0] != "" && r[1] != "" && err == nil && filepath.IsLocal(rel) {
				p.Dir = filepath.Join(r[1], rel)
				break
			}
		}
	}
}

// moduleRoot is the directory of the go.mod that governs dir, or "".
func moduleRoot(dir string) string {
	for {
		if _, err := os.Stat(filepath.Join(dir, "go.mod")); err == nil {
			return dir
		}
		up := filepath.Dir(dir)
		if up == dir {
			return ""
		}
		dir = up
	}
}
