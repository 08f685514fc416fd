package main

import "ex.com/game/api"

type otherTable = api.Other
