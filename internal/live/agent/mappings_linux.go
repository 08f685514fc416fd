package agent

import (
	"bytes"
	"os"
	"strconv"
	"strings"

	"github.com/gosplice/gosplice/internal/wire/control"
)

// mappingsLeft is the part of the mappings that the kernel allows a process which a patch leaves to the program: the
// runtime ends a program that gets none when it starts a thread or its heap grows.
const mappingsLeft = 64

// hasMappings refuses a patch in a program that has nearly as many mappings as the kernel allows. An image takes three,
// and stays.
func hasMappings() error {
	text, err := os.ReadFile("/proc/sys/vm/max_map_count")
	if err != nil {
		return nil // nothing tells, and mapping will
	}
	limit, err := strconv.Atoi(strings.TrimSpace(string(text)))
	if err != nil {
		return nil
	}
	maps, err := os.ReadFile("/proc/self/maps")
	if err != nil {
		return refused(control.ReasonMemory, "the memory map of this process is needed, and can't be read: %v: mount /proc", err)
	}
	if n := bytes.Count(maps, []byte("\n")); n > limit-limit/mappingsLeft {
		return refused(control.ReasonMemory, "the program has %d mappings of memory, of %d that the kernel allows it, and its runtime ends it when there are none left: raise vm.max_map_count, or restart the program with the edit built in", n, limit)
	}
	return nil
}
