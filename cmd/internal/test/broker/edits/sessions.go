package edits

var farewell = Edit{
	Name: "farewell",
	Why:  "the loop that a goroutine of every connected client is in: those stay in the old code until they leave",
	Changes: []Change{{
		File: "clients.go",
		Old: `
func (cl *Client) Read(packetHandler ReadFn) error {
	var err error

	for {
`,
		New: `
func (cl *Client) Read(packetHandler ReadFn) error {
	var err error
	read := 0
	defer func() { cl.ops.log.Warn("session ended", "client", cl.ID, "packets", read) }()

	for ; ; read++ {
`,
	}},
}
