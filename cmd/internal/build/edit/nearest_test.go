package edit

import "testing"

func TestNearest(t *testing.T) {
	names := []string{"example.com/dep.hits", "example.com/dep.count", "example.com/other.Total"}
	for name, want := range map[string]string{
		"example.com/dep.cuont":   "example.com/dep.count",
		"example.com/dep.hit":     "example.com/dep.hits",
		"example.com/other.total": "example.com/other.Total",
		"net/http.x":              "",
		"":                        "",
	} {
		if got := Nearest(name, names); got != want {
			t.Errorf("Nearest(%q) = %q, want %q", name, got, want)
		}
	}
}
