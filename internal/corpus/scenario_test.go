package corpus

import (
	"cmp"
	"fmt"
	"log"
	"os"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"testing"

	"github.com/rogpeppe/go-internal/txtar"
)

// scenario is one parsed file.
type scenario struct {
	name    string
	program map[string][]byte            // files of the program
	edits   map[string]map[string][]byte // by name of the edit
	script  []command
	// processor is the GOARCH whose code the scenario is about, or "" if it does not matter.
	processor string
}

type command struct {
	line int
	verb string
	rest string
}

func readScenario(path string) (*scenario, error) {
	a, err := txtar.ParseFile(path)
	if err != nil {
		return nil, err
	}
	s := &scenario{name: strings.TrimSuffix(filepath.Base(path), ".txtar"), program: map[string][]byte{}, edits: map[string]map[string][]byte{}}
	in := false
	for i, line := range strings.Split(string(a.Comment), "\n") {
		text := strings.TrimSpace(line)
		switch {
		case text == "script:":
			in = true
		case in && text != "" && !strings.HasPrefix(text, "#"):
			verb, rest, _ := strings.Cut(text, " ")
			if verb == "processor" {
				s.processor = strings.TrimSpace(rest)
				continue
			}
			s.script = append(s.script, command{i + 1, verb, strings.TrimSpace(rest)})
		}
	}
	if len(s.script) == 0 {
		return nil, fmt.Errorf("%s: no script", path)
	}
	editNames := map[string]bool{}
	for _, c := range s.script {
		if c.verb == "edit" || c.verb == "process" || c.verb == "norecord" {
			name, _, _ := strings.Cut(c.rest, " ")
			editNames[name] = true
			s.edits[name] = map[string][]byte{}
		}
	}
	for _, f := range a.Files {
		top, rest, ok := strings.Cut(f.Name, "/")
		if ok && editNames[top] {
			repeat(s.edits[top], rest, f.Data)
		} else {
			repeat(s.program, f.Name, f.Data)
		}
	}
	return s, nil
}

// skipElsewhere ends the test when programs are built for another processor than the scenario is about.
func (s *scenario) skipElsewhere(t *testing.T) {
	if arch := cmp.Or(os.Getenv("GOSPLICE_ARCH"), runtime.GOARCH); s.processor != "" && s.processor != arch {
		t.Skipf("it is about code of %s, and programs are built for %s", s.processor, arch)
	}
}

// repeat enters a file, or one for each number.
func repeat(files map[string][]byte, name string, data []byte) {
	before, rest, ok := strings.Cut(name, "{1-")
	number, after, closed := strings.Cut(rest, "}")
	count, err := strconv.Atoi(number)
	if !ok || !closed || err != nil {
		files[name] = data
		return
	}
	for n := range count {
		number := strconv.Itoa(n + 1)
		files[before+number+after] = []byte(strings.ReplaceAll(string(data), "{n}", number))
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
		fmt.Println(strings.ReplaceAll(hostAnswer(in.Text()), "\n", "\\n"))
	}
}

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
`

// module is a copy of what programs link of this module, so that nobody edits it while scenarios run.
var module string

func TestMain(m *testing.M) {
	var err error
	if module, err = os.MkdirTemp("", "gosplice-corpus-"); err != nil {
		log.Fatal(err)
	}
	if err := copyModule(module); err != nil {
		log.Fatal(err)
	}
	code := m.Run()
	os.RemoveAll(module)
	os.Exit(code)
}

func copyModule(to string) error {
	for _, dir := range []string{".", "internal/agent", "internal/chains", "internal/coderef", "internal/control", "internal/patch", "internal/splice"} {
		if err := os.MkdirAll(filepath.Join(to, dir), 0o777); err != nil {
			return err
		}
		files, err := os.ReadDir(filepath.Join("../..", dir))
		if err != nil {
			return err
		}
		for _, f := range files {
			if f.IsDir() || strings.HasSuffix(f.Name(), "_test.go") {
				continue
			}
			b, err := os.ReadFile(filepath.Join("../..", dir, f.Name()))
			if err != nil {
				return err
			}
			if err := os.WriteFile(filepath.Join(to, dir, f.Name()), b, 0o666); err != nil {
				return err
			}
		}
	}
	return nil
}

const hostFile = "zz_host.go"

// write lays out the program, with an edit over it, as a module in dir.
func (s *scenario) write(dir, edit, repository string) error {
	files := map[string][]byte{hostFile: []byte(host)}
	for name, b := range s.program {
		files[name] = b
	}
	for name, b := range s.edits[edit] {
		if old, ok := strings.CutSuffix(name, ".delete"); ok {
			delete(files, old)
		} else {
			files[name] = b
		}
	}
	// A scenario may have more to say about modules than what all of them need.
	files["go.mod"] = []byte("module scenario\n\ngo 1.25\n\nrequire github.com/gosplice/gosplice v0.0.0\n\nreplace github.com/gosplice/gosplice => " + repository + "\n\n" + string(files["go.mod"]))
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
	return nil
}
