package main

import (
	"fmt"
	"slices"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/gosplice/gosplice/cmd/internal/build/gotool"
)

// unsupportedBuilds are flags of go build that make programs which can't be patched, or nothing. They work, but are
// not proposed.
var unsupportedBuilds = []string{"asan", "buildmode", "compiler", "gccgoflags", "linkshared", "msan"}

// takeBuildFlags makes a command take the flags of go build besides its own, which are those that are defined
// for it. The flags in without are not proposed.
func takeBuildFlags(cmd *cobra.Command, c *console, without ...string) {
	// The flags of go build are written otherwise: -tags x, not --tags x.
	cmd.DisableFlagParsing = true
	// -v is go build's here.
	cmd.Flags().BoolVar(&c.verbose, "verbose", false, "say more about errors, and what a patch costs")
	cmd.ValidArgsFunction = func(cmd *cobra.Command, args []string, word string) ([]string, cobra.ShellCompDirective) {
		return completeBuild(cmd, args, word, slices.Concat(unsupportedBuilds, without))
	}
}

// takeOwnFlags sets the flags that are defined for a command, and takes them out of its arguments. What follows
// after -- is returned apart; it is nil without one.
func takeOwnFlags(cmd *cobra.Command, args []string) (rest, last []string, help bool, err error) {
	for len(args) > 0 {
		arg := args[0]
		args = args[1:]
		if arg == "--" {
			return rest, append([]string{}, args...), help, nil
		}
		name, value, hasValue := strings.Cut(arg, "=")
		if name == "-h" || name == "-help" || name == "--help" {
			help = true
			continue
		}
		f := cmd.Flags().Lookup(strings.TrimPrefix(name, "--"))
		if f == nil || !strings.HasPrefix(name, "--") && name != "-json" {
			rest = append(rest, arg)
			continue
		}
		switch {
		case hasValue:
		case f.NoOptDefVal != "":
			value = f.NoOptDefVal
		case len(args) == 0:
			kind, _ := pflag.UnquoteUsage(f)
			return rest, nil, help, fmt.Errorf("--%s needs a %s", f.Name, kind)
		default:
			value, args = args[0], args[1:]
		}
		if err := f.Value.Set(value); err != nil {
			return rest, nil, help, fmt.Errorf("--%s: %w", f.Name, err)
		}
	}
	return rest, nil, help, nil
}

// completeBuild proposes how a command line with the flags of go build may go on: flags, values of flags, packages
// and files.
func completeBuild(cmd *cobra.Command, args []string, word string, without []string) ([]string, cobra.ShellCompDirective) {
	if slices.Contains(args, "--") {
		return nil, cobra.ShellCompDirectiveDefault
	}
	if len(args) > 0 {
		if values, directive, ok := completeValue(cmd, args[len(args)-1]); ok {
			return values, directive
		}
	}
	if !strings.HasPrefix(word, "-") {
		return nil, cobra.ShellCompDirectiveDefault
	}
	var proposed []string
	for _, f := range gotool.BuildFlags {
		if strings.HasPrefix("-"+f.Name, word) && !slices.Contains(without, f.Name) {
			proposed = append(proposed, "-"+f.Name+"\t"+f.Usage)
		}
	}
	return proposed, cobra.ShellCompDirectiveNoFileComp
}

// completeValue proposes values of the flag that stands before, if it takes one.
func completeValue(cmd *cobra.Command, flag string) (values []string, directive cobra.ShellCompDirective, ok bool) {
	if own := cmd.Flags().Lookup(strings.TrimPrefix(flag, "--")); own != nil && strings.HasPrefix(flag, "--") && own.NoOptDefVal == "" {
		return nil, cobra.ShellCompDirectiveDefault, true
	}
	i := slices.IndexFunc(gotool.BuildFlags, func(f gotool.BuildFlag) bool { return "-"+f.Name == flag && f.Value != "" })
	if i < 0 {
		return nil, 0, false
	}
	switch f := gotool.BuildFlags[i]; {
	case f.Name == "mod":
		return []string{"mod", "readonly", "vendor"}, cobra.ShellCompDirectiveNoFileComp, true
	case f.Value == "file":
		return nil, cobra.ShellCompDirectiveDefault, true
	case f.Value == "directory":
		return nil, cobra.ShellCompDirectiveFilterDirs, true
	}
	return nil, cobra.ShellCompDirectiveNoFileComp, true
}
