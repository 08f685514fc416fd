package release

import (
	"strings"
	"testing"

	"github.com/gosplice/gosplice/cmd/internal/build/machine"
)

// TestFarther takes programs around the largest that a jump leads through, and the largest that can be patched. Go's
// linker makes larger ones of code and data together alone.
func TestFarther(t *testing.T) {
	const mb = 1 << 20
	for _, c := range []struct {
		arch         machine.Arch
		size         uint64
		far, refused bool
	}{
		{machine.ARM64, 112 * mb, false, false},
		{machine.ARM64, 112*mb + 1, true, false},
		{machine.ARM64, 2032 * mb, true, false},
		{machine.ARM64, 2032*mb + 1, false, true},
		{machine.AMD64, 2032 * mb, false, false},
		{machine.AMD64, 2032*mb + 1, false, true},
	} {
		far, err := farther(c.size, c.arch)
		if far != c.far || (err != nil) != c.refused {
			t.Errorf("%d bytes on %s: %v, %v", c.size, c.arch.Name, far, err)
		}
		if err != nil && (!strings.Contains(err.Error(), "takes 2032 MB from its code to the end of its data") || !strings.Contains(err.Error(), "restart it with the edit built in")) {
			t.Error(err)
		}
	}
}
