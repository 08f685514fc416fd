//go:build !unix

package main

import (
	"errors"
	"io/fs"
)

// leftBehind says that a socket's program has ended.
func leftBehind(err error) bool { return errors.Is(err, fs.ErrNotExist) }
