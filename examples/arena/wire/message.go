package wire

// The operations of the game. All but Join, Census and Inspect need a player, that is, a Join before.
const (
	Join    = "join"    // enter Room as Name
	Look    = "look"    // just the State
	Equip   = "equip"   // take Weapon in hand
	Attack  = "attack"  // strike the boss of the room, who strikes back
	Inspect = "inspect" // what Weapon would do against Armour
	Loot    = "loot"    // take the next thing that lies around into the bag
	Use     = "use"     // use up what is on top of the bag
	Bag     = "bag"     // list the bag
	Say     = "say"     // say Text to the room
	Hear    = "hear"    // what was said in the room after line Since
	Census  = "census"  // count everything in the rooms whose names begin with Room
)

// Request is what a client sends. Which fields matter depends on Op.
type Request struct {
	Seq    int64  `json:"seq"`
	Op     string `json:"op"`
	Room   string `json:"room,omitempty"`
	Name   string `json:"name,omitempty"`
	Weapon string `json:"weapon,omitempty"`
	Armour int    `json:"armour,omitempty"`
	Text   string `json:"text,omitempty"`
	Since  int64  `json:"since,omitempty"`
}

// Reply answers one Request and repeats its Seq. It says enough for a client to check it:
// every change of state with the value before and after, and by which version of the rule.
type Reply struct {
	Seq int64 `json:"seq"`
	OK  bool  `json:"ok"`
	// Error is why the server did not do it, such as "tired" or "bag is full".
	Error string `json:"error,omitempty"`

	State *State `json:"state,omitempty"` // of the player, after the request
	Blow  *Blow  `json:"blow,omitempty"`  // what Attack or Inspect did
	Item  *Item  `json:"item,omitempty"`  // what Loot or Use is about
	Bag   []Item `json:"bag,omitempty"`   // bottom first
	Lines []Line `json:"lines,omitempty"` // what Say said, or Hear heard
	Count *Count `json:"count,omitempty"` // what Census counted
}

// State is a player as the server sees it.
type State struct {
	HP     int   `json:"hp"`
	Energy int   `json:"energy"`
	Score  int64 `json:"score"`
	Items  int   `json:"items"`
	// Ticks is how many ticks of the room the player has seen under each version of the rule
	// of ticks. Energy can be checked against it.
	Ticks map[int]int64 `json:"ticks"`
}

// Blow is one exchange of blows with the boss.
type Blow struct {
	N      int64 `json:"n"` // 1, 2, 3, … in each room
	Rule   int   `json:"rule"`
	Power  int   `json:"power"`
	Armour int   `json:"armour"`
	Damage int   `json:"damage"`

	BossBefore int  `json:"boss_before"`
	BossAfter  int  `json:"boss_after"`
	Killed     bool `json:"killed,omitempty"`
	Kills      int  `json:"kills,omitempty"` // so far, in this room
	Bonus      int  `json:"bonus,omitempty"`

	Back     int  `json:"back"` // the damage of the boss's answer
	BackRule int  `json:"back_rule"`
	HPBefore int  `json:"hp_before"`
	Fell     bool `json:"fell,omitempty"` // and stood up again with full HP
}

// Item is a thing in a bag.
type Item struct {
	N    int64  `json:"n"` // 1, 2, 3, … in each room
	Kind string `json:"kind"`
}

// Line is something said in a room.
type Line struct {
	N    int64  `json:"n"` // 1, 2, 3, … in each room
	From string `json:"from"`
	Text string `json:"text"`
	Rule int    `json:"rule"`
}

// Count sums up rooms.
type Count struct {
	Rooms   int   `json:"rooms"`
	Players int   `json:"players"`
	Items   int64 `json:"items"` // in all bags
	Score   int64 `json:"score"` // of all players
	Energy  int64 `json:"energy"`
	Blows   int64 `json:"blows"` // ever struck in these rooms
	Looted  int64 `json:"looted"`
	Lines   int64 `json:"lines"`
	// Accepted and Requests are of the whole server, since it started.
	Accepted int64 `json:"accepted"`
	Requests int64 `json:"requests"`
}
