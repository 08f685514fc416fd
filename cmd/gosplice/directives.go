package main

import (
	"strings"

	"github.com/spf13/pflag"

	"github.com/gosplice/gosplice/cmd/internal/build/edit"
)

// directives are those that are given on the command line, for variables of code that can't be edited.
type directives []edit.Directive

// addTo adds the flags.
func (d *directives) addTo(flags *pflag.FlagSet) {
	flags.Var(&directiveFlag{d, "reset", "VAR"}, "reset", "give this variable its initial value: example.com/dep.name")
	flags.Var(&directiveFlag{d, "renamed", "OLD=NEW"}, "renamed", "this variable has a new name: example.com/dep.old=new")
	flags.Var(&directiveFlag{d, "fresh", "VAR"}, "fresh", "this new variable is none of the release renamed: example.com/dep.name")
}

// directiveFlag is the flag of one verb; it may be given several times.
type directiveFlag struct {
	list *directives
	verb string
	kind string
}

// Set adds directives; several are separated by commas.
func (f *directiveFlag) Set(text string) error {
	for one := range strings.SplitSeq(text, ",") {
		d, err := edit.ParseDirective(f.verb, one)
		if err != nil {
			return err
		}
		*f.list = append(*f.list, d)
	}
	return nil
}

func (f *directiveFlag) String() string { return "" }

// Type is what the help calls a value.
func (f *directiveFlag) Type() string { return f.kind }
