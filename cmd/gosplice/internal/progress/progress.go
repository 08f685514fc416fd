// Package progress shows what long work is doing: one line on the terminal, from the moment
// that it has taken long enough to wonder, gone when the work is done.
package progress

import (
	"fmt"
	"io"
	"sync"
	"time"

	"github.com/gosplice/gosplice/cmd/gosplice/internal/report"
)

// Line is the progress line of one command. A nil Line shows nothing.
type Line struct {
	out  io.Writer
	stop chan struct{}
	once sync.Once
	gone sync.WaitGroup

	mu    sync.Mutex
	text  string
	frame int
}

const (
	// patience is how long work may take before the line appears.
	patience = time.Second
	// beat is the time between two pictures.
	beat = 120 * time.Millisecond

	clearLine = "\r\x1b[K"
)

var spinner = []rune("⠋⠙⠹⠸⠼⠴⠦⠧⠇⠏")

// Start starts a line on out, which has to be a terminal.
func Start(out io.Writer) *Line {
	l := &Line{out: out, stop: make(chan struct{})}
	l.gone.Add(1)
	go l.run(time.After(patience), time.NewTicker(beat))
	return l
}

// Step says what the work does now. It has the form of pipeline.Progress: total is 0 when there
// is nothing to count.
func (l *Line) Step(step string, done, total int) {
	if l == nil {
		return
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	step = report.Printable(step) // a program may have said it
	l.text = step
	if total > 0 {
		l.text = fmt.Sprintf("%s %d/%d", step, done, total)
	}
}

// Stop removes the line. Nothing is shown after it returned. Stopping again does nothing.
func (l *Line) Stop() {
	if l == nil {
		return
	}
	l.once.Do(func() { close(l.stop) })
	l.gone.Wait()
}

// run shows the line from the time of begin until Stop.
func (l *Line) run(begin <-chan time.Time, ticker *time.Ticker) {
	defer l.gone.Done()
	defer ticker.Stop()
	select {
	case <-begin:
	case <-l.stop:
		return
	}
	for {
		fmt.Fprint(l.out, clearLine+l.picture())
		select {
		case <-ticker.C:
		case <-l.stop:
			fmt.Fprint(l.out, clearLine)
			return
		}
	}
}

// picture is the line as it is now.
func (l *Line) picture() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.frame++
	return string(spinner[l.frame%len(spinner)]) + " " + l.text
}
