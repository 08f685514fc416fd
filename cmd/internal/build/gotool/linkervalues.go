package gotool

import "strings"

// LinkerValues are the values that -ldflags=-X gives to string variables, by symbol path and name, such as
// "main.version".
func (b *Build) LinkerValues() map[string]string {
	var flags string
	for _, f := range b.Flags {
		if value, ok := strings.CutPrefix(f, "-ldflags="); ok {
			_, flags = splitCompilerFlags(value) // the last one counts
		}
	}
	out := map[string]string{}
	args := quotedFields(flags)
	for i := 0; i < len(args); i++ {
		arg := strings.TrimPrefix(strings.TrimPrefix(args[i], "-"), "-")
		switch {
		case arg == args[i]:
			continue
		case arg == "X" && i+1 < len(args):
			i++
			arg = args[i]
		case strings.HasPrefix(arg, "X="):
			arg = arg[len("X="):]
		default:
			continue
		}
		if name, value, ok := strings.Cut(arg, "="); ok {
			out[name] = value
		}
	}
	return out
}

// quotedFields splits flags as the go command does: at spaces, with quotes around a field that holds some.
func quotedFields(s string) []string {
	var out []string
	for {
		s = strings.TrimLeft(s, " \t\n\r")
		if s == "" {
			return out
		}
		var field string
		if s[0] == '\'' || s[0] == '"' {
			field, s, _ = strings.Cut(s[1:], s[:1])
		} else if i := strings.IndexAny(s, " \t\n\r"); i >= 0 {
			field, s = s[:i], s[i:]
		} else {
			field, s = s, ""
		}
		out = append(out, field)
	}
}
