package kept

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/gosplice/gosplice/internal/patch"
	"github.com/gosplice/gosplice/internal/pipeline"
)

// group is a program with many ways, each to be edited by itself.
type group struct {
	ways    []*way
	dir     string
	binary  string
	session *pipeline.Session
	// rebuilt are programs of which all ways have a version.
	rebuilt [versions]string
	// decided are the compiler's decisions, by package.
	decided [versions]map[string]decisions
}

// newGroup builds what is needed of some ways in dir.
func newGroup(ctx context.Context, dir string, ways []*way) (*group, error) {
	g := &group{ways: ways, dir: dir, binary: filepath.Join(dir, "program")}
	for v := range versions {
		if err := g.lay(v); err != nil {
			return nil, err
		}
		g.rebuilt[v] = filepath.Join(dir, fmt.Sprintf("rebuilt%d", v))
		out, err := goBuild(ctx, g.tree(v), g.rebuilt[v], "-gcflags=program/w...=-m")
		if err != nil {
			return nil, err
		}
		g.decided[v] = parseDecisions(out)
	}
	if _, err := goBuild(ctx, g.tree(0), g.binary, "-tags=splicefaults"); err != nil {
		return nil, err
	}
	record := g.binary + ".gsr"
	if _, err := pipeline.MakeRecord(ctx, pipeline.RecordOptions{Binary: g.binary, Dir: g.tree(0), Out: record}); err != nil {
		return nil, err
	}
	var err error
	if g.session, err = pipeline.OpenSession(ctx, pipeline.PlanOptions{Record: record, Dir: g.tree(0)}); err != nil {
		return nil, err
	}
	plan, err := g.session.Plan(ctx)
	if err != nil {
		g.session.Close()
		return nil, err
	}
	plan.Close()
	for g.session.Learn(ctx) {
	}
	return g, nil
}

func (g *group) tree(version int) string { return filepath.Join(g.dir, fmt.Sprint("v", version)) }

func (g *group) file(version int, w *way) string {
	return filepath.Join(g.tree(version), w.name(), "w.go")
}

// lay writes the sources of a version.
func (g *group) lay(version int) error {
	dir := g.tree(version)
	if err := os.CopyFS(dir, os.DirFS("testdata/program")); err != nil {
		return err
	}
	root, err := filepath.Abs("../..")
	if err != nil {
		return err
	}
	var imports, table strings.Builder
	for _, w := range g.ways {
		if err := os.Mkdir(filepath.Join(dir, w.name()), 0o777); err != nil {
			return err
		}
		if err := os.WriteFile(g.file(version, w), []byte(w.text[version]), 0o666); err != nil {
			return err
		}
		fmt.Fprintf(&imports, "\t\"program/%s\"\n", w.name())
		fmt.Fprintf(&table, "\t%d: {%[2]s.Run, %[2]s.Idle, %[2]s.Kept},\n", w.seed, w.name())
	}
	files := map[string]string{
		"go.mod":  "module program\n\ngo 1.25\n\nrequire github.com/gosplice/gosplice v0.0.0\n\nreplace github.com/gosplice/gosplice => " + root + "\n",
		"ways.go": fmt.Sprintf("package main\n\nimport (\n%s)\n\nvar ways = map[int]way{\n%s}\n", &imports, &table),
	}
	for name, text := range files {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o666); err != nil {
			return err
		}
	}
	return nil
}

// goBuild builds the program in a directory, and returns what the compiler printed.
func goBuild(ctx context.Context, dir, out string, flags ...string) (string, error) {
	cmd := exec.CommandContext(ctx, "go", append(append([]string{"build", "-o", out}, flags...), ".")...)
	cmd.Dir = dir
	var messages bytes.Buffer
	cmd.Stderr = &messages
	if err := cmd.Run(); err != nil {
		var wrong []string
		for _, l := range strings.Split(messages.String(), "\n") {
			if !decision.MatchString(l) && !strings.Contains(l, "inlin") && !strings.Contains(l, "leak") {
				wrong = append(wrong, l)
			}
		}
		return "", fmt.Errorf("go build in %s: %w\n%s", dir, err, strings.Join(wrong, "\n"))
	}
	return messages.String(), nil
}

// planned is an edit of one way.
type planned struct {
	file    []byte // the patch; nil: no code changed
	refused []patch.Change
	warned  map[string]bool // IDs of what the plan says
}

// plan makes the patch of a version of one way.
func (g *group) plan(ctx context.Context, w *way, version int) (*planned, error) {
	if err := os.WriteFile(g.file(0, w), []byte(w.text[version]), 0o666); err != nil {
		return nil, err
	}
	defer os.WriteFile(g.file(0, w), []byte(w.text[0]), 0o666)
	plan, err := g.session.Plan(ctx)
	if err != nil {
		return nil, err
	}
	defer plan.Close()
	out := &planned{warned: map[string]bool{}}
	for _, c := range plan.Changes {
		out.warned[c.ID] = true
		if c.Verdict == "refused" {
			out.refused = append(out.refused, c)
		}
	}
	if plan.Refused {
		return out, nil
	}
	p, err := plan.Patch(ctx, fmt.Sprint("v", version))
	if errors.Is(err, pipeline.ErrEmpty) {
		return out, nil
	}
	if err != nil {
		return nil, err
	}
	out.file, err = patch.Encode(p, nil)
	return out, err
}

// keepSources copies the sources of a way to where they stay.
func (g *group) keepSources(t testing.TB, w *way) string {
	dir, err := os.MkdirTemp("", "kept-"+w.name()+"-")
	if err != nil {
		t.Fatal(err)
	}
	for v := range versions {
		name := filepath.Join(dir, fmt.Sprintf("v%d.go.txt", v))
		if err := os.WriteFile(name, []byte(w.text[v]), fs.FileMode(0o666)); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}
