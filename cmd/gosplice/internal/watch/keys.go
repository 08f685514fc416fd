package watch

import (
	"bufio"
	"context"
	"io"
	"os"
	"strings"
	"time"

	"github.com/gosplice/gosplice/internal/wire/control"
)

// key is what somebody has asked for at the keyboard.
type key int

const (
	noKey      key = iota
	restartKey     // r
	acceptKey      // Enter: restart, if that was offered
	leftKey        // l
	quitKey        // q
	helpKey        // ?
)

const keysHelp = "r restarts the program, Enter does when that is offered, l shows who is left in old code, q ends the watch"

// keyOf is what a character stands for.
func keyOf(c byte) key {
	switch c {
	case 'r', 'R':
		return restartKey
	case '\r', '\n':
		return acceptKey
	case 'l', 'L':
		return leftKey
	case 'q', 'Q':
		return quitKey
	case '?', 'h', 'H':
		return helpKey
	}
	return noKey
}

// readKeys reads keys from in until its end: each by itself if the terminal gives them so, and otherwise the first of each line.
// quit is called for the key that ends the watch, whatever that is at. restore has the terminal as it was.
func readKeys(in io.Reader, quit func()) (keys <-chan key, single bool, restore func()) {
	if in == nil {
		return nil, false, func() {}
	}
	restore = func() {}
	if f, ok := in.(*os.File); ok {
		restore, single = singleKeys(f)
	}
	out := make(chan key)
	go func() {
		defer close(out)
		r := bufio.NewReader(in)
		for {
			if single {
				c, err := r.ReadByte()
				if err != nil {
					return
				}
				if k := keyOf(c); k == quitKey {
					quit()
				} else {
					out <- k
				}
				continue
			}
			line, err := r.ReadString('\n')
			if line = strings.TrimSpace(line); err == nil && line == "" {
				out <- acceptKey
			} else if line != "" {
				if k := keyOf(line[0]); k == quitKey {
					quit()
				} else {
					out <- k
				}
			}
			if err != nil {
				return
			}
		}
	}()
	return out, single, restore
}

// press does what a key asks for.
func (l *loop) press(ctx context.Context, k key) error {
	switch k {
	case restartKey:
		return l.restart(ctx)
	case acceptKey:
		if l.offered {
			return l.restart(ctx)
		}
	case leftKey:
		l.showLeft(ctx)
	case helpKey:
		l.screen.note(keysHelp)
	}
	return nil
}

// showLeft says which goroutines are left in old code.
func (l *loop) showLeft(ctx context.Context) {
	old, err := l.leftInOldCode(ctx)
	switch {
	case err != nil:
		l.screen.note("not told: %v", err)
	case len(old) == 0:
		l.screen.note("no goroutine runs old code")
	default:
		l.screen.note("left in old code:")
		told := l.live.told
		l.live.told = nil // all of it, whatever was told
		l.oldCode(old, nil)
		l.live.told = told
	}
}

func (l *loop) leftInOldCode(ctx context.Context) ([]control.OldCode, error) {
	if l.program == nil {
		return nil, nil
	}
	if err := l.program.wait(time.Second); err != nil {
		return nil, err
	}
	soon, cancel := context.WithTimeout(ctx, listenWithin)
	defer cancel()
	client, err := control.Dial(soon, l.program.path)
	if err != nil {
		return nil, err
	}
	defer client.Close()
	status, err := client.Status(soon)
	if err != nil {
		return nil, err
	}
	return status.OldCode, nil
}
