package testprogram

import (
	"debug/elf"
	"os"
	"os/exec"
	"runtime"
	"testing"
)

// emulators run programs of other processors, by GOARCH.
var emulators = map[string]string{"arm64": "qemu-aarch64"}

// Command is a command that runs a program, under an emulator when it is one of another processor.
func Command(t testing.TB, binary string, args ...string) *exec.Cmd {
	t.Helper()
	f, err := elf.Open(binary)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	if f.Machine == elf.EM_AARCH64 && runtime.GOARCH != "arm64" {
		run := append([]string{binary}, args...)
		if f.Section(".interp") != nil {
			run = append([]string{"-L", libraries(t, "arm64")}, run...)
		}
		return exec.Command(Emulator(t, "arm64"), run...)
	}
	return exec.Command(binary, args...)
}

// libraries is where the dynamic linker and the libraries of a processor are. A test that needs them and does not
// have them is skipped.
func libraries(t testing.TB, goarch string) string {
	t.Helper()
	const dir = "/usr/aarch64-linux-gnu"
	if _, err := os.Stat(dir + "/lib/ld-linux-aarch64.so.1"); err != nil {
		t.Skipf("position-independent programs of %s need a dynamic linker here, which is not installed: apt-get install libc6-arm64-cross", goarch)
	}
	return dir
}

// Emulator is the emulator of a processor. A test that needs one which is not installed is skipped.
func Emulator(t testing.TB, goarch string) string {
	t.Helper()
	path, err := exec.LookPath(emulators[goarch])
	if err != nil {
		t.Skipf("programs of %s need %s here, which is not installed: apt-get install qemu-user", goarch, emulators[goarch])
	}
	return path
}

// Environ is the environment in which programs of tests are built. GOSPLICE_ARCH names the processor that they are for,
// which is this one where it names none, and GOSPLICE_CC a C compiler for it, without which programs have no C code.
func Environ() []string {
	arch := os.Getenv("GOSPLICE_ARCH")
	if arch == "" || arch == runtime.GOARCH {
		return os.Environ()
	}
	if cc := os.Getenv("GOSPLICE_CC"); cc != "" {
		return append(os.Environ(), CrossC(arch, cc)...)
	}
	return append(os.Environ(), Cross(arch)...)
}

// CrossC are the variables with which the go command builds programs of another processor that have C code.
func CrossC(goarch, compiler string) []string {
	return []string{"GOARCH=" + goarch, "CGO_ENABLED=1", "CC=" + compiler}
}

// Cross are the variables with which the go command builds programs of another processor.
func Cross(goarch string) []string { return []string{"GOARCH=" + goarch, "CGO_ENABLED=0"} }
