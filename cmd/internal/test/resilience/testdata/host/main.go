// Command host is the program that the tests of package resilience patch while things go wrong. Its
// workers ask for answers all the time and check each one. It serves requests on standard input.
package main

import (
	"bufio"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"runtime"
	"strconv"
	"strings"

	"github.com/gosplice/gosplice"
)

func main() {
	if err := confine(strings.Fields(os.Getenv("HOST_CONFINED"))); err != nil {
		fmt.Println(err)
		os.Exit(1)
	}
	if os.Getenv("HOST_HUGE") != "" {
		if err := moveCode(); err != nil {
			fmt.Println(err)
			os.Exit(1)
		}
	}
	err := gosplice.Start(
		gosplice.WithSocketDir(os.Getenv("HOST_SOCKETS")),
		gosplice.WithLogger(slog.New(slog.DiscardHandler)),
		gosplice.WithApproval(func(gosplice.Request) error { return misbehave("approval") }),
	)
	if err != nil {
		fmt.Println(err)
		os.Exit(1)
	}
	startWorkers(os.Getenv("HOST_LOAD") == "full")
	fmt.Println("ready")
	requests := bufio.NewScanner(os.Stdin)
	for requests.Scan() {
		fmt.Println(serve(strings.Fields(requests.Text())))
	}
}

// serve does what a test asks for.
func serve(request []string) string {
	switch request[0] {
	case "await": // N more answers from each worker
		n, _ := strconv.Atoi(request[1])
		return await(n)
	case "mood":
		setMood(request[1], request[2])
		return "ok"
	case "unblock":
		unblock <- true
		return "ok"
	case "blocked": // waits until something blocks
		<-blocked
		return "ok"
	case "collect":
		runtime.GC()
		runtime.GC()
		var m runtime.MemStats
		runtime.ReadMemStats(&m)
		return fmt.Sprint(m.HeapAlloc)
	case "stacks": // walks all stacks, through every function table
		return fmt.Sprint(runtime.Stack(make([]byte, 1<<20), true) > 0)
	case "seldom":
		return seldom(len(request))
	case "files":
		return fmt.Sprint(limitFiles(request[1] == "off"))
	case "huge":
		return moved
	case "fetch":
		return fmt.Sprint(fetch(request[1]))
	case "parts":
		return parts(request[1])
	case "map":
		n, _ := strconv.Atoi(request[1])
		return fmt.Sprint(mapPages(n))
	case "limit":
		var slack uint64
		if len(request) > 2 {
			slack, _ = strconv.ParseUint(request[2], 10, 64)
		}
		return fmt.Sprint(limitMemory(request[1] == "on", slack))
	}
	return "unknown request"
}

var errNotToday = errors.New("not today")
