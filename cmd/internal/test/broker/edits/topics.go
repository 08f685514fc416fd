package edits

// What becomes of the topics of messages.

var renamed = Edit{
	Name: "renamed",
	Why:  "a decoder that every message goes through",
	Changes: []Change{{
		File: "packets/packets.go",
		Old: `
		return fmt.Errorf("%s: %w", err, ErrMalformedTopic)
	}

	if pk.FixedHeader.Qos > 0 {
		pk.PacketID, offset, err = decodeUint16(buf, offset)
`,
		New: `
		return fmt.Errorf("%s: %w", err, ErrMalformedTopic)
	}
	if rest, ok := strings.CutPrefix(pk.TopicName, "old/"); ok {
		pk.TopicName = "new/" + rest
	}

	if pk.FixedHeader.Qos > 0 {
		pk.PacketID, offset, err = decodeUint16(buf, offset)
`,
	}},
}

var tidy = Edit{
	Name: "tidy",
	Why:  "a small function that the compiler has inlined in all encoders, and an import",
	Changes: []Change{{
		File: "packets/codec.go",
		Old:  "\t\"io\"\n",
		New:  "\t\"io\"\n\t\"strings\"\n",
	}, {
		File: "packets/codec.go",
		Old: `
func encodeString(val string) []byte {
`,
		New: `
func encodeString(val string) []byte {
	val = strings.TrimSuffix(val, "/")
`,
	}},
}

var closed = Edit{
	Name: "closed",
	Why:  "a method of a value that the broker holds as an interface since it started",
	Changes: []Change{{
		File: "hooks/auth/allow_all.go",
		Old:  "\t\"bytes\"\n",
		New:  "\t\"bytes\"\n\t\"strings\"\n",
	}, {
		File: "hooks/auth/allow_all.go",
		Old: `
func (h *AllowHook) OnACLCheck(cl *mqtt.Client, topic string, write bool) bool {
	return true
`,
		New: `
func (h *AllowHook) OnACLCheck(cl *mqtt.Client, topic string, write bool) bool {
	return !write || !strings.HasPrefix(topic, "closed/")
`,
	}},
}
