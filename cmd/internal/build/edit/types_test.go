package edit

import "testing"

func TestMentionsInstance(t *testing.T) {
	for symbol, want := range map[string]bool{
		"type:main.B[int]·2":                       true,
		"type:*main.B[main.in·6]·2":                true,
		"type:main.Box[main.B[map[string]int]·2]":  true,
		"type:func(main.B[int]·1, main.B[bool]·2)": true,
		"type:main.B[int]·21":                      false,
		"type:main.B[int]·1":                       false,
		"type:main.B·2":                            false,
		"type:main.B[int]":                         false,
		"type:main.B[int":                          false,
	} {
		if got := mentionsInstance(symbol, "main.B", "·2"); got != want {
			t.Errorf("%s: %t", symbol, got)
		}
	}
}
