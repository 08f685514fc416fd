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
func started(t *testing.T, options ...httpstatus.Option) *httptest.Server {
	t.Helper()
	// The path of a socket has to be short, which those of t.TempDir are not.
	dir, err := os.MkdirTemp("", "gs")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(dir) })
	if err := gosplice.Start(gosplice.WithSocketDir(dir), gosplice.WithPatchDir(dir)); err != nil {
		t.Skip(err) // on platforms where nothing can be patched
	}
	t.Cleanup(func() { gosplice.Stop() })
	s := httptest.NewServer(httpstatus.Handler(options...))
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
	httpstatus.Handler().ServeHTTP(w, httptest.NewRequest(http.MethodGet, "http://localhost/", nil))
	if w.Code != http.StatusServiceUnavailable || !strings.Contains(w.Body.String(), "call gosplice.Start") {
		t.Errorf("status %d: %s", w.Code, w.Body)
	}
}

// A name that somebody's DNS leads to this program is not one of its own.
func TestHosts(t *testing.T) {
	s := started(t, httpstatus.WithHosts("server.internal"))
	for host, want := range map[string]int{
		"127.0.0.1": 200, "127.0.0.1:9090": 200, "[::1]:9090": 200, "[::1]": 200, "localhost:9090": 200, "LOCALHOST": 200, "localhost.": 200,
		"server.internal": 200, "Server.Internal:80": 200, "server.internal.": 200,
		"evil.example": 421, "evil.example:9090": 421, "localhost.evil.example": 421, "127.0.0.1.evil.example": 421, "xserver.internal": 421, "": 421,
	} {
		for _, method := range []string{http.MethodGet, http.MethodPost} {
			r := httptest.NewRequest(method, "http://localhost/?format=json", nil)
			r.Host = host
			w := httptest.NewRecorder()
			s.Config.Handler.ServeHTTP(w, r)
			expect := want
			if want == 200 && method == http.MethodPost {
				expect = 405
			}
			if w.Code != expect {
				t.Errorf("%s for %q: status %d", method, host, w.Code)
			}
			if w.Code == 421 && (!strings.Contains(w.Body.String(), "WithHosts") || strings.Contains(w.Body.String(), "BuildID")) {
				t.Errorf("for %q: %s", host, w.Body)
			}
		}
	}
}

// Paths are told only where the program says so.
func TestDetails(t *testing.T) {
	for _, c := range []struct {
		options []httpstatus.Option
		want    bool
	}{{nil, false}, {[]httpstatus.Option{httpstatus.WithDetails()}, true}} {
		t.Run("", func(t *testing.T) {
			s := started(t, c.options...)
			_, body := get(t, s.URL, "*/*")
			path, err := os.Executable()
			if err != nil {
				t.Fatal(err)
			}
			if strings.Contains(body, path) != c.want || strings.Contains(body, `"PatchDir"`) != c.want {
				t.Errorf("the executable is %s: %s", path, body)
			}
		})
	}
}
