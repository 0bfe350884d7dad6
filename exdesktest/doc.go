// Package exdesktest holds suites for whoever implements one of exdesk's
// interfaces: what an implementation has to do that exdesk relies on, run against
// the implementation itself.
//
//	Mailbox     exdesk.Mailbox, and Archive, Outbox and Tracer if it is one
//	Desk        exdesk.Desk, and Conversations, People and Importer if it is one
//	Limiter     exdesk.Limiter
//	Claimer     exdesk.Claimer
//	TokenStore  tokens.Store
//	Keeper      tokens.Keeper
//
// # How to run them
//
// Each is called from a test, with a function that opens what is to be tested:
// empty, and another one for each subtest, since they run at the same time.
//
//	func TestStore(t *testing.T) {
//		exdesktest.TokenStore(t, func(t *testing.T) func() tokens.Store {
//			dir := t.TempDir()
//			return func() tokens.Store { return mystore.Open(dir) }
//		})
//	}
//
//	func TestKeeper(t *testing.T) {
//		exdesktest.Keeper(t, func(t *testing.T) tokens.Keeper { return mykeys.New(t) })
//	}
//
//	func TestLimiter(t *testing.T) {
//		most := exdesk.Cost{Messages: 10}
//		exdesktest.Limiter(t, synctest.Test, func(t *testing.T) exdesktest.LimiterUnderTest {
//			return exdesktest.LimiterUnderTest{Limiter: mylimits.New(most, time.Minute), Most: most, Per: time.Minute}
//		})
//	}
//
//	func TestClaimer(t *testing.T) {
//		exdesktest.Claimer(t, synctest.Test, func(t *testing.T) exdesktest.ClaimerUnderTest {
//			table := mytable.New()
//			open := func() exdesk.Claimer { return myclaims.Open(table, 10*time.Minute) }
//			return exdesktest.ClaimerUnderTest{Claimer: open(), Other: open, Life: 10 * time.Minute}
//		})
//	}
//
// A mailbox and a desk have others at them: people who read and answer, a service
// that fails. What those do, the suite has to be told, in the fields of
// MailboxUnderTest and DeskUnderTest. The first few have to be there; what is
// tested with one of the others is skipped without it, and says so.
//
//	func TestMailbox(t *testing.T) {
//		exdesktest.Mailbox(t, synctest.Test, func(t *testing.T) exdesktest.MailboxUnderTest {
//			box := mybox.New()
//			return exdesktest.MailboxUnderTest{
//				Mailbox: box,
//				Deliver: func(mail []byte, arrived time.Time) string { … },
//				Look:    func(id string) (exdesktest.Item, bool) { … },
//				Edit:    func(id string, f func(*exdesktest.Item)) { … },
//				Delete:  func(id string) { … },
//			}
//		})
//	}
//
//	func TestDesk(t *testing.T) {
//		exdesktest.Desk(t, synctest.Test, func(t *testing.T) exdesktest.DeskUnderTest {
//			desk := mydesk.New()
//			return exdesktest.DeskUnderTest{
//				Desk:    desk,
//				Tickets: func() []int64 { … },
//				Look:    func(id int64) (exdesktest.Case, bool) { … },
//				Edit:    func(id int64, f func(*exdesktest.Case)) { … },
//				Delete:  func(id int64) { … },
//			}
//		})
//	}
//
// synctest.Test has the subtests run in virtual time, which takes seconds for all
// of a suite. What talks over a socket runs in real time instead, with nil for it:
// see Bubble.
//
// # What to begin with
//
// The files example_mailbox_test.go, example_outbox_test.go, example_desk_test.go,
// example_people_test.go, example_limiter_test.go and example_claimer_test.go of this
// package have a mailbox, a desk, a limiter and a claimer in memory, each of some
// hundred lines, which pass. They are there to be copied.
// Run one subtest alone while you write:
//
//	go test -run 'TestDesk/create_twice$' -v
//
// A name is that of a method, and of what is asked of it: create_lost_answer is
// what Desk.Create says after a lost answer. Then run them all with -race.
//
// What passes still has to be tried at the real service: the suite knows what
// exdesk needs, and not how the service behaves. Where its documentation leaves
// something open, let the fake of the service answer both ways and run the suite
// on both, as packages graph and zendesk do.
package exdesktest
