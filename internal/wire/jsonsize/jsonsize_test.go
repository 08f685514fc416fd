package jsonsize

import (
	"encoding/json"
	"strings"
	"testing"
	"time"
)

type inner struct {
	Name string
	At   time.Time
	Big  [100]uint64
}

type embedded struct{ Numbers []uint64 }

type outer struct {
	embedded
	List   []inner           `json:"list,omitempty"`
	Table  map[string]*inner `json:",omitempty"`
	Bytes  []byte
	Any    any
	Hidden []inner `json:"-"`
}

// TestCheck: what is decoded in proportion to its length passes, and what makes empty structures does not, whatever
// they are made of and however the name of the list is written.
func TestCheck(t *testing.T) {
	whole, err := json.Marshal(outer{embedded{[]uint64{1, 2}}, []inner{{Name: "a\"]}"}, {}}, map[string]*inner{"x": {}, "y": nil}, []byte("bytes"), []any{nil, 1.5, map[string]any{"a": "b"}}, nil})
	if err != nil {
		t.Fatal(err)
	}
	many := func(before, item, after string) string {
		return before + strings.Repeat(item+" ,\n", 1<<20) + item + after
	}
	for _, text := range []string{
		string(whole), `{"unknown":[{"a":[]},0,""],"NUMBERS":[ 1 , 2 ]}`, ` {"list" : null, "Table":{"a":null}} and more`, `{}`, "null",
		many(`{"Numbers":[`, "1", "]}"), many(`{"Bytes":"`, "a", `"}`),
	} {
		if err := Check([]byte(text), new(outer), 8); err != nil {
			t.Errorf("%.60s: %v", text, err)
		}
	}
	for _, item := range []string{"{}", "null", "0", `""`, "[]", "true", "{", `{"At":[]}`} {
		for _, name := range []string{"list", "LIST", `l\u0069st`, "li\u017ft"} {
			text := many(`{"`+name+`":[`, item, "]}")
			if err := Check([]byte(text), new(outer), 8); err == nil {
				t.Errorf("%.60s passes", text)
			}
		}
	}
	for _, text := range []string{"", "{", `{"a"`, `{"a":`, `{"a":1`, `{"a":1,`, `[`, `{"list":[`, `{"list":[{`, `{"list":[{"Name":"`, `{"list":[{"Name":"\`, `{"a":,}`, `{1:2}`,
		strings.Repeat("[", 1<<20), `{"Any":` + strings.Repeat("[", 1<<20), `{"list":{}}`, `{"Table":[]}`, `{"list":[{"Name":{}}]}`} {
		if err := Check([]byte(text), new(outer), 8); err == nil {
			t.Errorf("%.60s passes", text)
		}
	}
}

// FuzzCheck: what encoding/json decodes is JSON for Check as well.
func FuzzCheck(f *testing.F) {
	f.Add([]byte(`{"list":[{"Name":"a"}],"Any":[1,{"b":null}]}`))
	f.Fuzz(func(t *testing.T, text []byte) {
		if err := Check(text, new(outer), 1<<20); err != nil && json.Unmarshal(text, new(outer)) == nil {
			t.Errorf("%q: %v", text, err)
		}
	})
}
