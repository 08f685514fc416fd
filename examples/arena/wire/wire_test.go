package wire

import (
	"bytes"
	"errors"
	"io"
	"reflect"
	"strings"
	"testing"
)

func TestReadErrors(t *testing.T) {
	tests := []struct {
		in   string
		want func(error) bool
	}{
		{"", func(err error) bool { return err == io.EOF }},
		{`{"seq":1}`, func(err error) bool { return err == io.EOF }},
		{"x\n", func(err error) bool { var bad *BadLine; return errors.As(err, &bad) }},
		{strings.Repeat(" ", MaxLine) + "\n", func(err error) bool { return err == ErrTooLong }},
		{strings.Repeat(" ", MaxLine-3) + "{}\n", func(err error) bool { return err == nil }},
	}
	for _, test := range tests {
		c := NewConn(bytes.NewBufferString(test.in))
		if _, err := Read[Request](c); !test.want(err) {
			t.Errorf("%.20q: %v", test.in, err)
		}
	}
}

// FuzzWire reads anything, and checks that what could be read can be written and read again.
func FuzzWire(f *testing.F) {
	f.Add([]byte(`{"seq":1,"ok":true,"state":{"hp":1,"ticks":{"1":5}},"bag":[{"n":1}]}` + "\n"))
	f.Add([]byte("{\n"))
	f.Fuzz(func(t *testing.T, raw []byte) {
		first, err := Read[Reply](NewConn(bytes.NewBuffer(raw)))
		if err != nil {
			return
		}
		c := NewConn(&bytes.Buffer{})
		if err := errors.Join(Write(c, first), c.Flush()); err != nil {
			t.Fatal(err)
		}
		second, err := Read[Reply](c)
		if errors.Is(err, ErrTooLong) {
			return // escapes make it longer
		}
		if err != nil {
			t.Fatal(err)
		}
		if !reflect.DeepEqual(normal(first), normal(second)) {
			t.Errorf("wrote %+v, read %+v", first, second)
		}
	})
}

// normal takes the difference between empty and missing away.
func normal(re Reply) Reply {
	if len(re.Bag) == 0 {
		re.Bag = nil
	}
	if len(re.Lines) == 0 {
		re.Lines = nil
	}
	return re
}
