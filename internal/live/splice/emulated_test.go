package splice

import (
	"os/exec"
	"path/filepath"
	"slices"
	"testing"
)

// TestEmulated runs the tests of arm64's own code, and some cases, under an emulator. All cases and the stress test do
// so with GOSPLICE_ARCH=arm64.
func TestEmulated(t *testing.T) {
	emulator(t)
	t.Setenv("GOSPLICE_ARCH", "arm64")
	t.Run("units", func(t *testing.T) {
		program := filepath.Join(t.TempDir(), "splice.test")
		build := exec.Command("go", "test", "-c", "-o", program, ".")
		build.Env = environ()
		if out, err := build.CombinedOutput(); err != nil {
			t.Fatalf("%v\n%s", err, out)
		}
		if out, err := exec.Command(emulator(t), program, "-test.run", "JumpOver|AfterCall|SyncInstructions").CombinedOutput(); err != nil {
			t.Errorf("%v\n%s", err, out)
		}
	})
	t.Run("cases", func(t *testing.T) {
		some := []string{"arm", "quiesce", "register", "switch-undo"}
		testCases(t, func(name string) bool { return slices.Contains(some, name) }, "-tags=splicefaults")
	})
}
