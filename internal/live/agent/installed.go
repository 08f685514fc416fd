package agent

import (
	"cmp"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/gosplice/gosplice/internal/wire/control"
	"github.com/gosplice/gosplice/internal/wire/files"
	"github.com/gosplice/gosplice/internal/wire/patch"
)

// installedPatch is a patch in the patch directory that was made for this build.
type installedPatch struct {
	name, path string
	sealed     *patch.Sealed // of which the head alone is read
}

// seenFile is what came of reading a file of the patch directory: its head, or why it has none.
type seenFile struct {
	info   fs.FileInfo
	sealed *patch.Sealed
	err    error
}

// still reports a file that is as it was when it was read: another one, or one that was written to, has another time, size or
// inode.
func (s *seenFile) still(info fs.FileInfo) bool {
	return s != nil && os.SameFile(s.info, info) && s.info.Size() == info.Size() && s.info.ModTime().Equal(info.ModTime())
}

// otherFile is a file in the patch directory that is not for this build, with the reason.
type otherFile struct {
	name string
	why  error
}

// notAcceptedError is about a patch for this build with a signature that the program does not accept.
type notAcceptedError struct{ error }

// installed reads the patch directory: the newest patch for this build that the program accepts, or nil, and the other
// files. A directory that is not there has none. Whoever can write there decides what the program runs, so that has to
// be its own user or root.
func (a *patcher) installed(dir string, rules policy) (newest *installedPatch, others []otherFile, err error) {
	info, err := os.Lstat(dir)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil, nil
	}
	if err != nil {
		return nil, nil, fmt.Errorf("patch directory: %w", err)
	}
	if !info.IsDir() {
		return nil, nil, fmt.Errorf("the patch directory %s is no directory: name the directory itself, not a link to it", dir)
	}
	if err := onlyOurs(dir, info); err != nil {
		return nil, nil, err
	}
	if err := files.Exchangeable(filepath.Dir(dir)); err != nil {
		return nil, nil, fmt.Errorf("patch directory %s: %w", dir, err)
	}
	entries, err := os.ReadDir(dir)
	if err != nil {
		return nil, nil, fmt.Errorf("patch directory: %w", err)
	}
	var fitting []*installedPatch
	for _, e := range entries {
		if filepath.Ext(e.Name()) != control.PatchSuffix || strings.HasPrefix(e.Name(), ".") {
			continue
		}
		p, err := a.readInstalled(filepath.Join(dir, e.Name()), rules)
		if err != nil {
			others = append(others, otherFile{e.Name(), err})
			continue
		}
		fitting = append(fitting, p)
	}
	if len(fitting) == 0 {
		return nil, others, nil
	}
	// Times of making are in RFC 3339 and UTC, so they sort as text.
	return slices.MaxFunc(fitting, func(x, y *installedPatch) int {
		return cmp.Or(cmp.Compare(x.sealed.Head.Made, y.sealed.Head.Made), cmp.Compare(x.name, y.name))
	}), others, nil
}

// onlyOurs reports a file that others than this user and root can write.
func onlyOurs(path string, info fs.FileInfo) error {
	owner, known := files.Owner(info)
	switch {
	case !known || owner != os.Geteuid() && owner != 0:
		return fmt.Errorf("%s belongs to user %d, who could have any code run here: chown it to user %d or root", path, owner, os.Geteuid())
	case info.Mode().Perm()&0o022 != 0:
		return fmt.Errorf("%s can be written by others (mode %v), who could have any code run here: chmod go-w %[1]s", path, info.Mode().Perm())
	}
	return nil
}

func (a *patcher) readInstalled(path string, rules policy) (*installedPatch, error) {
	// Neither a link nor a pipe: opening the one leads elsewhere, opening the other may wait for ever.
	info, err := os.Lstat(path)
	if err != nil {
		return nil, err
	}
	if !info.Mode().IsRegular() {
		return nil, errors.New("it is no regular file")
	}
	if err := onlyOurs(path, info); err != nil {
		return nil, err
	}
	sealed, err := a.headOf(path, info)
	if err != nil {
		return nil, err
	}
	if err := a.program.fits(sealed.Head.Release()); err != nil {
		return nil, err
	}
	if err := rules.accepts(sealed.Signer); err != nil {
		return nil, &notAcceptedError{err}
	}
	return &installedPatch{filepath.Base(path), path, sealed}, nil
}

// headOf reads the head of a patch file, or remembers it: whoever asks the program who it is asks for that too.
func (a *patcher) headOf(path string, info fs.FileInfo) (*patch.Sealed, error) {
	a.seen.Lock()
	defer a.seen.Unlock()
	if s := a.seen.files[path]; s.still(info) {
		return s.sealed, s.err
	}
	file, err := readFile(path)
	if err != nil {
		return nil, err
	}
	s := &seenFile{info: info}
	if s.sealed, s.err = patch.Open(file); s.err == nil {
		s.sealed = s.sealed.WithoutContent()
	}
	if a.seen.files == nil || len(a.seen.files) > mostSeen {
		a.seen.files = map[string]*seenFile{}
	}
	a.seen.files[path] = s
	return s.sealed, s.err
}

// mostSeen is how many files are remembered.
const mostSeen = 1000

func readFile(path string) ([]byte, error) {
	f, _, err := files.OpenRegular(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	return io.ReadAll(io.LimitReader(f, patch.MaxFile+1))
}

// restore applies the newest patch in the patch directory that was made for this build. The others are
// named in the log. It is an error if there is a patch for this build and it can't be applied.
func (s *server) restore() error {
	if s.patchDir == "" {
		return nil
	}
	newest, others, err := s.patcher.installed(s.patchDir, s.rules)
	if err != nil {
		return fmt.Errorf("no installed patch was applied: %w", err)
	}
	var notAccepted error
	for _, o := range others {
		if e := (*notAcceptedError)(nil); errors.As(o.why, &e) {
			notAccepted = fmt.Errorf("the installed patch %s was not applied, and the program runs without it: %w", filepath.Join(s.patchDir, o.name), o.why)
		}
		s.log().Info("gosplice: installed patch ignored", "file", filepath.Join(s.patchDir, o.name), "reason", o.why.Error())
	}
	if newest == nil {
		return notAccepted
	}
	file, err := readFile(newest.path)
	if err != nil {
		return fmt.Errorf("no installed patch was applied: %w", err)
	}
	who := peer{uid: os.Geteuid(), pid: os.Getpid()}
	resp := s.change(&control.Request{Verb: control.VerbApply, Patch: file}, who, func(entry *control.Entry) (*control.Switched, error) {
		return s.patcher.apply(file, who, nil, control.SwitchOptions{}, s.rules, entry)
	})
	if resp.Code != control.Done {
		return fmt.Errorf("the installed patch %s was not applied, and the program runs without it: %s", filepath.Join(s.patchDir, newest.name), resp.Message)
	}
	return nil
}

// afterRestart is the version that the program would have if it were started again now.
func (s *server) afterRestart() string {
	if s.patchDir == "" {
		return patch.ReleaseVersion
	}
	newest, _, err := s.patcher.installed(s.patchDir, s.rules)
	if err != nil || newest == nil {
		return patch.ReleaseVersion
	}
	return newest.sealed.Label()
}

// status says what is applied.
func (s *server) status() *control.Status {
	status := s.patcher.status(s.started, s.rules)
	s.describe(&status.Hello)
	return status
}

// describe adds to a greeting what the server knows beyond the patcher.
func (s *server) describe(h *control.Hello) *control.Hello {
	h.PatchDir = s.patchDir
	if s.rules.signedBack {
		h.Challenge = s.patcher.currentChallenge()
	}
	h.AfterRestart = s.afterRestart()
	return h
}
