//go:build foreign

package main

// #include <unistd.h>
// extern int fromC(int x);
// static int callBack(int x) { usleep(50); return fromC(x); }
import "C"

import "fmt"

// startForeign keeps calls into C in flight: some that only wait, and some that call Go back.
func startForeign() {
	for range 4 {
		go func() {
			for {
				C.usleep(300)
			}
		}()
		go func() {
			for x := 0; ; x++ {
				if got := int(C.callBack(C.int(x & 31))); version(got, x&31) < 0 {
					panic(fmt.Sprintf("a call from C returned %d", got))
				}
			}
		}()
	}
}

//export fromC
func fromC(x C.int) C.int { return C.int(oldLeaf(int(x))) }
