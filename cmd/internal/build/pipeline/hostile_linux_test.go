package pipeline

import (
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/gosplice/gosplice/cmd/internal/build/release"
	"github.com/gosplice/gosplice/cmd/internal/test/testprogram"
)

// TestRecordNamesDevices plans with records that have pipes and devices where packages have their sources, and where flags
// have files, relative to the tree as well: nobody waits, and nothing is read for ever.
func TestRecordNamesDevices(t *testing.T) {
	if testing.Short() {
		t.Skip("builds a program")
	}
	dir, record := recorded(t, hostileProgram)
	testprogram.Overwrite(t, dir, strings.Replace(hostileProgram, "return 1", "return 2", 1))
	pipe, long := filepath.Join(dir, "pipe"), filepath.Join(t.TempDir(), "long.go")
	for _, err := range []error{syscall.Mkfifo(pipe, 0o600), os.WriteFile(long, nil, 0o600), os.Truncate(long, 1<<30)} {
		if err != nil {
			t.Fatal(err)
		}
	}
	source := func(kind, name string) func(r *release.Record) {
		return func(r *release.Record) {
			for i := range r.Packages {
				if p := &r.Packages[i]; p.Path == "runtime" {
					p.BuildID = "another"
					p.Files = append(p.Files, release.SourceFile{Name: name, Kind: kind})
				}
			}
		}
	}
	for name, c := range map[string]struct {
		spoil func(r *release.Record)
		says  string
	}{
		"a pipe":             {source("go", pipe), "no regular file"},
		"a device":           {source("go", "/dev/zero"), "no regular file"},
		"a long file":        {source("go", long), "more than"},
		"an embedded pipe":   {source("embed", pipe), "no regular file"},
		"an embedded device": {source("embed", "/dev/zero"), "no regular file"},
		"a pipe of the tree": {func(r *release.Record) {
			r.Build.Dir = "/"
			r.Build.Flags = append(r.Build.Flags, "-overlay=pipe")
		}, "no regular file"},
	} {
		r, err := release.Read(record)
		if err != nil {
			t.Fatal(err)
		}
		c.spoil(r)
		hostile := filepath.Join(t.TempDir(), "hostile.gsr")
		if err := r.Write(hostile); err != nil {
			t.Fatal(err)
		}
		done := make(chan error, 1)
		go func() {
			_, err := MakePlan(t.Context(), PlanOptions{Record: hostile, Dir: dir})
			done <- err
		}()
		select {
		case err := <-done:
			if err == nil || !strings.Contains(err.Error(), c.says) {
				t.Errorf("%s: error %v", name, err)
			}
		case <-time.After(time.Minute):
			t.Fatalf("%s: the plan waits", name)
		}
	}
}
