package chainfile

import (
	"path"
	"strings"

	"github.com/gosplice/gosplice/internal/live/chains"
)

// check says whether a manifest is one that gosplice plugin build writes. The digest shows only that
// nothing happened to it since.
func (m *Manifest) check() error {
	if err := chains.CheckName(m.Chain); err != nil {
		return malformed("%v", err)
	}
	if err := chains.CheckVersion(m.Version); err != nil {
		return malformed("%v", err)
	}
	tag, ok := strings.CutPrefix(m.Identity, chains.IdentityOf(m.Chain, m.Version, ""))
	if !ok || len(tag) < 8 || len(tag) > 64 || strings.Trim(tag, "0123456789abcdef") != "" {
		return malformed("its identity %.100q is not one of %s %s", m.Identity, m.Chain, m.Version)
	}
	if path.Base(m.Path) != m.Identity {
		return malformed("its package %.200q does not carry the identity %s", m.Path, m.Identity)
	}
	if dot := strings.LastIndexByte(m.Table, '.'); dot <= 0 || dot == len(m.Table)-1 {
		return malformed("its table has the type %.200q, which is none of a package", m.Table)
	}
	seen := make(map[string]bool, len(m.Shared))
	for _, p := range m.Shared {
		if p.Path == "" || p.Export == "" || seen[p.Path] {
			return malformed("its package %.200q is without a name or a hash, or is there twice", p.Path)
		}
		seen[p.Path] = true
	}
	return nil
}
