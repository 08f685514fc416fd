//go:build !linux

package local

import "syscall"

func apart() *syscall.SysProcAttr { return nil }
