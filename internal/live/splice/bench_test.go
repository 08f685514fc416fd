package splice

import (
	"encoding/json"
	"fmt"
	"strconv"
	"testing"
	"time"
)

// BenchmarkSwitch measures how long the world stands still, by functions switched and goroutines:
// two that compute, the others parked. One iteration is one switch.
func BenchmarkSwitch(b *testing.B) {
	for _, functions := range []int{1, 100, 10_000} {
		for _, goroutines := range []int{2, 10_000, 100_000} {
			b.Run(fmt.Sprintf("functions=%d/goroutines=%d", functions, goroutines), func(b *testing.B) {
				benchmarkSwitch(b, "-functions", strconv.Itoa(functions), "-goroutines", strconv.Itoa(goroutines))
			})
		}
	}
	for _, goroutines := range []int{2, 10_000, 100_000} {
		b.Run(fmt.Sprintf("quiesce/goroutines=%d", goroutines), func(b *testing.B) {
			benchmarkSwitch(b, "-quiesce", "-goroutines", strconv.Itoa(goroutines))
		})
	}
}

func benchmarkSwitch(b *testing.B, args ...string) {
	var r struct {
		P50, P99, Max, ScanP50 float64
		Attempts               int
	}
	measure(b, &r, append(args, "-toggles", strconv.Itoa(b.N))...)
	b.ReportMetric(r.P50/1e3, "pause-p50-µs")
	b.ReportMetric(r.P99/1e3, "pause-p99-µs")
	b.ReportMetric(r.ScanP50/1e3, "scan-p50-µs")
	b.ReportMetric(float64(r.Attempts)/float64(b.N), "stops/op")
}

// BenchmarkCall compares calls in one run: of a redirected function and through a variable, to direct ones.
func BenchmarkCall(b *testing.B) {
	var r struct{ Direct, Redirected, Variable float64 }
	measure(b, &r, "-calls")
	b.ReportMetric(0, "ns/op")
	b.ReportMetric(r.Direct, "direct-ns")
	b.ReportMetric(r.Redirected/r.Direct, "redirected/direct")
	b.ReportMetric(r.Variable/r.Direct, "variable/direct")
}

// measure runs testdata/bench and decodes what it prints.
func measure(b *testing.B, to any, args ...string) {
	program := buildFixture(b, "bench")
	b.ResetTimer()
	out, errOut, err := run(b, 10*time.Minute, program, args...)
	if err != nil {
		b.Fatalf("%v\n%s", err, firstLines(errOut))
	}
	if err := json.Unmarshal(out, to); err != nil {
		b.Fatal(err)
	}
}
