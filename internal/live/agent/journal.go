package agent

import (
	"context"
	"log/slog"
	"maps"
	"os"
	"slices"
	"sync"

	"github.com/gosplice/gosplice/internal/wire/control"
)

// journalSize is the number of entries that are kept of either kind; older ones are forgotten.
const journalSize = 1000

// journal is what was asked of the agent and what came of it. It is safe for concurrent use.
type journal struct {
	mu sync.Mutex
	// Whoever may connect can be refused as often as he likes; what was done stays in the journal all the same.
	refusals, changes ring
	count             map[RequestKind]int
	last              int
}

// ring keeps the last entries.
type ring struct {
	entries []numbered
	oldest  int // index of the oldest entry once it is full
}

// numbered is an entry with its place among all.
type numbered struct {
	number int
	control.Entry
}

func (r *ring) add(e numbered) {
	if len(r.entries) < journalSize {
		r.entries = append(r.entries, e)
		return
	}
	r.entries[r.oldest] = e
	r.oldest = (r.oldest + 1) % journalSize
}

// RequestKind is what was asked, and how it ended.
type RequestKind struct {
	Verb control.Verb
	Code control.Code
}

func (j *journal) add(e control.Entry) {
	j.mu.Lock()
	defer j.mu.Unlock()
	if j.count == nil {
		j.count = map[RequestKind]int{}
	}
	j.count[RequestKind{e.Verb, e.Code}]++
	j.last++
	if e.Code == control.Done || e.Code == control.Failed {
		j.changes.add(numbered{j.last, e})
	} else {
		j.refusals.add(numbered{j.last, e})
	}
}

// list returns the entries, oldest first.
func (j *journal) list() []control.Entry {
	j.mu.Lock()
	defer j.mu.Unlock()
	all := slices.Concat(j.refusals.entries, j.changes.entries)
	slices.SortFunc(all, func(a, b numbered) int { return a.number - b.number })
	var list []control.Entry
	for _, e := range all {
		list = append(list, e.Entry)
	}
	return list
}

// counted is the number of entries of each kind, those that were forgotten included.
func (j *journal) counted() map[RequestKind]int {
	j.mu.Lock()
	defer j.mu.Unlock()
	return maps.Clone(j.count)
}

// LogLevel names the environment variable that keeps requests which were done out of the program's log when it is
// "warn". They are in the journal all the same.
const LogLevel = "GOSPLICE_LOG"

// logEntry writes e to the program's log.
func logEntry(logger *slog.Logger, e control.Entry) {
	level := slog.LevelInfo
	switch {
	case e.Code != control.Done:
		level = slog.LevelWarn
	case os.Getenv(LogLevel) == "warn":
		return
	}
	of := slog.Attr{}
	if e.Chain != "" {
		of = slog.String("chain", e.Chain)
	}
	logger.LogAttrs(context.Background(), level, "gosplice: "+string(e.Verb)+" "+string(e.Code),
		of, // nothing for patches
		slog.String("version", e.Version),
		slog.String("patch", e.ID),
		slog.String("signer", e.Signer),
		slog.String("reason", e.Reason),
		slog.String("message", e.Message),
		slog.Int("uid", e.UID),
		slog.Int("pid", e.PID),
		slog.Duration("pause", e.Pause),
		slog.Duration("took", e.Took),
	)
}
