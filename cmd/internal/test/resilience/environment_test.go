//go:build linux && amd64

package resilience

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
)

// TestMounts runs the program with file systems of its own, as containers do.
func TestMounts(t *testing.T) {
	for _, c := range []struct {
		name   string
		mounts string // shell commands, run before the program; $HOST_SOCKETS is for sockets
		mode   string // how code is written; "" when the program does not start
		says   string // what it says then
	}{
		{"read-only", "mount -o remount,bind,ro / && mount -t tmpfs -o mode=700 none $HOST_SOCKETS", "proc-mem", ""},
		{"read-only, sockets too", "mount -t tmpfs -o ro,mode=700 none $HOST_SOCKETS", "", "read-only file system: choose another directory with WithSocketDir"},
		{"no memory file", "mount --bind /dev/null /proc/$$/mem", "mprotect", ""},
		{"no proc", "umount -l /proc", "", "mount /proc"},
	} {
		t.Run(c.name, func(t *testing.T) {
			if err := mounts("true"); err != nil {
				t.Skipf("programs on read-only file systems, and without /proc, are not tested here: a mount namespace is denied: %v", err)
			}
			if c.mode == "" {
				out := startFails(t, c.mounts)
				if strings.Count(out, "\n") != 1 || !strings.Contains(out, c.says) {
					t.Errorf("the program says\n%s\nwant one line with %q", out, c.says)
				}
				return
			}
			h := startCommand(t, inMounts(c.mounts))
			h.socket = filepath.Join("/proc", strings.TrimSuffix(filepath.Base(h.socket), ".sock"), "root", h.socket)
			h.works()
			if got := h.status().WriteMode; got != c.mode {
				t.Errorf("code is written by %s, want %s", got, c.mode)
			}
		})
	}
}

// inMounts runs the program in a mount namespace, after shell commands.
func inMounts(commands string) *exec.Cmd {
	cmd := exec.Command("sh", "-c", commands+` && exec "$0"`, fixture.program)
	cmd.SysProcAttr = &syscall.SysProcAttr{Unshareflags: syscall.CLONE_NEWNS}
	return cmd
}

// mounts says whether this process may run a command in a mount namespace.
func mounts(command string) error {
	cmd := exec.Command(command)
	cmd.SysProcAttr = &syscall.SysProcAttr{Unshareflags: syscall.CLONE_NEWNS}
	return cmd.Run()
}

// startFails returns what the program says that can't start.
func startFails(t *testing.T, mounts string) string {
	t.Helper()
	cmd := inMounts(mounts)
	cmd.Env = append(os.Environ(), "HOST_SOCKETS="+t.TempDir())
	out, err := cmd.CombinedOutput()
	if err == nil {
		t.Errorf("the program started")
	}
	return string(out)
}

// TestContainer denies what container engines deny by default.
func TestContainer(t *testing.T) {
	h := startHost(t, "HOST_CONFINED=container")
	h.works()
	if got := h.status().WriteMode; got != "proc-mem" {
		t.Errorf("code is written by %s", got)
	}
}

// TestLittleMemory lets the program map one megabyte more, as a limit or strict accounting
// (vm.overcommit_memory=2) may: a patch takes what it holds and no more.
func TestLittleMemory(t *testing.T) {
	h := startHost(t)
	h.await(20) // the heap has its size
	if answer := h.ask("limit on 1024"); answer != "<nil>" {
		t.Fatal(answer)
	}
	for range 3 {
		h.works()
	}
}

// TestHugePages moves the program's code into anonymous huge pages, as some programs do for speed.
func TestHugePages(t *testing.T) {
	for _, confined := range []string{"", "no-pwrite"} {
		t.Run(confined, func(t *testing.T) {
			h := startHost(t, "HOST_HUGE=1", "HOST_CONFINED="+confined)
			if answer := h.ask("huge"); !strings.Contains(answer, "huge pages") {
				t.Logf("%s: this kernel gave no huge pages", answer)
			}
			for range 3 {
				h.works()
			}
		})
	}
}
