package splice

import (
	"os/exec"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"github.com/gosplice/gosplice/internal/testprogram"
)

// TestEmulated runs the tests of arm64's own code, and some cases, under an emulator. All cases and the stress test do
// so with GOSPLICE_ARCH=arm64.
func TestEmulated(t *testing.T) {
	testprogram.Emulator(t, "arm64")
	t.Run("units", func(t *testing.T) {
		program := filepath.Join(t.TempDir(), "splice.test")
		build := exec.Command("go", "test", "-c", "-o", program, ".")
		build.Env = append(build.Environ(), testprogram.Cross("arm64")...)
		if out, err := build.CombinedOutput(); err != nil {
			t.Fatalf("%v\n%s", err, out)
		}
		if out, errOut, err := run(t, time.Minute, program, "-test.run", "JumpOver|AfterCall|SyncInstructions"); err != nil {
			t.Errorf("%v\n%s%s", err, out, errOut)
		}
	})
	t.Run("cases", func(t *testing.T) {
		t.Setenv("GOSPLICE_ARCH", "arm64")
		some := []string{"arm", "quiesce", "register", "switch-undo"}
		testCases(t, func(name string) bool { return slices.Contains(some, name) }, "-tags=splicefaults")
	})
}
