//go:build linux && amd64

package resilience

import (
	"os"
	"os/exec"
	"path/filepath"
	"syscall"
	"testing"
)

// patchOf runs gosplice patch for an edit.
func patchOf(t *testing.T, edit, out string, env ...string) *ended {
	t.Helper()
	overlay, err := overlayOf(edit)
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(fixture.command, "patch", "--record", fixture.program+".gsr", "--overlay", overlay, "-o", out)
	cmd.Dir = fixture.source
	cmd.Env = append(os.Environ(), env...)
	return finish(t, cmd)
}

// TestCompileError makes a patch of an edit that does not compile.
func TestCompileError(t *testing.T) {
	h := startHost(t)
	before := h.state()
	dir := t.TempDir()
	patchOf(t, "broken", filepath.Join(dir, "broken.gsp")).fails(failed, "/edits/broken/work.go:28:73: undefined: missing")
	empty(t, dir)

	// The same in place: the file is named from where the reader stands, who is elsewhere.
	edited := filepath.Join(dir, "source")
	if err := os.CopyFS(edited, os.DirFS(fixture.source)); err != nil {
		t.Fatal(err)
	}
	text, err := os.ReadFile("testdata/edits/broken/work.go")
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(edited, "work.go"), text, 0o666); err != nil {
		t.Fatal(err)
	}
	gosplice(t, "patch", "--record", fixture.program+".gsr", "-C", edited).fails(failed, "gosplice: "+filepath.Join(edited, "work.go")+":28:73: undefined: missing")
	h.stays(before)
	h.works()
}

// empty checks that nothing is in a directory.
func empty(t *testing.T, dir string) {
	t.Helper()
	files, err := os.ReadDir(dir)
	if err != nil || len(files) > 0 {
		t.Errorf("%s has %v, %v; want nothing", dir, files, err)
	}
}

// TestDamagedRecord makes a patch from a record that was cut off.
func TestDamagedRecord(t *testing.T) {
	startHost(t)
	dir := t.TempDir()
	record, err := os.ReadFile(fixture.program + ".gsr")
	if err != nil {
		t.Fatal(err)
	}
	for n, says := range map[int]string{
		0: "not a release record; make one with", 5: "not a release record; make one with",
		100: "the file is damaged", len(record) / 2: "the file is damaged", len(record) - 1: "the file is damaged",
	} {
		damaged := filepath.Join(t.TempDir(), "host.gsr")
		if err := os.WriteFile(damaged, record[:n], 0o666); err != nil {
			t.Fatal(err)
		}
		gosplice(t, "patch", "--record", damaged, "-C", fixture.source, "-o", filepath.Join(dir, "host.gsp")).fails(failed, damaged, says, "gosplice record")
	}
	empty(t, dir)
}

// TestOutputThatIsNoFile writes to a device, which has to stay one.
func TestOutputThatIsNoFile(t *testing.T) {
	startHost(t)
	device := filepath.Join(t.TempDir(), "full")
	if err := os.Symlink("/dev/full", device); err != nil {
		t.Fatal(err)
	}
	patchOf(t, "v1", device).fails(failed, "writing "+device, "no space left on device")
	gosplice(t, "record", fixture.program, "-C", fixture.source, "-o", device).fails(failed, device, "no space left on device")
	if info, err := os.Stat(device); err != nil || info.Mode()&os.ModeDevice == 0 {
		t.Errorf("%s became %v, %v", device, info, err)
	}
}

// TestFullDisk writes patches, records and programs to a disk that is full. Root alone can make one.
func TestFullDisk(t *testing.T) {
	if os.Geteuid() != 0 {
		t.Skip("only root can make a small disk")
	}
	h := startHost(t)
	before := h.state()
	disk := t.TempDir()
	if err := syscall.Mount("none", disk, "tmpfs", 0, "size=4k"); err != nil {
		t.Skipf("no small disk: %v", err)
	}
	t.Cleanup(func() { syscall.Unmount(disk, 0) })

	patchOf(t, "rare", filepath.Join(disk, "rare.gsp")).fails(failed, "writing "+filepath.Join(disk, "rare.gsp"), "no space left on device")
	empty(t, disk)
	patchOf(t, "v1", filepath.Join(t.TempDir(), "v1.gsp"), "TMPDIR="+disk).fails(failed, disk, "no space left on device")
	empty(t, disk)
	gosplice(t, "record", fixture.program, "-C", fixture.source, "-o", filepath.Join(disk, "host.gsr")).fails(failed, filepath.Join(disk, "host.gsr"), "no space left on device")
	empty(t, disk)
	build := exec.Command(fixture.command, "build", "-o", filepath.Join(disk, "host"), ".")
	build.Dir = fixture.source
	finish(t, build).fails(failed, "no space left on device")
	empty(t, disk)
	h.stays(before)
	h.works()
}
