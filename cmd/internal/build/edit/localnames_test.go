package edit

import "testing"

func TestLastingName(t *testing.T) {
	e := &Edit{localNames: map[string]map[string]string{
		"main":      {"1": "f/0", "12": "(*T).m/1"},
		"a.b/c%2ed": {"1": "g/0"},
	}}
	for name, want := range map[string]string{
		"type:main.row":                        "type:main.row",
		"main.last<0>":                         "main.last<0>",
		"type:*main.row·1":                     "type:*main.row·f/0",
		"type:[2]main.row·12":                  "type:[2]main.row·(*T).m/1",
		"type:main.pair[map[string]int]·1":     "type:main.pair[map[string]int]·f/0",
		"type:map[main.row·1]a.b/c%2ed.key·1":  "type:map[main.row·f/0]a.b/c%2ed.key·g/0",
		"type:main.row·2":                      "type:main.row·2",
		"type:other.row·1":                     "type:other.row·1",
		"type:func(main.box[main.row·1]) bool": "type:func(main.box[main.row·f/0]) bool",
	} {
		if got := e.LastingName(name); got != want {
			t.Errorf("%s: %s, want %s", name, got, want)
		}
	}
}
