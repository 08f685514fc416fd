package demo

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
)

// process is what the system says of a process, by which a restarted one can be told apart.
type process struct {
	pid     int
	started int64           // clock ticks after the system's start
	sockets map[string]bool // by inode: the same number is the same socket
}

// lookAt asks the system about a process.
func lookAt(pid int) (process, error) {
	p := process{pid: pid, sockets: map[string]bool{}}
	dir := filepath.Join("/proc", strconv.Itoa(pid))
	stat, err := os.ReadFile(filepath.Join(dir, "stat"))
	if err != nil {
		return p, fmt.Errorf("the game server is gone: %w", err)
	}
	if p.started, err = startTicks(stat); err != nil {
		return p, err
	}
	descriptors, err := os.ReadDir(filepath.Join(dir, "fd"))
	if err != nil {
		return p, err
	}
	for _, d := range descriptors {
		// One that was closed since the directory was read has no target any more.
		if to, _ := os.Readlink(filepath.Join(dir, "fd", d.Name())); strings.HasPrefix(to, "socket:") {
			p.sockets[to] = true
		}
	}
	return p, nil
}

// startTicks reads the start of a process from its stat line: field 22, counted after the name of
// the program in parentheses, which may hold anything.
func startTicks(stat []byte) (int64, error) {
	const started = 22 - 3
	fields := bytes.Fields(stat[bytes.LastIndexByte(stat, ')')+1:])
	if len(fields) <= started {
		return 0, fmt.Errorf("/proc/PID/stat has %d fields after the name", len(fields))
	}
	return strconv.ParseInt(string(fields[started]), 10, 64)
}

// missing counts the sockets of p that a later look does not have.
func (p process) missing(later process) (n int) {
	for socket := range p.sockets {
		if !later.sockets[socket] {
			n++
		}
	}
	return n
}
