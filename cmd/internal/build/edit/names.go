package edit

import (
	"strings"

	"github.com/gosplice/gosplice/cmd/internal/build/goobj"
)

// Class says what kind of function a symbol is.
type Class int

// Classes of functions.
const (
	Plain       Class = iota
	Closure           // a function literal
	RangeBody         // the body of a range-over-func loop
	GoWrapper         // made for a go or defer statement
	PackageInit       // the package's init with all initialisers
	UserInit          // an init function of the source
	MapInit           // an outlined map initialiser
	ABIWrapper        // between assembly and Go
	Generated         // type equality and hash functions, method wrappers and the like
)

// splitName takes a symbol name of a package apart: the declaration that it belongs to, as in
// Source.Funcs, and the closure path within it, such as ".func1.2" or ".mk.func1".
func splitName(prefix, name string) (decl, path string) {
	name = goobj.WithoutCopy(name)
	rest, ok := strings.CutPrefix(name, prefix+".")
	if !ok {
		return "", ""
	}
	rest = withoutTypeArgs(rest)
	// A method on a pointer is "(*T).M"; dots before the closing parenthesis belong to it.
	start := 0
	if strings.HasPrefix(rest, "(") {
		start = strings.IndexByte(rest, ')') + 2
	}
	if start > len(rest) {
		return rest, ""
	}
	end := len(rest)
	for i := start; i < len(rest); i++ {
		if rest[i] == '.' || rest[i] == '-' {
			end = i
			break
		}
	}
	decl, path = rest[:end], rest[end:]
	// "T.M": the second part is a method unless it is numbered as a closure.
	if start == 0 && path != "" && path[0] == '.' {
		next := path[1:]
		if i := strings.IndexAny(next, ".-"); i >= 0 {
			next = next[:i]
		}
		if !numberedPart(next) {
			decl, path = decl+"."+next, path[1+len(next):]
		}
	}
	return decl, path
}

// numberedPart reports "func1", "gowrap2", "deferwrap1" or "3".
func numberedPart(s string) bool {
	for _, p := range []string{"func", "gowrap", "deferwrap", ""} {
		if n, ok := strings.CutPrefix(s, p); ok && n != "" && strings.Trim(n, "0123456789") == "" {
			return true
		}
	}
	return false
}

// withoutTypeArgs removes bracketed type arguments.
func withoutTypeArgs(s string) string {
	if !strings.Contains(s, "[") {
		return s
	}
	var b strings.Builder
	depth := 0
	for i := range len(s) {
		switch s[i] {
		case '[':
			depth++
		case ']':
			depth--
		default:
			if depth == 0 {
				b.WriteByte(s[i])
			}
		}
	}
	return b.String()
}

// classify tells what kind of function a symbol is.
func classify(prefix string, n goobj.Name, flag2 uint8) Class {
	rest, inPackage := strings.CutPrefix(n.Name, prefix+".")
	decl, path := splitName(prefix, n.Name)
	last := path
	original := goobj.WithoutCopy(n.Name)
	copied := original != n.Name
	if copied {
		last = original // it may have been inlined into another package
	}
	if i := strings.LastIndexAny(last, ".-"); i >= 0 {
		last = last[i:]
	}
	switch {
	case flag2&goobj.Flag2ABIWrapper != 0:
		return ABIWrapper
	case flag2&goobj.Flag2PkgInit != 0 || rest == "init":
		return PackageInit
	case strings.HasPrefix(rest, "map.init."):
		return MapInit
	case strings.HasPrefix(n.Name, "type:") || strings.HasSuffix(n.Name, "-fm") || !inPackage && !copied:
		return Generated
	case decl == "init" && strings.Trim(path, ".0123456789") == "":
		return UserInit
	case strings.HasPrefix(last, ".gowrap") || strings.HasPrefix(last, ".deferwrap"):
		return GoWrapper
	case strings.HasPrefix(last, "-range"):
		return RangeBody
	case copied || path != "" && (strings.HasPrefix(last, ".func") || strings.Trim(last, ".0123456789") == ""):
		return Closure
	}
	return Plain
}

// declName is the source declaration of a symbol. An init function's number is part of it; varInit
// stands for the initialisers of variables.
func declName(prefix, name string) (decl, path string) {
	decl, path = splitName(prefix, name)
	if decl != "init" || !strings.HasPrefix(path, ".") {
		return decl, path
	}
	n := path[1:]
	if i := strings.IndexByte(n, '.'); i >= 0 {
		n = n[:i]
	}
	if strings.Trim(n, "0123456789") != "" {
		return varInit, path
	}
	return "init." + n, path[1+len(n):]
}

// declOf is declName for a package of the edit, whose source tells the method "T.M" from a function
// "T" that M was inlined into.
func (e *Edit) declOf(importPath, name string) (decl, path string) {
	if decl := e.pushedDecl(importPath, name); decl != "" {
		return decl, ""
	}
	decl, path = declName(goobj.PackagePrefix(e.symbolPath(importPath)), name)
	src, ok := e.Sources[importPath]
	if !ok || decl == "" || src.declares(decl) {
		return decl, path
	}
	outer, callee, ok := strings.Cut(decl, ".")
	if ok && src.declares(outer) {
		return outer, "." + callee + path
	}
	return decl, path
}

// declares reports a declaration of either version.
func (p Pair) declares(decl string) bool {
	return decl == varInit || p.New != nil && p.New.Funcs[decl] != nil || p.Old != nil && p.Old.Funcs[decl] != nil
}
