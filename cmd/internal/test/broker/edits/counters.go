package edits

// What the broker says about itself under $SYS.

// Topics under which the edits publish.
const (
	LargestTopic = "$SYS/broker/load/packets/largest"
	BuffersTopic = "$SYS/broker/load/buffers"
	BusiestTopic = "$SYS/broker/topics/busiest"
)

var largest = Edit{
	Name: "largest",
	Why:  "a new variable, and a method that all writers are in at any time",
	Changes: []Change{{
		File: "clients.go",
		Old: `
	atomic.AddInt64(&cl.ops.info.BytesSent, n)
`,
		New: `
	largest.note(int64(buf.Len()))
	atomic.AddInt64(&cl.ops.info.BytesSent, n)
`,
	}, {
		File: "server.go",
		Old: `
		SysPrefix + "/broker/clients/connected": `,
		New: `
		SysPrefix + "/broker/load/packets/largest": Int64toa(largest.Load()),
		SysPrefix + "/broker/clients/connected": `,
	}, {
		File: "largest.go",
		New: `package mqtt

import "sync/atomic"

// largest is the size of the largest packet that was sent.
var largest maximum

type maximum struct{ atomic.Int64 }

func (m *maximum) note(n int64) {
	for {
		old := m.Load()
		if n <= old || m.CompareAndSwap(old, n) {
			return
		}
	}
}
`,
	}},
}

var buffers = Edit{
	Name: "buffers",
	Why:  "a function that is inlined across packages, a variable that two packages use, and an import",
	Changes: []Change{{
		File: "mempool/bufpool.go",
		Old:  "\t\"sync\"\n",
		New:  "\t\"sync\"\n\t\"sync/atomic\"\n",
	}, {
		File: "mempool/bufpool.go",
		Old: `
func GetBuffer() *bytes.Buffer { return bufPool.Get() }
`,
		New: `
func GetBuffer() *bytes.Buffer {
	Taken.Add(1)
	return bufPool.Get()
}

// Taken counts the buffers that were taken from the default pool.
var Taken atomic.Int64
`,
	}, {
		File: "server.go",
		Old: `
	"github.com/mochi-mqtt/server/v2/packets"
`,
		New: `
	"github.com/mochi-mqtt/server/v2/mempool"
	"github.com/mochi-mqtt/server/v2/packets"
`,
	}, {
		File: "server.go",
		Old: `
		SysPrefix + "/broker/clients/maximum": `,
		New: `
		SysPrefix + "/broker/load/buffers": Int64toa(mempool.Taken.Load()),
		SysPrefix + "/broker/clients/maximum": `,
	}},
}

var busiest = Edit{
	Name: "busiest",
	Why:  "a new type with methods, a variable with an initialiser, and a package that the program did not have",
	Changes: []Change{{
		File: "server.go",
		Old: `
	if pk.Created == 0 {
		pk.Created = time.Now().Unix()
	}
`,
		New: `
	busiest.add(pk.TopicName)
	if pk.Created == 0 {
		pk.Created = time.Now().Unix()
	}
`,
	}, {
		File: "server.go",
		Old: `
		SysPrefix + "/broker/clients/total": `,
		New: `
		SysPrefix + "/broker/topics/busiest": busiest.String(),
		SysPrefix + "/broker/clients/total": `,
	}, {
		File: "busiest.go",
		New: `package mqtt

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync"
	"text/tabwriter"
)

// busiest counts messages by the first level of their topics.
var busiest = newTally()

type tally struct {
	mu     sync.Mutex
	counts map[string]int64
}

func newTally() *tally { return &tally{counts: make(map[string]int64)} }

func (t *tally) add(topic string) {
	level, _, _ := strings.Cut(topic, "/")
	t.mu.Lock()
	defer t.mu.Unlock()
	t.counts[level]++
}

// String is a table of the three busiest levels.
func (t *tally) String() string {
	t.mu.Lock()
	defer t.mu.Unlock()
	levels := slices.SortedFunc(maps.Keys(t.counts), func(a, b string) int { return cmp.Compare(t.counts[b], t.counts[a]) })
	var b strings.Builder
	w := tabwriter.NewWriter(&b, 0, 0, 2, ' ', 0)
	for _, level := range levels[:min(len(levels), 3)] {
		fmt.Fprintf(w, "%s\t%d\n", level, t.counts[level])
	}
	w.Flush()
	return b.String()
}
`,
	}},
}
