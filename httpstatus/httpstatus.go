// Package httpstatus serves the state of a program that can be patched over HTTP: as JSON for programs, and
// as text for Prometheus. It shows, and changes nothing.
//
//	http.Handle("/debug/gosplice", httpstatus.Handler())
//
// It answers for IP addresses, localhost and the hosts that it is told of, and leaves paths and stacks out unless it is told
// otherwise: WithHosts, WithDetails.
//
// It is a package of its own so that only programs that want it link net/http.
package httpstatus

import (
	"bytes"
	"cmp"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"net"
	"net/http"
	"net/netip"
	"path/filepath"
	"slices"
	"strings"

	"github.com/gosplice/gosplice/internal/live/agent"
	"github.com/gosplice/gosplice/internal/wire/control"
	"github.com/gosplice/gosplice/internal/wire/patch"
)

// Option is an option of Handler.
type Option func(*handler)

// WithHosts names hosts by which the program is reached, as they stand in the Host header, without a port. Requests by IP address or
// for localhost are answered in any case; others are not, because a page in somebody's browser may have its own name lead
// to an address that only that browser reaches (DNS rebinding), and read the answer.
func WithHosts(names ...string) Option {
	return func(h *handler) { h.hosts = append(h.hosts, names...) }
}

// WithDetails adds to the JSON what tells of the machine and of the sources: the paths of the executable and of the patch
// directory, files and lines, the stacks of goroutines in old code, and the changes of each patch.
func WithDetails() Option { return func(h *handler) { h.details = true } }

// Handler answers GET and HEAD with what runs in this program: the release, the version, the patches,
// and the goroutines that are still in old code. To look at them stops the program for a moment, which is done at most once a
// second; who may ask is for the program to decide.
//
// The answer is JSON, or the text format of Prometheus if the request asks for it: by an Accept header that
// names text/plain or application/openmetrics-text, as Prometheus sends it, or by ?format=prometheus. It is
// status 503 as long as gosplice.Start was not called, and 421 for a host that WithHosts does not name. A Handler is safe
// for concurrent use.
func Handler(options ...Option) http.Handler {
	h := new(handler)
	for _, o := range options {
		o(h)
	}
	return h
}

type handler struct {
	hosts   []string
	details bool
}

func (h *handler) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if !h.isFor(r.Host) {
		http.Error(w, fmt.Sprintf("the state is not shown for the host %.100q: ask by IP address, or name the host with httpstatus.WithHosts", r.Host), http.StatusMisdirectedRequest)
		return
	}
	if r.Method != http.MethodGet && r.Method != http.MethodHead {
		w.Header().Set("Allow", "GET, HEAD")
		http.Error(w, "the state can only be read", http.StatusMethodNotAllowed)
		return
	}
	status, err := agent.Status()
	if err != nil {
		http.Error(w, err.Error(), http.StatusServiceUnavailable)
		return
	}
	var body bytes.Buffer
	w.Header().Set("Cache-Control", "no-store")
	w.Header().Set("X-Content-Type-Options", "nosniff")
	if wantsPrometheus(r) {
		w.Header().Set("Content-Type", "text/plain; version=0.0.4; charset=utf-8")
		writeMetrics(&body, status, agent.Requests())
	} else {
		if !h.details {
			status = withoutDetails(status)
		}
		w.Header().Set("Content-Type", "application/json")
		e := json.NewEncoder(&body)
		e.SetIndent("", "  ")
		if err := e.Encode(status); err != nil {
			http.Error(w, err.Error(), http.StatusInternalServerError)
			return
		}
	}
	w.Write(body.Bytes())
}

// isFor reports that a Host header names this program, and not something that another's DNS leads to it.
func (h *handler) isFor(host string) bool {
	if name, _, err := net.SplitHostPort(host); err == nil {
		host = name
	}
	plain := strings.TrimSuffix(strings.TrimPrefix(host, "["), "]")
	if _, err := netip.ParseAddr(plain); err == nil {
		return true
	}
	host = strings.TrimSuffix(host, ".")
	return strings.EqualFold(host, "localhost") || slices.ContainsFunc(h.hosts, func(name string) bool { return strings.EqualFold(strings.TrimSuffix(name, "."), host) })
}

// withoutDetails is a status without what WithDetails adds. The given one is shared, and stays.
func withoutDetails(s *control.Status) *control.Status {
	out := *s
	out.Program, out.PatchDir = filepath.Base(s.Program), ""
	out.Patches = slices.Clone(s.Patches)
	for i := range out.Patches {
		out.Patches[i].Changes = nil
	}
	out.Redirected = slices.Clone(s.Redirected)
	for i := range out.Redirected {
		out.Redirected[i] = control.Function{Name: s.Redirected[i].Name}
	}
	out.OldCode = slices.Clone(s.OldCode)
	for i := range out.OldCode {
		out.OldCode[i].Stack = nil
	}
	out.Chains = slices.Clone(s.Chains)
	for i := range out.Chains {
		if out.Chains[i].Poisoned != "" {
			out.Chains[i].Poisoned = "Go rejected a plugin" // and says of which file
		}
	}
	return &out
}

// wantsPrometheus reports which of the two forms a request asks for.
func wantsPrometheus(r *http.Request) bool {
	switch r.URL.Query().Get("format") {
	case "prometheus":
		return true
	case "json":
		return false
	}
	accept := r.Header.Get("Accept")
	return strings.Contains(accept, "text/plain") || strings.Contains(accept, "application/openmetrics-text")
}

// writeMetrics writes the state in the text format of Prometheus, version 0.0.4.
func writeMetrics(w io.Writer, s *control.Status, requests map[agent.RequestKind]int) {
	family := func(name, kind, help string) {
		fmt.Fprintf(w, "# HELP %s %s\n# TYPE %[1]s %[3]s\n", name, help, kind)
	}
	family("gosplice_info", "gauge", "The release and the version that runs; always 1.")
	fmt.Fprintf(w, "gosplice_info{build_id=%s,go_version=%s,main=%s,version=%s} 1\n", quote(s.BuildID), quote(s.GoVersion), quote(s.Main), quote(s.Version))
	one := func(name, kind, help string, value any) {
		family(name, kind, help)
		fmt.Fprintf(w, "%s %v\n", name, value)
	}
	one("gosplice_patched", "gauge", "Whether a patch runs (1) or the release (0).", number(s.Version != patch.ReleaseVersion))
	one("gosplice_restart_loses_patch", "gauge", "Whether a restart would go back to the release (1).",
		number(s.Version != patch.ReleaseVersion && cmp.Or(s.AfterRestart, patch.ReleaseVersion) == patch.ReleaseVersion))
	one("gosplice_patches", "gauge", "Patches that were applied since the program started.", len(s.Patches))
	one("gosplice_functions_patched", "gauge", "Functions of the release that calls leave for a patch.", len(s.Redirected))
	one("gosplice_patch_memory_bytes", "gauge", "Memory of all patches.", s.Memory)
	if s.InProgress == "" && s.OldCodeError == "" {
		old := 0
		for _, o := range s.OldCode {
			old += o.Goroutines
		}
		one("gosplice_old_code_goroutines", "gauge", "Goroutines that still run code of another version.", old)
	}
	for _, p := range s.Patches {
		if p.Current {
			one("gosplice_last_switch_timestamp_seconds", "gauge", "When the version that runs was switched to.", p.Time.Unix())
			one("gosplice_last_switch_pause_seconds", "gauge", "How long the program stood still then.", p.Pause.Seconds())
		}
	}
	family("gosplice_requests_total", "counter", "What was asked of the program, by verb and by how it ended.")
	for _, k := range slices.SortedFunc(maps.Keys(requests), func(a, b agent.RequestKind) int {
		return cmp.Or(cmp.Compare(a.Verb, b.Verb), cmp.Compare(a.Code, b.Code))
	}) {
		fmt.Fprintf(w, "gosplice_requests_total{code=%s,verb=%s} %d\n", quote(string(k.Code)), quote(string(k.Verb)), requests[k])
	}
}

func number(is bool) int {
	if is {
		return 1
	}
	return 0
}

// quote is a label's value.
func quote(text string) string {
	return `"` + strings.NewReplacer(`\`, `\\`, `"`, `\"`, "\n", `\n`).Replace(text) + `"`
}
