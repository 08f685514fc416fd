// Logic is a version.
package main

import (
	"ex.com/figures/api"
	"ex.com/figures/logic/mix"
)

func Entry(*api.Table) (*api.Table, error) {
	return &api.Table{Version: mix.Version, Mix: mix.Mix, Deposit: mix.Deposit, Add: mix.Add}, nil
}
