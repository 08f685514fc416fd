//go:build unix

package main

import (
	"errors"
	"io/fs"
	"syscall"
)

// leftBehind says that a socket's program has ended.
func leftBehind(err error) bool {
	return errors.Is(err, syscall.ECONNREFUSED) || errors.Is(err, fs.ErrNotExist)
}
