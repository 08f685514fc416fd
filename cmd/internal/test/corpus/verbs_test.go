package corpus

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/gosplice/gosplice/cmd/internal/build/edit"
	"github.com/gosplice/gosplice/cmd/internal/build/pipeline"
	"github.com/gosplice/gosplice/cmd/internal/test/testprogram"
	"github.com/gosplice/gosplice/internal/wire/control"
)

// The commands that only some scenarios need.
func (r *run) rareVerbs() map[string]func(string) error {
	return map[string]func(string) error{
		"says": r.says, "earlier": r.earlier, "nopatch": r.noPatch, "quiesce": r.quiesce, "inside": r.whoInside, "stay": r.stay, "limited": r.limited, "norollback": r.noRollback, "begin": r.begin, "end": r.end,
		"warns": r.warns, "process": r.process, "dependencies": r.allowDependencies, "directives": r.setDirectives, "norecord": r.noRecord, "stdlib": r.stdlib, "installed": r.installed, "loaded": r.loaded,
		"forget": r.forget, "damage": r.damage,
	}
}

// says looks for a text in the last plan.
func (r *run) says(text string) error {
	if r.plan == nil {
		return errors.New("there is no plan")
	}
	if all := changes(r.plan.Changes); !strings.Contains(all, text) {
		return fmt.Errorf("the plan says:\n%s", all)
	}
	return nil
}

// noPatch checks that a plan which is refused or empty makes no patch.
func (r *run) noPatch(string) error {
	_, err := r.plan.Patch(context.Background(), "")
	if !errors.Is(err, pipeline.ErrRefused) && !errors.Is(err, pipeline.ErrEmpty) {
		return fmt.Errorf("got error %v", err)
	}
	return nil
}

// quiesce applies the patch when no goroutine is inside a function that it replaces.
func (r *run) quiesce(rest string) error {
	wait, want, _ := strings.Cut(rest, " ")
	d, err := time.ParseDuration(wait)
	if err != nil {
		return err
	}
	return r.applyWith(control.SwitchOptions{Quiesce: d}, want)
}

// limited applies the patch with a limit on the time of each hook and initialiser.
func (r *run) limited(rest string) error {
	limit, want, _ := strings.Cut(rest, " ")
	d, err := time.ParseDuration(limit)
	if err != nil {
		return err
	}
	return r.applyWith(control.SwitchOptions{InitTimeout: d}, want)
}

// noRollback checks that a rollback is refused.
func (r *run) noRollback(rest string) error {
	to, text, _ := strings.Cut(rest, " ")
	err := r.rollback(to)
	if err == nil || !strings.Contains(err.Error(), text) {
		return fmt.Errorf("got error %v", err)
	}
	return nil
}

// applyWith applies the patch; want is a verdict and a text, or empty.
func (r *run) applyWith(o control.SwitchOptions, want string) error {
	if r.patch == nil && r.plan != nil && r.plan == r.appliedPlan {
		r.patch = r.applied // another one would be made at another time, and so be another patch
	}
	if r.patch == nil {
		if err := r.makePatch(""); err != nil {
			return err
		}
	}
	c, err := r.client()
	if err != nil {
		return r.alive(err)
	}
	defer c.Close()
	done, err := c.Apply(context.Background(), r.patch, o)
	r.inside, r.warnings = nil, nil
	if done != nil {
		r.warnings = done.Warnings
	}
	if e := (*control.Error)(nil); errors.As(err, &e) {
		r.inside = e.Inside
	}
	return r.outcome(err, want)
}

// earlier takes a patch file that was made before.
func (r *run) earlier(version string) error {
	if r.patch = r.made[version]; r.patch == nil {
		return fmt.Errorf("no patch of version %q was made", version)
	}
	return nil
}

// warns looks for a text in the warnings of the last apply or rollback, or for there being none.
func (r *run) warns(text string) error {
	all := strings.Join(r.warnings, "\n")
	if text == "nothing" && all != "" || text != "nothing" && !strings.Contains(all, text) {
		return fmt.Errorf("the warnings are %q", all)
	}
	return nil
}

// whoInside looks for a text in the list of goroutines because of which the last apply was given up.
func (r *run) whoInside(text string) error {
	var b strings.Builder
	for _, o := range r.inside {
		if len(o.IDs) != min(o.Goroutines, 16) || slices.Contains(o.IDs, 0) {
			return fmt.Errorf("%d goroutines in %s have the numbers %v", o.Goroutines, o.Function, o.IDs)
		}
		at := ""
		for _, f := range o.Stack {
			if f.Name == o.Function {
				at = fmt.Sprintf("%s:%d", filepath.Base(f.File), f.Line)
				break
			}
		}
		fmt.Fprintf(&b, "%d in %s %s", o.Goroutines, o.Function, at)
		if o.Endless {
			b.WriteString(" never")
		}
		b.WriteByte('\n')
	}
	if !strings.Contains(b.String(), text) {
		return fmt.Errorf("there are:\n%s", &b)
	}
	return nil
}

// stay counts the goroutines that can't leave old code.
func (r *run) stay(want string) error {
	s, err := r.status()
	if err != nil {
		return r.alive(err)
	}
	n := 0
	for _, o := range s.OldCode {
		if o.Endless {
			n += o.Goroutines
		}
	}
	if fmt.Sprint(n) != want {
		return fmt.Errorf("status says %+v", s.OldCode)
	}
	return nil
}

// outcome compares the end of an apply with a verdict and a text of its message.
func (r *run) outcome(err error, want string) error {
	if want == "" {
		r.applied, r.appliedPlan, r.patch = r.patch, r.plan, nil
		return r.alive(err)
	}
	verdict, text, _ := strings.Cut(want, " ")
	var e *control.Error
	if !errors.As(err, &e) {
		return fmt.Errorf("got error %v", r.alive(err))
	}
	if string(e.Code) != verdict || !strings.Contains(e.Reason+" "+e.Message+e.Detail, text) {
		return fmt.Errorf("%s: %s: %s", e.Code, e.Reason, e.Message)
	}
	return nil
}

// begin applies the patch and does not wait for the end; the plan and the patch stay.
func (r *run) begin(string) error {
	if r.patch == nil {
		if err := r.makePatch(""); err != nil {
			return err
		}
	}
	c, err := r.client()
	if err != nil {
		return err
	}
	r.begun = make(chan error, 1)
	file := r.patch
	go func() {
		defer c.Close()
		_, err := c.Apply(context.Background(), file, control.SwitchOptions{})
		r.begun <- err
	}()
	for range 500 {
		s, err := r.status()
		if err != nil {
			return r.alive(err)
		}
		if s.InProgress != "" {
			return nil
		}
		time.Sleep(10 * time.Millisecond)
	}
	return errors.New("status never said that it is in progress")
}

// end waits for the apply that was begun.
func (r *run) end(want string) error {
	select {
	case err := <-r.begun:
		return r.outcome(err, want)
	case <-time.After(answerWithin):
		return errors.New("it does not end")
	}
}

// compile builds an edited tree with flags, in a directory of its own.
func (r *run) compile(rest string) (b built, err error) {
	edit, flags, _ := strings.Cut(rest, " ")
	tmp := r.t.TempDir()
	b = built{dir: filepath.Join(tmp, "src"), binary: filepath.Join(tmp, "other")}
	if err := lay(r.s, b.dir, edit); err != nil {
		return b, err
	}
	cmd := exec.Command("go", append(append([]string{"build", "-o", b.binary}, strings.Fields(flags)...), ".")...)
	cmd.Dir, cmd.Env = b.dir, testprogram.Environ()
	if out, err := cmd.CombinedOutput(); err != nil {
		return b, fmt.Errorf("go build: %v\n%s", err, out)
	}
	return b, nil
}

// allowDependencies lets the plans that follow take along dependencies that moved: all, or those that are named.
func (r *run) allowDependencies(rest string) error {
	r.dependencies, r.modules = true, strings.Fields(rest)
	return nil
}

// setDirectives gives the plans that follow directives that stand in no source, as the flags of gosplice plan, or none.
func (r *run) setDirectives(rest string) error {
	r.directives = nil
	words := strings.Fields(rest)
	if len(words)%2 != 0 {
		return errors.New("directives wants flags, each with its value")
	}
	for i := 0; i < len(words); i += 2 {
		d, err := edit.ParseDirective(strings.TrimPrefix(words[i], "--"), words[i+1])
		if err != nil {
			return err
		}
		r.directives = append(r.directives, d)
	}
	return nil
}

// process starts the program of another tree, or of other flags, in the place of the one that runs.
func (r *run) process(rest string) error {
	b, err := r.b, error(nil)
	if rest != "" {
		b, err = r.compile(rest)
	}
	if err != nil {
		return err
	}
	sockets, err := os.MkdirTemp("", "gs")
	if err != nil {
		return err
	}
	r.t.Cleanup(func() { os.RemoveAll(sockets) })
	r.p = startProcess(r.t, b.binary, sockets)
	return nil
}

// noRecord builds an edited tree with flags and checks that gosplice makes no record of it.
func (r *run) noRecord(rest string) error {
	how, text, _ := strings.Cut(rest, " = ")
	b, err := r.compile(how)
	if err != nil {
		return err
	}
	_, err = pipeline.MakeRecord(context.Background(), pipeline.RecordOptions{Binary: b.binary, Dir: b.dir})
	if err == nil || !strings.Contains(err.Error(), text) {
		return fmt.Errorf("got error %v", err)
	}
	return nil
}

// installed ends the test when this Go was downloaded into the module cache.
func (r *run) installed(string) error {
	if strings.Contains(testprogram.GOROOT(r.t), "golang.org/toolchain@") {
		r.t.Skip("the go command takes no overlay over a standard library that lies in the module cache, as this toolchain's does")
	}
	return nil
}

// stdlib plans with a file of the standard library edited.
func (r *run) stdlib(rest string) error {
	name, change, _ := strings.Cut(rest, " ")
	from, to, _ := strings.Cut(change, " => ")
	to = strings.ReplaceAll(to, `\n`, "\n")
	if err := r.installed(""); err != nil {
		return err
	}
	file := filepath.Join(testprogram.GOROOT(r.t), "src", name)
	b, err := os.ReadFile(file)
	if err != nil {
		return err
	}
	if !strings.Contains(string(b), from) {
		return fmt.Errorf("%s has no %q", file, from)
	}
	dir := r.t.TempDir()
	edited, overlay := filepath.Join(dir, filepath.Base(name)), filepath.Join(dir, "overlay.json")
	if err := os.WriteFile(edited, []byte(strings.Replace(string(b), from, to, 1)), 0o666); err != nil {
		return err
	}
	list, err := json.Marshal(map[string]map[string]string{"Replace": {file: edited}})
	if err != nil {
		return err
	}
	if err := os.WriteFile(overlay, list, 0o666); err != nil {
		return err
	}
	r.overlay = overlay
	return nil
}

// loaded counts the patches in memory, of which the runtime knows.
func (r *run) loaded(rest string) error {
	s, err := r.status()
	if err != nil {
		return r.alive(err)
	}
	images := 0
	for _, p := range s.Patches {
		images += p.Images
	}
	if got := fmt.Sprintf("%d in %d", len(s.Patches), images); got != rest && fmt.Sprint(len(s.Patches)) != rest || s.Memory == 0 {
		return fmt.Errorf("%s images, %d bytes: %+v", got, s.Memory, s.Patches)
	}
	return nil
}
