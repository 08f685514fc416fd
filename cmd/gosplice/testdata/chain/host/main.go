// Host does what its arguments say, one after the other.
package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"os"
	"runtime"
	"strconv"
	"strings"
	"time"

	"ex.com/game/api"
	"ex.com/game/model"
	"github.com/gosplice/gosplice"
	"github.com/gosplice/gosplice/chain"
)

var logic = chain.New[api.Table]("game", options()...)

var other = chain.New[otherTable]("other")

type game struct{ player model.Player }

func (g *game) hit(n int) string { return logic.Current().Hit(&g.player, n) }

var (
	g       = &game{model.Player{HP: 1000}}
	held    func(int) string
	made    []any
	entered = make(chan bool)
	leave   = make(chan bool)
	stayed  = make(chan string)
	refused = make(chan bool, 100)
)

func options() []chain.Option {
	opts := []chain.Option{chain.WithEntryTimeout(2 * time.Second)}
	if n, err := strconv.Atoi(os.Getenv("MAX")); err == nil {
		opts = append(opts, chain.WithMaxVersions(n))
	}
	if dir := os.Getenv("PLUGINS"); dir != "" {
		opts = append(opts, chain.WithPluginDir(dir))
	}
	return opts
}

func main() {
	for _, arg := range os.Args[1:] {
		verb, rest, _ := strings.Cut(arg, ":")
		do(verb, rest)
		runtime.GC() // what a plugin left behind wrongly shows now
	}
}

func do(verb, arg string) {
	switch verb {
	case "load":
		v, err := logic.Load(arg)
		report(v.Version, err)
	case "other":
		v, err := other.Load(arg)
		report(v.Version, err)
	case "copy": // over a file that is there
		from, to, _ := strings.Cut(arg, ":")
		content, err := os.ReadFile(from)
		if err == nil {
			err = os.WriteFile(to, content, 0o644)
		}
		if err != nil {
			report("", err)
		}
	case "rollback":
		report("rolled back", logic.Rollback(arg))
	case "name":
		fmt.Println(logic.Current().Name())
	case "hit":
		n, _ := strconv.Atoi(arg)
		fmt.Println(g.hit(n), model.Hits)
	case "hold":
		held = g.hit
	case "held":
		fmt.Println(held(1))
	case "count":
		fmt.Println(logic.Current().Count())
	case "make":
		v := logic.Current().Make()
		same := false
		for _, old := range made {
			same = same || old == v
		}
		made = append(made, v)
		fmt.Printf("%+v same=%v\n", v, same)
	case "later":
		fmt.Println(logic.Current().Later())
	case "stay":
		go func() { stayed <- logic.Current().Stay(entered, leave) }()
		<-entered
	case "leave":
		close(leave)
		fmt.Println(<-stayed)
	case "versions":
		for _, v := range logic.Versions() {
			fmt.Printf("%s current=%v memory=%v\n", v.Version, v.Current, v.Memory > 1<<20)
		}
	case "refuse":
		logic.OnSwitch(chain.Hook[api.Table]{Before: func(s chain.Switch[api.Table]) error {
			if s.To == arg {
				return errors.New("not today")
			}
			return nil
		}})
	case "agent":
		report("listening", gosplice.Start())
	case "stdin":
		for lines := bufio.NewScanner(os.Stdin); lines.Scan(); {
			verb, rest, _ := strings.Cut(lines.Text(), ":")
			do(verb, rest)
		}
	case "wait":
		for end := time.Now().Add(time.Minute); ; time.Sleep(time.Millisecond) {
			if t := logic.Current(); t != nil && t.Name() == arg {
				fmt.Println("now", arg)
				return
			}
			if time.Now().After(end) {
				fmt.Println("never", arg)
				return
			}
		}
	case "touch":
		report("touched", os.WriteFile(arg, nil, 0o644))
	case "refused": // wait for it
		<-refused
	case "sleep":
		d, _ := time.ParseDuration(arg)
		time.Sleep(d)
	case "watch":
		go logic.WatchDir(context.Background(), arg, chain.WatchOptions{Interval: 20 * time.Millisecond, Report: func(e chain.WatchEvent) {
			if e.Err != nil {
				fmt.Fprintln(os.Stderr, "watch:", e.Err)
				refused <- true
			}
		}})
	default:
		fmt.Println("no such verb", verb)
	}
}

func report(done string, err error) {
	var e *chain.Error
	switch {
	case errors.As(err, &e):
		fmt.Printf("%s: %v\n", e.Reason, err)
	case err != nil:
		fmt.Println("error:", err)
	default:
		fmt.Println(done)
	}
}
