//go:build unix

package pipeline

import (
	"context"
	"os"
	"syscall"
	"testing"
	"time"
)

// BenchmarkRecord times the record of a program of which everything is compiled, and a go build of it, which only links.
// Of own-cpu-ms the go command is no part; record/build is the ratio of both times in the same run.
func BenchmarkRecord(b *testing.B) {
	for _, p := range programs {
		b.Run(p.name, func(b *testing.B) { benchRecord(b, p) })
	}
}

func benchRecord(b *testing.B, p program) {
	dir, binary := layAndBuild(b, p)
	makeRecord := func() {
		if _, err := MakeRecord(context.Background(), RecordOptions{Binary: binary, Dir: dir}); err != nil {
			b.Fatal(err)
		}
	}
	makeRecord() // the go command remembers the escape analysis
	var recorded, own, linked time.Duration
	for b.Loop() {
		t, used := time.Now(), processorTime(b)
		makeRecord()
		recorded += time.Since(t)
		own += processorTime(b) - used
		t = time.Now()
		goBuild(b, dir, binary+".new")
		linked += time.Since(t)
		if err := os.Remove(binary + ".new"); err != nil {
			b.Fatal(err)
		}
	}
	ms := func(d time.Duration) float64 { return float64(d.Microseconds()) / 1000 / float64(b.N) }
	b.ReportMetric(ms(recorded), "record-ms")
	b.ReportMetric(ms(own), "own-cpu-ms")
	b.ReportMetric(ms(linked), "gobuild-ms")
	b.ReportMetric(float64(recorded)/float64(linked), "record/build")
	b.ReportMetric(0, "ns/op")
}

// processorTime is how long this process has used processors.
func processorTime(b *testing.B) time.Duration {
	b.Helper()
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		b.Fatal(err)
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}
