package gotool

import (
	"context"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

func TestFromCommand(t *testing.T) {
	tests := []struct {
		args     string
		dir, out string
		flags    []string
		packages []string
	}{
		{args: "", dir: "here", packages: []string{"."}},
		{args: "./cmd/app", dir: "here", packages: []string{"./cmd/app"}},
		{args: "-o out -tags a,b ./cmd/app", dir: "here", out: "out", flags: []string{"-tags=a,b"}, packages: []string{"./cmd/app"}},
		{args: "-C sub --o=out -trimpath -v .", dir: "here/sub", out: "out", flags: []string{"-trimpath", "-v"}, packages: []string{"."}},
		{args: "-C /abs -trimpath=false", dir: "/abs", flags: []string{"-trimpath=false"}, packages: []string{"."}},
		{args: "-gcflags=all=-N main.go other.go", dir: "here", flags: []string{"-gcflags=all=-N"}, packages: []string{"main.go", "other.go"}},
		{args: "-buildvcs -- -odd", dir: "here", flags: []string{"-buildvcs"}, packages: []string{"-odd"}},
	}
	for _, test := range tests {
		c, err := FromCommand("here", strings.Fields(test.args))
		if err != nil {
			t.Errorf("%q: %v", test.args, err)
			continue
		}
		if c.Dir != test.dir || c.Out != test.out || !slices.Equal(c.Flags, test.flags) || !slices.Equal(c.Packages, test.packages) {
			t.Errorf("%q: %+v", test.args, c)
		}
	}
}

func TestFromCommandRefuses(t *testing.T) {
	for _, args := range []string{"-nosuch", "-o", "-nosuch=1 ."} {
		if c, err := FromCommand("", strings.Fields(args)); err == nil {
			t.Errorf("%q: no error, but %+v", args, c)
		}
	}
}

func TestCompile(t *testing.T) {
	dir := writeFiles(t, plainModule)
	c, err := FromCommand(dir, []string{"-tags=extra", "-o=" + t.TempDir()})
	if err != nil {
		t.Fatal(err)
	}
	b := c.Build()
	out, err := b.Output(context.Background(), c.Out)
	if err != nil {
		t.Fatal(err)
	}
	if filepath.Base(out) != "app" {
		t.Errorf("output is %s", out)
	}
	if err := b.Compile(context.Background(), out, nil, nil); err != nil {
		t.Fatal(err)
	}
	text, err := exec.Command(out).CombinedOutput()
	if err != nil || string(text) != "hello tagged\n" {
		t.Errorf("the program says %q, %v", text, err)
	}
}

func TestOutput(t *testing.T) {
	module := writeFiles(t, map[string]string{
		"go.mod":     "module example.com/tool/v2\n\ngo 1.25\n",
		"main.go":    "package main\n\nfunc main() {}\n",
		"x/one.go":   "package main\n\nfunc main() {}\n",
		"lib/lib.go": "package lib\n",
	})
	for _, test := range []struct{ pkg, o, want string }{
		{".", "", "tool"},
		{".", "name", "name"},
		{".", "lib", "lib/tool"},
		{".", "new/", "new/tool"},
		{"./x", "", "x"},
		{"x/one.go", "", "one"},
	} {
		b := &Build{Dir: module, Packages: []string{test.pkg}}
		out, err := b.Output(context.Background(), test.o)
		if err != nil || out != filepath.Join(module, test.want) {
			t.Errorf("build -o=%s %s writes %s, %v, want %s", test.o, test.pkg, out, err, test.want)
		}
	}
	if _, err := (&Build{Dir: module, Packages: []string{"./lib"}}).Output(context.Background(), ""); err == nil {
		t.Error("no error for a library")
	}
}
