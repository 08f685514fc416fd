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
		return exec.Command(Emulator(t, "arm64"), append([]string{binary}, args...)...)
	}
	return exec.Command(binary, args...)
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
// which is this one where it names none.
func Environ() []string {
	if arch := os.Getenv("GOSPLICE_ARCH"); arch != "" && arch != runtime.GOARCH {
		return append(os.Environ(), Cross(arch)...)
	}
	return os.Environ()
}

// Cross are the variables with which the go command builds programs of another processor.
func Cross(goarch string) []string { return []string{"GOARCH=" + goarch, "CGO_ENABLED=0"} }
