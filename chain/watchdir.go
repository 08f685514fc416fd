package chain

import (
	"context"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"slices"
	"time"

	"github.com/gosplice/gosplice/internal/chainfile"
	"github.com/gosplice/gosplice/internal/chains"
)

// WatchOptions are for [Chain.WatchDir]. The zero value is the usual behaviour.
type WatchOptions struct {
	// Interval is the time between two looks at the directory; 0 is one second. A file counts once
	// it has been the same in two of them.
	Interval time.Duration
	// Logger gets a record of each load and of each file that was refused; nil is [slog.Default]
	// at that time.
	Logger *slog.Logger
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
	w := &dirWatch{core: c.core, dir: dir, logger: o.Logger, seen: make(map[string]seenFile)}
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
	logger *slog.Logger
	seen   map[string]seenFile // by name
	lost   bool                // the directory could not be read at the last look
}

// seenFile is how a file looked the last time.
type seenFile struct {
	size     int64
	modified time.Time
	inode    any
	tried    bool
}

// look loads the newest file that has not been tried and does not change any more.
func (w *dirWatch) look() {
	entries, err := os.ReadDir(w.dir)
	if err != nil {
		if !w.lost {
			w.log().Warn("gosplice: directory of plugins can't be read", "chain", w.core.name, "dir", w.dir, "error", err)
		}
		w.lost = true
		return
	}
	w.lost = false
	present := make(map[string]seenFile)
	var fresh []candidate
	for _, e := range entries {
		info, err := e.Info()
		if err != nil || filepath.Ext(e.Name()) != ".so" || !followed(w.dir, e, &info) {
			continue
		}
		now := seenFile{size: info.Size(), modified: info.ModTime(), inode: inode(info)}
		before, known := w.seen[e.Name()]
		now.tried = before.tried
		if !known || before != now {
			now.tried = false
		} else if !now.tried {
			now.tried = true
			if f, ok := w.read(e.Name()); ok {
				fresh = append(fresh, f)
			}
		}
		present[e.Name()] = now
	}
	w.seen = present
	w.loadNewest(fresh)
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
	file, err := os.Open(path)
	if err != nil {
		w.refused(path, err)
		return candidate{}, false
	}
	defer file.Close()
	info, err := file.Stat()
	if err != nil {
		w.refused(path, err)
		return candidate{}, false
	}
	f, err := chainfile.Read(file, info.Size())
	if err != nil {
		w.refused(path, err)
		return candidate{}, false
	}
	return candidate{path, f.Version}, f.Chain == w.core.name && w.core.withID(f.ID) == nil
}

// loadNewest loads the newest of some files if it comes after the current version.
func (w *dirWatch) loadNewest(fresh []candidate) {
	slices.SortStableFunc(fresh, func(a, b candidate) int { return chainfile.CompareVersions(b.version, a.version) })
	for _, f := range fresh {
		now := w.core.now()
		if now != nil && chainfile.CompareVersions(f.version, now.version) <= 0 {
			return
		}
		if w.load(f.path) {
			return
		}
	}
}

func (w *dirWatch) load(path string) bool {
	start := time.Now()
	file, err := readPlugin(path)
	if err != nil {
		w.refused(path, err)
		return false
	}
	s, err := w.core.apply(file, path, chains.ApplyOptions{})
	if err != nil {
		w.refused(path, err)
		return false
	}
	w.log().Info("gosplice: loaded", "chain", w.core.name, "from", s.From, "to", s.To, "file", path, "took", time.Since(start))
	return true
}

func (w *dirWatch) refused(path string, err error) {
	w.log().Warn("gosplice: not loaded", "chain", w.core.name, "file", path, "error", err)
}

func (w *dirWatch) log() *slog.Logger {
	if w.logger != nil {
		return w.logger
	}
	return slog.Default()
}
