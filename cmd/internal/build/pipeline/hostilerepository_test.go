package pipeline

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// TestHostileRepository has the advice about commits look at a stranger's tree, whose repository would have commands run: git believes
// the configuration in it, and promises nothing.
func TestHostileRepository(t *testing.T) {
	if _, err := exec.LookPath("git"); err != nil {
		t.Skip(err)
	}
	command, marker := trap(t)
	run := func(dir string, args ...string) string {
		t.Helper()
		cmd := exec.Command("git", args...)
		cmd.Dir = dir
		cmd.Env = append(os.Environ(), "GIT_CONFIG_GLOBAL=/dev/null", "GIT_AUTHOR_NAME=a", "GIT_AUTHOR_EMAIL=a", "GIT_COMMITTER_NAME=a", "GIT_COMMITTER_EMAIL=a")
		out, err := cmd.CombinedOutput()
		if err != nil {
			t.Fatalf("git %q: %v\n%s", args, err, out)
		}
		return strings.TrimSpace(string(out))
	}
	for name, config := range map[string]string{
		"none":       "",
		"fsmonitor":  "[core]\n\tfsmonitor = " + command + "\n",
		"filter":     "[filter \"x\"]\n\tclean = " + command + " cat\n",
		"process":    "[filter \"x\"]\n\tprocess = " + command + " cat\n\trequired = true\n",
		"included":   "[include]\n\tpath = included\n",
		"worktree":   "[extensions]\n\tworktreeConfig = true\n",
		"lazy fetch": "[extensions]\n\tpartialClone = origin\n[remote \"origin\"]\n\turl = /\n\tpromisor = true\n\tuploadpack = " + command + "\n",
		"submodules": "[submodule]\n\trecurse = true\n[diff]\n\texternal = " + command + "\n[core]\n\tpager = " + command + "\n\thooksPath = " + filepath.Dir(command) + "\n",
	} {
		dir := t.TempDir()
		run(dir, "init", "-q")
		for file, content := range map[string]string{"main.go": "package main\n", ".gitattributes": "*.go filter=x\n"} {
			if err := os.WriteFile(filepath.Join(dir, file), []byte(content), 0o600); err != nil {
				t.Fatal(err)
			}
		}
		run(dir, "add", ".")
		run(dir, "commit", "-q", "-m", "x")
		head := run(dir, "rev-parse", "HEAD")
		for file, content := range map[string]string{
			"config": "[core]\n\trepositoryformatversion = 1\n" + config, "included": "[core]\n\tfsmonitor = " + command + "\n", "config.worktree": "[core]\n\tfsmonitor = " + command + "\n",
		} {
			if err := os.WriteFile(filepath.Join(dir, ".git", file), []byte(content), 0o600); err != nil {
				t.Fatal(err)
			}
		}
		// Another file of the same length, so that its content has to be looked at.
		if err := os.WriteFile(filepath.Join(dir, "main.go"), []byte("package niam\n"), 0o600); err != nil {
			t.Fatal(err)
		}
		for _, revision := range []string{head, strings.Repeat("1", 40)} {
			says := commit{vcs: "git", revision: revision}.advice(t.Context(), dir)
			if !strings.Contains(says, revision) || name == "none" && revision == head && !strings.Contains(says, "with changes") {
				t.Errorf("%s: %s", name, says)
			}
			notSprung(t, name, marker)
		}
	}
}
