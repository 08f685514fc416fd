package agent

import (
	"context"
	"log/slog"
	"maps"
	"os"
	"slices"
	"sync"

	"github.com/gosplice/gosplice/internal/control"
)

// journalSize is the number of entries that are kept; older ones are forgotten.
const journalSize = 1000

// journal is what was asked of the agent and what came of it. It is safe for concurrent use.
type journal struct {
	mu      sync.Mutex
	entries []control.Entry // a ring once it is full
	oldest  int             // index of the oldest entry then
	count   map[RequestKind]int
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
	if len(j.entries) < journalSize {
		j.entries = append(j.entries, e)
		return
	}
	j.entries[j.oldest] = e
	j.oldest = (j.oldest + 1) % journalSize
}

// list returns the entries, oldest first.
func (j *journal) list() []control.Entry {
	j.mu.Lock()
	defer j.mu.Unlock()
	return slices.Concat(j.entries[j.oldest:], j.entries[:j.oldest])
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
