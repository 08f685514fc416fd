package edit

import (
	"bytes"
	"crypto/sha256"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"regexp"
	"slices"
	"strings"

	"github.com/gosplice/gosplice/cmd/internal/build/gotool"
)

// Recount is an edited package that counts what runs, with the counters of the release. Builds with -cover number the
// functions of a package: one more makes all that follow differ. Here what is as in the release has the number that it
// has there, and the rest has counters that the release does not have.
func Recount(old, edited *gotool.Covered, prefix string) (*gotool.Covered, error) {
	c := counters{
		any:   regexp.MustCompile(`counter_\d+|` + prefix + `_\d+\b`),
		index: regexp.MustCompile(prefix + `_(\d+)\b`),
		id:    regexp.MustCompile(prefix + `_(\d+)\[2\]( = |, )\d+\b`),
		decl:  regexp.MustCompile(`(?m)^var ` + prefix + `_(\d+) .*$`),
		names: map[string]string{},
	}
	had := map[string][][]string{}
	for _, f := range old.Files {
		if err := c.declarations(f, func(text string, numbers []string) { had[text] = append(had[text], numbers) }); err != nil {
			return nil, err
		}
	}
	taken := map[string]bool{}
	for _, f := range edited.Files {
		if err := c.declarations(f, func(text string, numbers []string) {
			same := had[text]
			if len(same) > 0 {
				had[text] = same[1:]
			}
			for i, n := range numbers {
				if len(same) > 0 {
					c.names[n] = same[0][i]
					continue
				}
				c.names[n] = fresh(text, i, taken)
			}
		}); err != nil {
			return nil, err
		}
	}
	out := &gotool.Covered{Config: old.Config}
	for _, f := range edited.Files {
		text := c.id.ReplaceAllFunc(f.Content, func(b []byte) []byte {
			m := c.id.FindSubmatch(b)
			if to := c.names[string(m[1])]; !strings.HasPrefix(to, freshPrefix) {
				return fmt.Appendf(nil, "%s_%s[2]%s%s", prefix, m[1], m[2], to)
			}
			return b
		})
		out.Files = append(out.Files, gotool.SourceText{Path: f.Path, Content: c.rename(prefix, text)})
	}
	vars, err := c.vars(prefix, old.Vars, edited.Vars)
	out.Vars = vars
	return out, err
}

// freshPrefix begins what stands for the number of counters that the release does not have.
const freshPrefix = "x"

// fresh names a counter after what it counts: the same in the next patch is the same variable.
func fresh(text string, i int, taken map[string]bool) string {
	for twice := 0; ; twice++ {
		name := fmt.Sprintf("%s%x", freshPrefix, sha256.Sum256(fmt.Appendf(nil, "%s\x00%d\x00%d", text, i, twice)))[:17]
		if !taken[name] {
			taken[name] = true
			return name
		}
	}
}

type counters struct {
	// index is a counter, id the number of a function in it, any a counter also where id was; decl declares one.
	index, id, any, decl *regexp.Regexp
	names                map[string]string // number in the edit: number in the release, or a fresh name
}

// declarations yields the declarations of a file: their text with the counters in order in the place of their numbers, and
// these numbers.
func (c *counters) declarations(f gotool.SourceText, yield func(text string, numbers []string)) error {
	fset := token.NewFileSet()
	parsed, err := parser.ParseFile(fset, f.Path, f.Content, parser.SkipObjectResolution)
	if err != nil {
		return err
	}
	base := fset.File(parsed.FileStart)
	for _, d := range parsed.Decls {
		if g, ok := d.(*ast.GenDecl); ok && g.Tok != token.VAR {
			continue
		}
		var numbers []string
		text := f.Content[base.Offset(d.Pos()):base.Offset(d.End())]
		text = c.id.ReplaceAll(text, []byte("counter_$1"))
		text = c.any.ReplaceAllFunc(text, func(b []byte) []byte {
			n := string(b[bytes.LastIndexByte(b, '_')+1:])
			if !slices.Contains(numbers, n) {
				numbers = append(numbers, n)
			}
			return fmt.Appendf(nil, "counter_%d", slices.Index(numbers, n))
		})
		if len(numbers) > 0 {
			yield(string(text), numbers)
		}
	}
	return nil
}

// rename gives the counters in a text their names.
func (c *counters) rename(prefix string, text []byte) []byte {
	return c.index.ReplaceAllFunc(text, func(b []byte) []byte {
		return []byte(prefix + "_" + c.names[string(b[len(prefix)+1:])])
	})
}

// vars declares the counters of the edit, and else what the release declares.
func (c *counters) vars(prefix string, old, edited []byte) ([]byte, error) {
	var b bytes.Buffer
	for _, m := range c.decl.FindAllSubmatch(edited, -1) {
		if c.names[string(m[1])] == "" {
			return nil, fmt.Errorf("go tool cover: counter %s counts nothing that was found", m[1])
		}
		b.Write(c.rename(prefix, m[0]))
		b.WriteByte('\n')
	}
	rest := c.decl.ReplaceAll(old, nil)
	i := bytes.Index(rest, []byte("\nvar "))
	if i < 0 {
		return nil, fmt.Errorf("go tool cover: no variables in %q", rest)
	}
	b.Write(rest[i:])
	return b.Bytes(), nil
}
