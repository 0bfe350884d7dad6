package main

import (
	"fmt"
	"math/rand/v2"
	"net"
	"os/exec"
	"path/filepath"
	"slices"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// mortals are a house whose programs die.
type mortals struct {
	*house
	post
	strict  bool // a refresh token that is shown twice ends the sign-in
	jumps   bool // time passes while nobody is alive
	life    time.Duration
	left    *atomic.Int64 // deaths
	senders []sender      // of webhooks
	said    int           // answers of agents
	saidAt  time.Time
	count   tally
}

// sender is where examples/webhook runs.
type sender struct {
	addr, secret string
	limits       string // file
}

// tally is what is counted.
type tally struct {
	deaths, inFlight                                   int
	mails, tickets, comments, rejected, twice, lost    int
	notifications, sentOnce, sentTwice, unsent         int
	renewals, held, signIns, ended, relabelled, litter int
}

func (t *tally) add(o *tally) {
	for _, one := range [][2]*int{{&t.deaths, &o.deaths}, {&t.inFlight, &o.inFlight}, {&t.mails, &o.mails}, {&t.tickets, &o.tickets},
		{&t.comments, &o.comments}, {&t.rejected, &o.rejected}, {&t.twice, &o.twice}, {&t.lost, &o.lost}, {&t.notifications, &o.notifications},
		{&t.sentOnce, &o.sentOnce}, {&t.sentTwice, &o.sentTwice}, {&t.unsent, &o.unsent}, {&t.renewals, &o.renewals}, {&t.held, &o.held},
		{&t.signIns, &o.signIns}, {&t.ended, &o.ended}, {&t.relabelled, &o.relabelled}, {&t.litter, &o.litter}} {
		*one[0] += *one[1]
	}
}

func (t *tally) String() string {
	return fmt.Sprintf("%d deaths, %d of them in flight; %d mails: %d tickets, %d comments, %d rejected, %d duplicates, %d lost; "+
		"%d notifications: %d sent once, %d twice, %d unsent; %d renewals; %d times signed in again, %d held, %d relabelled, %d ended by themselves, %d files left behind",
		t.deaths, t.inFlight, t.mails, t.tickets, t.comments, t.rejected, t.twice, t.lost,
		t.notifications, t.sentOnce, t.sentTwice, t.unsent, t.renewals, t.signIns, t.held, t.relabelled, t.ended, t.litter)
}

// newMortals makes house n. What differs between houses is the service's and the
// operator's choice.
func newMortals(t *testing.T, bin string, n int, seed uint64) *mortals {
	t.Helper()
	m := &mortals{strict: n%4 == 3, jumps: n%2 == 1}
	m.rng = rand.New(rand.NewPCG(seed, uint64(n)))
	reuse := "works" // as Entra ID does
	if m.strict {
		reuse = "ends"
	}
	m.house = newHouse(t, bin, "-life", "15s", "-reuse", reuse)
	m.env = append(m.env, "EXDESK_LISTEN=off", "EXDESK_EVERY=200ms", "EXDESK_SEND=yes", "EXDESK_LOG=info")
	for i := range 1 + n%2 {
		ln, err := net.Listen("tcp", "127.0.0.1:0")
		require.NoError(t, err)
		require.NoError(t, ln.Close())
		s := sender{addr: ln.Addr().String()}
		var made struct{ Secret string }
		m.control("POST", "/control/webhook", `{"url":"http://`+s.addr+`/zendesk"}`, &made)
		if s.secret = made.Secret; n%4 < 2 {
			s.limits = filepath.Join(m.dir, fmt.Sprintf("limits%d", i))
		}
		m.senders = append(m.senders, s)
	}
	m.connect()
	return m
}

// line is a program that is started again whenever it died.
type line struct {
	start func() *process
	is    *process
	dies  time.Time
	lives int // that are left
}

// process is a program that runs.
type process struct {
	*exec.Cmd
	ended chan struct{} // closed when it has
}

func (m *mortals) birth(name string, env []string, args ...string) *process {
	m.Helper()
	p := &process{m.command(name, args...), make(chan struct{})}
	p.Env = append(slices.Clone(p.Env), env...)
	require.NoError(m, p.Start())
	m.Cleanup(func() { _ = p.Process.Kill(); <-p.ended })
	go func() {
		defer close(p.ended)
		_ = p.Wait()
	}()
	return p
}

func (m *mortals) daemon() *process { return m.birth("ingest", nil) }

func (m *mortals) sender(s sender) *process {
	args := []string{"-addr", s.addr, "-drain", "1s"}
	if s.limits != "" {
		args = append(args, "-limits", s.limits)
	}
	return m.birth("webhook", []string{"EXDESK_WEBHOOK_SECRETS=" + s.secret}, args...)
}

// generation lets programs live and die, each at a moment that is anywhere in the
// life of a pass, and in the end all of them.
func (m *mortals) generation() {
	m.Helper()
	m.trouble()
	var lines []*line
	for range 1 + m.rng.IntN(4)/3 { // two at once, now and then
		lines = append(lines, &line{start: m.daemon})
	}
	for _, s := range m.senders {
		lines = append(lines, &line{start: func() *process { return m.sender(s) }})
	}
	for _, l := range lines {
		l.lives = 1 + m.rng.IntN(3)
	}
	for len(lines) > 0 {
		for _, l := range lines {
			if l.is == nil {
				l.is, l.dies = l.start(), time.Now().Add(time.Duration(m.rng.Int64N(int64(m.life))))
			}
		}
		m.busy()
		l := slices.MinFunc(lines, func(a, b *line) int { return a.dies.Compare(b.dies) })
		time.Sleep(time.Until(l.dies))
		m.kill(l.is)
		l.is = nil
		if l.lives--; l.lives == 0 || m.left.Load() <= 0 {
			lines = slices.DeleteFunc(lines, func(o *line) bool { return o == l })
		}
	}
	if m.jumps && m.rng.IntN(3) == 0 {
		m.jump()
	}
	m.lastTries()
}

// kill kills a process, and counts whether it was in the middle of a request.
func (m *mortals) kill(p *process) {
	m.Helper()
	before := m.requests().Abandoned
	_ = p.Process.Kill() // unless it ended by itself
	<-p.ended
	if !p.ProcessState.Sys().(syscall.WaitStatus).Signaled() {
		m.count.ended++
		m.signInAgain(p)
		return
	}
	m.count.deaths++
	m.left.Add(-1)
	for range 10 {
		if m.requests().Abandoned > before {
			m.count.inFlight++
			return
		}
		time.Sleep(2 * time.Millisecond)
	}
}

// signInAgain does what the log asks for when a sign-in has ended: where a service
// takes the second use of a refresh token for theft, nothing else can follow when
// a process dies between its answer and the saving.
func (m *mortals) signInAgain(p *process) {
	m.Helper()
	if p.ProcessState.ExitCode() != exitConfig {
		return // it is started again
	}
	require.True(m, m.strict, "nobody has to act:\n%s", &m.all)
	m.mend()
	m.connect()
	m.count.signIns++
}

// jump is twenty minutes in which nobody is alive: longer than the claim of a dead
// one is good, and what may not be seen yet.
func (m *mortals) jump() { m.Helper(); m.advance(21 * time.Minute) }

// advance moves the clocks of both services.
func (m *mortals) advance(d time.Duration) {
	m.Helper()
	m.control("POST", "/control/clock", `{"advance":"`+d.String()+`"}`, nil)
	m.ahead += d
}

// faults are what services do to those who did nothing wrong.
var faults = []string{
	`{"server":"graph","path":"/v1.0/**","status":429,"retryAfter":"1","skip":%d}`,
	`{"server":"graph","path":"/v1.0/**","status":503,"skip":%d,"times":2}`,
	`{"server":"graph","path":"/v1.0/**","drop":true,"skip":%d}`,
	`{"server":"graph","method":"GET","path":"/v1.0/**","delay":"150ms","skip":%d,"times":3}`,
	`{"server":"graph","method":"PATCH","path":"/v1.0/**","commit":true,"drop":true,"skip":%d}`,
	`{"server":"graph","method":"POST","path":"/v1.0/**","commit":true,"drop":true,"skip":%d}`,
	`{"server":"graph","method":"POST","path":"/v1.0/$batch","commit":true,"status":504,"skip":%d}`,
	`{"server":"graph","method":"POST","path":"/v1.0/users/*/messages/*/send","commit":true,"drop":true,"skip":%d}`,
	`{"server":"zendesk","method":"POST","path":"/api/v2/tickets","commit":true,"drop":true,"skip":%d,"times":2}`,
	`{"server":"zendesk","method":"POST","path":"/api/v2/tickets","delay":"200ms","skip":%d,"times":4}`,
	`{"server":"zendesk","method":"PUT","path":"/api/v2/tickets/*","commit":true,"status":504,"skip":%d}`,
	`{"server":"zendesk","method":"PUT","path":"/api/v2/tickets/*","delay":"200ms","skip":%d,"times":3}`,
	`{"server":"zendesk","path":"/api/v2/**","status":429,"retryAfter":"1","skip":%d}`,
	`{"server":"zendesk","path":"/api/v2/**","status":503,"skip":%d,"times":2}`,
	`{"server":"zendesk","method":"POST","path":"/api/v2/uploads","drop":true,"skip":%d}`,
}

// trouble ends the faults there were and makes others.
func (m *mortals) trouble() {
	m.Helper()
	m.mend()
	for range m.rng.IntN(4) {
		m.control("POST", "/control/faults", fmt.Sprintf(faults[m.rng.IntN(len(faults))], m.rng.IntN(20)), nil)
	}
	m.slow()
}

// slow has the services take their time, as the real ones do, so that a pass is
// mostly waiting for answers.
func (m *mortals) slow() {
	m.Helper()
	for _, server := range []string{"graph", "zendesk"} {
		m.control("POST", "/control/faults", `{"server":"`+server+`","delay":"20ms","times":-1}`, nil)
	}
}

// backlog is how much mail there is to do at least.
const backlog = 10

// busy is what customers, agents and people with Outlook do.
func (m *mortals) busy() {
	m.Helper()
	mails, tickets := m.mailbox(), m.tickets()
	todo := 0
	for i := range mails {
		if !mails[i].has("Zendesk") {
			todo++
		}
	}
	for range max(backlog-todo, 0) {
		m.put(m.next())
	}
	// Of mail ten a minute may leave, which in some houses the next process knows too.
	if len(tickets) > 0 && time.Since(m.saidAt) > 7*time.Second {
		m.said++
		m.saidAt = time.Now()
		m.control("POST", "/control/comment", fmt.Sprintf(`{"ticket":%d,"html_body":"<p>%s</p>"}`, tickets[m.rng.IntN(len(tickets))].ID, answer(m.said)), nil)
	}
	if one := m.letters[m.rng.IntN(len(m.letters))]; m.rng.IntN(6) == 0 {
		if m.rng.IntN(2) == 0 {
			one.red = true
			m.control("POST", "/control/label", `{"id":"`+one.id+`","add":["Red"]}`, nil)
		} else if at := slices.IndexFunc(mails, func(o boxed) bool { return o.ID == one.id }); at >= 0 && mails[at].has("Zendesk") {
			m.count.relabelled++
			m.control("POST", "/control/label", `{"id":"`+one.id+`","remove":["Zendesk"],"isRead":false}`, nil)
		}
	}
}

func answer(n int) string { return fmt.Sprintf("answer%dend", n) }

func (m *mortals) put(one *posted) {
	m.Helper()
	var made struct{ ID string }
	m.control("POST", "/control/mail", string(one.octets), &made)
	one.id = made.ID
	m.mail++
}

// lastTries lets those live who are to send what Zendesk soon gives up: it tells a
// webhook six times of a comment.
func (m *mortals) lastTries() {
	m.Helper()
	unsent := make(map[int64]bool)
	for _, c := range m.unsent() {
		unsent[c] = true
	}
	tries := make(map[int64]int)
	for _, d := range m.deliveries().Tries {
		if tries[d.Comment]++; unsent[d.Comment] && tries[d.Comment] == 4*len(m.senders) {
			m.rest(func() bool { return len(m.unsent()) == 0 })
			return
		}
	}
}

// rest lets all live, with nothing in their way, until it is done, or does not
// look as if it ever were.
func (m *mortals) rest(done func() bool) {
	m.Helper()
	m.mend()
	if !done() {
		m.Logf("after %d deaths something is to come to rest", m.count.deaths)
	}
	defer func(begin time.Time) { m.Logf("it came to rest within %s", time.Since(begin).Round(time.Second)) }(time.Now())
	m.jump()
	var senders []*process // what waits in their memory, Zendesk may not tell of again
	for _, at := range m.senders {
		senders = append(senders, m.sender(at))
	}
	d, later := m.daemon(), time.NewTimer(5*time.Second)
	defer later.Stop()
	for begin := time.Now(); !done() && time.Since(begin) < 2*time.Minute; {
		m.release()
		select {
		case <-d.ended:
			m.signInAgain(d)
			d = m.daemon()
		case <-later.C:
			m.advance(30 * time.Second) // when Zendesk comes back that was asked to
		case <-time.After(100 * time.Millisecond):
		}
	}
	for _, p := range append(senders, d) {
		_ = p.Process.Signal(syscall.SIGTERM)
		<-p.ended
	}
}

// release lets mail go on that is held because it was at hand in so many deaths.
func (m *mortals) release() {
	m.Helper()
	for _, one := range m.mailbox() {
		if one.has("ZendeskHeld") {
			m.count.held++
			m.control("POST", "/control/label", `{"id":"`+one.ID+`","remove":["ZendeskHeld"]}`, nil)
		}
	}
}

// measure is how long a life is that makes a pass: mail that waits is done.
func (m *mortals) measure() {
	m.Helper()
	for range backlog {
		m.put(m.next())
	}
	m.slow()
	begin := time.Now()
	d := m.daemon()
	m.until(func() bool { return m.unlabelled() == 0 })
	m.life = time.Since(begin)
	require.NoError(m, d.Process.Signal(syscall.SIGTERM))
	<-d.ended
	require.Zero(m, d.ProcessState.ExitCode())
}
