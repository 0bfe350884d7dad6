// The build command measures what it costs to import exdesk: to build a minimal
// program that turns mail into tickets with it, from nothing and after a change,
// and what that program is made of. Beside it stand the same program of
// msgraph-sdk-go, enmime and go-zendesk, and one that only asks Microsoft Graph
// for a page with what Go has, below which nobody comes.
//
// The programs are the directories beside this file. Each is built in a module
// of its own in a temporary directory, which requires what this module pins. The
// command needs Linux, whose /proc tells how much memory a build takes, and to run
// in this module's directory.
package main

import (
	"os"

	"github.com/exdesk/exdesk/bench/internal/measure"
)

func main() {
	var all []measure.Measurement
	for _, p := range programs {
		if p.slow && os.Getenv(measure.Quick) != "" {
			continue // minutes of two processors, and gigabytes
		}
		all = append(all, measure.Of("build/cold", p.subject, func(r *measure.Report) error { return cold(p, r) }))
	}
	for _, p := range programs {
		all = append(all, measure.Of("build/warm", p.subject, func(r *measure.Report) error { return warm(p, r) }))
	}
	for _, p := range programs {
		all = append(all, measure.Of("build/program", p.subject, func(r *measure.Report) error { return made(p, r) }))
	}
	measure.Main(all...)
}
