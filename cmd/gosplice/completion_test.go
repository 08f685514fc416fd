package main

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"github.com/creack/pty"
)

// completingShells are shells with what they read at the start.
var completingShells = []struct {
	name  string
	args  []string
	setUp string // at the prompt
	needs string // a file without which the script does nothing
}{
	{"bash", []string{"--norc", "--noprofile", "-i"}, ". /usr/share/bash-completion/bash_completion; source <(gosplice completion bash)", "/usr/share/bash-completion/bash_completion"},
	{"zsh", []string{"-f", "-i"}, "autoload -U compinit; compinit -u; source <(gosplice completion zsh)", ""},
	{"fish", []string{"--no-config", "-i"}, "gosplice completion fish | source", ""},
}

// In a shell on a terminal the key Tab completes flags: those of gosplice's own, and those of go build.
func TestCompletionInShells(t *testing.T) {
	for _, s := range completingShells {
		t.Run(s.name, func(t *testing.T) {
			if _, err := exec.LookPath(s.name); err != nil {
				t.Skipf("no %s here: that its completion works when Tab is pressed is not seen", s.name)
			}
			if _, err := os.Stat(s.needs); s.needs != "" && err != nil {
				t.Skipf("%s is not here, which the script for %s needs: that Tab works is not seen", s.needs, s.name)
			}
			home := t.TempDir()
			if err := os.Symlink(testBinary(t), filepath.Join(home, "gosplice")); err != nil {
				t.Fatal(err)
			}
			cmd := exec.Command(s.name, s.args...)
			cmd.Dir = home
			cmd.Env = append(os.Environ(), "HOME="+home, "PATH="+home+":"+os.Getenv("PATH"), "TERM=xterm", "PS1=ready> ", "XDG_CONFIG_HOME="+home, "XDG_DATA_HOME="+home)
			tty, err := pty.StartWithSize(cmd, &pty.Winsize{Rows: 40, Cols: 160})
			if err != nil {
				t.Fatal(err)
			}
			w := &watched{t: t, tty: tty, shown: &shown{}}
			go w.shown.follow(tty)
			t.Cleanup(func() {
				cmd.Process.Kill()
				tty.Close()
				cmd.Wait()
				if t.Failed() {
					text, _ := w.shown.all()
					t.Logf("the terminal:\n%q", text)
				}
			})
			// What is typed is shown as well: the answer of echo is not.
			fmt.Fprintf(tty, "%s; echo set''up\n", s.setUp)
			w.expect(`setup`)
			for _, c := range []struct{ typed, shown string }{
				{"gosplice watch --rest\t", `--rest.*art`},
				{"gosplice watch -trimp\t", `-trimp.*ath`},
				{"gosplice build --js\t", `--js.*on`},
				{"gosplice build -C / -pgo=off -modf\t", `-modf.*ile`},
				{"gosplice appl\t", `appl.*y`},
			} {
				fmt.Fprint(tty, c.typed)
				w.expect(c.shown)
				fmt.Fprint(tty, "\x15") // take the line back
			}
		})
	}
}
