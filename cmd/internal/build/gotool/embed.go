package gotool

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// embedScript stands before the tools of a build. The go command tells the compiler in a file where embedded files
// are: those of one directory are taken from another.
const embedScript = `#!/bin/sh
before=
for argument in "$@"; do
	if [ "$before" = -embedcfg ]; then
		sed -i 's|/%[1]s/%[2]s/|/%[1]s/%[3]s/|g' "$argument" || exit 1
	fi
	before=$argument
done
exec "$@"
`

// EmbedFrom is the build with embedded files taken from one directory in dir, where the go command would take them from
// another one there. The base name of dir has to be nobody else's. The go command's cache does not tell such a build from
// another: what one of them has compiled the other one takes.
func (b *Build) EmbedFrom(dir, instead, from string) (*Build, error) {
	script := filepath.Join(dir, "embed.sh")
	text := fmt.Sprintf(embedScript, filepath.Base(dir), instead, from)
	if err := os.WriteFile(script, []byte(text), 0o600); err != nil {
		return nil, err
	}
	other := *b
	other.Flags = append(slices.Clone(b.Flags), "-toolexec=sh "+quoteFlag(script))
	return &other, nil
}

// quoteFlag quotes a word as the go command takes flags apart.
func quoteFlag(s string) string {
	if strings.Contains(s, "'") {
		return `"` + s + `"`
	}
	return "'" + s + "'"
}
