//go:build !linux

package watch

import "os"

// singleKeys leaves the terminal as it is: it gives keys line by line.
func singleKeys(*os.File) (restore func(), ok bool) { return func() {}, false }
