package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"
)

// block is a fenced block of a document.
type block struct {
	language, text string
	line           int
}

// blocksOf reads the fenced blocks of a document.
func blocksOf(t *testing.T, file string) (blocks []block) {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(moduleRoot, file))
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
	if _, err := exec.LookPath("curl"); err != nil {
		t.Skip("the documents use curl, which is not here")
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

// The commands for operators work on a program that was patched twice, in the order of the document.
func TestDocumentForOperators(t *testing.T) {
	if testing.Short() {
		t.Skip("builds a program several times")
	}
	if _, err := exec.LookPath("jq"); err != nil {
		t.Skip("the document uses jq, which is not here")
	}
	s := newShop(t)
	source := filepath.Join(s.root, "home/src/server")
	s.run(source, editServer+` && gosplice patch --version 1.4.1 -o first.gsp && gosplice apply first.gsp && sed -i 's/"two"/"three"/' cmd/server/main.go`)
	for _, k := range blocksOf(t, "docs/operating.md") {
		if k.language == "sh" {
			s.paste(source, fmt.Sprintf("docs/operating.md:%d", k.line), k.text+"\nkill %1 2>/dev/null || true\n")
		}
	}
}

// Blocks without a language are pictures, output, or commands that do not end or need a machine of their own.
// Those of gosplice name commands and flags that exist.
func TestCommandsInDocumentsExist(t *testing.T) {
	commands := allCommands()
	files, err := filepath.Glob(filepath.Join(moduleRoot, "docs", "*.md"))
	if err != nil {
		t.Fatal(err)
	}
	line := regexp.MustCompile(`(?m)^gosplice ([a-z][^\n#|>&;]*)`)
	count := 0
	for _, file := range append(files, filepath.Join(moduleRoot, "README.md"), filepath.Join(moduleRoot, "README.zh-CN.md")) {
		rel, err := filepath.Rel(moduleRoot, file)
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
		text, err := os.ReadFile(filepath.Join(moduleRoot, file))
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

// The task for VS Code finds compile errors in what gosplice watch shows.
func TestEditorTask(t *testing.T) {
	var task struct {
		Tasks []struct {
			ProblemMatcher struct {
				Pattern struct {
					Regexp                      string
					File, Line, Column, Message int
				}
				Background struct{ BeginsPattern, EndsPattern string }
			}
		}
	}
	shown := ""
	for _, k := range blocksOf(t, "docs/getting-started.md") {
		switch {
		case k.language == "json":
			if err := json.Unmarshal([]byte(k.text), &task); err != nil {
				t.Fatal(err)
			}
		case strings.HasPrefix(k.text, "gosplice  counter"):
			shown = k.text
		}
	}
	if len(task.Tasks) != 1 || shown == "" {
		t.Fatal("no task, or nothing that is shown")
	}
	m := task.Tasks[0].ProblemMatcher
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
	text, err := os.ReadFile(filepath.Join(moduleRoot, "docs/testing.md"))
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
		files, err := filepath.Glob(filepath.Join(moduleRoot, m[1], "*_test.go"))
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
