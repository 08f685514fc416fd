package splice

import (
	"encoding/json"
	"os"
	"strconv"
	"testing"
	"time"
)

// stressReport is what testdata/stress prints.
type stressReport struct {
	Mode                         string
	Functions                    int
	Toggles, Attempts            int
	MaxAttempts                  int
	Calls, Certain, Wrong        int64
	Missing                      []string
	Goroutines                   int
	PauseP50, PauseP99, PauseMax time.Duration
}

// TestStress switches 35 functions back and forth while 8 goroutines call them in every way there is,
// under a garbage collector that never rests, the profiler, the tracer and a storm of signals.
// Every result has to be of one version, and of the version in force. The long form is
//
//	GOSPLICE_STRESS=100000 go test ./internal/live/splice -run TestStress -timeout 120m
func TestStress(t *testing.T) {
	t.Run("plain", func(t *testing.T) { stress(t, toggles(1000), nil) })
	t.Run("parked", func(t *testing.T) { stress(t, toggles(200), nil, "-parked", "10000") })
	t.Run("position-independent", func(t *testing.T) { stress(t, toggles(200), []string{"-buildmode=pie"}) })
	t.Run("foreign", func(t *testing.T) {
		haveCgo(t)
		stress(t, toggles(200), []string{"-tags=foreign"})
	})
	t.Run("mprotect", func(t *testing.T) { stress(t, toggles(200), nil, "-nomem") })
}

// toggles is how often to switch: GOSPLICE_STRESS, or few.
func toggles(few int) int {
	if n, err := strconv.Atoi(os.Getenv("GOSPLICE_STRESS")); err == nil {
		return n
	}
	return few
}

func stress(t *testing.T, toggles int, flags []string, args ...string) {
	program := buildFixture(t, "stress", flags...)
	args = append(args, "-toggles", strconv.Itoa(toggles))
	out, errOut, err := run(t, time.Minute+time.Duration(toggles)*100*time.Millisecond, program, args...)
	if err != nil {
		t.Fatalf("%v\n%s%s", err, out, firstLines(errOut))
	}
	var r stressReport
	if err := json.Unmarshal(out, &r); err != nil {
		t.Fatal(err)
	}
	t.Logf("%s: %d toggles of %d functions, %d stops, at most %d for one; %d calls; pause %v, 99%% %v, at most %v",
		r.Mode, r.Toggles, r.Functions, r.Attempts, r.MaxAttempts, r.Calls, r.PauseP50, r.PauseP99, r.PauseMax)
	if r.Functions < 25 || r.Certain < r.Calls/2 {
		t.Errorf("the test is too weak: %d functions, version certain in %d of %d calls", r.Functions, r.Certain, r.Calls)
	}
	if len(r.Missing) > 0 && toggles >= 1000 {
		t.Errorf("not seen in both versions: %v", r.Missing)
	}
}

// TestCheckMatters switches without the check of goroutines: the program has to go wrong, or the
// stress test would prove nothing.
func TestCheckMatters(t *testing.T) {
	program := buildFixture(t, "stress", "-tags=splicefaults")
	for range 5 {
		if _, _, err := run(t, time.Minute, program, "-nocheck", "-toggles", "3000"); err != nil {
			return
		}
	}
	t.Error("the program survived without the check")
}
