package main

import (
	"context"
	"time"
)

// measureAll makes all measurements, round by round. In each, those who are
// measured alike come directly after one another, and another of them is first.
// What fails is left out, and told.
func measureAll(ctx context.Context, s *settings, programs *programs, groups []*group, p *progress) (*table, []error) {
	t := newTable()
	var failures []error
	total, done := 0, 0
	for _, g := range groups {
		total += len(g.subjects) * s.rounds
	}
	begin := time.Now()
	for round := range s.rounds {
		for _, g := range groups {
			for i := range g.subjects {
				who := g.subjects[(i+round)%len(g.subjects)]
				p.at(round+1, s.rounds, g.name+" of "+who.name, done, total, time.Since(begin))
				lines, err := programs.measure(ctx, g.name, who, s.quick)
				if ctx.Err() != nil {
					return t, failures
				}
				if err != nil {
					failures = append(failures, err)
					p.say("%v", err)
				}
				t.add(round, lines)
				done++
			}
		}
	}
	return t, failures
}
