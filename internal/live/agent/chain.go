package agent

import (
	"encoding/hex"
	"errors"
	"fmt"
	"strings"

	"github.com/gosplice/gosplice/internal/live/chains"
	"github.com/gosplice/gosplice/internal/wire/control"
)

// applyPlugin loads a plugin into the chain that it is made for, under the rules for patches.
func (s *server) applyPlugin(req *control.Request, who peer, entry *control.Entry) (*control.Switched, error) {
	loader := chains.TheLoader()
	if loader == nil {
		return nil, refused(chains.ReasonPlatform, "this program loads no plugins: build it with gosplice plugin host, and make its chain with chain.New")
	}
	p, err := loader.Read(req.Patch)
	if err != nil {
		return nil, chainProblem(err)
	}
	info := p.About()
	entry.ID, entry.Version, entry.Chain = info.ID, info.Version, info.Chain
	c := chains.Named(info.Chain)
	if c == nil {
		return nil, refused(chains.ReasonChain, "this program has no chain %s: it has %s", info.Chain, chainNames())
	}
	done, err := c.Apply(req.Patch, chains.ApplyOptions{Approve: s.approval(ActionApply, info.Chain, who, req), EntryTimeout: req.InitTimeout})
	if err != nil {
		return nil, chainProblem(err)
	}
	return chainSwitched(info.Chain, done), nil
}

// chainToRollBack is the chain that a rollback is about, or nil if it is about patches.
func (s *server) chainToRollBack(name string) (chains.Chain, error) {
	if name != "" {
		if c := chains.Named(name); c != nil {
			return c, nil
		}
		return nil, &problem{code: control.Usage, reason: chains.ReasonChain, message: fmt.Sprintf("this program has no chain %.80q: it has %s", name, chainNames())}
	}
	all := chains.All()
	switch {
	case len(all) == 0 || s.patcher.patched():
		return nil, nil
	case len(all) == 1:
		return all[0], nil
	}
	return nil, &problem{code: control.Usage, reason: chains.ReasonChain, message: fmt.Sprintf("this program has %d chains: name one with --chain: %s", len(all), chainNames())}
}

// patched says whether a patch is applied.
func (a *patcher) patched() bool {
	a.state.Lock()
	defer a.state.Unlock()
	return len(a.stack) > 0
}

func (s *server) rollbackChain(c chains.Chain, err error, req *control.Request, who peer, entry *control.Entry) (*control.Switched, error) {
	if err != nil {
		return nil, err
	}
	entry.Chain = c.Name()
	done, err := c.Rollback(req.To, s.approval(ActionRollback, c.Name(), who, req))
	if err != nil {
		return nil, chainProblem(err)
	}
	entry.Version, entry.ID = done.To, done.ID
	return chainSwitched(c.Name(), done), nil
}

// approval asks the program's keys and its approval function about a version.
func (s *server) approval(action Action, chain string, who peer, req *control.Request) chains.Approve {
	return func(version, id string, signer []byte) error {
		what := "going back"
		if action == ActionApply {
			if err := s.rules.trusts(signer, "plugin"); err != nil {
				return err
			}
			what = "applying a plugin, which may be older than one that ran," // plugins have no order
		}
		if err := s.patcher.mayGoBack(req, s.rules, what); err != nil {
			return err
		}
		return s.rules.ask(Request{Action: action, Version: version, ID: id, Signer: signer, Chain: chain, UID: who.uid, PID: who.pid})
	}
}

func chainSwitched(chain string, d chains.Switched) *control.Switched {
	s := &control.Switched{From: d.From, To: d.To, ID: d.ID, Chain: chain, Already: d.Already, Memory: d.Memory}
	from := d.From
	if from == "" {
		from = "nothing"
	}
	s.Message = fmt.Sprintf("chain %s: %s -> %s", chain, from, d.To)
	if d.Already {
		s.Message = fmt.Sprintf("chain %s: version %s runs already, nothing was done", chain, d.To)
	}
	return s
}

// chainProblem puts an error about a chain into the agent's form.
func chainProblem(err error) error {
	var p *problem
	if errors.As(err, &p) {
		return p
	}
	var e *chains.Error
	if !errors.As(err, &e) {
		return failed("", "%v", err)
	}
	code := control.Failed
	if e.Refused {
		code = control.Refused
	}
	return &problem{code: code, reason: e.Reason, message: e.Message, detail: e.Detail}
}

func chainNames() string {
	var names []string
	for _, c := range chains.All() {
		names = append(names, c.Name())
	}
	if names == nil {
		return "none"
	}
	return strings.Join(names, ", ")
}

// chainVersions are the current versions of all chains.
func chainVersions() map[string]string {
	var versions map[string]string
	for _, c := range chains.All() {
		if versions == nil {
			versions = make(map[string]string)
		}
		versions[c.Name()] = c.Version()
	}
	return versions
}

// chainStatus is what all chains hold.
func chainStatus() []control.Chain {
	var list []control.Chain
	for _, c := range chains.All() {
		s := c.Status()
		of := control.Chain{Name: s.Name, Stack: s.Rollback, Plugins: s.Plugins, Max: s.Max, Memory: s.Memory, Poisoned: s.Poisoned}
		for _, v := range s.Versions {
			of.Versions = append(of.Versions, control.ChainVersion{Version: v.Version, ID: v.ID, Linked: v.Linked, Current: v.Current,
				Time: v.Loaded, Memory: v.Memory, Signer: hex.EncodeToString(v.Signer), Goroutines: v.Goroutines})
		}
		list = append(list, of)
	}
	return list
}
