package gotool

import (
	"slices"
	"testing"
)

func TestAnalysing(t *testing.T) {
	patterns := []string{"m/...", "net/http"}
	for name, c := range map[string]struct{ own, want []string }{
		"none":                     {nil, []string{"m/...=-m", "net/http=-m"}},
		"for what is named":        {[]string{"-N -l"}, []string{"m/...=-m", "net/http=-m", "-N -l -m"}},
		"none for what is named":   {[]string{""}, []string{"m/...=-m", "net/http=-m", "-m"}},
		"for all":                  {[]string{" all=-N -l"}, []string{"m/...=-m", "net/http=-m", "all=-N -l", "m/...=-N -l -m", "net/http=-N -l -m"}},
		"for some, then for all":   {[]string{"m/a=-l", "all=-B"}, []string{"m/...=-m", "net/http=-m", "m/a=-l -m", "all=-B", "m/...=-B -m", "net/http=-B -m"}},
		"for all, then for others": {[]string{"all=-B", "m/a/...=-d=checkptr"}, []string{"m/...=-m", "net/http=-m", "all=-B", "m/...=-B -m", "net/http=-B -m", "m/a/...=-d=checkptr -m"}},
	} {
		if got := analysing(c.own, patterns); !slices.Equal(got, c.want) {
			t.Errorf("%s: %q, want %q", name, got, c.want)
		}
	}
}
