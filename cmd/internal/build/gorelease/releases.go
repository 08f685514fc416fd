package gorelease

// releases are the releases that gosplice knows, oldest first. docs/porting.md says how one is added.
var releases = []*Release{
	{
		Name:    "go1.25",
		MapType: 112,
		Export:  2,
		Foreign: []string{"noswissmap", "newinliner", "nodwarf5", "noregabiargs", "noregabiwrappers", "preemptibleloops", "staticlockranking"},
	},
	{
		Name:    "go1.26",
		MapType: 112,
		Export:  2,
		Foreign: []string{"newinliner", "nodwarf5", "noregabiargs", "noregabiwrappers", "preemptibleloops", "staticlockranking"},
	},
	{
		Name:              "go1.27",
		MapType:           136,
		Export:            5,
		Foreign:           []string{"newinliner", "nodwarf5", "noregabiargs", "noregabiwrappers", "preemptibleloops", "staticlockranking"},
		ClosuresByContent: true,
		TypesInOrder:      true,
	},
}
