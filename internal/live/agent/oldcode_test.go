package agent

import (
	"reflect"
	"runtime"
	"slices"
	"strings"
	"testing"

	"github.com/gosplice/gosplice/internal/live/splice"
	"github.com/gosplice/gosplice/internal/wire/control"
)

type looping struct{ stacks chan []uintptr }

// loop is inlined into the function of its method value.
func (l *looping) loop() { l.stacks <- stackHere() }

//go:noinline
func stackHere() []uintptr {
	pcs := make([]uintptr, 64)
	return pcs[:runtime.Callers(1, pcs)]
}

// boundStack is the stack in which a method value is called, innermost frame first.
func boundStack(call func(stacks chan []uintptr)) []uintptr {
	stacks := make(chan []uintptr, 1)
	call(stacks)
	return <-stacks
}

//go:noinline
func callValue(f func()) { f() }

// functionOf is the compiled function that has a frame of a stack, up to there.
func functionOf(t *testing.T, stack []uintptr, suffix string) (at splice.Range, name string) {
	t.Helper()
	for _, pc := range stack {
		// FuncForPC tells of the function that is compiled if it is asked for an entry.
		if f := runtime.FuncForPC(runtime.FuncForPC(pc).Entry()); strings.HasSuffix(f.Name(), suffix) {
			return splice.Range{Lo: uint64(f.Entry()), Hi: uint64(pc) + 1}, f.Name()
		}
	}
	t.Fatalf("no frame is of %s", suffix)
	return at, ""
}

// A method value's function has its method inlined, or calls it: it is the method that runs, once for a goroutine.
func TestCountedMethodValues(t *testing.T) {
	stack := boundStack(func(stacks chan []uintptr) { callValue((&looping{stacks}).loop) })
	at, name := functionOf(t, stack, "looping).loop-fm")
	got := counted([]splice.Held{{Range: 0, Count: 1, IDs: []uint64{7}, Stack: stack}}, []oldBody{{at: at, name: name, version: "1"}})
	method := strings.TrimSuffix(name, "-fm")
	if len(got) != 1 || got[0].Function != method {
		t.Fatalf("a method value runs %+v", got)
	}
	if i := slices.IndexFunc(got[0].Stack, func(f control.Function) bool { return f.Name == method }); i < 0 || !strings.HasSuffix(got[0].Stack[i].File, "oldcode_test.go") {
		t.Errorf("no frame of the stack is in %s: %+v", method, got[0].Stack)
	}

	bodies := []oldBody{
		{at: splice.Range{Lo: 100, Hi: 200}, name: "main.(*pair[go.shape.int]).loop", version: "1"},
		{at: splice.Range{Lo: 300, Hi: 400}, name: "main.(*pair[int]).loop-fm", version: "1"},
		{at: splice.Range{Lo: 500, Hi: 600}, name: "main.(*pair[int]).loop-fm", version: "2"},
		{at: splice.Range{Lo: 700, Hi: 800}, name: "main.(*pair[int]).loop", version: "1"},
	}
	for _, c := range []struct {
		name string
		held []splice.Held
		want map[string]int
	}{
		{"the same goroutine", []splice.Held{{Range: 0, Count: 1, IDs: []uint64{7}}, {Range: 1, Count: 1, IDs: []uint64{7}}}, map[string]int{"main.(*pair[go.shape.int]).loop 1": 1}},
		{"in the other order", []splice.Held{{Range: 1, Count: 1, IDs: []uint64{7}}, {Range: 0, Count: 2, IDs: []uint64{8, 7}}}, map[string]int{"main.(*pair[go.shape.int]).loop 1": 2}},
		{"by way of the instance", []splice.Held{{Range: 1, Count: 1, IDs: []uint64{7}}, {Range: 0, Count: 1, IDs: []uint64{7}}, {Range: 3, Count: 1, IDs: []uint64{7}}}, map[string]int{"main.(*pair[go.shape.int]).loop 1": 1}},
		{"another one", []splice.Held{{Range: 0, Count: 1, IDs: []uint64{7}}, {Range: 1, Count: 2, IDs: []uint64{7, 8}}}, map[string]int{"main.(*pair[go.shape.int]).loop 1": 1, "main.(*pair[int]).loop 1": 1}},
		{"many, by one stack", []splice.Held{{Range: 0, Count: 20, IDs: []uint64{7}}, {Range: 1, Count: 20, IDs: []uint64{7}, Stack: []uintptr{150, 350}}}, map[string]int{"main.(*pair[go.shape.int]).loop 1": 20}},
		{"many that do not call it", []splice.Held{{Range: 0, Count: 1, IDs: []uint64{7}}, {Range: 1, Count: 20, IDs: []uint64{8}, Stack: []uintptr{350}}}, map[string]int{"main.(*pair[go.shape.int]).loop 1": 1, "main.(*pair[int]).loop 1": 20}},
		{"of another version", []splice.Held{{Range: 0, Count: 1, IDs: []uint64{7}}, {Range: 2, Count: 1, IDs: []uint64{7}}}, map[string]int{"main.(*pair[go.shape.int]).loop 1": 1, "main.(*pair[int]).loop 2": 1}},
	} {
		got := map[string]int{}
		for _, o := range counted(c.held, bodies) {
			got[o.Function+" "+o.Version] += o.Goroutines
		}
		if !reflect.DeepEqual(got, c.want) {
			t.Errorf("%s: %v, want %v", c.name, got, c.want)
		}
	}
}
