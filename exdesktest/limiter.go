package exdesktest

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/exdesk/exdesk"
)

// LimiterUnderTest is a Limiter, and what it is said to limit.
type LimiterUnderTest struct {
	exdesk.Limiter
	// Most is what fits into any span of Per: at least 3 messages, and at least 4
	// of what else is limited. 0 in a dimension sets no limit there.
	Most exdesk.Cost
	// Per is the length of the window. Where time is real it should be short, but
	// long enough for the implementation to grant all of Most in a tenth of it: a
	// second will do.
	Per time.Duration
	// Bucket says that it is a token bucket of so many messages, as one that
	// LimitMessages makes: it lets nearly twice as much through in a window, does
	// not hear of Commit and Cancel, and all mailboxes share it. What is promised
	// of those is left out.
	Bucket bool
}

// Limiter tests an exdesk.Limiter: that it takes the whole cost or nothing, keeps
// to its window in whatever span one looks at, counts from the Commit, gives back
// what was cancelled, says when to come back, keeps mailboxes apart, and ends with
// its context. Spend and Stop are tested where it has them.
//
// open returns one of which nothing is spent, with a state of its own. What it
// says by its own clock is compared with the clock of the test only where the two
// have to agree, as the Until of a LimitError has to.
func Limiter(t *testing.T, in Bubble, open func(t *testing.T) LimiterUnderTest) {
	tests := []subtest[LimiterUnderTest]{
		{"grants", limiterGrants},
		{"whole", limiterWhole},
		{"too large", limiterTooLarge},
		{"comes back", limiterComesBack},
		{"context", limiterContext},
		{"together", limiterTogether},
		{"reserved", limiterReserved},
		{"committed", limiterCommitted},
		{"cancelled", limiterCancelled},
		{"settled once", limiterOnce},
		{"rolling", limiterRolling},
		{"mailboxes", limiterMailboxes},
		{"spend", limiterSpend},
		{"stop", limiterStop},
	}
	run(t, in, open, tests)
}

const box = "support@contoso.test"

// dimensions returns for each limited dimension how much fits, and a cost of n.
func (l *LimiterUnderTest) dimensions() (list []dimension) {
	for _, d := range []dimension{
		{"messages", int64(l.Most.Messages), func(n int64) exdesk.Cost { return exdesk.Cost{Messages: int(n)} }},
		{"bytes", l.Most.Bytes, func(n int64) exdesk.Cost { return exdesk.Cost{Bytes: n} }},
		{"recipients", int64(l.Most.Recipients), func(n int64) exdesk.Cost { return exdesk.Cost{Recipients: int(n)} }},
	} {
		if d.most > 0 {
			list = append(list, d)
		}
	}
	return list
}

type dimension struct {
	name string
	most int64
	cost func(n int64) exdesk.Cost
}

// exact skips what a token bucket does not promise.
func (l *LimiterUnderTest) exact(t *testing.T) {
	if l.Bucket {
		t.Skip("a token bucket does not promise it")
	}
}

// soon is within what time that has to be granted which fits.
func (l *LimiterUnderTest) soon() time.Duration { return l.Per / 2 }

// take reserves what has to fit.
func (l *LimiterUnderTest) take(t *testing.T, mailbox string, c exdesk.Cost) exdesk.Reservation {
	t.Helper()
	slot, err := l.Reserve(within(t, l.soon()), mailbox, c)
	require.NoError(t, err, "%+v fits", c)
	require.NotNil(t, slot)
	return slot
}

// refuses tells that the cost is not granted as long as ctx lasts, and returns why.
func (l *LimiterUnderTest) refuses(t *testing.T, ctx context.Context, mailbox string, c exdesk.Cost) error {
	t.Helper()
	slot, err := l.Reserve(ctx, mailbox, c)
	require.Error(t, err, "%+v does not fit", c)
	require.Nil(t, slot, "what is refused has no reservation")
	if no, ok := errors.AsType[*exdesk.LimitError](err); ok {
		require.NotEmpty(t, no.Limit, "a limit has a name")
		if !no.Until.IsZero() {
			require.ErrorIs(t, err, exdesk.ErrTemporary)
		}
	}
	return err
}

// granted asks, again whenever it is to, until the cost is granted, and returns
// when that was.
func (l *LimiterUnderTest) granted(t *testing.T, mailbox string, c exdesk.Cost) (exdesk.Reservation, time.Time) {
	t.Helper()
	for asked, begin := 0, time.Now(); ; asked++ {
		require.Less(t, asked, 1000, "it spins")
		require.Less(t, time.Since(begin), 4*l.Per, "it is not granted")
		slot, err := l.Reserve(within(t, 4*l.Per), mailbox, c)
		if err == nil {
			return slot, time.Now()
		}
		no, ok := errors.AsType[*exdesk.LimitError](err)
		require.True(t, ok, "while there is time, only a *LimitError is no grant: %v", err)
		require.False(t, no.Until.IsZero(), "it fits some day: %v", err)
		time.Sleep(max(time.Until(no.Until), l.Per/100))
	}
}

// limiterGrants takes all there is, in one piece and in many, in each dimension.
func limiterGrants(t *testing.T, l LimiterUnderTest) {
	require.GreaterOrEqual(t, l.Most.Messages, 3, "LimiterUnderTest.Most")
	for _, d := range l.dimensions() {
		require.GreaterOrEqual(t, d.most, int64(3), "LimiterUnderTest.Most")
		if l.Bucket && d.name != "messages" {
			continue
		}
		mailbox := d.name + "@contoso.test"
		l.take(t, mailbox, d.cost(d.most-1)).Commit()
		l.take(t, mailbox, d.cost(1)).Commit()
		l.refuses(t, within(t, l.Per/20), mailbox, d.cost(1))
	}
	if free := (exdesk.Cost{Messages: 1, Bytes: 1 << 40, Recipients: 1 << 20}); l.Most.Bytes == 0 && l.Most.Recipients == 0 && !l.Bucket {
		l.take(t, "free@contoso.test", free).Commit()
	}
}

// limiterWhole takes nothing where not all of a cost fits.
func limiterWhole(t *testing.T, l LimiterUnderTest) {
	all := l.dimensions()
	d := all[0]
	l.take(t, box, d.cost(d.most-1)).Commit()
	l.refuses(t, within(t, l.Per/20), box, d.cost(2))
	l.take(t, box, d.cost(1)).Commit()
	if len(all) < 2 || l.Bucket {
		return
	}
	// Each in turn is full, and the others must not pay for what it refuses.
	for i, full := range all {
		mailbox := full.name + "@contoso.test"
		l.take(t, mailbox, full.cost(full.most)).Commit()
		for k, other := range all {
			if i == k {
				continue
			}
			both := full.cost(1)
			rest := other.cost(other.most)
			both.Messages, both.Bytes, both.Recipients = both.Messages+rest.Messages, both.Bytes+rest.Bytes, both.Recipients+rest.Recipients
			l.refuses(t, within(t, l.Per/20), mailbox, both)
			l.take(t, mailbox, rest).Commit()
		}
	}
}

// limiterTooLarge refuses at once, and for ever, what is above the limit by itself.
func limiterTooLarge(t *testing.T, l LimiterUnderTest) {
	for _, d := range l.dimensions() {
		if l.Bucket && d.name != "messages" {
			continue
		}
		mailbox := d.name + "@contoso.test"
		begin := time.Now()
		err := l.refuses(t, within(t, 4*l.Per), mailbox, d.cost(d.most+1))
		require.Less(t, time.Since(begin), l.soon(), "it can never fit, and nobody has to wait for it")
		no, ok := errors.AsType[*exdesk.LimitError](err)
		require.True(t, ok, "%v is no *LimitError", err)
		require.True(t, no.Until.IsZero(), "it never fits, and is not to be asked for again at %s", no.Until)
		require.ErrorIs(t, err, exdesk.ErrRefused)
		l.take(t, mailbox, d.cost(d.most)).Commit()
	}
}

// limiterComesBack says when, and means it.
func limiterComesBack(t *testing.T, l LimiterUnderTest) {
	d := l.dimensions()[0]
	before := time.Now()
	l.take(t, box, d.cost(d.most)).Commit()
	after := time.Now()
	if _, err := l.Reserve(within(t, l.Per/20), box, d.cost(1)); err != nil {
		if no, ok := errors.AsType[*exdesk.LimitError](err); ok {
			require.True(t, no.Until.After(after), "until a time that is over: %s", no.Until)
			require.False(t, no.Until.After(time.Now().Add(l.Per)), "no cost counts longer than the window")
			wait, ok := exdesk.RetryAfter(err)
			require.True(t, ok)
			require.Positive(t, wait)
		}
	}
	slot, at := l.granted(t, box, d.cost(d.most))
	if !l.Bucket {
		require.False(t, at.Before(before.Add(l.Per)), "%s too early", before.Add(l.Per).Sub(at))
	}
	require.False(t, at.After(after.Add(l.Per+l.soon())), "%s too late", at.Sub(after.Add(l.Per)))
	slot.Cancel()
}

// limiterContext ends with its context, and takes nothing then.
func limiterContext(t *testing.T, l LimiterUnderTest) {
	d := l.dimensions()[0]
	if slot, err := l.Reserve(cancelled(t), box, d.cost(1)); err == nil {
		slot.Cancel() // who does not wait need not look at it
	}
	held := l.take(t, box, d.cost(d.most))
	ctx, cancel := context.WithCancelCause(t.Context())
	gone := errors.New("the caller has gone")
	time.AfterFunc(l.Per/20, func() { cancel(gone) })
	begin := time.Now()
	err := l.refuses(t, ctx, box, d.cost(1))
	require.Less(t, time.Since(begin), l.soon(), "the context has ended long ago")
	if _, ok := errors.AsType[*exdesk.LimitError](err); !ok {
		require.True(t, errors.Is(err, gone) || errors.Is(err, context.Canceled), "%v does not say that the caller has gone", err)
	}
	begin = time.Now()
	l.refuses(t, within(t, l.Per/20), box, d.cost(1))
	require.Less(t, time.Since(begin), l.soon(), "the deadline was long ago")
	if l.Bucket {
		return
	}
	held.Cancel()
	l.take(t, box, d.cost(d.most)).Cancel() // which those who have gone left
}

// limiterTogether grants no more than there is to any number of callers at once,
// and no less.
func limiterTogether(t *testing.T, l LimiterUnderTest) {
	d := l.dimensions()[0]
	ctx := within(t, l.Per/4)
	var mu sync.Mutex
	n := int64(0)
	var wg sync.WaitGroup
	for range 3*d.most + 20 {
		wg.Go(func() {
			slot, err := l.Reserve(ctx, box, d.cost(1))
			if err != nil {
				return
			}
			slot.Commit()
			mu.Lock()
			n++
			mu.Unlock()
		})
	}
	wg.Wait()
	if l.Bucket {
		require.GreaterOrEqual(t, n, d.most)
		require.Less(t, n, 2*d.most)
		return
	}
	require.Equal(t, d.most, n)
}

// limiterReserved counts what is reserved, for as long as that takes.
func limiterReserved(t *testing.T, l LimiterUnderTest) {
	l.exact(t)
	d := l.dimensions()[0]
	slot := l.take(t, box, d.cost(d.most))
	for end := time.Now().Add(2 * l.Per); time.Now().Before(end); {
		begin := time.Now()
		err := l.refuses(t, within(t, l.Per/4), box, d.cost(1))
		if no, ok := errors.AsType[*exdesk.LimitError](err); ok {
			require.True(t, no.Until.After(begin), "it does not fit before somebody commits or cancels")
		}
		time.Sleep(l.Per / 8)
	}
	slot.Cancel()
	l.take(t, box, d.cost(d.most)).Commit()
}

// limiterCommitted counts from the Commit on, each cost for itself.
func limiterCommitted(t *testing.T, l LimiterUnderTest) {
	l.exact(t)
	d := l.dimensions()[0]
	first, second := l.take(t, box, d.cost(1)), l.take(t, box, d.cost(d.most-1))
	time.Sleep(l.Per / 2)
	one := time.Now()
	first.Commit()
	time.Sleep(l.Per / 4)
	two := time.Now()
	second.Commit()
	committed := time.Now()

	slot, at := l.granted(t, box, d.cost(1))
	require.False(t, at.Before(one.Add(l.Per)), "%s too early", one.Add(l.Per).Sub(at))
	require.False(t, at.After(committed.Add(l.Per)) && at.After(one.Add(l.Per+l.soon())), "the first is free again")
	slot.Commit()
	again := time.Now()
	slot, at = l.granted(t, box, d.cost(d.most-1))
	require.False(t, at.Before(two.Add(l.Per)), "%s too early", two.Add(l.Per).Sub(at))
	require.False(t, at.After(committed.Add(l.Per+l.soon())), "the second is free again")
	slot.Cancel()
	_, at = l.granted(t, box, d.cost(d.most))
	require.False(t, at.Before(again.Add(l.Per)), "%s too early", again.Add(l.Per).Sub(at))
}

// limiterCancelled gives back what was not used, and wakes who waits for it.
func limiterCancelled(t *testing.T, l LimiterUnderTest) {
	l.exact(t)
	for _, d := range l.dimensions() {
		for range 3 {
			l.take(t, box, d.cost(d.most)).Cancel()
		}
	}
	d := l.dimensions()[0]
	some := l.take(t, box, d.cost(d.most-1))
	l.take(t, box, d.cost(1)).Commit()
	some.Cancel()
	l.take(t, box, d.cost(d.most-1)).Cancel()
	l.refuses(t, within(t, l.Per/20), box, d.cost(d.most))
}

// limiterOnce heeds the first of Commit and Cancel.
func limiterOnce(t *testing.T, l LimiterUnderTest) {
	l.exact(t)
	d := l.dimensions()[0]

	twice, rest := l.take(t, box, d.cost(1)), l.take(t, box, d.cost(d.most-1))
	twice.Cancel()
	twice.Cancel()
	twice.Commit()
	l.take(t, box, d.cost(1)).Cancel()
	l.refuses(t, within(t, l.Per/20), box, d.cost(2)) // one was given back, and not two
	rest.Cancel()

	slot := l.take(t, box, d.cost(d.most))
	slot.Commit()
	end := time.Now().Add(l.Per)
	slot.Cancel()
	l.refuses(t, within(t, l.Per/20), box, d.cost(1))
	time.Sleep(l.Per / 2)
	slot.Commit()
	slot, at := l.granted(t, box, d.cost(d.most))
	require.False(t, at.After(end.Add(l.soon())), "the second Commit made it count longer")
	slot.Cancel()
}

// limiterRolling keeps to the limit in every span of the window's length, at the
// server, whose moment lies somewhere between the grant and the Commit; and uses
// what there is.
func limiterRolling(t *testing.T, l LimiterUnderTest) {
	d := l.dimensions()[0]
	const windows = 4
	most := d.most
	if l.Bucket {
		most = 2*d.most - 1
	}
	var mu sync.Mutex
	var heard []time.Time
	var wg sync.WaitGroup
	begin := time.Now()
	for sender := range 6 {
		rnd := rand.New(rand.NewPCG(1, uint64(sender)))
		pause := func() { time.Sleep(time.Duration(rnd.Int64N(int64(l.Per / 50)))) }
		wg.Go(func() {
			for {
				mu.Lock()
				enough := int64(len(heard)) >= windows*d.most
				mu.Unlock()
				if enough {
					return
				}
				slot, err := l.Reserve(t.Context(), box, d.cost(1))
				if no, ok := errors.AsType[*exdesk.LimitError](err); ok {
					if time.Since(begin) > 8*windows*l.Per {
						t.Errorf("it takes for ever: %v", err)
						return
					}
					time.Sleep(max(time.Until(no.Until), l.Per/200))
					continue
				}
				if err != nil {
					t.Errorf("reserving: %v", err)
					return
				}
				pause()
				mu.Lock()
				heard = append(heard, time.Now())
				mu.Unlock()
				pause()
				slot.Commit()
			}
		})
	}
	wg.Wait()
	require.LessOrEqual(t, int64(densest(heard, l.Per)), most, "in some span of %s", l.Per)
	require.Less(t, time.Since(begin), 2*windows*l.Per, "much of what there is was not granted")
}

// densest returns the largest number of times that lie within one span.
func densest(times []time.Time, span time.Duration) int {
	slices.SortFunc(times, time.Time.Compare)
	most, first := 0, 0
	for i, at := range times {
		for at.Sub(times[first]) >= span {
			first++
		}
		most = max(most, i-first+1)
	}
	return most
}

// limiterMailboxes keeps them apart, whatever they are called, and knows each
// whatever its case.
func limiterMailboxes(t *testing.T, l LimiterUnderTest) {
	l.exact(t)
	d := l.dimensions()[0]
	names := []string{box, "sales@contoso.test", box + "x", "x" + box, "unverified " + box, "a:b", "a", "*", "日本@contoso.test", "o'brien@contoso.test"}
	for i := range 40 {
		names = append(names, fmt.Sprintf("%d@contoso.test", i))
	}
	for _, name := range names {
		slot, err := l.Reserve(within(t, l.Per), name, d.cost(d.most))
		require.NoError(t, err, "of %q nothing is spent", name)
		slot.Commit()
	}
	other := LimiterUnderTest{Limiter: l.Limiter, Most: l.Most, Per: 4 * l.Per} // for its patience
	held := other.take(t, "case@contoso.test", d.cost(d.most))
	l.refuses(t, within(t, l.Per/20), "Case@CONTOSO.test", d.cost(1))
	held.Cancel()
}

// spender is a Limiter that can be told of what others use.
type spender interface {
	Spend(mailbox string, cost exdesk.Cost, at time.Time)
}

// limiterSpend counts what others used, from the time of its use.
func limiterSpend(t *testing.T, l LimiterUnderTest) {
	s, ok := l.Limiter.(spender)
	if !ok {
		t.Skip("it has no Spend")
	}
	l.exact(t)
	d := l.dimensions()[0]
	begin := time.Now()
	s.Spend(box, d.cost(1), begin.Add(-l.Per/2))
	s.Spend(box, d.cost(d.most), begin.Add(-2*l.Per)) // which is over
	s.Spend("sales@contoso.test", d.cost(d.most), begin)
	l.take(t, box, d.cost(d.most-1)).Commit()
	if _, err := l.Reserve(within(t, l.Per/20), box, d.cost(1)); err == nil {
		require.False(t, time.Now().Before(begin.Add(l.Per/2)), "what others used does not count")
	}
	_, at := l.granted(t, box, d.cost(1))
	require.False(t, at.Before(begin.Add(l.Per/2)), "%s too early", begin.Add(l.Per/2).Sub(at))
	require.False(t, at.After(begin.Add(l.Per)), "it counts from when it was used, and not from when that was told")

	future := "future@contoso.test"
	before := time.Now()
	s.Spend(future, d.cost(d.most), before.Add(time.Hour))
	after := time.Now()
	_, at = l.granted(t, future, d.cost(1))
	require.False(t, at.Before(before.Add(l.Per)), "what is said to be from the future counts from now on")
	require.False(t, at.After(after.Add(l.Per+l.soon())))
	s.Spend("much@contoso.test", exdesk.Cost{Messages: 1 << 30, Bytes: 1 << 60, Recipients: 1 << 30}, time.Now())
	l.refuses(t, within(t, l.Per/20), "much@contoso.test", d.cost(1))
}

// stopper is a Limiter that can be told of a server that refuses.
type stopper interface {
	Stop(mailbox string, until time.Time)
}

// limiterStop grants nothing of a mailbox that the server refuses.
func limiterStop(t *testing.T, l LimiterUnderTest) {
	s, ok := l.Limiter.(stopper)
	if !ok {
		t.Skip("it has no Stop")
	}
	cost := l.dimensions()[0].cost(1)
	until := time.Now().Add(l.Per)
	s.Stop(box, until)
	s.Stop(box, until.Add(-l.Per/2)) // the longest counts
	err := l.refuses(t, within(t, l.Per/20), box, cost)
	if no, ok := errors.AsType[*exdesk.LimitError](err); ok {
		require.WithinDuration(t, until, no.Until, l.Per/20)
	}
	l.take(t, "sales@contoso.test", cost).Commit()
	slot, at := l.granted(t, box, cost)
	require.False(t, at.Before(until), "%s too early", until.Sub(at))
	slot.Commit()

	s.Stop(box, time.Now().Add(100*l.Per))
	l.refuses(t, within(t, l.Per/20), box, cost)
	s.Stop(box, time.Time{})
	l.take(t, box, cost).Commit()
}
