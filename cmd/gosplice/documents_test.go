package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/creack/pty"
)

// block is a fenced block of a document.
type block struct {
	language, text string
	line           int
}

// blocksOf reads the fenced blocks of a document.
func blocksOf(t *testing.T, file string) (blocks []block) {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(checkout, file))
	if err != nil {
		t.Fatal(err)
	}
	var open *block
	n := 0
	for line := range strings.Lines(string(text)) {
		n++
		language, fence := strings.CutPrefix(strings.TrimRight(line, "\n"), "```")
		switch {
		case fence && open == nil:
			open = &block{language: language, line: n}
		case fence:
			blocks = append(blocks, *open)
			open = nil
		case open != nil:
			open.text += line
		}
	}
	if open != nil {
		t.Fatalf("%s:%d: the block does not end", file, open.line)
	}
	return blocks
}

// script joins the blocks of shell commands of a document.
func script(t *testing.T, file string) string {
	t.Helper()
	var b strings.Builder
	for _, k := range blocksOf(t, file) {
		if k.language == "sh" {
			b.WriteString(k.text)
		}
	}
	if b.Len() == 0 {
		t.Fatalf("%s has no commands", file)
	}
	return b.String()
}

// The documents for beginners work when their commands are pasted one after another, and show what
// the comments behind them say.
func TestDocumentsForBeginners(t *testing.T) {
	if testing.Short() {
		t.Skip("builds programs")
	}
	for _, file := range []string{"README.md", "docs/getting-started.md"} {
		t.Run(file, func(t *testing.T) {
			text := script(t, file)
			root := t.TempDir()
			if err := os.Symlink(moduleCopy(t), filepath.Join(root, "gosplice")); err != nil {
				t.Fatal(err)
			}
			address := freeAddress(t)
			out := paste(t, root, strings.ReplaceAll(strings.ReplaceAll(text, "localhost:8080", address),
				// The command under test is in PATH already.
				"(cd gosplice && go install ./cmd/gosplice); ", ""))
			for _, want := range promised(text) {
				i := strings.Index(out, want)
				if i < 0 {
					t.Fatalf("%s does not show %q, or not in this order:\n%s", file, want, out)
				}
				out = out[i+len(want):]
			}
		})
	}
}

// comment ends a line that shows what the command before it prints.
var comment = regexp.MustCompile(`(?m)^(?:.*curl .*|gosplice plan.*?)  +# (.*)$`)

// promised is what the comments behind commands say that they show. Words of a plan stand in columns.
func promised(script string) (all []string) {
	for _, m := range comment.FindAllStringSubmatch(script, -1) {
		if strings.Contains(script, m[0]) && strings.Contains(m[0], "gosplice plan") {
			all = append(all, strings.Fields(m[1])...)
			continue
		}
		all = append(all, m[1])
	}
	return all
}

// freeAddress is an address on which nobody listens.
func freeAddress(t *testing.T) string {
	t.Helper()
	l, err := net.Listen("tcp", "localhost:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	return fmt.Sprintf("localhost:%d", l.Addr().(*net.TCPAddr).Port)
}

// paste runs a script in a shell, as one that reads what is pasted: to the end, whatever fails on the
// way is in the output. What it has started ends with it.
func paste(t *testing.T, dir, script string) string {
	t.Helper()
	for _, name := range []string{"bin", "run", "cache"} {
		if err := os.Mkdir(filepath.Join(dir, name), 0o700); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.Symlink(testBinary(t), filepath.Join(dir, "bin/gosplice")); err != nil {
		t.Fatal(err)
	}
	if _, err := exec.LookPath("curl"); err != nil {
		t.Log("no curl here: its place is taken by a program that does as much as the documents need")
		if err := os.Symlink(testBinary(t), filepath.Join(dir, "bin/curl")); err != nil {
			t.Fatal(err)
		}
	}
	cmd := exec.Command("bash", "-euc", script)
	cmd.Dir = dir
	cmd.Env = append(os.Environ(), "PWD="+dir, "PATH="+filepath.Join(dir, "bin")+":"+os.Getenv("PATH"), "GOBIN="+filepath.Join(dir, "bin"),
		"GOSPLICE_SOCKETS="+filepath.Join(dir, "run", "gosplice"), "XDG_CACHE_HOME="+filepath.Join(dir, "cache"), "GOCACHE="+goEnv("GOCACHE"), "GOFLAGS=-mod=mod")
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	var out bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &out
	cmd.WaitDelay = time.Second // programs in the background have the output open
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	late := time.AfterFunc(3*time.Minute, func() { syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL) })
	err := cmd.Wait()
	late.Stop()
	syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL)
	if err != nil && !errors.Is(err, exec.ErrWaitDelay) {
		t.Fatalf("%v\n%s", err, out.String())
	}
	return out.String()
}

// fetch is curl ADDRESS, for machines without it.
func fetch(args []string) int {
	resp, err := http.Get("http://" + args[len(args)-1])
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 7
	}
	defer resp.Body.Close()
	if _, err := io.Copy(os.Stdout, resp.Body); err != nil {
		return 18
	}
	return 0
}

func TestFetch(t *testing.T) {
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { fmt.Fprint(w, "answer to ", r.URL.Path) }))
	defer server.Close()
	curl := filepath.Join(t.TempDir(), "curl")
	if err := os.Symlink(testBinary(t), curl); err != nil {
		t.Fatal(err)
	}
	out, err := exec.Command(curl, strings.TrimPrefix(server.URL, "http://")+"/tea").Output()
	if err != nil || string(out) != "answer to /tea" {
		t.Errorf("%q, %v", out, err)
	}
}

// needsJQ leaves out commands that use jq where there is none, and says which.
func needsJQ(t *testing.T, script string) {
	t.Helper()
	if !strings.Contains(script, "jq ") {
		return
	}
	if _, err := exec.LookPath("jq"); err != nil {
		t.Skipf("no jq here, so that this works is not seen:\n%s", script)
	}
}

// The commands for operators work on a program that was patched twice, in the order of the document.
func TestDocumentForOperators(t *testing.T) {
	if testing.Short() {
		t.Skip("builds a program several times")
	}
	s := newShop(t)
	source := filepath.Join(s.root, "home/src/server")
	s.run(source, editServer+` && gosplice patch --version 1.4.1 -o first.gsp && gosplice apply first.gsp && sed -i 's/"two"/"three"/' cmd/server/main.go`)
	for _, k := range blocksOf(t, "docs/operating.md") {
		if k.language == "sh" {
			place := fmt.Sprintf("docs/operating.md:%d", k.line)
			t.Run(place, func(t *testing.T) {
				needsJQ(t, k.text)
				s.t = t
				s.paste(source, place, k.text+"\nkill %1 2>/dev/null || true\n")
			})
		}
	}
}

// Blocks without a language are pictures, output, or commands that do not end or need a machine of their own.
// Those of gosplice name commands and flags that exist.
func TestCommandsInDocumentsExist(t *testing.T) {
	commands := allCommands()
	files, err := filepath.Glob(filepath.Join(checkout, "docs", "*.md"))
	if err != nil {
		t.Fatal(err)
	}
	line := regexp.MustCompile(`(?m)^gosplice ([a-z][^\n#|>&;]*)`)
	count := 0
	for _, file := range append(files, filepath.Join(checkout, "README.md"), filepath.Join(checkout, "README.zh-CN.md")) {
		rel, err := filepath.Rel(checkout, file)
		if err != nil {
			t.Fatal(err)
		}
		for _, k := range blocksOf(t, rel) {
			for _, m := range line.FindAllStringSubmatch(k.text, -1) {
				count++
				root := newRootCommand(&console{width: usualWidth})
				cmd, rest, err := root.Find(strings.Fields(strings.ReplaceAll(m[1], "$!", "1")))
				if err != nil || cmd == root {
					t.Errorf("%s: no command in %q", rel, m[0])
					continue
				}
				if err := cmd.ParseFlags(rest); err != nil && !cmd.DisableFlagParsing {
					t.Errorf("%s: %q: %v", rel, m[0], err)
				}
			}
		}
	}
	if count < 10 || len(commands) < 10 {
		t.Errorf("only %d commands were found in the documents", count)
	}
}

// The two READMEs say the same: the same commands, rules, links and rows, in the same order.
func TestReadmesAgree(t *testing.T) {
	what := regexp.MustCompile("(?m)^#+ |^\\|[-|]+\\|$|`[^`]+`|GS\\d{4}|\\]\\([^)]+\\)|\\bgo1\\.\\d+|Go 1\\.\\d+")
	var found [2][]string
	for i, file := range []string{"README.md", "README.zh-CN.md"} {
		text, err := os.ReadFile(filepath.Join(checkout, file))
		if err != nil {
			t.Fatal(err)
		}
		// The second paragraph leads to the other language.
		title, rest, _ := strings.Cut(string(text), "\n\n")
		_, rest, _ = strings.Cut(rest, "\n\n")
		parts := fences.Split(title+"\n\n"+rest, -1)
		for n, part := range parts {
			if n%2 == 1 {
				found[i] = append(found[i], withoutComments(part))
				continue
			}
			// Within a sentence another language may name things in another order.
			for line := range strings.SplitSeq(part, "\n\n") {
				names := what.FindAllString(line, -1)
				slices.Sort(names)
				found[i] = append(found[i], strings.Join(names, " "))
			}
		}
	}
	for i := range found[0] {
		if i >= len(found[1]) || found[0][i] != found[1][i] {
			t.Fatalf("part %d of README.md has\n%s\nand that of README.zh-CN.md\n%s", i, found[0][i], found[1][min(i, len(found[1])-1)])
		}
	}
	if len(found[0]) != len(found[1]) {
		t.Errorf("%d parts in README.md, %d in README.zh-CN.md", len(found[0]), len(found[1]))
	}
}

// fences are the lines around blocks.
var fences = regexp.MustCompile("(?m)^```.*$")

// withoutComments is a block without what may be in another language.
func withoutComments(text string) string {
	return regexp.MustCompile(`(?m) *# .*$`).ReplaceAllString(text, "")
}

// vsCodeTask is a task of VS Code, as far as it is used.
type vsCodeTask struct {
	Type, Command  string
	IsBackground   bool
	ProblemMatcher struct {
		Pattern struct {
			Regexp                      string
			File, Line, Column, Message int
		}
		Background struct{ BeginsPattern, EndsPattern string }
	}
}

// editorTask is the task in the document for beginners.
func editorTask(t *testing.T) vsCodeTask {
	t.Helper()
	var file struct{ Tasks []vsCodeTask }
	for _, k := range blocksOf(t, "docs/getting-started.md") {
		if k.language == "json" {
			if err := json.Unmarshal([]byte(k.text), &file); err != nil {
				t.Fatal(err)
			}
		}
	}
	if len(file.Tasks) != 1 || file.Tasks[0].Type != "shell" || !file.Tasks[0].IsBackground {
		t.Fatalf("the tasks are %+v", file.Tasks)
	}
	return file.Tasks[0]
}

// The task for VS Code and the line for a Makefile start the loop, in a terminal; the task finds a compile error and
// the end of it in what is shown then, and Ctrl-C ends all.
func TestLoopFromEditorAndMake(t *testing.T) {
	if testing.Short() {
		t.Skip("builds programs: that the task for VS Code and the line for a Makefile work is not seen")
	}
	s := newShop(t)
	source := filepath.Join(s.root, "home/src/server")
	makefile := ""
	for _, k := range blocksOf(t, "docs/getting-started.md") {
		if k.language == "make" {
			makefile = k.text
		}
	}
	if err := os.WriteFile(filepath.Join(source, "Makefile"), []byte(strings.ReplaceAll(makefile, "localhost:8080", "localhost:0")), 0o666); err != nil {
		t.Fatal(err)
	}
	task := editorTask(t)
	for _, c := range []struct{ name, command, file string }{
		{"VS Code", task.Command, "main.go"},
		{"make", "make watch", "cmd/server/main.go"},
	} {
		t.Run(c.name, func(t *testing.T) {
			if _, err := exec.LookPath(strings.Fields(c.command)[0]); c.name == "make" && err != nil {
				t.Skip("no make here: that the line for a Makefile works is not seen")
			}
			w := &watched{t: t, dir: source, home: filepath.Join(s.root, "cache"), shown: &shown{}}
			w.cmd = exec.Command("bash", "-c", c.command)
			w.cmd.Dir, w.cmd.Env = source, append(slices.Clone(s.env), "PWD="+source, "TERM=xterm")
			tty, err := pty.StartWithSize(w.cmd, &pty.Winsize{Rows: 24, Cols: 120})
			if err != nil {
				t.Fatal(err)
			}
			w.tty = closable(t, tty)
			go w.shown.follow(w.tty)
			t.Cleanup(func() {
				w.cmd.Process.Kill()
				w.tty.Close()
				if t.Failed() {
					text, _ := w.shown.all()
					t.Logf("the terminal:\n%s", text)
				}
			})
			background := task.ProblemMatcher.Background
			w.expect(background.EndsPattern)
			file := filepath.Join(source, c.file)
			text, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			defer os.WriteFile(file, text, 0o666)
			put(t, file, string(text)+"\nfunc wrong() int { return missing }\n")
			w.expect(background.BeginsPattern)
			w.expect(`undefined: missing`)
			put(t, file, string(text))
			w.expect(background.EndsPattern)
			all, _ := w.shown.all()
			problem := task.ProblemMatcher.Pattern
			found := regexp.MustCompile("(?m)" + problem.Regexp).FindStringSubmatch(strings.ReplaceAll(escapes.ReplaceAllString(all, ""), "\r", ""))
			if found == nil || filepath.Clean(found[problem.File]) != c.file || found[problem.Message] != "undefined: missing" {
				t.Errorf("the problem that is found is %q", found)
			}
			w.tty.WriteString("\x03")
			w.ended()
			w.nothingRuns()
		})
	}
}

// The task for VS Code finds compile errors in what gosplice watch shows.
func TestEditorTask(t *testing.T) {
	task, shown := editorTask(t), ""
	for _, k := range blocksOf(t, "docs/getting-started.md") {
		if strings.HasPrefix(k.text, "gosplice  counter") {
			shown = k.text
		}
	}
	if shown == "" {
		t.Fatal("nothing is shown")
	}
	m := task.ProblemMatcher
	found := regexp.MustCompile("(?m)"+m.Pattern.Regexp).FindAllStringSubmatch(shown, -1)
	if len(found) != 1 {
		t.Fatalf("found %q in\n%s", found, shown)
	}
	p, f := m.Pattern, found[0]
	if got := []string{f[p.File], f[p.Line], f[p.Column], f[p.Message]}; !slices.Equal(got, []string{"./main.go", "23", "9", "undefined: total"}) {
		t.Errorf("found %q", got)
	}
	for _, pattern := range []string{m.Background.BeginsPattern, m.Background.EndsPattern} {
		if !regexp.MustCompile(pattern).MatchString(shown) {
			t.Errorf("%q is not in what is shown", pattern)
		}
	}
}

// Tests that the documents name are there.
func TestTestsInDocumentsExist(t *testing.T) {
	run := regexp.MustCompile(`go test (?:-\S+ )*(\./\S+|\.)[^\n]*? -(run|fuzz|bench)[ =](\S+)`)
	text, err := os.ReadFile(filepath.Join(checkout, "docs/testing.md"))
	if err != nil {
		t.Fatal(err)
	}
	found := run.FindAllStringSubmatch(string(text), -1)
	if len(found) < 5 {
		t.Fatalf("only %d tests are named", len(found))
	}
	prefixes := map[string]string{"run": "Test", "fuzz": "Fuzz", "bench": "Benchmark"}
	for _, m := range found {
		name, _, _ := strings.Cut(strings.Trim(m[3], "'^$()"), "/")
		if name == "" {
			continue // none of them: a benchmark follows
		}
		files, err := filepath.Glob(filepath.Join(checkout, m[1], "*_test.go"))
		if err != nil {
			t.Fatal(err)
		}
		has := slices.ContainsFunc(files, func(file string) bool {
			source, err := os.ReadFile(file)
			return err == nil && regexp.MustCompile(`(?m)^func `+prefixes[m[2]]+`\w*(`+strings.TrimPrefix(name, prefixes[m[2]])+`)`).Match(source)
		})
		if !has {
			t.Errorf("%s: no test like %s in %s", m[0], name, m[1])
		}
	}
}

// Each claim about security names tests, which are there.
func TestTestsOfClaimsExist(t *testing.T) {
	text, err := os.ReadFile(filepath.Join(checkout, "SECURITY.md"))
	if err != nil {
		t.Fatal(err)
	}
	tests := map[string]bool{}
	function := regexp.MustCompile(`(?m)^func (Test\w+)\(`)
	err = filepath.WalkDir(checkout, func(path string, d os.DirEntry, err error) error {
		if err != nil || !strings.HasSuffix(path, "_test.go") {
			return err
		}
		source, err := os.ReadFile(path)
		for _, m := range function.FindAllStringSubmatch(string(source), -1) {
			tests[m[1]] = true
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	_, table, _ := strings.Cut(string(text), "| claim | shown by |\n|---|---|\n")
	table, _, _ = strings.Cut(table, "\n\n")
	claims := strings.Split(table, "\n")
	if len(claims) < 10 {
		t.Fatalf("only %d claims", len(claims))
	}
	for _, c := range claims {
		named := regexp.MustCompile("`(Test\\w+)`").FindAllStringSubmatch(c, -1)
		if len(named) == 0 {
			t.Errorf("names no test: %s", c)
		}
		for _, m := range named {
			if !tests[m[1]] {
				t.Errorf("there is no test %s: %s", m[1], c)
			}
		}
	}
}
