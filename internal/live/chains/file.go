package chains

import (
	"bytes"
	"errors"
	"fmt"
	"io"

	"github.com/gosplice/gosplice/internal/wire/files"
)

// FileMagic ends every plugin file of a chain.
const FileMagic = "gsplchn\n"

// MaxFile is the greatest size of a plugin file, in bytes.
const MaxFile = 256 << 20

// IsFile says whether content looks like a plugin of a chain, whole or not.
func IsFile(content []byte) bool { return bytes.HasSuffix(content, []byte(FileMagic)) }

// ReadFile reads a plugin file as a whole: what is checked is then what is opened. What is no file,
// or too large to be a plugin, is not read: a pipe would block for ever.
func ReadFile(path string) ([]byte, error) {
	f, info, err := files.OpenRegular(path)
	if irregular := (*files.IrregularError)(nil); errors.As(err, &irregular) {
		if irregular.Dir {
			return nil, fmt.Errorf("%s is a directory: name the plugin file in it", path)
		}
		return nil, fmt.Errorf("%w: name a file that gosplice plugin build made", err)
	}
	if err != nil {
		return nil, err
	}
	defer f.Close()
	if info.Size() > MaxFile {
		return nil, fmt.Errorf("%s has %d bytes, the limit is %d: name a file that gosplice plugin build made", path, info.Size(), MaxFile)
	}
	// One byte more than may be: whoever reads it finds that the file grew.
	return io.ReadAll(io.LimitReader(f, MaxFile+1))
}
