// Package httpstatus serves the state of a program that can be patched over HTTP: as JSON for programs, and
// as text for Prometheus. It shows, and changes nothing.
//
//	http.Handle("/debug/gosplice", httpstatus.Handler())
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
	"net/http"
	"slices"
	"strings"

	"github.com/gosplice/gosplice/internal/agent"
	"github.com/gosplice/gosplice/internal/control"
	"github.com/gosplice/gosplice/internal/patch"
)

// Handler answers GET and HEAD with what runs in this program: the release, the version, the patches,
// and the goroutines that are still in old code. Each answer stops the program for a moment to
// look at the goroutines, as gosplice status does; who may ask is for the program to decide.
//
// The answer is JSON, or the text format of Prometheus if the request asks for it: by an Accept header that
// names text/plain or application/openmetrics-text, as Prometheus sends it, or by ?format=prometheus. It is
// status 503 as long as gosplice.Start was not called. A Handler is safe for concurrent use.
func Handler() http.Handler { return http.HandlerFunc(serve) }

func serve(w http.ResponseWriter, r *http.Request) {
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
	if wantsPrometheus(r) {
		w.Header().Set("Content-Type", "text/plain; version=0.0.4; charset=utf-8")
		writeMetrics(&body, status, agent.Requests())
	} else {
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
