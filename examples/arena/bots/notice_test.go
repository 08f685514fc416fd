package bots_test

import (
	"net"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/gosplice/gosplice/examples/arena/bots"
	"github.com/gosplice/gosplice/examples/arena/wire"
)

// TestBotsNotice puts a liar between server and bots, who changes one answer. Whatever he
// changes, the bots must notice.
func TestBotsNotice(t *testing.T) {
	tests := []struct {
		name   string
		lie    func(re *wire.Reply) bool // returns whether it changed re
		notice string                    // in the first problem
	}{
		{"nothing", func(*wire.Reply) bool { return true }, ""},
		{"sequence", func(re *wire.Reply) bool { re.Seq--; return true }, "connection lost: the answer has number"},
		{"health", func(re *wire.Reply) bool { re.State.HP++; return true }, "HP: "},
		{"energy", func(re *wire.Reply) bool { re.State.Energy--; return true }, "energy: "},
		{"score", func(re *wire.Reply) bool { re.State.Score++; return true }, "score: "},
		{"ticks", func(re *wire.Reply) bool { re.State.Ticks[7]++; return true }, "unknown version 7"},
		{"no state", func(re *wire.Reply) bool { re.State = nil; return true }, "has no state"},
		{"refusal", func(re *wire.Reply) bool { re.OK, re.Error = false, "tired"; return true }, "was refused"},
		{"damage", func(re *wire.Reply) bool { return onBlow(re, func(b *wire.Blow) { b.Damage++ }) }, "damage: "},
		{"damage rule", func(re *wire.Reply) bool { return onBlow(re, func(b *wire.Blow) { b.Rule = 9 }) }, "unknown version 9"},
		{"rule goes back", func(re *wire.Reply) bool { return onBlow(re, func(b *wire.Blow) { b.BackRule = 2 }) }, "went back from version 2 to 1"},
		{"boss", func(re *wire.Reply) bool { return onBlow(re, func(b *wire.Blow) { b.BossAfter++ }) }, "blow "},
		{"blow again", func(re *wire.Reply) bool { return onBlow(re, func(b *wire.Blow) { b.N = 1 }) }, "blow 1 was seen before"},
		{"blow left out", func(re *wire.Reply) bool { return onBlow(re, func(b *wire.Blow) { b.N += 1e6 }) }, "is missing"},
		{"item", func(re *wire.Reply) bool { return onItem(re, func(it *wire.Item) { it.Kind = "crown" }) }, "crown"},
		{"bag", func(re *wire.Reply) bool { return onBag(re, func(bag []wire.Item) { bag[0].N++ }) }, "the bag holds"},
		{"line", func(re *wire.Reply) bool { return onLine(re, func(l *wire.Line) { l.Text = "boo" }) }, "boo"},
		{"line order", func(re *wire.Reply) bool { return onLine(re, func(l *wire.Line) { l.N += 1e6 }) }, "line"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			liar := &liar{lie: test.lie, after: 200}
			f := startFleet(t, bots.Options{Addr: liar.listen(t, startServer(t)), Bots: 4, Rooms: 1, Pause: time.Millisecond})
			for f.Stats().Requests < 200 || !liar.done() {
				time.Sleep(time.Millisecond)
			}
			for want := f.Stats().Requests + 200; f.Stats().Requests < want; {
				time.Sleep(time.Millisecond)
			}
			f.Census()
			s := f.Stop()
			problems := strings.Join(s.Problems, "\n")
			if !strings.Contains(problems, test.notice) || (s.Failures > 0) != (test.notice != "") {
				t.Errorf("%d failures: %s\nwant %q", s.Failures, problems, test.notice)
			}
		})
	}
}

func onBlow(re *wire.Reply, lie func(*wire.Blow)) bool {
	if re.Blow == nil || re.Blow.N == 0 {
		return false
	}
	lie(re.Blow)
	return true
}

func onItem(re *wire.Reply, lie func(*wire.Item)) bool {
	if re.Item == nil {
		return false
	}
	lie(re.Item)
	return true
}

func onBag(re *wire.Reply, lie func([]wire.Item)) bool {
	if len(re.Bag) == 0 {
		return false
	}
	lie(re.Bag)
	return true
}

func onLine(re *wire.Reply, lie func(*wire.Line)) bool {
	if len(re.Lines) == 0 {
		return false
	}
	lie(&re.Lines[0])
	return true
}

// liar passes requests and answers on, and lies once.
type liar struct {
	lie   func(*wire.Reply) bool
	after int // so many honest answers

	mu   sync.Mutex
	seen int
	lied bool
}

func (l *liar) listen(t *testing.T, server string) (addr string) {
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { ln.Close() })
	go func() {
		for {
			bot, err := ln.Accept()
			if err != nil {
				return
			}
			go l.pass(bot, server)
		}
	}()
	return ln.Addr().String()
}

func (l *liar) pass(bot net.Conn, server string) {
	defer bot.Close()
	up, err := net.Dial("tcp", server)
	if err != nil {
		return
	}
	defer up.Close()
	a, b := wire.NewConn(bot), wire.NewConn(up)
	for {
		req, err := wire.Read[wire.Request](a)
		if err != nil {
			return
		}
		wire.Write(b, req)
		b.Flush()
		re, err := wire.Read[wire.Reply](b)
		if err != nil {
			return
		}
		l.tamper(req, &re)
		wire.Write(a, re)
		a.Flush()
	}
}

func (l *liar) tamper(req wire.Request, re *wire.Reply) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.seen++
	if l.lied || l.seen < l.after || !re.OK || re.State == nil || req.Op == wire.Census {
		return
	}
	l.lied = l.lie(re)
}

func (l *liar) done() bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.lied
}
