package gotool

import (
	"maps"
	"testing"
)

func TestLinkerValues(t *testing.T) {
	for flags, want := range map[string]map[string]string{
		"": {},
		"-s -w -X main.version=1.2 -X=m/lib.At=here": {"main.version": "1.2", "m/lib.At": "here"},
		`-X 'main.text=two words' "--X=main.q=a'b"`:  {"main.text": "two words", "main.q": "a'b"},
		"all=-X main.x=1=2 -X main.x=3":              {"main.x": "3"},
		"-X main.nothing -extldflags -X":             {},
	} {
		b := &Build{Flags: []string{"-ldflags=-X main.other=1", "-race", "-ldflags=" + flags}}
		if got := b.LinkerValues(); !maps.Equal(got, want) {
			t.Errorf("%s: %v, want %v", flags, got, want)
		}
	}
}
