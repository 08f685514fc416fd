package edits_test

import (
	"bytes"
	"go/format"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/gosplice/gosplice/examples/arena/bots"
	"github.com/gosplice/gosplice/examples/arena/edits"
	"github.com/gosplice/gosplice/examples/arena/local"
)

const checkout = "../../.."

// TestEditsShow builds the arena with each edit, and with all of them, and lets bots play in it.
// They must find it right, and see the new version of the rule.
func TestEditsShow(t *testing.T) {
	sets := map[string][]edits.Edit{"none": nil, "all": edits.All}
	for _, e := range edits.All {
		sets[e.Rule] = []edits.Edit{e}
	}
	for name, set := range sets {
		t.Run(name, func(t *testing.T) {
			dir := copyWith(t, set)
			build(t, dir)
			p, err := local.Start(t.Context(), filepath.Join(dir, "arena"))
			if err != nil {
				t.Fatal(err)
			}
			defer func() {
				if err := p.Stop(); err != nil {
					t.Error(err)
				}
			}()
			play(t, p.Addr, set)
		})
	}
}

// copyWith makes a copy of the arena with edits.
func copyWith(t *testing.T, set []edits.Edit) (dir string) {
	dir = filepath.Join(t.TempDir(), "arena")
	if err := edits.Copy(dir, checkout); err != nil {
		t.Fatal(err)
	}
	for _, e := range set {
		if err := e.Apply(dir); err != nil {
			t.Fatal(err)
		}
		checkFormat(t, dir, e)
	}
	return dir
}

// checkFormat checks that what an edit makes looks as gofmt would have it.
func checkFormat(t *testing.T, dir string, e edits.Edit) {
	for _, c := range e.Changes {
		text, err := os.ReadFile(filepath.Join(dir, c.File))
		if err != nil {
			t.Fatal(err)
		}
		formatted, err := format.Source(text)
		if err != nil {
			t.Fatal(err)
		}
		if !bytes.Equal(text, formatted) {
			t.Errorf("%s: %s is not formatted", e.Title, c.File)
		}
	}
}

func build(t *testing.T, dir string) {
	for _, args := range []string{"vet ./...", "build -o arena ."} {
		cmd := exec.Command("go", strings.Fields(args)...)
		cmd.Dir = dir
		cmd.Env = append(os.Environ(), "GOWORK=off")
		if out, err := cmd.CombinedOutput(); err != nil {
			t.Fatalf("go %s: %v\n%s", args, err, out)
		}
	}
}

// play lets bots play until they have seen every rule, in the version that the edits make.
func play(t *testing.T, addr string, set []edits.Edit) {
	f, err := bots.Start(t.Context(), bots.Options{Addr: addr, Bots: 40, Rooms: 2, Pause: 5 * time.Millisecond, For: time.Minute})
	if err != nil {
		t.Fatal(err)
	}
	defer f.Stop()
	want := map[string]int{bots.TickRule: 1, bots.DamageRule: 1, bots.ChatRule: 1}
	for _, e := range set {
		want[e.Rule] = e.Version
	}
	for rule, version := range want {
		if _, err := f.AwaitRule(t.Context(), rule, version); err != nil {
			t.Fatal(err)
		}
	}
	for f.Stats().Requests < 2000 && f.Stats().Lost == 0 {
		time.Sleep(time.Millisecond)
	}
	if _, err := f.Census(); err != nil {
		t.Error(err)
	}
	s := f.Stop()
	t.Log(s)
	if s.Failures != 0 {
		t.Errorf("%d failures: %q", s.Failures, s.Problems)
	}
	for _, seen := range f.Sightings() {
		if want[seen.Rule] != seen.Version {
			t.Errorf("saw version %d of rule %q: %v", seen.Version, seen.Rule, seen)
		}
	}
}

// TestImportIsNew checks that the last edit brings in a package that the program does not have.
func TestImportIsNew(t *testing.T) {
	deps := func(dir string) []string {
		cmd := exec.Command("go", "list", "-deps", ".")
		cmd.Dir = dir
		cmd.Env = append(os.Environ(), "GOWORK=off")
		out, err := cmd.Output()
		if err != nil {
			t.Fatal(err)
		}
		return strings.Fields(string(out))
	}
	before, after := deps(copyWith(t, nil)), deps(copyWith(t, edits.All))
	if slices.Contains(before, "regexp") || !slices.Contains(after, "regexp") {
		t.Errorf("regexp is imported before: %t, after: %t", slices.Contains(before, "regexp"), slices.Contains(after, "regexp"))
	}
}

// TestApplyOnce checks that an edit is made once or not at all.
func TestApplyOnce(t *testing.T) {
	for _, e := range edits.All {
		dir := copyWith(t, []edits.Edit{e})
		if err := e.Apply(dir); err == nil {
			t.Errorf("%s: was made twice", e.Title)
		}
	}
}
