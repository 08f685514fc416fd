package main

import (
	"encoding/json"
	"strings"
	"testing"
)

// TestEscapeUnseen: what --json prints steers no terminal, and means the same.
func TestEscapeUnseen(t *testing.T) {
	const said = "a\u009b2J\u202eb\U000e0001 名前 \x1b[31m\n<é>\t"
	text, err := json.MarshalIndent(map[string]string{"Name": said}, "", "  ")
	if err != nil {
		t.Fatal(err)
	}
	shown := escapeUnseen(text)
	if strings.ContainsAny(shown, "\u009b\u202e\x1b\t\U000e0001") || !strings.Contains(shown, "名前") {
		t.Errorf("shown is %q", shown)
	}
	var got map[string]string
	if err := json.Unmarshal([]byte(shown), &got); err != nil || got["Name"] != said {
		t.Errorf("got %q, %v", got["Name"], err)
	}
}
