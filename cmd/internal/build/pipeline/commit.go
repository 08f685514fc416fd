package pipeline

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/gosplice/gosplice/cmd/internal/build/gotool"
	"github.com/gosplice/gosplice/cmd/internal/build/release"
)

// commit is what a program carries of the sources that it was built from.
type commit struct {
	vcs, revision string
	modified      bool // there were changes that no commit has
}

func commitOf(b *gotool.Build) commit {
	return commit{b.Settings["vcs"], b.Settings["vcs.revision"], b.Settings["vcs.modified"] == "true"}
}

// withCommit adds to an error about sources which commit the program was built from, and how to get it.
func withCommit(ctx context.Context, err error, b *gotool.Build) error {
	wrong, compile := (*release.OtherSourcesError)(nil), (*gotool.CompileError)(nil)
	if ctx.Err() != nil || !errors.As(err, &wrong) && !errors.As(err, &compile) {
		return err
	}
	says := commitOf(b).advice(ctx, b.Dir)
	if says == "" {
		return err
	}
	return fmt.Errorf("%w; %s", err, says)
}

// notThere is in what the go command says of a package that is not among the sources where it runs.
var notThere = []string{"no required module provides package", "go.mod file not found", "is not in std", "main module"}

// elsewhere says of a go command that does not find the program's package that the sources may be in another directory.
func elsewhere(err error, program string, b *gotool.Build) error {
	var c *gotool.CommandError
	if !errors.As(err, &c) || b.Main == "" || !slices.ContainsFunc(notThere, func(s string) bool { return strings.Contains(c.First, s) }) {
		return err
	}
	return fmt.Errorf("%s has no package %s, from which %s was built: give the directory of its sources with -C", b.Dir, b.Main, program)
}

// advice says which commit it is, and what to do in dir to have its sources.
func (c commit) advice(ctx context.Context, dir string) string {
	switch {
	case c.revision == "":
		return "the program does not carry the commit that it was built from: check out what it was built from, and build the next one with -buildvcs=true"
	case c.vcs != "git" || strings.Trim(c.revision, "0123456789abcdef") != "":
		return fmt.Sprintf("the program carries %s revision %s%s: check that out", c.vcs, c.revision, c.uncommitted())
	}
	carries := fmt.Sprintf("the program carries commit %s%s", c.revision, c.uncommitted())
	top, err := git(ctx, dir, "rev-parse", "--show-toplevel")
	switch {
	case errors.Is(err, exec.ErrNotFound):
		return carries + ": git checkout " + c.revision
	case err != nil:
		return fmt.Sprintf("%s, and git finds no repository in %s: give its sources with -C", carries, dir)
	}
	if _, err := git(ctx, dir, "cat-file", "-e", c.revision+"^{commit}"); err != nil {
		return fmt.Sprintf("%s, which the repository in %s does not have: git fetch brings it, if this is the right one", carries, top)
	}
	head, err := git(ctx, dir, "rev-parse", "HEAD")
	if err != nil {
		head = "no commit"
	}
	edited := isEdited(ctx, dir)
	switch {
	case head == c.revision && c.modified:
		return carries + ", and this tree is at that commit: bring those changes back, and no others"
	case head == c.revision && edited:
		return fmt.Sprintf("%s, and this tree is at that commit with changes (git status): %s has it without them", carries, c.worktree(ctx, top, dir))
	case head == c.revision:
		return carries + ", and this tree is at that commit without changes: files that git ignores, a workspace, replaced modules or flags were others"
	case edited:
		return fmt.Sprintf("%s, and this tree is at %s with changes: %s", carries, head, c.worktree(ctx, top, dir))
	}
	return fmt.Sprintf("%s, and this tree is at %s: git checkout %s, or %s", carries, head, c.revision, c.worktree(ctx, top, dir))
}

// uncommitted says that the commit alone is not what the program was built from.
func (c commit) uncommitted() string {
	if c.modified {
		return " with changes that were not committed, which have to be brought back too"
	}
	return ""
}

// worktree is the command that puts the commit beside the tree, and the flag with which it is recorded from there.
func (c commit) worktree(ctx context.Context, top, dir string) string {
	at := top + "-" + c.revision[:min(len(c.revision), 7)]
	from := at
	if below, err := git(ctx, dir, "rev-parse", "--show-prefix"); err == nil {
		from = filepath.Join(at, below)
	}
	return fmt.Sprintf("git worktree add %s %s and record with -C %s", quotedForShell(at), c.revision, quotedForShell(from))
}

// quotedForShell is a file name as a shell takes it.
func quotedForShell(name string) string {
	if strings.Trim(name, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789/._-+@%:,") == "" {
		return name
	}
	return "'" + strings.ReplaceAll(name, "'", `'\''`) + "'"
}

// gitTime is how long a git command may take. The configuration of a repository can name pipes for it to read.
const gitTime = 30 * time.Second

// git is what a git command says, without space around it. The tree may be a stranger's, whose configuration names commands
// for git to run: variables turn them off.
func git(ctx context.Context, dir string, args ...string) (string, error) {
	return gitWith(ctx, nil, dir, args...)
}

func gitWith(ctx context.Context, settings []string, dir string, args ...string) (string, error) {
	ctx, cancel := context.WithTimeout(ctx, gitTime)
	defer cancel()
	cmd := exec.CommandContext(ctx, "git", args...)
	cmd.Dir = dir
	cmd.WaitDelay = time.Second
	// No protocol: objects that are missing are fetched from a place, and by a command, that the repository names.
	cmd.Env = append(cmd.Environ(), "GIT_ALLOW_PROTOCOL=none", "GIT_NO_LAZY_FETCH=1", "GIT_OPTIONAL_LOCKS=0")
	settings = append(settings, "core.fsmonitor", "false")
	count, _ := strconv.Atoi(os.Getenv("GIT_CONFIG_COUNT")) // of the user's own
	for i := 0; i < len(settings); i += 2 {
		cmd.Env = append(cmd.Env, fmt.Sprintf("GIT_CONFIG_KEY_%d=%s", count, settings[i]), fmt.Sprintf("GIT_CONFIG_VALUE_%d=%s", count, settings[i+1]))
		count++
	}
	cmd.Env = append(cmd.Env, fmt.Sprintf("GIT_CONFIG_COUNT=%d", count))
	out, err := cmd.Output()
	return strings.TrimSpace(string(out)), err
}

// isEdited reports changes of the tree that no commit has. Filters that the repository itself defines are not run, so files for
// which it has some may count as changed; nor are submodules looked at, which have configurations of their own.
func isEdited(ctx context.Context, dir string) bool {
	defined, err := git(ctx, dir, "config", "-z", "--show-scope", "--name-only", "--get-regexp", `^filter\.`)
	none := (*exec.ExitError)(nil)
	if err != nil && (!errors.As(err, &none) || none.ExitCode() != 1) {
		return true
	}
	var off []string
	words := strings.Split(defined, "\x00")
	for i := 0; i+1 < len(words); i += 2 {
		scope, name := words[i], words[i+1]
		if scope == "system" || scope == "global" || scope == "command" {
			continue // the user's own
		}
		value := ""
		if strings.HasSuffix(name, ".required") {
			value = "false"
		}
		off = append(off, name, value)
	}
	status, err := gitWith(ctx, off, dir, "status", "--porcelain", "--ignore-submodules=all")
	return err != nil || status != ""
}
