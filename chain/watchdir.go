package chain

import (
	"context"
	"errors"
	"io/fs"
	"log"
	"os"
	"path/filepath"
	"slices"
	"time"

	"github.com/gosplice/gosplice/internal/live/chains"
)

// WatchOptions are for [Chain.WatchDir]. The zero value is the usual behaviour.
type WatchOptions struct {
	// Interval is the time between two looks at the directory; 0 is one second. A file counts once
	// it has been the same in two of them.
	Interval time.Duration
	// Report is told of each load and of each file that was refused; nil writes a line with
	// package log.
	Report func(WatchEvent)
}

// WatchEvent is one file that was tried.
type WatchEvent struct {
	Chain, File string
	// From and To are versions, unless Err says why nothing was switched.
	From, To string
	Err      error
}

// WatchDir looks for plugins of this chain in a directory until the context ends, and loads the newest
// one when it comes after the current version. It is for deployments that only copy files. Every build is tried once:
// what was rolled back stays rolled back, and what was refused is tried again when the file
// changes. The error is that of the context, or says that the directory can't be read at the start.
func (c *Chain[T]) WatchDir(ctx context.Context, dir string, o WatchOptions) error {
	if _, err := os.ReadDir(dir); err != nil {
		return err
	}
	if o.Interval <= 0 {
		o.Interval = time.Second
	}
	w := &dirWatch{core: c.core, dir: dir, report: o.Report, seen: make(map[string]seenFile)}
	tick := time.NewTicker(o.Interval)
	defer tick.Stop()
	for {
		w.look()
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-tick.C:
		}
	}
}

type dirWatch struct {
	core   *core
	dir    string
	report func(WatchEvent)
	seen   map[string]seenFile // by name
	lost   bool                // the directory could not be read at the last look
	last   string              // the file that was read last
	rest   time.Time           // until which none is read
}

// Who owns a file lets it look new as often as he likes, and each time it is read as a whole: so a look reads some files, and
// after that none are read for far longer than that took.
const restTimes = 20

// mostAtOnce is how many bytes a look reads, in one file at least. It is a variable for tests.
var mostAtOnce int64 = 1 << 29

// seenFile is how a file looked the last time.
type seenFile struct {
	size     int64
	modified time.Time
	identity any // of the file and of whose it is
	tried    bool
	putOff   int // how often another change was under way
}

// look loads the newest file that has not been tried and does not change any more.
func (w *dirWatch) look() {
	entries, err := os.ReadDir(w.dir)
	if err != nil {
		if !w.lost {
			w.tell(WatchEvent{File: w.dir, Err: err})
		}
		w.lost = true
		return
	}
	w.lost = false
	present := make(map[string]seenFile)
	var ready []string
	for _, e := range entries {
		info, err := e.Info()
		if err != nil || filepath.Ext(e.Name()) != ".so" || !followed(w.dir, e, &info) {
			continue
		}
		now := seenFile{size: info.Size(), modified: info.ModTime(), identity: identity(info)}
		before, known := w.seen[e.Name()]
		now.tried, now.putOff = before.tried, before.putOff
		if !known || before != now {
			now.tried, now.putOff = false, 0
		} else if !now.tried {
			ready = append(ready, e.Name())
		}
		present[e.Name()] = now
	}
	w.seen = present
	began := time.Now()
	if len(ready) == 0 || began.Before(w.rest) {
		return
	}
	current := w.core.now()
	w.loadNewest(w.readSome(ready))
	if w.core.now() == current {
		w.rest = time.Now().Add(restTimes * time.Since(began))
	}
}

// readSome reads files, in turn from one look to the next.
func (w *dirWatch) readSome(ready []string) []candidate {
	slices.Sort(ready)
	next, found := slices.BinarySearch(ready, w.last)
	if found {
		next++
	}
	var fresh []candidate
	size := int64(0)
	for _, name := range slices.Concat(ready[next:], ready[:next]) {
		now := w.seen[name]
		if size += now.size; size > mostAtOnce && size > now.size {
			break
		}
		now.tried, w.last = true, name
		w.seen[name] = now
		if f, ok := w.read(name); ok {
			fresh = append(fresh, f)
		}
	}
	return fresh
}

// followed makes info that of the file that a symbolic link leads to, and says whether it is a file.
func followed(dir string, e fs.DirEntry, info *fs.FileInfo) bool {
	if e.Type()&fs.ModeSymlink != 0 {
		target, err := os.Stat(filepath.Join(dir, e.Name()))
		if err != nil {
			return false
		}
		*info = target
	}
	return (*info).Mode().IsRegular()
}

// candidate is a file that could be loaded.
type candidate struct{ path, version string }

// read says what is in a file. Plugins of other chains are not meant.
func (w *dirWatch) read(name string) (candidate, bool) {
	path := filepath.Join(w.dir, name)
	file, err := chains.ReadFile(path)
	var p chains.Plugin
	if err == nil {
		p, err = w.core.read(file)
	}
	if err != nil {
		w.tell(WatchEvent{File: path, Err: err})
		return candidate{}, false
	}
	info := p.About()
	return candidate{path, info.Version}, info.Chain == w.core.name && w.core.withID(info.ID) == nil
}

// loadNewest loads the newest of some files if it comes after the current version.
func (w *dirWatch) loadNewest(fresh []candidate) {
	slices.SortStableFunc(fresh, func(a, b candidate) int { return chains.CompareVersions(b.version, a.version) })
	for i, f := range fresh {
		now := w.core.now()
		if now != nil && chains.CompareVersions(f.version, now.version) <= 0 {
			return
		}
		_, s, err := w.core.loadFile(f.path)
		if isBusy(err) {
			w.putOff(fresh[i:], err)
			return
		}
		w.tell(WatchEvent{File: f.path, From: s.From, To: s.To, Err: err})
		if err == nil {
			return
		}
	}
}

func isBusy(err error) bool {
	var known *Error
	return errors.As(err, &known) && known.Reason == ReasonBusy
}

// putOff leaves files for the next look, because another change is under way. It is told when that lasts.
func (w *dirWatch) putOff(files []candidate, why error) {
	for i, f := range files {
		name := filepath.Base(f.path)
		again := w.seen[name]
		again.tried = false
		again.putOff++
		w.seen[name] = again
		if i == 0 && again.putOff == 2 {
			w.tell(WatchEvent{File: f.path, Err: why})
		}
	}
}

func (w *dirWatch) tell(e WatchEvent) {
	e.Chain = w.core.name
	switch {
	case w.report != nil:
		w.report(e)
	case e.Err != nil:
		log.Printf("gosplice: %s not loaded: %v", e.File, e.Err)
	default:
		log.Printf("gosplice: %s loaded: chain %s went from %s to %s", e.File, e.Chain, orNothing(e.From), e.To)
	}
}
