package main

import (
	"slices"
	"testing"

	"github.com/spf13/pflag"
)

func TestDependenciesFlag(t *testing.T) {
	for _, c := range []struct {
		args    []string
		taken   bool
		modules []string
		wrong   bool
	}{
		{args: nil},
		{args: []string{"--with-deps"}, taken: true},
		{args: []string{"--with-deps=false"}},
		{args: []string{"--with-deps=example.com/a,example.com/b", "--with-deps=example.com/a"}, taken: true, modules: []string{"example.com/a", "example.com/b"}},
		{args: []string{"--with-deps=example.com/a@v1.0.0"}, wrong: true},
		{args: []string{"--with-deps=example.com/a,,example.com/b"}, wrong: true},
		{args: []string{"--with-deps="}, wrong: true},
	} {
		var d dependencies
		flags := pflag.NewFlagSet("plan", pflag.ContinueOnError)
		d.addTo(flags, "the release")
		err := flags.Parse(c.args)
		if (err != nil) != c.wrong {
			t.Errorf("%q: error %v", c.args, err)
		}
		if !c.wrong && (d.taken != c.taken || !slices.Equal(d.modules, c.modules)) {
			t.Errorf("%q: %+v", c.args, d)
		}
	}
}
