// Package scenario reads the files of the corpus: programs, edits of them, and what has to come of these. The
// format is in the documentation of package corpus.
package scenario

import (
	"fmt"
	"maps"
	"path/filepath"
	"strconv"
	"strings"

	"github.com/rogpeppe/go-internal/txtar"
)

// Scenario is one parsed file.
type Scenario struct {
	Name    string
	Program map[string][]byte            // files of the program, by slash-separated names
	Edits   map[string]map[string][]byte // by name of the edit
	Script  []Command
	// Processor is the GOARCH whose code the scenario is about, or "" if it does not matter.
	Processor string
}

// Command is a line of a script.
type Command struct {
	Line int // in the file
	Verb string
	Rest string
}

// Read reads the file of a scenario.
func Read(path string) (*Scenario, error) {
	a, err := txtar.ParseFile(path)
	if err != nil {
		return nil, err
	}
	s := &Scenario{Name: strings.TrimSuffix(filepath.Base(path), ".txtar"), Program: map[string][]byte{}, Edits: map[string]map[string][]byte{}}
	in := false
	for i, line := range strings.Split(string(a.Comment), "\n") {
		text := strings.TrimSpace(line)
		switch {
		case text == "script:":
			in = true
		case in && text != "" && !strings.HasPrefix(text, "#"):
			verb, rest, _ := strings.Cut(text, " ")
			if verb == "processor" {
				s.Processor = strings.TrimSpace(rest)
				continue
			}
			s.Script = append(s.Script, Command{i + 1, verb, strings.TrimSpace(rest)})
		}
	}
	if len(s.Script) == 0 {
		return nil, fmt.Errorf("%s: no script", path)
	}
	for _, c := range s.Script {
		if c.Verb == "edit" || c.Verb == "process" || c.Verb == "norecord" {
			name, _, _ := strings.Cut(c.Rest, " ")
			s.Edits[name] = map[string][]byte{}
		}
	}
	for _, f := range a.Files {
		top, rest, ok := strings.Cut(f.Name, "/")
		if edit := s.Edits[top]; ok && edit != nil {
			repeat(edit, rest, f.Data)
		} else {
			repeat(s.Program, f.Name, f.Data)
		}
	}
	return s, nil
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

// Tree is the program with an edit over it, by names of files. The edit "-" is the program as it is.
func (s *Scenario) Tree(edit string) map[string][]byte {
	files := maps.Clone(s.Program)
	for name, b := range s.Edits[edit] {
		if old, ok := strings.CutSuffix(name, ".delete"); ok {
			delete(files, old)
		} else {
			files[name] = b
		}
	}
	return files
}
