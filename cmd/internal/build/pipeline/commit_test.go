package pipeline_test

import (
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/gosplice/gosplice/cmd/internal/build/pipeline"
	"github.com/gosplice/gosplice/cmd/internal/test/testprogram"
)

// repository is a git repository with a program below its root.
type repository struct {
	t   *testing.T
	dir string // of the program
}

func (r *repository) git(args ...string) string {
	r.t.Helper()
	cmd := exec.Command("git", args...)
	cmd.Dir = r.dir
	cmd.Env = append(os.Environ(), "GIT_CONFIG_GLOBAL="+os.DevNull, "GIT_CONFIG_SYSTEM="+os.DevNull,
		"GIT_AUTHOR_NAME=a", "GIT_AUTHOR_EMAIL=a@example.com", "GIT_COMMITTER_NAME=a", "GIT_COMMITTER_EMAIL=a@example.com")
	out, err := cmd.CombinedOutput()
	if err != nil {
		r.t.Fatalf("git %s: %v\n%s", strings.Join(args, " "), err, out)
	}
	return strings.TrimSpace(string(out))
}

// says writes what the program says, and commits it if it is to.
func (r *repository) says(word string, commit bool) (revision string) {
	r.t.Helper()
	source := "package main\n\nimport \"fmt\"\n\n//go:noinline\nfunc word() string { return " + word + " }\n\nfunc main() { fmt.Println(word()) }\n"
	if err := os.WriteFile(filepath.Join(r.dir, "main.go"), []byte(source), 0o666); err != nil {
		r.t.Fatal(err)
	}
	if !commit {
		return ""
	}
	r.git("add", ".")
	r.git("commit", "-q", "-m", "say "+word)
	return r.git("rev-parse", "HEAD")
}

// build builds the program outside of the tree.
func (r *repository) build(flags ...string) (binary string) {
	r.t.Helper()
	binary = filepath.Join(r.t.TempDir(), "server")
	cmd := exec.Command("go", append(append([]string{"build", "-o", binary}, flags...), ".")...)
	cmd.Dir, cmd.Env = r.dir, append(testprogram.Environ(), "GOFLAGS=")
	if out, err := cmd.CombinedOutput(); err != nil {
		r.t.Fatalf("go build: %v\n%s", err, out)
	}
	return binary
}

// refused is the error of a record that is made of other sources.
func (r *repository) refused(binary string) string {
	r.t.Helper()
	_, err := pipeline.MakeRecord(context.Background(), pipeline.RecordOptions{Binary: binary, Dir: r.dir})
	if err == nil {
		r.t.Fatal("a record was made of other sources")
	}
	if strings.Contains(err.Error(), "\n") {
		r.t.Errorf("more than one line: %v", err)
	}
	return err.Error()
}

// A record that is made of other sources names the commit that the program carries and what to check out, by the state of
// the tree. The command that it gives leads to a record.
func TestRecordNamesTheCommit(t *testing.T) {
	if _, err := exec.LookPath("git"); err != nil {
		t.Skip("no git here: what it says of a tree is not seen")
	}
	top := filepath.Join(t.TempDir(), "shop")
	r := &repository{t, filepath.Join(top, "server")}
	if err := os.MkdirAll(r.dir, 0o777); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(r.dir, "go.mod"), []byte("module example.com/server\n\ngo 1.25\n"), 0o666); err != nil {
		t.Fatal(err)
	}
	r.git("init", "-q", top)
	first := r.says(`"one"`, true)
	binary := r.build("-buildvcs=true")
	plain := r.build("-buildvcs=false")
	r.says(`"changed"`, false)
	modified := r.build("-buildvcs=true")

	check := func(state, text string, wants ...string) {
		t.Helper()
		for _, want := range wants {
			if !strings.Contains(text, want) {
				t.Errorf("%s: the error lacks %q:\n%s", state, want, text)
			}
		}
	}
	worktree := "git worktree add " + top + "-" + first[:7] + " " + first + " and record with -C " + top + "-" + first[:7] + "/server"
	carries := "the program carries commit " + first

	text := r.refused(binary)
	check("changed after the commit", text, "server was not built from these sources", "main.word", carries+", and this tree is at that commit with changes (git status): "+worktree)

	second := r.says(`"two"`, true)
	text = r.refused(binary)
	check("another commit", text, carries+", and this tree is at "+second+": git checkout "+first+", or "+worktree)
	r.says(`"three"`, false)
	check("another commit, and changed", r.refused(binary), carries+", and this tree is at "+second+" with changes: "+worktree)
	r.says(`3`, false)
	check("does not compile", r.refused(binary), "./main.go:6", carries+", and this tree is at "+second+" with changes: "+worktree)
	check("changes that no commit has", r.refused(modified), carries+" with changes that were not committed, which have to be brought back too, and this tree is at "+second)
	check("no commit in the program", r.refused(plain), "the program does not carry the commit that it was built from")

	// What the error says is done, word by word.
	found := regexp.MustCompile(`git (worktree add \S+ \S+) and record with -C (\S+)`).FindStringSubmatch(text)
	if found == nil {
		t.Fatal(text)
	}
	r.git(strings.Fields(found[1])...)
	if _, err := pipeline.MakeRecord(context.Background(), pipeline.RecordOptions{Binary: binary, Dir: found[2]}); err != nil {
		t.Errorf("record of the commit: %v", err)
	}

	// A repository that is another one.
	other := &repository{t, t.TempDir()}
	if err := os.WriteFile(filepath.Join(other.dir, "go.mod"), []byte("module example.com/server\n\ngo 1.25\n"), 0o666); err != nil {
		t.Fatal(err)
	}
	other.says(`"other"`, false)
	check("no repository", other.refused(binary), carries+", and git finds no repository in "+other.dir)
	other.git("init", "-q", ".")
	other.says(`"other"`, true)
	check("another repository", other.refused(binary), carries+", which the repository in "+other.dir+" does not have: git fetch")
}
