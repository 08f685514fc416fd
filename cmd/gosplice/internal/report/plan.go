package report

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"strings"

	"github.com/gosplice/gosplice/cmd/internal/build/pipeline"
	"github.com/gosplice/gosplice/internal/wire/patch"
)

// Plan is a plan as people read it: the release, every change with its verdict, and the sum.
func Plan(p *pipeline.Plan, s Style, width int) string {
	program := Printable(p.Program)
	lines := join([]string{
		program,
		Printable(platform(p.Release)),
		"release " + ShortRelease(p.Release.BuildID),
		fmt.Sprintf("verified: %s, %s of machine code match", Plural(p.Functions, "function"), Bytes(p.TextBytes)),
	}, columnGap, width)
	// Painted after it was laid out, for colours have no width.
	lines[0] = s.Bold(program) + lines[0][len(program):]
	lines = append(lines, "")
	if len(p.Changes) > 0 {
		lines = append(append(lines, groupLines(byModule(p), s, width)...), "")
	}
	if held := heldBack(p); held != "" {
		lines = append(lines, wrapWhole(Printable(held), width)...)
	}
	lines = append(lines, wrapWhole(sum(p), width)...)
	return strings.Join(lines, "\n") + "\n"
}

// platform is the Go release and the platform of a release: go1.26.8 linux/amd64.
func platform(r patch.Release) string {
	return fmt.Sprintf("%s %s/%s", r.GoVersion, r.GOOS, r.GOARCH)
}

// ShortRelease names a build by seven digits, as version control does. A Go build ID is too
// long for people, and one with letters of both cases is bad to read out.
func ShortRelease(buildID string) string {
	hash := sha256.Sum256([]byte(buildID))
	return hex.EncodeToString(hash[:])[:7]
}

// sum is the last line of a plan.
func sum(p *pipeline.Plan) string {
	count := make(map[kind]int)
	for _, c := range p.Changes {
		count[kindOf(c)]++
	}
	bad, warnings := count[refused], count[warned]
	switch {
	case p.Refused:
		return fmt.Sprintf("%s refused: no patch can be made of this edit.", changeCount(bad, len(p.Changes))) + Printable(inTheWay(p))
	case p.Empty && warnings > 0:
		return "No code that runs again changed: there is nothing to patch. The lines above say what to do instead."
	case p.Empty && len(p.Changes) > 0:
		return "Nothing that the program runs changed: there is nothing to patch."
	case p.Empty:
		return "No code changed: there is nothing to patch."
	case warnings > 0:
		return fmt.Sprintf("%s, %s: the edit can be applied.", Plural(len(p.Changes), "change"), Plural(warnings, "warning"))
	}
	return fmt.Sprintf("%s: the edit can be applied.", Plural(len(p.Changes), "change"))
}

func changeCount(n, of int) string {
	if n == of {
		return Plural(n, "change")
	}
	return fmt.Sprintf("%s of %s", Count(n), Plural(of, "change"))
}
