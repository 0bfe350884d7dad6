//go:build race

package exdesk_test

func init() { underRace = true }
