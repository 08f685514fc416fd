//go:build foreign

package main

// extern void fromC(void);
// static void callBack(void) { fromC(); }
import "C"

import (
	"github.com/gosplice/gosplice/internal/live/splice"
	"github.com/gosplice/gosplice/internal/live/splice/testdata/locate"
)

var readyInC = make(chan bool)

// holdsForeign has a frame below a call into C that called Go back.
//
//go:noinline
func holdsForeign() { C.callBack() }

//export fromC
func fromC() { holdsParked(readyInC) }

func scanForeign(p *locate.Program) {
	e := armed(p)
	for range 3 {
		go holdsForeign()
		<-readyInC
	}
	for range 20 {
		held, err := e.Scan([]splice.Range{p.Body("main.holdsForeign"), p.Body("main.holdsParked")})
		noError(err)
		expect(len(held) == 2 && held[0].Count == 3 && held[1].Count == 3, "%+v", held)
	}
}
