package gotool

import "strings"

// analysing are values of -gcflags that have the compiler print its escape analysis of the packages which match
// patterns, after own, those of the build. The last value that matches a package counts, so own is said once more,
// in its order, with what prints.
func analysing(own, patterns []string) []string {
	var out []string
	add := func(pattern, flags string) {
		if pattern != "" {
			pattern += "="
		}
		out = append(out, pattern+strings.TrimSpace(flags))
	}
	each := func(flags string) {
		for _, p := range patterns {
			add(p, flags+" "+escapeFlags)
		}
	}
	each("")
	for _, v := range own {
		pattern, flags := splitCompilerFlags(v)
		if pattern != "all" {
			// The analysis of packages that nobody asked for does no harm.
			add(pattern, flags+" "+escapeFlags)
			continue
		}
		add(pattern, flags)
		each(flags)
	}
	return out
}

// splitCompilerFlags splits a value of -gcflags as the go command does: without a pattern it is for the packages that
// the command names.
func splitCompilerFlags(value string) (pattern, flags string) {
	value = strings.TrimSpace(value)
	if strings.HasPrefix(value, "-") {
		return "", value
	}
	pattern, flags, _ = strings.Cut(value, "=")
	return strings.TrimSpace(pattern), flags
}
