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
	rss := memory("VmRSS:")
	took := make([]float64, 0, len(files))
	for _, file := range files[1:] {
		start := time.Now()
		load([]string{file})
		took = append(took, float64(time.Since(start)))
	}
	n := len(took)
	few := max(1, n/10)
	figure("load-first-ns", mean(took[:few]))
	figure("load-last-ns", mean(took[n-few:]))
	figure("rss-bytes", float64(memory("VmRSS:")-rss)/float64(n))
	var listed uint64
	for _, v := range api.Logic.Versions() {
		listed += v.Memory
	}
	figure("status-bytes", float64(listed)/float64(n+1))
	one, two := api.Logic.Versions()[0].Version, api.Logic.Versions()[1].Version
	const switches = 10_000
	start := time.Now()
	for range switches / 2 {
		rollback(one)
		rollback(two)
	}
	figure("switch-ns", float64(time.Since(start))/switches)
}

func mean(values []float64) (m float64) {
	for _, v := range values {
		m += v / float64(len(values))
	}
	return m
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
