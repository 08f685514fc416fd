package httpstatus_test

import (
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"regexp"
	"strings"
	"testing"

	"github.com/gosplice/gosplice"
	"github.com/gosplice/gosplice/httpstatus"
)

// started starts the agent in a directory of its own, and serves its state.
func started(t *testing.T) *httptest.Server {
	t.Helper()
	// The path of a socket has to be short, which those of t.TempDir are not.
	dir, err := os.MkdirTemp("", "gs")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(dir) })
	if err := gosplice.Start(gosplice.WithSocketDir(dir)); err != nil {
		t.Skip(err) // on platforms where nothing can be patched
	}
	t.Cleanup(func() { gosplice.Stop() })
	s := httptest.NewServer(httpstatus.Handler())
	t.Cleanup(s.Close)
	return s
}

func get(t *testing.T, url, accept string) (*http.Response, string) {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, url, nil)
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("Accept", accept)
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	return resp, string(body)
}

func TestJSON(t *testing.T) {
	s := started(t)
	resp, body := get(t, s.URL, "*/*")
	var status struct {
		PID                         int
		Version, BuildID, GoVersion string
	}
	if err := json.Unmarshal([]byte(body), &status); err != nil {
		t.Fatal(err)
	}
	if status.PID != os.Getpid() || status.Version != "release" || status.BuildID == "" || resp.Header.Get("Content-Type") != "application/json" {
		t.Errorf("%s: %s", resp.Header, body)
	}
}

// What Prometheus itself sends, and the parameter.
func TestPrometheus(t *testing.T) {
	s := started(t)
	for _, ask := range []struct{ url, accept string }{
		{s.URL, "application/openmetrics-text;version=1.0.0;q=0.75,text/plain;version=0.0.4;q=0.5,*/*;q=0.1"},
		{s.URL + "?format=prometheus", "*/*"},
	} {
		resp, body := get(t, ask.url, ask.accept)
		if !strings.HasPrefix(resp.Header.Get("Content-Type"), "text/plain; version=0.0.4") {
			t.Errorf("content type %s", resp.Header.Get("Content-Type"))
		}
		for _, want := range []string{
			`(?m)^gosplice_info\{build_id="[^"]+",go_version="go1[^"]*",main="[^"]*",version="release"\} 1$`,
			`(?m)^gosplice_patched 0$`, `(?m)^gosplice_old_code_goroutines 0$`, `(?m)^gosplice_patch_memory_bytes 0$`,
			`(?m)^# TYPE gosplice_requests_total counter$`,
		} {
			if !regexp.MustCompile(want).MatchString(body) {
				t.Errorf("no %s in:\n%s", want, body)
			}
		}
		// Each line is a comment, or a name with labels and a number.
		line := regexp.MustCompile(`^(# (HELP|TYPE) gosplice_[a-z_]+ .+|gosplice_[a-z_]+(\{([a-z_]+="([^"\\]|\\.)*",?)+\})? -?[0-9.e+-]+)$`)
		for text := range strings.Lines(body) {
			if !line.MatchString(strings.TrimSuffix(text, "\n")) {
				t.Errorf("not in the text format: %q", text)
			}
		}
	}
}

func TestOnlyReading(t *testing.T) {
	s := started(t)
	resp, err := http.Post(s.URL, "text/plain", strings.NewReader("x"))
	if err != nil {
		t.Fatal(err)
	}
	resp.Body.Close()
	if resp.StatusCode != http.StatusMethodNotAllowed || resp.Header.Get("Allow") != "GET, HEAD" {
		t.Errorf("status %s, allowed %s", resp.Status, resp.Header.Get("Allow"))
	}
}

func TestNotStarted(t *testing.T) {
	w := httptest.NewRecorder()
	httpstatus.Handler().ServeHTTP(w, httptest.NewRequest(http.MethodGet, "/", nil))
	if w.Code != http.StatusServiceUnavailable || !strings.Contains(w.Body.String(), "call gosplice.Start") {
		t.Errorf("status %d: %s", w.Code, w.Body)
	}
}
