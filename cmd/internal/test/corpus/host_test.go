package corpus

import (
	"cmp"
	"fmt"
	"log"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"testing"

	"github.com/gosplice/gosplice/cmd/internal/test/corpus/scenario"
	"github.com/gosplice/gosplice/cmd/internal/test/testprogram"
)

// skipElsewhere ends the test when programs are built for another processor than the scenario is about.
func skipElsewhere(t *testing.T, s *scenario.Scenario) {
	if arch := cmp.Or(os.Getenv("GOSPLICE_ARCH"), runtime.GOARCH); s.Processor != "" && s.Processor != arch {
		t.Skipf("it is about code of %s, and programs are built for %s", s.Processor, arch)
	}
}

// host answers requests on standard input. It is part of every program of the corpus.
const host = `package main

import (
	"bufio"
	"fmt"
	"os"
	"runtime"
	"runtime/debug"
	"runtime/pprof"
	"runtime/trace"
	"strconv"
	"strings"
	"sync"
	"io"

	"github.com/gosplice/gosplice"
)

func main() {
	if err := gosplice.Start(gosplice.WithSocketDir(os.Getenv("CORPUS_SOCKETS"))); err != nil {
		fmt.Println(err)
		os.Exit(1)
	}
	start()
	fmt.Println("ready")
	in := bufio.NewScanner(os.Stdin)
	for in.Scan() {
		hostRequest = in.Text()
		fmt.Println(strings.ReplaceAll(hostAnswer(hostRequest), "\n", "\\n"))
	}
}

// hostRequest is on the heap: main never returns, and edits may keep what they are asked.
var hostRequest string

func hostAnswer(req string) (out string) {
	defer func() {
		if r := recover(); r != nil {
			out = fmt.Sprint("panic: ", r)
		}
	}()
	verb, arg, _ := strings.Cut(req, " ")
	switch verb {
	case "!load":
		for range runtime.GOMAXPROCS(0) * 2 {
			go func() {
				for {
					handle("load")
				}
			}()
		}
		return "ok"
	case "!gc":
		debug.SetGCPercent(1)
		go func() {
			var keep [64][]byte
			for i := 0; ; i++ {
				keep[i%len(keep)] = make([]byte, 1<<10)
			}
		}()
		return "ok"
	case "!profile":
		if err := pprof.StartCPUProfile(io.Discard); err != nil {
			return err.Error()
		}
		if err := trace.Start(io.Discard); err != nil {
			return err.Error()
		}
		return "ok"
	case "!goroutines":
		n, _ := strconv.Atoi(arg)
		block := make(chan struct{})
		for range n {
			go func() { <-block }()
		}
		return "ok"
	}
	return handle(req)
}

// oneOf ends the program when got is none of the answers that a version gives.
func oneOf[T comparable](got T, answers ...T) {
	for _, a := range answers {
		if got == a {
			return
		}
	}
	println("oneOf: an answer that no version gives")
	panic(fmt.Sprint(got, " is none of ", answers))
}

// overwrite collects garbage and writes over the stacks that are free.
func overwrite() {
	runtime.GC()
	var all sync.WaitGroup
	for range 500 {
		all.Add(1)
		go func() {
			defer all.Done()
			var full [100]int
			for i := range full {
				full[i] = 0xbad
			}
			runtime.Gosched()
			oneOf(full[len(os.Args)], 0xbad)
		}()
	}
	all.Wait()
	runtime.GC()
}
`

// module is a copy of what programs link of this module, so that nobody edits it while scenarios run.
var module string

func TestMain(m *testing.M) {
	if cc := os.Getenv("GOSPLICE_CC"); cc != "" {
		os.Setenv("CC", cc) // for records and plans, which are made with the compiler of the build
	}
	var err error
	if module, err = testprogram.Library("../../../.."); err != nil {
		log.Fatal(err)
	}
	os.Exit(m.Run())
}

const hostFile = "zz_host.go"

// lay lays out the program of a scenario, with an edit over it, as a module in dir.
func lay(s *scenario.Scenario, dir, edit string) error {
	files := map[string][]byte{hostFile: []byte(host)}
	maps.Copy(files, s.Tree(edit))
	// A scenario may have more to say about modules than what all of them need.
	files["go.mod"] = []byte("module scenario\n\ngo 1.25\n\nrequire github.com/gosplice/gosplice v0.0.0\n\nreplace github.com/gosplice/gosplice => " + module + "\n\n" + string(files["go.mod"]))
	if err := os.RemoveAll(dir); err != nil {
		return err
	}
	for name, b := range files {
		path := filepath.Join(dir, filepath.FromSlash(name))
		if err := os.MkdirAll(filepath.Dir(path), 0o777); err != nil {
			return err
		}
		if err := os.WriteFile(path, b, 0o666); err != nil {
			return err
		}
	}
	if files[vendorFile] != nil {
		if err := vendor(dir); err != nil {
			return err
		}
	}
	return nil
}

// vendor runs go mod vendor in dir. It wants sums, which go list writes.
func vendor(dir string) error {
	if err := os.RemoveAll(filepath.Join(dir, filepath.Dir(vendorFile))); err != nil {
		return err
	}
	for _, args := range [][]string{{"list", "-deps", "."}, {"mod", "vendor"}} {
		cmd := exec.Command("go", args...)
		cmd.Dir, cmd.Env = dir, append(os.Environ(), "GOFLAGS=-mod=mod -modcacherw")
		if out, err := cmd.CombinedOutput(); err != nil {
			return fmt.Errorf("go %s: %v\n%s", args, err, out)
		}
	}
	return nil
}

// vendorFile in a tree asks for go mod vendor, which writes it.
const vendorFile = "vendor/modules.txt"
