// Package sim attacks the promise of exdesk: each mail becomes one ticket or one
// comment, each notification leaves once, nothing is lost. It puts Connectors
// between the two fake services, a network between them that fails in every way
// it can, people who meddle with mail and tickets, and a clock that is virtual,
// and holds what the services then have against what was put in.
//
// A run is made of cells, each with a mailbox, an account, one process or two and
// a few hundred mails. What happens in a cell follows from its seed. The choice of
// each failure is a pure function of (seed, operation, item, attempt), and the
// network hands over one request at a time, when nothing else in the cell can go
// on. What is left to chance then is in Go's own scheduler, and the command in run
// takes it from there by an overlay of the runtime: so a cell that failed does the
// same again, to the nanosecond. Without the overlay, as under go test, one cell in
// thirty differs.
//
// A cell lives in a bubble of testing/synctest, so that its tests run it; the
// command in run drives them at length:
//
//	go run ./internal/sim/run -seed 1 -mails 1000000 -notifications 200000
//	go run ./internal/sim/run -old
package sim
