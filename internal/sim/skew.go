package sim

import "time"

// skew is by how much a service's clock is wrong, or that of the machine, which is
// the same: by a minute as a rule, and in some cells by hours. Nothing that exdesk
// promises rests on clocks that agree, but for webhooks: see package exdesk.
func (c *cell) skew(of service) time.Duration {
	most := pick(c.dice, []time.Duration{90 * time.Second, 90 * time.Second, 10 * time.Minute, 5 * time.Hour}, "skew of", of)
	return c.dice.between(-most, most, "clock of", of)
}
