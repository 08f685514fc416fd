package patch

import "testing"

func TestShown(t *testing.T) {
	for text, want := range map[string]string{
		"github.com/nats-io/nats%2ego.(*Conn).Publish": "github.com/nats-io/nats.go.(*Conn).Publish",
		"gopkg.in/yaml%2ev3.Marshal and yaml%2ev3.f":   "gopkg.in/yaml.v3.Marshal and yaml.v3.f",
		"example.com/caf%c3%a9.f":                      "example.com/café.f",
		"a%25b.f":                                      "a%b.f",
		"85 % apply, 100%, 5%2x, %2e":                  "85 % apply, 100%, 5%2x, %2e",
		"%":                                            "%",
		"main.f":                                       "main.f",
		"main.pass[go.shape.int]":                      "main.pass[...]",
		"a.(*l[go.shape.[]int,go.shape.[4]uint8]).f.1": "a.(*l[...]).f.1",
		"a.f[go.shape.int] and a.g[go.shape.[]string]": "a.f[...] and a.g[...]",
		"main.pass[go.shape.struct { a [":              "main.pass[go.shape.struct { a [",
		"b[main.key] of map[string]int":                "b[main.key] of map[string]int",
	} {
		if got := Shown(text); got != want {
			t.Errorf("Shown(%q) = %q, want %q", text, got, want)
		}
	}
}
