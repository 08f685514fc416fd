package watch

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/gosplice/gosplice/cmd/internal/build/gotool"
)

// TestSpaceOfAnother: what a link in the cache leads to is not emptied, and root takes no cache that belongs to another user.
func TestSpaceOfAnother(t *testing.T) {
	cache, precious := t.TempDir(), t.TempDir()
	t.Setenv("XDG_CACHE_HOME", cache)
	t.Setenv("TMPDIR", os.TempDir()) // openSpace sets it
	c := &gotool.Command{Dir: t.TempDir(), Packages: []string{"."}}
	s, err := openSpace(c)
	if err != nil {
		t.Fatal(err)
	}
	if err := s.remove(); err != nil {
		t.Fatal(err)
	}
	kept := filepath.Join(precious, "kept")
	if err := os.WriteFile(kept, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink(precious, s.dir); err != nil {
		t.Fatal(err)
	}
	if s, err := openSpace(c); err == nil {
		t.Error("a link is taken")
		s.leave()
	}
	if _, err := os.Stat(kept); err != nil {
		t.Error(err)
	}
	if err := os.Remove(s.dir); err != nil {
		t.Fatal(err)
	}
	if os.Geteuid() != 0 {
		t.Skip("this process can't give a directory away")
	}
	if err := os.Chown(filepath.Dir(s.dir), 1000, -1); err != nil {
		t.Skip(err)
	}
	if s, err := openSpace(c); err == nil {
		t.Error("a directory of another user is taken")
		s.leave()
	}
}
