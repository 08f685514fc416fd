package main

import (
	"slices"
	"testing"

	"github.com/spf13/pflag"

	"github.com/gosplice/gosplice/cmd/internal/build/edit"
)

func TestDirectiveFlags(t *testing.T) {
	var d directives
	flags := pflag.NewFlagSet("plan", pflag.ContinueOnError)
	d.addTo(flags)
	args := []string{"--reset", "gopkg.in/yaml.v3.table", "--renamed=example.com/dep.count=hits,main.a=main.b", "--fresh", "main.cache", "--reset=example.com/dep.x"}
	if err := flags.Parse(args); err != nil {
		t.Fatal(err)
	}
	want := directives{
		{Verb: "reset", Package: "gopkg.in/yaml.v3", Name: "table"},
		{Verb: "renamed", Package: "example.com/dep", Old: "count", Name: "hits"},
		{Verb: "renamed", Package: "main", Old: "a", Name: "b"},
		{Verb: "fresh", Package: "main", Name: "cache"},
		{Verb: "reset", Package: "example.com/dep", Name: "x"},
	}
	if !slices.Equal(d, want) {
		t.Errorf("got %+v", d)
	}
	for _, c := range []struct{ verb, text string }{
		{"reset", "count"}, {"reset", "example.com/dep"}, {"reset", "example.com/dep.a=b"}, {"reset", ""}, {"reset", ".x"}, {"fresh", "dep.9"},
		{"renamed", "example.com/dep.count"}, {"renamed", "example.com/dep.count="}, {"renamed", "dep.a=a"}, {"renamed", "dep.a=other.b"},
	} {
		if d, err := edit.ParseDirective(c.verb, c.text); err == nil {
			t.Errorf("--%s %s is taken as %+v", c.verb, c.text, d)
		}
	}
}
