package gotool

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// What builds leave in a program and gosplice build notes is taken from a file.
func TestCheckDataTakesBuilds(t *testing.T) {
	for _, f := range []string{
		"-trimpath=true", "-race", "-tags=a,b", "-pgo=off", "-pgo=/src/default.pgo", "-buildmode=pie", "-cover=true", "-covermode=atomic", "-coverpkg=./...,example.com/x",
		"-mod=mod", "-modfile=other.mod", "-overlay=/tmp/overlay.json", "-asmflags=-D=X=1 -S",
		"-gcflags=all=-N -l", "-gcflags=-m=2 -d=checkptr=1,ssa/check/on", "-gcflags=example.com/x=-lang go1.20 '-trimpath=/a b=>'", "-gcflags=-c=1 -dwarf=false -B",
		"-ldflags=-s -w -X main.version=1.2 -X 'main.text=a b' -X=main.flag=-toolexec=x -buildid= -B gobuildid", "-ldflags=-linkmode=external -extldflags '-static -Wl,-z,relro,-z,now'",
	} {
		if err := (&Build{Flags: []string{f}}).CheckData(); err != nil {
			t.Errorf("%s: %v", f, err)
		}
	}
	for _, v := range []string{
		"GOOS=linux", "GOARCH=arm64", "GOAMD64=v3", "GOARM64=v8.0,lse", "GOEXPERIMENT=synctest,nospinbitmutex", "GOFIPS140=v1.0.0-c2097c7c", "CGO_ENABLED=1", "CGO_CFLAGS=", "CGO_CFLAGS=-O2 -g",
		"CGO_CPPFLAGS=-Wp,-D_FORTIFY_SOURCE=2 -I /usr/include/x", "CGO_LDFLAGS=-O2 -g -L/opt/lib -lfoo -Wl,-z,relro -Wl,-rpath,/opt/lib -Wl,--as-needed",
		"CGO_CFLAGS=-g -O2 -ffile-prefix-map=/build=. -flto=auto -ffat-lto-objects -fstack-protector-strong -fstack-clash-protection -Wformat -Werror=format-security -fcf-protection -mno-omit-leaf-frame-pointer",
	} {
		if err := (&Build{Env: []string{v}}).CheckData(); err != nil {
			t.Errorf("%s: %v", v, err)
		}
	}
}

// Words that run commands, or write or read files elsewhere, are refused by name.
func TestCheckDataRefuses(t *testing.T) {
	for _, c := range []struct{ flag, says string }{
		{"-toolexec=/tmp/x", `"-toolexec"`}, {"--toolexec=/tmp/x", `"--toolexec"`}, {"-exec=x", `"-exec"`}, {"-o=/etc/x", `"-o"`}, {"-C=/x", `"-C"`}, {"-vettool=x", `"-vettool"`},
		{"-gccgoflags=-fplugin=x", `"-gccgoflags"`}, {"-compiler=gccgo", `"gccgo"`}, {"-buildmode=plugin", `"plugin"`}, {"-pkgdir=/x", `"-pkgdir"`}, {"-debug-trace=/x", `"-debug-trace"`}, {"-work", `"-work"`},
		{"-buildvcs=true", "-buildvcs"}, {"-buildvcs=auto", "-buildvcs"}, {"-buildvcs", "-buildvcs"},
		{"./x", `"./x"`}, {"-tags", `"true"`}, {"-tags=a\nb", `"a\nb"`},
		{"-gcflags=-cpuprofile=/x", "-cpuprofile"}, {"-gcflags=all=-l -json=0,file:///x", "-json"}, {"-gcflags=-N --linkobj=/x", "linkobj"}, {"-gcflags=-d=dumpinlfuncprops=/x", "dump"},
		{"-gcflags=-d checkptr,ssa/all/dump=f", "dump"}, {"-gcflags=-importcfg=/x", "-importcfg"}, {"-gcflags=@/x", "@/x"}, {"-gcflags=-N @/x", "@/x"}, {"-gcflags=all=-env=A=B", "-env"}, {"-gcflags=-o /x", "-o"},
		{"-asmflags=-o=/x", "-o"}, {"-ldflags=-extld=/x", "-extld"}, {"-ldflags=-s -extar /x", "-extar"}, {"-ldflags=-extldflags=-fplugin=/x", "-fplugin"}, {"-ldflags=-extldflags '-static -B/x'", "-B/x"},
		{"-ldflags=-tmpdir=/x", "-tmpdir"}, {"-ldflags=-X a=b -o /x", "-o"}, {"-ldflags=-cpuprofile=/x", "-cpuprofile"},
		{"-modfile=/tmp/" + givenDir + "1/go.mod", "-modfile"},
	} {
		err := (&Build{Flags: []string{"-trimpath=true", c.flag}}).CheckData()
		if c.flag == "-tags" {
			// It stands for -tags=true: the next word is not its value.
			err = (&Build{Flags: []string{c.flag, "-toolexec=/x"}}).CheckData()
			c.says = `"-toolexec"`
		}
		if err == nil || !strings.Contains(err.Error(), c.says) || strings.Contains(err.Error(), "\n") {
			t.Errorf("%s: error %v", c.flag, err)
		}
	}
	for _, c := range []struct{ variable, says string }{
		{"GOFLAGS=-toolexec=/x", "GOFLAGS"}, {"CC=/x", "CC"}, {"CXX=/x", "CXX"}, {"PKG_CONFIG=/x", "PKG_CONFIG"}, {"GOROOT=/x", "GOROOT"}, {"GOTOOLCHAIN=/x", "GOTOOLCHAIN"}, {"PATH=/x", "PATH"},
		{"GOPROXY=file:///x", "GOPROXY"}, {"GONOSUMDB=*", "GONOSUMDB"}, {"GOENV=/x", "GOENV"}, {"GOCACHEPROG=/x", "GOCACHEPROG"}, {"GOAUTH=/x", "GOAUTH"}, {"GOCACHE=/x", "GOCACHE"}, {"LD_PRELOAD=/x", "LD_PRELOAD"},
		{"GOVCS=*:all", "GOVCS"}, {"CGO_CFLAGS_ALLOW=.*", "CGO_CFLAGS_ALLOW"}, {"AR=/x", "AR"}, {"FC=/x", "FC"}, {"GOWORK=/x", "GOWORK"}, {"GO111MODULE=off", "GO111MODULE"}, {"GODEBUG=x=1", "GODEBUG"},
		{"GOOS=../x", "GOOS"}, {"GOFIPS140=../x", "GOFIPS140"},
		{"CGO_CFLAGS=-O2 -fplugin=/x", "-fplugin"}, {"CGO_CFLAGS=-specs=/x", "-specs"}, {"CGO_CFLAGS=-wrapper /x", "-wrapper"}, {"CGO_CFLAGS=-B/x", "-B"}, {"CGO_CFLAGS=@/x", "@/x"}, {"CGO_CFLAGS=-I @/x", "-I"},
		{"CGO_CPPFLAGS=-I@/x", "-I@"}, {"CGO_CXXFLAGS=-o /x", "-o"}, {"CGO_CFLAGS=-Wa,-ax=/x", "-Wa"}, {"CGO_CFLAGS=-MD -MF/x", "-MD"}, {"CGO_CFLAGS=/x.o", "/x.o"},
		{"CGO_LDFLAGS=-Wl,-plugin,/x", "-plugin"}, {"CGO_LDFLAGS=-Wl,-rpath,/a,-plugin,/x", "-rpath"}, {"CGO_LDFLAGS=-fuse-ld=/x", "-fuse-ld"}, {"CGO_LDFLAGS=-T/x", "-T"},
	} {
		if err := (&Build{Env: []string{c.variable}}).CheckData(); err == nil || !strings.Contains(err.Error(), c.says) || strings.Contains(err.Error(), "\n") {
			t.Errorf("%s: error %v", c.variable, err)
		}
	}
	for _, b := range []*Build{
		{Packages: []string{"-toolexec=x"}}, {Dir: "/a\nb"}, {Main: "-x"}, {Flags: []string{"-modfile=a.mod", "-modfile=b.mod"}}, {Flags: []string{"-modfile=a.mod", "-mod=mod"}},
	} {
		if err := b.CheckData(); err == nil {
			t.Errorf("%+v is taken", b)
		}
	}
}

// What the user's own environment says of the C compiler, a file may say too.
func TestCheckDataTakesOwnCFlags(t *testing.T) {
	b := &Build{Env: []string{"CGO_CFLAGS=-O2 -specs=/usr/lib/hardened"}}
	if err := b.CheckData(); err == nil || !strings.Contains(err.Error(), "set CGO_CFLAGS to the same in the environment") {
		t.Errorf("error %v", err)
	}
	t.Setenv("CGO_CFLAGS", "-O2 -specs=/usr/lib/hardened")
	if err := b.CheckData(); err != nil {
		t.Error(err)
	}
}

// Without the check the go command runs what such a build names.
func TestUncheckedBuildRunsCommands(t *testing.T) {
	dir := writeFiles(t, plainModule)
	marker := filepath.Join(t.TempDir(), "marker")
	run := filepath.Join(t.TempDir(), "run")
	if err := os.WriteFile(run, []byte("#!/bin/sh\ntouch "+marker+"\nexec \"$@\"\n"), 0o755); err != nil {
		t.Fatal(err)
	}
	b := &Build{Dir: dir, Packages: []string{"."}, Flags: []string{"-toolexec=" + run}}
	if err := b.CheckData(); err == nil {
		t.Error("it is taken")
	}
	if _, err := b.List(t.Context(), ""); err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(marker); err != nil {
		t.Error("nothing was run: the test shows nothing")
	}
}

func TestCheckFile(t *testing.T) {
	for _, name := range []string{"main.go", "static/page.html", "/tmp/go-build/x.go"} {
		if err := CheckFile(name); err != nil {
			t.Error(err)
		}
	}
	for _, name := range []string{"", "..", "../x.go", "a/../../x.go", "a\nb.go", "/tmp/.."} {
		if err := CheckFile(name); err == nil {
			t.Errorf("%q is taken", name)
		}
	}
}
