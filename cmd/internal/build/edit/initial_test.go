package edit

import (
	"go/ast"
	"go/importer"
	"go/token"
	"go/types"
	"strings"
	"testing"
)

// Whatever may change a variable, or what it leads to, makes it one that holds state. The names say what is right: those
// of state begin with s, those that init functions fill with f, and those that only their initialisers write with i.
func TestOnlyInitialised(t *testing.T) {
	const source = `package p

import (
	"encoding/base64"
	"errors"
	"fmt"
	"regexp"
	"strings"
	"sync"
)

var (
	iRegexp   = regexp.MustCompile("x+")
	sLongest  = regexp.MustCompile("x+")
	sPassed   = regexp.MustCompile("x+")
	sReplaced = regexp.MustCompile("x+")
	sSet      = regexp.MustCompile("x+")
	iError    = errors.New("no")
	iErrorf   = fmt.Errorf("no %d", 1)
	sErrorOf  = fmt.Errorf("no %v", iError)
	sError    error = &mine{}
	sErrorSet = errors.New("no")
	iPool     = sync.Pool{New: func() any { return new(int) }}
	sPool     = sync.Pool{}
	sPoolAt   = sync.Pool{}
	iReplacer = strings.NewReplacer("a", "b")
	iEncoding = base64.NewEncoding(letters)
	iTable    = map[string]int{"a": 1}
	iNested   = map[string][]string{"a": {"b"}}
	iSlice    = []string{"a"}
	iArray    = [3]int{1, 2, 3}
	iStruct   = point{1, 2}
	iText     = "text"
	iUnused   = 1
	sCache    = map[string]int{}
	sDelete   = map[string]int{"a": 1}
	sClear    = map[string]int{"a": 1}
	sAlias    = map[string]int{"a": 1}
	sReturned = []string{"a"}
	sElement  = []string{"a"}
	sInner    = map[string][]string{"a": {"b"}}
	sRanged   = [][]string{{"b"}}
	sSliced   = [3]int{}
	sAddress  = 1
	sCounter  = 0
	sAdded    = 0
	sAssigned = 0
	sRange    = 0
	sMulti    = 0
	sField    = point{}
	sMethod   = point{}
	sPointer  = &point{}
	sPointers = map[string]*point{"a": {}}
	sChannel  = make(chan int)
	sFunc     = counter()
	sMutex    sync.Mutex
	sAny      any = 1
	sClosure  = 0
	fTable    = map[string]int{}
)

const letters = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"

type mine struct{ n int }

func (m *mine) Error() string { m.n++; return "" }

type point struct{ x, y int }

func (p point) sum() int { return p.x }
func (p *point) move()   { p.x++ }

func counter() func() int { n := 0; return func() int { n++; return n } }

func init() { fTable["a"] = 1 }

func take(...any) {}

func use(k string) (int, error) {
	if iRegexp.MatchString(k) && iText[1:] == "x" {
		return iTable[k], iError
	}
	sLongest.Longest()
	take(sPassed)
	*sReplaced = *iRegexp2()
	sSet = nil
	err := iErrorf
	sErrorSet = err
	take(iError.Error(), sErrorOf)
	iPool.Put(iPool.Get())
	sPool.New = nil
	take(&sPoolAt)
	take(iReplacer.Replace(k), iEncoding.EncodeToString(nil), iText, iArray, iStruct)
	for k, v := range iTable {
		take(k, v, len(iSlice), iSlice[0], iNested[k][0], len(iNested))
	}
	for i := range iArray {
		take(iArray[i], iStruct.sum(), iStruct.x, point{iStruct.x, iArray[0]})
	}
	sCache[k] = 1
	delete(sDelete, k)
	clear(sClear)
	m := sAlias
	m["b"] = 2
	sElement[0] = "b"
	sInner["a"][0] = "c"
	for _, x := range sRanged {
		x[0] = "z"
	}
	take(sSliced[:])
	take(&sAddress)
	sCounter++
	sAdded += 2
	sAssigned = 3
	for sRange = range 3 {
	}
	sMulti, err = 1, nil
	sField.x = 1
	sMethod.move()
	sPointer.x = 1
	sPointers["a"].x = 2
	sChannel <- 1
	sFunc()
	sMutex.Lock()
	sAny = 2
	func() { sClosure = 1 }()
	return fTable[k], nil
}

func iRegexp2() *regexp.Regexp { return nil }

func returned() []string { return sReturned }
`
	src, err := parseSource("p", []file{{"p.go", []byte(source)}})
	if err != nil {
		t.Fatal(err)
	}
	info := &types.Info{
		Types: map[ast.Expr]types.TypeAndValue{}, Defs: map[*ast.Ident]types.Object{}, Uses: map[*ast.Ident]types.Object{},
		Selections: map[*ast.SelectorExpr]*types.Selection{},
	}
	conf := types.Config{Importer: importer.ForCompiler(token.NewFileSet(), "source", nil)}
	if _, err := conf.Check("p", src.Fset, src.Files, info); err != nil {
		t.Fatal(err)
	}
	for name, v := range src.Vars {
		u := uses{path: "p", name: name}
		u.look(info, src.Files)
		got := "s"
		switch {
		case u.filled && !u.written:
			got = "f"
		case !u.written && keepsNothing(info, v):
			got = "i"
		}
		if !strings.HasPrefix(name, got) {
			t.Errorf("%s is taken as %s", name, got)
		}
	}
}
