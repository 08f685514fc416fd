package agent

import (
	"crypto/ed25519"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/gosplice/gosplice/internal/wire/control"
	"github.com/gosplice/gosplice/internal/wire/patch"
)

// patchFiles writes files into a new directory that only this user can write to.
func patchFiles(t *testing.T, files map[string][]byte) string {
	t.Helper()
	dir := t.TempDir()
	if err := os.Chmod(dir, 0o700); err != nil {
		t.Fatal(err)
	}
	for name, content := range files {
		if err := os.WriteFile(filepath.Join(dir, name), content, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

// madeAt gives a patch a time.
func madeAt(at string) func(*patch.Patch) { return func(p *patch.Patch) { p.Made = at } }

func otherBuild(p *patch.Patch) { p.Release.BuildID = "w/x/y/z" }

func TestRestoreAppliesTheNewestThatFits(t *testing.T) {
	key := ed25519.NewKeyFromSeed(make([]byte, 32))
	dir := patchFiles(t, map[string][]byte{
		"z-old.gsp":   testPatch{version: "1.1", functions: []string{"!A"}, with: madeAt("2026-01-01T00:00:00Z")}.file(t),
		"a-new.gsp":   testPatch{version: "1.2", functions: []string{"!A"}, with: madeAt("2026-02-01T00:00:00Z"), key: key}.file(t),
		"b-newer.gsp": testPatch{version: "1.3", functions: []string{"!A"}, with: madeAt("2026-02-02T00:00:00Z")}.file(t), // not signed
		"other.gsp":   testPatch{version: "2.0", functions: []string{"!A"}, with: func(p *patch.Patch) { otherBuild(p); p.Made = "2026-03-01T00:00:00Z" }}.file(t),
		"damaged.gsp": []byte("gosplice, but not a patch"),
		".hidden.gsp": []byte("of an editor"),
		"README":      []byte("no patch"),
	})
	s := startTestServer(t, Options{PatchDir: dir, TrustedKeys: []ed25519.PublicKey{key.Public().(ed25519.PublicKey)}})
	if err := s.restore(); err != nil {
		t.Fatal(err)
	}
	status, err := s.dial(t).Status(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if status.Version != "1.2" || status.AfterRestart != "1.2" || status.PatchDir != dir {
		t.Errorf("version %s, after a restart %s, patch directory %s", status.Version, status.AfterRestart, status.PatchDir)
	}
	log := s.said.String()
	for _, name := range []string{"other.gsp", "damaged.gsp", "b-newer.gsp"} {
		if !strings.Contains(log, "ignored\" file="+filepath.Join(dir, name)) {
			t.Errorf("the log does not name %s:\n%s", name, log)
		}
	}
	if strings.Contains(log, "hidden") || strings.Contains(log, "README") {
		t.Errorf("the log names what is no patch:\n%s", log)
	}
	journal, err := s.dial(t).Journal(t.Context())
	if err != nil || len(journal) != 1 || journal[0].PID != os.Getpid() || journal[0].Code != control.Done {
		t.Errorf("journal %+v, %v", journal, err)
	}
}

func TestRestoreThatFails(t *testing.T) {
	unsigned := testPatch{version: "1.1", functions: []string{"!A"}}.file(t)
	key := ed25519.NewKeyFromSeed(make([]byte, 32)).Public().(ed25519.PublicKey)
	writable := func(t *testing.T, dir string) {
		if err := os.Chmod(filepath.Join(dir, "p.gsp"), 0o662); err != nil {
			t.Fatal(err)
		}
	}
	for _, c := range []struct {
		name    string
		o       Options
		prepare func(t *testing.T, dir string)
		says    string // of the error; empty: none
		logs    string
	}{
		{"an unsigned patch", Options{TrustedKeys: []ed25519.PublicKey{key}}, nil, "p.gsp was not applied, and the program runs without it: the patch is not signed", "unsigned"},
		{"a directory that others can write to", Options{}, func(t *testing.T, dir string) {
			if err := os.Chmod(dir, 0o770); err != nil {
				t.Fatal(err)
			}
		}, "can be written by others", ""},
		{"a file that others can write to", Options{}, writable, "", "can be written by others"},
		{"a link", Options{}, func(t *testing.T, dir string) {
			file := filepath.Join(dir, "p.gsp")
			if err := os.Rename(file, file+".real"); err != nil {
				t.Fatal(err)
			}
			if err := os.Symlink(file+".real", file); err != nil {
				t.Fatal(err)
			}
		}, "", "it is no regular file"},
		{"no directory", Options{}, func(t *testing.T, dir string) {
			if err := os.RemoveAll(dir); err != nil {
				t.Fatal(err)
			}
		}, "", ""},
		{"a file in its place", Options{}, func(t *testing.T, dir string) {
			if err := os.RemoveAll(dir); err != nil {
				t.Fatal(err)
			}
			if err := os.WriteFile(dir, nil, 0o600); err != nil {
				t.Fatal(err)
			}
		}, "is no directory", ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			dir := patchFiles(t, map[string][]byte{"p.gsp": unsigned})
			if c.prepare != nil {
				c.prepare(t, dir)
			}
			c.o.PatchDir = dir
			s := startTestServer(t, c.o)
			err := s.restore()
			if c.says == "" && err != nil || c.says != "" && (err == nil || !strings.Contains(err.Error(), c.says)) {
				t.Errorf("error is %v, want %q", err, c.says)
			}
			if log := s.said.String(); !strings.Contains(log, c.logs) {
				t.Errorf("the log does not say %q:\n%s", c.logs, log)
			}
			hello, err := s.dial(t).Hello(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			if hello.Version != patch.ReleaseVersion || hello.AfterRestart != patch.ReleaseVersion {
				t.Errorf("version %s, after a restart %s", hello.Version, hello.AfterRestart)
			}
		})
	}
}

// What a restart would do follows the directory as it is now.
func TestAfterRestart(t *testing.T) {
	dir := patchFiles(t, nil)
	s := startTestServer(t, Options{PatchDir: dir})
	if err := s.restore(); err != nil {
		t.Fatal(err)
	}
	first := testPatch{version: "1.1", functions: []string{"!A"}}.file(t)
	if _, err := s.dial(t).Apply(t.Context(), first, control.SwitchOptions{}); err != nil {
		t.Fatal(err)
	}
	after := func(want string) {
		t.Helper()
		hello, err := s.dial(t).Hello(t.Context())
		if err != nil || hello.Version != "1.1" || hello.AfterRestart != want {
			t.Errorf("%+v, %v: after a restart it is not %s", hello, err, want)
		}
	}
	after(patch.ReleaseVersion)
	file := filepath.Join(dir, "p.gsp")
	if err := os.WriteFile(file, first, 0o600); err != nil {
		t.Fatal(err)
	}
	after("1.1")
	if err := os.Remove(file); err != nil {
		t.Fatal(err)
	}
	after(patch.ReleaseVersion)
}

// TestInstalledIsRemembered: a file that is as it was is not read again, and one that is not is.
func TestInstalledIsRemembered(t *testing.T) {
	dir := patchFiles(t, map[string][]byte{"p.gsp": testPatch{version: "1.1", functions: []string{"!A"}}.file(t)})
	file := filepath.Join(dir, "p.gsp")
	s := startTestServer(t, Options{PatchDir: dir})
	if got := s.afterRestart(); got != "1.1" {
		t.Fatalf("after a restart it is %s", got)
	}
	before, err := os.Stat(file)
	if err != nil {
		t.Fatal(err)
	}
	content, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	content[len(content)/2] ^= 1
	if err := os.WriteFile(file, content, 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.Chtimes(file, before.ModTime(), before.ModTime()); err != nil {
		t.Fatal(err)
	}
	if got := s.afterRestart(); got != "1.1" {
		t.Errorf("the file was read again: %s", got)
	}
	if err := os.Chtimes(file, before.ModTime(), before.ModTime().Add(1)); err != nil {
		t.Fatal(err)
	}
	if got := s.afterRestart(); got != patch.ReleaseVersion {
		t.Errorf("a damaged file counts: %s", got)
	}
}

// TestWayToPatches has others be able to exchange a patch directory that is the program's own.
func TestWayToPatches(t *testing.T) {
	file := testPatch{version: "1.1", functions: []string{"!A"}}.file(t)
	parent := t.TempDir()
	dir := filepath.Join(parent, "patches")
	if err := os.Mkdir(dir, 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(dir, "p.gsp"), file, 0o600); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		mode  os.FileMode
		owner int
		says  string
	}{{0o755, -1, ""}, {0o777 | os.ModeSticky, -1, ""}, {0o777, -1, "chmod go-w " + parent}, {0o775, -1, "chmod go-w " + parent}, {0o755, 12345, "belongs to user 12345"}} {
		if c.owner >= 0 && os.Geteuid() != 0 {
			continue
		}
		if err := os.Chown(parent, c.owner, -1); err != nil {
			t.Fatal(err)
		}
		if err := os.Chmod(parent, c.mode); err != nil {
			t.Fatal(err)
		}
		s := startTestServer(t, Options{PatchDir: dir})
		err := s.restore()
		if c.says == "" && err != nil || c.says != "" && (err == nil || !strings.Contains(err.Error(), c.says)) {
			t.Errorf("mode %v, owner %d: %v", c.mode, c.owner, err)
		}
		if v := nameOf(s.patcher.current()); (v == "1.1") != (c.says == "") {
			t.Errorf("mode %v, owner %d: version %s", c.mode, c.owner, v)
		}
	}
}
