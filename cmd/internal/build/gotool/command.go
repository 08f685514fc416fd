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

// BuildFlag is a flag of go build.
type BuildFlag struct {
	Name  string // without a dash
	Value string // what its value is; empty for a flag without one
	Usage string // a few words
}

// BuildFlags are the flags of go build, by name.
var BuildFlags = []BuildFlag{
	{"C", "directory", "go there first"},
	{"a", "", "compile all packages anew"},
	{"asan", "", "check addresses"},
	{"asmflags", "pattern=flags", "flags of the assembler"},
	{"buildmode", "mode", "what is made"},
	{"buildvcs", "", "write the revision into the program"},
	{"compiler", "name", "compiler"},
	{"cover", "", "count what runs"},
	{"covermode", "mode", "how it is counted: set, count, atomic"},
	{"coverpkg", "patterns", "where it is counted"},
	{"debug-actiongraph", "file", "write what the go command does"},
	{"debug-runtime-trace", "file", "write a trace of the go command"},
	{"debug-trace", "file", "write when it does what"},
	{"gccgoflags", "pattern=flags", "flags of gccgo"},
	{"gcflags", "pattern=flags", "flags of the compiler"},
	{"installsuffix", "suffix", "suffix of the directory for packages"},
	{"json", "", "messages as JSON"},
	{"ldflags", "pattern=flags", "flags of the linker"},
	{"linkshared", "", "link with shared libraries"},
	{"mod", "mode", "how modules are found: mod, readonly, vendor"},
	{"modcacherw", "", "make downloaded modules writable"},
	{"modfile", "file", "another go.mod"},
	{"msan", "", "check for memory that was not set"},
	{"n", "", "print commands and run none"},
	{"o", "file", "where the program is written"},
	{"overlay", "file", "files in the place of others"},
	{"p", "count", "how many commands run at a time"},
	{"pgo", "file", "profile for the compiler"},
	{"pkgdir", "directory", "where packages are"},
	{"race", "", "look for data races"},
	{"tags", "tags", "build tags, with commas"},
	{"toolexec", "command", "run the tools by it"},
	{"trimpath", "", "leave directories out of the program"},
	{"v", "", "print names of packages"},
	{"work", "", "keep the go command's directory"},
	{"x", "", "print commands"},
}

// buildFlag finds a flag by its name.
func buildFlag(name string) (f BuildFlag, ok bool) {
	i := slices.IndexFunc(BuildFlags, func(f BuildFlag) bool { return f.Name == name })
	if i < 0 {
		return f, false
	}
	return BuildFlags[i], true
}

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
	f, ok := buildFlag(name)
	switch {
	case !ok:
		return 0, fmt.Errorf("flag %s is not one of go build's", arg)
	case f.Value == "":
		if hasValue {
			c.Flags = append(c.Flags, "-"+name+"="+value)
		} else {
			c.Flags = append(c.Flags, "-"+name)
		}
		return 0, nil
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
