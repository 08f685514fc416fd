package edit

import (
	"go/token"
	"go/types"
	"testing"
)

func TestNewLayout(t *testing.T) {
	pkg := types.NewPackage("example.com/app", "main")
	named := func(name string, under types.Type) *types.Named {
		return types.NewNamed(types.NewTypeName(token.NoPos, pkg, name, nil), under, nil)
	}
	build := func(field types.Type) *Edit {
		inner := named("inner", types.NewStruct([]*types.Var{types.NewField(token.NoPos, pkg, "a", field, false)}, nil))
		row := named("row", types.NewStruct([]*types.Var{types.NewField(token.NoPos, pkg, "p", types.NewPointer(inner), false)}, nil))
		return &Edit{newTypes: newTypes{"main.inner": inner, "main.row": row}}
	}
	a, b := build(types.Typ[types.Int]), build(types.Typ[types.Uintptr])
	for _, text := range []string{"24 *main.row> string", "8 map[string]main.row", "type:chan main.row", "0 ...main.row", "8 func(main.row)", "8 main.inner"} {
		if a.NewLayout(text) == "" || a.NewLayout(text) != build(types.Typ[types.Int]).NewLayout(text) {
			t.Errorf("%s: the layout is not known", text)
		}
		if a.NewLayout(text) == b.NewLayout(text) {
			t.Errorf("%s: another layout behind a pointer is not seen", text)
		}
	}
	for _, text := range []string{"", "8 int", "8 *main.rows", "8 other/main.row"} {
		if got := a.NewLayout(text); got != "" {
			t.Errorf("%s has layout %s", text, got)
		}
	}
}
