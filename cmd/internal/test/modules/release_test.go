package modules

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

const release = ".ci/release"

// TestRelease makes a release in a copy of the checkout, and installs the command from its tags, as people do.
func TestRelease(t *testing.T) {
	repository := newRepository(t)
	const version = "v0.1.0"
	before := state(t, repository)

	run(t, repository, release, "-n", version)
	if is := state(t, repository); is != before {
		t.Errorf("a dry run changed the repository from\n%s\nto\n%s", before, is)
	}
	added := filepath.Join(repository, "added.go")
	if err := os.WriteFile(added, []byte("package gosplice\n"), 0o666); err != nil {
		t.Fatal(err)
	}
	refused(t, repository, "no commit", version)
	if err := os.Remove(added); err != nil {
		t.Fatal(err)
	}
	refused(t, repository, "usage", "0.1.0")
	refused(t, repository, "usage", "v2.0.0") // which would be another module
	if is := state(t, repository); is != before {
		t.Fatalf("what was refused changed the repository from\n%s\nto\n%s", before, is)
	}

	run(t, repository, release, version)
	head := run(t, repository, "git", "rev-parse", "HEAD")
	for _, tag := range []string{version, "cmd/" + version} {
		if at := run(t, repository, "git", "rev-parse", tag+"^{commit}"); at != head {
			t.Errorf("%s is at %s, and the commit of the release is %s", tag, at, head)
		}
	}
	refused(t, repository, "there already", version)
	for _, nested := range []string{"cmd", "examples/broker"} {
		m, requires := readModFile(t, filepath.Join(repository, nested, "go.mod")), ""
		for _, r := range m.Require {
			if r.Path == library {
				requires = r.Version
			}
		}
		if requires != version || len(m.Replace) > 0 {
			t.Errorf("%s requires version %q of the library and has %d replace lines: a release needs %s and none", nested, requires, len(m.Replace), version)
		}
	}
	run(t, repository, "go", "list", "-deps", "work") // in the checkout all goes on as before

	dir := t.TempDir()
	t.Setenv("GOBIN", dir)
	run(t, dir, "go", "install", library+"/cmd/gosplice@latest")
	command := filepath.Join(dir, "gosplice")
	if said := run(t, dir, command, "version"); !strings.HasPrefix(said, "gosplice "+version+" ") {
		t.Errorf("the installed command says %q", said)
	}
	t.Setenv("XDG_RUNTIME_DIR", t.TempDir())
	// The demo finds the sources of the library where the go command has put them.
	if said := run(t, dir, command, "demo", "--players", "20"); !strings.Contains(said, "nobody was disconnected, nothing was lost") {
		t.Errorf("the demo of the installed command says\n%s", said)
	}
}

// state is what a release changes: commit, tags and files.
func state(t *testing.T, repository string) string {
	t.Helper()
	return run(t, repository, "git", "rev-parse", "HEAD") + run(t, repository, "git", "tag") + run(t, repository, "git", "status", "--porcelain")
}

// refused checks that no release is made, and that the message says why.
func refused(t *testing.T, repository, why string, args ...string) {
	t.Helper()
	if out, err := try(repository, release, args...); err == nil || !strings.Contains(out, why) {
		t.Errorf("release %v: %v, and not refused with %q:\n%s", args, err, why, out)
	}
}
