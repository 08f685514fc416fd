package gorelease

// releases are the releases that gosplice knows, oldest first. docs/porting.md says how one is added.
var releases = []*Release{
	{
		Name:    "go1.25",
		MapType: 112,
	},
	{
		Name:    "go1.26",
		MapType: 112,
	},
	{
		Name:              "go1.27",
		MapType:           136,
		ClosuresByContent: true,
		TypesInOrder:      true,
	},
}
