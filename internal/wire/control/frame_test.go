package control

import (
	"bytes"
	"encoding/binary"
	"errors"
	"io"
	"reflect"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/gosplice/gosplice/internal/wire/patch"
)

func requestBytes(t testing.TB, req *Request) []byte {
	t.Helper()
	var b bytes.Buffer
	if err := WriteRequest(&b, req); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func sampleRequest() *Request {
	return &Request{Verb: VerbApply, Patch: []byte("patch"), To: "1.4.2", SwitchOptions: SwitchOptions{Quiesce: 5 * time.Second, InitTimeout: time.Minute}}
}

func TestRequestRoundTrip(t *testing.T) {
	want := sampleRequest()
	message := requestBytes(t, want)
	r := bytes.NewReader(append(message, requestBytes(t, &Request{Verb: VerbHello})...))
	got, err := ReadRequest(r)
	if err != nil || !reflect.DeepEqual(got, want) {
		t.Errorf("got %+v, %v", got, err)
	}
	if got, err = ReadRequest(r); err != nil || got.Verb != VerbHello || got.Patch != nil {
		t.Errorf("second request %+v, %v", got, err)
	}
	if _, err = ReadRequest(r); err != io.EOF {
		t.Errorf("after the last request: %v", err)
	}
}

func TestResponseRoundTrip(t *testing.T) {
	want := &Response{
		Code: Done, Message: "1.4.1 -> 1.4.2",
		Switched: &Switched{From: "1.4.1", To: "1.4.2", Pause: 92 * time.Microsecond, OldCode: []OldCode{{Function: "main.loop", Goroutines: 2, Stack: []Function{{"main.loop", "main.go", 7}}}}},
		Status:   &Status{Hello: Hello{PID: 7, Started: time.Date(2026, 3, 1, 0, 0, 0, 0, time.UTC)}, Patches: []Applied{{ID: "a", Changes: []patch.Change{{Symbol: "main.loop"}}}}},
		Journal:  []Entry{{Verb: VerbApply, Code: Refused, Took: time.Second}},
	}
	var b bytes.Buffer
	if err := WriteResponse(&b, want); err != nil {
		t.Fatal(err)
	}
	got, err := ReadResponse(&b)
	if err != nil || !reflect.DeepEqual(got, want) {
		t.Errorf("got %+v, %v", got, err)
	}
}

func TestTruncatedRequest(t *testing.T) {
	message := requestBytes(t, sampleRequest())
	for n := 1; n < len(message); n++ {
		if _, err := ReadRequest(bytes.NewReader(message[:n])); !errors.Is(err, io.ErrUnexpectedEOF) {
			t.Fatalf("first %d of %d bytes: %v", n, len(message), err)
		}
	}
}

func frame(length, payload uint32, text string) []byte {
	b := binary.LittleEndian.AppendUint32([]byte(frameMagic), length)
	return append(binary.LittleEndian.AppendUint32(b, payload), text...)
}

func TestHostileRequests(t *testing.T) {
	whole := func(text string) []byte { return frame(uint32(len(text)), 0, text) }
	for name, message := range map[string][]byte{
		"other protocol": []byte("GET / HTTP/1.1\r\n\r\n"),
		"huge JSON":      frame(1<<32-1, 0, ""),
		"huge payload":   frame(2, 1<<32-1, "{}"),
		"no JSON":        whole(""),
		"not JSON":       whole("hello"),
		"list":           whole("[]"),
		"deep":           whole(strings.Repeat("[", 60000)),
		"unknown field":  whole(`{"Protocol":1,"Verb":"apply","Force":true}`),
		"older protocol": whole(`{"Protocol":0,"Verb":"hello"}`),
		"newer protocol": whole(`{"Protocol":2,"Verb":"hello"}`),
		"wrong type":     whole(`{"Protocol":1,"Verb":7}`),
	} {
		if _, err := ReadRequest(bytes.NewReader(message)); !errors.Is(err, ErrNotMessage) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// TestAnswersThatTakeMemory: root asks programs of everybody, whose answers may be anything.
func TestAnswersThatTakeMemory(t *testing.T) {
	if maxForeign > maxResponse/4 || longestAnswer(VerbStatus, false) != maxForeign || longestAnswer(VerbJournal, true) != maxResponse || longestAnswer(VerbHello, false) != maxHello {
		t.Error("the answers of other users' programs have no bound of their own")
	}
	for _, list := range []string{`"Journal":[`, `"Status":{"OldCode":[`, `"Status":{"Patches":[`, `"Inside":[`} {
		// What is no object makes an empty structure too, before it is an error.
		for _, item := range []string{"{},", "null,", "0,", `"",`, "[],", "true,"} {
			text := `{"Protocol":1,` + list + strings.Repeat(item, 1<<20) + "{}]" + strings.Repeat("}", strings.Count(list, "{")) + "}"
			message := frame(uint32(len(text)), 0, text)
			var before, after runtime.MemStats
			runtime.ReadMemStats(&before)
			_, err := readResponse(bytes.NewReader(message), maxResponse)
			runtime.ReadMemStats(&after)
			if taken := int(after.TotalAlloc - before.TotalAlloc); !errors.Is(err, ErrNotMessage) || taken > 8*len(message) {
				t.Errorf("%s%s: an answer of %d bytes takes %d: %v", list, item, len(message), taken, err)
			}
		}
	}
}

// counting counts what is read from an endless source.
type counting struct{ n int }

func (c *counting) Read(p []byte) (int, error) {
	c.n += len(p)
	return len(p), nil
}

func TestAnnouncedBytesAreNotTaken(t *testing.T) {
	text := `{"Protocol":1,"Verb":"apply"}`
	message := frame(uint32(len(text)), patch.MaxFile, text)
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	if _, err := ReadRequest(bytes.NewReader(message)); !errors.Is(err, io.ErrUnexpectedEOF) {
		t.Errorf("err = %v", err)
	}
	runtime.ReadMemStats(&after)
	if taken := after.TotalAlloc - before.TotalAlloc; taken > 1<<20 {
		t.Errorf("a message that announces %d bytes and has none takes %d", patch.MaxFile, taken)
	}
	rest := new(counting)
	if _, err := ReadRequest(io.MultiReader(bytes.NewReader(frame(maxRequest+1, 0, "")), rest)); err == nil || rest.n > 1<<20 {
		t.Errorf("read %d bytes of a request that is too long: %v", rest.n, err)
	}
}

func FuzzReadRequest(f *testing.F) {
	f.Add(requestBytes(f, sampleRequest()))
	f.Add(requestBytes(f, &Request{Verb: VerbHello}))
	f.Add(frame(2, 5, "{}"))
	f.Add([]byte(frameMagic))
	f.Fuzz(func(t *testing.T, message []byte) {
		req, err := ReadRequest(bytes.NewReader(message))
		if err != nil {
			return
		}
		again, err := ReadRequest(bytes.NewReader(requestBytes(t, req)))
		if err != nil || !reflect.DeepEqual(req, again) {
			t.Fatalf("%+v is read back as %+v, %v", req, again, err)
		}
	})
}

func TestExitCodes(t *testing.T) {
	for code, want := range map[Code]int{Done: 0, Failed: 1, Usage: 2, Refused: 3, "new": 1} {
		if got := code.Exit(); got != want {
			t.Errorf("%s: %d", code, got)
		}
	}
}
