// Package item knows the things of the game: weapons, what lies around, and what a blow does.
package item
