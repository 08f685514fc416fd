package goobj

import (
	"embed"
	"fmt"
	"strconv"
	"strings"
)

// The runtime symbols that objects refer to by number, one file for each Go release: the names
// and ABIs of cmd/internal/goobj/builtinlist.go, one a line, the ABI being the last character.
//
//go:embed builtins/*.txt
var builtinFiles embed.FS

// BuiltinNames are the builtin symbols of a release such as "go1.26".
func BuiltinNames(release string) ([]Name, error) {
	b, err := builtinFiles.ReadFile("builtins/" + release + ".txt")
	if err != nil {
		return nil, fmt.Errorf("objects of %s are not known to this gosplice", release)
	}
	var names []Name
	for line := range strings.Lines(string(b)) {
		line = strings.TrimSpace(line)
		name, abi := line[:max(0, len(line)-2)], line[max(0, len(line)-1):]
		n, err := strconv.Atoi(abi)
		if err != nil {
			return nil, fmt.Errorf("builtin list of %s: %q: %w", release, line, err)
		}
		names = append(names, Name{name, uint16(n)})
	}
	return names, nil
}
