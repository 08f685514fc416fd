package main

import (
	"fmt"
	"slices"
	"strings"

	"github.com/spf13/pflag"
)

// dependencies is the value of --with-deps: whether dependencies may have other versions than in the release, and which;
// without a module all may.
type dependencies struct {
	taken   bool
	modules []string
}

// addTo adds the flag. than is what the versions of the tree are compared with.
func (d *dependencies) addTo(flags *pflag.FlagSet, than string) {
	flags.Var(d, "with-deps", "take along dependencies of which the tree has other versions than "+than+": all, or with --with-deps=MODULE,... these")
	flags.Lookup("with-deps").NoOptDefVal = "true"
}

// Set takes true and false, as a flag without a value would, and modules.
func (d *dependencies) Set(text string) error {
	switch text {
	case "true", "false":
		d.taken, d.modules = text == "true", nil
		return nil
	}
	for path := range strings.SplitSeq(text, ",") {
		switch {
		case path == "" || path == "true" || path == "false":
			return fmt.Errorf("%q is no list of modules, such as example.com/a,example.com/b", text)
		case strings.Contains(path, "@"):
			return fmt.Errorf("%s has a version: name the module alone, which is taken in the version that the tree has", path)
		case !slices.Contains(d.modules, path):
			d.modules = append(d.modules, path)
		}
	}
	d.taken = true
	return nil
}

func (d *dependencies) String() string {
	if len(d.modules) > 0 {
		return strings.Join(d.modules, ",")
	}
	if d.taken {
		return "true"
	}
	return ""
}

// Type says that the flag may stand without a value.
func (d *dependencies) Type() string { return "bool" }
