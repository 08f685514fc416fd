package main

import (
	"runtime"
	"sync"
)

// moods say how the approval function and the initialiser of an edit behave.
var moods = struct {
	sync.Mutex
	of map[string]string
}{of: make(map[string]string)}

var (
	blocked = make(chan bool, 1) // something blocks
	unblock = make(chan bool)    // lets it go on
)

func setMood(who, mood string) {
	moods.Lock()
	defer moods.Unlock()
	moods.of[who] = mood
}

// misbehave does what the mood of who is. Edits call it.
//
//go:noinline
func misbehave(who string) error {
	moods.Lock()
	mood := moods.of[who]
	moods.Unlock()
	switch mood {
	case "refuse":
		return errNotToday
	case "panic":
		panic(who + " fails\non two lines")
	case "exit":
		runtime.Goexit()
	case "block":
		blocked <- true
		<-unblock
	case "lock":
		ledger.Lock()
		defer ledger.Unlock()
		ledger.changed.Broadcast()
	}
	return nil
}
