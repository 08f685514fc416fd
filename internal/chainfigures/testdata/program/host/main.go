// Host measures its chain, and prints one figure a line: a name and a number.
package main

import (
	"flag"
	"fmt"
	"log"
	"os"
	"strconv"
	"time"

	"ex.com/figures/api"
)

func main() {
	log.SetFlags(0)
	swaps := flag.Int("swaps", 0, "swap the two plugins that are named so often, under load")
	calls := flag.Bool("calls", false, "time calls, with the plugin that is named")
	flag.Parse()
	switch {
	case *swaps > 0:
		load(flag.Args())
		swapUnderLoad(*swaps)
	case *calls:
		load(flag.Args())
		timeCalls()
	default:
		loadAll(flag.Args())
	}
}

func load(files []string) {
	for _, file := range files {
		if _, err := api.Logic.Load(file); err != nil {
			log.Fatal(err)
		}
	}
}

// loadAll says what loading takes, in time and in memory, and what a switch takes.
func loadAll(files []string) {
	load(files[:1]) // with what comes once: the dynamic loader's first work
	rss, start := memory("VmRSS:"), time.Now()
	load(files[1:])
	n := len(files) - 1
	figure("load-ns", float64(time.Since(start))/float64(n))
	figure("rss-bytes", float64(memory("VmRSS:")-rss)/float64(n))
	var listed uint64
	for _, v := range api.Logic.Versions() {
		listed += v.Memory
	}
	figure("status-bytes", float64(listed)/float64(n+1))
	const switches = 10_000
	start = time.Now()
	for i := range switches {
		rollback(api.Logic.Versions()[i%2].Version)
	}
	figure("switch-ns", float64(time.Since(start))/switches)
}

// memory is a line of the process's status, in bytes.
func memory(name string) uint64 {
	f, err := os.Open("/proc/self/status")
	if err != nil {
		log.Fatal(err)
	}
	defer f.Close()
	for {
		var word string
		if _, err := fmt.Fscan(f, &word); err != nil {
			log.Fatal(err)
		}
		if word == name {
			var kb uint64
			fmt.Fscan(f, &kb)
			return kb << 10
		}
	}
}

func rollback(version string) {
	if err := api.Logic.Rollback(version); err != nil {
		log.Fatal(err)
	}
}

func figure(name string, value float64) {
	fmt.Println(name, strconv.FormatFloat(value, 'g', 6, 64))
}
