// Subject runs work through many packages and prints what comes out: the same each time, for the same code.
package main

import (
	"bufio"
	"fmt"
	"os"
	"strings"
	"syscall"

	"github.com/gosplice/gosplice"
)

// sections are what is driven.
var sections = []struct {
	name string
	run  func(print func(...any))
}{
	{"arena", arena}, {"broker packets", packetsOf}, {"broker topics", topics}, {"json", jsonOf}, {"xml", xmlOf}, {"csv", csvOf},
	{"template", templates}, {"tabwriter", tabs}, {"html", htmlOf}, {"url", urls}, {"regexp", regexps}, {"flate", flates},
	{"big", bigs}, {"containers", containers}, {"format", formats}, {"suffixarray", suffixes}, {"kinds", kindsOf},
}

func main() {
	// An edit that takes all memory ends the program and not the machine.
	limit := syscall.Rlimit{Cur: 3 << 30, Max: 3 << 30}
	if err := syscall.Setrlimit(syscall.RLIMIT_AS, &limit); err != nil {
		fmt.Println(err)
		os.Exit(1)
	}
	if err := gosplice.Start(gosplice.WithSocketDir(os.Args[1])); err != nil {
		fmt.Println(err)
		os.Exit(1)
	}
	out := bufio.NewWriter(os.Stdout)
	fmt.Fprintln(out, "ready")
	out.Flush()
	for in := bufio.NewScanner(os.Stdin); in.Scan(); {
		for _, s := range sections {
			drive(s.name, s.run, out)
		}
		fmt.Fprintln(out, "done")
		out.Flush()
	}
}

// drive runs one section. A panic is an output like any other.
func drive(name string, run func(func(...any)), out *bufio.Writer) {
	print := func(values ...any) {
		fmt.Fprintf(out, "%s: %s\n", name, strings.ReplaceAll(fmt.Sprint(values...), "\n", "|"))
	}
	defer func() {
		if v := recover(); v != nil {
			print("panic: ", v)
		}
	}()
	run(print)
}
