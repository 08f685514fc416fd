package gotool

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// workFlags are the flags in GOFLAGS that say where sources come from and how the machine
// works. All others could change objects, and for those the program's own settings count.
var workFlags = []string{"-mod", "-modfile", "-modcacherw", "-overlay", "-p", "-toolexec"}

// quickMemory is what each process of a quick build may take before it collects garbage.
const quickMemory = "512MiB"

// environ is the environment for the go command: the user's, with everything that changes
// objects taken from the build.
func (b *Build) environ() []string {
	env := os.Environ()
	if b.Settings != nil {
		env = dropVariables(env, "GOEXPERIMENT", "GOFIPS140")
		env = setVariable(env, "GOFLAGS", workFlagsOf(os.Getenv("GOFLAGS")))
	}
	if os.Getenv("GOTOOLCHAIN") == "" && supported(b.GoVersion) {
		env = setVariable(env, "GOTOOLCHAIN", b.GoVersion)
	}
	for _, v := range b.Env {
		name, value, _ := strings.Cut(v, "=")
		// An empty value means the default, which an empty variable means as well: but then it
		// must not be there, for the go command keeps the difference in what it caches.
		env = dropVariables(env, name)
		if value != "" {
			env = append(env, v)
		}
	}
	if b.Quick && os.Getenv("GOGC") == "" && os.Getenv("GOMEMLIMIT") == "" {
		// A third of what go list takes for some hundred packages is collecting garbage. The limit counts for
		// each process, compilers too.
		env = append(env, "GOGC=off", "GOMEMLIMIT="+quickMemory)
	}
	// The go command takes its directory from PWD, which may go through symbolic links, and
	// writes it into objects.
	if dir, err := filepath.Abs(b.Dir); err == nil && b.Dir != "" {
		env = setVariable(env, "PWD", dir)
	}
	return env
}

// Variables are variables of the go command, as go env prints them.
func (b *Build) Variables(ctx context.Context, names ...string) (map[string]string, error) {
	out, err := b.output(ctx, append([]string{"env", "-json"}, names...)...)
	if err != nil {
		return nil, err
	}
	var env map[string]string
	if err := json.Unmarshal([]byte(out), &env); err != nil {
		return nil, fmt.Errorf("go env: %w", err)
	}
	return env, nil
}

// workFlagsOf keeps the flags of a GOFLAGS value that don't change objects. The result is
// never empty, because an empty one would bring the configuration file in.
func workFlagsOf(goflags string) string {
	// Version control stamps go into the link, and finding them can fail.
	keep := []string{"-buildvcs=false"}
	for _, flag := range strings.Fields(goflags) {
		name, _, _ := strings.Cut(strings.Replace(flag, "--", "-", 1), "=")
		if slices.Contains(workFlags, name) {
			keep = append(keep, flag)
		}
	}
	return strings.Join(keep, " ")
}

// dropVariables removes variables from an environment.
func dropVariables(env []string, names ...string) []string {
	return slices.DeleteFunc(env, func(v string) bool {
		name, _, _ := strings.Cut(v, "=")
		return slices.Contains(names, name)
	})
}

// setVariable sets a variable of an environment.
func setVariable(env []string, name, value string) []string {
	return append(dropVariables(env, name), name+"="+value)
}
