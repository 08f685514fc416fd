//go:build !cgo || !(linux || freebsd)

package loader

import (
	"errors"
	"fmt"
	"runtime"
)

// supported says why no plugin can be opened here.
func supported() error {
	if runtime.GOOS == "linux" || runtime.GOOS == "freebsd" {
		return errors.New("this program was built without Go's plugin mechanism (CGO_ENABLED=0): build it with gosplice plugin host, or link the logic in with Chain.Link")
	}
	return fmt.Errorf("there are no plugins on %s: link the logic in with Chain.Link", runtime.GOOS)
}

func openPlugin(string) (any, error) { return nil, supported() }
