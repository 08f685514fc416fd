package plainplugin

import (
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"testing"
)

var (
	target = regexp.MustCompile(`(?m)^\[([^\]]+)\]: (\S+)$`)
	inText = regexp.MustCompile(`\[([a-zA-Z0-9_-]+)\]`)
)

// TestNotesNameTheirTests checks the pages about plugins: whatever they name as shown by a program is there, each
// script of this package is named, and both languages name the same ones.
func TestNotesNameTheirTests(t *testing.T) {
	scripts, err := filepath.Glob("testdata/script/*.txt")
	if err != nil || len(scripts) == 0 {
		t.Fatalf("no scripts: %v", err)
	}
	var before []string
	for _, page := range []string{"plugin-notes.md", "plugin-notes.zh-CN.md"} {
		text, err := os.ReadFile(filepath.Join("../../../../docs", page))
		if err != nil {
			t.Fatal(err)
		}
		files := make(map[string]string)
		for _, m := range target.FindAllStringSubmatch(string(text), -1) {
			files[m[1]] = filepath.Join("../../../../docs", m[2])
			if _, err := os.Stat(files[m[1]]); err != nil {
				t.Errorf("%s: [%s]: %v", page, m[1], err)
			}
		}
		var named []string
		for _, m := range inText.FindAllStringSubmatch(target.ReplaceAllString(string(text), ""), -1) {
			if files[m[1]] != "" {
				named = append(named, m[1])
			}
		}
		slices.Sort(named)
		named = slices.Compact(named)
		if len(named) != len(files) {
			t.Errorf("%s: %d targets of links, %d of them in the text: %q", page, len(files), len(named), named)
		}
		for _, script := range scripts {
			name := filepath.Base(script)
			name = name[:len(name)-len(".txt")]
			if _, ok := slices.BinarySearch(named, name); !ok {
				t.Errorf("%s does not name %s", page, script)
			}
		}
		if before != nil && !slices.Equal(before, named) {
			t.Errorf("%s names %q, the page before %q", page, named, before)
		}
		before = named
	}
}
