package exdesktest

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/exdesk/exdesk"
)

// ClaimerUnderTest is a Claimer as one process has it, and what befalls it.
type ClaimerUnderTest struct {
	exdesk.Claimer

	// What follows need not be set; what is tested with it is left out then.

	// Other opens the Claimer as one more process has it, at each call.
	Other func() exdesk.Claimer
	// Life is how long a claim lasts whose holder died. It has to be more than two
	// minutes, since nothing is begun in a claim's last one. Where time is real
	// the suite takes that long.
	Life time.Duration
	// Outage makes what keeps the claims fail in a way that passes, or ends that.
	Outage func(on bool)
	// Lose has what keeps the claims act on the next request that changes
	// something, and the answer get lost.
	Lose func()
}

// Claimer tests an exdesk.Claimer: that one at a time has a claim, whatever
// happens, that it is to be had again when it was released or its holder died, and
// that what was done under it is known to who has it next.
//
// open opens one to which nothing was claimed yet. With nil for the Bubble it is
// not tested that a key is remembered for minutes while others are used.
func Claimer(t *testing.T, in Bubble, open func(t *testing.T) ClaimerUnderTest) {
	tests := []subtest[ClaimerUnderTest]{
		{"claims", claimerClaims},
		{"excludes", claimerExcludes},
		{"context", claimerContext},
		{"together", claimerTogether},
		{"keys", claimerKeys},
		{"mailboxes", claimerMailboxes},
		{"used", claimerUsed},
		{"unused", claimerUnused},
		{"sent", claimerSent},
		{"others", claimerOthers},
		{"death", claimerDeath},
		{"late release", claimerLate},
		{"outage", claimerOutage},
		{"lost answer", claimerLost},
	}
	if in != nil {
		tests = append(tests, subtest[ClaimerUnderTest]{"remembered", claimerRemembered})
	}
	run(t, in, open, tests)
}

const (
	// turn is within what time a claim has to be had that is free.
	turn = 30 * time.Second
	// blink is how long a claim is tried that is held, and the pause between tries.
	blink, tryPause = 2 * time.Second, 100 * time.Millisecond
	// grain is how far times may be from the truth: services know seconds.
	grain = 2 * time.Second
)

// claimKey is a key as exdesk makes it.
func claimKey(n int) string { return fmt.Sprintf("%032x", n) }

// take claims what is free, or is within so much time.
func (m *ClaimerUnderTest) take(t *testing.T, c exdesk.Claimer, key string, patience time.Duration) *exdesk.Claim {
	t.Helper()
	ctx := within(t, patience+turn)
	for end := time.Now().Add(patience + turn); ; time.Sleep(tryPause) {
		claim, err := c.Claim(ctx, box, key)
		if err == nil {
			require.NotNil(t, claim)
			require.NotNil(t, claim.Release)
			return claim
		}
		require.Nil(t, claim)
		require.True(t, time.Now().Before(end), "nobody holds it, and still: %v", err)
		require.ErrorIs(t, err, exdesk.ErrTemporary)
	}
}

// refuses tries for a moment what somebody holds.
func (m *ClaimerUnderTest) refuses(t *testing.T, c exdesk.Claimer, mailbox, key string) {
	t.Helper()
	ctx := within(t, blink)
	for end := time.Now().Add(blink); time.Now().Before(end); time.Sleep(tryPause) {
		claim, err := c.Claim(ctx, mailbox, key)
		require.Error(t, err, "two hold it")
		require.Nil(t, claim)
		if ctx.Err() == nil {
			require.ErrorIs(t, err, exdesk.ErrTemporary)
		}
	}
}

// since says that something may have been sent at that time, and not that it was
// later than most.
func since(t *testing.T, claim *exdesk.Claim, at, most time.Time) {
	t.Helper()
	require.False(t, claim.Before.IsZero(), "it was used before")
	require.False(t, claim.Before.Before(at.Add(-grain)), "it was used after %s, at %s", claim.Before, at)
	require.False(t, claim.Before.After(most.Add(grain)), "it was not used at %s, but at %s", claim.Before, at)
}

// claimerClaims gives a claim under which there is time to do something, and says
// nothing of what nobody did.
func claimerClaims(t *testing.T, m ClaimerUnderTest) {
	begin := time.Now()
	claim := m.take(t, m.Claimer, claimKey(1), 0)
	require.False(t, claim.Sent, "nobody sent it")
	require.False(t, claim.Before.After(begin.Add(grain)), "nobody else was at it since it was asked for")
	if m.Life > 0 {
		require.False(t, claim.Until.IsZero(), "a claim whose holder dies has to end")
		require.WithinDuration(t, time.Now().Add(m.Life), claim.Until, turn)
	}
	if !claim.Until.IsZero() {
		require.Greater(t, time.Until(claim.Until), 2*time.Minute-grain, "nothing is begun in its last minute")
	}
	claim.Release(exdesk.ClaimUnused)
}

// claimerExcludes keeps others out until it is released, and then lets them in.
func claimerExcludes(t *testing.T, m ClaimerUnderTest) {
	for range 3 {
		claim := m.take(t, m.Claimer, claimKey(2), 0)
		m.refuses(t, m.Claimer, box, claimKey(2))
		claim.Release(exdesk.ClaimUsed)
	}
}

// claimerContext ends with its context, and leaves nothing behind.
func claimerContext(t *testing.T, m ClaimerUnderTest) {
	claim := m.take(t, m.Claimer, claimKey(3), 0)
	done := make(chan error, 4)
	ctx, cancel := context.WithCancel(t.Context())
	for range cap(done) {
		go func() {
			claim, err := m.Claim(ctx, box, claimKey(3))
			if err == nil {
				claim.Release(exdesk.ClaimUnused)
				t.Error("two hold it")
			}
			done <- err
		}()
	}
	time.Sleep(blink)
	cancel()
	end := time.AfterFunc(blink, func() {
		t.Error("it goes on waiting when nobody waits for it")
		claim.Release(exdesk.ClaimUnused) // so that the test ends
	})
	for range cap(done) {
		if err := <-done; err != nil {
			require.True(t, errors.Is(err, context.Canceled) || errors.Is(err, exdesk.ErrTemporary), "%v", err)
		}
	}
	if !end.Stop() {
		return
	}
	claim.Release(exdesk.ClaimUnused)
	time.Sleep(blink) // in which who has gone must not get it
	m.take(t, m.Claimer, claimKey(3), 0).Release(exdesk.ClaimUnused)
	if claim, err := m.Claim(cancelled(t), box, claimKey(3)); err == nil { // it was free
		claim.Release(exdesk.ClaimUnused)
	}
	m.take(t, m.Claimer, claimKey(3), 0).Release(exdesk.ClaimUnused)
}

// processes returns the Claimer as so many processes have it, as far as there can
// be several.
func (m *ClaimerUnderTest) processes(n int) []exdesk.Claimer {
	list := []exdesk.Claimer{m.Claimer}
	for m.Other != nil && len(list) < n {
		list = append(list, m.Other())
	}
	return list
}

// claimerTogether gives it to one at a time, of many who want it at once, and each
// of them knows of those before.
func claimerTogether(t *testing.T, m ClaimerUnderTest) {
	var wg sync.WaitGroup
	var mu sync.Mutex
	var holders, held int
	var last time.Time
	for _, c := range m.processes(3) {
		for range 5 {
			wg.Go(func() {
				ctx := within(t, 10*turn)
				for {
					claim, err := c.Claim(ctx, box, claimKey(4))
					if err != nil {
						if ctx.Err() != nil || !errors.Is(err, exdesk.ErrTemporary) {
							t.Errorf("it never comes to its turn: %v", err)
							return
						}
						time.Sleep(tryPause)
						continue
					}
					mu.Lock()
					if holders++; holders > 1 {
						t.Error("two hold it")
					}
					if held++; held > 1 && claim.Before.Before(last.Add(-grain)) {
						t.Errorf("it was used at %s, and not before %s", last, claim.Before)
					}
					mu.Unlock()
					time.Sleep(20 * time.Millisecond)
					mu.Lock()
					holders--
					last = time.Now()
					mu.Unlock()
					claim.Release(exdesk.ClaimUsed)
					return
				}
			})
		}
	}
	wg.Wait()
}

// claimerKeys does not make who is at one notification wait for another.
func claimerKeys(t *testing.T, m ClaimerUnderTest) {
	var all []*exdesk.Claim
	for i := range 20 {
		claim := m.take(t, m.Claimer, claimKey(100+i), 0)
		require.False(t, claim.Sent)
		all = append(all, claim)
	}
	for i, claim := range all {
		m.refuses(t, m.Claimer, box, claimKey(100+i))
		claim.Release(exdesk.ClaimSent)
		if i > 2 {
			break
		}
	}
	fresh := m.take(t, m.Claimer, claimKey(200), 0)
	require.False(t, fresh.Sent, "another was")
	fresh.Release(exdesk.ClaimUnused)
}

// claimerMailboxes knows a mailbox by its address, whatever its case.
func claimerMailboxes(t *testing.T, m ClaimerUnderTest) {
	claim := m.take(t, m.Claimer, claimKey(5), 0)
	m.refuses(t, m.Claimer, "Support@Contoso.test", claimKey(5))
	claim.Release(exdesk.ClaimUnused)
}

// claimerUsed says when something may last have been sent: until it was released.
func claimerUsed(t *testing.T, m ClaimerUnderTest) {
	for range 2 {
		claim := m.take(t, m.Claimer, claimKey(6), 0)
		time.Sleep(2 * grain)
		used := time.Now()
		claim.Release(exdesk.ClaimUsed)
		time.Sleep(2 * grain)
		for _, c := range m.processes(2) {
			claim = m.take(t, c, claimKey(6), 0)
			since(t, claim, used, used)
			require.False(t, claim.Sent, "nobody said so")
			claim.Release(exdesk.ClaimUnused)
		}
	}
}

// claimerUnused says no more after who did nothing than before.
func claimerUnused(t *testing.T, m ClaimerUnderTest) {
	claim := m.take(t, m.Claimer, claimKey(7), 0)
	never := claim.Before
	claim.Release(exdesk.ClaimUnused)
	time.Sleep(3 * grain)
	claim = m.take(t, m.Claimer, claimKey(7), 0)
	require.WithinDuration(t, never, claim.Before, grain, "nothing was done meanwhile")
	claim.Release(exdesk.ClaimUnused)
}

// claimerSent says that it was sent only if somebody did, and says it from then
// on if it ever does.
func claimerSent(t *testing.T, m ClaimerUnderTest) {
	claim := m.take(t, m.Claimer, claimKey(8), 0)
	claim.Release(exdesk.ClaimSent)
	sent := time.Now()
	claim = m.take(t, m.Claimer, claimKey(8), 0)
	since(t, claim, sent, sent)
	known := claim.Sent
	claim.Release(exdesk.ClaimUnused)
	claim = m.take(t, m.Claimer, claimKey(8), 0)
	since(t, claim, sent, sent)
	require.Equal(t, known, claim.Sent, "it is forgotten by who did nothing")
	claim.Release(exdesk.ClaimUnused)
	claim = m.take(t, m.Claimer, claimKey(9), 0)
	claim.Release(exdesk.ClaimUsed)
	claim = m.take(t, m.Claimer, claimKey(9), 0)
	require.False(t, claim.Sent, "it may have been, and nobody knows")
	claim.Release(exdesk.ClaimUnused)
}

// claimerRemembered knows for minutes what was done under a key, however many
// others there are meanwhile.
func claimerRemembered(t *testing.T, m ClaimerUnderTest) {
	claim := m.take(t, m.Claimer, claimKey(10), 0)
	claim.Release(exdesk.ClaimUsed)
	used := time.Now()
	for i := range 1500 {
		claim := m.take(t, m.Claimer, claimKey(10_000+i), 0)
		time.Sleep(500 * time.Millisecond)
		claim.Release(exdesk.ClaimSent)
	}
	claim = m.take(t, m.Claimer, claimKey(10), 0)
	since(t, claim, used, used)
	claim.Release(exdesk.ClaimUnused)
}

// other opens the Claimer as another process has it.
func (m *ClaimerUnderTest) other(t *testing.T) exdesk.Claimer {
	if m.Other == nil {
		t.Skip("ClaimerUnderTest.Other is not set")
	}
	return m.Other()
}

// claimerOthers keeps other processes out, and tells them what was done.
func claimerOthers(t *testing.T, m ClaimerUnderTest) {
	other := m.other(t)
	claim := m.take(t, m.Claimer, claimKey(11), 0)
	m.refuses(t, other, box, claimKey(11))
	used := time.Now()
	claim.Release(exdesk.ClaimSent)
	claim = m.take(t, other, claimKey(11), 0)
	since(t, claim, used, used)
	require.True(t, claim.Sent, "the other said so")
	m.refuses(t, m.Claimer, box, claimKey(11))
	claim.Release(exdesk.ClaimSent)
	require.True(t, m.take(t, m.Claimer, claimKey(11), 0).Sent)
}

// ends skips what needs to know for how long the claim of a dead process lasts.
func (m *ClaimerUnderTest) ends(t *testing.T) {
	if m.Life == 0 {
		t.Skip("ClaimerUnderTest.Life is not set")
	}
}

// claimerDeath ends the claim of a holder who died, not before it said, and takes
// everything for possible that he may have done.
func claimerDeath(t *testing.T, m ClaimerUnderTest) {
	other := m.other(t)
	m.ends(t)
	dead := m.take(t, m.Claimer, claimKey(12), 0)
	time.Sleep(time.Until(dead.Until.Add(-grain - blink)))
	m.refuses(t, other, box, claimKey(12))
	claim := m.take(t, other, claimKey(12), grain+time.Minute)
	since(t, claim, dead.Until.Add(-time.Minute), time.Now())
	require.False(t, claim.Sent, "nobody knows")
	claim.Release(exdesk.ClaimUnused)
	claim = m.take(t, m.Other(), claimKey(12), 0)
	since(t, claim, dead.Until.Add(-time.Minute), time.Now())
	claim.Release(exdesk.ClaimUnused)
}

// claimerLate leaves a claim to who has it now, when one who had it before comes
// back to life and releases it.
func claimerLate(t *testing.T, m ClaimerUnderTest) {
	other := m.other(t)
	m.ends(t)
	late := m.take(t, m.Claimer, claimKey(13), 0)
	time.Sleep(time.Until(late.Until))
	claim := m.take(t, other, claimKey(13), time.Minute)
	late.Release(exdesk.ClaimUnused)
	m.refuses(t, m.Other(), box, claimKey(13))
	m.refuses(t, m.Claimer, box, claimKey(13))
	used := time.Now()
	claim.Release(exdesk.ClaimUsed)
	claim = m.take(t, m.Claimer, claimKey(13), 0)
	since(t, claim, used, used)
	claim.Release(exdesk.ClaimUnused)
}

// claimerOutage says that the trouble passes. What was released meanwhile is to be
// had in the end, and it is known that it was used.
func claimerOutage(t *testing.T, m ClaimerUnderTest) {
	if m.Outage == nil {
		t.Skip("ClaimerUnderTest.Outage is not set")
	}
	m.ends(t)
	claim := m.take(t, m.Claimer, claimKey(14), 0)
	m.Outage(true)
	begin := time.Now()
	claim.Release(exdesk.ClaimUsed)
	require.LessOrEqual(t, time.Since(begin), time.Minute, "who releases it waits for the end of the outage")
	used := time.Now()
	_, err := m.Claim(within(t, time.Minute), box, claimKey(15))
	require.ErrorIs(t, err, exdesk.ErrTemporary)
	m.Outage(false)
	for _, c := range m.processes(2) {
		claim = m.take(t, c, claimKey(14), m.Life+time.Minute)
		require.False(t, claim.Before.Before(begin.Add(-grain)), "it was used until %s", used)
		claim.Release(exdesk.ClaimUnused)
	}
	m.take(t, m.Claimer, claimKey(15), m.Life+time.Minute).Release(exdesk.ClaimUnused)
}

// claimerLost is one claim whether the answer to it was heard or not.
func claimerLost(t *testing.T, m ClaimerUnderTest) {
	if m.Lose == nil {
		t.Skip("ClaimerUnderTest.Lose is not set")
	}
	m.ends(t)
	m.take(t, m.Claimer, claimKey(16), 0).Release(exdesk.ClaimUnused) // what is needed once is there
	m.Lose()
	claim, err := m.Claim(within(t, turn), box, claimKey(17))
	if err != nil {
		require.ErrorIs(t, err, exdesk.ErrTemporary)
		claim = m.take(t, m.Claimer, claimKey(17), m.Life+time.Minute)
	}
	for _, c := range m.processes(2) {
		m.refuses(t, c, box, claimKey(17))
	}
	m.Lose()
	used := time.Now()
	claim.Release(exdesk.ClaimUsed)
	for _, c := range m.processes(2) {
		claim = m.take(t, c, claimKey(17), m.Life+time.Minute)
		require.False(t, claim.Before.Before(used.Add(-grain)), "it was used at %s", used)
		claim.Release(exdesk.ClaimUnused)
	}
}
