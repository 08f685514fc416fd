package gotool

import (
	"fmt"
	"path/filepath"
	"slices"
	"strings"
)

// Command is a go build command line, taken apart.
type Command struct {
	Dir      string   // where it runs
	Out      string   // the value of -o, or empty
	Flags    []string // all other flags, each with its value in one argument
	Packages []string // never empty: "." when the command names none
}

// The flags of go build.
var (
	boolFlags = []string{"a", "asan", "buildvcs", "cover", "json", "linkshared", "modcacherw", "msan", "n", "race",
		"trimpath", "v", "work", "x"}
	valueFlags = []string{"C", "asmflags", "buildmode", "compiler", "covermode", "coverpkg", "debug-actiongraph",
		"debug-runtime-trace", "debug-trace", "gccgoflags", "gcflags", "installsuffix", "ldflags", "mod", "modfile", "o",
		"overlay", "p", "pgo", "pkgdir", "tags", "toolexec"}
)

// FromCommand takes the arguments of go build apart as go build does: flags end at the first
// argument that is none, or after --.
func FromCommand(dir string, args []string) (*Command, error) {
	c := &Command{Dir: dir}
	for len(args) > 0 {
		arg := args[0]
		if arg == "--" {
			args = args[1:]
			break
		}
		if !strings.HasPrefix(arg, "-") || arg == "-" {
			break
		}
		used, err := c.flag(arg, args[1:])
		if err != nil {
			return nil, err
		}
		args = args[1+used:]
	}
	c.Packages = args
	if len(args) == 0 {
		c.Packages = []string{"."}
	}
	return c, nil
}

// flag takes one flag, and says how many of the following arguments it used.
func (c *Command) flag(arg string, rest []string) (used int, err error) {
	name, value, hasValue := strings.Cut(strings.TrimPrefix(strings.TrimPrefix(arg, "-"), "-"), "=")
	switch {
	case slices.Contains(boolFlags, name):
		if hasValue {
			c.Flags = append(c.Flags, "-"+name+"="+value)
		} else {
			c.Flags = append(c.Flags, "-"+name)
		}
		return 0, nil
	case !slices.Contains(valueFlags, name):
		return 0, fmt.Errorf("flag %s is not one of go build's", arg)
	case !hasValue && len(rest) == 0:
		return 0, fmt.Errorf("flag -%s needs a value", name)
	case !hasValue:
		value, used = rest[0], 1
	}
	switch name {
	case "C":
		if filepath.IsAbs(value) {
			c.Dir = value
		} else {
			c.Dir = filepath.Join(c.Dir, value)
		}
	case "o":
		c.Out = value
	default:
		c.Flags = append(c.Flags, "-"+name+"="+value)
	}
	return used, nil
}

// Build is the build that the command asks for.
func (c *Command) Build() *Build {
	return &Build{Dir: c.Dir, Packages: c.Packages, Flags: c.Flags}
}
