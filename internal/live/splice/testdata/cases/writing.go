package main

import (
	"context"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"

	"github.com/gosplice/gosplice/internal/live/splice"
	"github.com/gosplice/gosplice/internal/live/splice/testdata/locate"
)

// toggle switches a function forth and back.
func toggle(p *locate.Program, e *splice.Engine) {
	w := p.Redirect("main.oldAnswer", "main.newAnswer")
	expect(oldAnswer(1) == 2, "before the switch: %d", oldAnswer(1))
	_, err := e.Switch(context.Background(), []splice.Write{w}, splice.Options{})
	noError(err)
	expect(oldAnswer(1) == 3, "after the switch: %d", oldAnswer(1))
	_, err = e.Switch(context.Background(), []splice.Write{locate.Back(w)}, splice.Options{})
	noError(err)
	expect(oldAnswer(1) == 2, "after switching back: %d", oldAnswer(1))
	expect(strings.HasPrefix(protection(p.Addr("main.oldAnswer")), "r-x"), "code is left %s", protection(p.Addr("main.oldAnswer")))
}

func writeMDWE(p *locate.Program) {
	denyExecGain()
	e := armed(p)
	expect(e.WriteMode() == "proc-mem", "write mode %s", e.WriteMode())
	toggle(p, e)
}

// A program that stops being dumpable can't open /proc/self/mem any more, unless it is root.
func writeUndumpable(p *locate.Program) {
	if emulated {
		skip("the emulator does not see writes through /proc/self/mem")
	}
	const prSetDumpable = 4
	noError(splice.OpenText())
	_, _, e := syscall.RawSyscall(syscall.SYS_PRCTL, prSetDumpable, 0, 0)
	expect(e == 0, "PR_SET_DUMPABLE: %v", e)
	engine := armed(p)
	expect(engine.WriteMode() == "proc-mem", "write mode %s", engine.WriteMode())
	toggle(p, engine)
}

func writeMprotect(p *locate.Program) {
	deny(syscall.SYS_PWRITE64)
	e := armed(p)
	expect(e.WriteMode() == "mprotect", "write mode %s", e.WriteMode())
	toggle(p, e)
}

func writeDenied(p *locate.Program) {
	denyExecGain()
	deny(syscall.SYS_PWRITE64)
	_, err := p.Arm()
	expect(err != nil && strings.Contains(err.Error(), "may not change its own code"), "error %v", err)
	expect(!strings.Contains(err.Error(), "\n"), "more than one line: %v", err)
	expect(oldAnswer(1) == 2, "something changed")
}

func writeDeniedLater(p *locate.Program) {
	e := armed(p)
	toggle(p, e)
	deny(syscall.SYS_PWRITE64)
	toggle(p, e)
	expect(e.WriteMode() == "mprotect", "write mode %s", e.WriteMode())
	denyExecGain()
	_, err := e.Switch(context.Background(), []splice.Write{p.Redirect("main.oldAnswer", "main.newAnswer")}, splice.Options{})
	expect(err != nil && oldAnswer(1) == 2, "error %v", err)
}

// A program that closes descriptors it does not know gets the number again for a file of its own, which
// must stay as it is.
func writeDescriptorLost(p *locate.Program) {
	e := armed(p)
	f, fd := replaceDescriptor()
	toggle(p, e)
	toggle(p, e)
	unharmed(f, fd)
}

func writeDescriptorLostBeforeArming(p *locate.Program) {
	noError(splice.OpenText())
	f, fd := replaceDescriptor()
	toggle(p, armed(p))
	unharmed(f, fd)
}

func replaceDescriptor() (file string, fd int) {
	fds, err := os.ReadDir("/proc/self/fd")
	noError(err)
	for _, d := range fds {
		if to, _ := os.Readlink("/proc/self/fd/" + d.Name()); strings.HasSuffix(to, "/mem") {
			fd, err = strconv.Atoi(d.Name())
			noError(err)
		}
	}
	expect(fd != 0, "no descriptor")
	file = filepath.Join(os.TempDir(), "splice-"+strconv.Itoa(os.Getpid()))
	own, err := syscall.Open(file, syscall.O_RDWR|syscall.O_CREAT|syscall.O_CLOEXEC, 0o600)
	noError(err)
	noError(syscall.Dup3(own, fd, syscall.O_CLOEXEC))
	return file, fd
}

func unharmed(file string, fd int) {
	var byPath, byDescriptor syscall.Stat_t
	noError(syscall.Stat(file, &byPath))
	noError(syscall.Fstat(fd, &byDescriptor))
	expect(byPath.Size == 0, "%d bytes were written to a file of the program", byPath.Size)
	expect(byPath.Ino == byDescriptor.Ino, "the program's descriptor was closed")
	noError(os.Remove(file))
}

// denyExecGain sets PR_SET_MDWE: no memory may become executable that was not, or be both
// writable and executable.
func denyExecGain() {
	const prSetMDWE, refuseExecGain = 65, 1
	if _, _, e := syscall.RawSyscall(syscall.SYS_PRCTL, prSetMDWE, refuseExecGain, 0); e != 0 {
		skip("PR_SET_MDWE: " + e.Error())
	}
}

// skip ends the case as one that this system can't run.
func skip(why string) {
	os.Stdout.WriteString("skip: " + why + "\n")
	os.Exit(0)
}

// deny makes a system call fail from now on.
func deny(number uint32) {
	if err := locate.Deny(number); err != nil {
		skip(err.Error())
	}
}

// protection is the second field of the line of /proc/self/maps for addr.
func protection(addr uint64) string {
	b, err := os.ReadFile("/proc/self/maps")
	noError(err)
	for line := range strings.Lines(string(b)) {
		span, rest, _ := strings.Cut(line, " ")
		lo, hi, _ := strings.Cut(span, "-")
		from, _ := strconv.ParseUint(lo, 16, 64)
		to, _ := strconv.ParseUint(hi, 16, 64)
		if addr >= from && addr < to {
			return rest[:4]
		}
	}
	return "none"
}
