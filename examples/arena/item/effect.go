package item

// Effect is what using up an item does to a player.
type Effect interface {
	Apply(hp, energy int) (newHP, newEnergy int)
}

// MaxHP is the health of a player who was never struck.
var MaxHP = 100

// Heal gives health back, up to MaxHP.
type Heal int

func (h Heal) Apply(hp, energy int) (int, int) { return min(hp+int(h), MaxHP), energy }

// Wake gives energy.
type Wake int

func (w Wake) Apply(hp, energy int) (int, int) { return hp, energy + int(w) }

// Nothing is what stones do.
type Nothing struct{}

func (Nothing) Apply(hp, energy int) (int, int) { return hp, energy }

// kinds lists what lies around in a room, in the order in which it is found.
var kinds = []string{"potion", "stone", "tonic"}

// effects says what each kind does.
var effects = map[string]Effect{
	"potion": Heal(25),
	"stone":  Nothing{},
	"tonic":  Wake(5),
}

// Kind is what the n-th item of a room is.
func Kind(n int64) string { return kinds[n%int64(len(kinds))] }

// EffectOf is what using up an item of the kind does.
func EffectOf(kind string) Effect {
	if e, ok := effects[kind]; ok {
		return e
	}
	return Nothing{}
}
