package main

import (
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"
	"unicode"

	"github.com/gosplice/gosplice/internal/wire/patch"
)

// hostilePatches are patches whose makers would have a command run, a file written elsewhere, a terminal steered, or much memory
// and time taken.
func hostilePatches(marker string) map[string]*patch.Patch {
	words := func(p *patch.Patch, word string) {
		p.Release.Program, p.Release.Main, p.Release.BuildID, p.Release.GoVersion = word, word, word, word
		p.Funcs[0].Name, p.Funcs[0].File, p.Diff = word, word, word+"\n"
		for i := range p.Changes {
			c := &p.Changes[i]
			c.Symbol, c.What, c.Verdict, c.ID, c.File, c.Reason, c.WaysOut = word, word, word, word, word, word, []string{word}
		}
	}
	patches := map[string]*patch.Patch{}
	for name, word := range map[string]string{
		"command": "$(touch " + marker + ")`touch " + marker + "`;touch " + marker + ";'\"|touch " + marker,
		"path":    "../../../" + strings.Repeat("../", 20) + marker,
		"flag":    "--toolexec=touch " + marker,
		"escapes": "\x1b]0;x\x07\x1b[2J\u009b2J\u202e\r\n~ main.forged  body  applies",
	} {
		patches[name] = smallPatch()
		words(patches[name], word)
	}
	long := smallPatch()
	for i := range 40 {
		long.Changes = append(long.Changes, patch.Change{Symbol: fmt.Sprint("a.b", i), What: strings.Repeat("w", 1<<16), Verdict: "applies", Reason: strings.Repeat("a ", 1<<15), WaysOut: []string{strings.Repeat("%2e", 20000)}})
	}
	patches["long"] = long
	many := smallPatch()
	for range 30000 {
		many.Changes = append(many.Changes, patch.Change{Symbol: "a.b", What: "body", Verdict: "applies", File: "a.go", Reason: "It is so."})
	}
	many.Diff = strings.Repeat("+\x1b\n", 1<<20)
	patches["many"] = many
	return patches
}

// TestHostilePatch gives a stranger's patch to all that takes a file on the side of who builds and applies. It is data: nothing is run,
// nothing is written but what is asked for, and memory and time have bounds.
func TestHostilePatch(t *testing.T) {
	if testing.Short() {
		t.Skip("reads large patches")
	}
	dir := t.TempDir()
	bin, marker := filepath.Join(dir, "bin"), filepath.Join(dir, "marker")
	if err := os.Mkdir(bin, 0o755); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"go", "git", "sh", "bash", "less", "more", "touch", "patch", "cc", "gcc", "pkg-config"} {
		if err := os.WriteFile(filepath.Join(bin, name), []byte("#!/bin/sh\n: >> "+marker+"\nexit 1\n"), 0o755); err != nil {
			t.Fatal(err)
		}
	}
	t.Setenv("PATH", bin)
	t.Setenv("PAGER", filepath.Join(bin, "less"))
	t.Setenv("GOSPLICE_SOCKETS", filepath.Join(dir, "sockets"))
	for name, p := range hostilePatches(marker) {
		t.Run(name, func(t *testing.T) {
			work := t.TempDir()
			t.Chdir(work)
			content, err := patch.Encode(p, fixedKey())
			if err != nil {
				t.Fatal(err)
			}
			const file = "$(touch x).gsp"
			for _, name := range []string{file, "program.gsr", "program"} {
				if err := os.WriteFile(name, content, 0o600); err != nil {
					t.Fatal(err)
				}
			}
			if err := os.Mkdir("patches", 0o700); err != nil {
				t.Fatal(err)
			}
			for _, args := range [][]string{
				{"verify", file}, {"verify", file, "--json"}, {"verify", file, "program"}, {"diff", file, "--json"}, {"diff", file},
				{"install", file, "--dir", "patches"}, {"uninstall", file, "--dir", "patches"},
				{"apply", file}, {"apply", file, "--socket", "1.sock"}, {"plan"}, {"plan", "--record", file}, {"plan", "--record", file, "--overlay", file},
				{"patch", "--record", file}, {"record", file}, {"__complete", "verify", ""}, {"__complete", "apply", "$"},
			} {
				var before, after runtime.MemStats
				runtime.ReadMemStats(&before)
				start := time.Now()
				code, out, messages := gosplice(t, args...)
				took := time.Since(start)
				runtime.ReadMemStats(&after)
				if taken := after.TotalAlloc - before.TotalAlloc; taken > 1<<30 || took > 20*time.Second {
					t.Errorf("%q: a file of %d kB takes %d MB and %v", args, len(content)>>10, taken>>20, took)
				}
				if code != exitDone && messages == "" || strings.Count(messages, "\n") > 2 || len(messages) > 4096 && args[0] != "__complete" {
					t.Errorf("%q: exit code %d, %.2000q", args, code, messages)
				}
				raw := args[0] == "diff" && len(args) == 2 // for programs
				if i := strings.IndexFunc(out+messages, func(r rune) bool { return r != '\n' && r != '\t' && unicode.IsControl(r) }); i >= 0 && !raw {
					t.Errorf("%q writes %.40q", args, (out + messages)[i:])
				}
				if slices.ContainsFunc(strings.Split(out, "\n"), func(line string) bool {
					return strings.HasPrefix(line, "  ~ main.forged") || strings.HasPrefix(line, "~ main.forged")
				}) && !raw {
					t.Errorf("%q shows a change that is none:\n%s", args, out)
				}
			}
			if _, err := os.Lstat(marker); err == nil {
				t.Error("a command was run")
			}
			var left []string
			fs.WalkDir(os.DirFS(work), ".", func(path string, d fs.DirEntry, err error) error {
				left = append(left, path)
				return err
			})
			if want := []string{".", file, "patches", "program", "program.gsr"}; !slices.Equal(left, want) {
				t.Errorf("there are %q, not %q", left, want)
			}
		})
	}
}
