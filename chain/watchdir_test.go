package chain

import (
	"os"
	"path/filepath"
	"testing"
	"time"
)

// TestWatchPutsOff leaves all files for later while another change is under way, and says it when that lasts.
func TestWatchPutsOff(t *testing.T) {
	c := New[watchTable]("put_off")
	dir := t.TempDir()
	var told []WatchEvent
	w := &dirWatch{core: c.core, dir: dir, report: func(e WatchEvent) { told = append(told, e) }, seen: make(map[string]seenFile)}
	var fresh []candidate
	for _, version := range []string{"1.0.1", "1.0.2"} {
		path := filepath.Join(dir, version+".so")
		if err := os.WriteFile(path, []byte(version), 0o600); err != nil {
			t.Fatal(err)
		}
		fresh = append(fresh, candidate{path, version})
	}
	end, err := c.core.begin()
	if err != nil {
		t.Fatal(err)
	}
	for look := range 3 {
		for _, f := range fresh {
			seen := w.seen[filepath.Base(f.path)]
			seen.tried = true
			w.seen[filepath.Base(f.path)] = seen
		}
		w.loadNewest(fresh)
		for name, seen := range w.seen {
			if seen.tried {
				t.Errorf("look %d: %s counts as tried", look, name)
			}
		}
	}
	if len(told) != 1 || !isBusy(told[0].Err) || told[0].File != filepath.Join(dir, "1.0.2.so") {
		t.Errorf("told %v", told)
	}
	end()
	w.loadNewest(fresh)
	if len(told) != 3 || isBusy(told[1].Err) || isBusy(told[2].Err) {
		t.Errorf("told %v", told)
	}
}

type watchTable struct{ F func() }

// TestFilesThatCanBeReadNow are other ones than before.
func TestFilesThatCanBeReadNow(t *testing.T) {
	path := filepath.Join(t.TempDir(), "a.so")
	if err := os.WriteFile(path, nil, 0o400); err != nil {
		t.Fatal(err)
	}
	before, err := os.Stat(path)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.Chmod(path, 0o644); err != nil {
		t.Fatal(err)
	}
	after, err := os.Stat(path)
	if err != nil {
		t.Fatal(err)
	}
	if identity(before) == identity(after) || identity(after) != identity(after) {
		t.Errorf("%v, then %v", identity(before), identity(after))
	}
}

// TestWatchRests: files that change as often as their owner likes are read for a small part of the time, and in turn.
func TestWatchRests(t *testing.T) {
	c := New[watchTable]("rests")
	dir := t.TempDir()
	const size = 4 << 20
	defer func(most int64) { mostAtOnce = most }(mostAtOnce)
	mostAtOnce = 4 * size
	tried := map[string]int{}
	w := &dirWatch{core: c.core, dir: dir, report: func(e WatchEvent) { tried[filepath.Base(e.File)]++ }, seen: make(map[string]seenFile)}
	names := []string{"a.so", "b.so", "c.so", "d.so", "e.so", "f.so"}
	for _, name := range names {
		if err := os.WriteFile(filepath.Join(dir, name), nil, 0o600); err != nil {
			t.Fatal(err)
		}
		if err := os.Truncate(filepath.Join(dir, name), size); err != nil {
			t.Fatal(err)
		}
	}
	reads, at := 0, time.Unix(1e9, 0)
	touched := func() {
		t.Helper()
		before := 0
		for _, n := range tried {
			before += n
		}
		at = at.Add(time.Second)
		for _, name := range names {
			if err := os.Chtimes(filepath.Join(dir, name), at, at); err != nil {
				t.Fatal(err)
			}
		}
		w.look()
		w.look()
		reads = -before
		for _, n := range tried {
			reads += n
		}
	}
	if touched(); reads != 4 {
		t.Errorf("the first look reads %d files of %d MB", reads, size>>20)
	}
	if left := time.Until(w.rest); left < time.Millisecond {
		t.Errorf("no file is read for %v", left)
	}
	w.rest = time.Now().Add(time.Hour)
	if touched(); reads != 0 {
		t.Errorf("%d files are read at once again", reads)
	}
	w.rest = time.Time{}
	touched()
	for _, name := range names {
		if tried[name] == 0 {
			t.Errorf("%s was never read: %v", name, tried)
		}
	}
}
