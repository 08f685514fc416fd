package agent

import (
	"testing"
	"time"
)

// Who asks from outside has goroutines looked at once a second, and after each switch.
func TestRecentStatus(t *testing.T) {
	s := startTestServer(t, Options{})
	s.process.mustApply(testPatch{version: "1", functions: []string{"!A/s"}})
	engine := s.process.engine
	before, now := engine.scans, time.Now()
	for i := range 1000 {
		if v := s.recentStatus(now.Add(time.Duration(i) * time.Millisecond / 2)).Version; v != "1" {
			t.Fatalf("version %s", v)
		}
	}
	if n := engine.scans - before; n != 1 {
		t.Errorf("goroutines were looked at %d times in half a second", n)
	}
	s.recentStatus(now.Add(recentFor))
	if n := engine.scans - before; n != 2 {
		t.Errorf("goroutines were looked at %d times in a second", n)
	}
	s.process.mustApply(testPatch{version: "2", functions: []string{"!A/s"}})
	if v := s.recentStatus(now.Add(recentFor)).Version; v != "2" {
		t.Errorf("after a switch the version is %s", v)
	}
	before = engine.scans
	for range 3 {
		s.status() // as for those who may change the program
	}
	if n := engine.scans - before; n != 3 {
		t.Errorf("the own user's questions had goroutines looked at %d times", n)
	}
}
