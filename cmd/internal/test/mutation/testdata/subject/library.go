package main

import (
	"bytes"
	"compress/flate"
	"container/heap"
	"container/list"
	"container/ring"
	"encoding/csv"
	"encoding/json"
	"encoding/xml"
	"go/format"
	"go/parser"
	"go/scanner"
	"go/token"
	"html"
	"index/suffixarray"
	"io"
	"math/big"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"text/tabwriter"
	"text/template"
)

type animal struct {
	Name  string            `json:"name" xml:"name,attr"`
	Legs  int               `json:"legs,omitempty" xml:"legs"`
	Tags  []string          `json:"tags" xml:"tags>tag"`
	Extra map[string]any    `json:"extra,omitempty" xml:"-"`
	Next  *animal           `json:"next,omitempty" xml:"next"`
	Named map[string]string `json:"named" xml:"-"`
}

func jsonOf(print func(...any)) {
	a := animal{"cow", 4, []string{"big", "<b>"}, map[string]any{"x": 1.5, "y": nil}, &animal{Name: "é"}, map[string]string{"b": "2", "a": "1"}}
	b, err := json.MarshalIndent(a, "", " ")
	print(string(b), err)
	var back animal
	print(json.Unmarshal(b, &back), back.Name, back.Legs, back.Tags, back.Next != nil)
	for _, bad := range []string{"{", `{"name": 1}`, `[1,2`, `{"legs": 1e3}`, `{"name":"\u00e9\ud83d\ude00"}`, `"\x"`, `nul`, `{"next":{"next":{}}} x`} {
		var v animal
		print(bad, json.Unmarshal([]byte(bad), &v), v.Name, v.Legs)
	}
	d := json.NewDecoder(strings.NewReader(`{"a":1} [true,null,"x"] 12`))
	d.UseNumber()
	for {
		var v any
		if err := d.Decode(&v); err != nil {
			print(err == io.EOF)
			break
		}
		print(v)
	}
	var out bytes.Buffer
	print(json.Compact(&out, []byte(`{ "a" : [ 1 , 2 ] }`)), out.String(), json.Valid([]byte("{}")), json.Valid([]byte("{]")))
}

func xmlOf(print func(...any)) {
	b, err := xml.MarshalIndent(animal{Name: "a&b", Legs: 3, Tags: []string{"x", "<y>"}}, "", " ")
	print(string(b), err)
	var back animal
	print(xml.Unmarshal(b, &back), back.Name, back.Legs, back.Tags)
	d := xml.NewDecoder(strings.NewReader(`<?xml version="1.0"?><a x="1"><!-- c --><b>t&lt;</b><c/></a>`))
	for {
		t, err := d.Token()
		if err != nil {
			print(err)
			break
		}
		print(t)
	}
}

func csvOf(print func(...any)) {
	r := csv.NewReader(strings.NewReader("a,b,c\n\"x \"\"q\"\"\",2,\n# no\n1,2\n"))
	r.Comment, r.FieldsPerRecord = '#', -1
	all, err := r.ReadAll()
	print(all, err)
	var b bytes.Buffer
	w := csv.NewWriter(&b)
	print(w.WriteAll([][]string{{"a b", "c,d", `e"f`}, {"", "\n"}}), b.String())
	_, err = csv.NewReader(strings.NewReader("a\"b\n")).ReadAll()
	print(err)
}

func templates(print func(...any)) {
	t, err := template.New("t").Funcs(template.FuncMap{"up": strings.ToUpper}).Parse(
		`{{define "x"}}<{{.}}>{{end}}{{range $i, $e := .Tags}}{{if $i}}, {{end}}{{template "x" $e | up}}{{else}}none{{end}} {{.Legs | printf "%03d"}} {{with .Next}}{{.Name}}{{end}} {{len .Named}} {{index .Named "a"}} {{and 1 0}} {{eq .Legs 4 5}}`)
	print(err)
	var b bytes.Buffer
	print(t.Execute(&b, animal{"cow", 4, []string{"a", "b"}, nil, &animal{Name: "n"}, map[string]string{"a": "1"}}), b.String())
	_, err = template.New("bad").Parse("{{range}")
	print(err)
	print(template.HTMLEscapeString("<a&b>"), template.JSEscapeString("'x'"))
}

func tabs(print func(...any)) {
	var b bytes.Buffer
	w := tabwriter.NewWriter(&b, 2, 4, 1, '.', tabwriter.AlignRight|tabwriter.Debug)
	io.WriteString(w, "a\tbbb\tc\naaaa\tb\tccccc\n\n1\t2\n")
	w.Flush()
	print(b.String())
}

func htmlOf(print func(...any)) {
	for _, s := range []string{"<a href=\"x\">&amp;</a>", "&eacute;&#233;&#xe9;&bogus;&lt", "plain"} {
		print(html.EscapeString(s), html.UnescapeString(s))
	}
}

func urls(print func(...any)) {
	for _, s := range []string{"http://u:p@h.com:80/a%20b/c?x=1&y=2&x=3#f", "../x?q", "mailto:a@b", "http://[::1]:8/", "%zz", "http://h/a;b"} {
		u, err := url.Parse(s)
		if err != nil {
			print(err)
			continue
		}
		print(u.Scheme, u.Host, u.Port(), u.Path, u.RawQuery, u.Fragment, u.String(), u.Query().Encode(), u.IsAbs())
	}
	base, _ := url.Parse("http://h/a/b/c")
	ref, _ := url.Parse("../d?e")
	print(base.ResolveReference(ref), url.QueryEscape("a b&c/é"), url.PathEscape("a b/c"))
}

func regexps(print func(...any)) {
	for _, e := range []string{`(a+)(b|c)*d?`, `^\w+@(\w+)\.com$`, `(?i)HELLO`, `[^a-z]{2,3}`, `(`, `x*`} {
		re, err := regexp.Compile(e)
		if err != nil {
			print(err)
			continue
		}
		for _, s := range []string{"aabcbd", "me@x.com", "say hello", "ab12-cd", ""} {
			print(e, re.FindAllStringSubmatchIndex(s, -1), re.ReplaceAllString(s, "<$0>"))
		}
	}
}

func flates(print func(...any)) {
	text := []byte(strings.Repeat("the quick brown fox ", 50) + "jumps")
	for _, level := range []int{0, 1, 6, 9} {
		var b bytes.Buffer
		w, err := flate.NewWriter(&b, level)
		if err != nil {
			print(err)
			continue
		}
		w.Write(text)
		w.Close()
		back, err := io.ReadAll(flate.NewReader(bytes.NewReader(b.Bytes())))
		print(level, b.Len(), b.Bytes(), bytes.Equal(back, text), err)
	}
}

func bigs(print func(...any)) {
	a, _ := new(big.Int).SetString("123456789012345678901234567890", 10)
	b := big.NewInt(987654321)
	print(new(big.Int).Mul(a, b), new(big.Int).Div(a, b), new(big.Int).Exp(b, big.NewInt(20), a), new(big.Int).GCD(nil, nil, a, b), a.Cmp(b))
	print(new(big.Rat).SetFrac(a, b).FloatString(10), new(big.Int).Sqrt(a), a.Text(36), b.ProbablyPrime(5))
}

type numbers []int

func (n numbers) Len() int           { return len(n) }
func (n numbers) Less(i, j int) bool { return n[i] < n[j] }
func (n numbers) Swap(i, j int)      { n[i], n[j] = n[j], n[i] }
func (n *numbers) Push(x any)        { *n = append(*n, x.(int)) }
func (n *numbers) Pop() any {
	last := (*n)[len(*n)-1]
	*n = (*n)[:len(*n)-1]
	return last
}

func containers(print func(...any)) {
	h := &numbers{5, 2, 8, 1, 9, 3}
	heap.Init(h)
	heap.Push(h, 4)
	(*h)[2] = 0
	heap.Fix(h, 2)
	heap.Remove(h, 1)
	for i := 0; h.Len() > 0 && i < 20; i++ {
		print(heap.Pop(h))
	}
	l := list.New()
	e := l.PushBack(1)
	l.PushFront(0)
	l.InsertAfter(2, e)
	l.MoveToFront(e)
	var all []any
	for e := l.Front(); e != nil && len(all) < 20; e = e.Next() {
		all = append(all, e.Value)
	}
	print(all, l.Len())
	r := ring.New(4)
	n := 0
	for i := range r.Len() {
		r.Value = i
		r = r.Next()
	}
	r.Unlink(1)
	r.Do(func(v any) { n += v.(int) })
	print(n, r.Len())
}

func formats(print func(...any)) {
	for _, src := range []string{
		"package p\nimport \"fmt\"\nfunc  f( a,b int)(int,error){ if a>b{return a,nil};for i:=range b{fmt.Println(i)}\n// c\nreturn 0,nil}\ntype T struct{A int;BB  string `x`}",
		"package p; func {", "x := 1",
	} {
		out, err := format.Source([]byte(src))
		print(string(out), err)
	}
	fset := token.NewFileSet()
	e, err := parser.ParseExpr("a+b*(c-1)[2].x")
	print(e != nil, err)
	var s scanner.Scanner
	src := []byte("a := 'x' + \"y\" // z\n 0x1F 1e9 ... <-")
	s.Init(fset.AddFile("", fset.Base(), len(src)), src, nil, scanner.ScanComments)
	for range 40 {
		_, tok, lit := s.Scan()
		print(tok, lit)
		if tok == token.EOF {
			break
		}
	}
}

func suffixes(print func(...any)) {
	x := suffixarray.New([]byte("bananas and ananas"))
	found := x.Lookup([]byte("ana"), -1)
	slices.Sort(found)
	print(found, x.FindAllIndex(regexp.MustCompile("an+"), 3))
}
