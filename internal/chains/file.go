package chains

import (
	"bytes"
	"fmt"
	"io"
	"os"
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
	info, err := os.Stat(path)
	switch {
	case err != nil:
		return nil, err
	case info.IsDir():
		return nil, fmt.Errorf("%s is a directory: name the plugin file in it", path)
	case !info.Mode().IsRegular():
		return nil, fmt.Errorf("%s is no regular file: name a file that gosplice plugin build made", path)
	case info.Size() > MaxFile:
		return nil, fmt.Errorf("%s has %d bytes, the limit is %d: name a file that gosplice plugin build made", path, info.Size(), MaxFile)
	}
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	// One byte more than may be: whoever reads it finds that the file grew.
	return io.ReadAll(io.LimitReader(f, MaxFile+1))
}
