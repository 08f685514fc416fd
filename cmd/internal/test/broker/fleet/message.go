package fleet

import (
	"bytes"
	"encoding/binary"
	"fmt"
)

// message is the text of message n of a publisher: the number, and then bytes that follow from it, so
// that a receiver knows when one is not as it was sent.
func message(publisher int, n uint64) []byte {
	b := binary.BigEndian.AppendUint64(nil, n)
	size := int(n*7+uint64(publisher)) % 200
	for i := range size {
		b = append(b, byte(n)+byte(publisher)+byte(i))
	}
	return b
}

// numberOf is the number of a message, if it is as that publisher sent it.
func numberOf(publisher int, b []byte) (uint64, error) {
	if len(b) < 8 {
		return 0, fmt.Errorf("a message of publisher %d has %d bytes", publisher, len(b))
	}
	n := binary.BigEndian.Uint64(b)
	if !bytes.Equal(b, message(publisher, n)) {
		return 0, fmt.Errorf("message %d of publisher %d has other bytes than it was sent with", n, publisher)
	}
	return n, nil
}
