//go:build race

package eml

func init() { underRace = true }
