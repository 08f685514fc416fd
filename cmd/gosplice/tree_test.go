package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestFindRecord(t *testing.T) {
	root := t.TempDir()
	dir := filepath.Join(root, "server")
	for _, name := range []string{dir, filepath.Join(root, "empty"), filepath.Join(root, "[odd]*")} {
		if err := os.Mkdir(name, 0o755); err != nil {
			t.Fatal(err)
		}
	}
	touch := func(name string) {
		t.Helper()
		if err := os.WriteFile(name, nil, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	t.Chdir(dir)

	_, err := (&tree{}).findRecord()
	if exitCode(err) != exitUsage || !strings.Contains(err.Error(), "no release record") {
		t.Errorf("without records: %v", err)
	}

	touch("worker.gsr")
	if got, err := (&tree{}).findRecord(); got != "worker.gsr" {
		t.Errorf("the only one: %s, %v", got, err)
	}

	touch("admin.gsr")
	_, err = (&tree{}).findRecord()
	if exitCode(err) != exitUsage || !strings.HasSuffix(err.Error(), "choose one with --record: admin.gsr, worker.gsr") {
		t.Errorf("one of several: %v", err)
	}

	touch("server.gsr")
	if got, err := (&tree{}).findRecord(); got != "server.gsr" {
		t.Errorf("the one named after the directory: %s, %v", got, err)
	}
	if got, _ := (&tree{record: "x.gsr"}).findRecord(); got != "x.gsr" {
		t.Errorf("the named one: %s", got)
	}

	t.Chdir(filepath.Join(root, "empty"))
	if got, err := (&tree{dir: dir}).findRecord(); got != filepath.Join(dir, "server.gsr") {
		t.Errorf("the one in the tree: %s, %v", got, err)
	}
	odd := filepath.Join(root, "[odd]*")
	touch(filepath.Join(odd, "one.gsr"))
	if got, err := (&tree{dir: odd}).findRecord(); got != filepath.Join(odd, "one.gsr") {
		t.Errorf("in a directory with an odd name: %s, %v", got, err)
	}
}
