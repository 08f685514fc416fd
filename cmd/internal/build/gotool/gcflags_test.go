package gotool

import (
	"slices"
	"testing"
)

func TestAnalysing(t *testing.T) {
	patterns := []string{"m/...", "net/http"}
	for name, c := range map[string]struct{ own, want []string }{
		"none":                     {nil, []string{"m/...=" + escapeFlags, "net/http=" + escapeFlags}},
		"for what is named":        {[]string{"-N -l"}, []string{"m/...=" + escapeFlags, "net/http=" + escapeFlags, "-N -l " + escapeFlags}},
		"none for what is named":   {[]string{""}, []string{"m/...=" + escapeFlags, "net/http=" + escapeFlags, escapeFlags}},
		"for all":                  {[]string{" all=-N -l"}, []string{"m/...=" + escapeFlags, "net/http=" + escapeFlags, "all=-N -l", "m/...=-N -l " + escapeFlags, "net/http=-N -l " + escapeFlags}},
		"for some, then for all":   {[]string{"m/a=-l", "all=-B"}, []string{"m/...=" + escapeFlags, "net/http=" + escapeFlags, "m/a=-l " + escapeFlags, "all=-B", "m/...=-B " + escapeFlags, "net/http=-B " + escapeFlags}},
		"for all, then for others": {[]string{"all=-B", "m/a/...=-d=checkptr"}, []string{"m/...=" + escapeFlags, "net/http=" + escapeFlags, "all=-B", "m/...=-B " + escapeFlags, "net/http=-B " + escapeFlags, "m/a/...=-d=checkptr " + escapeFlags}},
	} {
		if got := analysing(c.own, patterns); !slices.Equal(got, c.want) {
			t.Errorf("%s: %q, want %q", name, got, c.want)
		}
	}
}
