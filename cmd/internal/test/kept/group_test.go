package kept

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/gosplice/gosplice/cmd/internal/build/pipeline"
	"github.com/gosplice/gosplice/internal/wire/patch"
)

// group is a program with many ways, each to be edited by itself.
type group struct {
	ways   []*way
	dir    string
	binary string
	// rebuilt is a program with all versions of the ways.
	rebuilt string
	session *pipeline.Session
	// decided are the compiler's decisions, by package.
	decided [versions]map[string]decisions
	// plans are made once, by way.
	plans map[*way]*[versions]*planned
}

// newGroup builds what is needed of some ways in dir.
func newGroup(ctx context.Context, dir string, ways []*way) (*group, error) {
	// What the go command compiles comes last: the session would have it compile what follows as well.
	slices.SortStableFunc(ways, func(a, b *way) int {
		return cmp.Compare(map[bool]int{true: 1}[a.hasMethodValue()], map[bool]int{true: 1}[b.hasMethodValue()])
	})
	g := &group{ways: ways, dir: dir, binary: filepath.Join(dir, "bin", "program"), rebuilt: filepath.Join(dir, "bin", "rebuilt"), plans: map[*way]*[versions]*planned{}}
	if err := g.lay(); err != nil {
		return nil, err
	}
	const tags = "-tags=splicefaults"
	out, err := goBuild(ctx, dir, "-o", g.rebuilt, tags, "-gcflags=program/...=-m", "./rebuilt")
	if err != nil {
		return nil, err
	}
	g.decided = parseDecisions(out)
	if _, err := goBuild(ctx, dir, "-o", g.binary, tags, "."); err != nil {
		return nil, err
	}
	record := g.binary + ".gsr"
	if _, err := pipeline.MakeRecord(ctx, pipeline.RecordOptions{Binary: g.binary, Dir: dir, Out: record}); err != nil {
		return nil, err
	}
	if g.session, err = pipeline.OpenSession(ctx, pipeline.PlanOptions{Record: record, Dir: dir}); err != nil {
		return nil, err
	}
	if err := g.learn(ctx); err != nil {
		g.session.Close()
		return nil, err
	}
	return g, nil
}

// learn makes the session compile ways by itself, which is much sooner done than by the go command:
// it learns that of the packages that were edited last. It can't where methods have values.
func (g *group) learn(ctx context.Context) error {
	const few = 12
	plain := slices.DeleteFunc(slices.Clone(g.ways), (*way).hasMethodValue)
	for ways := range slices.Chunk(plain, few) {
		for _, w := range ways {
			if err := g.write(w, 0, "\n// The same code.\n"); err != nil {
				return err
			}
		}
		plan, err := g.session.Plan(ctx)
		if err != nil {
			return err
		}
		plan.Close()
		for g.session.Learn(ctx) {
		}
		for _, w := range ways {
			if err := g.write(w, 0, ""); err != nil {
				return err
			}
		}
	}
	return nil
}

func (w *way) hasMethodValue() bool {
	return slices.ContainsFunc(w.hops, func(h hop) bool { return strings.HasPrefix(h.name, "method value") })
}

// settled is how long a file is left alone before a session takes it as written.
const settled = 25 * time.Millisecond

// write writes the sources of a way that is edited, with something at their ends.
func (g *group) write(w *way, version int, end string) error {
	defer time.Sleep(settled)
	dir := filepath.Join(g.dir, w.name())
	if err := os.WriteFile(filepath.Join(dir, "w.go"), []byte(w.text[version]+end), 0o666); err != nil {
		return err
	}
	if w.far[version] == "" {
		return nil
	}
	return os.WriteFile(filepath.Join(dir, "far", "far.go"), []byte(w.far[version]+end), 0o666)
}

// lay writes the sources: the program, and below rebuilt one with all versions.
func (g *group) lay() error {
	if err := os.CopyFS(g.dir, os.DirFS("testdata/program")); err != nil {
		return err
	}
	root, err := filepath.Abs("../../../..")
	if err != nil {
		return err
	}
	files := map[string]string{
		"go.mod": "module program\n\ngo 1.25\n\nrequire github.com/gosplice/gosplice v0.0.0\n\nreplace github.com/gosplice/gosplice => " + root + "\n",
	}
	main, err := os.ReadFile("testdata/program/main.go")
	if err != nil {
		return err
	}
	files["rebuilt/main.go"] = string(main)
	var all []string
	for v := range versions {
		for _, w := range g.ways {
			files[w.dir(v)+"/w.go"] = strings.ReplaceAll(w.text[v], "program/"+w.name()+"/far", "program/"+w.dir(v)+"/far")
			if w.far[v] != "" {
				files[w.dir(v)+"/far/far.go"] = w.far[v]
			}
			all = append(all, tableLine(w, v))
		}
	}
	files["rebuilt/ways.go"] = table(all)
	files["ways.go"] = table(all[:len(g.ways)])
	for name, text := range files {
		name = filepath.Join(g.dir, name)
		if err := os.MkdirAll(filepath.Dir(name), 0o777); err != nil {
			return err
		}
		if err := os.WriteFile(name, []byte(text), 0o666); err != nil {
			return err
		}
	}
	return nil
}

// dir is the directory of a version.
func (w *way) dir(version int) string {
	return strings.Repeat("edited/", version) + w.name()
}

// key is the number of a version in the table of ways.
func (w *way) key(version int) int { return w.seed*versions + version }

func tableLine(w *way, version int) string {
	return fmt.Sprintf("%s%d \"program/%s\"\n\t%d: {%[1]s%[2]d.Run, %[1]s%[2]d.Idle, %[1]s%[2]d.Kept},\n", w.name(), version, w.dir(version), w.key(version))
}

// table is the file that has the ways of a program in a table.
func table(lines []string) string {
	var imports, entries strings.Builder
	for _, l := range lines {
		imported, entry, _ := strings.Cut(l, "\n")
		imports.WriteString("\t" + imported + "\n")
		entries.WriteString(entry)
	}
	return fmt.Sprintf("package main\n\nimport (\n%s)\n\nvar ways = map[int]way{\n%s}\n", &imports, &entries)
}

// goBuild runs go build in a directory, and returns what the compiler printed.
func goBuild(ctx context.Context, dir string, args ...string) (string, error) {
	cmd := exec.CommandContext(ctx, "go", append([]string{"build"}, args...)...)
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

// label is what a version is called.
func label(version int) string { return fmt.Sprint("v", version) }

// planned is an edit of one way.
type planned struct {
	file    []byte // the patch; nil: no code changed
	refused []patch.Change
	warned  map[string]bool // IDs of what the plan says
}

// planAll makes the patches of one way.
func (g *group) planAll(ctx context.Context, w *way) (*[versions]*planned, error) {
	if plans := g.plans[w]; plans != nil {
		return plans, nil
	}
	plans := new([versions]*planned)
	for v := 1; v < versions; v++ {
		var err error
		if plans[v], err = g.plan(ctx, w, v); err != nil {
			return nil, err
		}
	}
	g.plans[w] = plans
	return plans, nil
}

// plan makes the patch of a version of one way.
func (g *group) plan(ctx context.Context, w *way, version int) (*planned, error) {
	if err := g.write(w, version, ""); err != nil {
		return nil, err
	}
	defer g.write(w, 0, "")
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
	p, err := plan.Patch(ctx, label(version))
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
		if err := os.WriteFile(name, []byte(w.text[v]+w.far[v]), fs.FileMode(0o666)); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}
