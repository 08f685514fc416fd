package watch

import (
	"os"
	"os/signal"
	"syscall"

	"golang.org/x/sys/unix"
)

// singleKeys has a terminal give each key at once and show none, if this process is in its foreground. Ctrl-C and the like, and
// the output, are as before. restore takes that back.
func singleKeys(f *os.File) (restore func(), ok bool) {
	fd := int(f.Fd())
	before, err := unix.IoctlGetTermios(fd, unix.TCGETS)
	if err != nil {
		return func() {}, false
	}
	front, err := unix.IoctlGetInt(fd, unix.TIOCGPGRP)
	if err != nil || front != unix.Getpgrp() {
		return func() {}, false // it would be stopped
	}
	with := *before
	with.Lflag &^= unix.ICANON | unix.ECHO
	with.Cc[unix.VMIN], with.Cc[unix.VTIME] = 1, 0
	if err := unix.IoctlSetTermios(fd, unix.TCSETS, &with); err != nil {
		return func() {}, false
	}
	goesOn := make(chan os.Signal, 1) // after Ctrl-Z the shell has made it its own
	signal.Notify(goesOn, syscall.SIGCONT)
	go func() {
		for range goesOn {
			if front, err := unix.IoctlGetInt(fd, unix.TIOCGPGRP); err == nil && front == unix.Getpgrp() {
				unix.IoctlSetTermios(fd, unix.TCSETS, &with)
			}
		}
	}()
	return func() {
		signal.Stop(goesOn)
		close(goesOn)
		unix.IoctlSetTermios(fd, unix.TCSETS, before)
	}, true
}
