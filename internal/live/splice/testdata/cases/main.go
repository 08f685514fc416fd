// Command cases runs one case by name and ends with status 0 if what should happen did. Each needs a
// process of its own, because it changes the program or what the system allows it.
package main

import (
	"fmt"
	"os"
	"runtime"
	"time"

	"github.com/gosplice/gosplice/internal/live/splice"
	"github.com/gosplice/gosplice/internal/live/splice/testdata/entries"
	"github.com/gosplice/gosplice/internal/live/splice/testdata/locate"
)

var cases = map[string]func(p *locate.Program){
	"arm":                       arm,
	"arm-refuses":               armRefuses,
	"write-mdwe":                writeMDWE,
	"write-mprotect":            writeMprotect,
	"write-undumpable":          writeUndumpable,
	"write-denied":              writeDenied,
	"write-denied-later":        writeDeniedLater,
	"write-descriptor-lost":     writeDescriptorLost,
	"write-descriptor-lost-1st": writeDescriptorLostBeforeArming,
	"reserve":                   reserve,
	"reserve-none":              reserveNone,
	"seal":                      seal,
	"seal-mdwe":                 sealMDWE,
	"seal-memfd":                sealMemfd,
	"switch-refuses":            switchRefuses,
	"switch-undo":               switchUndo,
	"switch-spinning":           switchSpinning,
	"switch-cancelled":          switchCancelled,
	"quiesce":                   quiesce,
	"quiesce-self":              quiesceSelf,
	"exchange":                  exchange,
	"exchange-waits":            exchangeWaits,
	"scan":                      scan,
	"scan-foreign":              scanForeign,
	"register":                  register,
	"register-refuses":          registerRefuses,
	"register-beside":           registerBeside,
	"register-careless":         registerCareless,
	"register-lost":             registerLost,
	"register-generated-masks":  registerGeneratedMasks,
	"generated-kinds":           generatedKinds,
	"scan-generated":            scanGenerated,
	"itab":                      itab,
	"type-caches":               typeCaches,
	"merge-methods":             mergeMethods,
	"refresh-itabs":             refreshItabs,
	"fill":                      fill,
}

// emulated says that an emulator runs the program, some of whose ways are its own; patience is how long a switch tries
// that can't be made.
var (
	emulated = os.Getenv("SPLICE_EMULATED") != ""
	patience = 50 * time.Millisecond
)

func main() {
	if emulated {
		patience = 2 * time.Second
	}
	if len(os.Args) == 2 && os.Args[1] == "list" {
		for name := range cases {
			fmt.Println(name)
		}
		return
	}
	runtime.KeepAlive(keep)
	run := cases[os.Args[1]]
	p, err := locate.Self()
	noError(err)
	run(p)
}

// expect ends the program when ok is false.
func expect(ok bool, format string, args ...any) {
	if !ok {
		_, file, line, _ := runtime.Caller(1)
		fmt.Fprintf(os.Stderr, "%s:%d: %s\n", file, line, fmt.Sprintf(format, args...))
		os.Exit(1)
	}
}

func noError(err error) {
	if err != nil {
		_, file, line, _ := runtime.Caller(1)
		fmt.Fprintf(os.Stderr, "%s:%d: %v\n", file, line, err)
		os.Exit(1)
	}
}

func armed(p *locate.Program) *splice.Engine {
	e, err := p.Arm()
	noError(err)
	return e
}

//go:noinline
func oldAnswer(x int) int { return x + 1 }

//go:noinline
func newAnswer(x int) int { return x + 2 }

// keep makes the linker keep what is only entered by jumps.
var keep = []any{newAnswer, newLoop, newHolds, entries.All}
